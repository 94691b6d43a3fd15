//! One workflow from start to end, through every room.

use std::time::Duration;

use longhaul_proto::api::{
    command::v1::{Command, CompleteWorkflowExecutionCommandAttributes, command::Attributes},
    common::v1::WorkflowType,
    enums::v1::{CommandType, WorkflowExecutionStatus},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        CountWorkflowExecutionsRequest, ListWorkflowExecutionsRequest, PollWorkflowTaskQueueRequest,
        RespondWorkflowTaskCompletedRequest, StartWorkflowExecutionRequest,
    },
};
use longhaul_server::config::{Config, Storage};

use super::client::{Fixture, start, start_with};

async fn run_one_workflow(fixture: &mut Fixture) {
    let queue = || Some(TaskQueue { name: "orders".into(), ..TaskQueue::default() });
    let start = StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "order".into(),
        workflow_type: Some(WorkflowType { name: "order".into() }),
        task_queue: queue(),
        ..StartWorkflowExecutionRequest::default()
    };
    assert!(fixture.workflow.start_workflow_execution(start).await.unwrap().into_inner().started);
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: queue(),
        ..PollWorkflowTaskQueueRequest::default()
    };
    let mut patient = tonic::Request::new(poll);
    patient.set_timeout(Duration::from_secs(30));
    let task = fixture.workflow.poll_workflow_task_queue(patient).await.unwrap().into_inner();
    let command = Command {
        command_type: CommandType::CompleteWorkflowExecution.into(),
        attributes: Some(Attributes::CompleteWorkflowExecutionCommandAttributes(
            CompleteWorkflowExecutionCommandAttributes::default(),
        )),
        ..Command::default()
    };
    let completed = RespondWorkflowTaskCompletedRequest {
        task_token: task.task_token,
        commands: vec![command],
        ..RespondWorkflowTaskCompletedRequest::default()
    };
    fixture.workflow.respond_workflow_task_completed(completed).await.unwrap();
}

async fn listed(fixture: &mut Fixture, query: &str) -> Vec<(String, WorkflowExecutionStatus)> {
    let request = ListWorkflowExecutionsRequest {
        namespace: "default".into(),
        query: query.into(),
        ..ListWorkflowExecutionsRequest::default()
    };
    let page = fixture.workflow.list_workflow_executions(request).await.unwrap().into_inner();
    let rows = page.executions.iter();
    rows.map(|row| (row.execution.clone().unwrap().workflow_id, row.status())).collect()
}

#[tokio::test]
async fn a_workflow_runs_and_lists_know_it_at_once() {
    let mut fixture = start().await;
    run_one_workflow(&mut fixture).await;
    let expected = [("order".to_owned(), WorkflowExecutionStatus::Completed)];
    assert_eq!(listed(&mut fixture, "ExecutionStatus = 'Completed'").await, expected);
    assert!(listed(&mut fixture, "ExecutionStatus = 'Running'").await.is_empty());
    let count = CountWorkflowExecutionsRequest {
        namespace: "default".into(),
        query: "GROUP BY ExecutionStatus".into(),
    };
    let counted = fixture.workflow.count_workflow_executions(count).await.unwrap().into_inner();
    assert_eq!((counted.count, counted.groups.len()), (1, 1));
    assert_eq!(counted.groups[0].group_values[0].data, "\"Completed\"");
    fixture.server.stop().await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = std::env::temp_dir().join(format!("longhaul-wiring-{}", std::process::id()));
    let config = || Config { port: 0, storage: Storage::Folder(folder.clone()), ..Config::default() };
    let mut fixture = start_with(config()).await;
    run_one_workflow(&mut fixture).await;
    let Fixture { server, workflow, operator } = fixture;
    drop((workflow, operator));
    server.stop().await;
    let mut fixture = start_with(config()).await;
    let expected = [("order".to_owned(), WorkflowExecutionStatus::Completed)];
    assert_eq!(listed(&mut fixture, "").await, expected);
    fixture.server.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
