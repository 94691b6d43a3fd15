//! How calls of operations end.

use longhaul_proto::api::{
    common::v1::{Link, Payload},
    enums::v1::TimeoutType,
    failure::v1::Failure,
};

use crate::time::Timestamp;

/// How an attempt to start an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum StartOutcome {
    /// The operation is over.
    Ended(Ending, Vec<Link>),
    /// The operation runs, and will be told of under this token.
    Started {
        /// Names the operation to its handler.
        token: String,
        /// Links of the event.
        links: Vec<Link>,
    },
    /// The handler did not take the call.
    Failed {
        /// Why.
        failure: Box<Failure>,
        /// Whether it may take it another time.
        retryable: bool,
    },
    /// Too little of the time that this bounds is left to try.
    OutOfTime(TimeoutType),
}

/// How an attempt to tell somebody something ended: a handler of a cancellation, a caller of an end.
#[derive(Clone, Debug, PartialEq)]
pub enum DeliveryOutcome {
    /// It was taken.
    Delivered,
    /// It was not taken.
    Failed {
        /// Why.
        failure: Box<Failure>,
        /// Whether it may take it another time.
        retryable: bool,
    },
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// With a result.
    Succeeded(Option<Payload>),
    /// With a failure.
    Failed(Box<Failure>),
    /// As canceled.
    Canceled(Box<Failure>),
}

/// News of the end of an operation that was started.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// The request id of the operation's start.
    pub request_id: String,
    /// The token of the operation, for one whose start was not heard of yet.
    pub token: String,
    /// When the operation began, if its handler says so.
    pub started_at: Option<Timestamp>,
    /// Links to what carried the operation out.
    pub links: Vec<Link>,
    /// How it ended.
    pub ending: Ending,
}
