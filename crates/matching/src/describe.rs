//! What `DescribeTaskQueue` and `ListTaskQueuePartitions` tell of a queue.
// Deprecated fields are still what clients in use read and send.
#![allow(deprecated)]

use longhaul_kernel::{deployment::VersionName, task_queue::Config, time};
use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::{
            BuildIdTaskReachability, DescribeTaskQueueMode, RateLimitSource, TaskQueueKind, TaskQueueType,
        },
        taskqueue::v1 as wire,
        workflowservice::v1 as api,
    },
};
use longhaul_runtime::peers::{Caller, DescribeVersion, PeerError, TaskKind, VersionQueue};

use crate::{
    Matching,
    limiter::{Limiter, RateSource},
    queue::{Load, QueueKey, View, Workers},
    sticky::{caller_namespace, kind, wire_kind},
};

/// Task ids are told in blocks of this size.
const TASK_ID_BLOCK: u64 = 100_000;

/// Seconds between the wire's zero time (the year one) and the epoch.
const YEAR_ONE: i64 = -62_135_596_800;

/// Describes a queue, in the way that is asked for.
pub(crate) fn describe(
    matching: &Matching,
    caller: &Caller,
    request: &api::DescribeTaskQueueRequest,
) -> Result<api::DescribeTaskQueueResponse, Refusal> {
    if request.api_mode == DescribeTaskQueueMode::Enhanced as i32 {
        return Ok(by_version(matching, caller, request));
    }
    let is_sticky = request.task_queue.as_ref().is_some_and(|queue| queue.kind() == TaskQueueKind::Sticky);
    if is_sticky && request.report_stats {
        return Err(Refusal::invalid("DescribeTaskQueue stats are only supported for the root partition"));
    }
    let kind = kind(request.task_queue_type()).unwrap_or(TaskKind::Workflow);
    let view = look(matching, caller, request, kind);
    let mut answer = api::DescribeTaskQueueResponse {
        pollers: view.pollers.clone(),
        versioning_info: (!is_sticky).then(|| {
            let mut info = matching.versioning_info(&key(caller, request, kind));
            info.update_time.get_or_insert(prost_types::Timestamp { seconds: YEAR_ONE, nanos: 0 });
            info
        }),
        effective_rate_limit: Some(rate_limit(&view)),
        task_queue_status: request.include_task_queue_status.then(|| status(&view)),
        config: request.report_config.then(|| config(matching, caller, request)).flatten(),
        ..Default::default()
    };
    if request.report_stats {
        answer.stats = Some(stats(view.total(), view.is_rate_limited));
        answer.stats_by_priority_key = view
            .by_priority
            .iter()
            .map(|(priority, load)| (i32::from(priority.get()), stats(*load, view.is_rate_limited)))
            .collect();
    }
    Ok(answer)
}

/// Changes what is said of a queue, durably, and has the queue follow it.
pub(crate) async fn update_config(
    matching: &Matching,
    caller: &Caller,
    request: &api::UpdateTaskQueueConfigRequest,
) -> Result<api::UpdateTaskQueueConfigResponse, PeerError> {
    let namespace = caller_namespace(caller);
    let config = matching.configs.update(namespace, request, matching.now()).await?;
    if let Some(kind) = kind(request.task_queue_type()) {
        let key = QueueKey {
            namespace,
            name: request.task_queue.as_str().into(),
            kind,
            sticky: false,
            version: None,
        };
        for (_, queue) in matching.queues.variants(&key) {
            queue.configure(config.clone(), &matching.settings.at(key.place(&caller.namespace)));
        }
    }
    Ok(api::UpdateTaskQueueConfigResponse { config: Some(config.to_proto()) })
}

/// Names the one partition a queue has.
pub(crate) fn partitions(
    matching: &Matching,
    request: &api::ListTaskQueuePartitionsRequest,
) -> api::ListTaskQueuePartitionsResponse {
    let partition = wire::TaskQueuePartitionMetadata {
        key: request.task_queue.as_ref().map(|queue| queue.name.clone()).unwrap_or_default(),
        owner_host_name: matching.settings.general().owner_host_name.clone(),
    };
    api::ListTaskQueuePartitionsResponse {
        activity_task_queue_partitions: vec![partition.clone()],
        workflow_task_queue_partitions: vec![partition],
    }
}

/// The deprecated description by build id. Every task here is of the unversioned one, whose name is empty.
fn by_version(
    matching: &Matching,
    caller: &Caller,
    request: &api::DescribeTaskQueueRequest,
) -> api::DescribeTaskQueueResponse {
    let mut kinds: Vec<_> = request.task_queue_types().collect();
    if kinds.is_empty() {
        kinds = vec![TaskQueueType::Workflow, TaskQueueType::Activity];
    }
    let selection = request.versions.clone().unwrap_or_default();
    let wants_unversioned = selection.unversioned || selection.all_active || selection.build_ids.is_empty();
    let unversioned = wants_unversioned.then(String::new);
    let versions_info = selection
        .build_ids
        .into_iter()
        .chain(unversioned)
        .map(|build_id| {
            let info = version(matching, caller, request, &kinds, build_id.is_empty());
            (build_id, info)
        })
        .collect();
    api::DescribeTaskQueueResponse { versions_info, ..Default::default() }
}

