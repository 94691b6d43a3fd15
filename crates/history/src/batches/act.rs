//! What a batch operation does to one workflow, or to one activity that stands alone. It may be done again after a crash:
//! the request id says so, and it is made of the job and of the workflow.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    batch::{Part, Target, identity},
    context::Context,
    ids::{ExecutionKey, RunId, RunKey},
    run::check_options_mask,
};
use longhaul_proto::api::{
    batch::v1::{BatchOperationReset, BatchOperationSignal, BatchOperationUpdateWorkflowExecutionOptions},
    common::v1::WorkflowExecution,
    workflowservice::v1::{
        DeleteWorkflowExecutionRequest, RequestCancelWorkflowExecutionRequest, ResetWorkflowExecutionRequest,
        SignalWorkflowExecutionRequest, StartBatchOperationRequest, TerminateWorkflowExecutionRequest,
        UpdateWorkflowExecutionOptionsRequest, start_batch_operation_request::Operation,
    },
};
use longhaul_runtime::peers::{Caller, PeerError};

use super::{activities, point};
use crate::{
    calls::{self, control, reset},
    cell,
    history::Room,
    patience::Patience,
};

/// Who does it, if the request does not say who asked for it.
const IDENTITY: &str = "temporal-batcher";

/// How many runs a workflow is followed through, if it goes on faster than it is reached.
const RUNS_MAX: usize = 100;

/// What has become of one workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, or there was nothing to do it to.
    Done,
    /// It was refused.
    Failed,
    /// It had been done already, by this job, and was counted then.
    Known,
}

/// Does one thing to workflows.
pub struct Doer<'a> {
    room: &'a Arc<Room>,
    job: &'a RunKey,
    namespace: &'a str,
    part: &'a Part,
    request: &'a StartBatchOperationRequest,
    id_bytes_max: usize,
}

/// What is found of a run; of one that is not there, nothing.
#[derive(Default)]
struct Found {
    /// Whether it knows the request.
    knows: bool,
    /// Whether a reset has made it since the operation began.
    is_new: bool,
    /// The run that it went on with.
    next: Option<RunId>,
}

impl<'a> Doer<'a> {
    /// Does for `job` what `part` says.
    pub fn new(room: &'a Arc<Room>, job: &'a RunKey, context: &'a Context, part: &'a Part) -> Self {
        let id_bytes_max = context.limits.id_bytes_max;
        Self { room, job, namespace: &context.namespace, part, request: &part.request, id_bytes_max }
    }

    /// Does it to one workflow. What passes by itself is waited for.
    ///
    /// # Errors
    /// `Corrupt`, and that the room is being closed.
    pub async fn act(&self, number: u64, target: &Target) -> Result<Outcome, PeerError> {
        let mut execution =
            WorkflowExecution { workflow_id: target.workflow_id.clone(), run_id: target.run_id.clone() };
        let request_id = self.request_id(number, target, target.late);
        let mut patience = Patience::new(&self.room.host);
        for _ in 0..RUNS_MAX {
            let tried = loop {
                match self.try_on(target, &execution, &request_id).await {
                    Err(PeerError::Busy(_) | PeerError::Unknown(_)) => patience.pause().await,
                    other => break other,
                }
            };
            match tried {
                Ok(outcome) => return Ok(outcome),
                Err(PeerError::Refused(refusal)) if is_absence(&refusal) => {}
                Err(PeerError::Refused(_) | PeerError::Quarantined(_)) => return Ok(Outcome::Failed),
                Err(error) => return Err(error),
            }
            if !target.follows || target.run_id.is_empty() {
                break;
            }
            let found = self.find(&execution, &request_id).await?;
            let Some(next) = found.next.filter(|_| !found.knows) else { break };
            execution.run_id = next.to_string();
        }
        // What is not there needs nothing done to it; but a reset has nothing to begin with.
        let is_reset = matches!(self.request.operation, Some(Operation::ResetOperation(_)));
        Ok(if is_reset { Outcome::Failed } else { Outcome::Done })
    }

