//! A maximum of running tasks holds for activities that stand alone.

use std::time::Duration;

use longhaul_proto::api::{
    common::v1::ActivityType,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        PollActivityTaskQueueRequest, PollActivityTaskQueueResponse, RespondActivityTaskCompletedRequest,
        RespondActivityTaskFailedRequest, StartActivityExecutionRequest,
    },
};

use super::{
    client::{Fixture, start_with},
    limits::configured,
};

/// How many may run at a time.
const MOST: usize = 2;

fn queue() -> Option<TaskQueue> {
    Some(TaskQueue { name: "jobs".into(), ..TaskQueue::default() })
}

async fn begin(fixture: &mut Fixture, id: &str) {
    let start = StartActivityExecutionRequest {
        namespace: "default".into(),
        activity_id: id.into(),
        request_id: id.into(),
        activity_type: Some(ActivityType { name: "act".into() }),
        task_queue: queue(),
        start_to_close_timeout: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        ..StartActivityExecutionRequest::default()
    };
    fixture.workflow.start_activity_execution(start).await.unwrap();
}

async fn poll(fixture: &Fixture, patience: Duration) -> Option<PollActivityTaskQueueResponse> {
    let request = PollActivityTaskQueueRequest {
        namespace: "default".into(),
        task_queue: queue(),
        ..PollActivityTaskQueueRequest::default()
    };
    let mut request = tonic::Request::new(request);
    request.set_timeout(patience);
    let answer = fixture.workflow.clone().poll_activity_task_queue(request).await;
    answer.ok().map(tonic::Response::into_inner).filter(|task| !task.task_token.is_empty())
}

#[tokio::test]
async fn activities_that_stand_alone_count() {
    let config =
        configured(&["--dynamic-config-value", &format!("matching.runningTasksMax={MOST}")]).unwrap();
    let mut fixture = start_with(config).await;
    for number in 0..6 {
        begin(&mut fixture, &format!("a{number}")).await;
    }
    let patience = Duration::from_secs(60);
    let mut held = Vec::new();
    for _ in 0..MOST {
        held.push(poll(&fixture, patience).await.expect("there is room"));
    }
    // Nothing else comes while both run: a poll that waits gets its task by the end of one of them, and no sooner.
    assert!(poll(&fixture, Duration::from_secs(2)).await.is_none(), "there is no room");
    for ends in 0..4 {
        let waiting = poll(&fixture, patience);
        let task_token = held.remove(0).task_token;
        let mut client = fixture.workflow.clone();
        let end = async move {
            if ends % 2 == 0 {
                let completed = RespondActivityTaskCompletedRequest { task_token, ..Default::default() };
                client.respond_activity_task_completed(completed).await.map(drop)
            } else {
                let failed = RespondActivityTaskFailedRequest { task_token, ..Default::default() };
                client.respond_activity_task_failed(failed).await.map(drop)
            }
        };
        let (next, ended) = tokio::join!(waiting, end);
        ended.unwrap();
        held.push(next.expect("one has ended"));
    }
    assert!(poll(&fixture, Duration::from_secs(1)).await.is_none(), "there is no room");
    fixture.server.stop().await;
}
