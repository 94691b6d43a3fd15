//! The order of keys is the order of names, and names can be read back.

use longhaul_kernel::{
    ids::{Kind, Slot},
    time::Timestamp,
};
use longhaul_store::{
    SortKey, Wake,
    conformance::sample::{NAMESPACE, duty, neighbours, run},
};

use super::{Reader, behind, outbox, row, wake};

#[test]
fn wakes_and_duties_can_be_read_back() {
    for name in ["a", "a\0b", "\0\0", "é"] {
        let run = run(name);
        let slot = run.execution.slot();
        let due = Wake { at: Timestamp(-5), run: run.clone() };
        let key = wake(slot, &due);
        let mut reader = Reader(&key);
        assert_eq!(
            (reader.slot(), reader.time(), reader.run()),
            (Some(slot), Some(due.at), Some(run.clone()))
        );
        let key = outbox(&super::run(&run), duty(3, -1));
        let mut reader = Reader(&key);
        let read = (reader.slot(), reader.run(), reader.duty());
        assert_eq!(read, (Some(slot), Some(run), Some(duty(3, -1))));
        for cut in 0..key.len() {
            let mut reader = Reader(&key[..cut]);
            let read = reader.slot().and_then(|_| reader.run().zip(reader.duty()));
            assert_eq!(read, None, "cut at {cut}");
        }
    }
}

#[test]
fn wakes_are_ordered_by_time_and_name() {
    let times = [i64::MIN, -1, 0, 1, i64::MAX];
    let mut wakes: Vec<Wake> = neighbours(4)
        .into_iter()
        .flat_map(|run| times.map(|at| Wake { at: Timestamp(at), run: run.clone() }))
        .collect();
    wakes.sort_by_key(|one| wake(Slot(1), one));
    assert!(wakes.is_sorted());
}

#[test]
fn rows_are_in_the_default_order() {
    let mut keys: Vec<SortKey> = Vec::new();
    for close in [None, Some(-4), Some(0), Some(9)] {
        for start in [i64::MIN, -3, 0, 3] {
            for name in ["a", "b"] {
                let (close_time, start_time) = (close.map(Timestamp), Timestamp(start));
                keys.push(SortKey { close_time, start_time, run: run(name).run });
            }
        }
    }
    keys.sort_by_key(|sort| row((NAMESPACE, Kind::Workflow), sort));
    assert!(keys.is_sorted());
}

#[test]
fn the_end_of_a_prefix_is_behind_all_of_it() {
    assert_eq!(behind(b"ab"), Some(b"ac".to_vec()));
    assert_eq!(behind(b"a\xff\xff"), Some(b"b".to_vec()));
    assert_eq!(behind(b"\xff"), None);
    assert_eq!(behind(b""), None);
}
