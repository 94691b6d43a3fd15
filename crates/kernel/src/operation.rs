//! A Nexus operation without a workflow: a client starts it, its handler carries it out, and whoever asks is told how it
//! ended. It has no history; what happened to it is its state.

mod change;
mod decide;
mod row;
#[cfg(test)]
mod tests;
mod view;

use std::{collections::BTreeSet, sync::Arc};

use longhaul_proto::api::{
    common::v1::Payload,
    enums::v1::{NexusOperationExecutionStatus as Status, TimeoutType},
    failure::v1::Failure,
    workflowservice::v1::StartNexusOperationExecutionRequest,
};
use minicbor::{Decode, Encode};
use uuid::Uuid;

use crate::{
    codec::Pb,
    context::Context,
    hosted::{DutyName, Hosted},
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    machine::Draw,
    nexus::{Attempts, Completion, DeliveryOutcome, StartOutcome},
    time::{Timestamp, positive},
    visibility::Row,
};

pub use change::Change;

/// An operation.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Operation {
    /// Its namespace.
    #[n(0)]
    pub namespace: NamespaceId,
    /// Its id.
    #[n(1)]
    pub id: String,
    /// Tells it from others of that id.
    #[n(2)]
    pub run: RunId,
    /// What its client asked for.
    #[n(3)]
    pub request: Pb<StartNexusOperationExecutionRequest>,
    /// The endpoint.
    #[n(4)]
    pub endpoint_id: String,
    /// Makes a repeated start harmless to its handler.
    #[n(5)]
    pub handler_request_id: String,
    /// When it was asked for.
    #[n(6)]
    pub scheduled_at: Timestamp,
    /// Attempts to start it that have begun.
    #[n(7)]
    attempt: i32,
    /// Those that have ended.
    #[n(8)]
    attempts: Attempts,
    /// Set once it runs.
    #[n(9)]
    started: Option<Started>,
    /// Set once its cancellation was asked for.
    #[n(10)]
    cancel: Option<Cancel>,
    /// Set once it is over.
    #[n(11)]
    closed: Option<Closed>,
    /// Transitions made so far.
    #[n(12)]
    pub transitions: i64,
    /// Whether it is to be removed.
    #[n(13)]
    gone: bool,
}

/// An operation that runs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Started {
    #[n(0)]
    token: String,
    #[n(1)]
    at: Timestamp,
}

/// A cancellation that was asked for.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Cancel {
    #[n(0)]
    request_id: String,
    #[n(1)]
    reason: String,
    /// Attempts to deliver it that have begun.
    #[n(2)]
    attempt: i32,
    #[n(3)]
    attempts: Attempts,
    #[n(4)]
    delivered: Option<bool>,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Closed {
    #[n(0)]
    at: Timestamp,
    /// Number of the public `NexusOperationExecutionStatus`.
    #[n(1)]
    status: i32,
    #[n(2)]
    result: Option<Pb<Payload>>,
    #[n(3)]
    failure: Option<Pb<Failure>>,
    /// How long it is kept.
    #[n(4)]
    until: Timestamp,
    /// The request that ended it, if one did.
    #[n(5)]
    terminated_by: String,
}

/// Something that happens to an operation.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its surroundings.
    pub context: Arc<Context>,
    /// What.
    pub what: What,
}

/// What happens.
#[derive(Clone, Debug)]
pub enum What {
    /// Time has passed.
    Tick,
    /// An attempt to start it has ended.
    StartAttempted(Box<StartOutcome>),
    /// An attempt to cancel it has ended.
    CancelAttempted(Box<DeliveryOutcome>),
    /// Its handler tells of its end.
    Completed(Box<Completion>),
    /// A client asks for its cancellation.
    RequestCancel(Asked),
    /// A client ends it.
    Terminate(Asked),
    /// A client wants it to be removed.
    Delete,
}

/// What a client says with a request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Makes a repeated request harmless.
    pub request_id: String,
    /// Who.
    pub identity: String,
    /// Why.
    pub reason: String,
}

/// What followed from a step.
#[derive(Debug, Default)]
pub struct Effects {
    changes: Vec<Change>,
}

/// Sorts of duties.
const START: u8 = 0;
const CANCEL: u8 = 1;

/// A duty with the operation that has it.
#[derive(Clone, Debug)]
pub enum Duty {
    /// Have it started.
    Start(Box<Operation>),
    /// Have it canceled.
    Cancel(Box<Operation>),
}

