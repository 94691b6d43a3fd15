//! Queries against four rows that were also started on the reference's development server: the expectations are its
//! answers, except for the differences that the module's documentation lists.

use longhaul_proto::api::common::v1::{Payload, SearchAttributes};

use super::*;
use crate::ids::{ExecutionKey, NamespaceId, RunId};

mod properties;
mod refusals;

pub(super) fn attributes() -> Attributes {
    Attributes::system()
        .with_custom("CK", ValueType::Keyword)
        .with_custom("CI", ValueType::Int)
        .with_custom("CD", ValueType::Double)
        .with_custom("CB", ValueType::Bool)
        .with_custom("CT", ValueType::Datetime)
        .with_custom("CL", ValueType::KeywordList)
        .with_custom("CX", ValueType::Text)
        .with_custom("Odd_name-1", ValueType::Keyword)
}

fn keyword(text: &str) -> Value {
    Value::Keyword(text.into())
}

fn datetime(text: &str) -> Value {
    Value::Datetime(parse_datetime(text).expect("the test names an instant"))
}

pub(super) fn row(id: &str, close_time: Option<&str>, values: Vec<(&str, Value)>) -> Row {
    let start_time = parse_datetime("2026-01-01T00:00:00Z").expect("an instant");
    let attributes = values.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Row {
        run: RunKey { execution: ExecutionKey::workflow(NamespaceId::default(), id), run: RunId::default() },
        start_time,
        close_time: close_time.and_then(parse_datetime),
        attributes,
        info: Bytes::new(),
    }
}

fn rows() -> Vec<Row> {
    let lists = |items: &[&str]| Value::KeywordList(items.iter().map(|item| (*item).to_owned()).collect());
    let running = |workflow_type, queue| {
        vec![
            ("WorkflowType", keyword(workflow_type)),
            ("TaskQueue", keyword(queue)),
            ("ExecutionStatus", keyword("Running")),
        ]
    };
    let mut a = running("TA", "q");
    a.extend([
        ("CK", keyword("x")),
        ("CI", Value::Int(5)),
        ("CD", Value::Double(1.5)),
        ("CB", Value::Bool(true)),
        ("CT", datetime("2024-01-02T03:04:05.123456789Z")),
        ("CL", lists(&["p", "q w"])),
        ("CX", Value::Text("Hello quick-brown World".into())),
    ]);
    let mut b = running("TB", "q");
    b.extend([
        ("CK", keyword("X")),
        ("CI", Value::Int(-3)),
        ("CD", Value::Double(2.0)),
        ("CB", Value::Bool(false)),
        ("CT", datetime("2025-01-01T00:00:00+02:00")),
        ("CL", lists(&["q"])),
        ("CX", Value::Text("hello there".into())),
    ]);
    let mut c = running("TA", "q2");
    c.extend([("CK", keyword("it's \"q\" \\ %_")), ("CI", Value::Int(7))]);
    let d = vec![
        ("WorkflowType", keyword("TC")),
        ("TaskQueue", keyword("q")),
        ("ExecutionStatus", keyword("Terminated")),
        ("ExecutionDuration", Value::Int(5_000_000)),
        ("HistoryLength", Value::Int(3)),
    ];
    let s = vec![("TemporalNamespaceDivision", keyword("TemporalScheduler"))];
    vec![
        row("a", None, a),
        row("b", None, b),
        row("c", None, c),
        row("d", Some("2026-01-01T00:00:00.005Z"), d),
        row("s", None, s),
    ]
}

fn selected(query: &Query) -> String {
    let ids: Vec<_> =
        rows().iter().filter(|row| query.matches(row)).map(|row| row.run.execution.id.clone()).collect();
    ids.concat()
}

/// Each query selects the rows whose ids are named.
fn check(cases: &[(&str, &str)]) {
    for (text, expect) in cases {
        let query = Query::parse(text, &attributes()).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        assert_eq!(selected(&query), *expect, "{text}");
    }
}

