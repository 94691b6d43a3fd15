//! Rows of every shape, and of older folders.

use super::*;
use longhaul_store::SortKey;

fn run() -> RunKey {
    let execution = ExecutionKey {
        namespace: NamespaceId::from_bytes([3; 16]),
        kind: Kind::Workflow,
        id: "an id".into(),
    };
    RunKey { execution, run: RunId::from_bytes([7; 16]) }
}

fn row(close_time: Option<i64>, attributes: Vec<(&str, Value)>) -> Row {
    Row {
        run: run(),
        start_time: Timestamp(1_795_720_991_539_359),
        close_time: close_time.map(Timestamp),
        attributes: attributes.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        info: Bytes::from_static(b"info"),
    }
}

fn stored(row: &Row) -> (Vec<u8>, Vec<u8>) {
    let execution = &row.run.execution;
    (key::row((execution.namespace, execution.kind), &SortKey::of(row)), encode(row))
}

#[track_caller]
fn check(row: &Row) -> usize {
    let (key, body) = stored(row);
    assert_eq!(decode(&key, &body).as_ref(), Some(row));
    body.len()
}

#[test]
fn every_kind_of_value_is_read_as_it_was_written() {
    let text = |text: &str| text.to_owned();
    check(&row(None, vec![]));
    check(&row(
        Some(-5),
        vec![
            ("a", Value::Keyword(text("keyword"))),
            ("b", Value::KeywordList(vec![text("one"), text("")])),
            ("c", Value::KeywordList(vec![])),
            ("d", Value::Text(text("some text"))),
            ("e", Value::Int(i64::MIN)),
            ("f", Value::Int(i64::MAX)),
            ("g", Value::Double(-0.5)),
            ("h", Value::Bool(true)),
            ("i", Value::Datetime(Timestamp(-1))),
            ("BuildIds", Value::KeywordList(vec![text("unversioned")])),
        ],
    ));
}

#[test]
fn what_the_run_itself_tells_takes_no_room() {
    let own = vec![
        ("RootRunId", Value::Keyword(run().run.to_string())),
        ("RootWorkflowId", Value::Keyword("an id".into())),
        ("ExecutionTime", Value::Datetime(Timestamp(1_795_720_991_539_359))),
    ];
    assert_eq!(check(&row(None, own)), check(&row(None, vec![])) + 6);
    let other = vec![
        ("RootRunId", Value::Keyword("another".into())),
        ("RootWorkflowId", Value::Keyword("another".into())),
        ("ExecutionTime", Value::Datetime(Timestamp(5))),
    ];
    check(&row(None, other));
}

#[test]
fn the_numbers_of_attributes_are_stored_and_stay() {
    assert_eq!(NAMES[11], "WorkflowType");
    assert_eq!(NAMES[25], "TemporalWorkerDeploymentVersion");
    for (name, _) in longhaul_kernel::visibility::SYSTEM {
        let by_field = ["CloseTime", "RunId", "StartTime", "WorkflowId"].contains(&name);
        assert!(by_field || NAMES.contains(&name), "{name} is spelled out in every row");
    }
}

#[test]
fn a_row_of_an_older_folder_is_read() {
    let body = b"\x01\x88P\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x03\x00ean idP\x07\x07\x07\x07\x07\x07\x07\
\x07\x07\x07\x07\x07\x07\x07\x07\x07\x1b\x00\x06a3\xa3D.\x1f\xf6\xa1lWorkflowType\x82\x00\x81dloadDinfo";
    let expected = row(None, vec![("WorkflowType", Value::Keyword("load".into()))]);
    let read = decode(b"any key", body).map(|read| Row { start_time: expected.start_time, ..read });
    assert_eq!(read, Some(expected));
}

#[test]
fn damage_is_found() {
    let (key, body) = stored(&row(None, vec![("WorkflowType", Value::Keyword("load".into()))]));
    assert_eq!(decode(&key[..20], &body), None);
    assert_eq!(decode(&key, &body[..body.len() - 1]), None);
    assert_eq!(decode(&key, b"\x09"), None);
    assert_eq!(decode(&key, b""), None);
}
