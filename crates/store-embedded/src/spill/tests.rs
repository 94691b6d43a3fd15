//! The file spill does what the model in memory does, and notices damage.

use std::sync::Arc;

use longhaul_kernel::ids::NamespaceId;
use longhaul_store::MemorySpill;

use super::*;

fn lane(name: &str, priority: u8) -> LaneKey {
    let task_queue: Arc<str> = name.into();
    LaneKey {
        namespace: NamespaceId::default(),
        task_queue,
        kind: 0,
        sticky: false,
        priority,
        fairness: Arc::default(),
    }
}

/// A small generator of numbers, the same for the same seed.
fn dice(state: &mut u64, bound: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % bound
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder.join("spill")).expect("the folder exists").count()
}

#[test]
fn files_behave_like_the_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let (files_spill, model) = (FileSpill::open(folder.path()).expect("opens"), MemorySpill::default());
    let lanes = [lane("a", 1), lane("a", 2), lane("b", 1)];
    let mut state = 5;
    for round in 0..3_000 {
        let lane = &lanes[dice(&mut state, 3) as usize];
        match dice(&mut state, 10) {
            0..5 => {
                let count = dice(&mut state, 20);
                let length = [0, 10, 5_000, 200_000][dice(&mut state, 50).saturating_sub(46) as usize];
                let records: Vec<Bytes> = (0..count)
                    .map(|_| vec![round as u8; length + dice(&mut state, 9) as usize].into())
                    .collect();
                files_spill.append(lane, &records).expect("appends");
                model.append(lane, &records).expect("appends");
            }
            5..9 => {
                // How many come at once is each spill's choice, their order is not.
                let taken = files_spill.take(lane, dice(&mut state, 15) as usize).expect("takes");
                let expected = model.take(lane, taken.len()).expect("takes");
                assert_eq!(taken.is_empty(), expected.is_empty());
                assert_eq!(taken, expected[..taken.len()]);
            }
            _ if round % 40 == 0 => {
                files_spill.forget(lane);
                model.forget(lane);
            }
            _ => {}
        }
    }
    for lane in &lanes {
        files_spill.forget(lane);
    }
    assert_eq!(files(folder.path()), 0);
}

#[test]
fn space_is_given_back_segment_by_segment() {
    let folder = tempfile::tempdir().expect("a folder");
    let spill = FileSpill::open(folder.path()).expect("opens");
    let megabyte = Bytes::from(vec![7; 1 << 20]);
    for _ in 0..40 {
        spill.append(&lane("a", 1), std::slice::from_ref(&megabyte)).expect("appends");
    }
    assert_eq!(files(folder.path()), 3);
    for _ in 0..30 {
        assert_eq!(spill.take(&lane("a", 1), 1).expect("takes"), std::slice::from_ref(&megabyte));
    }
    assert_eq!(files(folder.path()), 2);
}

#[test]
fn damage_is_noticed_and_confined_to_its_lane() {
    let folder = tempfile::tempdir().expect("a folder");
    let spill = FileSpill::open(folder.path()).expect("opens");
    spill.append(&lane("a", 1), &[Bytes::from_static(b"one")]).expect("appends");
    spill.append(&lane("b", 1), &[Bytes::from_static(b"two")]).expect("appends");
    let first = folder.path().join("spill").join(format!("{:016x}", 0));
    let mut bytes = fs::read(&first).expect("reads");
    bytes[FRAME_BYTES] ^= 1;
    fs::write(&first, bytes).expect("writes");
    assert!(matches!(spill.take(&lane("a", 1), 9), Err(SpillError::Corrupt(_))));
    assert_eq!(spill.take(&lane("b", 1), 9), Ok(vec![Bytes::from_static(b"two")]));
    spill.forget(&lane("a", 1));
    assert_eq!(spill.take(&lane("a", 1), 9), Ok(Vec::new()));
}

#[test]
fn nothing_is_left_of_an_earlier_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let spill = FileSpill::open(folder.path()).expect("opens");
    spill.append(&lane("a", 1), &[Bytes::from_static(b"one")]).expect("appends");
    let spill = FileSpill::open(folder.path()).expect("opens");
    assert_eq!((spill.take(&lane("a", 1), 9), files(folder.path())), (Ok(Vec::new()), 0));
}
