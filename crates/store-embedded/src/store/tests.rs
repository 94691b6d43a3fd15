//! What only this crate can set up: folders of another format.

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
    assert!(matches!(error, OpenError::TooNew { found: 2, known: 1, .. }), "{error:?}");
}

#[test]
fn a_format_that_is_no_number_is_damage() {
    assert!(matches!(with_format(b"x"), OpenError::Damaged { .. }));
}
