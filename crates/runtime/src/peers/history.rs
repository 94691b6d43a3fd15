//! What is asked of the history room: everything that reads or changes a run.

use longhaul_proto::api::{
    common::v1 as common, failure::v1::Failure, history::v1 as events, workflowservice::v1 as api,
};
use prost::Message;

use super::{Answering, Ask, Caller, PeerError, RunsAnswered, RunsAsked, TaskKind, envelope};

/// Owns runs: loads them, decides, makes durable, answers.
pub trait History: Send + Sync {
    /// Answers `call`. The future may be dropped; what was decided happens all the same.
    fn call(&self, caller: Caller, call: HistoryCall) -> Answering<'_, HistoryAnswer>;
}

impl dyn History {
    /// Asks and unwraps the answer that belongs to the request.
    ///
    /// # Errors
    /// Those of the peer; a wrong kind of answer counts as `Unknown`.
    pub async fn ask<R: Ask<HistoryCall, HistoryAnswer>>(
        &self,
        caller: Caller,
        request: R,
    ) -> Result<R::Answer, PeerError> {
        let answer = self.call(caller, request.into_call()).await?;
        R::from_answer(answer).ok_or_else(|| PeerError::Unknown("peer answered another question".into()))
    }
}

envelope! {
    /// A request to the history room, for one execution.
    HistoryCall / HistoryAnswer {
        Start: api::StartWorkflowExecutionRequest => api::StartWorkflowExecutionResponse = 1,
        SignalWithStart: api::SignalWithStartWorkflowExecutionRequest => api::SignalWithStartWorkflowExecutionResponse = 2,
        Signal: api::SignalWorkflowExecutionRequest => api::SignalWorkflowExecutionResponse = 3,
        RequestCancel: api::RequestCancelWorkflowExecutionRequest => api::RequestCancelWorkflowExecutionResponse = 4,
        Terminate: api::TerminateWorkflowExecutionRequest => api::TerminateWorkflowExecutionResponse = 5,
        Delete: api::DeleteWorkflowExecutionRequest => api::DeleteWorkflowExecutionResponse = 6,
        Describe: api::DescribeWorkflowExecutionRequest => api::DescribeWorkflowExecutionResponse = 7,
        GetHistory: api::GetWorkflowExecutionHistoryRequest => api::GetWorkflowExecutionHistoryResponse = 8,
        GetHistoryReverse: api::GetWorkflowExecutionHistoryReverseRequest => api::GetWorkflowExecutionHistoryReverseResponse = 9,
        Query: api::QueryWorkflowRequest => api::QueryWorkflowResponse = 10,
        Update: api::UpdateWorkflowExecutionRequest => api::UpdateWorkflowExecutionResponse = 11,
        PollUpdate: api::PollWorkflowExecutionUpdateRequest => api::PollWorkflowExecutionUpdateResponse = 12,
        MultiOperation: api::ExecuteMultiOperationRequest => api::ExecuteMultiOperationResponse = 13,
        Reset: api::ResetWorkflowExecutionRequest => api::ResetWorkflowExecutionResponse = 14,
        ResetSticky: api::ResetStickyTaskQueueRequest => api::ResetStickyTaskQueueResponse = 15,
        UpdateOptions: api::UpdateWorkflowExecutionOptionsRequest => api::UpdateWorkflowExecutionOptionsResponse = 16,

        WorkflowTaskCompleted: api::RespondWorkflowTaskCompletedRequest => api::RespondWorkflowTaskCompletedResponse = 20,
        WorkflowTaskFailed: api::RespondWorkflowTaskFailedRequest => api::RespondWorkflowTaskFailedResponse = 21,
        Heartbeat: api::RecordActivityTaskHeartbeatRequest => api::RecordActivityTaskHeartbeatResponse = 22,
        HeartbeatById: api::RecordActivityTaskHeartbeatByIdRequest => api::RecordActivityTaskHeartbeatByIdResponse = 23,
        ActivityCompleted: api::RespondActivityTaskCompletedRequest => api::RespondActivityTaskCompletedResponse = 24,
        ActivityCompletedById: api::RespondActivityTaskCompletedByIdRequest => api::RespondActivityTaskCompletedByIdResponse = 25,
        ActivityFailed: api::RespondActivityTaskFailedRequest => api::RespondActivityTaskFailedResponse = 26,
        ActivityFailedById: api::RespondActivityTaskFailedByIdRequest => api::RespondActivityTaskFailedByIdResponse = 27,
        ActivityCanceled: api::RespondActivityTaskCanceledRequest => api::RespondActivityTaskCanceledResponse = 28,
        ActivityCanceledById: api::RespondActivityTaskCanceledByIdRequest => api::RespondActivityTaskCanceledByIdResponse = 29,

        CreateSchedule: api::CreateScheduleRequest => api::CreateScheduleResponse = 30,
        DescribeSchedule: api::DescribeScheduleRequest => api::DescribeScheduleResponse = 31,
        UpdateSchedule: api::UpdateScheduleRequest => api::UpdateScheduleResponse = 32,
        PatchSchedule: api::PatchScheduleRequest => api::PatchScheduleResponse = 33,
        DeleteSchedule: api::DeleteScheduleRequest => api::DeleteScheduleResponse = 34,
        ScheduleMatchingTimes: api::ListScheduleMatchingTimesRequest => api::ListScheduleMatchingTimesResponse = 35,

        StartBatch: api::StartBatchOperationRequest => api::StartBatchOperationResponse = 120,
        DescribeBatch: api::DescribeBatchOperationRequest => api::DescribeBatchOperationResponse = 121,
        StopBatch: api::StopBatchOperationRequest => api::StopBatchOperationResponse = 122,
        ScheduleLeftOut: ScheduleLeftOut => LeftOutActions = 130,
        PollTimeSkipping: api::PollWorkflowExecutionTimeSkippingRequest => api::PollWorkflowExecutionTimeSkippingResponse = 201,
        AwaitTaskEnd: AwaitTaskEnd => TaskEnd = 200,
        AboutRuns: RunsAsked => RunsAnswered = 210,
        UpdateActivityOptions: api::UpdateActivityOptionsRequest => api::UpdateActivityOptionsResponse = 160,
        PauseActivity: api::PauseActivityRequest => api::PauseActivityResponse = 161,
        UnpauseActivity: api::UnpauseActivityRequest => api::UnpauseActivityResponse = 162,
        ResetActivity: api::ResetActivityRequest => api::ResetActivityResponse = 163,
        UpdateActivityExecutionOptions: api::UpdateActivityExecutionOptionsRequest => api::UpdateActivityExecutionOptionsResponse = 164,
        PauseActivityExecution: api::PauseActivityExecutionRequest => api::PauseActivityExecutionResponse = 165,
        UnpauseActivityExecution: api::UnpauseActivityExecutionRequest => api::UnpauseActivityExecutionResponse = 166,
        ResetActivityExecution: api::ResetActivityExecutionRequest => api::ResetActivityExecutionResponse = 167,
        PauseWorkflow: api::PauseWorkflowExecutionRequest => api::PauseWorkflowExecutionResponse = 174,
        UnpauseWorkflow: api::UnpauseWorkflowExecutionRequest => api::UnpauseWorkflowExecutionResponse = 175,
        StartActivityExecution: api::StartActivityExecutionRequest => api::StartActivityExecutionResponse = 168,
        DescribeActivityExecution: api::DescribeActivityExecutionRequest => api::DescribeActivityExecutionResponse = 169,
        PollActivityExecution: api::PollActivityExecutionRequest => api::PollActivityExecutionResponse = 170,
        CancelActivityExecution: api::RequestCancelActivityExecutionRequest => api::RequestCancelActivityExecutionResponse = 171,
        TerminateActivityExecution: api::TerminateActivityExecutionRequest => api::TerminateActivityExecutionResponse = 172,
        DeleteActivityExecution: api::DeleteActivityExecutionRequest => api::DeleteActivityExecutionResponse = 173,

        WorkflowTaskStarted: RecordWorkflowTaskStarted => WorkflowTaskStarted = 40,
        ActivityTaskStarted: RecordActivityTaskStarted => ActivityTaskStarted = 41,
        StartChild: StartChild => ChildStarted = 42,
        ScheduleFirstTask: ScheduleFirstTask => Done = 43,
        ChildClosed: ChildClosed => Done = 44,
        SignalExternal: SignalExternal => Done = 45,
        CancelExternal: CancelExternal => Done = 46,
        TerminateChild: TerminateChild => Done = 47,

        RegisterWorker: RegisterWorker => Done = 180,
        CreateDeployment: api::CreateWorkerDeploymentRequest => api::CreateWorkerDeploymentResponse = 181,
        CreateDeploymentVersion: api::CreateWorkerDeploymentVersionRequest => api::CreateWorkerDeploymentVersionResponse = 182,
        DescribeDeployment: api::DescribeWorkerDeploymentRequest => api::DescribeWorkerDeploymentResponse = 183,
        DescribeDeploymentVersion: api::DescribeWorkerDeploymentVersionRequest => api::DescribeWorkerDeploymentVersionResponse = 184,
        SetCurrentVersion: api::SetWorkerDeploymentCurrentVersionRequest => api::SetWorkerDeploymentCurrentVersionResponse = 185,
        SetRampingVersion: api::SetWorkerDeploymentRampingVersionRequest => api::SetWorkerDeploymentRampingVersionResponse = 186,
        SetDeploymentManager: api::SetWorkerDeploymentManagerRequest => api::SetWorkerDeploymentManagerResponse = 187,
        UpdateVersionMetadata: api::UpdateWorkerDeploymentVersionMetadataRequest => api::UpdateWorkerDeploymentVersionMetadataResponse = 188,
        UpdateVersionCompute: api::UpdateWorkerDeploymentVersionComputeConfigRequest => api::UpdateWorkerDeploymentVersionComputeConfigResponse = 189,
        DeleteDeploymentVersion: api::DeleteWorkerDeploymentVersionRequest => api::DeleteWorkerDeploymentVersionResponse = 190,
        DeleteDeployment: api::DeleteWorkerDeploymentRequest => api::DeleteWorkerDeploymentResponse = 191,
        NexusCompleted: NexusCompleted => Done = 60,
        StartOperation: api::StartNexusOperationExecutionRequest => api::StartNexusOperationExecutionResponse = 61,
        DescribeOperation: api::DescribeNexusOperationExecutionRequest => api::DescribeNexusOperationExecutionResponse = 62,
        PollOperation: api::PollNexusOperationExecutionRequest => api::PollNexusOperationExecutionResponse = 63,
        CancelOperation: api::RequestCancelNexusOperationExecutionRequest => api::RequestCancelNexusOperationExecutionResponse = 64,
        TerminateOperation: api::TerminateNexusOperationExecutionRequest => api::TerminateNexusOperationExecutionResponse = 65,
        DeleteOperation: api::DeleteNexusOperationExecutionRequest => api::DeleteNexusOperationExecutionResponse = 66,
    }
}

