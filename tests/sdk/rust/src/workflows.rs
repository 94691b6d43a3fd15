//! Workflows and activities the cases run.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use temporalio_common::RetryPolicy;
use temporalio_common::search_attributes::SearchAttributeKey;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, ApplicationFailure, ChildWorkflowOptions, ContinueAsNewOptions, LocalActivityOptions,
    ParentClosePolicy, SignalWorkflowOptions, SyncWorkflowContext, WorkflowCancellationToken, WorkflowContext, WorkflowContextView,
    WorkflowResult,
};

fn soon() -> Duration {
    Duration::from_secs(30)
}

fn fast_retry(attempts: u32) -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_millis(20))
        .backoff_coefficient(1.0)
        .maximum_attempts(attempts)
        .build()
}

/// Task tokens of activities that a case completes itself, by a key the case chose.
static TOKENS: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());

pub fn task_token(key: &str) -> Option<Vec<u8>> {
    TOKENS.lock().expect("nobody fails with it").get(key).cloned()
}

pub struct Activities;

#[activities]
impl Activities {
    #[activity]
    pub async fn echo(_ctx: ActivityContext, value: String) -> Result<String, ActivityError> {
        Ok(value)
    }

    #[activity]
    pub async fn fail_until(ctx: ActivityContext, attempt: u32) -> Result<u32, ActivityError> {
        let now = ctx.info().attempt;
        if now < attempt {
            return Err(ApplicationFailure::new(format!("attempt {now} fails").as_str()).into());
        }
        Ok(now)
    }

    #[activity]
    pub async fn refuse(_ctx: ActivityContext, message: String) -> Result<(), ActivityError> {
        Err(ApplicationFailure::non_retryable(message.as_str()).into())
    }

    /// The first two attempts each leave a number; the third returns what the second left.
    #[activity]
    pub async fn resume_from_heartbeat(ctx: ActivityContext, _: ()) -> Result<u32, ActivityError> {
        let seen: u32 = ctx.heartbeat_details().deserialize()?.unwrap_or(0);
        if ctx.info().attempt < 3 {
            ctx.record_heartbeat(seen + 1).await?;
            return Err(ApplicationFailure::new("again").into());
        }
        Ok(seen)
    }

    #[activity]
    pub async fn complete_elsewhere(ctx: ActivityContext, key: String) -> Result<String, ActivityError> {
        TOKENS.lock().expect("nobody fails with it").insert(key, ctx.info().task_token.clone());
        Err(ActivityError::WillCompleteAsync)
    }

