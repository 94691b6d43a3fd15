//! What all parts of a simulation share.

use std::sync::atomic::{AtomicUsize, Ordering};

use longhaul_kernel::ids::NamespaceId;
use longhaul_runtime::{Clock, Tasks};
use parking_lot::Mutex;

use crate::{book::Book, dice::Dice, faults::Faults, ledger::Ledger, plant::Plant, trace::Trace};

/// When every simulation begins, in nanoseconds since the epoch.
pub(crate) const START: i64 = 1_700_000_000 * SECOND;

/// Nanoseconds of a second.
pub(crate) const SECOND: i64 = 1_000_000_000;

/// The namespace of every simulation.
pub(crate) const NAMESPACE: NamespaceId = NamespaceId::from_bytes([7; 16]);

/// Its name.
pub(crate) const NAMESPACE_NAME: &str = "default";

/// Queue of workflow tasks.
pub(crate) const WORKFLOWS: &str = "workflows";

/// Queue of activity tasks.
pub(crate) const ACTIVITIES: &str = "activities";

/// Queue of Nexus operations.
pub(crate) const OPERATIONS: &str = "operations";

/// The endpoint that leads there.
pub(crate) const ENDPOINT: &str = "jobs";

/// Queue of activity tasks that is shared by weight.
pub(crate) const FAIR: &str = "shares";

/// Queue of workflow tasks for workers that have versions.
pub(crate) const VERSIONED: &str = "versioned";

/// The deployment that those are of.
pub(crate) const DEPLOYMENT: &str = "app";

/// What all parts share.
pub(crate) struct World {
    /// The seed.
    pub(crate) seed: u64,
    /// True time, whatever the clocks of nodes say.
    pub(crate) clock: Clock,
    /// Tasks of clients, workers and of the world itself.
    pub(crate) tasks: Tasks,
    /// What happened.
    pub(crate) trace: Trace,
    /// How badly the world behaves.
    pub(crate) faults: Faults,
    /// The fault that was planted.
    pub(crate) plant: Option<Plant>,
    /// What became durable.
    pub(crate) ledger: Mutex<Ledger>,
    /// What clients and workers were told.
    pub(crate) book: Mutex<Book>,
    broken: Mutex<Vec<String>>,
    busy: AtomicUsize,
}

impl World {
    /// A world in which nothing has happened.
    pub(crate) fn new(seed: u64, plant: Option<Plant>) -> Self {
        Self {
            seed,
            clock: Clock::simulated(START),
            tasks: Tasks::default(),
            trace: Trace::default(),
            faults: Faults::draw(seed),
            plant,
            ledger: Mutex::default(),
            book: Mutex::default(),
            broken: Mutex::default(),
            busy: AtomicUsize::new(0),
        }
    }

    /// A stream of random numbers.
    pub(crate) fn dice(&self, name: &str) -> Dice {
        Dice::new(self.seed, name)
    }

    /// Whether this fault is planted.
    pub(crate) fn has(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    /// Adds a line to the trace.
    pub(crate) fn say(&self, line: impl std::fmt::Display) {
        let passed = self.clock.now() - START;
        self.trace.add(format!("{:>9}.{:03} {line}", passed / SECOND, passed % SECOND / 1_000_000));
    }

    /// A promise was broken.
    pub(crate) fn accuse(&self, what: impl Into<String>) {
        let what = what.into();
        self.say(format_args!("BROKEN {what}"));
        self.broken.lock().push(what);
    }

    /// Promises that were broken so far.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.broken.lock().clone()
    }

    /// A client begins.
    pub(crate) fn enter(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    /// A client has done what it wanted.
    pub(crate) fn leave(&self) {
        self.busy.fetch_sub(1, Ordering::Relaxed);
    }

    /// Clients that are not done.
    pub(crate) fn clients(&self) -> usize {
        self.busy.load(Ordering::Relaxed)
    }
}
