//! Positions of rows in the default order, from index entries: those of one value, those of a range of values, those
//! in one of several sets, those in all of them. Each set is asked for its first position at or behind a place, so
//! that a small set skips over most of a large one.

use std::{cell::Cell, collections::BTreeMap, ops::Bound};

use crate::{
    engine::{Entry as Stored, Moment, Part},
    error::Failure,
    index::{Entry, Range},
    seal,
};

/// What answering a query has cost.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Index entries read.
    pub(crate) entries: Cell<u64>,
    /// Rows read.
    pub(crate) rows: Cell<u64>,
}

impl Work {
    /// Counts one more.
    pub(crate) fn add(counter: &Cell<u64>) {
        counter.set(counter.get() + 1);
    }
}

/// Where a row is, and whether the entries alone say that it is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: Vec<u8>,
    pub(crate) sure: bool,
}

/// A set of positions.
pub(crate) enum Places<'m> {
    Sorted(Sorted<'m>),
    Gathered(Gathered<'m>),
    Union(Vec<Places<'m>>),
    Meet { parts: Vec<Places<'m>>, complete: bool },
}

impl Places<'_> {
    /// The first place at or behind `at`. Places may only be asked for in order.
    pub(crate) fn seek(&mut self, at: &[u8]) -> Result<Option<Place>, Failure> {
        match self {
            Self::Sorted(sorted) => sorted.seek(at),
            Self::Gathered(gathered) => gathered.seek(at),
            Self::Union(parts) => {
                let mut first: Option<Place> = None;
                for part in parts {
                    let Some(place) = part.seek(at)? else { continue };
                    match &mut first {
                        Some(first) if first.position < place.position => {}
                        Some(first) if first.position == place.position => first.sure |= place.sure,
                        Some(_) | None => first = Some(place),
                    }
                }
                Ok(first)
            }
            Self::Meet { parts, complete } => meet(parts, at, *complete),
        }
    }
}

/// The first place that all sets have. Each round moves to the last of their places, until they agree.
fn meet(parts: &mut [Places<'_>], at: &[u8], complete: bool) -> Result<Option<Place>, Failure> {
    let mut at = at.to_vec();
    loop {
        let mut sure = complete;
        let mut last = at.clone();
        for part in &mut *parts {
            let Some(place) = part.seek(&last)? else { return Ok(None) };
            sure &= place.sure;
            last = place.position;
        }
        if last == at {
            return Ok(Some(Place { position: at, sure }));
        }
        at = last;
    }
}

/// Steps before a set looks a place up instead of walking to it.
const STEPS_MAX: usize = 24;

/// Positions that are stored in order behind one prefix.
pub(crate) struct Sorted<'m> {
    moment: &'m Moment<'m>,
    work: &'m Work,
    part: Part,
    prefix: Vec<u8>,
    from: Vec<u8>,
    to: Option<Vec<u8>>,
    sure: bool,
    entries: Option<Box<dyn Iterator<Item = Result<Stored, Failure>>>>,
    next: Option<Vec<u8>>,
}

impl<'m> Sorted<'m> {
    /// Positions behind `prefix`, from `from` to before `to`.
    pub(crate) fn new(
        moment: &'m Moment<'m>,
        work: &'m Work,
        part: Part,
        prefix: Vec<u8>,
        (from, to): (Vec<u8>, Option<Vec<u8>>),
        sure: bool,
    ) -> Self {
        Self { moment, work, part, prefix, from, to, sure, entries: None, next: None }
    }

    fn seek(&mut self, at: &[u8]) -> Result<Option<Place>, Failure> {
        if self.entries.is_none() {
            self.open(at)?;
        }
        let mut steps = 0;
        while self.next.as_deref().is_some_and(|next| next < at) {
            if steps == STEPS_MAX {
                self.open(at)?;
                break;
            }
            steps += 1;
            self.advance()?;
        }
        Ok(self.next.clone().map(|position| Place { position, sure: self.sure }))
    }

    fn open(&mut self, at: &[u8]) -> Result<(), Failure> {
        let start = if self.from.as_slice() > at { &self.from } else { at };
        let from = [&self.prefix, start].concat();
        let to = match &self.to {
            Some(to) => Some([&self.prefix[..], to].concat()),
            None => crate::key::behind(&self.prefix),
        };
        let keys = (Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded));
        self.entries = Some(Box::new(self.moment.range(self.part, keys)));
        self.advance()
    }

    fn advance(&mut self) -> Result<(), Failure> {
        let entry = self.entries.as_mut().and_then(Iterator::next).transpose()?;
        if entry.is_some() {
            Work::add(&self.work.entries);
        }
        self.next = entry.map(|(mut key, _)| key.split_off(self.prefix.len()));
        Ok(())
    }
}

/// How many positions a set first puts in order, and how many at most.
const GATHERED_FIRST: usize = 8 << 10;
const GATHERED_MAX: usize = 256 << 10;

/// Positions of entries with several values, which are not stored in order: the first of them are collected, and the
/// entries walked over again when these are used up.
pub(crate) struct Gathered<'m> {
    moment: &'m Moment<'m>,
    work: &'m Work,
    ranges: Vec<Range>,
    prefix_len: usize,
    sure: bool,
    room: usize,
    /// Positions in order, each with whether it is sure.
    places: BTreeMap<Vec<u8>, bool>,
    /// Whether nothing is missing behind the last of them.
    complete: bool,
}

impl<'m> Gathered<'m> {
    /// Positions of the entries in `ranges` of one attribute.
    pub(crate) fn new(
        moment: &'m Moment<'m>,
        work: &'m Work,
        ranges: Vec<Range>,
        prefix_len: usize,
        sure: bool,
    ) -> Self {
        let room = GATHERED_FIRST;
        Self { moment, work, ranges, prefix_len, sure, room, places: BTreeMap::new(), complete: false }
    }

    fn seek(&mut self, at: &[u8]) -> Result<Option<Place>, Failure> {
        while self.places.first_key_value().is_some_and(|(first, _)| first.as_slice() < at) {
            self.places.pop_first();
        }
        if self.places.is_empty() && !self.complete {
            self.gather(at)?;
        }
        let first = self.places.first_key_value();
        Ok(first.map(|(position, sure)| Place { position: position.clone(), sure: *sure }))
    }

    fn gather(&mut self, at: &[u8]) -> Result<(), Failure> {
        let mut overflowed = false;
        for range in &self.ranges {
            let keys = (
                Bound::Included(range.from.clone()),
                range.to.clone().map_or(Bound::Unbounded, Bound::Excluded),
            );
            for entry in self.moment.range(Part::Index, keys) {
                let (key, _) = entry?;
                Work::add(&self.work.entries);
                let read = Entry::read(&key, self.prefix_len).ok_or_else(|| unreadable(&key))?;
                let is_full = self.places.len() >= self.room;
                let last = self.places.last_key_value().map(|(last, _)| last.as_slice());
                if read.position < at || (is_full && last.is_some_and(|last| read.position > last)) {
                    overflowed |= is_full;
                    continue;
                }
                let sure = self.sure && !range.is_cut && !read.is_cut;
                *self.places.entry(read.position.to_vec()).or_insert(sure) |= sure;
                if self.places.len() > self.room {
                    self.places.pop_last();
                    overflowed = true;
                }
            }
        }
        self.complete = !overflowed;
        self.room = (self.room * 4).min(GATHERED_MAX);
        Ok(())
    }
}

/// Tells that an entry can't be taken apart.
pub(crate) fn unreadable(key: &[u8]) -> Failure {
    seal::broken(Part::Index, key, "it has an unknown format")
}
