//! The workflow run: a machine that lives by what clients, workers, other runs and time tell it.
//!
//! [`Run::step`] finds the file of the input under `inputs/`; a completed workflow task finds the file of each of its
//! commands under `commands/`. Both work on a [`transition::Transition`], which folds every change through `apply`.

mod apply;
mod archived;
mod attached;
mod builds;
mod callbacks;
mod chain;
mod change;
mod commands;
mod control;
mod deadlines;
mod duties;
mod effects;
mod event_type;
mod inheritance;
mod input;
mod inputs;
mod listed;
mod next_run;
mod nexus;
mod options;
mod paused;
mod payload;
mod priority;
mod problems;
mod rebuild;
mod reset;
mod rules;
mod start;
mod state;
mod stored;
mod table;
#[cfg(test)]
mod tests;
mod time_skipping;
mod too_large;
mod transition;
mod undo;
mod updates;
pub mod versioning;
mod versions;
mod view;
mod visibility;
mod workflow_task;

use longhaul_proto::Refusal;

use crate::{failure, retry};

pub use attached::{Attached, AttachedRequest, Registered};
pub use builds::{Builds, WantedBuild};
pub use callbacks::CallbackCall;
pub use chain::{Current, StartVerdict, decide_start};
pub use change::{Change, ControlChange, DutyId, Fact, Volatile};
pub use duties::{Dispatch, Duty};
pub use effects::{Effects, NextRun, Reply, Warning};
pub use inheritance::Inheritance;
pub use input::*;
pub(crate) use inputs::activity_operator::check_queue as check_activity_queue;
pub use listed::listed;
pub use nexus::{NexusCancel, NexusOperation, NexusStarted};
pub use options::check_mask as check_options_mask;
pub use payload::json_string;
pub use rebuild::{Broken, Known};
pub use reset::{Reapplied, Reset, operations as reset_operations};
pub(crate) use start::shorter;
pub use start::{ParentPlace, StartOrigin, from_request};
pub use state::*;
pub use stored::Delta;
pub use table::{Entry, Names, Table};
pub use time_skipping::{FastForward, TimeSkipping};
pub use too_large::transaction as transaction_too_large;
pub use updates::{InMemory, Pending, Update, UpdateNews, UpdateStage, orphaned};
pub use versions::{Bound, Effective, Moving, Told, Versions};

use crate::{
    machine::{Draw, Machine},
    time::Timestamp,
};
use transition::Transition;

/// The task id of an event: grows with the event id, as clients may expect.
pub(crate) const fn task_id(event_id: i64) -> i64 {
    1_048_576 + event_id
}

impl Machine for Run {
    type Input = Input;
    type Change = Change;
    type Effects = Effects;

    fn step(&mut self, input: Input, at: Timestamp, draw: &mut Draw) -> Result<Effects, Refusal> {
        // From here on time is the run's own.
        let at = at + time_skipping::ahead_of(self, &input.what);
        let context = input.context.clone();
        let Some(before) = too_large::kept(self, &input) else { return self.decide(input, at, draw) };
        let effects = self.decide(input, at, draw)?;
        Ok(before.settle(self, effects, at, draw, &context))
    }

    fn apply(&mut self, change: &Change) {
        self.fold(change);
    }
}

impl Run {
    /// Decides what an input means, whatever the size of the run.
    fn decide(&mut self, input: Input, at: Timestamp, draw: &mut Draw) -> Result<Effects, Refusal> {
        let context = input.context;
        let mut t = Transition::new(self, at, draw, &context);
        match input.what {
            What::Start(start) => inputs::start::step(&mut t, *start)?,
            What::ScheduleFirstTask => inputs::first_task::step(&mut t)?,
            What::Tick => inputs::tick::step(&mut t),
            What::WorkflowTaskStarted(start) => inputs::workflow_task_started::step(&mut t, &start)?,
            What::WorkflowTaskCompleted(completion) => {
                inputs::workflow_task_completed::step(&mut t, *completion)?
            }
            What::WorkflowTaskFailed(task) => inputs::workflow_task_failed::step(&mut t, *task)?,
            What::ResetSticky => inputs::reset_sticky::step(&mut t)?,
            What::ActivityStarted(start) => inputs::activity_started::step(&mut t, &start)?,
            What::ActivityHeartbeat(end) => inputs::activity_heartbeat::step(&mut t, end)?,
            What::ActivityCompleted(end) => inputs::activity_completed::step(&mut t, end)?,
            What::ActivityFailed(end) => inputs::activity_failed::step(&mut t, end)?,
            What::ActivityCanceled(end) => inputs::activity_canceled::step(&mut t, end)?,
            What::Activities(command) => inputs::activity_operator::step(&mut t, *command)?,
            What::Attach(attachment) => inputs::attach::step(&mut t, *attachment)?,
            What::UpdateOptions(change) => inputs::update_options::step(&mut t, *change)?,
            What::Pause(asked) => inputs::pause::pause(&mut t, asked)?,
            What::Unpause(asked) => inputs::pause::unpause(&mut t, asked)?,
            What::Signal(signal) => inputs::signal::step(&mut t, *signal)?,
            What::RequestCancel(request) => inputs::request_cancel::step(&mut t, request)?,
            What::Terminate(termination) => inputs::terminate::step(&mut t, termination)?,
            What::ResetTo { run_id, request_id, termination } => {
                inputs::reset_to::step(&mut t, run_id, request_id, termination);
            }
            What::ChildStarted { initiated_event_id, run_id } => {
                inputs::child_started::step(&mut t, initiated_event_id, run_id)?;
            }
            What::ChildNotStarted { initiated_event_id, cause } => {
                inputs::child_started::not_started(&mut t, initiated_event_id, cause)?;
            }
            What::ChildClosed { initiated_event_id, first_run_id, child, close_event } => {
                inputs::child_closed::step(&mut t, initiated_event_id, &first_run_id, child, *close_event)?;
            }
            What::SignalDelivered { initiated_event_id, failed } => {
                inputs::external_delivered::signal(&mut t, initiated_event_id, failed)?;
            }
            What::CancelDelivered { initiated_event_id, failed } => {
                inputs::external_delivered::cancel(&mut t, initiated_event_id, failed)?;
            }
            What::CallbackAttempted { index, outcome } => t.callback_attempted(index, *outcome),
            What::NexusStartAttempted { scheduled_event_id, outcome } => {
                inputs::nexus::start_attempted(&mut t, scheduled_event_id, *outcome)?;
            }
            What::NexusCancelAttempted { scheduled_event_id, outcome } => {
                inputs::nexus::cancel_attempted(&mut t, scheduled_event_id, *outcome)?;
            }
            What::NexusCompleted { scheduled_event_id, completion } => {
                inputs::nexus::completed(&mut t, scheduled_event_id, *completion)?;
            }
            What::AdmitUpdate(request) => t.admit_update(*request)?,
            What::DutyDone(duty) => t.duty_done(duty),
            What::Archived => t.archived(),
        }
        Ok(t.finish())
    }
}
