//! Indexes of lists: for each indexed attribute a row has an entry by value and position (of a keyword list, one for
//! each element). An entry names a row by its position, so that entries of one value stand in the default order.
//!
//! Every custom and predefined attribute that a row has is indexed, and of those of the system the ones that people
//! look for. Close times need no entries: rows stand in their order. Start times need them for closed rows only, and
//! root workflows for rows that are not their own root. A text has one entry, which tells only that there is a text.
//!
//! Rows of a namespace division have an area of their own, so that what an index finds is never hidden from the query.

use std::ops::Bound;

use longhaul_kernel::{
    ids::RunId,
    visibility::{Query, Row, Span, Value},
};
use longhaul_store::SortKey;

use crate::key::{self, Shelf};

/// Bytes of a keyword that an entry keeps; whether a longer one matches, the row has to tell.
pub(crate) const VALUE_BYTES_MAX: usize = 200;

/// Attributes of the system that are indexed; the numbers are stored.
const CODES: [(&str, u8); 8] = [
    (RUN_ID, 1),
    ("WorkflowId", 2),
    ("WorkflowType", 3),
    ("TaskQueue", 4),
    ("ExecutionStatus", 5),
    (START_TIME, 6),
    ("ParentWorkflowId", 7),
    (ROOT, 8),
];

/// Stands before the name of any other attribute.
const NAMED: u8 = 0xff;

/// Attributes without entries: closing a run changes them, nearly every row has a value of its own, and few look for
/// them; or, as close times, rows are in their order anyway.
const NOT_INDEXED: [&str; 8] = [
    CLOSE_TIME,
    "ExecutionDuration",
    "ExecutionTime",
    "HistoryLength",
    "HistorySizeBytes",
    "ParentRunId",
    "RootRunId",
    "StateTransitionCount",
];

pub(crate) const RUN_ID: &str = "RunId";
pub(crate) const START_TIME: &str = "StartTime";
pub(crate) const CLOSE_TIME: &str = "CloseTime";
pub(crate) const ROOT: &str = "RootWorkflowId";

const KEYWORD: u8 = 1;
const ELEMENT: u8 = 2;
const INT: u8 = 3;
const DOUBLE: u8 = 4;
const BOOL: u8 = 5;
const DATETIME: u8 = 6;
const PRESENT: u8 = 7;
const RUN: u8 = 8;

/// A part of the index: that of one shelf, inside or outside of namespace divisions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    shelf: Shelf,
    is_division: bool,
}

impl Area {
    fn of(row: &Row) -> Self {
        let execution = &row.run.execution;
        Self { shelf: (execution.namespace, execution.kind), is_division: row.is_in_division() }
    }

    /// The areas of the rows that a query may select.
    pub(crate) fn of_query(shelf: Shelf, query: &Query) -> Vec<Self> {
        let divisions: &[bool] = if query.names_division() { &[false, true] } else { &[false] };
        divisions.iter().map(|is_division| Self { shelf, is_division: *is_division }).collect()
    }

    /// What the entries of an attribute begin with; `None` if it is not indexed.
    pub(crate) fn attribute(self, name: &str) -> Option<Vec<u8>> {
        if NOT_INDEXED.contains(&name) {
            return None;
        }
        let mut key = key::shelf(self.shelf);
        key.reserve(64);
        key.push(self.is_division.into());
        match CODES.iter().find(|(known, _)| *known == name) {
            Some((_, code)) => key.push(*code),
            None => {
                key.push(NAMED);
                key::push_text(&mut key, name.as_bytes());
            }
        }
        Some(key)
    }

    /// What the entry of a run begins with.
    pub(crate) fn run(self, run: RunId) -> Option<Vec<u8>> {
        let mut key = self.attribute(RUN_ID)?;
        key.push(RUN);
        key.extend_from_slice(run.as_bytes());
        Some(key)
    }
}

