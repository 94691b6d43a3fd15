//! What operators do to activities.

use expect_test::expect;

use super::check;

#[test]
fn a_paused_activity_waits_until_it_may_go_on() {
    check(
        "
        start order; poll; complete: activity a start_to_close=60s
        --
        pause-activity a request=1; poll-activity a; wait 100s; pause-activity a request=2; unpause-activity a; poll-activity a
        ",
        expect![[r#"
              -Activity(5)
            stale
            refused: FailedPrecondition("activity is already paused")
              +Activity(5) on q attempt=1 stamp=3
              -Activity(5)
            activity task
        "#]],
    );
}

#[test]
fn a_paused_attempt_goes_on_and_none_follows() {
    check(
        "
        start order; poll; complete: activity a start_to_close=5s attempts=1; poll-activity a
        --
        pause-activity a; heartbeat a; wait 100s; activity-failed a boom; show; unpause-activity a; poll-activity a
        ",
        expect![[r#"
            cancel_requested=false paused
            Running after 8 transitions, no task, activities 1
              +Activity(5) on q attempt=2 stamp=2
              -Activity(5)
            activity task
        "#]],
    );
}

#[test]
fn a_reset_attempt_is_told_and_may_complete() {
    check(
        "
        start order; poll; complete: activity a start_to_close=60s; poll-activity a; activity-failed a boom
        wait 1s; poll-activity a
        --
        reset-activity a heartbeat; heartbeat a details=half; activity-done a
        ",
        expect![[r#"
            cancel_requested=false reset
            6 ActivityTaskStarted scheduled=5 by=worker after "boom"(Oops)
            7 ActivityTaskCompleted scheduled=5 started=6
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn changed_options_move_a_task_that_waits() {
    check(
        "
        start order; poll; complete: activity a start_to_close=60s
        --
        change-activity a on=other start_to_close=5s; change-activity b on=other; poll-activity a; wait 5s
        ",
        expect![[r#"
              +Activity(5) on other attempt=1 stamp=2
            options: on=other
            refused: not found: Can't find pending activity with such ID. Invalid activityID or activity already completed
              -Activity(5)
            activity task
        "#]],
    );
}
