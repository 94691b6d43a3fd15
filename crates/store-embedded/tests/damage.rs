//! Torn and flipped bytes are found, named, and never taken for data.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use longhaul_store::{
    Direction, EventRange, ReadError, StateWrite, Store, Write,
    conformance::{
        sample::{batch, commit, follow, noise, own, run, start, version},
        wait,
    },
};
use longhaul_store_embedded::{EmbeddedStore, OpenError, Options};

fn open(folder: &Path) -> Arc<dyn Store> {
    let options = Options { memtable_bytes: 1 << 20, ..Options::default() };
    Arc::new(EmbeddedStore::open(folder, options).expect("the folder can be opened"))
}

/// The only journal, and the number of bytes in use of it.
fn journal(folder: &Path) -> (PathBuf, usize) {
    let data = fs::read_dir(folder.join("data")).expect("the folder can be read");
    let files = data.map(|entry| entry.expect("the folder can be read").path());
    let mut journals = files.filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    let path = journals.next().expect("there is a journal");
    assert_eq!(journals.next(), None);
    let bytes = fs::read(&path).expect("the journal can be read");
    let used = bytes.iter().rposition(|byte| *byte != 0).expect("the journal has content") + 1;
    (path, used)
}

/// A folder with ten commits of the run `order`.
fn with_commits(folder: &Path) {
    let store = open(folder);
    let (fence, order) = (own(&store), run("order"));
    commit(&store, fence, vec![start(&order)]);
    for version in 1..10 {
        commit(&store, fence, vec![follow(&order, version)]);
    }
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("the file can be read");
    bytes[at] ^= 0x10;
    fs::write(path, bytes).expect("the file can be written");
}

#[test]
fn a_flipped_byte_in_the_journal_is_refused_and_the_way_out_works() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    with_commits(folder.path());
    let (path, used) = journal(folder.path());
    flip(&path, used / 2);
    let before = fs::read(&path).expect("the journal can be read");
    let error = EmbeddedStore::open(folder.path(), Options::default()).err().expect("the journal is damaged");
    let OpenError::Journal { file, offset, .. } = &error else { panic!("unexpected: {error}") };
    assert_eq!(file, &path);
    assert!(error.to_string().contains(&format!("truncate --size={offset} {}", path.display())));
    assert_eq!(fs::read(&path).expect("the journal can be read"), before, "the evidence is left alone");

    let cut = fs::OpenOptions::new().write(true).open(&path).expect("the journal can be opened");
    cut.set_len(*offset).expect("the journal can be cut");
    let kept = version(&open(folder.path()), &run("order")).expect("the run exists");
    assert!((2..9).contains(&kept), "what stands before the damage is kept: version {kept}");
}

#[test]
fn a_torn_last_write_is_dropped_as_a_whole() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    with_commits(folder.path());
    let (path, used) = journal(folder.path());
    let torn = fs::OpenOptions::new().write(true).open(&path).expect("the journal can be opened");
    torn.set_len(used as u64 - 20).expect("the journal can be cut");
    assert_eq!(version(&open(folder.path()), &run("order")), Some(9));
    // What was cut does not come back, and the folder is fit for use.
    let store = open(folder.path());
    commit(&store, own(&store), vec![follow(&run("order"), 9)]);
    drop(store);
    assert_eq!(version(&open(folder.path()), &run("order")), Some(10));
}

/// Files with written tables, largest first.
fn tables(folder: &Path) -> Vec<(u64, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("data").join("keyspaces")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            let is_table = path.parent().is_some_and(|parent| parent.ends_with("tables"));
            match path.is_dir() {
                true => folders.push(path),
                false if is_table => found.push((fs::metadata(&path).map_or(0, |data| data.len()), path)),
                false => {}
            }
        }
    }
    found.sort_by(|a, b| b.cmp(a));
    found
}

#[test]
fn flipped_bytes_in_a_table_are_an_error_and_never_data() {
    const RUNS: u64 = 300;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = open(folder.path());
    let fence = own(&store);
    for n in 0..RUNS {
        let order = run(&n.to_string());
        let state = StateWrite::Snapshot(noise(n, 20_000));
        commit(&store, fence, vec![Write { state, history: vec![batch(&order, 1, 1)], ..start(&order) }]);
    }
    while tables(folder.path()).first().is_none_or(|(length, _)| *length < 500_000) {
        thread::sleep(Duration::from_millis(20));
    }
    drop(store);
    let (length, table) = tables(folder.path()).swap_remove(0);
    for at in (length / 4..length / 2).step_by(10_000) {
        flip(&table, at as usize);
    }

    let store = open(folder.path());
    let mut damaged = 0;
    for n in 0..RUNS {
        match wait(store.run(run(&n.to_string()))) {
            Ok(found) => assert_eq!(found.expect("the run exists").snapshot, noise(n, 20_000)),
            Err(ReadError::Corrupt(text)) => {
                assert!(text.contains("restore the folder from a copy"), "{text}");
                damaged += 1;
            }
            Err(other) => panic!("unexpected: {other}"),
        }
    }
    assert!(damaged > 0, "some damage was met");
    let (order, all) = (run("7"), EventRange { from: 1, to: 9 });
    let history = store.history(order.execution.slot(), order.run.into(), all, Direction::Forward, 99);
    assert_eq!(wait(history), Ok(vec![batch(&order, 1, 1)]), "what is not damaged can be read");
}
