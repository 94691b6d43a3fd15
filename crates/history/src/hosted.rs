//! Machines other than workflow runs in a shard: read from their snapshot and the changes behind it, stepped by calls,
//! by their wake and by reports on their duties, and made durable by the same mailbox and the same commit as runs.
//!
//! A duty stands in the outbox from the commit in which the machine took it on to the commit in which the report on it
//! took it away. After a crash in between it is fulfilled again, so whoever receives it has to know it by its request
//! id. Those who wait for news of an execution listen to `Executions::listen`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use longhaul_kernel::{
    Refusal, codec,
    hosted::{DutyName, Hosted},
    ids::{ExecutionKey, RunId, RunKey},
    time::Timestamp,
    visibility::Row,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{CurrentWrite, Expect, OutboxId, StateWrite, Store, VisibilityWrite, Write};

use crate::{
    cell::{Target, Turn},
    events::read_error,
    execution::Resident,
    executions::Executions,
    history::Room,
    patience::Patience,
    settings::Settings,
    shard::Shard,
};

/// What the shell knows of a machine: where its executions are, and how its duties are fulfilled.
pub trait Lodged: Hosted<Change: Send> {
    /// The shard's executions of this kind.
    fn executions(shard: &Shard) -> &Executions<Cell<Self>>;

    /// Does what is owed, and says what the machine has to know of it. What passes by itself is an error, and is
    /// tried again; a refusal that lasts is a report.
    fn fulfil(
        room: &Arc<Room>,
        run: &RunKey,
        name: DutyName,
        duty: &Self::Duty,
    ) -> impl Future<Output = Result<Self::Input, PeerError>> + Send;

    /// Hears what has become of an execution's newest run, once that is durable; `None` if it is no more.
    fn settled(_: &Arc<Room>, _: &ExecutionKey, _: Option<&Self>) {}

    /// What an operator may want to read in the log of changes that were just made.
    fn remarks(&self, _: &[Self::Change]) -> Vec<String> {
        Vec::new()
    }
}

/// What a machine is taken to be in memory: they are few and not large.
const MACHINE_BYTES: usize = 4096;

/// An execution in memory.
pub struct Cell<M: Hosted> {
    key: ExecutionKey,
    /// Its newest run; `None` if it was not looked up yet.
    current: Option<Option<RunId>>,
    runs: BTreeMap<RunId, Loaded<M>>,
    writes: Vec<Write>,
    /// Duties taken on, and wakes moved, by those writes.
    after: Vec<After>,
}

enum After {
    Duty(RunId, DutyName),
    Wake(RunId, Option<Timestamp>, Option<Timestamp>),
    Remark(String),
    Settled,
}

/// A run in memory, with what the store has of it.
struct Loaded<M> {
    machine: M,
    version: u64,
    deltas: u64,
    stored: bool,
    owed: BTreeSet<DutyName>,
    wake: Option<Timestamp>,
    row: Option<Row>,
}

impl<M: Hosted> Loaded<M> {
    fn created(machine: M) -> Self {
        Self { machine, version: 0, deltas: 0, stored: false, owed: BTreeSet::new(), wake: None, row: None }
    }

    async fn read(store: &dyn Store, key: &RunKey) -> Result<Option<Self>, PeerError> {
        let Some(stored) = store.run(key.clone()).await.map_err(read_error)? else { return Ok(None) };
        let corrupt = |error: codec::Unreadable| PeerError::Corrupt(format!("run {key}: {error}"));
        let mut machine: M = codec::decode(&stored.snapshot).map_err(corrupt)?;
        for delta in &stored.deltas {
            let changes: Vec<M::Change> = codec::decode(delta).map_err(corrupt)?;
            changes.iter().for_each(|change| machine.apply(change));
        }
        Ok(Some(Self {
            version: stored.version,
            deltas: stored.deltas.len() as u64,
            stored: true,
            owed: machine.owed(),
            wake: machine.wake(),
            row: None,
            machine,
        }))
    }
}

impl<M: Lodged> Resident for Cell<M> {
    fn unread(key: ExecutionKey) -> Self {
        Self { key, current: None, runs: BTreeMap::new(), writes: Vec::new(), after: Vec::new() }
    }

