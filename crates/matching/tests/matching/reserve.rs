//! Polls that are kept for tasks which are not durable yet.

use std::time::Duration;

use longhaul_proto::api::workflowservice::v1 as api;
use longhaul_runtime::peers::{AddTask, Matching as _, Reserved, TaskAnswer};

use crate::world::*;

fn reserve(world: &World, add: AddTask) -> Option<Reserved> {
    world.matching.reserve(&world.caller(5), &add)
}

fn started(id: &str) -> TaskAnswer {
    let answer =
        api::PollWorkflowTaskQueueResponse { workflow_execution: Some(execution(id)), ..Default::default() };
    TaskAnswer::Workflow(Box::new(answer))
}

#[tokio::test(start_paused = true)]
async fn only_a_poll_that_waits_can_be_kept_and_only_once() {
    let world = world();
    assert!(reserve(&world, task("a")).is_none(), "no such queue");
    let first = world.poll_behind(poll("q")).await;
    let kept = reserve(&world, task("a")).expect("a poll waits");
    assert!(reserve(&world, task("b")).is_none(), "it is kept for another task");
    assert!(reserve(&world, activity("a")).is_none(), "nobody polls for activities");
    assert!(reserve(&world, sticky(task("a"))).is_none(), "nobody polls the sticky queue");
    kept.serve(started("a"));
    assert_eq!(workflow_id(&first.await.unwrap()).as_deref(), Some("a"));
    assert_eq!(world.script.asked(), Vec::<String>::new(), "history started the task by itself");
}

#[tokio::test(start_paused = true)]
async fn a_poll_given_back_keeps_its_place() {
    let world = world();
    let first = world.poll_behind(poll("q")).await;
    let second = world.poll_behind(poll("q")).await;
    let kept = reserve(&world, task("a")).expect("a poll waits");
    drop(kept);
    world.add(task("b")).await;
    assert_eq!(workflow_id(&first.await.unwrap()).as_deref(), Some("b"));
    world.add(task("c")).await;
    assert_eq!(workflow_id(&second.await.unwrap()).as_deref(), Some("c"));
}

#[tokio::test(start_paused = true)]
async fn a_poll_given_back_takes_what_came_meanwhile() {
    let world = world();
    let only = world.poll_behind(poll("q")).await;
    let kept = reserve(&world, task("a")).expect("a poll waits");
    world.add(task("b")).await;
    drop(kept);
    assert_eq!(workflow_id(&only.await.unwrap()).as_deref(), Some("b"));
}

#[tokio::test(start_paused = true)]
async fn a_task_behind_others_has_to_queue() {
    let world = world();
    // The rate of one task a second keeps the second task back, though a poll waits.
    let there = world.clone();
    let polls: Vec<_> = (0..3)
        .map(|_| {
            let there = there.clone();
            spawn(async move { there.poll_activity(Some(1.0)).await })
        })
        .collect();
    settle().await;
    let kept = reserve(&world, activity("a")).expect("the first goes at once");
    assert!(reserve(&world, activity("b")).is_none(), "the rate is used up");
    drop(kept);
    world.add(activity("b")).await;
    world.add(activity("c")).await;
    assert!(reserve(&world, activity("d")).is_none(), "one waits before it");
    world.wait(Duration::from_secs(1)).await;
    settle().await;
    assert_eq!(polls.iter().filter(|poll| poll.is_finished()).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_takes_its_poll_along_and_no_task() {
    let world = world();
    let gone = world.poll_behind(poll("q")).await;
    let kept = reserve(&world, task("a")).expect("a poll waits");
    gone.abort();
    settle().await;
    drop(kept);
    assert!(reserve(&world, task("a")).is_none(), "nobody waits any more");
    world.add(task("a")).await;
    assert_eq!(world.poll().await.as_deref(), Some("a"));

    let gone = world.poll_behind(poll("q")).await;
    let kept = reserve(&world, task("b")).expect("a poll waits");
    gone.abort();
    settle().await;
    kept.serve(started("b"));
    world.add(task("c")).await;
    assert_eq!(world.poll().await.as_deref(), Some("c"));
}

#[tokio::test(start_paused = true)]
async fn a_poll_whose_time_is_up_waits_for_the_commit() {
    let world = world();
    let late = world.poll_behind(poll("q")).await;
    let kept = reserve(&world, task("a")).expect("a poll waits");
    world.wait(Duration::from_secs(30)).await;
    assert!(!late.is_finished());
    kept.serve(started("a"));
    assert_eq!(workflow_id(&late.await.unwrap()).as_deref(), Some("a"));

    let late = world.poll_behind(poll("q")).await;
    let kept = reserve(&world, task("b")).expect("a poll waits");
    world.wait(Duration::from_secs(30)).await;
    drop(kept);
    assert_eq!(workflow_id(&late.await.unwrap()), None, "its time was up");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_shuts_down_keeps_no_poll() {
    let world = world();
    let closing = world.poll_behind(poll("q")).await;
    let kept = reserve(&world, task("a")).expect("a poll waits");
    let request = api::ShutdownWorkerRequest {
        worker_instance_key: "key".into(),
        task_queue: "q".into(),
        ..Default::default()
    };
    world.ask(world.caller(5), request).await.expect("workers may shut down");
    settle().await;
    assert!(!closing.is_finished(), "its task may be started already");
    drop(kept);
    assert_eq!(workflow_id(&closing.await.unwrap()), None);
    assert_eq!(world.elapsed(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_sticky_poll_is_kept_for_sticky_tasks() {
    let world = world();
    let normal = world.poll_behind(poll("q")).await;
    let own = world.poll_behind(sticky_poll("s")).await;
    reserve(&world, sticky(task("a"))).expect("the sticky worker polls").serve(started("a"));
    assert_eq!(workflow_id(&own.await.unwrap()).as_deref(), Some("a"));
    assert!(!normal.is_finished());
}
