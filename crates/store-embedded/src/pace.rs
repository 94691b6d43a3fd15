//! When the committer waits for more. A sync costs the same for one commit as for twenty: a page of the journal that is
//! written again, two turns of the committing thread, the kernel's work. While commits are rare each is made durable at
//! once. When they come thick, syncs keep a distance, and what comes meanwhile shares the next one: that costs each commit
//! a millisecond and gives back processor and disk, of which a crowd has the greater need.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

/// Commits a second from which on groups are held back, and below which no more.
const FROM: f64 = 2600.0;
const BELOW: f64 = 2200.0;

/// How long a commit counts for the rate.
const MEMORY: Duration = Duration::from_millis(60);

/// Commits that are not made to wait for more.
pub(crate) const ENOUGH: usize = 12;

/// So many groups of one commit, one after the other and each held back, show that there is no crowd but one who is
/// quick, and whose commits wait for each other.
const ALONE_MAX: u32 = 8;

/// So many groups are then not held back.
const GROUPS_SPARED: u32 = 2048;

/// The rate of commits, and what follows from it.
#[derive(Debug)]
pub(crate) struct Pace {
    distance: Duration,
    began: Option<Instant>,
    per_second: f64,
    is_thick: bool,
    /// Whether the group that comes is held back.
    is_held: bool,
    /// Groups before it that were, and had one commit.
    alone: u32,
    /// Groups that are not to be.
    spared: u32,
}

impl Pace {
    /// Nothing has come yet. Syncs of thick commits begin `distance` apart.
    pub(crate) fn new(distance: Duration) -> Self {
        Self { distance, began: None, per_second: 0.0, is_thick: false, is_held: false, alone: 0, spared: 0 }
    }

    /// A group of so many commits begins.
    pub(crate) fn begins(&mut self, now: Instant, commits: usize) {
        let memory = MEMORY.as_secs_f64();
        let since = self.began.map_or(Duration::MAX, |began| now.saturating_duration_since(began));
        self.per_second = self.per_second * (-since.as_secs_f64() / memory).exp() + commits as f64 / memory;
        self.is_thick = self.per_second >= if self.is_thick { BELOW } else { FROM };
        self.began = Some(now);
        self.spared = self.spared.saturating_sub(1);
        if std::mem::take(&mut self.is_held) {
            self.alone = if commits == 1 { self.alone + 1 } else { 0 };
        }
        if self.alone == ALONE_MAX {
            (self.alone, self.spared) = (0, GROUPS_SPARED);
        }
    }

    /// How long to wait for more, if at all.
    pub(crate) fn pause(&mut self, now: Instant) -> Option<Duration> {
        let due = self.began.filter(|_| self.is_thick && self.spared == 0)? + self.distance;
        let pause = Some(due.saturating_duration_since(now)).filter(|pause| !pause.is_zero());
        self.is_held = pause.is_some();
        pause
    }
}
