//! What can happen to a standalone activity, and what it answers.

use std::sync::Arc;

use longhaul_proto::api::{
    common::v1::Payloads, failure::v1::Failure, workflowservice::v1::RecordActivityTaskHeartbeatResponse,
};

use super::{Asked, Change};
use crate::{activity::Operation, context::Context};

/// What can happen to a standalone activity.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed.
    Tick(Arc<Context>),
    /// A worker takes its task.
    Started(Started),
    /// A worker says something of an attempt; who it is.
    Said(Attempt, String, Said, Arc<Context>),
    /// A client asks it to cancel.
    Cancel(Asked, Arc<Context>),
    /// A client ends it.
    Terminate(Asked, Arc<Context>),
    /// An operator acts on it.
    Operated {
        /// What.
        operation: Operation,
        /// Makes a repeated request harmless.
        request_id: String,
        /// Its surroundings.
        context: Arc<Context>,
    },
    /// A client removes it.
    Delete,
    /// Its task was handed to its queue.
    Dispatched,
}

/// A poll that gets the task.
#[derive(Clone, Debug, Default)]
pub struct Started {
    /// Number of the task that was dispatched.
    pub number: i64,
    /// Makes a repeated start harmless.
    pub request_id: String,
    /// The worker.
    pub identity: String,
    /// Its SDK: name and version.
    pub sdk: (String, String),
}

/// Which attempt is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// That of the task with this number, by its token.
    Task(i64),
    /// The current one, by the activity's id.
    Current,
}

/// What a worker says of an attempt.
#[derive(Clone, Debug)]
pub enum Said {
    /// It goes on.
    Heartbeat(Option<Payloads>),
    /// It has completed.
    Completed(Option<Payloads>),
    /// It has failed; with the last details of its heartbeat.
    Failed(Option<Failure>, Option<Payloads>),
    /// It has ended because it was asked to cancel.
    Canceled(Option<Payloads>),
}

/// How an activity ends.
#[derive(Clone, Debug)]
pub enum Ending {
    /// With a result.
    Completed(Option<Payloads>),
    /// With a failure: the status, the failure and the number of the retry state.
    Failed(longhaul_proto::api::enums::v1::ActivityExecutionStatus, Failure, i32),
}

/// What a step leads to.
#[derive(Debug)]
pub struct Effects {
    /// What is to be made durable.
    pub changes: Vec<Change>,
    /// What is answered.
    pub reply: Reply,
}

/// What is answered to an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Reply {
    /// It was taken.
    #[default]
    Done,
    /// The attempt is started.
    Started,
    /// The task is void.
    Stale,
    /// What a heartbeating activity has to know.
    Heartbeat(RecordActivityTaskHeartbeatResponse),
    /// The failure was too large, and this one was taken in its place.
    FailureReplaced(Box<Failure>),
}
