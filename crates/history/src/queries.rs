//! Queries that wait for a run's next workflow task. They are answered with that task and are never stored: if the
//! process ends, whoever asked asks again.

use std::collections::BTreeMap;

use longhaul_proto::api::query::v1::WorkflowQuery;
use longhaul_runtime::peers::QueryOutcome;
use tokio::sync::oneshot;

/// What became of a waiting query.
#[derive(Debug)]
pub enum Release {
    /// A worker answered it.
    Answered(QueryOutcome),
    /// The workflow task it waited for is over and no other one follows: it can be asked directly.
    AskDirectly,
}

/// The queries of one run.
#[derive(Debug, Default)]
pub struct Waiting {
    queries: BTreeMap<String, (WorkflowQuery, oneshot::Sender<Release>)>,
}

impl Waiting {
    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// Number of those that wait, without those whose asker has gone.
    pub fn count(&mut self) -> usize {
        self.queries.retain(|_, (_, sender)| !sender.is_closed());
        self.queries.len()
    }

    /// Adds a query under an id of its own.
    pub fn add(&mut self, id: String, query: WorkflowQuery) -> oneshot::Receiver<Release> {
        let (sender, receiver) = oneshot::channel();
        self.queries.insert(id, (query, sender));
        receiver
    }

    /// The queries to hand to a worker with its task.
    pub fn pending(&mut self) -> BTreeMap<String, WorkflowQuery> {
        self.count();
        self.queries.iter().map(|(id, (query, _))| (id.clone(), query.clone())).collect()
    }

    /// A worker has answered one of them.
    pub fn answer(&mut self, id: &str, outcome: QueryOutcome) {
        if let Some((_, sender)) = self.queries.remove(id) {
            let _ = sender.send(Release::Answered(outcome));
        }
    }

    /// No workflow task will come for those that are left.
    pub fn release(&mut self) {
        for (_, (_, sender)) in std::mem::take(&mut self.queries) {
            let _ = sender.send(Release::AskDirectly);
        }
    }
}
