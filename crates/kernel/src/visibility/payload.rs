//! Search attributes on the wire: payloads of JSON whose metadata may tell the type. What a caller sets is checked
//! against the attributes of the namespace and against limits; what is stored is typed; what is answered is JSON in
//! the form that lists of the reference use.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use longhaul_proto::{
    Refusal,
    api::common::v1::{Payload, SearchAttributes},
};
use prost::Message;
use serde_json::Value as Json;

use super::{Attributes, Value, ValueType, datetime, golang};
use crate::time::Timestamp;

const ENCODING: &str = "encoding";
const JSON: &[u8] = b"json/plain";
const TYPE: &str = "type";

/// How many and how large search attributes may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attributes of one execution.
    pub keys_max: usize,
    /// Bytes of one value.
    pub value_bytes_max: usize,
    /// Bytes of all attributes with their names.
    pub total_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { keys_max: 100, value_bytes_max: 2 * 1024, total_bytes_max: 40 * 1024 }
    }
}

/// Checks attributes that a caller sets, and reads them by canonical name; `None` stands for "remove it".
///
/// Unknown names are refused first, then values of a wrong type, then sizes, as on the reference.
pub fn validate(
    wire: &SearchAttributes,
    attributes: &Attributes,
    limits: &Limits,
) -> Result<BTreeMap<Arc<str>, Option<Value>>, Refusal> {
    let mut settable = Vec::with_capacity(wire.indexed_fields.len());
    for (name, payload) in &wire.indexed_fields {
        settable.push((attributes.settable(name)?, payload));
    }
    let count = settable.len();
    if count > limits.keys_max {
        return Err(Refusal::invalid(format!(
            "number of search attributes {count} exceeds limit {}",
            limits.keys_max
        )));
    }
    let mut values = BTreeMap::new();
    for (attribute, payload) in settable {
        let value = decode(&attribute.name, payload, attribute.value_type)?;
        values.insert(attribute.name, value);
    }
    within_limits(wire, limits)?;
    Ok(values)
}

/// Refuses values, and sets of values, that are too large.
pub fn within_limits(wire: &SearchAttributes, limits: &Limits) -> Result<(), Refusal> {
    for (name, payload) in &wire.indexed_fields {
        let size = payload.data.len();
        if size > limits.value_bytes_max {
            return Err(Refusal::invalid(format!(
                "search attribute {name} value size {size} exceeds size limit {}",
                limits.value_bytes_max
            )));
        }
    }
    let total = wire.encoded_len();
    if total > limits.total_bytes_max {
        return Err(Refusal::invalid(format!(
            "total size of search attributes {total} exceeds size limit {}",
            limits.total_bytes_max
        )));
    }
    Ok(())
}

/// Reads a value of the declared type; `None` if it is null or an empty list, which removes the attribute.
///
/// A list of one element stands for the element. The type in the payload's metadata does not matter.
pub fn decode(name: &str, payload: &Payload, value_type: ValueType) -> Result<Option<Value>, Refusal> {
    let shown = match json(payload) {
        Ok(json) => match typed(&json, value_type) {
            Some(value) => return Ok(value),
            None => golang::plain(&json),
        },
        Err(shown) => shown,
    };
    Err(Refusal::invalid(format!("invalid value for search attribute {name} of type {value_type}: {shown}")))
}

/// Writes a value as lists show it.
pub fn encode(value: &Value) -> Payload {
    let (value_type, data) = match value {
        Value::Keyword(text) => (ValueType::Keyword, Json::from(text.as_str()).to_string()),
        Value::Text(text) => (ValueType::Text, Json::from(text.as_str()).to_string()),
        Value::KeywordList(items) => (ValueType::KeywordList, Json::from(items.clone()).to_string()),
        Value::Int(number) => (ValueType::Int, number.to_string()),
        Value::Double(number) => (ValueType::Double, golang::json_float(*number)),
        Value::Bool(value) => (ValueType::Bool, value.to_string()),
        Value::Datetime(at) => (ValueType::Datetime, format!("\"{}\"", datetime::format(*at))),
    };
    let metadata = BTreeMap::from([
        (ENCODING.to_owned(), JSON.into()),
        (TYPE.to_owned(), value_type.name().as_bytes().into()),
    ]);
    Payload { metadata, data: data.into(), ..Payload::default() }
}

