//! Starts of children that this process is busy with. A child that can't be found may yet come to be as long as somebody
//! is about to start it, so whoever looks for it has to wait. Nobody starts what is under way: of two who try, one may
//! be refused and tell the parent so, and the other start the child when its id has become free.

use std::{collections::BTreeSet, sync::Arc};

use longhaul_kernel::{ids::RunKey, run::DutyId};
use parking_lot::Mutex;

/// Which starts are under way.
#[derive(Clone, Debug, Default)]
pub struct Underway(Arc<Mutex<BTreeSet<(RunKey, DutyId)>>>);

/// A start that is under way until this is dropped.
#[derive(Debug)]
pub struct Start {
    all: Underway,
    key: (RunKey, DutyId),
}

impl Underway {
    /// Says that a start is under way; `None` if it was already.
    pub fn begin(&self, run: &RunKey, id: DutyId) -> Option<Start> {
        let key = (run.clone(), id);
        let is_first = self.0.lock().insert(key.clone());
        is_first.then(|| Start { all: self.clone(), key })
    }

    /// Whether a start is under way.
    pub fn contains(&self, run: &RunKey, id: DutyId) -> bool {
        self.0.lock().contains(&(run.clone(), id))
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        self.all.0.lock().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use longhaul_kernel::ids::{ExecutionKey, NamespaceId, RunId};

    use super::*;

    #[test]
    fn a_start_is_under_way_once_and_until_whoever_tries_has_ended() {
        let underway = Underway::default();
        let execution = ExecutionKey::workflow(NamespaceId::from_bytes([1; 16]), "w");
        let run = RunKey { execution, run: RunId::from_bytes([2; 16]) };
        let id = DutyId::StartChild(5);
        let first = underway.begin(&run, id);
        assert!(first.is_some());
        assert!(underway.begin(&run, id).is_none());
        assert!(underway.contains(&run, id));
        assert!(!underway.contains(&run, DutyId::StartChild(6)));
        drop(first);
        assert!(!underway.contains(&run, id));
        assert!(underway.begin(&run, id).is_some());
    }
}
