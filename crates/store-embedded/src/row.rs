//! A row of lists as it is stored. Most of what a commit writes at the start and the end of a short run would be its row,
//! so it says nothing twice: what is in its key is not in its body, the names of built-in attributes are numbers, and
//! what equals the run's own id or its start is said so.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use longhaul_kernel::{
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    time::Timestamp,
    visibility::{Row, Value},
};
use minicbor::{
    Decoder, Encoder,
    data::{IanaTag, Type},
};

use crate::{key, record};

/// A row that says everything itself.
const WHOLE: u8 = 1;

/// A row that says what its key does not.
const REST: u8 = 2;

/// Attributes with a number. Numbers are stored: new ones go to the end.
const NAMES: [&str; 26] = [
    "ExecutionDuration",
    "ExecutionStatus",
    "ExecutionTime",
    "HistoryLength",
    "HistorySizeBytes",
    "ParentRunId",
    "ParentWorkflowId",
    ROOT_RUN,
    ROOT_WORKFLOW,
    "StateTransitionCount",
    "TaskQueue",
    "WorkflowType",
    "BatcherNamespace",
    "BatcherUser",
    "BinaryChecksums",
    "BuildIds",
    "TemporalChangeVersion",
    "TemporalNamespaceDivision",
    "TemporalPauseInfo",
    "TemporalReportedProblems",
    "TemporalScheduledById",
    "TemporalSchedulePaused",
    "TemporalScheduledStartTime",
    "TemporalUsedWorkerDeploymentVersions",
    "TemporalWorkerDeployment",
    "TemporalWorkerDeploymentVersion",
];

const ROOT_RUN: &str = "RootRunId";
const ROOT_WORKFLOW: &str = "RootWorkflowId";

/// The body of a row.
pub(crate) fn encode(row: &Row) -> Vec<u8> {
    let mut out = Vec::with_capacity(128 + row.info.len());
    out.push(REST);
    let own = Own::of(&row.run, row.start_time);
    let encoder = &mut Encoder::new(&mut out);
    put(encoder, row, &own).expect("a vector takes any bytes");
    out
}

/// What attributes often equal: the ids and the start of the row's own run.
struct Own<'r> {
    id: &'r str,
    run: String,
    start: Timestamp,
}

impl<'r> Own<'r> {
    fn of(run: &'r RunKey, start: Timestamp) -> Self {
        Self { id: &run.execution.id, run: run.run.to_string(), start }
    }

    /// What the attribute is if nothing else is said.
    fn value(&self, name: &str) -> Option<Value> {
        match name {
            ROOT_RUN => Some(Value::Keyword(self.run.clone())),
            ROOT_WORKFLOW => Some(Value::Keyword(self.id.to_owned())),
            "ExecutionTime" => Some(Value::Datetime(self.start)),
            _ => None,
        }
    }

    fn is(&self, name: &str, value: &Value) -> bool {
        match (name, value) {
            (ROOT_RUN, Value::Keyword(text)) => *text == self.run,
            (ROOT_WORKFLOW, Value::Keyword(text)) => text == self.id,
            ("ExecutionTime", Value::Datetime(at)) => *at == self.start,
            _ => false,
        }
    }
}

type Encoded<'o> = Result<(), minicbor::encode::Error<<&'o mut Vec<u8> as minicbor::encode::Write>::Error>>;

fn put<'o>(encoder: &mut Encoder<&'o mut Vec<u8>>, row: &Row, own: &Own<'_>) -> Encoded<'o> {
    encoder.str(own.id)?.map(row.attributes.len() as u64)?;
    for (name, value) in &row.attributes {
        match NAMES.iter().position(|known| **known == **name) {
            Some(number) => encoder.u8(number as u8)?,
            None => encoder.str(name)?,
        };
        if own.is(name, value) {
            encoder.null()?;
            continue;
        }
        match value {
            Value::Keyword(text) => encoder.str(text)?,
            Value::KeywordList(items) => encoder.encode(items)?,
            Value::Text(text) => encoder.bytes(text.as_bytes())?,
            Value::Int(number) => encoder.i64(*number)?,
            Value::Double(number) => encoder.f64(*number)?,
            Value::Bool(flag) => encoder.bool(*flag)?,
            Value::Datetime(at) => encoder.tag(IanaTag::Timestamp)?.i64(at.0)?,
        };
    }
    encoder.bytes(&row.info)?.ok()
}

/// Reads a row, given its key.
pub(crate) fn decode(key: &[u8], body: &[u8]) -> Option<Row> {
    match body.split_first()? {
        (&WHOLE, body) => record::decode_row(&mut Decoder::new(body)).ok(),
        (&REST, body) => rest(Place::read(key)?, &mut Decoder::new(body)).ok(),
        _ => None,
    }
}

/// What the key tells.
struct Place {
    namespace: NamespaceId,
    kind: Kind,
    run: RunId,
    start_time: Timestamp,
    close_time: Option<Timestamp>,
}

impl Place {
    fn read(key: &[u8]) -> Option<Self> {
        let mut key = key::Reader(key);
        let (namespace, kind) = key.shelf()?;
        let sort = key.sort()?;
        let (start_time, close_time) = (sort.start_time, sort.close_time);
        Some(Self { namespace, kind, run: sort.run, start_time, close_time })
    }
}

fn rest(place: Place, decoder: &mut Decoder<'_>) -> Result<Row, minicbor::decode::Error> {
    let wrong = minicbor::decode::Error::message;
    let Place { namespace, kind, run, start_time, close_time } = place;
    let id = decoder.str()?.into();
    let run = RunKey { execution: ExecutionKey { namespace, kind, id }, run };
    let own = Own::of(&run, start_time);
    let entries = decoder.map()?.ok_or_else(|| wrong("a map says how long it is"))?;
    let mut attributes: BTreeMap<Arc<str>, Value> = BTreeMap::new();
    for _ in 0..entries {
        let name = match decoder.datatype()? {
            Type::String => decoder.str()?,
            _ => NAMES.get(usize::from(decoder.u8()?)).ok_or_else(|| wrong("unknown attribute"))?,
        };
        let value = value(decoder)?.or_else(|| own.value(name)).ok_or_else(|| wrong("no value"))?;
        attributes.insert(name.into(), value);
    }
    let info = Bytes::copy_from_slice(decoder.bytes()?);
    Ok(Row { run, start_time, close_time, attributes, info })
}

/// A value; `None` for the run's own.
fn value(decoder: &mut Decoder<'_>) -> Result<Option<Value>, minicbor::decode::Error> {
    let wrong = minicbor::decode::Error::message;
    Ok(Some(match decoder.datatype()? {
        Type::Null => {
            decoder.null()?;
            return Ok(None);
        }
        Type::String => Value::Keyword(decoder.str()?.to_owned()),
        Type::Array => Value::KeywordList(decoder.decode()?),
        Type::Bytes => {
            let text = std::str::from_utf8(decoder.bytes()?).map_err(|_| wrong("a text is no text"))?;
            Value::Text(text.to_owned())
        }
        Type::F64 => Value::Double(decoder.f64()?),
        Type::Bool => Value::Bool(decoder.bool()?),
        Type::Tag => {
            decoder.tag()?;
            Value::Datetime(Timestamp(decoder.i64()?))
        }
        _ => Value::Int(decoder.i64()?),
    }))
}
