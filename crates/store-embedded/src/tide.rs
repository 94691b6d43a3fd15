//! Low-water marks of wakes: for each slot an instant before which it has none. In a log-structured engine a range that
//! starts at the beginning walks over every removed entry; a scan that starts at the mark does not.

use longhaul_kernel::{
    ids::{SLOTS, Slot},
    time::Timestamp,
};
use parking_lot::Mutex;

#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Timestamp,
    /// Counts the wakes put; a scan raises the mark only if none came meanwhile.
    puts: u32,
}

/// Where the wakes of each slot begin at the earliest.
#[derive(Debug)]
pub(crate) struct Tide {
    marks: Mutex<Vec<Mark>>,
}

/// What a scan has seen of the mark before it began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    slot: Slot,
    /// Nothing is due before.
    pub(crate) at: Timestamp,
    puts: u32,
}

impl Tide {
    /// Knows nothing yet.
    pub(crate) fn new() -> Self {
        Self { marks: Mutex::new(vec![Mark { at: Timestamp(i64::MIN), puts: 0 }; usize::from(SLOTS)]) }
    }

    /// The mark of a slot. A scan takes its view of the store after this.
    pub(crate) fn see(&self, slot: Slot) -> Seen {
        let never = Mark { at: Timestamp(i64::MIN), puts: 0 };
        let mark = self.marks.lock().get(usize::from(slot.0)).copied().unwrap_or(never);
        Seen { slot, at: mark.at, puts: mark.puts }
    }

    /// Nothing was found before `at`, in a scan that began at the mark seen.
    pub(crate) fn raise(&self, seen: Seen, at: Timestamp) {
        if let Some(mark) = self.marks.lock().get_mut(usize::from(seen.slot.0))
            && mark.puts == seen.puts
        {
            mark.at = mark.at.max(at);
        }
    }

    /// A wake became visible. To be called before its commit is answered: a scan that began earlier either saw the wake
    /// or can no longer raise the mark over it.
    pub(crate) fn put(&self, slot: Slot, at: Timestamp) {
        if let Some(mark) = self.marks.lock().get_mut(usize::from(slot.0)) {
            mark.at = mark.at.min(at);
            mark.puts = mark.puts.wrapping_add(1);
        }
    }
}
