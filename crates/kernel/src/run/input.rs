//! Everything that can happen to a run, in the words of the API.

use std::sync::Arc;

use longhaul_proto::api::{
    common::v1::{Callback, Link, Payloads, Priority, WorkflowExecution},
    failure::v1::Failure,
    history::v1::{HistoryEvent, WorkflowExecutionStartedEventAttributes},
    sdk::v1::UserMetadata,
    update::v1::Request as UpdateRequest,
    workflow::v1::WorkflowExecutionOptions,
    workflowservice::v1::{
        PollActivityTaskQueueRequest, PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest,
        RespondWorkflowTaskFailedRequest, SignalWorkflowExecutionRequest,
    },
};

use minicbor::{Decode, Encode};

use super::{DutyId, state::LastWorker};
use crate::{
    activity::Operation,
    context::Context,
    ids::{NamespaceId, RunId},
    nexus::{Completion, DeliveryOutcome, StartOutcome},
    time::Timestamp,
};

/// An input with its surroundings.
#[derive(Clone, Debug)]
pub struct Input {
    /// The run's surroundings.
    pub context: Arc<Context>,
    /// What happens.
    pub what: What,
    /// Bytes of the run's state as the store has it, without its history.
    pub state_bytes: u64,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum What {
    /// The run is created; always the first input, and the only first one.
    Start(Box<Start>),
    /// The parent has recorded the start.
    ScheduleFirstTask,
    /// Time has passed; deadlines that are due take effect.
    Tick,
    /// A worker takes the workflow task.
    WorkflowTaskStarted(WorkflowTaskStart),
    /// A worker has completed its workflow task.
    WorkflowTaskCompleted(Box<WorkflowTaskCompletion>),
    /// A worker could not complete its workflow task.
    WorkflowTaskFailed(Box<TaskRef<RespondWorkflowTaskFailedRequest>>),
    /// The worker's sticky queue is not to be used any more.
    ResetSticky,
    /// A worker takes an activity task.
    ActivityStarted(ActivityStart),
    /// An activity reports that it is alive.
    ActivityHeartbeat(ActivityEnd<Option<Payloads>>),
    /// An activity has completed.
    ActivityCompleted(ActivityEnd<Option<Payloads>>),
    /// An attempt of an activity has failed; carries the failure and the last heartbeat details.
    ActivityFailed(ActivityEnd<(Option<Failure>, Option<Payloads>)>),
    /// An activity has ended because it was asked to cancel.
    ActivityCanceled(ActivityEnd<Option<Payloads>>),
    /// An operator acts on activities.
    Activities(Box<ActivityCommand>),
    /// A start that this run serves attaches what it brings.
    Attach(Box<Attachment>),
    /// Somebody changes options of the run.
    UpdateOptions(Box<OptionsChange>),
    /// An operator pauses the run.
    Pause(RunPause),
    /// An operator lets the run go on.
    Unpause(RunPause),
    /// Somebody signals the run.
    Signal(Box<Signal>),
    /// Somebody asks the run to cancel.
    RequestCancel(CancelRequest),
    /// Somebody ends the run.
    Terminate(Termination),
    /// The run is reset: another one takes its place, and this one ends if it has not yet.
    ResetTo {
        /// The run that goes on.
        run_id: RunId,
        /// The id of the request.
        request_id: String,
        /// How this one ends.
        termination: Termination,
    },
    /// A child was started.
    ChildStarted {
        /// The parent's initiated event.
        initiated_event_id: i64,
        /// First run of the child.
        run_id: String,
    },
    /// A child could not be started; the cause is a `StartChildWorkflowExecutionFailedCause`.
    ChildNotStarted {
        /// The parent's initiated event.
        initiated_event_id: i64,
        /// Number of the cause.
        cause: i32,
    },
    /// A child's chain of runs is over.
    ChildClosed {
        /// The parent's initiated event.
        initiated_event_id: i64,
        /// First run of the child.
        first_run_id: String,
        /// The run that closed.
        child: WorkflowExecution,
        /// Its close event.
        close_event: Box<HistoryEvent>,
    },
    /// A signal to another execution was delivered, or not; the cause is that of the public enum.
    SignalDelivered {
        /// The initiated event.
        initiated_event_id: i64,
        /// Number of the cause of failure.
        failed: Option<i32>,
    },
    /// A cancel request to another execution was delivered, or not.
    CancelDelivered {
        /// The initiated event.
        initiated_event_id: i64,
        /// Number of the cause of failure.
        failed: Option<i32>,
    },
    /// An attempt to start a Nexus operation has ended.
    NexusStartAttempted {
        /// The operation's scheduled event.
        scheduled_event_id: i64,
        /// How.
        outcome: Box<StartOutcome>,
    },
    /// An attempt to cancel a Nexus operation has ended.
    NexusCancelAttempted {
        /// The operation's scheduled event.
        scheduled_event_id: i64,
        /// How.
        outcome: Box<DeliveryOutcome>,
    },
    /// An attempt to tell a callback of the end of the chain has ended.
    CallbackAttempted {
        /// The callback, by its place.
        index: i64,
        /// How.
        outcome: Box<DeliveryOutcome>,
    },
    /// A Nexus operation is over.
    NexusCompleted {
        /// The operation's scheduled event.
        scheduled_event_id: i64,
        /// How it ended.
        completion: Box<Completion>,
    },
    /// Somebody asks the run for an update.
    AdmitUpdate(Box<UpdateRequest>),
    /// A duty without an answer is done.
    DutyDone(DutyId),
    /// The closed run is in the archive.
    Archived,
}

/// How a run begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// Its namespace.
    pub namespace: NamespaceId,
    /// Its workflow id.
    pub workflow_id: String,
    /// Its run id.
    pub run_id: RunId,
    /// Request id of the start.
    pub request_id: String,
    /// The started event, whole: whoever starts a run decides what it says.
    pub attributes: Box<WorkflowExecutionStartedEventAttributes>,
    /// Metadata of the event.
    pub user_metadata: Option<UserMetadata>,
    /// Links of the event.
    pub links: Vec<Link>,
    /// A signal that comes with the start.
    pub signal: Option<Box<Signal>>,
    /// Whether the starter is a worker that takes the first workflow task at once; carries its identity.
    pub eager: Option<String>,
    /// Priority.
    pub priority: Option<Priority>,
    /// The schedule that has started it.
    pub scheduled_by: Option<ScheduledBy>,
}

