//! Power loss: of what was written since the last sync, any part may be missing. The commit that was acknowledged
//! before is there, the one that was not is there as a whole or not at all, and the folder opens.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use longhaul_kernel::ids::RunKey;
use longhaul_store::{
    CurrentWrite, Direction, StateWrite, Store, Write,
    conformance::{
        sample::{batch, commit, duty, events, follow, noise, own, run, start, stored, text},
        wait,
    },
};
use longhaul_store_embedded::{EmbeddedStore, Options};

/// What a disk writes at once.
const SECTOR: usize = 512;

fn open(folder: &Path) -> Arc<dyn Store> {
    Arc::new(EmbeddedStore::open(folder, Options::default()).expect("a torn end is no damage"))
}

/// The only journal of a folder.
fn journal(folder: &Path) -> PathBuf {
    let data = fs::read_dir(folder.join("data")).expect("the folder can be read");
    let mut journals = data
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    let path = journals.next().expect("there is a journal");
    assert_eq!(journals.next(), None);
    path
}

fn used(journal: &[u8]) -> usize {
    journal.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// A transition in which every kind of record tells the version; its state has so many bytes that can't be compressed.
fn transition(run: &RunKey, version: u64, bytes: usize) -> Write {
    let base = if version == 1 { start(run) } else { follow(run, version - 1) };
    Write {
        state: StateWrite::Snapshot(noise(version, bytes)),
        history: vec![batch(run, version as i64, version as i64)],
        shares: Vec::new(),
        current: CurrentWrite::Put(text(&version.to_string())),
        outbox_put: vec![(duty(1, version as i64), text("duty"))],
        outbox_delete: vec![duty(1, version as i64 - 1)],
        ..base
    }
}

/// Everything the store knows of the run is of this version.
fn assert_whole(store: &Arc<dyn Store>, run: &RunKey, version: u64, what: &str) {
    assert_eq!(stored(store, run).map(|found| found.version), Some(version), "{what}");
    let expected: Vec<i64> = (1..=version as i64).collect();
    assert_eq!(events(store, run, 1, i64::MAX, Direction::Forward), expected, "{what}");
    let current = wait(store.current(run.execution.clone()));
    assert_eq!(current, Ok(Some(text(&version.to_string()))), "{what}");
}

/// A folder with an acknowledged commit, and the next one as it lies between write and sync.
struct Scene {
    folder: tempfile::TempDir,
    /// The journal with the acknowledged commit alone.
    before: Vec<u8>,
    /// The journal with the next one.
    after: Vec<u8>,
}

/// Acknowledged when the power fails.
const ACKNOWLEDGED: u64 = 3;

impl Scene {
    fn new(bytes: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store = open(folder.path());
        let fence = own(&store);
        for version in 1..=ACKNOWLEDGED {
            commit(&store, fence, vec![transition(&run("order"), version, bytes)]);
        }
        // A journal is mostly zeros that wait for more; a few of them will do.
        let read = || {
            let mut bytes = fs::read(journal(folder.path())).expect("the journal can be read");
            bytes.truncate(used(&bytes) + 2 * 8 * SECTOR);
            bytes
        };
        let mut before = read();
        commit(&store, fence, vec![transition(&run("order"), ACKNOWLEDGED + 1, bytes)]);
        let after = read();
        before.resize(after.len(), 0);
        drop(store);
        fs::write(journal(folder.path()), &after).expect("the journal can be written");
        Self { folder, before, after }
    }

    /// Where the commit lies that was not synced.
    fn unsynced(&self) -> std::ops::Range<usize> {
        let range = used(&self.before)..used(&self.after);
        assert!(range.start > 0 && range.end > range.start + 100, "{range:?}");
        assert_eq!(self.before[..range.start], self.after[..range.start]);
        range
    }

    /// Opens the folder with this journal: what is found is of the version, and the folder is fit for use.
    fn holds(&self, journal_bytes: &[u8], version: u64, what: &str) {
        // The engine may have begun another journal and written tables; the scene begins anew each time.
        let copy = tempfile::tempdir().expect("a folder can be made");
        copy_folder(self.folder.path(), copy.path());
        fs::write(journal(copy.path()), journal_bytes).expect("the journal can be written");
        let store = open(copy.path());
        assert_whole(&store, &run("order"), version, what);
        commit(&store, own(&store), vec![transition(&run("order"), version + 1, 10)]);
        drop(store);
        assert_whole(&open(copy.path()), &run("order"), version + 1, what);
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("the folder can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).expect("a folder can be made");
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

#[test]
fn a_write_that_ends_at_any_byte_is_dropped_as_a_whole() {
    let scene = Scene::new(10);
    let unsynced = scene.unsynced();
    for cut in unsynced.clone() {
        let mut zeros = scene.after.clone();
        zeros[cut..].fill(0);
        scene.holds(&zeros, ACKNOWLEDGED, &format!("zeros from {cut} of {unsynced:?}"));
    }
    for cut in unsynced.clone().step_by(17) {
        scene.holds(&scene.after[..cut], ACKNOWLEDGED, &format!("cut at {cut} of {unsynced:?}"));
    }
    scene.holds(&scene.after, ACKNOWLEDGED + 1, "nothing is lost");
}

#[test]
fn a_write_that_lacks_any_of_its_sectors_is_dropped_as_a_whole() {
    let scene = Scene::new(4000);
    let unsynced = scene.unsynced();
    let first = unsynced.start / SECTOR;
    let count = unsynced.end.div_ceil(SECTOR) - first;
    assert!(count >= 8, "{count} sectors");
    let singles = (0..count).map(|sector| 1u32 << sector);
    let all = (1u32 << count) - 1;
    // Every sector alone is lost, every one alone arrives, and some that follow from their number.
    let some = (1..40u32).map(|number| (number.wrapping_mul(0x9e37_79b9) >> 8) & all);
    let lost = singles.clone().chain(singles.map(|single| all & !single)).chain(some);
    for lost in lost.filter(|lost| *lost != 0) {
        let mut torn = scene.after.clone();
        for sector in (0..count).filter(|sector| lost & (1 << sector) != 0) {
            let from = ((first + sector) * SECTOR).max(unsynced.start);
            let upto = ((first + sector + 1) * SECTOR).min(unsynced.end);
            torn[from..upto].copy_from_slice(&scene.before[from..upto]);
        }
        // The last sector may hold nothing but zeros of the commit.
        let version = if torn == scene.after { ACKNOWLEDGED + 1 } else { ACKNOWLEDGED };
        scene.holds(&torn, version, &format!("sectors {lost:b} of {unsynced:?} are lost"));
    }
}
