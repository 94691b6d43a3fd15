//! Folding start, close, memo and search attributes.

use longhaul_proto::api::{
    common::v1::{Memo, SearchAttributes},
    enums::v1::WorkflowExecutionStatus as Status,
    history::v1::{HistoryEvent, WorkflowExecutionStartedEventAttributes, history_event::Attributes},
};

use crate::{
    codec::Pb,
    ids::RunId,
    run::{
        Run,
        state::{Branch, Closed, FirstTask},
    },
    time::{Timestamp, positive},
};

impl Run {
    pub(super) fn fold_started(
        &mut self,
        a: &WorkflowExecutionStartedEventAttributes,
        event: &HistoryEvent,
        at: Timestamp,
    ) {
        self.status_number = Status::Running as i32;
        self.start_time = at;
        self.user_metadata = event.user_metadata.clone().map(Pb);
        self.priority = a.priority.clone().map(Pb);
        self.workflow_task_attempt = 1;
        self.branches = vec![Branch { id: self.run_id.into(), last_event: i64::MAX }];
        let backoff = positive(a.first_workflow_task_backoff.as_ref());
        self.first_task_at = backoff.map(|wait| at + wait);
        if backoff.is_some() {
            self.first_task = FirstTask::Delayed;
        } else if a.parent_workflow_execution.is_some() && a.continued_execution_run_id.is_empty() {
            self.first_task = FirstTask::AwaitsParent;
        }
        self.reset_points =
            a.prev_auto_reset_points.iter().flat_map(|points| points.points.clone()).map(Pb).collect();
        self.run_deadline = positive(a.workflow_run_timeout.as_ref())
            .map(|timeout| at + backoff.unwrap_or_default() + timeout);
        self.execution_deadline = a.workflow_execution_expiration_time.as_ref().map(Timestamp::from_proto);
        self.fold_memo(a.memo.as_ref());
        self.fold_search_attributes(a.search_attributes.as_ref());
        self.attached.register(&a.completion_callbacks, at);
        self.fold_skipping_started(
            a.time_skipping_config.as_ref(),
            a.time_skipping_state_propagation.as_ref(),
            at,
        );
        let mut start = a.clone();
        start.completion_callbacks = Vec::new();
        start.versioning_override = None;
        // The next run of a chain repeats these; where there can be no such run they would only take room.
        if a.retry_policy.is_none() && a.cron_schedule.is_empty() {
            start.memo = None;
            start.search_attributes = None;
            start.input = None;
            start.header = None;
            start.continued_failure = None;
            start.last_completion_result = None;
        }
        self.start = Pb(start);
        self.fold_inherited();
        self.fold_inherited_build();
        self.fold_override(a.versioning_override.as_ref());
    }

    pub(super) fn fold_closed(&mut self, event: &HistoryEvent, attributes: &Attributes, at: Timestamp) {
        let (status, new_run_id) = match attributes {
            Attributes::WorkflowExecutionCompletedEventAttributes(a) => {
                (Status::Completed, &a.new_execution_run_id)
            }
            Attributes::WorkflowExecutionFailedEventAttributes(a) => {
                (Status::Failed, &a.new_execution_run_id)
            }
            Attributes::WorkflowExecutionTimedOutEventAttributes(a) => {
                (Status::TimedOut, &a.new_execution_run_id)
            }
            Attributes::WorkflowExecutionContinuedAsNewEventAttributes(a) => {
                (Status::ContinuedAsNew, &a.new_execution_run_id)
            }
            Attributes::WorkflowExecutionCanceledEventAttributes(_) => (Status::Canceled, &String::new()),
            _ => (Status::Terminated, &String::new()),
        };
        self.status_number = status as i32;
        self.close_time = Some(at);
        self.closed = Some(Closed {
            event: Box::new(Pb(event.clone())),
            new_run_id: RunId::parse(new_run_id),
            archived: None,
        });
        self.run_deadline = None;
        self.execution_deadline = None;
        self.first_task_at = None;
    }

    pub(super) fn fold_memo(&mut self, memo: Option<&Memo>) {
        for (name, payload) in memo.iter().flat_map(|memo| &memo.fields) {
            if super::super::payload::is_nil(payload) {
                self.memo.remove(name);
            } else {
                self.memo.insert(name.clone(), Pb(payload.clone()));
            }
        }
    }

    pub(super) fn fold_search_attributes(&mut self, attributes: Option<&SearchAttributes>) {
        for (name, payload) in attributes.iter().flat_map(|attributes| &attributes.indexed_fields) {
            if super::super::payload::is_nil(payload) {
                self.search_attributes.remove(name);
            } else {
                self.search_attributes.insert(name.clone(), Pb(payload.clone()));
            }
        }
    }
}
