//! The tasks of one priority: a lane for each fairness key, and whose turn it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use longhaul_kernel::{
    task_queue::{Config, Turns, Weight},
    time::Timestamp,
};

use super::{Shelf, lane::Lane};
use crate::task::{Priority, Task};

/// Fairness keys with a lane of their own.
const LANES_MAX: usize = 1000;
/// Lanes that the keys beyond share.
const SHARED: u64 = 64;
/// How long a lane rests whose spilled tasks could not be fetched.
const REST: Duration = Duration::from_secs(1);

/// Whether a task may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// It may.
    Open,
    /// Not before this instant.
    Until(Timestamp),
    /// Not before something ends.
    Shut,
}

/// What is next in a backlog.
#[derive(Debug)]
pub(crate) enum Next {
    /// A task.
    Task(Task),
    /// Nothing before this instant.
    At(Timestamp),
    /// Nothing.
    Nothing,
}

impl Next {
    pub(super) fn earlier(self, at: Timestamp) -> Self {
        match self {
            Self::At(other) => Self::At(at.min(other)),
            Self::Task(_) | Self::Nothing => Self::At(at),
        }
    }
}

/// Tasks of one priority. A lane that is not empty waits for its turn or is held up.
pub(super) struct Level {
    priority: Priority,
    lanes: BTreeMap<Arc<str>, Lane>,
    turns: Turns,
    held_until: BTreeSet<(Timestamp, Arc<str>)>,
    held: BTreeSet<Arc<str>>,
    /// Lanes by the age of their front.
    ages: BTreeSet<(Timestamp, Arc<str>)>,
    count: usize,
}

