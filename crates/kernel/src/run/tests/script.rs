//! Scripts: steps between semicolons or on lines of their own, played against a run and a store that wakes it.
//! Beside what a script expects, every script checks what must always hold: a refusal changes nothing, and the stored
//! form of the run restores it.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::{
            Callback, FastForwardConfig, Memo, Priority, TimeSkippingConfig, WorkflowExecution, WorkflowType,
        },
        enums::v1::{TaskQueueKind, WorkflowTaskFailedCause},
        history::v1::{HistoryEvent, history_event::Attributes},
        taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
        workflow::v1::{VersioningOverride, versioning_override::Override},
        workflowservice::v1::{
            PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest,
            RespondWorkflowTaskFailedRequest, SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
        },
    },
};

use super::{commands, operators, transcript, words};
use crate::{
    context::{Context, Limits},
    ids::{NamespaceId, RunId},
    machine::{Draw, Machine as _},
    run::{
        ActivityEnd, ActivityRef, ActivityStart, Attachment, CancelRequest, Change, Delta, DutyId, Effects,
        Input, Known, LastWorker, NextRun, OptionsChange, ParentPlace, Run, Signal, StartOrigin, TaskRef,
        Termination, What, WorkflowTaskCompletion, WorkflowTaskStart, from_request,
    },
    time::{Timestamp, to_proto},
    visibility::Attributes as SearchAttributes,
    workflow_rule,
};
use words::Words;

/// When every script begins: the first second of 2026.
pub const BEGIN: Timestamp = Timestamp::from_secs(1_767_225_600);

/// Plays a script and answers its transcript.
pub fn transcript(script: &str) -> String {
    let has_prelude = script.lines().any(|line| line.trim() == "--");
    let mut player = Player::new(!has_prelude);
    for line in script.lines() {
        if line.trim() == "--" {
            player.shows = true;
            continue;
        }
        for step in line.split(';').map(str::trim).filter(|step| !step.is_empty()) {
            player.play(step);
        }
    }
    transcript::rename(player.out, &player.names)
}

struct Player {
    run: Run,
    at: Timestamp,
    draw: Draw,
    limits: Limits,
    rules: workflow_rule::Kept,
    /// The workflow task that the worker holds, as its token tells it.
    task: TaskRef<()>,
    /// Activity tasks that were handed out, by activity id: scheduled event, attempt.
    tokens: BTreeMap<String, (i64, i32)>,
    stored: Stored,
    next: Option<Box<NextRun>>,
    names: Vec<(String, String)>,
    out: String,
    shows: bool,
}

/// A run as a store keeps it.
#[derive(Default)]
struct Stored {
    snapshot: Vec<u8>,
    deltas: Vec<Vec<u8>>,
    events: Vec<HistoryEvent>,
}

impl Player {
    fn new(shows: bool) -> Self {
        Self {
            run: Run::default(),
            at: BEGIN,
            draw: Draw::new(7),
            limits: Limits::default(),
            rules: BTreeMap::new(),
            task: TaskRef {
                scheduled_event_id: 0,
                started_event_id: 0,
                started_at: BEGIN,
                attempt: 0,
                request: (),
            },
            tokens: BTreeMap::new(),
            stored: Stored::default(),
            next: None,
            names: vec![(RunId::from_bytes([1; 16]).to_string(), "run-1".into())],
            out: String::new(),
            shows,
        }
    }

    fn context(&self) -> Arc<Context> {
        Arc::new(Context {
            namespace: "default".into(),
            other_namespaces: Arc::new(vec!["other".into()]),
            retention: words::duration("1d"),
            archives: false,
            endpoints: Arc::default(),
            limits: Arc::new(self.limits.clone()),
            attributes: Arc::new(SearchAttributes::system()),
            routes: Arc::default(),
            rules: Arc::new(workflow_rule::Rules::of(&self.rules)),
        })
    }

