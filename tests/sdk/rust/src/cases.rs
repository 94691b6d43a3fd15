//! Cases of activities, runs and children: each fails by returning an error. Messages and the rest are beside it.

use std::fmt::Debug;
use std::time::Duration;

use temporalio_client::errors::{WorkflowGetResultError, WorkflowInteractionError};
use temporalio_client::{
    WorkflowCancelOptions, WorkflowDescribeOptions, WorkflowExecutionStatus, WorkflowFetchHistoryOptions,
    WorkflowStartOptions, WorkflowTerminateOptions,
};
use temporalio_common::RetryPolicy;

use crate::workflows::*;
use crate::{Case, Ctx, Fault, Verdict};

cases![
    activity_result,
    activity_timeout_schedule_to_start,
    activity_timeout_schedule_to_close,
    activity_timeout_heartbeat,
    activity_cancelled_with_workflow,
    timers_in_order,
    child_cancel,
    parent_close_request_cancel,
    parent_close_abandon,
    cron,
    unknown_workflow_is_not_found,
    random_is_stable,
    activity_retried_until_success,
    activity_attempts_used_up,
    activity_non_retryable_flag,
    activity_heartbeat_details_carried,
    activity_timeout_start_to_close,
    local_activity,
    workflow_echo,
    workflow_failure,
    workflow_retry_policy,
    timer_fires,
    ten_children,
    child_fails,
    parent_close_terminate,
    continue_as_new,
    cancel_runs_cleanup,
    terminate,
    run_timeout,
    patched_new_run,
];

/// Starts a workflow on the shared task queue, under a new id.
#[macro_export]
macro_rules! start {
    ($t:expr, $run:expr, $input:expr) => { $crate::start!($t, $run, $input, |o| o) };
    ($t:expr, $run:expr, $input:expr, |$o:ident| $more:expr) => {{
        let $o = temporalio_client::WorkflowStartOptions::new($t.task_queue.clone(), $t.id());
        $t.client.start_workflow($run, $input, $more.build()).await?
    }};
}

/// Waits for a run and decodes what it returned.
#[macro_export]
macro_rules! result {
    ($handle:expr) => { $handle.get_result(temporalio_client::WorkflowGetResultOptions::default()).await };
}

pub use crate::{result, start};

pub fn equal<V: PartialEq + Debug>(got: V, want: V) -> Verdict {
    if got == want { Ok(()) } else { Err(format!("got {got:?}, want {want:?}").into()) }
}

pub fn contains(whole: &str, part: &str) -> Verdict {
    if whole.contains(part) { Ok(()) } else { Err(format!("{part:?} is not in {whole:?}").into()) }
}

