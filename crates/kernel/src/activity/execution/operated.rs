//! What clients and operators do to a standalone activity.

use longhaul_proto::api::{
    activity::v1::ActivityOptions,
    common::v1::Payloads,
    enums::v1::ActivityExecutionStatus as Status,
    failure::v1::{Failure, TerminatedFailureInfo, failure::FailureInfo},
};

use super::{Asked, Ending, Execution, Phase, State, ticks::close, worked::canceled};
use crate::{
    Refusal,
    activity::{Dialect, Operation, Paused, merged, normalise},
    codec::Pb,
    context::Context,
    machine::Draw,
    retry,
    run::json_string,
    time::{Timestamp, positive},
};

impl Execution {
    /// Asks it to cancel: at once if no worker has it.
    pub(super) fn canceled(&self, asked: Asked, at: Timestamp, context: &Context) -> Result<State, Refusal> {
        let mut next = self.state.clone();
        next.transitions += 1;
        if let Some(before) = &next.cancel {
            if before.request_id == asked.request_id {
                return Ok(next);
            }
            if next.closed.is_none() {
                return Err(Refusal::FailedPrecondition(format!(
                    "cancellation already requested with request ID {}",
                    before.request_id
                )));
            }
        }
        self.check_open()?;
        if !next.is_started() {
            let reason: Payloads = json_string(&asked.reason);
            let failure = canceled(Some(reason), asked.identity.clone());
            close(&mut next, Ending::Failed(Status::Canceled, failure, 0), at, context);
        }
        next.cancel = Some(asked);
        Ok(next)
    }

    /// Ends it.
    pub(super) fn terminated(
        &self,
        asked: Asked,
        at: Timestamp,
        context: &Context,
    ) -> Result<State, Refusal> {
        let mut next = self.state.clone();
        next.transitions += 1;
        if let Some(closed) = &next.closed {
            return match &closed.terminated_by {
                Some(request_id) if *request_id == asked.request_id => Ok(next),
                Some(request_id) => Err(Refusal::FailedPrecondition(format!(
                    "already terminated with request ID {request_id}"
                ))),
                None => Err(Refusal::FailedPrecondition(format!("invalid transition from {}", next.name()))),
            };
        }
        let failure = Failure {
            message: asked.reason,
            failure_info: Some(FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo {
                identity: asked.identity,
            })),
            ..Failure::default()
        };
        close(&mut next, Ending::Failed(Status::Terminated, failure, 0), at, context);
        if let Some(closed) = &mut next.closed {
            closed.terminated_by = Some(asked.request_id);
        }
        Ok(next)
    }

    fn check_open(&self) -> Result<(), Refusal> {
        match &self.state.closed {
            Some(_) => Err(Refusal::FailedPrecondition(format!(
                "activity is in terminal state {}",
                self.state.name()
            ))),
            None => Ok(()),
        }
    }

    /// What an operator makes of it.
    pub(super) fn operated(
        &self,
        operation: Operation,
        request_id: &str,
        at: Timestamp,
        draw: &mut Draw,
        context: &Context,
    ) -> Result<State, Refusal> {
        let mut next = self.state.clone();
        next.transitions += 1;
        match operation {
            Operation::Pause(paused) => self.paused(&mut next, paused, at)?,
            Operation::Unpause { jitter, .. } => {
                if next.paused.is_none() && !request_id.is_empty() && next.unpause_request == request_id {
                    return Ok(next);
                }
                self.check_open()?;
                if next.paused.is_none() {
                    return Err(Refusal::FailedPrecondition(format!(
                        "activity is in non-unpausable state {}",
                        next.name()
                    )));
                }
                next.paused = None;
                request_id.clone_into(&mut next.unpause_request);
                if !next.is_started() {
                    let due = next.due;
                    Self::scheduled_within(&mut next, due, at, jitter, draw);
                }
            }
            Operation::Reset { keep_paused, reset_heartbeat, restore, jitter } => {
                if next.closed.is_some() {
                    return Err(Refusal::FailedPrecondition("activity execution is not running".into()));
                }
                if restore {
                    next.options = Pb(self.original_options());
                }
                if !keep_paused {
                    next.paused = None;
                }
                if next.is_started() {
                    next.is_reset = true;
                    next.resets_heartbeat |= reset_heartbeat;
                } else {
                    next.attempt = 1;
                    if reset_heartbeat {
                        next.heartbeat_details = None;
                        next.last_heartbeat = None;
                    }
                    Self::scheduled_within(&mut next, at, at, jitter, draw);
                }
            }
            Operation::Change { wanted, mask, dialect } => {
                self.check_changeable()?;
                let options = self.changed(&wanted, &mask, dialect, context)?;
                self.apply_options(&mut next, options, at);
            }
            Operation::Restore => {
                self.check_changeable()?;
                let options = self.original_options();
                self.apply_options(&mut next, options, at);
            }
        }
        next.was_dispatched |= next.phase == Phase::Scheduled;
        Ok(next)
    }

    fn paused(&self, next: &mut State, mut paused: Paused, at: Timestamp) -> Result<(), Refusal> {
        if let Some(before) = &next.paused
            && !paused.request_id.is_empty()
            && before.request_id == paused.request_id
        {
            return Ok(());
        }
        if next.closed.is_some() || next.paused.is_some() || next.cancel.is_some() {
            return Err(Refusal::FailedPrecondition(format!(
                "activity is in non-pausable state {}",
                next.name()
            )));
        }
        paused.at = at;
        next.paused = Some(paused);
        Ok(())
    }

    fn check_changeable(&self) -> Result<(), Refusal> {
        match &self.state.closed {
            Some(_) => Err(Refusal::FailedPrecondition(format!(
                "Cannot update options for activity in state {}",
                self.state.name()
            ))),
            None => Ok(()),
        }
    }

    fn changed(
        &self,
        wanted: &ActivityOptions,
        mask: &[String],
        dialect: Dialect,
        context: &Context,
    ) -> Result<ActivityOptions, Refusal> {
        let names = |path: &str| mask.iter().any(|written| written == path);
        if names("task_queue.name") && wanted.task_queue.is_none() {
            return Err(Refusal::invalid("taskQueue is not set"));
        }
        let mut options = merged(&self.state.options, wanted, mask, dialect)?;
        if names("start_delay") && self.state.was_dispatched {
            return Err(Refusal::FailedPrecondition(
                "cannot update start_delay: the first activity attempt has already been dispatched".into(),
            ));
        }
        let kind = self.start.activity_type.as_ref().map_or("", |kind| &kind.name);
        normalise(&mut options, None, &self.id, kind).map_err(Refusal::InvalidArgument)?;
        crate::run::check_activity_queue(options.task_queue.as_ref(), context.limits.id_bytes_max)?;
        Ok(options)
    }

    /// Lets other options count: a task that waits goes where they say, and what is left of an interval is theirs.
    fn apply_options(&self, next: &mut State, options: ActivityOptions, at: Timestamp) {
        next.options = Pb(options);
        if next.is_started() {
            return;
        }
        let due = match (&next.phase, next.last_ended) {
            (Phase::Backoff, Some(ended)) => {
                let policy = next.options.retry_policy.clone().unwrap_or_default();
                ended + retry::interval(&policy, next.attempt - 1)
            }
            (Phase::Backoff, None) => {
                self.started_at + positive(next.options.start_delay.as_ref()).unwrap_or_default()
            }
            (Phase::Scheduled | Phase::Started { .. }, _) => next.due,
        };
        Self::scheduled(next, due, at);
    }
}
