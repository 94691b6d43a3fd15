//! The four timeouts of an activity, and what follows each.

use expect_test::expect;

use super::check;

#[test]
fn schedule_to_start() {
    check(
        "
        start order; poll; complete: activity a schedule_to_start=1s
        --
        wait 1s; poll-activity a event=5
        ",
        expect![[r#"
            at 1s:
            6 ActivityTaskTimedOut scheduled=5 started=0 "activity ScheduleToStart timeout"(ScheduleToStart) retry_state=Timeout
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -Activity(5)
            stale
        "#]],
    );
}

#[test]
fn schedule_to_start_is_not_retried() {
    check(
        "
        start order; poll; complete: activity a schedule_to_start=2s interval=1s; poll-activity a; activity-failed a boom
        --
        wait 1s; wait 2s
        ",
        expect![[r#"
            at 1s:
              +Activity(5) on q attempt=2 stamp=0
            at 3s:
            6 ActivityTaskTimedOut scheduled=5 started=0 "activity ScheduleToStart timeout"(ScheduleToStart) retry_state=Timeout
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -Activity(5)
        "#]],
    );
}

#[test]
fn schedule_to_close_of_an_activity_that_no_worker_took() {
    check(
        "
        start order; poll; complete: activity a schedule_to_close=1s
        --
        wait 1s
        ",
        expect![[r#"
            at 1s:
            6 ActivityTaskTimedOut scheduled=5 started=0 "activity ScheduleToStart timeout"(ScheduleToStart) retry_state=Timeout
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -Activity(5)
        "#]],
    );
}

#[test]
fn schedule_to_close_of_a_started_activity() {
    check(
        "
        start order; poll; complete: activity a schedule_to_close=2s start_to_close=9s; poll-activity a
        --
        wait 2s; activity-done a
        ",
        expect![[r#"
            at 2s:
            6 ActivityTaskStarted scheduled=5 by=worker at 0s
            7 ActivityTaskTimedOut scheduled=5 started=6 "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying"(ScheduleToClose) retry_state=Timeout
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
        "#]],
    );
}

#[test]
fn schedule_to_close_after_a_failed_attempt() {
    check(
        "
        start order; poll; complete: activity a schedule_to_close=2s interval=1s coefficient=1; poll-activity a; activity-failed a first
        --
        wait 1s; poll-activity a; wait 1s
        ",
        expect![[r#"
            at 1s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            at 2s:
            6 ActivityTaskStarted scheduled=5 by=worker attempt=2 after "first"(Oops) at 1s
            7 ActivityTaskTimedOut scheduled=5 started=6 "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying"(ScheduleToClose) because "first"(Oops) retry_state=Timeout
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn schedule_to_close_during_the_interval() {
    check(
        "
        start order; poll; complete: activity a schedule_to_close=9s interval=8s; poll-activity a; activity-failed a first delay=9s
        --
        show; wait 9s; show
        ",
        expect![[r#"
            Running after 5 transitions, no task, activities 1
            at 9s:
            6 ActivityTaskTimedOut scheduled=5 started=0 "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying"(ScheduleToClose) because "first"(Oops) retry_state=Timeout
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q -Activity(5)
            Running after 6 transitions, Normal task scheduled, attempt 1, timeout 10s
        "#]],
    );
}

#[test]
fn start_to_close_is_retried() {
    check(
        "
        start order; poll; complete: activity a start_to_close=1s interval=1s; poll-activity a
        --
        wait 1s; activity-done a; wait 1s; poll-activity a; activity-done a
        ",
        expect![[r#"
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
            at 2s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            6 ActivityTaskStarted scheduled=5 by=worker attempt=2 after "activity StartToClose timeout"(StartToClose)
            7 ActivityTaskCompleted scheduled=5 started=6
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn start_to_close_of_the_last_attempt() {
    check(
        "
        start order; poll; complete: activity a start_to_close=1s attempts=1; poll-activity a
        --
        wait 1s
        ",
        expect![[r#"
            at 1s:
            6 ActivityTaskStarted scheduled=5 by=worker at 0s
            7 ActivityTaskTimedOut scheduled=5 started=6 "activity StartToClose timeout"(StartToClose) retry_state=MaximumAttemptsReached
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn start_to_close_listed_as_not_to_be_retried() {
    check(
        "
        start order; poll; complete: activity a start_to_close=1s never=TemporalTimeout:StartToClose; poll-activity a
        --
        wait 1s
        ",
        expect![[r#"
            at 1s:
            6 ActivityTaskStarted scheduled=5 by=worker at 0s
            7 ActivityTaskTimedOut scheduled=5 started=6 "activity StartToClose timeout"(StartToClose) retry_state=NonRetryableFailure
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
    check(
        "
        start order; poll; complete: activity a start_to_close=1s never=TemporalTimeout:Heartbeat; poll-activity a
        --
        wait 1s; show; wait 1s
        ",
        expect![[r#"
            Running after 5 transitions, no task, activities 1
            at 2s:
              +Activity(5) on q attempt=2 stamp=0
        "#]],
    );
}

#[test]
fn start_to_close_with_no_time_for_another_attempt() {
    check(
        "
        start order; poll; complete: activity a schedule_to_close=3s start_to_close=1s interval=50s; poll-activity a
        --
        wait 1s
        ",
        expect![[r#"
            at 1s:
            6 ActivityTaskStarted scheduled=5 by=worker at 0s
            7 ActivityTaskTimedOut scheduled=5 started=6 "Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying"(ScheduleToClose) retry_state=Timeout
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn start_to_close_of_an_activity_that_shall_cancel() {
    check(
        "
        start order; poll; complete: activity a start_to_close=5s; poll-activity a; signal s; poll; complete: cancel-activity 5
        --
        wait 5s
        ",
        expect![[r#"
            at 5s:
            11 ActivityTaskStarted scheduled=5 by=worker at 0s
            12 ActivityTaskTimedOut scheduled=5 started=11 "activity StartToClose timeout"(StartToClose) retry_state=CancelRequested
            13 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn heartbeat() {
    check(
        "
        start order; poll; complete: activity a heartbeat=1s attempts=1; poll-activity a; heartbeat a details=half
        --
        wait 1s; heartbeat a
        ",
        expect![[r#"
            at 1s:
            6 ActivityTaskStarted scheduled=5 by=worker at 0s
            7 ActivityTaskTimedOut scheduled=5 started=6 "activity Heartbeat timeout"(Heartbeat after half) retry_state=MaximumAttemptsReached
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
        "#]],
    );
}

#[test]
fn heartbeat_is_retried() {
    check(
        "
        start order; poll; complete: activity a heartbeat=2s interval=1s; poll-activity a
        --
        wait 1s; heartbeat a; wait 2s; wait 1s; poll-activity a; wait 1s; activity-done a
        ",
        expect![[r#"
            cancel_requested=false
            at 4s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            6 ActivityTaskStarted scheduled=5 by=worker attempt=2 after "activity Heartbeat timeout"(Heartbeat) at 4s
            7 ActivityTaskCompleted scheduled=5 started=6
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn heartbeat_listed_as_not_to_be_retried() {
    check(
        "
        start order; poll; complete: activity a heartbeat=1s never=TemporalTimeout:Heartbeat; poll-activity a
        --
        wait 1s
        ",
        expect![[r#"
            at 1s:
            6 ActivityTaskStarted scheduled=5 by=worker at 0s
            7 ActivityTaskTimedOut scheduled=5 started=6 "activity Heartbeat timeout"(Heartbeat) retry_state=NonRetryableFailure
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}
