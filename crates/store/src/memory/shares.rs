//! Which runs read events of which others: what a run shares, and by whom its branch is shared.

use std::collections::{BTreeMap, BTreeSet};

use longhaul_kernel::{
    ids::{BranchId, RunId, RunKey},
    run::Branch,
};

/// Both directions, always in agreement.
#[derive(Debug, Default)]
pub(super) struct Shares {
    of: BTreeMap<RunKey, BTreeSet<(i64, BranchId)>>,
    by: BTreeMap<RunKey, BTreeSet<(i64, RunId)>>,
}

/// The run that owns a branch which `run` reads.
pub(super) fn owner(run: &RunKey, branch: BranchId) -> RunKey {
    RunKey { execution: run.execution.clone(), run: branch.owner() }
}

impl Shares {
    pub(super) fn add(&mut self, run: &RunKey, shares: Vec<Branch>) {
        for share in shares {
            self.of.entry(run.clone()).or_default().insert((share.last_event, share.id));
            self.by.entry(owner(run, share.id)).or_default().insert((share.last_event, run.run));
        }
    }

    /// Takes away what a run shares, and answers it.
    pub(super) fn remove(&mut self, run: &RunKey) -> Vec<Branch> {
        let shares = self.of(run);
        self.of.remove(run);
        for share in &shares {
            let owner = owner(run, share.id);
            if let Some(sharers) = self.by.get_mut(&owner) {
                sharers.remove(&(share.last_event, run.run));
                if sharers.is_empty() {
                    self.by.remove(&owner);
                }
            }
        }
        shares
    }

    pub(super) fn of(&self, run: &RunKey) -> Vec<Branch> {
        let shares = self.of.get(run).into_iter().flatten();
        shares.map(|(last_event, id)| Branch { id: *id, last_event: *last_event }).collect()
    }

    /// Who shares a run's branch, those first that share most of it.
    pub(super) fn by(&self, owner: &RunKey) -> impl Iterator<Item = (RunId, i64)> {
        self.by.get(owner).into_iter().flatten().rev().map(|(last_event, run)| (*run, *last_event))
    }

    /// The last event of a run's branch that another run shares.
    pub(super) fn needed(&self, owner: &RunKey) -> Option<i64> {
        self.by(owner).next().map(|(_, last_event)| last_event)
    }
}
