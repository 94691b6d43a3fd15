//! The ways in which a run closes.

use expect_test::expect;

use super::check;

#[test]
fn completed() {
    check(
        "
        start order; poll
        --
        complete: timer t 5s, done result; show; wait 5s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 5s
            6 WorkflowExecutionCompleted result=result
            Completed after 3 transitions, no task, timers 1
        "#]],
    );
}

#[test]
fn failed() {
    check(
        "
        start order; poll
        --
        complete: fail boom
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "boom"(Oops) retry_state=RetryPolicyNotSet
        "#]],
    );
}

#[test]
fn canceled_without_a_request() {
    check(
        "
        start order; poll
        --
        complete: canceled
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCanceled
        "#]],
    );
}

#[test]
fn terminated() {
    check(
        "
        start order
        --
        terminate reason=because; show
        ",
        expect![[r#"
            3 WorkflowExecutionTerminated reason="because" by=client
              -WorkflowTask
            Terminated after 2 transitions, Normal task scheduled, attempt 1, timeout 10s
        "#]],
    );
}

#[test]
fn terminated_while_a_worker_has_the_task() {
    check(
        "
        start order; poll
        --
        signal s; terminate
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled s
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionSignaled s
            6 WorkflowExecutionTerminated reason="" by=client
        "#]],
    );
    check(
        "
        start order; poll
        --
        terminate; complete: done
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionTerminated reason="" by=client
            refused: not found: Workflow task not found.
        "#]],
    );
}

#[test]
fn an_answer_too_large_to_send_ends_the_run() {
    check(
        "
        start order; poll
        --
        signal s; fail-task boom too-large
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled s
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionSignaled s
            6 WorkflowExecutionTerminated reason="GrpcMessageTooLarge" by=history-service
        "#]],
    );
}

#[test]
fn terminated_while_a_worker_has_a_retry() {
    check(
        "
        start order; poll; fail-task boom; poll
        --
        terminate
        ",
        expect![[r#"
            5 WorkflowExecutionTerminated reason="" by=client
        "#]],
    );
    check(
        "
        start order; poll; fail-task boom; poll
        --
        signal s; terminate
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled s
            5 WorkflowExecutionSignaled s
            6 WorkflowExecutionTerminated reason="" by=client
        "#]],
    );
}

#[test]
fn timed_out() {
    check(
        "
        start order run_timeout=60s
        --
        wait 60s; show
        ",
        expect![[r#"
            at 60s:
            3 WorkflowExecutionTimedOut retry_state=RetryPolicyNotSet
              -WorkflowTask
            TimedOut after 2 transitions, Normal task scheduled, attempt 1, timeout 10s
        "#]],
    );
}

#[test]
fn timed_out_while_a_worker_has_the_task() {
    check(
        "
        start order run_timeout=5s task_timeout=60s; poll; wait 1s; signal s
        --
        wait 4s; complete: done
        ",
        expect![[r#"
            at 5s:
            4 WorkflowTaskFailed cause=ForceCloseCommand by=history-service
            5 WorkflowExecutionSignaled s at 1s
            6 WorkflowExecutionTimedOut retry_state=RetryPolicyNotSet
            refused: not found: Workflow task not found.
        "#]],
    );
}

#[test]
fn the_execution_timeout_comes_first() {
    check(
        "
        start order run_timeout=60s execution_timeout=60s attempts=5
        --
        wait 60s
        ",
        expect![[r#"
            at 60s:
            3 WorkflowExecutionTimedOut retry_state=Timeout
              -WorkflowTask
        "#]],
    );
}

#[test]
fn what_is_pending_is_closed_with_the_run() {
    check(
        "
        start order; poll; complete: activity a, activity b, timer t 5s, child kid, signal-external other s; poll-activity a
        --
        terminate; show
        ",
        expect![[r#"
            10 WorkflowExecutionTerminated reason="" by=client
              -Activity(6)
            Terminated after 5 transitions, no task, activities 2, timers 1, children 1
        "#]],
    );
}

#[test]
fn a_closed_run_is_kept_for_its_retention() {
    check(
        "
        start order; terminate
        --
        wait 23h; wait 1h; tick
        ",
        expect![[r#"
            at 86400s:
            expired
            expired
        "#]],
    );
}
