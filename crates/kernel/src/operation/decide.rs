//! Deciding what an input means to an operation.

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::Payload,
        enums::v1::{NexusOperationExecutionStatus as Status, TimeoutType},
        failure::v1::{Failure, TerminatedFailureInfo, TimeoutFailureInfo, failure::FailureInfo},
    },
};

use super::{Asked, Change, Effects, Input, Operation, What};
use crate::{
    codec::Pb,
    context::Context,
    machine::{Draw, Machine},
    nexus::{Completion, DeliveryOutcome, Ending, StartOutcome, backoff},
    time::Timestamp,
};

impl Machine for Operation {
    type Input = Input;
    type Change = Change;
    type Effects = Effects;

    fn step(&mut self, input: Input, at: Timestamp, _: &mut Draw) -> Result<Effects, Refusal> {
        let mut step = Step { operation: self, context: &input.context, at, effects: Effects::default() };
        match input.what {
            What::Tick => step.tick(),
            What::StartAttempted(outcome) => step.start_attempted(*outcome),
            What::CancelAttempted(outcome) => step.cancel_attempted(*outcome),
            What::Completed(completion) => step.completed(*completion)?,
            What::RequestCancel(asked) => step.request_cancel(asked)?,
            What::Terminate(asked) => step.terminate(asked)?,
            What::Delete => step.change(Change::Gone),
        }
        Ok(step.effects)
    }

    fn apply(&mut self, change: &Change) {
        self.fold(change);
    }
}

/// A step in the making.
struct Step<'a> {
    operation: &'a mut Operation,
    context: &'a Context,
    at: Timestamp,
    effects: Effects,
}

impl Step<'_> {
    fn change(&mut self, change: Change) {
        self.operation.fold(&change);
        self.effects.changes.push(change);
    }

    fn tick(&mut self) {
        if let Some(closed) = &self.operation.closed {
            if closed.until <= self.at {
                self.change(Change::Gone);
            }
            return;
        }
        let due = self.operation.timeouts().filter(|(due, _)| *due <= self.at).min_by_key(|(due, _)| *due);
        if let Some((_, kind)) = due {
            self.time_out(kind);
            return;
        }
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= self.at);
        let starts = is_due(self.operation.attempts.due);
        let cancels = is_due(self.operation.cancel.as_ref().and_then(|cancel| cancel.attempts.due));
        if starts {
            self.change(Change::AttemptDue(false));
        }
        if cancels {
            self.change(Change::AttemptDue(true));
        }
    }

    fn start_attempted(&mut self, outcome: StartOutcome) {
        if self.operation.has_started() {
            return;
        }
        match outcome {
            StartOutcome::Ended(ending, _) => self.end(ending, true),
            StartOutcome::Started { token, .. } => self.change(Change::Started(token, self.at)),
            StartOutcome::Failed { failure, retryable: true } => self.again(false, *failure),
            StartOutcome::Failed { failure, retryable: false } => self.end(Ending::Failed(failure), true),
            StartOutcome::OutOfTime(bound) => self.time_out(bound),
        }
    }

    fn cancel_attempted(&mut self, outcome: DeliveryOutcome) {
        let settled = self.operation.cancel.as_ref().is_none_or(|cancel| cancel.delivered.is_some());
        if settled || self.operation.is_closed() {
            return;
        }
        match outcome {
            DeliveryOutcome::Delivered => self.change(Change::CancelSettled(self.at, None)),
            DeliveryOutcome::Failed { failure, retryable: true } => self.again(true, *failure),
            DeliveryOutcome::Failed { failure, retryable: false } => {
                self.change(Change::CancelSettled(self.at, Some(Pb(*failure))));
            }
        }
    }

    fn completed(&mut self, completion: Completion) -> Result<(), Refusal> {
        let operation = &self.operation;
        if operation.is_closed() || operation.handler_request_id != completion.request_id {
            return Err(Refusal::not_found("operation not found"));
        }
        if operation.started.is_none() && !completion.token.is_empty() {
            self.change(Change::Started(completion.token, self.at));
        }
        self.end(completion.ending, false);
        Ok(())
    }

    fn request_cancel(&mut self, asked: Asked) -> Result<(), Refusal> {
        if let Some(cancel) = &self.operation.cancel {
            if cancel.request_id == asked.request_id {
                return Ok(());
            }
            return Err(Refusal::FailedPrecondition(format!(
                "cancellation already requested with request ID {}",
                cancel.request_id
            )));
        }
        if self.operation.is_closed() {
            return Err(Refusal::FailedPrecondition("operation already completed".into()));
        }
        self.change(Change::CancelRequested(asked.request_id, asked.reason));
        Ok(())
    }

    fn terminate(&mut self, asked: Asked) -> Result<(), Refusal> {
        if let Some(closed) = &self.operation.closed {
            return match closed.terminated_by.as_str() {
                "" => Err(Refusal::FailedPrecondition("operation already completed".into())),
                by if by == asked.request_id => Ok(()),
                by => Err(Refusal::FailedPrecondition(format!("already terminated with request ID {by}"))),
            };
        }
        let info = TerminatedFailureInfo { identity: asked.identity };
        let failure = Failure {
            message: asked.reason,
            failure_info: Some(FailureInfo::TerminatedFailureInfo(info)),
            ..Failure::default()
        };
        self.close(Status::Terminated, None, Some(failure), asked.request_id, false);
        Ok(())
    }

    fn time_out(&mut self, kind: TimeoutType) {
        let info = TimeoutFailureInfo { timeout_type: kind as i32, ..TimeoutFailureInfo::default() };
        let failure = Failure {
            message: "operation timed out".to_owned(),
            failure_info: Some(FailureInfo::TimeoutFailureInfo(info)),
            ..Failure::default()
        };
        let by_attempt = self.operation.started.is_none();
        self.close(Status::TimedOut, None, Some(failure), String::new(), by_attempt);
    }

    fn end(&mut self, ending: Ending, by_attempt: bool) {
        let (status, result, failure) = match ending {
            Ending::Succeeded(result) => (Status::Completed, result, None),
            Ending::Failed(failure) => (Status::Failed, None, Some(*failure)),
            Ending::Canceled(failure) => (Status::Canceled, None, Some(*failure)),
        };
        self.close(status, result, failure, String::new(), by_attempt);
    }

    fn close(
        &mut self,
        status: Status,
        result: Option<Payload>,
        failure: Option<Failure>,
        terminated_by: String,
        by_attempt: bool,
    ) {
        self.change(Change::Closed {
            at: self.at,
            status: status as i32,
            result: result.map(Pb),
            failure: failure.map(Pb),
            until: self.at + self.context.retention,
            terminated_by,
            by_attempt,
        });
    }

    fn again(&mut self, is_cancel: bool, failure: Failure) {
        let cancel = self.operation.cancel.as_ref().filter(|_| is_cancel);
        let attempts = cancel.map_or(&self.operation.attempts, |cancel| &cancel.attempts);
        let due = self.at + backoff(attempts.count + 1);
        self.change(Change::AttemptFailed(is_cancel, self.at, due, Pb(failure)));
    }
}
