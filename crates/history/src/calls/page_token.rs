//! Where a history read goes on: opaque to clients, and checked when it comes back.

use bytes::Bytes;
use longhaul_kernel::ids::{ExecutionKey, RunId};
use longhaul_proto::{
    Refusal,
    api::{
        history::v1::{History, HistoryEvent},
        workflowservice::v1::PollWorkflowTaskQueueResponse,
    },
};
use prost::Message;

/// Where a history read goes on.
#[derive(Clone, PartialEq, Message)]
pub struct PageToken {
    /// The run that is read.
    #[prost(string, tag = "1")]
    pub run_id: String,
    /// The next event, or for a reverse read the one before those already read.
    #[prost(int64, tag = "2")]
    pub next_event_id: i64,
    /// The last stored event that belongs to the read; zero for a read that follows the run.
    #[prost(int64, tag = "3")]
    pub last_event_id: i64,
    /// Whether the read waits for new events.
    #[prost(bool, tag = "4")]
    pub waits: bool,
    /// Events that are not stored and come behind the last one, as an encoded `History`.
    #[prost(bytes = "bytes", tag = "5")]
    pub tail: Bytes,
    /// Marks a token of this server.
    #[prost(fixed32, tag = "6")]
    pub mark: u32,
    /// The workflow id that is read.
    #[prost(string, tag = "7")]
    pub workflow_id: String,
}

const MARK: u32 = 0x4c48_5031;

impl PageToken {
    /// A token for a read of this run.
    pub fn new(workflow_id: &str, run_id: &str, next_event_id: i64) -> Self {
        Self {
            workflow_id: workflow_id.into(),
            run_id: run_id.into(),
            next_event_id,
            mark: MARK,
            ..Self::default()
        }
    }

    /// The rest of the history that belongs to a workflow task.
    pub fn rest_of_task(
        answer: &PollWorkflowTaskQueueResponse,
        key: &ExecutionKey,
        next_event_id: i64,
        last_event_id: i64,
        tail: &[HistoryEvent],
    ) -> Self {
        let run_id = answer.workflow_execution.as_ref().map_or("", |execution| &execution.run_id);
        let mut token = Self::new(&key.id, run_id, next_event_id);
        token.last_event_id = last_event_id;
        if !tail.is_empty() {
            token.tail = History { events: tail.to_vec() }.encode_to_vec().into();
        }
        token
    }

    /// The bytes for the client.
    pub fn encode(&self) -> Bytes {
        self.encode_to_vec().into()
    }

    /// Reads what a client sent to go on with a read of `key`. `asked` is the run it names, if any.
    ///
    /// # Errors
    /// `InvalidArgument`, with the reference's text, if it is no token or one of another read.
    pub fn of_read(bytes: &Bytes, key: &ExecutionKey, asked: &str) -> Result<Option<Self>, Refusal> {
        let token = Self::read(bytes)?;
        let is_other =
            |token: &Self| (!asked.is_empty() && asked != token.run_id) || *token.workflow_id != *key.id;
        if token.as_ref().is_some_and(is_other) {
            return Err(Refusal::invalid("RunId in the request does not match the NextPageToken."));
        }
        Ok(token)
    }

    /// The run it names.
    pub fn run(&self) -> Option<RunId> {
        RunId::parse(&self.run_id)
    }

    fn read(bytes: &Bytes) -> Result<Option<Self>, Refusal> {
        if bytes.is_empty() {
            return Ok(None);
        }
        Self::decode(bytes.clone())
            .ok()
            .filter(|token| token.mark == MARK)
            .map(Some)
            .ok_or_else(|| Refusal::invalid("Invalid NextPageToken."))
    }
}
