//! Calls about worker deployments. What a deployment can't know by itself (who polls, where work waits) is asked of
//! matching before.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    context::Context,
    deployment::{
        Deployment, Input, QueueName, Ramping, Reply, SetCurrent, SetRamping, Version, VersionName,
        changed_groups, check_compute, name::old_form,
    },
    ids::{ExecutionKey, Kind, NamespaceId},
};
use longhaul_proto::{
    ExhaustedCause, ExhaustedScope,
    api::{
        compute::v1::ComputeConfig,
        deployment::v1::{VersionMetadata, WorkerDeploymentVersion},
        workflowservice::v1 as api,
    },
};
use longhaul_runtime::peers::{Caller, DescribeVersion, PeerError, RegisterWorker, VersionQueue};

use crate::{
    cell::{Target, Turn},
    history::Room,
    hosted::Cell,
};

type Moment<'a> = Turn<'a, Cell<Deployment>>;

/// Workers of a version poll a queue: the deployment, the version and the queue come to be known.
///
/// # Errors
/// `ResourceExhausted` if there are too many of any of them.
pub async fn register(room: &Arc<Room>, caller: &Caller, request: RegisterWorker) -> Result<(), PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let context = room.contexts.of(namespace).await?;
    let VersionName { deployment, build } = VersionName::of(&request.version);
    let idle = idle(room, caller, &context, &deployment, &build).await?;
    let full = is_full(room, &context, namespace);
    let limits = context.limits.clone();
    ask(room, namespace, &deployment.clone(), move |turn| {
        begin_if_absent(turn, &deployment, full)?;
        turn.step(Input::Seen {
            build,
            queue: QueueName { name: request.task_queue, kind: request.kind },
            versions_max: limits.deployment_versions_max,
            queues_max: limits.version_queues_max,
            idle,
        })
        .map(|_| ())
    })
    .await
}

/// Makes a deployment. The same request id finds the same deployment.
///
/// # Errors
/// `AlreadyExists`.
pub async fn create(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::CreateWorkerDeploymentRequest,
) -> Result<api::CreateWorkerDeploymentResponse, PeerError> {
    let context = room.contexts.of(namespace).await?;
    let full = is_full(room, &context, namespace);
    let name = request.deployment_name.clone();
    let token = ask(room, namespace, &name, move |turn| {
        if let Some(known) = turn.machine() {
            if !request.request_id.is_empty() && known.request_id == request.request_id {
                return Ok(known.conflict_token());
            }
            let name = &request.deployment_name;
            return Err(Refusal::AlreadyExists(format!(
                "Worker Deployment with name \"{name}\" already exists"
            )));
        }
        full.map_or(Ok(()), |full| Err(too_many(full)))?;
        let deployment = Deployment::new(
            namespace,
            &request.deployment_name,
            &request.request_id,
            &request.identity,
            turn.at,
            &mut turn.draw,
        );
        let token = deployment.conflict_token();
        turn.begin(deployment);
        Ok(token)
    })
    .await?;
    Ok(api::CreateWorkerDeploymentResponse { conflict_token: token.into() })
}

/// Makes a version whose workers have yet to come.
///
/// # Errors
/// `NotFound` without a deployment, `AlreadyExists`.
pub async fn create_version(
    room: &Arc<Room>,
    caller: &Caller,
    request: api::CreateWorkerDeploymentVersionRequest,
) -> Result<(), PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let context = room.contexts.of(namespace).await?;
    let VersionName { deployment, build } = VersionName::of(&request.deployment_version.unwrap_or_default());
    let idle = idle(room, caller, &context, &deployment, &build).await?;
    let versions_max = context.limits.deployment_versions_max;
    ask(room, namespace, &deployment, move |turn| {
        found(turn)?;
        turn.step(Input::CreateVersion {
            build,
            request_id: request.request_id,
            by: request.identity,
            compute: request.compute_config,
            versions_max,
            idle,
        })
        .map(|_| ())
    })
    .await
}

