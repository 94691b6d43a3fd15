//! Lists: rows that a query selects, by the most selective index that it allows. In the default order they come as
//! they stand and the reading ends with the page; in another order no more than a page of them is kept in memory.

use std::ops::Bound;

use longhaul_kernel::visibility::{Query, Row};
use longhaul_store::{Explained, ListCursor, Page, SortKey};

use crate::{
    engine::{Engine, Entry, Moment, Part},
    error::Failure,
    key::{self, Shelf},
    places::Work,
    plan::{Plan, Planner, Shape},
    row, seal, walk,
};

/// Entries up to which a plan's rows are rather put in order than an index of the order walked over.
const SORTED_MAX: u64 = 2048;

/// Rows that the query selects.
pub(crate) fn list(
    engine: &Engine,
    shelf: Shelf,
    query: &Query,
    after: Option<ListCursor>,
    limit: usize,
) -> Result<Vec<Row>, Failure> {
    let work = Work::default();
    let moment = engine.moment_of_lists();
    Ok(answer(&moment, &work, shelf, query, after, limit)?.0)
}

/// Answers the first page and tells how.
pub(crate) fn explain(
    engine: &Engine,
    shelf: Shelf,
    query: &Query,
    limit: usize,
) -> Result<Explained, Failure> {
    let work = Work::default();
    let moment = engine.moment_of_lists();
    let planner = Planner::new(&moment, &work, shelf, query);
    let plan = planner.plan(&query.narrow())?;
    let whole = Plan { shape: Shape::Rows(Vec::new(), None), shown: String::new() };
    let estimate = planner.estimate(plan.as_ref().unwrap_or(&whole), SORTED_MAX)?;
    let (rows, plan) = answer(&moment, &work, shelf, query, None, limit)?;
    Ok(Explained {
        plan,
        estimated: estimate.entries,
        at_least: estimate.at_least,
        entries_read: work.entries.get(),
        rows_read: work.rows.get(),
        rows_found: rows.len() as u64,
    })
}

/// The rows of a page, and the plan in words.
fn answer(
    moment: &Moment<'_>,
    work: &Work,
    shelf: Shelf,
    query: &Query,
    after: Option<ListCursor>,
    limit: usize,
) -> Result<(Vec<Row>, String), Failure> {
    if limit == 0 {
        return Ok((Vec::new(), "nothing".into()));
    }
    let planner = Planner::new(moment, work, shelf, query);
    let plan = planner.plan(&query.narrow())?;
    let shown =
        plan.as_ref().map_or("all rows in their order, then the filter", |plan| &*plan.shown).to_owned();
    if query.order().is_empty() {
        let mut rows = Vec::new();
        let behind = after.map(|after| place_behind(&after.sort));
        each(&planner, plan.as_ref(), query, behind, |row| {
            rows.push(row);
            Ok(rows.len() < limit)
        })?;
        return Ok((rows, shown));
    }
    let small = match &plan {
        Some(plan) => !planner.estimate(plan, SORTED_MAX)?.at_least,
        None => false,
    };
    if !small && let Some((rows, shown)) = walk::page(&planner, query, after.clone(), limit)? {
        return Ok((rows, shown));
    }
    let mut page = Page::new(query, after, limit);
    each(&planner, plan.as_ref(), query, None, |row| {
        page.offer(row);
        Ok(true)
    })?;
    Ok((page.finish(), format!("{shown}, then put in order")))
}

/// The first place behind a row's.
fn place_behind(sort: &SortKey) -> Vec<u8> {
    let mut place = Vec::with_capacity(34);
    key::push_sort(&mut place, sort);
    place.push(0);
    place
}

/// Hands on every row that the query selects, in the default order from `from` on, until told to stop.
pub(crate) fn each(
    planner: &Planner<'_>,
    plan: Option<&Plan>,
    query: &Query,
    from: Option<Vec<u8>>,
    mut hand_on: impl FnMut(Row) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let from = from.unwrap_or_default();
    let everything = (Vec::new(), None);
    let stretch = match plan {
        None => Some(everything),
        Some(Plan { shape: Shape::Rows(from, to), .. }) => Some((from.clone(), to.clone())),
        Some(_) => None,
    };
    if let Some((start, to)) = stretch {
        for entry in rows_between(planner, &from.max(start), to.as_deref()) {
            let row = read(entry?, planner.work)?;
            if query.matches(&row) && !hand_on(row)? {
                break;
            }
        }
        return Ok(());
    }
    let Some(plan) = plan else { return Ok(()) };
    let mut places = planner.places(plan);
    let mut at = from;
    while let Some(place) = places.seek(&at)? {
        let row = row_at(planner, &place.position)?;
        if query.matches(&row) && !hand_on(row)? {
            break;
        }
        at = place.position;
        at.push(0);
    }
    Ok(())
}

/// Entries of rows from one position to before another.
pub(crate) fn rows_between(
    planner: &Planner<'_>,
    from: &[u8],
    to: Option<&[u8]>,
) -> impl Iterator<Item = Result<Entry, Failure>> + use<> {
    planner.moment.range(Part::Rows, stretch(planner, from, to))
}

/// The same, last position first.
pub(crate) fn rows_backwards(
    planner: &Planner<'_>,
    from: &[u8],
    to: Option<&[u8]>,
) -> impl Iterator<Item = Result<Entry, Failure>> + use<> {
    planner.moment.backwards(Part::Rows, stretch(planner, from, to))
}

fn stretch(planner: &Planner<'_>, from: &[u8], to: Option<&[u8]>) -> crate::engine::Keys {
    let shelf = &planner.shelf[..];
    let to = match to {
        Some(to) => Some([shelf, to].concat()),
        None => key::behind(shelf),
    };
    (Bound::Included([shelf, from].concat()), to.map_or(Bound::Unbounded, Bound::Excluded))
}

/// The row at a position that an index entry names.
pub(crate) fn row_at(planner: &Planner<'_>, position: &[u8]) -> Result<Row, Failure> {
    let key = [&planner.shelf[..], position].concat();
    let body = planner.moment.get(Part::Rows, &key)?;
    let body = body.ok_or_else(|| seal::broken(Part::Rows, &key, "an index names it and it is missing"))?;
    read((key, body), planner.work)
}

/// Reads a row.
pub(crate) fn read((key, body): Entry, work: &Work) -> Result<Row, Failure> {
    Work::add(&work.rows);
    row::decode(&key, &body).ok_or_else(|| seal::broken(Part::Rows, &key, "it has an unknown format"))
}
