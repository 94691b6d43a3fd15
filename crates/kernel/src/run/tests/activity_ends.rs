//! Activities: schedule, start, completion, failure and retry.

use expect_test::expect;

use super::check;

#[test]
fn an_activity_completes() {
    check(
        "
        start order; poll
        --
        complete: activity charge start_to_close=5s; poll-activity charge; wait 1s; activity-done charge details=paid
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 ActivityTaskScheduled charge start_to_close=5s
              +Activity(5) on q attempt=1 stamp=0
              -Activity(5)
            activity task
            6 ActivityTaskStarted scheduled=5 by=worker at 0s
            7 ActivityTaskCompleted scheduled=5 started=6 result=paid
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn timeouts_are_filled_in() {
    check(
        "
        start order run_timeout=500s; poll
        --
        complete: activity a schedule_to_close=30s, activity b start_to_close=30s, activity c schedule_to_close=30s start_to_close=60s heartbeat=60s, activity d start_to_close=900s heartbeat=900s, activity e start_to_close=3s schedule_to_start=2s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 ActivityTaskScheduled a schedule_to_close=30s schedule_to_start=30s start_to_close=30s
            6 ActivityTaskScheduled b schedule_to_close=500s schedule_to_start=500s start_to_close=30s
            7 ActivityTaskScheduled c schedule_to_close=30s schedule_to_start=30s start_to_close=30s heartbeat=30s
            8 ActivityTaskScheduled d schedule_to_close=500s schedule_to_start=500s start_to_close=500s heartbeat=500s
            9 ActivityTaskScheduled e schedule_to_close=500s schedule_to_start=2s start_to_close=3s
              +Activity(5) on q attempt=1 stamp=0 +Activity(6) on q attempt=1 stamp=0 +Activity(7) on q attempt=1 stamp=0 +Activity(8) on q attempt=1 stamp=0 +Activity(9) on q attempt=1 stamp=0
        "#]],
    );
}

#[test]
fn an_activity_task_is_started_once() {
    check(
        "
        start order; poll; complete: activity a
        --
        poll-activity a request=1; poll-activity a request=1; poll-activity a request=2; poll-activity a attempt=2; poll-activity none event=9
        ",
        expect![[r#"
              -Activity(5)
            activity task
            activity task
            stale
            stale
            stale
        "#]],
    );
}

#[test]
fn a_task_with_an_old_stamp_is_stale() {
    check(
        "
        start order; poll; complete: activity a
        --
        poll-activity a stamp=1
        ",
        expect![[r#"
            stale
        "#]],
    );
}

#[test]
fn an_activity_that_no_worker_has_can_be_completed_by_its_id() {
    check(
        "
        start order; poll; complete: activity a
        --
        activity-done a by-id details=early as=me; activity-done a by-id
        ",
        expect![[r#"
            6 ActivityTaskStarted scheduled=5 by=me
            7 ActivityTaskCompleted scheduled=5 started=6 result=early
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q -Activity(5)
            refused: not found: cannot find pending activity with ActivityID a, check workflow execution history for more details
        "#]],
    );
}

#[test]
fn an_activity_that_no_worker_has_can_not_be_alive() {
    check(
        "
        start order; poll; complete: activity a
        --
        heartbeat a by-id; poll-activity a; heartbeat a by-id
        ",
        expect![[r#"
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
              -Activity(5)
            activity task
            cancel_requested=false
        "#]],
    );
}

#[test]
fn an_activity_that_no_worker_has_can_not_end_otherwise() {
    check(
        "
        start order; poll; complete: activity a
        --
        activity-failed a by-id; activity-canceled a by-id
        ",
        expect![[r#"
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
        "#]],
    );
}

#[test]
fn a_failed_attempt_is_followed_by_another() {
    check(
        "
        start order; poll; complete: activity a attempts=3 interval=1s; poll-activity a
        --
        activity-failed a first; show; wait 1s; poll-activity a; activity-failed a second; wait 1s; wait 1s; poll-activity a; activity-failed a third
        ",
        expect![[r#"
            Running after 5 transitions, no task, activities 1
            at 1s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            at 3s:
              +Activity(5) on q attempt=3 stamp=0
              -Activity(5)
            activity task
            6 ActivityTaskStarted scheduled=5 by=worker attempt=3 after "second"(Oops)
            7 ActivityTaskFailed scheduled=5 started=6 "third"(Oops) retry_state=MaximumAttemptsReached
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_stale_attempt_can_say_nothing() {
    check(
        "
        start order; poll; complete: activity a interval=1s; poll-activity a; activity-failed a first
        --
        activity-done a; activity-failed a; heartbeat a; activity-canceled a
        ",
        expect![[r#"
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
        "#]],
    );
}

#[test]
fn the_application_can_name_the_delay() {
    check(
        "
        start order; poll; complete: activity a interval=100s attempts=2; poll-activity a
        --
        activity-failed a soon delay=3s; wait 2s; wait 1s; poll-activity a; activity-failed a soon delay=3s
        ",
        expect![[r#"
            at 3s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            6 ActivityTaskStarted scheduled=5 by=worker attempt=2 after "soon"(Oops)
            7 ActivityTaskFailed scheduled=5 started=6 "soon"(Oops) retry_state=MaximumAttemptsReached
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_non_retryable_failure_is_the_last() {
    check(
        "
        start order; poll; complete: activity a; poll-activity a
        --
        activity-failed a no non_retryable
        ",
        expect![[r#"
            6 ActivityTaskStarted scheduled=5 by=worker
            7 ActivityTaskFailed scheduled=5 started=6 "no"(Oops non-retryable) retry_state=NonRetryableFailure
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_listed_type_is_the_last() {
    check(
        "
        start order; poll; complete: activity a never=Bad; poll-activity a
        --
        activity-failed a one type=Good; wait 1s; poll-activity a; activity-failed a two type=Bad
        ",
        expect![[r#"
            at 1s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            6 ActivityTaskStarted scheduled=5 by=worker attempt=2 after "one"(Good)
            7 ActivityTaskFailed scheduled=5 started=6 "two"(Bad) retry_state=NonRetryableFailure
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn no_attempt_begins_after_the_end() {
    check(
        "
        start order; poll; complete: activity a schedule_to_close=5s interval=50s; poll-activity a
        --
        activity-failed a boom
        ",
        expect![[r#"
            6 ActivityTaskStarted scheduled=5 by=worker
            7 ActivityTaskFailed scheduled=5 started=6 "boom"(Oops) retry_state=Timeout
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn intervals_grow_to_the_longest() {
    check(
        "
        start order; poll; complete: activity a interval=1s coefficient=10 interval_max=20s; poll-activity a
        --
        activity-failed a one; wait 1s; poll-activity a; activity-failed a two; wait 10s; poll-activity a; activity-failed a three; wait 20s
        ",
        expect![[r#"
            at 1s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            at 11s:
              +Activity(5) on q attempt=3 stamp=0
              -Activity(5)
            activity task
            at 31s:
              +Activity(5) on q attempt=4 stamp=0
        "#]],
    );
}

#[test]
fn details_of_the_last_attempt_are_kept() {
    check(
        "
        start order; poll; complete: activity a interval=1s heartbeat=10s attempts=2; poll-activity a
        --
        activity-failed a boom details=half; wait 1s; poll-activity a; wait 10s
        ",
        expect![[r#"
            at 1s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            at 11s:
            6 ActivityTaskStarted scheduled=5 by=worker attempt=2 after "boom"(Oops) at 1s
            7 ActivityTaskTimedOut scheduled=5 started=6 "activity Heartbeat timeout"(Heartbeat after half) retry_state=MaximumAttemptsReached
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_failure_without_a_failure_is_accepted() {
    check(
        "
        start order; poll; complete: activity a attempts=1; poll-activity a
        --
        activity-failed a without-failure
        ",
        expect![[r#"
            6 ActivityTaskStarted scheduled=5 by=worker
            7 ActivityTaskFailed scheduled=5 started=6 retry_state=MaximumAttemptsReached
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn an_eager_activity_is_given_with_the_answer() {
    check(
        "
        start order; poll
        --
        complete: activity a eager, activity b eager queue=elsewhere; activity-done a by-id
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 ActivityTaskScheduled a start_to_close=1000s
            6 ActivityTaskScheduled b start_to_close=1000s
            eager activities [5, 6]
            7 ActivityTaskStarted scheduled=5 by=worker
            8 ActivityTaskCompleted scheduled=5 started=7
            9 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn after_the_end_of_the_run_nothing_is_accepted() {
    check(
        "
        start order; poll; complete: activity a heartbeat=10s; poll-activity a
        --
        terminate; activity-done a; heartbeat a; poll-activity a; wait 10s
        ",
        expect![[r#"
            6 WorkflowExecutionTerminated reason="" by=client
            refused: not found: workflow execution already completed
            refused: not found: workflow execution already completed
            refused: not found: workflow execution already completed
        "#]],
    );
}

#[test]
fn a_long_failure_is_cut_short_in_state() {
    check(
        "
        limit failure=200; start order; poll; complete: activity a interval=1s; poll-activity a
        --
        activity-failed a y*250; wait 1s; poll-activity a; activity-done a
        ",
        expect![[r#"
            at 1s:
              +Activity(5) on q attempt=2 stamp=0
              -Activity(5)
            activity task
            6 ActivityTaskStarted scheduled=5 by=worker attempt=2 after "Failure exceeds size limit."(Server) because "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"(Oops)
            7 ActivityTaskCompleted scheduled=5 started=6
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}