/// Describes a deployment.
///
/// # Errors
/// `NotFound`.
pub async fn describe(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::DescribeWorkerDeploymentRequest,
) -> Result<api::DescribeWorkerDeploymentResponse, PeerError> {
    ask(room, namespace, &request.deployment_name, |turn| Ok(found(turn)?.describe())).await
}

/// Describes a version, with the work on its queues if that is asked for.
///
/// # Errors
/// `NotFound`.
pub async fn describe_version(
    room: &Arc<Room>,
    caller: &Caller,
    request: api::DescribeWorkerDeploymentVersionRequest,
) -> Result<api::DescribeWorkerDeploymentVersionResponse, PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let version = request.deployment_version.unwrap_or_default();
    let build = version.build_id.clone();
    let mut answer = ask(room, namespace, &version.deployment_name, move |turn| {
        let unknown = || Refusal::not_found("Worker Deployment Version not found");
        turn.machine().ok_or_else(unknown)?.describe_version(&build)
    })
    .await?;
    if request.report_task_queue_stats {
        for queue in &mut answer.version_task_queues {
            let name = QueueName { name: queue.name.clone(), kind: queue.r#type };
            let work = work(room, caller, &name, &version).await?;
            queue.stats = Some(work.stats);
            queue.stats_by_priority_key = work.stats_by_priority.into_iter().collect();
        }
    }
    Ok(answer)
}

/// Sets the current version.
///
/// # Errors
/// `NotFound`, or why the deployment refuses.
#[allow(deprecated)]
pub async fn set_current(
    room: &Arc<Room>,
    caller: &Caller,
    request: api::SetWorkerDeploymentCurrentVersionRequest,
) -> Result<api::SetWorkerDeploymentCurrentVersionResponse, PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let context = room.contexts.of(namespace).await?;
    let build = (!request.build_id.is_empty()).then_some(request.build_id);
    let busy = match &build {
        Some(build) if !request.ignore_missing_task_queues => {
            busy(room, caller, &request.deployment_name, build).await?
        }
        _ => Vec::new(),
    };
    let full = is_full(room, &context, namespace);
    let name = request.deployment_name;
    let wish = SetCurrent {
        build,
        by: request.identity,
        token: request.conflict_token.to_vec(),
        makes: request.allow_no_pollers,
        busy,
        grace: context.limits.drainage_grace,
    };
    let (before, token) = ask(room, namespace, &name.clone(), move |turn| {
        make_if_wished(turn, &name, wish.makes && wish.build.is_some(), full)?;
        let reply = turn.step(Input::SetCurrent(Box::new(wish)))?;
        let deployment = found(turn)?;
        let before = match reply {
            Some(Reply::Current(before)) => before.map(|build| deployment.version_name(&build)),
            _ => None,
        };
        Ok((before, deployment.conflict_token()))
    })
    .await?;
    Ok(api::SetWorkerDeploymentCurrentVersionResponse {
        conflict_token: token.into(),
        previous_version: old_form(before.as_ref()),
        previous_deployment_version: before.as_ref().map(VersionName::to_proto),
    })
}

