//! Versions of workers: which of them polls for what, and where a task goes.
//!
//! To clients a task queue is one. Behind it there is one [`Queue`] for the workers of each version and one for those
//! without a version; a poll enters the one of its worker, and a task the one that the routing of the queue leads it
//! to. When the routing changes, the tasks that wait move along, so that no worker of an old version is needed for
//! them.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    deployment::{QueueRoute, VersionName},
    ids::NamespaceId,
};
use longhaul_proto::api::{deployment::v1::WorkerDeploymentOptions, taskqueue::v1::TaskQueueVersioningInfo};
use longhaul_runtime::peers::{AddTask, Caller, PeerError, QueueRoutes, RegisterWorker, TaskKind};
use parking_lot::RwLock;

use crate::{
    Matching,
    builds::Wanted,
    queue::{QueueKey, Workers},
    sticky::caller_namespace,
    task::Task,
};

/// A queue as clients see it.
type Name = (NamespaceId, Arc<str>, TaskKind);

/// The routes of the queues that versions are known of.
#[derive(Default)]
pub(crate) struct Routing {
    known: RwLock<BTreeMap<Name, Arc<QueueRoute>>>,
}

impl Routing {
    /// The route of a queue.
    pub(crate) fn of(&self, key: &QueueKey) -> Option<Arc<QueueRoute>> {
        let known = self.known.read();
        if known.is_empty() || key.sticky {
            return None;
        }
        known.get(&(key.namespace, key.name.clone(), key.kind)).cloned()
    }
}

impl Matching {
    /// The queue behind `key` for a task of this workflow, which may be bound to workers of one version; where
    /// deployments have no say, the build that it wants decides.
    pub(crate) fn led(
        &self,
        key: QueueKey,
        workflow_id: &str,
        pinned: Option<VersionName>,
        ramps: bool,
        (run, wanted): (&str, &Wanted),
    ) -> QueueKey {
        let version = lead(self.routing.of(&key).as_deref(), &key, workflow_id, pinned, ramps)
            .map(Workers::Deployment)
            .or_else(|| self.led_by_build(&key, run, wanted));
        QueueKey { version, ..key }
    }

    /// As [`Self::led`], for a task that waits.
    pub(crate) fn led_waiting(&self, key: &QueueKey, task: &Task) -> QueueKey {
        let pinned = task.pinned.as_deref().cloned();
        let run = if task.wanted.is_new { task.run.to_string() } else { String::new() };
        self.led(key.clone(), &task.workflow_id, pinned, task.ramps, (&run, &task.wanted))
    }

    /// As [`Self::led`], for a task that is added.
    pub(crate) fn led_task(&self, key: QueueKey, add: &AddTask) -> QueueKey {
        let pinned = add.pinned.as_ref().map(VersionName::of);
        let wanted = Wanted::read(&add.build, add.is_new);
        self.led(key, &add.execution.workflow_id, pinned, add.ramps, (&add.execution.run_id, &wanted))
    }

    /// Makes a version known that polls a queue for the first time.
    ///
    /// # Errors
    /// Those of history, which may refuse a version too many.
    pub(crate) async fn register(&self, caller: &Caller, key: &QueueKey) -> Result<(), PeerError> {
        let Some(Workers::Deployment(version)) = &key.version else { return Ok(()) };
        if self.routing.of(key).is_some_and(|route| route.versions.contains(&**version)) {
            return Ok(());
        }
        let kind = match key.kind {
            TaskKind::Workflow => 1,
            TaskKind::Activity => 2,
            TaskKind::Nexus => 3,
        };
        let request = RegisterWorker { version: version.to_proto(), task_queue: key.name.to_string(), kind };
        self.history.ask(caller.clone(), request).await.map(|_| ())
    }

    /// Takes in a route, and moves the tasks that it leads elsewhere.
    pub(crate) fn take_route(&self, caller: &Caller, routes: QueueRoutes) {
        let Ok(kind) = TaskKind::try_from(routes.kind) else { return };
        let name: Name = (caller_namespace(caller), routes.task_queue.as_str().into(), kind);
        let key = QueueKey { namespace: name.0, name: name.1.clone(), kind, sticky: false, version: None };
        let is_known = !routes.versions.is_empty();
        let route = QueueRoute::read(&routes.info, &routes.versions);
        {
            let mut known = self.routing.known.write();
            if is_known {
                known.insert(name, Arc::new(route))
            } else {
                known.remove(&name)
            };
        }
        for (own, queue) in self.queues.variants(&key) {
            queue.sort_out(|task| {
                let led = self.led_waiting(&key, &task);
                if led == own {
                    return Some(task);
                }
                self.add_to(caller, led, task)
            });
        }
    }

    /// Adds a task to a queue, or gives it back if that can't be loaded.
    pub(crate) fn add_to(&self, caller: &Caller, key: QueueKey, task: Task) -> Option<Task> {
        match self.queues.load(caller, key) {
            Ok(queue) => {
                queue.add(task);
                None
            }
            Err(error) => {
                tracing::warn!(run = %task.run, %error, "task stays with workers of another version");
                Some(task)
            }
        }
    }

    /// What the description of a queue tells of its versions.
    pub(crate) fn versioning_info(&self, key: &QueueKey) -> TaskQueueVersioningInfo {
        self.routing.of(key).map_or_else(|| QueueRoute::default().info(), |route| route.info())
    }
}

/// The version whose workers are to have a task; `None` is those without a version.
fn lead(
    route: Option<&QueueRoute>,
    key: &QueueKey,
    workflow_id: &str,
    pinned: Option<VersionName>,
    ramps: bool,
) -> Option<Arc<VersionName>> {
    // The workers that have a run in their cache need no version: their queue is their own.
    if key.sticky {
        return None;
    }
    if let Some(version) = pinned {
        // An activity of a queue that the version does not have goes where that queue's routing leads it.
        let has_queue = route.is_some_and(|route| route.versions.contains(&version));
        if has_queue || key.kind == TaskKind::Workflow {
            return Some(Arc::new(version));
        }
    }
    route?.goal(workflow_id, ramps).version.clone().map(Arc::new)
}

/// The version that a poll is for.
pub(crate) fn of_poll(
    options: Option<&WorkerDeploymentOptions>,
    is_sticky: bool,
) -> Option<Arc<VersionName>> {
    if is_sticky {
        return None;
    }
    VersionName::of_worker(options).map(Arc::new)
}
