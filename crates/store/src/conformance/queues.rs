//! Outbox and wakes: order, cursors, replacement, removal.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{Kind, NamespaceId, RunId, RunKey, SLOTS, Slot},
    time::Timestamp,
};

use super::{
    Case,
    sample::{EVERYTHING, NAMESPACE, commit, delete, delta, duty, follow, neighbours, own, run, start, text},
    wait,
};
use crate::{OutboxId, ShardRange, Store, Wake, Write};

pub(super) const CASES: &[Case] = &[
    ("outbox rows come by slot, run and id", outbox_rows_come_by_slot_run_and_id),
    ("outbox rows are replaced and removed", outbox_rows_are_replaced_and_removed),
    ("wakes come earliest first", wakes_come_earliest_first),
    ("a run has one wake", a_run_has_one_wake),
    ("runs are found by their namespace", runs_are_found_by_their_namespace),
    ("a wake that goes back in time is found", a_wake_that_goes_back_in_time_is_found),
];

fn duties(store: &Arc<dyn Store>, range: ShardRange, page: usize) -> Vec<(RunKey, OutboxId)> {
    let mut found: Vec<(RunKey, OutboxId)> = Vec::new();
    loop {
        let rows = wait(store.outbox(range, found.last().cloned(), page)).expect("the outbox can be read");
        assert!(rows.len() <= page, "a page has a limit");
        if rows.is_empty() {
            return found;
        }
        found.extend(rows.into_iter().map(|row| (row.run, row.id)));
    }
}

fn outbox_rows_come_by_slot_run_and_id(store: &Arc<dyn Store>) {
    let fence = own(store);
    let ids = [duty(0, -1), duty(0, 7), duty(1, 0), duty(1, 300), duty(200, 2)];
    let mut runs: Vec<RunKey> = ["a", "b", "c", "a\0", "aa"].iter().map(|name| run(name)).collect();
    runs.extend(neighbours(3));
    for run in &runs {
        let rows = ids.iter().rev().map(|id| (*id, text("duty"))).collect();
        commit(store, fence, vec![Write { outbox_put: rows, ..start(run) }]);
    }
    runs.sort_by_key(|run| (run.execution.slot(), run.clone()));
    let expected: Vec<_> = runs.iter().flat_map(|run| ids.map(|id| (run.clone(), id))).collect();
    for page in [1, 2, 7, 1000] {
        assert_eq!(duties(store, EVERYTHING, page), expected, "pages of {page}");
    }
    assert_eq!(wait(store.outbox(EVERYTHING, None, 0)), Ok(vec![]));
    let slot = runs[2].execution.slot();
    let one = ShardRange { first: slot, last: slot, ..EVERYTHING };
    let inside: Vec<_> = expected.into_iter().filter(|(run, _)| run.execution.slot() == slot).collect();
    assert_eq!(duties(store, one, 2), inside, "a range of slots is a range of rows");
}

fn outbox_rows_are_replaced_and_removed(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    let read = || -> Vec<(u8, String)> {
        let rows = wait(store.outbox(EVERYTHING, None, 9)).expect("the outbox can be read");
        rows.iter().map(|row| (row.id.kind, String::from_utf8_lossy(&row.record).into_owned())).collect()
    };
    let put = |kind: u8, record: &str| (duty(kind, 1), text(record));
    commit(store, fence, vec![Write { outbox_put: vec![put(1, "a"), put(2, "b")], ..start(&order) }]);
    let replace = Write {
        outbox_put: vec![put(2, "c"), put(3, "d")],
        outbox_delete: vec![duty(1, 1), duty(9, 9)],
        ..follow(&order, 1)
    };
    commit(store, fence, vec![replace]);
    assert_eq!(read(), [(2, "c".into()), (3, "d".into())]);
    let both = Write { outbox_put: vec![put(3, "e")], outbox_delete: vec![duty(3, 1)], ..follow(&order, 2) };
    commit(store, fence, vec![both]);
    assert_eq!(read(), [(2, "c".into()), (3, "e".into())], "removing comes before putting");
}

fn runs_are_found_by_their_namespace(store: &Arc<dyn Store>) {
    let fence = own(store);
    let mut mine: Vec<RunKey> = ["a", "b", "c", "a\0", "aa"].iter().map(|name| run(name)).collect();
    mine.extend(neighbours(3));
    let mut second = mine[0].clone();
    second.run = RunId::from_bytes([9; 16]);
    let mut schedule = mine[1].clone();
    schedule.execution.kind = Kind::Schedule;
    mine.extend([second, schedule]);
    let namespaces = [NamespaceId::from_bytes([0; 16]), NAMESPACE, NamespaceId::from_bytes([255; 16])];
    let of = |namespace: NamespaceId| {
        let mut runs = mine.clone();
        runs.iter_mut().for_each(|run| run.execution.namespace = namespace);
        runs.sort_by_key(|run| (run.execution.slot(), run.clone()));
        runs
    };
    for run in namespaces.iter().flat_map(|namespace| of(*namespace)) {
        commit(store, fence, vec![start(&run)]);
        commit(store, fence, vec![delta(&run, 1)]);
    }
    let read = |namespace, first: u16, last: u16, page| {
        let mut found: Vec<RunKey> = Vec::new();
        loop {
            let after = found.last().cloned();
            let runs =
                wait(store.runs(namespace, Slot(first), Slot(last), after, page)).expect("runs can be read");
            if runs.is_empty() {
                return found;
            }
            assert!(runs.len() <= page, "a page has a limit");
            found.extend(runs);
        }
    };
    for namespace in namespaces {
        for page in [1, 3, 1000] {
            assert_eq!(read(namespace, 0, SLOTS - 1, page), of(namespace), "pages of {page}");
        }
        let slot = of(namespace)[2].execution.slot().0;
        let inside: Vec<_> = of(namespace).into_iter().filter(|run| run.execution.slot().0 == slot).collect();
        assert_eq!(read(namespace, slot, slot, 2), inside, "a range of slots is a range of runs");
    }
    for run in of(NAMESPACE) {
        commit(store, fence, vec![delete(&run, 2)]);
    }
    assert_eq!(read(NAMESPACE, 0, SLOTS - 1, 10), [], "what was removed is not found");
    assert_eq!(read(namespaces[2], 0, SLOTS - 1, 10), of(namespaces[2]), "others stay");
}

