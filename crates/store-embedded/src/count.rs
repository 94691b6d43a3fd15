//! Counts: entries of an index where they alone tell, rows where they do not.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use longhaul_kernel::visibility::{Narrow, Query, Value};
use longhaul_store::{Counts, ReadError, Tally};

use crate::{
    engine::{Engine, Part},
    error::Failure,
    index::{Entry, ROOT, RUN_ID, Range, START_TIME},
    key::Shelf,
    list::{each, row_at},
    places::{Work, unreadable},
    plan::{Plan, Planner, Shape},
};

/// Number of rows that the query selects.
pub(crate) fn count(
    engine: &Engine,
    shelf: Shelf,
    query: &Query,
    group: Option<Arc<str>>,
) -> Result<Counts, Failure> {
    let moment = engine.moment_of_lists();
    let work = Work::default();
    let planner = Planner::new(&moment, &work, shelf, query);
    let narrow = query.narrow();
    let is_everything = narrow == Narrow::All(Vec::new());
    let mut tally = Tally::new(group.clone());
    match group {
        None if is_everything => add(&mut tally, None, all(&planner)?)?,
        None => match planner.plan(&narrow)? {
            Some(plan) => add(&mut tally, None, selected(&planner, &plan, query)?)?,
            None => by_rows(&planner, None, query, &mut tally)?,
        },
        Some(name) => {
            let groups = if is_everything { groups(&planner, &name)? } else { None };
            match groups {
                Some(groups) => {
                    groups.into_iter().try_for_each(|(value, rows)| add(&mut tally, value, rows))?
                }
                None => by_rows(&planner, planner.plan(&narrow)?.as_ref(), query, &mut tally)?,
            }
        }
    }
    Ok(tally.finish())
}

fn add(tally: &mut Tally, value: Option<Value>, rows: u64) -> Result<(), Failure> {
    if rows == 0 && value.is_none() {
        return Ok(());
    }
    tally.add_many(value, rows).map_err(refused)
}

/// A count can only be refused; nothing here is read.
fn refused(error: ReadError) -> Failure {
    match error {
        ReadError::Refused(text) => Failure::Refused(text),
        ReadError::Busy(text) | ReadError::Corrupt(text) => Failure::Io(text),
    }
}

fn by_rows(
    planner: &Planner<'_>,
    plan: Option<&Plan>,
    query: &Query,
    tally: &mut Tally,
) -> Result<(), Failure> {
    each(planner, plan, query, None, |row| tally.add(&row).map(|()| true).map_err(refused))
}

/// Every row has one run id.
fn all(planner: &Planner<'_>) -> Result<u64, Failure> {
    let mut rows = 0;
    for prefix in planner.areas.iter().filter_map(|area| area.attribute(RUN_ID)) {
        for entry in entries(planner, Range::beginning_with(prefix)) {
            entry?;
            rows += 1;
        }
    }
    Ok(rows)
}

fn entries(
    planner: &Planner<'_>,
    range: Range,
) -> impl Iterator<Item = Result<crate::engine::Entry, Failure>> + use<> {
    let to = range.to.map_or(Bound::Unbounded, Bound::Excluded);
    planner.moment.range(Part::Index, (Bound::Included(range.from), to))
}

fn selected(planner: &Planner<'_>, plan: &Plan, query: &Query) -> Result<u64, Failure> {
    if let Shape::Entries { ranges, prefix_len, sure } = &plan.shape
        && let Some(rows) = in_one_pass(planner, ranges, *prefix_len, *sure, query)?
    {
        return Ok(rows);
    }
    let mut rows = 0;
    let mut places = planner.places(plan);
    let mut at = Vec::new();
    while let Some(place) = places.seek(&at)? {
        if place.sure || query.matches(&row_at(planner, &place.position)?) {
            rows += 1;
        }
        at = place.position;
        at.push(0);
    }
    Ok(rows)
}

/// Counts entries in the order in which they are stored; `None` if a row may have several, or an entry be met twice.
fn in_one_pass(
    planner: &Planner<'_>,
    ranges: &[Range],
    prefix_len: usize,
    sure: bool,
    query: &Query,
) -> Result<Option<u64>, Failure> {
    if overlap(ranges) {
        return Ok(None);
    }
    let mut rows = 0;
    for range in ranges {
        for entry in entries(planner, range.clone()) {
            let (key, _) = entry?;
            let read = Entry::read(&key, prefix_len).ok_or_else(|| unreadable(&key))?;
            if read.is_part && !(range.is_single && ranges.len() == 1) {
                return Ok(None);
            }
            let is_sure = sure && !range.is_cut && !read.is_cut;
            if is_sure || query.matches(&row_at(planner, read.position)?) {
                rows += 1;
            }
        }
    }
    Ok(Some(rows))
}

/// Whether an entry may lie in several of the ranges: those on either side of a value that is longer than what an entry
/// keeps meet in the entries that begin like it.
fn overlap(ranges: &[Range]) -> bool {
    let mut sorted: Vec<&Range> = ranges.iter().collect();
    sorted.sort_unstable_by(|left, right| left.from.cmp(&right.from));
    sorted.windows(2).any(|pair| pair[0].to.as_ref().is_none_or(|to| *to > pair[1].from))
}

type Groups = Vec<(Option<Value>, u64)>;

/// All rows by the values of an indexed attribute; `None` if the entries do not tell.
fn groups(planner: &Planner<'_>, name: &str) -> Result<Option<Groups>, Failure> {
    if [RUN_ID, START_TIME, ROOT].contains(&name) {
        return Ok(None);
    }
    let mut found: BTreeMap<Vec<u8>, (Option<Value>, u64)> = BTreeMap::new();
    let mut with = 0;
    for area in &planner.areas {
        let Some(prefix) = area.attribute(name) else { return Ok(None) };
        let prefix_len = prefix.len();
        let mut group: Option<(Vec<u8>, u64)> = None;
        for entry in entries(planner, Range::beginning_with(prefix)) {
            let (key, _) = entry?;
            let read = Entry::read(&key, prefix_len).ok_or_else(|| unreadable(&key))?;
            match &mut group {
                Some((value, rows)) if *value == read.value => *rows += 1,
                group => {
                    let Some(value) = read.whole() else { return Ok(None) };
                    if found.len() > longhaul_store::GROUPS_MAX {
                        // The tally refuses it.
                        return Ok(Some(found.into_values().collect()));
                    }
                    if let Some((value, rows)) = group.take() {
                        found.entry(value).or_insert((None, 0)).1 += rows;
                    }
                    found.entry(read.value.to_vec()).or_insert((None, 0)).0 = Some(value);
                    *group = Some((read.value.to_vec(), 1));
                }
            }
            with += 1;
        }
        if let Some((value, rows)) = group {
            found.entry(value).or_insert((None, 0)).1 += rows;
        }
    }
    let mut groups: Groups = found.into_values().collect();
    let without = all(planner)? - with;
    if without > 0 {
        groups.push((None, without));
    }
    Ok(Some(groups))
}
