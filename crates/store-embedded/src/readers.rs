//! Threads that read from disk, so that an async caller never blocks its own thread on a cold file.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
};

use futures_channel::oneshot;
use futures_util::future::{BoxFuture, FutureExt, ready};
use longhaul_store::ReadError;

use crate::{
    engine::Engine,
    error::Failure,
    queue::{NotQueued, Queue},
};

type Job = Box<dyn FnOnce() + Send>;

/// A fixed number of threads and a bounded queue of reads.
pub(crate) struct Readers {
    engine: Arc<Engine>,
    jobs: Arc<Queue<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts the threads.
    pub(crate) fn start(
        engine: Arc<Engine>,
        name: &str,
        threads: usize,
        waiting_max: usize,
    ) -> std::io::Result<Self> {
        let jobs = Arc::new(Queue::<Job>::new(waiting_max));
        let mut readers = Self { engine, jobs, threads: Vec::new() };
        for _ in 0..threads {
            let jobs = readers.jobs.clone();
            let work = move || {
                while let Some(job) = jobs.take(1, usize::MAX, |_| 1).pop() {
                    job();
                }
            };
            readers.threads.push(thread::Builder::new().name(name.into()).spawn(work)?);
        }
        Ok(readers)
    }

    /// Reads on one of the threads.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Engine) -> Result<T, Failure> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, ReadError>> {
        let (answer, answered) = oneshot::channel();
        let engine = self.engine.clone();
        let job = move || {
            // A caller that is gone costs nothing more.
            if !answer.is_canceled() {
                drop(answer.send(guarded(&engine, read)));
            }
        };
        match self.jobs.put(Box::new(job)) {
            Ok(()) => answered.map(|answer| answer.unwrap_or_else(|_| Err(closed()))).boxed(),
            Err(NotQueued::Full) => {
                ready(Err(ReadError::Busy("too many reads wait for the disk".into()))).boxed()
            }
            Err(NotQueued::Closed) => ready(Err(closed())).boxed(),
        }
    }
}

fn closed() -> ReadError {
    ReadError::Busy("the store is closed".into())
}

/// Reads on this thread, unless the store has stopped. The engine panics on some damaged files; that is an answer too.
pub(crate) fn guarded<T>(
    engine: &Engine,
    read: impl FnOnce(&Engine) -> Result<T, Failure>,
) -> Result<T, ReadError> {
    if let Some(text) = engine.halted() {
        return Err(ReadError::Busy(text.into()));
    }
    let outcome = catch_unwind(AssertUnwindSafe(|| read(engine)));
    let folder = engine.folder().display();
    let panicked = |_| {
        Failure::Corrupt(format!(
            "a file below {folder} can't be read, see the log; restore the folder from a copy"
        ))
    };
    Ok(outcome.map_err(panicked).flatten()?)
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.jobs.close();
        for thread in self.threads.drain(..) {
            // A read can't end its thread: panics are answers.
            drop(thread.join());
        }
    }
}
