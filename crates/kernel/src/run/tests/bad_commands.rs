//! Commands that can't be right: the task fails and nothing of it remains, or the request is refused.

use expect_test::expect;

use super::check;

#[test]
fn nothing_of_a_bad_task_remains() {
    check(
        "
        start order; poll
        --
        complete sticky=box: activity a, timer t 5s, activity without-id; show; poll
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: activityId is not set"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
            Running after 3 transitions, Transient task scheduled, attempt 2, timeout 10s
              -WorkflowTask
            task: attempt 2
              also 5 WorkflowTaskScheduled
              also 6 WorkflowTaskStarted
        "#]],
    );
}

#[test]
fn a_retry_with_a_bad_command_stays_with_its_worker() {
    check(
        "
        start order; poll; complete: timer without-id 5s; poll
        --
        complete: timer without-id 5s; show; complete: done
        ",
        expect![[r#"
            answers: BadStartTimerAttributes
            Running after 4 transitions, Transient task started, attempt 2, timeout 10s
            5 WorkflowTaskScheduled on=q attempt=2
            6 WorkflowTaskStarted scheduled=5
            7 WorkflowTaskCompleted scheduled=5 started=6
            8 WorkflowExecutionCompleted
        "#]],
    );
}

#[test]
fn activities() {
    check(
        "
        start order; poll
        --
        complete: activity without-id
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: activityId is not set"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a without-type
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: activityType is not set"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a without-queue
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: taskQueue is not set"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a queue=
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: missing task queue name"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a queue=/_sys/x
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: task queue name cannot start with reserved prefix /_sys/"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a queue=x*1001
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: taskQueue length exceeds limit"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity x*1001
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: activityId exceeds length limit. Length=1001 Limit=1000"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a without-timeout
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId=a ActivityType=act"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a start_to_close=5s heartbeat=-1s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: invalid HeartbeatTimeout: negative duration"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a priority=-1
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: invalid priorities: priority key can't be negative"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a attempts=-1
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: MaximumAttempts cannot be negative on retry policy."(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a never=TemporalTimeout:Odd
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: Invalid timeout type value: Odd."(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: activity a, activity a
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=ScheduleActivityDuplicateId "ScheduleActivityDuplicateId: invalid history builder state for action: add-activitytask-scheduled-event, ActivityID: a"(Server) by=worker
              +WorkflowTask on q
            answers: ScheduleActivityDuplicateId
        "#]],
    );
}

#[test]
fn timers() {
    check(
        "
        start order; poll
        --
        complete: timer without-id 5s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartTimerAttributes "BadStartTimerAttributes: TimerId is not set on StartTimerCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadStartTimerAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: timer x*1001 5s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartTimerAttributes "BadStartTimerAttributes: TimerId on StartTimerCommand exceeds length limit. TimerId=x*1001 Length=1001 Limit=1000"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartTimerAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: timer t
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartTimerAttributes "BadStartTimerAttributes: An invalid StartToFireTimeout is set on StartTimerCommand: missing duration"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartTimerAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: timer t -5s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartTimerAttributes "BadStartTimerAttributes: An invalid StartToFireTimeout is set on StartTimerCommand: negative duration. TimerId=t"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartTimerAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: cancel-timer t
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadCancelTimerAttributes "BadCancelTimerAttributes: invalid history builder state for action: add-timer-canceled-event, TimerID: t"(Server) by=worker
              +WorkflowTask on q
            answers: BadCancelTimerAttributes
        "#]],
    );
}

#[test]
fn children() {
    check(
        "
        start order; poll
        --
        complete: child without-id
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartChildExecutionAttributes "BadStartChildExecutionAttributes: Required field WorkflowId is not set on StartChildWorkflowExecutionCommand. WorkflowType=child Namespace=default"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartChildExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: child kid without-type
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartChildExecutionAttributes "BadStartChildExecutionAttributes: Required field WorkflowType is not set on StartChildWorkflowExecutionCommand. WorkflowId=kid Namespace=default"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartChildExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: child x*1001
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartChildExecutionAttributes "BadStartChildExecutionAttributes: WorkflowId on StartChildWorkflowExecutionCommand exceeds length limit. WorkflowId=x*1001 Length=1001 Limit=1000 WorkflowType=child Namespace=default"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartChildExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: child kid cron=odd
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartChildExecutionAttributes "BadStartChildExecutionAttributes: invalid CronSchedule on StartChildWorkflowExecutionCommand: invalid CronSchedule.. WorkflowId=kid WorkflowType=child Namespace=default"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartChildExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: child kid coefficient=0.5
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartChildExecutionAttributes "BadStartChildExecutionAttributes: invalid WorkflowRetryPolicy on StartChildWorkflowExecutionCommand: BackoffCoefficient cannot be less than 1 on retry policy.. WorkflowId=kid WorkflowType=child Namespace=default"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartChildExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: child kid namespace=other
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartChildExecutionAttributes "BadStartChildExecutionAttributes: cross namespace commands are not allowed"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartChildExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: child kid priority=-1
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartChildExecutionAttributes "BadStartChildExecutionAttributes: invalid priorities: priority key can't be negative"(Server) by=worker
              +WorkflowTask on q
            answers: BadStartChildExecutionAttributes
        "#]],
    );
}

#[test]
fn an_unknown_namespace_leaves_the_task_with_its_worker() {
    check(
        "
        start order; poll
        --
        complete: child kid namespace=nowhere; complete: signal-external o s namespace=nowhere; complete: cancel-external o namespace=nowhere; complete: done
        ",
        expect![[r#"
            refused: NamespaceNotFound("nowhere")
            refused: NamespaceNotFound("nowhere")
            refused: NamespaceNotFound("nowhere")
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCompleted
        "#]],
    );
}

#[test]
fn external_executions() {
    check(
        "
        start order; poll
        --
        complete: signal-external without-execution s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSignalWorkflowExecutionAttributes "BadSignalWorkflowExecutionAttributes: Execution is not set on SignalExternalWorkflowExecutionCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadSignalWorkflowExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: signal-external without-id s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSignalWorkflowExecutionAttributes "BadSignalWorkflowExecutionAttributes: WorkflowId is not set on SignalExternalWorkflowExecutionCommand. Namespace= RunId= SignalName=s"(Server) by=worker
              +WorkflowTask on q
            answers: BadSignalWorkflowExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: signal-external other s run=odd
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSignalWorkflowExecutionAttributes "BadSignalWorkflowExecutionAttributes: Invalid RunId set on SignalExternalWorkflowExecutionCommand. WorkflowId=other Namespace= RunId=odd SignalName=s"(Server) by=worker
              +WorkflowTask on q
            answers: BadSignalWorkflowExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: signal-external other
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSignalWorkflowExecutionAttributes "BadSignalWorkflowExecutionAttributes: SignalName is not set on SignalExternalWorkflowExecutionCommand. WorkflowId=other Namespace= RunId="(Server) by=worker
              +WorkflowTask on q
            answers: BadSignalWorkflowExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: signal-external other s namespace=other
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSignalWorkflowExecutionAttributes "BadSignalWorkflowExecutionAttributes: cross namespace commands are not allowed"(Server) by=worker
              +WorkflowTask on q
            answers: BadSignalWorkflowExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: cancel-external without-id
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRequestCancelExternalWorkflowExecutionAttributes "BadRequestCancelExternalWorkflowExecutionAttributes: WorkflowId is not set on RequestCancelExternalWorkflowExecutionCommand. Namespace= RunId="(Server) by=worker
              +WorkflowTask on q
            answers: BadRequestCancelExternalWorkflowExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: cancel-external other run=odd
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRequestCancelExternalWorkflowExecutionAttributes "BadRequestCancelExternalWorkflowExecutionAttributes: Invalid RunId set on RequestCancelExternalWorkflowExecutionCommand. WorkflowId=other RunId=odd Namespace="(Server) by=worker
              +WorkflowTask on q
            answers: BadRequestCancelExternalWorkflowExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: child kid, cancel-external kid
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRequestCancelExternalWorkflowExecutionAttributes "BadRequestCancelExternalWorkflowExecutionAttributes: Start and RequestCancel for child workflow is not allowed in same workflow task. WorkflowId=kid RunId= Namespace="(Server) by=worker
              +WorkflowTask on q
            answers: BadRequestCancelExternalWorkflowExecutionAttributes
        "#]],
    );
}

#[test]
fn ends_of_runs() {
    check(
        "
        start order; poll
        --
        complete: fail without-failure
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadFailWorkflowExecutionAttributes "BadFailWorkflowExecutionAttributes: Failure is not set on FailWorkflowExecutionCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadFailWorkflowExecutionAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: again type=x*1001
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadContinueAsNewAttributes "BadContinueAsNewAttributes: WorkflowType on ContinueAsNewWorkflowExecutionCommand exceeds length limit. WorkflowType=x*1001 Length=1001 Limit=1000"(Server) by=worker
              +WorkflowTask on q
            answers: BadContinueAsNewAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: again backoff=-1s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadContinueAsNewAttributes "BadContinueAsNewAttributes: Invalid BackoffStartInterval on ContinueAsNewWorkflowExecutionCommand: negative duration. WorkflowType= TaskQueue="(Server) by=worker
              +WorkflowTask on q
            answers: BadContinueAsNewAttributes
        "#]],
    );
    check(
        "
        start order; poll
        --
        complete: again attempts=-1
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadContinueAsNewAttributes "BadContinueAsNewAttributes: invalid WorkflowRetryPolicy on ContinueAsNewWorkflowExecutionCommand: MaximumAttempts cannot be negative on retry policy.. WorkflowType= TaskQueue="(Server) by=worker
              +WorkflowTask on q
            answers: BadContinueAsNewAttributes
        "#]],
    );
}

#[test]
fn the_sequence() {
    check(
        "
        start order; poll
        --
        complete: done, timer t 5s; complete: unknown 99; complete: unknown 0; complete: bare; complete: done
        ",
        expect![[r#"
            refused: invalid command sequence: [CompleteWorkflowExecution, StartTimer], command CompleteWorkflowExecution must be the last command.
            refused: unknown command type: 99
            refused: unknown command type: Unspecified
            4 WorkflowTaskFailed cause=BadStartTimerAttributes "BadStartTimerAttributes: StartTimerCommandAttributes is not set on StartTimerCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadStartTimerAttributes
            refused: not found: Workflow task not found.
        "#]],
    );
}

#[test]
fn features_that_are_not_there() {
    check(
        "
        start order; poll
        --
        complete: nexus
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleNexusOperationAttributes "BadScheduleNexusOperationAttributes: endpoint \"\" not found"(Server) by=worker
              +WorkflowTask on q
            answers: BadScheduleNexusOperationAttributes
        "#]],
    );
}