    async fn load(&mut self, store: &dyn Store, target: Target) -> Result<Option<RunId>, PeerError> {
        if self.current.is_none() {
            let record = store.current(self.key.clone()).await.map_err(read_error)?;
            self.current = Some(record.map(|record| pointer(&self.key, &record)).transpose()?);
        }
        let run = match (target, self.current.flatten()) {
            (Target::Run(run), _) | (Target::Current, Some(run)) => run,
            (Target::Current, None) => return Ok(None),
        };
        if !self.runs.contains_key(&run) {
            let key = RunKey { execution: self.key.clone(), run };
            let Some(loaded) = Loaded::read(store, &key).await? else { return Ok(None) };
            self.runs.insert(run, loaded);
        }
        Ok(Some(run))
    }

    fn meant(&self, target: Target) -> Option<RunId> {
        match target {
            Target::Run(run) => Some(run),
            Target::Current => self.current.flatten(),
        }
    }

    fn take_writes(&mut self, _settings: &Settings) -> Vec<Write> {
        std::mem::take(&mut self.writes)
    }

    fn after_commit(&mut self, shard: &Arc<Shard>) {
        for step in std::mem::take(&mut self.after) {
            match step {
                After::Wake(run, old, new) => {
                    shard.room.wakes.change(RunKey { execution: self.key.clone(), run }, old, new);
                }
                After::Remark(text) => tracing::info!(execution = %self.key.id, "{text}"),
                After::Settled => {
                    let current = self.current.flatten().and_then(|run| self.runs.get(&run));
                    M::settled(&shard.room, &self.key, current.map(|loaded| &loaded.machine));
                }
                After::Duty(run, name) => {
                    if let Some(duty) = self.runs.get(&run).and_then(|loaded| loaded.machine.duty(name)) {
                        let run = RunKey { execution: self.key.clone(), run };
                        let owner = shard.clone();
                        shard.room.host.tasks.spawn("duty", pay::<M>(owner, run, name, duty));
                    }
                }
            }
        }
    }

    fn trim(&mut self) {
        let current = self.current.flatten();
        self.runs.retain(|id, loaded| Some(*id) == current || !loaded.machine.rests());
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn bytes(&self) -> usize {
        size_of::<Self>() + self.runs.len() * MACHINE_BYTES
    }
}

impl<M: Lodged> Turn<'_, Cell<M>> {
    /// The machine that the job is about, if it exists.
    pub fn machine(&self) -> Option<&M> {
        self.target.and_then(|run| self.cell.runs.get(&run)).map(|loaded| &loaded.machine)
    }

    /// Makes the machine that the job is about take an input; `None` if there is none.
    ///
    /// # Errors
    /// The machine's refusal.
    pub fn step(&mut self, input: M::Input) -> Result<Option<M::Reply>, Refusal> {
        let Some(run) = self.target else { return Ok(None) };
        let Some(loaded) = self.cell.runs.get_mut(&run) else { return Ok(None) };
        let (changes, reply) = M::effects(loaded.machine.step(input, self.at, &mut self.draw)?);
        if !changes.is_empty() {
            self.record(run, &changes);
        }
        Ok(Some(reply))
    }

    /// Takes in a machine that has just been made; it becomes the execution's current run.
    pub fn begin(&mut self, machine: M) {
        let run = machine.key().run;
        self.cell.runs.insert(run, Loaded::created(machine));
        self.cell.current = Some(Some(run));
        self.target = Some(run);
        self.record(run, &[]);
    }

