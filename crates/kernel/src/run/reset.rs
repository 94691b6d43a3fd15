//! A reset: a new run that has a run's history up to a point, where its workflow task fails and is scheduled again.
//! What the outside told the old run behind that point is told to the new one, too. The old run is told by
//! [`super::What::ResetTo`]; both are made durable in one commit, and no event of the old run is changed. The events
//! before the point are not written again: the new run shares them ([`Run::shares`]).

mod reapply;
#[cfg(test)]
mod tests;

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::WorkflowTaskFailedCause,
        failure::v1::{Failure, ResetWorkflowFailureInfo, failure::FailureInfo},
        history::v1::{HistoryEvent, WorkflowTaskFailedEventAttributes, history_event::Attributes},
        workflow::v1::{
            PostResetOperation, post_reset_operation::UpdateWorkflowOptions, post_reset_operation::Variant,
        },
    },
};

use super::{
    Change, DutyId, Effects, Run,
    state::{Branch, FirstTask, MadeByReset, Origin, ResetAsked},
    transition::{Taker, Transition},
    versioning,
};
use crate::{
    context::Context,
    ids::RunId,
    machine::Draw,
    time::{Timestamp, positive},
};

pub use reapply::Reapplied;

/// Who is said to have done what a reset does by itself.
const IDENTITY: &str = "history-service";

/// Requests remembered that reset a run.
const RESETS_MAX: usize = 10;

/// Runs whose events a run may share. A read of a history asks for each of them, and each state names them; so the
/// reset that would make one more has its run keep events of its own.
const SHARES_MAX: usize = 16;

/// A reset, decided upon.
#[derive(Clone, Debug)]
pub struct Reset {
    /// The new run.
    pub run_id: RunId,
    /// The id of the request.
    pub request_id: String,
    /// Why.
    pub reason: String,
    /// The history that is kept: all events before the point.
    pub kept: Vec<HistoryEvent>,
    /// Events of the old run behind the point.
    pub later: Vec<HistoryEvent>,
    /// Events of the runs that its chain went on with.
    pub successors: Vec<HistoryEvent>,
    /// What of these is told to the new run.
    pub reapplied: Reapplied,
    /// What is done to the new run before it goes on.
    pub operations: Vec<UpdateWorkflowOptions>,
}

/// Reads what is to be done to the new run before it goes on.
///
/// # Errors
/// `InvalidArgument` for what the reference does not support either.
pub fn operations(asked: Vec<PostResetOperation>) -> Result<Vec<UpdateWorkflowOptions>, Refusal> {
    let refuse = |name: &str| Err(Refusal::invalid(format!("unsupported post reset operation: {name}")));
    asked
        .into_iter()
        .map(|operation| match operation.variant {
            Some(Variant::UpdateWorkflowOptions(options)) => {
                let wanted = options.workflow_execution_options.as_ref();
                versioning::check_override(wanted.and_then(|wanted| wanted.versioning_override.as_ref()))?;
                if options.update_mask.is_none() {
                    return Err(Refusal::invalid("UpdateMask is required"));
                }
                Ok(options)
            }
            Some(Variant::SignalWorkflow(_)) => refuse("*workflow.PostResetOperation_SignalWorkflow_"),
            None => refuse("<nil>"),
        })
        .collect()
}

impl Run {
    /// Makes the run that this one is reset to. If it shares nothing, the events that are kept have to be written to its
    /// branch.
    ///
    /// # Errors
    /// `InvalidArgument` if no workflow task was pending at the point.
    pub fn reset(
        &self,
        reset: Reset,
        context: &Context,
        at: Timestamp,
        draw: &mut Draw,
    ) -> Result<(Self, Effects), Refusal> {
        let point = reset.kept.last().map_or(1, |event| event.event_id + 1);
        let mut run = self.as_of(&reset.kept);
        run.move_to(reset.run_id, reset.request_id, at);
        let prefix = self.prefix(point - 1);
        if prefix.len() <= SHARES_MAX {
            run.branches.splice(0..0, prefix);
        }
        let mut t = Transition::new(&mut run, at, draw, context);
        t.fail_for_reset(point, self.run_id, reset.run_id, reset.reason)?;
        t.resume_duties();
        t.reapply(reset.later, reset.successors, reset.reapplied);
        for options in reset.operations {
            t.change_options(options)?;
        }
        t.effects.visible = true;
        t.needs_task = true;
        let effects = t.finish();
        Ok((run, effects))
    }

    /// The run that a request has made by resetting this one, or that is this one.
    pub fn made_by(&self, request_id: &str) -> Option<RunId> {
        let own = self.made_by_reset.as_ref().and_then(|made| made.request_id.as_deref());
        if own == Some(request_id) {
            return Some(self.run_id);
        }
        self.resets.iter().find(|reset| reset.request_id == request_id).map(|reset| reset.run_id)
    }

    /// Remembers the run that goes on in the place of this one.
    pub(super) fn reset_to(&mut self, run_id: RunId, request_id: Option<&String>) {
        self.reset_run = Some(run_id);
        if let Some(request_id) = request_id {
            if self.resets.len() >= RESETS_MAX {
                self.resets.remove(0);
            }
            self.resets.push(ResetAsked { request_id: request_id.clone(), run_id });
        }
    }

