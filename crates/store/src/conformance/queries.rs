//! Generated queries over generated rows: whatever index a store answers by, in whatever order and by whatever pages,
//! it gives what a filter over all rows gives.

use std::{cmp::Ordering, sync::Arc};

use longhaul_kernel::{
    ids::{ExecutionKey, Kind, RunKey},
    time::Timestamp,
    visibility::{Query, Row, Value},
};

use super::{
    Case,
    sample::{NAMESPACE, attributes, commit, delete, follow, own, row, run, start_listed},
    wait,
};
use crate::{ListCursor, SortKey, Store, VisibilityWrite, Write};

pub(super) const CASES: &[Case] =
    &[("any query finds what a filter finds", any_query_finds_what_a_filter_finds)];

const ROWS: u64 = 240;
const QUERIES: u64 = 120;

/// Chance, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize].clone()
    }
}

/// Keywords, some of them longer than what an index keeps.
fn keyword(chance: &mut Chance) -> String {
    let short = ["", "a", "ab", "b", "it's", "\u{e9}"];
    match chance.below(8) {
        0 => "long ".repeat(60) + chance.of(&["a", "b", ""]),
        _ => chance.of(&short).to_owned(),
    }
}

fn generated(chance: &mut Chance, n: u64) -> Row {
    let close = (!chance.one_in(3)).then(|| chance.below(20) as i64);
    let status = if close.is_some() { chance.of(&["Completed", "Failed", "TimedOut"]) } else { "Running" };
    let name = format!("{}{n}", chance.of(&["w", "x"]));
    let mut key = run(&name);
    let mut shown = row(&key, chance.below(12) as i64, close, chance.of(&["order", "refund"]), status);
    let keyword_value = |chance: &mut Chance| Value::Keyword(keyword(chance));
    let mut put = |name: &str, value: Option<Value>| match value {
        Some(value) => drop(shown.attributes.insert(name.into(), value)),
        None => drop(shown.attributes.remove(name)),
    };
    put("Customer", (!chance.one_in(3)).then(|| keyword_value(chance)));
    put("Amount", (!chance.one_in(3)).then(|| Value::Int(chance.below(7) as i64 - 3)));
    put("Weight", (!chance.one_in(3)).then(|| Value::Double(chance.below(9) as f64 / 2.0 - 2.0)));
    put("Paid", (!chance.one_in(3)).then(|| Value::Bool(chance.one_in(2))));
    put(
        "Due",
        (!chance.one_in(3)).then(|| Value::Datetime(Timestamp::from_secs(chance.below(9) as i64 - 4))),
    );
    let items = |chance: &mut Chance| (0..chance.below(4)).map(|_| keyword(chance)).collect();
    put("Tags", (!chance.one_in(3)).then(|| Value::KeywordList(items(chance))));
    put("Note", chance.one_in(2).then(|| Value::Text(chance.of(&["some words", "Other, words", ""]).into())));
    let root = if chance.one_in(2) { name.clone() } else { "w1".to_owned() };
    put("RootWorkflowId", Some(Value::Keyword(root)));
    put("ExecutionDuration", close.map(Value::Int));
    if chance.one_in(10) {
        put("TemporalNamespaceDivision", Some(Value::Keyword("apart".into())));
    }
    if chance.one_in(12) {
        key = RunKey { execution: ExecutionKey { kind: Kind::Schedule, ..key.execution }, run: key.run };
        shown.run = key;
    }
    shown
}

fn literal(chance: &mut Chance, name: &str) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    match name {
        "ExecutionDuration" => chance.below(20).to_string(),
        "Amount" | "Weight" => match chance.below(4) {
            0 => format!("{}.5", chance.below(3) as i64 - 1),
            _ => (chance.below(8) as i64 - 4).to_string(),
        },
        "Paid" => chance.of(&["true", "false"]).to_owned(),
        "Due" | "StartTime" | "CloseTime" => (chance.below(14) as i64 * 1_000_000_000).to_string(),
        "Note" => quoted(chance.of(&["some", "WORDS", "some other", "nothing", ""])),
        "ExecutionStatus" => quoted(chance.of(&["Running", "Completed", "Failed", "Canceled"])),
        "WorkflowType" => quoted(chance.of(&["order", "refund", "nothing"])),
        "WorkflowId" | "RootWorkflowId" => {
            let n = chance.below(ROWS);
            quoted(&format!("{}{n}", chance.of(&["w", "x", ""])))
        }
        "RunId" => {
            let n = chance.below(ROWS);
            quoted(&run(&format!("w{n}")).run.to_string())
        }
        "TemporalNamespaceDivision" => quoted(chance.of(&["apart", "nothing"])),
        _ => quoted(&keyword(chance)),
    }
}

const NAMES: [&str; 17] = [
    "Customer",
    "Customer",
    "Amount",
    "Weight",
    "Paid",
    "Due",
    "Tags",
    "Note",
    "StartTime",
    "CloseTime",
    "ExecutionStatus",
    "WorkflowType",
    "WorkflowId",
    "RunId",
    "RootWorkflowId",
    "ExecutionDuration",
    "TemporalNamespaceDivision",
];

