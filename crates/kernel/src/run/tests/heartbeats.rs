//! Heartbeats of activities.

use expect_test::expect;

use super::check;

#[test]
fn a_heartbeat_is_answered_and_writes_nothing() {
    check(
        "
        start order; poll; complete: activity a heartbeat=10s; poll-activity a
        --
        heartbeat a details=half; show
        ",
        expect![[r#"
            cancel_requested=false
            Running after 5 transitions, no task, activities 1
        "#]],
    );
}

#[test]
fn a_heartbeat_moves_the_deadline() {
    check(
        "
        start order; poll; complete: activity a heartbeat=2s attempts=1 start_to_close=60s; poll-activity a
        --
        wait 1s; heartbeat a; wait 1.5s; heartbeat a; wait 1.5s; wait 1s
        ",
        expect![[r#"
            cancel_requested=false
            cancel_requested=false
            at 4.5s:
            6 ActivityTaskStarted scheduled=5 by=worker at 0s
            7 ActivityTaskTimedOut scheduled=5 started=6 "activity Heartbeat timeout"(Heartbeat) retry_state=MaximumAttemptsReached
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_heartbeat_by_id_needs_a_worker() {
    check(
        "
        start order; poll; complete: activity a heartbeat=10s
        --
        heartbeat a by-id; heartbeat none by-id; poll-activity a; heartbeat a by-id
        ",
        expect![[r#"
            refused: not found: invalid activityID or activity already timed out or invoking workflow is completed
            refused: not found: cannot find pending activity with ActivityID none, check workflow execution history for more details
              -Activity(5)
            activity task
            cancel_requested=false
        "#]],
    );
}