/// Asks for what the API promises only eventually.
pub async fn eventually<V>(what: &str, probe: impl AsyncFn() -> Result<Option<V>, Fault>) -> Result<V, Fault> {
    for _ in 0..300 {
        if let Some(value) = probe().await? {
            return Ok(value);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(format!("not within 15 s: {what}").into())
}

/// The text of a failure and of everything behind it.
fn failure<V: Debug>(outcome: Result<V, WorkflowGetResultError>) -> Result<String, Fault> {
    match outcome {
        Err(error @ WorkflowGetResultError::Failed(_)) => Ok(format!("{error:?}")),
        other => Err(format!("not a failure: {other:?}").into()),
    }
}

async fn activity_result(t: Ctx) -> Verdict {
    let handle = start!(t, OneActivity::run, "hello".to_string());
    equal(result!(handle)?, "hello".to_string())
}

async fn activity_retried_until_success(t: Ctx) -> Verdict {
    let handle = start!(t, RetriedActivity::run, (3, 0));
    equal(result!(handle)?, 3)
}

async fn activity_attempts_used_up(t: Ctx) -> Verdict {
    let handle = start!(t, RetriedActivity::run, (9, 2));
    contains(&failure(result!(handle))?, "attempt 2 fails")
}

async fn activity_non_retryable_flag(t: Ctx) -> Verdict {
    let handle = start!(t, RefusedActivity::run, "not again".to_string());
    contains(&failure(result!(handle))?, "not again")
}

async fn activity_heartbeat_details_carried(t: Ctx) -> Verdict {
    let handle = start!(t, HeartbeatActivity::run, ());
    equal(result!(handle)?, 2)
}

async fn activity_timeout_start_to_close(t: Ctx) -> Verdict {
    let handle = start!(t, SlowActivity::run, 300);
    contains(&failure(result!(handle))?, "StartToClose")
}

async fn activity_timeout_schedule_to_start(t: Ctx) -> Verdict {
    let handle = start!(t, NobodysActivity::run, t.id());
    contains(&failure(result!(handle))?, "ScheduleToStart")
}

async fn activity_timeout_schedule_to_close(t: Ctx) -> Verdict {
    let handle = start!(t, LateActivity::run, 400);
    contains(&failure(result!(handle))?, "ScheduleToClose")
}

async fn activity_timeout_heartbeat(t: Ctx) -> Verdict {
    let handle = start!(t, SilentActivity::run, 400);
    contains(&failure(result!(handle))?, "Heartbeat")
}

async fn activity_cancelled_with_workflow(t: Ctx) -> Verdict {
    let handle = start!(t, CancelledActivity::run, ());
    eventually("the activity runs", async || {
        let described = handle.describe(WorkflowDescribeOptions::default()).await?;
        let started = described.raw().pending_activities.iter().any(|a| a.last_started_time.is_some());
        Ok(started.then_some(()))
    })
    .await?;
    handle.cancel(WorkflowCancelOptions::default()).await?;
    match result!(handle) {
        Err(WorkflowGetResultError::Cancelled { .. }) => {}
        other => return Err(format!("not cancelled: {other:?}").into()),
    }
    let events = handle.fetch_history(WorkflowFetchHistoryOptions::default()).into_events().await?;
    equal(events.iter().filter(|e| format!("{:?}", e.event_type()) == "ActivityTaskCanceled").count(), 1)
}

async fn timers_in_order(t: Ctx) -> Verdict {
    let handle = start!(t, Timers::run, [2200, 10, 1100]);
    equal(result!(handle)?, vec![10, 1100, 2200])
}

async fn child_cancel(t: Ctx) -> Verdict {
    let handle = start!(t, CancelledChild::run, t.id());
    contains(&result!(handle)?, "Cancel")
}

async fn parent_close_request_cancel(t: Ctx) -> Verdict {
    let child_id = t.id();
    let handle = start!(t, ParentOf::run, (child_id.clone(), "cancel".to_string()));
    result!(handle)?;
    match result!(t.client.get_workflow_handle::<Sleeper>(child_id)) {
        Err(WorkflowGetResultError::Cancelled { .. }) => Ok(()),
        other => Err(format!("not cancelled: {other:?}").into()),
    }
}

async fn parent_close_abandon(t: Ctx) -> Verdict {
    let child_id = t.id();
    let handle = start!(t, ParentOf::run, (child_id.clone(), "abandon".to_string()));
    result!(handle)?;
    let child = t.client.get_workflow_handle::<Sleeper>(child_id);
    let described = child.describe(WorkflowDescribeOptions::default()).await?;
    child.terminate(WorkflowTerminateOptions::default()).await?;
    equal(described.status(), WorkflowExecutionStatus::Running)
}

async fn cron(t: Ctx) -> Verdict {
    let id = t.id();
    let options = WorkflowStartOptions::new(t.task_queue.clone(), id.clone()).cron_schedule("@every 1s".to_string());
    let first = t.client.start_workflow(CronTick::run, (), options.build()).await?;
    let newest = t.client.get_workflow_handle::<CronTick>(id);
    eventually("the second run has the first one's result", async || {
        let described = newest.describe(WorkflowDescribeOptions::default()).await?;
        if Some(described.run_id()) == first.info().run_id.as_deref() {
            return Ok(None);
        }
        let events = newest.fetch_history(WorkflowFetchHistoryOptions::default()).into_events().await?;
        Ok(format!("{:?}", events.first()).contains("last_completion_result: Some").then_some(()))
    })
    .await?;
    Ok(newest.terminate(WorkflowTerminateOptions::default()).await?)
}

async fn unknown_workflow_is_not_found(t: Ctx) -> Verdict {
    let outcome = t.client.get_workflow_handle::<Echo>(t.id()).describe(WorkflowDescribeOptions::default()).await;
    match outcome {
        Err(WorkflowInteractionError::NotFound(_)) => Ok(()),
        other => Err(format!("found: {other:?}").into()),
    }
}

async fn random_is_stable(t: Ctx) -> Verdict {
    let handle = start!(t, Seeded::run, ());
    equal(result!(handle)?, true)
}

async fn local_activity(t: Ctx) -> Verdict {
    let handle = start!(t, LocalActivity::run, "near".to_string());
    equal(result!(handle)?, "near".to_string())?;
    let events = handle.fetch_history(WorkflowFetchHistoryOptions::default()).into_events().await?;
    let names: Vec<String> = events.iter().map(|e| format!("{:?}", e.event_type())).collect();
    contains(&names.join(" "), "MarkerRecorded")?;
    equal(names.iter().any(|n| n == "ActivityTaskScheduled"), false)
}

async fn workflow_echo(t: Ctx) -> Verdict {
    let handle = start!(t, Echo::run, "hello".to_string());
    equal(result!(handle)?, "hello".to_string())?;
    let events = handle.fetch_history(WorkflowFetchHistoryOptions::default()).into_events().await?;
    equal(events.iter().map(|e| e.event_id).collect::<Vec<_>>(), vec![1, 2, 3, 4, 5])
}

async fn workflow_failure(t: Ctx) -> Verdict {
    let handle = start!(t, Fail::run, "broken".to_string());
    contains(&failure(result!(handle))?, "broken")
}

async fn workflow_retry_policy(t: Ctx) -> Verdict {
    let policy = RetryPolicy::builder().initial_interval(Duration::from_millis(20)).maximum_attempts(2).build();
    let handle = start!(t, Fail::run, "broken".to_string(), |o| o.retry_policy(policy));
    contains(&failure(result!(handle))?, "broken")?;
    let latest = handle.describe(WorkflowDescribeOptions::default()).await?;
    equal(latest.history_length() > 0, true)
}

async fn timer_fires(t: Ctx) -> Verdict {
    let handle = start!(t, Timer::run, 30);
    equal(result!(handle)?, 30)
}

async fn ten_children(t: Ctx) -> Verdict {
    let ids: Vec<String> = (0..10).map(|_| t.id()).collect();
    let handle = start!(t, Children::run, ids.clone());
    equal(result!(handle)?, ids)
}

async fn child_fails(t: Ctx) -> Verdict {
    let handle = start!(t, FailingChild::run, t.id());
    contains(&failure(result!(handle))?, "child broke")
}

async fn parent_close_terminate(t: Ctx) -> Verdict {
    let child_id = t.id();
    let handle = start!(t, ParentOf::run, (child_id.clone(), "terminate".to_string()));
    result!(handle)?;
    let child = t.client.get_workflow_handle::<Sleeper>(child_id);
    match result!(child) {
        Err(WorkflowGetResultError::Terminated { .. }) => Ok(()),
        other => Err(format!("not terminated: {other:?}").into()),
    }
}

async fn continue_as_new(t: Ctx) -> Verdict {
    let handle = start!(t, CountDown::run, (2, 0));
    equal(result!(handle)?, 3)
}

async fn cancel_runs_cleanup(t: Ctx) -> Verdict {
    let handle = start!(t, Sleeper::run, ());
    handle.cancel(WorkflowCancelOptions::default()).await?;
    match result!(handle) {
        Err(WorkflowGetResultError::Cancelled { .. }) => Ok(()),
        other => Err(format!("not cancelled: {other:?}").into()),
    }
}

async fn terminate(t: Ctx) -> Verdict {
    let handle = start!(t, Sleeper::run, ());
    handle.terminate(WorkflowTerminateOptions::default()).await?;
    match result!(handle) {
        Err(WorkflowGetResultError::Terminated { .. }) => Ok(()),
        other => Err(format!("not terminated: {other:?}").into()),
    }
}

async fn run_timeout(t: Ctx) -> Verdict {
    let handle = start!(t, Sleeper::run, (), |o| o.run_timeout(Duration::from_secs(1)));
    match result!(handle) {
        Err(WorkflowGetResultError::TimedOut) => Ok(()),
        other => Err(format!("not timed out: {other:?}").into()),
    }
}

async fn patched_new_run(t: Ctx) -> Verdict {
    let handle = start!(t, Patched::run, ());
    equal(result!(handle)?, true)
}

