//! What time does to a standalone activity. One that is paused is not dispatched, and need not be taken by a worker in
//! time; the time it has in all goes on, and so does that of an attempt that a worker has.

use longhaul_proto::api::{
    enums::v1::{ActivityExecutionStatus as Status, RetryState, TimeoutType},
    failure::v1::Failure,
};

use super::{Ending, Execution, Phase, State};
use crate::{
    activity,
    codec::Pb,
    context::Context,
    failure,
    time::{Timestamp, positive},
};

/// What is due at a deadline. The order decides between deadlines of the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deadline {
    /// The next attempt may be dispatched.
    Attempt,
    /// No worker has taken it in time.
    ScheduleToStart,
    /// It has used up its time over all attempts.
    ScheduleToClose,
    /// The attempt has used up its time.
    StartToClose,
    /// The attempt has not reported in time.
    Heartbeat,
    /// It has been kept long enough.
    Retention,
}

impl Execution {
    /// When it has used up its time over all attempts.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        let whole = positive(self.state.options.schedule_to_close_timeout.as_ref())?;
        Some(self.executes_at() + whole)
    }

    /// When it begins to execute: its start, or the end of the delay.
    pub(super) fn executes_at(&self) -> Timestamp {
        self.started_at + positive(self.state.options.start_delay.as_ref()).unwrap_or_default()
    }

    /// Until when a worker has to have taken its task.
    pub(super) fn start_deadline(&self) -> Option<Timestamp> {
        let timeout = positive(self.state.options.schedule_to_start_timeout.as_ref())?;
        (self.state.phase == Phase::Scheduled).then(|| self.state.due + timeout)
    }

    pub(super) fn deadlines(&self) -> Vec<(Timestamp, Deadline)> {
        let state = &self.state;
        if let Some(closed) = &state.closed {
            return vec![(closed.removed_at, Deadline::Retention)];
        }
        let mut due = Vec::new();
        due.extend(self.expires().map(|at| (at, Deadline::ScheduleToClose)));
        match &state.phase {
            Phase::Backoff | Phase::Scheduled if state.paused.is_some() => {}
            Phase::Backoff => due.push((state.due, Deadline::Attempt)),
            Phase::Scheduled => {
                due.extend(self.start_deadline().map(|at| (at, Deadline::ScheduleToStart)));
            }
            Phase::Started { at, .. } => {
                if let Some(timeout) = positive(state.options.start_to_close_timeout.as_ref()) {
                    due.push((*at + timeout, Deadline::StartToClose));
                }
                if let Some(timeout) = positive(state.options.heartbeat_timeout.as_ref()) {
                    let alive = state.last_heartbeat.map_or(*at, |heartbeat| heartbeat.max(*at));
                    due.push((alive + timeout, Deadline::Heartbeat));
                }
            }
        }
        due
    }

    /// The state after what is due; `None` if nothing is.
    pub(super) fn ticked(&self, at: Timestamp, context: &Context) -> Option<State> {
        let mut moved = self.clone();
        let mut is_changed = false;
        while let Some((_, deadline)) = moved.deadlines().into_iter().filter(|(due, _)| *due <= at).min() {
            moved.state = moved.passed(deadline, at, context);
            is_changed = true;
            if moved.state.is_gone {
                break;
            }
        }
        is_changed.then_some(moved.state)
    }

    fn passed(&self, deadline: Deadline, at: Timestamp, context: &Context) -> State {
        let mut next = self.state.clone();
        let timeout_type = match deadline {
            Deadline::Retention => {
                next.is_gone = true;
                return next;
            }
            Deadline::Attempt => {
                next.phase = Phase::Scheduled;
                next.was_dispatched = true;
                next.dispatch += 1;
                return next;
            }
            Deadline::ScheduleToStart => TimeoutType::ScheduleToStart,
            Deadline::ScheduleToClose => TimeoutType::ScheduleToClose,
            Deadline::StartToClose => TimeoutType::StartToClose,
            Deadline::Heartbeat => TimeoutType::Heartbeat,
        };
        next.transitions += 1;
        let details = next.heartbeat_details.clone().map(|details| details.0);
        let last_failure = next.last_failure.clone().map(|failure| failure.0);
        if timeout_type == TimeoutType::ScheduleToClose {
            let failure =
                failure::timeout("activity ScheduleToClose timeout", timeout_type, details, last_failure);
            let ending = Ending::Failed(Status::TimedOut, nameless(failure), RetryState::Timeout as i32);
            close(&mut next, ending, at, context);
            return next;
        }
        let ended = activity::timed_out(timeout_type, details, last_failure, |failure| {
            let kept = failure::remembered(&nameless(failure.clone()), context.limits.failure_bytes_max);
            next.last_failure = Some(Pb(kept));
            next.last_ended = Some(at);
            let verdict = self.verdict(failure, at);
            if let crate::retry::Verdict::Again(due) = verdict {
                self.retried(&mut next, due, at);
            }
            verdict
        });
        if let Some((failure, state)) = ended {
            let ending = Ending::Failed(Status::TimedOut, nameless(failure), state as i32);
            close(&mut next, ending, at, context);
        }
        next
    }
}

/// The failure without the name of who reports it, which is told to workflows alone.
fn nameless(failure: Failure) -> Failure {
    Failure { source: String::new(), ..failure }
}

/// Ends the activity.
pub(super) fn close(state: &mut State, ending: Ending, at: Timestamp, context: &Context) {
    use longhaul_proto::api::activity::v1::{
        ActivityExecutionOutcome as Outcome, activity_execution_outcome::Value,
    };
    let (status, outcome) = match ending {
        Ending::Completed(result) => {
            let value = Value::Result(result.unwrap_or_default());
            (Status::Completed, Outcome { value: Some(value), ..Outcome::default() })
        }
        Ending::Failed(status, failure, retry_state) => {
            (status, Outcome { value: Some(Value::Failure(failure)), retry_state })
        }
    };
    state.closed = Some(super::Closed {
        status: status as i32,
        at,
        outcome: Pb(outcome),
        terminated_by: None,
        removed_at: at + context.retention,
        transitions: state.transitions,
    });
    state.paused = None;
    state.dispatch += 1;
}
