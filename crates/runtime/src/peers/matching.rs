//! What is asked of the matching room: tasks in, polls out.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_proto::api::{
    common::v1 as common,
    deployment::v1::WorkerDeploymentVersion,
    taskqueue::v1::{
        CompatibleVersionSet, TaskQueueStats, TaskQueueVersioningInfo, TimestampedBuildIdAssignmentRule,
        TimestampedCompatibleBuildIdRedirectRule,
    },
    workflowservice::v1 as api,
};
use prost::Message;

use super::{Answering, Ask, Caller, PeerError, QueryOutcome, envelope};

/// Owns task queues: brings tasks and polls together.
pub trait Matching: Send + Sync {
    /// Answers `call`. Dropping the future of a poll withdraws the poll; a task already started for it is not lost,
    /// its timeout brings it back.
    fn call(&self, caller: Caller, call: MatchingCall) -> Answering<'_, MatchingAnswer>;

    /// Keeps a poll that waits in this process for `task`, which is decided and not yet durable: scheduled and started
    /// are then one commit. Never waits; `None` whenever the task would not be the next one served, and then it is to
    /// be added once it is durable. A peer that is not in this process has no poll to give.
    fn reserve(&self, _caller: &Caller, _task: &AddTask) -> Option<Reserved> {
        None
    }

    /// Tells where the tasks of a queue go from now on. Tasks that wait for workers of another version move along.
    fn route(&self, _caller: &Caller, _routes: QueueRoutes) {}
}

/// A poll that is kept for one task. Dropping it lets the poll wait on, as if nothing had been asked.
pub struct Reserved {
    /// Names the start of the task.
    pub request_id: String,
    /// The poll.
    pub poll: TaskPoll,
    serve: Box<dyn FnOnce(TaskAnswer) + Send>,
}

impl Reserved {
    /// A poll that `serve` answers. What `serve` has captured gives the poll back when it is dropped uncalled.
    pub fn new(request_id: String, poll: TaskPoll, serve: impl FnOnce(TaskAnswer) + Send + 'static) -> Self {
        Self { request_id, poll, serve: Box::new(serve) }
    }

    /// Answers the poll: the start of its task is durable. If its client has gone meanwhile, the task's timeout brings
    /// it back, as with every task that is started for a client that goes.
    pub fn serve(self, answer: TaskAnswer) {
        (self.serve)(answer);
    }
}

/// A poll for a task.
#[derive(Clone, Debug)]
pub enum TaskPoll {
    /// For a workflow task.
    Workflow(Arc<api::PollWorkflowTaskQueueRequest>),
    /// For an activity task.
    Activity(Arc<api::PollActivityTaskQueueRequest>),
    /// For a Nexus task.
    Nexus(Arc<api::PollNexusTaskQueueRequest>),
}

/// A started task, whole but for what matching knows.
#[derive(Debug)]
pub enum TaskAnswer {
    /// A workflow task.
    Workflow(Box<api::PollWorkflowTaskQueueResponse>),
    /// An activity task.
    Activity(Box<api::PollActivityTaskQueueResponse>),
}

impl dyn Matching {
    /// Asks and unwraps the answer that belongs to the request.
    ///
    /// # Errors
    /// Those of the peer; a wrong kind of answer counts as `Unknown`.
    pub async fn ask<R: Ask<MatchingCall, MatchingAnswer>>(
        &self,
        caller: Caller,
        request: R,
    ) -> Result<R::Answer, PeerError> {
        let answer = self.call(caller, request.into_call()).await?;
        R::from_answer(answer).ok_or_else(|| PeerError::Unknown("peer answered another question".into()))
    }
}

envelope! {
    /// A request to the matching room, for one task queue.
    MatchingCall / MatchingAnswer {
        AddTask: AddTask => TaskAdded = 1,
        PollWorkflow: api::PollWorkflowTaskQueueRequest => api::PollWorkflowTaskQueueResponse = 2,
        PollActivity: api::PollActivityTaskQueueRequest => api::PollActivityTaskQueueResponse = 3,
        Query: DispatchQuery => QueryOutcome = 4,
        QueryCompleted: api::RespondQueryTaskCompletedRequest => api::RespondQueryTaskCompletedResponse = 5,
        Describe: api::DescribeTaskQueueRequest => api::DescribeTaskQueueResponse = 6,
        ListPartitions: api::ListTaskQueuePartitionsRequest => api::ListTaskQueuePartitionsResponse = 7,
        ShutdownWorker: api::ShutdownWorkerRequest => api::ShutdownWorkerResponse = 8,
        ForgetNamespace: ForgetNamespace => Forgotten = 130,
        RecordHeartbeats: api::RecordWorkerHeartbeatRequest => api::RecordWorkerHeartbeatResponse = 20,
        ListWorkers: api::ListWorkersRequest => api::ListWorkersResponse = 21,
        CountWorkers: api::CountWorkersRequest => api::CountWorkersResponse = 22,
        UpdateConfig: api::UpdateTaskQueueConfigRequest => api::UpdateTaskQueueConfigResponse = 24,
        DescribeWorker: api::DescribeWorkerRequest => api::DescribeWorkerResponse = 23,
        DescribeVersion: DescribeVersion => VersionQueue = 180,
        Versioning: VersioningCall => VersioningTold = 181,
        PollNexus: api::PollNexusTaskQueueRequest => api::PollNexusTaskQueueResponse = 140,
        Nexus: DispatchNexus => NexusOutcome = 141,
        NexusCompleted: api::RespondNexusTaskCompletedRequest => api::RespondNexusTaskCompletedResponse = 142,
        NexusFailed: api::RespondNexusTaskFailedRequest => api::RespondNexusTaskFailedResponse = 143,
    }
}

