//! Pages in the order of an indexed attribute: its entries are walked over from the end that comes first, and the
//! reading ends when what follows can't be on the page any more. Rows without the attribute come behind.

use std::ops::Bound;

use longhaul_kernel::{
    time::Timestamp,
    visibility::{Narrow, OrderKey, Query, Row, Span, Value, ValueType},
};
use longhaul_store::{ListCursor, Page};

use crate::{
    engine::{Entry as Stored, Part},
    error::Failure,
    index::{self, CLOSE_TIME, Entry, ROOT, RUN_ID, Range, START_TIME},
    key,
    list::{read, row_at, rows_backwards, rows_between},
    places::unreadable,
    plan::Planner,
};

/// A step of a walk: the value as entries keep it, and what leads to the row.
struct Step {
    value: Vec<u8>,
    position: Vec<u8>,
    /// The row's record, if the walk is over rows.
    body: Option<Vec<u8>>,
    is_cut: bool,
    is_part: bool,
}

type Lane = std::iter::Peekable<Box<dyn Iterator<Item = Result<Step, Failure>>>>;

/// A page, and the plan in words; `None` if there is no index of the order or it can't be relied upon.
pub(crate) fn page(
    planner: &Planner<'_>,
    query: &Query,
    after: Option<ListCursor>,
    limit: usize,
) -> Result<Option<(Vec<Row>, String)>, Failure> {
    let Some(first) = query.order().first() else { return Ok(None) };
    let name = &*first.attribute.name;
    if !is_walkable(first) {
        return Ok(None);
    }
    let within = required(&query.narrow(), name);
    let spans = within.clone().unwrap_or_else(|| vec![Span::Present]);
    let in_nulls = after.as_ref().is_some_and(|after| after.ordered_by.first() == Some(&None));
    let Some(mut lanes) = lanes(planner, first, &spans, after.as_ref()) else { return Ok(None) };
    let is_total = lanes.len() == 1 && query.order().len() == 1 && name != CLOSE_TIME;
    let mut page = Page::new(query, after.clone(), limit);
    if !in_nulls && !along(planner, query, &mut lanes, is_total, &mut page)? {
        return Ok(None);
    }
    let never_null = within.is_some() || name == START_TIME || name == "WorkflowId";
    if page.end().is_none() && !never_null {
        without(planner, query, name, after.as_ref().filter(|_| in_nulls), &mut page)?;
    }
    let direction = if first.descending { "backwards" } else { "forwards" };
    let shown = format!("index {name}, walked over {direction}, then the filter");
    Ok(Some((page.finish(), shown)))
}

fn is_walkable(key: &OrderKey) -> bool {
    let is_ordered = match key.attribute.value_type {
        ValueType::Keyword | ValueType::Int | ValueType::Double | ValueType::Bool | ValueType::Datetime => {
            true
        }
        ValueType::Text | ValueType::KeywordList => false,
    };
    // Statuses are ordered by number and kept by name; roots and runs are not kept as others are.
    is_ordered && !["ExecutionStatus", RUN_ID, ROOT].contains(&&*key.attribute.name)
}

/// The spans that the attribute of every selected row is in, if the query says so.
fn required(narrow: &Narrow, name: &str) -> Option<Vec<Span>> {
    match narrow {
        Narrow::Within { attribute, spans, .. } if **attribute == *name => Some(spans.clone()),
        Narrow::All(parts) => parts.iter().find_map(|part| required(part, name)),
        Narrow::Unknown | Narrow::Absent(_) | Narrow::Within { .. } | Narrow::Any(_) => None,
    }
}

/// Walks along the lanes, smallest value first (or largest). Answers whether the entries tell the order.
fn along(
    planner: &Planner<'_>,
    query: &Query,
    lanes: &mut [Lane],
    is_total: bool,
    page: &mut Page<'_>,
) -> Result<bool, Failure> {
    let descending = query.order().first().is_some_and(|key| key.descending);
    let mut last: Option<Vec<u8>> = None;
    let mut was_cut = false;
    while let Some(step) = next(lanes, descending)? {
        if step.is_part {
            return Ok(false);
        }
        was_cut |= step.is_cut;
        if page.end().is_some() {
            let moved_on = last.as_ref().is_some_and(|last| *last != step.value);
            if moved_on || (is_total && !was_cut) {
                break;
            }
        }
        let row = match step.body {
            Some(body) => read((step.position, body), planner.work)?,
            None => row_at(planner, &step.position)?,
        };
        if query.matches(&row) {
            page.offer(row);
            last = page.end().is_some().then_some(step.value).or(last);
        }
    }
    Ok(true)
}

fn next(lanes: &mut [Lane], descending: bool) -> Result<Option<Step>, Failure> {
    let mut best: Option<(usize, Vec<u8>)> = None;
    for (at, lane) in lanes.iter_mut().enumerate() {
        match lane.peek() {
            None => {}
            Some(Err(error)) => return Err(error.clone()),
            Some(Ok(step)) => {
                let is_before =
                    |best: &Vec<u8>| if descending { step.value > *best } else { step.value < *best };
                if best.as_ref().is_none_or(|(_, best)| is_before(best)) {
                    best = Some((at, step.value.clone()));
                }
            }
        }
    }
    best.and_then(|(at, _)| lanes[at].next()).transpose()
}

