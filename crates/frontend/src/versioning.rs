//! The two older forms of worker versioning, version sets and versioning rules. Both are off unless an operator turns them
//! on, and refused then as on the reference.

use std::sync::Arc;

use longhaul_kernel::{
    ids::Kind,
    namespace::Namespace,
    task_queue::{check_version_sets, check_versioning_rules},
    visibility::Query,
};
use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::TaskReachability,
        taskqueue::v1::{BuildIdReachability, TaskQueue, TaskQueueReachability},
        workflowservice::v1::{
            GetWorkerBuildIdCompatibilityRequest, GetWorkerBuildIdCompatibilityResponse,
            GetWorkerTaskReachabilityRequest, GetWorkerTaskReachabilityResponse,
            GetWorkerVersioningRulesRequest, GetWorkerVersioningRulesResponse,
            UpdateWorkerBuildIdCompatibilityRequest, UpdateWorkerBuildIdCompatibilityResponse,
            UpdateWorkerVersioningRulesRequest, UpdateWorkerVersioningRulesResponse,
        },
    },
};
use longhaul_runtime::peers::VersioningCall;

use crate::{
    Frontend, Settings,
    asker::Asker,
    check,
    frontend::{Allow, Answered, reading},
};

/// Answers `UpdateWorkerBuildIdCompatibility`.
pub(crate) async fn update_sets(
    frontend: &Frontend,
    asker: Asker,
    request: UpdateWorkerBuildIdCompatibilityRequest,
) -> Answered<UpdateWorkerBuildIdCompatibilityResponse> {
    let (namespace, settings) = with_sets(frontend, &request.namespace).await?;
    check_version_sets(&request, settings.limits.build_id_bytes_max)?;
    check_queue(frontend, &request.task_queue)?;
    let wire = |limit: usize| u64::try_from(limit).unwrap_or(u64::MAX);
    let call = VersioningCall {
        task_queue: request.task_queue.clone(),
        sets_max: wire(settings.version_sets_max),
        builds_max: wire(settings.version_set_builds_max),
        sets: Some(request),
        ..VersioningCall::default()
    };
    frontend.matching(&asker, &namespace, call).await?;
    Ok(UpdateWorkerBuildIdCompatibilityResponse {})
}

/// Answers `GetWorkerBuildIdCompatibility`.
pub(crate) async fn sets(
    frontend: &Frontend,
    asker: Asker,
    request: GetWorkerBuildIdCompatibilityRequest,
) -> Answered<GetWorkerBuildIdCompatibilityResponse> {
    let (namespace, _) = with_sets(frontend, &request.namespace).await?;
    check_queue(frontend, &request.task_queue)?;
    let call = VersioningCall {
        task_queue: request.task_queue,
        sets_told_max: request.max_sets,
        ..VersioningCall::default()
    };
    let told = frontend.matching(&asker, &namespace, call).await?;
    Ok(GetWorkerBuildIdCompatibilityResponse { major_version_sets: told.sets })
}

/// Answers `UpdateWorkerVersioningRules`. An update that says nothing changes nothing.
pub(crate) async fn update_rules(
    frontend: &Frontend,
    asker: Asker,
    request: UpdateWorkerVersioningRulesRequest,
) -> Answered<UpdateWorkerVersioningRulesResponse> {
    let (namespace, settings) = with_rules(frontend, &request.namespace).await?;
    check_queue(frontend, &request.task_queue)?;
    check_versioning_rules(&request, settings.limits.build_id_bytes_max)?;
    let wire = |limit: usize| u64::try_from(limit).unwrap_or(u64::MAX);
    let call = VersioningCall {
        task_queue: request.task_queue.clone(),
        assignments_max: wire(settings.assignment_rules_max),
        redirects_max: wire(settings.redirect_rules_max),
        upstream_max: wire(settings.redirect_upstream_max),
        rules: Some(request),
        ..VersioningCall::default()
    };
    let told = frontend.matching(&asker, &namespace, call).await?;
    Ok(UpdateWorkerVersioningRulesResponse {
        assignment_rules: told.assignment,
        compatible_redirect_rules: told.redirect,
        conflict_token: told.token.into(),
    })
}

/// Answers `GetWorkerVersioningRules`.
pub(crate) async fn rules(
    frontend: &Frontend,
    asker: Asker,
    request: GetWorkerVersioningRulesRequest,
) -> Answered<GetWorkerVersioningRulesResponse> {
    let (namespace, _) = with_rules(frontend, &request.namespace).await?;
    check_queue(frontend, &request.task_queue)?;
    let call = VersioningCall { task_queue: request.task_queue, ..VersioningCall::default() };
    let told = frontend.matching(&asker, &namespace, call).await?;
    Ok(GetWorkerVersioningRulesResponse {
        assignment_rules: told.assignment,
        compatible_redirect_rules: told.redirect,
        conflict_token: told.token.into(),
    })
}

