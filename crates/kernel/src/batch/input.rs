//! What can happen to a batch operation, and what it makes of it.

use std::time::Duration;

use longhaul_proto::Refusal;

use super::{Batch, Behind, Change, Owed, Place, Target};
use crate::{
    machine::{Draw, Machine},
    time::Timestamp,
};

/// What can happen to a batch operation. What may end it says how long such an end is kept.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// A client ends it.
    Stop {
        /// How long it is kept.
        retention: Duration,
    },
    /// A page of workflows was selected.
    Selected {
        /// Which selection it was.
        number: i64,
        /// The workflows.
        targets: Vec<Target>,
        /// Where those that run, or that have closed, are gone on with; `None` if there are no more of them.
        behind: Option<Behind>,
        /// How many there are, if that was asked for.
        total: Option<u64>,
        /// How long it is kept.
        retention: Duration,
    },
    /// Workflows can't be selected any more.
    Unselectable {
        /// Which selection it was.
        number: i64,
        /// How long it is kept.
        retention: Duration,
    },
    /// A part was worked off.
    Worked {
        /// Which part it was.
        number: i64,
        /// How many went well.
        complete: u64,
        /// How many did not.
        failed: u64,
        /// How long it is kept.
        retention: Duration,
    },
}

/// What a step leads to.
#[derive(Debug)]
pub struct Effects {
    /// What is to be made durable.
    pub changes: Vec<Change>,
    /// What is answered.
    pub reply: Reply,
}

/// What is answered to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It was taken.
    Done,
}

impl Machine for Batch {
    type Input = Input;
    type Change = Change;
    type Effects = Effects;

    fn step(&mut self, input: Input, at: Timestamp, _: &mut Draw) -> Result<Effects, Refusal> {
        let mut changes = Vec::new();
        match input {
            Input::Tick => self.settle(at, Duration::ZERO, &mut changes),
            Input::Stop { retention } => {
                if !self.is_running() {
                    return Err(Refusal::not_found("workflow execution already completed"));
                }
                self.change(Change::Closed(at, false, at + retention), &mut changes);
            }
            Input::Selected { number, targets, behind, total, retention } => {
                if self.owed == Some(Owed::Selection(number)) {
                    let place = self.place_after(targets.len(), behind);
                    if let Some(total) = total {
                        self.change(Change::Counted(total), &mut changes);
                    }
                    self.change(Change::Selected(targets, place), &mut changes);
                    self.settle(at, retention, &mut changes);
                }
            }
            Input::Unselectable { number, retention } => {
                if self.owed == Some(Owed::Selection(number)) {
                    self.change(Change::Closed(at, false, at + retention), &mut changes);
                }
            }
            Input::Worked { number, complete, failed, retention } => {
                if matches!(self.owed, Some(Owed::Part(owed, _)) if owed == number) {
                    self.change(Change::Worked(complete, failed), &mut changes);
                    self.settle(at, retention, &mut changes);
                }
            }
        }
        Ok(Effects { changes, reply: Reply::Done })
    }

    fn apply(&mut self, change: &Change) {
        self.fold(change);
    }
}

impl Batch {
    fn change(&mut self, change: Change, changes: &mut Vec<Change>) {
        self.apply(&change);
        changes.push(change);
    }

    /// Goes on as far as nothing has to be waited for.
    pub(super) fn settle(&mut self, at: Timestamp, retention: Duration, changes: &mut Vec<Change>) {
        if let Some(closed) = self.closed {
            if self.owed.is_none() && closed.keep_until <= at {
                self.change(Change::Gone, changes);
            }
            return;
        }
        if self.owed.is_some() {
            return;
        }
        if !self.targets.is_empty() {
            if self.ready <= at {
                self.work(at, changes);
            }
        } else if self.place == Place::End {
            self.change(Change::Closed(at, true, at + retention), changes);
        } else {
            self.change(Change::Selecting, changes);
        }
    }

    /// Takes on the next part.
    fn work(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        let count = self.targets.len().min(self.part_max()) as u64;
        let takes = self.pace.map_or(0, |pace| count.saturating_mul(1_000_000_000_000) / pace.max(1));
        self.change(Change::Working(count, at + Duration::from_nanos(takes)), changes);
    }

    /// Up to where a selection of so many workflows has come.
    fn place_after(&self, count: usize, behind: Option<Behind>) -> Place {
        let listed = self.request.target_executions.len();
        match (&self.place, behind) {
            (Place::Running(_), Some(behind)) => Place::Running(Some(behind)),
            (Place::Running(_), None) if self.needs_running() => Place::End,
            (Place::Running(_), None) => Place::Closed(None),
            (Place::Closed(_), Some(behind)) => Place::Closed(Some(behind)),
            (Place::Closed(_), None) => Place::ClosedMeanwhile(None),
            (Place::ClosedMeanwhile(_), Some(behind)) => Place::ClosedMeanwhile(Some(behind)),
            (Place::Listed(from), _) if count > 0 && *from + (count as u64) < listed as u64 => {
                Place::Listed(*from + count as u64)
            }
            (Place::ClosedMeanwhile(_), None) | (Place::Listed(_) | Place::End, _) => Place::End,
        }
    }
}
