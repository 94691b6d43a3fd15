//! An execution whose invariants are broken.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, RunId},
    namespace::Namespace,
    time::Timestamp,
};
use longhaul_runtime::{Host, peers::PeerError};
use longhaul_store::{MemoryStore, Store, namespaces::Directory};

use crate::{
    History, Settings,
    cell::Target,
    duties::tests::{NAMESPACE, Sink},
};

async fn history() -> Arc<History> {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let at = Timestamp(Host::system().clock.now());
    let namespace = Namespace::built_in(NAMESPACE, "default", Duration::from_secs(3600), at);
    Directory::new(store.clone()).create(namespace).await.expect("a new namespace");
    owner(store).await
}

/// Takes over whatever is in the store.
async fn owner(store: Arc<dyn Store>) -> Arc<History> {
    let directory = Arc::new(Directory::new(store.clone()));
    History::start(Host::system(), store, directory, Arc::new(Sink), Settings::default())
        .await
        .expect("it takes over")
}

async fn breaks_alone() {
    let history = history().await;
    let (broken, whole) =
        (ExecutionKey::workflow(NAMESPACE, "broken"), ExecutionKey::workflow(NAMESPACE, "whole"));
    let shard = history.room().shard(&broken).expect("it is open");
    let run = Target::Run(RunId::from_bytes([1; 16]));
    let outcome: Result<(), PeerError> =
        shard.ask(broken.clone(), run, |_| panic!("an invariant is broken on purpose")).await;
    assert!(matches!(outcome, Err(PeerError::Corrupt(_))), "{outcome:?}");
    for key in [broken, whole] {
        let shard = history.room().shard(&key).expect("it is open");
        let answered = shard.ask(key, run, |_| Ok::<_, Refusal>(7)).await;
        assert_eq!(answered, Ok(7), "it goes on");
    }
}

#[test]
fn a_broken_invariant_harms_nobody_else() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(breaks_alone());
}

/// Asks an owner what rests on nothing but its memory.
async fn told(owner: &Arc<History>) -> Result<u8, PeerError> {
    let key = ExecutionKey::workflow(NAMESPACE, "asked");
    let shard = owner.room().shard(&key).expect("it is open");
    let run = Target::Run(RunId::from_bytes([1; 16]));
    shard.ask(key, run, |_| Ok::<_, Refusal>(7)).await
}

async fn is_silent() {
    let former = history().await;
    assert_eq!(told(&former).await, Ok(7));
    let owner = owner(former.room().store.clone()).await;
    assert_eq!(told(&owner).await, Ok(7));
    let outcome = told(&former).await;
    assert!(
        matches!(outcome, Err(PeerError::Lost(_))),
        "the other one may have written meanwhile: {outcome:?}"
    );
    assert_eq!(told(&owner).await, Ok(7));
}

#[test]
fn an_owner_that_was_replaced_tells_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(is_silent());
}
