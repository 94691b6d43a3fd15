//! A peer that is not there yet: `history` and `matching` refer to each other, so one of the two handles is given out
//! before there is anything behind it.

use std::sync::{Arc, OnceLock, Weak};

use futures_util::FutureExt;

use super::{
    AddTask, Answering, Caller, History, HistoryAnswer, HistoryCall, Matching, MatchingAnswer, MatchingCall,
    PeerError, Reserved,
};

/// A handle that is bound once and does not keep what is behind it alive, so that two rooms that refer to each other
/// can end. Calls before it is bound and after the end are answered with `Busy`.
pub struct Late<T: ?Sized> {
    bound: OnceLock<Weak<T>>,
}

impl<T: ?Sized> Default for Late<T> {
    fn default() -> Self {
        Self { bound: OnceLock::new() }
    }
}

impl<T: ?Sized> Late<T> {
    /// Puts `peer` behind the handle; a second call changes nothing.
    pub fn bind(&self, peer: &Arc<T>) {
        let _ = self.bound.set(Arc::downgrade(peer));
    }

    /// What is behind the handle.
    fn peer(&self) -> Result<Arc<T>, PeerError> {
        let bound = self.bound.get().ok_or_else(|| PeerError::Busy("peer is starting".into()))?;
        bound.upgrade().ok_or_else(|| PeerError::Busy("peer has ended".into()))
    }
}

impl History for Late<dyn History> {
    fn call(&self, caller: Caller, call: HistoryCall) -> Answering<'_, HistoryAnswer> {
        let peer = self.peer();
        async move { peer?.call(caller, call).await }.boxed()
    }
}

impl Matching for Late<dyn Matching> {
    fn call(&self, caller: Caller, call: MatchingCall) -> Answering<'_, MatchingAnswer> {
        let peer = self.peer();
        async move { peer?.call(caller, call).await }.boxed()
    }

    fn reserve(&self, caller: &Caller, task: &AddTask) -> Option<Reserved> {
        self.peer().ok()?.reserve(caller, task)
    }
}
