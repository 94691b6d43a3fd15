//! What is refused, in the words of the reference.

use std::collections::BTreeMap;

use longhaul_proto::Refusal;

use super::*;
use crate::visibility::grammar::{NESTING_MAX, TOKENS_MAX};

/// Each query is refused with the text behind "invalid query: ".
fn check(cases: &[(&str, &str)]) {
    for (text, expect) in cases {
        let refusal = Query::parse(text, &attributes()).expect_err(text);
        assert_eq!(refusal, Refusal::InvalidArgument(format!("invalid query: {expect}")), "{text}");
    }
}

#[test]
fn what_is_no_sql() {
    check(&[
        ("WorkflowId == 'a'", "malformed SQL query: syntax error at position 41"),
        ("WorkflowId in ()", "malformed SQL query: syntax error at position 44"),
        ("WorkflowId in 'a'", "malformed SQL query: syntax error at position 45 near 'a'"),
        ("WorkflowId = ", "malformed SQL query: syntax error at position 40"),
        ("= 'a'", "malformed SQL query: syntax error at position 29"),
        ("WorkflowId = 'a' and", "malformed SQL query: syntax error at position 48"),
        ("limit 1", "malformed SQL query: syntax error at position 35 near '1'"),
        ("WorkflowId = 'a'; drop x", "malformed SQL query: syntax error at position 50 near 'drop'"),
        ("WorkflowId = 'a' foo", "malformed SQL query: syntax error at position 48 near 'foo'"),
        ("WorkflowId = 'a", "malformed SQL query: syntax error at position 43 near 'a'"),
        ("WorkflowId = `a", "malformed SQL query: syntax error at position 43 near 'a'"),
        ("WorkflowId = 'a')", "malformed SQL query: syntax error at position 45"),
        ("(WorkflowId = 'a'", "malformed SQL query: syntax error at position 45"),
        ("()", "malformed SQL query: syntax error at position 30"),
        ("--c", "malformed SQL query: syntax error at position 31"),
        ("order by", "malformed SQL query: syntax error at position 30"),
        ("CK = 'a' group CK", "malformed SQL query: syntax error at position 45 near 'CK'"),
        ("NOT", "malformed SQL query: syntax error at position 31"),
        ("CK = 'a' AND", "malformed SQL query: syntax error at position 40"),
        ("CK = 'a' AND AND", "malformed SQL query: syntax error at position 44 near 'and'"),
        ("WorkflowId = 'it's'", "malformed SQL query: syntax error at position 46 near 's'"),
        ("SELECT 1", "malformed SQL query: syntax error at position 34 near 'select'"),
        ("group by ExecutionStatus asc", "malformed SQL query: syntax error at position 50 near 'asc'"),
        ("CI between 1", "malformed SQL query: syntax error at position 40"),
        ("CI is 5", "malformed SQL query: syntax error at position 35 near '5'"),
        ("CI = 5x", "malformed SQL query: syntax error at position 34 near '5'"),
        ("CI = --3", "malformed SQL query: syntax error at position 36"),
        ("WorkflowId = {a}", "malformed SQL query: syntax error at position 42 near '{'"),
    ]);
}

#[test]
fn names_that_are_no_attributes() {
    check(&[
        ("Foo = 'a'", "invalid search attribute: Foo"),
        ("workflowid = 'a'", "invalid search attribute: workflowid"),
        ("`Foo Bar` = 'a'", "invalid search attribute: Foo Bar"),
        ("TemporalFoo = 'x'", "invalid search attribute: TemporalFoo"),
        ("TemporalCK = 'x'", "invalid search attribute: TemporalCK"),
        ("NamespaceId = 'a'", "invalid search attribute: NamespaceId"),
        ("t.WorkflowId = 'a'", "invalid search attribute: t.WorkflowId"),
        ("\"WorkflowId\" = 'a'", "invalid expression: must be a column name but was *sqlparser.SQLVal"),
        ("5 = 5", "invalid expression: must be a column name but was *sqlparser.SQLVal"),
        ("upper(CK) = 'a'", "invalid expression: must be a column name but was *sqlparser.FuncExpr"),
        ("CI + 1 = 5", "invalid expression: must be a column name but was *sqlparser.BinaryExpr"),
        ("-CI = 5", "invalid expression: must be a column name but was *sqlparser.UnaryExpr"),
        ("(CI) = 5", "invalid expression: must be a column name but was *sqlparser.ParenExpr"),
        ("Odd_name-1 = 'a'", "invalid expression: must be a column name but was *sqlparser.BinaryExpr"),
        ("WorkflowId", "invalid expression: incomplete expression"),
        ("not Foo", "invalid expression: incomplete expression"),
        ("'a'", "operation is not supported: expression of type *sqlparser.SQLVal"),
        ("true", "operation is not supported: expression of type sqlparser.BoolVal"),
        ("exists (select 1)", "operation is not supported: expression of type *sqlparser.ExistsExpr"),
        ("WorkflowId in (select 1)", "invalid expression: unexpected value type *sqlparser.Subquery"),
        ("WorkflowId = 'a'; DROP TABLE x", "malformed SQL query: syntax error at position 50 near 'drop'"),
        ("AND", "malformed SQL query: syntax error at position 31 near 'and'"),
    ]);
}