fn lanes(
    planner: &Planner<'_>,
    first: &OrderKey,
    spans: &[Span],
    after: Option<&ListCursor>,
) -> Option<Vec<Lane>> {
    let name = &*first.attribute.name;
    let mut lanes: Vec<Lane> = Vec::new();
    let boxed = |lane: Box<dyn Iterator<Item = Result<Step, Failure>>>| lane.peekable();
    if name == CLOSE_TIME {
        return Some(vec![boxed(instants(planner, 1, first.descending))]);
    }
    if name == START_TIME {
        lanes.push(boxed(instants(planner, 0, first.descending)));
    }
    for area in &planner.areas {
        let prefix = area.attribute(name)?;
        let mut ranges: Vec<Range> = spans.iter().map(|span| index::range(&prefix, span)).collect();
        ranges.sort();
        if first.descending {
            ranges.reverse();
        }
        if let Some(value) = after.and_then(|after| after.ordered_by.first()?.as_ref()) {
            let passed = index::single(&prefix, value);
            ranges.iter_mut().for_each(|range| clip(range, &passed, first.descending));
        }
        let (moment, descending, prefix_len) = (planner.moment, first.descending, prefix.len());
        let walks: Vec<Box<dyn Iterator<Item = Result<Stored, Failure>>>> = ranges
            .into_iter()
            .map(|range| {
                let to = range.to.map_or(Bound::Unbounded, Bound::Excluded);
                let keys = (Bound::Included(range.from), to);
                if descending {
                    Box::new(moment.backwards(Part::Index, keys)) as Box<dyn Iterator<Item = _>>
                } else {
                    Box::new(moment.range(Part::Index, keys))
                }
            })
            .collect();
        let steps = walks.into_iter().flatten().map(move |entry| {
            let (key, _) = entry?;
            let read = Entry::read(&key, prefix_len).ok_or_else(|| unreadable(&key))?;
            Ok(Step {
                value: read.value.to_vec(),
                position: read.position.to_vec(),
                body: None,
                is_cut: read.is_cut,
                is_part: read.is_part,
            })
        });
        lanes.push(boxed(Box::new(steps)));
    }
    Some(lanes)
}

/// Leaves out what comes before the values at which the last page ended.
fn clip(range: &mut Range, passed: &[u8], descending: bool) {
    if descending {
        let behind = key::behind(passed);
        if let Some(behind) = behind
            && range.to.as_ref().is_none_or(|to| *to > behind)
        {
            range.to = Some(behind);
        }
    } else if range.from.as_slice() < passed {
        range.from = passed.to_vec();
    }
}

/// Rows by the first instant of their position: open ones by their start, closed ones by their end.
fn instants(
    planner: &Planner<'_>,
    open_or_closed: u8,
    descending: bool,
) -> Box<dyn Iterator<Item = Result<Step, Failure>>> {
    let (from, to) = (vec![open_or_closed], vec![open_or_closed + 1]);
    let shelf_len = planner.shelf.len();
    let step = move |entry: Result<Stored, Failure>| {
        let (key, body) = entry?;
        let instant = key.get(shelf_len + 1..).and_then(<[u8]>::first_chunk::<8>);
        let instant = instant.copied().map(key::number).ok_or_else(|| unreadable(&key))?;
        let value = index::single(&[], &Value::Datetime(Timestamp(!instant)));
        Ok(Step { value, position: key, body: Some(body), is_cut: false, is_part: false })
    };
    if descending {
        Box::new(rows_between(planner, &from, Some(&to)).map(step))
    } else {
        Box::new(rows_backwards(planner, &from, Some(&to)).map(step))
    }
}

/// Offers the rows that lack the attribute.
fn without(
    planner: &Planner<'_>,
    query: &Query,
    name: &str,
    after: Option<&ListCursor>,
    page: &mut Page<'_>,
) -> Result<(), Failure> {
    let descending = query.order().last().is_some_and(|key| key.descending);
    let is_single = query.order().len() == 1;
    let mut place = Vec::new();
    if let Some(after) = after.filter(|_| is_single) {
        key::push_sort(&mut place, &after.sort);
    }
    let entries: Box<dyn Iterator<Item = Result<Stored, Failure>>> = if descending && is_single {
        Box::new(rows_backwards(planner, &[], (!place.is_empty()).then_some(&place[..])))
    } else {
        Box::new(rows_between(planner, &place, None))
    };
    for entry in entries {
        let (key, body) = entry?;
        if name == CLOSE_TIME && key.get(planner.shelf.len()) == Some(&1) {
            if descending && is_single {
                continue;
            }
            break;
        }
        let row = read((key, body), planner.work)?;
        if row.value(name).is_none() && query.matches(&row) {
            page.offer(row);
            if is_single && page.end().is_some() {
                break;
            }
        }
    }
    Ok(())
}
