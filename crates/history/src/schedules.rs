//! Schedules in a shard: what they owe is paid here, and the runs they have started tell them how they ended.

use std::sync::Arc;

use longhaul_kernel::{
    hosted::DutyName,
    ids::{ExecutionKey, Kind, RunKey},
    run::{ScheduledBy, StartOrigin},
    schedule::{Change, Closed, Duty, Input, Order, Schedule},
};
use longhaul_proto::{
    Refusal,
    api::{
        common::v1::WorkflowExecution,
        workflowservice::v1::{RequestCancelWorkflowExecutionRequest, TerminateWorkflowExecutionRequest},
    },
};
use longhaul_runtime::peers::PeerError;

use crate::{
    calls::{control, start},
    cell::Target,
    executions::Executions,
    history::Room,
    hosted::{Cell, Lodged},
    shard::Shard,
};

impl Lodged for Schedule {
    fn executions(shard: &Shard) -> &Executions<Cell<Self>> {
        &shard.schedules
    }

    fn remarks(&self, changes: &[Change]) -> Vec<String> {
        let count = changes.iter().filter(|change| change.leaves_out()).count();
        let left_out = self.left_out();
        let newest = left_out[left_out.len().saturating_sub(count)..].iter();
        newest
            .map(|one| format!("action of {} left out: {:?}", one.last.unwrap_or(one.nominal), one.reason))
            .collect()
    }

    async fn fulfil(room: &Arc<Room>, run: &RunKey, name: DutyName, duty: &Duty) -> Result<Input, PeerError> {
        let context = room.contexts.of(run.execution.namespace).await?;
        let identity = format!("temporal-scheduler-{}-{}", context.namespace, run.execution.id);
        match duty {
            Duty::Start(order) => act(room, run, order, &context.namespace, identity).await,
            Duty::Cancel(workflow) => {
                let request = RequestCancelWorkflowExecutionRequest {
                    workflow_execution: Some(current(workflow)),
                    first_execution_run_id: workflow.run_id.clone(),
                    reason: "cancelled by schedule overlap policy".into(),
                    identity,
                    request_id: format!("{}:cancel:{}", run.run, name.number),
                    ..RequestCancelWorkflowExecutionRequest::default()
                };
                let namespace = run.execution.namespace;
                ended(name, control::request_cancel(room, namespace, request, None, false).await)
            }
            Duty::Terminate(workflow) => {
                let request = TerminateWorkflowExecutionRequest {
                    workflow_execution: Some(current(workflow)),
                    first_execution_run_id: workflow.run_id.clone(),
                    reason: "terminated by schedule overlap policy".into(),
                    identity,
                    ..TerminateWorkflowExecutionRequest::default()
                };
                ended(name, control::terminate(room, run.execution.namespace, request).await)
            }
        }
    }
}

/// The newest run of a workflow, whichever it is.
fn current(workflow: &WorkflowExecution) -> WorkflowExecution {
    WorkflowExecution { workflow_id: workflow.workflow_id.clone(), run_id: String::new() }
}

/// A workflow that is over or gone needs no end.
fn ended(name: DutyName, outcome: Result<(), PeerError>) -> Result<Input, PeerError> {
    match outcome {
        Ok(()) | Err(PeerError::Refused(_)) => Ok(Input::Ended { number: name.number }),
        Err(error) => Err(error),
    }
}

/// Starts a workflow. The request id tells a repetition, and so does the mark that the chain of runs carries: the first
/// run may be over and another one current when a start is repeated after a crash.
async fn act(
    room: &Arc<Room>,
    run: &RunKey,
    order: &Order,
    namespace: &str,
    identity: String,
) -> Result<Input, PeerError> {
    let mut request = order.request.clone();
    request.namespace = namespace.to_owned();
    request.identity = identity;
    let number = order.number;
    let by = ScheduledBy { schedule_id: run.execution.id.to_string(), schedule_run: run.run, number };
    let id = run.execution.namespace;
    let key = ExecutionKey::workflow(id, &request.workflow_id);
    let shard = room.shard(&key)?;
    let origin = StartOrigin { scheduled_by: Some(by.clone()), ..StartOrigin::default() };
    let outcome = shard
        .ask(key, Target::Current, move |turn| {
            if let Ok(loaded) = turn.loaded()
                && loaded.run.scheduled_by.as_ref() == Some(&by)
            {
                return Ok(loaded.run.first_run_id().to_owned());
            }
            start::decide(turn, id, request, origin).map(|started| started.run_id)
        })
        .await;
    match outcome {
        Ok(run_id) => Ok(Input::Started { number, run_id }),
        Err(PeerError::Refused(refusal)) => Ok(Input::NotStarted { number, why: why(&refusal) }),
        Err(error) => Err(error),
    }
}

/// Why a workflow was not started, in words.
fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::InvalidArgument(text) | Refusal::NotFound(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

/// A run that a schedule has started tells it how its chain ended. A schedule that is gone need not know.
///
/// # Errors
/// Whatever passes: it is to be told again.
pub async fn tell(
    room: &Arc<Room>,
    workflow: &RunKey,
    by: &ScheduledBy,
    closed: &Closed,
) -> Result<(), PeerError> {
    let namespace = workflow.execution.namespace;
    let key = ExecutionKey { namespace, kind: Kind::Schedule, id: by.schedule_id.as_str().into() };
    let shard = room.shard(&key)?;
    let closed = Box::new(closed.clone());
    let run = Target::Run(by.schedule_run);
    shard.schedules.ask(&shard, key, run, |turn| turn.step(Input::Closed(closed)).map(|_| ())).await
}
