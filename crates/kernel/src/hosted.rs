//! What a machine has to say of itself to live in a shard beside the workflow runs: how it is kept, when it wants to be
//! woken, what it owes to others and how lists see it. The history room does the rest for every machine alike.
//!
//! All of it is read off the state after a step: the shell compares it with what held before, so that a machine can't
//! forget to report a duty or a wake that it has changed.

use std::{collections::BTreeSet, sync::Arc};

use minicbor::{Decode, Encode};

use crate::{context::Context, ids::Kind, ids::RunKey, machine::Machine, time::Timestamp, visibility::Row};

/// Name of a duty within its run: what sort it is and which one of them. A name is never given to another duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct DutyName {
    /// The sort; numbers are the machine's own.
    #[n(0)]
    pub sort: u8,
    /// Which one.
    #[n(1)]
    pub number: i64,
}

/// A machine that lives in a shard. Its snapshot is its own encoding, its deltas are its changes.
pub trait Hosted:
    Machine<Input: Send, Change: Encode<()> + for<'b> Decode<'b, ()>>
    + Encode<()>
    + for<'b> Decode<'b, ()>
    + Send
    + 'static
{
    /// The kind of its executions.
    const KIND: Kind;

    /// What a step answers.
    type Reply: Send;

    /// A duty with what is needed to fulfil it.
    type Duty: Send + 'static;

    /// Takes the effects of a step apart: what is to be made durable, and the answer.
    fn effects(effects: Self::Effects) -> (Vec<Self::Change>, Self::Reply);

    /// Names the run.
    fn key(&self) -> RunKey;

    /// The input that says that time has passed.
    fn tick(context: &Arc<Context>) -> Self::Input;

    /// When it wants to be told that time has passed.
    fn wake(&self) -> Option<Timestamp>;

    /// What it owes. A duty stays until a report on it takes it away, and may be fulfilled more than once.
    fn owed(&self) -> BTreeSet<DutyName>;

    /// The duty with what is needed to fulfil it; `None` if it is void.
    fn duty(&self, name: DutyName) -> Option<Self::Duty>;

    /// Its row in lists of its kind.
    fn row(&self, context: &Context) -> Option<Row>;

    /// Whether nothing happens to it by itself any more, so that it may leave memory before others.
    fn rests(&self) -> bool;

    /// Whether it is to be removed with everything of it, and its business id to be free again.
    fn is_gone(&self) -> bool;
}
