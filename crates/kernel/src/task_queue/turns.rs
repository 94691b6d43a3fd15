//! Whose turn it is: keys that wait are served in proportion to their weights.
//!
//! Each key has a pass, an instant of a virtual time in which serving one task takes a step divided by the key's
//! weight. The key with the earliest pass is next. Virtual time is the pass of whoever was served last; a key that
//! comes to wait begins half a step behind it, so that what it has got at any moment is its share, rounded to the
//! nearest task. A key that was served ahead of time keeps its pass while it does not wait: going away and coming back
//! gains nothing. Once virtual time has passed it the key is forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

#[cfg(test)]
mod tests;

/// Virtual time that one task of weight one takes. Divided by the largest weight it still has a thousand units.
const STEP: f64 = (1_u64 << 20) as f64;

/// Keys that do not wait and are remembered all the same, before those that virtual time has passed are dropped.
const SLACK: usize = 64;

/// Share of a key, compared with that of others.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Weight(f32);

impl Weight {
    /// What a task has that says nothing.
    pub const DEFAULT: Self = Self(1.0);

    /// A weight within its bounds; what is no weight counts as none said.
    pub fn new(weight: f32) -> Self {
        if weight > 0.0 { Self(weight.clamp(0.001, 1000.0)) } else { Self::DEFAULT }
    }

    /// The number.
    pub const fn get(self) -> f32 {
        self.0
    }

    fn step(self) -> u64 {
        (STEP / f64::from(self.0)) as u64
    }
}

/// Keys that wait, and how far each has been served.
#[derive(Clone, Debug, Default)]
pub struct Turns {
    now: u64,
    waiting: BTreeSet<(u64, Arc<str>)>,
    keys: BTreeMap<Arc<str>, Pass>,
}

#[derive(Clone, Copy, Debug)]
struct Pass {
    at: u64,
    waits: bool,
}

impl Turns {
    /// A key has something to be served.
    pub fn wait(&mut self, key: &Arc<str>, weight: Weight) {
        let earliest = self.now + weight.step() / 2;
        let pass = self.keys.entry(key.clone()).or_insert(Pass { at: earliest, waits: false });
        if pass.waits {
            return;
        }
        *pass = Pass { at: pass.at.max(earliest), waits: true };
        self.waiting.insert((pass.at, key.clone()));
    }

    /// The key whose turn it is.
    pub fn next(&self) -> Option<&Arc<str>> {
        self.waiting.first().map(|(_, key)| key)
    }

    /// A task of the key goes.
    pub fn serve(&mut self, key: &Arc<str>, weight: Weight) {
        let Some(pass) = self.keys.get_mut(key) else { return };
        self.now = self.now.max(pass.at);
        let served = pass.at.saturating_add(weight.step());
        self.shift(key, served);
    }

    /// A task of the key did not go after all.
    pub fn take_back(&mut self, key: &Arc<str>, weight: Weight) {
        if let Some(pass) = self.keys.get(key) {
            let at = pass.at.saturating_sub(weight.step());
            self.shift(key, at);
        }
    }

    /// The key has nothing to be served for now.
    pub fn leave(&mut self, key: &Arc<str>) {
        if let Some(pass) = self.keys.get_mut(key)
            && std::mem::replace(&mut pass.waits, false)
        {
            self.waiting.remove(&(pass.at, key.clone()));
        }
        if self.keys.len() > 2 * self.waiting.len() + SLACK {
            let now = self.now;
            self.keys.retain(|_, pass| pass.waits || pass.at > now);
        }
    }

    fn shift(&mut self, key: &Arc<str>, at: u64) {
        let Some(pass) = self.keys.get_mut(key) else { return };
        if pass.waits {
            self.waiting.remove(&(pass.at, key.clone()));
            self.waiting.insert((at, key.clone()));
        }
        pass.at = at;
    }
}
