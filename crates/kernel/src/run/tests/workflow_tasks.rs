//! The life of workflow tasks: attempts, retries without events, sticky queues, heartbeats.

use expect_test::expect;

use super::check;

#[test]
fn a_task_is_started_and_completed() {
    check(
        "
        start order; poll; complete; show
        ",
        expect![[r#"
            1 WorkflowExecutionStarted
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            Running after 3 transitions, no task
        "#]],
    );
}

#[test]
fn a_started_task_is_given_again_to_the_same_request_only() {
    check(
        "
        start order; poll request=a
        --
        poll request=a; poll request=b
        ",
        expect![[r#"
            task: attempt 1
            stale
        "#]],
    );
}

#[test]
fn a_task_that_is_not_pending_is_stale() {
    check(
        "
        start order
        --
        poll attempt=2; poll event=9
        ",
        expect![[r#"
            stale
            stale
        "#]],
    );
    check(
        "
        start order; poll; complete
        --
        poll event=2 attempt=1
        ",
        expect![[r#"
            stale
        "#]],
    );
}

#[test]
fn only_the_started_task_can_be_completed() {
    check(
        "
        start order
        --
        complete: done; poll; complete: done; complete: done
        ",
        expect![[r#"
            refused: not found: Workflow task not found.
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCompleted
            refused: not found: Workflow task not found.
        "#]],
    );
}

#[test]
fn a_failed_task_is_retried_without_events() {
    check(
        "
        start order; poll
        --
        fail-task boom; show; poll; fail-task again; show; poll; complete: done
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=WorkflowWorkerUnhandledFailure "boom"(Oops) by=worker
              +WorkflowTask on q
            Running after 3 transitions, Transient task scheduled, attempt 2, timeout 10s
              -WorkflowTask
            task: attempt 2
              also 5 WorkflowTaskScheduled
              also 6 WorkflowTaskStarted
              +WorkflowTask on q
            Running after 5 transitions, Transient task scheduled, attempt 3, timeout 10s
              -WorkflowTask
            task: attempt 3
              also 5 WorkflowTaskScheduled
              also 6 WorkflowTaskStarted
            5 WorkflowTaskScheduled on=q attempt=3
            6 WorkflowTaskStarted scheduled=5
            7 WorkflowTaskCompleted scheduled=5 started=6
            8 WorkflowExecutionCompleted
        "#]],
    );
}

#[test]
fn the_fourth_attempt_is_given_more_time() {
    check(
        "
        start order; poll; fail-task a; poll; fail-task b; poll
        --
        fail-task c; show; poll; fail-task d; show
        ",
        expect![[r#"
              +WorkflowTask on q
            Running after 7 transitions, Transient task scheduled, attempt 4, timeout 14s
              -WorkflowTask
            task: attempt 4
              also 5 WorkflowTaskScheduled
              also 6 WorkflowTaskStarted
              +WorkflowTask on q
            Running after 9 transitions, Transient task scheduled, attempt 5, timeout 19s
        "#]],
    );
}

#[test]
fn a_retry_becomes_a_task_of_its_own_when_something_happened() {
    check(
        "
        start order; poll; fail-task boom
        --
        signal s; poll; show; complete: done
        ",
        expect![[r#"
            5 WorkflowExecutionSignaled s
            6 WorkflowTaskScheduled on=q
            7 WorkflowTaskStarted scheduled=6
              -WorkflowTask
            task: attempt 1
            Running after 5 transitions, Normal task started, attempt 1, timeout 10s
            8 WorkflowTaskCompleted scheduled=6 started=7
            9 WorkflowExecutionCompleted
        "#]],
    );
}

#[test]
fn what_happens_during_a_retry_is_told_after_it() {
    check(
        "
        start order; poll; fail-task boom; poll
        --
        signal s; complete: timer t 5s
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled s
            5 WorkflowTaskScheduled on=q attempt=2
            6 WorkflowTaskStarted scheduled=5
            7 WorkflowTaskCompleted scheduled=5 started=6
            8 TimerStarted t 5s
            9 WorkflowExecutionSignaled s
            10 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_retry_that_fails_with_news_is_followed_by_a_first_attempt() {
    check(
        "
        start order; poll; fail-task boom; poll
        --
        signal s; fail-task boom; poll
        ",
        expect![[r#"
            ~ WorkflowExecutionSignaled s
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
fn a_task_times_out() {
    check(
        "
        start order task_timeout=1s; poll
        --
        wait 1s; complete: done; poll; wait 1s; poll; complete: done
        ",
        expect![[r#"
            at 1s:
            4 WorkflowTaskTimedOut StartToClose
              +WorkflowTask on q
            refused: not found: Workflow task not found.
              -WorkflowTask
            task: attempt 2
              also 5 WorkflowTaskScheduled
              also 6 WorkflowTaskStarted
            at 2s:
              +WorkflowTask on q
              -WorkflowTask
            task: attempt 3
              also 5 WorkflowTaskScheduled
              also 6 WorkflowTaskStarted
            5 WorkflowTaskScheduled on=q attempt=3
            6 WorkflowTaskStarted scheduled=5
            7 WorkflowTaskCompleted scheduled=5 started=6
            8 WorkflowExecutionCompleted
        "#]],
    );
}

#[test]
fn a_sticky_task_goes_to_the_normal_queue_when_its_worker_is_gone() {
    check(
        "
        start order; poll; complete sticky=box: timer t 1s
        --
        wait 1s; show; wait 5s; poll
        ",
        expect![[r#"
            at 1s:
            6 TimerFired t started=5
            7 WorkflowTaskScheduled on=box
              +WorkflowTask on box
            Running after 4 transitions, Normal task scheduled, attempt 1, timeout 10s
            at 6s:
            8 WorkflowTaskTimedOut ScheduleToStart
            9 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            10 WorkflowTaskStarted scheduled=9
              -WorkflowTask
            task: attempt 1
        "#]],
    );
}

#[test]
fn a_sticky_worker_keeps_the_run() {
    check(
        "
        start order; poll; complete sticky=box: timer t 1s
        --
        wait 1s; poll queue=box sticky; complete sticky=box: timer u 1s; signal s
        ",
        expect![[r#"
            at 1s:
            6 TimerFired t started=5
            7 WorkflowTaskScheduled on=box
              +WorkflowTask on box
            8 WorkflowTaskStarted scheduled=7
              -WorkflowTask
            task: attempt 1
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 TimerStarted u 1s
            11 WorkflowExecutionSignaled s
            12 WorkflowTaskScheduled on=box
              +WorkflowTask on box
        "#]],
    );
}

#[test]
fn a_sticky_task_taken_by_somebody_else_ends_stickiness() {
    check(
        "
        start order; poll; complete sticky=box: timer t 1s
        --
        signal s; poll; complete: timer u 1s; signal s
        ",
        expect![[r#"
            6 WorkflowExecutionSignaled s
            7 WorkflowTaskScheduled on=box
              +WorkflowTask on box
            8 WorkflowTaskStarted scheduled=7
              -WorkflowTask
            task: attempt 1
            9 WorkflowTaskCompleted scheduled=7 started=8
            10 TimerStarted u 1s
            11 WorkflowExecutionSignaled s
            12 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_failure_of_a_sticky_worker_costs_no_attempt() {
    check(
        "
        start order; poll; complete sticky=box: timer t 9s
        --
        signal s; poll queue=box sticky; fail-task boom; poll
        ",
        expect![[r#"
            6 WorkflowExecutionSignaled s
            7 WorkflowTaskScheduled on=box
              +WorkflowTask on box
            8 WorkflowTaskStarted scheduled=7
              -WorkflowTask
            task: attempt 1
            9 WorkflowTaskFailed cause=WorkflowWorkerUnhandledFailure "boom"(Oops) by=worker
            10 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            11 WorkflowTaskStarted scheduled=10
              -WorkflowTask
            task: attempt 1
        "#]],
    );
}

#[test]
fn a_timeout_of_a_sticky_worker_costs_no_attempt() {
    check(
        "
        start order; poll; complete sticky=box: timer t 90s
        --
        signal s; poll queue=box sticky; wait 10s; poll
        ",
        expect![[r#"
            6 WorkflowExecutionSignaled s
            7 WorkflowTaskScheduled on=box
              +WorkflowTask on box
            8 WorkflowTaskStarted scheduled=7
              -WorkflowTask
            task: attempt 1
            at 10s:
            9 WorkflowTaskTimedOut StartToClose
            10 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            11 WorkflowTaskStarted scheduled=10
              -WorkflowTask
            task: attempt 1
        "#]],
    );
}

#[test]
fn stickiness_can_be_reset() {
    check(
        "
        start order; poll; complete sticky=box: timer t 9s
        --
        reset-sticky; reset-sticky; signal s
        ",
        expect![[r#"
            6 WorkflowExecutionSignaled s
            7 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_worker_can_ask_for_the_next_task() {
    check(
        "
        start order; poll
        --
        complete force-new-task; poll; complete force-new-task return-new-task; complete: done
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            6 WorkflowTaskStarted scheduled=5
              -WorkflowTask
            task: attempt 1
            7 WorkflowTaskCompleted scheduled=5 started=6
            8 WorkflowTaskScheduled on=q
            9 WorkflowTaskStarted scheduled=8
              -WorkflowTask
            task in the answer
            10 WorkflowTaskCompleted scheduled=8 started=9
            11 WorkflowExecutionCompleted
        "#]],
    );
}

#[test]
fn a_suggestion_to_continue_as_new_comes_with_the_task() {
    check(
        "
        limit suggest_events=2; start order; poll
        ",
        expect![[r#"
            1 WorkflowExecutionStarted
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2 suggest=[2]
              -WorkflowTask
            task: attempt 1
        "#]],
    );
}

#[test]
fn an_unhandled_event_forbids_to_close() {
    check(
        "
        start order; poll; signal s
        --
        complete: done; poll; complete: done
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=UnhandledCommand "UnhandledCommand"(Server) by=worker
            5 WorkflowExecutionSignaled s
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            answers: UnhandledCommand
            7 WorkflowTaskStarted scheduled=6
              -WorkflowTask
            task: attempt 1
            8 WorkflowTaskCompleted scheduled=6 started=7
            9 WorkflowExecutionCompleted
        "#]],
    );
}

#[test]
fn an_unhandled_event_during_a_retry_forbids_to_close() {
    check(
        "
        start order; poll; fail-task boom; poll; signal s
        --
        complete: done; poll; complete: done
        ",
        expect![[r#"
            5 WorkflowExecutionSignaled s
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            answers: UnhandledCommand
            7 WorkflowTaskStarted scheduled=6
              -WorkflowTask
            task: attempt 1
            8 WorkflowTaskCompleted scheduled=6 started=7
            9 WorkflowExecutionCompleted
        "#]],
    );
}
