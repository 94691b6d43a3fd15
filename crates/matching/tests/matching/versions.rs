//! Versions of workers: a task goes where the routing of its queue leads it, also when that changes while it waits.

use longhaul_proto::api::{
    deployment::v1::{WorkerDeploymentOptions, WorkerDeploymentVersion},
    enums::v1::WorkerVersioningMode,
    taskqueue::v1::{RateLimit, TaskQueueVersioningInfo},
    workflowservice::v1::{
        PollWorkflowTaskQueueRequest, UpdateTaskQueueConfigRequest,
        update_task_queue_config_request::RateLimitUpdate,
    },
};
use longhaul_runtime::peers::{AddTask, Matching as _, QueueRoutes, TaskKind};

use crate::world::*;

fn version(build: &str) -> WorkerDeploymentVersion {
    WorkerDeploymentVersion { deployment_name: "d".into(), build_id: build.into() }
}

/// Tells where the tasks of queue `q` go: most to one build, a share to another one.
fn route(world: &World, current: Option<&str>, ramping: Option<(&str, f32)>) {
    let info = TaskQueueVersioningInfo {
        current_deployment_version: current.map(version),
        ramping_deployment_version: ramping.map(|(build, _)| version(build)),
        ramping_version_percentage: ramping.map_or(0.0, |(_, percentage)| percentage),
        #[allow(deprecated)]
        ramping_version: ramping.map_or_else(String::new, |(build, _)| format!("d.{build}")),
        ..TaskQueueVersioningInfo::default()
    };
    let versions = ["1", "2"].map(version).to_vec();
    let routes = QueueRoutes { task_queue: "q".into(), kind: TaskKind::Workflow as i32, info, versions };
    world.matching.route(&world.caller(5), routes);
}

fn poll_of(build: &str) -> PollWorkflowTaskQueueRequest {
    PollWorkflowTaskQueueRequest {
        deployment_options: Some(WorkerDeploymentOptions {
            deployment_name: "d".into(),
            build_id: build.into(),
            worker_versioning_mode: WorkerVersioningMode::Versioned as i32,
        }),
        ..poll("q")
    }
}

async fn taken(world: &World, build: &str) -> Option<String> {
    workflow_id(&world.poll_answer(poll_of(build)).await)
}

#[tokio::test(start_paused = true)]
async fn a_task_goes_to_workers_of_the_current_version() {
    let world = world();
    route(&world, Some("1"), None);
    let unversioned = world.poll_behind(poll("q")).await;
    let other = world.poll_behind(poll_of("2")).await;
    let current = world.poll_behind(poll_of("1")).await;
    world.add(task("a")).await;
    settle().await;
    assert!(!unversioned.is_finished() && !other.is_finished());
    assert_eq!(workflow_id(&current.await.unwrap()).as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn tasks_that_wait_move_when_the_routing_changes() {
    let world = world();
    world.add(task("early")).await;
    route(&world, Some("1"), None);
    world.add(task("later")).await;
    let pinned = AddTask { pinned: Some(version("1")), ..task("pinned") };
    world.add(pinned).await;
    let waiting = world.poll_behind(poll_of("2")).await;
    assert!(!waiting.is_finished(), "nothing is for version 2");
    route(&world, Some("2"), None);
    settle().await;
    assert_eq!(workflow_id(&waiting.await.unwrap()).as_deref(), Some("early"), "they keep their order");
    assert_eq!(taken(&world, "2").await.as_deref(), Some("later"));
    assert_eq!(taken(&world, "1").await.as_deref(), Some("pinned"), "what is pinned stays");
    route(&world, None, None);
    world.add(task("back")).await;
    assert_eq!(world.poll().await.as_deref(), Some("back"));
}

#[tokio::test(start_paused = true)]
async fn a_ramp_divides_the_workflow_ids() {
    let world = world();
    route(&world, Some("1"), Some(("2", 20.0)));
    let ids: Vec<String> = (0..500).map(|number| format!("order-{number}")).collect();
    for id in &ids {
        world.add(task(id)).await;
    }
    let mut ramped = Vec::new();
    while let Some(id) = taken(&world, "2").await {
        ramped.push(id);
    }
    assert!((70..=130).contains(&ramped.len()), "{} of 500 at 20 %", ramped.len());
    for id in &ramped {
        world.add(AddTask { scheduled_event_id: 9, ..task(id) }).await;
        assert_eq!(taken(&world, "2").await.as_ref(), Some(id), "an id stays on its side");
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_kept_for_the_version_that_the_task_is_for() {
    let world = world();
    route(&world, Some("1"), None);
    let _other = world.poll_behind(poll_of("2")).await;
    assert!(world.matching.reserve(&world.caller(5), &task("a")).is_none(), "no worker of version 1 polls");
    let _current = world.poll_behind(poll_of("1")).await;
    assert!(world.matching.reserve(&world.caller(5), &task("a")).is_some());
}

#[tokio::test(start_paused = true)]
async fn the_rate_of_a_queue_holds_for_the_workers_of_all_versions_together() {
    let world = world();
    let request = UpdateTaskQueueConfigRequest {
        task_queue: "q".into(),
        task_queue_type: 1,
        update_queue_rate_limit: Some(RateLimitUpdate {
            rate_limit: Some(RateLimit { requests_per_second: 2.0 }),
            reason: String::new(),
        }),
        ..UpdateTaskQueueConfigRequest::default()
    };
    world.ask(world.caller(5), request).await.expect("it is taken");
    route(&world, Some("1"), None);
    for number in 0..6 {
        let build = if number % 2 == 0 { "1" } else { "2" };
        world.add(AddTask { pinned: Some(version(build)), ..task(&format!("{number}")) }).await;
    }
    for number in 0..6 {
        let build = if number % 2 == 0 { "1" } else { "2" };
        assert!(taken(&world, build).await.is_some(), "there is a backlog of version {build}");
    }
    let took = world.elapsed();
    println!("six tasks of two versions at 2 a second took {took:.3} s");
    assert!((took - 2.0).abs() < 0.01, "two at once, four more in two seconds: {took}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_of_one_version_does_not_wait_for_a_rate_that_nobody_uses() {
    let world = world();
    route(&world, Some("1"), None);
    world.add(task("a")).await;
    let _idle = world.poll_behind(poll_of("2")).await;
    assert_eq!(taken(&world, "1").await.as_deref(), Some("a"));
    assert_eq!(world.elapsed(), 0.0);
}
