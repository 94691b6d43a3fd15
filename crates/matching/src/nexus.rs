//! Nexus requests: brought to a worker of their queue, which is waited for together with its answer. Nothing of this is
//! stored: whoever asks tries again.
// Deprecated fields are still what clients in use read and send.
#![allow(deprecated)]

use std::{sync::Arc, time::Duration};

use longhaul_kernel::time::Timestamp;
use longhaul_proto::{Refusal, api::workflowservice::v1 as api};
use longhaul_runtime::peers::{Caller, DispatchNexus, NexusOutcome, PeerError, TaskKind, TaskPoll};

use crate::{
    Matching,
    builds::Wanted,
    lease::Offer,
    pollers::Poller,
    query::{Answer, Asked, Query, read_token},
    queue::QueueKey,
    sticky::caller_namespace,
};

/// How long a request waits that does not say.
const WAIT: Duration = Duration::from_secs(10);

/// What is kept back from the caller's time: a worker is waited for, and told to be done, so much earlier, so that who
/// asked hears of it in time.
const MARGIN: Duration = Duration::from_secs(1);

/// The header that tells a worker how long it has, in the spellings that workers look for.
const TIMEOUT_HEADERS: [&str; 2] = ["Request-Timeout", "request-timeout"];

impl Matching {
    /// Serves the poll of a Nexus worker.
    pub(crate) async fn poll_nexus(
        &self,
        caller: Caller,
        request: api::PollNexusTaskQueueRequest,
    ) -> Result<api::PollNexusTaskQueueResponse, PeerError> {
        let poller = Poller {
            identity: request.identity.clone(),
            worker_instance_key: request.worker_instance_key.clone(),
            rate_per_second: None,
            capabilities: request.worker_version_capabilities.clone(),
            deployment: request.deployment_options.clone(),
        };
        let request = Arc::new(request);
        let shared = TaskPoll::Nexus(request.clone());
        let queue = request.task_queue.as_ref();
        let poll = self.enter_queue(&caller, queue, TaskKind::Nexus, shared, poller).await?;
        while let Some(offer) = poll.next().await {
            match offer {
                Offer::Query(lease) => {
                    let answer = task(lease.query(), self.now());
                    lease.done();
                    if let Some(mut answer) = answer {
                        poll.queue.meters.poll_success.increment(1);
                        poll.queue.meters.polled(poll.waited());
                        answer.poller_scaling_decision = poll.served(None).scaling;
                        return Ok(answer);
                    }
                }
                Offer::Task(lease) => lease.stale(),
                Offer::Started(_) => {}
                Offer::Closed => break,
            }
        }
        poll.queue.meters.poll_timeouts.increment(1);
        poll.queue.meters.polled(poll.waited());
        Ok(api::PollNexusTaskQueueResponse::default())
    }

    /// Brings a request to a worker and waits for its answer, as long as the caller does.
    pub(crate) async fn nexus(
        &self,
        caller: Caller,
        request: DispatchNexus,
    ) -> Result<NexusOutcome, PeerError> {
        let key = QueueKey {
            namespace: caller_namespace(&caller),
            name: request.task_queue.as_str().into(),
            kind: TaskKind::Nexus,
            sticky: false,
            version: None,
        };
        let queue = self.queues.load(&caller, self.led(key, "", None, false, ("", &Wanted::NEW)))?;
        let until = caller.deadline.map_or_else(|| self.now() + WAIT, Timestamp) - MARGIN;
        let asked = Asked::Nexus { request: request.request, until };
        match self.queries.ask(&caller, queue, request.task_queue, asked, until.0).await? {
            Some(Answer::Nexus(outcome)) => Ok(*outcome),
            Some(Answer::Query(_)) => Err(Refusal::invalid("the worker answered another question").into()),
            None => Ok(NexusOutcome::default()),
        }
    }

    /// Takes a worker's answer.
    pub(crate) fn nexus_completed(
        &self,
        caller: &Caller,
        request: api::RespondNexusTaskCompletedRequest,
    ) -> Result<api::RespondNexusTaskCompletedResponse, Refusal> {
        let response = Some(request.response.unwrap_or_default());
        let outcome = NexusOutcome { response, ..NexusOutcome::default() };
        self.resolve_nexus(caller, &request.task_token, outcome)?;
        Ok(api::RespondNexusTaskCompletedResponse {})
    }

    /// Takes a worker's failure to answer.
    pub(crate) fn nexus_failed(
        &self,
        caller: &Caller,
        request: api::RespondNexusTaskFailedRequest,
    ) -> Result<api::RespondNexusTaskFailedResponse, Refusal> {
        let outcome =
            NexusOutcome { failure: request.failure, error: request.error, ..NexusOutcome::default() };
        self.resolve_nexus(caller, &request.task_token, outcome)?;
        Ok(api::RespondNexusTaskFailedResponse {})
    }

    fn resolve_nexus(&self, caller: &Caller, token: &[u8], outcome: NexusOutcome) -> Result<(), Refusal> {
        let id = read_token(caller, token)?;
        if self.queries.resolve(id, Ok(Answer::Nexus(Box::new(outcome)))) {
            return Ok(());
        }
        Err(Refusal::not_found("Nexus task not found or already expired"))
    }
}

/// The task as its worker gets it; `None` if nothing of its time is left.
fn task(query: &Query, now: Timestamp) -> Option<api::PollNexusTaskQueueResponse> {
    let Asked::Nexus { request, until } = &query.asked else { return None };
    let mut request = request.clone();
    let left = until.since(now);
    if left.is_zero() {
        return None;
    }
    for name in TIMEOUT_HEADERS {
        request.header.insert(name.into(), format!("{}ms", left.as_millis()));
    }
    Some(api::PollNexusTaskQueueResponse {
        task_token: query.token.clone(),
        request: Some(request),
        ..api::PollNexusTaskQueueResponse::default()
    })
}
