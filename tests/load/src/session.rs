//! A connection to the server under load, and the calls of a starter.

use std::{
    process,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use longhaul_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::HistoryEventFilterType,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        DescribeNamespaceRequest, DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest,
        SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
        workflow_service_client::WorkflowServiceClient,
    },
};
use tonic::{
    Request,
    transport::{Channel, Endpoint},
};

use crate::plan::payloads;

/// The generated client of the public API.
pub type Client = WorkflowServiceClient<Channel>;

const READY_TIMEOUT: Duration = Duration::from_secs(30);

/// Deadline of a poll: somewhat more than the minute after which a server answers with nothing.
const POLL_TIMEOUT: Duration = Duration::from_secs(70);

/// Deadline of every other call, long enough for a wait for new events.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections; one carries a hundred streams at a time with some servers, so there are several.
const CHANNELS: usize = 4;

/// A request with the deadline of a poll; servers refuse polls without one.
pub fn poll<T>(message: T) -> Request<T> {
    with_timeout(message, POLL_TIMEOUT)
}

/// A request with the deadline of a call that is answered soon.
pub fn call<T>(message: T) -> Request<T> {
    with_timeout(message, CALL_TIMEOUT)
}

fn with_timeout<T>(message: T, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// How large a run is.
pub struct Size {
    /// Its state transitions.
    pub transitions: i64,
    /// Bytes of its history.
    pub history_bytes: i64,
}

/// A server, a namespace, and a task queue that nobody else uses.
#[derive(Clone)]
pub struct Session {
    clients: Vec<Client>,
    /// Namespace to work in.
    pub namespace: String,
    /// Task queue of this load.
    pub task_queue: String,
    /// What tells this process's requests from those of others.
    pub identity: String,
}

impl Session {
    /// A session that connects when it is used.
    pub fn open(address: &str, namespace: &str) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..CHANNELS {
            let channel =
                Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true).connect_lazy();
            clients.push(Client::new(channel));
        }
        let unique = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
        Ok(Self {
            clients,
            namespace: namespace.into(),
            task_queue: format!("load-{}-{unique}", process::id()),
            identity: format!("load-{}", process::id()),
        })
    }

    /// One of the connections.
    pub fn client(&self, number: usize) -> Client {
        self.clients[number % self.clients.len()].clone()
    }

    /// One call, which says whether the server answers.
    pub async fn describe_namespace(&self) -> Result<(), tonic::Status> {
        let request = DescribeNamespaceRequest { namespace: self.namespace.clone(), ..Default::default() };
        self.client(0).describe_namespace(call(request)).await.map(drop)
    }

    /// Waits until the namespace answers.
    pub async fn ready(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            match self.describe_namespace().await {
                Ok(()) => return Ok(()),
                Err(status) if began.elapsed() > READY_TIMEOUT => return Err(status).context("not ready"),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Id of the workflow with this number.
    pub fn workflow_id(&self, number: usize) -> String {
        format!("{}/{number}", self.task_queue)
    }

    /// Number of the workflow with this id.
    pub fn number(&self, workflow_id: &str) -> Option<usize> {
        workflow_id.strip_prefix(&self.task_queue)?.strip_prefix('/')?.parse().ok()
    }

    /// Starts a workflow; the answer is its run id.
    pub async fn start(&self, number: usize) -> Result<String, tonic::Status> {
        let request = StartWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_id: self.workflow_id(number),
            workflow_type: Some(WorkflowType { name: "load".into() }),
            task_queue: Some(TaskQueue { name: self.task_queue.clone(), ..Default::default() }),
            input: Some(payloads()),
            identity: self.identity.clone(),
            request_id: self.workflow_id(number),
            ..Default::default()
        };
        Ok(self.client(number).start_workflow_execution(call(request)).await?.into_inner().run_id)
    }

    /// What the server says of the size of the workflow's last run.
    pub async fn describe(&self, number: usize) -> Result<Size, tonic::Status> {
        let request = DescribeWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            execution: Some(self.execution(number, String::new())),
        };
        let answer = self.client(number).describe_workflow_execution(call(request)).await?.into_inner();
        let info = answer.workflow_execution_info.unwrap_or_default();
        Ok(Size { transitions: info.state_transition_count, history_bytes: info.history_size_bytes })
    }

    /// Sends a signal to the workflow with this number.
    pub async fn signal(&self, workflow: usize, signal: usize) -> Result<(), tonic::Status> {
        let request = SignalWorkflowExecutionRequest {
            namespace: self.namespace.clone(),
            workflow_execution: Some(self.execution(workflow, String::new())),
            signal_name: "load".into(),
            input: Some(payloads()),
            identity: self.identity.clone(),
            request_id: format!("{}/{signal}", self.task_queue),
            ..Default::default()
        };
        self.client(signal).signal_workflow_execution(call(request)).await.map(drop)
    }

    /// Returns once the run is closed, as an SDK waits for a result.
    pub async fn closed(&self, number: usize, run_id: String) -> Result<(), tonic::Status> {
        let mut request = GetWorkflowExecutionHistoryRequest {
            namespace: self.namespace.clone(),
            execution: Some(self.execution(number, run_id)),
            wait_new_event: true,
            history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
            ..Default::default()
        };
        loop {
            let answer =
                self.client(number).get_workflow_execution_history(call(request.clone())).await?.into_inner();
            if answer.next_page_token.is_empty() {
                return Ok(());
            }
            request.next_page_token = answer.next_page_token;
        }
    }

    fn execution(&self, number: usize, run_id: String) -> WorkflowExecution {
        WorkflowExecution { workflow_id: self.workflow_id(number), run_id }
    }
}
