//! What is pending in a run, by key: a map that knows the deadlines of its entries in order, and that can take back what
//! was changed since a mark. So neither finding the next deadline nor undoing a workflow task looks at every entry.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
};

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    decode::Error as DecodeError,
    encode::{Error as EncodeError, Write},
};

use super::deadlines::Deadline;
use crate::time::Timestamp;

/// An entry of a table.
pub trait Entry<K>: Clone {
    /// Names each deadline of the entry.
    fn deadlines(&self, _key: &K, _due: &mut impl FnMut(Timestamp, Deadline)) {}
}

/// A map with deadlines and a memory. It is read as the map that it is, and written entry by entry.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    entries: BTreeMap<K, V>,
    /// Every deadline of every entry; follows from the entries.
    due: BTreeSet<(Timestamp, Deadline)>,
    /// What entries were before they were changed, oldest first, since the mark; `None` without a mark.
    before: Option<Vec<(K, Option<V>)>>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), due: BTreeSet::new(), before: None }
    }
}

impl<K, V> Deref for Table<K, V> {
    type Target = BTreeMap<K, V>;
    fn deref(&self) -> &BTreeMap<K, V> {
        &self.entries
    }
}

/// Only the entries count: the rest follows from them, or is about the past.
impl<K: PartialEq, V: PartialEq> PartialEq for Table<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<K: Ord + Clone, V: Entry<K>> Table<K, V> {
    /// Puts an entry, in the place of one with the same key.
    pub fn insert(&mut self, key: K, value: V) {
        self.replace(key, Some(value));
    }

    /// Removes an entry, if it is there.
    pub fn remove(&mut self, key: &K) {
        if self.entries.contains_key(key) {
            self.replace(key.clone(), None);
        }
    }

    /// Changes an entry, if it is there.
    pub fn change(&mut self, key: &K, change: impl FnOnce(&mut V)) {
        let Some(value) = self.entries.get_mut(key) else { return };
        if let Some(before) = &mut self.before {
            before.push((key.clone(), Some(value.clone())));
        }
        value.deadlines(key, &mut |at, deadline| {
            self.due.remove(&(at, deadline));
        });
        change(value);
        value.deadlines(key, &mut |at, deadline| {
            self.due.insert((at, deadline));
        });
    }

    /// Changes every entry.
    pub fn change_all(&mut self, mut change: impl FnMut(&mut V)) {
        let keys: Vec<K> = self.entries.keys().cloned().collect();
        keys.iter().for_each(|key| self.change(key, &mut change));
    }

    /// The earliest deadline.
    pub fn first_due(&self) -> Option<&(Timestamp, Deadline)> {
        self.due.first()
    }

    /// From here on changes can be taken back.
    pub fn mark(&mut self) {
        self.before = Some(Vec::new());
    }

    /// Changes since the mark stand.
    pub fn keep(&mut self) {
        self.before = None;
    }

    /// Takes back every change since the mark, the last one first.
    pub fn undo(&mut self) {
        for (key, value) in self.before.take().into_iter().flatten().rev() {
            self.replace(key, value);
        }
    }

    fn replace(&mut self, key: K, value: Option<V>) {
        if let Some(old) = self.entries.get(&key) {
            old.deadlines(&key, &mut |at, deadline| {
                self.due.remove(&(at, deadline));
            });
        }
        if let Some(value) = &value {
            value.deadlines(&key, &mut |at, deadline| {
                self.due.insert((at, deadline));
            });
        }
        let noted = self.before.is_some().then(|| key.clone());
        let old = match value {
            Some(value) => self.entries.insert(key, value),
            None => self.entries.remove(&key),
        };
        if let (Some(before), Some(key)) = (&mut self.before, noted) {
            before.push((key, old));
        }
    }
}

impl<C, K: Encode<C> + Ord, V: Encode<C>> Encode<C> for Table<K, V> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, context: &mut C) -> Result<(), EncodeError<W::Error>> {
        self.entries.encode(e, context)
    }
}

impl<'b, C, K: Decode<'b, C> + Ord + Clone, V: Decode<'b, C> + Entry<K>> Decode<'b, C> for Table<K, V> {
    fn decode(d: &mut Decoder<'b>, context: &mut C) -> Result<Self, DecodeError> {
        let entries = BTreeMap::<K, V>::decode(d, context)?;
        let mut due = BTreeSet::new();
        for (key, value) in &entries {
            value.deadlines(key, &mut |at, deadline| {
                due.insert((at, deadline));
            });
        }
        Ok(Self { entries, due, before: None })
    }
}

/// A table of names alone, stored as a list.
#[derive(Clone, Debug)]
pub struct Names<K>(Table<K, ()>);

impl<K> Entry<K> for () {}

impl<K> Default for Names<K> {
    fn default() -> Self {
        Self(Table::default())
    }
}

impl<K: PartialEq> PartialEq for Names<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Ord + Clone> Names<K> {
    /// Adds a name.
    pub fn insert(&mut self, name: K) {
        self.0.insert(name, ());
    }

    /// Removes a name.
    pub fn remove(&mut self, name: &K) {
        self.0.remove(name);
    }

    /// Whether the name is there.
    pub fn contains(&self, name: &K) -> bool {
        self.0.contains_key(name)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.entries.is_empty()
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &K> {
        self.0.entries.keys()
    }

    /// See [`Table::mark`].
    pub fn mark(&mut self) {
        self.0.mark();
    }

    /// See [`Table::keep`].
    pub fn keep(&mut self) {
        self.0.keep();
    }

    /// See [`Table::undo`].
    pub fn undo(&mut self) {
        self.0.undo();
    }
}

impl<C, K: Encode<C> + Ord> Encode<C> for Names<K> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, context: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.array(self.0.entries.len() as u64)?;
        self.0.entries.keys().try_for_each(|name| name.encode(e, context))
    }
}

impl<'b, C, K: Decode<'b, C> + Ord> Decode<'b, C> for Names<K> {
    fn decode(d: &mut Decoder<'b>, context: &mut C) -> Result<Self, DecodeError> {
        let names = BTreeSet::<K>::decode(d, context)?;
        let entries = names.into_iter().map(|name| (name, ())).collect();
        Ok(Self(Table { entries, due: BTreeSet::new(), before: None }))
    }
}
