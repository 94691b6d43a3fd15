//! Version sets and versioning rules of task queues: kept with their configurations, changed by compare-and-set.
//!
//! No task is routed by them: workers of all build ids take the tasks of a queue.

use std::time::Duration;

use longhaul_kernel::{
    task_queue::{RuleLimits, SetLimits, Versions},
    time::Timestamp,
};
use longhaul_proto::Refusal;
use longhaul_runtime::peers::{Caller, PeerError, TaskKind, VersioningCall, VersioningTold};

use crate::{matching::Matching, queue::QueueKey, sticky::caller_namespace};

/// How long ago a worker may have polled that a build id is committed to.
const SEEN: Duration = Duration::from_secs(70);

/// How long a set that was the default may still be given new workflows.
const DEFAULT_AFTERWARDS: Duration = Duration::from_secs(300);

/// Changes what is said of the versions of a queue, if that is asked for, and tells what is said.
pub(crate) async fn versioning(
    matching: &Matching,
    caller: &Caller,
    call: &VersioningCall,
) -> Result<VersioningTold, PeerError> {
    let namespace = caller_namespace(caller);
    let now = matching.now();
    let versions = if call.sets.is_none() && call.rules.is_none() {
        matching.configs.versions(namespace, &call.task_queue)
    } else {
        let change = |versions: &Versions| changed(matching, caller, call, versions, now);
        let versions = matching.configs.change_versions(namespace, &call.task_queue, change).await?;
        matching.sort_out_builds(caller, &call.task_queue);
        versions
    };
    let since = now - DEFAULT_AFTERWARDS;
    Ok(VersioningTold {
        sets: versions.sets.to_proto(call.sets_told_max),
        assignment: versions.rules.assignment_rules(),
        redirect: versions.rules.redirect_rules(),
        token: versions.rules.token(),
        takes_new: call.builds.iter().map(|build| versions.sets.takes_new(build, since)).collect(),
        knows: call.builds.iter().map(|build| versions.sets.knows(build)).collect(),
        queues: match &call.queues_of {
            Some(build) => matching.configs.queues_of(namespace, build),
            None => Vec::new(),
        },
    })
}

/// What a change makes of the versions of a queue.
fn changed(
    matching: &Matching,
    caller: &Caller,
    call: &VersioningCall,
    versions: &Versions,
    now: Timestamp,
) -> Result<Versions, Refusal> {
    let most = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut versions = versions.clone();
    if let Some(request) = &call.sets {
        let limits = SetLimits { sets_max: most(call.sets_max), builds_max: most(call.builds_max) };
        let sets = versions.sets.updated(request, limits, now)?;
        if sets != versions.sets {
            versions.rules.touch(now);
        }
        versions.sets = sets;
    }
    if let Some(request) = &call.rules {
        let limits = RuleLimits {
            assignments_max: most(call.assignments_max),
            redirects_max: most(call.redirects_max),
            upstream_max: most(call.upstream_max),
        };
        let is_served = |build: &str| is_served(matching, caller, &call.task_queue, build, now);
        let rules = versions.rules.updated(request, limits, now, is_served)?;
        versions.check_members(request)?;
        versions.rules = rules;
    }
    Ok(versions)
}

/// Whether a worker of a build id has polled the queue of late.
#[allow(deprecated)]
fn is_served(matching: &Matching, caller: &Caller, task_queue: &str, build: &str, now: Timestamp) -> bool {
    [TaskKind::Workflow, TaskKind::Activity].into_iter().any(|kind| {
        let key = QueueKey {
            namespace: caller_namespace(caller),
            name: task_queue.into(),
            kind,
            sticky: false,
            version: None,
        };
        let queues = matching.queues.variants(&key);
        let mut pollers = queues.iter().flat_map(|(_, queue)| queue.view().pollers);
        pollers.any(|poller| {
            let seen = poller.last_access_time.as_ref().map(Timestamp::from_proto);
            let versioned = poller.worker_version_capabilities.as_ref();
            versioned.is_some_and(|worker| worker.use_versioning && worker.build_id == build)
                && seen.is_some_and(|seen| now.since(seen) < SEEN)
        })
    })
}
