//! What rules do to activities.

use expect_test::expect;

use super::check;

#[test]
fn an_activity_that_is_about_to_start_is_paused() {
    check(
        "
        start order; poll; complete: activity a start_to_close=60s
        --
        rule field=ActivityId is=a; poll-activity a; show; unpause-activity a; poll-activity a; no-rule
        unpause-activity a; poll-activity a
        ",
        expect![[r#"
              -Activity(5)
            stale
            Running after 4 transitions, no task, activities 1
              +Activity(5) on q attempt=1 stamp=3
              -Activity(5)
            stale
              +Activity(5) on q attempt=1 stamp=6
              -Activity(5)
            activity task
        "#]],
    );
}

#[test]
fn an_attempt_that_failed_is_paused_before_the_next_whatever_the_number_of_attempts() {
    check(
        "
        start order; poll; complete: activity a start_to_close=60s attempts=1; poll-activity a
        --
        rule field=ActivityState is=Started; activity-failed a boom; wait 100s; show; unpause-activity a
        ",
        expect![[r#"
            Running after 6 transitions, no task, activities 1
              +Activity(5) on q attempt=2 stamp=2
        "#]],
    );
}

#[test]
fn what_the_rule_does_not_name_goes_on() {
    check(
        "
        start order; poll; complete: activity a start_to_close=60s
        --
        rule field=ActivityId is=b; poll-activity a; activity-done a
        ",
        expect![[r#"
              -Activity(5)
            activity task
            6 ActivityTaskStarted scheduled=5 by=worker
            7 ActivityTaskCompleted scheduled=5 started=6
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}