/// The schedule that has started a chain of runs, which is told how the chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ScheduledBy {
    /// Its id.
    #[n(0)]
    pub schedule_id: String,
    /// Tells it from an earlier one of that id.
    #[n(1)]
    pub schedule_run: RunId,
    /// Which of its starts it was.
    #[n(2)]
    pub number: i64,
}

/// A poll that gets the workflow task.
#[derive(Clone, Debug)]
pub struct WorkflowTaskStart {
    /// The task's scheduled event.
    pub scheduled_event_id: i64,
    /// Attempt that was dispatched.
    pub attempt: i32,
    /// Makes a repeated start harmless.
    pub request_id: String,
    /// The poll.
    pub poll: Arc<PollWorkflowTaskQueueRequest>,
}

/// Something a worker says of its workflow task.
#[derive(Clone, Debug)]
pub struct TaskRef<R> {
    /// The task's scheduled event.
    pub scheduled_event_id: i64,
    /// The task's started event.
    pub started_event_id: i64,
    /// When the task was started; a task that was lost may have had the same ids.
    pub started_at: Timestamp,
    /// Attempt.
    pub attempt: i32,
    /// What it says.
    pub request: R,
}

/// A completed workflow task.
#[derive(Clone, Debug)]
pub struct WorkflowTaskCompletion {
    /// The task and what the worker says.
    pub task: TaskRef<RespondWorkflowTaskCompletedRequest>,
    /// The worker's SDK.
    pub worker: LastWorker,
    /// Whether the pages in which it came were more bytes than a run may have: it can never be accepted.
    pub overflows: bool,
}

/// A poll that gets the activity task.
#[derive(Clone, Debug)]
pub struct ActivityStart {
    /// The activity's scheduled event.
    pub scheduled_event_id: i64,
    /// Attempt that was dispatched.
    pub attempt: i32,
    /// Stamp of the task that was dispatched.
    pub stamp: i32,
    /// Makes a repeated start harmless.
    pub request_id: String,
    /// The poll.
    pub poll: Arc<PollActivityTaskQueueRequest>,
}

/// Which activity is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityRef {
    /// By the token of a task.
    Token {
        /// The activity's scheduled event.
        scheduled_event_id: i64,
        /// The attempt the token was given for.
        attempt: i32,
    },
    /// By its id.
    Id(String),
}

/// What a worker says of an activity.
#[derive(Clone, Debug)]
pub struct ActivityEnd<T> {
    /// Which.
    pub activity: ActivityRef,
    /// Who.
    pub identity: String,
    /// What.
    pub outcome: T,
}

/// A request to pause a run, or to let it go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPause {
    /// Who asks.
    pub identity: String,
    /// Why.
    pub reason: String,
    /// Makes a repeated request harmless.
    pub request_id: String,
}

/// Which activities an operator means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActivityTarget {
    /// The one with this id.
    Id(String),
    /// Those of this type.
    Type(String),
    /// All.
    All,
}

/// What an operator does to activities of a run.
#[derive(Clone, Debug)]
pub struct ActivityCommand {
    /// Which.
    pub target: ActivityTarget,
    /// What.
    pub operation: Operation,
}

/// What a start brings to the run that serves it.
#[derive(Clone, Debug, Default)]
pub struct Attachment {
    /// Its request id, if that is to be remembered.
    pub request_id: Option<String>,
    /// Whom to tell when the chain of runs is over.
    pub callbacks: Vec<Callback>,
    /// Links of the event.
    pub links: Vec<Link>,
}

/// A change of options.
#[derive(Clone, Debug, Default)]
pub struct OptionsChange {
    /// The options that are wanted.
    pub options: WorkflowExecutionOptions,
    /// Which of them are meant.
    pub mask: Vec<String>,
    /// Who asks.
    pub identity: String,
}

/// A signal.
#[derive(Clone, Debug)]
pub struct Signal {
    /// The signal.
    pub request: SignalWorkflowExecutionRequest,
    /// The sender, if it is a workflow.
    pub source: Option<WorkflowExecution>,
    /// Whether a first workflow task that is delayed is to be scheduled at once.
    pub skips_delay: bool,
    /// Refuse unless the sender is the parent.
    pub child_only: bool,
}

/// A request to cancel.
#[derive(Clone, Debug)]
pub struct CancelRequest {
    /// Makes a repeated request harmless.
    pub request_id: String,
    /// Who asks.
    pub identity: String,
    /// Why.
    pub reason: String,
    /// Links of the event.
    pub links: Vec<Link>,
    /// The asker and its initiating event, if it is a workflow.
    pub source: Option<(WorkflowExecution, i64)>,
    /// Refuse unless the asker is the parent.
    pub child_only: bool,
}

/// An end from outside.
#[derive(Clone, Debug, Default)]
pub struct Termination {
    /// Who.
    pub identity: String,
    /// Why.
    pub reason: String,
    /// More of why.
    pub details: Option<Payloads>,
    /// Links of the event.
    pub links: Vec<Link>,
    /// Refuse unless this is the parent.
    pub parent: Option<WorkflowExecution>,
}
