//! Task tokens, made and read.

use longhaul_kernel::{
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    run::{Activity, Run, WorkflowTask},
};
use longhaul_proto::Refusal;
use longhaul_runtime::peers::TaskToken;
use prost::Message;

/// A token that was read.
#[derive(Clone, Debug)]
pub struct Token {
    /// The execution.
    pub execution: ExecutionKey,
    /// The run.
    pub run: RunId,
    /// The rest.
    pub fields: TaskToken,
}

/// Reads a token.
///
/// # Errors
/// `InvalidArgument`, with the reference's text.
pub fn read(bytes: &[u8]) -> Result<Token, Refusal> {
    let refuse = || Refusal::invalid("Error deserializing task token.");
    let fields = TaskToken::decode(bytes).map_err(|_| refuse())?;
    let namespace = <[u8; 16]>::try_from(&fields.namespace_id[..]).map_err(|_| refuse())?;
    let run = RunId::parse(&fields.run_id).ok_or_else(refuse)?;
    let namespace = NamespaceId::from_bytes(namespace);
    let execution = if fields.workflow_id.is_empty() {
        ExecutionKey { namespace, kind: Kind::Activity, id: fields.activity_id.as_str().into() }
    } else {
        ExecutionKey::workflow(namespace, &fields.workflow_id)
    };
    Ok(Token { execution, run, fields })
}

/// The token of a started workflow task.
pub fn workflow_task(run: &Run, task: &WorkflowTask) -> Vec<u8> {
    let started = task.started.as_ref();
    TaskToken {
        namespace_id: run.namespace.as_bytes().to_vec().into(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.to_string(),
        scheduled_event_id: task.scheduled_event_id,
        started_event_id: started.map_or(0, |started| started.event_id),
        attempt: task.attempt,
        activity_id: String::new(),
        started_at: started.map_or(0, |started| started.at.0),
        version: 0,
    }
    .encode_to_vec()
}

/// The token of a started activity task.
pub fn activity_task(run: &Run, scheduled_event_id: i64, activity: &Activity) -> Vec<u8> {
    TaskToken {
        namespace_id: run.namespace.as_bytes().to_vec().into(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.to_string(),
        scheduled_event_id,
        started_event_id: 0,
        attempt: activity.attempt,
        activity_id: activity.scheduled.activity_id.clone(),
        started_at: 0,
        version: i64::from(activity.stamp),
    }
    .encode_to_vec()
}

/// The token of a started task of a standalone activity; the number of the task is its version.
pub fn standalone(activity: &RunKey, number: i64, attempt: i32) -> Vec<u8> {
    TaskToken {
        namespace_id: activity.execution.namespace.as_bytes().to_vec().into(),
        run_id: activity.run.to_string(),
        attempt,
        activity_id: activity.execution.id.to_string(),
        version: number,
        ..TaskToken::default()
    }
    .encode_to_vec()
}
