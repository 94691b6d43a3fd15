//! What a run is between two inputs. Everything here is derived from its changes and nothing else.

use std::{collections::BTreeMap, collections::BTreeSet, time::Duration};

use longhaul_proto::api::{
    common::v1::{Payload, Payloads, Priority, WorkerVersionStamp, WorkflowExecution},
    enums::v1::WorkflowExecutionStatus as Status,
    failure::v1::Failure,
    history::v1::{
        ActivityTaskScheduledEventAttributes, HistoryEvent,
        RequestCancelExternalWorkflowExecutionInitiatedEventAttributes,
        SignalExternalWorkflowExecutionInitiatedEventAttributes,
        StartChildWorkflowExecutionInitiatedEventAttributes, WorkflowExecutionStartedEventAttributes,
    },
    sdk::v1::UserMetadata,
    workflow::v1::ResetPointInfo,
};
use minicbor::{Decode, Encode};

pub use super::control::Control;
use super::table::{Names, Table};
use crate::{
    activity::Paused,
    codec::Pb,
    ids::{BranchId, NamespaceId, RunId},
    time::Timestamp,
};

/// One run of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Run {
    /// Its namespace.
    #[n(0)]
    pub namespace: NamespaceId,
    /// Its workflow id.
    #[n(1)]
    pub workflow_id: String,
    /// Its run id.
    #[n(2)]
    pub run_id: RunId,
    /// Number of the public `WorkflowExecutionStatus`; zero before the start.
    #[n(3)]
    pub(super) status_number: i32,
    /// How it was started; input, header and results are dropped unless a later run of the chain needs them.
    #[n(4)]
    pub start: Pb<WorkflowExecutionStartedEventAttributes>,
    /// Summary and details given at start.
    #[n(5)]
    pub user_metadata: Option<Pb<UserMetadata>>,
    /// When it started.
    #[n(6)]
    pub start_time: Timestamp,
    /// When its first workflow task is due, if that is after the start.
    #[n(7)]
    pub first_task_at: Option<Timestamp>,
    /// Whether the first workflow task waits: for `first_task_at`, or for a parent to record the start.
    #[n(8)]
    pub first_task: FirstTask,
    /// When it closed.
    #[n(9)]
    pub close_time: Option<Timestamp>,
    /// Request id of the start.
    #[n(10)]
    pub create_request_id: String,
    /// Id that the next event gets.
    #[n(11)]
    pub next_event_id: i64,
    /// Bytes of all its events, encoded.
    #[n(12)]
    pub history_bytes: u64,
    /// Transitions made so far; also the version of the stored state.
    #[n(13)]
    pub transitions: u64,
    /// Memo as upserted so far.
    #[n(14)]
    pub memo: BTreeMap<String, Pb<Payload>>,
    /// Search attributes as upserted so far.
    #[n(15)]
    pub search_attributes: BTreeMap<String, Pb<Payload>>,
    /// The pending workflow task; at most one.
    #[n(16)]
    pub workflow_task: Option<WorkflowTask>,
    /// Attempt that the next workflow task will have.
    #[n(17)]
    pub workflow_task_attempt: i32,
    /// `WorkflowTaskStarted` event of the last completed workflow task, or zero.
    #[n(18)]
    pub previous_started_event_id: i64,
    /// `WorkflowTaskCompleted` event of the last completed workflow task, or zero.
    #[n(19)]
    pub last_completed_event_id: i64,
    /// Sticky queue of the worker that has the run in its cache.
    #[n(20)]
    pub sticky: Option<Sticky>,
    /// Pending activities by their scheduled event.
    #[n(21)]
    pub activities: Table<i64, Activity>,
    /// Pending timers by their id.
    #[n(22)]
    pub timers: Table<String, Timer>,
    /// Pending children by their initiated event.
    #[n(23)]
    pub children: Table<i64, Child>,
    /// Signals on their way to others by their initiated event.
    #[n(24)]
    pub signals_out: Table<i64, Pb<SignalExternalWorkflowExecutionInitiatedEventAttributes>>,
    /// Cancel requests on their way to others by their initiated event.
    #[n(25)]
    pub cancels_out: Table<i64, Pb<RequestCancelExternalWorkflowExecutionInitiatedEventAttributes>>,
    /// Request ids of signals seen.
    #[n(26)]
    pub signal_request_ids: BTreeSet<String>,
    /// Signals received.
    #[n(27)]
    pub signal_count: i64,
    /// Events that wait for the started workflow task to end; they have no id yet.
    #[n(28)]
    pub buffered: Vec<Pb<HistoryEvent>>,
    /// Request id of the cancel request, if the run was asked to cancel.
    #[n(29)]
    pub cancel_request: Option<String>,
    /// When the run times out.
    #[n(30)]
    pub run_deadline: Option<Timestamp>,
    /// When the chain of runs times out.
    #[n(31)]
    pub execution_deadline: Option<Timestamp>,
    /// When the store will wake it; never later than its earliest deadline.
    #[n(32)]
    pub wake: Option<Timestamp>,
    /// How it closed, once it has.
    #[n(33)]
    pub closed: Option<Closed>,
    /// History branches, oldest first: each with the last event that is read from it, the last one open-ended.
    #[n(34)]
    pub branches: Vec<Branch>,
    /// Duties that are in the outbox.
    #[n(35)]
    pub duties: Names<super::DutyId>,
    /// Worker that completed the last workflow task: SDK name and version, for texts and views.
    #[n(36)]
    pub last_worker: Option<LastWorker>,
    /// Priority of the run and of what it schedules.
    #[n(37)]
    pub priority: Option<Pb<Priority>>,
    /// Where the run can be reset to by build: the first workflow task completed by each.
    #[n(39)]
    pub reset_points: Vec<Pb<ResetPointInfo>>,
    /// Version of the worker that completed the last workflow task, as it told it.
    #[n(41)]
    pub worker_stamp: Option<Pb<WorkerVersionStamp>>,
    /// Name of the deployment that the worker which completed the last workflow task belongs to.
    #[n(47)]
    #[cbor(default)]
    pub deployment_name: String,
    /// Transitions that are book-keeping and that nobody is told of.
    #[n(42)]
    pub unseen_transitions: u64,
    /// The run that goes on in the place of this one, if it was reset.
    #[n(43)]
    pub reset_run: Option<RunId>,
    /// When this run was made by a reset, and when the run it was made of had started.
    #[n(44)]
    pub made_by_reset: Option<MadeByReset>,
    /// Updates that the history has admitted and that were not accepted since, with their admitted events.
    #[n(45)]
    pub admitted_updates: Table<String, i64>,
    /// The newest requests that reset this run, so that a repeated one finds the run that it made.
    #[n(50)]
    #[cbor(default)]
    pub resets: Vec<ResetAsked>,
    /// Updates that were accepted.
    #[n(40)]
    pub updates: Table<String, super::updates::Update>,
    /// What the store does not know; lost when the run leaves memory.
    #[cbor(skip)]
    pub in_memory: super::updates::InMemory,
    /// What was attached to it since it began.
    #[n(46)]
    #[cbor(default)]
    pub attached: super::Attached,
    /// The schedule that has started the chain.
    #[n(52)]
    #[cbor(default)]
    pub scheduled_by: Option<super::ScheduledBy>,
    /// Where it stands if its clock may be or was set forward.
    #[n(53)]
    #[cbor(default)]
    pub time_skipping: Option<Box<super::TimeSkipping>>,
    /// Where it stands among the versions of its workers.
    #[n(54)]
    #[cbor(default)]
    pub versions: super::Versions,
    /// Pending Nexus operations by their scheduled event.
    #[n(55)]
    #[cbor(default)]
    pub nexus_operations: Table<i64, super::NexusOperation>,
    /// Workflow tasks failed or timed out since the last that completed.
    #[n(38)]
    pub failed_workflow_tasks: i32,
    /// Set while the run is paused, and kept if it ends so.
    #[n(56)]
    #[cbor(default)]
    pub paused: Option<Paused>,
    /// How the first of the row of workflow tasks ended that were not completed.
    #[n(57)]
    #[cbor(default)]
    pub problem: Vec<String>,
}