#[test]
fn operators_and_their_precedence() {
    check(&[
        ("", "abcd"),
        ("   ", "abcd"),
        ("WorkflowId = 'a'", "a"),
        ("`WorkflowId` = \"a\"", "a"),
        ("WorkflowId <> 'a'", "bcd"),
        ("WorkflowId >= 'b' and WorkflowId < 'd'", "bc"),
        ("WorkflowId = 'a' or WorkflowId = 'b' and WorkflowType = 'TC'", "a"),
        ("(WorkflowId = 'a' or WorkflowId = 'b') and WorkflowType = 'TB'", "b"),
        ("not WorkflowId = 'a' and WorkflowType='TA'", "c"),
        ("NOT (WorkflowId = 'a' or WorkflowId='b')", "cd"),
        ("not not WorkflowId = 'a'", "a"),
        ("WorkflowId = 'a' && WorkflowType = 'TA' || CI=7", "ac"),
        ("WorkflowId in ('a','b')", "ab"),
        ("WorkflowId NOT IN ('a','b')", "cd"),
        ("WorkflowId between 'a' and 'b' and CI = 5", "a"),
        ("WorkflowId not between 'a' and 'b'", "cd"),
        ("WorkflowId STARTS_WITH 'a' or WorkflowId starts_with ''", "abcd"),
        ("WorkflowId not starts_with 'a'", "bcd"),
        ("((WorkflowId = 'a'))", "a"),
        ("CI =5 AND(CK='x')", "a"),
        ("/* c */ WorkflowId = 'a' -- c", "a"),
        ("WorkflowId = 'a' # c", "a"),
        ("WorkflowId = 'a';", "a"),
        ("RunId = '00000000-0000-0000-0000-000000000000' and WorkflowId = 'b'", "b"),
    ]);
}

#[test]
fn absent_attributes_are_neither_equal_nor_different() {
    check(&[
        ("CI != 5", "bc"),
        ("not CI = 5", "bc"),
        ("CI not in (5, 6)", "bc"),
        ("not CI in (5)", "bc"),
        ("CI not between 0 and 6", "bc"),
        ("CK not starts_with 'x'", "bc"),
        ("CI is null", "d"),
        ("not CI is null", "abc"),
        ("CI != 5 or CI is null", "bcd"),
        ("not WorkflowId = 'a' or WorkflowId = 'a'", "abcd"),
        ("not CI = 5 or CI = 5", "abc"),
        ("CL != 'p'", "bcd"),
        ("not CL = 'p'", "bcd"),
        ("CL not in ('p','zz')", "bcd"),
        ("CX != 'quick'", "bcd"),
        ("CL is null and CX is null", "cd"),
    ]);
}

#[test]
fn values_of_each_type() {
    check(&[
        ("CI = - 3 or CI = +5", "ab"),
        ("CI = 5.0", "a"),
        ("CI > 4.5", "ac"),
        ("CI = 99999999999999999999", ""),
        ("CI between 6 and 0", ""),
        ("CD = 2 or CD = 15e-1", "ab"),
        ("CB = TRUE", "a"),
        ("CB > false", "a"),
        ("CB != true", "b"),
        ("CB in (true,false)", "ab"),
        ("CT = '2024-01-02T03:04:05.123456789Z'", "a"),
        ("CT > 1704164645000000000", "ab"),
        ("CT = '2024-12-31T22:00:00Z'", "b"),
        ("CT between '2024-01-01T00:00:00Z' and '2024-02-01T00:00:00Z'", "a"),
        ("CT > -5", "ab"),
        ("CK = 'x'", "a"),
        ("CK = 'it\\'s \"q\" \\\\ %_'", "c"),
        ("CK = 'it''s \"q\" \\\\ %_'", "c"),
        ("CK = \"it's \\\"q\\\" \\\\ %_\"", "c"),
        ("CK starts_with '%'", ""),
        ("`Odd_name-1` is null", "abcd"),
        ("CL = 'q w'", "a"),
        ("CL = 'w'", ""),
        ("CL in ('p','q')", "ab"),
    ]);
}

#[test]
fn texts_match_by_any_of_their_words() {
    check(&[
        ("CX = 'HELLO nothing'", "ab"),
        ("CX = 'quick'", "a"),
        ("CX = 'quick-brown-world'", "a"),
        ("CX = 'brown-quick'", ""),
        ("CX = 'h\u{e9}llo'", "ab"),
        ("CX = 'hello,there'", "b"),
        ("CX = 'hel*'", ""),
        ("CX = '-'", ""),
        ("CX = '- hello'", "ab"),
    ]);
}

