//! The mailbox of an execution. Whoever has a job for it puts it in; the first one starts a driver, which decides all
//! jobs that wait, starts the tasks that came up for polls that wait for them, commits all of it at once, answers, and
//! goes on until the mailbox is empty.
//!
//! Crash points: before the commit nothing has happened and nobody was told; after it, what was not told is found again
//! (duties in the outbox, wakes in the store, callers ask again).

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use futures_util::FutureExt;
use longhaul_kernel::{
    Refusal,
    context::Context,
    ids::{ExecutionKey, RunId},
    machine::Draw,
    time::Timestamp,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{CommitError, Store, Write};
use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};

use crate::{
    cell::{Target, Turn},
    duties,
    history::Room,
    quarantine,
    reserve::{self, Taken},
    settings::Settings,
    shard::Shard,
};

/// What is behind a mailbox: an execution in memory, with what was decided on it and is not durable yet.
pub trait Resident: Send + Sized + 'static {
    /// An execution of which nothing was read.
    fn unread(key: ExecutionKey) -> Self;

    /// Reads what a job about `target` needs, and answers the run that it means.
    ///
    /// # Errors
    /// Those of the store.
    fn load(
        &mut self,
        store: &dyn Store,
        target: Target,
    ) -> impl Future<Output = Result<Option<RunId>, PeerError>> + Send;

    /// The run that a job about `target` means, as far as it was read.
    fn meant(&self, target: Target) -> Option<RunId>;

    /// Starts what came up and for which a poll waits, so that it is part of the same commit.
    fn reserve(&mut self, _shard: &Arc<Shard>, _context: &Arc<Context>) -> Vec<Taken> {
        Vec::new()
    }

    /// Takes what was decided and is not durable.
    fn take_writes(&mut self, settings: &Settings) -> Vec<Write>;

    /// Does what follows once that is durable.
    fn after_commit(&mut self, shard: &Arc<Shard>);

    /// Lets go of runs that nobody is likely to ask for.
    fn trim(&mut self);

    /// Whether somebody waits in it, so that it can't be let go.
    fn is_busy(&self) -> bool;

    /// Whether nothing more will happen to it by itself, so that few will ask for it.
    fn is_over(&self) -> bool {
        false
    }

    /// Roughly the memory it takes.
    fn bytes(&self) -> usize;
}

/// An execution with its mailbox.
pub struct Execution<C: Resident> {
    /// Which.
    pub key: ExecutionKey,
    mailbox: Mutex<Mailbox<C>>,
    /// Changes with every commit; for those who wait for news.
    changed: watch::Sender<u64>,
    /// When it was used last, in uses of the shard.
    pub last_used: AtomicU64,
    /// Memory it takes, as it was counted last.
    bytes: AtomicUsize,
    /// What all executions of its shard have in common.
    common: Arc<Common>,
    /// Whether it is in the line of those that are over.
    is_in_line: AtomicBool,
}

/// What the executions of a shard have in common.
#[derive(Default)]
pub struct Common {
    /// Memory that they take, roughly.
    pub bytes: AtomicUsize,
    /// Those that were over when they were last asked, in that order.
    pub over: Mutex<VecDeque<ExecutionKey>>,
}

struct Mailbox<C> {
    jobs: VecDeque<Box<dyn Job<C>>>,
    /// The execution, unless a driver has it.
    cell: Option<C>,
    driving: bool,
}

