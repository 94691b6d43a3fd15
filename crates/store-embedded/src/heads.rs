//! Heads of runs kept in memory, so that a commit of a run that is at work reads nothing. Bounded: two generations, of
//! which the older one is dropped when the younger one is full.

use std::collections::BTreeMap;

use crate::record::Head;

/// A bounded map from a run's key to its head.
#[derive(Debug)]
pub(crate) struct Heads {
    young: BTreeMap<Vec<u8>, Head>,
    old: BTreeMap<Vec<u8>, Head>,
    generation_max: usize,
}

impl Heads {
    /// Keeps at most `heads_max` heads.
    pub(crate) fn new(heads_max: usize) -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new(), generation_max: (heads_max / 2).max(1) }
    }

    /// The head kept for a run.
    pub(crate) fn get(&mut self, run: &[u8]) -> Option<&Head> {
        if let Some((run, head)) = self.old.remove_entry(run) {
            self.put(run, head);
        }
        self.young.get(run)
    }

    /// Keeps a head.
    pub(crate) fn put(&mut self, run: Vec<u8>, head: Head) {
        if self.young.len() >= self.generation_max && !self.young.contains_key(&run) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&run);
        self.young.insert(run, head);
    }

    /// Forgets a run.
    pub(crate) fn remove(&mut self, run: &[u8]) {
        self.young.remove(run);
        self.old.remove(run);
    }
}
