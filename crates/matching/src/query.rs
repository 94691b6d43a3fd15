//! Queries that a worker answers without a workflow task: from the request to the worker's answer.
//!
//! A query waits in its queue like a task, but before all tasks and only as long as its caller listens. It is known by
//! the token the worker sends back; an answer to a token nobody waits for is refused.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use longhaul_kernel::time::Timestamp;
use longhaul_proto::{
    Refusal,
    api::{
        common::v1 as common, enums::v1::QueryResultType, nexus::v1 as nexus, query::v1::WorkflowQuery,
        workflowservice::v1 as api,
    },
};
use longhaul_runtime::{
    Host,
    peers::{Caller, DispatchQuery, NexusOutcome, PeerError, QueryOutcome, QueryToken},
};
use parking_lot::Mutex;
use prost::Message;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    Settings,
    queue::{Queue, Seq},
};

/// Name of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueryId([u8; 16]);

/// A query on its way to a worker.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) id: QueryId,
    pub(crate) token: Bytes,
    pub(crate) asked: Asked,
}

/// What a worker is asked.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Something about a run.
    Query {
        /// The run.
        execution: common::WorkflowExecution,
        /// What.
        query: WorkflowQuery,
    },
    /// To handle a Nexus request.
    Nexus {
        request: nexus::Request,
        /// How long the worker is waited for.
        until: Timestamp,
    },
}

/// What a worker answers.
#[derive(Debug)]
pub(crate) enum Answer {
    Query(QueryOutcome),
    Nexus(Box<NexusOutcome>),
}

/// How a query ended.
pub(crate) type Outcome = Result<Answer, PeerError>;

/// The queries somebody waits for.
pub(crate) struct Queries {
    host: Host,
    max: usize,
    wait: std::time::Duration,
    awaited: Mutex<BTreeMap<QueryId, oneshot::Sender<Outcome>>>,
}

impl Queries {
    pub(crate) fn new(host: Host, settings: &Settings) -> Self {
        Self { host, max: settings.queries_max, wait: settings.query_wait, awaited: Mutex::default() }
    }

    /// Whether anybody still waits for the query.
    pub(crate) fn is_awaited(&self, id: QueryId) -> bool {
        self.awaited.lock().contains_key(&id)
    }

    /// Tells whoever waits; `false` if nobody does.
    pub(crate) fn resolve(&self, id: QueryId, outcome: Outcome) -> bool {
        let waiting = self.awaited.lock().remove(&id);
        waiting.is_some_and(|waiting| waiting.send(outcome).is_ok())
    }

    /// Brings a query to a worker of `queue` and waits for its answer.
    ///
    /// # Errors
    /// `DeadlineExceeded` when the caller's time is up, `Busy` if too many wait, else what `history` or the worker said.
    pub(crate) async fn dispatch(
        &self,
        caller: &Caller,
        queue: Arc<Queue>,
        request: DispatchQuery,
    ) -> Result<QueryOutcome, PeerError> {
        let now = Timestamp(self.host.clock.now());
        let until = caller.deadline.unwrap_or((now + self.wait).0);
        let asked = Asked::Query { execution: request.execution, query: request.query };
        match self.ask(caller, queue, request.task_queue, asked, until).await? {
            Some(Answer::Query(outcome)) => Ok(outcome),
            Some(Answer::Nexus(_)) => Err(Refusal::invalid("the worker answered another question").into()),
            None => {
                Err(Refusal::DeadlineExceeded("query timed out before a worker could process it".into())
                    .into())
            }
        }
    }

