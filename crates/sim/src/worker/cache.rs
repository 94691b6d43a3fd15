//! What a worker remembers of runs, and how it gets the rest of a history.

use std::collections::BTreeMap;

use longhaul_proto::api::{
    common::v1::WorkflowExecution,
    history::v1::{History, HistoryEvent},
    workflowservice::v1::{GetWorkflowExecutionHistoryRequest, PollWorkflowTaskQueueResponse},
};
use longhaul_runtime::peers::PeerError;
use prost::Message;

use crate::{dice::Dice, line::Line, world::NAMESPACE_NAME};

/// Histories by run, up to the last task that was completed here.
#[derive(Default)]
pub(crate) struct Cache(BTreeMap<String, Vec<HistoryEvent>>);

impl Cache {
    /// What is known of a run.
    pub(crate) fn get(&self, run_id: &str) -> Vec<HistoryEvent> {
        self.0.get(run_id).cloned().unwrap_or_default()
    }

    /// Remembers a run.
    pub(crate) fn put(&mut self, run_id: &str, events: Vec<HistoryEvent>) {
        self.0.insert(run_id.into(), events);
    }

    /// Forgets a run.
    pub(crate) fn forget(&mut self, run_id: &str) {
        self.0.remove(run_id);
    }
}

/// The whole history for a task: what the task brings behind what is cached, or read from the beginning.
pub(crate) async fn whole(
    line: &Line,
    dice: &Dice,
    answer: &PollWorkflowTaskQueueResponse,
    execution: &WorkflowExecution,
    cached: Vec<HistoryEvent>,
) -> Result<Vec<HistoryEvent>, PeerError> {
    let mut events = decode(answer.history.as_deref())?;
    let mut token = answer.next_page_token.clone();
    while !token.is_empty() {
        (events, token) = page(line, dice, execution, token, events).await?;
    }
    let first = events.first().map_or(answer.previous_started_event_id + 1, |event| event.event_id);
    if first == 1 {
        return Ok(events);
    }
    if cached.last().is_some_and(|last| last.event_id + 1 >= first) {
        let mut joined: Vec<_> = cached.into_iter().filter(|event| event.event_id < first).collect();
        joined.extend(events);
        return Ok(joined);
    }
    // The run is not in the cache any more: read it from the beginning, up to the task.
    let last = answer.started_event_id.max(answer.previous_started_event_id);
    let (mut whole, mut token) = page(line, dice, execution, bytes::Bytes::new(), Vec::new()).await?;
    while !token.is_empty() {
        (whole, token) = page(line, dice, execution, token, whole).await?;
    }
    if answer.query.is_none() {
        whole.retain(|event| event.event_id < first.min(last + 1));
        whole.extend(events);
    }
    Ok(whole)
}

/// Reads one more page behind `events`.
async fn page(
    line: &Line,
    dice: &Dice,
    execution: &WorkflowExecution,
    token: bytes::Bytes,
    mut events: Vec<HistoryEvent>,
) -> Result<(Vec<HistoryEvent>, bytes::Bytes), PeerError> {
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: NAMESPACE_NAME.into(),
        execution: Some(execution.clone()),
        next_page_token: token,
        ..Default::default()
    };
    for _ in 0..10 {
        match line.ask(10, request.clone()).await {
            Ok(page) => {
                events.extend(decode(page.history.as_deref())?);
                return Ok((events, page.next_page_token));
            }
            Err(PeerError::Refused(refusal)) => return Err(PeerError::Refused(refusal)),
            Err(_) => line.world.clock.sleep(dice.millis(50, 300)).await,
        }
    }
    Err(PeerError::Busy("history can't be read".into()))
}

/// Decodes the events of an answer.
pub(crate) fn decode(history: Option<&[u8]>) -> Result<Vec<HistoryEvent>, PeerError> {
    History::decode(history.unwrap_or_default())
        .map(|history| history.events)
        .map_err(|error| PeerError::Corrupt(error.to_string()))
}
