//! Cases of messages, ids, lists, schedules and workers.

use std::time::Duration;

use futures::TryStreamExt;
use temporalio_client::errors::{WorkflowGetResultError, WorkflowStartError};
use temporalio_client::grpc::OperatorService;
use temporalio_client::schedules::{
    CreateScheduleOptions, DeleteScheduleOptions, ScheduleAction, ScheduleOverlapPolicy, ScheduleSpec,
    TriggerScheduleOptions, UnpauseScheduleOptions,
};
use temporalio_client::{
    ActivityIdentifier, Client, RpcOptions, WorkflowCountOptions, WorkflowDescribeOptions, WorkflowExecuteUpdateOptions,
    WorkflowIdConflictPolicy, WorkflowIdReusePolicy,
    WorkflowListOptions, WorkflowQueryOptions, WorkflowSignalOptions, WorkflowStartOptions, WorkflowStartUpdateOptions,
    WorkflowTerminateOptions, WorkflowUpdateWithStartOptions,
};
use temporalio_common::MemoValues;
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::AddSearchAttributesRequest;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};

use crate::cases::{contains, equal, eventually, result, start};
use crate::workflows::*;
use crate::{Case, Ctx, Verdict, register};

cases![
    async_completion_by_token,
    async_completion_by_id,
    id_reuse_reject,
    id_conflict_fail,
    id_conflict_use_existing,
    signals_in_order,
    signal_with_start_new,
    query_running,
    query_closed,
    query_unknown_name,
    update_completes,
    update_accepted_then_completed,
    update_rejected,
    update_same_id_runs_once,
    update_with_start_new,
    external_signal,
    external_cancel,
    memo,
    search_attributes_upsert,
    list_and_count,
    user_metadata,
    schedule_trigger_and_pause,
    worker_restart_keeps_state,
];

async fn async_completion_by_token(t: Ctx) -> Verdict {
    let key = t.id();
    let handle = start!(t, CompletedElsewhere::run, key.clone());
    let token = eventually("the activity runs", async || Ok(task_token(&key))).await?;
    let activity = t.client.get_async_activity_handle(ActivityIdentifier::from_task_token(token.into()));
    activity.complete(Some("by token".to_string()), RpcOptions::default()).await?;
    equal(result!(handle)?, "by token".to_string())?;
    let again = activity.complete(Some("again".to_string()), RpcOptions::default()).await;
    contains(&format!("{again:?}"), "NotFound")
}

async fn async_completion_by_id(t: Ctx) -> Verdict {
    let key = t.id();
    let handle = start!(t, CompletedElsewhere::run, key.clone());
    eventually("the activity runs", async || Ok(task_token(&key))).await?;
    let identifier = ActivityIdentifier::by_id_workflow(handle.info().workflow_id.clone(), "", "the-one");
    let activity = t.client.get_async_activity_handle(identifier);
    activity.complete(Some("by id".to_string()), RpcOptions::default()).await?;
    equal(result!(handle)?, "by id".to_string())
}

async fn id_reuse_reject(t: Ctx) -> Verdict {
    let id = t.id();
    let options = WorkflowStartOptions::new(t.task_queue.clone(), id.clone()).build();
    let first = t.client.start_workflow(Echo::run, "one".to_string(), options).await?;
    result!(first)?;
    let options = WorkflowStartOptions::new(t.task_queue.clone(), id)
        .id_reuse_policy(WorkflowIdReusePolicy::RejectDuplicate)
        .build();
    already_started(t.client.start_workflow(Echo::run, "two".to_string(), options).await)
}

async fn id_conflict_fail(t: Ctx) -> Verdict {
    let id = t.id();
    let options = || WorkflowStartOptions::new(t.task_queue.clone(), id.clone()).build();
    let first = t.client.start_workflow(Sleeper::run, (), options()).await?;
    let second = t.client.start_workflow(Sleeper::run, (), options()).await;
    first.terminate(WorkflowTerminateOptions::default()).await?;
    already_started(second)
}

fn already_started<H>(outcome: Result<H, WorkflowStartError>) -> Verdict {
    match outcome {
        Err(WorkflowStartError::AlreadyStarted { .. }) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err("a second run was started".into()),
    }
}

