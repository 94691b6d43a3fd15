//! What happened, in order: lines to read after a failure, and a hash of them to tell two runs apart.

use parking_lot::Mutex;

/// Lines kept; the hash covers those beyond too.
const LINES_MAX: usize = 200_000;

/// The trace of one simulation.
#[derive(Default)]
pub(crate) struct Trace(Mutex<Lines>);

struct Lines {
    kept: Vec<String>,
    hash: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { kept: Vec::new(), hash: 0xcbf2_9ce4_8422_2325 }
    }
}

impl Trace {
    /// Adds a line.
    pub(crate) fn add(&self, line: String) {
        let mut lines = self.0.lock();
        for byte in line.bytes().chain([b'\n']) {
            lines.hash = (lines.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        if lines.kept.len() < LINES_MAX {
            lines.kept.push(line);
        }
    }

    /// The hash so far.
    pub(crate) fn hash(&self) -> u64 {
        self.0.lock().hash
    }

    /// Takes the lines out.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().kept)
    }
}
