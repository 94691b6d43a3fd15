//! Sticky queues: given up when their worker is silent or says good-bye.

use std::time::Duration;

use longhaul_proto::api::workflowservice::v1 as api;

use crate::world::*;

async fn is_available(world: &World, id: &str) -> bool {
    !world.ask(world.caller(5), sticky(task(id))).await.expect("the room answers").sticky_worker_unavailable
}

#[tokio::test(start_paused = true)]
async fn a_sticky_queue_takes_tasks_while_its_worker_polls() {
    let world = world();
    assert!(!is_available(&world, "early").await);
    let waiting = world.poll_behind(sticky_poll("s")).await;
    world.wait(Duration::from_secs(15)).await;
    assert!(is_available(&world, "a").await);
    assert_eq!(workflow_id(&waiting.await.unwrap()).as_deref(), Some("a"));

    world.wait(Duration::from_secs(9)).await;
    assert!(is_available(&world, "b").await, "the worker may be busy with the task");
    world.wait(Duration::from_secs(2)).await;
    assert!(!is_available(&world, "c").await);
    assert_eq!(workflow_id(&world.poll_answer(sticky_poll("s")).await).as_deref(), Some("b"));
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_shuts_down_is_not_waited_for() {
    let world = world();
    let waiting = world.poll_behind(sticky_poll("s")).await;
    let request = api::ShutdownWorkerRequest { sticky_task_queue: "s".into(), ..Default::default() };
    world.ask(world.caller(5), request).await.unwrap();
    assert!(!is_available(&world, "a").await);
    assert_eq!(waiting.await.unwrap(), api::PollWorkflowTaskQueueResponse::default());
    assert_eq!(world.elapsed(), 0.0);
    assert!(!is_available(&world, "b").await, "the end of the poll is no sign of life");

    let _waiting = world.poll_behind(sticky_poll("s")).await;
    assert!(is_available(&world, "c").await, "a new poll is");
}

#[tokio::test(start_paused = true)]
async fn polls_of_a_worker_instance_end_with_it() {
    let world = world();
    let mine = world.poll_behind(poll("q")).await;
    let other = api::PollWorkflowTaskQueueRequest { worker_instance_key: "other".into(), ..poll("q") };
    let other = world.poll_behind(other).await;
    let request = api::ShutdownWorkerRequest {
        worker_instance_key: "key".into(),
        task_queue: "q".into(),
        ..Default::default()
    };
    world.ask(world.caller(5), request).await.unwrap();
    settle().await;
    assert!(mine.is_finished() && !other.is_finished());
    world.add(task("a")).await;
    let late = world.poll_behind(poll("q")).await;
    assert_eq!(workflow_id(&late.await.unwrap()), None, "it was sent before its worker said good-bye");
    assert_eq!(world.elapsed(), 0.0);
    assert_eq!(workflow_id(&other.await.unwrap()).as_deref(), Some("a"));
    world.wait(Duration::from_secs(31)).await;
    world.add(task("b")).await;
    assert_eq!(workflow_id(&world.poll_answer(poll("q")).await).as_deref(), Some("b"));
}

#[tokio::test(start_paused = true)]
async fn a_good_bye_that_names_no_queue_ends_no_poll() {
    let world = world();
    let mine = world.poll_behind(poll("q")).await;
    let request = api::ShutdownWorkerRequest { worker_instance_key: "key".into(), ..Default::default() };
    world.ask(world.caller(5), request).await.unwrap();
    settle().await;
    assert!(!mine.is_finished());
}
