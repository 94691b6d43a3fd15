//! Events that come while a worker has the workflow task: they wait, and then come in the reference's order.

use expect_test::expect;

use super::check;

#[test]
fn news_waits_for_the_task_to_end() {
    check(
        "
        start order; poll
        --
        signal one; cancel; show; complete: timer t 5s
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled one
            ~ WorkflowExecutionCancelRequested
            Running after 4 transitions, Normal task started, attempt 1, timeout 10s, buffered 2
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 5s
            6 WorkflowExecutionSignaled one
            7 WorkflowExecutionCancelRequested
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn starts_come_before_ends() {
    check(
        "
        start order; poll; complete: activity a, activity b attempts=1, timer t 60s; signal one; poll; poll-activity a; poll-activity b
        --
        activity-done a; signal two; activity-failed b boom; cancel; complete: timer t2 60s
        ",
        expect![[r#"
            ~ ActivityTaskStarted scheduled=5 by=worker
            ~ ActivityTaskCompleted scheduled=5 started=0
            ~ WorkflowExecutionSignaled two
            ~ ActivityTaskStarted scheduled=6 by=worker
            ~ ActivityTaskFailed scheduled=6 started=0 "boom"(Oops) retry_state=MaximumAttemptsReached
            ~ WorkflowExecutionCancelRequested
            11 WorkflowTaskCompleted scheduled=9 started=10
            12 TimerStarted t2 60s
            13 ActivityTaskStarted scheduled=5 by=worker
            14 WorkflowExecutionSignaled two
            15 ActivityTaskStarted scheduled=6 by=worker
            16 WorkflowExecutionCancelRequested
            17 ActivityTaskCompleted scheduled=5 started=13
            18 ActivityTaskFailed scheduled=6 started=15 "boom"(Oops) retry_state=MaximumAttemptsReached
            19 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn news_of_a_child_waits_too() {
    check(
        "
        start order; poll; complete: child kid; signal s; poll
        --
        child-started 5 kid-run; child-closed 5 completed; signal two; complete
        ",
        expect![[r#"
            ~ ChildWorkflowExecutionStarted initiated=5
              +ScheduleChild(5) kid-run -StartChild(5)
            ~ ChildWorkflowExecutionCompleted initiated=5 started=0 run=kid-last-run
              -ScheduleChild(5)
            ~ WorkflowExecutionSignaled two
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 ChildWorkflowExecutionStarted initiated=5
            11 WorkflowExecutionSignaled two
            12 ChildWorkflowExecutionCompleted initiated=5 started=10 run=kid-last-run
            13 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_buffered_start_of_a_child_is_known_to_its_end() {
    check(
        "
        start order; poll; complete: child kid; signal s; poll; child-started 5 kid-run; complete; poll
        --
        child-closed 5 failed; complete
        ",
        expect![[r#"
            ~ ChildWorkflowExecutionFailed initiated=5 started=10 run=kid-last-run
              -ScheduleChild(5)
            13 WorkflowTaskCompleted scheduled=11 started=12
            14 ChildWorkflowExecutionFailed initiated=5 started=10 run=kid-last-run
            15 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_failed_task_gives_way_to_what_was_buffered() {
    check(
        "
        start order; poll
        --
        signal s; fail-task boom; poll
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled s
            4 WorkflowTaskFailed cause=WorkflowWorkerUnhandledFailure "boom"(Oops) by=worker
            5 WorkflowExecutionSignaled s
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            7 WorkflowTaskStarted scheduled=6
              -WorkflowTask
            task: attempt 1
        "#]],
    );
}

#[test]
fn a_task_that_times_out_gives_way_to_what_was_buffered() {
    check(
        "
        start order; poll
        --
        signal s; wait 10s; poll
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled s
            at 10s:
            4 WorkflowTaskTimedOut StartToClose
            5 WorkflowExecutionSignaled s at 0s
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            7 WorkflowTaskStarted scheduled=6
              -WorkflowTask
            task: attempt 1
        "#]],
    );
}

#[test]
fn ends_of_timers_wait() {
    check(
        "
        start order; poll; complete: timer t 1s; signal s; poll
        --
        wait 1s; complete
        ",
        expect![[r#"
            at 1s:
            ~ TimerFired t started=5
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 TimerFired t started=5
            11 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_failure_to_deliver_waits() {
    check(
        "
        start order; poll; complete: signal-external other s, cancel-external other; signal s; poll
        --
        signal-failed 5; cancel-delivered 6; complete
        ",
        expect![[r#"
            ~ SignalExternalWorkflowExecutionFailed initiated=5 ExternalWorkflowExecutionNotFound control=ctl
              -SignalExternal(5)
            ~ ExternalWorkflowExecutionCancelRequested initiated=6
              -CancelExternal(6)
            10 WorkflowTaskCompleted scheduled=8 started=9
            11 SignalExternalWorkflowExecutionFailed initiated=5 ExternalWorkflowExecutionNotFound control=ctl
            12 ExternalWorkflowExecutionCancelRequested initiated=6
            13 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_timeout_of_an_activity_waits() {
    check(
        "
        start order; poll; complete: activity a start_to_close=1s attempts=1; poll-activity a; signal s; poll
        --
        wait 1s; complete
        ",
        expect![[r#"
            at 1s:
            ~ ActivityTaskStarted scheduled=5 by=worker
            ~ ActivityTaskTimedOut scheduled=5 started=0 "activity StartToClose timeout"(StartToClose) retry_state=MaximumAttemptsReached
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 ActivityTaskStarted scheduled=5 by=worker
            11 ActivityTaskTimedOut scheduled=5 started=10 "activity StartToClose timeout"(StartToClose) retry_state=MaximumAttemptsReached
            12 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}
