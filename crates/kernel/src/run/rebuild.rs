//! A run made again from its history, for one whose stored state can't be read. Every event goes through the same fold
//! as in the live run.
//!
//! What a history does not tell can't be made again and begins anew; [`Run::told`] is the list of it. Nothing is lost
//! for good by that but the failure and heartbeat of attempts that go on: activities are dispatched once more, a
//! workflow task that left no trace is scheduled anew, duties towards others are fulfilled again, which their receivers
//! can tell. A history that does not hold together is refused, and the first event that is wrong is named.

use longhaul_proto::api::{
    enums::v1::WorkflowTaskFailedCause,
    history::v1::{HistoryEvent, WorkflowTaskFailedEventAttributes, history_event::Attributes},
};

use super::{
    Attached, Change, DutyId, Effects, Fact, Names, Run, Versions,
    event_type::event_type,
    state::{Branch, Control, FirstTask, MadeByReset, Phase, TaskKind},
    transition::Transition,
};
use crate::{
    codec::Pb,
    context::Context,
    ids::{NamespaceId, RunId},
    machine::Draw,
    nexus::Attempts,
    time::Timestamp,
};

/// The search attribute that tells of failing workflow tasks; no event tells of it.
const PROBLEMS: &str = "TemporalReportedProblems";

/// What is known of a run beside its history.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Its namespace.
    pub namespace: NamespaceId,
    /// Its workflow id.
    pub workflow_id: String,
    /// The run.
    pub run_id: RunId,
    /// Request id of its start, if it is known.
    pub create_request_id: String,
    /// Version of the record that is stored.
    pub version: u64,
    /// Where its history is.
    pub branches: Vec<Branch>,
    /// What the outbox says it owes.
    pub owed: Vec<DutyId>,
    /// Events that have waited for a workflow task to end, as far as readable records tell; they may be in the history
    /// by now.
    pub waited: Vec<HistoryEvent>,
}

/// Why a history can't be lived through again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The first event that is wrong, or that is missing.
    pub event_id: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "event {} of the history {}", self.event_id, self.why)
    }
}

impl std::error::Error for Broken {}

impl Run {
    /// Makes a run again and lets it go on. Its version is the one behind the stored record's.
    ///
    /// # Errors
    /// The first event that is wrong.
    pub fn rebuild(
        known: Known,
        events: &[HistoryEvent],
        context: &Context,
        at: Timestamp,
        draw: &mut Draw,
    ) -> Result<(Self, Effects), Broken> {
        let (owed, mut waited) = (known.owed.clone(), known.waited.clone());
        let mut run = Self::from_history(known, events)?;
        let mut t = Transition::new(&mut run, at, draw, context);
        // Also makes a transition of it whatever the run is doing.
        t.fact(Fact::Sticky(None));
        if t.run.is_running() {
            waited.retain(|event| !events.iter().any(|written| is_same(event, written)));
            for event in waited {
                if t.run.expects(&event) {
                    t.fact(Fact::Buffered(Box::new(Pb(event))));
                }
            }
            if !t.run.workflow_task_started() {
                t.flush();
            }
            t.resume_duties();
            match &t.run.workflow_task {
                Some(task) if task.started.is_none() => t.duty(DutyId::WorkflowTask),
                Some(_) => {}
                // What had come to a task that left no trace would be told to nobody; one task too many harms nobody.
                None => t.needs_task = true,
            }
        }
        for duty in owed.into_iter().filter(outlives_history) {
            t.duty(duty);
        }
        t.effects.visible = true;
        let effects = t.finish();
        Ok((run, effects))
    }

    /// The run as its history leaves it.
    ///
    /// # Errors
    /// The first event that is wrong.
    pub fn from_history(known: Known, events: &[HistoryEvent]) -> Result<Self, Broken> {
        let own = Branch { id: known.run_id.into(), last_event: i64::MAX };
        let mut run = Self {
            namespace: known.namespace,
            workflow_id: known.workflow_id,
            // The events before a reset were another run's.
            run_id: events.iter().find_map(reset_by).map_or(known.run_id, |(base, _)| base),
            create_request_id: known.create_request_id,
            next_event_id: 1,
            ..Self::default()
        };
        for event in events {
            run.check(event).map_err(|why| Broken { event_id: run.next_event_id, why })?;
            run.live_through(event);
        }
        if events.is_empty() {
            return Err(Broken { event_id: 1, why: "is missing" });
        }
        run.run_id = known.run_id;
        run.transitions = known.version;
        run.branches = if known.branches.is_empty() { vec![own] } else { known.branches };
        Ok(run)
    }

