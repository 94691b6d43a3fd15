//! Handlers of Nexus operations: some say the result, some start a workflow whose end is told by callback, some refuse
//! for a while, some die with the request.

use std::sync::Arc;

use longhaul_proto::api::{
    common::v1::{Callback, WorkflowExecution, WorkflowType, callback},
    enums::v1::{WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse},
    failure::v1::{Failure, NexusHandlerFailureInfo, failure::FailureInfo},
    nexus::v1::{
        CancelOperationResponse, Response, StartOperationRequest, StartOperationResponse, request, response,
        start_operation_response::{Async, Sync, Variant as Started},
    },
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        PollNexusTaskQueueRequest, PollNexusTaskQueueResponse, RequestCancelWorkflowExecutionRequest,
        RespondNexusTaskCompletedRequest, RespondNexusTaskFailedRequest, StartWorkflowExecutionRequest,
    },
};

use crate::{
    dice::Dice,
    job::{Job, Way},
    line::{Line, Said},
    player::{failure, payloads},
    script::Script,
    world::{NAMESPACE_NAME, OPERATIONS, WORKFLOWS},
};

struct Handler {
    line: Line,
    dice: Dice,
    name: String,
}

/// The workflow that carries out the operation of a request.
pub(crate) fn workflow_of(request_id: &str) -> String {
    format!("operation {request_id}")
}

/// Begins to handle operations, until the world ends.
pub(crate) fn handle_operations(line: &Line, name: &str) {
    let handler = Arc::new(Handler { line: line.clone(), dice: line.world.dice(name), name: name.into() });
    for _ in 0..2 {
        line.world.tasks.spawn("poll", poll(handler.clone()));
    }
}

async fn poll(handler: Arc<Handler>) {
    let world = handler.line.world.clone();
    loop {
        let request = PollNexusTaskQueueRequest {
            namespace: NAMESPACE_NAME.into(),
            task_queue: Some(TaskQueue { name: OPERATIONS.into(), ..Default::default() }),
            identity: handler.name.clone(),
            ..Default::default()
        };
        match handler.line.poll(20, request).await {
            Ok(answer) if answer.task_token.is_empty() => {}
            Ok(answer) => {
                let handler = handler.clone();
                world.tasks.spawn("operation", async move { handler.serve(answer).await });
            }
            Err(_) => world.clock.sleep(handler.dice.millis(100, 1000)).await,
        }
    }
}

impl Handler {
    async fn serve(&self, task: PollNexusTaskQueueResponse) {
        let world = &self.line.world;
        let rates = world.faults.rates();
        if self.dice.chance(rates.dies) {
            return;
        }
        match task.request.as_ref().and_then(|request| request.variant.as_ref()) {
            Some(request::Variant::StartOperation(start)) => self.start(&task, start).await,
            Some(request::Variant::CancelOperation(cancel)) => {
                let request = RequestCancelWorkflowExecutionRequest {
                    namespace: NAMESPACE_NAME.into(),
                    workflow_execution: Some(WorkflowExecution {
                        workflow_id: cancel.operation_token.clone(),
                        run_id: String::new(),
                    }),
                    request_id: self.dice.name("cancel"),
                    ..Default::default()
                };
                self.line.insist(&self.dice, 5, request).await;
                let response = response::Variant::CancelOperation(CancelOperationResponse {});
                self.answer(&task, response).await;
            }
            None => world.accuse("a handler was asked nothing"),
        }
    }

