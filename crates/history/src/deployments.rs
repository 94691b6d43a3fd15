//! Worker deployments in a shard: what they owe is paid here, and what they have become is made known.

use std::{fmt::Write as _, sync::Arc};

use longhaul_kernel::{
    Refusal,
    deployment::{Change, Deployment, Input, Look, VersionName},
    hosted::DutyName,
    ids::{ExecutionKey, Kind, NamespaceId, RunKey},
    visibility::Query,
};
use longhaul_runtime::peers::PeerError;

use crate::{
    cell::Target,
    events::read_error,
    executions::Executions,
    history::Room,
    hosted::{Cell, Lodged},
    routes,
    shard::Shard,
};

impl Lodged for Deployment {
    fn executions(shard: &Shard) -> &Executions<Cell<Self>> {
        &shard.deployments
    }

    async fn fulfil(room: &Arc<Room>, run: &RunKey, _: DutyName, duty: &Look) -> Result<Input, PeerError> {
        let namespace = run.execution.namespace;
        let context = room.contexts.of(namespace).await?;
        let build = duty.version.build.clone();
        let are_left = has_runs(room, namespace, &duty.version).await?;
        Ok(Input::Looked { build, are_left, refresh: context.limits.drainage_refresh })
    }

    fn remarks(&self, changes: &[Change]) -> Vec<String> {
        let remark = |change: &Change| match change {
            Change::VersionGone(build, by) if by.is_empty() => {
                Some(format!("version {build} has made way for a new one"))
            }
            _ => None,
        };
        changes.iter().filter_map(remark).collect()
    }

    fn settled(room: &Arc<Room>, key: &ExecutionKey, now: Option<&Self>) {
        routes::publish(room, key.namespace, &key.id, now.map(Self::published));
    }
}

/// Whether open runs are pinned to a version.
async fn has_runs(
    room: &Arc<Room>,
    namespace: NamespaceId,
    version: &VersionName,
) -> Result<bool, PeerError> {
    let context = room.contexts.of(namespace).await?;
    let mut quoted = String::new();
    for c in version.to_string().chars() {
        if matches!(c, '\'' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    let mut text =
        String::from("ExecutionStatus = 'Running' AND TemporalWorkflowVersioningBehavior = 'Pinned'");
    let _ = write!(text, " AND TemporalWorkerDeploymentVersion = '{quoted}'");
    let query = Query::parse(&text, &context.attributes)
        .map_err(|refusal| PeerError::Corrupt(format!("own query is refused: {refusal:?}")))?;
    let counted = room.store.count(namespace, Kind::Workflow, Arc::new(query), None);
    let counts = counted.await.map_err(read_error)?;
    Ok(counts.iter().any(|(_, count)| *count > 0))
}

/// A run was bound to a version from outside: the version is watched again, if nothing was expected of it.
///
/// # Errors
/// Whatever passes.
pub async fn bound(room: &Arc<Room>, namespace: NamespaceId, version: &VersionName) -> Result<(), PeerError> {
    if !room.routes.of(namespace).knows(&version.deployment) {
        return Ok(());
    }
    let context = room.contexts.of(namespace).await?;
    let grace = context.limits.drainage_grace;
    let key = ExecutionKey { namespace, kind: Kind::Deployment, id: version.deployment.as_str().into() };
    let shard = room.shard(&key)?;
    let build = version.build.clone();
    let told = shard
        .deployments
        .ask(&shard, key, Target::Current, move |turn| turn.step(Input::Bound { build, grace }).map(|_| ()))
        .await;
    match told {
        // It is gone, and nothing can be expected of it.
        Err(PeerError::Refused(refusal)) if matches!(*refusal, Refusal::NotFound(_)) => Ok(()),
        told => told,
    }
}