#[test]
fn system_attributes_and_aliases() {
    check(&[
        ("ExecutionStatus = 'Running'", "abc"),
        ("ExecutionStatus = 'WORKFLOW_EXECUTION_STATUS_RUNNING'", "abc"),
        ("ExecutionStatus in (1, 'Terminated')", "abcd"),
        ("ExecutionStatus < 'Completed'", "abc"),
        ("ExecutionStatus > 1", "d"),
        ("ExecutionStatus between 'Running' and 6", "abcd"),
        ("ExecutionStatus = 'Paused' or ExecutionStatus = 0", ""),
        ("CloseTime is null", "abc"),
        ("CloseTime < '9000-01-01T00:00:00Z'", "d"),
        ("not CloseTime < '9000-01-01T00:00:00Z'", ""),
        ("StartTime > '2024-01-01T00:00:00Z'", "abcd"),
        ("ExecutionDuration < '01:00:00' and ExecutionDuration > 1", "d"),
        ("ExecutionDuration between '0s' and '1d'", "d"),
        ("TaskQueue = 'q2'", "c"),
        ("ScheduleId = 'a'", "a"),
        ("TemporalScheduleId = 'a' or TemporalWorkflowId = 'b'", "ab"),
        ("ChangeVersion = 'v' or TemporalBuildIds = 'v' or SchedulePaused = true", ""),
    ]);
}

#[test]
fn other_divisions_are_hidden_unless_named() {
    check(&[
        ("TemporalNamespaceDivision = 'TemporalScheduler'", "s"),
        ("NamespaceDivision is not null", "s"),
        ("TemporalNamespaceDivision is null or TemporalNamespaceDivision is not null", "abcds"),
    ]);
    let all = Query::parse("", &attributes()).expect("empty is a query");
    assert_eq!(selected(&all.within("TemporalScheduler")), "s");
    let named = Query::parse("TemporalNamespaceDivision is null", &attributes()).expect("a query");
    assert_eq!(selected(&named.within("TemporalScheduler")), "abcd");
}

#[test]
fn a_custom_attribute_wins_over_an_alias() {
    let custom = Attributes::system().with_custom("ScheduleId", ValueType::Int);
    assert!(Query::parse("ScheduleId = 5", &custom).is_ok());
    assert!(Query::parse("ScheduleId = 5", &attributes()).is_err());
}

#[test]
fn counts_are_grouped_by_what_is_compared_as_a_whole() {
    let grouped = |text| {
        let query = Query::parse(text, &attributes()).expect("a query");
        query.group_by().map(|GroupBy(attribute)| attribute.name.to_string())
    };
    assert_eq!(grouped("group by ExecutionStatus"), Some("ExecutionStatus".into()));
    assert_eq!(grouped("CI = 5 GROUP BY `TemporalExecutionStatus`"), Some("ExecutionStatus".into()));
    assert_eq!(grouped("group by NamespaceDivision"), Some("TemporalNamespaceDivision".into()));
    assert_eq!(grouped("group by CK"), Some("CK".into()));
    assert_eq!(grouped("group by CI"), Some("CI".into()));
    assert_eq!(grouped("group by CB"), Some("CB".into()));
    assert_eq!(grouped("CI = 5"), None);
    assert_eq!(encode_group(None).data, "\"\"");
}

#[test]
fn what_an_index_can_tell() {
    let narrow = |text| Query::parse(text, &attributes()).expect("a query").narrow();
    let keyword_is = |name: &str, text: &str| Narrow::Within {
        attribute: name.into(),
        spans: vec![Span::Is(keyword(text))],
        exact: true,
    };
    assert_eq!(narrow(""), Narrow::All(vec![]));
    assert_eq!(narrow("WorkflowId = 'a'"), keyword_is("WorkflowId", "a"));
    assert_eq!(narrow("ScheduleId = 'a'"), keyword_is("WorkflowId", "a"));
    assert_eq!(narrow("not not ExecutionStatus = 1"), keyword_is("ExecutionStatus", "Running"));
    assert_eq!(
        narrow("not (WorkflowId != 'a' or CK != 'x')"),
        Narrow::All(vec![keyword_is("WorkflowId", "a"), keyword_is("CK", "x")])
    );
    assert_eq!(narrow("CI is null"), Narrow::Absent("CI".into()));
    for text in ["CX = 'word'", "CL != 'p'", "CK not starts_with 'a'"] {
        assert_eq!(narrow(text), Narrow::Unknown, "{text}");
    }
}

