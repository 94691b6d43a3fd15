//! What may become of a namespace.

use super::*;
use crate::codec;

fn shop() -> Namespace {
    let day = Duration::from_secs(24 * 3600);
    Namespace::built_in(NamespaceId::from_bytes([7; 16]), "shop", day, Timestamp(1))
}

fn said<T>(result: Result<T, Refusal>) -> String {
    match result {
        Ok(_) => "ok".into(),
        Err(Refusal::InvalidArgument(text)) => text,
        Err(other) => format!("{other:?}"),
    }
}

fn wanted(name: &str, wire: i32) -> BTreeMap<String, i32> {
    [(name.to_owned(), wire)].into_iter().collect()
}

#[test]
fn a_registration_needs_a_name_and_a_retention() {
    let register = |request: RegisterNamespaceRequest| {
        said(Namespace::register(NamespaceId::default(), &request, Timestamp(1)))
    };
    let good = || RegisterNamespaceRequest {
        namespace: "shop".into(),
        workflow_execution_retention_period: Some(time::to_proto(RETENTION_MIN)),
        ..RegisterNamespaceRequest::default()
    };
    assert_eq!(register(good()), "ok");
    let nameless = RegisterNamespaceRequest { namespace: String::new(), ..good() };
    assert_eq!(register(nameless), "Namespace not set on request.");
    let short = Some(time::to_proto(RETENTION_MIN - Duration::from_secs(1)));
    for period in [None, short] {
        let request = RegisterNamespaceRequest { workflow_execution_retention_period: period, ..good() };
        assert_eq!(register(request), "A valid retention period is not set on request.");
    }
    let elsewhere = RegisterNamespaceRequest { active_cluster_name: "zz".into(), ..good() };
    assert_eq!(register(elsewhere), "Invalid cluster name: zz");
    let global = RegisterNamespaceRequest { is_global_namespace: true, ..good() };
    assert_eq!(register(global), "Cannot register global namespace when not enabled");
}

#[test]
fn a_refused_update_changes_nothing() {
    let mut namespace = shop();
    let request = UpdateNamespaceRequest {
        update_info: Some(UpdateNamespaceInfo { description: "new".into(), ..Default::default() }),
        delete_bad_binary: "x".into(),
        ..UpdateNamespaceRequest::default()
    };
    assert_eq!(said(namespace.update(&request, Timestamp(2))), "Bad binary checksum x doesn't exists.");
    assert_eq!(namespace, shop());
}

#[test]
fn search_attributes_keep_their_type_and_their_column() {
    let mut namespace = shop();
    for (name, wire) in [("A", 2), ("B", 2), ("A", 3)] {
        assert_eq!(said(namespace.add_search_attributes(&wanted(name, wire))), "ok");
    }
    let columns = |namespace: &Namespace| -> Vec<String> {
        namespace.search_attributes.values().map(SearchAttribute::column).collect()
    };
    assert_eq!(columns(&namespace), ["Keyword01", "Keyword02"]);
    assert_eq!(said(namespace.remove_search_attributes(&["A".into(), "unknown".into()])), "ok");
    assert_eq!(said(namespace.add_search_attributes(&wanted("C", 2))), "ok");
    assert_eq!(columns(&namespace), ["Keyword02", "Keyword01"]);
}

#[test]
fn names_and_types_of_the_system_are_refused() {
    let mut namespace = shop();
    let cases = [
        ("WorkflowId", 2, "Search attribute WorkflowId is reserved by system."),
        ("TemporalX", 2, "Search attribute TemporalX is reserved by system."),
        ("X", 99, "Unknown search attribute type: 99."),
    ];
    for (name, wire, expected) in cases {
        assert_eq!(said(namespace.add_search_attributes(&wanted(name, wire))), expected);
    }
    assert_eq!(
        said(namespace.remove_search_attributes(&["WorkflowId".into()])),
        "Unable to remove non-custom search attributes: WorkflowId."
    );
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let mut namespace = shop();
    namespace.add_search_attributes(&wanted("A", 7)).expect("it is a free name");
    namespace.data.insert("key".into(), "value".into());
    let read: Namespace = codec::decode(&codec::encode(&namespace)).expect("it was just written");
    assert_eq!(read, namespace);
}
