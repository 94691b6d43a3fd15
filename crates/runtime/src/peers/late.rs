//! A peer that is not there yet: `history` and `matching` refer to each other, so one of the two handles is given out
//! before there is anything behind it.

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;

use super::{
    Answering, Caller, History, HistoryAnswer, HistoryCall, Matching, MatchingAnswer, MatchingCall, PeerError,
};

/// A handle that is bound once. Calls before that are answered with `Busy`.
pub struct Late<T: ?Sized> {
    bound: OnceLock<Arc<T>>,
}

impl<T: ?Sized> Default for Late<T> {
    fn default() -> Self {
        Self { bound: OnceLock::new() }
    }
}

impl<T: ?Sized> Late<T> {
    /// Puts `peer` behind the handle; a second call changes nothing.
    pub fn bind(&self, peer: Arc<T>) {
        let _ = self.bound.set(peer);
    }

    /// What is behind the handle.
    fn peer(&self) -> Result<&T, PeerError> {
        self.bound.get().map(|peer| &**peer).ok_or_else(|| PeerError::Busy("peer is starting".into()))
    }
}

impl History for Late<dyn History> {
    fn call(&self, caller: Caller, call: HistoryCall) -> Answering<'_, HistoryAnswer> {
        match self.peer() {
            Ok(peer) => peer.call(caller, call),
            Err(error) => std::future::ready(Err(error)).boxed(),
        }
    }
}

impl Matching for Late<dyn Matching> {
    fn call(&self, caller: Caller, call: MatchingCall) -> Answering<'_, MatchingAnswer> {
        match self.peer() {
            Ok(peer) => peer.call(caller, call),
            Err(error) => std::future::ready(Err(error)).boxed(),
        }
    }
}
