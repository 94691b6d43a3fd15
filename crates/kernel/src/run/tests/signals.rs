//! Signals and cancel requests that a run gets.

use expect_test::expect;

use super::check;

#[test]
fn signals_are_recorded_once_per_request() {
    check(
        "
        start order
        --
        signal one request=a with=x; signal two request=a; signal three request=b; signal four; signal five
        ",
        expect![[r#"
            3 WorkflowExecutionSignaled one input=x request=a
            already
            4 WorkflowExecutionSignaled three request=b
            5 WorkflowExecutionSignaled four
            6 WorkflowExecutionSignaled five
        "#]],
    );
}

#[test]
fn a_repeated_request_is_known_while_the_first_is_buffered() {
    check(
        "
        start order; poll
        --
        signal one request=a; signal two request=a; complete
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled one request=a
            already
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionSignaled one request=a
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn the_request_of_a_signal_with_start_is_known() {
    check(
        "
        start order signal=one request=a
        --
        signal two request=a
        ",
        expect![[r#"
            already
        "#]],
    );
}

#[test]
fn a_run_takes_so_many_signals() {
    check(
        "
        limit signals=1; start order; signal one
        --
        signal two
        ",
        expect![[r#"
            refused: exceeded workflow execution limit for signal events
        "#]],
    );
}

#[test]
fn a_signal_of_another_workflow_names_it() {
    check(
        "
        start order
        --
        signal s from=sender
        ",
        expect![[r#"
            3 WorkflowExecutionSignaled s from=sender
        "#]],
    );
}

#[test]
fn cancel_requests_are_recorded_once() {
    check(
        "
        start order
        --
        cancel reason=because request=a; cancel request=a; cancel request=b; poll; complete: canceled bye; cancel
        ",
        expect![[r#"
            3 WorkflowExecutionCancelRequested cause=because
            already
            already
            4 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            5 WorkflowTaskCompleted scheduled=2 started=4
            6 WorkflowExecutionCanceled details=bye
            already
        "#]],
    );
}

#[test]
fn a_cancel_request_is_known_while_it_is_buffered() {
    check(
        "
        start order; poll
        --
        cancel; cancel; complete; poll; complete: canceled
        ",
        expect![[r#"
            ~ WorkflowExecutionCancelRequested
            already
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCancelRequested
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            7 WorkflowTaskStarted scheduled=6
              -WorkflowTask
            task: attempt 1
            8 WorkflowTaskCompleted scheduled=6 started=7
            9 WorkflowExecutionCanceled
        "#]],
    );
}

#[test]
fn a_cancel_request_of_another_workflow_names_it() {
    check(
        "
        start order
        --
        cancel from=sender
        ",
        expect![[r#"
            3 WorkflowExecutionCancelRequested from=sender
        "#]],
    );
}

#[test]
fn closed_runs_get_no_signals() {
    check(
        "
        start order; terminate
        --
        signal s; cancel; terminate; schedule-first-task; reset-sticky
        ",
        expect![[r#"
            refused: not found: workflow execution already completed
            already
            refused: not found: workflow execution already completed
            refused: not found: workflow execution already completed
            refused: not found: workflow execution already completed
        "#]],
    );
}
