//! What an operator meets: a folder in use, a disk that is nearly full, too much at once, figures.

use std::sync::Arc;

use longhaul_kernel::ids::Kind;
use longhaul_store::{
    CommitError, Store,
    conformance::{
        sample::{EVERYTHING, NAMESPACE, Where, commit, delta, own, row, run, start, start_listed, stored},
        wait,
    },
};
use longhaul_store_embedded::{EmbeddedStore, OpenError, Options, Stats};

#[test]
fn a_second_holder_is_told_who_the_first_one_is() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let options = Options { address: Some("127.0.0.1:7233".into()), ..Options::default() };
    let first = EmbeddedStore::open(folder.path(), options).expect("the folder can be opened");
    let error = EmbeddedStore::open(folder.path(), Options::default()).err().expect("the folder is held");
    let expected = format!(
        "folder {} is in use by process {} at 127.0.0.1:7233",
        folder.path().display(),
        std::process::id()
    );
    assert_eq!(error.to_string(), expected);
    drop(first);
    let again = EmbeddedStore::open(folder.path(), Options::default());
    assert!(again.is_ok(), "the lock goes with its holder");
}

#[test]
fn a_folder_that_can_not_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().expect("a file can be made");
    let error = EmbeddedStore::open(file.path(), Options::default()).err().expect("a file is no folder");
    assert!(matches!(&error, OpenError::Io { folder, .. } if folder == file.path()), "{error:?}");
}

#[test]
fn commits_are_refused_before_the_disk_is_full() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let open = |options| -> Arc<dyn Store> {
        Arc::new(EmbeddedStore::open(folder.path(), options).expect("the folder can be opened"))
    };
    let store = open(Options::default());
    commit(&store, own(&store), vec![start(&run("a"))]);
    drop(store);
    let store = open(Options { disk_reserve_bytes: u64::MAX, ..Options::default() });
    let refused = wait(store.fence(EVERYTHING));
    let named = folder.path().display().to_string();
    assert!(matches!(&refused, Err(CommitError::Busy(text)) if text.contains(&named)), "{refused:?}");
    assert!(stored(&store, &run("a")).is_some(), "reading goes on");
}

#[test]
fn commits_share_durable_acts() {
    const THREADS: u64 = 16;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let embedded =
        Arc::new(EmbeddedStore::open(folder.path(), Options::default()).expect("the folder can be opened"));
    assert_eq!(embedded.stats(), Stats::default());
    let store: Arc<dyn Store> = embedded.clone();
    let fence = own(&store);
    assert_eq!(embedded.stats().groups, 1);
    std::thread::scope(|scope| {
        for n in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                let mine = run(&n.to_string());
                commit(store, fence, vec![start(&mine), delta(&mine, 1)]);
                for version in 2..20 {
                    commit(store, fence, vec![delta(&mine, version)]);
                }
            });
        }
    });
    let stats = embedded.stats();
    assert_eq!((stats.commits, stats.writes), (1 + THREADS * 19, THREADS * 20));
    assert!(stats.groups < stats.commits && stats.bytes > 0, "{stats:?}");
}

#[test]
fn too_many_commits_at_once_are_told_to_come_back() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let options = Options { commits_waiting_max: 4, ..Options::default() };
    let store: Arc<dyn Store> =
        Arc::new(EmbeddedStore::open(folder.path(), options).expect("the folder can be opened"));
    let fence = own(&store);
    // A group takes what waits, so the queue is filled faster than one group can be written.
    let names: Vec<String> = (0..2000).map(|n| n.to_string()).collect();
    let commits: Vec<_> = names.iter().map(|name| store.commit(fence, vec![start(&run(name))])).collect();
    let outcomes: Vec<_> = commits.into_iter().map(wait).collect();
    let refused = |outcome: &Result<(), CommitError>| matches!(outcome, Err(CommitError::Busy(_)));
    assert!(outcomes.iter().any(refused) && outcomes.iter().any(Result::is_ok));
    for (name, outcome) in names.iter().zip(&outcomes) {
        assert_eq!(stored(&store, &run(name)).is_some(), outcome.is_ok(), "what was refused was not written");
    }
}

#[test]
fn a_large_namespace_is_listed_page_by_page() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store: Arc<dyn Store> =
        Arc::new(EmbeddedStore::open(folder.path(), Options::default()).expect("the folder can be opened"));
    let fence = own(&store);
    let writes = (0..3000).map(|n| {
        let status = if n == 1234 { "Failed" } else { "Completed" };
        start_listed(row(&run(&n.to_string()), n, Some(n + 1), "order", status))
    });
    commit(&store, fence, writes.collect());
    let page =
        wait(store.list(NAMESPACE, Kind::Workflow, Where::anything(), None, 3)).expect("rows can be read");
    let names: Vec<&str> = page.iter().map(|row| &*row.run.execution.id).collect();
    assert_eq!(names, ["2999", "2998", "2997"]);
    let rare = Where::all(&[("WorkflowType", "order"), ("ExecutionStatus", "Failed")]);
    let found = wait(store.list(NAMESPACE, Kind::Workflow, rare, None, 3)).expect("rows can be read");
    assert_eq!(found.len(), 1);
    let counts =
        wait(store.count(NAMESPACE, Kind::Workflow, Where::anything(), Some("ExecutionStatus".into())));
    let sizes: Vec<u64> = counts.expect("rows can be counted").into_iter().map(|(_, rows)| rows).collect();
    assert_eq!(sizes.iter().sum::<u64>(), 3000);
    assert_eq!(sizes.len(), 2);
}
