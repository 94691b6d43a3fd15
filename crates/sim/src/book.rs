//! What clients and workers were told. A promise is what was acknowledged, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

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