/// A request that reset a run.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ResetAsked {
    /// Its request id.
    #[n(0)]
    pub request_id: String,
    /// The run that it made.
    #[n(1)]
    pub run_id: RunId,
}

/// Where a run comes from that was made by a reset.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct MadeByReset {
    /// When the reset was made.
    #[n(0)]
    pub at: Timestamp,
    /// When the run that was reset had started.
    #[n(1)]
    pub original_start_time: Timestamp,
    /// Who wrote the events that were kept, oldest first.
    #[n(2)]
    #[cbor(default)]
    pub origins: Vec<Origin>,
    /// The id of the request.
    #[n(3)]
    pub request_id: Option<String>,
}

/// A run that wrote a part of a history that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Origin {
    /// The run.
    #[n(0)]
    pub run_id: RunId,
    /// The first event that it did not write.
    #[n(1)]
    pub end: i64,
}

/// State of the first workflow task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum FirstTask {
    /// It was scheduled.
    #[default]
    #[n(0)]
    Scheduled,
    /// It waits for a point in time (start delay, cron, retry).
    #[n(1)]
    Delayed,
    /// It waits for the parent to have recorded the start.
    #[n(2)]
    AwaitsParent,
}

/// How a workflow task lives in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TaskKind {
    /// Its events are in the history.
    #[n(0)]
    Normal,
    /// A retry: its events are written only if it completes.
    #[n(1)]
    Transient,
    /// Only for updates: it is in memory alone, and leaves no trace if it comes to nothing.
    #[n(2)]
    Speculative,
}

