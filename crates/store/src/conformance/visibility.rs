//! Lists and counts: order, cursors, filters with and without an index, groups.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{ExecutionKey, Kind, NamespaceId, RunKey},
    visibility::{Query, Row, Value},
};

use super::{
    Case,
    sample::{NAMESPACE, Where, commit, delete, follow, own, row, run, start_listed},
    wait,
};
use crate::{ListCursor, SortKey, Store, VisibilityWrite, Write};

pub(super) const CASES: &[Case] = &[
    ("rows come in the default order", rows_come_in_the_default_order),
    ("a filter by keyword finds its rows", a_filter_by_keyword_finds_its_rows),
    ("long keywords are told apart", long_keywords_are_told_apart),
    ("a row is replaced as a whole", a_row_is_replaced_as_a_whole),
    ("a removed row is gone from every filter", a_removed_row_is_gone_from_every_filter),
    ("namespaces are kept apart", namespaces_are_kept_apart),
    ("kinds are kept apart", kinds_are_kept_apart),
    ("counts are grouped by a value", counts_are_grouped_by_a_value),
];

/// Twenty rows: ten open, ten closed, with equal times among them.
fn populate(store: &Arc<dyn Store>) -> Vec<Row> {
    let fence = own(store);
    let mut rows: Vec<Row> = (0..20)
        .map(|n| {
            let close = (n % 2 == 1).then_some(100 + n / 4);
            let status = if close.is_some() { "Completed" } else { "Running" };
            row(&run(&format!("w{n:02}")), n / 5, close, ["order", "refund", "mail"][n as usize % 3], status)
        })
        .collect();
    for row in &rows {
        commit(store, fence, vec![start_listed(row.clone())]);
    }
    rows.sort_by_key(SortKey::of);
    rows
}

/// Every row, read in pages.
fn listed(store: &Arc<dyn Store>, namespace: NamespaceId, filter: &Arc<Query>, page: usize) -> Vec<Row> {
    let mut found: Vec<Row> = Vec::new();
    loop {
        let rows = wait(store.list(
            namespace,
            Kind::Workflow,
            filter.clone(),
            found.last().map(|row| ListCursor::of(filter, row)),
            page,
        ));
        let rows = rows.expect("rows can be read");
        assert!(rows.len() <= page, "a page has a limit");
        if rows.is_empty() {
            return found;
        }
        found.extend(rows);
    }
}

fn names(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| &*row.run.execution.id).collect()
}

fn rows_come_in_the_default_order(store: &Arc<dyn Store>) {
    let rows = populate(store);
    assert_eq!(names(&rows)[..2], ["w16", "w18"], "open runs first, the newest first of them");
    assert_eq!(names(&rows)[10..12], ["w17", "w19"], "then those closed last");
    for page in [1, 3, 1000] {
        assert_eq!(listed(store, NAMESPACE, &Where::anything(), page), rows, "pages of {page}");
    }
    assert_eq!(wait(store.list(NAMESPACE, Kind::Workflow, Where::anything(), None, 0)), Ok(vec![]));
}

