//! A clock that can be set forward: for test servers, whose users do not want to wait for a timer of a month.
//!
//! Time is as it is until nobody holds a lock on it; then whoever knows what is to be waited for may set it forward.
//! Those who sleep until an instant of this clock wake up when it is reached, by waiting or by a jump.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::watch;

/// How far a clock is ahead, who holds it, and who waits for it.
#[derive(Debug)]
pub struct Skipper {
    ahead: AtomicI64,
    locks: watch::Sender<i64>,
    jumps: watch::Sender<u64>,
    /// Instants that clients sleep until, with how many do.
    awaited: Mutex<BTreeMap<i64, usize>>,
}

impl Skipper {
    /// A clock that is not ahead; `locks` hold it.
    pub(crate) fn new(locks: u32) -> Self {
        Self {
            ahead: AtomicI64::new(0),
            locks: watch::Sender::new(i64::from(locks)),
            jumps: watch::Sender::new(0),
            awaited: Mutex::default(),
        }
    }

    /// Nanoseconds by which it is ahead.
    pub(crate) fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::Relaxed)
    }

    /// Hears of every jump from now on.
    pub(crate) fn jumps(&self) -> watch::Receiver<u64> {
        self.jumps.subscribe()
    }

    /// Sets it forward, unless it is held.
    pub fn jump(&self, nanos: i64) -> bool {
        let locks = self.locks.borrow();
        if *locks > 0 || nanos <= 0 {
            return false;
        }
        self.ahead.fetch_add(nanos, Ordering::Relaxed);
        drop(locks);
        self.jumps.send_modify(|jumps| *jumps += 1);
        true
    }

    /// Holds it.
    pub fn lock(&self) {
        self.locks.send_modify(|locks| *locks += 1);
    }

    /// Lets it go once. Two who let it go at a time both have to hold it again before it is held.
    pub fn unlock(&self) {
        self.locks.send_modify(|locks| *locks -= 1);
    }

    /// Resolves when nobody holds it.
    pub async fn unlocked(&self) {
        // The sender lives as long as `self`.
        let _ = self.locks.subscribe().wait_for(|locks| *locks <= 0).await;
    }

    /// Says that a client sleeps until an instant of this clock, for as long as the answer is kept.
    pub fn await_until(&self, nanos: i64) -> Awaited<'_> {
        *self.awaited.lock().entry(nanos).or_default() += 1;
        Awaited { skipper: self, nanos }
    }

    /// The earliest instant that a client sleeps until.
    pub fn awaited(&self) -> Option<i64> {
        self.awaited.lock().first_key_value().map(|(nanos, _)| *nanos)
    }
}

/// A client that sleeps.
#[derive(Debug)]
pub struct Awaited<'a> {
    skipper: &'a Skipper,
    nanos: i64,
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        let mut awaited = self.skipper.awaited.lock();
        if let Some(count) = awaited.get_mut(&self.nanos) {
            *count -= 1;
            if *count == 0 {
                awaited.remove(&self.nanos);
            }
        }
    }
}
