//! Where a standalone activity stands.

use longhaul_proto::api::{
    activity::v1::{ActivityExecutionOutcome, ActivityOptions},
    common::v1::Payloads,
    enums::v1::ActivityExecutionStatus as Status,
    failure::v1::Failure,
};
use minicbor::{Decode, Encode};

use crate::{activity::Paused, codec::Pb, time::Timestamp};

/// Where a standalone activity stands.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct State {
    /// The options in force.
    #[n(0)]
    pub options: Pb<ActivityOptions>,
    /// Attempt, from 1.
    #[n(1)]
    pub attempt: i32,
    /// When the attempt was or will be scheduled.
    #[n(2)]
    pub due: Timestamp,
    /// Where the attempt stands.
    #[n(3)]
    pub phase: Phase,
    /// Number of the last task; those with another one are void.
    #[n(4)]
    pub dispatch: i64,
    /// Details of the last heartbeat.
    #[n(5)]
    pub heartbeat_details: Option<Pb<Payloads>>,
    /// When it came.
    #[n(6)]
    pub last_heartbeat: Option<Timestamp>,
    /// Heartbeats in all.
    #[n(7)]
    pub heartbeats: i64,
    /// Why the last attempt failed.
    #[n(8)]
    pub last_failure: Option<Pb<Failure>>,
    /// Worker of the last attempt.
    #[n(9)]
    pub last_worker: String,
    /// When the last attempt began.
    #[n(10)]
    pub last_started: Option<Timestamp>,
    /// When the last attempt ended.
    #[n(11)]
    pub last_ended: Option<Timestamp>,
    /// SDK of the worker of the last attempt: name and version.
    #[n(12)]
    pub sdk: (String, String),
    /// The request to cancel.
    #[n(13)]
    pub cancel: Option<Asked>,
    /// Set while it is paused.
    #[n(14)]
    pub paused: Option<Paused>,
    /// The last request that let it go on.
    #[n(15)]
    pub unpause_request: String,
    /// Whether the attempt that a worker has was reset: the next one is the first again.
    #[n(16)]
    pub is_reset: bool,
    /// Whether the next attempt is to know nothing of earlier heartbeats.
    #[n(17)]
    pub resets_heartbeat: bool,
    /// Set once it has ended.
    #[n(18)]
    pub closed: Option<Closed>,
    /// Transitions so far.
    #[n(19)]
    pub transitions: i64,
    /// Whether it is to be removed.
    #[n(20)]
    pub is_gone: bool,
    /// Whether its first task was dispatched, so that the start is delayed no more.
    #[n(21)]
    pub was_dispatched: bool,
}

/// Where an attempt stands.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub enum Phase {
    /// It waits for its time: a retry interval, or the delay of the start.
    #[default]
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
    },
}

/// A request of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Asked {
    /// Makes a repeated request harmless.
    #[n(0)]
    pub request_id: String,
    /// Who.
    #[n(1)]
    pub identity: String,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// How an activity ended.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Closed {
    /// Number of its status.
    #[n(0)]
    pub status: i32,
    /// When.
    #[n(1)]
    pub at: Timestamp,
    /// What is told of it.
    #[n(2)]
    pub outcome: Pb<ActivityExecutionOutcome>,
    /// The request that terminated it, if one did.
    #[n(3)]
    pub terminated_by: Option<String>,
    /// When it is removed.
    #[n(4)]
    pub removed_at: Timestamp,
    /// Transitions up to its end.
    #[n(5)]
    pub transitions: i64,
}

impl State {
    /// Whether its task is to be dispatched.
    pub fn waits_for_worker(&self) -> bool {
        self.closed.is_none() && self.paused.is_none() && self.phase == Phase::Scheduled
    }

    /// Whether a worker has an attempt.
    pub fn is_started(&self) -> bool {
        matches!(self.phase, Phase::Started { .. })
    }

    /// Whether a worker has this attempt.
    pub fn has_worker(&self, attempt: i32) -> bool {
        self.closed.is_none() && self.is_started() && self.attempt == attempt
    }

    /// The public status.
    pub fn status(&self) -> Status {
        match &self.closed {
            Some(closed) => Status::try_from(closed.status).unwrap_or_default(),
            None if self.paused.is_some() && !self.is_started() => Status::Paused,
            None => Status::Running,
        }
    }

    /// What the reference calls where it stands, in its refusals.
    pub fn name(&self) -> String {
        if self.closed.is_some() {
            return format!("{:?}", self.status());
        }
        let name = match (self.is_started(), self.cancel.is_some(), self.paused.is_some()) {
            (true, true, _) => "CancelRequested",
            (true, false, true) => "PauseRequested",
            (true, false, false) => "Started",
            (false, _, true) => "Paused",
            (false, _, false) => "Scheduled",
        };
        name.to_owned()
    }
}