#[test]
fn values_of_the_wrong_type() {
    let wrong = |name: &str, value_type: &str, value: &str, go_type: &str| {
        format!(
            "invalid expression: invalid value type for search attribute {name} of type {value_type}: {value} (type: {go_type})"
        )
    };
    check(&[
        ("WorkflowId = 5", &wrong("WorkflowId", "Keyword", "5", "int64")),
        ("CK = 1000000.0", &wrong("CK", "Keyword", "1e+06", "float64")),
        ("CI = 'abc'", &wrong("CI", "Int", "\"abc\"", "string")),
        ("CI in (5,'a')", &wrong("CI", "Int", "\"a\"", "string")),
        ("CB = 'a\\nb\\\\d\\'e\"f'", &wrong("CB", "Bool", "\"a\\nb\\\\d'e\\\"f\"", "string")),
        ("CT > 1704164645000000000.5", &wrong("CT", "Datetime", "1.704164645e+18", "float64")),
        ("ExecutionStatus = true", &wrong("ExecutionStatus", "Keyword", "true", "bool")),
        ("CT > '2024-01-02'", "invalid expression: unable to parse datetime '2024-01-02'"),
        ("CX = ' '", "invalid expression: no tokens found filtering on Text type search attribute CX"),
        ("ExecutionStatus = 'running'", "invalid expression: invalid ExecutionStatus value 'running'"),
        ("ExecutionStatus = -1", "invalid expression: invalid ExecutionStatus value -1"),
        (
            "ExecutionStatus = 1.0",
            "invalid expression: unexpected value type float64 for search attribute ExecutionStatus",
        ),
        (
            "ExecutionDuration < '1w'",
            "invalid expression: invalid duration value for search attribute ExecutionDuration: 1w",
        ),
        ("CD = 1e400", "invalid expression: unable to parse value \"1e400\""),
        ("WorkflowId = null", "invalid expression: unexpected value type *sqlparser.NullVal"),
        ("WorkflowId = ('a')", "invalid expression: unexpected value type *sqlparser.ParenExpr"),
        ("WorkflowId = (select 1)", "invalid expression: unexpected value type *sqlparser.Subquery"),
        ("CL = ('p','q')", "invalid expression: unexpected value type (expected string, got ('p', 'q'))"),
        (
            "CK starts_with ('a','b')",
            "invalid expression: right-hand side of \"starts_with\" operator must be a literal string (got: [a b])",
        ),
        ("CI = -'5'", "invalid expression: unary operator not supported in \"-'5'\""),
        ("CI = ~5", "operation is not supported: unary operator \"~\""),
        ("CT > now()", "operation is not supported: nested func"),
        (
            "WorkflowId = a",
            "operation is not supported: column name on the right side of comparison expression (did you forget to quote \"a\"?)",
        ),
    ]);
}

#[test]
fn operators_and_clauses_that_are_not_supported() {
    let operator = |operator: &str, value_type: &str, name: &str| {
        format!(
            "operation is not supported: operator '{operator}' not supported for {value_type} type search attribute '{name}'"
        )
    };
    check(&[
        ("WorkflowId like 'a%'", &operator("LIKE", "Keyword", "WorkflowId")),
        ("CK not rlike 'x'", &operator("NOT REGEXP", "Keyword", "CK")),
        ("CI <=> 5", &operator("<=>", "Int", "CI")),
        ("CI starts_with 5", &operator("STARTS_WITH", "Int", "CI")),
        ("CL > 'p'", &operator(">", "KeywordList", "CL")),
        ("CX in ('hello')", &operator("IN", "Text", "CX")),
        (
            "CB between false and true",
            "invalid expression: cannot do range condition on search attribute 'CB' of type Bool",
        ),
        ("CB is true", "invalid expression: 'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'"),
        ("Foo = 1 limit 1", "operation is not supported: 'LIMIT' clause"),
        ("CK = (SELECT 1)", "invalid expression: unexpected value type *sqlparser.Subquery"),
        ("EXISTS (SELECT 1)", "operation is not supported: expression of type *sqlparser.ExistsExpr"),
        (
            "ExecutionStatus starts_with 'Running'",
            "invalid expression: right-hand side of \"starts_with\" operator must be a literal string (got: Running)",
        ),
        ("order by Foo", "invalid search attribute: Foo"),
        ("order by CX", "operation is not supported: unable to sort by search attribute type Text"),
        (
            "group by StartTime",
            "operation is not supported: 'GROUP BY' clause is not supported for search attribute StartTime",
        ),
        ("group by Foo, Bar", "operation is not supported: 'GROUP BY' clause supports only a single field"),
        ("group by 1", "invalid expression: must be a column name but was *sqlparser.SQLVal"),
        (
            "order by CI, CI, CI, CI, CI, CI, CI, CI, CI",
            "operation is not supported: 'ORDER BY' more than 8 fields",
        ),
    ]);
}

