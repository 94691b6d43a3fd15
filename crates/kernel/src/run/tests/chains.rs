//! Runs that follow runs: continue-as-new, retry, cron.

use expect_test::expect;

use super::check;

#[test]
fn continue_as_new_inherits() {
    check(
        "
        start order run_timeout=100s memo=v priority=3; poll; wait 2s
        --
        complete: again input; follow; poll
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionContinuedAsNew next=run-2 queue=q
                1 WorkflowExecutionStarted input=input run_timeout=100s continues=run-1 initiator=Workflow
                2 WorkflowTaskScheduled on=q
                  +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
        "#]],
    );
    check(
        "
        start order run_timeout=100s memo=v; poll; wait 2s
        --
        complete: again queue=q2 type=t2 memo=w run_timeout=7s task_timeout=3s attempts=2 cron=@every_1h
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionContinuedAsNew next=run-2 queue=q2
                1 WorkflowExecutionStarted run_timeout=7s continues=run-1 initiator=Workflow memo=["k"] retry_policy cron=@every 1h
                2 WorkflowTaskScheduled on=q2
                  +WorkflowTask on q2
        "#]],
    );
}

#[test]
fn continue_as_new_waits_until_a_second_has_passed() {
    check(
        "
        start order; poll
        --
        complete: again; follow; wait 1s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionContinuedAsNew next=run-2 queue=q
                1 WorkflowExecutionStarted backoff=1s run_timeout=0s continues=run-1 initiator=Workflow
            at 1s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn continue_as_new_can_wait() {
    check(
        "
        start order; poll
        --
        complete: again backoff=5s; follow; wait 5s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionContinuedAsNew next=run-2 backoff=5s queue=q
                1 WorkflowExecutionStarted backoff=5s run_timeout=0s continues=run-1 initiator=Workflow
            at 5s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn continue_as_new_is_forbidden_by_news() {
    check(
        "
        start order; poll; signal s
        --
        complete: again
        ",
        expect![[r#"
            4 WorkflowTaskFailed cause=UnhandledCommand "UnhandledCommand"(Server) by=worker
            5 WorkflowExecutionSignaled s
            6 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            answers: UnhandledCommand
        "#]],
    );
}

#[test]
fn continue_as_new_does_not_prolong_the_execution() {
    check(
        "
        start order execution_timeout=3s; poll; wait 2s; complete: again; follow
        --
        wait 1s
        ",
        expect![[r#"
            at 3s:
            3 WorkflowExecutionTimedOut retry_state=Timeout
              -WorkflowTask
        "#]],
    );
}

#[test]
fn a_failed_run_is_retried() {
    check(
        "
        start order input=in memo=v interval=1s attempts=2; poll
        --
        complete: fail boom; follow; wait 1s; poll; complete: fail again
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "boom"(Oops) retry_state=InProgress next=run-2
                1 WorkflowExecutionStarted input=in attempt=2 backoff=1s continues=run-1 initiator=Retry after "boom"(Oops) memo=["k"] retry_policy
            at 1s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "again"(Oops) retry_state=MaximumAttemptsReached
        "#]],
    );
}

#[test]
fn a_failed_run_is_not_retried() {
    check(
        "
        start order interval=1s never=Oops; poll
        --
        complete: fail boom
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "boom"(Oops) retry_state=NonRetryableFailure
        "#]],
    );
    check(
        "
        start order interval=1s; poll
        --
        complete: fail boom non_retryable
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "boom"(Oops non-retryable) retry_state=NonRetryableFailure
        "#]],
    );
    check(
        "
        start order interval=60s execution_timeout=20s; poll
        --
        complete: fail boom
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "boom"(Oops) retry_state=Timeout
        "#]],
    );
}

#[test]
fn the_application_can_name_the_delay() {
    check(
        "
        start order interval=60s; poll
        --
        complete: fail soon delay=2s
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "soon"(Oops) retry_state=InProgress next=run-2
                1 WorkflowExecutionStarted attempt=2 backoff=2s continues=run-1 initiator=Retry after "soon"(Oops) retry_policy
        "#]],
    );
}

#[test]
fn a_run_that_timed_out_is_retried() {
    check(
        "
        start order run_timeout=2s interval=1s attempts=2
        --
        wait 2s; follow; wait 1s
        ",
        expect![[r#"
            at 2s:
            3 WorkflowExecutionTimedOut retry_state=InProgress next=run-2
              -WorkflowTask
                1 WorkflowExecutionStarted attempt=2 backoff=1s run_timeout=2s continues=run-1 initiator=Retry after "workflow timeout"(StartToClose) retry_policy
            at 3s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
        "#]],
    );
}

#[test]
fn a_completed_cron_run_is_followed_by_the_next() {
    check(
        "
        start order cron=@every_1h input=in; wait 1h; poll
        --
        complete: done one; follow; wait 1h; poll; complete: done two
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCompleted result=one next=run-2
                1 WorkflowExecutionStarted input=in backoff=3600s continues=run-1 initiator=CronSchedule last_result=one cron=@every 1h
            at 7200s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCompleted result=two next=run-3
                1 WorkflowExecutionStarted input=in backoff=3600s continues=run-2 initiator=CronSchedule last_result=two cron=@every 1h
        "#]],
    );
}

#[test]
fn a_failed_cron_run_keeps_the_last_result() {
    check(
        "
        start order cron=@every_1h; wait 1h; poll; complete: done one; follow; wait 1h; poll
        --
        complete: fail boom; follow; wait 1h; poll; complete: canceled
        ",
        expect![[r#"
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionFailed "boom"(Oops) retry_state=RetryPolicyNotSet next=run-3
                1 WorkflowExecutionStarted backoff=3600s continues=run-2 initiator=CronSchedule after "boom"(Oops) last_result=one cron=@every 1h
            at 10800s:
            2 WorkflowTaskScheduled on=q
              +WorkflowTask on q
            3 WorkflowTaskStarted scheduled=2
              -WorkflowTask
            task: attempt 1
            4 WorkflowTaskCompleted scheduled=2 started=3
            5 WorkflowExecutionCanceled
        "#]],
    );
}

#[test]
fn a_cron_run_that_timed_out_is_followed_by_the_next() {
    check(
        "
        start order cron=@every_1h run_timeout=60s; wait 1h
        --
        wait 60s
        ",
        expect![[r#"
            at 3660s:
            3 WorkflowExecutionTimedOut retry_state=RetryPolicyNotSet next=run-2
              -WorkflowTask
                1 WorkflowExecutionStarted backoff=3540s run_timeout=60s continues=run-1 initiator=CronSchedule after "workflow timeout"(StartToClose) cron=@every 1h
        "#]],
    );
}

#[test]
fn a_terminated_cron_run_is_the_last() {
    check(
        "
        start order cron=@every_1h
        --
        terminate
        ",
        expect![[r#"
            2 WorkflowExecutionTerminated reason="" by=client
        "#]],
    );
}
