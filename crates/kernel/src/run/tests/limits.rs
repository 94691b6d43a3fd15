//! Limits on what a run may hold, and on the size of what it is given.

use expect_test::expect;

use super::check;

#[test]
fn so_many_activities() {
    check(
        "
        limit activities=1; start order; poll
        --
        complete: activity a, activity b
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=PendingActivitiesLimitExceeded "PendingActivitiesLimitExceeded: the number of pending activities, 1, has reached the per-workflow limit of 1"(Server) by=worker
              +WorkflowTask on q
            answers: PendingActivitiesLimitExceeded: the number of pending activities, 1, has reached the per-workflow limit of 1
        "#]],
    );
}

#[test]
fn so_many_children() {
    check(
        "
        limit children=1; start order; poll
        --
        complete: child a, child b
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=PendingChildWorkflowsLimitExceeded "PendingChildWorkflowsLimitExceeded: the number of pending child workflow executions, 1, has reached the per-workflow limit of 1"(Server) by=worker
              +WorkflowTask on q
            answers: PendingChildWorkflowsLimitExceeded: the number of pending child workflow executions, 1, has reached the per-workflow limit of 1
        "#]],
    );
}

#[test]
fn so_many_signals_and_cancel_requests() {
    check(
        "
        limit signals_out=1; start order; poll
        --
        complete: signal-external a s, signal-external b s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=PendingSignalsLimitExceeded "PendingSignalsLimitExceeded: the number of pending signals to external workflows, 1, has reached the per-workflow limit of 1"(Server) by=worker
              +WorkflowTask on q
            answers: PendingSignalsLimitExceeded: the number of pending signals to external workflows, 1, has reached the per-workflow limit of 1
        "#]],
    );
    check(
        "
        limit cancels_out=1; start order; poll
        --
        complete: cancel-external a, cancel-external b
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=PendingRequestCancelLimitExceeded "PendingRequestCancelLimitExceeded: the number of pending requests to cancel external workflows, 1, has reached the per-workflow limit of 1"(Server) by=worker
              +WorkflowTask on q
            answers: PendingRequestCancelLimitExceeded: the number of pending requests to cancel external workflows, 1, has reached the per-workflow limit of 1
        "#]],
    );
}

#[test]
fn what_is_too_large_ends_the_run() {
    check(
        "
        limit blob=100; start order; poll
        --
        complete: activity a input=x*200; show
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: ScheduleActivityTaskCommandAttributes.Input exceeds size limit."(Server) by=worker
            5 WorkflowExecutionTerminated reason="ScheduleActivityTaskCommandAttributes.Input exceeds size limit." by=history-service
            answers: BadScheduleActivityAttributes: ScheduleActivityTaskCommandAttributes.Input exceeds size limit.
            Terminated after 3 transitions, no task
        "#]],
    );
    check(
        "
        limit blob=100; start order; poll
        --
        complete: done x*200
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadScheduleActivityAttributes "BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit."(Server) by=worker
            5 WorkflowExecutionTerminated reason="CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit." by=history-service
            answers: BadScheduleActivityAttributes: CompleteWorkflowExecutionCommandAttributes.Result exceeds size limit.
        "#]],
    );
    check(
        "
        limit blob=100; start order; poll
        --
        complete: marker m x*200
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRecordMarkerAttributes "BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit."(Server) by=worker
            5 WorkflowExecutionTerminated reason="RecordMarkerCommandAttributes.Details exceeds size limit." by=history-service
            answers: BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit.
        "#]],
    );
    check(
        "
        limit blob=100; start order; poll
        --
        complete: again x*200
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadContinueAsNewAttributes "BadContinueAsNewAttributes: ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit."(Server) by=worker
            5 WorkflowExecutionTerminated reason="ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit." by=history-service
            answers: BadContinueAsNewAttributes: ContinueAsNewWorkflowExecutionCommandAttributes. Input exceeds size limit.
        "#]],
    );
    check(
        "
        limit blob=100; start order; poll
        --
        complete: child kid input=x*200
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadStartChildExecutionAttributes "BadStartChildExecutionAttributes: StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit."(Server) by=worker
            5 WorkflowExecutionTerminated reason="StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit." by=history-service
            answers: BadStartChildExecutionAttributes: StartChildWorkflowExecutionCommandAttributes. Input exceeds size limit.
        "#]],
    );
    check(
        "
        limit blob=100; start order; poll
        --
        complete: signal-external other s input=x*200
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadSignalWorkflowExecutionAttributes "BadSignalWorkflowExecutionAttributes: SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit."(Server) by=worker
            5 WorkflowExecutionTerminated reason="SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit." by=history-service
            answers: BadSignalWorkflowExecutionAttributes: SignalExternalWorkflowExecutionCommandAttributes.Input exceeds size limit.
        "#]],
    );
    check(
        "
        limit memo=100; start order; poll
        --
        complete: memo x*200 name=k
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadModifyWorkflowPropertiesAttributes "BadModifyWorkflowPropertiesAttributes: ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit."(Server) by=worker
            5 WorkflowExecutionTerminated reason="ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit." by=history-service
            answers: BadModifyWorkflowPropertiesAttributes: ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit.
        "#]],
    );
}

#[test]
fn what_is_too_large_ends_the_run_and_keeps_the_news() {
    check(
        "
        limit blob=100; start order; poll; signal s
        --
        complete: marker m x*200
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRecordMarkerAttributes "BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit."(Server) by=worker
            5 WorkflowExecutionSignaled s
            6 WorkflowExecutionTerminated reason="RecordMarkerCommandAttributes.Details exceeds size limit." by=history-service
            answers: BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit.
        "#]],
    );
}

#[test]
fn a_large_failure_is_cut_short() {
    check(
        "
        limit blob=100; start order; poll
        --
        complete: fail x*200
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"(Oops) retry_state=RetryPolicyNotSet
        "#]],
    );
}

#[test]
fn too_many_buffered_events_fail_the_task() {
    check(
        "
        limit buffered=2; start order; poll
        --
        signal one; signal two; signal three; poll
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled one
            ~ WorkflowExecutionSignaled two
            ~ WorkflowExecutionSignaled three
            task: attempt 1
        "#]],
    );
}
