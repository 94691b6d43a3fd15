//! Which machine is behind which kind of execution: the one place in which a new machine is entered, beside its
//! executions in `shard`.

use std::sync::Arc;

use longhaul_kernel::{
    batch::Batch,
    ids::{Kind, RunKey},
    run::DutyId,
    schedule::Schedule,
};
use longhaul_store::OutboxId;

use crate::{duties, history::Room, hosted, shard::Shard, wakes};

/// Tells a run that time has passed.
pub async fn tick(room: &Arc<Room>, run: RunKey) {
    match run.execution.kind {
        Kind::Workflow => wakes::tick(room, run).await,
        Kind::Schedule => hosted::tick::<Schedule>(room, run).await,
        Kind::Batch => hosted::tick::<Batch>(room, run).await,
        Kind::Activity | Kind::NexusOperation | Kind::Deployment => unknown(&run),
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
        Kind::Activity | Kind::NexusOperation | Kind::Deployment => unknown(&run),
    }
}

/// A newer binary has written it; it is left for that one.
fn unknown(run: &RunKey) {
    tracing::error!(%run, kind = ?run.execution.kind, "this binary knows no machine of this kind");
}