/// Matching asks to be told when a task is with no worker any more.
#[derive(Clone, PartialEq, Message)]
pub struct AwaitTaskEnd {
    /// The run; both ids are set.
    #[prost(message, required, tag = "1")]
    pub execution: common::WorkflowExecution,
    /// Sort of task.
    #[prost(enumeration = "TaskKind", tag = "2")]
    pub kind: i32,
    /// Event that scheduled it.
    #[prost(int64, tag = "3")]
    pub scheduled_event_id: i64,
    /// Its attempt.
    #[prost(int32, tag = "4")]
    pub attempt: i32,
}

/// Whether a task is over.
#[derive(Clone, PartialEq, Message)]
pub struct TaskEnd {
    /// It is; otherwise the caller turned away before.
    #[prost(bool, tag = "1")]
    pub is_over: bool,
}

/// Workers of a version poll a queue.
#[derive(Clone, PartialEq, Message)]
pub struct RegisterWorker {
    /// The version.
    #[prost(message, required, tag = "1")]
    pub version: longhaul_proto::api::deployment::v1::WorkerDeploymentVersion,
    /// The queue.
    #[prost(string, tag = "2")]
    pub task_queue: String,
    /// Number of the public `TaskQueueType`.
    #[prost(int32, tag = "3")]
    pub kind: i32,
}

