//! The calls the room answers, one file per group.

pub mod activity;
pub mod activity_execution;
pub mod activity_operator;
pub mod batch;
pub mod children;
pub mod control;
pub mod deployment;
pub mod describe;
pub mod multi;
pub mod operation;
pub mod page_token;
pub mod pause;
pub mod query;
pub mod reads;
pub mod reset;
mod runs;
pub mod schedule;
pub mod start;
mod task_end;
mod time_skipping;
pub mod update;
pub mod workflow_task;

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, NamespaceId, RunId},
};
use longhaul_proto::api::{common::v1::WorkflowExecution, workflowservice::v1 as api};
use longhaul_runtime::peers::{Answering, Caller, Done, HistoryAnswer as A, HistoryCall as C, PeerError};

use crate::{cell::Target, history::Room};

/// Answers a call. Those that make up nearly every load have a future of their own each: one for all calls is as large
/// as the largest needs, and is made, moved and cleared for every call.
pub fn answer(room: &Arc<Room>, caller: Caller, call: C) -> Answering<'_, A> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    match call {
        C::Start(request) => {
            Box::pin(async move { start::start(room, namespace, request).await.map(A::Start) })
        }
        C::Signal(request) => {
            Box::pin(async move { control::signal_linked(room, &caller, request).await.map(A::Signal) })
        }
        C::WorkflowTaskStarted(request) => Box::pin(async move {
            workflow_task::started(room, namespace, request).await.map(A::WorkflowTaskStarted)
        }),
        C::WorkflowTaskCompleted(request) => Box::pin(async move {
            workflow_task::completed(room, &caller, request).await.map(A::WorkflowTaskCompleted)
        }),
        C::ActivityTaskStarted(request) => Box::pin(async move {
            activity::started(room, &caller, namespace, request).await.map(A::ActivityTaskStarted)
        }),
        C::ActivityCompleted(request) => {
            Box::pin(async move { activity::completed(room, request).await.map(A::ActivityCompleted) })
        }
        call => Box::pin(other(room, caller, call)),
    }
}

/// Answers any other call.
async fn other(room: &Arc<Room>, caller: Caller, call: C) -> Result<A, PeerError> {
    let namespace = NamespaceId::from_bytes(caller.namespace_id);
    Ok(match call {
        C::SignalWithStart(request) => {
            A::SignalWithStart(start::signal_with_start(room, namespace, request).await?)
        }
        C::RequestCancel(request) => {
            control::request_cancel(room, namespace, request, None, false).await?;
            A::RequestCancel(api::RequestCancelWorkflowExecutionResponse {})
        }
        C::Terminate(request) => {
            control::terminate(room, namespace, request).await?;
            A::Terminate(api::TerminateWorkflowExecutionResponse {})
        }
        C::Delete(request) => {
            control::delete(room, namespace, request).await?;
            A::Delete(api::DeleteWorkflowExecutionResponse {})
        }
        C::Reset(request) => A::Reset(reset::reset(room, namespace, request).await?),
        C::ResetSticky(request) => {
            control::reset_sticky(room, namespace, request).await?;
            A::ResetSticky(api::ResetStickyTaskQueueResponse {})
        }
        C::UpdateOptions(request) => {
            A::UpdateOptions(control::update_options(room, namespace, request).await?)
        }
        C::Describe(request) => A::Describe(describe::describe(room, namespace, request).await?),
        C::GetHistory(request) => A::GetHistory(reads::forward(room, &caller, namespace, request).await?),
        C::GetHistoryReverse(request) => {
            A::GetHistoryReverse(reads::reverse(room, &caller, namespace, request).await?)
        }
        C::Update(request) => A::Update(update::update(room, &caller, namespace, request).await?),
        C::PollUpdate(request) => A::PollUpdate(update::poll(room, namespace, request).await?),
        C::MultiOperation(request) => {
            A::MultiOperation(multi::execute(room, &caller, namespace, request).await?)
        }
        C::Query(request) => A::Query(query::query(room, &caller, namespace, request).await?),
        C::WorkflowTaskFailed(request) => A::WorkflowTaskFailed(workflow_task::failed(room, request).await?),
        C::PollTimeSkipping(request) => {
            A::PollTimeSkipping(time_skipping::poll(room, &caller, namespace, request).await?)
        }
        C::AboutRuns(request) => A::AboutRuns(Box::pin(runs::answer(room, namespace, request)).await?),
        C::AwaitTaskEnd(request) => {
            A::AwaitTaskEnd(task_end::task_end(room, &caller, namespace, request).await?)
        }
        call => Box::pin(about_operation(room, &caller, namespace, call)).await?,
    })
}