async fn id_conflict_use_existing(t: Ctx) -> Verdict {
    let id = t.id();
    let options = || {
        WorkflowStartOptions::new(t.task_queue.clone(), id.clone())
            .id_conflict_policy(WorkflowIdConflictPolicy::UseExisting)
            .build()
    };
    let first = t.client.start_workflow(Sleeper::run, (), options()).await?;
    let second = t.client.start_workflow(Sleeper::run, (), options()).await?;
    first.terminate(WorkflowTerminateOptions::default()).await?;
    equal(second.info().run_id.clone(), first.info().run_id.clone())
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

async fn signal_with_start_new(t: Ctx) -> Verdict {
    let options = WorkflowStartOptions::new(t.task_queue.clone(), t.id()).build();
    let handle =
        t.client.signal_with_start_workflow(Collect::run, (), Collect::add, "first".to_string(), options).await?;
    handle.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    equal(result!(handle)?, vec!["first".to_string()])
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

/// The workflow that runs has no such query; the handle is that of one that does.
async fn query_unknown_name(t: Ctx) -> Verdict {
    let id = t.id();
    let options = WorkflowStartOptions::new(t.task_queue.clone(), id.clone()).build();
    let sleeper = t.client.start_workflow(Sleeper::run, (), options).await?;
    let handle = t.client.get_workflow_handle::<Collect>(id);
    let outcome = handle.query(Collect::all, (), WorkflowQueryOptions::default()).await;
    sleeper.terminate(WorkflowTerminateOptions::default()).await?;
    match outcome {
        Err(error) => contains(&format!("{error:?}"), "all"),
        Ok(items) => Err(format!("answered: {items:?}").into()),
    }
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

async fn update_accepted_then_completed(t: Ctx) -> Verdict {
    let handle = start!(t, Collect::run, ());
    let update = handle
        .start_update(Collect::put_when_unlocked, "later".to_string(), WorkflowStartUpdateOptions::default())
        .await?;
    handle.signal(Collect::unlock, (), WorkflowSignalOptions::default()).await?;
    equal(update.get_result(RpcOptions::default()).await?, "put later".to_string())?;
    handle.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    equal(result!(handle)?, vec!["later".to_string()])
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

async fn update_same_id_runs_once(t: Ctx) -> Verdict {
    let handle = start!(t, Collect::run, ());
    for _ in 0..3 {
        let options = WorkflowExecuteUpdateOptions::builder().update_id("same".to_string()).build();
        equal(handle.execute_update(Collect::put, "a".to_string(), options).await?, 1)?;
    }
    handle.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    equal(result!(handle)?, vec!["a".to_string()])
}

async fn update_with_start_new(t: Ctx) -> Verdict {
    let id = t.id();
    let policy = WorkflowIdConflictPolicy::UseExisting;
    let options = WorkflowUpdateWithStartOptions::new(t.task_queue.clone(), id.clone(), policy).build();
    let length = t
        .client
        .execute_update_with_start_workflow(Collect::run, (), Collect::put, "a".to_string(), options)
        .await?;
    equal(length, 1)?;
    let handle = t.client.get_workflow_handle::<Collect>(id);
    handle.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    equal(result!(handle)?, vec!["a".to_string()])
}

async fn external_signal(t: Ctx) -> Verdict {
    let target = start!(t, Collect::run, ());
    let sender = start!(t, External::run, ("signal".to_string(), target.info().workflow_id.clone()));
    result!(sender)?;
    target.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    equal(result!(target)?, vec!["from outside".to_string()])
}

async fn external_cancel(t: Ctx) -> Verdict {
    let target = start!(t, Sleeper::run, ());
    let sender = start!(t, External::run, ("cancel".to_string(), target.info().workflow_id.clone()));
    result!(sender)?;
    match result!(target) {
        Err(WorkflowGetResultError::Cancelled { .. }) => Ok(()),
        other => Err(format!("not cancelled: {other:?}").into()),
    }
}

async fn memo(t: Ctx) -> Verdict {
    let mut memo = MemoValues::new();
    memo.insert("colour", "red".to_string());
    let handle = start!(t, Echo::run, "x".to_string(), |o| o.memo(memo));
    result!(handle)?;
    let described = handle.describe(WorkflowDescribeOptions::default()).await?;
    let info = described.raw().workflow_execution_info.clone().unwrap_or_default();
    let colour = info.memo.unwrap_or_default().fields.remove("colour").unwrap_or_default();
    contains(&String::from_utf8_lossy(&colour.data), "red")
}

async fn search_attributes_upsert(t: Ctx) -> Verdict {
    let request = AddSearchAttributesRequest {
        namespace: "default".into(),
        search_attributes: [("FeatureKeyword".to_string(), IndexedValueType::Keyword as i32)].into(),
    };
    let mut operator: Box<dyn OperatorService> = t.client.connection().operator_service();
    operator.add_search_attributes(temporalio_client::tonic::Request::new(request)).await?;
    let unique = t.id();
    let handle = start!(t, Searchable::run, unique.clone());
    result!(handle)?;
    listed_once(&t, format!("FeatureKeyword = '{unique}'")).await
}

async fn list_and_count(t: Ctx) -> Verdict {
    let id = t.id();
    let options = WorkflowStartOptions::new(t.task_queue.clone(), id.clone()).build();
    let handle = t.client.start_workflow(Echo::run, "x".to_string(), options).await?;
    result!(handle)?;
    let query = format!("WorkflowId = '{id}' AND ExecutionStatus = 'Completed'");
    listed_once(&t, query.clone()).await?;
    equal(t.client.count_workflows(query, WorkflowCountOptions::default()).await?.count(), 1)
}

async fn listed_once(t: &Ctx, query: String) -> Verdict {
    eventually("it is listed", async || {
        let found = t.client.list_workflows(query.clone(), WorkflowListOptions::default());
        let found: Vec<_> = found.try_collect().await?;
        Ok((found.len() == 1).then_some(()))
    })
    .await
}

async fn user_metadata(t: Ctx) -> Verdict {
    let handle = start!(t, Echo::run, "x".to_string(), |o| o.static_summary("in short".to_string()));
    result!(handle)?;
    let described = handle.describe(WorkflowDescribeOptions::default()).await?;
    equal(described.static_summary(), Some("in short"))
}

async fn schedule_trigger_and_pause(t: Ctx) -> Verdict {
    let options = CreateScheduleOptions::builder()
        .action(ScheduleAction::start_workflow(Echo::run, "x".to_string(), t.task_queue.clone(), t.id()))
        .spec(ScheduleSpec::from_interval(Duration::from_secs(3600)))
        .paused(true)
        .build();
    let schedule = t.client.create_schedule(t.id(), options).await?;
    equal(schedule.describe(RpcOptions::default()).await?.paused(), true)?;
    schedule.trigger(ScheduleOverlapPolicy::Unspecified, TriggerScheduleOptions::default()).await?;
    eventually("the trigger acted", async || {
        let described = schedule.describe(RpcOptions::default()).await?;
        Ok((described.recent_actions().len() == 1).then_some(()))
    })
    .await?;
    schedule.unpause(Some("go on"), UnpauseScheduleOptions::default()).await?;
    equal(schedule.describe(RpcOptions::default()).await?.paused(), false)?;
    Ok(schedule.delete(DeleteScheduleOptions::default()).await?)
}

async fn worker_restart_keeps_state(t: Ctx) -> Verdict {
    let queue = t.id();
    let first = worker_on(t.client.clone(), queue.clone());
    let options = WorkflowStartOptions::new(queue.clone(), t.id()).build();
    let handle = t.client.start_workflow(Collect::run, (), options).await?;
    handle.signal(Collect::add, "before".to_string(), WorkflowSignalOptions::default()).await?;
    equal(handle.query(Collect::all, (), WorkflowQueryOptions::default()).await?, vec!["before".to_string()])?;
    first.stop().await;
    let second = worker_on(t.client.clone(), queue);
    handle.signal(Collect::stop, (), WorkflowSignalOptions::default()).await?;
    let items = result!(handle)?;
    second.stop().await;
    equal(items, vec!["before".to_string()])
}

/// A worker on a thread of its own.
struct OwnWorker {
    stop: tokio::sync::oneshot::Sender<()>,
    ended: tokio::sync::oneshot::Receiver<()>,
}

impl OwnWorker {
    async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.ended.await;
    }
}

fn worker_on(client: Client, task_queue: String) -> OwnWorker {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let (end, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let executor = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        executor.block_on(async move {
            let runtime = Runtime::from_current_tokio(Default::default()).expect("a runtime of the SDK");
            let options = register(WorkerOptions::new(&task_queue)).expect("the workflows can be registered");
            let mut worker = Worker::new(&runtime, client, options).expect("a worker");
            let shut_down = worker.shutdown_handle();
            let waits = async move {
                let _ = stopped.await;
                shut_down();
            };
            let (ran, ()) = tokio::join!(worker.run(), waits);
            ran.expect("the worker ends well");
        });
        let _ = end.send(());
    });
    OwnWorker { stop, ended }
}
