//! What a run owes to others, in the form the shell works on.

use longhaul_proto::api::{
    common::v1::{Priority, WorkflowExecution},
    enums::v1::ParentClosePolicy,
    history::v1::{
        HistoryEvent, RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
        SignalExternalWorkflowExecutionInitiatedEventAttributes, history_event::Attributes,
    },
    taskqueue::v1::TaskQueue,
};

use super::{
    Bound, CallbackCall, DutyId, NexusOperation, Run, ScheduledBy,
    state::{Child, Phase, TaskKind},
};
use crate::{
    schedule::Closed,
    time::{Timestamp, positive},
};

/// A task to dispatch.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// Queue it goes to.
    pub queue: TaskQueue,
    /// The normal queue, if `queue` is a sticky one.
    pub fallback: Option<String>,
    /// Event that scheduled it.
    pub scheduled_event_id: i64,
    /// Attempt.
    pub attempt: i32,
    /// An activity task with another stamp is stale.
    pub stamp: i32,
    /// When it was scheduled.
    pub scheduled_at: Timestamp,
    /// After this it need not be dispatched.
    pub expires_at: Option<Timestamp>,
    /// Its priority.
    pub priority: Option<Priority>,
    /// The workers that it is for.
    pub bound: Bound,
}

/// A duty with what is needed to fulfil it.
#[derive(Clone, Debug, PartialEq)]
pub enum Duty {
    /// Dispatch the workflow task.
    WorkflowTask(Dispatch),
    /// Dispatch the activity task.
    Activity(Dispatch),
    /// Start the child.
    StartChild(Box<Child>),
    /// This run has closed while the child was being started: look whether it was, and treat it by the parent close
    /// policy.
    SettleChild(Box<Child>, ParentClosePolicy),
    /// Tell the child that its start was recorded.
    ScheduleChild(WorkflowExecution),
    /// Deliver the signal.
    SignalExternal(Box<SignalExternalWorkflowExecutionInitiatedEventAttributes>),
    /// Deliver the cancel request.
    CancelExternal(Box<RequestCancelExternalWorkflowExecutionInitiatedEventAttributes>),
    /// Tell the parent how this run closed.
    NotifyParent(Box<HistoryEvent>),
    /// Apply the parent close policy to the child; its workflow id and first run id are given.
    CloseChild(WorkflowExecution, ParentClosePolicy),
    /// Tell the schedule that started this chain how it closed.
    NotifySchedule(ScheduledBy, Box<Closed>),
    /// Archive the run.
    Archive,
    /// Have the Nexus operation started.
    NexusStart(Box<NexusOperation>),
    /// Have the Nexus operation canceled.
    NexusCancel(Box<NexusOperation>),
    /// Tell the callback that the chain is over.
    Callback(Box<CallbackCall>),
}

impl Run {
    /// The duty with what is needed to fulfil it; `None` if it is void.
    pub fn duty(&self, id: DutyId) -> Option<Duty> {
        let in_memory = id == DutyId::WorkflowTask
            && self.workflow_task.as_ref().is_some_and(|task| task.kind == TaskKind::Speculative);
        if !self.duties.contains(&id) && !in_memory {
            return None;
        }
        match id {
            DutyId::WorkflowTask => self.dispatch_workflow_task().map(Duty::WorkflowTask),
            DutyId::Activity(event) => self.dispatch_activity(event).map(Duty::Activity),
            DutyId::StartChild(event) if !self.is_running() => {
                let child = self.children.get(&event)?;
                Some(Duty::SettleChild(Box::new(child.clone()), self.close_policy(child)))
            }
            DutyId::StartChild(event) => {
                self.children.get(&event).map(|child| Duty::StartChild(Box::new(self.heir(child))))
            }
            DutyId::ScheduleChild(event) => {
                self.children.get(&event).and_then(child_execution).map(Duty::ScheduleChild)
            }
            DutyId::SignalExternal(event) => {
                self.signals_out.get(&event).map(|signal| Duty::SignalExternal(Box::new(signal.0.clone())))
            }
            DutyId::CancelExternal(event) => {
                self.cancels_out.get(&event).map(|cancel| Duty::CancelExternal(Box::new(cancel.0.clone())))
            }
            DutyId::NotifyParent => {
                self.closed.as_ref().map(|closed| Duty::NotifyParent(Box::new(closed.event.0.clone())))
            }
            DutyId::NotifySchedule => {
                let by = self.scheduled_by.clone()?;
                let closed = Box::new(self.end_for_schedule(by.number)?);
                Some(Duty::NotifySchedule(by, closed))
            }
            DutyId::Archive => self.closed.is_some().then_some(Duty::Archive),
            DutyId::Callback(index) => self.callback_call(index).map(|call| Duty::Callback(Box::new(call))),
            DutyId::NexusStart(event) => self
                .nexus_operations
                .get(&event)
                .map(|operation| Duty::NexusStart(Box::new(operation.clone()))),
            DutyId::NexusCancel(event) => self
                .nexus_operations
                .get(&event)
                .map(|operation| Duty::NexusCancel(Box::new(operation.clone()))),
            DutyId::CloseChild(event) => {
                let child = self.children.get(&event)?;
                Some(Duty::CloseChild(child_execution(child)?, self.close_policy(child)))
            }
        }
    }

