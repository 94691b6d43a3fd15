//! A list of workflows and what changes in it, as server-sent events.
//!
//! The first event is the list, the newest rows first; then each row that came or changed, and each that left. The
//! list is looked at every half second, because a query has no long poll. A listener keeps one number for each row.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request};
use longhaul_proto::api::workflowservice::v1::{
    ListWorkflowExecutionsRequest, ListWorkflowExecutionsResponse,
};
use prost::Message;
use prost_reflect::DynamicMessage;
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;

use super::{
    answer::{Answer, told},
    api::{self, Api},
    events::{HEARTBEAT, LAST_EVENT_ID, event, live},
    json::{self, Style},
};

/// How often the list is looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// Rows that are watched if the client does not say how many, and the most it may say.
const ROWS: (i32, i32) = (100, 1000);

/// A row: the ids of workflow and run, its text, and a number that changes with it.
struct Row {
    key: (String, String),
    text: String,
    digest: u64,
}

/// Opens the stream of a list.
pub(super) async fn answer<B>(
    api: &Arc<Api>,
    request: &Request<B>,
    namespace: &str,
    parameters: &[(String, String)],
    style: Style,
) -> Result<Answer, Status> {
    let permit = api.listen()?;
    let named =
        |name: &str| parameters.iter().find_map(|(key, value)| (key == name).then_some(value.as_str()));
    let rows = match named("pageSize") {
        None => ROWS.0,
        Some(text) => match text.parse() {
            Ok(rows) if (1..=ROWS.1).contains(&rows) => rows,
            _ => return Err(Status::invalid_argument(format!("pageSize is a number from 1 to {}", ROWS.1))),
        },
    };
    let mut watch = Watch {
        api: api.clone(),
        headers: request.headers().clone(),
        style: Style { pretty: false, ..style },
        asked: ListWorkflowExecutionsRequest {
            namespace: namespace.into(),
            page_size: rows,
            query: named("query").unwrap_or_default().into(),
            ..Default::default()
        },
        known: BTreeMap::new(),
        quiet: Duration::ZERO,
        ended: false,
        _permit: permit,
    };
    let rows = watch.look().await?;
    watch.known = digests(&rows);
    let id = watch.id();
    let seen = request.headers().get(LAST_EVENT_ID).and_then(|value| value.to_str().ok());
    let first = if seen == Some(&id) {
        Bytes::from_static(b": unchanged\n\n")
    } else {
        let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        event("list", &id, &format!("{{\"executions\":[{}]}}", texts.join(",")))
    };
    let whole = stream::unfold((Some(first), watch), |(first, mut watch)| async move {
        match first {
            Some(first) => Some((first, (None, watch))),
            None => Some((watch.next().await?, (None, watch))),
        }
    });
    Ok(live(whole))
}

fn digests(rows: &[Row]) -> BTreeMap<(String, String), u64> {
    rows.iter().map(|row| (row.key.clone(), row.digest)).collect()
}

/// A listener to one list.
struct Watch {
    api: Arc<Api>,
    headers: HeaderMap,
    style: Style,
    asked: ListWorkflowExecutionsRequest,
    known: BTreeMap<(String, String), u64>,
    /// For how long nothing has been said.
    quiet: Duration,
    ended: bool,
    _permit: OwnedSemaphorePermit,
}

impl Watch {
    /// What changed, once something has; nothing at the end of the stream.
    async fn next(&mut self) -> Option<Bytes> {
        while !self.ended {
            let mut draining = self.api.frontend.draining.clone();
            tokio::select! {
                () = self.api.frontend.host.clock.sleep(PAUSE) => self.quiet += PAUSE,
                _ = draining.wait_for(|draining| *draining) => return None,
            }
            let chunk = match self.look().await {
                Ok(rows) => self.compare(&rows),
                Err(status) => {
                    self.ended = true;
                    event("error", "", &told(&self.api, &status, self.style))
                }
            };
            if !chunk.is_empty() {
                self.quiet = Duration::ZERO;
                return Some(chunk);
            }
            if self.quiet >= HEARTBEAT {
                self.quiet = Duration::ZERO;
                return Some(Bytes::from_static(b": waiting\n\n"));
            }
        }
        None
    }

    /// The list as it is.
    async fn look(&self) -> Result<Vec<Row>, Status> {
        let answer: ListWorkflowExecutionsResponse =
            self.api.ask("ListWorkflowExecutions", &self.asked, &self.headers).await?;
        let name = "temporal.api.workflow.v1.WorkflowExecutionInfo";
        let Some(descriptor) = api::pool().get_message_by_name(name) else { return Ok(Vec::new()) };
        let mut rows = Vec::with_capacity(answer.executions.len());
        for each in &answer.executions {
            let dynamic = DynamicMessage::decode(descriptor.clone(), Bytes::from(each.encode_to_vec()));
            let dynamic = dynamic.map_err(|error| Status::internal(error.to_string()))?;
            let text = json::write(&dynamic, self.style).map_err(Status::unknown)?;
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let execution = each.execution.clone().unwrap_or_default();
            rows.push(Row { key: (execution.workflow_id, execution.run_id), digest: hasher.finish(), text });
        }
        Ok(rows)
    }

    /// The events that lead from the list as it was to the list as it is. Only the last one has an id: a client that
    /// saw a part of them gets the whole list again.
    fn compare(&mut self, rows: &[Row]) -> Bytes {
        let fresh = digests(rows);
        let mut changes: Vec<(&str, String)> = Vec::new();
        for (workflow_id, run_id) in self.known.keys().filter(|key| !fresh.contains_key(*key)) {
            let execution = longhaul_proto::api::common::v1::WorkflowExecution {
                workflow_id: workflow_id.clone(),
                run_id: run_id.clone(),
            };
            let descriptor = api::pool().get_message_by_name("temporal.api.common.v1.WorkflowExecution");
            let text = descriptor
                .and_then(|it| DynamicMessage::decode(it, Bytes::from(execution.encode_to_vec())).ok())
                .and_then(|it| json::write(&it, self.style).ok());
            changes.extend(text.map(|text| ("remove", text)));
        }
        for row in rows.iter().rev().filter(|row| self.known.get(&row.key) != Some(&row.digest)) {
            changes.push(("upsert", row.text.clone()));
        }
        self.known = fresh;
        let (id, count) = (self.id(), changes.len());
        let told = changes
            .iter()
            .enumerate()
            .map(|(at, (name, text))| event(name, if at + 1 == count { &id } else { "" }, text));
        told.fold(Vec::new(), |mut out, each| {
            out.extend_from_slice(&each);
            out
        })
        .into()
    }

    /// A name for the list as it is.
    fn id(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.known.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}
