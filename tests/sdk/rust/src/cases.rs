//! The cases: each fails by returning an error.

use std::fmt::Debug;
use std::time::Duration;

use temporalio_client::errors::WorkflowGetResultError;
use temporalio_client::{
    WorkflowCancelOptions, WorkflowDescribeOptions, WorkflowExecuteUpdateOptions, WorkflowFetchHistoryOptions,
    WorkflowGetResultOptions, WorkflowQueryOptions, WorkflowSignalOptions, WorkflowStartOptions,
    WorkflowTerminateOptions,
};
use temporalio_common::RetryPolicy;

use crate::workflows::*;
use crate::{Case, Ctx, Verdict};

macro_rules! cases {
    ($($name:ident),+ $(,)?) => { pub const ALL: &[Case] = &[$((stringify!($name), |t| Box::pin($name(t)))),+]; };
}

cases![
    activity_result,
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
    signals_in_order,
    query_running,
    query_closed,
    update_completes,
    update_rejected,
    patched_new_run,
    user_metadata,
    id_conflict_fail,
];

/// Starts a workflow on the shared task queue, under a new id.
macro_rules! start {
    ($t:expr, $run:expr, $input:expr) => { start!($t, $run, $input, |o| o) };
    ($t:expr, $run:expr, $input:expr, |$o:ident| $more:expr) => {{
        let $o = WorkflowStartOptions::new($t.task_queue.clone(), $t.id());
        $t.client.start_workflow($run, $input, $more.build()).await?
    }};
}

macro_rules! result {
    ($handle:expr) => { $handle.get_result(WorkflowGetResultOptions::default()).await };
}

fn equal<V: PartialEq + Debug>(got: V, want: V) -> Verdict {
    if got == want { Ok(()) } else { Err(format!("got {got:?}, want {want:?}").into()) }
}

fn contains(whole: &str, part: &str) -> Verdict {
    if whole.contains(part) { Ok(()) } else { Err(format!("{part:?} is not in {whole:?}").into()) }
}

/// The text of a failure and of everything behind it.
fn failure<V: Debug>(outcome: Result<V, WorkflowGetResultError>) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
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
    let handle = start!(t, ParentOf::run, child_id.clone());
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

async fn signals_in_order(t: Ctx) -> Verdict {
    let handle = start!(t, Collect::run, ());
    let want: Vec<String> = (0..20).map(|i| i.to_string()).collect();
    for item in &want {
        handle.signal(Collect::add, item.clone(), WorkflowSignalOptions::default()).await?;
    }
    handle.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    equal(result!(handle)?, want)
}

async fn query_running(t: Ctx) -> Verdict {
    let handle = start!(t, Collect::run, ());
    handle.signal(Collect::add, "a".to_string(), WorkflowSignalOptions::default()).await?;
    let items = handle.query(Collect::all, (), WorkflowQueryOptions::default()).await?;
    handle.terminate(WorkflowTerminateOptions::default()).await?;
    equal(items, vec!["a".to_string()])
}

async fn query_closed(t: Ctx) -> Verdict {
    let handle = start!(t, Collect::run, ());
    handle.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    result!(handle)?;
    let items = handle.query(Collect::all, (), WorkflowQueryOptions::default()).await?;
    equal(items.len(), 0)
}

async fn update_completes(t: Ctx) -> Verdict {
    let handle = start!(t, Collect::run, ());
    for (item, want) in [("a", 1), ("b", 2)] {
        let length =
            handle.execute_update(Collect::put, item.to_string(), WorkflowExecuteUpdateOptions::default()).await?;
        equal(length, want)?;
    }
    handle.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    equal(result!(handle)?, vec!["a".to_string(), "b".to_string()])
}

async fn update_rejected(t: Ctx) -> Verdict {
    let handle = start!(t, Collect::run, ());
    let outcome = handle.execute_update(Collect::put, String::new(), WorkflowExecuteUpdateOptions::default()).await;
    handle.terminate(WorkflowTerminateOptions::default()).await?;
    match outcome {
        Err(error) => contains(&format!("{error:?}"), "empty items are refused"),
        Ok(length) => Err(format!("accepted: {length}").into()),
    }
}

async fn patched_new_run(t: Ctx) -> Verdict {
    let handle = start!(t, Patched::run, ());
    equal(result!(handle)?, true)
}

async fn user_metadata(t: Ctx) -> Verdict {
    let handle = start!(t, Echo::run, "x".to_string(), |o| o.static_summary("in short".to_string()));
    result!(handle)?;
    let described = handle.describe(WorkflowDescribeOptions::default()).await?;
    equal(described.static_summary(), Some("in short"))
}

async fn id_conflict_fail(t: Ctx) -> Verdict {
    let id = t.id();
    let options = || WorkflowStartOptions::new(t.task_queue.clone(), id.clone()).build();
    let first = t.client.start_workflow(Sleeper::run, (), options()).await?;
    let second = t.client.start_workflow(Sleeper::run, (), options()).await;
    first.terminate(WorkflowTerminateOptions::default()).await?;
    match second {
        Err(error) => contains(&format!("{error:?}"), "AlreadyStarted"),
        Ok(_) => Err("a second run was started".into()),
    }
}
