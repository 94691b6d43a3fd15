//! What a group of commits is about to change: an ordered view over the engine in which later commits of the group see
//! the earlier ones, and from which a refused commit leaves no trace.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use longhaul_kernel::ids::RunKey;

use crate::{
    engine::{Engine, Part, beginning_with},
    error::Failure,
    heads::Heads,
    key,
    record::{self, Head},
    seal, young,
};

/// Changes by part and key; `None` removes.
pub(crate) type Changes = Vec<(Part, Vec<u8>, Option<Vec<u8>>)>;

/// Changes of one commit, or of all commits of a group before it.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    parts: [BTreeMap<Vec<u8>, Option<Vec<u8>>>; Part::ALL.len()],
    heads: BTreeMap<Vec<u8>, Option<Head>>,
    young: young::Changes,
    bytes: u64,
}

impl Stage {
    /// Takes over what a commit staged.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (mine, theirs) in self.parts.iter_mut().zip(other.parts) {
            unite(mine, theirs);
        }
        unite(&mut self.heads, other.heads);
        unite(&mut self.young, other.young);
        self.bytes += other.bytes;
    }

    /// Bytes of keys and values.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.iter().all(BTreeMap::is_empty)
    }

    /// The changes, the heads they leave, and what they mean for young rows.
    pub(crate) fn finish(self) -> (Changes, BTreeMap<Vec<u8>, Option<Head>>, young::Changes) {
        let parts = Part::ALL.into_iter().zip(self.parts);
        let changes =
            parts.flat_map(|(part, map)| map.into_iter().map(move |(key, value)| (part, key, value)));
        (changes.collect(), self.heads, self.young)
    }
}

/// Puts everything of `theirs` into `mine`; most groups are of one commit, which is taken over as it is.
fn unite<V>(mine: &mut BTreeMap<Vec<u8>, V>, theirs: BTreeMap<Vec<u8>, V>) {
    if mine.is_empty() {
        *mine = theirs;
    } else {
        mine.extend(theirs);
    }
}

/// One commit's view: what it staged, over what its group staged, over what is stored.
pub(crate) struct View<'g> {
    engine: &'g Engine,
    heads: &'g mut Heads,
    group: &'g Stage,
    own: Stage,
}

impl<'g> View<'g> {
    /// A view in which nothing is staged yet.
    pub(crate) fn new(engine: &'g Engine, heads: &'g mut Heads, group: &'g Stage) -> Self {
        Self { engine, heads, group, own: Stage::default() }
    }

    /// What was staged.
    pub(crate) fn into_stage(self) -> Stage {
        self.own
    }

    /// A value.
    pub(crate) fn get(&self, part: Part, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let index = part as usize;
        match self.own.parts[index].get(key).or_else(|| self.group.parts[index].get(key)) {
            Some(staged) => Ok(staged.clone()),
            None => self.engine.get(part, key),
        }
    }

    /// Stages a value.
    pub(crate) fn put(&mut self, part: Part, key: Vec<u8>, body: Vec<u8>) {
        self.own.bytes += (key.len() + body.len()) as u64;
        self.own.parts[part as usize].insert(key, Some(body));
    }

    /// Stages a removal.
    pub(crate) fn remove(&mut self, part: Part, key: Vec<u8>) {
        self.own.bytes += key.len() as u64;
        self.own.parts[part as usize].insert(key, None);
    }

    /// Stages the removal of every key that begins with `prefix`.
    pub(crate) fn remove_all(&mut self, part: Part, prefix: &[u8]) -> Result<(), Failure> {
        self.remove_from(part, prefix, prefix)
    }

    /// Stages the removal of every key at or behind `from` that begins with `prefix`.
    pub(crate) fn remove_from(&mut self, part: Part, from: &[u8], prefix: &[u8]) -> Result<(), Failure> {
        for key in self.keys_from(part, from, prefix)? {
            self.remove(part, key);
        }
        Ok(())
    }

    /// Every key that begins with `prefix`, in order.
    pub(crate) fn keys(&self, part: Part, prefix: &[u8]) -> Result<BTreeSet<Vec<u8>>, Failure> {
        self.keys_from(part, prefix, prefix)
    }