    /// Whether an event that has waited is news still. The firing of a timer comes again by itself.
    fn expects(&self, event: &HistoryEvent) -> bool {
        let activity = |scheduled_event_id: &i64| self.activities.get(scheduled_event_id).is_some();
        let child = |initiated_event_id: &i64| self.children.get(initiated_event_id).is_some();
        match &event.attributes {
            Some(
                Attributes::WorkflowExecutionSignaledEventAttributes(_)
                | Attributes::WorkflowExecutionCancelRequestedEventAttributes(_),
            ) => true,
            Some(Attributes::ActivityTaskStartedEventAttributes(a)) => activity(&a.scheduled_event_id),
            Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => activity(&a.scheduled_event_id),
            Some(Attributes::ActivityTaskFailedEventAttributes(a)) => activity(&a.scheduled_event_id),
            Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => activity(&a.scheduled_event_id),
            Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => activity(&a.scheduled_event_id),
            Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(a)) => child(&a.initiated_event_id),
            Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(a)) => {
                child(&a.initiated_event_id)
            }
            Some(Attributes::ChildWorkflowExecutionFailedEventAttributes(a)) => child(&a.initiated_event_id),
            Some(Attributes::ChildWorkflowExecutionCanceledEventAttributes(a)) => {
                child(&a.initiated_event_id)
            }
            Some(Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a)) => {
                child(&a.initiated_event_id)
            }
            Some(Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a)) => {
                child(&a.initiated_event_id)
            }
            _ => false,
        }
    }

    /// Folds an event of the history, and what goes with it in a live run.
    fn live_through(&mut self, event: &HistoryEvent) {
        match &event.attributes {
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(signaled))
                if !signaled.request_id.is_empty() =>
            {
                self.signal_request_ids.insert(signaled.request_id.clone());
            }
            Some(Attributes::WorkflowTaskScheduledEventAttributes(_)) => {
                self.first_task = FirstTask::Scheduled;
            }
            // Its id was used anew before its firing, which had waited, was written.
            Some(Attributes::TimerFiredEventAttributes(fired))
                if self
                    .timers
                    .get(&fired.timer_id)
                    .is_none_or(|timer| timer.started_event_id != fired.started_event_id) =>
            {
                self.fold(&Change::Flushed(Box::new(event.clone())));
                return;
            }
            _ => {
                if let Some((base, new)) = reset_by(event) {
                    self.run_id = base;
                    let at = event.event_time.as_ref().map_or_else(Timestamp::default, Timestamp::from_proto);
                    self.move_to(new, String::new(), at);
                }
            }
        }
        self.fold(&Change::Event(Box::new(event.clone())));
    }

    /// What is wrong with the next event, if anything is.
    fn check(&self, event: &HistoryEvent) -> Result<(), &'static str> {
        let Some(attributes) = &event.attributes else { return Err("has no attributes") };
        let is_start = matches!(attributes, Attributes::WorkflowExecutionStartedEventAttributes(_));
        if event.event_id != self.next_event_id {
            return Err("is missing");
        }
        if event.event_type != event_type(attributes) {
            return Err("is of another type than its attributes");
        }
        if is_start != (event.event_id == 1) {
            return Err(if is_start { "begins the run a second time" } else { "is no beginning" });
        }
        if self.closed.is_some() {
            return Err("comes after the end of the run");
        }
        self.check_task(attributes)?;
        let ended = |scheduled_event_id: &i64| self.activities.get(scheduled_event_id).is_some();
        let is_known = match attributes {
            Attributes::ActivityTaskStartedEventAttributes(a) => ended(&a.scheduled_event_id),
            Attributes::ActivityTaskCompletedEventAttributes(a) => ended(&a.scheduled_event_id),
            Attributes::ActivityTaskFailedEventAttributes(a) => ended(&a.scheduled_event_id),
            Attributes::ActivityTaskTimedOutEventAttributes(a) => ended(&a.scheduled_event_id),
            Attributes::ActivityTaskCanceledEventAttributes(a) => ended(&a.scheduled_event_id),
            _ => true,
        };
        if is_known { Ok(()) } else { Err("is about an activity that is not pending") }
    }

    fn check_task(&self, attributes: &Attributes) -> Result<(), &'static str> {
        let scheduled_event_id = match attributes {
            Attributes::WorkflowTaskStartedEventAttributes(a) => a.scheduled_event_id,
            Attributes::WorkflowTaskCompletedEventAttributes(a) => a.scheduled_event_id,
            Attributes::WorkflowTaskFailedEventAttributes(a) => a.scheduled_event_id,
            Attributes::WorkflowTaskTimedOutEventAttributes(a) => a.scheduled_event_id,
            _ => return Ok(()),
        };
        let pending = self.workflow_task.as_ref().map(|task| task.scheduled_event_id);
        if pending == Some(scheduled_event_id) {
            Ok(())
        } else {
            Err("is about a workflow task that is not pending")
        }
    }

    /// The part of a run that its history tells: what a run made again of its history has in common with the one that
    /// lived through it, as long as no event waits for a workflow task to end.
    pub fn told(&self) -> Self {
        let mut told = self.clone();
        told.forget_requests();
        told.forget_tasks();
        told.forget_attempts();
        told.forget_canceled();
        // When it was written, not what it says.
        (told.transitions, told.unseen_transitions) = (0, 0);
        (told.wake, told.duties) = (None, Names::default());
        told.in_memory = super::InMemory::default();
        // Where it stands on its way to other workers.
        told.versions = Versions { revision: 0, moving: None, told: None, ..told.versions };
        if let Some(closed) = &mut told.closed {
            closed.archived = None;
        }
        told
    }

    /// Who asked for it, where no event says so.
    fn forget_requests(&mut self) {
        self.create_request_id.clear();
        self.scheduled_by = None;
        self.cancel_request = self.cancel_request.take().map(|_| String::new());
        (self.reset_run, self.resets) = (None, Vec::new());
        self.made_by_reset = self.made_by_reset.take().map(|made| MadeByReset {
            origins: Vec::new(),
            request_id: None,
            ..made
        });
        // Rejected ones are in no history.
        self.admitted_updates = super::Table::default();
    }

    /// Workflow tasks that are in no history, and what is known of their workers.
    fn forget_tasks(&mut self) {
        (self.sticky, self.last_worker) = (None, None);
        (self.workflow_task_attempt, self.failed_workflow_tasks) = (1, 0);
        self.problem = Vec::new();
        self.search_attributes.remove(PROBLEMS);
        self.workflow_task = self.workflow_task.take().filter(|task| task.kind == TaskKind::Normal);
        if let Some(task) = &mut self.workflow_task {
            (task.original_scheduled_at, task.sticky) = (task.scheduled_at, None);
        }
    }

    /// Activities whose end was waiting for the workflow task that ended the run, and went with it: which of those that
    /// were to be canceled had no worker, and so had ended, is in no event.
    fn forget_canceled(&mut self) {
        if self.closed.is_none() {
            return;
        }
        let canceled = self.activities.iter().filter(|(_, activity)| activity.cancel_requested.is_some());
        let canceled: Vec<i64> = canceled.map(|(scheduled_event_id, _)| *scheduled_event_id).collect();
        canceled.iter().for_each(|scheduled_event_id| self.activities.remove(scheduled_event_id));
    }

    /// Attempts that are not over, and what operators did to them.
    fn forget_attempts(&mut self) {
        self.activities.change_all(|activity| {
            let control = std::mem::take(&mut activity.control);
            if let Some(original) = control.original {
                activity.scheduled = original;
            }
            activity.control = Control::default();
            (activity.attempt, activity.stamp, activity.phase) = (1, 0, Phase::Scheduled);
            activity.attempt_scheduled_at = activity.scheduled_at;
            (activity.heartbeat_details, activity.last_heartbeat) = (None, None);
            (activity.last_failure, activity.last_attempt_completed_at) = (None, None);
            (activity.last_started_at, activity.last_build, activity.last_version) = (None, None, None);
            activity.last_worker.clear();
        });
        self.nexus_operations.change_all(|operation| {
            operation.attempts = Attempts::default();
            if let Some(cancel) = &mut operation.cancel {
                cancel.attempts = Attempts::default();
            }
        });
        let attached = std::mem::take(&mut self.attached);
        let untried = attached.callbacks.into_iter().map(|callback| super::Registered {
            attempts: Attempts::default(),
            told: None,
            ..callback
        });
        self.attached = Attached { callbacks: untried.collect(), ..attached };
    }
}

