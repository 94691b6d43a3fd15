//! Holds what the cluster says and has stored against what was promised. Runs when everything is quiet; promises that
//! a single commit or a single answer can break are checked where those are seen.

mod chains;
mod history;
mod lineage;
mod operations;
mod plans;
mod policy;
mod promises;
mod resets;
pub(crate) mod restart;
mod shares;
mod stored;
mod tree;
mod updates;
mod versions;

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::ids::RunKey;
use longhaul_proto::api::{
    common::v1::WorkflowExecution,
    history::v1::{HistoryEvent, WorkflowExecutionStartedEventAttributes, history_event::Attributes},
    workflowservice::v1::GetWorkflowExecutionHistoryRequest,
};
use longhaul_store::MemoryStore;

use lineage::Lineage;
pub(crate) use shares::SHARES;
pub(crate) use stored::waits_for;

use crate::{
    dice::Dice,
    ledger::Recorded,
    line::{Line, Said},
    worker::decode,
    world::NAMESPACE_NAME,
};

/// What is checked: the runs as the ledger has them, each of which the cluster has told in the same words.
pub(crate) struct Evidence {
    /// Runs.
    pub(crate) runs: BTreeMap<RunKey, Recorded>,
    /// Which of them were made by resets.
    pub(crate) lineage: Lineage,
}

impl Evidence {
    /// The run with this id.
    fn run(&self, run_id: &str) -> Option<(&RunKey, &Recorded)> {
        self.runs.iter().find(|(key, _)| key.run.to_string() == run_id)
    }

    /// Whether another run was made of this one.
    fn is_reset(&self, key: &RunKey) -> bool {
        self.lineage.has_base(&key.run.to_string())
    }

    /// Events of a run.
    fn events(recorded: &Recorded) -> impl Iterator<Item = (i64, &Attributes)> {
        recorded
            .events
            .iter()
            .filter_map(|stored| Some((stored.event.event_id, stored.event.attributes.as_ref()?)))
    }
}

/// Checks everything and accuses whatever was broken.
pub(crate) async fn everything(line: &Line, store: &Arc<MemoryStore>) {
    let runs = line.world.ledger.lock().runs.clone();
    let dice = line.world.dice("check");
    for (run, recorded) in &runs {
        told(line, &dice, run, recorded).await;
    }
    let lineage = Lineage::of(runs.iter().map(|(key, recorded)| (key.run.to_string(), recorded)));
    let evidence = Evidence { runs, lineage };
    let mut broken = Vec::new();
    for (run, recorded) in &evidence.runs {
        history::check(run, recorded, &mut broken);
    }
    promises::check(&evidence, &line.world.book.lock(), &mut broken);
    tree::check(&evidence, &mut broken);
    policy::check(&evidence, &mut broken);
    chains::check(&evidence, &mut broken);
    resets::check(&evidence, &mut broken);
    {
        let book = line.world.book.lock();
        updates::check(&evidence, &book, &mut broken);
        operations::check(&evidence, &book, &mut broken);
        plans::check(&evidence, &book, &mut broken);
        versions::check(&evidence, &book, &mut broken);
        shares::check(&book, &mut broken);
    }
    stored::check(line, &dice, store, &evidence, &mut broken).await;
    broken.into_iter().for_each(|broken| line.world.accuse(broken));
}

/// How a run was started.
fn start(recorded: &Recorded) -> Option<&WorkflowExecutionStartedEventAttributes> {
    match recorded.events.first()?.event.attributes.as_ref()? {
        Attributes::WorkflowExecutionStartedEventAttributes(a) => Some(a),
        _ => None,
    }
}

/// The cluster tells the history of a run as it was stored.
async fn told(line: &Line, dice: &Dice, run: &RunKey, recorded: &Recorded) {
    let mut events: Vec<HistoryEvent> = Vec::new();
    let mut token = bytes::Bytes::new();
    loop {
        let request = GetWorkflowExecutionHistoryRequest {
            namespace: NAMESPACE_NAME.into(),
            execution: Some(execution(run)),
            next_page_token: token,
            ..Default::default()
        };
        let Said::Yes(page) = line.insist(dice, 20, request).await else {
            return line.world.accuse(format!("the history of {run} can't be read"));
        };
        match decode(page.history.as_deref()) {
            Ok(more) => events.extend(more),
            Err(error) => return line.world.accuse(format!("the history of {run}: {error}")),
        }
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    if !events.iter().eq(recorded.events.iter().map(|stored| &stored.event)) {
        let (told, stored) = (events.len(), recorded.events.len());
        line.world.accuse(format!("the history of {run} is told otherwise: {told} events of {stored}"));
    }
}

/// A run in the words of the API.
fn execution(run: &RunKey) -> WorkflowExecution {
    WorkflowExecution { workflow_id: run.execution.id.to_string(), run_id: run.run.to_string() }
}