/// The value of a group of a count; rows without the attribute form the group of the empty keyword.
pub fn encode_group(value: Option<&Value>) -> Payload {
    match value {
        Some(value) => encode(value),
        None => encode(&Value::Keyword(String::new())),
    }
}

/// The payload as a caller sent it, with its type told: the form of describe answers and of histories.
pub fn with_type(mut payload: Payload, value_type: ValueType) -> Payload {
    payload.metadata.entry(TYPE.to_owned()).or_insert_with(|| value_type.name().as_bytes().into());
    payload
}

/// Search attributes as a caller sent them, each with its type told.
pub fn typed_all(mut wire: SearchAttributes, attributes: &Attributes) -> SearchAttributes {
    for (name, payload) in &mut wire.indexed_fields {
        if let Some(value_type) = attributes.type_of(name) {
            *payload = with_type(std::mem::take(payload), value_type);
        }
    }
    wire
}

/// The JSON inside of a payload, or how the reference shows what is inside instead.
fn json(payload: &Payload) -> Result<Json, String> {
    match payload.metadata.get(ENCODING).map(AsRef::as_ref) {
        Some(b"binary/null") => Ok(Json::Null),
        Some(JSON) => serde_json::from_str(&String::from_utf8_lossy(&payload.data))
            .map_err(|_| format!("value from <{}>", shown(payload))),
        Some(b"binary/plain") => {
            let bytes: Vec<_> = payload.data.iter().map(ToString::to_string).collect();
            Err(format!("[{}]", bytes.join(" ")))
        }
        _ => Err(format!("value from <{}>", shown(payload))),
    }
}

/// The outer option is `None` for a value of another type, the inner one for no value.
fn typed(json: &Json, value_type: ValueType) -> Option<Option<Value>> {
    match (json, value_type) {
        (Json::Null, _) => Some(None),
        (Json::Array(items), _) if items.is_empty() => Some(None),
        (Json::Array(items), ValueType::KeywordList) => {
            let items = items.iter().map(|item| match item {
                Json::Null => Some(String::new()),
                Json::String(text) => Some(text.clone()),
                _ => None,
            });
            items.collect::<Option<Vec<_>>>().map(|items| Some(Value::KeywordList(items)))
        }
        (Json::Array(items), _) => match items.as_slice() {
            [Json::Null] => Some(Some(zero(value_type))),
            [only] => single(only, value_type).map(Some),
            _ => None,
        },
        (_, ValueType::KeywordList) => None,
        (other, _) => single(other, value_type).map(Some),
    }
}

fn single(json: &Json, value_type: ValueType) -> Option<Value> {
    match (value_type, json) {
        (ValueType::Keyword, Json::String(text)) => Some(Value::Keyword(text.clone())),
        (ValueType::Text, Json::String(text)) => Some(Value::Text(text.clone())),
        (ValueType::Int, Json::Number(number)) => number.as_i64().map(Value::Int),
        (ValueType::Double, Json::Number(number)) => number.as_f64().map(Value::Double),
        (ValueType::Bool, Json::Bool(value)) => Some(Value::Bool(*value)),
        (ValueType::Datetime, Json::String(text)) => datetime::parse(text).map(Value::Datetime),
        _ => None,
    }
}

/// What a null inside of a list becomes in Go.
fn zero(value_type: ValueType) -> Value {
    match value_type {
        ValueType::Keyword => Value::Keyword(String::new()),
        ValueType::Text => Value::Text(String::new()),
        ValueType::KeywordList => Value::KeywordList(vec![String::new()]),
        ValueType::Int => Value::Int(0),
        ValueType::Double => Value::Double(0.0),
        ValueType::Bool => Value::Bool(false),
        ValueType::Datetime => Value::Datetime(Timestamp(i64::MIN)),
    }
}

/// A payload in protobuf's text format.
fn shown(payload: &Payload) -> String {
    let mut parts = Vec::new();
    for (key, value) in &payload.metadata {
        parts.push(format!("metadata:{{key:{}  value:{}}}", quoted(key.as_bytes()), quoted(value)));
    }
    if !payload.data.is_empty() {
        parts.push(format!("data:{}", quoted(&payload.data)));
    }
    parts.join("  ")
}

fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        let inner = golang::quote(chunk.valid());
        out.push_str(&inner[1..inner.len() - 1]);
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}
