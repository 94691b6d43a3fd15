//! Where version sets and versioning rules lead tasks and polls.
//!
//! What is said of a queue's versions is one value of the kernel; here it is looked up, and the queue behind the one
//! that clients see is named by it. When it changes, the tasks that wait move along, and the polls of a set that is no
//! more go home, to come back to where their worker belongs now.

use std::sync::Arc;

use longhaul_kernel::{ids::NamespaceId, task_queue::Led};
use longhaul_proto::{
    Refusal,
    api::{common::v1::WorkerVersionCapabilities, taskqueue::v1::TaskQueue},
};
use longhaul_runtime::peers::{AddTask, Caller, TaskKind};

use crate::{
    Matching,
    queue::{QueueKey, Workers},
    sticky::caller_namespace,
    task::Task,
};

/// The build whose workers a task is for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wanted {
    /// A certain build, or what goes on with its work.
    pub(crate) build: Option<Arc<str>>,
    /// What the queue has for new work.
    pub(crate) is_new: bool,
}

impl Wanted {
    /// New work.
    pub(crate) const NEW: Self = Self { build: None, is_new: true };

    /// Reads the wire form.
    pub(crate) fn read(build: &str, is_new: bool) -> Self {
        Self { build: (!build.is_empty()).then(|| build.into()), is_new }
    }
}

impl From<Led> for Workers {
    fn from(led: Led) -> Self {
        match led {
            Led::Set(set) => Self::Set(set.into()),
            Led::Build(build) => Self::Build(build.into()),
        }
    }
}

impl Matching {
    /// The workers of a build or a set that a task goes to; `None` is those without a version.
    pub(crate) fn led_by_build(&self, key: &QueueKey, run: &str, wanted: &Wanted) -> Option<Workers> {
        if key.sticky {
            return None;
        }
        if let Some(build) = &wanted.build {
            let versions = self.configs.versioned(key.namespace, &key.name);
            let led = versions.map_or_else(|| Led::Build(build.to_string()), |versions| versions.lead(build));
            return Some(led.into());
        }
        if !wanted.is_new {
            return None;
        }
        self.configs.versioned(key.namespace, &key.name)?.lead_new(run).map(Workers::from)
    }

    /// Whether a task is not for the worker on whose own queue it is, because another build goes on with its work.
    pub(crate) fn is_for_newer(&self, namespace: NamespaceId, add: &AddTask) -> bool {
        add.sticky
            && !add.normal_queue.is_empty()
            && self
                .configs
                .versioned(namespace, &add.normal_queue)
                .is_some_and(|versions| versions.newer(&add.build).is_some())
    }

    /// The workers of a build or a set that a poll is of.
    ///
    /// # Errors
    /// `NewerBuildExists`.
    pub(crate) fn of_build(
        &self,
        namespace: NamespaceId,
        queue: &TaskQueue,
        worker: Option<&WorkerVersionCapabilities>,
        is_sticky: bool,
    ) -> Result<Option<Workers>, Refusal> {
        let Some(worker) = worker.filter(|worker| worker.use_versioning) else { return Ok(None) };
        let name = if is_sticky { &queue.normal_name } else { &queue.name };
        let led = match self.configs.versioned(namespace, name) {
            Some(versions) => versions.lead_poll(&worker.build_id)?,
            None => Led::Build(worker.build_id.clone()),
        };
        Ok((!is_sticky).then(|| led.into()))
    }

    /// Whether runs are not told the build of a worker: those of a set are known by their completions, and who has a run
    /// in its cache by its queue.
    pub(crate) fn hides_build(
        &self,
        caller: &Caller,
        queue: Option<&TaskQueue>,
        worker: Option<&WorkerVersionCapabilities>,
        is_sticky: bool,
    ) -> bool {
        let (Some(queue), Some(worker)) = (queue, worker.filter(|worker| worker.use_versioning)) else {
            return false;
        };
        let versions = || self.configs.versioned(caller_namespace(caller), &queue.name);
        is_sticky || versions().is_some_and(|versions| versions.sets.knows(&worker.build_id))
    }

    /// Moves what waits on a queue to where it belongs since what is said of its versions has changed.
    pub(crate) fn sort_out_builds(&self, caller: &Caller, name: &str) {
        for kind in [TaskKind::Workflow, TaskKind::Activity, TaskKind::Nexus] {
            let namespace = caller_namespace(caller);
            let key = QueueKey { namespace, name: name.into(), kind, sticky: false, version: None };
            for (own, queue) in self.queues.variants(&key) {
                let was = own.version.clone();
                queue.sort_out(|task| {
                    let led = self.led_anew(&key, was.as_ref(), &task);
                    if led == own { Some(task) } else { self.add_to(caller, led, task) }
                });
                if let Some(Workers::Set(set)) = &was
                    && !self.has_set(namespace, name, set)
                {
                    queue.forget_pollers();
                }
            }
        }
    }

    fn has_set(&self, namespace: NamespaceId, name: &str, set: &str) -> bool {
        let versions = self.configs.versioned(namespace, name);
        versions.is_some_and(|versions| versions.sets.set_of(set) == Some(set))
    }

    /// Where a task that waits belongs now. One that was given to a build stays with it, as far as that is not
    /// redirected, though new work goes elsewhere.
    fn led_anew(&self, key: &QueueKey, was: Option<&Workers>, task: &Task) -> QueueKey {
        match was {
            Some(Workers::Build(build)) if task.wanted.is_new => {
                let wanted = Wanted { build: Some(build.clone()), is_new: false };
                QueueKey { version: self.led_by_build(key, "", &wanted), ..key.clone() }
            }
            Some(Workers::Deployment(_)) => QueueKey { version: was.cloned(), ..key.clone() },
            _ => self.led_waiting(key, task),
        }
    }
}