/// A durable duty was accepted.
#[derive(Clone, PartialEq, Message)]
pub struct Done {}

/// Matching has a poll for a workflow task and asks to start it.
#[derive(Clone, PartialEq, Message)]
pub struct RecordWorkflowTaskStarted {
    /// The run; both ids are set.
    #[prost(message, required, tag = "1")]
    pub execution: common::WorkflowExecution,
    /// The task's `WorkflowTaskScheduled` event (or the id it will have, for a transient task).
    #[prost(int64, tag = "2")]
    pub scheduled_event_id: i64,
    /// Attempt that was dispatched; a task of another attempt is stale.
    #[prost(int32, tag = "3")]
    pub attempt: i32,
    /// Makes a repeated call harmless.
    #[prost(string, tag = "4")]
    pub request_id: String,
    /// The poll that will get the task.
    #[prost(message, required, tag = "5")]
    pub poll: api::PollWorkflowTaskQueueRequest,
    /// A query to answer instead: no workflow task is started, the answer carries history and the query.
    #[prost(message, optional, tag = "6")]
    pub query: Option<DirectQuery>,
}

/// A query that is handed to a worker without a workflow task.
#[derive(Clone, PartialEq, Message)]
pub struct DirectQuery {
    /// What the worker sends back, made by matching.
    #[prost(bytes = "bytes", tag = "1")]
    pub token: bytes::Bytes,
    /// The query.
    #[prost(message, required, tag = "2")]
    pub query: longhaul_proto::api::query::v1::WorkflowQuery,
}

