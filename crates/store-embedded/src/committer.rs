//! The one thread that writes. It takes everything that waits, stages it in turn, makes it durable with one batch and
//! one `fdatasync`, and only then answers.
//!
//! Crash points: before the batch is in the journal, nothing of the group exists; after the sync, all of it does; in
//! between all or nothing does, and nobody was told. A failed journal write leaves that question open, so the callers
//! get `Unknown` and the store stops until it is opened again, which settles it.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use futures_channel::oneshot::Sender;
use longhaul_store::{CommitError, Fence, ShardRange, StateWrite, Write};

use crate::{
    Options, Stats,
    apply::{self, SharedGrants, WakeSet},
    engine::{Engine, WriteFailure},
    group::{Stage, View},
    heads::Heads,
    pace::{ENOUGH, Pace},
    queue::Queue,
    stats::Counters,
    tide::Tide,
};

/// Where an answer goes.
pub(crate) type Answer<T> = Sender<Result<T, CommitError>>;

/// A call that changes something.
pub(crate) enum Work {
    /// A commit.
    Commit(Fence, Vec<Write>, Answer<()>),
    /// A grant.
    Fence(ShardRange, Answer<Fence>),
    /// A change of a document.
    Document {
        section: &'static str,
        name: String,
        expect: u64,
        record: Option<Bytes>,
        answer: Answer<Option<u64>>,
    },
}

impl Work {
    /// Roughly the bytes it will write.
    fn weight(&self) -> usize {
        match self {
            Self::Commit(_, writes, _) => writes.iter().map(weight_of).sum(),
            Self::Fence(..) => 64,
            Self::Document { record, .. } => record.as_ref().map_or(64, Bytes::len),
        }
    }

    fn refuse(self, error: CommitError) {
        // Whoever asked may be gone; then nobody needs the answer.
        match self {
            Self::Commit(_, _, answer) => drop(answer.send(Err(error))),
            Self::Fence(_, answer) => drop(answer.send(Err(error))),
            Self::Document { answer, .. } => drop(answer.send(Err(error))),
        }
    }
}

fn weight_of(write: &Write) -> usize {
    let state = match &write.state {
        StateWrite::Snapshot(bytes) | StateWrite::Delta(bytes) => bytes.len(),
        StateWrite::Delete => 0,
    };
    let history: usize = write.history.iter().map(|batch| batch.events.len()).sum();
    let outbox: usize = write.outbox_put.iter().map(|(_, record)| record.len()).sum();
    256 + state + history + outbox
}

/// Tells a caller how it ended: his own outcome, unless the group failed.
type Reply = Box<dyn FnOnce(Option<&CommitError>)>;

fn reply<T: 'static>(answer: Answer<T>, outcome: Result<T, CommitError>) -> Reply {
    Box::new(move |failed| {
        let outcome = match (outcome, failed) {
            (Ok(_), Some(error)) => Err(error.clone()),
            (outcome, _) => outcome,
        };
        // Whoever asked may be gone; then nobody needs the answer.
        drop(answer.send(outcome));
    })
}

/// What the thread works on.
pub(crate) struct Committer {
    pub(crate) engine: Arc<Engine>,
    pub(crate) queue: Arc<Queue<Work>>,
    pub(crate) grants: SharedGrants,
    pub(crate) tide: Arc<Tide>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) options: Options,
}

/// The time, for the pace of syncs alone: nothing that is stored or answered depends on it.
#[allow(
    clippy::disallowed_methods,
    reason = "the host's clock belongs to rooms that can be simulated; disks are not"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// However the thread ends, nobody waits for it in vain.
struct Closing(Arc<Queue<Work>>, Arc<Engine>);

impl Drop for Closing {
    fn drop(&mut self) {
        if thread::panicking() {
            self.1.halt("the committer met a bug, see the log");
        }
        self.0.close();
        self.0.clear();
    }
}