/// Whether an event that has waited is this one of the history: it has got its id, and keeps its time.
fn is_same(waited: &HistoryEvent, written: &HistoryEvent) -> bool {
    waited.event_time == written.event_time && waited.event_type == written.event_type
}

/// Whether a duty can be known by the outbox alone: its event is behind it, and whether it was fulfilled is in no event.
const fn outlives_history(duty: &DutyId) -> bool {
    match duty {
        DutyId::ScheduleChild(_)
        | DutyId::NotifyParent
        | DutyId::CloseChild(_)
        | DutyId::NotifySchedule
        | DutyId::Callback(_)
        | DutyId::Archive => true,
        DutyId::StartChild(_)
        | DutyId::WorkflowTask
        | DutyId::Activity(_)
        | DutyId::SignalExternal(_)
        | DutyId::CancelExternal(_)
        | DutyId::NexusStart(_)
        | DutyId::NexusCancel(_) => false,
    }
}

/// The run that was reset, and the run that this made, if the event tells of a reset.
fn reset_by(event: &HistoryEvent) -> Option<(RunId, RunId)> {
    let Some(Attributes::WorkflowTaskFailedEventAttributes(failed)) = &event.attributes else { return None };
    let WorkflowTaskFailedEventAttributes { cause, base_run_id, new_run_id, .. } = failed;
    let is_reset = *cause == WorkflowTaskFailedCause::ResetWorkflow as i32;
    Some((RunId::parse(base_run_id)?, RunId::parse(new_run_id)?)).filter(|_| is_reset)
}

#[cfg(test)]
mod tests;
