//! What only this crate can set up: folders of another format.

use std::sync::Arc;

use longhaul_kernel::ids::Kind;
use longhaul_store::{
    Store,
    conformance::{
        sample::{NAMESPACE, Where, commit, own, row, run, start_listed},
        wait,
    },
};

use super::{EmbeddedStore, FORMAT};
use crate::{
    OpenError, Options,
    engine::{Engine, Part},
    key,
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
    assert!(matches!(error, OpenError::TooNew { found: 3, known: FORMAT, .. }), "{error:?}");
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
    let engine = Engine::open(folder.path(), &Options::default()).expect("the folder can be opened");
    let mut changes = vec![
        (Part::Meta, key::FORMAT.to_vec(), Some(1_u64.to_le_bytes().to_vec())),
        (Part::Index, b"an entry of the first format".to_vec(), Some(Vec::new())),
    ];
    for entry in engine.moment().range(Part::Index, crate::engine::beginning_with(&[])) {
        changes.push((Part::Index, entry.expect("it can be read").0, None));
    }
    for entry in engine.moment().range(Part::Rows, crate::engine::beginning_with(&[])) {
        // The first format named no kind behind the sixteen bytes of the namespace.
        let (key, body) = entry.expect("it can be read");
        changes.push((Part::Rows, [&key[..16], &key[17..]].concat(), Some(body)));
        changes.push((Part::Rows, key, None));
    }
    assert!(engine.write(changes).is_ok());
    drop(engine);
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
