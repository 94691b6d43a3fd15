//! Signals and cancel requests to other executions.

use expect_test::expect;

use super::check;

#[test]
fn a_signal_is_delivered() {
    check(
        "
        start order; poll
        --
        complete: signal-external other s; signal-delivered 5; signal-delivered 5
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 SignalExternalWorkflowExecutionInitiated s
              +SignalExternal(5)
            6 ExternalWorkflowExecutionSignaled initiated=5 control=ctl
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -SignalExternal(5)
        "#]],
    );
}

#[test]
fn a_signal_could_not_be_delivered() {
    check(
        "
        start order; poll; complete: signal-external other s
        --
        signal-failed 5
        ",
        expect![[r#"
            6 SignalExternalWorkflowExecutionFailed initiated=5 ExternalWorkflowExecutionNotFound control=ctl
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -SignalExternal(5)
        "#]],
    );
}

#[test]
fn a_cancel_request_is_delivered() {
    check(
        "
        start order; poll
        --
        complete: cancel-external other; cancel-delivered 5; cancel-delivered 5
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 RequestCancelExternalWorkflowExecutionInitiated reason=because
              +CancelExternal(5)
            6 ExternalWorkflowExecutionCancelRequested initiated=5
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -CancelExternal(5)
        "#]],
    );
}

#[test]
fn a_cancel_request_could_not_be_delivered() {
    check(
        "
        start order; poll; complete: cancel-external other
        --
        cancel-failed 5
        ",
        expect![[r#"
            6 RequestCancelExternalWorkflowExecutionFailed initiated=5 ExternalWorkflowExecutionNotFound
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -CancelExternal(5)
        "#]],
    );
}

#[test]
fn what_was_sent_with_the_last_task_is_still_delivered() {
    check(
        "
        start order; poll
        --
        complete: signal-external other s, cancel-external other, done; signal-delivered 5; cancel-failed 6; signal-delivered 5
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 SignalExternalWorkflowExecutionInitiated s
            6 RequestCancelExternalWorkflowExecutionInitiated reason=because
            7 WorkflowExecutionCompleted
              +SignalExternal(5) +CancelExternal(6)
              -SignalExternal(5)
              -CancelExternal(6)
        "#]],
    );
}
