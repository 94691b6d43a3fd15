//! Tables against what they stand for: deadlines found the slow way, and copies made before a change.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Names, Table};
use crate::{machine::Draw, run::Timer, time::Timestamp};

/// Every deadline, found the slow way.
fn all_due(entries: &BTreeMap<String, Timer>) -> BTreeSet<(Timestamp, super::Deadline)> {
    let mut due = BTreeSet::new();
    for (id, timer) in entries {
        timer.deadlines(id, &mut |at, deadline| {
            due.insert((at, deadline));
        });
    }
    due
}

/// A random change.
fn change(table: &mut Table<String, Timer>, draw: &mut Draw) {
    let id = format!("{}", draw.number() % 8);
    let fires_at = Timestamp::from_secs((draw.number() % 5).try_into().unwrap_or(0));
    let started_event_id = (draw.number() % 3).try_into().unwrap_or(0);
    match draw.number() % 4 {
        0 | 1 => table.insert(id, Timer { started_event_id, fires_at }),
        2 => table.remove(&id),
        _ => table.change(&id, |timer| timer.fires_at = fires_at),
    }
}

#[test]
fn deadlines_follow_from_the_entries_and_changes_can_be_taken_back() {
    let mut draw = Draw::new(11);
    for _ in 0..500 {
        let mut table = Table::default();
        (0..draw.number() % 12).for_each(|_| change(&mut table, &mut draw));
        let before = table.clone();
        table.mark();
        for _ in 0..draw.number() % 12 {
            change(&mut table, &mut draw);
            assert_eq!(table.due, all_due(&table.entries));
        }
        table.undo();
        assert_eq!(table, before);
        assert_eq!(table.due, all_due(&before.entries));
        let read: Table<String, Timer> =
            crate::codec::decode(&crate::codec::encode(&table)).expect("it was just written");
        assert_eq!(read.due, table.due);
    }
}

#[test]
fn names_are_stored_as_a_list_and_undone() {
    let mut names = Names::default();
    names.insert(7_i64);
    names.mark();
    names.insert(8);
    names.remove(&7);
    names.undo();
    assert!(names.contains(&7) && !names.contains(&8));
    let stored = crate::codec::encode(&names);
    assert_eq!(stored, crate::codec::encode(&BTreeSet::from([7_i64])));
    let read: Names<i64> = crate::codec::decode(&stored).expect("it was just written");
    assert_eq!(read, names);
}