    #[activity]
    pub async fn beat_until_cancelled(ctx: ActivityContext, _: ()) -> Result<(), ActivityError> {
        loop {
            ctx.record_heartbeat("alive".to_string()).await?;
            tokio::select! {
                _ = ctx.cancelled() => return Err(ActivityError::cancelled()),
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    }

    #[activity]
    pub async fn hang(ctx: ActivityContext, _: ()) -> Result<(), ActivityError> {
        ctx.cancelled().await;
        Err(ActivityError::cancelled())
    }
}

#[workflow]
#[derive(Default)]
pub struct Echo;

#[workflow_methods]
impl Echo {
    #[run]
    pub async fn run(_ctx: &mut WorkflowContext<Self>, value: String) -> WorkflowResult<String> {
        Ok(value)
    }
}

#[workflow]
#[derive(Default)]
pub struct OneActivity;

#[workflow_methods]
impl OneActivity {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, value: String) -> WorkflowResult<String> {
        let options = ActivityOptions::start_to_close_timeout(soon());
        Ok(ctx.execute_activity(Activities::echo, value, options).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct RetriedActivity;

#[workflow_methods]
impl RetriedActivity {
    /// (attempt that succeeds, attempts allowed)
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: (u32, u32)) -> WorkflowResult<u32> {
        let options = ActivityOptions::with_start_to_close_timeout(soon()).retry_policy(fast_retry(input.1)).build();
        Ok(ctx.execute_activity(Activities::fail_until, input.0, options).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct RefusedActivity;

#[workflow_methods]
impl RefusedActivity {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, message: String) -> WorkflowResult<()> {
        let options = ActivityOptions::start_to_close_timeout(soon());
        ctx.execute_activity(Activities::refuse, message, options).await?;
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct HeartbeatActivity;

#[workflow_methods]
impl HeartbeatActivity {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _: ()) -> WorkflowResult<u32> {
        let options = ActivityOptions::with_start_to_close_timeout(soon())
            .heartbeat_timeout(Duration::from_secs(5))
            .retry_policy(fast_retry(3))
            .build();
        Ok(ctx.execute_activity(Activities::resume_from_heartbeat, (), options).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct SlowActivity;

#[workflow_methods]
impl SlowActivity {
    /// Lets an activity run into its start-to-close timeout.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<()> {
        let options = ActivityOptions::with_start_to_close_timeout(Duration::from_millis(milliseconds))
            .retry_policy(fast_retry(1))
            .build();
        ctx.execute_activity(Activities::hang, (), options).await?;
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct LocalActivity;

#[workflow_methods]
impl LocalActivity {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, value: String) -> WorkflowResult<String> {
        let options = LocalActivityOptions::builder().start_to_close_timeout(soon()).build();
        Ok(ctx.execute_local_activity(Activities::echo, value, options).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct Timer;

#[workflow_methods]
impl Timer {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<u64> {
        ctx.timer(Duration::from_millis(milliseconds)).await;
        Ok(milliseconds)
    }
}

#[workflow]
#[derive(Default)]
pub struct Fail;

#[workflow_methods]
impl Fail {
    #[run]
    pub async fn run(_ctx: &mut WorkflowContext<Self>, message: String) -> WorkflowResult<()> {
        Err(ApplicationFailure::new(message.as_str()).into())
    }
}

#[workflow]
#[derive(Default)]
pub struct CountDown;

#[workflow_methods]
impl CountDown {
    /// (runs left, runs so far)
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: (u32, u32)) -> WorkflowResult<u32> {
        if input.0 > 0 {
            ctx.continue_as_new((input.0 - 1, input.1 + 1), ContinueAsNewOptions::default())?;
        }
        Ok(input.1 + 1)
    }
}

#[workflow]
#[derive(Default)]
pub struct Children;

#[workflow_methods]
impl Children {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, ids: Vec<String>) -> WorkflowResult<Vec<String>> {
        let mut started = Vec::new();
        for id in ids {
            let options = ChildWorkflowOptions::workflow_id(id.clone());
            started.push(ctx.start_child_workflow(Echo::run, id, options).await?);
        }
        let mut results = Vec::new();
        for child in started {
            results.push(child.result().await?);
        }
        Ok(results)
    }
}

#[workflow]
#[derive(Default)]
pub struct FailingChild;

#[workflow_methods]
impl FailingChild {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, id: String) -> WorkflowResult<()> {
        let options = ChildWorkflowOptions::workflow_id(id);
        let child = ctx.start_child_workflow(Fail::run, "child broke".to_string(), options).await?;
        child.result().await?;
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct ParentOf;

#[workflow_methods]
impl ParentOf {
    /// Starts a child, then completes without waiting for it: (child's id, what becomes of it).
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: (String, String)) -> WorkflowResult<()> {
        let mut options = ChildWorkflowOptions::workflow_id(input.0);
        options.parent_close_policy = match input.1.as_str() {
            "terminate" => ParentClosePolicy::Terminate,
            "cancel" => ParentClosePolicy::RequestCancel,
            _ => ParentClosePolicy::Abandon,
        };
        ctx.start_child_workflow(Sleeper::run, (), options).await?;
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct CancelledChild;

#[workflow_methods]
impl CancelledChild {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, id: String) -> WorkflowResult<String> {
        let options = ChildWorkflowOptions::workflow_id(id);
        let child = ctx.start_child_workflow(Sleeper::run, (), options).await?;
        child.cancel("enough".to_string());
        Ok(format!("{:?}", child.result().await))
    }
}

#[workflow]
#[derive(Default)]
pub struct External;

#[workflow_methods]
impl External {
    /// (what to do, to which workflow)
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: (String, String)) -> WorkflowResult<()> {
        let target = ctx.external_workflow(input.1, None);
        if input.0 == "cancel" {
            target.cancel(None).await?;
        } else {
            target.signal(Collect::add, "from outside".to_string(), SignalWorkflowOptions::default()).await?;
        }
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct CompletedElsewhere;

#[workflow_methods]
impl CompletedElsewhere {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, key: String) -> WorkflowResult<String> {
        let options =
            ActivityOptions::with_start_to_close_timeout(soon()).activity_id("the-one").build();
        Ok(ctx.execute_activity(Activities::complete_elsewhere, key, options).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct NobodysActivity;

#[workflow_methods]
impl NobodysActivity {
    /// Schedules an activity on a queue that nobody serves.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, queue: String) -> WorkflowResult<String> {
        let options = ActivityOptions::with_start_to_close_timeout(soon())
            .task_queue(queue)
            .schedule_to_start_timeout(Duration::from_millis(300))
            .build();
        Ok(ctx.execute_activity(Activities::echo, String::new(), options).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct LateActivity;

#[workflow_methods]
impl LateActivity {
    /// Lets an activity run into the timeout over all its attempts.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<()> {
        let options =
            ActivityOptions::with_schedule_to_close_timeout(Duration::from_millis(milliseconds)).build();
        ctx.execute_activity(Activities::hang, (), options).await?;
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct SilentActivity;

#[workflow_methods]
impl SilentActivity {
    /// Lets an activity run into its heartbeat timeout.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, milliseconds: u64) -> WorkflowResult<()> {
        let options = ActivityOptions::with_start_to_close_timeout(soon())
            .heartbeat_timeout(Duration::from_millis(milliseconds))
            .retry_policy(fast_retry(1))
            .build();
        ctx.execute_activity(Activities::hang, (), options).await?;
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct CancelledActivity;

#[workflow_methods]
impl CancelledActivity {
    /// Waits until its activity, which is cancelled with it, has ended.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _: ()) -> WorkflowResult<()> {
        let options = ActivityOptions::with_start_to_close_timeout(soon())
            .heartbeat_timeout(Duration::from_secs(5))
            .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
            .build();
        ctx.execute_activity(Activities::beat_until_cancelled, (), options).await?;
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct Timers {
    fired: Vec<u64>,
}

#[workflow_methods]
impl Timers {
    /// Three timers at a time, in the order in which they fire.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, milliseconds: [u64; 3]) -> WorkflowResult<Vec<u64>> {
        let ctx = &*ctx;
        let [first, second, third] = milliseconds.map(|ms| async move {
            ctx.timer(Duration::from_millis(ms)).await;
            ctx.state_mut(|s| s.fired.push(ms));
        });
        futures::join!(first, second, third);
        Ok(ctx.state(|s| s.fired.clone()))
    }
}

#[workflow]
#[derive(Default)]
pub struct CronTick;

#[workflow_methods]
impl CronTick {
    #[run]
    pub async fn run(_ctx: &mut WorkflowContext<Self>, _: ()) -> WorkflowResult<u32> {
        Ok(1)
    }
}

#[workflow]
#[derive(Default)]
pub struct Seeded;

#[workflow_methods]
impl Seeded {
    /// Whether what was drawn is still the same behind a task boundary.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _: ()) -> WorkflowResult<bool> {
        let drawn = ctx.uuid4();
        ctx.timer(Duration::from_millis(10)).await;
        let options = ActivityOptions::start_to_close_timeout(soon());
        Ok(ctx.execute_activity(Activities::echo, drawn.clone(), options).await? == drawn)
    }
}

#[workflow]
#[derive(Default)]
pub struct Searchable;

#[workflow_methods]
impl Searchable {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, value: String) -> WorkflowResult<()> {
        ctx.upsert_search_attributes([SearchAttributeKey::keyword("FeatureKeyword").value_set(value)]);
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct Sleeper;

#[workflow_methods]
impl Sleeper {
    /// Waits for cancellation, cleans up with an activity, and ends as cancelled.
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _: ()) -> WorkflowResult<()> {
        let waited = ctx.wait_condition(|_| false).await;
        let options = ActivityOptions::with_start_to_close_timeout(soon())
            .cancellation_token(WorkflowCancellationToken::new())
            .build();
        ctx.execute_activity(Activities::echo, "clean".to_string(), options).await?;
        waited?;
        Ok(())
    }
}

#[workflow]
#[derive(Default)]
pub struct Patched;

#[workflow_methods]
impl Patched {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _: ()) -> WorkflowResult<bool> {
        Ok(ctx.patched("step-one"))
    }
}

/// Collects signals until told to stop; answers queries; takes updates.
#[workflow]
#[derive(Default)]
pub struct Collect {
    items: Vec<String>,
    stopped: bool,
    unlocked: bool,
}

#[workflow_methods]
impl Collect {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _: ()) -> WorkflowResult<Vec<String>> {
        ctx.wait_condition(|s| s.stopped).await?;
        Ok(ctx.state(|s| s.items.clone()))
    }

    #[signal]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, item: String) {
        self.items.push(item);
    }

    #[signal]
    pub fn stop(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _: ()) {
        self.stopped = true;
    }

    #[signal]
    pub fn unlock(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _: ()) {
        self.unlocked = true;
    }

    #[update]
    pub async fn put_when_unlocked(ctx: &mut WorkflowContext<Self>, item: String) -> String {
        let _ = ctx.wait_condition(|s| s.unlocked).await;
        ctx.state_mut(|s| s.items.push(item.clone()));
        format!("put {item}")
    }

    #[query]
    pub fn all(&self, _ctx: &WorkflowContextView) -> Vec<String> {
        self.items.clone()
    }

    #[update_validator(put)]
    fn check_put(
        &self,
        _ctx: &WorkflowContextView,
        item: &String,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if item.is_empty() { Err("empty items are refused".into()) } else { Ok(()) }
    }

    #[update]
    pub fn put(&mut self, _ctx: &mut SyncWorkflowContext<Self>, item: String) -> usize {
        self.items.push(item);
        self.items.len()
    }
}
