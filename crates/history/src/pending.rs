//! What the steps of one run have changed since its last commit. They become one write, however many they were: a task
//! that is scheduled and started at once, or a hundred signals that waited together, cost one record of state.

use std::collections::BTreeSet;

use longhaul_kernel::{
    ids::RunId,
    run::{Change, DutyId, Effects, Run},
    time::Timestamp,
};
use longhaul_store::{Batch, CurrentWrite, Expect, VisibilityWrite, Write};

/// What a run was before the first of its steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// Its version; zero before its start.
    pub version: u64,
    next_event_id: i64,
    /// Whether the outbox has a row for its workflow task.
    owes_task: bool,
}

impl Origin {
    /// That of a run between two steps.
    pub fn of(run: &Run) -> Self {
        Self {
            version: run.transitions,
            next_event_id: run.next_event_id,
            owes_task: run.duties.contains(&DutyId::WorkflowTask),
        }
    }

    /// Whether the outbox may have a row for a duty that came up since.
    fn may_owe(&self, duty: DutyId) -> bool {
        match duty {
            DutyId::WorkflowTask => self.owes_task,
            DutyId::Activity(event)
            | DutyId::StartChild(event)
            | DutyId::ScheduleChild(event)
            | DutyId::SignalExternal(event)
            | DutyId::CancelExternal(event)
            | DutyId::NexusStart(event)
            | DutyId::NexusCancel(event)
            | DutyId::CloseChild(event) => event < self.next_event_id,
            DutyId::NotifyParent | DutyId::NotifySchedule | DutyId::Archive | DutyId::Callback(_) => true,
        }
    }
}

/// What is not written yet, in the order in which it began.
#[derive(Debug)]
pub enum Unwritten {
    /// Steps of a run that further ones may join.
    Steps(Box<Steps>),
    /// A write to which nothing can be added.
    Write(Write),
}

/// Steps of one run.
#[derive(Debug)]
pub struct Steps {
    /// The run.
    pub run: RunId,
    /// What it was before.
    pub origin: Origin,
    /// Whether the store has it.
    pub expect: Expect,
    /// Every change, in order.
    pub changes: Vec<Change>,
    /// The events of these changes, encoded.
    pub history: Vec<Batch>,
    /// What becomes of the execution's current-run record.
    pub current: CurrentWrite,
    /// What becomes of the run's row in lists.
    pub visibility: VisibilityWrite,
    put: BTreeSet<DutyId>,
    done: BTreeSet<DutyId>,
    wake: Option<(Option<Timestamp>, Option<Timestamp>)>,
}

impl Steps {
    /// No steps yet.
    pub fn new(run: RunId, origin: Origin) -> Self {
        let expect = if origin.version == 0 { Expect::New } else { Expect::Version(origin.version) };
        Self {
            run,
            origin,
            expect,
            changes: Vec::new(),
            history: Vec::new(),
            current: CurrentWrite::Keep,
            visibility: VisibilityWrite::Keep,
            put: BTreeSet::new(),
            done: BTreeSet::new(),
            wake: None,
        }
    }

    /// Adds what a step has changed.
    pub fn add(&mut self, effects: &mut Effects, history: Vec<Batch>) {
        self.changes.append(&mut effects.changes);
        self.history.extend(history);
        self.put.extend(&effects.duties);
        self.done.extend(&effects.duties_done);
        if let Some((old, new)) = effects.wake {
            let first = self.wake.map_or(old, |(first, _)| first);
            self.wake = Some((first, new));
        }
    }

    /// The wake to remove and the one to insert.
    pub fn wake(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        self.wake.unwrap_or_default()
    }

    /// Duties whose rows are to be written, of a run that has come to this.
    pub fn outbox_put(&self, run: &Run) -> impl Iterator<Item = DutyId> {
        self.put.iter().copied().filter(|duty| run.duties.contains(duty))
    }

    /// Duties whose rows are to be removed. One that came up and was done within these steps has none.
    pub fn outbox_delete(&self, run: &Run) -> impl Iterator<Item = DutyId> {
        let put = self.put.iter().filter(|duty| self.origin.may_owe(**duty));
        let done = self.done.iter().filter(|duty| !self.put.contains(duty));
        put.chain(done).copied().filter(|duty| !run.duties.contains(duty))
    }
}
