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

#[test]
fn one_event_too_many_ends_the_run_instead() {
    check(
        "
        limit history_events=6; start order; poll; complete
        --
        signal one
        signal two
        signal three
        ",
        expect![[r#"
            5 WorkflowExecutionSignaled one
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            7 WorkflowExecutionTerminated reason="Workflow history count exceeds limit." by=history-service
              -WorkflowTask
            ended: Workflow history count exceeds limit.
            refused: not found: workflow execution already completed
        "#]],
    );
}

#[test]
fn an_answer_with_too_many_events_counts_for_nothing() {
    check(
        "
        limit history_events=6; start order; poll
        --
        complete: timer a 60s, timer b 60s, timer c 60s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionTerminated reason="Workflow history count exceeds limit." by=history-service
            ended: Workflow history count exceeds limit.
        "#]],
    );
}

#[test]
fn a_run_may_close_whatever_its_size() {
    check(
        "start order; poll; limit history_events=3 history_bytes=1 state_bytes=1; complete: done\n--\nshow",
        expect![[r#"
        Completed after 3 transitions, no task
    "#]],
    );
    check(
        "limit history_events=2 history_bytes=1 state_bytes=1; start order\n--\nterminate",
        expect![[r#"
        3 WorkflowExecutionTerminated reason="" by=client
          -WorkflowTask
    "#]],
    );
}

#[test]
fn a_history_of_too_many_bytes_takes_no_further_step() {
    check(
        "
        limit history_bytes=400; start order
        --
        signal one with=x*500
        signal two
        ",
        expect![[r#"
            3 WorkflowExecutionSignaled one input=532 bytes
            4 WorkflowExecutionTerminated reason="Workflow history size exceeds limit." by=history-service
              -WorkflowTask
            ended: Workflow history size exceeds limit.
        "#]],
    );
}

#[test]
fn a_state_that_is_too_large_takes_no_further_step() {
    check(
        "
        limit state_bytes=1900; start order; poll
        --
        signal one with=x*1500
        signal two
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled one input=1532 bytes
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionSignaled one input=1532 bytes
            6 WorkflowExecutionTerminated reason="Workflow mutable state size exceeds limit." by=history-service
            ended: Workflow mutable state size exceeds limit.
        "#]],
    );
}

#[test]
fn a_wake_that_finds_nothing_to_do_does_not_end_a_large_run() {
    check(
        "limit history_bytes=1; start order\n--\ntick; show",
        expect![[r#"
        Running after 1 transitions, Normal task scheduled, attempt 1, timeout 10s
    "#]],
    );
}

#[test]
fn an_answer_too_large_for_one_step_ends_the_run() {
    check(
        "
        limit transaction=300; start order; poll
        --
        complete: marker m x*400
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionTerminated reason="Transaction size exceeds limit." by=history-service
            answers: transaction size of 501 bytes exceeds limit of 300 bytes
        "#]],
    );
    check(
        "limit transaction=300; start order\n--\nsignal one with=x*400",
        expect![[r#"
            refused: transaction size of 448 bytes exceeds limit of 300 bytes
        "#]],
    );
}

#[test]
fn so_many_bytes_of_buffered_events() {
    check(
        "limit buffered_bytes=300; start order; poll\n--\nsignal one with=x*200; signal two with=x*200",
        expect![[r#"
            ~ WorkflowExecutionSignaled one input=232 bytes
            ~ WorkflowExecutionSignaled two input=232 bytes
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionSignaled one input=232 bytes
            6 WorkflowExecutionSignaled two input=232 bytes
            7 WorkflowTaskScheduled on=q attempt=2
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn pages_that_are_too_large_together_end_the_run() {
    check(
        "
        start order; poll
        --
        complete overflows: timer t 5s; show
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=RequestTooLarge "RequestTooLarge: workflow task completion buffer size exceeds the per-workflow limit"(Server) by=worker
            5 WorkflowExecutionTerminated reason="RequestTooLarge: workflow task completion buffer size exceeds the per-workflow limit" by=history-service
            answers: RequestTooLarge
            Terminated after 3 transitions, no task
        "#]],
    );
}
