//! Nexus operations that a run has scheduled: what is remembered of them, their deadlines, and folding their events.

mod view;

use longhaul_proto::api::{
    common::v1::Link,
    failure::v1::NexusOperationFailureInfo,
    history::v1::{
        HistoryEvent, NexusOperationScheduledEventAttributes, NexusOperationStartedEventAttributes,
        history_event::Attributes,
    },
};
use minicbor::{Decode, Encode};

use super::{Fact, Run, deadlines::Deadline, table::Entry};
use crate::{
    codec::Pb,
    nexus::Attempts,
    time::{Timestamp, positive},
};

/// A pending operation.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct NexusOperation {
    /// How it was scheduled; the input is dropped once it has started.
    #[n(0)]
    pub scheduled: Pb<NexusOperationScheduledEventAttributes>,
    /// The scheduled event.
    #[n(1)]
    pub scheduled_event_id: i64,
    /// When it was scheduled.
    #[n(2)]
    pub scheduled_at: Timestamp,
    /// Attempts to start it.
    #[n(3)]
    pub attempts: Attempts,
    /// Set once it runs.
    #[n(4)]
    pub started: Option<NexusStarted>,
    /// Set once its cancellation was asked for.
    #[n(5)]
    pub cancel: Option<NexusCancel>,
}

/// An operation that runs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct NexusStarted {
    /// Names it to its handler.
    #[n(0)]
    pub token: String,
    /// Since when.
    #[n(1)]
    pub at: Timestamp,
}

/// A cancellation that was asked for. It is delivered once the operation has started.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct NexusCancel {
    /// The event that asked for it.
    #[n(0)]
    pub requested_event_id: i64,
    /// Since when it can be delivered.
    #[n(1)]
    pub since: Option<Timestamp>,
    /// Attempts to deliver it.
    #[n(2)]
    pub attempts: Attempts,
    /// Whether it was delivered, once that is settled.
    #[n(3)]
    pub delivered: Option<bool>,
}

impl NexusOperation {
    /// What a failure tells of the operation.
    pub(super) fn failure_info(&self) -> NexusOperationFailureInfo {
        let token = self.started.as_ref().map_or_else(String::new, |started| started.token.clone());
        #[allow(deprecated)]
        NexusOperationFailureInfo {
            scheduled_event_id: self.scheduled_event_id,
            endpoint: self.scheduled.endpoint.clone(),
            service: self.scheduled.service.clone(),
            operation: self.scheduled.operation.clone(),
            operation_id: token.clone(),
            operation_token: token,
        }
    }

    /// When its time is up.
    pub fn closes_at(&self) -> Option<Timestamp> {
        positive(self.scheduled.schedule_to_close_timeout.as_ref()).map(|timeout| self.scheduled_at + timeout)
    }

    /// Whether a cancellation is to be delivered.
    pub(super) fn owes_cancel(&self) -> bool {
        let cancel = self.cancel.as_ref();
        self.started.is_some() && cancel.is_some_and(|cancel| cancel.delivered.is_none())
    }

    fn start(&mut self, a: &NexusOperationStartedEventAttributes, at: Timestamp) {
        self.attempts.ended(at, None, None);
        self.scheduled.0.input = None;
        self.started = Some(NexusStarted { token: a.operation_token.clone(), at });
        if let Some(cancel) = &mut self.cancel {
            cancel.since = Some(at);
        }
    }
}

impl Entry<i64> for NexusOperation {
    fn deadlines(&self, id: &i64, due: &mut impl FnMut(Timestamp, Deadline)) {
        let (id, scheduled) = (*id, &self.scheduled);
        if let Some(at) = self.closes_at() {
            due(at, Deadline::NexusScheduleToClose(id));
        }
        if let Some(at) = self.attempts.due {
            due(at, Deadline::NexusDue(id));
        }
        if let Some(at) = self.cancel.as_ref().and_then(|cancel| cancel.attempts.due) {
            due(at, Deadline::NexusCancelDue(id));
        }
        match &self.started {
            None => {
                if let Some(timeout) = positive(scheduled.schedule_to_start_timeout.as_ref()) {
                    due(self.scheduled_at + timeout, Deadline::NexusScheduleToStart(id));
                }
            }
            Some(started) => {
                if let Some(timeout) = positive(scheduled.start_to_close_timeout.as_ref()) {
                    due(started.at + timeout, Deadline::NexusStartToClose(id));
                }
            }
        }
    }
}

