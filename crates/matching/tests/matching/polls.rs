//! How long polls wait, and what their answers advise.

use std::time::Duration;

use longhaul_matching::Settings;
use longhaul_proto::api::workflowservice::v1 as api;
use longhaul_runtime::peers::{AddTask, Caller, PeerError};

use crate::world::*;

#[tokio::test(start_paused = true)]
async fn an_empty_answer_comes_a_second_before_the_caller_gives_up() {
    let world = world();
    assert_eq!(world.poll_answer(poll("q")).await, api::PollWorkflowTaskQueueResponse::default());
    assert_eq!(world.elapsed(), 20.0);
}

#[tokio::test(start_paused = true)]
async fn a_poll_waits_a_minute_at_most_and_not_at_all_if_there_is_no_time() {
    let world = world();
    for deadline in [None, Some(START + 500 * SECOND)] {
        let before = world.elapsed();
        let caller = Caller { deadline, ..world.caller(0) };
        world.ask(caller, poll("q")).await.unwrap();
        assert_eq!(world.elapsed() - before, 60.0);
    }
    let before = world.elapsed();
    world.ask(world.caller(0), poll("q")).await.unwrap();
    assert_eq!(world.elapsed(), before);
    world.add(task("a")).await;
    let answer = world.ask(world.caller(0), poll("q")).await.unwrap();
    assert_eq!(workflow_id(&answer).as_deref(), Some("a"), "what is there is given even so");
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_idled_is_one_too_many() {
    let world = world();
    let idle = world.poll_behind(poll("q")).await;
    world.wait(Duration::from_millis(1500)).await;
    world.add(task("a")).await;
    let decision = idle.await.unwrap().poller_scaling_decision.unwrap();
    assert_eq!(decision.poll_request_delta_suggestion, -1);
}

#[tokio::test(start_paused = true)]
async fn a_backlog_wants_more_polls_but_not_at_once() {
    let world = world();
    for number in 0..4 {
        world.add(task(&number.to_string())).await;
    }
    world.wait(Duration::from_secs(1)).await;
    let mut advice = Vec::new();
    for _ in 0..4 {
        let answer = world.poll_answer(poll("q")).await;
        let delta = answer.poller_scaling_decision.map(|decision| decision.poll_request_delta_suggestion);
        advice.push((answer.backlog_count_hint, delta));
        world.wait(Duration::from_millis(60)).await;
    }
    assert_eq!(advice, [(3, Some(1)), (2, None), (1, Some(1)), (0, None)]);
}

#[tokio::test(start_paused = true)]
async fn idle_queues_make_room_for_others() {
    let world = world_with(Settings { queues_max: 1, ..Settings::default() });
    world.poll().await;
    let other = AddTask { task_queue: "other".into(), ..task("a") };
    let refused = world.ask(world.caller(5), other.clone()).await;
    assert!(matches!(refused, Err(PeerError::Busy(_))), "{refused:?}");
    world.wait(Duration::from_secs(320)).await;
    world.add(other).await;
    world.wait(Duration::from_secs(3600)).await;
    let answer = world.poll_answer(poll("other")).await;
    assert_eq!(workflow_id(&answer).as_deref(), Some("a"), "a queue with tasks stays");
}