fn a_filter_by_keyword_finds_its_rows(store: &Arc<dyn Store>) {
    let rows = populate(store);
    let one = rows[4].run.run.to_string();
    let filters: &[&[(&'static str, &str)]] = &[
        &[("WorkflowType", "order")],
        &[("ExecutionStatus", "Running")],
        &[("TaskQueue", "main")],
        &[("WorkflowId", "w07")],
        &[("RunId", &one)],
        &[("WorkflowType", "mail"), ("ExecutionStatus", "Completed"), ("TaskQueue", "main")],
        &[("WorkflowType", "mail"), ("WorkflowId", "w07")],
        &[("WorkflowType", "nothing")],
        &[("WorkflowType", "ord")],
        &[("RunId", "not a run id")],
        &[("Unindexed", "x")],
    ];
    for pairs in filters {
        let filter = Where::all(pairs);
        let expected: Vec<Row> = rows.iter().filter(|row| filter.matches(row)).cloned().collect();
        for page in [1, 4, 1000] {
            assert_eq!(listed(store, NAMESPACE, &filter, page), expected, "{pairs:?}, pages of {page}");
        }
        let counted = wait(store.count(NAMESPACE, Kind::Workflow, filter, None));
        assert_eq!(counted, Ok(vec![(None, expected.len() as u64)]), "{pairs:?}");
    }
}

fn long_keywords_are_told_apart(store: &Arc<dyn Store>) {
    let fence = own(store);
    let prefix = "é".repeat(2000);
    for end in ["a", "b"] {
        let row = row(&run(end), 1, None, &format!("{prefix}{end}"), "Running");
        commit(store, fence, vec![start_listed(row)]);
    }
    let filter = Where::all(&[("WorkflowType", &format!("{prefix}b"))]);
    assert_eq!(names(&listed(store, NAMESPACE, &filter, 9)), ["b"]);
    assert_eq!(listed(store, NAMESPACE, &Where::all(&[("WorkflowType", &prefix)]), 9), []);
}

fn a_row_is_replaced_as_a_whole(store: &Arc<dyn Store>) {
    let (fence, order) = (own(store), run("order"));
    let show = |version: u64, row: Row| {
        let visibility = VisibilityWrite::Put(Box::new(row));
        Write { visibility, ..follow(&order, version) }
    };
    commit(store, fence, vec![start_listed(row(&order, 1, None, "order", "Running"))]);
    let closed = row(&order, 1, Some(9), "order", "Completed");
    commit(store, fence, vec![follow(&order, 1)]);
    commit(store, fence, vec![show(2, closed.clone())]);
    assert_eq!(listed(store, NAMESPACE, &Where::anything(), 9), std::slice::from_ref(&closed));
    assert_eq!(listed(store, NAMESPACE, &Where::all(&[("ExecutionStatus", "Running")]), 9), []);
    assert_eq!(listed(store, NAMESPACE, &Where::all(&[("ExecutionStatus", "Completed")]), 9), [closed]);
    let renamed = row(&order, 1, Some(9), "renamed", "Failed");
    let other = row(&order, 1, Some(9), "other", "Failed");
    commit(store, fence, vec![show(3, other), show(4, renamed.clone())]);
    assert_eq!(listed(store, NAMESPACE, &Where::all(&[("WorkflowType", "other")]), 9), []);
    assert_eq!(listed(store, NAMESPACE, &Where::anything(), 9), [renamed]);
}

fn a_removed_row_is_gone_from_every_filter(store: &Arc<dyn Store>) {
    let rows = populate(store);
    let fence = own(store);
    let hidden = Write { visibility: VisibilityWrite::Delete, ..follow(&rows[0].run, 1) };
    let twice = Write { visibility: VisibilityWrite::Delete, ..follow(&rows[0].run, 2) };
    commit(store, fence, vec![hidden]);
    commit(store, fence, vec![twice, delete(&rows[1].run, 1)]);
    assert_eq!(listed(store, NAMESPACE, &Where::anything(), 9), rows[2..]);
    for row in &rows[..2] {
        for filter in [&[("WorkflowId", &*row.run.execution.id)], &[("RunId", &*row.run.run.to_string())]] {
            assert_eq!(listed(store, NAMESPACE, &Where::all(filter), 9), []);
        }
    }
    assert_eq!(wait(store.count(NAMESPACE, Kind::Workflow, Where::anything(), None)), Ok(vec![(None, 18)]));
}

fn namespaces_are_kept_apart(store: &Arc<dyn Store>) {
    let rows = populate(store);
    let other = NamespaceId::from_bytes([8; 16]);
    let twin = RunKey { execution: ExecutionKey::workflow(other, "w07"), run: run("w07").run };
    let shown = row(&twin, 1, None, "order", "Running");
    commit(store, own(store), vec![start_listed(shown.clone())]);
    assert_eq!(listed(store, other, &Where::anything(), 9), std::slice::from_ref(&shown));
    assert_eq!(listed(store, other, &Where::all(&[("WorkflowId", "w07")]), 9), [shown]);
    assert_eq!(listed(store, NAMESPACE, &Where::anything(), 9), rows);
    let nobody = NamespaceId::from_bytes([6; 16]);
    assert_eq!(wait(store.count(nobody, Kind::Workflow, Where::anything(), None)), Ok(vec![(None, 0)]));
}

fn kinds_are_kept_apart(store: &Arc<dyn Store>) {
    let rows = populate(store);
    let execution = ExecutionKey { kind: Kind::Schedule, ..run("w07").execution };
    let twin = RunKey { execution, run: run("w07").run };
    let shown = row(&twin, 1, None, "order", "Running");
    commit(store, own(store), vec![start_listed(shown.clone())]);
    let of_kind = |kind, filter| wait(store.list(NAMESPACE, kind, filter, None, 99));
    let by_id = Where::all(&[("WorkflowId", "w07")]);
    assert_eq!(of_kind(Kind::Schedule, Where::anything()), Ok(vec![shown.clone()]));
    assert_eq!(of_kind(Kind::Schedule, by_id.clone()), Ok(vec![shown]));
    assert_eq!(of_kind(Kind::Workflow, Where::anything()), Ok(rows));
    assert_eq!(of_kind(Kind::Workflow, by_id.clone()).map(|rows| rows.len()), Ok(1));
    assert_eq!(wait(store.count(NAMESPACE, Kind::Schedule, by_id, None)), Ok(vec![(None, 1)]));
    commit(store, own(store), vec![delete(&twin, 1)]);
    assert_eq!(of_kind(Kind::Schedule, Where::anything()), Ok(vec![]));
}

fn counts_are_grouped_by_a_value(store: &Arc<dyn Store>) {
    let rows = populate(store);
    let count = |filter: Arc<Query>, group: &str| -> Vec<(String, u64)> {
        let counts = wait(store.count(NAMESPACE, Kind::Workflow, filter, Some(group.into())))
            .expect("rows can be counted");
        counts.into_iter().map(|(value, rows)| (format!("{value:?}"), rows)).collect()
    };
    let keyword = |text: &str| format!("{:?}", Some(Value::Keyword(text.into())));
    let statuses = [(keyword("Running"), 10), (keyword("Completed"), 10)];
    let found = count(Where::anything(), "ExecutionStatus");
    assert_eq!((found.len(), statuses.iter().all(|one| found.contains(one))), (2, true), "{found:?}");
    assert_eq!(count(Where::anything(), "Nothing"), [("None".into(), 20)]);
    assert_eq!(
        count(Where::anything(), "CloseTime")[0],
        ("None".into(), 10),
        "rows without a value come first"
    );
    assert_eq!(count(Where::all(&[("WorkflowId", "absent")]), "ExecutionStatus"), []);
    let orders =
        rows.iter().filter(|row| Where::all(&[("WorkflowType", "order")]).matches(row)).count() as u64;
    assert_eq!(count(Where::all(&[("WorkflowType", "order")]), "WorkflowType"), [(keyword("order"), orders)]);
    assert_eq!(count(Where::anything(), "Weight").len(), 4);
}