    async fn start(&self, task: &PollNexusTaskQueueResponse, asked: &StartOperationRequest) {
        let world = &self.line.world;
        let input = asked.payload.as_ref().and_then(|input| serde_json::from_slice::<Job>(&input.data).ok());
        let Some(job) = input else { return world.accuse("an operation came without its job") };
        let attempt = {
            let mut book = world.book.lock();
            let known = book.operations.entry(asked.request_id.clone()).or_default();
            known.requests += 1;
            known.requests
        };
        world.say(format_args!("{} has operation {} {attempt}", self.name, asked.request_id));
        if self.dice.chance(world.faults.rates().late) {
            world.clock.sleep(self.dice.millis(9_000, 13_000)).await;
        }
        if attempt <= job.fails {
            return self.refuse(task).await;
        }
        let started = match &job.way {
            Way::Result => {
                let result = self.dice.name("outcome");
                self.note(&asked.request_id, Some(&result));
                let payload = payloads(&result).payloads.pop();
                Started::SyncSuccess(Sync { payload, links: Vec::new() })
            }
            Way::Failure => {
                self.note(&asked.request_id, None);
                Started::Failure(failure("as planned", true))
            }
            Way::Workflow(script) => {
                let Some(token) = self.begin(asked, script).await else { return };
                Started::AsyncSuccess(Async { operation_token: token, ..Async::default() })
            }
        };
        let response = StartOperationResponse { variant: Some(started) };
        self.answer(task, response::Variant::StartOperation(response)).await;
    }

    /// What is going to be said of an operation.
    fn note(&self, request_id: &str, result: Option<&String>) {
        let mut book = self.line.world.book.lock();
        let known = book.operations.entry(request_id.into()).or_default();
        known.has_failed |= result.is_none();
        known.results.extend(result.cloned());
    }

    /// Starts the workflow that carries out an operation, once.
    async fn begin(&self, asked: &StartOperationRequest, script: &Script) -> Option<String> {
        let workflow_id = workflow_of(&asked.request_id);
        let told = callback::Nexus { url: asked.callback.clone(), header: asked.callback_header.clone() };
        let request = StartWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            workflow_id: workflow_id.clone(),
            workflow_type: Some(WorkflowType { name: "script".into() }),
            task_queue: Some(TaskQueue { name: WORKFLOWS.into(), ..Default::default() }),
            input: Some(payloads(script)),
            request_id: asked.request_id.clone(),
            workflow_id_reuse_policy: Reuse::RejectDuplicate as i32,
            workflow_id_conflict_policy: Conflict::Fail as i32,
            workflow_run_timeout: Some(longhaul_kernel::time::to_proto(std::time::Duration::from_secs(300))),
            completion_callbacks: vec![Callback {
                variant: Some(callback::Variant::Nexus(told)),
                ..Callback::default()
            }],
            ..Default::default()
        };
        match self.line.insist(&self.dice, 5, request).await {
            // An earlier request has started it.
            Said::Yes(_) | Said::No(longhaul_proto::Refusal::WorkflowExecutionAlreadyStarted { .. }) => {
                Some(workflow_id)
            }
            Said::No(refusal) => {
                self.line.world.accuse(format!("{workflow_id} may not be started: {refusal:?}"));
                None
            }
            Said::Unclear => None,
        }
    }

    async fn refuse(&self, task: &PollNexusTaskQueueResponse) {
        let info =
            NexusHandlerFailureInfo { r#type: "INTERNAL".into(), ..NexusHandlerFailureInfo::default() };
        let request = RespondNexusTaskFailedRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: task.task_token.clone(),
            identity: self.name.clone(),
            failure: Some(Failure {
                message: "not now".into(),
                failure_info: Some(FailureInfo::NexusHandlerFailureInfo(info)),
                ..Failure::default()
            }),
            ..Default::default()
        };
        // Whoever asked may be gone, and asks again.
        let _ = self.line.poll(5, request).await;
    }

    async fn answer(&self, task: &PollNexusTaskQueueResponse, variant: response::Variant) {
        let request = RespondNexusTaskCompletedRequest {
            namespace: NAMESPACE_NAME.into(),
            task_token: task.task_token.clone(),
            identity: self.name.clone(),
            response: Some(Response { variant: Some(variant) }),
            ..Default::default()
        };
        let _ = self.line.poll(5, request).await;
    }
}
