//! Preconditions, atomicity, and what a write does to a run.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{ExecutionKey, Kind},
    time::Timestamp,
};

use super::{
    Case,
    sample::{
        EVERYTHING, NAMESPACE, Where, batch, commit, conflict, delete, delta, duty, events, follow, own, row,
        run, start, start_listed, stored, text, version,
    },
    wait,
};
use crate::{CurrentWrite, Direction, Expect, StateWrite, Store, VisibilityWrite, Write};

pub(super) const CASES: &[Case] = &[
    ("a run is started once", a_run_is_started_once),
    ("a write needs the version it was decided on", a_write_needs_the_version_it_was_decided_on),
    ("deltas stand behind the last snapshot", deltas_stand_behind_the_last_snapshot),
    ("the writes of a commit follow each other", the_writes_of_a_commit_follow_each_other),
    ("a refused commit writes nothing", a_refused_commit_writes_nothing),
    ("a commit of nothing succeeds", a_commit_of_nothing_succeeds),
    ("the current run is a record of its own", the_current_run_is_a_record_of_its_own),
    ("a deleted run leaves nothing", a_deleted_run_leaves_nothing),
    ("a deleted run can be started again", a_deleted_run_can_be_started_again),
    ("odd names are kept apart", odd_names_are_kept_apart),
];

fn a_run_is_started_once(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    assert_eq!(stored(store, &order), None, "an unknown run is absent");
    commit(store, fence, vec![start(&order)]);
    let run = stored(store, &order).expect("the run exists");
    assert_eq!((run.version, &run.snapshot[..], run.deltas.len()), (1, &b"s1"[..], 0));
    assert_eq!(conflict(store, fence, vec![start(&order)]), order);
}

fn a_write_needs_the_version_it_was_decided_on(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    assert_eq!(conflict(store, fence, vec![follow(&order, 1)]), order, "an absent run has no version");
    commit(store, fence, vec![start(&order)]);
    commit(store, fence, vec![follow(&order, 1)]);
    for wrong in [0, 1, 3] {
        assert_eq!(conflict(store, fence, vec![follow(&order, wrong)]), order);
    }
    // Versions are the caller's; the store compares and does not count.
    commit(store, fence, vec![Write { version: 40, ..follow(&order, 2) }]);
    commit(store, fence, vec![follow(&order, 40)]);
    assert_eq!(version(store, &order), Some(41));
}

fn deltas_stand_behind_the_last_snapshot(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    let first = Write { state: StateWrite::Delta(text("d1")), ..start(&order) };
    commit(store, fence, vec![first]);
    let found = stored(store, &order).expect("the run exists");
    assert_eq!(
        (&found.snapshot[..], found.deltas),
        (&b""[..], vec![text("d1")]),
        "no snapshot is an empty one"
    );
    commit(store, fence, vec![follow(&order, 1)]);
    for version in 2..30 {
        commit(store, fence, vec![delta(&order, version)]);
    }
    let found = stored(store, &order).expect("the run exists");
    let deltas: Vec<_> = (3..=30).map(|version| text(&format!("d{version}"))).collect();
    assert_eq!((found.version, &found.snapshot[..], found.deltas), (30, &b"s2"[..], deltas));
    commit(store, fence, vec![follow(&order, 30), delta(&order, 31)]);
    let found = stored(store, &order).expect("the run exists");
    assert_eq!((found.version, &found.snapshot[..], found.deltas), (32, &b"s31"[..], vec![text("d32")]));
}

fn the_writes_of_a_commit_follow_each_other(store: &Arc<dyn Store>) {
    let (fence, order, other) = (own(store), run("order"), run("other"));
    let writes = vec![start(&order), start(&other), follow(&order, 1), delta(&order, 2), delta(&order, 3)];
    commit(store, fence, writes);
    assert_eq!(version(store, &order), Some(4));
    assert_eq!(version(store, &other), Some(1));
    assert_eq!(conflict(store, fence, vec![follow(&order, 4), follow(&order, 4)]), order);
    assert_eq!(version(store, &order), Some(4));
    commit(store, fence, vec![delete(&order, 4), start(&order)]);
    assert_eq!(version(store, &order), Some(1));
}

fn a_refused_commit_writes_nothing(store: &Arc<dyn Store>) {
    let (fence, order, other) = (own(store), run("order"), run("other"));
    commit(store, fence, vec![start(&other)]);
    let full = Write {
        history: vec![batch(&order, 1, 2)],
        shares: Vec::new(),
        current: CurrentWrite::Put(text("current")),
        outbox_put: vec![(duty(1, 1), text("duty"))],
        wake_put: Some(Timestamp(5)),
        ..start_listed(row(&order, 1, None, "order", "Running"))
    };
    assert_eq!(conflict(store, fence, vec![full, follow(&other, 9)]), other);
    assert_eq!(stored(store, &order), None);
    assert_nothing_but_runs(store, &order.execution);
    assert_eq!(events(store, &order, 1, 9, Direction::Forward), [0; 0]);
    assert_eq!(version(store, &other), Some(1));
}

