//! Every deadline of a run, and which of them comes first. A run asks the store for one wake, at the earliest.

use crate::{
    codec::Pb,
    context::Context,
    run::{
        DutyId, Run, Update,
        state::{Activity, Child, FirstTask, Phase, TaskKind, Timer, WorkflowTask},
        table::Entry,
    },
    time::{Timestamp, positive},
};

/// What is due at a deadline. The order decides between deadlines of the same instant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// The chain of runs has used up its time.
    Execution,
    /// The run has used up its time.
    Run,
    /// The end of a fast-forward has come.
    FastForward,
    /// The first workflow task was delayed until now.
    FirstTask,
    /// A timer fires; with its started event for the order.
    Timer(i64, String),
    /// An activity's retry interval has passed.
    ActivityDue(i64),
    /// No worker has taken the activity in time.
    ScheduleToStart(i64),
    /// The activity has used up its time over all attempts.
    ScheduleToClose(i64),
    /// The attempt has used up its time.
    StartToClose(i64),
    /// The attempt has not reported in time.
    Heartbeat(i64),
    /// The wait for another attempt to start a Nexus operation is over.
    NexusDue(i64),
    /// The wait for another attempt to cancel a Nexus operation is over.
    NexusCancelDue(i64),
    /// The Nexus operation was not started in time.
    NexusScheduleToStart(i64),
    /// The Nexus operation has used up its time.
    NexusScheduleToClose(i64),
    /// The Nexus operation has used up its time since it was started.
    NexusStartToClose(i64),
    /// The sticky worker has not taken the workflow task in time.
    Sticky,
    /// The worker has not completed the workflow task in time.
    WorkflowTask,
    /// The wait for another attempt to tell a callback of the end is over.
    CallbackDue(u64),
    /// The closed run has been kept long enough.
    Retention,
}

impl Run {
    /// The earliest deadline's instant, of those that the store knows of.
    pub(super) fn earliest_deadline(&self, context: &Context) -> Option<Timestamp> {
        let stored = self.workflow_task.as_ref().filter(|task| task.kind != TaskKind::Speculative);
        self.next_deadline_with(stored, context).map(|(at, _)| at)
    }

    /// The deadline of a workflow task that is in memory alone.
    pub(super) fn speculative_deadline(&self, context: &Context) -> Option<Timestamp> {
        let task = self.workflow_task.as_ref().filter(|task| task.kind == TaskKind::Speculative)?;
        Some(match (&task.started, &task.sticky) {
            (Some(started), _) => started.at + task.timeout,
            (None, Some(sticky)) => task.scheduled_at + sticky.timeout,
            (None, None) => task.scheduled_at + context.limits.speculative_wait,
        })
    }

    /// The earliest deadline.
    pub(super) fn next_deadline(&self, context: &Context) -> Option<(Timestamp, Deadline)> {
        self.next_deadline_with(self.workflow_task.as_ref(), context)
    }

    fn next_deadline_with(
        &self,
        workflow_task: Option<&WorkflowTask>,
        context: &Context,
    ) -> Option<(Timestamp, Deadline)> {
        if let Some(closed) = self.close_time {
            // A run that is being archived goes when that is done, which wakes it.
            let waits = self.duties.contains(&DutyId::Archive);
            let retention = (!waits).then(|| (closed + context.retention, Deadline::Retention));
            return self.first_callback_due().into_iter().chain(retention).min();
        }
        let mut next = None;
        let mut consider = |at: Timestamp, deadline: Deadline| {
            let candidate = (at, deadline);
            if next.as_ref().is_none_or(|earliest| candidate < *earliest) {
                next = Some(candidate);
            }
        };
        if let Some(at) = self.execution_deadline {
            consider(at, Deadline::Execution);
        }
        if let Some(at) = self.run_deadline {
            consider(at, Deadline::Run);
        }
        if let Some(at) = self.fast_forward_target().filter(|_| !self.workflow_task_started()) {
            consider(at, Deadline::FastForward);
        }
        if let (FirstTask::Delayed, Some(at)) = (self.first_task, self.first_task_at) {
            consider(at, Deadline::FirstTask);
        }
        let timers = self.timers.first_due().into_iter();
        for (at, deadline) in
            timers.chain(self.activities.first_due()).chain(self.nexus_operations.first_due())
        {
            consider(*at, deadline.clone());
        }
        if let Some(task) = workflow_task {
            match (&task.started, &task.sticky) {
                (Some(started), _) => consider(started.at + task.timeout, Deadline::WorkflowTask),
                (None, Some(sticky)) => consider(task.scheduled_at + sticky.timeout, Deadline::Sticky),
                (None, None) if task.kind == TaskKind::Speculative => {
                    consider(task.scheduled_at + context.limits.speculative_wait, Deadline::Sticky);
                }
                (None, None) => {}
            }
        }
        next
    }
}

impl Entry<String> for Timer {
    fn deadlines(&self, id: &String, due: &mut impl FnMut(Timestamp, Deadline)) {
        due(self.fires_at, Deadline::Timer(self.started_event_id, id.clone()));
    }
}

impl Entry<i64> for Activity {
    fn deadlines(&self, id: &i64, due: &mut impl FnMut(Timestamp, Deadline)) {
        // Nothing of a paused activity is due: neither its next attempt nor the end of any time it has.
        if self.is_paused() {
            return;
        }
        let (id, scheduled) = (*id, &self.scheduled);
        if let Some(timeout) = positive(scheduled.schedule_to_close_timeout.as_ref()) {
            due(self.scheduled_at + timeout, Deadline::ScheduleToClose(id));
        }
        match &self.phase {
            Phase::Backoff => due(self.attempt_scheduled_at, Deadline::ActivityDue(id)),
            Phase::Scheduled => {
                if let Some(timeout) = positive(scheduled.schedule_to_start_timeout.as_ref()) {
                    due(self.attempt_scheduled_at + timeout, Deadline::ScheduleToStart(id));
                }
            }
            Phase::Started { at, .. } => {
                if let Some(timeout) = positive(scheduled.start_to_close_timeout.as_ref()) {
                    due(*at + timeout, Deadline::StartToClose(id));
                }
                if let Some(timeout) = positive(scheduled.heartbeat_timeout.as_ref()) {
                    let alive = self.last_heartbeat.map_or(*at, |heartbeat| heartbeat.max(*at));
                    due(alive + timeout, Deadline::Heartbeat(id));
                }
            }
        }
    }
}

// What else is pending has no deadline.
impl Entry<i64> for Child {}
impl<M: Clone> Entry<i64> for Pb<M> {}
impl Entry<String> for Update {}
impl Entry<String> for i64 {}
