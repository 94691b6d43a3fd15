//! The promises of the contract as a suite that every backend runs: each case gets an empty store and panics with the
//! rule that was broken. Nothing here depends on a runtime: futures are driven by the calling thread.

mod commits;
mod documents;
mod durable;
mod fences;
mod history;
mod queries;
mod queues;
mod races;
pub mod sample;
mod shares;
mod visibility;

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use crate::Store;

/// A case: its name and what it does with an empty store.
pub type Case = (&'static str, fn(&Arc<dyn Store>));

/// Runs every case that needs nothing but an empty store; `make` gives a fresh one at each call.
pub fn run_all(make: impl Fn() -> Arc<dyn Store>) {
    let cases = [
        commits::CASES,
        fences::CASES,
        history::CASES,
        shares::CASES,
        queues::CASES,
        visibility::CASES,
        queries::CASES,
        documents::CASES,
        races::CASES,
    ];
    for (name, case) in cases.concat() {
        // The name of a broken rule comes before the panic that tells how it was broken.
        let told = Told(name);
        case(&make());
        drop(told);
    }
}

/// Runs the cases of a store that survives its process. `open` opens the same, initially empty place at each call; the
/// store opened before is dropped by then.
pub fn run_durable(open: impl Fn() -> Arc<dyn Store>) {
    let told = Told("what was acknowledged is there after reopening");
    durable::what_was_acknowledged_is_there_after_reopening(&open);
    drop(told);
}

struct Told(&'static str);

impl Drop for Told {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("conformance: broken rule: {}", self.0);
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future on this thread until it is ready.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
