//! What a run remembers: events, which go into its history, and facts, which live outside of it.

use longhaul_proto::api::{
    common::v1::{Payloads, WorkerVersionStamp},
    failure::v1::Failure,
    history::v1::{ActivityTaskScheduledEventAttributes, HistoryEvent},
    update::v1::Request as UpdateRequest,
};
use minicbor::{Decode, Encode};

use super::{
    state::{FirstTask, LastWorker, Sticky, TaskStarted, WorkflowTask},
    versions::{Moving, Told},
};
use crate::{activity::Paused, codec::Pb, deployment::VersionName, ids::RunId, time::Timestamp};

/// One thing that happened to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// An event with its id.
    Event(Box<HistoryEvent>),
    /// An event that was buffered, now with its id. What it means was folded when it was buffered.
    Flushed(Box<HistoryEvent>),
    /// Something outside of the history.
    Fact(Fact),
    /// Something that is not stored at all.
    Volatile(Volatile),
}

/// A change that is not an event of the history. A step makes a list of them: what is large is boxed.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Fact {
    /// The transition is complete; closes every list of changes.
    #[n(0)]
    Transitioned,
    /// An event waits for the started workflow task to end.
    #[n(1)]
    Buffered(#[n(0)] Box<Pb<HistoryEvent>>),
    /// The buffer is empty: its events were flushed, or the run closed.
    #[n(2)]
    BufferEmptied,
    /// A workflow task was scheduled without an event.
    #[n(3)]
    TaskScheduled(#[n(0)] WorkflowTask),
    /// A workflow task was started without an event.
    #[n(4)]
    TaskStarted(#[n(0)] TaskStarted),
    /// A workflow task ended without an event.
    #[n(5)]
    TaskEnded,
    /// What the next workflow task will be like.
    #[n(6)]
    NextTask {
        /// Its attempt.
        #[n(0)]
        attempt: i32,
        /// Tasks failed or timed out in a row.
        #[n(1)]
        failed: i32,
    },
    /// The pending workflow task continues a row of heartbeating ones.
    #[n(7)]
    TaskHeartbeats {
        /// When the first of the row was scheduled.
        #[n(0)]
        original_scheduled_at: Timestamp,
    },
    /// A worker has the run in its cache, or no longer.
    #[n(8)]
    Sticky(#[n(0)] Option<Sticky>),
    /// The first workflow task waits, or no longer.
    #[n(9)]
    FirstTask(#[n(0)] FirstTask),
    /// An attempt of an activity was given to a worker.
    #[n(10)]
    ActivityStarted {
        /// The activity.
        #[n(0)]
        scheduled_event_id: i64,
        /// When.
        #[n(1)]
        at: Timestamp,
        /// Request id of the start.
        #[n(2)]
        request_id: String,
        /// Identity of the worker.
        #[n(3)]
        identity: String,
        /// Build of the worker.
        #[n(4)]
        build: Option<Pb<WorkerVersionStamp>>,
        /// Version of the worker.
        #[n(5)]
        #[cbor(default)]
        version: Option<VersionName>,
    },
    /// An attempt of an activity ended and another one follows.
    #[n(11)]
    ActivityRetry {
        /// The activity.
        #[n(0)]
        scheduled_event_id: i64,
        /// The attempt that follows.
        #[n(1)]
        attempt: i32,
        /// When the attempt ended.
        #[n(2)]
        at: Timestamp,
        /// When the next one is due.
        #[n(3)]
        due: Timestamp,
        /// Why the attempt ended.
        #[n(4)]
        failure: Pb<Failure>,
    },
    /// An activity's retry interval has passed: it waits for a worker.
    #[n(12)]
    ActivityDue {
        /// The activity.
        #[n(0)]
        scheduled_event_id: i64,
        /// When.
        #[n(1)]
        at: Timestamp,
    },
    /// An activity reported that it is alive.
    #[n(13)]
    ActivityHeartbeat {
        /// The activity.
        #[n(0)]
        scheduled_event_id: i64,
        /// When.
        #[n(1)]
        at: Timestamp,
        /// What it reported.
        #[n(2)]
        details: Option<Pb<Payloads>>,
    },
    /// A signal with this request id was accepted.
    #[n(14)]
    SignalSeen(#[n(0)] String),
    /// When the store will wake the run.
    #[n(15)]
    Wake(#[n(0)] Option<Timestamp>),
    /// A duty was put into the outbox.
    #[n(16)]
    DutyPut(#[n(0)] DutyId),
    /// A duty was done, or is void.
    #[n(17)]
    DutyDone(#[n(0)] DutyId),
    /// A buffered event was taken back; its place in the buffer is given.
    #[n(19)]
    Unbuffered(#[n(0)] u64),
    /// The transition is book-keeping that nobody is told of.
    #[n(20)]
    Unseen,
    /// Another run goes on in the place of this one, from an earlier point of its history.
    #[n(21)]
    ResetTo(#[n(0)] RunId, #[n(1)] Option<String>),
    /// What a search attribute tells of workflow tasks that fail again and again; empty if nothing.
    #[n(22)]
    ReportedProblems(#[n(0)] Vec<String>),
    /// An update that the history has admitted was rejected; its id is given.
    #[n(23)]
    UpdateRejected(#[n(0)] String),
    /// The oldest points to reset to were forgotten; the number of those kept is given.
    #[n(24)]
    ResetPointsKept(#[n(0)] u64),
    /// The closed run is in the archive.
    #[n(130)]
    Archived,
    /// The run moves to other workers, or does not any more; the revision of the routing is given.
    #[n(180)]
    Moving(#[n(0)] Option<Moving>, #[n(1)] i64),
    /// A worker was told of a version that the run could move to.
    #[n(181)]
    GoalTold(#[n(0)] Told),
    /// Versioning rules have led the run to another build: which one, and how often that has happened.
    #[n(182)]
    Assigned(#[n(0)] String, #[n(1)] i64),
    /// An attempt to start a Nexus operation, or to cancel it, has failed and another one follows.
    #[n(140)]
    NexusAttemptFailed {
        /// The operation.
        #[n(0)]
        scheduled_event_id: i64,
        /// Whether it was to be canceled.
        #[n(1)]
        is_cancel: bool,
        /// When the attempt ended.
        #[n(2)]
        at: Timestamp,
        /// When the next one is due.
        #[n(3)]
        due: Timestamp,
        /// Why it failed.
        #[n(4)]
        failure: Pb<Failure>,
    },
    /// The wait for the next attempt is over.
    #[n(141)]
    NexusAttemptDue {
        /// The operation.
        #[n(0)]
        scheduled_event_id: i64,
        /// Whether it is to be canceled.
        #[n(1)]
        is_cancel: bool,
    },
    /// An attempt to tell of the end of the chain has ended.
    #[n(142)]
    CallbackAttempted {
        /// The callback, by its place.
        #[n(0)]
        index: u64,
        /// When.
        #[n(1)]
        at: Timestamp,
        /// Why it failed, if it did.
        #[n(2)]
        failure: Option<Pb<Failure>>,
        /// When the next one is due, if there is to be one.
        #[n(3)]
        due: Option<Timestamp>,
    },
    /// The wait for the next attempt is over.
    #[n(143)]
    CallbackDue {
        /// The callback, by its place.
        #[n(0)]
        index: u64,
    },
    /// Which SDK completed a workflow task.
    #[n(18)]
    Worker(#[n(0)] LastWorker),
    /// An operator changed something about an activity, named by its scheduled event.
    #[n(160)]
    ActivityControlled(#[n(0)] i64, #[n(1)] ControlChange),
    /// How the first of a row of workflow tasks ended that were not completed.
    #[n(161)]
    Problem(#[n(0)] Vec<String>),
}

/// What an operator changed about an activity.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum ControlChange {
    /// It is kept from going on.
    #[n(0)]
    Paused(#[n(0)] Paused),
    /// It may go on.
    #[n(1)]
    Unpaused,
    /// Its attempts are counted anew.
    #[n(2)]
    AttemptsReset {
        /// Whether the worker that has it is told.
        #[n(0)]
        told: bool,
    },
    /// Its heartbeat is forgotten.
    #[n(3)]
    HeartbeatForgotten,
    /// Its heartbeat will be forgotten when the next attempt begins.
    #[n(4)]
    HeartbeatResets,
    /// It has other options.
    #[n(5)]
    Options(#[n(0)] Pb<ActivityTaskScheduledEventAttributes>),
    /// It has the options again that it was scheduled with.
    #[n(6)]
    OptionsRestored,
    /// Its attempt is dispatched at this instant, or now.
    #[n(7)]
    Dispatched {
        /// When.
        #[n(0)]
        due: Timestamp,
        /// Whether that is now.
        #[n(1)]
        is_due: bool,
    },
    /// What was asked for was so already; the request counts as a transition all the same.
    #[n(8)]
    Nothing,
}

/// A change that only memory knows of.
#[derive(Clone, Debug, PartialEq)]
pub enum Volatile {
    /// An update was admitted.
    UpdateAdmitted(Box<UpdateRequest>),
    /// The waiting updates went to a worker with the task of this started event, or all of them wait again.
    UpdatesSent(Option<i64>),
    /// An update is pending no more.
    UpdateGone(String),
    /// A workflow task was scheduled for updates alone.
    TaskScheduled(WorkflowTask),
    /// It was started.
    TaskStarted(TaskStarted),
    /// It came to nothing.
    TaskEnded,
    /// The worker tried to close the run while there was something it had not seen; or the task after that is over.
    Closing(bool),
}

/// Name of a duty: something a run owes to others, kept in the outbox until it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum DutyId {
    /// To have the pending workflow task dispatched.
    #[n(0)]
    WorkflowTask,
    /// To have the activity scheduled by this event dispatched.
    #[n(1)]
    Activity(#[n(0)] i64),
    /// To have the child initiated by this event started.
    #[n(2)]
    StartChild(#[n(0)] i64),
    /// To tell the child that its start was recorded.
    #[n(3)]
    ScheduleChild(#[n(0)] i64),
    /// To deliver the signal initiated by this event.
    #[n(4)]
    SignalExternal(#[n(0)] i64),
    /// To deliver the cancel request initiated by this event.
    #[n(5)]
    CancelExternal(#[n(0)] i64),
    /// To tell the parent how this run closed.
    #[n(6)]
    NotifyParent,
    /// To apply the parent close policy to the child initiated by this event.
    #[n(7)]
    CloseChild(#[n(0)] i64),
    /// To tell the schedule that started this chain how it closed.
    #[n(8)]
    NotifySchedule,
    /// To have the closed run archived, before it is removed.
    #[n(130)]
    Archive,
    /// To have the Nexus operation scheduled by this event started.
    #[n(140)]
    NexusStart(#[n(0)] i64),
    /// To have the Nexus operation scheduled by this event canceled.
    #[n(141)]
    NexusCancel(#[n(0)] i64),
    /// To tell the callback in this place that the chain is over.
    #[n(142)]
    Callback(#[n(0)] i64),
}

impl DutyId {
    /// The pair of numbers that names it in stored keys.
    pub const fn key(self) -> (u8, i64) {
        match self {
            Self::WorkflowTask => (0, 0),
            Self::Activity(event) => (1, event),
            Self::StartChild(event) => (2, event),
            Self::ScheduleChild(event) => (3, event),
            Self::SignalExternal(event) => (4, event),
            Self::CancelExternal(event) => (5, event),
            Self::NotifyParent => (6, 0),
            Self::CloseChild(event) => (7, event),
            Self::NotifySchedule => (8, 0),
            Self::Archive => (130, 0),
            Self::NexusStart(event) => (140, event),
            Self::NexusCancel(event) => (141, event),
            Self::Callback(index) => (142, index),
        }
    }

    /// The duty that a stored key names.
    pub const fn from_key(kind: u8, event: i64) -> Option<Self> {
        Some(match kind {
            0 => Self::WorkflowTask,
            1 => Self::Activity(event),
            2 => Self::StartChild(event),
            3 => Self::ScheduleChild(event),
            4 => Self::SignalExternal(event),
            5 => Self::CancelExternal(event),
            6 => Self::NotifyParent,
            7 => Self::CloseChild(event),
            8 => Self::NotifySchedule,
            130 => Self::Archive,
            140 => Self::NexusStart(event),
            141 => Self::NexusCancel(event),
            142 => Self::Callback(event),
            _ => return None,
        })
    }
}