    /// Compares the machine with what was recorded last, and decides on the write that makes the difference durable.
    fn record(&mut self, run: RunId, changes: &[M::Change]) {
        let Some(loaded) = self.cell.runs.get_mut(&run) else { return };
        let machine = &loaded.machine;
        self.cell.after.extend(machine.remarks(changes).into_iter().map(After::Remark));
        self.cell.after.push(After::Settled);
        if machine.is_gone() {
            self.remove(run);
            return;
        }
        let (owed, wake) = (machine.owed(), machine.wake());
        let taken_on: Vec<DutyName> = owed.difference(&loaded.owed).copied().collect();
        let done = loaded.owed.difference(&owed).map(|name| outbox_id(*name)).collect();
        let row = machine.row(self.context);
        let visibility = match &row {
            row if *row == loaded.row && loaded.stored => VisibilityWrite::Keep,
            Some(row) => VisibilityWrite::Put(Box::new(row.clone())),
            None => VisibilityWrite::Delete,
        };
        let state = if loaded.stored && loaded.deltas + 1 < self.settings.snapshot_every {
            loaded.deltas += 1;
            StateWrite::Delta(encode_all(changes))
        } else {
            loaded.deltas = 0;
            StateWrite::Snapshot(codec::encode(machine).into())
        };
        let (expect, current) = if loaded.stored {
            (Expect::Version(loaded.version), CurrentWrite::Keep)
        } else {
            (Expect::New, CurrentWrite::Put(Bytes::copy_from_slice(run.as_bytes())))
        };
        let moved = loaded.wake != wake;
        self.cell.writes.push(Write {
            run: RunKey { execution: self.cell.key.clone(), run },
            expect,
            version: loaded.version + 1,
            state,
            history: Vec::new(),
            shares: Vec::new(),
            current,
            outbox_put: taken_on.iter().map(|name| (outbox_id(*name), Bytes::new())).collect(),
            outbox_delete: done,
            wake_delete: loaded.wake.filter(|_| moved),
            wake_put: wake.filter(|_| moved),
            visibility,
        });
        self.cell.after.extend(taken_on.into_iter().map(|name| After::Duty(run, name)));
        if moved {
            self.cell.after.push(After::Wake(run, loaded.wake, wake));
        }
        (loaded.version, loaded.stored) = (loaded.version + 1, true);
        (loaded.owed, loaded.wake, loaded.row) = (owed, wake, row);
    }

    /// Removes a run and everything of it.
    fn remove(&mut self, run: RunId) {
        let Some(loaded) = self.cell.runs.remove(&run) else { return };
        self.cell.after.push(After::Settled);
        let is_current = self.cell.current.flatten() == Some(run);
        if is_current {
            self.cell.current = Some(None);
        }
        if self.target == Some(run) {
            self.target = None;
        }
        if loaded.wake.is_some() {
            self.cell.after.push(After::Wake(run, loaded.wake, None));
        }
        if !loaded.stored {
            return;
        }
        let current = if is_current { CurrentWrite::Delete } else { CurrentWrite::Keep };
        let run = RunKey { execution: self.cell.key.clone(), run };
        self.cell.writes.push(removal(run, loaded.version, current));
    }
}

/// Reads a machine as the store has it.
///
/// # Errors
/// Those of the store.
pub async fn read<M: Hosted>(store: &dyn Store, key: &RunKey) -> Result<Option<M>, PeerError> {
    Ok(Loaded::<M>::read(store, key).await?.map(|loaded| loaded.machine))
}

/// Tells a machine that time has passed. What can't be decided now is tried again.
pub async fn tick<M: Lodged>(room: &Arc<Room>, run: RunKey) {
    let mut patience = Patience::new(&room.host);
    loop {
        let Ok(shard) = room.shard(&run.execution) else { return };
        let outcome = M::executions(&shard)
            .ask(&shard, run.execution.clone(), Target::Run(run.run), |turn| {
                turn.step(M::tick(turn.context)).map(|_| ())
            })
            .await;
        match outcome {
            // A tick that has happened does nothing the second time.
            Err(PeerError::Busy(_) | PeerError::Unknown(_)) => patience.pause().await,
            Err(error) => {
                tracing::warn!(%run, %error, "tick failed");
                return;
            }
            Ok(()) => return,
        }
    }
}

/// Removes a machine, whatever it is doing.
///
/// # Errors
/// Why it could not be removed.
pub async fn erase<M: Lodged>(shard: &Arc<Shard>, run: RunKey) -> Result<(), PeerError> {
    let erase = |turn: &mut Turn<'_, Cell<M>>| {
        turn.target.into_iter().for_each(|id| turn.remove(id));
        Ok(())
    };
    M::executions(shard).ask(shard, run.execution, Target::Run(run.run), erase).await
}