/// Sets or ends the ramp.
///
/// # Errors
/// `NotFound`, or why the deployment refuses.
#[allow(deprecated)]
pub async fn set_ramping(
    room: &Arc<Room>,
    caller: &Caller,
    request: api::SetWorkerDeploymentRampingVersionRequest,
) -> Result<api::SetWorkerDeploymentRampingVersionResponse, PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let context = room.contexts.of(namespace).await?;
    let build = (!request.build_id.is_empty()).then_some(request.build_id);
    let busy = match &build {
        Some(build) if !request.ignore_missing_task_queues => {
            busy(room, caller, &request.deployment_name, build).await?
        }
        _ => Vec::new(),
    };
    let full = is_full(room, &context, namespace);
    let name = request.deployment_name;
    // Without a version and a share the ramp ends.
    let ends = build.is_none() && request.percentage == 0.0;
    let wish = SetRamping {
        ramping: (!ends).then_some(Ramping { build, percentage: request.percentage }),
        by: request.identity,
        token: request.conflict_token.to_vec(),
        makes: request.allow_no_pollers,
        busy,
        grace: context.limits.drainage_grace,
    };
    let (before, token) = ask(room, namespace, &name.clone(), move |turn| {
        let names_build = wish.ramping.as_ref().is_some_and(|ramping| ramping.build.is_some());
        make_if_wished(turn, &name, wish.makes && names_build, full)?;
        let reply = turn.step(Input::SetRamping(Box::new(wish)))?;
        let deployment = found(turn)?;
        let before = match reply {
            Some(Reply::Ramping(before)) => before,
            _ => None,
        };
        let named = before
            .map(|ramping| (ramping.build.map(|build| deployment.version_name(&build)), ramping.percentage));
        Ok((named, deployment.conflict_token()))
    })
    .await?;
    Ok(api::SetWorkerDeploymentRampingVersionResponse {
        conflict_token: token.into(),
        previous_version: before.as_ref().map_or_else(String::new, |(name, _)| old_form(name.as_ref())),
        previous_percentage: before.as_ref().map_or(0.0, |(_, percentage)| *percentage),
        previous_deployment_version: before.and_then(|(name, _)| name).as_ref().map(VersionName::to_proto),
    })
}

/// Sets who alone may change a deployment.
///
/// # Errors
/// `NotFound`, or why the deployment refuses.
#[allow(deprecated)]
pub async fn set_manager(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::SetWorkerDeploymentManagerRequest,
) -> Result<api::SetWorkerDeploymentManagerResponse, PeerError> {
    use api::set_worker_deployment_manager_request::NewManagerIdentity;
    let manager = match request.new_manager_identity {
        Some(NewManagerIdentity::ManagerIdentity(manager)) => manager,
        Some(NewManagerIdentity::Self_(true)) => request.identity.clone(),
        Some(NewManagerIdentity::Self_(false)) | None => String::new(),
    };
    let input = Input::SetManager { manager, by: request.identity, token: request.conflict_token.to_vec() };
    let (before, token) = ask(room, namespace, &request.deployment_name, move |turn| {
        found_as_workflow(turn)?;
        let reply = turn.step(input)?;
        let token = found(turn)?.conflict_token();
        Ok(match reply {
            Some(Reply::Manager(before)) => (before, token),
            _ => (String::new(), token),
        })
    })
    .await?;
    Ok(api::SetWorkerDeploymentManagerResponse {
        conflict_token: token.into(),
        previous_manager_identity: before,
    })
}

/// Changes the notes on a version.
///
/// # Errors
/// `NotFound`.
pub async fn update_metadata(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::UpdateWorkerDeploymentVersionMetadataRequest,
) -> Result<api::UpdateWorkerDeploymentVersionMetadataResponse, PeerError> {
    let VersionName { deployment, build } = VersionName::of(&request.deployment_version.unwrap_or_default());
    let input = Input::UpdateMetadata {
        build,
        upserted: request.upsert_entries.into_iter().collect(),
        removed: request.remove_entries,
        by: request.identity,
    };
    let entries = ask(room, namespace, &deployment, move |turn| {
        let unknown = || Refusal::not_found("Worker Deployment Version not found");
        turn.machine().ok_or_else(unknown)?;
        match turn.step(input)? {
            Some(Reply::Metadata(entries)) => Ok(entries),
            _ => Ok(Default::default()),
        }
    })
    .await?;
    let metadata = VersionMetadata { entries: entries.into_iter().collect() };
    Ok(api::UpdateWorkerDeploymentVersionMetadataResponse { metadata: Some(metadata) })
}

