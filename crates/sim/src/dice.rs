//! Randomness of the simulation: streams of numbers that follow from the seed and a name, so that a draw in one part
//! does not move those of another.

use std::time::Duration;

use longhaul_runtime::Entropy;

/// A stream of numbers.
pub(crate) struct Dice(Entropy);

impl Dice {
    /// The stream called `name`.
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for byte in name.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Self(Entropy::seeded(hash))
    }

    /// A number below `bound`.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        low + self.0.below(high - low + 1)
    }

    /// Milliseconds from `low` to `high`.
    pub(crate) fn millis(&self, low: u64, high: u64) -> Duration {
        Duration::from_millis(self.between(low, high))
    }

    /// Yes, so many times of a thousand.
    pub(crate) fn chance(&self, per_mille: u64) -> bool {
        self.0.below(1000) < per_mille
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.0.below(from.len() as u64)).expect("an index fits")]
    }

    /// A name that nothing else has.
    pub(crate) fn name(&self, prefix: &str) -> String {
        format!("{prefix}-{:016x}", self.0.draw())
    }

    /// A seed for something else.
    pub(crate) fn seed(&self) -> u64 {
        self.0.draw()
    }
}
