//! The union of both kinds of entries, and who is young.

use super::*;

fn key(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn young(rows: &[(&str, &[&str])]) -> Young {
    let young = Young::default();
    for (row, entries) in rows {
        let entries = entries.iter().map(|entry| key(entry)).collect();
        young.write().change(Changes::from([(key(row), Some(entries))]));
    }
    young
}

#[track_caller]
fn check(stored: &str, young: &str, keys: (Bound<&str>, Bound<&str>), expected: &str) {
    let entry = |letter: char| Ok((vec![letter as u8], Vec::new()));
    let entries: Entries = Arc::new(young.chars().map(|letter| vec![letter as u8]).collect());
    let keys: Keys = (keys.0.map(key), keys.1.map(key));
    let told = |entries: Vec<Result<Entry, Failure>>| -> String {
        entries.into_iter().map(|entry| entry.map_or('!', |(key, _)| char::from(key[0]))).collect()
    };
    let forwards = merged(stored.chars().map(entry), Some(entries.clone()), keys.clone(), false);
    assert_eq!(told(forwards.collect()), expected);
    let backwards = merged(stored.chars().rev().map(entry), Some(entries), keys, true);
    assert_eq!(told(backwards.collect()), expected.chars().rev().collect::<String>());
}

#[test]
fn both_kinds_of_entries_stand_in_one_order() {
    let all = (Bound::Unbounded, Bound::Unbounded);
    check("", "", all, "");
    check("ace", "", all, "ace");
    check("", "bdf", all, "bdf");
    check("ace", "bdf", all, "abcdef");
    check("cd", "abef", all, "abcdef");
    check("cd", "abef", (Bound::Included("b"), Bound::Excluded("f")), "bcde");
    check("cd", "abef", (Bound::Excluded("b"), Bound::Included("f")), "cdef");
    check("", "b", (Bound::Included("b"), Bound::Included("b")), "b");
    check("", "b", (Bound::Included("b"), Bound::Excluded("b")), "");
    check("", "b", (Bound::Included("c"), Bound::Included("a")), "");
}

#[test]
fn a_failure_comes_out() {
    let broken = || std::iter::once(Err(Failure::Io("broken".into())));
    let entries: Entries = Arc::new([key("a")].into());
    let all = || (Bound::Unbounded, Bound::Unbounded);
    for backwards in [false, true] {
        let read: Vec<_> = merged(broken(), Some(entries.clone()), all(), backwards).collect();
        assert!(read[0].is_err());
        assert_eq!(read.len(), 2);
    }
}

#[test]
fn the_oldest_are_young_no_more() {
    let young = young(&[("row z", &["1"]), ("row a", &["2", "3"]), ("row m", &[])]);
    assert_eq!(young.surplus(3), []);
    assert_eq!(young.surplus(1), [(key("row z"), vec![key("1")]), (key("row a"), vec![key("2"), key("3")])]);
    young.write().change(Changes::from([(key("row z"), None)]));
    assert!(!young.has(b"row z") && young.has(b"row a"));
    assert_eq!(young.surplus(1), [(key("row a"), vec![key("2"), key("3")])]);
}

#[test]
fn a_row_that_changes_keeps_its_age_and_loses_its_entries() {
    let young = young(&[("row a", &["1", "2"]), ("row b", &["4"]), ("row a", &["2", "3"])]);
    let entries: Vec<_> = young.read().entries().iter().cloned().collect();
    assert_eq!(entries, [key("2"), key("3"), key("4")]);
    assert_eq!(young.surplus(1).len(), 1);
    assert_eq!(young.surplus(1)[0].0, key("row a"));
}

#[test]
fn who_reads_sees_what_was_there_when_he_began() {
    let young = young(&[("row a", &["1"])]);
    let seen = young.read().entries();
    young.write().change(Changes::from([(key("row a"), None), (key("row b"), Some(vec![key("2")]))]));
    assert_eq!(*seen, [key("1")].into());
    assert_eq!(*young.read().entries(), [key("2")].into());
}
