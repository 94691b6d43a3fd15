//! Events that several runs read and one wrote: stored once, and kept as long as somebody needs them.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    ids::{BranchId, RunId, RunKey},
    run::Branch,
};

use super::{
    Case,
    sample::{batch, commit, conflict, delete, delta, follow, noise, own, run, start, stored, text},
    wait,
};
use crate::{
    Batch,
    Direction::{Forward, Reverse},
    EventRange, Fence, Store, Write,
};

pub(super) const CASES: &[Case] = &[
    ("a share is told from both sides", a_share_is_told_from_both_sides),
    ("shared events outlive their owner", shared_events_outlive_their_owner),
    ("the owner needs its events whoever goes", the_owner_needs_its_events_whoever_goes),
    ("what nobody keeps can't be shared", what_nobody_keeps_cannot_be_shared),
    ("a commit shares and removes at once", a_commit_shares_and_removes_at_once),
    ("trees of runs keep what they need and no more", trees_of_runs_keep_what_they_need_and_no_more),
];

const ALL: EventRange = EventRange { from: 1, to: i64::MAX };

/// The `n`th run of one execution.
fn nth(n: u8) -> RunKey {
    RunKey { run: RunId::from_bytes([n; 16]), ..run("order") }
}

fn share(owner: &RunKey, last_event: i64) -> Branch {
    Branch { id: owner.run.into(), last_event }
}

/// First events of what is stored of a run's own branch.
fn own_events(store: &Arc<dyn Store>, run: &RunKey) -> Vec<i64> {
    let read = store.history(run.execution.slot(), run.run.into(), ALL, Forward, usize::MAX);
    wait(read).expect("the history can be read").iter().map(|batch| batch.first_event).collect()
}

/// The first run with the batches 1-2, 3-3, 4-7, 8-10.
fn with_base(store: &Arc<dyn Store>) -> Fence {
    let (fence, base) = (own(store), nth(1));
    let history = [(1, 2), (3, 3), (4, 7), (8, 10)].map(|(first, last)| batch(&base, first, last));
    commit(store, fence, vec![Write { history: history.into(), ..start(&base) }]);
    fence
}

fn shares(run: &RunKey, shares: Vec<Branch>) -> Write {
    Write { shares, ..start(run) }
}

fn a_share_is_told_from_both_sides(store: &Arc<dyn Store>) {
    let fence = with_base(store);
    commit(store, fence, vec![shares(&nth(2), vec![share(&nth(1), 3)])]);
    commit(store, fence, vec![Write { history: vec![batch(&nth(2), 4, 9)], ..delta(&nth(2), 1) }]);
    let both = vec![share(&nth(1), 3), share(&nth(2), 9)];
    commit(store, fence, vec![shares(&nth(3), both.clone())]);
    commit(store, fence, vec![shares(&nth(4), vec![share(&nth(1), 7)])]);
    assert_eq!(wait(store.shares(nth(1))), Ok(vec![]));
    assert_eq!(wait(store.shares(nth(2))), Ok(vec![share(&nth(1), 3)]));
    assert_eq!(wait(store.shares(nth(3))), Ok(both), "oldest first");
    let sharers = |n: u8, limit| wait(store.sharers(nth(n), limit)).expect("they can be read");
    let longest = (RunId::from_bytes([4; 16]), 7);
    assert_eq!(sharers(1, 1), [longest], "those that share most first");
    let mut all = sharers(1, 9);
    all.sort();
    assert_eq!(all, [(RunId::from_bytes([2; 16]), 3), (RunId::from_bytes([3; 16]), 3), longest]);
    assert_eq!(sharers(2, 9), [(RunId::from_bytes([3; 16]), 9)]);
    assert_eq!(sharers(3, 9), []);
    // A later write says nothing of it and changes nothing of it.
    commit(store, fence, vec![follow(&nth(3), 1), delta(&nth(3), 2)]);
    assert_eq!(wait(store.shares(nth(3))).map(|shares| shares.len()), Ok(2));
}

