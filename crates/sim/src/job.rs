//! What simulated Nexus operations are to do. A job travels in the input of its operation, so that a handler needs
//! nothing else.

use serde::{Deserialize, Serialize};

use crate::{dice::Dice, script::Script};

/// What the handler of an operation does. Numbers are milliseconds where nothing else is said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Requests that are refused for now.
    pub(crate) fails: u32,
    /// How the operation is carried out.
    pub(crate) way: Way,
    /// How long it may take in all; zero is any time.
    pub(crate) schedule_to_close: u64,
    /// When its workflow gives it up; zero is never.
    pub(crate) canceled_after: u64,
}

/// How an operation is carried out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Way {
    /// It has a result at once.
    Result,
    /// It fails at once.
    Failure,
    /// By a workflow, whose end is told by callback.
    Workflow(Box<Script>),
}

impl Job {
    /// Draws a job; `others` are executions that its workflow may write to.
    pub(crate) fn draw(dice: &Dice, others: &[String]) -> Self {
        Self {
            fails: *dice.pick(&[0, 0, 0, 1, 2]),
            way: match dice.below(6) {
                0 => Way::Failure,
                1 | 2 => Way::Result,
                _ => Way::Workflow(Box::new(Script::draw(dice, 0, others))),
            },
            schedule_to_close: *dice.pick(&[0, 0, 20_000, 60_000]),
            canceled_after: if dice.chance(200) { dice.between(1, 6000) } else { 0 },
        }
    }
}

/// An activity of the queue that is shared by weight.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Share {
    /// Whom it is for.
    pub(crate) key: String,
    /// The weight of that one.
    pub(crate) weight: u32,
}