/// A started workflow task, ready for the worker. `None` if the task is stale: drop it and serve the poll another.
#[derive(Clone, PartialEq, Message)]
pub struct WorkflowTaskStarted {
    /// The whole answer to the poll, but for what matching knows (backlog hint, poller scaling).
    #[prost(message, optional, tag = "1")]
    pub answer: Option<api::PollWorkflowTaskQueueResponse>,
}

/// Matching has a poll for an activity task and asks to start it.
#[derive(Clone, PartialEq, Message)]
pub struct RecordActivityTaskStarted {
    /// The run; both ids are set.
    #[prost(message, required, tag = "1")]
    pub execution: common::WorkflowExecution,
    /// The activity's `ActivityTaskScheduled` event; zero for one that stands alone, whose id and run are the
    /// execution's.
    #[prost(int64, tag = "2")]
    pub scheduled_event_id: i64,
    /// Attempt that was dispatched.
    #[prost(int32, tag = "3")]
    pub attempt: i32,
    /// Grows when a dispatched task becomes void (options changed, paused).
    #[prost(int32, tag = "4")]
    pub stamp: i32,
    /// Makes a repeated call harmless.
    #[prost(string, tag = "5")]
    pub request_id: String,
    /// The poll that will get the task.
    #[prost(message, required, tag = "6")]
    pub poll: api::PollActivityTaskQueueRequest,
}

/// A started activity task. `None` if the task is stale.
#[derive(Clone, PartialEq, Message)]
pub struct ActivityTaskStarted {
    /// The whole answer to the poll.
    #[prost(message, optional, tag = "1")]
    pub answer: Option<api::PollActivityTaskQueueResponse>,
}

/// A parent asks for a child to be created. Its first workflow task waits for [`ScheduleFirstTask`].
#[derive(Clone, PartialEq, Message)]
pub struct StartChild {
    /// What to start; its `request_id` makes a repeated call harmless.
    #[prost(message, required, tag = "1")]
    pub start: api::StartWorkflowExecutionRequest,
    /// The parent's run.
    #[prost(message, required, tag = "2")]
    pub parent: common::WorkflowExecution,
    /// The parent's namespace.
    #[prost(string, tag = "3")]
    pub parent_namespace: String,
    /// Its id, sixteen bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub parent_namespace_id: Vec<u8>,
    /// The parent's `StartChildWorkflowExecutionInitiated` event.
    #[prost(int64, tag = "5")]
    pub initiated_event_id: i64,
    /// Root of the tree.
    #[prost(message, required, tag = "6")]
    pub root: common::WorkflowExecution,
    /// How far the parent's clock is ahead.
    #[prost(message, optional, tag = "200")]
    pub time_skipping: Option<common::TimeSkippingStatePropagation>,
}

/// The child that was started.
#[derive(Clone, PartialEq, Message)]
pub struct ChildStarted {
    /// Its first run.
    #[prost(string, tag = "1")]
    pub run_id: String,
}

/// The parent has recorded the child's start: its first workflow task may be scheduled.
#[derive(Clone, PartialEq, Message)]
pub struct ScheduleFirstTask {
    /// The child.
    #[prost(message, required, tag = "1")]
    pub execution: common::WorkflowExecution,
}

/// A child's chain of runs is over.
#[derive(Clone, PartialEq, Message)]
pub struct ChildClosed {
    /// The parent's run.
    #[prost(message, required, tag = "1")]
    pub parent: common::WorkflowExecution,
    /// The parent's `StartChildWorkflowExecutionInitiated` event.
    #[prost(int64, tag = "2")]
    pub initiated_event_id: i64,
    /// The child: its workflow id and the run that closed.
    #[prost(message, required, tag = "3")]
    pub child: common::WorkflowExecution,
    /// The child's close event.
    #[prost(message, required, tag = "4")]
    pub close_event: events::HistoryEvent,
    /// First run of the child's chain, as in the parent's `ChildWorkflowExecutionStarted`.
    #[prost(string, tag = "5")]
    pub first_run_id: String,
}

/// A workflow signals another one.
#[derive(Clone, PartialEq, Message)]
pub struct SignalExternal {
    /// The signal; its `request_id` makes a repeated call harmless.
    #[prost(message, required, tag = "1")]
    pub signal: api::SignalWorkflowExecutionRequest,
    /// The sender.
    #[prost(message, required, tag = "2")]
    pub source: common::WorkflowExecution,
    /// Refuse unless the target is a child of the sender.
    #[prost(bool, tag = "3")]
    pub child_workflow_only: bool,
}