/// Changes what starts the workers of a version.
///
/// # Errors
/// `NotFound`.
pub async fn update_compute(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::UpdateWorkerDeploymentVersionComputeConfigRequest,
) -> Result<(), PeerError> {
    let VersionName { deployment, build } = VersionName::of(&request.deployment_version.unwrap_or_default());
    ask(room, namespace, &deployment, move |turn| {
        let Some(deployment) = turn.machine() else {
            let name = &turn.key.id;
            let text = format!("build ID '{build}' not found in Worker Deployment '{name}'");
            return Err(Refusal::not_found(text));
        };
        let version = deployment.versions.get(&build);
        if version.is_some() {
            let groups = changed_groups(
                &request.compute_config_scaling_groups,
                &request.remove_compute_config_scaling_groups,
            );
            check_compute(groups.iter().map(|(name, group)| (*name, group)))?;
        }
        let known = version.and_then(|version| version.compute.as_ref());
        let mut compute: ComputeConfig = known.map(|compute| compute.0.clone()).unwrap_or_default();
        for name in &request.remove_compute_config_scaling_groups {
            compute.scaling_groups.remove(name);
        }
        turn.step(Input::SetCompute { build, compute: Some(compute), by: request.identity }).map(|_| ())
    })
    .await
}

/// Removes a version.
///
/// # Errors
/// `NotFound` without a deployment, or why the deployment refuses.
pub async fn delete_version(
    room: &Arc<Room>,
    caller: &Caller,
    request: api::DeleteWorkerDeploymentVersionRequest,
) -> Result<(), PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let version = request.deployment_version.unwrap_or_default();
    let has_pollers = has_pollers(room, caller, &version).await?;
    let input = Input::DeleteVersion {
        build: version.build_id.clone(),
        skip_drainage: request.skip_drainage,
        has_pollers,
        by: request.identity,
    };
    ask(room, namespace, &version.deployment_name, move |turn| {
        found_as_workflow(turn)?;
        turn.step(input).map(|_| ())
    })
    .await
}

/// Removes a deployment; one that does not exist is removed already.
///
/// # Errors
/// `FailedPrecondition` if it has versions.
pub async fn delete(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::DeleteWorkerDeploymentRequest,
) -> Result<(), PeerError> {
    ask(room, namespace, &request.deployment_name, |turn| turn.step(Input::Delete).map(|_| ())).await
}

/// Asks a deployment.
async fn ask<T: Send + 'static>(
    room: &Arc<Room>,
    namespace: NamespaceId,
    name: &str,
    work: impl FnOnce(&mut Moment<'_>) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, PeerError> {
    let key = ExecutionKey { namespace, kind: Kind::Deployment, id: name.into() };
    let shard = room.shard(&key)?;
    shard.deployments.ask(&shard, key, Target::Current, work).await
}

/// The deployment, if there is one.
fn found<'t>(turn: &'t Moment<'_>) -> Result<&'t Deployment, Refusal> {
    turn.machine().ok_or_else(|| {
        let name = &turn.key.id;
        Refusal::not_found(format!(
            "no Worker Deployment found with name '{name}'; does your Worker Deployment have pollers?"
        ))
    })
}

/// The same for calls that speak of the workflow behind a deployment, which it is on the reference.
fn found_as_workflow(turn: &Moment<'_>) -> Result<(), Refusal> {
    match turn.machine() {
        Some(_) => Ok(()),
        None => {
            let name = &turn.key.id;
            Err(Refusal::not_found(format!(
                "workflow not found for ID: temporal-sys-worker-deployment:{name}"
            )))
        }
    }
}

/// The number of deployments that a namespace may have, if it has as many.
fn is_full(room: &Room, context: &Context, namespace: NamespaceId) -> Option<usize> {
    let most = context.limits.deployments_max;
    (room.routes.of(namespace).deployments() >= most).then_some(most)
}

fn too_many(most: usize) -> Refusal {
    Refusal::ResourceExhausted {
        message: format!("reached maximum deployments in namespace ({most})"),
        cause: ExhaustedCause::WorkerDeploymentLimits,
        scope: ExhaustedScope::Namespace,
    }
}