fn shared_events_outlive_their_owner(store: &Arc<dyn Store>) {
    let fence = with_base(store);
    commit(store, fence, vec![shares(&nth(2), vec![share(&nth(1), 3)])]);
    commit(store, fence, vec![shares(&nth(3), vec![share(&nth(1), 7)])]);
    commit(store, fence, vec![delete(&nth(1), 1)]);
    assert_eq!(stored(store, &nth(1)), None);
    assert_eq!(own_events(store, &nth(1)), [1, 3, 4], "what nobody shares goes with the owner");
    commit(store, fence, vec![delete(&nth(3), 1)]);
    assert_eq!(own_events(store, &nth(1)), [1, 3], "and what one shared alone goes with that one");
    // Who has shared it can hand it on.
    commit(store, fence, vec![shares(&nth(4), vec![share(&nth(1), 3)]), delete(&nth(2), 1)]);
    assert_eq!(own_events(store, &nth(1)), [1, 3]);
    commit(store, fence, vec![delete(&nth(4), 1)]);
    assert_eq!(own_events(store, &nth(1)), [0; 0]);
    assert_eq!(wait(store.sharers(nth(1), 9)), Ok(vec![]));
}

fn the_owner_needs_its_events_whoever_goes(store: &Arc<dyn Store>) {
    let fence = with_base(store);
    commit(store, fence, vec![shares(&nth(2), vec![share(&nth(1), 3)])]);
    commit(store, fence, vec![delete(&nth(2), 1)]);
    assert_eq!(own_events(store, &nth(1)), [1, 3, 4, 8]);
    assert_eq!(wait(store.sharers(nth(1), 9)), Ok(vec![]));
    commit(store, fence, vec![delete(&nth(1), 1)]);
    assert_eq!(own_events(store, &nth(1)), [0; 0]);
}

fn what_nobody_keeps_cannot_be_shared(store: &Arc<dyn Store>) {
    let fence = with_base(store);
    let late = shares(&nth(2), vec![share(&nth(1), 3)]);
    assert_eq!(conflict(store, fence, vec![delete(&nth(1), 1), late.clone()]), nth(2));
    assert_eq!(conflict(store, fence, vec![shares(&nth(2), vec![share(&nth(9), 3)])]), nth(2));
    commit(store, fence, vec![late]);
    commit(store, fence, vec![delete(&nth(1), 1)]);
    let more = shares(&nth(3), vec![share(&nth(1), 7)]);
    assert_eq!(conflict(store, fence, vec![more]), nth(3), "events 4 to 7 went with their owner");
    assert_eq!(stored(store, &nth(3)), None);
    assert_eq!(wait(store.shares(nth(3))), Ok(vec![]));
    assert_eq!(wait(store.sharers(nth(1), 9)), Ok(vec![(RunId::from_bytes([2; 16]), 3)]));
}

fn a_commit_shares_and_removes_at_once(store: &Arc<dyn Store>) {
    let fence = with_base(store);
    let reset = shares(&nth(2), vec![share(&nth(1), 3)]);
    let again = shares(&nth(3), vec![share(&nth(1), 3)]);
    commit(store, fence, vec![reset, delete(&nth(1), 1), again, delete(&nth(2), 1)]);
    assert_eq!(own_events(store, &nth(1)), [1, 3]);
    assert_eq!(wait(store.sharers(nth(1), 9)), Ok(vec![(RunId::from_bytes([3; 16]), 3)]));
    commit(store, fence, vec![delete(&nth(3), 1)]);
    assert_eq!(own_events(store, &nth(1)), [0; 0]);
}

/// A run as it has to be.
#[derive(Clone, Default)]
struct Model {
    version: u64,
    history: Vec<Batch>,
    shares: Vec<Branch>,
}

/// Runs as they have to be, and what of it is not committed.
#[derive(Default)]
struct Trees {
    runs: BTreeMap<RunKey, Model>,
    /// Every run there ever was.
    known: Vec<RunKey>,
    writes: Vec<Write>,
}

impl Trees {
    fn any(&self, pick: usize) -> Option<RunKey> {
        self.runs.keys().nth(pick % self.runs.len().max(1)).cloned()
    }

    fn begin(&mut self, history: Vec<Batch>, shares: Vec<Branch>) {
        let run = nth(self.known.len() as u8 + 1);
        self.known.push(run.clone());
        self.writes.push(Write { shares: shares.clone(), ..start(&run) });
        self.runs.insert(run, Model { version: 1, history, shares });
    }

