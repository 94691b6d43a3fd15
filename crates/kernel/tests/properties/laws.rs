//! The laws: what holds after every step of every run.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use longhaul_kernel::{
    codec,
    context::Context,
    machine::{Draw, Machine as _},
    run::{Change, Delta, DutyId, Effects, Fact, FirstTask, Input, Known, Phase, Run, What},
    time::Timestamp,
};
use longhaul_proto::api::history::v1::{HistoryEvent, history_event::Attributes as E};

/// A run as it was remembered, and what is still open in its history.
pub struct Laws {
    /// The run that only ever saw changes.
    folded: Run,
    snapshot: Vec<u8>,
    deltas: Vec<Vec<u8>>,
    events: Vec<HistoryEvent>,
    /// What was begun and has not ended, by what it is and the event that began it.
    open: BTreeSet<(&'static str, i64)>,
    /// Activities and children whose start was told.
    started: BTreeSet<(&'static str, i64)>,
    /// The newest event that a worker has to see.
    news: i64,
    closed: bool,
}

impl Laws {
    pub fn of(run: &Run) -> Self {
        // What a run is called is not told by a change.
        let mut folded = Run::default();
        folded.namespace = run.namespace;
        folded.workflow_id.clone_from(&run.workflow_id);
        folded.run_id = run.run_id;
        folded.next_event_id = 1;
        Self {
            folded,
            snapshot: Vec::new(),
            deltas: Vec::new(),
            events: Vec::new(),
            open: BTreeSet::new(),
            started: BTreeSet::new(),
            news: 0,
            closed: false,
        }
    }

    /// A refusal changes nothing.
    pub fn refused(&self, before: &Run, after: &Run) {
        assert_eq!(before, after, "a refusal changes nothing");
    }

    /// The same input, time and draw give the same changes and the same bytes.
    pub fn repeated(&self, run: &Run, effects: &Effects, again: &Run, repeated: &Effects) {
        assert_eq!(effects.changes, repeated.changes);
        assert_eq!(run.snapshot(), again.snapshot());
    }

    pub fn stepped(&mut self, run: &Run, effects: &Effects, at: Timestamp) {
        self.folds(run, effects);
        self.restores(run, effects);
        for change in &effects.changes {
            match change {
                Change::Event(event) | Change::Flushed(event) => self.recorded(event, at),
                _ => {}
            }
        }
        self.closes(run, effects);
        self.owes(run);
        self.tells(run);
    }

    /// The fold of all changes is the live state, and every list of changes is one transition.
    fn folds(&mut self, run: &Run, effects: &Effects) {
        self.folded.create_request_id.clone_from(&run.create_request_id);
        for change in &effects.changes {
            self.folded.apply(change);
        }
        assert_eq!(self.folded, *run, "the fold of the changes is the live state");
        let ends = |change: &Change| *change == Change::Fact(Fact::Transitioned);
        let expected = usize::from(!effects.changes.is_empty());
        assert_eq!(effects.changes.iter().filter(|change| ends(change)).count(), expected);
        assert!(effects.changes.last().is_none_or(ends), "the transition ends the changes");
    }

    /// Snapshot, deltas and events restore the run, and the snapshot is read as it was written.
    fn restores(&mut self, run: &Run, effects: &Effects) {
        let mut stored = run.clone();
        // Only memory knows of it.
        stored.in_memory.closing = false;
        let snapshot = run.snapshot();
        assert_eq!(codec::decode::<Run>(&snapshot).expect("it was written by this binary"), stored);
        if self.snapshot.is_empty() {
            self.snapshot = snapshot;
        } else if !effects.changes.is_empty() {
            self.deltas.push(Delta::encode(&effects.changes));
        }
        for change in &effects.changes {
            if let Change::Event(event) | Change::Flushed(event) = change {
                self.events.push((**event).clone());
            }
        }
        let restored =
            Run::restore(&self.snapshot, &self.deltas, self.events.clone()).expect("it can be read");
        assert_eq!(restored, stored, "a stored run is the live run");
        if run.buffered.is_empty() {
            self.rebuilds(run);
        }
        if self.deltas.len() >= 16 {
            self.snapshot = run.snapshot();
            self.deltas.clear();
        }
    }

    /// The history alone makes the run again, but for what it does not tell.
    fn rebuilds(&self, run: &Run) {
        let known = Known {
            namespace: run.namespace,
            workflow_id: run.workflow_id.clone(),
            run_id: run.run_id,
            ..Known::default()
        };
        let rebuilt = Run::from_history(known, &self.events).expect("a history of ours holds together");
        assert_eq!(rebuilt.told(), run.told(), "a run made of its history is the live run");
    }

    /// Events are numbered without gaps; what began ends at most once, and nothing that did not begin ends.
    fn recorded(&mut self, event: &HistoryEvent, at: Timestamp) {
        let index = usize::try_from(event.event_id).expect("a positive id");
        assert_eq!(self.events[index - 1].event_id, event.event_id, "event ids have no gaps");
        assert!(!self.closed, "nothing happens after the end");
        let time = event.event_time.as_ref().map(Timestamp::from_proto).expect("an event has a time");
        assert!(time <= at, "no event is from the future");
        let attributes = event.attributes.as_ref().expect("an event has attributes");
        self.task_event(event.event_id, attributes);
        self.activity_event(event.event_id, attributes);
        self.external_event(event.event_id, attributes);
    }

    fn begin(&mut self, what: &'static str, id: i64) {
        assert!(self.open.insert((what, id)), "{what} {id} begins once");
    }

    fn start(&mut self, what: &'static str, id: i64) {
        assert!(self.open.contains(&(what, id)), "{what} {id} starts while it is open");
        assert!(self.started.insert((what, id)), "{what} {id} starts once");
    }

    fn end(&mut self, what: &'static str, id: i64, event: i64) {
        assert!(self.open.remove(&(what, id)), "{what} {id} ends once");
        self.news = event;
    }

    fn task_event(&mut self, id: i64, attributes: &E) {
        match attributes {
            E::WorkflowTaskScheduledEventAttributes(_) => {
                assert!(!self.open.iter().any(|(what, _)| *what == "task"), "one workflow task at a time");
                self.begin("task", id);
            }
            E::WorkflowTaskStartedEventAttributes(a) => self.start("task", a.scheduled_event_id),
            E::WorkflowTaskCompletedEventAttributes(a) => self.end_task(a.scheduled_event_id, true),
            E::WorkflowTaskFailedEventAttributes(a) => self.end_task(a.scheduled_event_id, true),
            E::WorkflowTaskTimedOutEventAttributes(a) => {
                self.end_task(a.scheduled_event_id, a.started_event_id != 0);
            }
            // An id may be used anew while the firing of its last timer is still buffered: events tell them apart.
            E::TimerStartedEventAttributes(_) => self.begin("timer", id),
            E::TimerFiredEventAttributes(a) => self.end("timer", a.started_event_id, id),
            E::TimerCanceledEventAttributes(a) => {
                assert!(self.open.remove(&("timer", a.started_event_id)), "a timer ends once");
            }
            E::WorkflowExecutionSignaledEventAttributes(_)
            | E::WorkflowExecutionCancelRequestedEventAttributes(_) => self.news = id,
            E::WorkflowExecutionCompletedEventAttributes(_)
            | E::WorkflowExecutionFailedEventAttributes(_)
            | E::WorkflowExecutionTimedOutEventAttributes(_)
            | E::WorkflowExecutionTerminatedEventAttributes(_)
            | E::WorkflowExecutionCanceledEventAttributes(_)
            | E::WorkflowExecutionContinuedAsNewEventAttributes(_) => self.closed = true,
            _ => {}
        }
    }

    fn end_task(&mut self, scheduled: i64, was_started: bool) {
        assert_eq!(self.started.contains(&("task", scheduled)), was_started);
        assert!(self.open.remove(&("task", scheduled)), "a task ends once");
    }

    fn activity_event(&mut self, id: i64, attributes: &E) {
        const WHAT: &str = "activity";
        match attributes {
            E::ActivityTaskScheduledEventAttributes(_) => self.begin(WHAT, id),
            E::ActivityTaskStartedEventAttributes(a) => self.start(WHAT, a.scheduled_event_id),
            E::ActivityTaskCompletedEventAttributes(a) => {
                self.follows_start(WHAT, a.scheduled_event_id, a.started_event_id);
                self.end(WHAT, a.scheduled_event_id, id);
            }
            E::ActivityTaskFailedEventAttributes(a) => {
                self.follows_start(WHAT, a.scheduled_event_id, a.started_event_id);
                self.end(WHAT, a.scheduled_event_id, id);
            }
            E::ActivityTaskTimedOutEventAttributes(a) => {
                self.follows_start(WHAT, a.scheduled_event_id, a.started_event_id);
                self.end(WHAT, a.scheduled_event_id, id);
            }
            E::ActivityTaskCanceledEventAttributes(a) => {
                self.follows_start(WHAT, a.scheduled_event_id, a.started_event_id);
                self.end(WHAT, a.scheduled_event_id, id);
            }
            _ => {}
        }
    }

    /// An end names the start of the same thing, if it started at all.
    fn follows_start(&self, what: &'static str, id: i64, started: i64) {
        assert_eq!(
            self.started.contains(&(what, id)),
            started != 0,
            "the end of {what} {id} names its start"
        );
        if started == 0 {
            return;
        }
        let index = usize::try_from(started - 1).expect("a positive id");
        let names = match &self.events[index].attributes {
            Some(E::ActivityTaskStartedEventAttributes(a)) => a.scheduled_event_id,
            Some(E::ChildWorkflowExecutionStartedEventAttributes(a)) => a.initiated_event_id,
            other => panic!("{other:?} is no start"),
        };
        assert_eq!(names, id);
    }

    fn external_event(&mut self, id: i64, attributes: &E) {
        const KID: &str = "child";
        let mut ended = |what, initiated: i64, started: Option<i64>| {
            if let Some(started) = started {
                self.follows_start(what, initiated, started);
            }
            self.end(what, initiated, id);
        };
        match attributes {
            E::ChildWorkflowExecutionCompletedEventAttributes(a) => {
                ended(KID, a.initiated_event_id, Some(a.started_event_id));
            }
            E::ChildWorkflowExecutionFailedEventAttributes(a) => {
                ended(KID, a.initiated_event_id, Some(a.started_event_id));
            }
            E::ChildWorkflowExecutionCanceledEventAttributes(a) => {
                ended(KID, a.initiated_event_id, Some(a.started_event_id));
            }
            E::ChildWorkflowExecutionTimedOutEventAttributes(a) => {
                ended(KID, a.initiated_event_id, Some(a.started_event_id));
            }
            E::ChildWorkflowExecutionTerminatedEventAttributes(a) => {
                ended(KID, a.initiated_event_id, Some(a.started_event_id));
            }
            E::StartChildWorkflowExecutionFailedEventAttributes(a) => ended(KID, a.initiated_event_id, None),
            E::SignalExternalWorkflowExecutionFailedEventAttributes(a) => {
                ended("signal", a.initiated_event_id, None)
            }
            E::ExternalWorkflowExecutionSignaledEventAttributes(a) => {
                ended("signal", a.initiated_event_id, None)
            }
            E::RequestCancelExternalWorkflowExecutionFailedEventAttributes(a) => {
                ended("cancel", a.initiated_event_id, None);
            }
            E::ExternalWorkflowExecutionCancelRequestedEventAttributes(a) => {
                ended("cancel", a.initiated_event_id, None);
            }
            E::StartChildWorkflowExecutionInitiatedEventAttributes(_) => self.begin(KID, id),
            E::ChildWorkflowExecutionStartedEventAttributes(a) => {
                self.start(KID, a.initiated_event_id);
                self.news = id;
            }
            E::SignalExternalWorkflowExecutionInitiatedEventAttributes(_) => self.begin("signal", id),
            E::RequestCancelExternalWorkflowExecutionInitiatedEventAttributes(_) => self.begin("cancel", id),
            _ => {}
        }
    }

    /// A closed run has nothing to dispatch, and only a closed run is followed by another.
    fn closes(&self, run: &Run, effects: &Effects) {
        assert_eq!(self.closed, !run.is_running());
        assert!(effects.next_run.is_none() || self.closed);
        if self.closed {
            let dispatches = |duty: &DutyId| matches!(duty, DutyId::WorkflowTask | DutyId::Activity(_));
            assert!(!run.duties.iter().any(dispatches), "a closed run dispatches nothing");
            assert!(!effects.duties.iter().any(dispatches), "a closed run dispatches nothing");
            assert!(run.buffered.is_empty());
        }
    }

    /// Whatever waits for somebody is owed to him, and nothing void is owed.
    fn owes(&self, run: &Run) {
        for duty in run.duties.iter() {
            assert!(run.duty(*duty).is_some(), "{duty:?} is owed and void");
        }
        if !run.is_running() {
            return;
        }
        let owed = |duty: DutyId| run.duties.contains(&duty);
        if run.workflow_task.as_ref().is_some_and(|task| task.started.is_none()) {
            assert!(owed(DutyId::WorkflowTask), "a scheduled workflow task is dispatched");
        }
        for (id, activity) in run.activities.iter() {
            assert_eq!(owed(DutyId::Activity(*id)), activity.phase == Phase::Scheduled, "activity {id}");
        }
        for (id, child) in run.children.iter() {
            assert_eq!(owed(DutyId::StartChild(*id)), child.started.is_none(), "child {id}");
        }
        assert!(run.signals_out.keys().all(|id| owed(DutyId::SignalExternal(*id))));
        assert!(run.cancels_out.keys().all(|id| owed(DutyId::CancelExternal(*id))));
    }

    /// News never lies about: a workflow task is there for it, or will be.
    fn tells(&self, run: &Run) {
        assert!(
            run.buffered.is_empty() || run.workflow_task_started(),
            "only a started task holds news back"
        );
        if run.is_running() && run.first_task == FirstTask::Scheduled && run.workflow_task.is_none() {
            assert!(self.news < run.last_completed_event_id, "event {} is told to nobody", self.news);
        }
    }

    /// A run that is not woken misses nothing: before its wake, time alone changes nothing.
    pub fn sleeps(&self, run: &Run, at: Timestamp, context: &Arc<Context>) {
        let almost = match run.wake {
            Some(wake) if wake <= at => return,
            Some(wake) => wake - Duration::from_nanos(1),
            None => at + Duration::from_secs(100 * 365 * 86_400),
        };
        let mut sleeping = run.clone();
        let input = Input { context: context.clone(), what: What::Tick, state_bytes: 0 };
        let effects = sleeping.step(input, almost, &mut Draw::new(0)).expect("a tick is not refused");
        assert!(effects.changes.is_empty(), "a deadline was due before the wake: {:?}", effects.changes);
        assert!(!effects.expired);
        assert_eq!(sleeping, *run);
    }
}
