//! How badly the world of one seed behaves. Every kind of fault is absent in some seeds and frequent in others, since
//! a world in which everything fails a little hides what needs one kind of fault alone.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::dice::Dice;

/// Rates in times of a thousand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rates {
    /// A commit or a read is refused for now.
    pub(crate) busy: u64,
    /// A commit happens and is answered with `Unknown`.
    pub(crate) unknown_done: u64,
    /// A commit does not happen and is answered with `Unknown`.
    pub(crate) unknown_lost: u64,
    /// A call of the store takes long.
    pub(crate) store_slow: u64,
    /// A message does not arrive.
    pub(crate) lost: u64,
    /// An answer does not arrive.
    pub(crate) unanswered: u64,
    /// A message arrives again later.
    pub(crate) twice: u64,
    /// A message takes long.
    pub(crate) wire_slow: u64,
    /// A worker takes a task and is never heard of again.
    pub(crate) dies: u64,
    /// A worker answers after its time.
    pub(crate) late: u64,
    /// A worker says again what was acknowledged.
    pub(crate) again: u64,
    /// A worker fails its workflow task.
    pub(crate) fails: u64,
}

/// The rates of a seed, and whether they are in force.
pub(crate) struct Faults {
    rates: Rates,
    calm: AtomicBool,
}

const NONE: Rates = Rates {
    busy: 0,
    unknown_done: 0,
    unknown_lost: 0,
    store_slow: 0,
    lost: 0,
    unanswered: 0,
    twice: 0,
    wire_slow: 0,
    dies: 0,
    late: 0,
    again: 0,
    fails: 0,
};

impl Faults {
    /// Draws the rates of a seed.
    pub(crate) fn draw(seed: u64) -> Self {
        let dice = Dice::new(seed, "faults");
        let rate = |often: u64| *dice.pick(&[0, 0, often / 4, often / 4, often]);
        let rates = Rates {
            busy: rate(80),
            unknown_done: rate(60),
            unknown_lost: rate(60),
            store_slow: rate(40),
            lost: rate(60),
            unanswered: rate(60),
            twice: rate(60),
            wire_slow: rate(60),
            dies: rate(120),
            late: rate(80),
            again: rate(150),
            fails: rate(60),
        };
        Self { rates, calm: AtomicBool::new(false) }
    }

    /// The rates in force.
    pub(crate) fn rates(&self) -> Rates {
        if self.is_calm() { NONE } else { self.rates }
    }

    /// From now on nothing fails.
    pub(crate) fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    /// Whether nothing fails any more.
    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }
}