    fn append(&mut self, run: RunKey, events: i64) {
        let model = self.runs.get_mut(&run).expect("it was picked of them");
        let first_event = model.history.last().map_or(1, |last| last.last_event + 1);
        let events = first_event + events - 1;
        let named = text(&format!("{}: {first_event}", run.run));
        let batch = Batch { branch: run.run.into(), first_event, last_event: events, events: named };
        model.history.push(batch.clone());
        self.writes.push(Write { history: vec![batch], ..delta(&run, model.version) });
        model.version += 1;
    }

    fn reset(&mut self, run: &RunKey, pick: usize) {
        let model = self.runs[run].clone();
        let kept = model.history[..pick % (model.history.len() + 1)].to_vec();
        let mut shares: Vec<Branch> = Vec::new();
        for batch in &kept {
            match shares.last_mut().filter(|share| share.id == batch.branch) {
                Some(share) => share.last_event = batch.last_event,
                None => shares.push(Branch { id: batch.branch, last_event: batch.last_event }),
            }
        }
        self.begin(kept, shares);
    }

    fn remove(&mut self, run: &RunKey) {
        let model = self.runs.remove(run).expect("it was picked of them");
        self.writes.push(delete(run, model.version));
    }

    /// The store has what is needed of each branch, and no more.
    fn check(&self, store: &Arc<dyn Store>) {
        for (run, model) in &self.runs {
            let shares = wait(store.shares(run.clone())).expect("they can be read");
            assert_eq!(shares, model.shares);
            let own = Branch { id: run.run.into(), last_event: i64::MAX };
            let mut read = Vec::new();
            let mut from = 1;
            for branch in shares.into_iter().chain([own]) {
                let range = EventRange { from, to: branch.last_event };
                let slot = run.execution.slot();
                let part =
                    wait(store.history(slot, branch.id, range, Forward, usize::MAX)).expect("it is there");
                let mut back =
                    wait(store.history(slot, branch.id, range, Reverse, usize::MAX)).expect("it is there");
                back.reverse();
                assert_eq!(part, back);
                read.extend(part);
                from = branch.last_event.saturating_add(1);
            }
            assert_eq!(read, model.history, "{run} reads its whole history");
        }
        for owner in &self.known {
            let branch = BranchId::from(owner.run);
            let needed = |model: &Model| {
                let own = model.history.iter().filter(|batch| batch.branch == branch);
                own.map(|batch| batch.first_event).collect::<Vec<_>>()
            };
            // Histories of one branch begin alike: the longest holds all others.
            let longest = self.runs.values().map(needed).max_by_key(Vec::len).unwrap_or_default();
            assert_eq!(own_events(store, owner), longest, "{owner} keeps what is needed of it");
        }
    }
}

fn trees_of_runs_keep_what_they_need_and_no_more(store: &Arc<dyn Store>) {
    const SEEDS: u64 = 5;
    const RUNS_MAX: usize = 50;
    let fence = own(store);
    for seed in 0..SEEDS {
        let mut trees = Trees::default();
        let dice = noise(seed + 1, 480);
        for roll in dice.chunks_exact(4) {
            let picked = trees.any(usize::from(roll[1]));
            match (roll[0] % 16, picked) {
                (0..=6, Some(run)) => trees.append(run, i64::from(roll[2] % 5) + 1),
                (7..=10, Some(run)) if trees.known.len() < RUNS_MAX => {
                    trees.reset(&run, usize::from(roll[2]))
                }
                (11..=12, Some(run)) => trees.remove(&run),
                _ if trees.known.len() < RUNS_MAX => trees.begin(Vec::new(), Vec::new()),
                _ => {}
            }
            // Some commits are of one write, some of many.
            if roll[3] < 100 {
                commit(store, fence, std::mem::take(&mut trees.writes));
                trees.check(store);
            }
        }
        let left: Vec<RunKey> = trees.runs.keys().cloned().collect();
        left.iter().for_each(|run| trees.remove(run));
        commit(store, fence, std::mem::take(&mut trees.writes));
        for run in &trees.known {
            assert_eq!(own_events(store, run), [0; 0], "nothing is left of {run}");
            assert_eq!(wait(store.shares(run.clone())), Ok(vec![]));
            assert_eq!(wait(store.sharers(run.clone(), 9)), Ok(vec![]));
        }
    }
}
