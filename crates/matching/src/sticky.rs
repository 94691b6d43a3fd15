//! Workers that shut down: their sticky queue is given up, and their polls go home.

use longhaul_proto::api::{enums::v1::TaskQueueType, workflowservice::v1 as api};
use longhaul_runtime::peers::{Caller, TaskKind};

use crate::{queue::QueueKey, queues::Queues};

/// Forgets a worker. The next task for its sticky queue is refused at once, and polls that carry its instance key
/// return empty.
pub(crate) fn shut_down(queues: &Queues, caller: &Caller, request: &api::ShutdownWorkerRequest) {
    if !request.sticky_task_queue.is_empty() {
        let key = QueueKey {
            namespace: caller_namespace(caller),
            name: request.sticky_task_queue.as_str().into(),
            kind: TaskKind::Workflow,
            sticky: true,
        };
        if let Some(queue) = queues.find(&key) {
            queue.forget_pollers();
        }
    }
    if request.worker_instance_key.is_empty() {
        return;
    }
    if request.task_queue.is_empty() {
        for queue in queues.of_namespace(caller) {
            queue.close_polls(&request.worker_instance_key);
        }
        return;
    }
    for kind in kinds(request) {
        let name = request.task_queue.as_str().into();
        let key = QueueKey { namespace: caller_namespace(caller), name, kind, sticky: false };
        if let Some(queue) = queues.find(&key) {
            queue.close_polls(&request.worker_instance_key);
        }
    }
}

/// The caller's namespace.
pub(crate) const fn caller_namespace(caller: &Caller) -> longhaul_kernel::ids::NamespaceId {
    longhaul_kernel::ids::NamespaceId::from_bytes(caller.namespace_id)
}

/// Kinds of queues the worker polls; all if it does not say.
fn kinds(request: &api::ShutdownWorkerRequest) -> Vec<TaskKind> {
    let said: Vec<_> = request.task_queue_types().filter_map(kind).collect();
    if said.is_empty() { vec![TaskKind::Workflow, TaskKind::Activity] } else { said }
}

/// The kind of queue that the API calls `wire`.
pub(crate) const fn kind(wire: TaskQueueType) -> Option<TaskKind> {
    match wire {
        TaskQueueType::Unspecified => None,
        TaskQueueType::Workflow => Some(TaskKind::Workflow),
        TaskQueueType::Activity => Some(TaskKind::Activity),
        TaskQueueType::Nexus => Some(TaskKind::Nexus),
    }
}
