//! The life of the workflow task: scheduled, started, failed, timed out. Completion is an input of its own.

use std::time::Duration;

use longhaul_proto::api::{
    common::v1::WorkerVersionStamp,
    enums::v1::{SuggestContinueAsNewReason as Reason, TaskQueueKind, TimeoutType, WorkflowTaskFailedCause},
    failure::v1::Failure,
    history::v1::{
        HistoryEvent, WorkflowTaskFailedEventAttributes, WorkflowTaskScheduledEventAttributes,
        WorkflowTaskStartedEventAttributes, WorkflowTaskTimedOutEventAttributes, history_event::Attributes,
    },
    taskqueue::v1::TaskQueue,
};

use prost::Message;

use super::{
    Change, DutyId, Fact, Run, Volatile,
    event_type::event_type,
    problems::Problem,
    state::{Sticky, TaskKind, TaskStarted, WorkflowTask},
    task_id,
    transition::{Taker, Transition},
};
use crate::{codec::Pb, time::to_proto};

/// Attempts that are given the plain timeout; later ones get more time.
const PLAIN_ATTEMPTS: i32 = 3;

impl Transition<'_> {
    /// Schedules a workflow task: with an event if it is the first attempt, without one if it is a retry.
    pub fn schedule_workflow_task(&mut self) {
        let attempt = self.run.workflow_task_attempt;
        let timeout = self.task_timeout(attempt);
        if attempt > 1 {
            let task = WorkflowTask {
                kind: TaskKind::Transient,
                scheduled_event_id: self.run.next_event_id,
                attempt,
                scheduled_at: self.at,
                original_scheduled_at: self.at,
                timeout,
                sticky: None,
                started: None,
            };
            self.fact(Fact::TaskScheduled(task));
        } else {
            let attributes = scheduled_attributes(self.run, self.run.sticky.as_ref(), timeout, 1);
            self.event(attributes);
        }
        self.duty(DutyId::WorkflowTask);
    }

    /// The time a worker has: more for each attempt after the third, so that a broken worker is asked ever less often.
    fn task_timeout(&mut self, attempt: i32) -> Duration {
        let plain = self.run.workflow_task_timeout();
        if attempt <= PLAIN_ATTEMPTS {
            return plain;
        }
        let doublings = u32::try_from(attempt - PLAIN_ATTEMPTS - 1).unwrap_or(0).min(16);
        let extra = Duration::from_secs(5 << doublings).min(self.context.limits.workflow_task_backoff_max);
        plain + extra.mul_f64(0.8 + 0.2 * (self.draw.number() % 1000) as f64 / 1000.0)
    }

    /// Gives the scheduled workflow task to a worker.
    pub fn start_workflow_task(&mut self, request_id: &str, taker: &Taker) {
        let could_move = self.meet(taker.version.as_ref());
        let Some(mut task) = self.run.workflow_task.clone() else { return };
        // Who goes by version sets, or has the run in its cache, is not told as the build of the task.
        let by_rules = taker.version.is_none() && !self.run.is_in_a_set();
        let build = taker.build.clone().filter(|build| !build.use_versioning || by_rules);
        let (is_led, redirects) = match &build {
            Some(build) if build.use_versioning => {
                (self.run.leaves_for(&build.build_id), self.run.redirects_with(&build.build_id))
            }
            _ => (false, 0),
        };
        let was = self.run.versions.builds.assigned.clone();
        let has_changed = task.scheduled_event_id != self.run.next_event_id || is_led;
        if task.kind == TaskKind::Transient && has_changed {
            // Something happened since: the task is no mere retry any more and gets real events.
            self.fact(Fact::NextTask { attempt: 1, failed: self.run.failed_workflow_tasks });
            let attributes = scheduled_attributes(self.run, None, task.timeout, 1);
            self.event_of(task.scheduled_at, attributes, None, Vec::new());
            task = self.run.workflow_task.clone().expect("the event just folded has set it");
        }
        let started = TaskStarted {
            event_id: task.scheduled_event_id + 1,
            at: self.at,
            request_id: request_id.to_owned(),
            identity: taker.identity.clone(),
            build: build.map(Pb),
            redirects,
            // A task started by the step that wrote its history is told of what was stored before.
            history_bytes: i64::try_from(self.stored_bytes).unwrap_or(i64::MAX),
            suggest_reasons: self.suggest_reasons(),
            could_move,
        };
        if could_move && task.kind != TaskKind::Speculative {
            self.tell_goal();
        }
        match task.kind {
            TaskKind::Normal => {
                let attributes = started_attributes(task.scheduled_event_id, &started);
                self.event(attributes);
            }
            TaskKind::Transient => self.fact(Fact::TaskStarted(started)),
            TaskKind::Speculative => self.change(Change::Volatile(Volatile::TaskStarted(started))),
        }
        self.effects.visible |= self.run.versions.builds.assigned != was;
        self.duty_done(DutyId::WorkflowTask);
        self.effects.duties.retain(|duty| *duty != DutyId::WorkflowTask);
        self.send_updates();
    }

    fn suggest_reasons(&self) -> Vec<i32> {
        let mut reasons = Vec::new();
        if self.stored_bytes >= self.context.limits.suggest_bytes {
            reasons.push(Reason::HistorySizeTooLarge as i32);
        }
        if self.run.next_event_id >= self.context.limits.suggest_events {
            reasons.push(Reason::TooManyHistoryEvents as i32);
        }
        let (updates, updates_max) = (self.updates() as f64, self.context.limits.updates_max as f64);
        if updates_max > 0.0 && updates >= updates_max * self.context.limits.suggest_updates {
            reasons.push(Reason::TooManyUpdates as i32);
        }
        reasons
    }

    /// Schedules a workflow task for the sake of updates alone. Nothing of it is stored: if it comes to nothing, it has
    /// never been.
    pub fn schedule_speculative_task(&mut self) {
        let task = WorkflowTask {
            kind: TaskKind::Speculative,
            scheduled_event_id: self.run.next_event_id,
            attempt: self.run.workflow_task_attempt,
            scheduled_at: self.at,
            original_scheduled_at: self.at,
            timeout: self.run.workflow_task_timeout(),
            sticky: self.run.sticky.clone(),
            started: None,
        };
        self.change(Change::Volatile(Volatile::TaskScheduled(task)));
        self.effects.duties.push(DutyId::WorkflowTask);
    }

    /// Something is about to be stored while a task is in memory alone. One that a worker has gets its events; one that
    /// nobody has makes way for a real one. `identity` stands in for the worker's, as the reference has it.
    pub fn settle_speculative(&mut self, identity: Option<&str>) {
        let Some(task) = self.run.workflow_task.clone().filter(|task| task.kind == TaskKind::Speculative)
        else {
            return;
        };
        self.change(Change::Volatile(Volatile::TaskEnded));
        let Some(mut started) = task.started else {
            self.effects.duties.retain(|duty| *duty != DutyId::WorkflowTask);
            self.needs_task = true;
            return;
        };
        if let Some(identity) = identity {
            started.identity = identity.to_owned();
            started.build = None;
        }
        let scheduled = scheduled_attributes(self.run, task.sticky.as_ref(), task.timeout, task.attempt);
        let scheduled_event_id = self.event_of(task.scheduled_at, scheduled, None, Vec::new());
        self.event_of(started.at, started_attributes(scheduled_event_id, &started), None, Vec::new());
    }

    /// Writes the scheduled event of a task that is in memory alone and that nobody has taken.
    fn write_unstarted(&mut self) {
        let Some(task) = self.run.workflow_task.clone().filter(|task| task.kind == TaskKind::Speculative)
        else {
            return;
        };
        self.change(Change::Volatile(Volatile::TaskEnded));
        let scheduled = scheduled_attributes(self.run, task.sticky.as_ref(), task.timeout, task.attempt);
        self.event_of(task.scheduled_at, scheduled, None, Vec::new());
        self.needs_task = false;
    }

    /// Writes the scheduled and started events of a task that completes and has none, so that history shows them. They
    /// tell the build of the worker that completes it.
    pub fn write_transient_events(&mut self, build: Option<&WorkerVersionStamp>) {
        let Some(mut task) = self.run.workflow_task.clone() else { return };
        if task.kind == TaskKind::Speculative {
            self.settle_speculative(None);
        }
        if task.kind != TaskKind::Transient {
            return;
        }
        let Some(mut started) = task.started.take() else { return };
        // Rules have assigned the run when its task was started; who goes by version sets is not told.
        let by_rules = self.run.versions.builds.assigned.is_some();
        started.build = build.filter(|build| !build.use_versioning || by_rules).cloned().map(Pb);
        let scheduled = scheduled_attributes(self.run, task.sticky.as_ref(), task.timeout, task.attempt);
        let scheduled_event_id = self.event_of(task.scheduled_at, scheduled, None, Vec::new());
        let started_at = started.at;
        self.event_of(started_at, started_attributes(scheduled_event_id, &started), None, Vec::new());
    }

    /// Ends the started workflow task as failed; its successor is scheduled when the step ends.
    pub fn fail_workflow_task(
        &mut self,
        cause: WorkflowTaskFailedCause,
        failure: Option<Failure>,
        identity: &str,
    ) {
        self.fail_workflow_task_of(cause as i32, failure, identity, "");
    }

    /// As [`Self::fail_workflow_task`], with the checksum of the worker's program and a cause that a newer worker may
    /// know and this server not.
    #[allow(deprecated)]
    pub fn fail_workflow_task_of(
        &mut self,
        cause: i32,
        failure: Option<Failure>,
        identity: &str,
        binary_checksum: &str,
    ) {
        self.settle_speculative(None);
        let Some(task) = self.run.workflow_task.clone() else { return };
        if task.kind == TaskKind::Normal {
            let attributes = WorkflowTaskFailedEventAttributes {
                scheduled_event_id: task.scheduled_event_id,
                started_event_id: task.started.map_or(0, |started| started.event_id),
                cause,
                failure,
                identity: identity.to_owned(),
                binary_checksum: binary_checksum.to_owned(),
                ..Default::default()
            };
            self.event(Attributes::WorkflowTaskFailedEventAttributes(attributes));
        } else {
            self.fact(Fact::TaskEnded);
        }
        self.after_failed_task(true);
        self.report_problem(Problem::Failed(WorkflowTaskFailedCause::try_from(cause).unwrap_or_default()));
    }

    /// Takes the workflow task from its worker if more has happened meanwhile than the buffer holds. The next one
    /// counts as another attempt and has its events all the same, for it has news to tell.
    pub fn relieve_buffer(&mut self) {
        if !self.buffer_is_full() {
            return;
        }
        let attempt = self.run.workflow_task_attempt + 1;
        self.fail_workflow_task(WorkflowTaskFailedCause::ForceCloseCommand, None, "history-service");
        self.fact(Fact::NextTask { attempt, failed: self.run.failed_workflow_tasks });
        let timeout = self.task_timeout(attempt);
        self.event(scheduled_attributes(self.run, None, timeout, attempt));
        self.duty(DutyId::WorkflowTask);
        self.needs_task = false;
    }

    fn buffer_is_full(&self) -> bool {
        let (buffered, limits) = (&self.run.buffered, &self.context.limits);
        // The events are only measured when one has come.
        let has_come = || self.effects.changes.iter().any(|c| matches!(c, Change::Fact(Fact::Buffered(_))));
        buffered.len() > limits.buffered_events_max
            || !buffered.is_empty()
                && has_come()
                && buffered.iter().map(|event| event.0.encoded_len()).sum::<usize>()
                    > limits.buffered_bytes_max
    }

    /// Ends the workflow task because its time is up.
    pub fn time_out_workflow_task(&mut self, timeout_type: TimeoutType) {
        if timeout_type == TimeoutType::ScheduleToStart {
            self.write_unstarted();
        }
        self.settle_speculative(Some(""));
        let Some(task) = self.run.workflow_task.clone() else { return };
        if task.kind == TaskKind::Normal {
            let attributes = WorkflowTaskTimedOutEventAttributes {
                scheduled_event_id: task.scheduled_event_id,
                started_event_id: task.started.map_or(0, |started| started.event_id),
                timeout_type: timeout_type as i32,
            };
            self.event(Attributes::WorkflowTaskTimedOutEventAttributes(attributes));
        } else {
            self.fact(Fact::TaskEnded);
        }
        self.duty_done(DutyId::WorkflowTask);
        self.after_failed_task(timeout_type == TimeoutType::StartToClose);
        if timeout_type == TimeoutType::StartToClose {
            self.report_problem(Problem::TimedOut(timeout_type));
        }
    }

    /// The task that followed an attempt to close the run is over.
    pub fn end_closing(&mut self) {
        if self.run.in_memory.closing {
            self.change(Change::Volatile(Volatile::Closing(false)));
        }
    }

    /// Decides what the next attempt is like. A sticky worker costs no attempt: the task goes to the normal queue.
    fn after_failed_task(&mut self, counts: bool) {
        self.recall_updates();
        self.end_closing();
        let was_sticky = self.run.sticky.is_some();
        if was_sticky {
            self.fact(Fact::Sticky(None));
        }
        let failed = self.run.failed_workflow_tasks + i32::from(counts);
        let mut attempt = self.run.workflow_task_attempt + i32::from(counts && !was_sticky);
        if !self.run.buffered.is_empty() {
            // The next task has news to tell and needs events of its own.
            attempt = 1;
        }
        self.fact(Fact::NextTask { attempt, failed });
        self.flush();
        self.needs_task = true;
    }
}

