//! Closed runs that go into a folder, and what of them is answered afterwards.

use longhaul_kernel::namespace::{ArchivalDefaults, ClusterArchival};
use longhaul_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::{ArchivalState, HistoryEventFilterType},
    history::v1::History,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        DescribeWorkflowExecutionRequest, GetWorkflowExecutionHistoryRequest,
        GetWorkflowExecutionHistoryResponse, ListArchivedWorkflowExecutionsRequest, RegisterNamespaceRequest,
        StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
    },
};
use longhaul_server::config::Config;
use prost::Message;
use tonic::Status;

use super::client::{Fixture, start, start_with, told};

/// A server that archives into `folder`, with a namespace that keeps closed runs for a second.
async fn archiving(folder: &std::path::Path) -> Fixture {
    let mut config = Config { port: 0, ..Config::default() };
    let uri = format!("file://{}", folder.display());
    let defaults = Some(ArchivalDefaults { enabled: false, uri });
    config.archival.cluster = ClusterArchival { history: defaults.clone(), visibility: defaults };
    config.settings.keyed("system.namespaceMinRetentionLocal", &"1s".into()).unwrap();
    let mut fixture = start_with(config).await;
    let register = RegisterNamespaceRequest {
        namespace: "shop".into(),
        workflow_execution_retention_period: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        history_archival_state: ArchivalState::Enabled.into(),
        visibility_archival_state: ArchivalState::Enabled.into(),
        ..RegisterNamespaceRequest::default()
    };
    fixture.workflow.register_namespace(register).await.unwrap();
    fixture
}

/// Starts a workflow and ends it; answers its run id.
async fn ended(fixture: &mut Fixture, id: &str) -> String {
    let start = StartWorkflowExecutionRequest {
        namespace: "shop".into(),
        workflow_id: id.into(),
        workflow_type: Some(WorkflowType { name: format!("type-{id}") }),
        task_queue: Some(TaskQueue { name: "q".into(), ..TaskQueue::default() }),
        ..StartWorkflowExecutionRequest::default()
    };
    let run_id = fixture.workflow.start_workflow_execution(start).await.unwrap().into_inner().run_id;
    let terminate = TerminateWorkflowExecutionRequest {
        namespace: "shop".into(),
        workflow_execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: run_id.clone() }),
        ..TerminateWorkflowExecutionRequest::default()
    };
    fixture.workflow.terminate_workflow_execution(terminate).await.unwrap();
    run_id
}

fn of(id: &str, run_id: &str) -> GetWorkflowExecutionHistoryRequest {
    GetWorkflowExecutionHistoryRequest {
        namespace: "shop".into(),
        execution: Some(WorkflowExecution { workflow_id: id.into(), run_id: run_id.into() }),
        ..GetWorkflowExecutionHistoryRequest::default()
    }
}

async fn read(
    fixture: &mut Fixture,
    request: GetWorkflowExecutionHistoryRequest,
) -> Result<GetWorkflowExecutionHistoryResponse, Status> {
    fixture.workflow.get_workflow_execution_history(request).await.map(tonic::Response::into_inner)
}

fn events(page: &GetWorkflowExecutionHistoryResponse) -> Vec<i64> {
    let history = History::decode(page.history.clone().unwrap()).unwrap();
    history.events.iter().map(|event| event.event_id).collect()
}

async fn listed(fixture: &mut Fixture, query: &str, page_size: i32) -> Vec<String> {
    let (mut found, mut token) = (Vec::new(), bytes::Bytes::new());
    loop {
        let request = ListArchivedWorkflowExecutionsRequest {
            namespace: "shop".into(),
            query: query.into(),
            page_size,
            next_page_token: token,
        };
        let page = fixture.workflow.list_archived_workflow_executions(request).await.unwrap().into_inner();
        found.extend(page.executions.into_iter().map(|row| row.execution.unwrap().workflow_id));
        token = page.next_page_token;
        if token.is_empty() {
            return found;
        }
    }
}

#[tokio::test]
async fn a_history_outlives_its_retention_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = archiving(folder.path()).await;
    let run_id = ended(&mut fixture, "first").await;
    let before = read(&mut fixture, of("first", &run_id)).await.unwrap();
    assert!(!before.archived);
    // The run goes a second after its end; until then it is read where it is.
    let archived = loop {
        let page = read(&mut fixture, of("first", &run_id)).await.unwrap();
        if page.archived {
            break page;
        }
    };
    assert_eq!(archived.history, before.history, "byte for byte");
    let small = GetWorkflowExecutionHistoryRequest { maximum_page_size: 2, ..of("first", &run_id) };
    let page = read(&mut fixture, small.clone()).await.unwrap();
    let next = GetWorkflowExecutionHistoryRequest { next_page_token: page.next_page_token.clone(), ..small };
    let rest = read(&mut fixture, next).await.unwrap();
    assert_eq!((events(&page), events(&rest)), (vec![1, 2], vec![3]));
    assert!(rest.next_page_token.is_empty());
    let close_only = GetWorkflowExecutionHistoryRequest {
        history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
        wait_new_event: true,
        ..of("first", &run_id)
    };
    assert_eq!(events(&read(&mut fixture, close_only).await.unwrap()), [3]);
    let skipped = GetWorkflowExecutionHistoryRequest { skip_archival: true, ..of("first", &run_id) };
    for request in [skipped, of("first", ""), of("other", &run_id)] {
        let refused = read(&mut fixture, request).await.unwrap_err();
        assert!(told(&refused).starts_with("NotFound: "), "{refused:?}");
    }
    let describe = DescribeWorkflowExecutionRequest {
        namespace: "shop".into(),
        execution: Some(WorkflowExecution { workflow_id: "first".into(), run_id }),
    };
    let gone = fixture.workflow.describe_workflow_execution(describe).await.unwrap_err();
    assert!(told(&gone).starts_with("NotFound: "));
    fixture.server.stop().await;
}

#[tokio::test]
async fn archived_runs_are_listed_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = archiving(folder.path()).await;
    for id in ["a", "b", "c", "d"] {
        ended(&mut fixture, id).await;
    }
    // Archiving begins when a run has closed, and nothing tells a client that it is over.
    while listed(&mut fixture, "", 0).await.len() < 4 {
        tokio::task::yield_now().await;
    }
    for page_size in [0, 1, 3] {
        assert_eq!(listed(&mut fixture, "", page_size).await, ["d", "c", "b", "a"]);
    }
    assert_eq!(listed(&mut fixture, "WorkflowType IN ('type-a', 'type-c')", 1).await, ["c", "a"]);
    assert_eq!(listed(&mut fixture, "ExecutionStatus = 'Completed'", 0).await, [""; 0]);
    let refused = ListArchivedWorkflowExecutionsRequest {
        namespace: "default".into(),
        ..ListArchivedWorkflowExecutionsRequest::default()
    };
    let refused = fixture.workflow.list_archived_workflow_executions(refused).await.unwrap_err();
    assert_eq!(told(&refused), "InvalidArgument: Namespace is not configured for visibility archival.");
    fixture.server.stop().await;
}

#[tokio::test]
async fn nothing_is_archived_unless_the_server_is_told_to() {
    let mut fixture = start().await;
    let refused = ListArchivedWorkflowExecutionsRequest {
        namespace: "default".into(),
        ..ListArchivedWorkflowExecutionsRequest::default()
    };
    let refused = fixture.workflow.list_archived_workflow_executions(refused).await.unwrap_err();
    assert_eq!(told(&refused), "InvalidArgument: Cluster is not configured for visibility archival.");
    fixture.server.stop().await;
}