/// The write that removes a run which has no history.
fn removal(run: RunKey, version: u64, current: CurrentWrite) -> Write {
    Write {
        run,
        expect: Expect::Version(version),
        version: version + 1,
        state: StateWrite::Delete,
        history: Vec::new(),
        shares: Vec::new(),
        current,
        outbox_put: Vec::new(),
        outbox_delete: Vec::new(),
        wake_delete: None,
        wake_put: None,
        visibility: VisibilityWrite::Delete,
    }
}

/// Fulfils a duty of which only the name is known; without a name, everything the run owes. Goes on until the run
/// could be asked.
pub async fn remember<M: Lodged>(shard: &Arc<Shard>, run: RunKey, only: Option<OutboxId>) {
    let mut patience = Patience::new(&shard.room.host);
    loop {
        let outcome = M::executions(shard)
            .ask(shard, run.execution.clone(), Target::Run(run.run), move |turn| {
                let Some(id) = turn.target else { return Ok(()) };
                let Some(loaded) = turn.cell.runs.get(&id) else { return Ok(()) };
                let due = loaded.owed.iter().filter(|name| only.is_none_or(|only| only == outbox_id(**name)));
                turn.cell.after.extend(due.map(|name| After::Duty(id, *name)).collect::<Vec<_>>());
                turn.cell.after.push(After::Wake(id, None, loaded.wake));
                turn.cell.after.push(After::Settled);
                Ok(())
            })
            .await;
        match outcome {
            Ok(()) => return,
            Err(PeerError::Busy(_) | PeerError::Unknown(_)) => patience.pause().await,
            Err(error) => {
                tracing::warn!(%run, %error, "duty can't be found again");
                return;
            }
        }
    }
}

/// Fulfils a duty and reports on it. Goes on until both have succeeded.
async fn pay<M: Lodged>(shard: Arc<Shard>, run: RunKey, name: DutyName, duty: M::Duty) {
    let mut patience = Patience::new(&shard.room.host);
    loop {
        match M::fulfil(&shard.room, &run, name, &duty).await {
            Ok(report) => {
                let told = M::executions(&shard)
                    .ask(&shard, run.execution.clone(), Target::Run(run.run), move |turn| {
                        turn.step(report).map(|_| ())
                    })
                    .await;
                match told {
                    Ok(()) => return,
                    Err(
                        error @ (PeerError::Refused(_) | PeerError::Corrupt(_) | PeerError::Quarantined(_)),
                    ) => {
                        tracing::error!(%run, ?name, %error, "the report on a duty is not taken");
                        return;
                    }
                    Err(_) => {}
                }
            }
            Err(error) => {
                if !is_owed::<M>(&shard, &run, name).await {
                    return;
                }
                tracing::warn!(%run, ?name, %error, "duty is tried again");
            }
        }
        patience.pause().await;
    }
}

/// Whether a duty that could not be fulfilled is to be tried again: not if its run was removed, or its namespace, and
/// not if the room is being closed.
async fn is_owed<M: Lodged>(shard: &Arc<Shard>, run: &RunKey, name: DutyName) -> bool {
    let asked = M::executions(shard)
        .ask(shard, run.execution.clone(), Target::Run(run.run), move |turn| {
            Ok(turn.machine().is_some_and(|machine| machine.owed().contains(&name)))
        })
        .await;
    match asked {
        Ok(is_owed) => is_owed,
        Err(PeerError::Busy(_) | PeerError::Unknown(_)) => true,
        Err(
            PeerError::Lost(_) | PeerError::Refused(_) | PeerError::Corrupt(_) | PeerError::Quarantined(_),
        ) => false,
    }
}

/// The name of a duty in the store.
fn outbox_id(name: DutyName) -> OutboxId {
    OutboxId { kind: name.sort, event: name.number }
}

/// One delta: all changes of a step.
fn encode_all<C: minicbor::Encode<()>>(changes: &[C]) -> Bytes {
    codec::encode(&changes).into()
}

/// Reads the record of an execution's current run.
fn pointer(key: &ExecutionKey, record: &Bytes) -> Result<RunId, PeerError> {
    let bytes = <[u8; 16]>::try_from(&record[..]);
    bytes.map(RunId::from_bytes).map_err(|_| PeerError::Corrupt(format!("current run of {}", key.id)))
}
