//! Folding the events of children and of signals and cancel requests to other executions.

use longhaul_proto::api::history::v1::{HistoryEvent, history_event::Attributes};

use crate::{
    codec::Pb,
    run::{
        Run,
        state::{Child, ChildStarted},
    },
};

impl Run {
    pub(super) fn fold_external_event(&mut self, id: i64, event: &HistoryEvent, attributes: &Attributes) {
        match attributes {
            Attributes::StartChildWorkflowExecutionInitiatedEventAttributes(a) => {
                let child = Child {
                    initiated: Pb(a.clone()),
                    request_id: format!("{}:{id}:0", self.origin(id)),
                    started: None,
                    user_metadata: event.user_metadata.clone().map(Pb),
                };
                self.children.insert(id, child);
            }
            Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => {
                let run_id = a.workflow_execution.as_ref().map_or_else(String::new, |e| e.run_id.clone());
                self.children.change(&a.initiated_event_id, |child| {
                    child.started = Some(ChildStarted { run_id, event_id: id });
                });
            }
            Attributes::SignalExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                self.signals_out.insert(id, Pb(a.clone()));
            }
            Attributes::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(a) => {
                self.cancels_out.insert(id, Pb(a.clone()));
            }
            _ => self.fold_external_end(attributes),
        }
    }

    /// Folds the events that end something pending.
    fn fold_external_end(&mut self, attributes: &Attributes) {
        match attributes {
            Attributes::StartChildWorkflowExecutionFailedEventAttributes(a) => {
                self.children.remove(&a.initiated_event_id);
            }
            Attributes::ChildWorkflowExecutionCompletedEventAttributes(a) => {
                self.children.remove(&a.initiated_event_id);
            }
            Attributes::ChildWorkflowExecutionFailedEventAttributes(a) => {
                self.children.remove(&a.initiated_event_id);
            }
            Attributes::ChildWorkflowExecutionCanceledEventAttributes(a) => {
                self.children.remove(&a.initiated_event_id);
            }
            Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
                self.children.remove(&a.initiated_event_id);
            }
            Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
                self.children.remove(&a.initiated_event_id);
            }
            Attributes::SignalExternalWorkflowExecutionFailedEventAttributes(a) => {
                self.signals_out.remove(&a.initiated_event_id);
            }
            Attributes::ExternalWorkflowExecutionSignaledEventAttributes(a) => {
                self.signals_out.remove(&a.initiated_event_id);
            }
            Attributes::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => {
                self.cancels_out.remove(&a.initiated_event_id);
            }
            Attributes::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => {
                self.cancels_out.remove(&a.initiated_event_id);
            }
            // Markers and everything else that leaves nothing pending.
            _ => {}
        }
    }
}
