//! Starts of children that this process is busy with. A child that can't be found may yet come to be as long as somebody
//! is about to start it, so whoever looks for it has to wait.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{ids::RunKey, run::DutyId};
use parking_lot::Mutex;

/// Which starts are under way, and how many times.
#[derive(Clone, Debug, Default)]
pub struct Underway(Arc<Mutex<BTreeMap<(RunKey, DutyId), usize>>>);

/// A start that is under way until this is dropped.
#[derive(Debug)]
pub struct Start {
    all: Underway,
    key: (RunKey, DutyId),
}

impl Underway {
    /// Says that a start is under way.
    pub fn begin(&self, run: &RunKey, id: DutyId) -> Start {
        let key = (run.clone(), id);
        *self.0.lock().entry(key.clone()).or_default() += 1;
        Start { all: self.clone(), key }
    }

    /// Whether a start is under way.
    pub fn contains(&self, run: &RunKey, id: DutyId) -> bool {
        self.0.lock().contains_key(&(run.clone(), id))
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        if let Some(count) = all.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use longhaul_kernel::ids::{ExecutionKey, NamespaceId, RunId};

    use super::*;

    #[test]
    fn a_start_is_under_way_until_the_last_of_those_who_try_has_ended() {
        let underway = Underway::default();
        let execution = ExecutionKey::workflow(NamespaceId::from_bytes([1; 16]), "w");
        let run = RunKey { execution, run: RunId::from_bytes([2; 16]) };
        let id = DutyId::StartChild(5);
        let (first, second) = (underway.begin(&run, id), underway.begin(&run, id));
        drop(first);
        assert!(underway.contains(&run, id));
        assert!(!underway.contains(&run, DutyId::StartChild(6)));
        drop(second);
        assert!(!underway.contains(&run, id));
    }
}
