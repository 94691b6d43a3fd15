//! The embedded store keeps the contract, also when it is opened again.

use std::sync::Arc;

use longhaul_store::{
    Store,
    conformance::{run_all, run_durable},
};
use longhaul_store_embedded::{EmbeddedStore, Options};
use tempfile::TempDir;

/// A store whose folder goes away with it; the store is dropped first.
fn open(folder: &TempDir, options: Options) -> Arc<dyn Store> {
    Arc::new(EmbeddedStore::open(folder.path(), options).expect("the folder can be opened"))
}

#[test]
fn it_conforms() {
    let folders = std::cell::RefCell::new(Vec::new());
    run_all(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store = open(&folder, Options::default());
        folders.borrow_mut().push(folder);
        store
    });
}

#[test]
fn it_conforms_when_everything_is_scarce() {
    // No head stays in memory, a group is a single commit, and one thread reads.
    let scarce = Options {
        heads_max: 2,
        group_commits_max: 1,
        reader_threads: 1,
        maintenance_threads: 1,
        cache_bytes: 1,
        ..Options::default()
    };
    let folders = std::cell::RefCell::new(Vec::new());
    run_all(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let store = open(&folder, scarce.clone());
        folders.borrow_mut().push(folder);
        store
    });
}

#[test]
fn it_conforms_across_restarts() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    run_durable(|| open(&folder, Options::default()));
}
