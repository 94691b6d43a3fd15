//! Fairness keys: shares of a queue, over memory and spill alike.

use std::collections::BTreeMap;

use longhaul_matching::Settings;
use longhaul_proto::api::{common::v1::Priority, workflowservice::v1::UpdateTaskQueueConfigRequest};
use longhaul_runtime::peers::AddTask;

use crate::world::*;

/// A task of a key; its id begins with the key.
fn share(key: &str, weight: f32, number: usize) -> AddTask {
    let priority = Priority { priority_key: 0, fairness_key: key.into(), fairness_weight: weight };
    AddTask { priority: Some(priority), ..task(&format!("{key}-{number:05}")) }
}

/// Polls `count` times. How many tasks of each key came; those of one key come in order.
async fn serve(world: &World, count: usize, last: &mut BTreeMap<String, String>) -> BTreeMap<String, usize> {
    let mut served = BTreeMap::new();
    for _ in 0..count {
        let id = world.poll().await.expect("there is a backlog");
        let key = id.split('-').next().unwrap_or_default().to_owned();
        *served.entry(key.clone()).or_default() += 1;
        let before = last.insert(key, id.clone());
        assert!(before.is_none_or(|before| before < id), "{id} is out of order");
    }
    served
}

/// Ten keys of weights one to ten, one key after the other. Each has 200 tasks for each unit of its weight, 11,000 in
/// all: so every key has a backlog at each of the first 10,000 dispatches, and its share means something there. With
/// backlogs of equal length the heaviest key would run dry after 5,500.
async fn crowd(world: &World) {
    for weight in 1..=10 {
        for number in 0..weight * 200 {
            world.add(share(&format!("k{weight:02}"), weight as f32, number)).await;
        }
    }
}

async fn ten_keys(settings: Settings, place: &str) {
    let world = world_with(settings);
    crowd(&world).await;
    let mut last = BTreeMap::new();
    let mut sums: BTreeMap<String, usize> = BTreeMap::new();
    for thousands in 1..=10 {
        for (key, count) in serve(&world, 1000, &mut last).await {
            *sums.entry(key).or_default() += count;
        }
        let mut worst: f64 = 0.0;
        for (weight, (key, count)) in (1..=10).zip(&sums) {
            let due = f64::from(thousands * 1000 * weight) / 55.0;
            let off = (*count as f64 - due).abs() / due;
            assert!(off <= 0.05, "{key} got {count} of {due} after {thousands}000");
            assert!(*count < usize::try_from(weight * 200).unwrap_or_default(), "{key} has a backlog still");
            worst = worst.max(off);
        }
        println!(
            "{place}: {thousands:>2}000 dispatches, shares within {:.2} % of the weights",
            worst * 100.0
        );
    }
    let rest = serve(&world, 1000, &mut last).await;
    assert_eq!(sums.values().chain(rest.values()).sum::<usize>(), 11_000);
    assert_eq!(world.poll().await, None);
}

#[tokio::test(start_paused = true)]
async fn shares_of_a_backlog_in_memory_are_as_the_weights_say() {
    ten_keys(Settings::default(), "in memory").await;
}

#[tokio::test(start_paused = true)]
async fn shares_of_a_spilled_backlog_are_as_the_weights_say() {
    ten_keys(Settings { backlog_entries_max: 20, ..Settings::default() }, "spilled").await;
}

#[tokio::test(start_paused = true)]
async fn the_operators_weights_go_before_those_of_tasks() {
    let world = world();
    let weights = [("a".to_owned(), 3.0), ("b".to_owned(), 1.0)];
    let request = UpdateTaskQueueConfigRequest {
        task_queue: "q".into(),
        task_queue_type: 1,
        set_fairness_weight_overrides: weights.into(),
        ..Default::default()
    };
    world.ask(world.caller(5), request).await.expect("it is taken");
    for number in 0..100 {
        world.add(share("a", 1.0, number)).await;
        world.add(share("b", 1000.0, number)).await;
    }
    let served = serve(&world, 100, &mut BTreeMap::new()).await;
    assert_eq!(served.get("a"), Some(&75), "{served:?}");
}

#[tokio::test(start_paused = true)]
async fn a_late_comer_is_not_behind_the_backlog_of_others_and_a_task_that_comes_back_keeps_its_turn() {
    let world = world();
    for number in 0..100 {
        world.add(share("old", 1.0, number)).await;
    }
    serve(&world, 10, &mut BTreeMap::new()).await;
    world.script.on("old-00010", [Reply::Fail(longhaul_runtime::peers::PeerError::Busy("no".into()))]);
    world.add(share("new", 1.0, 0)).await;
    world.add(share("new", 1.0, 1)).await;
    let mut came = Vec::new();
    for _ in 0..4 {
        came.push(world.poll().await.expect("there is a backlog"));
    }
    came.sort();
    assert_eq!(came, ["new-00000", "new-00001", "old-00010", "old-00011"]);
}

#[tokio::test(start_paused = true)]
async fn without_fairness_tasks_come_in_order() {
    let world = world_with(Settings { fairness: false, ..Settings::default() });
    for number in 0..10 {
        world.add(share("a", 1.0, number)).await;
    }
    world.add(share("b", 1000.0, 0)).await;
    assert_eq!(serve(&world, 10, &mut BTreeMap::new()).await.get("a"), Some(&10));
}

#[tokio::test(start_paused = true)]
async fn very_many_keys_share_lanes_and_lose_nothing() {
    let world = world_with(Settings { backlog_entries_max: 100, ..Settings::default() });
    for number in 0..3000 {
        world.add(share(&format!("key{number}"), 1.0, 0)).await;
    }
    assert_eq!(serve(&world, 3000, &mut BTreeMap::new()).await.len(), 3000);
    assert_eq!(world.poll().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_came_to_nothing_costs_its_key_no_turn() {
    let world = world();
    let lost = |number| share("a", 1.0, number);
    for number in 0..20 {
        world.script.on(&format!("a-{number:05}"), [Reply::Stale]);
        world.add(lost(number)).await;
    }
    for number in 20..40 {
        world.add(lost(number)).await;
        world.add(share("b", 1.0, number)).await;
    }
    let served = serve(&world, 20, &mut BTreeMap::new()).await;
    assert_eq!(served.values().collect::<Vec<_>>(), [&10, &10], "{served:?}");
}
