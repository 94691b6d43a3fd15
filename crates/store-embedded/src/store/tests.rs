//! What only this crate can set up: folders of another format.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use longhaul_kernel::{ids::Kind, visibility::Row};
use longhaul_store::{
    SortKey, StateWrite, Store, VisibilityWrite, Write,
    conformance::{
        sample::{NAMESPACE, Where, commit, delta, own, row, run, start_listed},
        wait,
    },
};

use super::{EmbeddedStore, FORMAT};
use crate::{
    OpenError, Options,
    engine::{Engine, Part},
    index, key, row,
};

fn with_format(body: &[u8]) -> OpenError {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let engine = Engine::open(folder.path(), &Options::default()).expect("the folder can be opened");
    let written = engine.write(vec![(Part::Meta, key::FORMAT.to_vec(), Some(body.to_vec()))]);
    assert!(written.is_ok());
    drop(engine);
    EmbeddedStore::open(folder.path(), Options::default()).err().expect("the format is refused")
}

#[test]
fn a_folder_of_a_newer_binary_is_refused() {
    let error = with_format(&(FORMAT + 1).to_le_bytes());
    assert!(matches!(error, OpenError::TooNew { found: 5, known: FORMAT, .. }), "{error:?}");
}

/// Turns a folder into what a binary of that format would have left.
fn make_older(folder: &Path, format: u64) {
    let engine = Engine::open(folder, &Options::default()).expect("the folder can be opened");
    let everything = || crate::engine::beginning_with(&[]);
    let mut changes = vec![(Part::Meta, key::FORMAT.to_vec(), Some(format.to_le_bytes().to_vec()))];
    for part in [Part::Index, Part::Young] {
        for entry in engine.moment().range(part, everything()) {
            changes.push((part, entry.expect("it can be read").0, None));
        }
    }
    if format == 1 {
        changes.push((Part::Index, b"an entry of the first format".to_vec(), Some(Vec::new())));
    }
    for entry in engine.moment().range(Part::Rows, everything()) {
        let (key, body) = entry.expect("it can be read");
        let row = row::decode(&key, &body).expect("it was just written");
        let body = Some(whole(&row).expect("a vector takes any bytes"));
        if format == 1 {
            // The first format named no kind behind the sixteen bytes of the namespace.
            changes.push((Part::Rows, [&key[..16], &key[17..]].concat(), body));
            changes.push((Part::Rows, key, None));
        } else {
            let entries = index::entries(&row, &SortKey::of(&row)).into_iter();
            changes.extend(entries.map(|entry| (Part::Index, entry, Some(Vec::new()))));
            changes.push((Part::Rows, key, body));
        }
    }
    assert!(engine.write(changes).is_ok());
}

/// A row as formats 1 and 2 had it.
fn whole(row: &Row) -> Result<Vec<u8>, minicbor::encode::Error<std::convert::Infallible>> {
    let mut out = vec![1];
    let mut encoder = minicbor::Encoder::new(&mut out);
    let execution = &row.run.execution;
    encoder.array(8)?.bytes(execution.namespace.as_bytes())?.u8(execution.kind.code())?.str(&execution.id)?;
    encoder.bytes(row.run.run.as_bytes())?.i64(row.start_time.0)?.encode(row.close_time)?;
    encoder
        .encode(row.attributes.iter().map(|(name, value)| (&**name, value)).collect::<BTreeMap<_, _>>())?;
    encoder.bytes(&row.info)?;
    Ok(out)
}

#[test]
fn open_runs_of_a_folder_of_the_second_format_can_be_closed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let open = || -> Arc<dyn Store> {
        Arc::new(EmbeddedStore::open(folder.path(), Options::default()).expect("the folder can be opened"))
    };
    let store = open();
    let fence = own(&store);
    let rows = (0..20).map(|n| start_listed(row(&run(&n.to_string()), n, None, "order", "Running")));
    commit(&store, fence, rows.collect());
    drop(store);
    make_older(folder.path(), 2);
    let store = open();
    let fence = own(&store);
    let close = |n: i64| Write {
        visibility: VisibilityWrite::Put(Box::new(row(&run(&n.to_string()), n, Some(n), "order", "Failed"))),
        ..delta(&run(&n.to_string()), 1)
    };
    commit(&store, fence, (0..10).map(close).collect());
    let by = |name, value| wait(store.count(NAMESPACE, Kind::Workflow, Where::all(&[(name, value)]), None));
    assert_eq!(by("ExecutionStatus", "Running"), Ok(vec![(None, 10)]));
    assert_eq!(by("ExecutionStatus", "Failed"), Ok(vec![(None, 10)]));
    assert_eq!(by("WorkflowType", "order"), Ok(vec![(None, 20)]));
}

