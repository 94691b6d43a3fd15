//! Documents: compare-and-set, sections, pages.

use std::sync::Arc;

use super::{Case, sample::text, wait};
use crate::{Document, Store};

pub(super) const CASES: &[Case] = &[
    ("a document changes by compare-and-set", a_document_changes_by_compare_and_set),
    ("sections are listed by key", sections_are_listed_by_key),
];

fn put(store: &Arc<dyn Store>, key: &str, expect: u64, record: Option<&str>) -> Option<u64> {
    wait(store.put_document("section", key.into(), expect, record.map(text)))
        .expect("documents can be written")
}

fn read(store: &Arc<dyn Store>, key: &str) -> Option<Document> {
    wait(store.document("section", key.into())).expect("documents can be read")
}

fn a_document_changes_by_compare_and_set(store: &Arc<dyn Store>) {
    assert_eq!(read(store, "a"), None);
    assert_eq!(put(store, "a", 1, Some("wrong")), None);
    assert_eq!(put(store, "a", 0, Some("one")), Some(1));
    assert_eq!(put(store, "a", 0, Some("again")), None);
    assert_eq!(read(store, "a"), Some(Document { key: "a".into(), version: 1, record: text("one") }));
    assert_eq!(put(store, "a", 1, Some("two")), Some(2));
    assert_eq!(put(store, "a", 1, Some("late")), None);
    assert_eq!(put(store, "a", 1, None), None);
    assert_eq!(read(store, "a"), Some(Document { key: "a".into(), version: 2, record: text("two") }));
    assert_eq!(put(store, "a", 2, None), Some(3));
    assert_eq!(read(store, "a"), None);
    assert_eq!(put(store, "a", 3, Some("ghost")), None, "a removed document does not exist");
    assert_eq!(put(store, "a", 0, Some("new")), Some(1));
}

fn sections_are_listed_by_key(store: &Arc<dyn Store>) {
    let keys = ["", "a", "a\0", "ab", "b", "é"];
    for key in keys.iter().rev() {
        assert_eq!(put(store, key, 0, Some(key)), Some(1));
    }
    for (section, key) in [("sectio", "n"), ("section2", "a"), ("sectionsection", "")] {
        assert_eq!(wait(store.put_document(section, key.into(), 0, Some(text("x")))), Ok(Some(1)));
    }
    for page in [1, 2, 100] {
        let mut found: Vec<Document> = Vec::new();
        loop {
            let behind = found.last().map(|document| document.key.clone());
            let page = wait(store.documents("section", behind, page)).expect("documents can be read");
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        let expected = keys.map(|key| Document { key: key.into(), version: 1, record: text(key) });
        assert_eq!(found, expected, "pages of {page}");
    }
    assert_eq!(wait(store.documents("section", None, 0)), Ok(vec![]));
    assert_eq!(wait(store.documents("nothing", None, 9)), Ok(vec![]));
}
