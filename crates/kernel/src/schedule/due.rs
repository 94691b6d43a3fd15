//! What is due: by the specification up to an instant, and by backfills.

use std::time::Duration;

use longhaul_proto::api::schedule::v1::BackfillRequest;

use super::{BUFFER_MAX, Change, RETENTION, Reason, Schedule};
use crate::{
    machine::Machine as _,
    time::{Timestamp, positive},
};

/// Actions of backfills per second.
const BACKFILLS_MAX: usize = 10;

/// Times looked at in one step; the rest waits for the next one.
const TIMES_MAX: usize = 10_000;

impl Schedule {
    /// Looks at all that was due since the last look.
    pub(super) fn look(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        if at <= self.looked {
            return;
        }
        if !self.may_act() {
            // Time spent paused is not looked at again, and nothing of it counts as missed.
            self.change(Change::Looked(at), changes);
            return;
        }
        let window = self.definition.policies.as_ref().and_then(|p| positive(p.catchup_window.as_ref()));
        let seed = self.seed();
        let mut missed: Option<(Timestamp, Timestamp, i64)> = None;
        for _ in 0..TIMES_MAX {
            let next = self.spec().and_then(|spec| spec.next(self.looked, &seed).ok().flatten());
            let Some(next) = next.filter(|next| next.actual <= at) else {
                self.change(Change::Looked(at), changes);
                break;
            };
            self.change_look(next.actual);
            if window.is_some_and(|window| at.since(next.actual) > window) {
                let (first, times) = missed.map_or((next.nominal, 0), |(first, _, times)| (first, times));
                missed = Some((first, next.nominal, times + 1));
            } else {
                self.add(next.nominal, next.actual, 0, false, at, changes);
            }
        }
        if let Some((first, last, times)) = missed {
            let last = (last != first).then_some(last);
            self.change(Change::Missed(first, at, Reason::MissedCatchupWindow, times, last), changes);
        }
        let looked = self.looked;
        self.change(Change::Looked(looked), changes);
    }

    /// Moves the look forward within a step; the change that says so is written once, at its end.
    fn change_look(&mut self, to: Timestamp) {
        self.apply(&Change::Looked(to));
    }

    /// Puts something that is due into the buffer, if there is room.
    pub(super) fn add(
        &mut self,
        nominal: Timestamp,
        actual: Timestamp,
        overlap: i32,
        manual: bool,
        at: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        let change = if self.buffer.len() < BUFFER_MAX {
            Change::Due(nominal, actual, overlap, manual)
        } else {
            Change::Missed(nominal, at, Reason::BufferFull, 1, None)
        };
        self.change(change, changes);
    }

    /// Goes on with backfills: a few actions each second, so that ordinary ones have room beside them.
    pub(super) fn backfill(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        if self.backfills.is_empty() || at < self.backfill_at {
            return;
        }
        self.change(Change::BackfillAt(at + Duration::from_secs(1)), changes);
        let seed = self.seed();
        let mut left = BACKFILLS_MAX;
        while left > 0 && self.buffer.len() < BUFFER_MAX / 2 {
            let Some(first) = self.backfills.first() else { return };
            let BackfillRequest { start_time, end_time, overlap_policy } = first.0;
            let from = start_time.as_ref().map(Timestamp::from_proto).unwrap_or_default();
            let to = end_time.as_ref().map(Timestamp::from_proto).unwrap_or_default();
            let next = self.spec().and_then(|spec| spec.next(from, &seed).ok().flatten());
            match next.filter(|next| next.actual <= to) {
                Some(next) => {
                    self.add(next.nominal, next.actual, overlap_policy, true, at, changes);
                    self.change(Change::Backfilled(Some(next.actual)), changes);
                    left -= 1;
                }
                None => self.change(Change::Backfilled(None), changes),
            }
        }
    }

    /// Whether an action may be taken that no client asked for.
    pub(super) fn may_act(&self) -> bool {
        let state = self.definition.state.clone().unwrap_or_default();
        !state.paused && (!state.limited_actions || state.remaining_actions > 0)
    }

    /// The next time of the specification, if it may be used.
    fn next_action(&self) -> Option<Timestamp> {
        if !self.may_act() {
            return None;
        }
        let next = self.spec()?.next(self.looked, &self.seed()).ok().flatten();
        next.map(|next| next.actual)
    }

    /// When something is to be done next without anybody asking.
    pub(super) fn next_wake(&self, at: Timestamp) -> Option<Timestamp> {
        let backfill = (!self.backfills.is_empty()).then(|| self.backfill_at.max(at));
        [backfill, self.next_action(), self.expiry()].into_iter().flatten().min()
    }

    /// When the schedule is removed, if it will never act again by itself.
    pub(super) fn expiry(&self) -> Option<Timestamp> {
        let paused = self.definition.state.as_ref().is_some_and(|state| state.paused);
        let busy = !self.buffer.is_empty() || !self.starting.is_empty() || !self.backfills.is_empty();
        if paused || busy || self.next_action().is_some() {
            return None;
        }
        let acted = self.recent.last().map(|recent| recent.at);
        [Some(self.created), self.updated, acted].into_iter().flatten().max().map(|last| last + RETENTION)
    }
}
