//! What workers do with a standalone activity: they take its task, and say how the attempt goes.

use longhaul_proto::api::{
    common::v1::Payloads,
    enums::v1::ActivityExecutionStatus as Status,
    failure::v1::{CanceledFailureInfo, Failure, failure::FailureInfo},
    workflowservice::v1::RecordActivityTaskHeartbeatResponse,
};
use prost::Message;

use super::{Attempt, Ending, Execution, Phase, Reply, Said, Started, State, ticks::close};
use crate::{
    Refusal,
    activity::{self, Ended},
    codec::Pb,
    context::Context,
    failure,
    retry::Verdict,
    time::Timestamp,
};

impl Execution {
    /// The state once a worker has the task; `None` if the task is void.
    pub(super) fn taken(&self, start: &Started, at: Timestamp) -> Option<State> {
        let state = &self.state;
        if let Phase::Started { request_id, .. } = &state.phase {
            return (*request_id == start.request_id && state.closed.is_none()).then(|| state.clone());
        }
        if !state.waits_for_worker() || state.dispatch != start.number {
            return None;
        }
        Some(State {
            phase: Phase::Started { at, request_id: start.request_id.clone() },
            last_worker: start.identity.clone(),
            last_started: Some(at),
            sdk: start.sdk.clone(),
            transitions: state.transitions + 1,
            ..state.clone()
        })
    }

    /// The refusal of whatever needs an attempt that goes on.
    pub(super) fn no_attempt(&self) -> Refusal {
        Refusal::not_found(format!("activity not found for ID: {}", self.id))
    }

    /// The state after what a worker has said, and the answer.
    pub(super) fn worked(
        &self,
        attempt: &Attempt,
        identity: String,
        said: Said,
        at: Timestamp,
        context: &Context,
    ) -> Result<(State, Reply), Refusal> {
        self.check_attempt(attempt, &said)?;
        let mut next = self.state.clone();
        next.transitions += 1;
        let limit = context.limits.blob_bytes_max;
        let is_large = |payloads: &Option<Payloads>| {
            payloads.as_ref().is_some_and(|payloads| payloads.encoded_len() > limit)
        };
        let reply = match said {
            Said::Heartbeat(details) if is_large(&details) => {
                let failure = failure::server("Heartbeat details exceed size limit.", true);
                self.failed(&mut next, failure, at, context);
                Reply::Heartbeat(RecordActivityTaskHeartbeatResponse {
                    cancel_requested: true,
                    ..Default::default()
                })
            }
            Said::Heartbeat(details) => {
                self.beaten(&mut next, details, at);
                Reply::Heartbeat(RecordActivityTaskHeartbeatResponse {
                    cancel_requested: next.cancel.is_some(),
                    activity_paused: next.paused.is_some(),
                    activity_reset: next.is_reset,
                })
            }
            Said::Completed(result) if is_large(&result) => {
                let failure = failure::server("Complete result exceeds size limit.", true);
                self.failed(&mut next, failure, at, context);
                Reply::Done
            }
            Said::Completed(result) => {
                if !next.is_started() {
                    next.last_worker = identity;
                    next.last_started = Some(at);
                }
                next.last_ended = Some(at);
                close(&mut next, Ending::Completed(result), at, context);
                Reply::Done
            }
            Said::Failed(failure, details) => {
                if details.is_some() {
                    self.beaten(&mut next, details, at);
                }
                let (failure, is_replaced) =
                    failure::fitted(failure.unwrap_or_default(), limit, context.limits.blob_bytes_warn);
                let reply =
                    if is_replaced { Reply::FailureReplaced(Box::new(failure.clone())) } else { Reply::Done };
                self.failed(&mut next, failure, at, context);
                reply
            }
            Said::Canceled(details) => {
                let by = next.cancel.as_ref().map_or_else(String::new, |asked| asked.identity.clone());
                let ending = Ending::Failed(Status::Canceled, canceled(details, by), 0);
                close(&mut next, ending, at, context);
                Reply::Done
            }
        };
        Ok((next, reply))
    }

    fn check_attempt(&self, attempt: &Attempt, said: &Said) -> Result<(), Refusal> {
        let state = &self.state;
        match attempt {
            Attempt::Task(number) if *number != state.dispatch || !state.is_started() => {
                return Err(self.no_attempt());
            }
            Attempt::Task(_) | Attempt::Current => {}
        }
        match said {
            Said::Completed(_) if state.closed.is_some() => {
                let name = state.name();
                return Err(Refusal::FailedPrecondition(format!("invalid transition from {name}")));
            }
            Said::Completed(_) => {}
            _ if state.closed.is_some() || !state.is_started() => return Err(self.no_attempt()),
            Said::Canceled(_) if state.cancel.is_none() => {
                return Err(Refusal::invalid(
                    "unable to mark activity as canceled without activity being request canceled first",
                ));
            }
            Said::Canceled(_) | Said::Heartbeat(_) | Said::Failed(..) => {}
        }
        Ok(())
    }

    fn beaten(&self, next: &mut State, details: Option<Payloads>, at: Timestamp) {
        next.heartbeat_details = details.map(Pb);
        next.last_heartbeat = Some(at);
        next.heartbeats += 1;
    }

    /// What follows a failure of the attempt.
    pub(super) fn verdict(&self, failure: &Failure, at: Timestamp) -> Verdict {
        let state = &self.state;
        let policy = state.options.retry_policy.clone().unwrap_or_default();
        // A paused one fails as any other does; the attempt that follows waits until it may go on.
        let verdict = activity::decide(Ended {
            policy: &policy,
            attempt: state.attempt,
            is_canceling: state.cancel.is_some(),
            is_paused: false,
            failure,
            at,
            expires: self.expires(),
        });
        match verdict {
            Verdict::Again(_) if state.is_reset => Verdict::Again(at),
            verdict => verdict,
        }
    }

    fn failed(&self, next: &mut State, failure: Failure, at: Timestamp, context: &Context) {
        let kept = failure::remembered(&failure, context.limits.failure_bytes_max);
        next.last_failure = Some(Pb(kept));
        next.last_ended = Some(at);
        match self.verdict(&failure, at) {
            Verdict::Again(due) => self.retried(next, due, at),
            Verdict::Over(state) => {
                close(next, Ending::Failed(Status::Failed, failure, state as i32), at, context);
            }
        }
    }

    /// Arranges for the next attempt; one that follows a reset is the first again.
    pub(super) fn retried(&self, next: &mut State, due: Timestamp, at: Timestamp) {
        next.attempt = if next.is_reset { 1 } else { next.attempt + 1 };
        if next.resets_heartbeat {
            next.heartbeat_details = None;
            next.last_heartbeat = None;
        }
        (next.is_reset, next.resets_heartbeat) = (false, false);
        Self::scheduled(next, due, at);
    }
}

/// The failure of an activity that was canceled.
pub(super) fn canceled(details: Option<Payloads>, identity: String) -> Failure {
    Failure {
        message: "Activity canceled".into(),
        failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo { details, identity })),
        ..Failure::default()
    }
}