/// Answers calls about activities, and those of other rooms.
async fn activity_or_peer(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    call: C,
) -> Result<A, PeerError> {
    Ok(match call {
        C::Heartbeat(request) => A::Heartbeat(activity::heartbeat(room, request).await?),
        C::HeartbeatById(request) => {
            A::HeartbeatById(activity::heartbeat_by_id(room, namespace, request).await?)
        }
        C::ActivityCompletedById(request) => {
            A::ActivityCompletedById(activity::completed_by_id(room, namespace, request).await?)
        }
        C::ActivityFailed(request) => A::ActivityFailed(activity::failed(room, request).await?),
        C::ActivityFailedById(request) => {
            A::ActivityFailedById(activity::failed_by_id(room, namespace, request).await?)
        }
        C::ActivityCanceled(request) => A::ActivityCanceled(activity::canceled(room, request).await?),
        C::ActivityCanceledById(request) => {
            A::ActivityCanceledById(activity::canceled_by_id(room, namespace, request).await?)
        }
        C::StartChild(request) => A::StartChild(children::started(room, namespace, request).await?),
        C::ScheduleFirstTask(request) => {
            children::schedule_first(room, namespace, request.execution).await?;
            A::ScheduleFirstTask(Done {})
        }
        C::ChildClosed(request) => {
            children::closed(room, namespace, request).await?;
            A::ChildClosed(Done {})
        }
        C::SignalExternal(request) => {
            let source = Some(request.source);
            control::signal(room, namespace, request.signal, source, request.child_workflow_only).await?;
            A::SignalExternal(Done {})
        }
        C::NexusCompleted(news) => A::NexusCompleted(crate::nexus::completed(room, news).await?),
        C::CancelExternal(request) => {
            let source = Some((request.source, request.initiated_event_id));
            control::request_cancel(room, namespace, request.cancel, source, request.child_workflow_only)
                .await?;
            A::CancelExternal(Done {})
        }
        C::TerminateChild(request) => {
            control::terminate(room, namespace, request.terminate).await?;
            A::TerminateChild(Done {})
        }
        call => about_schedule(room, caller, namespace, call).await?,
    })
}

/// Answers calls about standalone Nexus operations.
async fn about_operation(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    call: C,
) -> Result<A, PeerError> {
    Ok(match call {
        C::StartOperation(request) => A::StartOperation(operation::start(room, namespace, request).await?),
        C::DescribeOperation(request) => {
            A::DescribeOperation(operation::describe(room, caller, namespace, request).await?)
        }
        C::PollOperation(request) => {
            A::PollOperation(operation::poll(room, caller, namespace, request).await?)
        }
        C::CancelOperation(request) => {
            operation::request_cancel(room, namespace, request).await?;
            A::CancelOperation(api::RequestCancelNexusOperationExecutionResponse {})
        }
        C::TerminateOperation(request) => {
            operation::terminate(room, namespace, request).await?;
            A::TerminateOperation(api::TerminateNexusOperationExecutionResponse {})
        }
        C::DeleteOperation(request) => {
            operation::delete(room, namespace, request).await?;
            A::DeleteOperation(api::DeleteNexusOperationExecutionResponse {})
        }
        call => activity_or_peer(room, caller, namespace, call).await?,
    })
}

/// Answers calls about schedules.
async fn about_schedule(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    call: C,
) -> Result<A, PeerError> {
    Ok(match call {
        C::CreateSchedule(request) => A::CreateSchedule(schedule::create(room, namespace, request).await?),
        C::DescribeSchedule(request) => {
            A::DescribeSchedule(schedule::describe(room, namespace, request).await?)
        }
        C::UpdateSchedule(request) => {
            schedule::update(room, namespace, request).await?;
            A::UpdateSchedule(api::UpdateScheduleResponse {})
        }
        C::PatchSchedule(request) => {
            schedule::patch(room, namespace, request).await?;
            A::PatchSchedule(api::PatchScheduleResponse {})
        }
        C::DeleteSchedule(request) => {
            schedule::delete(room, namespace, request).await?;
            A::DeleteSchedule(api::DeleteScheduleResponse {})
        }
        C::ScheduleMatchingTimes(request) => {
            A::ScheduleMatchingTimes(schedule::matching_times(room, namespace, request).await?)
        }
        C::ScheduleLeftOut(request) => {
            A::ScheduleLeftOut(schedule::left_out(room, namespace, request).await?)
        }
        call => about_batch(room, caller, namespace, call).await?,
    })
}

