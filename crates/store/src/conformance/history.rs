//! Histories: whole batches, by range, in both directions, page by page.

use std::sync::Arc;

use longhaul_kernel::ids::{BranchId, RunId, Slot};

use super::{
    Case,
    sample::{batch, commit, delta, events, neighbours, own, page, run, start, text},
    wait,
};
use crate::{
    Batch,
    Direction::{Forward, Reverse},
    EventRange, Store, Write,
};

pub(super) const CASES: &[Case] = &[
    ("a range gives the batches that hold it", a_range_gives_the_batches_that_hold_it),
    ("a page ends once it is full", a_page_ends_once_it_is_full),
    ("pages put together are the history", pages_put_together_are_the_history),
    ("branches are kept apart", branches_are_kept_apart),
];

/// A run with the batches 1-2, 3-3, 4-7, 8-10, written by two commits.
fn with_history(store: &Arc<dyn Store>) -> longhaul_kernel::ids::RunKey {
    let (fence, order) = (own(store), run("order"));
    let begin = Write { history: vec![batch(&order, 1, 2), batch(&order, 3, 3)], ..start(&order) };
    let then = Write { history: vec![batch(&order, 4, 7), batch(&order, 8, 10)], ..delta(&order, 1) };
    commit(store, fence, vec![begin]);
    commit(store, fence, vec![then]);
    order
}

fn a_range_gives_the_batches_that_hold_it(store: &Arc<dyn Store>) {
    let order = with_history(store);
    let expected: &[(i64, i64, &[i64])] = &[
        (1, 10, &[1, 3, 4, 8]),
        (1, i64::MAX, &[1, 3, 4, 8]),
        (i64::MIN, i64::MAX, &[1, 3, 4, 8]),
        (2, 3, &[1, 3]),
        (3, 3, &[3]),
        (5, 6, &[4]),
        (7, 8, &[4, 8]),
        (10, 10, &[8]),
        (11, 20, &[]),
        (0, 0, &[]),
        (5, 4, &[]),
    ];
    for (from, to, first_events) in expected {
        assert_eq!(events(store, &order, *from, *to, Forward), *first_events, "{from} to {to}");
        let newest_first: Vec<i64> = first_events.iter().rev().copied().collect();
        assert_eq!(events(store, &order, *from, *to, Reverse), newest_first, "{to} down to {from}");
    }
}

fn a_page_ends_once_it_is_full(store: &Arc<dyn Store>) {
    let order = with_history(store);
    let all = EventRange { from: 1, to: i64::MAX };
    // Each of the first three batches has 5 bytes, the last 6.
    let sizes: &[(usize, &[i64], &[i64])] = &[
        (0, &[1], &[8]),
        (1, &[1], &[8]),
        (5, &[1], &[8]),
        (6, &[1, 3], &[8]),
        (7, &[1, 3], &[8, 4]),
        (15, &[1, 3, 4], &[8, 4, 3]),
        (16, &[1, 3, 4, 8], &[8, 4, 3]),
    ];
    for (bytes_max, forward, reverse) in sizes {
        assert_eq!(page(store, &order, all, Forward, *bytes_max), *forward, "{bytes_max} bytes");
        assert_eq!(page(store, &order, all, Reverse, *bytes_max), *reverse, "{bytes_max} bytes, reverse");
    }
}

fn pages_put_together_are_the_history(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    commit(store, fence, vec![start(&order)]);
    for version in 1..60 {
        let first = version as i64 * 3 - 2;
        let write = Write { history: vec![batch(&order, first, first + 2)], ..delta(&order, version) };
        commit(store, fence, vec![write]);
    }
    let expected: Vec<i64> = (0..59).map(|n| n * 3 + 1).collect();
    let mut read = Vec::new();
    loop {
        let range = EventRange { from: after(&read), to: 1000 };
        let page = page(store, &order, range, Forward, 40);
        if page.is_empty() {
            break;
        }
        read.extend(page);
    }
    assert_eq!(read, expected);
}

/// The event behind the last batch read: batches here have three events.
fn after(read: &[i64]) -> i64 {
    read.last().map_or(1, |first| first + 3)
}

fn branches_are_kept_apart(store: &Arc<dyn Store>) {
    let fence = own(store);
    let pair = neighbours(2);
    let fork = BranchId::from(RunId::from_bytes([0xff; 16]));
    let forked = Batch { branch: fork, first_event: 2, last_event: 2, events: text("fork") };
    for order in &pair {
        let write = Write { history: vec![batch(order, 1, 1), batch(order, 2, 2)], ..start(order) };
        commit(store, fence, vec![write]);
    }
    commit(store, fence, vec![Write { history: vec![forked.clone()], ..delta(&pair[0], 1) }]);
    let slot = pair[0].execution.slot();
    let all = EventRange { from: 1, to: i64::MAX };
    for order in &pair {
        assert_eq!(events(store, order, 1, 9, Forward), [1, 2]);
        assert_eq!(events(store, order, 1, 9, Reverse), [2, 1]);
    }
    assert_eq!(wait(store.history(slot, fork, all, Forward, 100)), Ok(vec![forked]));
    let elsewhere = Slot(slot.0 ^ 1);
    assert_eq!(wait(store.history(elsewhere, fork, all, Forward, 100)), Ok(vec![]));
}
