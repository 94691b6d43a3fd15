//! Activities: started for a poll, and what their workers say of them, by token or by id.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    activity::{Attempt, Said},
    ids::{ExecutionKey, Kind, NamespaceId, RunId},
    run::{ActivityEnd, ActivityRef, ActivityStart, Reply, What},
};
use longhaul_proto::api::{failure::v1::Failure, workflowservice::v1 as api};
use longhaul_runtime::peers::{ActivityTaskStarted, AddTask, Caller, PeerError, RecordActivityTaskStarted};

use super::{
    activity_execution::{self, Named},
    target,
};
use crate::{
    cell::{Target, Turn},
    history::Room,
    poll_answer, token,
};

/// Starts an attempt of an activity for a poll.
///
/// # Errors
/// `NotFound` if the run is gone or over.
pub async fn started(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: RecordActivityTaskStarted,
) -> Result<ActivityTaskStarted, PeerError> {
    if request.scheduled_event_id == 0 {
        return activity_execution::started(room, caller, namespace, request).await;
    }
    let (key, run) = target(namespace, Some(&request.execution))?;
    let shard = room.shard(&key)?;
    let name = caller.namespace.clone();
    let answer = shard
        .ask(key, run, move |turn| {
            let start = ActivityStart {
                scheduled_event_id: request.scheduled_event_id,
                attempt: request.attempt,
                stamp: request.stamp,
                request_id: request.request_id,
                poll: request.poll.into(),
            };
            decide_start(turn, start, &name)
        })
        .await?;
    Ok(ActivityTaskStarted { answer })
}

/// The start of a task for a poll that was kept for it.
pub fn start_of(
    task: &AddTask,
    request_id: String,
    poll: Arc<api::PollActivityTaskQueueRequest>,
) -> ActivityStart {
    ActivityStart {
        scheduled_event_id: task.scheduled_event_id,
        attempt: task.attempt,
        stamp: task.stamp,
        request_id,
        poll,
    }
}

/// Starts the attempt; `None` if the task is stale.
///
/// # Errors
/// `NotFound` if the run is gone or over.
pub fn decide_start(
    turn: &mut Turn<'_>,
    start: ActivityStart,
    namespace: &str,
) -> Result<Option<api::PollActivityTaskQueueResponse>, Refusal> {
    let scheduled_event_id = start.scheduled_event_id;
    match turn.step(What::ActivityStarted(start))? {
        Reply::ActivityTask => {
            Ok(poll_answer::activity_task(&turn.loaded()?.run, namespace, scheduled_event_id))
        }
        _ => Ok(None),
    }
}

/// Which activity somebody means: one of a run, or one that stands alone.
enum Meant {
    OfRun { key: ExecutionKey, run: Target, activity: ActivityRef },
    Alone(Named, Attempt),
}

impl Meant {
    fn by_token(bytes: &[u8]) -> Result<Self, Refusal> {
        let token = token::read(bytes)?;
        if token.execution.kind == Kind::Activity {
            let (namespace, id) = (token.execution.namespace, token.execution.id.to_string());
            let named = Named::new(namespace, id, &token.fields.run_id)?;
            return Ok(Self::Alone(named, Attempt::Task(token.fields.version)));
        }
        let activity = ActivityRef::Token {
            scheduled_event_id: token.fields.scheduled_event_id,
            attempt: token.fields.attempt,
        };
        Ok(Self::OfRun { key: token.execution, run: Target::Run(token.run), activity })
    }

    fn by_id(
        namespace: NamespaceId,
        workflow_id: &str,
        run_id: &str,
        activity_id: &str,
    ) -> Result<Self, Refusal> {
        if workflow_id.is_empty() {
            let named = Named::new(namespace, activity_id.to_owned(), run_id)?;
            return Ok(Self::Alone(named, Attempt::Current));
        }
        let run = if run_id.is_empty() {
            Target::Current
        } else {
            Target::Run(RunId::parse(run_id).ok_or_else(|| Refusal::invalid("Invalid RunId."))?)
        };
        Ok(Self::OfRun {
            key: ExecutionKey::workflow(namespace, workflow_id),
            run,
            activity: ActivityRef::Id(activity_id.to_owned()),
        })
    }

    /// Makes whoever has the activity hear what is said of it.
    async fn tell(self, room: &Arc<Room>, identity: String, said: Said) -> Result<Reply, PeerError> {
        let (key, run, activity) = match self {
            Self::Alone(named, attempt) => return named.tell(room, attempt, identity, said).await,
            Self::OfRun { key, run, activity } => (key, run, activity),
        };
        let what = match said {
            Said::Heartbeat(outcome) => What::ActivityHeartbeat(ActivityEnd { activity, identity, outcome }),
            Said::Completed(outcome) => What::ActivityCompleted(ActivityEnd { activity, identity, outcome }),
            Said::Failed(failure, details) => {
                What::ActivityFailed(ActivityEnd { activity, identity, outcome: (failure, details) })
            }
            Said::Canceled(outcome) => What::ActivityCanceled(ActivityEnd { activity, identity, outcome }),
        };
        let shard = room.shard(&key)?;
        shard.ask(key, run, move |turn| turn.step(what)).await
    }
}