    /// Makes the call that a client would make.
    async fn try_on(
        &self,
        target: &Target,
        execution: &WorkflowExecution,
        request_id: &str,
    ) -> Result<Outcome, PeerError> {
        self.check(execution)?;
        if execution.workflow_id.is_empty() {
            return Err(Refusal::invalid("WorkflowId is not set on request.").into());
        }
        if target.follows && target.run_id.is_empty() {
            return Err(Refusal::not_found("there was no such workflow").into());
        }
        match &self.request.operation {
            Some(Operation::TerminationOperation(termination)) => {
                let request = TerminateWorkflowExecutionRequest {
                    workflow_execution: Some(execution.clone()),
                    reason: self.request.reason.clone(),
                    identity: self.identity(),
                    details: termination.details.clone(),
                    ..Default::default()
                };
                control::terminate(self.room, self.job.execution.namespace, request).await?;
            }
            Some(Operation::CancellationOperation(_)) => {
                let request = RequestCancelWorkflowExecutionRequest {
                    workflow_execution: Some(execution.clone()),
                    identity: self.identity(),
                    request_id: request_id.to_owned(),
                    ..Default::default()
                };
                control::request_cancel(self.room, self.job.execution.namespace, request, None, false)
                    .await?;
            }
            Some(Operation::SignalOperation(signal)) => self.signal(signal, execution, request_id).await?,
            Some(Operation::DeletionOperation(_)) => {
                let request = DeleteWorkflowExecutionRequest {
                    workflow_execution: Some(execution.clone()),
                    ..Default::default()
                };
                control::delete(self.room, self.job.execution.namespace, request).await?;
            }
            Some(Operation::ResetOperation(reset)) => {
                return self.reset(reset, target, execution, request_id).await;
            }
            Some(Operation::UpdateWorkflowOptionsOperation(update)) => {
                self.update_options(update, execution).await?;
            }
            Some(operation) => {
                let call = activities::call(operation, self.namespace, execution, self.job.run.to_string());
                if let Some(call) = call {
                    calls::answer(self.room, self.caller(), call).await?;
                }
            }
            None => {}
        }
        Ok(Outcome::Done)
    }

    /// What a client would be refused for before anybody looks for the workflow.
    fn check(&self, execution: &WorkflowExecution) -> Result<(), Refusal> {
        match &self.request.operation {
            Some(Operation::SignalOperation(signal)) if signal.signal.len() > self.id_bytes_max => {
                Err(Refusal::invalid("SignalName exceeds length limit."))
            }
            Some(Operation::UpdateWorkflowOptionsOperation(update)) => {
                let paths = update.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
                check_options_mask(paths)
                    .map_err(|text| Refusal::InvalidArgument(format!("error parsing UpdateMask: {text}")))
            }
            Some(operation) => activities::check(operation, execution, self.id_bytes_max),
            None => Ok(()),
        }
    }

    async fn signal(
        &self,
        signal: &BatchOperationSignal,
        execution: &WorkflowExecution,
        request_id: &str,
    ) -> Result<(), PeerError> {
        let request = SignalWorkflowExecutionRequest {
            workflow_execution: Some(execution.clone()),
            signal_name: signal.signal.clone(),
            input: signal.input.clone(),
            header: signal.header.clone(),
            identity: signal.identity.clone(),
            request_id: request_id.to_owned(),
            ..Default::default()
        };
        control::signal(self.room, self.job.execution.namespace, request, None, false).await.map(drop)
    }

    async fn update_options(
        &self,
        update: &BatchOperationUpdateWorkflowExecutionOptions,
        execution: &WorkflowExecution,
    ) -> Result<(), PeerError> {
        let request = UpdateWorkflowExecutionOptionsRequest {
            workflow_execution: Some(execution.clone()),
            workflow_execution_options: update.workflow_execution_options.clone(),
            update_mask: update.update_mask.clone(),
            identity: update.identity.clone(),
            ..Default::default()
        };
        control::update_options(self.room, self.job.execution.namespace, request).await.map(drop)
    }

