//! What may become of a namespace.

use longhaul_proto::api::{
    enums::v1::ArchivalState,
    namespace::v1::{NamespaceConfig, UpdateNamespaceInfo},
    workflowservice::v1::UpdateNamespaceRequest,
};

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
        said(Namespace::register(NamespaceId::default(), &request, &Rules::default(), Timestamp(1)))
    };
    let good = || RegisterNamespaceRequest {
        namespace: "shop".into(),
        workflow_execution_retention_period: Some(time::to_proto(Rules::default().retention_min)),
        ..RegisterNamespaceRequest::default()
    };
    assert_eq!(register(good()), "ok");
    let nameless = RegisterNamespaceRequest { namespace: String::new(), ..good() };
    assert_eq!(register(nameless), "Namespace not set on request.");
    let short = Some(time::to_proto(Rules::default().retention_min - Duration::from_secs(1)));
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
    assert_eq!(
        said(namespace.update(&request, &Rules::default(), Timestamp(2))),
        "Bad binary checksum x doesn't exists."
    );
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

fn updated(namespace: &mut Namespace, config: NamespaceConfig, rules: &Rules) -> String {
    let request = UpdateNamespaceRequest { config: Some(config), ..UpdateNamespaceRequest::default() };
    said(namespace.update(&request, rules, Timestamp(2)))
}

#[test]
fn an_address_of_an_archive_stays() {
    let defaults = ArchivalDefaults { enabled: false, uri: "file:///archive".into() };
    let archival = ClusterArchival { history: Some(defaults), visibility: None };
    let rules = Rules { archival, ..Rules::default() };
    let say = |state: ArchivalState, uri: &str| NamespaceConfig {
        history_archival_state: state.into(),
        history_archival_uri: uri.into(),
        visibility_archival_state: ArchivalState::Enabled.into(),
        ..NamespaceConfig::default()
    };
    use ArchivalState::{Disabled, Enabled, Unspecified};
    let mut namespace = shop();
    for (state, uri, expected, is_on) in [
        (Disabled, "", "ok", false),
        (Enabled, "gs://x", "URI scheme gs is not supported: file and s3 are", false),
        (Enabled, "nonsense", "URI is invalid", false),
        (Enabled, "file:///a/../b", "URI is invalid", false),
        (Enabled, "s3://bucket/prefix", "ok", true),
        (Unspecified, "", "ok", true),
        (Disabled, "s3://other", "Cannot update existing archival URI", true),
        (Disabled, "s3://bucket/prefix", "ok", false),
        (Enabled, "", "ok", true),
    ] {
        assert_eq!(updated(&mut namespace, say(state, uri), &rules), expected);
        let on = namespace.history_archival.as_ref().is_some_and(|archival| archival.enabled);
        assert_eq!(on, is_on, "after {state:?} {uri}");
        assert_eq!(namespace.visibility_archival, None, "the cluster archives no rows");
    }
    let mut other = shop();
    assert_eq!(updated(&mut other, say(Enabled, ""), &rules), "ok");
    assert_eq!(other.history_archival.map(|archival| archival.uri), Some("file:///archive".into()));
    let mut none = shop();
    assert_eq!(updated(&mut none, say(Enabled, "nonsense"), &Rules::default()), "ok");
    assert_eq!(none.history_archival, None, "nothing is said where nothing is archived");
}

#[test]
fn a_deleted_name_tells_its_former_one() {
    let mut namespace = shop();
    let names: Vec<String> = namespace.names_when_deleted().take(2).collect();
    assert_eq!(names, ["shop-deleted-07070", "shop-deleted-070707"]);
    namespace.name = names[0].clone();
    assert_eq!(namespace.former_name(), None, "it is not deleted");
    namespace.state = State::Deleted;
    assert_eq!(namespace.former_name(), Some("shop"));
    namespace.name = "shop-deleted-12345".into();
    assert_eq!(namespace.former_name(), None, "the name is one that somebody chose");
}

#[test]
fn columns_are_given_names() {
    let mut namespace = shop();
    assert_eq!(said(namespace.add_search_attributes(&wanted("A", 2))), "ok");
    let name = |column: &str, alias: &str| NamespaceConfig {
        custom_search_attribute_aliases: [(column.to_owned(), alias.to_owned())].into(),
        ..NamespaceConfig::default()
    };
    for (column, alias, expected, names) in [
        ("Keyword01", "B", "Custom search attribute field name already allocated.", "A"),
        ("Int02", "B", "ok", "A B"),
        ("Text01", "B", "ok", "A B"),
        ("Nonsense", "C", "ok", "A B"),
        ("Keyword01", "", "ok", "B"),
        ("Keyword07", "", "ok", "B"),
    ] {
        assert_eq!(updated(&mut namespace, name(column, alias), &Rules::default()), expected);
        let known: Vec<&str> = namespace.search_attributes.keys().map(String::as_str).collect();
        assert_eq!(known.join(" "), names, "after {column} {alias}");
    }
    assert_eq!(namespace.search_attributes["B"].value_type(), ValueType::Int);
}

#[test]
fn states_go_one_way() {
    let mut namespace = shop();
    for (state, expected) in
        [(9, false), (1, true), (2, true), (1, false), (2, true), (3, true), (2, false), (3, true)]
    {
        let info = UpdateNamespaceInfo { state, ..UpdateNamespaceInfo::default() };
        let request = UpdateNamespaceRequest { update_info: Some(info), ..UpdateNamespaceRequest::default() };
        let outcome = namespace.update(&request, &Rules::default(), Timestamp(2));
        assert_eq!(outcome.is_ok(), expected, "to {state}");
    }
}