impl Run {
    /// The events of a retried workflow task that are not in the history but belong to what its worker sees.
    pub fn transient_events(&self) -> Vec<HistoryEvent> {
        let Some(task) = self.workflow_task.as_ref().filter(|task| task.kind != TaskKind::Normal) else {
            return Vec::new();
        };
        let event = |event_id: i64, at: crate::time::Timestamp, attributes: Attributes| HistoryEvent {
            event_id,
            event_time: Some(at.to_proto()),
            event_type: event_type(&attributes),
            task_id: task_id(event_id),
            attributes: Some(attributes),
            ..HistoryEvent::default()
        };
        let id = self.next_event_id;
        let mut events = vec![event(
            id,
            task.scheduled_at,
            scheduled_attributes(self, task.sticky.as_ref(), task.timeout, task.attempt),
        )];
        if let Some(started) = &task.started {
            // Whoever reads a retry sees no identity, as on the reference: it is not known who will complete it.
            let anonymous = TaskStarted { identity: String::new(), build: None, ..started.clone() };
            events.push(event(id + 1, started.at, started_attributes(id, &anonymous)));
        }
        events
    }

    /// The queue the pending workflow task is dispatched on.
    pub fn dispatch_queue(&self) -> TaskQueue {
        queue(self, self.workflow_task.as_ref().and_then(|task| task.sticky.as_ref()))
    }
}