fn version(
    matching: &Matching,
    caller: &Caller,
    request: &api::DescribeTaskQueueRequest,
    kinds: &[TaskQueueType],
    is_unversioned: bool,
) -> wire::TaskQueueVersionInfo {
    let types_info = kinds
        .iter()
        .map(|wire_kind| {
            let view = match kind(*wire_kind) {
                Some(kind) if is_unversioned => look(matching, caller, request, kind),
                _ => View::empty(0.0, RateSource::System),
            };
            let info = wire::TaskQueueTypeInfo {
                stats: request.report_stats.then(|| stats(view.total(), view.is_rate_limited)),
                pollers: if request.report_pollers { view.pollers } else { Vec::new() },
            };
            (*wire_kind as i32, info)
        })
        .collect();
    let reachability = match (request.report_task_reachability, is_unversioned) {
        (false, _) => BuildIdTaskReachability::Unspecified,
        (true, true) => BuildIdTaskReachability::Reachable,
        (true, false) => BuildIdTaskReachability::Unreachable,
    };
    wire::TaskQueueVersionInfo { types_info, task_reachability: reachability as i32 }
}

fn look(
    matching: &Matching,
    caller: &Caller,
    request: &api::DescribeTaskQueueRequest,
    kind: TaskKind,
) -> View {
    let views =
        matching.queues.variants(&key(caller, request, kind)).into_iter().map(|(_, queue)| queue.view());
    views.reduce(View::with).unwrap_or_else(|| {
        let name = request.task_queue.as_ref().map_or("", |queue| &queue.name);
        let config = matching.configs.of(caller_namespace(caller), name, wire_kind(kind) as i32);
        let rate_max = matching.settings.general().dispatch_rate_max;
        let limiter = Limiter::new(rate_max, config.queue_rate(), matching.now());
        View::empty(limiter.rate(), limiter.source())
    })
}

fn key(caller: &Caller, request: &api::DescribeTaskQueueRequest, kind: TaskKind) -> QueueKey {
    let queue = request.task_queue.clone().unwrap_or_default();
    QueueKey {
        namespace: caller_namespace(caller),
        sticky: queue.kind() == TaskQueueKind::Sticky,
        name: queue.name.into(),
        kind,
        version: None,
    }
}

/// The work of one version on a queue.
pub(crate) fn version_queue(matching: &Matching, caller: &Caller, request: &DescribeVersion) -> VersionQueue {
    let told = TaskQueueType::try_from(request.kind).unwrap_or_default();
    let key = QueueKey {
        namespace: caller_namespace(caller),
        name: request.task_queue.as_str().into(),
        kind: kind(told).unwrap_or(TaskKind::Workflow),
        sticky: false,
        version: Some(Workers::Deployment(VersionName::of(&request.version).into())),
    };
    let view = match matching.queues.find(&key) {
        Some(queue) => queue.view(),
        None => View::empty(0.0, RateSource::System),
    };
    let by_priority = view.by_priority.iter();
    VersionQueue {
        stats: stats(view.total(), view.is_rate_limited),
        stats_by_priority: by_priority
            .map(|(priority, load)| (i32::from(priority.get()), stats(*load, view.is_rate_limited)))
            .collect(),
        has_pollers: !view.pollers.is_empty(),
    }
}

/// What an operator said of the queue, if anything.
fn config(
    matching: &Matching,
    caller: &Caller,
    request: &api::DescribeTaskQueueRequest,
) -> Option<wire::TaskQueueConfig> {
    let name = &request.task_queue.as_ref()?.name;
    let config = matching.configs.of(caller_namespace(caller), name, request.task_queue_type);
    (*config != Config::default()).then(|| config.to_proto())
}

fn rate_limit(view: &View) -> api::describe_task_queue_response::EffectiveRateLimit {
    let source = match view.rate_source {
        RateSource::System => RateLimitSource::System,
        RateSource::Config => RateLimitSource::Api,
        RateSource::Worker => RateLimitSource::Worker,
    };
    api::describe_task_queue_response::EffectiveRateLimit {
        requests_per_second: view.rate as f32,
        rate_limit_source: source as i32,
    }
}

fn status(view: &View) -> wire::TaskQueueStatus {
    let backlog = view.total().count as u64;
    let start = view.added / TASK_ID_BLOCK * TASK_ID_BLOCK;
    let wire = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    wire::TaskQueueStatus {
        backlog_count_hint: wire(backlog),
        read_level: wire(view.added),
        ack_level: wire(view.added.saturating_sub(backlog)),
        rate_per_second: view.rate,
        task_id_block: Some(wire::TaskIdBlock {
            start_id: wire(start + 1),
            end_id: wire(start + TASK_ID_BLOCK),
        }),
    }
}

fn stats(load: Load, rate_limiting_active: bool) -> wire::TaskQueueStats {
    wire::TaskQueueStats {
        approximate_backlog_count: i64::try_from(load.count).unwrap_or(i64::MAX),
        approximate_backlog_age: Some(time::to_proto(load.age)),
        tasks_add_rate: load.flow.added,
        tasks_dispatch_rate: load.flow.dispatched,
        rate_limiting_active,
    }
}
