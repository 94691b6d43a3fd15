//! Activities, whether a workflow schedules them or a client starts them alone: what both kinds have in common. Options
//! and their limits, what operators may do, and when an attempt is followed by another one.

mod execution;
mod operator;
mod options;
mod verdict;

pub use execution::{
    Asked, Attempt, Change, Effects, Execution, Included, Input, Order, Reply, Said, Started,
    Verdict as StartVerdict,
};
pub use operator::{Operation, Paused, jittered};
pub use options::{Dialect, merged, normalise, priority_fault};
pub use verdict::{Ended, decide, timed_out};