#[test]
fn size_and_nesting_are_limited() {
    let nested = |levels: usize| format!("{}CI = 5{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Query::parse(&nested(NESTING_MAX - 4), &attributes()).is_ok());
    check(&[
        (&nested(NESTING_MAX + 1), "malformed SQL query: max nesting level reached"),
        (&"CI = 5 or ".repeat(TOKENS_MAX), "malformed SQL query: max ast depth reached"),
    ]);
    assert!(Query::parse(&vec!["CI = 5"; TOKENS_MAX / 4].join(" or "), &attributes()).is_ok());
    assert!(Query::parse(&format!("CK in ({})", vec!["'x'"; 10_000].join(",")), &attributes()).is_ok());
    // The deepest trees that the limit lets through must fit on the stack of a thread.
    for link in [
        "not ",
        "- ",
        "case ",
        "f(",
        "CI in (",
        "CI=",
        "CI+",
        "CI||",
        "CI is null is null ",
        "CI collate ",
        "CI.",
        "1-",
    ] {
        let chain = link.repeat(TOKENS_MAX / 2);
        assert!(Query::parse(&chain[..chain.len() - 1], &attributes()).is_err(), "{link}");
    }
}

#[test]
fn payloads_of_the_wrong_type() {
    let cases: [(ValueType, &str, &'static [u8], &str); 10] = [
        (ValueType::Keyword, "json/plain", b"5.0", "5"),
        (ValueType::Keyword, "json/plain", b"[\"x\", \"y\"]", "[x y]"),
        (ValueType::Keyword, "json/plain", b"{\"a\":1}", "map[a:1]"),
        (ValueType::Int, "json/plain", b"1e2", "100"),
        (ValueType::Int, "json/plain", b"99999999999999999999", "1e+20"),
        (ValueType::Datetime, "json/plain", b"\"2024-01-02\"", "2024-01-02"),
        (ValueType::KeywordList, "json/plain", b"\"x\"", "x"),
        (
            ValueType::Int,
            "json/plain",
            b"\"a",
            "value from <metadata:{key:\"encoding\"  value:\"json/plain\"}  data:\"\\\"a\">",
        ),
        (ValueType::Keyword, "binary/plain", b"abc", "[97 98 99]"),
        (ValueType::Keyword, "foo", b"", "value from <metadata:{key:\"encoding\"  value:\"foo\"}>"),
    ];
    for (value_type, encoding, data, shown) in cases {
        let expect = format!("invalid value for search attribute K of type {value_type}: {shown}");
        assert_eq!(decode("K", &payload(encoding, data), value_type), Err(Refusal::InvalidArgument(expect)));
    }
}

#[test]
fn attributes_that_may_not_be_set() {
    let limits = Limits { keys_max: 2, value_bytes_max: 4, total_bytes_max: 60 };
    let set = |names: &[&str], data: &'static [u8]| {
        let fields = names.iter().map(|name| ((*name).to_owned(), payload("json/plain", data)));
        let wire = SearchAttributes { indexed_fields: fields.collect::<BTreeMap<_, _>>() };
        match validate(&wire, &attributes(), &limits) {
            Err(Refusal::InvalidArgument(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        set(&["Foo", "CI"], b"1"),
        "Namespace default has no mapping defined for search attribute Foo"
    );
    assert_eq!(set(&["WorkflowId"], b"1"), "WorkflowId attribute can't be set in SearchAttributes");
    assert_eq!(
        set(&["TemporalWorkerDeployment"], b"1"),
        "TemporalWorkerDeployment attribute can't be set in SearchAttributes"
    );
    assert_eq!(set(&["CI", "CB", "CK"], b"1"), "number of search attributes 3 exceeds limit 2");
    assert_eq!(set(&["CK"], b"\"aaa\""), "search attribute CK value size 5 exceeds size limit 4");
    assert_eq!(set(&["CI", "CD"], b"1"), "total size of search attributes 70 exceeds size limit 60");
}
