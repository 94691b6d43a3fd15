//! The 123 calls of the workflow service.

use longhaul_proto::{
    Refusal,
    api::workflowservice::v1::{self as messages, workflow_service_server::WorkflowService},
};

use super::{Call, State, call_name, serve};
use crate::{
    activity_task, archived,
    asker::Asker,
    batches, cluster, deployments, history_reads, namespaces,
    nexus::{operations, tasks},
    refused, schedules, search_attributes, task_queue, time_skipping, visibility, workers, workflow_control,
    workflow_start, workflow_task,
};

serve! {
    /// The calls of `temporal.api.workflowservice.v1.WorkflowService`.
    WORKFLOW_CALLS: WorkflowService;
    register_namespace(RegisterNamespaceRequest) -> RegisterNamespaceResponse = built namespaces::register;
    describe_namespace(DescribeNamespaceRequest) -> DescribeNamespaceResponse = built namespaces::describe;
    list_namespaces(ListNamespacesRequest) -> ListNamespacesResponse = built namespaces::list;
    update_namespace(UpdateNamespaceRequest) -> UpdateNamespaceResponse = built namespaces::update;
    deprecate_namespace(DeprecateNamespaceRequest) -> DeprecateNamespaceResponse = built namespaces::deprecate;
    start_workflow_execution(StartWorkflowExecutionRequest) -> StartWorkflowExecutionResponse = built workflow_start::start;
    execute_multi_operation(ExecuteMultiOperationRequest) -> ExecuteMultiOperationResponse = built workflow_start::multi_operation;
    get_workflow_execution_history(GetWorkflowExecutionHistoryRequest) -> GetWorkflowExecutionHistoryResponse = built history_reads::forward;
    get_workflow_execution_history_reverse(GetWorkflowExecutionHistoryReverseRequest) -> GetWorkflowExecutionHistoryReverseResponse = built history_reads::reverse;
    poll_workflow_task_queue(PollWorkflowTaskQueueRequest) -> PollWorkflowTaskQueueResponse = built workflow_task::poll;
    respond_workflow_task_completed(RespondWorkflowTaskCompletedRequest) -> RespondWorkflowTaskCompletedResponse = built workflow_task::completed;
    respond_workflow_task_failed(RespondWorkflowTaskFailedRequest) -> RespondWorkflowTaskFailedResponse = built workflow_task::failed;
    poll_activity_task_queue(PollActivityTaskQueueRequest) -> PollActivityTaskQueueResponse = built activity_task::poll;
    record_activity_task_heartbeat(RecordActivityTaskHeartbeatRequest) -> RecordActivityTaskHeartbeatResponse = built activity_task::heartbeat;
    record_activity_task_heartbeat_by_id(RecordActivityTaskHeartbeatByIdRequest) -> RecordActivityTaskHeartbeatByIdResponse = built activity_task::heartbeat_by_id;
    respond_activity_task_completed(RespondActivityTaskCompletedRequest) -> RespondActivityTaskCompletedResponse = built activity_task::completed;
    respond_activity_task_completed_by_id(RespondActivityTaskCompletedByIdRequest) -> RespondActivityTaskCompletedByIdResponse = built activity_task::completed_by_id;
    respond_activity_task_failed(RespondActivityTaskFailedRequest) -> RespondActivityTaskFailedResponse = built activity_task::failed;
    respond_activity_task_failed_by_id(RespondActivityTaskFailedByIdRequest) -> RespondActivityTaskFailedByIdResponse = built activity_task::failed_by_id;
    respond_activity_task_canceled(RespondActivityTaskCanceledRequest) -> RespondActivityTaskCanceledResponse = built activity_task::canceled;
    respond_activity_task_canceled_by_id(RespondActivityTaskCanceledByIdRequest) -> RespondActivityTaskCanceledByIdResponse = built activity_task::canceled_by_id;
    request_cancel_workflow_execution(RequestCancelWorkflowExecutionRequest) -> RequestCancelWorkflowExecutionResponse = built workflow_control::request_cancel;
    signal_workflow_execution(SignalWorkflowExecutionRequest) -> SignalWorkflowExecutionResponse = built workflow_control::signal;
    signal_with_start_workflow_execution(SignalWithStartWorkflowExecutionRequest) -> SignalWithStartWorkflowExecutionResponse = built workflow_start::signal_with_start;
    reset_workflow_execution(ResetWorkflowExecutionRequest) -> ResetWorkflowExecutionResponse = built workflow_control::reset;
    terminate_workflow_execution(TerminateWorkflowExecutionRequest) -> TerminateWorkflowExecutionResponse = built workflow_control::terminate;
    delete_workflow_execution(DeleteWorkflowExecutionRequest) -> DeleteWorkflowExecutionResponse = built workflow_control::delete;
    list_open_workflow_executions(ListOpenWorkflowExecutionsRequest) -> ListOpenWorkflowExecutionsResponse = built visibility::list_open;
    list_closed_workflow_executions(ListClosedWorkflowExecutionsRequest) -> ListClosedWorkflowExecutionsResponse = built visibility::list_closed;
    list_workflow_executions(ListWorkflowExecutionsRequest) -> ListWorkflowExecutionsResponse = built visibility::list;
    list_archived_workflow_executions(ListArchivedWorkflowExecutionsRequest) -> ListArchivedWorkflowExecutionsResponse = built archived::list;
    scan_workflow_executions(ScanWorkflowExecutionsRequest) -> ScanWorkflowExecutionsResponse = built visibility::scan;
    count_workflow_executions(CountWorkflowExecutionsRequest) -> CountWorkflowExecutionsResponse = built visibility::count;
    get_search_attributes(GetSearchAttributesRequest) -> GetSearchAttributesResponse = built search_attributes::get;
    respond_query_task_completed(RespondQueryTaskCompletedRequest) -> RespondQueryTaskCompletedResponse = built workflow_task::query_completed;
    reset_sticky_task_queue(ResetStickyTaskQueueRequest) -> ResetStickyTaskQueueResponse = built workflow_task::reset_sticky;
    shutdown_worker(ShutdownWorkerRequest) -> ShutdownWorkerResponse = built workers::shut_down;
    query_workflow(QueryWorkflowRequest) -> QueryWorkflowResponse = built workflow_control::query;
    describe_workflow_execution(DescribeWorkflowExecutionRequest) -> DescribeWorkflowExecutionResponse = built history_reads::describe;
    describe_task_queue(DescribeTaskQueueRequest) -> DescribeTaskQueueResponse = built task_queue::describe;
    get_cluster_info(GetClusterInfoRequest) -> GetClusterInfoResponse = built cluster::cluster_info;
    get_system_info(GetSystemInfoRequest) -> GetSystemInfoResponse = built cluster::system_info;
    list_task_queue_partitions(ListTaskQueuePartitionsRequest) -> ListTaskQueuePartitionsResponse = built task_queue::list_partitions;
    create_schedule(CreateScheduleRequest) -> CreateScheduleResponse = built schedules::create;
    describe_schedule(DescribeScheduleRequest) -> DescribeScheduleResponse = built schedules::describe;
    update_schedule(UpdateScheduleRequest) -> UpdateScheduleResponse = built schedules::update;
    patch_schedule(PatchScheduleRequest) -> PatchScheduleResponse = built schedules::patch;
    list_schedule_matching_times(ListScheduleMatchingTimesRequest) -> ListScheduleMatchingTimesResponse = built schedules::matching_times;
    delete_schedule(DeleteScheduleRequest) -> DeleteScheduleResponse = built schedules::delete;
    list_schedules(ListSchedulesRequest) -> ListSchedulesResponse = built schedules::list;
    count_schedules(CountSchedulesRequest) -> CountSchedulesResponse = built schedules::count;
    update_worker_build_id_compatibility(UpdateWorkerBuildIdCompatibilityRequest) -> UpdateWorkerBuildIdCompatibilityResponse = refused refused::version_sets;
    get_worker_build_id_compatibility(GetWorkerBuildIdCompatibilityRequest) -> GetWorkerBuildIdCompatibilityResponse = refused refused::version_sets;
    update_worker_versioning_rules(UpdateWorkerVersioningRulesRequest) -> UpdateWorkerVersioningRulesResponse = refused refused::versioning_rules;
    get_worker_versioning_rules(GetWorkerVersioningRulesRequest) -> GetWorkerVersioningRulesResponse = refused refused::versioning_rules;
    get_worker_task_reachability(GetWorkerTaskReachabilityRequest) -> GetWorkerTaskReachabilityResponse = refused refused::versioning_rules;
    describe_deployment(DescribeDeploymentRequest) -> DescribeDeploymentResponse = refused refused::deployments;
    describe_worker_deployment_version(DescribeWorkerDeploymentVersionRequest) -> DescribeWorkerDeploymentVersionResponse = built deployments::describe_version;
    list_deployments(ListDeploymentsRequest) -> ListDeploymentsResponse = refused refused::deployments;
    get_deployment_reachability(GetDeploymentReachabilityRequest) -> GetDeploymentReachabilityResponse = refused refused::deployments;
    get_current_deployment(GetCurrentDeploymentRequest) -> GetCurrentDeploymentResponse = refused refused::deployments;
    set_current_deployment(SetCurrentDeploymentRequest) -> SetCurrentDeploymentResponse = refused refused::deployments;
    set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest) -> SetWorkerDeploymentCurrentVersionResponse = built deployments::set_current;
    describe_worker_deployment(DescribeWorkerDeploymentRequest) -> DescribeWorkerDeploymentResponse = built deployments::describe;
    delete_worker_deployment(DeleteWorkerDeploymentRequest) -> DeleteWorkerDeploymentResponse = built deployments::delete;
    delete_worker_deployment_version(DeleteWorkerDeploymentVersionRequest) -> DeleteWorkerDeploymentVersionResponse = built deployments::delete_version;
    set_worker_deployment_ramping_version(SetWorkerDeploymentRampingVersionRequest) -> SetWorkerDeploymentRampingVersionResponse = built deployments::set_ramping;
    list_worker_deployments(ListWorkerDeploymentsRequest) -> ListWorkerDeploymentsResponse = built deployments::list;
    create_worker_deployment(CreateWorkerDeploymentRequest) -> CreateWorkerDeploymentResponse = built deployments::create;
    create_worker_deployment_version(CreateWorkerDeploymentVersionRequest) -> CreateWorkerDeploymentVersionResponse = built deployments::create_version;
    update_worker_deployment_version_compute_config(UpdateWorkerDeploymentVersionComputeConfigRequest) -> UpdateWorkerDeploymentVersionComputeConfigResponse = built deployments::update_compute;
    validate_worker_deployment_version_compute_config(ValidateWorkerDeploymentVersionComputeConfigRequest) -> ValidateWorkerDeploymentVersionComputeConfigResponse = built deployments::validate_compute;
    update_worker_deployment_version_metadata(UpdateWorkerDeploymentVersionMetadataRequest) -> UpdateWorkerDeploymentVersionMetadataResponse = built deployments::update_metadata;
    set_worker_deployment_manager(SetWorkerDeploymentManagerRequest) -> SetWorkerDeploymentManagerResponse = built deployments::set_manager;
    update_workflow_execution(UpdateWorkflowExecutionRequest) -> UpdateWorkflowExecutionResponse = built workflow_control::update;
    poll_workflow_execution_update(PollWorkflowExecutionUpdateRequest) -> PollWorkflowExecutionUpdateResponse = built workflow_control::poll_update;
    start_batch_operation(StartBatchOperationRequest) -> StartBatchOperationResponse = built batches::start;
    stop_batch_operation(StopBatchOperationRequest) -> StopBatchOperationResponse = built batches::stop;
    describe_batch_operation(DescribeBatchOperationRequest) -> DescribeBatchOperationResponse = built batches::describe;
    list_batch_operations(ListBatchOperationsRequest) -> ListBatchOperationsResponse = built batches::list;
    poll_nexus_task_queue(PollNexusTaskQueueRequest) -> PollNexusTaskQueueResponse = built tasks::poll;
    respond_nexus_task_completed(RespondNexusTaskCompletedRequest) -> RespondNexusTaskCompletedResponse = built tasks::completed;
    respond_nexus_task_failed(RespondNexusTaskFailedRequest) -> RespondNexusTaskFailedResponse = built tasks::failed;
    update_activity_options(UpdateActivityOptionsRequest) -> UpdateActivityOptionsResponse = later;
    update_workflow_execution_options(UpdateWorkflowExecutionOptionsRequest) -> UpdateWorkflowExecutionOptionsResponse = built workflow_control::update_options;
    pause_activity(PauseActivityRequest) -> PauseActivityResponse = later;
    unpause_activity(UnpauseActivityRequest) -> UnpauseActivityResponse = later;
    reset_activity(ResetActivityRequest) -> ResetActivityResponse = later;
    create_workflow_rule(CreateWorkflowRuleRequest) -> CreateWorkflowRuleResponse = refused refused::create_rule;
    describe_workflow_rule(DescribeWorkflowRuleRequest) -> DescribeWorkflowRuleResponse = refused refused::describe_rule;
    delete_workflow_rule(DeleteWorkflowRuleRequest) -> DeleteWorkflowRuleResponse = refused refused::delete_rule;
    list_workflow_rules(ListWorkflowRulesRequest) -> ListWorkflowRulesResponse = refused refused::list_rules;
    trigger_workflow_rule(TriggerWorkflowRuleRequest) -> TriggerWorkflowRuleResponse = refused refused::trigger_rule;
    record_worker_heartbeat(RecordWorkerHeartbeatRequest) -> RecordWorkerHeartbeatResponse = built workers::record_heartbeat;
    list_workers(ListWorkersRequest) -> ListWorkersResponse = built workers::list;
    count_workers(CountWorkersRequest) -> CountWorkersResponse = built workers::count;
    update_task_queue_config(UpdateTaskQueueConfigRequest) -> UpdateTaskQueueConfigResponse = built task_queue::update_config;
    fetch_worker_config(FetchWorkerConfigRequest) -> FetchWorkerConfigResponse = refused refused::fetch_worker_config;
    update_worker_config(UpdateWorkerConfigRequest) -> UpdateWorkerConfigResponse = refused refused::update_worker_config;
    describe_worker(DescribeWorkerRequest) -> DescribeWorkerResponse = built workers::describe;
    pause_workflow_execution(PauseWorkflowExecutionRequest) -> PauseWorkflowExecutionResponse = refused refused::pause;
    unpause_workflow_execution(UnpauseWorkflowExecutionRequest) -> UnpauseWorkflowExecutionResponse = refused refused::unpause;
    start_activity_execution(StartActivityExecutionRequest) -> StartActivityExecutionResponse = later;
    start_nexus_operation_execution(StartNexusOperationExecutionRequest) -> StartNexusOperationExecutionResponse = built operations::start;
    describe_activity_execution(DescribeActivityExecutionRequest) -> DescribeActivityExecutionResponse = later;
    describe_nexus_operation_execution(DescribeNexusOperationExecutionRequest) -> DescribeNexusOperationExecutionResponse = built operations::describe;
    poll_activity_execution(PollActivityExecutionRequest) -> PollActivityExecutionResponse = later;
    poll_nexus_operation_execution(PollNexusOperationExecutionRequest) -> PollNexusOperationExecutionResponse = built operations::poll;
    list_activity_executions(ListActivityExecutionsRequest) -> ListActivityExecutionsResponse = later;
    list_nexus_operation_executions(ListNexusOperationExecutionsRequest) -> ListNexusOperationExecutionsResponse = built operations::list;
    count_activity_executions(CountActivityExecutionsRequest) -> CountActivityExecutionsResponse = later;
    count_nexus_operation_executions(CountNexusOperationExecutionsRequest) -> CountNexusOperationExecutionsResponse = built operations::count;
    request_cancel_activity_execution(RequestCancelActivityExecutionRequest) -> RequestCancelActivityExecutionResponse = later;
    request_cancel_nexus_operation_execution(RequestCancelNexusOperationExecutionRequest) -> RequestCancelNexusOperationExecutionResponse = built operations::request_cancel;
    terminate_activity_execution(TerminateActivityExecutionRequest) -> TerminateActivityExecutionResponse = later;
    delete_activity_execution(DeleteActivityExecutionRequest) -> DeleteActivityExecutionResponse = later;
    pause_activity_execution(PauseActivityExecutionRequest) -> PauseActivityExecutionResponse = later;
    reset_activity_execution(ResetActivityExecutionRequest) -> ResetActivityExecutionResponse = later;
    unpause_activity_execution(UnpauseActivityExecutionRequest) -> UnpauseActivityExecutionResponse = later;
    update_activity_execution_options(UpdateActivityExecutionOptionsRequest) -> UpdateActivityExecutionOptionsResponse = later;
    terminate_nexus_operation_execution(TerminateNexusOperationExecutionRequest) -> TerminateNexusOperationExecutionResponse = built operations::terminate;
    delete_nexus_operation_execution(DeleteNexusOperationExecutionRequest) -> DeleteNexusOperationExecutionResponse = built operations::delete;
    poll_workflow_execution_time_skipping(PollWorkflowExecutionTimeSkippingRequest) -> PollWorkflowExecutionTimeSkippingResponse = built time_skipping::poll;
}
