//! What is said to requests that can't be right. Every line is what the reference says.

use longhaul_proto::api::{
    common::v1::{RetryPolicy, WorkflowExecution, WorkflowType},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        DescribeWorkflowExecutionRequest, ExecuteMultiOperationRequest, PollWorkflowTaskQueueRequest,
        RespondWorkflowTaskCompletedRequest, SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest,
    },
};

use super::client::{start, told};

fn good_start() -> StartWorkflowExecutionRequest {
    StartWorkflowExecutionRequest {
        namespace: "default".into(),
        workflow_id: "order".into(),
        workflow_type: Some(WorkflowType { name: "order".into() }),
        task_queue: Some(TaskQueue { name: "orders".into(), ..TaskQueue::default() }),
        request_id: "request".into(),
        ..StartWorkflowExecutionRequest::default()
    }
}

#[tokio::test]
async fn starts_are_checked_in_the_order_of_the_reference() {
    type Change = fn(&mut StartWorkflowExecutionRequest);
    let cases: [(Change, &str); 13] = [
        (|r| r.namespace.clear(), "InvalidArgument: Namespace is empty."),
        (
            |r| r.namespace = "nope".into(),
            "NotFound: Namespace nope is not found. [NamespaceNotFoundFailure]",
        ),
        (|r| r.namespace = "n".repeat(1001), "InvalidArgument: Namespace length exceeds limit."),
        (|r| r.workflow_id.clear(), "InvalidArgument: WorkflowId is not set on request."),
        (
            |r| r.workflow_id = "w".repeat(1001),
            "InvalidArgument: WorkflowId exceeds maximum allowed length (1001/1000)",
        ),
        (|r| r.workflow_type = None, "InvalidArgument: WorkflowType is not set on request."),
        (|r| r.task_queue = None, "InvalidArgument: taskQueue is not set"),
        (
            |r| r.task_queue.as_mut().unwrap().name = "/_sys/x".into(),
            "InvalidArgument: task queue name cannot start with reserved prefix /_sys/",
        ),
        (|r| r.cron_schedule = "bad".into(), "InvalidArgument: invalid CronSchedule."),
        (
            |r| {
                r.cron_schedule = "* * * * *".into();
                r.workflow_start_delay = Some(prost_types::Duration { seconds: -1, nanos: 0 });
            },
            "InvalidArgument: CronSchedule and WorkflowStartDelay may not be used together.",
        ),
        (
            |r| r.workflow_run_timeout = Some(prost_types::Duration { seconds: -1, nanos: 0 }),
            "InvalidArgument: An invalid WorkflowRunTimeoutSeconds is set on request. cause: negative duration",
        ),
        (
            |r| {
                r.retry_policy = Some(RetryPolicy { maximum_attempts: -1, ..RetryPolicy::default() });
                r.workflow_type = None;
            },
            "InvalidArgument: MaximumAttempts cannot be negative on retry policy.",
        ),
        (|r| r.request_id = "r".repeat(1001), "InvalidArgument: RequestId length exceeds limit."),
    ];
    let mut fixture = start().await;
    for (change, expected) in cases {
        let mut request = good_start();
        change(&mut request);
        let status = fixture.workflow.start_workflow_execution(request).await.unwrap_err();
        assert_eq!(told(&status), expected);
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn executions_are_checked_before_they_are_looked_for() {
    let named = |workflow_id: &str, run_id: &str| {
        Some(WorkflowExecution { workflow_id: workflow_id.into(), run_id: run_id.into() })
    };
    let cases = [
        (None, "InvalidArgument: Execution is not set on request."),
        (named("", "x"), "InvalidArgument: WorkflowId is not set on request."),
        (named("w", "x"), "InvalidArgument: Invalid RunId."),
        (named("w", ""), "NotFound: workflow not found for ID: w [NotFoundFailure]"),
    ];
    let mut fixture = start().await;
    for (execution, expected) in cases {
        let namespace = "default".to_owned();
        let describe = DescribeWorkflowExecutionRequest { namespace, execution: execution.clone() };
        let status = fixture.workflow.describe_workflow_execution(describe).await.unwrap_err();
        assert_eq!(told(&status), expected);
        let signal = SignalWorkflowExecutionRequest {
            namespace: "default".into(),
            workflow_execution: execution,
            signal_name: "s".into(),
            ..SignalWorkflowExecutionRequest::default()
        };
        let status = fixture.workflow.signal_workflow_execution(signal).await.unwrap_err();
        assert_eq!(told(&status), expected);
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn tokens_are_checked_before_anything_else() {
    let mut fixture = start().await;
    for (token, expected) in [
        ("", "InvalidArgument: Task token not set on request."),
        ("zz", "InvalidArgument: Error deserializing task token."),
    ] {
        let request = RespondWorkflowTaskCompletedRequest {
            task_token: token.into(),
            ..RespondWorkflowTaskCompletedRequest::default()
        };
        let status = fixture.workflow.respond_workflow_task_completed(request).await.unwrap_err();
        assert_eq!(told(&status), expected);
    }
    fixture.server.stop().await;
}

#[tokio::test]
async fn long_polls_must_have_time() {
    let mut fixture = start().await;
    let poll = PollWorkflowTaskQueueRequest {
        namespace: "default".into(),
        task_queue: Some(TaskQueue { name: "q".into(), ..TaskQueue::default() }),
        ..PollWorkflowTaskQueueRequest::default()
    };
    let mut hasty = tonic::Request::new(poll);
    hasty.set_timeout(std::time::Duration::from_millis(1500));
    let status = fixture.workflow.poll_workflow_task_queue(hasty).await.unwrap_err();
    assert_eq!(told(&status), "FailedPrecondition: Context timeout is too short.");
    fixture.server.stop().await;
}

#[tokio::test]
async fn a_multi_operation_is_a_start_and_an_update() {
    let mut fixture = start().await;
    let request = ExecuteMultiOperationRequest { namespace: "default".into(), ..Default::default() };
    let status = fixture.workflow.execute_multi_operation(request).await.unwrap_err();
    assert_eq!(told(&status), "InvalidArgument: Operations have to be exactly [Start, Update].");
    fixture.server.stop().await;
}
