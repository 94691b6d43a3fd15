//! Index entries of young rows. Most runs are short, and all entries of a row move when its run closes. So a row that is
//! new has its entries in memory only; a marker, written with the row, says so. The entries are stored when the run closes,
//! then in their final place, or when so many newer rows came that this one is young no more.
//!
//! What is read is the union of both, at one moment. After a crash the markers tell which rows to make entries of.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
    ops::Bound,
    sync::Arc,
};

use longhaul_store::SortKey;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{
    engine::{Engine, Entry, Keys, Part, beginning_with},
    error::Failure,
    index, row, seal,
};

/// Young rows by their key, with their entries; `None` is young no more.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<Vec<u8>>>>;

/// Entries that are in memory only.
pub(crate) type Entries = Arc<BTreeSet<Vec<u8>>>;

/// The young rows of a folder.
#[derive(Debug, Default)]
pub(crate) struct Young(RwLock<Rows>);

#[derive(Debug, Default)]
pub(crate) struct Rows {
    entries: Entries,
    rows: BTreeMap<Vec<u8>, Row>,
    /// Their keys, oldest first.
    order: BTreeMap<u64, Vec<u8>>,
    last: u64,
}

#[derive(Debug)]
struct Row {
    number: u64,
    entries: Vec<Vec<u8>>,
}

impl Young {
    /// What is to be read together with a view of the engine that is taken while this is held.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Rows> {
        self.0.read()
    }

    /// Nobody takes a view of both until this is given back.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Rows> {
        self.0.write()
    }

    /// Whether the row at this key is young.
    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.0.read().rows.contains_key(key)
    }

    /// The oldest rows beyond `most`, with their entries.
    pub(crate) fn surplus(&self, most: usize) -> Vec<(Vec<u8>, Vec<Vec<u8>>)> {
        let young = self.0.read();
        let surplus = young.rows.len().saturating_sub(most);
        let keys = young.order.values().take(surplus);
        keys.filter_map(|key| Some((key.clone(), young.rows.get(key)?.entries.clone()))).collect()
    }

    /// Finds the young rows again that were so when the folder was left.
    pub(crate) fn recall(&self, engine: &Engine) -> Result<(), Failure> {
        let moment = engine.moment();
        let mut changes = Changes::new();
        for entry in moment.range(Part::Young, beginning_with(&[])) {
            let (key, _) = entry?;
            let body = moment.get(Part::Rows, &key)?;
            let body =
                body.ok_or_else(|| seal::broken(Part::Rows, &key, "it is missing and said to be young"))?;
            let row = row::decode(&key, &body)
                .ok_or_else(|| seal::broken(Part::Rows, &key, "it has an unknown format"))?;
            let entries = index::entries(&row, &SortKey::of(&row));
            changes.insert(key, Some(entries));
        }
        self.write().change(changes);
        Ok(())
    }
}

impl Rows {
    /// The entries as they are now.
    pub(crate) fn entries(&self) -> Entries {
        self.entries.clone()
    }

    /// Takes over what has just become durable.
    pub(crate) fn change(&mut self, changes: Changes) {
        if changes.is_empty() {
            return;
        }
        // If somebody reads the entries meanwhile, they are copied, once.
        let shown = Arc::make_mut(&mut self.entries);
        for (key, entries) in changes {
            let before = self.rows.remove(&key);
            for entry in before.iter().flat_map(|row| &row.entries) {
                shown.remove(entry);
            }
            let Some(entries) = entries else {
                before.map(|row| self.order.remove(&row.number));
                continue;
            };
            shown.extend(entries.iter().cloned());
            let number = before.map_or(self.last + 1, |row| row.number);
            self.last = self.last.max(number);
            self.order.insert(number, key.clone());
            self.rows.insert(key, Row { number, entries });
        }
    }
}

/// Entries of a range in their order, one after the other.
struct Steps {
    entries: Entries,
    left: Option<Keys>,
    backwards: bool,
}

impl Iterator for Steps {
    type Item = Result<Entry, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let (from, to) = self.left.take()?;
        let mut range = self.entries.range::<Vec<u8>, _>((from.as_ref(), to.as_ref()));
        let key = if self.backwards { range.next_back() } else { range.next() }?.clone();
        let rest = Bound::Excluded(key.clone());
        let left = if self.backwards { (from, rest) } else { (rest, to) };
        self.left = (!is_empty(&left)).then_some(left);
        Some(Ok((key, Vec::new())))
    }
}

/// Whether no key can be between; such a range is a mistake to both the engine and the standard library.
pub(crate) fn is_empty(keys: &Keys) -> bool {
    match keys {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Excluded(to) | Bound::Included(to)) => {
            from >= to
        }
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    }
}

/// Two sources in one order.
struct Merged<L: Iterator, R: Iterator> {
    left: Peekable<L>,
    right: Peekable<R>,
    backwards: bool,
}

impl<L, R> Iterator for Merged<L, R>
where
    L: Iterator<Item = Result<Entry, Failure>>,
    R: Iterator<Item = Result<Entry, Failure>>,
{
    type Item = Result<Entry, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let is_left = match (self.left.peek(), self.right.peek()) {
            (Some(Ok((left, _))), Some(Ok((right, _)))) => (left < right) != self.backwards,
            // A failure comes out at once.
            (Some(_), None) | (Some(Err(_)), _) => true,
            (_, Some(_)) | (None, None) => false,
        };
        if is_left { self.left.next() } else { self.right.next() }
    }
}

/// Entries of `keys`: the stored ones and the young ones, in one order.
pub(crate) fn merged(
    stored: impl Iterator<Item = Result<Entry, Failure>>,
    young: Option<Entries>,
    keys: Keys,
    backwards: bool,
) -> impl Iterator<Item = Result<Entry, Failure>> {
    let left = (!is_empty(&keys)).then_some(keys);
    let young = young.into_iter().flat_map(move |entries| Steps { entries, left: left.clone(), backwards });
    Merged { left: stored.peekable(), right: young.peekable(), backwards }
}
