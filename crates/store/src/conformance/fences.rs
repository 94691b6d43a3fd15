//! Who may write: grants, stale owners, ranges.

use std::sync::Arc;

use longhaul_kernel::ids::{SLOTS, Slot};

use super::{
    Case,
    sample::{EVERYTHING, commit, own, run, start, stored},
    wait,
};
use crate::{CommitError, Fence, ShardId, ShardRange, Store};

pub(super) const CASES: &[Case] = &[
    ("a newer fence makes the older one stale", a_newer_fence_makes_the_older_one_stale),
    ("an owner hears that it is one no more", an_owner_hears_that_it_is_one_no_more),
    ("a fence nobody was granted is refused", a_fence_nobody_was_granted_is_refused),
    ("shards do not disturb each other", shards_do_not_disturb_each_other),
    ("a shard cut from another takes its fence", a_shard_cut_from_another_takes_its_fence),
    ("a fence holds within its range", a_fence_holds_within_its_range),
];

fn an_owner_hears_that_it_is_one_no_more(store: &Arc<dyn Store>) {
    let [low, high] = halves();
    let old = own(store);
    assert_eq!(wait(store.holds(old)), Ok(()));
    let new = own(store);
    let told = CommitError::Fenced { shard: old.shard, stale: old.epoch, current: new.epoch };
    assert_eq!(wait(store.holds(old)), Err(told));
    assert_eq!(wait(store.holds(new)), Ok(()));
    let upper = wait(store.fence(high)).expect("a fence is granted");
    assert!(wait(store.holds(new)).is_err(), "a shard that was cut has no fence");
    let lower = wait(store.fence(low)).expect("a fence is granted");
    assert_eq!(wait(store.holds(upper)), Ok(()));
    assert_eq!(wait(store.holds(lower)), Ok(()));
    assert!(
        wait(store.holds(Fence { epoch: lower.epoch + 1, ..lower })).is_err(),
        "nobody was granted that one"
    );
    assert!(wait(store.holds(Fence { shard: ShardId(9), epoch: 1 })).is_err(), "nor that one");
}

fn refused(store: &Arc<dyn Store>, fence: Fence, name: &str) {
    let outcome = wait(store.commit(fence, vec![start(&run(name))]));
    assert!(matches!(outcome, Err(CommitError::Fenced { .. })), "expected a refusal, got {outcome:?}");
    assert_eq!(stored(store, &run(name)), None, "a refused owner writes nothing");
}

fn a_newer_fence_makes_the_older_one_stale(store: &Arc<dyn Store>) {
    let old = own(store);
    commit(store, old, vec![start(&run("a"))]);
    let new = own(store);
    assert!(new.epoch > old.epoch, "epochs grow");
    let outcome = wait(store.commit(old, vec![start(&run("b"))]));
    let told = CommitError::Fenced { shard: old.shard, stale: old.epoch, current: new.epoch };
    assert_eq!(outcome, Err(told));
    refused(store, old, "b");
    commit(store, new, vec![start(&run("b"))]);
}

fn a_fence_nobody_was_granted_is_refused(store: &Arc<dyn Store>) {
    refused(store, Fence { shard: ShardId(9), epoch: 1 }, "a");
    let fence = own(store);
    refused(store, Fence { epoch: fence.epoch + 1, ..fence }, "a");
}

/// The halves of the slots as shards 1 and 2.
fn halves() -> [ShardRange; 2] {
    let middle = SLOTS / 2;
    [
        ShardRange { shard: ShardId(1), first: Slot(0), last: Slot(middle - 1) },
        ShardRange { shard: ShardId(2), first: Slot(middle), last: Slot(SLOTS - 1) },
    ]
}

/// A workflow id whose slot is in `range`, the `nth` of them.
fn name_in(range: ShardRange, nth: usize) -> String {
    let names = (0u32..).map(|n| n.to_string());
    let inside = |name: &String| (range.first..=range.last).contains(&run(name).execution.slot());
    names.filter(inside).nth(nth).expect("names have no end")
}

fn shards_do_not_disturb_each_other(store: &Arc<dyn Store>) {
    let [low, high] = halves();
    let first = wait(store.fence(low)).expect("a fence is granted");
    let second = wait(store.fence(high)).expect("a fence is granted");
    commit(store, first, vec![start(&run(&name_in(low, 0)))]);
    let third = wait(store.fence(high)).expect("a fence is granted");
    commit(store, first, vec![start(&run(&name_in(low, 1)))]);
    refused(store, second, &name_in(high, 0));
    commit(store, third, vec![start(&run(&name_in(high, 0)))]);
}

fn a_shard_cut_from_another_takes_its_fence(store: &Arc<dyn Store>) {
    let [low, high] = halves();
    let whole = own(store);
    let upper = wait(store.fence(high)).expect("a fence is granted");
    refused(store, whole, &name_in(low, 0));
    let lower = wait(store.fence(low)).expect("a fence is granted");
    commit(store, lower, vec![start(&run(&name_in(low, 0)))]);
    commit(store, upper, vec![start(&run(&name_in(high, 0)))]);
    let merged = wait(store.fence(EVERYTHING)).expect("a fence is granted");
    assert!(merged.epoch > whole.epoch, "epochs of a shard grow whatever its range");
    refused(store, upper, &name_in(high, 1));
    refused(store, lower, &name_in(low, 1));
    commit(store, merged, vec![start(&run(&name_in(high, 1)))]);
}

fn a_fence_holds_within_its_range(store: &Arc<dyn Store>) {
    let [low, high] = halves();
    let fence = wait(store.fence(low)).expect("a fence is granted");
    refused(store, fence, &name_in(high, 0));
    let (mine, theirs) = (run(&name_in(low, 0)), run(&name_in(high, 0)));
    let outcome = wait(store.commit(fence, vec![start(&mine), start(&theirs)]));
    assert!(matches!(outcome, Err(CommitError::Fenced { .. })));
    assert_eq!(stored(store, &mine), None);
}
