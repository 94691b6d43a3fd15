//! One step in the making: gives events their ids, keeps the buffer and its order, and brings a step to its end.

use longhaul_proto::api::{
    common::v1::{Link, WorkerVersionCapabilities, WorkerVersionStamp},
    deployment::v1::WorkerDeploymentOptions,
    history::v1::{HistoryEvent, history_event::Attributes},
    sdk::v1::{EventGroupMarker, UserMetadata},
};

use super::{Change, DutyId, Effects, Fact, Reply, Run, event_type::event_type, state::FirstTask};
use crate::{codec::Pb, context::Context, deployment::VersionName, machine::Draw, time::Timestamp};

/// A worker that takes a task.
#[derive(Clone, Debug)]
pub(super) struct Taker {
    pub identity: String,
    /// Its build, if it tells one.
    pub build: Option<WorkerVersionStamp>,
    /// Its version, if it has one.
    pub version: Option<VersionName>,
}

impl Taker {
    /// One that tells no build.
    pub fn of(identity: &str) -> Self {
        Self { identity: identity.to_owned(), build: None, version: None }
    }

    /// The one that polls.
    pub fn polling(
        identity: &str,
        capabilities: Option<&WorkerVersionCapabilities>,
        deployment: Option<&WorkerDeploymentOptions>,
    ) -> Self {
        let build = capabilities.map(|told| WorkerVersionStamp {
            build_id: told.build_id.clone(),
            use_versioning: told.use_versioning,
        });
        Self { identity: identity.to_owned(), build, version: VersionName::of_worker(deployment) }
    }
}

/// A step in the making.
pub(super) struct Transition<'a> {
    pub run: &'a mut Run,
    pub at: Timestamp,
    pub draw: &'a mut Draw,
    pub context: &'a Context,
    pub effects: Effects,
    /// Bytes of the history as it was before the step.
    pub stored_bytes: u64,
    /// Whether something happened that a worker has to see.
    pub needs_task: bool,
    /// The worker that takes the next workflow task at once.
    pub taker: Option<Taker>,
    /// When the first of a row of heartbeating workflow tasks was scheduled, if the next one continues it.
    pub heartbeats_since: Option<Timestamp>,
    /// Markers of the command that is being carried out, for the events it leads to.
    pub markers: Vec<EventGroupMarker>,
    /// Updates rejected in this step.
    pub rejected: Vec<String>,
}

