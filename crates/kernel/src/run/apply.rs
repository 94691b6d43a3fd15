//! Folding changes into a run: one function per kind of change, each total. Live runs and loaded ones go through here
//! and nowhere else, so they can't differ.

mod activity;
mod activity_control;
mod external;
mod facts;
mod lifecycle;
mod workflow_task;

use longhaul_proto::api::history::v1::{
    HistoryEvent, WorkflowExecutionPausedEventAttributes, history_event::Attributes,
};
use prost::Message;

use super::{Activity, Change, Fact, Run, updates};
use crate::{activity::Paused, time::Timestamp};

impl Run {
    /// Folds one change.
    pub(super) fn fold(&mut self, change: &Change) {
        match change {
            Change::Event(event) => {
                self.count(event);
                self.fold_event(event);
            }
            Change::Flushed(event) => {
                self.count(event);
                self.fold_flushed(event);
            }
            Change::Fact(Fact::Buffered(event)) => {
                self.fold_event(event);
                self.buffered.push((**event).clone());
            }
            Change::Fact(fact) => self.fold_fact(fact),
            Change::Volatile(change) => self.fold_volatile(change),
        }
    }

    /// Counts an event that goes into the history.
    fn count(&mut self, event: &HistoryEvent) {
        self.next_event_id = event.event_id + 1;
        let length = event.encoded_len();
        self.history_bytes += (1 + prost::length_delimiter_len(length) + length) as u64;
    }

    /// Folds what an event means. Its id is zero if it is being buffered.
    fn fold_event(&mut self, event: &HistoryEvent) {
        let Some(attributes) = &event.attributes else { return };
        let id = event.event_id;
        let at = event.event_time.as_ref().map_or_else(Timestamp::default, Timestamp::from_proto);
        match attributes {
            Attributes::WorkflowExecutionStartedEventAttributes(a) => self.fold_started(a, event, at),
            Attributes::WorkflowTaskScheduledEventAttributes(a) => self.fold_task_scheduled(id, a, at),
            Attributes::WorkflowTaskStartedEventAttributes(a) => self.fold_task_started(id, a, at),
            Attributes::WorkflowTaskCompletedEventAttributes(a) => self.fold_task_completed(id, a, at),
            Attributes::WorkflowTaskFailedEventAttributes(_)
            | Attributes::WorkflowTaskTimedOutEventAttributes(_) => {
                self.workflow_task = None;
            }
            Attributes::ActivityTaskScheduledEventAttributes(a) => self.fold_activity_scheduled(id, a, at),
            Attributes::ActivityTaskCancelRequestedEventAttributes(a) => {
                let canceled = |activity: &mut Activity| activity.cancel_requested = Some(id);
                self.activities.change(&a.scheduled_event_id, canceled);
            }
            Attributes::ActivityTaskCompletedEventAttributes(a) => {
                self.fold_activity_closed(a.scheduled_event_id)
            }
            Attributes::ActivityTaskFailedEventAttributes(a) => {
                self.fold_activity_closed(a.scheduled_event_id)
            }
            Attributes::ActivityTaskTimedOutEventAttributes(a) => {
                self.fold_activity_closed(a.scheduled_event_id)
            }
            Attributes::ActivityTaskCanceledEventAttributes(a) => {
                self.fold_activity_closed(a.scheduled_event_id)
            }
            Attributes::TimerStartedEventAttributes(a) => self.fold_timer_started(id, a, at),
            Attributes::TimerFiredEventAttributes(a) => self.fold_timer_gone(&a.timer_id),
            Attributes::TimerCanceledEventAttributes(a) => self.fold_timer_gone(&a.timer_id),
            Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(a) => self.fold_options(id, a, at),
            Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(a) => {
                self.fold_skipping(a, at)
            }
            Attributes::WorkflowExecutionPausedEventAttributes(a) => self.fold_paused(a, at),
            Attributes::WorkflowExecutionUnpausedEventAttributes(_) => self.paused = None,
            Attributes::WorkflowExecutionSignaledEventAttributes(_) => self.signal_count += 1,
            Attributes::WorkflowExecutionCancelRequestedEventAttributes(_) => {
                self.cancel_request.get_or_insert_default();
            }
            Attributes::UpsertWorkflowSearchAttributesEventAttributes(a) => {
                self.fold_search_attributes(a.search_attributes.as_ref());
            }
            Attributes::WorkflowPropertiesModifiedEventAttributes(a) => {
                self.fold_memo(a.upserted_memo.as_ref())
            }
            Attributes::WorkflowExecutionCompletedEventAttributes(_)
            | Attributes::WorkflowExecutionFailedEventAttributes(_)
            | Attributes::WorkflowExecutionTimedOutEventAttributes(_)
            | Attributes::WorkflowExecutionTerminatedEventAttributes(_)
            | Attributes::WorkflowExecutionCanceledEventAttributes(_)
            | Attributes::WorkflowExecutionContinuedAsNewEventAttributes(_) => {
                self.fold_closed(event, attributes, at)
            }
            Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(_)
            | Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(_)
            | Attributes::WorkflowExecutionUpdateCompletedEventAttributes(_) => {
                self.fold_update(id, attributes)
            }
            _ if self.fold_nexus(event, attributes) => {}
            _ => self.fold_external_event(id, event, attributes),
        }
    }

    fn fold_paused(&mut self, paused: &WorkflowExecutionPausedEventAttributes, at: Timestamp) {
        self.paused = Some(Paused {
            at,
            identity: paused.identity.clone(),
            reason: paused.reason.clone(),
            request_id: paused.request_id.clone(),
            ..Paused::default()
        });
    }

    fn fold_update(&mut self, id: i64, attributes: &Attributes) {
        match attributes {
            Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(admitted) => {
                let update = admitted.request.as_ref().map_or("", updates::update_id);
                self.admitted_updates.insert(update.to_owned(), id);
                return;
            }
            Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(accepted) => {
                self.admitted_updates.remove(&accepted.protocol_instance_id);
            }
            _ => {}
        }
        updates::fold(&mut self.updates, id, attributes);
    }

    /// Folds the id that a buffered event got.
    fn fold_flushed(&mut self, event: &HistoryEvent) {
        if let Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(a)) = &event.attributes {
            self.children.change(&a.initiated_event_id, |child| {
                if let Some(started) = &mut child.started {
                    started.event_id = event.event_id;
                }
            });
        }
        if let Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(a)) = &event.attributes
            && let Some(request) = self.attached.request_ids.get_mut(&a.attached_request_id)
        {
            request.event_id = event.event_id;
        }
    }
}