/// What sort of task a queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum TaskKind {
    /// Workflow tasks.
    Workflow = 0,
    /// Activity tasks.
    Activity = 1,
    /// Nexus tasks.
    Nexus = 2,
}

/// A task that may be dispatched. The run that scheduled it is its durable source; this is a reference to it.
#[derive(Clone, PartialEq, Message)]
pub struct AddTask {
    /// Queue it waits in.
    #[prost(string, tag = "1")]
    pub task_queue: String,
    /// Whether that is a worker's sticky queue.
    #[prost(bool, tag = "2")]
    pub sticky: bool,
    /// Sort of task.
    #[prost(enumeration = "TaskKind", tag = "3")]
    pub kind: i32,
    /// The run; both ids are set.
    #[prost(message, required, tag = "4")]
    pub execution: common::WorkflowExecution,
    /// Event that scheduled it; zero for an activity that stands alone, whose id and run are the execution's.
    #[prost(int64, tag = "5")]
    pub scheduled_event_id: i64,
    /// Attempt.
    #[prost(int32, tag = "6")]
    pub attempt: i32,
    /// Grows when a dispatched task becomes void.
    #[prost(int32, tag = "7")]
    pub stamp: i32,
    /// When it was scheduled, nanoseconds since the epoch.
    #[prost(int64, tag = "8")]
    pub scheduled_at: i64,
    /// After this instant it need not be dispatched (schedule-to-start timeout); zero is never.
    #[prost(int64, tag = "9")]
    pub expires_at: i64,
    /// Priority and fairness.
    #[prost(message, optional, tag = "10")]
    pub priority: Option<common::Priority>,
    /// The version of the workers that it is for, if they are to be of a certain one.
    #[prost(message, optional, tag = "180")]
    pub pinned: Option<WorkerDeploymentVersion>,
    /// Whether it prefers the ramping version.
    #[prost(bool, tag = "181")]
    pub ramps: bool,
    /// The build of the workers that it is for, as far as versioning rules or version sets of the queue don't lead it on.
    #[prost(string, tag = "182")]
    pub build: String,
    /// Whether it is new work, for the build that rules or sets have for such.
    #[prost(bool, tag = "183")]
    pub is_new: bool,
    /// The queue whose rules and sets hold, for a task of a build on a worker's own queue.
    #[prost(string, tag = "184")]
    pub normal_queue: String,
}

/// The caller's namespace is gone: let go of everything that waits in its task queues.
#[derive(Clone, PartialEq, Message)]
pub struct ForgetNamespace {}

/// Nothing waits there any more.
#[derive(Clone, PartialEq, Message)]
pub struct Forgotten {}

/// What became of an added task.
#[derive(Clone, PartialEq, Message)]
pub struct TaskAdded {
    /// The sticky queue has had no poll for ten seconds: add it to the normal queue instead.
    #[prost(bool, tag = "1")]
    pub sticky_worker_unavailable: bool,
}

/// A query for a worker to answer without a workflow task.
#[derive(Clone, PartialEq, Message)]
pub struct DispatchQuery {
    /// Queue whose worker shall answer.
    #[prost(string, tag = "1")]
    pub task_queue: String,
    /// Whether that is a sticky queue.
    #[prost(bool, tag = "2")]
    pub sticky: bool,
    /// The run; both ids are set.
    #[prost(message, required, tag = "3")]
    pub execution: common::WorkflowExecution,
    /// The query.
    #[prost(message, required, tag = "4")]
    pub query: longhaul_proto::api::query::v1::WorkflowQuery,
    /// Priority of the run.
    #[prost(message, optional, tag = "5")]
    pub priority: Option<common::Priority>,
    /// The version of the workers that may answer it, if they are to be of a certain one.
    #[prost(message, optional, tag = "180")]
    pub pinned: Option<WorkerDeploymentVersion>,
    /// The build of the workers that may answer it, as far as versioning rules or version sets don't lead it on.
    #[prost(string, tag = "182")]
    pub build: String,
    /// Whether it is for the build that rules or sets have for new work.
    #[prost(bool, tag = "183")]
    pub is_new: bool,
}