    /// Asks a worker of `queue`; `None` if nobody has answered by then.
    ///
    /// # Errors
    /// `Busy` if too many wait, else what `history` or the worker said.
    pub(crate) async fn ask(
        &self,
        caller: &Caller,
        queue: Arc<Queue>,
        task_queue: String,
        asked: Asked,
        until: i64,
    ) -> Result<Option<Answer>, PeerError> {
        let id = QueryId(self.host.entropy.uuid());
        let (mut awaited, outcome) = self.await_answer(id)?;
        let token = QueryToken {
            namespace_id: Bytes::copy_from_slice(&caller.namespace_id),
            task_queue,
            query_id: Uuid::from_bytes(id.0).to_string(),
        };
        let query = Query { id, token: token.encode_to_vec().into(), asked };
        awaited.place = Some((queue.clone(), queue.add_query(Arc::new(query))));
        tokio::select! {
            biased;
            outcome = outcome => match outcome {
                Ok(outcome) => outcome.map(Some),
                Err(_) => Err(PeerError::Busy("query was dropped".into())),
            },
            () = self.host.clock.wait_until(until) => Ok(None),
        }
    }

    /// Takes a worker's answer.
    ///
    /// # Errors
    /// A refusal if the token is none of ours, or of a query nobody waits for.
    pub(crate) fn complete(
        &self,
        caller: &Caller,
        request: api::RespondQueryTaskCompletedRequest,
    ) -> Result<api::RespondQueryTaskCompletedResponse, Refusal> {
        let id = read_token(caller, &request.task_token)?;
        let is_awaited = match outcome(request) {
            Some(outcome) => self.resolve(id, Ok(Answer::Query(outcome))),
            // An answer that says nothing is taken and answers nothing, as on the reference.
            None => self.awaited.lock().contains_key(&id),
        };
        if is_awaited {
            return Ok(api::RespondQueryTaskCompletedResponse {});
        }
        Err(Refusal::not_found("query task not found, or already expired"))
    }

    fn await_answer(&self, id: QueryId) -> Result<(Awaited<'_>, oneshot::Receiver<Outcome>), PeerError> {
        let (sender, receiver) = oneshot::channel();
        let mut awaited = self.awaited.lock();
        if awaited.len() >= self.max {
            return Err(PeerError::Busy("too many queries are waiting".into()));
        }
        awaited.insert(id, sender);
        Ok((Awaited { queries: self, id, place: None }, receiver))
    }
}

/// Someone who waits for a query. When dropped, nobody waits any more.
struct Awaited<'a> {
    queries: &'a Queries,
    id: QueryId,
    place: Option<(Arc<Queue>, Seq)>,
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.queries.awaited.lock().remove(&self.id);
        if let Some((queue, seq)) = &self.place {
            queue.retract_query(*seq);
        }
    }
}

/// The query that a worker's token names.
pub(crate) fn read_token(caller: &Caller, token: &[u8]) -> Result<QueryId, Refusal> {
    if token.is_empty() {
        return Err(Refusal::invalid("Task token not set on request."));
    }
    let token = QueryToken::decode(token).map_err(|_| Refusal::invalid("Error deserializing task token."))?;
    if token.task_queue.is_empty() || token.query_id.is_empty() {
        return Err(Refusal::invalid("Invalid TaskToken."));
    }
    if token.namespace_id[..] != caller.namespace_id {
        return Err(Refusal::invalid("Operation requested with a token from a different namespace."));
    }
    Uuid::try_parse(&token.query_id)
        .map(|id| QueryId(id.into_bytes()))
        .map_err(|_| Refusal::not_found("query task not found, or already expired"))
}

fn outcome(request: api::RespondQueryTaskCompletedRequest) -> Option<QueryOutcome> {
    match request.completed_type() {
        QueryResultType::Answered => {
            Some(QueryOutcome { result: request.query_result, failure: None, error_message: String::new() })
        }
        QueryResultType::Failed => {
            // An empty text and no failure would read as success.
            let said = !request.error_message.is_empty() || request.failure.is_some();
            let error_message = if said { request.error_message } else { "query failed".into() };
            Some(QueryOutcome { result: None, failure: request.failure, error_message })
        }
        QueryResultType::Unspecified => None,
    }
}