/// The pending workflow task.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct WorkflowTask {
    /// How it lives in the history.
    #[n(0)]
    pub kind: TaskKind,
    /// Its scheduled event, or the id that event would have.
    #[n(1)]
    pub scheduled_event_id: i64,
    /// Attempt, from 1.
    #[n(2)]
    pub attempt: i32,
    /// When it was scheduled.
    #[n(3)]
    pub scheduled_at: Timestamp,
    /// When the first of a row of heartbeating tasks was scheduled.
    #[n(4)]
    pub original_scheduled_at: Timestamp,
    /// Time a worker has for it.
    #[n(5)]
    pub timeout: Duration,
    /// The sticky queue it was scheduled on, if it was.
    #[n(6)]
    pub sticky: Option<Sticky>,
    /// Set once a worker has it.
    #[n(7)]
    pub started: Option<TaskStarted>,
}

/// A workflow task that a worker has.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct TaskStarted {
    /// Its started event, or the id that event would have.
    #[n(0)]
    pub event_id: i64,
    /// When.
    #[n(1)]
    pub at: Timestamp,
    /// Request id of the start.
    #[n(2)]
    pub request_id: String,
    /// Identity of the worker.
    #[n(3)]
    pub identity: String,
    /// History size told to the worker.
    #[n(4)]
    pub history_bytes: i64,
    /// Whether continue-as-new was suggested, and why (numbers of the public enum).
    #[n(5)]
    pub suggest_reasons: Vec<i32>,
    /// Build of the worker, as it told it.
    #[n(6)]
    #[cbor(default)]
    pub build: Option<Pb<WorkerVersionStamp>>,
    /// Whether the worker is told that another version is there, which the run stays away from.
    #[n(7)]
    #[cbor(default)]
    pub could_move: bool,
    /// How often versioning rules have redirected the run, this time included.
    #[n(8)]
    #[cbor(default)]
    pub redirects: i64,
}

/// A worker's own queue.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Sticky {
    /// Its name.
    #[n(0)]
    pub queue: String,
    /// How long a task waits on it before it goes to the normal queue.
    #[n(1)]
    pub timeout: Duration,
}

/// A pending activity.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Activity {
    /// How it was scheduled; boxed, because a table makes room for eleven activities at once.
    #[n(0)]
    pub scheduled: Box<Pb<ActivityTaskScheduledEventAttributes>>,
    /// When it was scheduled first.
    #[n(1)]
    pub scheduled_at: Timestamp,
    /// Attempt, from 1.
    #[n(2)]
    pub attempt: i32,
    /// When this attempt was or will be scheduled.
    #[n(3)]
    pub attempt_scheduled_at: Timestamp,
    /// Where this attempt stands.
    #[n(4)]
    pub phase: Phase,
    /// Details of the last heartbeat, over all attempts.
    #[n(5)]
    pub heartbeat_details: Option<Pb<Payloads>>,
    /// When the last heartbeat came.
    #[n(6)]
    pub last_heartbeat: Option<Timestamp>,
    /// Failure of the last attempt, truncated.
    #[n(7)]
    pub last_failure: Option<Pb<Failure>>,
    /// Worker of the last attempt.
    #[n(8)]
    pub last_worker: String,
    /// Event that asked for its cancellation; zero while that event is buffered.
    #[n(9)]
    pub cancel_requested: Option<i64>,
    /// Grows when a dispatched task becomes void.
    #[n(10)]
    pub stamp: i32,
    /// When the last attempt ended.
    #[n(11)]
    pub last_attempt_completed_at: Option<Timestamp>,
    /// When the last attempt started.
    #[n(12)]
    pub last_started_at: Option<Timestamp>,
    /// Build of the worker of the last attempt, as it told it.
    #[n(13)]
    #[cbor(default)]
    pub last_build: Option<Pb<WorkerVersionStamp>>,
    /// Version of the worker of the last attempt.
    #[n(14)]
    #[cbor(default)]
    pub last_version: Option<crate::deployment::VersionName>,
    /// What operators have done to it.
    #[n(15)]
    #[cbor(default)]
    pub control: Control,
}

/// Where an attempt of an activity stands.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Phase {
    /// It waits for its retry interval to pass.
    #[n(0)]
    Backoff,
    /// It waits for a worker.
    #[n(1)]
    Scheduled,
    /// A worker has it.
    #[n(2)]
    Started {
        /// Since when.
        #[n(0)]
        at: Timestamp,
        /// Request id of the start.
        #[n(1)]
        request_id: String,
        /// Identity of the worker.
        #[n(2)]
        identity: String,
    },
}

