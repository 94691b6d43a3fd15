//! How a standalone activity begins, and what becomes of a start whose id is taken.

use longhaul_proto::api::{
    activity::v1::ActivityOptions,
    enums::v1::{ActivityExecutionStatus as Status, ActivityIdConflictPolicy, ActivityIdReusePolicy},
    taskqueue::v1::TaskQueue,
    workflowservice::v1::StartActivityExecutionRequest,
};

use super::{Execution, Phase, State};
use crate::{
    Refusal,
    activity::normalise,
    codec::Pb,
    context::Context,
    ids::{NamespaceId, RunId},
    machine::Draw,
    retry,
    time::{Timestamp, positive},
};

/// What becomes of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It begins another run.
    Begin,
    /// The run there is serves it.
    Existing,
}

impl Execution {
    /// Begins an activity.
    ///
    /// # Errors
    /// `InvalidArgument` for options that can't be.
    pub fn begin(
        mut request: StartActivityExecutionRequest,
        namespace: NamespaceId,
        at: Timestamp,
        draw: &mut Draw,
        context: &Context,
    ) -> Result<Self, Refusal> {
        if let Some(attributes) = &request.search_attributes {
            context.check_search_attributes(attributes)?;
        }
        let options = options_of(&request).map_err(Refusal::InvalidArgument)?;
        let due = at + positive(request.start_delay.as_ref()).unwrap_or_default();
        request.namespace = String::new();
        let mut state = State { options: Pb(options), attempt: 1, transitions: 1, ..State::default() };
        Self::scheduled(&mut state, due, at);
        state.was_dispatched = state.phase == Phase::Scheduled;
        Ok(Self {
            namespace,
            id: request.activity_id.clone(),
            run: RunId::from_bytes(draw.uuid()),
            start: Pb(request),
            started_at: at,
            state,
        })
    }

    /// The options that it was started with.
    pub(super) fn original_options(&self) -> ActivityOptions {
        // They were accepted once, so they can't be refused now.
        options_of(&self.start).unwrap_or_else(|_| self.state.options.0.clone())
    }

    /// Decides on a start that finds this run.
    ///
    /// # Errors
    /// `ActivityExecutionAlreadyStarted` if the policies do not allow it.
    pub fn meets(&self, request: &StartActivityExecutionRequest) -> Result<Verdict, Refusal> {
        if !request.request_id.is_empty() && request.request_id == self.start.request_id {
            return Ok(Verdict::Existing);
        }
        let verdict = match self.state.status() {
            Status::Running | Status::Paused | Status::Unspecified => (request.id_conflict_policy()
                == ActivityIdConflictPolicy::UseExisting)
                .then_some(Verdict::Existing),
            status => {
                let may_begin = match request.id_reuse_policy() {
                    ActivityIdReusePolicy::RejectDuplicate => false,
                    ActivityIdReusePolicy::AllowDuplicateFailedOnly => status != Status::Completed,
                    ActivityIdReusePolicy::Unspecified | ActivityIdReusePolicy::AllowDuplicate => true,
                };
                may_begin.then_some(Verdict::Begin)
            }
        };
        verdict.ok_or_else(|| Refusal::ActivityExecutionAlreadyStarted {
            message: "activity execution already started".into(),
            start_request_id: self.start.request_id.clone(),
            run_id: self.run.to_string(),
        })
    }
}

/// The options of a start, made to fit each other.
fn options_of(request: &StartActivityExecutionRequest) -> Result<ActivityOptions, String> {
    let name = request.task_queue.as_ref().map_or_else(String::new, |queue| queue.name.clone());
    let mut options = ActivityOptions {
        task_queue: Some(TaskQueue { name, kind: 1, normal_name: String::new() }),
        schedule_to_close_timeout: request.schedule_to_close_timeout,
        schedule_to_start_timeout: request.schedule_to_start_timeout,
        start_to_close_timeout: request.start_to_close_timeout,
        heartbeat_timeout: request.heartbeat_timeout,
        retry_policy: Some(retry::with_defaults(request.retry_policy.as_ref())),
        priority: request.priority.clone(),
        start_delay: request.start_delay,
    };
    let kind = request.activity_type.as_ref().map_or("", |kind| &kind.name);
    normalise(&mut options, None, &request.activity_id, kind)?;
    Ok(options)
}
