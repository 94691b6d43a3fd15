//! Updates across a crash: what memory knew of them is gone, and the worker's word counts all the same.

use std::sync::Arc;

use longhaul_proto::api::{
    history::v1::WorkflowExecutionStartedEventAttributes,
    protocol::v1::Message as Protocol,
    update::v1::{Acceptance, Input as UpdateInput, Meta, Request},
    workflowservice::v1::{PollWorkflowTaskQueueRequest, RespondWorkflowTaskCompletedRequest},
};
use prost::Message;

use super::beginning;
use crate::{
    context::Context,
    machine::{Draw, Machine as _},
    run::{
        Input, LastWorker, Reply, Run, TaskRef, UpdateStage, What, WorkflowTaskCompletion, WorkflowTaskStart,
    },
    time::Timestamp,
};

fn context() -> Arc<Context> {
    Arc::new(beginning::context())
}

fn request() -> Request {
    Request {
        meta: Some(Meta { update_id: "u".into(), identity: "client".into() }),
        input: Some(UpdateInput { name: "up".into(), ..UpdateInput::default() }),
        ..Request::default()
    }
}

/// A run whose first workflow task a worker has; nothing is known of the update the worker took with it.
fn after_a_crash() -> Run {
    let start = beginning::start(WorkflowExecutionStartedEventAttributes::default());
    let (mut run, _) = Run::begin(start, &context(), Timestamp::from_secs(1), &mut Draw::new(1));
    let poll = WorkflowTaskStart {
        scheduled_event_id: 2,
        attempt: 1,
        request_id: "poll".into(),
        poll: PollWorkflowTaskQueueRequest::default().into(),
    };
    let input = Input { context: context(), what: What::WorkflowTaskStarted(poll), state_bytes: 0 };
    run.step(input, Timestamp::from_secs(2), &mut Draw::new(2)).expect("the task is started");
    run
}

fn accept(run: &mut Run, accepted_request: Option<Request>) -> Reply {
    let acceptance = Acceptance {
        accepted_request_message_id: "u/request".into(),
        accepted_request_sequencing_event_id: 2,
        accepted_request,
    };
    let message = Protocol {
        id: "u/accept".into(),
        protocol_instance_id: "u".into(),
        body: Some(prost_types::Any {
            type_url: "type.googleapis.com/temporal.api.update.v1.Acceptance".into(),
            value: acceptance.encode_to_vec(),
        }),
        sequencing_id: None,
    };
    let request = RespondWorkflowTaskCompletedRequest { messages: vec![message], ..Default::default() };
    let task = TaskRef {
        scheduled_event_id: 2,
        started_event_id: 3,
        started_at: Timestamp::from_secs(2),
        attempt: 1,
        request,
    };
    let worker = LastWorker { sdk_name: String::new(), sdk_version: String::new() };
    let completion = WorkflowTaskCompletion { task, worker, overflows: false };
    let input =
        Input { context: context(), what: What::WorkflowTaskCompleted(Box::new(completion)), state_bytes: 0 };
    run.step(input, Timestamp::from_secs(3), &mut Draw::new(3)).expect("the worker is answered").reply
}

#[test]
fn an_acceptance_that_repeats_the_request_counts_after_a_crash() {
    let mut run = after_a_crash();
    assert!(matches!(accept(&mut run, Some(request())), Reply::Completed { .. }));
    assert_eq!(run.update_stage("u"), Some(UpdateStage::Accepted));
}

#[test]
fn an_acceptance_of_an_update_nobody_knows_fails_the_task() {
    let mut run = after_a_crash();
    assert!(matches!(accept(&mut run, None), Reply::Refused(_)));
    assert_eq!(run.update_stage("u"), None);
}