/// A pending timer.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Timer {
    /// Its started event.
    #[n(0)]
    pub started_event_id: i64,
    /// When it fires, never earlier.
    #[n(1)]
    pub fires_at: Timestamp,
}

/// A pending child.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Child {
    /// How it was initiated.
    #[n(0)]
    pub initiated: Pb<StartChildWorkflowExecutionInitiatedEventAttributes>,
    /// Makes the start repeatable.
    #[n(1)]
    pub request_id: String,
    /// Set once it has started.
    #[n(2)]
    pub started: Option<ChildStarted>,
    /// Metadata of the command.
    #[n(3)]
    pub user_metadata: Option<Pb<UserMetadata>>,
}

/// A child that runs.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct ChildStarted {
    /// First run of the child.
    #[n(0)]
    pub run_id: String,
    /// The parent's started event; zero while that event is buffered.
    #[n(1)]
    pub event_id: i64,
}

/// How a run closed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Closed {
    /// The close event; boxed, because it would be the larger half of every open run.
    #[n(0)]
    pub event: Box<Pb<HistoryEvent>>,
    /// The run that goes on, if the chain does.
    #[n(1)]
    pub new_run_id: Option<RunId>,
    /// Set when the run is in the archive.
    #[n(2)]
    pub archived: Option<bool>,
}

/// A part of the history.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Branch {
    /// The branch.
    #[n(0)]
    pub id: BranchId,
    /// Last event that is read from it; `i64::MAX` for the branch that is written to.
    #[n(1)]
    pub last_event: i64,
}

/// The worker that completed the last workflow task.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LastWorker {
    /// Name of its SDK.
    #[n(0)]
    pub sdk_name: String,
    /// Version of its SDK.
    #[n(1)]
    pub sdk_version: String,
}

impl Run {
    /// The public status.
    pub fn status(&self) -> Status {
        match Status::try_from(self.status_number).unwrap_or(Status::Unspecified) {
            Status::Running if self.is_paused() => Status::Paused,
            status => status,
        }
    }

    /// Whether it goes on and an operator keeps it from doing so.
    pub fn is_paused(&self) -> bool {
        self.is_running() && self.paused.is_some()
    }

    /// Whether it has started and not closed.
    pub fn is_running(&self) -> bool {
        self.status_number == Status::Running as i32
    }

    /// Both ids, in the form of the API.
    pub fn execution(&self) -> WorkflowExecution {
        WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id: self.run_id.to_string() }
    }

    /// The branch that is written to.
    pub fn branch(&self) -> BranchId {
        self.branches.last().map_or_else(|| self.run_id.into(), |branch| branch.id)
    }

    /// What it reads of other runs, in front of its own branch.
    pub fn shares(&self) -> Vec<Branch> {
        let others = self.branches.len().saturating_sub(1);
        self.branches[..others].to_vec()
    }

    /// Where its events up to one are.
    pub(super) fn prefix(&self, last_event: i64) -> Vec<Branch> {
        let mut prefix = Vec::new();
        for branch in &self.branches {
            if branch.last_event >= last_event {
                prefix.push(Branch { id: branch.id, last_event });
                break;
            }
            prefix.push(branch.clone());
        }
        prefix
    }

    /// The run that wrote an event of this history. What it led to is known by that run's id, so that it happens once
    /// even if runs that were made by resets see to it, too.
    pub fn origin(&self, event_id: i64) -> RunId {
        let origins = self.made_by_reset.iter().flat_map(|made| &made.origins);
        origins
            .filter(|origin| event_id < origin.end)
            .map(|origin| origin.run_id)
            .next()
            .unwrap_or(self.run_id)
    }

    /// Name of the queue on which its workflow tasks are scheduled by default.
    pub fn task_queue(&self) -> &str {
        self.start.task_queue.as_ref().map_or("", |queue| &queue.name)
    }

    /// Time a worker has for a workflow task.
    pub fn workflow_task_timeout(&self) -> Duration {
        crate::time::positive(self.start.workflow_task_timeout.as_ref()).unwrap_or(Duration::from_secs(10))
    }

    /// First run of the chain of continue-as-new, retry and cron.
    pub fn first_run_id(&self) -> &str {
        &self.start.first_execution_run_id
    }

    /// Whether a worker has the pending workflow task.
    pub fn workflow_task_started(&self) -> bool {
        self.workflow_task.as_ref().is_some_and(|task| task.started.is_some())
    }

    /// The pending activity with this id.
    pub fn activity_by_id(&self, id: &str) -> Option<(i64, &Activity)> {
        self.activities
            .iter()
            .find(|(_, activity)| activity.scheduled.activity_id == id)
            .map(|(scheduled_event_id, activity)| (*scheduled_event_id, activity))
    }
}