fn wakes(store: &Arc<dyn Store>, slot: Slot, until: i64, page: usize) -> Vec<(i64, RunKey)> {
    let mut found: Vec<Wake> = Vec::new();
    loop {
        let behind = found.last().cloned();
        let page = wait(store.wakes(slot, Timestamp(until), behind, page)).expect("wakes can be read");
        if page.is_empty() {
            return found.into_iter().map(|wake| (wake.at.0, wake.run)).collect();
        }
        found.extend(page);
    }
}

fn wakes_come_earliest_first(store: &Arc<dyn Store>) {
    let fence = own(store);
    let runs = neighbours(6);
    let times = [50, 10, -3, 10, i64::MAX, 0];
    for (run, at) in runs.iter().zip(times) {
        commit(store, fence, vec![Write { wake_put: Some(Timestamp(at)), ..start(run) }]);
    }
    let elsewhere = Write { wake_put: Some(Timestamp(1)), ..start(&run("elsewhere")) };
    commit(store, fence, vec![elsewhere]);
    let mut expected: Vec<_> = times.into_iter().zip(runs.iter().cloned()).collect();
    expected.sort();
    let slot = runs[0].execution.slot();
    for page in [1, 2, 100] {
        assert_eq!(wakes(store, slot, i64::MAX, page), expected, "pages of {page}");
    }
    assert_eq!(wakes(store, slot, 10, 2), expected[..4], "the bound is included");
    assert_eq!(wakes(store, slot, 9, 2), expected[..2]);
    let other = run("elsewhere").execution.slot();
    let waking = |first, last, until| wait(store.waking(first, last, Timestamp(until))).expect("can be read");
    let all = waking(Slot(0), Slot(SLOTS - 1), 1);
    assert!(all.is_sorted() && all.contains(&slot) && all.contains(&other), "{all:?}");
    assert_eq!(waking(slot, slot, -3), [slot], "the bound is included");
    assert!(waking(other, other, 0).len() <= 1, "only slots that were asked for");
    assert_eq!(wait(store.wakes(slot, Timestamp::MAX, None, 0)), Ok(vec![]));
}

fn a_run_has_one_wake(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    let read = || -> Vec<i64> {
        let found = wakes(store, order.execution.slot(), i64::MAX, 9);
        found.into_iter().map(|(at, _)| at).collect()
    };
    let wake = |version: u64, remove: Option<i64>, put: Option<i64>| Write {
        wake_delete: remove.map(Timestamp),
        wake_put: put.map(Timestamp),
        ..follow(&order, version)
    };
    commit(store, fence, vec![start(&order), wake(1, None, Some(5))]);
    assert_eq!(read(), [5]);
    commit(store, fence, vec![wake(2, Some(5), Some(9))]);
    assert_eq!(read(), [9]);
    commit(store, fence, vec![wake(3, Some(9), Some(9))]);
    assert_eq!(read(), [9], "a wake may be replaced by itself");
    commit(store, fence, vec![wake(4, None, Some(2))]);
    assert_eq!(read(), [2], "a new wake replaces the old one even if nobody named it");
    commit(store, fence, vec![wake(5, Some(8), None)]);
    assert_eq!(read(), [2], "removing another instant does nothing");
    commit(store, fence, vec![wake(6, Some(2), None)]);
    assert_eq!(read(), [0; 0]);
    commit(store, fence, vec![wake(7, None, Some(4))]);
    commit(store, fence, vec![delete(&order, 8)]);
    assert_eq!(read(), [0; 0]);
}

fn a_wake_that_goes_back_in_time_is_found(store: &Arc<dyn Store>) {
    let fence = own(store);
    let runs = neighbours(3);
    let slot = runs[0].execution.slot();
    let at = |at: i64, write: Write| Write { wake_put: Some(Timestamp(at)), ..write };
    commit(store, fence, vec![at(100, start(&runs[0]))]);
    assert_eq!(wakes(store, slot, 1000, 9).len(), 1);
    commit(store, fence, vec![at(200, follow(&runs[0], 1))]);
    assert_eq!(wakes(store, slot, 1000, 9), [(200, runs[0].clone())]);
    commit(store, fence, vec![at(50, start(&runs[1])), at(150, start(&runs[2]))]);
    let expected = [(50, runs[1].clone()), (150, runs[2].clone()), (200, runs[0].clone())];
    assert_eq!(wakes(store, slot, 1000, 9), expected);
    commit(store, fence, vec![delete(&runs[1], 1)]);
    assert_eq!(wakes(store, slot, 1000, 1), expected[1..]);
    assert_eq!(wakes(store, slot, 1000, 9), expected[1..]);
}
