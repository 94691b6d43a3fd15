//! Workers that shut down: their sticky queue is given up, and their polls go home.

use longhaul_proto::api::{enums::v1::TaskQueueType, workflowservice::v1 as api};
use longhaul_runtime::peers::{Caller, TaskKind};

use crate::{queue::QueueKey, queues::Queues};

/// Forgets a worker. The next task for its sticky queue is refused at once. If the request names a task queue, every
/// poll of its namespace that carries its instance key returns empty, whatever queue it is on.
pub(crate) fn shut_down(queues: &Queues, caller: &Caller, request: &api::ShutdownWorkerRequest) {
    if !request.sticky_task_queue.is_empty() {
        let key = QueueKey {
            namespace: caller_namespace(caller),
            name: request.sticky_task_queue.as_str().into(),
            kind: TaskKind::Workflow,
            sticky: true,
            version: None,
        };
        if let Some(queue) = queues.find(&key) {
            queue.forget_pollers();
        }
    }
    if request.worker_instance_key.is_empty() || request.task_queue.is_empty() {
        return;
    }
    // Remembered first: a poll that joins a queue behind this one's closing finds its worker gone.
    let (namespace, now) = (caller_namespace(caller), queues.now());
    queues.departed.note(namespace, &request.worker_instance_key, now);
    for queue in queues.of_namespace(caller) {
        queue.close_polls(&request.worker_instance_key);
    }
}

/// The caller's namespace.
pub(crate) const fn caller_namespace(caller: &Caller) -> longhaul_kernel::ids::NamespaceId {
    longhaul_kernel::ids::NamespaceId::from_bytes(caller.namespace_id)
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

/// What the API calls a kind of queue.
pub(crate) const fn wire_kind(kind: TaskKind) -> TaskQueueType {
    match kind {
        TaskKind::Workflow => TaskQueueType::Workflow,
        TaskKind::Activity => TaskQueueType::Activity,
        TaskKind::Nexus => TaskQueueType::Nexus,
    }
}