#[test]
fn a_filter_is_shown_as_it_was_understood() {
    let cases = [
        ("", ""),
        ("not (CK = 'it\\'s' or CI < 5.5)", "`CK` != 'it\\'s' AND `CI` >= 5.5"),
        (
            "CI=1 and (CB=true or CL='p') or CD > 1e30",
            "(`CI` = 1 AND (`CB` = true OR `CL` IN ('p'))) OR `CD` > 1e+30",
        ),
        (
            "ScheduleId starts_with 'a' && CX = 'Two-parts here'",
            "`WorkflowId` STARTS_WITH 'a' AND `CX` = 'two-parts here'",
        ),
        ("ExecutionStatus in (1, 'Failed')", "`ExecutionStatus` IN ('Running', 'Failed')"),
        (
            "CT between 0 and 1500000000 and CloseTime is null",
            "`CT` BETWEEN '1970-01-01T00:00:00Z' AND '1970-01-01T00:00:01.5Z' AND `CloseTime` IS NULL",
        ),
    ];
    for (text, expect) in cases {
        let query = Query::parse(text, &attributes()).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        assert_eq!(query.filter_text(), expect, "{text}");
        let again = Query::parse(expect, &attributes()).expect("what is shown can be read");
        assert_eq!(again.filter_text(), expect);
    }
}

#[test]
fn rows_without_a_value_come_last() {
    let mut rows = rows();
    rows.truncate(4);
    let cases = [
        ("order by CI", "bacd"),
        ("order by CI desc", "cabd"),
        ("order by ExecutionStatus desc, CK asc", "dbca"),
        ("order by CB asc, WorkflowId desc", "badc"),
        ("order by CloseTime", "d"),
    ];
    for (text, expect) in cases {
        let query = Query::parse(text, &attributes()).expect("a query");
        rows.sort_by(|left, right| {
            let by = |key: &OrderKey| key.compare(key.value(left).as_ref(), key.value(right).as_ref());
            query.order().iter().map(by).fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        let ids: Vec<_> = rows.iter().map(|row| row.run.execution.id.clone()).collect();
        assert!(ids.concat().starts_with(expect), "{text}: {}", ids.concat());
    }
}

fn payload(encoding: &str, data: &'static [u8]) -> Payload {
    let metadata = [("encoding".to_owned(), Bytes::from(encoding.to_owned()))].into();
    Payload { metadata, data: Bytes::from_static(data), ..Payload::default() }
}

#[test]
fn payloads_are_read_by_the_declared_type() {
    let cases: [(ValueType, &'static [u8], Option<&str>); 14] = [
        (ValueType::Keyword, b"\"x\"", Some("\"x\"")),
        (ValueType::Keyword, b"[\"x\"]", Some("\"x\"")),
        (ValueType::Keyword, b"[null]", Some("\"\"")),
        (ValueType::Keyword, b"[]", None),
        (ValueType::Keyword, b"null", None),
        (ValueType::Keyword, b"\"\xff\"", Some("\"\u{fffd}\"")),
        (ValueType::Int, b" 5 ", Some("5")),
        (ValueType::Double, b"5.0", Some("5")),
        (ValueType::Double, b"1e30", Some("1e+30")),
        (ValueType::Double, b"99999999999999999999", Some("100000000000000000000")),
        (ValueType::Bool, b"[true]", Some("true")),
        (ValueType::Datetime, b"\"2024-01-02T05:04:05.5+02:00\"", Some("\"2024-01-02T03:04:05.5Z\"")),
        (ValueType::KeywordList, b"[\"x\", \"y\"]", Some("[\"x\",\"y\"]")),
        (ValueType::KeywordList, b"null", None),
    ];
    for (value_type, data, expect) in cases {
        let value = decode("K", &payload("json/plain", data), value_type).expect("the reference takes it");
        let shown = value.map(|value| encode(&value));
        assert_eq!(shown.as_ref().map(|payload| &payload.data[..]), expect.map(str::as_bytes), "{data:?}");
        if let Some(payload) = shown {
            assert_eq!(payload.metadata["type"], value_type.name());
        }
    }
    assert_eq!(decode("K", &payload("binary/null", b""), ValueType::Int), Ok(None));
}

#[test]
fn valid_attributes_are_read_by_name() {
    let indexed_fields = [
        ("CI".to_owned(), payload("json/plain", b"5")),
        ("BuildIds".to_owned(), payload("json/plain", b"[]")),
    ]
    .into();
    let values = validate(&SearchAttributes { indexed_fields }, &attributes(), &Limits::default());
    let expect = [("CI".into(), Some(Value::Int(5))), ("BuildIds".into(), None)].into();
    assert_eq!(values, Ok(expect));
}
