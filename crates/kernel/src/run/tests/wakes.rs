//! When a run asks to be woken: at its earliest deadline, and not more often than it must.

use expect_test::expect;

use super::check;

#[test]
fn nothing_to_wait_for() {
    check(
        "
        start order; wake
        ",
        expect![[r#"
            1 WorkflowExecutionStarted
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            wakes at never
        "#]],
    );
}

#[test]
fn the_earliest_deadline_counts() {
    check(
        "
        start order run_timeout=60s; wake; poll; wake; complete: timer t 5s, timer u 3s; wake
        ",
        expect![[r#"
            1 WorkflowExecutionStarted run_timeout=60s
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            wakes at 60s
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            wakes at 10s
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 5s
            6 TimerStarted u 3s
            wakes at 3s
        "#]],
    );
}

#[test]
fn a_wake_is_not_moved_to_a_later_deadline() {
    check(
        "
        start order run_timeout=60s; poll; complete: timer t 5s; wake; signal s; poll; complete: cancel-timer t; wake; wait 5s; wake
        ",
        expect![[r#"
            1 WorkflowExecutionStarted run_timeout=60s
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 5s
            wakes at 5s
            6 WorkflowExecutionSignaled s
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            8 WorkflowTaskStarted scheduled=7
              -WorkflowTask
            task: attempt 1
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 TimerCanceled t started=5
            wakes at 5s
            wakes at 60s
        "#]],
    );
}

#[test]
fn a_sticky_queue_is_waited_for() {
    check(
        "
        start order; poll; complete sticky=box: timer t 60s; signal s; wake; poll queue=box; wake
        ",
        expect![[r#"
            1 WorkflowExecutionStarted
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 60s
            6 WorkflowExecutionSignaled s
            7 WorkflowTaskScheduled on=box
              +WorkflowTask on box
            wakes at 5s
            8 WorkflowTaskStarted scheduled=7
              -WorkflowTask
            task: attempt 1
            wakes at 5s
        "#]],
    );
}

#[test]
fn an_activity_is_waited_for() {
    check(
        "
        start order; poll; complete: activity a start_to_close=9s schedule_to_start=4s heartbeat=2s; wake; poll-activity a; wake; heartbeat a; wake; activity-failed a boom; wake
        ",
        expect![[r#"
            1 WorkflowExecutionStarted
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 ActivityTaskScheduled a schedule_to_start=4s start_to_close=9s heartbeat=2s
              +Activity(5) on q attempt=1 stamp=0
            wakes at 4s
              -Activity(5)
            activity task
            wakes at 2s
            cancel_requested=false
            wakes at 2s
            wakes at 1s
        "#]],
    );
}

#[test]
fn a_delay_is_waited_for() {
    check(
        "
        start order delay=7s; wake; wait 7s; wake
        ",
        expect![[r#"
            1 WorkflowExecutionStarted backoff=7s
            wakes at 7s
            at 7s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            wakes at never
        "#]],
    );
}

#[test]
fn a_closed_run_waits_for_its_removal() {
    check(
        "
        start order run_timeout=60s; terminate; wake
        ",
        expect![[r#"
            1 WorkflowExecutionStarted run_timeout=60s
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowExecutionTerminated reason="" by=client
              -WorkflowTask
            wakes at 86400s
        "#]],
    );
}

#[test]
fn a_tick_that_comes_too_early_does_nothing() {
    check(
        "
        start order; poll; complete: timer t 5s
        --
        tick; wait 4s; tick
        ",
        expect![[""]],
    );
}
