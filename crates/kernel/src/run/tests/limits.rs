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
            answers: PendingActivitiesLimitExceeded
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
            answers: PendingChildWorkflowsLimitExceeded
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
            answers: PendingSignalsLimitExceeded
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
            answers: PendingRequestCancelLimitExceeded
        "#]],
    );
}

#[test]
fn what_is_too_large_ends_the_run() {
    for command in [
        "activity a input=x*200",
        "done x*200",
        "marker m x*200",
        "again x*200",
        "child kid input=x*200",
        "signal-external other s input=x*200",
        "memo x*200 name=k",
    ] {
        check(
            &format!("limit blob=100 memo=100; start order; poll; complete: {command}\n--\nshow"),
            expect![[r#"
                Terminated after 3 transitions, no task
            "#]],
        );
    }
}

#[test]
fn the_end_says_what_was_too_large() {
    check(
        "
        limit blob=100; start order; poll; signal s
        --
        complete: marker m x*200
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRecordMarkerAttributes "BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit."(Server) by=worker
            5 WorkflowExecutionSignaled s
            6 WorkflowExecutionTerminated reason="BadRecordMarkerAttributes: RecordMarkerCommandAttributes.Details exceeds size limit." by=history-service
            answers: BadRecordMarkerAttributes
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
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionSignaled one
            6 WorkflowExecutionSignaled two
            7 WorkflowExecutionSignaled three
            8 WorkflowTaskScheduled on=q attempt=2
              +WorkflowTask on q
            9 WorkflowTaskStarted scheduled=8
              -WorkflowTask
            task: attempt 2
        "#]],
    );
}
