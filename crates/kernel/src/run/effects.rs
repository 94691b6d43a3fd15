//! What the world has to do after a step, once its changes are durable.

use longhaul_proto::{
    Refusal,
    api::{
        activity::v1::ActivityOptions, failure::v1::Failure, workflow::v1::WorkflowExecutionOptions,
        workflowservice::v1::RecordActivityTaskHeartbeatResponse,
    },
};

use super::{Change, DutyId, Run, UpdateNews};
use crate::time::Timestamp;

/// Everything that follows from one step.
#[derive(Debug, Default)]
pub struct Effects {
    /// What the run remembers, in order; already folded.
    pub changes: Vec<Change>,
    /// Duties that came up, to be put into the outbox and to be worked on.
    pub duties: Vec<DutyId>,
    /// Duties that are done or void, to be removed from the outbox.
    pub duties_done: Vec<DutyId>,
    /// When the store has to wake the run, if that changed: the old and the new instant.
    pub wake: Option<(Option<Timestamp>, Option<Timestamp>)>,
    /// News of updates, for those who wait for them.
    pub updates: Vec<(String, UpdateNews)>,
    /// When the run has to be ticked for the sake of what only memory knows.
    pub soon: Option<Timestamp>,
    /// Whether lists have to see the run anew.
    pub visible: bool,
    /// The run that goes on, if the chain does: to be made durable in the same commit.
    pub next_run: Option<Box<NextRun>>,
    /// Whether the run is past its retention and can be removed.
    pub expired: bool,
    /// What was larger than an operator wants to hear of.
    pub warnings: Vec<Warning>,
    /// Answer to whoever caused the step.
    pub reply: Reply,
}

/// Something larger than the size from which on the log tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is.
    pub what: &'static str,
    /// How large it is.
    pub bytes: usize,
}

/// A run created by the step of another one.
#[derive(Debug)]
pub struct NextRun {
    /// The run.
    pub run: Run,
    /// What followed from its start.
    pub effects: Effects,
}

/// Answer to an input.
#[derive(Debug, Default)]
pub enum Reply {
    /// It took effect.
    #[default]
    Done,
    /// It was understood and changed nothing, because it had taken effect before.
    Already,
    /// It led to changes, and its sender is refused all the same.
    Refused(Refusal),
    /// The run had grown too large and was ended instead; whoever caused the step is refused.
    Ended(Refusal),
    /// The dispatched task is stale.
    Stale,
    /// The workflow task is started.
    WorkflowTask,
    /// The activity task is started.
    ActivityTask,
    /// The failure was too large, and this one was taken in its place.
    FailureReplaced(Box<Failure>),
    /// What a heartbeating activity has to know.
    Heartbeat(RecordActivityTaskHeartbeatResponse),
    /// The options of an activity, as they are now.
    ActivityOptions(Box<ActivityOptions>),
    /// The options of the run, as they are now.
    Options(Box<WorkflowExecutionOptions>),
    /// The workflow task is completed.
    Completed {
        /// Activities that were started for the worker that completed the task, by scheduled event.
        eager_activities: Vec<i64>,
        /// Whether a new workflow task was started for it.
        new_task: bool,
        /// If the task left no trace: the last event the worker's state may stand on, else zero.
        reset_event_id: i64,
    },
}
