//! A run with a clock, a worker and a store around it. Every step is held against the laws.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    context::{Context, Limits},
    ids::{NamespaceId, RunId},
    machine::{Draw, Machine as _},
    run::{
        ActivityEnd, ActivityRef, ActivityStart, CancelRequest, DutyId, Input, LastWorker, ParentPlace,
        Phase, Run, Signal, Start, StartOrigin, TaskRef, Termination, What, WorkflowTaskCompletion,
        WorkflowTaskStart, from_request,
    },
    time::Timestamp,
    visibility::Attributes as SearchAttributes,
};
use longhaul_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::TaskQueueKind,
    history::v1::{HistoryEvent, history_event::Attributes},
    taskqueue::v1::{StickyExecutionAttributes, TaskQueue},
    workflowservice::v1::{
        PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest,
        RespondWorkflowTaskFailedRequest, SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
    },
};

use crate::{
    commands::failure,
    laws::Laws,
    moves::{Beginning, End, Move},
};

pub struct World {
    pub run: Run,
    at: Timestamp,
    draw: Draw,
    context: Arc<Context>,
    laws: Laws,
}

impl World {
    pub fn begin(beginning: &Beginning, seed: u64) -> Self {
        let context = Arc::new(Context {
            namespace: "default".into(),
            other_namespaces: Arc::default(),
            retention: Duration::from_secs(60),
            archives: false,
            endpoints: Arc::default(),
            limits: Arc::new(Limits { pending_activities_max: 5, suggest_events: 30, ..Limits::default() }),
            attributes: Arc::new(SearchAttributes::system()),
            routes: Arc::default(),
            rules: Arc::default(),
        });
        let at = Timestamp::from_secs(1_767_225_600);
        let start = start(beginning, at, &context);
        let mut run = Run::default();
        run.namespace = start.namespace;
        run.workflow_id.clone_from(&start.workflow_id);
        run.run_id = start.run_id;
        let mut world =
            Self { laws: Laws::of(&run), run: Run::default(), at, draw: Draw::new(seed), context };
        world.step(What::Start(Box::new(start)));
        world
    }

    /// Makes a step, lets the laws judge it, and goes on with the next run if the chain does.
    fn step(&mut self, what: What) {
        let input = Input { context: self.context.clone(), what, state_bytes: 0 };
        let (before, draw_before) = (self.run.clone(), self.draw.clone());
        match self.run.step(input.clone(), self.at, &mut self.draw) {
            Err(_) => self.laws.refused(&before, &self.run),
            Ok(effects) => {
                let mut again = before;
                let repeated =
                    again.step(input, self.at, &mut draw_before.clone()).expect("it was accepted before");
                self.laws.repeated(&self.run, &effects, &again, &repeated);
                self.laws.stepped(&self.run, &effects, self.at);
                self.laws.sleeps(&self.run, self.at, &self.context);
                if let Some(next) = effects.next_run {
                    self.run = next.run;
                    self.laws = Laws::of(&self.run);
                    self.laws.stepped(&self.run, &next.effects, self.at);
                    self.laws.sleeps(&self.run, self.at, &self.context);
                }
            }
        }
    }

    pub fn play(&mut self, each: &Move) {
        match each {
            Move::Wait(millis) => self.wait(Duration::from_millis(*millis)),
            Move::Late(millis) => self.at = self.at + Duration::from_millis(*millis),
            _ => {
                self.prepare(each);
                if let Some(what) = self.what(each) {
                    self.step(what);
                }
            }
        }
    }

    /// Gives the worker what it is about to end, so that most ends mean something.
    fn prepare(&mut self, each: &Move) {
        match each {
            Move::Complete { stale: false, .. } if self.run.is_running() => {
                if self.run.workflow_task.is_none() {
                    self.step(What::Signal(Box::new(signal(0, true, false))));
                }
                if !self.run.workflow_task_started() {
                    self.step(self.poll(false, 0, false));
                }
            }
            Move::EndActivity { which, stale: false, by_id: false, .. } => {
                let scheduled =
                    self.run.activities.values().nth(*which).is_some_and(|a| a.phase == Phase::Scheduled);
                if scheduled && self.run.is_running() {
                    self.step(self.poll_activity(*which, 0, false));
                }
            }
            _ => {}
        }
    }

    /// Lets time pass, with a store that wakes the run when it was asked to.
    fn wait(&mut self, length: Duration) {
        let until = self.at + length;
        for wakes in 0.. {
            assert!(wakes < 10_000, "the run is woken for ever");
            let Some(wake) = self.run.wake.filter(|wake| *wake <= until) else { break };
            self.at = self.at.max(wake);
            let (transitions, run_id) = (self.run.transitions, self.run.run_id);
            self.step(What::Tick);
            if self.run.close_time.is_some()
                && self.run.transitions == transitions
                && self.run.run_id == run_id
            {
                // It is past its retention and would be removed.
                break;
            }
        }
        self.at = until;
    }