/// Answers calls about batch operations and pauses.
async fn about_batch(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    call: C,
) -> Result<A, PeerError> {
    Ok(match call {
        C::StartBatch(request) => {
            batch::start(room, namespace, request).await?;
            A::StartBatch(api::StartBatchOperationResponse {})
        }
        C::DescribeBatch(request) => A::DescribeBatch(batch::describe(room, namespace, request).await?),
        C::StopBatch(request) => {
            batch::stop(room, namespace, request).await?;
            A::StopBatch(api::StopBatchOperationResponse {})
        }
        C::PauseWorkflow(request) => {
            pause::pause(room, namespace, request).await?;
            A::PauseWorkflow(api::PauseWorkflowExecutionResponse {})
        }
        C::UnpauseWorkflow(request) => {
            pause::unpause(room, namespace, request).await?;
            A::UnpauseWorkflow(api::UnpauseWorkflowExecutionResponse {})
        }
        call => about_deployment(room, caller, namespace, call).await?,
    })
}

/// Answers calls about worker deployments.
async fn about_deployment(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    call: C,
) -> Result<A, PeerError> {
    Ok(match call {
        C::RegisterWorker(request) => {
            deployment::register(room, caller, request).await?;
            A::RegisterWorker(Done {})
        }
        C::CreateDeployment(request) => {
            A::CreateDeployment(deployment::create(room, namespace, request).await?)
        }
        C::CreateDeploymentVersion(request) => {
            deployment::create_version(room, caller, request).await?;
            A::CreateDeploymentVersion(api::CreateWorkerDeploymentVersionResponse {})
        }
        C::DescribeDeployment(request) => {
            A::DescribeDeployment(deployment::describe(room, namespace, request).await?)
        }
        C::DescribeDeploymentVersion(request) => {
            A::DescribeDeploymentVersion(deployment::describe_version(room, caller, request).await?)
        }
        C::SetCurrentVersion(request) => {
            A::SetCurrentVersion(deployment::set_current(room, caller, request).await?)
        }
        C::SetRampingVersion(request) => {
            A::SetRampingVersion(deployment::set_ramping(room, caller, request).await?)
        }
        C::SetDeploymentManager(request) => {
            A::SetDeploymentManager(deployment::set_manager(room, namespace, request).await?)
        }
        C::UpdateVersionMetadata(request) => {
            A::UpdateVersionMetadata(deployment::update_metadata(room, namespace, request).await?)
        }
        C::UpdateVersionCompute(request) => {
            deployment::update_compute(room, namespace, request).await?;
            A::UpdateVersionCompute(api::UpdateWorkerDeploymentVersionComputeConfigResponse {})
        }
        C::DeleteDeploymentVersion(request) => {
            deployment::delete_version(room, caller, request).await?;
            A::DeleteDeploymentVersion(api::DeleteWorkerDeploymentVersionResponse {})
        }
        C::DeleteDeployment(request) => {
            deployment::delete(room, namespace, request).await?;
            A::DeleteDeployment(api::DeleteWorkerDeploymentResponse {})
        }
        call => activity_operator::answer(room, caller, namespace, call).await?,
    })
}

/// Reads which run a request means.
///
/// # Errors
/// `InvalidArgument` if the run id is none.
pub fn target(
    namespace: NamespaceId,
    execution: Option<&WorkflowExecution>,
) -> Result<(ExecutionKey, Target), Refusal> {
    let execution = execution.ok_or_else(|| Refusal::invalid("Execution is not set on request."))?;
    let target = if execution.run_id.is_empty() {
        Target::Current
    } else {
        Target::Run(RunId::parse(&execution.run_id).ok_or_else(|| Refusal::invalid("Invalid RunId."))?)
    };
    Ok((ExecutionKey::workflow(namespace, &execution.workflow_id), target))
}