/// Rows that are young, were young and closed, and had to make room, found by an index before and after a restart.
#[test]
fn young_rows_are_found_like_all_others() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let options = Options { young_rows_max: 3, ..Options::default() };
    let open = || EmbeddedStore::open(folder.path(), options.clone()).expect("the folder can be opened");
    let check = |store: &Arc<dyn Store>, running: u64, failed: u64| {
        let by = |value| {
            wait(store.count(NAMESPACE, Kind::Workflow, Where::all(&[("ExecutionStatus", value)]), None))
                .map(|counts| counts.iter().map(|(_, count)| *count).sum::<u64>())
        };
        assert_eq!((by("Running"), by("Failed")), (Ok(running), Ok(failed)));
        let ids = (0..running + failed).map(|n| n.to_string());
        for id in ids {
            let listed = store.list(NAMESPACE, Kind::Workflow, Where::all(&[("WorkflowId", &id)]), None, 9);
            assert_eq!(wait(listed).map(|rows| rows.len()), Ok(1), "row of {id}");
        }
    };
    let store: Arc<dyn Store> = Arc::new(open());
    let fence = own(&store);
    for n in 0..8 {
        let row = row(&run(&n.to_string()), n, None, "order", "Running");
        commit(&store, fence, vec![start_listed(row)]);
    }
    check(&store, 8, 0);
    for n in [0, 7] {
        let closed = row(&run(&n.to_string()), n, Some(n), "order", "Failed");
        let write =
            Write { visibility: VisibilityWrite::Put(Box::new(closed)), ..delta(&run(&n.to_string()), 1) };
        commit(&store, fence, vec![write]);
    }
    check(&store, 6, 2);
    drop(store);
    let store = open();
    assert!(store.engine.young.surplus(0).len() <= 4, "the oldest make room");
    let stored = store.engine.moment().range(Part::Index, crate::engine::beginning_with(&[])).count();
    let store: Arc<dyn Store> = Arc::new(store);
    check(&store, 6, 2);
    let fence = own(&store);
    let deleted = Write { state: StateWrite::Delete, ..delta(&run("6"), 1) };
    commit(&store, fence, vec![deleted]);
    let gone = store.list(NAMESPACE, Kind::Workflow, Where::all(&[("WorkflowId", "6")]), None, 9);
    assert_eq!(wait(gone).map(|rows| rows.len()), Ok(0));
    assert!(stored > 0);
}

#[test]
fn a_folder_of_the_first_format_gets_its_index_again() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let open = || -> Arc<dyn Store> {
        Arc::new(EmbeddedStore::open(folder.path(), Options::default()).expect("the folder can be opened"))
    };
    let store = open();
    let fence = own(&store);
    let rows = (0..50)
        .map(|n| start_listed(row(&run(&n.to_string()), n, (n % 2 == 0).then_some(n), "order", "Failed")));
    commit(&store, fence, rows.collect());
    drop(store);
    make_older(folder.path(), 1);
    let store = open();
    let found = wait(store.list(NAMESPACE, Kind::Workflow, Where::all(&[("WorkflowId", "17")]), None, 9));
    assert_eq!(found.expect("rows can be read").len(), 1);
    let counted =
        wait(store.count(NAMESPACE, Kind::Workflow, Where::all(&[("WorkflowType", "order")]), None));
    assert_eq!(counted, Ok(vec![(None, 50)]));
}

#[test]
fn a_format_that_is_no_number_is_damage() {
    assert!(matches!(with_format(b"x"), OpenError::Damaged { .. }));
}
