//! What comes from a disk may be damaged: readers of stored records answer an error and never panic.

use longhaul_kernel::{
    codec,
    ids::{Kind, NamespaceId, RunId},
    run::{Current, Delta, DutyId, Run},
};
use proptest::prelude::*;

/// Reads the bytes as every record there is.
fn read_all(bytes: &[u8]) {
    let _ = codec::decode::<Run>(bytes);
    let _ = codec::decode::<Delta>(bytes);
    let _ = codec::decode::<Current>(bytes);
    let _ = Run::restore(bytes, &[bytes], Vec::new());
    let _ = Run::restore(&Run::default().snapshot(), &[bytes], Vec::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn any_bytes_of_this_version_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut record = vec![1];
        record.extend(bytes);
        read_all(&record);
    }

    #[test]
    fn a_damaged_record_is_read_or_refused(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        kept in any::<prop::sample::Index>(),
    ) {
        let mut run = Run::default();
        run.workflow_id = "order".into();
        run.run_id = RunId::from_bytes([7; 16]);
        run.namespace = NamespaceId::from_bytes([9; 16]);
        run.signal_request_ids.insert("r".into());
        [DutyId::WorkflowTask, DutyId::Activity(5)].into_iter().for_each(|duty| run.duties.insert(duty));
        let mut bytes = run.snapshot();
        for (place, value) in damage {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        read_all(&bytes);
        bytes.truncate(kept.index(bytes.len()));
        read_all(&bytes);
    }

    #[test]
    fn the_key_of_a_duty_names_it(kind in any::<u8>(), event in any::<i64>()) {
        if let Some(duty) = DutyId::from_key(kind, event) {
            prop_assert_eq!(DutyId::from_key(duty.key().0, duty.key().1), Some(duty));
        }
    }

    #[test]
    fn the_code_of_a_kind_names_it(code in any::<u8>()) {
        if let Some(kind) = Kind::from_code(code) {
            prop_assert_eq!(kind.code(), code);
        }
    }

    #[test]
    fn ids_are_read_as_they_are_written(bytes in any::<[u8; 16]>(), text in ".{0,40}") {
        let id = RunId::from_bytes(bytes);
        prop_assert_eq!(RunId::parse(&id.to_string()), Some(id));
        let _ = RunId::parse(&text);
    }
}

#[test]
fn records_of_other_versions_are_refused() {
    let newer = codec::decode::<Run>(&[2, 0xa0]).expect_err("it is newer");
    assert_eq!(newer.to_string(), "stored record can't be read: version 2 is newer than this binary");
    let empty = codec::decode::<Run>(&[]).expect_err("it is empty");
    assert_eq!(empty.to_string(), "stored record can't be read: it is empty");
}