    fn play(&mut self, step: &str) {
        let (head, rest) = step.split_once(':').unwrap_or((step, ""));
        let w = Words::of(head);
        match w.word(0).as_str() {
            "start" => self.start(&w),
            "wait" => self.wait(&w),
            "late" => self.at = self.at + words::duration(&w.word(1)),
            "limit" => self.limit(&w),
            "rule" => {
                let rule = operators::pausing_rule(&w.text("field"), &w.text("is"));
                self.rules.insert("rule".into(), rule);
            }
            "no-rule" => self.rules.clear(),
            "show" => self.say(&transcript::state(&self.run)),
            "wake" => {
                let wake = self.run.wake.map_or_else(|| "never".into(), transcript::time);
                self.say(&format!("wakes at {wake}"));
            }
            "owes" => self.say(&format!("owes {}", transcript::owed(&self.run, duty(&w)))),
            "follow" => self.follow(),
            "poll" => self.poll(&w),
            "poll-activity" => self.poll_activity(&w),
            "complete" => self.complete(&w, rest),
            "fail-task" => self.fail_task(&w),
            _ => {
                let what = self.plain(&w);
                self.step(what);
            }
        }
    }

    /// Makes one step and says what came of it.
    fn step(&mut self, what: What) -> bool {
        let before = self.run.clone();
        let input = Input { context: self.context(), what, state_bytes: self.state_bytes() };
        match self.run.step(input, self.at, &mut self.draw) {
            Err(refusal) => {
                assert_eq!(before, self.run, "a refusal changes nothing");
                self.say(&format!("refused: {}", text(&refusal)));
                assert!(self.shows, "refused before the dashes: {}", text(&refusal));
                false
            }
            Ok(effects) => {
                self.store(&effects);
                for line in transcript::effects(&self.run, &effects, self.at) {
                    self.say(&line);
                }
                self.take(effects)
            }
        }
    }

    /// Remembers what later steps refer to; answers whether the run is past its retention.
    fn take(&mut self, effects: Effects) -> bool {
        if let Some(task) = &self.run.workflow_task
            && let Some(started) = &task.started
        {
            self.task = TaskRef {
                scheduled_event_id: task.scheduled_event_id,
                started_event_id: started.event_id,
                started_at: started.at,
                attempt: task.attempt,
                request: (),
            };
        }
        let expired = effects.expired;
        if let Some(next) = effects.next_run {
            self.names.push((next.run.run_id.to_string(), format!("run-{}", self.names.len() + 1)));
            for line in transcript::effects(&next.run, &next.effects, self.at) {
                self.say(&format!("    {line}"));
            }
            self.next = Some(next);
        }
        expired
    }

    /// Keeps the step as a store would, and checks that the run can be had back from it.
    fn store(&mut self, effects: &Effects) {
        if effects.changes.is_empty() {
            return;
        }
        if self.stored.snapshot.is_empty() {
            self.stored.snapshot = self.run.snapshot();
        } else {
            self.stored.deltas.push(Delta::encode(&effects.changes));
        }
        for change in &effects.changes {
            if let Change::Event(event) | Change::Flushed(event) = change {
                self.stored.events.push((**event).clone());
            }
        }
        let Stored { snapshot, deltas, events } = &self.stored;
        let mut restored =
            Run::restore(snapshot, deltas, events.clone()).expect("what was stored can be read");
        restored.in_memory.closing = self.run.in_memory.closing;
        assert_eq!(restored, self.run, "a stored run is the live run");
        if self.run.buffered.is_empty() {
            let known = Known {
                namespace: self.run.namespace,
                workflow_id: self.run.workflow_id.clone(),
                run_id: self.run.run_id,
                ..Known::default()
            };
            let rebuilt = Run::from_history(known, events).expect("a history of ours holds together");
            assert_eq!(rebuilt.told(), self.run.told(), "a run made of its history is the live run");
        }
    }