impl<'a> Transition<'a> {
    pub fn new(run: &'a mut Run, at: Timestamp, draw: &'a mut Draw, context: &'a Context) -> Self {
        Self {
            stored_bytes: run.history_bytes,
            run,
            at,
            draw,
            context,
            effects: Effects::default(),
            needs_task: false,
            taker: None,
            heartbeats_since: None,
            markers: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// Folds a change and remembers it.
    pub fn change(&mut self, change: Change) {
        if matters(&change) {
            self.settle_speculative(Some(""));
        }
        match &change {
            Change::Event(event) => self.effects.visible |= self.run.ends_paused(event),
            Change::Fact(Fact::Buffered(event)) => self.effects.visible |= self.run.ends_paused(event),
            Change::Flushed(_) | Change::Fact(_) | Change::Volatile(_) => {}
        }
        self.run.fold(&change);
        self.effects.changes.push(change);
    }

    /// Has the log tell of something larger than `limit`.
    pub fn warn_of(&mut self, what: &'static str, bytes: usize, limit: usize) {
        if bytes > limit {
            self.effects.warnings.push(super::Warning { what, bytes });
        }
    }

    /// Takes in what is remembered beside the history.
    pub fn fact(&mut self, fact: Fact) {
        self.change(Change::Fact(fact));
    }

    /// Appends an event, whatever the state of the workflow task, and answers its id.
    pub fn event(&mut self, attributes: Attributes) -> i64 {
        self.event_of(self.at, attributes, None, Vec::new())
    }

    /// Appends an event with its time, metadata and links.
    pub fn event_of(
        &mut self,
        time: Timestamp,
        attributes: Attributes,
        user_metadata: Option<UserMetadata>,
        links: Vec<Link>,
    ) -> i64 {
        let id = self.run.next_event_id;
        let event = self.draft(id, time, attributes, user_metadata, links);
        self.change(Change::Event(Box::new(event)));
        id
    }

    /// Appends an event from outside of the workflow task: buffers it while a worker has one.
    pub fn outside_event(&mut self, attributes: Attributes) {
        self.outside_event_of(attributes, None, Vec::new());
    }

    /// Appends or buffers an event with its metadata and links.
    pub fn outside_event_of(
        &mut self,
        attributes: Attributes,
        metadata: Option<UserMetadata>,
        links: Vec<Link>,
    ) {
        if self.run.workflow_task_started() {
            let event = self.draft(0, self.at, attributes, metadata, links);
            self.fact(Fact::Buffered(Box::new(Pb(event))));
        } else {
            self.event_of(self.at, attributes, metadata, links);
        }
    }

    /// Buffers an event that follows from a command: its place is behind what the task's commands write themselves.
    pub fn buffer_event(&mut self, attributes: Attributes) {
        let event = self.draft(0, self.at, attributes, None, Vec::new());
        self.fact(Fact::Buffered(Box::new(Pb(event))));
    }

    fn draft(
        &self,
        event_id: i64,
        time: Timestamp,
        attributes: Attributes,
        user_metadata: Option<UserMetadata>,
        links: Vec<Link>,
    ) -> HistoryEvent {
        let worker_may_ignore = matches!(
            attributes,
            Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(_)
                | Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(_)
                | Attributes::NexusOperationCancelRequestCompletedEventAttributes(_)
                | Attributes::NexusOperationCancelRequestFailedEventAttributes(_)
                | Attributes::WorkflowExecutionPausedEventAttributes(_)
                | Attributes::WorkflowExecutionUnpausedEventAttributes(_)
        );
        HistoryEvent {
            event_id,
            event_time: Some(time.to_proto()),
            event_type: event_type(&attributes),
            task_id: super::task_id(event_id),
            worker_may_ignore,
            user_metadata,
            links,
            event_group_markers: self.markers.clone(),
            attributes: Some(attributes),
            ..HistoryEvent::default()
        }
    }

    /// Gives the buffered events their ids: first all others, then the ends of activities and children, each group in
    /// its own order. So a "started" always precedes its end.
    pub fn flush(&mut self) {
        if self.run.buffered.is_empty() {
            return;
        }
        let (ends, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.run.buffered).into_iter().partition(|event| ends_something(event));
        let mut started = std::collections::BTreeMap::new();
        for mut event in others.into_iter().chain(ends).map(|event| event.0) {
            event.event_id = self.run.next_event_id;
            event.task_id = super::task_id(event.event_id);
            patch_started_id(&mut event, &mut started);
            self.change(Change::Flushed(Box::new(event)));
        }
        self.fact(Fact::BufferEmptied);
        self.needs_task = true;
    }

    /// Forgets the buffered events: the run closes and nobody will see them.
    pub fn drop_buffer(&mut self) {
        if !self.run.buffered.is_empty() {
            self.fact(Fact::BufferEmptied);
        }
    }

    /// Takes a duty upon the run. A duty that is there already is renewed.
    pub fn duty(&mut self, duty: DutyId) {
        self.fact(Fact::DutyPut(duty));
        if !self.effects.duties.contains(&duty) {
            self.effects.duties.push(duty);
        }
        self.effects.duties_done.retain(|done| *done != duty);
    }

    /// Rids the run of a duty, if it has it.
    pub fn duty_done(&mut self, duty: DutyId) {
        if self.run.duties.contains(&duty) {
            self.fact(Fact::DutyDone(duty));
            self.effects.duties.retain(|put| *put != duty);
            self.effects.duties_done.push(duty);
        }
    }

    /// Brings the step to its end: schedules the workflow task that is due and sets the wake.
    pub fn finish(mut self) -> Effects {
        if self.effects.expired {
            // The run goes as the store has it: nothing of it may change any more.
            return self.effects;
        }
        if self.run.is_running() {
            self.relieve_buffer();
            if self.needs_task && self.is_free() {
                self.schedule_workflow_task();
                if let Some(original_scheduled_at) = self.heartbeats_since {
                    self.fact(Fact::TaskHeartbeats { original_scheduled_at });
                }
                self.take_task();
            }
        } else {
            for duty in self.run.duties.iter().copied().collect::<Vec<_>>() {
                if matches!(
                    duty,
                    DutyId::WorkflowTask
                        | DutyId::Activity(_)
                        | DutyId::NexusStart(_)
                        | DutyId::NexusCancel(_)
                ) {
                    self.duty_done(duty);
                }
            }
        }
        if self.run.is_running() {
            self.skip_time();
        }
        self.set_wake();
        if self.effects.changes.iter().any(|change| !matches!(change, Change::Volatile(_))) {
            if self.effects.changes.iter().all(is_bookkeeping) {
                self.fact(Fact::Unseen);
            }
            self.fact(Fact::Transitioned);
        }
        if self.run.is_running() && self.is_free() && self.run.update_waits() {
            self.schedule_speculative_task();
            self.take_task();
        }
        self.effects.soon = self.run.speculative_deadline(self.context).map(|at| self.run.outside(at));
        self.effects
    }

    /// Whether a workflow task may be scheduled.
    fn is_free(&self) -> bool {
        self.run.workflow_task.is_none()
            && self.run.first_task == FirstTask::Scheduled
            && self.run.paused.is_none()
    }

    /// Gives the task just scheduled to the worker that waits for it, if there is one.
    fn take_task(&mut self) {
        let Some(taker) = self.taker.take() else { return };
        self.start_workflow_task("request-from-RespondWorkflowTaskCompleted", &taker);
        if let Reply::Completed { new_task, .. } = &mut self.effects.reply {
            *new_task = true;
        }
    }

    /// Asks the store for a wake at the earliest deadline. A wake that comes too early is harmless, so it is only
    /// moved when the deadline is earlier, or when it has passed, or with the commit that closes the run: otherwise
    /// every closed run would be woken once more, and cost a commit, only to learn that it is over.
    fn set_wake(&mut self) {
        let earliest = self.run.earliest_deadline(self.context);
        let may_stay = self.run.is_running();
        // The store wakes in the time of the run's surroundings.
        let earliest = earliest.map(|at| self.run.outside(at));
        let now = self.run.outside(self.at);
        let wake = match (self.run.wake, earliest) {
            (Some(wake), Some(earliest)) if may_stay && wake > now && wake <= earliest => return,
            // A wake with nothing to wake for is left to pass.
            (Some(wake), None) if may_stay && wake > now => return,
            (None, None) => return,
            (_, earliest) => earliest,
        };
        if wake == self.run.wake {
            return;
        }
        let old = self.run.wake;
        self.fact(Fact::Wake(wake));
        self.effects.wake = Some((old, wake));
    }
}

/// Whether a change is more than book-keeping: a task that is in memory alone can't stay so beside it.
const fn matters(change: &Change) -> bool {
    !matches!(change, Change::Volatile(_) | Change::Fact(Fact::Transitioned | Fact::Unseen | Fact::Wake(_)))
}

/// Whether a change is of no interest to people: they are not told of a transition that has no other.
pub(super) const fn is_bookkeeping(change: &Change) -> bool {
    matches!(
        change,
        Change::Volatile(_)
            | Change::Fact(
                Fact::Wake(_)
                    | Fact::DutyDone(_)
                    | Fact::DutyPut(_)
                    | Fact::ActivityDue { .. }
                    | Fact::Archived
                    | Fact::NexusAttemptDue { .. }
                    | Fact::CallbackDue { .. }
            )
    )
}

/// Whether the event ends an activity or a child.
fn ends_something(event: &HistoryEvent) -> bool {
    matches!(
        event.attributes,
        Some(
            Attributes::ActivityTaskCompletedEventAttributes(_)
                | Attributes::ActivityTaskFailedEventAttributes(_)
                | Attributes::ActivityTaskTimedOutEventAttributes(_)
                | Attributes::ActivityTaskCanceledEventAttributes(_)
                | Attributes::ChildWorkflowExecutionCompletedEventAttributes(_)
                | Attributes::ChildWorkflowExecutionFailedEventAttributes(_)
                | Attributes::ChildWorkflowExecutionCanceledEventAttributes(_)
                | Attributes::ChildWorkflowExecutionTimedOutEventAttributes(_)
                | Attributes::ChildWorkflowExecutionTerminatedEventAttributes(_)
                | Attributes::NexusOperationCompletedEventAttributes(_)
                | Attributes::NexusOperationFailedEventAttributes(_)
                | Attributes::NexusOperationCanceledEventAttributes(_)
                | Attributes::NexusOperationTimedOutEventAttributes(_)
        )
    )
}

/// Fills in the started event of an end whose start was buffered with it. `started` collects the ids of the starts,
/// by the event that scheduled or initiated them.
fn patch_started_id(event: &mut HistoryEvent, started: &mut std::collections::BTreeMap<i64, i64>) {
    let id = event.event_id;
    let patch = |key: i64, field: &mut i64| {
        if *field == 0
            && let Some(started) = started.get(&key)
        {
            *field = *started;
        }
    };
    match &mut event.attributes {
        Some(Attributes::ActivityTaskStartedEventAttributes(a)) => {
            started.insert(a.scheduled_event_id, id);
        }
        Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(a)) => {
            started.insert(a.initiated_event_id, id);
        }
        Some(Attributes::ActivityTaskCompletedEventAttributes(a)) => {
            patch(a.scheduled_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ActivityTaskFailedEventAttributes(a)) => {
            patch(a.scheduled_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ActivityTaskTimedOutEventAttributes(a)) => {
            patch(a.scheduled_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ActivityTaskCanceledEventAttributes(a)) => {
            patch(a.scheduled_event_id, &mut a.started_event_id)
        }
        Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(a)) => {
            patch(a.initiated_event_id, &mut a.started_event_id);
        }
        Some(Attributes::ChildWorkflowExecutionFailedEventAttributes(a)) => {
            patch(a.initiated_event_id, &mut a.started_event_id);
        }
        Some(Attributes::ChildWorkflowExecutionCanceledEventAttributes(a)) => {
            patch(a.initiated_event_id, &mut a.started_event_id);
        }
        Some(Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a)) => {
            patch(a.initiated_event_id, &mut a.started_event_id);
        }
        Some(Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a)) => {
            patch(a.initiated_event_id, &mut a.started_event_id);
        }
        _ => {}
    }
}
