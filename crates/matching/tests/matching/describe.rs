//! What is told of a queue.
#![allow(deprecated)]

use std::time::Duration;

use longhaul_proto::api::{enums::v1::RateLimitSource, workflowservice::v1 as api};

use crate::world::*;

fn describe(kind: i32) -> api::DescribeTaskQueueRequest {
    api::DescribeTaskQueueRequest {
        task_queue: Some(normal("q")),
        task_queue_type: kind,
        report_stats: true,
        include_task_queue_status: true,
        ..Default::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_backlog_is_counted_by_priority() {
    let world = world();
    for (id, key) in [("a", 3), ("b", 5), ("c", 1), ("d", 0)] {
        world.add(priority(task(id), key)).await;
    }
    world.wait(Duration::from_secs(2)).await;
    let answer = world.ask(world.caller(5), describe(1)).await.unwrap();
    let stats = answer.stats.unwrap();
    assert_eq!((stats.approximate_backlog_count, stats.tasks_add_rate), (4, 2.0));
    assert_eq!(stats.approximate_backlog_age.unwrap().seconds, 2);
    let by_priority: Vec<_> = answer
        .stats_by_priority_key
        .iter()
        .map(|(key, stats)| (*key, stats.approximate_backlog_count))
        .collect();
    assert_eq!(by_priority, [(1, 1), (3, 2), (5, 1)]);
    let status = answer.task_queue_status.unwrap();
    assert_eq!((status.backlog_count_hint, status.read_level, status.ack_level), (4, 4, 0));

    world.poll().await;
    let stats = world.ask(world.caller(5), describe(1)).await.unwrap().stats.unwrap();
    assert_eq!((stats.approximate_backlog_count, stats.tasks_dispatch_rate), (3, 0.5));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_queue_looks_empty() {
    let world = world();
    let answer = world.ask(world.caller(5), describe(2)).await.unwrap();
    assert_eq!(answer.pollers, []);
    assert_eq!(answer.stats.unwrap().approximate_backlog_age, Some(Default::default()));
    assert_eq!(answer.stats_by_priority_key.keys().copied().collect::<Vec<_>>(), [3]);
    assert_eq!(answer.versioning_info.unwrap().current_version, "__unversioned__");
}

#[tokio::test(start_paused = true)]
async fn pollers_are_listed_for_five_minutes_with_their_rate() {
    let world = world();
    world.poll_activity(Some(7.5)).await;
    let answer = world.ask(world.caller(5), describe(2)).await.unwrap();
    assert_eq!(answer.pollers.len(), 1);
    assert_eq!((answer.pollers[0].identity.as_str(), answer.pollers[0].rate_per_second), ("worker", 7.5));
    assert_eq!(answer.pollers[0].last_access_time.unwrap().seconds, START / SECOND + 20);
    let limit = answer.effective_rate_limit.unwrap();
    assert_eq!((limit.requests_per_second, limit.rate_limit_source()), (7.5, RateLimitSource::Worker));
    world.wait(Duration::from_secs(300)).await;
    assert_eq!(world.ask(world.caller(5), describe(2)).await.unwrap().pollers, []);
}

#[tokio::test(start_paused = true)]
async fn the_description_by_version_knows_the_unversioned_one() {
    let world = world();
    world.add(task("a")).await;
    let request = api::DescribeTaskQueueRequest { api_mode: 1, report_pollers: true, ..describe(0) };
    let answer = world.ask(world.caller(5), request).await.unwrap();
    let types = &answer.versions_info[""].types_info;
    let counts: Vec<_> = types
        .iter()
        .map(|(kind, info)| (*kind, info.stats.as_ref().unwrap().approximate_backlog_count))
        .collect();
    assert_eq!(counts, [(1, 1), (2, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_has_one_partition() {
    let world = world();
    let request = api::ListTaskQueuePartitionsRequest { task_queue: Some(normal("q")), ..Default::default() };
    let answer = world.ask(world.caller(5), request).await.unwrap();
    assert_eq!(answer.workflow_task_queue_partitions.len(), 1);
    assert_eq!(answer.activity_task_queue_partitions[0].key, "q");
}
