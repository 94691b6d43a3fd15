//! A standalone activity: a machine that lives from the request that started it to the end of its retention.
//!
//! What it was started with never changes; everything else is its [`State`], which is small, so that a change is simply
//! the state it leads to. Retries, timeouts and options are decided by the same code as those of workflows.

mod input;
mod operated;
mod row;
mod start;
mod state;
mod ticks;
mod view;
mod worked;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc};

use longhaul_proto::api::workflowservice::v1::StartActivityExecutionRequest;
use minicbor::{Decode, Encode};

use crate::{
    Refusal,
    activity::jittered,
    codec::Pb,
    context::Context,
    hosted::{DutyName, Hosted},
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    machine::{Draw, Machine},
    time::Timestamp,
    visibility::Row,
};

pub use input::{Attempt, Effects, Ending, Input, Reply, Said, Started};
pub use start::Verdict;
pub use state::{Asked, Closed, Phase, State};
pub use view::Included;

/// A standalone activity.
#[derive(Clone, Debug, Encode, Decode)]
pub struct Execution {
    /// Its namespace.
    #[n(0)]
    pub namespace: NamespaceId,
    /// Its id.
    #[n(1)]
    pub id: String,
    /// Its run.
    #[n(2)]
    pub run: RunId,
    /// How it was started.
    #[n(3)]
    pub start: Pb<StartActivityExecutionRequest>,
    /// When it was started.
    #[n(4)]
    pub started_at: Timestamp,
    /// Where it stands.
    #[n(5)]
    pub state: State,
}

/// What a step made of an activity.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Change(#[n(0)] pub Box<State>);

/// A task of a standalone activity, to be dispatched.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Queue it goes to.
    pub queue: String,
    /// Attempt.
    pub attempt: i32,
    /// A task with another number is void.
    pub number: i64,
    /// When the attempt was scheduled.
    pub scheduled_at: Timestamp,
    /// After this it need not be dispatched.
    pub expires_at: Option<Timestamp>,
    /// Its priority.
    pub priority: Option<longhaul_proto::api::common::v1::Priority>,
}

impl Machine for Execution {
    type Input = Input;
    type Change = Change;
    type Effects = Effects;

    fn step(&mut self, input: Input, at: Timestamp, draw: &mut Draw) -> Result<Effects, Refusal> {
        let (next, reply) = match input {
            Input::Tick(context) => (self.ticked(at, &context), Reply::Done),
            Input::Started(start) => match self.taken(&start, at) {
                Some(next) => (Some(next), Reply::Started),
                None => (None, Reply::Stale),
            },
            Input::Said(attempt, identity, said, context) => {
                let (next, reply) = self.worked(&attempt, identity, said, at, &context)?;
                (Some(next), reply)
            }
            Input::Cancel(asked, context) => (Some(self.canceled(asked, at, &context)?), Reply::Done),
            Input::Terminate(asked, context) => (Some(self.terminated(asked, at, &context)?), Reply::Done),
            Input::Operated { operation, request_id, context } => {
                let next = self.operated(operation, &request_id, at, draw, &context)?;
                (Some(next), Reply::Done)
            }
            Input::Delete => (Some(State { is_gone: true, ..self.state.clone() }), Reply::Done),
            Input::Dispatched => (None, Reply::Done),
        };
        let Some(next) = next.filter(|next| *next != self.state) else {
            return Ok(Effects { changes: Vec::new(), reply });
        };
        let change = Change(Box::new(next));
        self.apply(&change);
        Ok(Effects { changes: vec![change], reply })
    }

    fn apply(&mut self, change: &Change) {
        self.state = (*change.0).clone();
    }
}

impl Hosted for Execution {
    const KIND: Kind = Kind::Activity;
    type Reply = Reply;
    type Duty = Order;

    fn effects(effects: Effects) -> (Vec<Change>, Reply) {
        (effects.changes, effects.reply)
    }

    fn key(&self) -> RunKey {
        let execution =
            ExecutionKey { namespace: self.namespace, kind: Kind::Activity, id: self.id.as_str().into() };
        RunKey { execution, run: self.run }
    }

    fn tick(context: &Arc<Context>) -> Input {
        Input::Tick(context.clone())
    }

    fn wake(&self) -> Option<Timestamp> {
        self.deadlines().into_iter().map(|(at, _)| at).min()
    }

    /// Its task, until a worker has taken it: there is no other durable source of it.
    fn owed(&self) -> BTreeSet<DutyName> {
        let waits = self.state.waits_for_worker();
        waits.then_some(DutyName { sort: 0, number: self.state.dispatch }).into_iter().collect()
    }

    fn duty(&self, name: DutyName) -> Option<Order> {
        let state = &self.state;
        (state.waits_for_worker() && name.number == state.dispatch).then(|| Order {
            queue: state.options.task_queue.as_ref().map_or_else(String::new, |queue| queue.name.clone()),
            attempt: state.attempt,
            number: state.dispatch,
            scheduled_at: state.due,
            expires_at: self.start_deadline(),
            priority: state.options.priority.clone(),
        })
    }

    fn row(&self, context: &Context) -> Option<Row> {
        Some(self.list_row(context))
    }

    fn rests(&self) -> bool {
        self.state.closed.is_some()
    }

    fn is_gone(&self) -> bool {
        self.state.is_gone
    }
}

impl Execution {
    /// The state with the next attempt due at `due`, and its task dispatched if that is now.
    fn scheduled(state: &mut State, due: Timestamp, at: Timestamp) {
        state.due = due;
        state.phase = if due <= at { Phase::Scheduled } else { Phase::Backoff };
        state.dispatch += 1;
    }

    /// The same within a jitter.
    fn scheduled_within(
        state: &mut State,
        due: Timestamp,
        at: Timestamp,
        jitter: std::time::Duration,
        draw: &mut Draw,
    ) {
        Self::scheduled(state, jittered(due.max(at), jitter, draw), at);
    }
}
