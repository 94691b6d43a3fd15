//! Timers.

use expect_test::expect;

use super::check;

#[test]
fn a_timer_fires_when_it_is_due() {
    check(
        "
        start order; poll
        --
        complete: timer t 5s; wait 4s; wait 1s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 5s
            at 5s:
            6 TimerFired t started=5
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_timer_of_no_length_is_legal() {
    check(
        "
        start order; poll
        --
        complete: timer t 0s; wait 0s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 0s
            at 0s:
            6 TimerFired t started=5
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn timers_fire_in_order_even_when_the_store_is_late() {
    check(
        "
        start order; poll; complete: timer b 3s, timer a 2s, timer c 2s
        --
        late 9s; tick
        ",
        expect![[r#"
            8 TimerFired a started=6
            9 TimerFired c started=7
            10 TimerFired b started=5
            11 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_timer_is_canceled() {
    check(
        "
        start order; poll; complete: timer t 5s; signal s; poll
        --
        complete: cancel-timer t; wait 9s
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 TimerCanceled t started=5
        "#]],
    );
}

#[test]
fn a_timer_is_canceled_by_the_task_that_started_it() {
    check(
        "
        start order; poll
        --
        complete: timer t 5s, cancel-timer t, timer t 6s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 TimerStarted t 5s
            6 TimerCanceled t started=5
            7 TimerStarted t 6s
        "#]],
    );
}

#[test]
fn a_timer_whose_firing_is_buffered_is_canceled_and_the_run_may_close() {
    check(
        "
        start order; poll; complete: timer t 1s; signal s; poll; wait 1s
        --
        complete: cancel-timer t, done
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            ~ one event less
            10 TimerCanceled t started=5
            11 WorkflowExecutionCompleted
        "#]],
    );
}

#[test]
fn a_timer_whose_firing_is_buffered_forbids_to_close() {
    check(
        "
        start order; poll; complete: timer t 1s; signal s; poll; wait 1s
        --
        complete: done
        ",
        expect![[r#"
            9 WorkflowTaskFailed cause=UnhandledCommand "UnhandledCommand"(Server) by=worker
            10 TimerFired t started=5
            11 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            answers: UnhandledCommand
        "#]],
    );
}

#[test]
fn a_fired_timer_can_not_be_canceled() {
    check(
        "
        start order; poll; complete: timer t 1s; wait 1s; poll
        --
        complete: cancel-timer t
        ",
        expect![[r#"
            9 WorkflowTaskFailed cause=BadCancelTimerAttributes "BadCancelTimerAttributes: invalid history builder state for action: add-timer-canceled-event, TimerID: t"(Server) by=worker
              +WorkflowTask on q
            answers: BadCancelTimerAttributes
        "#]],
    );
}

#[test]
fn an_id_may_be_used_again_after_it_fired() {
    check(
        "
        start order; poll; complete: timer t 1s; wait 1s; poll
        --
        complete: timer t 1s
        ",
        expect![[r#"
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 TimerStarted t 1s
        "#]],
    );
}

#[test]
fn an_id_may_not_be_used_twice() {
    check(
        "
        start order; poll
        --
        complete: timer t 1s, timer t 2s
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=StartTimerDuplicateId "StartTimerDuplicateId: invalid history builder state for action: add-timer-started-event, TimerID: t"(Server) by=worker
              +WorkflowTask on q
            answers: StartTimerDuplicateId
        "#]],
    );
}