impl Operation {
    /// An operation that a client has asked for.
    pub fn begin(
        namespace: NamespaceId,
        mut request: StartNexusOperationExecutionRequest,
        endpoint_id: String,
        at: Timestamp,
        draw: &mut Draw,
    ) -> Self {
        let header = std::mem::take(&mut request.nexus_header);
        request.nexus_header = header.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let id = std::mem::take(&mut request.operation_id);
        request.namespace = String::new();
        Self {
            namespace,
            id,
            run: RunId::from_bytes(draw.uuid()),
            request: Pb(request),
            endpoint_id,
            handler_request_id: Uuid::from_bytes(draw.uuid()).to_string(),
            scheduled_at: at,
            attempt: 1,
            attempts: Attempts::default(),
            started: None,
            cancel: None,
            closed: None,
            transitions: 1,
            gone: false,
        }
    }

    /// The public status.
    pub fn status(&self) -> Status {
        let closed = self.closed.as_ref().map(|closed| closed.status);
        closed.map_or(Status::Running, |status| Status::try_from(status).unwrap_or_default())
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether it runs or is over.
    pub fn has_started(&self) -> bool {
        self.started.is_some() || self.closed.is_some()
    }

    /// Names it to its handler; empty before it runs.
    pub fn token(&self) -> &str {
        self.started.as_ref().map_or("", |started| &started.token)
    }

    /// When its time is up.
    pub fn closes_at(&self) -> Option<Timestamp> {
        positive(self.request.schedule_to_close_timeout.as_ref()).map(|timeout| self.scheduled_at + timeout)
    }

    /// Its deadlines: those that end it, by their type, and those at which something is tried again.
    fn timeouts(&self) -> impl Iterator<Item = (Timestamp, TimeoutType)> {
        let to_start = positive(self.request.schedule_to_start_timeout.as_ref());
        let to_start = to_start.filter(|_| self.started.is_none()).map(|timeout| self.scheduled_at + timeout);
        let from_start = positive(self.request.start_to_close_timeout.as_ref());
        let from_start =
            self.started.as_ref().and_then(|started| from_start.map(|timeout| started.at + timeout));
        [
            (self.closes_at(), TimeoutType::ScheduleToClose),
            (to_start, TimeoutType::ScheduleToStart),
            (from_start, TimeoutType::StartToClose),
        ]
        .into_iter()
        .filter_map(|(at, kind)| Some((at?, kind)))
    }
}

impl Hosted for Operation {
    const KIND: Kind = Kind::NexusOperation;
    type Reply = ();
    type Duty = Duty;

    fn effects(effects: Effects) -> (Vec<Change>, ()) {
        (effects.changes, ())
    }

    fn key(&self) -> RunKey {
        let execution = ExecutionKey {
            namespace: self.namespace,
            kind: Kind::NexusOperation,
            id: self.id.as_str().into(),
        };
        RunKey { execution, run: self.run }
    }

    fn tick(context: &Arc<Context>) -> Input {
        Input { context: context.clone(), what: What::Tick }
    }

    fn wake(&self) -> Option<Timestamp> {
        if let Some(closed) = &self.closed {
            return Some(closed.until);
        }
        let again = [self.attempts.due, self.cancel.as_ref().and_then(|cancel| cancel.attempts.due)];
        self.timeouts().map(|(at, _)| at).chain(again.into_iter().flatten()).min()
    }

    fn owed(&self) -> BTreeSet<DutyName> {
        let mut owed = BTreeSet::new();
        if self.closed.is_some() {
            return owed;
        }
        if self.started.is_none() && self.attempts.due.is_none() {
            owed.insert(DutyName { sort: START, number: self.attempt.into() });
        }
        if let (Some(_), Some(cancel)) = (&self.started, &self.cancel)
            && cancel.delivered.is_none()
            && cancel.attempts.due.is_none()
        {
            owed.insert(DutyName { sort: CANCEL, number: cancel.attempt.into() });
        }
        owed
    }

    fn duty(&self, name: DutyName) -> Option<Duty> {
        if !self.owed().contains(&name) {
            return None;
        }
        let operation = Box::new(self.clone());
        Some(if name.sort == START { Duty::Start(operation) } else { Duty::Cancel(operation) })
    }

    fn row(&self, context: &Context) -> Option<Row> {
        Some(self.list_row(context))
    }

    fn rests(&self) -> bool {
        self.closed.is_some()
    }

    fn is_gone(&self) -> bool {
        self.gone
    }
}
