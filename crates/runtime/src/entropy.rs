//! Randomness: from the operating system, or from a seed.

use parking_lot::Mutex;

/// A source of random numbers; not for secrets.
#[derive(Debug)]
pub struct Entropy {
    state: Mutex<u64>,
}

impl Entropy {
    /// Seeds from the operating system.
    ///
    /// # Panics
    /// If the operating system has no random source, as nothing could be named uniquely then.
    pub fn system() -> Self {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).expect("the operating system has a random source");
        Self::seeded(u64::from_le_bytes(seed))
    }

    /// Draws the same numbers for the same seed.
    pub const fn seeded(seed: u64) -> Self {
        Self { state: Mutex::new(seed) }
    }

    /// Sixty-four random bits (SplitMix64).
    pub fn draw(&self) -> u64 {
        let mut state = self.state.lock();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is at least one.
    pub fn below(&self, bound: u64) -> u64 {
        self.draw() % bound.max(1)
    }

    /// Sixteen random bytes in the form of a version 4 UUID.
    pub fn uuid(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.draw().to_le_bytes());
        bytes[8..].copy_from_slice(&self.draw().to_le_bytes());
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        bytes
    }
}
