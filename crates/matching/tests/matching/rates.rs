//! Rates that an operator configures.

use std::time::Duration;

use longhaul_proto::api::{
    common::v1::Priority,
    taskqueue::v1::RateLimit,
    workflowservice::v1::{UpdateTaskQueueConfigRequest, update_task_queue_config_request::RateLimitUpdate},
};
use longhaul_runtime::peers::AddTask;

use crate::world::*;

fn rate(per_second: f32) -> Option<RateLimitUpdate> {
    let rate_limit = Some(RateLimit { requests_per_second: per_second });
    Some(RateLimitUpdate { rate_limit, reason: String::new() })
}

async fn configure(world: &World, request: UpdateTaskQueueConfigRequest) {
    let request = UpdateTaskQueueConfigRequest { task_queue: "q".into(), task_queue_type: 2, ..request };
    world.ask(world.caller(5), request).await.expect("it is taken");
}

/// Polls until nothing comes at once; what came.
async fn at_once(world: &World) -> Vec<String> {
    let mut came = Vec::new();
    let began = world.elapsed();
    while let Some(id) = world.poll_activity(None).await {
        if world.elapsed() > began + 0.1 {
            break;
        }
        came.push(id);
    }
    came
}

fn of_key(key: &str, weight: f32, number: usize) -> AddTask {
    let priority = Priority { priority_key: 0, fairness_key: key.into(), fairness_weight: weight };
    AddTask { priority: Some(priority), ..activity(&format!("{key}{number}")) }
}

#[tokio::test(start_paused = true)]
async fn a_configured_rate_holds_and_a_higher_one_lets_go_at_once() {
    let world = world();
    configure(
        &world,
        UpdateTaskQueueConfigRequest { update_queue_rate_limit: rate(2.0), ..Default::default() },
    )
    .await;
    for number in 0..20 {
        world.add(activity(&format!("{number:02}"))).await;
    }
    for _ in 0..6 {
        world.poll_activity(None).await.expect("there is a backlog");
    }
    assert!((world.elapsed() - 2.0).abs() < 0.01, "two at once, four more in two seconds");
    let waiting = spawn({
        let world = world.clone();
        async move { world.poll_activity(None).await }
    });
    settle().await;
    configure(
        &world,
        UpdateTaskQueueConfigRequest { update_queue_rate_limit: rate(0.0), ..Default::default() },
    )
    .await;
    world.wait(Duration::from_secs(5)).await;
    assert!(!waiting.is_finished(), "a rate of zero stops the queue");
    configure(
        &world,
        UpdateTaskQueueConfigRequest {
            update_queue_rate_limit: Some(Default::default()),
            ..Default::default()
        },
    )
    .await;
    assert!(waiting.await.expect("it ends").is_some());
    assert_eq!(at_once(&world).await.len(), 13);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_did_not_start_is_not_charged() {
    let world = world();
    configure(
        &world,
        UpdateTaskQueueConfigRequest { update_queue_rate_limit: rate(1.0), ..Default::default() },
    )
    .await;
    for id in ["a", "b", "c"] {
        world.script.on(id, [Reply::Stale]);
        world.add(activity(id)).await;
    }
    world.add(activity("d")).await;
    assert_eq!(world.poll_activity(None).await.as_deref(), Some("d"));
    assert_eq!(world.elapsed(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_keys_holds_up_one_key_and_not_the_others() {
    let world = world();
    let request = UpdateTaskQueueConfigRequest {
        update_fairness_key_rate_limit_default: rate(1.0),
        ..Default::default()
    };
    configure(&world, request).await;
    for number in 0..5 {
        world.add(of_key("a", 1.0, number)).await;
        world.add(of_key("b", 3.0, number)).await;
    }
    let mut came = at_once(&world).await;
    came.sort();
    assert_eq!(came, ["a0", "b0", "b1", "b2"]);
    let mut more = 1;
    while world.poll_activity(None).await.is_some() {
        more += 1;
    }
    assert_eq!(more, 6, "nothing is lost");
}