impl Run {
    /// Folds an event about an operation; false if it is about something else.
    pub(super) fn fold_nexus(&mut self, event: &HistoryEvent, attributes: &Attributes) -> bool {
        let (id, at) = (event.event_id, event.event_time.as_ref());
        let at = at.map_or_else(Timestamp::default, Timestamp::from_proto);
        let operations = &mut self.nexus_operations;
        match attributes {
            Attributes::NexusOperationScheduledEventAttributes(a) => {
                let operation = NexusOperation {
                    scheduled: Pb(a.clone()),
                    scheduled_event_id: id,
                    scheduled_at: at,
                    attempts: Attempts::default(),
                    started: None,
                    cancel: None,
                };
                operations.insert(id, operation);
            }
            Attributes::NexusOperationStartedEventAttributes(a) => {
                operations.change(&a.scheduled_event_id, |operation| operation.start(a, at));
            }
            Attributes::NexusOperationCancelRequestedEventAttributes(a) => {
                operations.change(&a.scheduled_event_id, |operation| {
                    let since = operation.started.is_some().then_some(at);
                    operation.cancel =
                        Some(NexusCancel { requested_event_id: id, since, ..NexusCancel::default() });
                });
            }
            Attributes::NexusOperationCancelRequestCompletedEventAttributes(a) => {
                operations.change(&a.scheduled_event_id, |operation| {
                    if let Some(cancel) = &mut operation.cancel {
                        cancel.attempts.ended(at, None, None);
                        cancel.delivered = Some(true);
                    }
                });
            }
            Attributes::NexusOperationCancelRequestFailedEventAttributes(a) => {
                operations.change(&a.scheduled_event_id, |operation| {
                    if let Some(cancel) = &mut operation.cancel {
                        cancel.attempts.ended(at, a.failure.clone().map(Pb), None);
                        cancel.delivered = Some(false);
                    }
                });
            }
            Attributes::NexusOperationCompletedEventAttributes(a) => operations.remove(&a.scheduled_event_id),
            Attributes::NexusOperationFailedEventAttributes(a) => operations.remove(&a.scheduled_event_id),
            Attributes::NexusOperationCanceledEventAttributes(a) => operations.remove(&a.scheduled_event_id),
            Attributes::NexusOperationTimedOutEventAttributes(a) => operations.remove(&a.scheduled_event_id),
            _ => return false,
        }
        true
    }

    /// Folds what happened to an attempt.
    pub(super) fn fold_nexus_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::NexusAttemptFailed { scheduled_event_id, is_cancel, at, due, failure } => {
                self.change_nexus_attempts(*scheduled_event_id, *is_cancel, |attempts| {
                    attempts.ended(*at, Some(failure.clone()), Some(*due));
                });
            }
            Fact::NexusAttemptDue { scheduled_event_id, is_cancel } => {
                self.change_nexus_attempts(*scheduled_event_id, *is_cancel, |attempts| attempts.due = None);
            }
            _ => {}
        }
    }

    fn change_nexus_attempts(&mut self, id: i64, is_cancel: bool, change: impl FnOnce(&mut Attempts)) {
        self.nexus_operations.change(&id, |operation| {
            if !is_cancel {
                change(&mut operation.attempts);
            } else if let Some(cancel) = &mut operation.cancel {
                change(&mut cancel.attempts);
            }
        });
    }

    /// Whether the end of an operation waits for the workflow task to end.
    pub(super) fn has_buffered_nexus_end(&self, scheduled_event_id: i64) -> bool {
        self.buffered.iter().any(|event| nexus_end(event) == Some(scheduled_event_id))
    }
}

/// The scheduled event of the operation that an event ends.
fn nexus_end(event: &HistoryEvent) -> Option<i64> {
    match event.attributes.as_ref()? {
        Attributes::NexusOperationCompletedEventAttributes(a) => Some(a.scheduled_event_id),
        Attributes::NexusOperationFailedEventAttributes(a) => Some(a.scheduled_event_id),
        Attributes::NexusOperationCanceledEventAttributes(a) => Some(a.scheduled_event_id),
        Attributes::NexusOperationTimedOutEventAttributes(a) => Some(a.scheduled_event_id),
        _ => None,
    }
}

/// The links of an event that lead to workflows; others have no place in a history.
pub(super) fn event_links(links: Vec<Link>) -> Vec<Link> {
    links.into_iter().filter(|link| link.variant.is_some()).collect()
}