impl Level {
    pub(super) fn new(priority: Priority) -> Self {
        Self {
            priority,
            lanes: BTreeMap::new(),
            turns: Turns::default(),
            held_until: BTreeSet::new(),
            held: BTreeSet::new(),
            ages: BTreeSet::new(),
            count: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn lanes(&self) -> impl Iterator<Item = (&Arc<str>, &Lane)> {
        self.lanes.iter()
    }

    /// When the oldest task at the front of a lane was scheduled.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.ages.first().map(|(at, _)| *at)
    }

    /// The lane that a task belongs to.
    pub(super) fn lane_of(&self, task: &Task, is_fair: bool) -> Arc<str> {
        let key = match &task.fairness_key {
            Some(key) if is_fair => key,
            _ => return Arc::default(),
        };
        if self.lanes.len() < LANES_MAX || self.lanes.contains_key(key) {
            return key.clone();
        }
        // A key can't begin so: it is at most sixty-four bytes of text, of which none is nought.
        format!("\0{}", spread(key) % SHARED).into()
    }

    pub(super) fn push(&mut self, shelf: &Shelf, config: &Config, key: &Arc<str>, task: Task) {
        let weight = weight(config, &task);
        self.count += 1;
        let lane = self.lanes.entry(key.clone()).or_default();
        let was_empty = lane.is_empty();
        lane.push(shelf, self.priority, key, task);
        if was_empty {
            self.ages.extend(lane.oldest().map(|at| (at, key.clone())));
            self.turns.wait(key, weight);
        }
    }

    pub(super) fn push_front(&mut self, shelf: &Shelf, config: &Config, key: &Arc<str>, task: Task) {
        let weight = weight(config, &task);
        self.count += 1;
        let lane = self.lanes.entry(key.clone()).or_default();
        let (was_empty, before) = (lane.is_empty(), lane.oldest());
        lane.push_front(shelf, task);
        let after = lane.oldest();
        self.age(key, before, after);
        if was_empty {
            self.turns.wait(key, weight);
        }
        self.turns.take_back(key, weight);
    }

    /// A task of the key came to nothing.
    pub(super) fn take_back(&mut self, config: &Config, key: &Arc<str>, task: &Task) {
        self.turns.take_back(key, weight(config, task));
    }

    /// The next task, if one may go.
    pub(super) fn pop(
        &mut self,
        shelf: &Shelf,
        config: &Config,
        now: Timestamp,
        gate: &mut dyn FnMut(&Task) -> Gate,
        total: &mut usize,
    ) -> Next {
        self.release(config, now);
        while let Some(key) = self.turns.next().cloned() {
            match self.try_lane(shelf, config, now, gate, &key, total) {
                Ok(Some(task)) => return Next::Task(task),
                Ok(None) => {}
                Err(Gate::Until(at)) => {
                    self.turns.leave(&key);
                    self.held_until.insert((at, key));
                }
                Err(_) => {
                    self.turns.leave(&key);
                    self.held.insert(key);
                }
            }
        }
        match self.held_until.first() {
            Some((at, _)) => Next::At(*at),
            None => Next::Nothing,
        }
    }

    /// Lets every lane be looked at that waits for something to end.
    pub(super) fn reopen(&mut self, config: &Config) {
        for key in std::mem::take(&mut self.held) {
            self.wait(config, &key);
        }
    }

    /// Drops expired tasks from the front of every lane. Answers how many.
    pub(super) fn expire(&mut self, shelf: &Shelf, now: Timestamp) -> usize {
        let mut dropped = 0;
        for key in self.lanes.keys().cloned().collect::<Vec<_>>() {
            let Some(lane) = self.lanes.get_mut(&key) else { continue };
            let before = lane.oldest();
            dropped += lane.expire(shelf, now);
            let after = lane.oldest();
            self.age(&key, before, after);
            self.close(&key);
        }
        self.count -= dropped;
        dropped
    }

    /// The front of a lane, if it may go: it is paid for by the key. `None` if the lane had only expired tasks.
    fn try_lane(
        &mut self,
        shelf: &Shelf,
        config: &Config,
        now: Timestamp,
        gate: &mut dyn FnMut(&Task) -> Gate,
        key: &Arc<str>,
        total: &mut usize,
    ) -> Result<Option<Task>, Gate> {
        let Some(lane) = self.lanes.get_mut(key) else {
            self.turns.leave(key);
            return Ok(None);
        };
        let before = lane.oldest();
        let (mut lost, mut found) = (0, Ok(None));
        while let Some(task) = lane.front(shelf, self.priority, key, &mut lost) {
            if !task.is_expired(now) {
                found = match gate(task) {
                    Gate::Open => Ok(lane.pop(shelf)),
                    closed => Err(closed),
                };
                lost += usize::from(matches!(found, Ok(Some(_))));
                break;
            }
            lane.pop(shelf);
            lost += 1;
        }
        let after = lane.oldest();
        let is_stuck = matches!(found, Ok(None)) && !lane.is_empty();
        self.count -= lost;
        *total -= lost;
        self.age(key, before, after);
        if let Ok(Some(task)) = &found {
            self.turns.serve(key, weight(config, task));
        }
        self.close(key);
        if is_stuck {
            return Err(Gate::Until(now + REST));
        }
        found
    }

    /// Lanes whose time has come wait for their turn again.
    fn release(&mut self, config: &Config, now: Timestamp) {
        while let Some((at, key)) = self.held_until.pop_first() {
            if at > now {
                self.held_until.insert((at, key));
                return;
            }
            self.wait(config, &key);
        }
    }

    /// A lane waits for its turn again. One that is gone meanwhile is found out when its turn comes.
    fn wait(&mut self, config: &Config, key: &Arc<str>) {
        let front = self.lanes.get(key).and_then(Lane::peek);
        self.turns.wait(key, front.map_or(Weight::DEFAULT, |task| weight(config, task)));
    }

    fn age(&mut self, key: &Arc<str>, before: Option<Timestamp>, after: Option<Timestamp>) {
        if before != after {
            self.ages.extend(after.map(|at| (at, key.clone())));
            if let Some(before) = before {
                self.ages.remove(&(before, key.clone()));
            }
        }
    }

    /// Takes a lane away that is empty.
    fn close(&mut self, key: &Arc<str>) {
        if self.lanes.get(key).is_some_and(Lane::is_empty) {
            self.lanes.remove(key);
            self.turns.leave(key);
        }
    }
}

fn weight(config: &Config, task: &Task) -> Weight {
    config.weight(task.fairness_key.as_deref().unwrap_or_default(), task.weight)
}

/// Spreads keys over the shared lanes (FNV-1a).
fn spread(key: &str) -> u64 {
    key.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
