//! Worker deployments through every room: routing holds from its acknowledgement on, also across a restart.

use std::time::Duration;

use longhaul_proto::api::{
    common::v1::WorkflowType,
    deployment::v1::WorkerDeploymentOptions,
    enums::v1::WorkerVersioningMode,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        DescribeTaskQueueRequest, PollWorkflowTaskQueueRequest, SetWorkerDeploymentCurrentVersionRequest,
        StartWorkflowExecutionRequest,
    },
};
use longhaul_server::config::{Config, Storage};

use super::client::{Fixture, start_with};

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "orders".into(), ..TaskQueue::default() })
}

/// Polls as a worker of a build; the workflow id of the task that comes.
async fn poll(fixture: &mut Fixture, build: &str, seconds: u64) -> Option<String> {
    let deployment_options = (!build.is_empty()).then(|| WorkerDeploymentOptions {
        deployment_name: "shop".into(),
        build_id: build.into(),
        worker_versioning_mode: WorkerVersioningMode::Versioned as i32,
    });
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: queue(),
        deployment_options,
        ..PollWorkflowTaskQueueRequest::default()
    };
    let mut patient = tonic::Request::new(poll);
    patient.set_timeout(Duration::from_secs(seconds));
    let answer = fixture.workflow.poll_workflow_task_queue(patient).await.ok()?.into_inner();
    answer.workflow_execution.map(|execution| execution.workflow_id)
}

async fn begin(fixture: &mut Fixture, id: &str) {
    let start = StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: id.into(),
        workflow_type: Some(WorkflowType { name: "order".into() }),
        task_queue: queue(),
        ..StartWorkflowExecutionRequest::default()
    };
    fixture.workflow.start_workflow_execution(start).await.unwrap();
}

async fn make_current(fixture: &mut Fixture, build: &str) {
    let request = SetWorkerDeploymentCurrentVersionRequest {
        namespace: "default".into(),
        deployment_name: "shop".into(),
        build_id: build.into(),
        identity: "operator".into(),
        ..SetWorkerDeploymentCurrentVersionRequest::default()
    };
    fixture.workflow.set_worker_deployment_current_version(request).await.unwrap();
}

#[tokio::test]
async fn routing_is_there_after_a_restart() {
    let folder = std::env::temp_dir().join(format!("longhaul-versions-{}", std::process::id()));
    let config = || Config { port: 0, storage: Storage::Folder(folder.clone()), ..Config::default() };
    let mut fixture = start_with(config()).await;
    for build in ["1", "2"] {
        assert_eq!(poll(&mut fixture, build, 4).await, None, "a poll makes the version known");
    }
    make_current(&mut fixture, "1").await;
    begin(&mut fixture, "first").await;
    make_current(&mut fixture, "2").await;
    assert_eq!(poll(&mut fixture, "2", 30).await.as_deref(), Some("first"), "the task has moved along");
    begin(&mut fixture, "second").await;
    let Fixture { server, workflow, operator } = fixture;
    drop((workflow, operator));
    server.stop().await;
    let mut fixture = start_with(config()).await;
    let describe = DescribeTaskQueueRequest {
        namespace: "default".into(),
        task_queue: queue(),
        task_queue_type: 1,
        ..DescribeTaskQueueRequest::default()
    };
    let described = fixture.workflow.describe_task_queue(describe).await.unwrap().into_inner();
    let current = described.versioning_info.and_then(|info| info.current_deployment_version);
    assert_eq!(current.map(|version| version.build_id).as_deref(), Some("2"));
    assert_eq!(poll(&mut fixture, "", 4).await, None, "workers without a version get nothing");
    assert_eq!(poll(&mut fixture, "2", 30).await.as_deref(), Some("second"));
    fixture.server.stop().await;
    let _ = std::fs::remove_dir_all(folder);
}