    /// What becomes of a child at this run's end: a run that was reset leaves its children to the one that goes on.
    fn close_policy(&self, child: &Child) -> ParentClosePolicy {
        if self.reset_run.is_some() {
            return ParentClosePolicy::Abandon;
        }
        ParentClosePolicy::try_from(child.initiated.parent_close_policy).unwrap_or_default()
    }

    /// What the schedule has to know of the end of the chain.
    fn end_for_schedule(&self, number: i64) -> Option<Closed> {
        let event = &self.closed.as_ref()?.event;
        let (result, failure) = match event.attributes.clone() {
            Some(Attributes::WorkflowExecutionCompletedEventAttributes(a)) => (a.result, None),
            Some(Attributes::WorkflowExecutionFailedEventAttributes(a)) => (None, a.failure),
            _ => (None, None),
        };
        Some(Closed {
            number,
            first_run_id: self.first_run_id().to_owned(),
            started: self.start_time,
            status: self.status() as i32,
            result,
            failure,
        })
    }

    /// The child with what it takes from this run: each part of the priority that its command left open.
    fn heir(&self, child: &Child) -> Child {
        let mut child = child.clone();
        child.initiated.0.priority = self.priority_of(child.initiated.priority.as_ref());
        child
    }

    fn dispatch_workflow_task(&self) -> Option<Dispatch> {
        let task = self.workflow_task.as_ref().filter(|task| task.started.is_none())?;
        Some(Dispatch {
            queue: self.dispatch_queue(),
            fallback: task.sticky.as_ref().map(|_| self.task_queue().to_owned()),
            scheduled_event_id: task.scheduled_event_id,
            attempt: task.attempt,
            stamp: 0,
            scheduled_at: self.outside(task.scheduled_at),
            expires_at: None,
            priority: self.priority.as_ref().map(|priority| priority.0.clone()),
            bound: self.bound(),
        })
    }

    fn dispatch_activity(&self, event: i64) -> Option<Dispatch> {
        if self.is_paused() {
            return None;
        }
        let activity = self
            .activities
            .get(&event)
            .filter(|activity| activity.phase == Phase::Scheduled && !activity.is_paused())?;
        let scheduled = &activity.scheduled;
        Some(Dispatch {
            queue: scheduled.task_queue.clone().unwrap_or_default(),
            fallback: None,
            scheduled_event_id: event,
            attempt: activity.attempt,
            stamp: activity.stamp,
            scheduled_at: self.outside(activity.attempt_scheduled_at),
            expires_at: positive(scheduled.schedule_to_start_timeout.as_ref())
                .map(|timeout| self.outside(activity.attempt_scheduled_at) + timeout),
            priority: self.priority_of(scheduled.priority.as_ref()),
            bound: self.bound_activity(event),
        })
    }
}

/// A started child's ids.
fn child_execution(child: &Child) -> Option<WorkflowExecution> {
    let started = child.started.as_ref()?;
    Some(WorkflowExecution {
        workflow_id: child.initiated.workflow_id.clone(),
        run_id: started.run_id.clone(),
    })
}
