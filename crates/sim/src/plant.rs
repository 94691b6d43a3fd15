//! Faults planted on purpose, to see that the checks notice them. They live in the simulator's store and wires; the
//! rooms know nothing of them.

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// The store answers a commit at once and makes it durable later, if the fence still holds then.
    ReplyBeforeCommit,
    /// The store lets a commit of a stale owner through.
    SkippedFence,
    /// The store answers a commit in which an update is accepted at once, and makes it durable later.
    UpdateAnsweredEarly,
    /// The store forgets an outbox row.
    DroppedOutboxRow,
    /// The store forgets a wake.
    LostWake,
    /// Every owner's clock is further ahead than the one before.
    EarlyTimer,
    /// An activity task that was handed to one poll is handed to another one too.
    DoubleDispatch,
    /// The store forgets buffered events.
    LostBufferedEvent,
    /// The answer of an earlier attempt counts for the present one.
    StaleToken,
    /// The store forgets a batch of history.
    DroppedHistory,
    /// The store forgets a row of visibility.
    ForgottenRow,
    /// A repeated signal comes under another request id.
    StrippedRequestId,
    /// The store forgets which run of an execution is the current one.
    ForgottenCurrent,
    /// The start of a workflow comes without its callbacks.
    DroppedCallback,
    /// The store answers a commit that starts a run for a schedule, and forgets it.
    LostAction,
    /// A run that a reset has made is told another signal than the run before it.
    AlteredReapply,
    /// A poll of one version counts as one of the other.
    ConfusedVersion,
    /// Tasks come to their queue without the key that they are shared by.
    UnfairKeys,
}

impl Plant {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::ReplyBeforeCommit,
        Self::SkippedFence,
        Self::UpdateAnsweredEarly,
        Self::DroppedOutboxRow,
        Self::LostWake,
        Self::EarlyTimer,
        Self::DoubleDispatch,
        Self::LostBufferedEvent,
        Self::StaleToken,
        Self::DroppedHistory,
        Self::ForgottenRow,
        Self::StrippedRequestId,
        Self::ForgottenCurrent,
        Self::DroppedCallback,
        Self::LostAction,
        Self::AlteredReapply,
        Self::ConfusedVersion,
        Self::UnfairKeys,
    ];
}
