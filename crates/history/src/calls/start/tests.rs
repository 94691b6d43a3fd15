//! What is attached to a run is known to whoever takes its shard over.

use std::{sync::Arc, time::Duration};

use longhaul_kernel::{namespace::Namespace, time::Timestamp};
use longhaul_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::WorkflowIdConflictPolicy as Conflict,
    taskqueue::v1::TaskQueue,
    workflow::v1::OnConflictOptions,
    workflowservice::v1::{
        DescribeWorkflowExecutionRequest, StartWorkflowExecutionRequest, StartWorkflowExecutionResponse,
        TerminateWorkflowExecutionRequest,
    },
};
use longhaul_runtime::{Host, peers};
use longhaul_store::{MemoryStore, Store, namespaces::Directory};

use crate::{
    History, Settings,
    duties::{
        internal_caller,
        tests::{NAMESPACE, Sink},
    },
};

async fn open(store: &Arc<MemoryStore>) -> Arc<dyn peers::History> {
    let shared: Arc<dyn Store> = store.clone();
    let directory = Arc::new(Directory::new(shared.clone()));
    History::start(Host::system(), shared, directory, Arc::new(Sink), Settings::default())
        .await
        .expect("it takes over")
}

async fn start(history: &Arc<dyn peers::History>, request_id: &str) -> StartWorkflowExecutionResponse {
    let request = StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "w".into(),
        workflow_type: Some(WorkflowType { name: "type".into() }),
        task_queue: Some(TaskQueue { name: "q".into(), ..TaskQueue::default() }),
        request_id: request_id.into(),
        workflow_id_conflict_policy: Conflict::UseExisting as i32,
        on_conflict_options: Some(OnConflictOptions { attach_request_id: true, ..Default::default() }),
        ..StartWorkflowExecutionRequest::default()
    };
    history.ask(internal_caller(NAMESPACE, "default".into()), request).await.expect("served")
}

/// Ids of the events that tell of requests, zero for one that is unknown.
async fn told(history: &Arc<dyn peers::History>, request_ids: [&str; 3]) -> [i64; 3] {
    let execution = Some(WorkflowExecution { workflow_id: "w".into(), run_id: String::new() });
    let request = DescribeWorkflowExecutionRequest { execution, ..Default::default() };
    let caller = internal_caller(NAMESPACE, "default".into());
    let answer = history.ask(caller, request).await.expect("it is there");
    let infos = answer.workflow_extended_info.unwrap_or_default().request_id_infos;
    request_ids.map(|request_id| infos.get(request_id).map_or(0, |info| info.event_id))
}

async fn survives() {
    let store = Arc::new(MemoryStore::new());
    let at = Timestamp(Host::system().clock.now());
    let namespace = Namespace::built_in(NAMESPACE, "default", Duration::from_secs(3600), at);
    Directory::new(store.clone()).create(namespace).await.expect("a new namespace");
    let history = open(&store).await;
    let created = start(&history, "create").await;
    let attached = start(&history, "attach").await;
    assert_eq!((created.started, attached.started), (true, false));
    assert_ne!(created.link, attached.link);

    let history = open(&store).await;
    assert_eq!(start(&history, "attach").await, attached, "it is attached once");
    assert_eq!(start(&history, "create").await, created);
    assert_eq!(told(&history, ["create", "attach", "unknown"]).await, [1, 3, 0]);
    let end = TerminateWorkflowExecutionRequest {
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".into(), run_id: String::new() }),
        ..TerminateWorkflowExecutionRequest::default()
    };
    history.ask(internal_caller(NAMESPACE, "default".into()), end).await.expect("it runs");

    let history = open(&store).await;
    let again = start(&history, "attach").await;
    assert_eq!((again.run_id, again.started, again.link), (attached.run_id, false, attached.link));
    assert!(start(&history, "other").await.started, "another request begins another run");
}

#[test]
fn an_attached_request_is_known_after_a_restart_and_after_the_end() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    runtime.block_on(survives());
}