impl Committer {
    /// Starts the thread. It ends when the queue is closed and empty.
    pub(crate) fn start(self) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new().name("store-committer".into()).spawn(move || self.run())
    }

    fn run(mut self) {
        let _closing = Closing(self.queue.clone(), self.engine.clone());
        let mut heads = Heads::new(self.options.heads_max);
        let mut pace = Pace::new(self.options.sync_distance);
        loop {
            let Options { group_commits_max, group_bytes_max, .. } = self.options;
            if let Some(pause) = pace.pause(now()) {
                self.queue.gather(pause, ENOUGH.min(group_commits_max));
            }
            let works = self.queue.take(group_commits_max, group_bytes_max, Work::weight);
            if works.is_empty() {
                return;
            }
            pace.begins(now(), works.len());
            match self.refusal() {
                Some(error) => works.into_iter().for_each(|work| work.refuse(error.clone())),
                None => self.commit_group(&mut heads, works),
            }
        }
    }

    /// Why nothing can be written, known before anything is.
    fn refusal(&self) -> Option<CommitError> {
        if let Some(text) = self.engine.halted() {
            return Some(CommitError::Busy(text.into()));
        }
        let folder = self.engine.folder();
        let free =
            rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))?;
        let reserve = self.options.disk_reserve_bytes;
        (free < reserve).then(|| {
            let folder = folder.display();
            CommitError::Busy(format!(
                "folder {folder} has {free} bytes of free disk space left, {reserve} are kept: free some"
            ))
        })
    }

    fn commit_group(&mut self, heads: &mut Heads, works: Vec<Work>) {
        let mut group = self.aged(heads);
        let mut replies = Vec::with_capacity(works.len());
        let mut wakes = Vec::new();
        let mut stats = Stats { groups: 1, ..Stats::default() };
        for work in works {
            let mut view = View::new(&self.engine, heads, &group);
            let (staged, writes, reply) = stage(&mut view, &self.grants, work, &mut wakes);
            replies.push(reply);
            if staged {
                let own = view.into_stage();
                group.absorb(own);
                stats.commits += 1;
                stats.writes += writes;
            }
        }
        stats.bytes = group.bytes();
        let failed = self.write(heads, group).err();
        if failed.is_none() {
            wakes.into_iter().for_each(|(slot, at)| self.tide.put(slot, at));
            self.counters.add(stats);
        }
        replies.into_iter().for_each(|reply| reply(failed.as_ref()));
    }

    /// What a group begins with: rows that are young no more. Writing them goes along with the others.
    fn aged(&self, heads: &mut Heads) -> Stage {
        let nothing = Stage::default();
        let mut view = View::new(&self.engine, heads, &nothing);
        apply::age(&mut view, self.engine.young.surplus(self.options.young_rows_max));
        view.into_stage()
    }

    fn write(&self, heads: &mut Heads, group: Stage) -> Result<(), CommitError> {
        if group.is_empty() {
            return Ok(());
        }
        let (changes, left, young) = group.finish();
        let halted = |why: &str| {
            self.engine.halt(why);
            self.engine.halted().unwrap_or_default().to_owned()
        };
        match self.engine.write_with(changes, young) {
            Ok(()) => {}
            Err(WriteFailure::Refused(why)) => return Err(CommitError::Busy(halted(&why))),
            Err(WriteFailure::Unknown(why)) => return Err(CommitError::Unknown(halted(&why))),
        }
        for (run, head) in left {
            match head {
                Some(head) => heads.put(run, head),
                None => heads.remove(&run),
            }
        }
        Ok(())
    }
}

/// Stages a call. Tells whether it is to be written, how many transitions it has and how to answer it.
fn stage(
    view: &mut View<'_>,
    grants: &SharedGrants,
    work: Work,
    wakes: &mut Vec<WakeSet>,
) -> (bool, u64, Reply) {
    match work {
        Work::Commit(fence, writes, answer) => {
            let transitions = writes.len() as u64;
            let outcome = apply::commit(view, &grants.read(), fence, writes).map(|set| wakes.extend(set));
            (outcome.is_ok(), transitions, reply(answer, outcome))
        }
        Work::Fence(range, answer) => {
            (true, 0, reply(answer, Ok(apply::fence(view, &mut grants.write(), range))))
        }
        Work::Document { section, name, expect, record, answer } => {
            let outcome = apply::put_document(view, section, name, expect, record).map_err(CommitError::from);
            (matches!(outcome, Ok(Some(_))), 0, reply(answer, outcome))
        }
    }
}
