//! Which run of a workflow id a start means: a new one, the one there is, or none. The id policies decide.

use std::collections::BTreeSet;

use longhaul_proto::{
    Refusal,
    api::enums::v1::{
        WorkflowExecutionStatus as Status, WorkflowIdConflictPolicy as Conflict,
        WorkflowIdReusePolicy as Reuse,
    },
};
use minicbor::{Decode, Encode};

use super::Run;
use crate::ids::RunId;

/// What is known of the newest run of a workflow id without loading it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Current {
    /// The run.
    #[n(0)]
    pub run_id: RunId,
    /// Request id that created it.
    #[n(1)]
    pub create_request_id: String,
    /// Number of its public status.
    #[n(2)]
    pub status: i32,
    /// First run of its chain.
    #[n(3)]
    pub first_run_id: String,
    /// Request ids of other starts that it served.
    #[n(4)]
    #[cbor(default)]
    pub attached: BTreeSet<String>,
}

impl Current {
    /// What is known of `run`.
    pub fn of(run: &Run) -> Self {
        Self {
            run_id: run.run_id,
            create_request_id: run.create_request_id.clone(),
            status: run.status() as i32,
            first_run_id: run.first_run_id().to_owned(),
            attached: run.attached.request_ids.keys().cloned().collect(),
        }
    }

    /// Whether this is what is known of `run`, as it is now.
    pub fn is_of(&self, run: &Run) -> bool {
        self.run_id == run.run_id
            && self.status == run.status() as i32
            && self.attached.iter().eq(run.attached.request_ids.keys())
    }

    /// Whether the run goes on.
    pub fn is_running(&self) -> bool {
        self.status == Status::Running as i32 || self.status == Status::Paused as i32
    }
}

/// What a start leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum StartVerdict {
    /// A new run.
    Start,
    /// A new run, after the one there is has been terminated.
    Replace,
    /// This very request has created the run there is.
    Deduplicated,
    /// This very request was attached to the run there is.
    Attached,
    /// The run there is serves the request.
    Existing,
}

/// Decides what a start leads to.
///
/// # Errors
/// `WorkflowExecutionAlreadyStarted`, if the policies allow no other run.
pub fn decide_start(
    workflow_id: &str,
    current: Option<&Current>,
    request_id: &str,
    reuse: i32,
    conflict: i32,
) -> Result<StartVerdict, Refusal> {
    let Some(current) = current else { return Ok(StartVerdict::Start) };
    if !request_id.is_empty() && current.create_request_id == request_id {
        return Ok(StartVerdict::Deduplicated);
    }
    if current.attached.contains(request_id) {
        return Ok(StartVerdict::Attached);
    }
    let reuse = Reuse::try_from(reuse).unwrap_or_default();
    if current.is_running() {
        #[allow(deprecated)]
        let terminates = reuse == Reuse::TerminateIfRunning;
        return match Conflict::try_from(conflict).unwrap_or_default() {
            Conflict::UseExisting => Ok(StartVerdict::Existing),
            Conflict::TerminateExisting => Ok(StartVerdict::Replace),
            Conflict::Unspecified | Conflict::Fail if terminates => Ok(StartVerdict::Replace),
            Conflict::Unspecified | Conflict::Fail => Err(already_started(
                current,
                format!(
                    "Workflow execution is already running. WorkflowId: {workflow_id}, RunId: {}.",
                    current.run_id
                ),
            )),
        };
    }
    let finished = |policy: &str| {
        already_started(
            current,
            format!(
                "Workflow execution already finished{}. WorkflowId: {workflow_id}, RunId: {}. Workflow Id reuse policy: {policy}.",
                if policy.starts_with("allow") { " successfully" } else { "" },
                current.run_id
            ),
        )
    };
    match reuse {
        Reuse::RejectDuplicate => Err(finished("reject duplicate workflow Id")),
        Reuse::AllowDuplicateFailedOnly if !has_failed(current.status) => {
            Err(finished("allow duplicate workflow Id if last run failed"))
        }
        _ => Ok(StartVerdict::Start),
    }
}

/// Whether a closed run counts as failed for the reuse policy.
fn has_failed(status: i32) -> bool {
    matches!(
        Status::try_from(status).unwrap_or_default(),
        Status::Failed | Status::Canceled | Status::Terminated | Status::TimedOut
    )
}

fn already_started(current: &Current, message: String) -> Refusal {
    Refusal::WorkflowExecutionAlreadyStarted {
        message,
        start_request_id: current.create_request_id.clone(),
        run_id: current.run_id.to_string(),
        first_execution_run_id: current.first_run_id.clone(),
    }
}
