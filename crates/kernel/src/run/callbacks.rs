//! Telling callbacks that the chain of runs is over: each is told until it takes the news, or says that it never will.

use longhaul_proto::api::{
    common::v1::{Callback, Payload},
    failure::v1::{
        CanceledFailureInfo, Failure, TerminatedFailureInfo, TimeoutFailureInfo, failure::FailureInfo,
    },
    history::v1::history_event::Attributes,
};

use super::{DutyId, Fact, Run, attached::Registered, deadlines::Deadline, transition::Transition};
use crate::{
    codec::Pb,
    nexus::{DeliveryOutcome, Ending, backoff},
    time::Timestamp,
};

/// What a callback is told.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackCall {
    /// Its place among those of the run.
    pub index: i64,
    /// Whom to tell.
    pub callback: Callback,
    /// When the run began.
    pub started_at: Timestamp,
    /// When it closed.
    pub closed_at: Timestamp,
    /// How it closed.
    pub ending: Ending,
}

impl Run {
    /// The call of the callback in this place, if it is to be made.
    pub(super) fn callback_call(&self, index: i64) -> Option<CallbackCall> {
        let registered = self.attached.callbacks.get(usize::try_from(index).ok()?)?;
        Some(CallbackCall {
            index,
            callback: registered.callback.0.clone(),
            started_at: self.start_time,
            closed_at: self.close_time?,
            ending: self.ending()?,
        })
    }

    /// How the chain ended, in the words of an operation.
    fn ending(&self) -> Option<Ending> {
        let failed = |message: &str, info: FailureInfo| {
            Box::new(Failure { message: message.to_owned(), failure_info: Some(info), ..Failure::default() })
        };
        Some(match self.closed.as_ref()?.event.attributes.as_ref()? {
            Attributes::WorkflowExecutionCompletedEventAttributes(a) => {
                let first: Option<Payload> =
                    a.result.as_ref().and_then(|result| result.payloads.first().cloned());
                Ending::Succeeded(first)
            }
            Attributes::WorkflowExecutionFailedEventAttributes(a) => {
                Ending::Failed(Box::new(a.failure.clone().unwrap_or_default()))
            }
            Attributes::WorkflowExecutionCanceledEventAttributes(a) => {
                let info =
                    CanceledFailureInfo { details: a.details.clone(), ..CanceledFailureInfo::default() };
                Ending::Canceled(failed("operation canceled", FailureInfo::CanceledFailureInfo(info)))
            }
            Attributes::WorkflowExecutionTimedOutEventAttributes(_) => Ending::Failed(failed(
                "operation exceeded internal timeout",
                FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo::default()),
            )),
            _ => Ending::Failed(failed(
                "operation terminated",
                FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo::default()),
            )),
        })
    }

    /// The earliest instant at which a callback is to be tried again.
    pub(super) fn first_callback_due(&self) -> Option<(Timestamp, Deadline)> {
        let due = self.attached.callbacks.iter().enumerate().filter_map(|(index, registered)| {
            Some((registered.attempts.due?, Deadline::CallbackDue(index as u64)))
        });
        due.min()
    }

    /// Folds what happened to a callback.
    pub(super) fn fold_callback_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::CallbackAttempted { index, at, failure, due } => {
                if let Some(registered) = self.registered(*index) {
                    registered.attempts.ended(*at, failure.clone(), *due);
                    if due.is_none() {
                        registered.told = Some(failure.is_none());
                    }
                }
            }
            Fact::CallbackDue { index } => {
                if let Some(registered) = self.registered(*index) {
                    registered.attempts.due = None;
                }
            }
            _ => {}
        }
    }

    fn registered(&mut self, index: u64) -> Option<&mut Registered> {
        self.attached.callbacks.get_mut(usize::try_from(index).ok()?)
    }
}

impl Transition<'_> {
    /// Takes it upon the run to tell each callback that the chain is over.
    pub fn owe_callbacks(&mut self) {
        for index in 0..self.run.attached.callbacks.len() {
            self.duty(DutyId::Callback(index as i64));
        }
    }

    /// An attempt to tell a callback has ended.
    pub fn callback_attempted(&mut self, index: i64, outcome: DeliveryOutcome) {
        self.duty_done(DutyId::Callback(index));
        let place = u64::try_from(index).unwrap_or(u64::MAX);
        let Some(registered) = self.run.registered(place).filter(|registered| registered.told.is_none())
        else {
            return;
        };
        let next = self.at + backoff(registered.attempts.count + 1);
        let (failure, due) = match outcome {
            DeliveryOutcome::Delivered => (None, None),
            DeliveryOutcome::Failed { failure, retryable } => (Some(failure), retryable.then_some(next)),
        };
        let most = self.context.limits.failure_bytes_max;
        let failure = failure.map(|failure| Pb(super::failure::remembered(&failure, most)));
        self.fact(Fact::CallbackAttempted { index: place, at: self.at, failure, due });
    }

    /// The wait for the next attempt is over.
    pub fn callback_due(&mut self, index: u64) {
        self.fact(Fact::CallbackDue { index });
        self.duty(DutyId::Callback(i64::try_from(index).unwrap_or(i64::MAX)));
    }
}
