//! What clients and workers were told. A promise is what was acknowledged, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use longhaul_proto::api::{
    failure::v1::failure::FailureInfo,
    update::v1::{Outcome, outcome::Value},
};

use crate::{player::REJECTED, script::Wish};

/// An acknowledged or attempted signal.
#[derive(Clone, Debug)]
pub(crate) struct SignalSent {
    /// Target.
    pub(crate) workflow_id: String,
    /// Its run, if one was named.
    pub(crate) run_id: Option<String>,
    /// Its name, which no other signal has.
    pub(crate) name: String,
    /// Whether it was acknowledged.
    pub(crate) is_acknowledged: bool,
}

/// What was told of an update.
#[derive(Clone, Debug)]
pub(crate) struct UpdateTold {
    /// Its workflow.
    pub(crate) workflow_id: String,
    /// The run that has it.
    pub(crate) run_id: String,
    /// Its id, which no other update has.
    pub(crate) id: String,
    /// What it wants.
    pub(crate) wish: Wish,
    /// Whether it was said to be accepted and no more.
    pub(crate) is_accepted: bool,
    /// Its outcome.
    pub(crate) outcome: Option<Outcome>,
}

/// An outcome, by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// There is none yet.
    None,
    /// The program has answered.
    Answered,
    /// The program has rejected it.
    Rejected,
    /// The program has left it out.
    LeftOut,
    /// The run closed before the program answered.
    Orphaned,
    /// Something that nobody can mean.
    Other,
}

impl UpdateTold {
    /// What its outcome means.
    pub(crate) fn verdict(&self) -> Verdict {
        let failure = match self.outcome.as_ref().map(|outcome| &outcome.value) {
            None => return Verdict::None,
            Some(Some(Value::Success(_))) => return Verdict::Answered,
            Some(None) => return Verdict::Other,
            Some(Some(Value::Failure(failure))) => failure,
        };
        match &failure.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => match &*info.r#type {
                "AcceptedUpdateCompletedWorkflow" => Verdict::Orphaned,
                "UnprocessedUpdate" => Verdict::LeftOut,
                _ if failure.message == REJECTED => Verdict::Rejected,
                _ => Verdict::Other,
            },
            _ => Verdict::Other,
        }
    }

    /// Whether what was told has to be in the history.
    pub(crate) fn is_in_history(&self) -> bool {
        self.is_accepted || matches!(self.verdict(), Verdict::Answered | Verdict::Orphaned)
    }
}

/// What was said of an attempt of an activity.
#[derive(Clone, Debug)]
pub(crate) struct ActivityAnswer {
    /// The run.
    pub(crate) run_id: String,
    /// The activity's id.
    pub(crate) activity_id: String,
    /// The attempt.
    pub(crate) attempt: i32,
    /// The result, which no other answer has; empty for a failure.
    pub(crate) result: String,
}

/// What a handler was asked and is going to say of an operation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handled {
    /// Requests to start it.
    pub(crate) requests: u32,
    /// Results, one of which it may end with.
    pub(crate) results: BTreeSet<String>,
    /// Whether it may fail.
    pub(crate) has_failed: bool,
}

/// A schedule, and what it said of itself in the end.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What the ids of its workflows begin with.
    pub(crate) workflow_id: String,
    /// Seconds from one time that is due to the next.
    pub(crate) every: i64,
    /// Whether it was left alone, so that it has to account for every time that was due.
    pub(crate) is_exact: bool,
    /// Actions it has counted.
    pub(crate) counted: Option<i64>,
}

/// A task that was handed to a worker: run, activity id (empty for a workflow task), scheduled event, attempt.
pub(crate) type Handed = (String, String, i64, i32);

/// What was told.
#[derive(Default)]
pub(crate) struct Book {
    /// Runs by the request id of their acknowledged start.
    pub(crate) starts: BTreeMap<String, BTreeSet<String>>,
    /// Workflow ids by the same.
    pub(crate) start_ids: BTreeMap<String, String>,
    /// Signals.
    pub(crate) signals: Vec<SignalSent>,
    /// Runs whose termination was acknowledged.
    pub(crate) terminated: Vec<String>,
    /// Runs whose request to cancel was acknowledged, and when.
    pub(crate) canceled: Vec<(String, i64)>,
    /// Acknowledged completions of activities.
    pub(crate) activities: Vec<ActivityAnswer>,
    /// Tasks handed out, and how often.
    pub(crate) handed: BTreeMap<Handed, u32>,
    /// Acknowledged completions of workflow tasks: run and started event.
    pub(crate) workflow_tasks: Vec<(String, i64)>,
    /// What was told of updates.
    pub(crate) updates: Vec<UpdateTold>,
    /// Resets that were asked for, by workflow.
    pub(crate) resets_asked: BTreeMap<String, usize>,
    /// Acknowledged resets: request id, the run that was reset, the run that was made.
    pub(crate) resets: Vec<(String, String, String)>,
    /// Operations by the request id of their start.
    pub(crate) operations: BTreeMap<String, Handled>,
    /// Schedules by their ids.
    pub(crate) plans: BTreeMap<String, Plan>,
    /// Workflow tasks that versioned workers got: run and started event, and the version.
    pub(crate) versioned: BTreeMap<(String, i64), String>,
    /// For whom tasks of the queue that is shared by weight were, in the order in which they were handed out.
    pub(crate) shares: Vec<String>,
    /// Queries answered.
    pub(crate) queries: u64,
}

impl Book {
    /// Signals acknowledged for a run that was named.
    pub(crate) fn signals_of(&self, run_id: &str) -> usize {
        let of_run = |signal: &&SignalSent| signal.run_id.as_deref() == Some(run_id);
        self.signals.iter().filter(of_run).filter(|signal| signal.is_acknowledged).count()
    }
}
