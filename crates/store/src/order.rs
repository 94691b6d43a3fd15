//! The orders of lists: what every backend must agree upon.

use std::cmp::Ordering;

use longhaul_kernel::{
    ids::RunId,
    time::Timestamp,
    visibility::{Query, Row},
};

use crate::ListCursor;

/// Position of a row in the default order: open runs first, then by close time, then by start time, newest first,
/// then by run id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// Close time; absent while the run is open.
    pub close_time: Option<Timestamp>,
    /// Start time.
    pub start_time: Timestamp,
    /// Run.
    pub run: RunId,
}

impl SortKey {
    /// The position of `row`.
    pub fn of(row: &Row) -> Self {
        Self { close_time: row.close_time, start_time: row.start_time, run: row.run.run }
    }
}

impl ListCursor {
    /// The place of `row` in the order of `query`.
    pub fn of(query: &Query, row: &Row) -> Self {
        Self { ordered_by: query.order().iter().map(|key| key.value(row)).collect(), sort: SortKey::of(row) }
    }

    /// Which of two places of the query's order comes first.
    pub fn compare(&self, other: &Self, query: &Query) -> Ordering {
        let keys = query.order().iter().zip(self.ordered_by.iter().zip(&other.ordered_by));
        let by_keys = keys
            .map(|(key, (mine, theirs))| key.compare(mine.as_ref(), theirs.as_ref()))
            .find(|order| order.is_ne());
        let by_default = || match query.order().last() {
            Some(last) if last.descending => other.sort.cmp(&self.sort),
            Some(_) | None => self.sort.cmp(&other.sort),
        };
        by_keys.unwrap_or_else(by_default)
    }
}

/// The first rows of a query's order behind a place: however many are offered, no more than a page is kept.
#[derive(Debug)]
pub struct Page<'q> {
    query: &'q Query,
    after: Option<ListCursor>,
    limit: usize,
    /// In order.
    rows: Vec<(ListCursor, Row)>,
}

impl<'q> Page<'q> {
    /// An empty page.
    pub fn new(query: &'q Query, after: Option<ListCursor>, limit: usize) -> Self {
        Self { query, after, limit, rows: Vec::new() }
    }

    /// Keeps `row` if it belongs to the page.
    pub fn offer(&mut self, row: Row) {
        let place = ListCursor::of(self.query, &row);
        let is_behind = |after: &ListCursor| place.compare(after, self.query).is_gt();
        if !self.after.as_ref().is_none_or(is_behind) {
            return;
        }
        let at = match self.rows.last() {
            Some((last, _)) if place.compare(last, self.query).is_gt() => self.rows.len(),
            Some(_) | None => self.rows.partition_point(|(kept, _)| kept.compare(&place, self.query).is_lt()),
        };
        if at < self.limit {
            self.rows.truncate(self.limit - 1);
            self.rows.insert(at, (place, row));
        }
    }

    /// The place of its last row, once it is full.
    pub fn end(&self) -> Option<&ListCursor> {
        (self.rows.len() >= self.limit).then(|| self.rows.last()).flatten().map(|(place, _)| place)
    }

    /// The rows.
    pub fn finish(self) -> Vec<Row> {
        self.rows.into_iter().map(|(_, row)| row).collect()
    }
}

impl Ord for SortKey {
    fn cmp(&self, other: &Self) -> Ordering {
        let closed = match (self.close_time, other.close_time) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(mine), Some(theirs)) => theirs.cmp(&mine),
        };
        closed.then_with(|| other.start_time.cmp(&self.start_time)).then_with(|| self.run.cmp(&other.run))
    }
}

impl PartialOrd for SortKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
