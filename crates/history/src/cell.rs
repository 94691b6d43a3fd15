//! An execution in memory: its runs, and the writes that its jobs have decided and that are not durable yet.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    Refusal, codec,
    context::Context,
    ids::{ExecutionKey, RunId},
    machine::{Draw, Machine as _},
    run::{Change, Current, DutyId, Effects, Input, Reply, Run, Start, UpdateNews, What},
    time::Timestamp,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{Batch, CurrentWrite, Store, VisibilityWrite, Write};

use crate::{
    events,
    execution::Resident,
    loaded::Loaded,
    metrics,
    pending::{Origin, Steps, Unwritten},
    reserve::{self, Taken},
    settings::Settings,
    shard::Shard,
};

/// What the world has to do once the writes are durable.
#[derive(Debug)]
pub enum After {
    /// Fulfil a duty.
    Duty(RunId, DutyId),
    /// Tell those who wait for an update.
    Update(RunId, String, UpdateNews),
    /// Tick the run at this time for the sake of what only memory knows.
    Soon(RunId, Timestamp),
    /// Wake the run at another time than before.
    Wake(RunId, Option<Timestamp>, Option<Timestamp>),
}

/// An execution in memory.
#[derive(Debug)]
pub struct Cell {
    /// Which.
    pub key: ExecutionKey,
    /// Its newest run; `None` if it was not looked up yet.
    current: Option<Option<Current>>,
    /// Runs in memory; boxed, because a map of them makes room for eleven at once.
    runs: BTreeMap<RunId, Box<Loaded>>,
    /// Decided and not durable.
    unwritten: Vec<Unwritten>,
    /// To be done when they are.
    after: Vec<After>,
}

/// Which run a job is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The newest one.
    Current,
    /// This one.
    Run(RunId),
}

/// What a decision takes from its surroundings.
pub struct Turn<'a, C = Cell> {
    /// Which execution.
    pub key: &'a ExecutionKey,
    /// The execution.
    pub cell: &'a mut C,
    /// The namespace's context.
    pub context: &'a Arc<Context>,
    /// The time.
    pub at: Timestamp,
    /// Entropy.
    pub draw: Draw,
    /// Settings of the room.
    pub settings: &'a Settings,
    /// The run the job is about, if it exists.
    pub target: Option<RunId>,
    /// What the job asked for.
    pub asked: Target,
}

impl Resident for Cell {
    fn unread(key: ExecutionKey) -> Self {
        Self { key, current: None, runs: BTreeMap::new(), unwritten: Vec::new(), after: Vec::new() }
    }

    async fn load(&mut self, store: &dyn Store, target: Target) -> Result<Option<RunId>, PeerError> {
        if self.current.is_none() {
            let record = store.current(self.key.clone()).await.map_err(events::read_error)?;
            let current = record
                .map(|record| codec::decode::<Current>(&record))
                .transpose()
                .map_err(|error| PeerError::Corrupt(format!("current run of {}: {error}", self.key.id)))?;
            self.current = Some(current);
        }
        let run = match target {
            Target::Run(run) => run,
            Target::Current => match self.current() {
                Some(current) => current.run_id,
                None => return Ok(None),
            },
        };
        if !self.runs.contains_key(&run) {
            let key = longhaul_kernel::ids::RunKey { execution: self.key.clone(), run };
            // Boxed: few jobs find their run not in memory, and reading one takes a large future.
            let Some(loaded) = Box::pin(Loaded::read(store, &key)).await? else { return Ok(None) };
            self.runs.insert(run, Box::new(loaded));
        }
        Ok(Some(run))
    }

    fn meant(&self, target: Target) -> Option<RunId> {
        match target {
            Target::Run(run) => Some(run),
            Target::Current => self.current().map(|current| current.run_id),
        }
    }

    fn reserve(&mut self, shard: &Arc<Shard>, context: &Arc<Context>) -> Vec<Taken> {
        reserve::take(shard, self, context)
    }

    fn take_writes(&mut self, settings: &Settings) -> Vec<Write> {
        let runs = &mut self.runs;
        let writes = std::mem::take(&mut self.unwritten).into_iter().map(|unwritten| match unwritten {
            Unwritten::Write(write) => write,
            Unwritten::Steps(steps) => {
                let loaded = runs.get_mut(&steps.run).expect("a run stays until its steps are written");
                loaded.write(*steps, settings)
            }
        });
        writes.collect()
    }