/// Where the tasks of a queue go.
#[derive(Clone, PartialEq, Message)]
pub struct QueueRoutes {
    /// The queue.
    #[prost(string, tag = "1")]
    pub task_queue: String,
    /// Sort of its tasks.
    #[prost(enumeration = "TaskKind", tag = "2")]
    pub kind: i32,
    /// Where they go.
    #[prost(message, required, tag = "3")]
    pub info: TaskQueueVersioningInfo,
    /// The versions whose workers poll it; without any, nothing is known of the queue.
    #[prost(message, repeated, tag = "4")]
    pub versions: Vec<WorkerDeploymentVersion>,
}

/// Changes version sets or versioning rules of a queue, if one of them is given, within limits, and asks what they are.
#[derive(Clone, PartialEq, Message)]
pub struct VersioningCall {
    /// The queue.
    #[prost(string, tag = "1")]
    pub task_queue: String,
    /// A change of its version sets.
    #[prost(message, optional, tag = "2")]
    pub sets: Option<api::UpdateWorkerBuildIdCompatibilityRequest>,
    /// Sets that it may have.
    #[prost(uint64, tag = "3")]
    pub sets_max: u64,
    /// Build ids that its sets may have.
    #[prost(uint64, tag = "4")]
    pub builds_max: u64,
    /// A change of its versioning rules.
    #[prost(message, optional, tag = "5")]
    pub rules: Option<api::UpdateWorkerVersioningRulesRequest>,
    /// Assignment rules that it may have.
    #[prost(uint64, tag = "6")]
    pub assignments_max: u64,
    /// Redirect rules that it may have.
    #[prost(uint64, tag = "7")]
    pub redirects_max: u64,
    /// Build ids that may lead to one.
    #[prost(uint64, tag = "8")]
    pub upstream_max: u64,
    /// The last sets that are told; all, if it is not positive.
    #[prost(int32, tag = "9")]
    pub sets_told_max: i32,
    /// Build ids that are asked about.
    #[prost(string, repeated, tag = "10")]
    pub builds: Vec<String>,
    /// A build id whose queues are asked for.
    #[prost(string, optional, tag = "11")]
    pub queues_of: Option<String>,
}

/// What is said of the versions of a queue.
#[derive(Clone, PartialEq, Message)]
pub struct VersioningTold {
    /// Its version sets.
    #[prost(message, repeated, tag = "1")]
    pub sets: Vec<CompatibleVersionSet>,
    /// Its assignment rules.
    #[prost(message, repeated, tag = "2")]
    pub assignment: Vec<TimestampedBuildIdAssignmentRule>,
    /// Its redirect rules.
    #[prost(message, repeated, tag = "3")]
    pub redirect: Vec<TimestampedCompatibleBuildIdRedirectRule>,
    /// Tells the rules from those before and after them.
    #[prost(bytes = "vec", tag = "4")]
    pub token: Vec<u8>,
    /// Of each build id that was asked about, whether its workers may be given new workflows.
    #[prost(bool, repeated, tag = "5")]
    pub takes_new: Vec<bool>,
    /// Of each, whether a set has it.
    #[prost(bool, repeated, tag = "6")]
    pub knows: Vec<bool>,
    /// The queues whose sets have the build id that was named.
    #[prost(string, repeated, tag = "7")]
    pub queues: Vec<String>,
}

/// Asks for the work of one version on a queue.
#[derive(Clone, PartialEq, Message)]
pub struct DescribeVersion {
    /// The queue.
    #[prost(string, tag = "1")]
    pub task_queue: String,
    /// Number of the public `TaskQueueType`.
    #[prost(int32, tag = "2")]
    pub kind: i32,
    /// The version.
    #[prost(message, required, tag = "3")]
    pub version: WorkerDeploymentVersion,
}

/// The work of one version on a queue.
#[derive(Clone, PartialEq, Message)]
pub struct VersionQueue {
    /// All of it.
    #[prost(message, required, tag = "1")]
    pub stats: TaskQueueStats,
    /// By priority.
    #[prost(btree_map = "int32, message", tag = "2")]
    pub stats_by_priority: BTreeMap<i32, TaskQueueStats>,
    /// Whether workers of the version polled it lately.
    #[prost(bool, tag = "3")]
    pub has_pollers: bool,
}

/// A Nexus request for a worker to answer. It waits for a worker and for the worker's answer as long as its caller does.
#[derive(Clone, PartialEq, Message)]
pub struct DispatchNexus {
    /// Queue whose worker shall answer.
    #[prost(string, tag = "1")]
    pub task_queue: String,
    /// The request.
    #[prost(message, required, tag = "2")]
    pub request: longhaul_proto::api::nexus::v1::Request,
}

/// What came of a Nexus request; nothing of all this if no worker answered in time.
#[derive(Clone, PartialEq, Message)]
pub struct NexusOutcome {
    /// The worker's answer.
    #[prost(message, optional, tag = "1")]
    pub response: Option<longhaul_proto::api::nexus::v1::Response>,
    /// The worker's failure to answer, as a failure of its handler.
    #[prost(message, optional, tag = "2")]
    pub failure: Option<longhaul_proto::api::failure::v1::Failure>,
    /// The same, from a worker that knows the form of Nexus alone.
    #[prost(message, optional, tag = "3")]
    pub error: Option<longhaul_proto::api::nexus::v1::HandlerError>,
}