    fn what(&self, each: &Move) -> Option<What> {
        Some(match each {
            Move::Wait(_) | Move::Late(_) => return None,
            Move::Tick => What::Tick,
            Move::Poll { sticky, request, stale } => self.poll(*sticky, *request, *stale),
            Move::Complete { commands, sticky, force_new, return_new, stale } => {
                let queue = TaskQueue { name: "box".into(), ..TaskQueue::default() };
                let request = RespondWorkflowTaskCompletedRequest {
                    commands: commands.clone(),
                    identity: "worker".into(),
                    sticky_attributes: sticky.then(|| StickyExecutionAttributes {
                        worker_task_queue: Some(queue),
                        schedule_to_start_timeout: Some(prost_types::Duration { seconds: 2, nanos: 0 }),
                    }),
                    force_create_new_workflow_task: *force_new,
                    return_new_workflow_task: *return_new,
                    ..RespondWorkflowTaskCompletedRequest::default()
                };
                let worker = LastWorker { sdk_name: "sdk".into(), sdk_version: "1".into() };
                let task = self.task(request, *stale);
                What::WorkflowTaskCompleted(Box::new(WorkflowTaskCompletion {
                    task,
                    worker,
                    overflows: false,
                }))
            }
            Move::FailTask { stale } => What::WorkflowTaskFailed(Box::new(
                self.task(RespondWorkflowTaskFailedRequest::default(), *stale),
            )),
            Move::PollActivity { which, request, stale } => self.poll_activity(*which, *request, *stale),
            Move::EndActivity { which, how, by_id, stale } => self.end_activity(*which, how, *by_id, *stale),
            Move::Signal { request, skips_delay, child_only } => {
                What::Signal(Box::new(signal(*request, *skips_delay, *child_only)))
            }
            Move::Cancel { child_only } => What::RequestCancel(CancelRequest {
                request_id: String::new(),
                identity: "client".into(),
                reason: String::new(),
                links: Vec::new(),
                source: None,
                child_only: *child_only,
            }),
            Move::Terminate => What::Terminate(Termination::default()),
            Move::ResetSticky => What::ResetSticky,
            Move::ScheduleFirstTask => What::ScheduleFirstTask,
            _ => self.news(each)?,
        })
    }

    /// News of children and other executions, and of duties that are done.
    fn news(&self, each: &Move) -> Option<What> {
        let child = |which: usize| *self.run.children.keys().nth(which).unwrap_or(&5);
        Some(match each {
            Move::ChildStarted(which) => {
                What::ChildStarted { initiated_event_id: child(*which), run_id: "kid-run".into() }
            }
            Move::ChildNotStarted(which) => {
                What::ChildNotStarted { initiated_event_id: child(*which), cause: 1 }
            }
            Move::ChildClosed { which, how } => {
                let initiated_event_id = child(*which);
                let workflow_id = self
                    .run
                    .children
                    .get(&initiated_event_id)
                    .map_or_else(String::new, |child| child.initiated.workflow_id.clone());
                What::ChildClosed {
                    initiated_event_id,
                    first_run_id: "kid-run".into(),
                    child: WorkflowExecution { workflow_id, run_id: "kid-run".into() },
                    close_event: Box::new(close_event(*how)),
                }
            }
            Move::SignalDelivered { which, failed } => What::SignalDelivered {
                initiated_event_id: *self.run.signals_out.keys().nth(*which).unwrap_or(&5),
                failed: *failed,
            },
            Move::CancelDelivered { which, failed } => What::CancelDelivered {
                initiated_event_id: *self.run.cancels_out.keys().nth(*which).unwrap_or(&5),
                failed: *failed,
            },
            Move::DutyDone(which) => {
                let without_answer = |duty: &&DutyId| {
                    matches!(duty, DutyId::ScheduleChild(_) | DutyId::CloseChild(_) | DutyId::NotifyParent)
                };
                What::DutyDone(*self.run.duties.iter().filter(without_answer).nth(*which)?)
            }
            _ => return None,
        })
    }

    fn poll(&self, sticky: bool, request: u8, stale: bool) -> What {
        let (event, attempt) =
            self.run.workflow_task.as_ref().map_or((2, 1), |task| (task.scheduled_event_id, task.attempt));
        let (name, kind) = if sticky { ("box", TaskQueueKind::Sticky) } else { ("q", TaskQueueKind::Normal) };
        let queue = TaskQueue { name: name.into(), kind: kind as i32, ..TaskQueue::default() };
        What::WorkflowTaskStarted(WorkflowTaskStart {
            scheduled_event_id: event,
            attempt: attempt + i32::from(stale),
            request_id: format!("{request}"),
            poll: std::sync::Arc::new(PollWorkflowTaskQueueRequest {
                task_queue: Some(queue),
                identity: "worker".into(),
                ..PollWorkflowTaskQueueRequest::default()
            }),
        })
    }