    fn after_commit(&mut self, shard: &Arc<Shard>) {
        let after = std::mem::take(&mut self.after);
        shard.after_commit(self, after);
    }

    fn trim(&mut self) {
        let current = self.current().map(|current| current.run_id);
        self.runs.retain(|id, loaded| Some(*id) == current || loaded.run.is_running() || loaded.is_busy());
    }

    fn is_busy(&self) -> bool {
        self.runs.values().any(|loaded| loaded.is_busy())
    }

    fn is_over(&self) -> bool {
        !self.is_busy() && !self.runs.values().any(|loaded| loaded.run.is_running())
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.runs.values().map(|loaded| loaded.bytes()).sum::<usize>()
    }
}

impl Cell {
    /// The steps of a run that are not written, to which another one is to be added.
    fn steps(&mut self, run: RunId, origin: Origin) -> &mut Steps {
        let known = self.unwritten.iter().rposition(|unwritten| match unwritten {
            Unwritten::Steps(steps) => steps.run == run,
            Unwritten::Write(_) => false,
        });
        let index = known.unwrap_or_else(|| {
            self.unwritten.push(Unwritten::Steps(Box::new(Steps::new(run, origin))));
            self.unwritten.len() - 1
        });
        match &mut self.unwritten[index] {
            Unwritten::Steps(steps) => steps,
            Unwritten::Write(_) => unreachable!("only steps are looked for"),
        }
    }

    /// Makes a write of a run's steps to which nothing can be added.
    fn close_steps(&mut self, run: RunId, settings: &Settings) {
        let Some(loaded) = self.runs.get_mut(&run) else { return };
        for unwritten in &mut self.unwritten {
            if let Unwritten::Steps(steps) = unwritten
                && steps.run == run
            {
                let steps = std::mem::replace(&mut **steps, Steps::new(run, Origin::default()));
                *unwritten = Unwritten::Write(loaded.write(steps, settings));
            }
        }
    }

    /// Duties that came up and are not durable.
    pub fn duties(&self) -> impl Iterator<Item = (RunId, DutyId)> {
        self.after.iter().filter_map(|after| match after {
            After::Duty(run, duty) => Some((*run, *duty)),
            After::Update(..) | After::Soon(..) | After::Wake(..) => None,
        })
    }

    /// The newest run.
    pub fn current(&self) -> Option<&Current> {
        self.current.as_ref().and_then(Option::as_ref)
    }

    /// A run in memory.
    pub fn run(&self, run: RunId) -> Option<&Loaded> {
        self.runs.get(&run).map(|loaded| &**loaded)
    }

    /// A run in memory, for what is not part of its state.
    pub fn run_mut(&mut self, run: RunId) -> Option<&mut Loaded> {
        self.runs.get_mut(&run).map(|loaded| &mut **loaded)
    }
}

