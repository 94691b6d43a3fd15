//! Lists and counts: rows in the default order, by the most selective index that the filter allows. Without one, rows
//! are streamed in order and the stream ends at the limit.

use std::{ops::Bound, sync::Arc};

use longhaul_kernel::visibility::Row;
use longhaul_store::{Counts, ListCursor, RowFilter, SortKey, Tally};

use crate::{
    engine::{Engine, Entry, Moment, Part, beginning_with},
    error::Failure,
    index::{self, Indexed},
    key::{self, Shelf},
    record, seal,
};

/// How many entries of each candidate are looked at to tell which index is the most selective.
const PROBE_ENTRIES_MAX: usize = 256;

type Rows<'m> = Box<dyn Iterator<Item = Result<Row, Failure>> + 'm>;

/// Rows that the filter lets through.
pub(crate) fn list(
    engine: &Engine,
    shelf: Shelf,
    filter: &dyn RowFilter,
    after: Option<ListCursor>,
    limit: usize,
) -> Result<Vec<Row>, Failure> {
    let moment = engine.moment();
    let rows = candidates(&moment, shelf, filter, after.map(SortKey::from))?;
    rows.filter(|row| row.as_ref().map_or(true, |row| filter.matches(row))).take(limit).collect()
}

/// Number of rows that the filter lets through.
pub(crate) fn count(
    engine: &Engine,
    shelf: Shelf,
    filter: &dyn RowFilter,
    group: Option<Arc<str>>,
) -> Result<Counts, Failure> {
    let moment = engine.moment();
    let mut tally = Tally::new(group);
    for row in candidates(&moment, shelf, filter, None)? {
        let row = row?;
        if filter.matches(&row) {
            tally.add(&row);
        }
    }
    Ok(tally.finish())
}

/// Rows in order, among them all that match.
fn candidates<'m>(
    moment: &'m Moment<'m>,
    shelf: Shelf,
    filter: &dyn RowFilter,
    after: Option<SortKey>,
) -> Result<Rows<'m>, Failure> {
    let term = choose(moment, shelf, filter)?;
    let (part, prefix) = match &term {
        Some(term) => (Part::Index, term.clone()),
        None => (Part::Rows, key::shelf(shelf)),
    };
    let (start, to) = beginning_with(&prefix);
    let from = after.map_or(start, |sort| {
        let mut key = prefix.clone();
        key::push_sort(&mut key, &sort);
        Bound::Excluded(key)
    });
    let entries = moment.range(part, (from, to));
    Ok(match term {
        None => Box::new(entries.map(|entry| entry.and_then(read))),
        Some(term) => Box::new(entries.map(move |entry| {
            let (key, _) = entry?;
            let row = [&key::shelf(shelf), key.get(term.len()..).unwrap_or_default()].concat();
            let body = moment.get(Part::Rows, &row)?;
            read((row, body.ok_or_else(|| seal::broken(Part::Index, &key, "its row is missing"))?))
        })),
    })
}

fn read((key, body): Entry) -> Result<Row, Failure> {
    record::read_row(&body).ok_or_else(|| seal::broken(Part::Rows, &key, "it has an unknown format"))
}

/// The term of the index with the fewest entries, if the filter requires a keyword that is indexed.
fn choose(moment: &Moment<'_>, shelf: Shelf, filter: &dyn RowFilter) -> Result<Option<Vec<u8>>, Failure> {
    let required = filter.required_keywords();
    let mut terms: Vec<(Indexed, Vec<u8>)> = required
        .iter()
        .filter_map(|(name, value)| Indexed::named(name).map(|indexed| (indexed, value)))
        .map(|(indexed, value)| (indexed, index::term(shelf, indexed, value)))
        .collect();
    terms.sort();
    if terms.len() == 1 || terms.first().is_some_and(|(indexed, _)| indexed.is_identity()) {
        return Ok(terms.into_iter().next().map(|(_, term)| term));
    }
    let mut best: Option<(usize, Vec<u8>)> = None;
    for (_, term) in terms {
        let mut entries = 0;
        for entry in moment.range(Part::Index, beginning_with(&term)).take(PROBE_ENTRIES_MAX) {
            entry?;
            entries += 1;
        }
        if best.as_ref().is_none_or(|(fewest, _)| entries < *fewest) {
            best = Some((entries, term));
        }
    }
    Ok(best.map(|(_, term)| term))
}