/// The answer to a heartbeat.
fn heartbeat_reply(reply: Reply) -> api::RecordActivityTaskHeartbeatResponse {
    match reply {
        Reply::Heartbeat(response) => response,
        _ => api::RecordActivityTaskHeartbeatResponse::default(),
    }
}

/// An activity reports that it is alive.
///
/// # Errors
/// `NotFound` if the attempt is over.
pub async fn heartbeat(
    room: &Arc<Room>,
    request: api::RecordActivityTaskHeartbeatRequest,
) -> Result<api::RecordActivityTaskHeartbeatResponse, PeerError> {
    let meant = Meant::by_token(&request.task_token)?;
    meant.tell(room, request.identity, Said::Heartbeat(request.details)).await.map(heartbeat_reply)
}

/// An activity reports that it is alive, by id.
///
/// # Errors
/// `NotFound` if there is no such activity.
pub async fn heartbeat_by_id(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::RecordActivityTaskHeartbeatByIdRequest,
) -> Result<api::RecordActivityTaskHeartbeatByIdResponse, PeerError> {
    let meant = Meant::by_id(namespace, &request.workflow_id, &request.run_id, &request.activity_id)?;
    let reply = meant.tell(room, request.identity, Said::Heartbeat(request.details)).await?;
    let response = heartbeat_reply(reply);
    Ok(api::RecordActivityTaskHeartbeatByIdResponse {
        cancel_requested: response.cancel_requested,
        activity_paused: response.activity_paused,
        activity_reset: response.activity_reset,
    })
}

/// An activity has completed.
///
/// # Errors
/// `NotFound` if the attempt is over.
pub async fn completed(
    room: &Arc<Room>,
    request: api::RespondActivityTaskCompletedRequest,
) -> Result<api::RespondActivityTaskCompletedResponse, PeerError> {
    let meant = Meant::by_token(&request.task_token)?;
    meant.tell(room, request.identity, Said::Completed(request.result)).await?;
    Ok(api::RespondActivityTaskCompletedResponse {})
}

/// An activity has completed, by id.
///
/// # Errors
/// `NotFound` if there is no such activity.
pub async fn completed_by_id(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::RespondActivityTaskCompletedByIdRequest,
) -> Result<api::RespondActivityTaskCompletedByIdResponse, PeerError> {
    let meant = Meant::by_id(namespace, &request.workflow_id, &request.run_id, &request.activity_id)?;
    meant.tell(room, request.identity, Said::Completed(request.result)).await?;
    Ok(api::RespondActivityTaskCompletedByIdResponse {})
}

/// The failure taken in the place of one that was too large.
fn replaced(reply: Reply) -> Vec<Failure> {
    match reply {
        Reply::FailureReplaced(failure) => vec![*failure],
        _ => Vec::new(),
    }
}

/// An attempt of an activity has failed.
///
/// # Errors
/// `NotFound` if the attempt is over.
pub async fn failed(
    room: &Arc<Room>,
    request: api::RespondActivityTaskFailedRequest,
) -> Result<api::RespondActivityTaskFailedResponse, PeerError> {
    let meant = Meant::by_token(&request.task_token)?;
    let said = Said::Failed(request.failure, request.last_heartbeat_details);
    let reply = meant.tell(room, request.identity, said).await?;
    Ok(api::RespondActivityTaskFailedResponse { failures: replaced(reply) })
}

/// An attempt of an activity has failed, by id.
///
/// # Errors
/// `NotFound` if there is no such activity.
pub async fn failed_by_id(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::RespondActivityTaskFailedByIdRequest,
) -> Result<api::RespondActivityTaskFailedByIdResponse, PeerError> {
    let meant = Meant::by_id(namespace, &request.workflow_id, &request.run_id, &request.activity_id)?;
    let said = Said::Failed(request.failure, request.last_heartbeat_details);
    let reply = meant.tell(room, request.identity, said).await?;
    Ok(api::RespondActivityTaskFailedByIdResponse { failures: replaced(reply) })
}

/// An activity has ended because it was asked to cancel.
///
/// # Errors
/// `NotFound` if the attempt is over, `InvalidArgument` if nobody asked it to cancel.
pub async fn canceled(
    room: &Arc<Room>,
    request: api::RespondActivityTaskCanceledRequest,
) -> Result<api::RespondActivityTaskCanceledResponse, PeerError> {
    let meant = Meant::by_token(&request.task_token)?;
    meant.tell(room, request.identity, Said::Canceled(request.details)).await?;
    Ok(api::RespondActivityTaskCanceledResponse {})
}

/// An activity has ended because it was asked to cancel, by id.
///
/// # Errors
/// `NotFound` if there is no such activity, `InvalidArgument` if nobody asked it to cancel.
pub async fn canceled_by_id(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: api::RespondActivityTaskCanceledByIdRequest,
) -> Result<api::RespondActivityTaskCanceledByIdResponse, PeerError> {
    let meant = Meant::by_id(namespace, &request.workflow_id, &request.run_id, &request.activity_id)?;
    meant.tell(room, request.identity, Said::Canceled(request.details)).await?;
    Ok(api::RespondActivityTaskCanceledByIdResponse {})
}
