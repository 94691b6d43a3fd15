//! What a batch operation remembers, and how it is folded.

use minicbor::{Decode, Encode};

use super::{Batch, Closed, Owed, Place, Target};
use crate::time::Timestamp;

/// One thing that a batch operation remembers.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Change {
    /// The next page is to be selected.
    #[n(0)]
    Selecting,
    /// A page was selected, up to this place.
    #[n(1)]
    Selected(#[n(0)] Vec<Target>, #[n(1)] Place),
    /// So many workflows there are.
    #[n(2)]
    Counted(#[n(0)] u64),
    /// So many of the selected workflows are to be worked off, and the next ones not before that time.
    #[n(3)]
    Working(#[n(0)] u64, #[n(1)] Timestamp),
    /// They were: so many went well, and so many did not.
    #[n(4)]
    Worked(#[n(0)] u64, #[n(1)] u64),
    /// It is over: when, whether it came to its end, and until when it is kept.
    #[n(5)]
    Closed(#[n(0)] Timestamp, #[n(1)] bool, #[n(2)] Timestamp),
    /// It is removed.
    #[n(6)]
    Gone,
}

impl Batch {
    pub(super) fn fold(&mut self, change: &Change) {
        match change {
            Change::Selecting => {
                self.owed = Some(Owed::Selection(self.next_number));
                self.next_number += 1;
            }
            Change::Selected(targets, place) => {
                self.owed = None;
                self.targets.extend_from_slice(targets);
                self.place = place.clone();
            }
            Change::Counted(total) => self.counts.total = Some(*total),
            Change::Working(count, ready) => {
                self.owed = Some(Owed::Part(self.next_number, *count));
                self.next_number += 1;
                self.ready = *ready;
            }
            Change::Worked(complete, failed) => {
                if let Some(Owed::Part(_, count)) = self.owed.take() {
                    let done = usize::try_from(count).unwrap_or(usize::MAX).min(self.targets.len());
                    self.targets.drain(..done);
                    self.first_target += count;
                }
                self.counts.complete += complete;
                self.counts.failed += failed;
            }
            Change::Closed(at, completed, keep_until) => {
                self.closed = Some(Closed { at: *at, completed: *completed, keep_until: *keep_until });
                self.place = Place::End;
                match self.owed {
                    // What is under way is still heard of.
                    Some(Owed::Part(_, count)) => {
                        self.targets.truncate(usize::try_from(count).unwrap_or(usize::MAX));
                    }
                    Some(Owed::Selection(_)) | None => {
                        self.owed = None;
                        self.targets.clear();
                    }
                }
            }
            Change::Gone => self.gone = true,
        }
    }
}