/// Makes the deployment, if there is none.
fn begin_if_absent(turn: &mut Moment<'_>, name: &str, full: Option<usize>) -> Result<(), Refusal> {
    if turn.machine().is_some() {
        return Ok(());
    }
    full.map_or(Ok(()), |full| Err(too_many(full)))?;
    let deployment = Deployment::new(turn.key.namespace, name, "", "", turn.at, &mut turn.draw);
    turn.begin(deployment);
    Ok(())
}

fn make_if_wished(
    turn: &mut Moment<'_>,
    name: &str,
    makes: bool,
    full: Option<usize>,
) -> Result<(), Refusal> {
    if makes {
        return begin_if_absent(turn, name, full);
    }
    found(turn).map(|_| ())
}

/// The versions of a deployment that has as many as it may have, and of those the ones without workers: one of them
/// makes way for `build`.
async fn idle(
    room: &Arc<Room>,
    caller: &Caller,
    context: &Context,
    deployment: &str,
    build: &str,
) -> Result<Vec<String>, PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let (most, build) = (context.limits.deployment_versions_max, build.to_owned());
    let candidates = ask(room, namespace, deployment, move |turn| {
        let Some(deployment) = turn.machine() else { return Ok(Vec::new()) };
        if deployment.versions.len() < most || deployment.versions.contains_key(&build) {
            return Ok(Vec::new());
        }
        let unused = deployment.versions.iter().filter(|(_, version)| !version.is_active());
        Ok(unused.map(|(build, _)| deployment.version_name(build).to_proto()).collect::<Vec<_>>())
    })
    .await?;
    let mut idle = Vec::new();
    for version in candidates {
        if !has_pollers(room, caller, &version).await? {
            idle.push(version.build_id);
        }
    }
    Ok(idle)
}

/// Whether workers of a version have polled any of its queues lately.
async fn has_pollers(
    room: &Arc<Room>,
    caller: &Caller,
    version: &WorkerDeploymentVersion,
) -> Result<bool, PeerError> {
    for queue in queues(room, caller, version).await? {
        if work(room, caller, &queue, version).await?.has_pollers {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The queues of a version.
async fn queues(
    room: &Arc<Room>,
    caller: &Caller,
    version: &WorkerDeploymentVersion,
) -> Result<Vec<QueueName>, PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let build = version.build_id.clone();
    ask(room, namespace, &version.deployment_name, move |turn| {
        let version = turn.machine().and_then(|deployment| deployment.versions.get(&build));
        Ok(version.map_or_else(Vec::new, |version: &Version| version.queues.clone()))
    })
    .await
}

/// The queues of the current version that `build` does not have, and on which there is work.
async fn busy(
    room: &Arc<Room>,
    caller: &Caller,
    deployment: &str,
    build: &str,
) -> Result<Vec<QueueName>, PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    let next = build.to_owned();
    let (current, missing) = ask(room, namespace, deployment, move |turn| {
        let Some(deployment) = turn.machine() else { return Ok((None, Vec::new())) };
        let Some(current) = deployment.routing.current.as_ref() else { return Ok((None, Vec::new())) };
        let queues = |build: &String| deployment.versions.get(build).map(|version| version.queues.clone());
        let own = queues(&next).unwrap_or_default();
        let mut missing = queues(current).unwrap_or_default();
        missing.retain(|queue| !own.contains(queue));
        Ok((Some(deployment.version_name(current).to_proto()), missing))
    })
    .await?;
    let mut busy = Vec::new();
    for queue in missing {
        let Some(current) = &current else { break };
        let stats = work(room, caller, &queue, current).await?.stats;
        if stats.approximate_backlog_count > 0 || stats.tasks_add_rate > 0.0 {
            busy.push(queue);
        }
    }
    Ok(busy)
}

async fn work(
    room: &Arc<Room>,
    caller: &Caller,
    queue: &QueueName,
    version: &WorkerDeploymentVersion,
) -> Result<VersionQueue, PeerError> {
    let request =
        DescribeVersion { task_queue: queue.name.clone(), kind: queue.kind, version: version.clone() };
    room.matching.ask(caller.clone(), request).await
}