fn condition(chance: &mut Chance, depth: u64) -> String {
    if depth > 0 && !chance.one_in(3) {
        let (left, right) = (condition(chance, depth - 1), condition(chance, depth - 1));
        return match chance.below(5) {
            0 => format!("NOT ({left})"),
            1 => format!("({left}) OR ({right})"),
            _ => format!("({left}) AND ({right})"),
        };
    }
    let name = chance.of(&NAMES);
    let one = literal(chance, name);
    let other = literal(chance, name);
    let not = chance.of(&["", "NOT "]);
    match (chance.below(8), name) {
        (0, _) => format!("{name} IS {not}NULL"),
        (_, "Tags") => format!("Tags {not}IN ({one}, {other})"),
        (_, "Note") => format!("Note {} {one}", chance.of(&["=", "!="])),
        (1, _) => format!("{name} {not}IN ({one}, {other})"),
        (2, "Customer" | "WorkflowId" | "WorkflowType") => format!("{name} {not}STARTS_WITH {one}"),
        (3, "Paid") => format!("Paid != {one}"),
        (3, _) => format!("{name} {not}BETWEEN {one} AND {other}"),
        _ => format!("{name} {} {one}", chance.of(&["=", "=", "!=", "<", "<=", ">", ">="])),
    }
}

fn order(chance: &mut Chance) -> String {
    let keys = match chance.below(5) {
        0 | 1 => 0,
        2 | 3 => 1,
        _ => 2,
    };
    let key = |chance: &mut Chance| match chance.of(&NAMES) {
        // Texts have no order.
        "Note" => "Amount".to_owned(),
        name => format!("{name}{}", chance.of(&["", " ASC", " DESC"])),
    };
    let keys: Vec<String> = (0..keys).map(|_| key(chance)).collect();
    if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) }
}

/// The rows that a query selects, in its order, by looking at each.
fn naive(rows: &[Row], kind: Kind, query: &Query) -> Vec<Row> {
    let selected = rows.iter().filter(|row| row.run.execution.kind == kind && query.matches(row));
    let mut found: Vec<Row> = selected.cloned().collect();
    found.sort_by(|left, right| {
        for key in query.order() {
            let order = match (key.value(left), key.value(right)) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(left), Some(right)) if key.descending => right.compare(&left),
                (Some(left), Some(right)) => left.compare(&right),
            };
            if order.is_ne() {
                return order;
            }
        }
        let order = SortKey::of(left).cmp(&SortKey::of(right));
        if query.order().last().is_some_and(|key| key.descending) { order.reverse() } else { order }
    });
    found
}

fn any_query_finds_what_a_filter_finds(store: &Arc<dyn Store>) {
    let fence = own(store);
    let mut chance = Chance(0x1234_5678_9abc_def1);
    let mut rows: Vec<Row> = (0..ROWS).map(|n| generated(&mut chance, n)).collect();
    commit(store, fence, rows.iter().cloned().map(start_listed).collect());
    // Some rows are replaced, some are gone.
    for n in (0..ROWS).filter(|n| n % 5 == 0) {
        let at = n as usize;
        let other = generated(&mut chance, n);
        let shown = Row { run: rows[at].run.clone(), ..other };
        let visibility = VisibilityWrite::Put(Box::new(shown.clone()));
        commit(store, fence, vec![Write { visibility, ..follow(&shown.run, 1) }]);
        rows[at] = shown;
    }
    for gone in rows.split_off(ROWS as usize - 10) {
        let version = wait(store.run(gone.run.clone())).expect("it can be read").map_or(0, |run| run.version);
        commit(store, fence, vec![delete(&gone.run, version)]);
    }
    for n in 0..QUERIES {
        let text = format!("{}{}", condition(&mut chance, n % 3), order(&mut chance));
        let query =
            Query::parse(&text, &attributes()).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}"));
        let kind = if chance.one_in(12) { Kind::Schedule } else { Kind::Workflow };
        check(store, &rows, &text, kind, Arc::new(query), chance.of(&[3, 20, 1000]));
    }
    for text in [
        "",
        "order by StartTime",
        "order by CloseTime desc",
        "order by Customer desc, Amount",
        "order by Paid",
    ] {
        let query = Query::parse(text, &attributes()).expect("it is valid");
        check(store, &rows, text, Kind::Workflow, Arc::new(query), 7);
    }
}

fn check(store: &Arc<dyn Store>, rows: &[Row], text: &str, kind: Kind, query: Arc<Query>, page: usize) {
    let expected = naive(rows, kind, &query);
    let mut found: Vec<Row> = Vec::new();
    loop {
        let after = found.last().map(|row| ListCursor::of(&query, row));
        let more = wait(store.list(NAMESPACE, kind, query.clone(), after, page)).expect("rows can be read");
        let is_last = more.len() < page;
        found.extend(more);
        if is_last || found.len() > expected.len() {
            break;
        }
    }
    let ids = |rows: &[Row]| rows.iter().map(|row| row.run.execution.id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&found), ids(&expected), "{text}, pages of {page}");
    assert_eq!(found, expected, "{text}");
    let counted = wait(store.count(NAMESPACE, kind, query.clone(), None)).expect("rows can be counted");
    assert_eq!(counted, [(None, expected.len() as u64)], "{text}");
    for group in ["Customer", "Amount", "Paid", "ExecutionStatus", "Tags", "StartTime"] {
        let mut tally = crate::Tally::new(Some(group.into()));
        expected.iter().try_for_each(|row| tally.add(row)).expect("there are few groups");
        let counted = wait(store.count(NAMESPACE, kind, query.clone(), Some(group.into())));
        assert_eq!(counted, Ok(tally.finish()), "{text}, by {group}");
    }
    let explained = wait(store.explain(NAMESPACE, kind, query, page)).expect("it can be explained");
    assert_eq!(explained.rows_found, expected.len().min(page) as u64, "{text}: {}", explained.plan);
}