/// A queue in the form of the API: a worker's sticky one, which names the normal one, or the normal one.
fn queue(run: &Run, sticky: Option<&Sticky>) -> TaskQueue {
    match sticky {
        Some(sticky) => TaskQueue {
            name: sticky.queue.clone(),
            kind: TaskQueueKind::Sticky as i32,
            normal_name: run.task_queue().to_owned(),
        },
        None => TaskQueue {
            name: run.task_queue().to_owned(),
            kind: TaskQueueKind::Normal as i32,
            normal_name: String::new(),
        },
    }
}

fn scheduled_attributes(run: &Run, sticky: Option<&Sticky>, timeout: Duration, attempt: i32) -> Attributes {
    Attributes::WorkflowTaskScheduledEventAttributes(WorkflowTaskScheduledEventAttributes {
        task_queue: Some(queue(run, sticky)),
        start_to_close_timeout: Some(to_proto(timeout)),
        attempt,
    })
}

// The build is deprecated in the API, and still told.
#[allow(deprecated)]
fn started_attributes(scheduled_event_id: i64, started: &TaskStarted) -> Attributes {
    Attributes::WorkflowTaskStartedEventAttributes(WorkflowTaskStartedEventAttributes {
        scheduled_event_id,
        identity: started.identity.clone(),
        request_id: started.request_id.clone(),
        suggest_continue_as_new: !started.suggest_reasons.is_empty(),
        suggest_continue_as_new_reasons: started.suggest_reasons.clone(),
        history_size_bytes: started.history_bytes,
        worker_version: started.build.as_ref().map(|build| build.0.clone()),
        build_id_redirect_counter: started.redirects,
        target_worker_deployment_version_changed: started.could_move,
    })
}