    fn keys_from(&self, part: Part, from: &[u8], prefix: &[u8]) -> Result<BTreeSet<Vec<u8>>, Failure> {
        let range = (Bound::Included(from.to_vec()), beginning_with(prefix).1);
        let mut keys = BTreeSet::new();
        for key in self.engine.moment().keys(part, range) {
            keys.insert(key?);
        }
        for stage in [self.group, &self.own] {
            let staged = stage.parts[part as usize].range(from.to_vec()..);
            for (key, value) in staged.take_while(|(key, _)| key.starts_with(prefix)) {
                if value.is_some() {
                    keys.insert(key.clone());
                } else {
                    keys.remove(key);
                }
            }
        }
        Ok(keys)
    }

    /// The first key that begins with `prefix`.
    pub(crate) fn first_key(&self, part: Part, prefix: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let stages = [&self.own.parts[part as usize], &self.group.parts[part as usize]];
        let staged = |key: &[u8]| stages.iter().find_map(|stage| stage.get(key)).map(Option::is_some);
        let mut stored = self.engine.moment().keys(part, beginning_with(prefix));
        let stored = stored.find(|key| key.as_ref().map_or(true, |key| staged(key) != Some(false)));
        let new = stages.iter().filter_map(|stage| {
            let behind = stage.range(prefix.to_vec()..).map(|(key, _)| key);
            behind.take_while(|key| key.starts_with(prefix)).find(|key| staged(key) == Some(true)).cloned()
        });
        Ok(stored.transpose()?.into_iter().chain(new).min())
    }

    /// Whether there is a run, by its key, be its state damaged or not.
    pub(crate) fn exists(&self, at: &[u8]) -> Result<bool, Failure> {
        match self.own.heads.get(at).or_else(|| self.group.heads.get(at)) {
            Some(staged) => Ok(staged.is_some()),
            None => self.engine.has(Part::State, &key::snapshot(at)),
        }
    }

    /// Head of a run, by its key; `None` if there is no such run.
    pub(crate) fn head(&mut self, run: &RunKey, at: &[u8]) -> Result<Option<Head>, Failure> {
        if let Some(staged) = self.own.heads.get(at).or_else(|| self.group.heads.get(at)) {
            return Ok(staged.clone());
        }
        if let Some(cached) = self.heads.get(at) {
            return Ok(Some(cached.clone()));
        }
        let stored = self.stored_head(run, at)?;
        if let Some(head) = &stored {
            self.heads.put(at.to_vec(), head.clone());
        }
        Ok(stored)
    }

    /// The last state record tells. Most runs that are asked for are new: a point read that misses is cheap.
    fn stored_head(&self, run: &RunKey, at: &[u8]) -> Result<Option<Head>, Failure> {
        if self.engine.get(Part::State, &key::snapshot(at))?.is_none() {
            return Ok(None);
        }
        let Some(last) = self.engine.moment().backwards(Part::State, beginning_with(at)).next() else {
            return Ok(None);
        };
        let (key, body) = last?;
        let read = record::read_state(run.run, &body);
        let (head, _) = read.ok_or_else(|| seal::broken(Part::State, &key, "it has an unknown format"))?;
        Ok(Some(head))
    }

    /// Whether a row is young: its index entries are not stored.
    pub(crate) fn is_young(&self, row: &[u8]) -> bool {
        let staged = self.own.young.get(row).or_else(|| self.group.young.get(row));
        staged.map_or_else(|| self.engine.young.has(row), Option::is_some)
    }

    /// Stages that a row is young and has these index entries.
    pub(crate) fn set_young(&mut self, row: Vec<u8>, entries: Vec<Vec<u8>>) {
        if !self.is_young(&row) {
            self.put(Part::Young, row.clone(), Vec::new());
        }
        self.own.young.insert(row, Some(entries));
    }

    /// Stages that a row is young no more, or is gone.
    pub(crate) fn unset_young(&mut self, row: &[u8]) {
        self.remove(Part::Young, row.to_vec());
        self.own.young.insert(row.to_vec(), None);
    }

    /// Stages a head.
    pub(crate) fn set_head(&mut self, at: Vec<u8>, head: Option<Head>) {
        self.own.heads.insert(at, head);
    }
}
