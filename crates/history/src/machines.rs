//! Which machine is behind which kind of execution: the one place in which a new machine is entered, beside its
//! executions in `shard`.

use std::sync::Arc;

use longhaul_kernel::{
    activity::Execution,
    batch::Batch,
    deployment::Deployment,
    ids::{Kind, RunKey},
    operation::Operation,
    run::DutyId,
    schedule::Schedule,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::OutboxId;

use crate::{
    cell::{Target, Turn},
    duties,
    history::Room,
    hosted, remains,
    shard::Shard,
    wakes,
};

/// Tells a run that time has passed.
pub async fn tick(room: &Arc<Room>, run: RunKey) {
    match run.execution.kind {
        Kind::Workflow => wakes::tick(room, run).await,
        Kind::Schedule => hosted::tick::<Schedule>(room, run).await,
        Kind::Batch => hosted::tick::<Batch>(room, run).await,
        Kind::Deployment => hosted::tick::<Deployment>(room, run).await,
        Kind::NexusOperation => hosted::tick::<Operation>(room, run).await,
        Kind::Activity => hosted::tick::<Execution>(room, run).await,
    }
}

/// Fulfils a duty of which only the name is known; without a name, everything the run owes. Goes on until the run
/// could be asked.
pub async fn remember(shard: &Arc<Shard>, run: RunKey, only: Option<OutboxId>) {
    match run.execution.kind {
        Kind::Workflow => {
            let named = only.map(|id| DutyId::from_key(id.kind, id.event));
            if named != Some(None) {
                duties::remember(shard, run, named.flatten()).await;
            }
        }
        Kind::Schedule => hosted::remember::<Schedule>(shard, run, only).await,
        Kind::Batch => hosted::remember::<Batch>(shard, run, only).await,
        Kind::Deployment => hosted::remember::<Deployment>(shard, run, only).await,
        Kind::NexusOperation => hosted::remember::<Operation>(shard, run, only).await,
        Kind::Activity => hosted::remember::<Execution>(shard, run, only).await,
    }
}

/// Removes a run and everything of it, whatever it is doing: nobody may see it any more.
///
/// # Errors
/// Why it could not be removed; it is to be tried again.
pub async fn erase(room: &Arc<Room>, run: RunKey) -> Result<(), PeerError> {
    let shard = room.shard(&run.execution)?;
    match erase_whole(&shard, run.clone()).await {
        // Nothing of it has to be understood to be removed.
        Err(PeerError::Corrupt(_) | PeerError::Quarantined(_)) => remains::erase(&shard, run).await,
        outcome => outcome,
    }
}

async fn erase_whole(shard: &Arc<Shard>, run: RunKey) -> Result<(), PeerError> {
    let key = run.execution.clone();
    match key.kind {
        Kind::Workflow => {
            let erase = |turn: &mut Turn<'_>| {
                turn.target.into_iter().for_each(|id| turn.delete(id));
                Ok(())
            };
            shard.ask(key, Target::Run(run.run), erase).await
        }
        Kind::Schedule => hosted::erase::<Schedule>(shard, run).await,
        Kind::Batch => hosted::erase::<Batch>(shard, run).await,
        Kind::Deployment => hosted::erase::<Deployment>(shard, run).await,
        Kind::NexusOperation => hosted::erase::<Operation>(shard, run).await,
        Kind::Activity => hosted::erase::<Execution>(shard, run).await,
    }
}
