//! What an operation remembers, and how it is folded.

use longhaul_proto::api::{common::v1::Payload, failure::v1::Failure};
use minicbor::{Decode, Encode};

use super::{Cancel, Closed, Operation, Started};
use crate::{codec::Pb, nexus::Attempts, time::Timestamp};

/// One thing that an operation remembers.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Change {
    /// It runs under this token.
    #[n(0)]
    Started(#[n(0)] String, #[n(1)] Timestamp),
    /// An attempt to start or to cancel it has failed: when, when the next one is due, and why.
    #[n(1)]
    AttemptFailed(#[n(0)] bool, #[n(1)] Timestamp, #[n(2)] Timestamp, #[n(3)] Pb<Failure>),
    /// The wait for the next attempt is over.
    #[n(2)]
    AttemptDue(#[n(0)] bool),
    /// It is over.
    #[n(3)]
    Closed {
        /// When.
        #[n(0)]
        at: Timestamp,
        /// Number of the public status.
        #[n(1)]
        status: i32,
        /// Its result.
        #[n(2)]
        result: Option<Pb<Payload>>,
        /// Why it has none.
        #[n(3)]
        failure: Option<Pb<Failure>>,
        /// How long it is kept.
        #[n(4)]
        until: Timestamp,
        /// The request that ended it.
        #[n(5)]
        terminated_by: String,
        /// Whether the attempt to start it told so.
        #[n(6)]
        by_attempt: bool,
    },
    /// A client asked for its cancellation: the request id, and why.
    #[n(4)]
    CancelRequested(#[n(0)] String, #[n(1)] String),
    /// The request to cancel is settled; the failure if it was not taken.
    #[n(5)]
    CancelSettled(#[n(0)] Timestamp, #[n(1)] Option<Pb<Failure>>),
    /// It is to be removed.
    #[n(6)]
    Gone,
}

impl Operation {
    pub(super) fn fold(&mut self, change: &Change) {
        self.transitions += 1;
        match change {
            Change::Started(token, at) => {
                self.attempts.ended(*at, None, None);
                self.started = Some(Started { token: token.clone(), at: *at });
            }
            Change::AttemptFailed(is_cancel, at, due, failure) => {
                if let Some(attempts) = self.attempts_of(*is_cancel) {
                    attempts.ended(*at, Some(failure.clone()), Some(*due));
                }
            }
            Change::AttemptDue(is_cancel) => {
                if let Some(attempts) = self.attempts_of(*is_cancel) {
                    attempts.due = None;
                }
                match &mut self.cancel {
                    Some(cancel) if *is_cancel => cancel.attempt += 1,
                    _ => self.attempt += 1,
                }
            }
            Change::Closed { at, status, result, failure, until, terminated_by, by_attempt } => {
                self.attempts.due = None;
                if *by_attempt {
                    self.attempts.last_failure.clone_from(failure);
                    self.attempts.last_at = failure.as_ref().map(|_| *at).or(self.attempts.last_at);
                }
                self.closed = Some(Closed {
                    at: *at,
                    status: *status,
                    result: result.clone(),
                    failure: failure.clone(),
                    until: *until,
                    terminated_by: terminated_by.clone(),
                });
            }
            Change::CancelRequested(request_id, reason) => {
                self.cancel = Some(Cancel {
                    request_id: request_id.clone(),
                    reason: reason.clone(),
                    attempt: 1,
                    attempts: Attempts::default(),
                    delivered: None,
                });
            }
            Change::CancelSettled(at, failure) => {
                if let Some(cancel) = &mut self.cancel {
                    cancel.attempts.ended(*at, failure.clone(), None);
                    cancel.delivered = Some(failure.is_none());
                }
            }
            Change::Gone => self.gone = true,
        }
    }

    fn attempts_of(&mut self, is_cancel: bool) -> Option<&mut Attempts> {
        if is_cancel {
            self.cancel.as_mut().map(|cancel| &mut cancel.attempts)
        } else {
            Some(&mut self.attempts)
        }
    }
}
