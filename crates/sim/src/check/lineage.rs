//! Which runs were made by a reset, of which, and when: such a run begins with another one's history.

use std::collections::BTreeMap;

use longhaul_proto::api::{
    enums::v1::WorkflowTaskFailedCause as Cause, history::v1::history_event::Attributes as Event,
};

use crate::ledger::{Recorded, time_of};

/// A reset, as the run that it made knows it.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    /// The run whose history it begins with.
    pub(crate) base: String,
    /// The event behind those that they have in common.
    pub(crate) event: i64,
    /// When.
    pub(crate) at: i64,
}

/// Resets by the runs that they made.
#[derive(Debug, Default)]
pub(crate) struct Lineage(BTreeMap<String, Made>);

impl Lineage {
    /// Reads the resets out of all histories.
    pub(crate) fn of<'r>(runs: impl Iterator<Item = (String, &'r Recorded)>) -> Self {
        Self(
            runs.filter_map(|(run_id, recorded)| made(&run_id, recorded).map(|made| (run_id, made)))
                .collect(),
        )
    }

    /// The reset that made a run.
    pub(crate) fn made(&self, run_id: &str) -> Option<&Made> {
        self.0.get(run_id)
    }

    /// Whether a run was made of this one.
    pub(crate) fn has_base(&self, run_id: &str) -> bool {
        self.0.values().any(|made| made.base == run_id)
    }

    /// The run and those whose histories it began with, down to an event.
    pub(crate) fn owners(&self, run_id: &str, event: i64) -> Vec<String> {
        let mut owners = vec![run_id.to_owned()];
        while let Some(made) =
            owners.last().and_then(|last| self.0.get(last)).filter(|made| event < made.event)
        {
            owners.push(made.base.clone());
        }
        owners
    }
}

/// The reset that made a run. A history may tell of older resets, too.
pub(crate) fn made(run_id: &str, recorded: &Recorded) -> Option<Made> {
    recorded.events.iter().find_map(|stored| match &stored.event.attributes {
        Some(Event::WorkflowTaskFailedEventAttributes(a))
            if a.cause == Cause::ResetWorkflow as i32 && a.new_run_id == run_id =>
        {
            let (event, at) = (stored.event.event_id, time_of(&stored.event));
            Some(Made { base: a.base_run_id.clone(), event, at })
        }
        _ => None,
    })
}