/// Neither current record, outbox, wake nor row is left.
fn assert_nothing_but_runs(store: &Arc<dyn Store>, execution: &ExecutionKey) {
    assert_eq!(wait(store.current(execution.clone())), Ok(None));
    assert_eq!(wait(store.outbox(EVERYTHING, None, 9)), Ok(vec![]));
    assert_eq!(wait(store.wakes(execution.slot(), Timestamp::MAX, None, 9)), Ok(vec![]));
    assert_eq!(wait(store.list(NAMESPACE, Kind::Workflow, Where::anything(), None, 9)), Ok(vec![]));
    assert_eq!(wait(store.count(NAMESPACE, Kind::Workflow, Where::anything(), None)), Ok(vec![(None, 0)]));
}

fn a_commit_of_nothing_succeeds(store: &Arc<dyn Store>) {
    let fence = own(store);
    commit(store, fence, vec![]);
}

fn the_current_run_is_a_record_of_its_own(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    let current = |write: CurrentWrite, at: u64| Write { current: write, ..follow(&order, at) };
    let read = || wait(store.current(order.execution.clone())).expect("it can be read");
    commit(store, fence, vec![start(&order), current(CurrentWrite::Put(text("one")), 1)]);
    assert_eq!(read(), Some(text("one")));
    commit(store, fence, vec![current(CurrentWrite::Keep, 2), current(CurrentWrite::Put(text("two")), 3)]);
    assert_eq!(read(), Some(text("two")));
    commit(store, fence, vec![delete(&order, 4)]);
    assert_eq!(read(), Some(text("two")), "deleting a run keeps the record");
    commit(store, fence, vec![start(&order), current(CurrentWrite::Delete, 1)]);
    assert_eq!(read(), None);
}

fn a_deleted_run_leaves_nothing(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    let full = Write {
        history: vec![batch(&order, 1, 2), batch(&order, 3, 5)],
        outbox_put: vec![(duty(1, 1), text("duty")), (duty(2, 3), text("duty"))],
        wake_put: Some(Timestamp(5)),
        ..start_listed(row(&order, 1, None, "order", "Running"))
    };
    let more = |version: u64| Write { history: vec![batch(&order, 6, 6)], ..delta(&order, version) };
    let ignored = Write {
        history: vec![batch(&order, 7, 7)],
        outbox_put: vec![(duty(3, 3), text("duty"))],
        wake_put: Some(Timestamp(6)),
        visibility: VisibilityWrite::Put(Box::new(row(&order, 1, Some(2), "order", "Failed"))),
        ..delete(&order, 2)
    };
    // Once with everything on disk, once within a single commit.
    commit(store, fence, vec![full.clone()]);
    commit(store, fence, vec![more(1)]);
    commit(store, fence, vec![ignored.clone()]);
    for round in 0..2 {
        assert_eq!(stored(store, &order), None, "round {round}");
        assert_nothing_but_runs(store, &order.execution);
        assert_eq!(events(store, &order, 1, 9, Direction::Forward), [0; 0], "round {round}");
        commit(store, fence, vec![full.clone(), more(1), ignored.clone()]);
    }
    assert_eq!(conflict(store, fence, vec![follow(&order, 2)]), order);
}

fn a_deleted_run_can_be_started_again(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    commit(store, fence, vec![start(&order), delta(&order, 1), delta(&order, 2)]);
    commit(store, fence, vec![delete(&order, 3)]);
    commit(store, fence, vec![start(&order)]);
    let found = stored(store, &order).expect("the run exists");
    assert_eq!((found.version, found.deltas.len()), (1, 0), "old deltas do not come back");
}

fn odd_names_are_kept_apart(store: &Arc<dyn Store>) {
    let fence = own(store);
    let long = "x".repeat(1000);
    let names = ["a", "a\0", "a\0\0", "a\0b", "\u{1}", "\u{ff}", "a/b", "a|b", long.as_str()];
    let runs: Vec<_> = names.iter().map(|name| run(name)).collect();
    for (version, run) in (10..).zip(&runs) {
        let shown = VisibilityWrite::Put(Box::new(row(run, version as i64, None, "odd", "Running")));
        commit(store, fence, vec![Write { version, expect: Expect::New, visibility: shown, ..start(run) }]);
    }
    for (expected, run) in (10..).zip(&runs) {
        assert_eq!(version(store, run), Some(expected), "{run}");
        let filter = Where::all(&[("WorkflowId", &run.execution.id)]);
        let found = wait(store.list(NAMESPACE, Kind::Workflow, filter, None, 9)).expect("it can be read");
        assert_eq!(found.iter().map(|row| &row.run).collect::<Vec<_>>(), [run]);
    }
}