/// A workflow asks another one to cancel.
#[derive(Clone, PartialEq, Message)]
pub struct CancelExternal {
    /// The request; its `request_id` makes a repeated call harmless.
    #[prost(message, required, tag = "1")]
    pub cancel: api::RequestCancelWorkflowExecutionRequest,
    /// The asker.
    #[prost(message, required, tag = "2")]
    pub source: common::WorkflowExecution,
    /// The asker's initiating event.
    #[prost(int64, tag = "3")]
    pub initiated_event_id: i64,
    /// Refuse unless the target is a child of the asker.
    #[prost(bool, tag = "4")]
    pub child_workflow_only: bool,
}

/// A parent close policy ends a child.
#[derive(Clone, PartialEq, Message)]
pub struct TerminateChild {
    /// The request.
    #[prost(message, required, tag = "1")]
    pub terminate: api::TerminateWorkflowExecutionRequest,
    /// The parent.
    #[prost(message, required, tag = "2")]
    pub parent: common::WorkflowExecution,
}

/// Asks what a schedule has left out.
#[derive(Clone, PartialEq, Message)]
pub struct ScheduleLeftOut {
    /// The schedule.
    #[prost(string, tag = "1")]
    pub schedule_id: String,
}

/// What was due in a schedule and did not happen, oldest first; the last hundred spans.
#[derive(Clone, PartialEq, Message)]
pub struct LeftOutActions {
    /// The spans.
    #[prost(message, repeated, tag = "1")]
    pub spans: Vec<LeftOutSpan>,
}

/// Actions that were left out one after the other for the same reason.
#[derive(Clone, PartialEq, Message)]
pub struct LeftOutSpan {
    /// When the first was due.
    #[prost(message, required, tag = "1")]
    pub first: prost_types::Timestamp,
    /// When the last was due.
    #[prost(message, required, tag = "2")]
    pub last: prost_types::Timestamp,
    /// When the last was left out.
    #[prost(message, required, tag = "3")]
    pub left_out: prost_types::Timestamp,
    /// How many they are.
    #[prost(int64, tag = "4")]
    pub count: i64,
    /// Why, as a word.
    #[prost(string, tag = "5")]
    pub reason: String,
    /// More about why, if there is more to say.
    #[prost(string, tag = "6")]
    pub details: String,
}

/// Why a query could not be answered by a worker; `None` of both is success.
#[derive(Clone, PartialEq, Message)]
pub struct QueryOutcome {
    /// The answer.
    #[prost(message, optional, tag = "1")]
    pub result: Option<common::Payloads>,
    /// The worker's failure.
    #[prost(message, optional, tag = "2")]
    pub failure: Option<Failure>,
    /// Its text.
    #[prost(string, tag = "3")]
    pub error_message: String,
}

/// Names the caller of a Nexus operation to whoever will tell of its end.
#[derive(Clone, PartialEq, Message)]
pub struct NexusToken {
    /// Namespace of the caller, sixteen bytes.
    #[prost(bytes = "vec", tag = "1")]
    pub namespace_id: Vec<u8>,
    /// Its workflow id.
    #[prost(string, tag = "2")]
    pub workflow_id: String,
    /// Its run.
    #[prost(string, tag = "3")]
    pub run_id: String,
    /// The event that scheduled the operation.
    #[prost(int64, tag = "4")]
    pub scheduled_event_id: i64,
    /// The request id of the operation's start.
    #[prost(string, tag = "5")]
    pub request_id: String,
    /// The standalone operation, in the place of a workflow.
    #[prost(string, tag = "6")]
    pub operation_id: String,
}

/// A Nexus operation is over.
#[derive(Clone, PartialEq, Message)]
pub struct NexusCompleted {
    /// A [`NexusToken`], as it came with the operation's start.
    #[prost(string, tag = "1")]
    pub token: String,
    /// The operation's own token, if it is told.
    #[prost(string, tag = "2")]
    pub operation_token: String,
    /// When it began, nanoseconds since the epoch; zero if that is not told.
    #[prost(int64, tag = "3")]
    pub started_at: i64,
    /// Links to what carried it out.
    #[prost(message, repeated, tag = "4")]
    pub links: Vec<common::Link>,
    /// Its result, if it succeeded.
    #[prost(message, optional, tag = "5")]
    pub result: Option<common::Payload>,
    /// Why it did not succeed.
    #[prost(message, optional, tag = "6")]
    pub failure: Option<Failure>,
    /// Whether it was canceled.
    #[prost(bool, tag = "7")]
    pub is_canceled: bool,
}