impl Turn<'_> {
    /// The run the job is about.
    ///
    /// # Errors
    /// `NotFound`, in the words of most calls.
    pub fn loaded(&self) -> Result<&Loaded, Refusal> {
        self.target.and_then(|run| self.cell.run(run)).ok_or_else(|| {
            let id = &self.cell.key.id;
            Refusal::not_found(match self.asked {
                Target::Current => format!("workflow not found for ID: {id}"),
                Target::Run(run) => {
                    format!("workflow execution not found for workflow ID \"{id}\" and run ID \"{run}\"")
                }
            })
        })
    }

    /// The run the job is about, for what is not part of its state.
    ///
    /// # Errors
    /// As [`Turn::loaded`].
    pub fn loaded_mut(&mut self) -> Result<&mut Loaded, Refusal> {
        self.loaded()?;
        let run = self.target.expect("a run was just found");
        Ok(self.cell.run_mut(run).expect("it was just found"))
    }

    /// Makes the run the job is about take an input.
    ///
    /// # Errors
    /// The kernel's refusal, that there is no such run, or that the run had grown too large and was ended instead.
    pub fn step(&mut self, what: What) -> Result<Reply, Refusal> {
        let id = self.loaded()?.id();
        let loaded = self.cell.runs.get_mut(&id).expect("it was just found");
        let origin = Origin::of(&loaded.run);
        let size = (loaded.run.next_event_id, loaded.run.history_bytes);
        let input = Input { context: self.context.clone(), what, state_bytes: loaded.state_bytes() };
        let effects = loaded.run.step(input, self.at, &mut self.draw)?;
        loaded.warn_of_size(size, &self.context.limits);
        loaded.warn_of(&effects.warnings);
        loaded.pages.settle(&loaded.run);
        match self.record(id, origin, effects) {
            // What was decided stands; only the answer is a refusal.
            Reply::Ended(refusal) => Err(refusal),
            reply => Ok(reply),
        }
    }

    /// Creates a run, which becomes the execution's current one.
    pub fn begin(&mut self, start: Start) -> (RunId, Reply) {
        let (run, effects) = Run::begin(start, self.context, self.at, &mut self.draw);
        let id = run.run_id;
        self.cell.runs.insert(id, Box::new(Loaded::created(run)));
        let reply = self.record(id, Origin::default(), effects);
        (id, reply)
    }

    /// Takes in a run that was made by a reset, with the history that it was given. It becomes the execution's current
    /// one. What it shares is not written again.
    pub fn adopt(&mut self, run: Run, effects: Effects, mut kept: Vec<Batch>) {
        let (id, branch, is_shared) = (run.run_id, run.branch(), !run.shares().is_empty());
        self.cell.runs.insert(id, Box::new(Loaded::created(run)));
        self.record(id, Origin::default(), effects);
        if is_shared {
            return;
        }
        kept.iter_mut().for_each(|batch| batch.branch = branch);
        let steps = self.cell.steps(id, Origin::default());
        kept.append(&mut steps.history);
        steps.history = kept;
    }

    /// Turns the effects of a step into writes and into what comes after them.
    fn record(&mut self, id: RunId, origin: Origin, mut effects: Effects) -> Reply {
        let loaded = self.cell.runs.get_mut(&id).expect("the run that made the step is in memory");
        if effects.expired {
            self.delete(id);
            return effects.reply;
        }
        let is_new = origin.version == 0;
        let known = self.cell.current.as_ref().and_then(Option::as_ref);
        let is_current = is_new || known.is_some_and(|current| current.run_id == id);
        let pointer = if is_current && (is_new || known.is_some_and(|current| !current.is_of(&loaded.run))) {
            self.cell.current = Some(Some(Current::of(&loaded.run)));
            Some(loaded.current())
        } else {
            None
        };
        if effects.visible && !loaded.run.is_running() {
            metrics::closed(loaded.run.status());
        }
        if effects.changes.iter().any(|change| !matches!(change, Change::Volatile(_))) {
            metrics::transition(loaded.run.transitions);
            let history = loaded.note(&effects.changes, self.settings);
            let row = effects.visible.then(|| Box::new(loaded.run.row(self.context)));
            let steps = self.cell.steps(id, origin);
            steps.add(&mut effects, history);
            if let Some(record) = pointer {
                steps.current = CurrentWrite::Put(record);
            }
            if let Some(row) = row {
                steps.visibility = VisibilityWrite::Put(row);
            }
        }
        self.cell.after.extend(effects.duties.iter().map(|duty| After::Duty(id, *duty)));
        if let Some((old, new)) = effects.wake {
            self.cell.after.push(After::Wake(id, old, new));
        }
        self.cell
            .after
            .extend(effects.updates.drain(..).map(|(update, news)| After::Update(id, update, news)));
        self.cell.after.extend(effects.soon.map(|at| After::Soon(id, at)));
        if let Some(next) = effects.next_run.take() {
            let next_id = next.run.run_id;
            self.cell.runs.insert(next_id, Box::new(Loaded::created(next.run)));
            self.record(next_id, Origin::default(), next.effects);
        }
        effects.reply
    }

    /// Removes a run and everything of it.
    pub fn delete(&mut self, id: RunId) {
        self.cell.close_steps(id, self.settings);
        let Some(loaded) = self.cell.runs.remove(&id) else { return };
        let is_current = self.cell.current().is_some_and(|current| current.run_id == id);
        let pointer = if is_current {
            self.cell.current = Some(None);
            CurrentWrite::Delete
        } else {
            CurrentWrite::Keep
        };
        if loaded.run.wake.is_some() {
            self.cell.after.push(After::Wake(id, loaded.run.wake, None));
        }
        self.cell.unwritten.push(Unwritten::Write(loaded.delete(pointer)));
    }
}
