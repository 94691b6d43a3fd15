//! Queries: to a worker and back, before all tasks, and not for longer than somebody listens.

use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::QueryResultType, failure::v1::Failure, query::v1::WorkflowQuery,
        workflowservice::v1 as api,
    },
};
use longhaul_runtime::peers::{Caller, DispatchQuery, PeerError, QueryOutcome};
use tokio::task::JoinHandle;

use crate::world::*;

fn query(workflow_id: &str) -> DispatchQuery {
    DispatchQuery {
        task_queue: "q".into(),
        sticky: false,
        execution: execution(workflow_id),
        query: WorkflowQuery { query_type: "state".into(), ..Default::default() },
        priority: None,
        pinned: None,
        build: String::new(),
        is_new: false,
    }
}

async fn ask_behind(world: &World, request: DispatchQuery) -> JoinHandle<Result<QueryOutcome, PeerError>> {
    let there = world.clone();
    let handle = spawn(async move { there.ask(there.caller(5), request).await });
    settle().await;
    handle
}

fn answer(token: bytes::Bytes, kind: QueryResultType) -> api::RespondQueryTaskCompletedRequest {
    api::RespondQueryTaskCompletedRequest {
        task_token: token,
        completed_type: kind as i32,
        ..Default::default()
    }
}

fn timed_out() -> Refusal {
    Refusal::DeadlineExceeded("query timed out before a worker could process it".into())
}

#[tokio::test(start_paused = true)]
async fn a_query_is_answered_by_a_worker_before_it_gets_any_task() {
    let world = world();
    for id in ["a", "b"] {
        world.add(task(id)).await;
    }
    let asked = ask_behind(&world, query("w")).await;
    let polled = world.poll_answer(poll("q")).await;
    assert_eq!(polled.query.unwrap().query_type, "state");
    assert_eq!(polled.backlog_count_hint, 2);
    let token = polled.task_token;
    world.ask(world.caller(5), answer(token.clone(), QueryResultType::Answered)).await.unwrap();
    let empty = QueryOutcome { result: None, failure: None, error_message: String::new() };
    assert_eq!(asked.await.unwrap(), Ok(empty));

    let again = world.ask(world.caller(5), answer(token, QueryResultType::Answered)).await;
    assert_eq!(refusal(again), Refusal::not_found("query task not found, or already expired"));
}

#[tokio::test(start_paused = true)]
async fn a_waiting_poll_gets_the_query_and_its_failure_is_passed_on() {
    let world = world();
    let polled = world.poll_behind(poll("q")).await;
    let asked = ask_behind(&world, query("w")).await;
    let token = polled.await.unwrap().task_token;
    let failure = Failure { message: "no such query".into(), ..Default::default() };
    let mut failed = answer(token, QueryResultType::Failed);
    failed.error_message = "text".into();
    failed.failure = Some(failure.clone());
    world.ask(world.caller(5), failed).await.unwrap();
    let outcome = asked.await.unwrap().unwrap();
    assert_eq!((outcome.failure, outcome.error_message.as_str()), (Some(failure), "text"));
}

#[tokio::test(start_paused = true)]
async fn a_query_nobody_answers_times_out_and_is_forgotten() {
    let world = world();
    let asked = ask_behind(&world, query("w")).await;
    assert_eq!(refusal(asked.await.unwrap()), timed_out());
    assert_eq!(world.elapsed(), 5.0);
    assert_eq!(world.poll().await, None);

    let asked = ask_behind(&world, query("w")).await;
    let token = world.poll_answer(poll("q")).await.task_token;
    assert_eq!(refusal(asked.await.unwrap()), timed_out());
    let late = world.ask(world.caller(5), answer(token, QueryResultType::Answered)).await;
    assert_eq!(refusal(late), Refusal::not_found("query task not found, or already expired"));
}

#[tokio::test(start_paused = true)]
async fn a_query_outlives_a_poll_that_goes_away() {
    let world = world();
    world.script.on("w", [Reply::Slow(std::time::Duration::from_secs(1), std::time::Duration::ZERO)]);
    let asked = ask_behind(&world, query("w")).await;
    let gone = world.poll_behind(poll("q")).await;
    gone.abort();
    settle().await;
    let token = world.poll_answer(poll("q")).await.task_token;
    world.ask(world.caller(5), answer(token, QueryResultType::Answered)).await.unwrap();
    asked.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_history_refuses_is_told_to_the_asker_while_the_poll_goes_on() {
    let world = world();
    let refused = Refusal::not_found("workflow not found for ID: w");
    world.script.on("w", [Reply::Fail(refused.clone().into())]);
    let polled = world.poll_behind(poll("q")).await;
    let asked = ask_behind(&world, query("w")).await;
    assert_eq!(refusal(asked.await.unwrap()), refused);
    world.add(task("a")).await;
    assert_eq!(workflow_id(&polled.await.unwrap()).as_deref(), Some("a"));
}

#[tokio::test(start_paused = true)]
async fn a_sticky_queue_without_worker_refuses_queries_at_once() {
    let world = world();
    let sticky = DispatchQuery { task_queue: "s".into(), sticky: true, ..query("w") };
    let asked = world.ask(world.caller(5), sticky.clone()).await;
    assert_eq!(refusal(asked), Refusal::Unavailable("sticky worker unavailable".into()));
    assert_eq!(world.elapsed(), 0.0);

    let polled = world.poll_behind(sticky_poll("s")).await;
    let _asked = ask_behind(&world, sticky).await;
    assert!(polled.await.unwrap().query.is_some());
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_none_are_refused() {
    let world = world();
    let _asked = ask_behind(&world, query("w")).await;
    let token = world.poll_answer(poll("q")).await.task_token;
    let foreign = Caller { namespace_id: [2; 16], ..world.caller(5) };
    let refused = world.ask(foreign, answer(token, QueryResultType::Answered)).await;
    let text = "Operation requested with a token from a different namespace.";
    assert_eq!(refusal(refused), Refusal::invalid(text));
    for (token, text) in [
        (&b""[..], "Task token not set on request."),
        (&b"\xff\xff"[..], "Error deserializing task token."),
        (&b"\x12\x01q"[..], "Invalid TaskToken."),
    ] {
        let request = answer(bytes::Bytes::from_static(token), QueryResultType::Answered);
        assert_eq!(refusal(world.ask(world.caller(5), request).await), Refusal::invalid(text));
    }
}
