//! Calls about task queues.

use longhaul_kernel::task_queue;
use longhaul_proto::api::workflowservice::v1::{
    DescribeTaskQueueRequest, DescribeTaskQueueResponse, ListTaskQueuePartitionsRequest,
    ListTaskQueuePartitionsResponse, UpdateTaskQueueConfigRequest, UpdateTaskQueueConfigResponse,
};

use crate::{
    Frontend,
    asker::Asker,
    check,
    frontend::{Allow, Answered},
};

/// Answers `DescribeTaskQueue`.
pub(crate) async fn describe(
    frontend: &Frontend,
    asker: Asker,
    request: DescribeTaskQueueRequest,
) -> Answered<DescribeTaskQueueResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    // The names of partitions are legal here.
    check::any_task_queue(request.task_queue.as_ref(), frontend.id_bytes_max())?;
    frontend.matching(&asker, &namespace, request).await
}

/// Answers `ListTaskQueuePartitions`.
pub(crate) async fn list_partitions(
    frontend: &Frontend,
    asker: Asker,
    request: ListTaskQueuePartitionsRequest,
) -> Answered<ListTaskQueuePartitionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check::task_queue(request.task_queue.as_ref(), frontend.id_bytes_max())?;
    frontend.matching(&asker, &namespace, request).await
}

/// Answers `UpdateTaskQueueConfig`.
pub(crate) async fn update_config(
    frontend: &Frontend,
    asker: Asker,
    request: UpdateTaskQueueConfigRequest,
) -> Answered<UpdateTaskQueueConfigResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    task_queue::check(&request, frontend.id_bytes_max())?;
    frontend.matching(&asker, &namespace, request).await
}