    /// The run as its events up to some point left it.
    fn as_of(&self, events: &[HistoryEvent]) -> Self {
        let mut run = Self {
            namespace: self.namespace,
            workflow_id: self.workflow_id.clone(),
            run_id: self.run_id,
            create_request_id: self.create_request_id.clone(),
            scheduled_by: self.scheduled_by.clone(),
            next_event_id: 1,
            // Requests that events lead to are named by who wrote the events.
            made_by_reset: self.made_by_reset.clone(),
            ..Self::default()
        };
        for event in events {
            if let Some(Attributes::WorkflowExecutionSignaledEventAttributes(signaled)) = &event.attributes
                && !signaled.request_id.is_empty()
            {
                run.signal_request_ids.insert(signaled.request_id.clone());
            }
            run.fold(&Change::Event(Box::new(event.clone())));
        }
        run
    }

    /// Gives a rebuilt run its own name, and lets the time that is left to it and to its activities begin anew.
    pub(super) fn move_to(&mut self, run_id: RunId, request_id: String, at: Timestamp) {
        let old = self.run_id;
        let (old_name, new_name) = (old.to_string(), run_id.to_string());
        for point in self.reset_points.iter_mut().filter(|point| point.run_id == old_name) {
            point.0.run_id.clone_from(&new_name);
        }
        self.run_id = run_id;
        self.branches = vec![Branch { id: run_id.into(), last_event: i64::MAX }];
        let point = self.next_event_id;
        let mut origins = self.made_by_reset.take().map_or_else(Vec::new, |made| made.origins);
        if let Some(cut) = origins.iter().position(|origin| origin.end >= point) {
            origins.truncate(cut + 1);
            origins[cut].end = point;
        } else {
            origins.push(Origin { run_id: old, end: point });
        }
        let request_id = Some(request_id);
        let original_start_time = self.start_time;
        self.made_by_reset = Some(MadeByReset { at, original_start_time, origins, request_id });
        self.start_time = at;
        // Rebuilding counts as a transition, as on the reference.
        self.transitions = 1;
        self.first_task = FirstTask::Scheduled;
        self.workflow_task_attempt = 1;
        self.paused = None;
        let execution = positive(self.start.workflow_execution_timeout.as_ref()).map(|timeout| at + timeout);
        let run = positive(self.start.workflow_run_timeout.as_ref()).map(|timeout| at + timeout);
        // The runs that follow in the chain have what is left of this time.
        self.start.0.workflow_execution_expiration_time = execution.map(Timestamp::to_proto);
        self.execution_deadline = execution;
        self.run_deadline = run.map(|run| execution.map_or(run, |execution| run.min(execution)));
        self.activities.change_all(|activity| {
            activity.scheduled_at = at;
            activity.attempt_scheduled_at = at;
        });
    }
}

impl Transition<'_> {
    /// Fails the workflow task that was pending at the point; one that nobody had is started first.
    fn fail_for_reset(&mut self, point: i64, base: RunId, new: RunId, reason: String) -> Result<(), Refusal> {
        let Some(task) = &self.run.workflow_task else {
            return Err(Refusal::invalid(format!(
                "Can only reset workflow to event ID in range [WorkflowTaskScheduled +1, WorkflowTaskStarted + 1]: {point}"
            )));
        };
        let scheduled_event_id = task.scheduled_event_id;
        if task.started.is_none() {
            self.start_workflow_task("emptyUuid", &Taker::of(IDENTITY));
        }
        let started = self.run.workflow_task.as_ref().and_then(|task| task.started.as_ref());
        let failed = WorkflowTaskFailedEventAttributes {
            scheduled_event_id,
            started_event_id: started.map_or(0, |started| started.event_id),
            cause: WorkflowTaskFailedCause::ResetWorkflow as i32,
            failure: Some(Failure {
                message: reason,
                failure_info: Some(
                    FailureInfo::ResetWorkflowFailureInfo(ResetWorkflowFailureInfo::default()),
                ),
                ..Failure::default()
            }),
            identity: IDENTITY.to_owned(),
            base_run_id: base.to_string(),
            new_run_id: new.to_string(),
            ..WorkflowTaskFailedEventAttributes::default()
        };
        self.event(Attributes::WorkflowTaskFailedEventAttributes(failed));
        Ok(())
    }

    /// Takes upon the new run what was owed at the point. A child that the old run has started meanwhile is found by
    /// the request id of its start, which is that of the run that wanted it first; so does whoever gets a signal twice.
    pub(super) fn resume_duties(&mut self) {
        let run = &self.run;
        let activities = run.activities.keys().map(|event| DutyId::Activity(*event));
        let children = run.children.iter().filter(|(_, child)| child.started.is_none());
        let children = children.map(|(event, _)| DutyId::StartChild(*event));
        let signals = run.signals_out.keys().map(|event| DutyId::SignalExternal(*event));
        let cancels = run.cancels_out.keys().map(|event| DutyId::CancelExternal(*event));
        let operations = run.nexus_operations.iter();
        let operations = operations.filter_map(|(event, operation)| match &operation.started {
            None => Some(DutyId::NexusStart(*event)),
            Some(_) => operation.owes_cancel().then_some(DutyId::NexusCancel(*event)),
        });
        let owed: Vec<DutyId> =
            activities.chain(children).chain(signals).chain(cancels).chain(operations).collect();
        for duty in owed {
            self.duty(duty);
        }
    }

    /// Changes the options of the new run.
    fn change_options(&mut self, asked: UpdateWorkflowOptions) -> Result<(), Refusal> {
        let options = asked.workflow_execution_options.unwrap_or_default();
        let mask = asked.update_mask.unwrap_or_default();
        let (_, event) = self.run.changed_options(options, &mask.paths)?;
        if let Some(updated) = event {
            self.event(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(updated));
        }
        Ok(())
    }
}