/// Answers `GetWorkerTaskReachability`.
pub(crate) async fn reachability(
    frontend: &Frontend,
    asker: Asker,
    request: GetWorkerTaskReachabilityRequest,
) -> Answered<GetWorkerTaskReachabilityResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let settings = frontend.settings(&namespace);
    if !settings.version_sets {
        return Err(denied(RULES_OFF).into());
    }
    check_reachability(&request, &settings)?;
    let mut left = settings.reachability_queues_max;
    let mut build_id_reachability = Vec::new();
    for build in &request.build_ids {
        let queues = if request.task_queues.is_empty() {
            let call = VersioningCall { queues_of: Some(build.clone()), ..VersioningCall::default() };
            frontend.matching(&asker, &namespace, call).await?.queues
        } else {
            request.task_queues.clone()
        };
        let mut task_queue_reachability = Vec::new();
        for task_queue in queues {
            let reachability = match left.checked_sub(1) {
                Some(fewer) => {
                    left = fewer;
                    reached(frontend, &asker, &namespace, &task_queue, build, request.reachability()).await?
                }
                // Whoever asks for so many is to ask for them one by one.
                None => vec![TaskReachability::Unspecified as i32],
            };
            task_queue_reachability.push(TaskQueueReachability { task_queue, reachability });
        }
        build_id_reachability.push(BuildIdReachability { build_id: build.clone(), task_queue_reachability });
    }
    Ok(GetWorkerTaskReachabilityResponse { build_id_reachability })
}

fn check_reachability(
    request: &GetWorkerTaskReachabilityRequest,
    settings: &Settings,
) -> Result<(), Refusal> {
    if request.build_ids.is_empty() {
        return Err(Refusal::invalid(
            "Must query at least one build ID (or empty string for unversioned worker)",
        ));
    }
    let most = settings.reachability_builds_max;
    if request.build_ids.len() > most {
        return Err(Refusal::invalid(format!("Too many build ids queried at once, limit: {most}")));
    }
    if request.build_ids.iter().any(String::is_empty) && request.task_queues.is_empty() {
        return Err(Refusal::invalid(
            "Cannot get reachability of an unversioned worker without specifying at least one task queue (empty \
             build ID is interpereted as unversioned)",
        ));
    }
    if request.build_ids.iter().any(|build| build.len() > settings.limits.build_id_bytes_max) {
        return Err(Refusal::invalid(
            "Build ID exceeds configured limit.workerBuildIdSize, use a shorter build ID.",
        ));
    }
    Ok(())
}

/// By which workflows workers of a build id may be reached on a queue.
async fn reached(
    frontend: &Frontend,
    asker: &Asker,
    namespace: &Namespace,
    task_queue: &str,
    build: &str,
    wanted: TaskReachability,
) -> Answered<Vec<i32>> {
    let call = VersioningCall {
        task_queue: task_queue.to_owned(),
        builds: vec![build.to_owned()],
        ..VersioningCall::default()
    };
    let told = frontend.matching(asker, namespace, call).await?;
    let mut reachability = Vec::new();
    if told.takes_new == [true] {
        reachability.push(TaskReachability::NewWorkflows as i32);
    }
    let is_known = build.is_empty() || told.knows == [true];
    if wanted == TaskReachability::NewWorkflows || !is_known {
        return Ok(reachability);
    }
    let (wanted, status) = match wanted {
        TaskReachability::OpenWorkflows => (wanted, " AND ExecutionStatus = 'Running'"),
        TaskReachability::ClosedWorkflows => (wanted, " AND ExecutionStatus != 'Running'"),
        _ => (TaskReachability::ExistingWorkflows, ""),
    };
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let builds = match build {
        "" => "(BuildIds IS NULL OR BuildIds = 'unversioned')".to_owned(),
        build => format!("BuildIds = {}", quoted(&format!("versioned:{build}"))),
    };
    let text = format!("TaskQueue = {} AND {builds}{status}", quoted(task_queue));
    let query = Arc::new(Query::parse(&text, &namespace.attributes())?);
    let counted = frontend.store.count(namespace.id, Kind::Workflow, query, None).await.map_err(reading)?;
    if counted.iter().any(|(_, count)| *count > 0) {
        reachability.push(wanted as i32);
    }
    Ok(reachability)
}

const SETS_OFF: &str =
    "Worker versioning v0.1 (Version Set-based, deprecated) is disabled on this namespace.";
const RULES_OFF: &str = "Worker versioning v0.2 (Rules-based, deprecated) is disabled on this namespace.";

async fn with_sets(frontend: &Frontend, namespace: &str) -> Answered<(Arc<Namespace>, Arc<Settings>)> {
    let namespace = frontend.namespace(namespace, Allow::Open).await?;
    let settings = frontend.settings(&namespace);
    if settings.version_sets { Ok((namespace, settings)) } else { Err(denied(SETS_OFF).into()) }
}

async fn with_rules(frontend: &Frontend, namespace: &str) -> Answered<(Arc<Namespace>, Arc<Settings>)> {
    let namespace = frontend.namespace(namespace, Allow::Open).await?;
    let settings = frontend.settings(&namespace);
    if settings.versioning_rules { Ok((namespace, settings)) } else { Err(denied(RULES_OFF).into()) }
}

fn denied(text: &str) -> Refusal {
    Refusal::PermissionDenied { message: text.into(), reason: String::new() }
}

fn check_queue(frontend: &Frontend, name: &str) -> Result<(), Refusal> {
    let queue = TaskQueue { name: name.to_owned(), ..TaskQueue::default() };
    check::task_queue(Some(&queue), frontend.id_bytes_max()).map(drop)
}
