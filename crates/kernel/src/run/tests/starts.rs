//! How a run begins.

use expect_test::expect;

use super::check;

#[test]
fn a_start_schedules_the_first_workflow_task() {
    check(
        "
        start order input=hello memo=v
        ",
        expect![[r#"
            1 WorkflowExecutionStarted input=hello memo=["k"]
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn an_eager_start_starts_it_too() {
    check(
        "
        start order eager; show
        ",
        expect![[r#"
            1 WorkflowExecutionStarted
            2 WorkflowTaskScheduled on=q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            Running after 1 transitions, Normal task started, attempt 1, timeout 10s
        "#]],
    );
    check(
        "
        start order eager delay=5s; show
        ",
        expect![[r#"
            1 WorkflowExecutionStarted backoff=5s
            Running after 1 transitions, no task
        "#]],
    );
}

#[test]
fn a_delayed_start_waits() {
    check(
        "
        start order delay=60s; show; wait 60s; poll
        ",
        expect![[r#"
            1 WorkflowExecutionStarted backoff=60s
            Running after 1 transitions, no task
            at 60s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
        "#]],
    );
}

#[test]
fn a_signal_that_comes_with_the_start_is_recorded_before_the_task() {
    check(
        "
        start order signal=go with=news request=r; signal go request=r
        ",
        expect![[r#"
            1 WorkflowExecutionStarted
            2 WorkflowExecutionSignaled go input=news request=r
            3 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            already
        "#]],
    );
}

#[test]
fn a_signal_ends_no_delay_unless_it_is_meant_to() {
    check(
        "
        start order delay=60s; signal go
        ",
        expect![[r#"
            1 WorkflowExecutionStarted backoff=60s
            2 WorkflowExecutionSignaled go
        "#]],
    );
    check(
        "
        start order delay=60s
        --
        signal go skips-delay
        ",
        expect![[r#"
            2 WorkflowExecutionSignaled go
            3 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_cancel_request_ends_a_delay() {
    check(
        "
        start order delay=60s
        --
        cancel
        ",
        expect![[r#"
            2 WorkflowExecutionCancelRequested
            3 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_child_waits_for_its_parent() {
    check(
        "
        start kid child; show; schedule-first-task; schedule-first-task
        ",
        expect![[r#"
            1 WorkflowExecutionStarted run_timeout=0s
            Running after 1 transitions, no task
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_cron_run_waits_for_its_tick() {
    check(
        "
        start order cron=@every_1h; wait 1h
        ",
        expect![[r#"
            1 WorkflowExecutionStarted backoff=3600s initiator=CronSchedule cron=@every 1h
            at 3600s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn timeouts_are_as_long_as_the_longer_ones_allow() {
    check(
        "
        start order execution_timeout=10s run_timeout=50s task_timeout=300s; poll; show
        ",
        expect![[r#"
            1 WorkflowExecutionStarted run_timeout=10s
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            Running after 2 transitions, Normal task started, attempt 1, timeout 10s
        "#]],
    );
}