    fn task<R>(&self, request: R, stale: bool) -> TaskRef<R> {
        let task = self.run.workflow_task.as_ref();
        let started = task.and_then(|task| task.started.as_ref());
        TaskRef {
            scheduled_event_id: task.map_or(0, |task| task.scheduled_event_id),
            started_event_id: started.map_or(0, |started| started.event_id) + i64::from(stale),
            started_at: started.map_or(self.at, |started| started.at),
            attempt: task.map_or(0, |task| task.attempt),
            request,
        }
    }

    fn poll_activity(&self, which: usize, request: u8, stale: bool) -> What {
        let (event, attempt, stamp) = self
            .run
            .activities
            .iter()
            .nth(which)
            .map_or((5, 1, 0), |(event, activity)| (*event, activity.attempt, activity.stamp));
        What::ActivityStarted(ActivityStart {
            scheduled_event_id: event,
            attempt: attempt - i32::from(stale),
            stamp,
            request_id: format!("{request}"),
            poll: std::sync::Arc::new(PollActivityTaskQueueRequest {
                identity: "worker".into(),
                ..PollActivityTaskQueueRequest::default()
            }),
        })
    }

    fn end_activity(&self, which: usize, how: &End, by_id: bool, stale: bool) -> What {
        let found = self.run.activities.iter().nth(which);
        let activity = match found {
            Some((_, activity)) if by_id => ActivityRef::Id(activity.scheduled.activity_id.clone()),
            Some((event, activity)) => ActivityRef::Token {
                scheduled_event_id: *event,
                attempt: activity.attempt - i32::from(stale),
            },
            None => ActivityRef::Token { scheduled_event_id: 5, attempt: 1 },
        };
        let identity = "worker".to_owned();
        match how {
            End::Heartbeat => What::ActivityHeartbeat(ActivityEnd { activity, identity, outcome: None }),
            End::Completed => What::ActivityCompleted(ActivityEnd { activity, identity, outcome: None }),
            End::Canceled => What::ActivityCanceled(ActivityEnd { activity, identity, outcome: None }),
            End::Failed { non_retryable, delay } => {
                let outcome = (Some(failure(*non_retryable, *delay)), None);
                What::ActivityFailed(ActivityEnd { activity, identity, outcome })
            }
        }
    }
}

fn start(beginning: &Beginning, at: Timestamp, context: &Context) -> Start {
    let namespace = NamespaceId::from_bytes([9; 16]);
    let parent = WorkflowExecution { workflow_id: "parent".into(), run_id: "parent-run".into() };
    let request = StartWorkflowExecutionRequest {
        workflow_id: "order".into(),
        workflow_type: Some(WorkflowType { name: "type".into() }),
        task_queue: Some(TaskQueue { name: "q".into(), ..TaskQueue::default() }),
        workflow_execution_timeout: beginning.execution_timeout,
        workflow_run_timeout: beginning.run_timeout,
        workflow_start_delay: beginning.delay,
        request_id: "start".into(),
        retry_policy: beginning.retry_policy.clone(),
        cron_schedule: if beginning.cron { "@every 3s".into() } else { String::new() },
        ..StartWorkflowExecutionRequest::default()
    };
    let origin = StartOrigin {
        parent: beginning.child.then(|| ParentPlace {
            execution: parent.clone(),
            namespace: "default".into(),
            namespace_id: namespace,
            initiated_event_id: 5,
            root: parent,
            time_skipping: None,
        }),
        signal: beginning.signal.then(|| Box::new(signal(0, false, false))),
        eager: beginning.eager,
        ..StartOrigin::default()
    };
    from_request(request, origin, namespace, RunId::from_bytes([1; 16]), at, context)
}

fn signal(request: u8, skips_delay: bool, child_only: bool) -> Signal {
    let request_id = if request == 0 { String::new() } else { format!("r{request}") };
    let request =
        SignalWorkflowExecutionRequest { signal_name: "s".into(), request_id, ..Default::default() };
    Signal { request, source: None, skips_delay, child_only }
}

fn close_event(how: u8) -> HistoryEvent {
    let attributes = match how {
        0 => Attributes::WorkflowExecutionCompletedEventAttributes(Default::default()),
        1 => Attributes::WorkflowExecutionFailedEventAttributes(Default::default()),
        2 => Attributes::WorkflowExecutionCanceledEventAttributes(Default::default()),
        3 => Attributes::WorkflowExecutionTimedOutEventAttributes(Default::default()),
        4 => Attributes::WorkflowExecutionTerminatedEventAttributes(Default::default()),
        _ => Attributes::WorkflowExecutionContinuedAsNewEventAttributes(Default::default()),
    };
    HistoryEvent { attributes: Some(attributes), ..HistoryEvent::default() }
}