/// A question to an execution.
trait Job<C>: Send {
    fn target(&self) -> Target;
    fn decide(&mut self, turn: &mut Turn<'_, C>);
    fn fail(&mut self, error: PeerError);
    fn answer(self: Box<Self>, committed: Result<(), PeerError>);
}

struct Asked<T, F> {
    target: Target,
    work: Option<F>,
    result: Option<Result<T, PeerError>>,
    sender: oneshot::Sender<Result<T, PeerError>>,
}

impl<C, T, F> Job<C> for Asked<T, F>
where
    T: Send,
    F: FnOnce(&mut Turn<'_, C>) -> Result<T, Refusal> + Send,
{
    fn target(&self) -> Target {
        self.target
    }

    fn decide(&mut self, turn: &mut Turn<'_, C>) {
        if let Some(work) = self.work.take() {
            self.result = Some(work(turn).map_err(PeerError::from));
        }
    }

    fn fail(&mut self, error: PeerError) {
        self.work = None;
        self.result = Some(Err(error));
    }

    fn answer(self: Box<Self>, committed: Result<(), PeerError>) {
        let Self { result, sender, .. } = *self;
        let result = committed.and_then(|()| result.expect("every job was decided or failed"));
        // Whoever asked may have gone; what was decided stands all the same.
        let _ = sender.send(result);
    }
}

impl<C: Resident> Execution<C> {
    /// An execution that nobody has asked anything yet.
    pub fn new(key: ExecutionKey, common: Arc<Common>) -> Self {
        let mailbox = Mutex::new(Mailbox { jobs: VecDeque::new(), cell: None, driving: false });
        let (last_used, bytes) = (AtomicU64::new(0), AtomicUsize::new(0));
        let is_in_line = AtomicBool::new(false);
        Self { key, mailbox, changed: watch::Sender::new(0), last_used, bytes, common, is_in_line }
    }

    /// Counts the memory that it takes. Counts never overlap: only its driver makes them.
    fn weigh(&self, bytes: usize) {
        let before = self.bytes.swap(bytes, Ordering::Relaxed);
        self.common.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.common.bytes.fetch_sub(before, Ordering::Relaxed);
    }

    /// Puts a job into the mailbox and answers where its result will be.
    pub fn submit<T, F>(
        self: &Arc<Self>,
        shard: &Arc<Shard>,
        target: Target,
        work: F,
    ) -> oneshot::Receiver<Result<T, PeerError>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Turn<'_, C>) -> Result<T, Refusal> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job = Box::new(Asked { target, work: Some(work), result: None, sender });
        let mut mailbox = self.mailbox.lock();
        mailbox.jobs.push_back(job);
        if !mailbox.driving {
            mailbox.driving = true;
            let driver = drive(self.clone(), shard.clone());
            shard.room.host.tasks.spawn_detached(driver);
        }
        receiver
    }

    /// Whether it can be let go: nobody drives it and nobody waits in it.
    pub fn is_idle(&self) -> bool {
        let mailbox = self.mailbox.lock();
        !mailbox.driving
            && mailbox.jobs.is_empty()
            && self.changed.receiver_count() == 0
            && !mailbox.cell.as_ref().is_some_and(C::is_busy)
    }

    /// Leaves the line of those that are over. Answers whether it is so still, and nobody needs it.
    pub fn leave_line(&self) -> bool {
        self.is_in_line.store(false, Ordering::Relaxed);
        self.is_idle() && self.mailbox.lock().cell.as_ref().is_none_or(C::is_over)
    }

    /// Hears of every commit from now on.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Tells those who wait for news that there is some.
    fn announce(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Takes all jobs that wait, or ends the driver.
    fn take(&self, cell: &mut Option<C>) -> VecDeque<Box<dyn Job<C>>> {
        let mut mailbox = self.mailbox.lock();
        if mailbox.jobs.is_empty() {
            if let Some(cell) = cell.as_mut() {
                cell.trim();
            }
            self.weigh(cell.as_ref().map_or(0, C::bytes));
            if cell.as_ref().is_some_and(C::is_over) && !self.is_in_line.swap(true, Ordering::Relaxed) {
                self.common.over.lock().push_back(self.key.clone());
            }
            mailbox.cell = cell.take();
            mailbox.driving = false;
        } else if cell.is_none() {
            *cell = mailbox.cell.take();
        }
        std::mem::take(&mut mailbox.jobs)
    }
}

impl<C: Resident> Drop for Execution<C> {
    fn drop(&mut self) {
        self.common.bytes.fetch_sub(*self.bytes.get_mut(), Ordering::Relaxed);
    }
}

/// Works off the mailbox. Ends when it is empty.
async fn drive<C: Resident>(execution: Arc<Execution<C>>, shard: Arc<Shard>) {
    let mut cell: Option<C> = None;
    loop {
        let mut jobs = execution.take(&mut cell);
        if jobs.is_empty() {
            return;
        }
        let current = cell.get_or_insert_with(|| C::unread(execution.key.clone()));
        let taken = match decide_all(&shard, &execution.key, current, &mut jobs).await {
            Decided::All(context) => current.reserve(&shard, &context),
            Decided::Nothing => Vec::new(),
            Decided::Broken => {
                cell = None;
                jobs.into_iter().for_each(|job| job.answer(Ok(())));
                continue;
            }
        };
        let writes = current.take_writes(&shard.room.settings);
        let written: Vec<_> = writes.iter().map(|write| write.run.clone()).collect();
        let committed = commit(&shard, &execution.key, writes).await;
        if committed.is_ok() {
            if !written.is_empty() {
                execution.announce();
            }
            current.after_commit(&shard);
            reserve::serve(&shard.room, &execution.key, taken);
        } else {
            drop(taken);
            // What was decided did not happen, or may not have: the truth is in the store.
            cell = None;
        }
        if let Err(PeerError::Unknown(_)) = committed {
            // If it happened, what follows from it is owed all the same.
            execution.announce();
            duties::recall(&shard, written);
        }
        for job in jobs {
            job.answer(committed.clone());
        }
    }
}

/// What became of the jobs of a round.
enum Decided {
    /// They were decided.
    All(Arc<Context>),
    /// None was, for the surroundings are not known.
    Nothing,
    /// One of them met a broken invariant. All have failed, and what is in memory may be half changed.
    Broken,
}

/// Decides the jobs one after the other, each on what the ones before it left.
///
/// A panic is a broken invariant of this one execution. Nothing of the round is made durable then: the job that met it
/// is told that data is damaged, the others that they may try again, and the execution is read from the store again.
/// No other execution notices.
async fn decide_all<C: Resident>(
    shard: &Arc<Shard>,
    key: &ExecutionKey,
    cell: &mut C,
    jobs: &mut VecDeque<Box<dyn Job<C>>>,
) -> Decided {
    let room = &shard.room;
    let context = match room.contexts.of(key.namespace).await {
        Ok(context) => context,
        Err(error) => {
            jobs.iter_mut().for_each(|job| job.fail(error.clone()));
            return Decided::Nothing;
        }
    };
    let settings = room.live.in_namespace(&context.namespace);
    let mut broken = None;
    for (index, job) in jobs.iter_mut().enumerate() {
        let target = match find(room, key, cell, job.target()).await {
            Ok(target) => target,
            Err(error) => {
                job.fail(error);
                continue;
            }
        };
        let mut turn = Turn {
            key,
            cell: &mut *cell,
            context: &context,
            at: Timestamp(room.host.clock.now()),
            draw: Draw::new(room.host.entropy.draw()),
            settings: &settings,
            target,
            asked: job.target(),
        };
        if std::panic::catch_unwind(AssertUnwindSafe(|| job.decide(&mut turn))).is_err() {
            broken = Some(index);
            break;
        }
    }
    let Some(broken) = broken else { return Decided::All(context) };
    crate::metrics::broken();
    tracing::error!(execution = %key.id, kind = ?key.kind, "a request met a broken invariant and is refused");
    for (index, job) in jobs.iter_mut().enumerate() {
        job.fail(if index == broken {
            PeerError::Corrupt(format!("an invariant of {} is broken", key.id))
        } else {
            PeerError::Busy(format!("{} is read again", key.id))
        });
    }
    Decided::Broken
}

/// Reads what a job needs. A record that can't be read, or not be made a state of, harms the run that it is of alone.
async fn find<C: Resident>(
    room: &Arc<Room>,
    key: &ExecutionKey,
    cell: &mut C,
    target: Target,
) -> Result<Option<RunId>, PeerError> {
    let loaded = match AssertUnwindSafe(cell.load(&*room.store, target)).catch_unwind().await {
        Ok(loaded) => loaded,
        Err(_) => Err(PeerError::Corrupt("its changes can't be applied to its state".into())),
    };
    match loaded {
        Ok(Some(run)) => quarantine::admit(room, key, run).await.map(|()| Some(run)),
        Err(PeerError::Corrupt(why)) => Err(quarantine::met_damage(room, key, cell.meant(target), why).await),
        other => other,
    }
}

/// Makes what was decided durable. If nothing is to be written, the answers rest on memory alone: they are true if the
/// shard is still ours, because then nobody else has written meanwhile.
pub async fn commit(shard: &Arc<Shard>, key: &ExecutionKey, writes: Vec<Write>) -> Result<(), PeerError> {
    let outcome = if writes.is_empty() {
        shard.room.store.holds(shard.fence).await
    } else {
        crate::metrics::commit();
        shard.room.store.commit(shard.fence, writes).await
    };
    outcome.map_err(|error| {
        tracing::warn!(execution = %key.id, %error, "commit failed");
        match error {
            CommitError::Fenced { .. } => PeerError::Lost(error.to_string()),
            CommitError::Conflict { .. } | CommitError::Busy(_) => PeerError::Busy(error.to_string()),
            CommitError::Unknown(text) => PeerError::Unknown(text),
            CommitError::Corrupt(text) => PeerError::Corrupt(text),
        }
    })
}

#[cfg(test)]
mod tests;
