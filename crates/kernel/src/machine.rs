//! The form of every machine: it lives by inputs and remembers by changes.

use longhaul_proto::Refusal;

use crate::time::Timestamp;

/// A thing that lives by inputs and remembers by changes.
pub trait Machine {
    /// What can happen to it.
    type Input;
    /// What it remembers.
    type Change;
    /// What the world has to do once the changes are durable.
    type Effects;

    /// Decides what `input` means. On refusal `self` is unchanged.
    ///
    /// # Errors
    /// The reason for which the input was refused.
    fn step(&mut self, input: Self::Input, at: Timestamp, draw: &mut Draw) -> Result<Self::Effects, Refusal>;

    /// Folds one change. Total: what was committed can't be refused.
    fn apply(&mut self, change: &Self::Change);
}

/// Entropy as an argument: a sequence of numbers fixed by its seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// A sequence for this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Sixteen bytes in the form of a version 4 UUID.
    pub fn uuid(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.number().to_le_bytes());
        bytes[8..].copy_from_slice(&self.number().to_le_bytes());
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        bytes
    }
}
