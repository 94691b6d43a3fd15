//! Requests to cancel an activity, wherever the activity stands.

use expect_test::expect;

use super::check;

#[test]
fn one_that_no_worker_has_is_canceled_at_once() {
    check(
        "
        start order; poll; complete: activity a; signal s; poll
        --
        complete: cancel-activity 5
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 ActivityTaskCancelRequested scheduled=5
            ~ ActivityTaskCanceled scheduled=5 started=0 requested=10 details=ACTIVITY_ID_NOT_STARTED
            11 ActivityTaskCanceled scheduled=5 started=0 requested=10 details=ACTIVITY_ID_NOT_STARTED
            12 WorkflowTaskScheduled on=q
              +WorkflowTask on q -Activity(5)
        "#]],
    );
}

#[test]
fn one_that_is_canceled_with_the_end_of_its_run_is_in_no_later_event() {
    check(
        "
        start order; poll; complete: activity a; signal s; poll
        --
        complete: cancel-activity 5, done
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 ActivityTaskCancelRequested scheduled=5
            ~ ActivityTaskCanceled scheduled=5 started=0 requested=10 details=ACTIVITY_ID_NOT_STARTED
            11 WorkflowExecutionCompleted
              -Activity(5)
        "#]],
    );
}

#[test]
fn one_scheduled_by_the_same_task_is_canceled_at_once() {
    check(
        "
        start order; poll
        --
        complete: activity a, cancel-activity 5
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 ActivityTaskScheduled a start_to_close=1000s
            6 ActivityTaskCancelRequested scheduled=5
            ~ ActivityTaskCanceled scheduled=5 started=0 requested=6 details=ACTIVITY_ID_NOT_STARTED
            7 ActivityTaskCanceled scheduled=5 started=0 requested=6 details=ACTIVITY_ID_NOT_STARTED
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q -Activity(5)
        "#]],
    );
}

#[test]
fn one_that_waits_for_its_retry_is_canceled_at_once() {
    check(
        "
        start order; poll; complete: activity a interval=60s; poll-activity a; activity-failed a boom; signal s; poll
        --
        complete: cancel-activity 5; wait 60s
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 ActivityTaskCancelRequested scheduled=5
            ~ ActivityTaskCanceled scheduled=5 started=0 requested=10 details=ACTIVITY_ID_NOT_STARTED
            11 ActivityTaskCanceled scheduled=5 started=0 requested=10 details=ACTIVITY_ID_NOT_STARTED
            12 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn one_that_a_worker_has_is_asked() {
    check(
        "
        start order; poll; complete: activity a heartbeat=10s; poll-activity a; heartbeat a; signal s; poll
        --
        complete: cancel-activity 5; show; heartbeat a; activity-canceled a details=bye
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 ActivityTaskCancelRequested scheduled=5
            Running after 8 transitions, no task, activities 1
            cancel_requested=true
            11 ActivityTaskStarted scheduled=5 by=worker
            12 ActivityTaskCanceled scheduled=5 started=11 requested=10 details=bye
            13 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn one_that_was_asked_may_still_complete() {
    check(
        "
        start order; poll; complete: activity a; poll-activity a; signal s; poll; complete: cancel-activity 5
        --
        activity-done a
        ",
        expect![[r#"
            11 ActivityTaskStarted scheduled=5 by=worker
            12 ActivityTaskCompleted scheduled=5 started=11
            13 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn one_that_was_asked_is_not_retried() {
    check(
        "
        start order; poll; complete: activity a; poll-activity a; signal s; poll; complete: cancel-activity 5
        --
        activity-failed a boom
        ",
        expect![[r#"
            11 ActivityTaskStarted scheduled=5 by=worker
            12 ActivityTaskFailed scheduled=5 started=11 "boom"(Oops) retry_state=CancelRequested
            13 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn one_whose_end_is_buffered_is_asked_in_vain() {
    check(
        "
        start order; poll; complete: activity a; poll-activity a; signal s; poll; activity-done a
        --
        complete: cancel-activity 5
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 ActivityTaskCancelRequested scheduled=5
            11 ActivityTaskStarted scheduled=5 by=worker
            12 ActivityTaskCompleted scheduled=5 started=11
            13 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn one_that_has_ended_can_not_be_asked() {
    check(
        "
        start order; poll; complete: activity a; poll-activity a; activity-done a; poll
        --
        complete: cancel-activity 5
        ",
        expect![[r#"
            10 WorkflowTaskFailed cause=BadRequestCancelActivityAttributes "BadRequestCancelActivityAttributes: invalid history builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: 5"(Server) by=worker
              +WorkflowTask on q
            answers: BadRequestCancelActivityAttributes
        "#]],
    );
}

#[test]
fn asking_twice_fails_the_task() {
    check(
        "
        start order; poll; complete: activity a; poll-activity a; signal s; poll; complete: cancel-activity 5; signal s; poll
        --
        complete: cancel-activity 5
        ",
        expect![[r#"
            14 WorkflowTaskFailed cause=BadRequestCancelActivityAttributes "BadRequestCancelActivityAttributes: invalid history builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: 5"(Server) by=worker
              +WorkflowTask on q
            answers: BadRequestCancelActivityAttributes
        "#]],
    );
    check(
        "
        start order; poll; complete: activity a; poll-activity a; signal s; poll
        --
        complete: cancel-activity 5, cancel-activity 5
        ",
        expect![[r#"
            9 WorkflowTaskFailed cause=BadRequestCancelActivityAttributes "BadRequestCancelActivityAttributes: invalid history builder state for action: add-activitytask-cancel-requested-event, ScheduledEventID: 5"(Server) by=worker
              +WorkflowTask on q
            answers: BadRequestCancelActivityAttributes
        "#]],
    );
}

#[test]
fn an_activity_must_be_named() {
    check(
        "
        start order; poll
        --
        complete: cancel-activity 0
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=BadRequestCancelActivityAttributes "BadRequestCancelActivityAttributes: ScheduledEventId is not set on RequestCancelActivityTaskCommand."(Server) by=worker
              +WorkflowTask on q
            answers: BadRequestCancelActivityAttributes
        "#]],
    );
}

#[test]
fn canceled_needs_a_request() {
    check(
        "
        start order; poll; complete: activity a; poll-activity a
        --
        activity-canceled a; activity-done a
        ",
        expect![[r#"
            refused: unable to mark activity as canceled without activity being request canceled first
            6 ActivityTaskStarted scheduled=5 by=worker
            7 ActivityTaskCompleted scheduled=5 started=6
            8 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}