    #[allow(deprecated)]
    async fn reset(
        &self,
        reset: &BatchOperationReset,
        target: &Target,
        execution: &WorkflowExecution,
        request_id: &str,
    ) -> Result<Outcome, PeerError> {
        let namespace = self.job.execution.namespace;
        if self.part.found {
            // A query finds the run that a reset has made too, for that one has the start time of the other; and it
            // finds those again that the reset has ended.
            let early = self.request_id(0, target, false);
            let seen = self.find(execution, &early).await?;
            if seen.is_new || (seen.knows && target.late) {
                return Ok(Outcome::Known);
            }
        }
        let point = point::find(self.room, namespace, execution, reset).await?;
        let options = reset.options.clone().unwrap_or_default();
        let reapply = match reset.options {
            Some(_) => options.reset_reapply_type,
            None => reset.reset_reapply_type,
        };
        let request = ResetWorkflowExecutionRequest {
            namespace: self.namespace.to_owned(),
            workflow_execution: Some(WorkflowExecution {
                workflow_id: execution.workflow_id.clone(),
                run_id: point.run_id,
            }),
            reason: self.request.reason.clone(),
            workflow_task_finish_event_id: point.event_id,
            request_id: request_id.to_owned(),
            reset_reapply_type: reapply,
            reset_reapply_exclude_types: options.reset_reapply_exclude_types,
            post_reset_operations: reset.post_reset_operations.clone(),
            identity: reset.identity.clone(),
        };
        reset::reset(self.room, namespace, request).await?;
        Ok(Outcome::Done)
    }

    /// Looks at a run.
    async fn find(&self, execution: &WorkflowExecution, request_id: &str) -> Result<Found, PeerError> {
        let Some(run) = RunId::parse(&execution.run_id) else { return Ok(Found::default()) };
        let key = ExecutionKey::workflow(self.job.execution.namespace, &execution.workflow_id);
        let shard = self.room.shard(&key)?;
        let (request_id, started) = (request_id.to_owned(), self.part.started);
        let asked = shard
            .ask(key, cell::Target::Run(run), move |turn| {
                let run = &turn.loaded()?.run;
                Ok(Found {
                    knows: run.signal_request_ids.contains(&request_id)
                        || run.cancel_request.as_ref() == Some(&request_id)
                        || run.made_by(&request_id).is_some(),
                    is_new: run.made_by_reset.as_ref().is_some_and(|made| made.at >= started),
                    next: run.closed.as_ref().and_then(|closed| closed.new_run_id),
                })
            })
            .await;
        match asked {
            Err(PeerError::Refused(_)) => Ok(Found::default()),
            other => other,
        }
    }

    /// The operation as somebody who calls.
    fn caller(&self) -> Caller {
        Caller {
            namespace_id: *self.job.execution.namespace.as_bytes(),
            namespace: self.namespace.to_owned(),
            deadline: None,
            client_name: String::new(),
            client_version: String::new(),
        }
    }

    fn identity(&self) -> String {
        let given = identity(self.request);
        if given.is_empty() { IDENTITY } else { given }.to_owned()
    }

    /// The id of the request to one workflow, always the same one, in the form of a UUID. What a query has found is known
    /// by its run, and by whether it was found late: then it may have been met before, under the other id. In a list
    /// each mention is a request of its own.
    fn request_id(&self, number: u64, target: &Target, late: bool) -> String {
        let mut bytes = *self.job.run.as_bytes();
        let own = match RunId::parse(&target.run_id).filter(|_| self.part.found) {
            Some(run) => *run.as_bytes(),
            None => {
                let mut own = [0; 16];
                own[8..].copy_from_slice(&number.to_be_bytes());
                own
            }
        };
        for (byte, part) in bytes.iter_mut().zip(own) {
            *byte ^= part;
        }
        bytes[15] ^= u8::from(late);
        RunId::from_bytes(bytes).to_string()
    }
}

/// Whether a refusal says that there is no such run, or that it is over.
fn is_absence(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::NotFound(_))
}