    fn say(&mut self, line: &str) {
        if self.shows {
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    fn start(&mut self, w: &Words) {
        let is_child = w.has("child");
        let request = StartWorkflowExecutionRequest {
            workflow_id: w.word(1),
            workflow_type: Some(WorkflowType { name: "type".into() }),
            task_queue: Some(TaskQueue { name: "q".into(), ..TaskQueue::default() }),
            input: w.option("input").map(|input| words::payloads(&input)),
            workflow_execution_timeout: w.duration("execution_timeout"),
            workflow_run_timeout: w.duration("run_timeout"),
            workflow_task_timeout: w.duration("task_timeout"),
            identity: "client".into(),
            request_id: "start-request".into(),
            retry_policy: commands::retry_policy(w),
            cron_schedule: w.text("cron").replace('_', " "),
            memo: w
                .option("memo")
                .map(|value| Memo { fields: [("k".into(), words::payload(&value))].into() }),
            workflow_start_delay: w.duration("delay"),
            time_skipping_config: w.has("skip").then(|| skipping(w)),
            priority: w
                .option("priority")
                .map(|key| Priority { priority_key: key.parse().expect("a number"), ..Priority::default() }),
            ..StartWorkflowExecutionRequest::default()
        };
        let namespace = NamespaceId::from_bytes([9; 16]);
        let parent = is_child.then(|| ParentPlace {
            execution: parent(),
            namespace: "default".into(),
            namespace_id: namespace,
            initiated_event_id: 5,
            root: parent(),
            time_skipping: None,
        });
        let signal = w.option("signal").map(|name| Box::new(signal(name, w)));
        let origin = StartOrigin { parent, signal, eager: w.has("eager"), ..StartOrigin::default() };
        let run_id = RunId::from_bytes([1; 16]);
        let start = from_request(request, origin, namespace, run_id, self.at, &self.context());
        self.step(What::Start(Box::new(start)));
    }

    /// Lets time pass; the store wakes the run when it asked for it.
    fn wait(&mut self, w: &Words) {
        let until = self.at + words::duration(&w.word(1));
        let mut wakes = 0;
        while let Some(wake) = self.run.wake.filter(|wake| *wake <= until) {
            self.at = self.at.max(wake);
            let said = self.out.len();
            let expired = self.step(What::Tick);
            if self.out.len() > said {
                self.out.insert_str(said, &format!("at {}:\n", transcript::time(self.at)));
            }
            if expired {
                break;
            }
            wakes += 1;
            assert!(wakes < 1000, "the run is woken again and again");
        }
        self.at = until;
    }

    fn limit(&mut self, w: &Words) {
        let number = |name: &str| usize::try_from(w.int(name)).expect("a size");
        for (name, limit) in [
            ("activities", &mut self.limits.pending_activities_max),
            ("children", &mut self.limits.pending_children_max),
            ("signals_out", &mut self.limits.pending_signals_max),
            ("cancels_out", &mut self.limits.pending_cancels_max),
            ("blob", &mut self.limits.blob_bytes_max),
            ("memo", &mut self.limits.memo_bytes_max),
            ("failure", &mut self.limits.failure_bytes_max),
            ("buffered", &mut self.limits.buffered_events_max),
            ("callbacks", &mut self.limits.callbacks_max),
            ("buffered_bytes", &mut self.limits.buffered_bytes_max),
            ("reset_points", &mut self.limits.reset_points_max),
        ] {
            if w.option(name).is_some() {
                *limit = number(name);
            }
        }
        if w.option("signals").is_some() {
            self.limits.signals_max = w.int("signals").into();
        }
        for (name, limit) in [
            ("history_bytes", &mut self.limits.history_bytes_max),
            ("state_bytes", &mut self.limits.state_bytes_max),
            ("transaction", &mut self.limits.transaction_bytes_max),
        ] {
            if w.option(name).is_some() {
                *limit = number(name) as u64;
            }
        }
        if w.option("history_events").is_some() {
            self.limits.history_events_max = w.int("history_events").into();
        }
        if w.option("suggest_events").is_some() {
            self.limits.suggest_events = w.int("suggest_events").into();
        }
    }

    /// Bytes of the state as a store has it.
    fn state_bytes(&self) -> u64 {
        let deltas: usize = self.stored.deltas.iter().map(Vec::len).sum();
        (self.stored.snapshot.len() + deltas) as u64
    }

    /// Goes on with the run that followed the last one.
    fn follow(&mut self) {
        let next = self.next.take().expect("a run that follows");
        self.run = next.run;
        let events = next.effects.changes.iter().filter_map(|change| match change {
            Change::Event(event) | Change::Flushed(event) => Some((**event).clone()),
            Change::Fact(_) | Change::Volatile(_) => None,
        });
        self.stored = Stored { snapshot: self.run.snapshot(), events: events.collect(), ..Stored::default() };
        self.tokens.clear();
    }

    fn poll(&mut self, w: &Words) {
        let pending =
            self.run.workflow_task.as_ref().map_or((0, 0), |task| (task.scheduled_event_id, task.attempt));
        let kind = if w.has("sticky") { TaskQueueKind::Sticky } else { TaskQueueKind::Normal };
        let name = w.option("queue").unwrap_or_else(|| "q".into());
        let poll = PollWorkflowTaskQueueRequest {
            task_queue: Some(TaskQueue { name, kind: kind as i32, ..TaskQueue::default() }),
            identity: w.option("as").unwrap_or_else(|| "worker".into()),
            ..PollWorkflowTaskQueueRequest::default()
        };
        self.step(What::WorkflowTaskStarted(WorkflowTaskStart {
            scheduled_event_id: w.option("event").map_or(pending.0, |_| w.int("event").into()),
            attempt: w.option("attempt").map_or(pending.1, |_| w.int("attempt")),
            request_id: w.option("request").unwrap_or_else(|| "poll".into()),
            poll: poll.into(),
        }));
    }

    fn poll_activity(&mut self, w: &Words) {
        let id = w.word(1);
        let pending =
            self.run.activity_by_id(&id).map(|(event, activity)| (event, activity.attempt, activity.stamp));
        let (event, attempt, stamp) = pending.unwrap_or((w.int("event").into(), 1, 0));
        let attempt = w.option("attempt").map_or(attempt, |_| w.int("attempt"));
        self.tokens.insert(id, (event, attempt));
        let poll = PollActivityTaskQueueRequest {
            identity: w.option("as").unwrap_or_else(|| "worker".into()),
            ..PollActivityTaskQueueRequest::default()
        };
        self.step(What::ActivityStarted(ActivityStart {
            scheduled_event_id: event,
            attempt,
            stamp: w.option("stamp").map_or(stamp, |_| w.int("stamp")),
            request_id: w.option("request").unwrap_or_else(|| "poll".into()),
            poll: poll.into(),
        }));
    }

    fn complete(&mut self, w: &Words, commands: &str) {
        let sticky = w.option("sticky").map(|name| StickyExecutionAttributes {
            worker_task_queue: Some(TaskQueue { name, ..TaskQueue::default() }),
            schedule_to_start_timeout: Some(to_proto(words::duration("5s"))),
        });
        let request = RespondWorkflowTaskCompletedRequest {
            commands: commands::parse(commands),
            identity: w.option("as").unwrap_or_else(|| "worker".into()),
            sticky_attributes: sticky,
            force_create_new_workflow_task: w.has("force-new-task"),
            return_new_workflow_task: w.has("return-new-task"),
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        let task = self.task_ref(request);
        let worker = LastWorker { sdk_name: "sdk".into(), sdk_version: "1".into() };
        let completion = WorkflowTaskCompletion { task, worker, overflows: w.has("overflows") };
        self.step(What::WorkflowTaskCompleted(Box::new(completion)));
    }

    fn fail_task(&mut self, w: &Words) {
        let cause = if w.has("too-large") {
            WorkflowTaskFailedCause::GrpcMessageTooLarge
        } else {
            WorkflowTaskFailedCause::WorkflowWorkerUnhandledFailure
        };
        let request = RespondWorkflowTaskFailedRequest {
            cause: cause as i32,
            failure: Some(w.failure(1)),
            identity: "worker".into(),
            ..RespondWorkflowTaskFailedRequest::default()
        };
        let task = self.task_ref(request);
        self.step(What::WorkflowTaskFailed(Box::new(task)));
    }

    fn task_ref<R>(&self, request: R) -> TaskRef<R> {
        let TaskRef { scheduled_event_id, started_event_id, started_at, attempt, .. } = self.task;
        TaskRef { scheduled_event_id, started_event_id, started_at, attempt, request }
    }

    /// What an activity's worker says: by the token it was given, or by the id.
    fn end<T>(&self, w: &Words, outcome: T) -> ActivityEnd<T> {
        let id = w.word(1);
        let activity = match self.tokens.get(&id).filter(|_| !w.has("by-id")) {
            Some((scheduled_event_id, attempt)) => {
                ActivityRef::Token { scheduled_event_id: *scheduled_event_id, attempt: *attempt }
            }
            None => ActivityRef::Id(id),
        };
        ActivityEnd { activity, identity: w.option("as").unwrap_or_else(|| "worker".into()), outcome }
    }

    /// The steps that are an input and nothing else.
    fn plain(&self, w: &Words) -> What {
        let details = || w.option("details").map(|details| words::payloads(&details));
        let event = |index| w.number(index);
        match w.word(0).as_str() {
            "tick" => What::Tick,
            "schedule-first-task" => What::ScheduleFirstTask,
            "reset-sticky" => What::ResetSticky,
            "pause-activity" | "unpause-activity" | "reset-activity" | "change-activity" => {
                What::Activities(Box::new(operators::command(w)))
            }
            "heartbeat" => What::ActivityHeartbeat(self.end(w, details())),
            "activity-done" => What::ActivityCompleted(self.end(w, details())),
            "activity-failed" => {
                let failure = (!w.has("without-failure")).then(|| w.failure(2));
                What::ActivityFailed(self.end(w, (failure, details())))
            }
            "activity-canceled" => What::ActivityCanceled(self.end(w, details())),
            "signal" => What::Signal(Box::new(signal(w.word(1), w))),
            "attach" => What::Attach(Box::new(Attachment {
                request_id: w.option("request"),
                callbacks: vec![Callback::default(); usize::try_from(w.int("callbacks")).expect("a number")],
                links: Vec::new(),
            })),
            "options" => What::UpdateOptions(Box::new(options(w))),
            "cancel" => What::RequestCancel(CancelRequest {
                request_id: w.text("request"),
                identity: "client".into(),
                reason: w.text("reason"),
                links: Vec::new(),
                source: w.option("from").map(|id| (sender(id), 7)),
                child_only: w.has("child-only"),
            }),
            "terminate" => What::Terminate(Termination {
                identity: "client".into(),
                reason: w.text("reason"),
                parent: w.option("from").map(sender),
                ..Termination::default()
            }),
            "child-started" => What::ChildStarted { initiated_event_id: event(1), run_id: w.word(2) },
            "child-not-started" => What::ChildNotStarted { initiated_event_id: event(1), cause: 1 },
            "child-closed" => {
                let workflow_id = w.option("id").unwrap_or_else(|| "kid".into());
                let attributes = closed(&w.word(2));
                What::ChildClosed {
                    initiated_event_id: event(1),
                    first_run_id: w.option("first").unwrap_or_else(|| "kid-run".into()),
                    child: WorkflowExecution { workflow_id, run_id: "kid-last-run".into() },
                    close_event: Box::new(HistoryEvent {
                        attributes: Some(attributes),
                        ..HistoryEvent::default()
                    }),
                }
            }
            "signal-delivered" => What::SignalDelivered { initiated_event_id: event(1), failed: None },
            "signal-failed" => What::SignalDelivered { initiated_event_id: event(1), failed: Some(1) },
            "cancel-delivered" => What::CancelDelivered { initiated_event_id: event(1), failed: None },
            "cancel-failed" => What::CancelDelivered { initiated_event_id: event(1), failed: Some(1) },
            "duty-done" => What::DutyDone(duty(w)),
            other => panic!("unknown step {other:?}"),
        }
    }
}

/// The duty that the words name.
fn duty(w: &Words) -> DutyId {
    match w.word(1).as_str() {
        "NotifyParent" => DutyId::NotifyParent,
        "StartChild" => DutyId::StartChild(w.number(2)),
        "ScheduleChild" => DutyId::ScheduleChild(w.number(2)),
        "CloseChild" => DutyId::CloseChild(w.number(2)),
        other => panic!("unknown duty {other:?}"),
    }
}

/// Options that are asked for: what is named is covered by the mask.
fn options(w: &Words) -> OptionsChange {
    let mut change = OptionsChange { identity: "client".into(), ..OptionsChange::default() };
    if let Some(key) = w.option("priority") {
        let priority_key = key.parse().expect("a number");
        change.options.priority = Some(Priority { priority_key, ..Priority::default() });
        change.mask.push("priority".into());
    }
    if let Some(chosen) = w.option("override") {
        change.options.versioning_override = (chosen == "auto").then(|| VersioningOverride {
            r#override: Some(Override::AutoUpgrade(true)),
            ..VersioningOverride::default()
        });
        change.mask.push("versioning_override".into());
    }
    change.mask.extend(w.option("mask"));
    change
}

fn parent() -> WorkflowExecution {
    sender("parent".into())
}

fn sender(workflow_id: String) -> WorkflowExecution {
    WorkflowExecution { run_id: format!("{workflow_id}-run"), workflow_id }
}

/// What makes a run skip time, up to the end of a fast-forward if one is given.
fn skipping(w: &Words) -> TimeSkippingConfig {
    let fast_forward_config =
        w.duration("forward").map(|length| FastForwardConfig { id: "f".into(), duration: Some(length) });
    TimeSkippingConfig {
        enabled: true,
        fast_forward_config,
        disable_propagation: false,
        max_session_skip_count: w.option("jumps").map_or(200, |jumps| jumps.parse().expect("a number")),
    }
}

fn signal(name: String, w: &Words) -> Signal {
    let request = SignalWorkflowExecutionRequest {
        signal_name: name,
        input: w.option("with").map(|input| words::payloads(&input)),
        identity: "client".into(),
        request_id: w.text("request"),
        ..SignalWorkflowExecutionRequest::default()
    };
    Signal {
        request,
        source: w.option("from").map(sender),
        skips_delay: w.has("skips-delay"),
        child_only: w.has("child-only"),
    }
}

/// The close event of a child.
fn closed(how: &str) -> Attributes {
    match how {
        "completed" => Attributes::WorkflowExecutionCompletedEventAttributes(Default::default()),
        "failed" => Attributes::WorkflowExecutionFailedEventAttributes(Default::default()),
        "canceled" => Attributes::WorkflowExecutionCanceledEventAttributes(Default::default()),
        "timed_out" => Attributes::WorkflowExecutionTimedOutEventAttributes(Default::default()),
        "terminated" => Attributes::WorkflowExecutionTerminatedEventAttributes(Default::default()),
        other => panic!("unknown end {other:?}"),
    }
}

fn text(refusal: &Refusal) -> String {
    match refusal {
        Refusal::InvalidArgument(text) => text.clone(),
        Refusal::NotFound(text) => format!("not found: {text}"),
        other => format!("{other:?}"),
    }
}