/// Keys of a row's entries, in order.
pub(crate) fn entries(row: &Row, sort: &SortKey) -> Vec<Vec<u8>> {
    let area = Area::of(row);
    let mut keys = Vec::with_capacity(8);
    keys.extend(area.run(row.run.run));
    let mut put = |name: &str, value: &Value| {
        let Some(prefix) = area.attribute(name) else { return };
        match value {
            Value::KeywordList(items) if !items.is_empty() => {
                keys.extend(items.iter().map(|item| text(&prefix, ELEMENT, item)));
            }
            value => keys.push(single(&prefix, value)),
        }
    };
    put("WorkflowId", &Value::Keyword(row.run.execution.id.to_string()));
    if row.close_time.is_some() {
        put(START_TIME, &Value::Datetime(row.start_time));
    }
    for (name, value) in &row.attributes {
        let is_own_root = || matches!(value, Value::Keyword(root) if **root == *row.run.execution.id);
        if &**name != ROOT || !is_own_root() {
            put(name, value);
        }
    }
    for key in &mut keys {
        key::push_sort(key, sort);
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn text(prefix: &[u8], tag: u8, text: &str) -> Vec<u8> {
    let mut key = [prefix, &[tag]].concat();
    key::push_text(&mut key, kept(text));
    key
}

fn kept(text: &str) -> &[u8] {
    &text.as_bytes()[..text.len().min(VALUE_BYTES_MAX)]
}

/// What the entries of one value begin with, given its attribute's prefix.
pub(crate) fn single(prefix: &[u8], value: &Value) -> Vec<u8> {
    let fixed = |tag: u8, bytes: &[u8]| [prefix, &[tag], bytes].concat();
    match value {
        Value::Keyword(keyword) => text(prefix, KEYWORD, keyword),
        Value::Int(number) => fixed(INT, &key::ordered(*number)),
        Value::Double(number) => fixed(DOUBLE, &ordered_double(*number)),
        Value::Bool(flag) => fixed(BOOL, &[u8::from(*flag)]),
        Value::Datetime(at) => fixed(DATETIME, &key::ordered(at.0)),
        Value::KeywordList(_) | Value::Text(_) => fixed(PRESENT, &[]),
    }
}

/// Doubles in an order that bytes keep; both zeros are one.
fn ordered_double(number: f64) -> [u8; 8] {
    let bits = if number == 0.0 { 0 } else { number.to_bits() };
    let flipped = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    flipped.to_be_bytes()
}

/// Entries of a span of values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    /// First key.
    pub(crate) from: Vec<u8>,
    /// First key behind.
    pub(crate) to: Option<Vec<u8>>,
    /// Whether all its entries have one value, which `from` then is.
    pub(crate) is_single: bool,
    /// Whether a literal was cut, so that entries may have other values.
    pub(crate) is_cut: bool,
}

impl Range {
    /// Keys that begin with `prefix`.
    pub(crate) fn beginning_with(prefix: Vec<u8>) -> Self {
        Self { to: key::behind(&prefix), from: prefix, is_single: false, is_cut: false }
    }
}

/// The entries of a span, given the attribute's prefix.
pub(crate) fn range(prefix: &[u8], span: &Span) -> Range {
    match span {
        Span::Is(value) => {
            Range { is_single: true, is_cut: is_cut(value), ..Range::beginning_with(single(prefix, value)) }
        }
        Span::Element(item) => {
            let is_cut = item.len() >= VALUE_BYTES_MAX;
            Range { is_single: true, is_cut, ..Range::beginning_with(text(prefix, ELEMENT, item)) }
        }
        Span::Prefix(start) => {
            let mut key = text(prefix, KEYWORD, start);
            key.truncate(key.len() - 2);
            Range { is_cut: start.len() >= VALUE_BYTES_MAX, ..Range::beginning_with(key) }
        }
        Span::Present => Range::beginning_with(prefix.to_vec()),
        Span::Between(from, to) => between(prefix, from, to),
    }
}

fn between(prefix: &[u8], from: &Bound<Value>, to: &Bound<Value>) -> Range {
    let value = |bound: &Bound<Value>| match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(single(prefix, value)),
        Bound::Unbounded => None,
    };
    let cut = |bound: &Bound<Value>| matches!(bound, Bound::Included(value) | Bound::Excluded(value) if is_cut(value));
    let tag = value(from).or_else(|| value(to)).and_then(|key| key.get(prefix.len()).copied());
    let of_type = Range::beginning_with([prefix, &tag.map_or(vec![], |tag| vec![tag])].concat());
    let start = match (from, value(from)) {
        (Bound::Excluded(_), Some(key)) if !cut(from) => key::behind(&key).unwrap_or(key),
        (_, Some(key)) => key,
        (_, None) => of_type.from,
    };
    let end = match (to, value(to)) {
        (Bound::Excluded(_), Some(key)) if !cut(to) => Some(key),
        (_, Some(key)) => key::behind(&key),
        (_, None) => of_type.to,
    };
    Range { from: start, to: end, is_single: false, is_cut: cut(from) || cut(to) }
}

fn is_cut(value: &Value) -> bool {
    matches!(value, Value::Keyword(text) if text.len() >= VALUE_BYTES_MAX)
}

/// A key, taken apart behind its attribute's prefix.
pub(crate) struct Entry<'k> {
    /// The value with its tag.
    pub(crate) value: &'k [u8],
    /// The position of the row.
    pub(crate) position: &'k [u8],
    /// Whether the value may be longer than what the entry keeps.
    pub(crate) is_cut: bool,
    /// Whether the row may have other entries of the attribute, or more to it than the value.
    pub(crate) is_part: bool,
}

impl<'k> Entry<'k> {
    /// Takes a key apart; `None` if it is none.
    pub(crate) fn read(key: &'k [u8], prefix_len: usize) -> Option<Self> {
        let rest = key.get(prefix_len..)?;
        let tag = *rest.first()?;
        let (length, kept) = match tag {
            KEYWORD | ELEMENT => text_len(rest.get(1..)?)?,
            INT | DOUBLE | DATETIME => (8, 0),
            BOOL => (1, 0),
            PRESENT => (0, 0),
            RUN => (16, 0),
            _ => return None,
        };
        let (value, position) = rest.split_at_checked(1 + length)?;
        let is_part = matches!(tag, ELEMENT | PRESENT);
        Some(Self { value, position, is_cut: kept >= VALUE_BYTES_MAX, is_part })
    }

    /// The value, if it is kept whole.
    pub(crate) fn whole(&self) -> Option<Value> {
        let (tag, body) = self.value.split_first()?;
        let eight = || body.try_into().ok().map(key::number);
        match *tag {
            KEYWORD if !self.is_cut => key::Reader(body).text().map(Value::Keyword),
            INT => eight().map(Value::Int),
            BOOL => Some(Value::Bool(body == [1])),
            DATETIME => eight().map(longhaul_kernel::time::Timestamp).map(Value::Datetime),
            _ => None,
        }
    }
}

/// Length of an escaped text with its end, and that of the text.
fn text_len(bytes: &[u8]) -> Option<(usize, usize)> {
    let (mut at, mut kept) = (0, 0);
    loop {
        match (bytes.get(at)?, bytes.get(at + 1)) {
            (0, Some(0)) => return Some((at + 2, kept)),
            (0, Some(0xff)) => at += 2,
            (0, _) => return None,
            (_, _) => at += 1,
        }
        kept += 1;
    }
}
