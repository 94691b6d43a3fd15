//! Runs whose clocks are set forward.

use expect_test::expect;

use super::check;

#[test]
fn a_timer_fires_at_once() {
    check(
        "
        start order skip; poll
        --
        complete: timer t 100s; wait 0s; poll; complete: timer u 7s; wait 0s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 100s
            6 WorkflowExecutionTimeSkippingTransitioned
            at 0s:
            7 TimerFired t started=5 at 100s
            8 WorkflowTaskScheduled on=q at 100s
              +WorkflowTask on q
            9 WorkflowTaskStarted scheduled=8 at 100s
              -WorkflowTask
            task: attempt 1
            10 WorkflowTaskCompleted scheduled=8 started=9 at 100s
            11 TimerStarted u 7s at 100s
            12 WorkflowExecutionTimeSkippingTransitioned at 100s
            at 0s:
            13 TimerFired u started=11 at 107s
            14 WorkflowTaskScheduled on=q at 107s
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn nothing_is_skipped_while_a_worker_has_something() {
    check(
        "
        start order skip; poll
        --
        complete: timer t 100s, activity a start_to_close=10s; wait 1s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 100s
            6 ActivityTaskScheduled a start_to_close=10s
              +Activity(6) on q attempt=1 stamp=0
        "#]],
    );
}

#[test]
fn only_so_many_jumps_are_made() {
    check(
        "
        start order skip jumps=1; poll
        --
        complete: timer t 100s; wait 0s; poll; complete: timer u 7s; wait 1s; wait 6s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 100s
            6 WorkflowExecutionTimeSkippingTransitioned
            at 0s:
            7 TimerFired t started=5 at 100s
            8 WorkflowTaskScheduled on=q at 100s
              +WorkflowTask on q
            9 WorkflowTaskStarted scheduled=8 at 100s
              -WorkflowTask
            task: attempt 1
            10 WorkflowTaskCompleted scheduled=8 started=9 at 100s
            11 TimerStarted u 7s at 100s
            at 7s:
            12 TimerFired u started=11 at 107s
            13 WorkflowTaskScheduled on=q at 107s
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn skipping_ends_with_the_fast_forward() {
    check(
        "
        start order skip forward=50s; poll
        --
        complete: timer t 100s; wait 49s; wait 1s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 100s
            6 WorkflowExecutionTimeSkippingTransitioned
            at 50s:
            7 TimerFired t started=5 at 100s
            8 WorkflowTaskScheduled on=q at 100s
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_fast_forward_ends_by_itself_but_not_under_a_worker() {
    check(
        "
        start order skip forward=3s; poll
        --
        wait 4s; complete: timer t 100s; wait 0s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 100s
            6 WorkflowExecutionTimeSkippingTransitioned
        "#]],
    );
}

#[test]
fn a_run_is_timed_out_in_its_own_time() {
    check(
        "
        start order skip run_timeout=500s; poll
        --
        complete; wait 0s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionTimeSkippingTransitioned
            at 0s:
            6 WorkflowExecutionTimedOut retry_state=RetryPolicyNotSet at 500s
        "#]],
    );
}
