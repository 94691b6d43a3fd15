//! Tasks meet polls: in order, once, and only while they are needed.

use std::time::Duration;

use longhaul_matching::Settings;
use longhaul_proto::Refusal;
use longhaul_runtime::peers::{AddTask, PeerError};

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn a_task_goes_to_the_oldest_waiting_poll() {
    let world = world();
    let first = world.poll_behind(poll("q")).await;
    let second = world.poll_behind(poll("q")).await;
    world.add(task("a")).await;
    settle().await;
    assert!(first.is_finished() && !second.is_finished());
    world.add(task("b")).await;
    assert_eq!(workflow_id(&first.await.unwrap()).as_deref(), Some("a"));
    assert_eq!(workflow_id(&second.await.unwrap()).as_deref(), Some("b"));
    assert_eq!(world.script.asked(), ["a", "b"], "a task wakes one poll only");
}

#[tokio::test(start_paused = true)]
async fn tasks_wait_by_priority_and_then_in_order() {
    let world = world();
    for (id, key) in [("c", 3), ("e", 5), ("d", 0), ("a", 1), ("f", 9), ("b", 1)] {
        world.add(priority(task(id), key)).await;
    }
    for expected in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(world.poll().await.as_deref(), Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn kinds_names_and_namespaces_are_queues_of_their_own() {
    let world = world();
    world.add(activity("activity")).await;
    world.add(AddTask { task_queue: "other".into(), ..task("other") }).await;
    let foreign = longhaul_runtime::peers::Caller { namespace_id: [2; 16], ..world.caller(5) };
    world.ask(foreign, task("foreign")).await.unwrap();
    assert_eq!(world.poll().await, None);
    assert_eq!(world.poll_activity(None).await.as_deref(), Some("activity"));
}

#[tokio::test(start_paused = true)]
async fn a_stale_task_gives_way_to_the_next_for_the_same_poll() {
    let world = world();
    world.script.on("stale", [Reply::Stale]);
    world.script.on("gone", [Reply::Fail(Refusal::not_found("gone").into())]);
    for id in ["stale", "gone", "good", "good"] {
        world.add(task(id)).await;
    }
    assert_eq!(world.poll().await.as_deref(), Some("good"));
    assert_eq!(world.elapsed(), 0.0);
    assert_eq!(world.poll().await, None, "the duplicate is stale");
}

#[tokio::test(start_paused = true)]
async fn a_busy_run_is_tried_again_and_then_deferred_behind_others() {
    let world = world();
    let busy = || Reply::Fail(PeerError::Busy("loading".into()));
    world.script.on("short", [busy(), busy()]);
    world.add(task("short")).await;
    assert_eq!(world.poll().await.as_deref(), Some("short"));

    world.script.on("long", [busy(), busy(), busy(), busy()]);
    world.add(task("long")).await;
    world.add(task("other")).await;
    assert_eq!(world.poll().await.as_deref(), Some("other"));
    assert_eq!(world.poll().await.as_deref(), Some("long"));
    assert!(world.elapsed() < 2.0, "{}", world.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_expired_task_is_not_dispatched() {
    let world = world();
    let expiring = AddTask { expires_at: START + 3 * SECOND, ..task("expiring") };
    world.add(expiring.clone()).await;
    world.add(task("lasting")).await;
    world.wait(Duration::from_secs(3)).await;
    assert_eq!(world.poll().await.as_deref(), Some("lasting"));
    world.add(expiring).await;
    assert_eq!(world.poll().await, None);
    assert_eq!(world.script.asked(), ["lasting"]);
}

#[tokio::test(start_paused = true)]
async fn what_exceeds_the_memory_is_spilled_and_comes_back_in_order() {
    let world = world_with(Settings { backlog_entries_max: 10, ..Settings::default() });
    let count = 2_000;
    for number in 0..count {
        let key = if number % 2 == 0 { 2 } else { 4 };
        world.add(priority(task(&format!("{key}-{number:05}")), key)).await;
    }
    let mut served = Vec::new();
    for _ in 0..count / 4 {
        served.push(world.poll().await.unwrap());
    }
    // Late comers of the urgent priority wait behind those that were spilled.
    world.add(priority(task("2-99999"), 2)).await;
    while let Some(id) = world.poll().await {
        served.push(id);
    }
    assert_eq!(served.len(), count + 1);
    assert!(served.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn activities_go_no_faster_than_the_worker_asks() {
    let world = world();
    for number in 0..5 {
        world.add(activity(&number.to_string())).await;
    }
    let mut times = Vec::new();
    for number in 0..5 {
        assert_eq!(world.poll_activity(Some(2.0)).await, Some(number.to_string()));
        times.push((world.elapsed() * 10.0).round() / 10.0);
    }
    assert_eq!(times, [0.0, 0.0, 0.5, 1.0, 1.5]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_of_zero_stops_the_queue_until_a_worker_asks_for_more() {
    let world = world();
    world.add(activity("a")).await;
    assert_eq!(world.poll_activity(Some(0.0)).await, None);
    assert_eq!(world.poll_activity(Some(10.0)).await.as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_run_id_that_is_none_is_refused() {
    let world = world();
    let mut add = task("a");
    add.execution.run_id = "run".into();
    assert_eq!(refusal(world.ask(world.caller(5), add).await), Refusal::invalid("Invalid RunId."));
}
