//! Calls of clients about standalone Nexus operations.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, Kind, NamespaceId, RunId},
    operation::{Asked, Input, Operation, What},
    time::Timestamp,
};
use longhaul_proto::api::{
    enums::v1::{
        NexusOperationExecutionStatus as Status, NexusOperationIdConflictPolicy as Conflict,
        NexusOperationIdReusePolicy as Reuse,
    },
    workflowservice::v1::{
        DeleteNexusOperationExecutionRequest, DescribeNexusOperationExecutionRequest,
        DescribeNexusOperationExecutionResponse, PollNexusOperationExecutionRequest,
        PollNexusOperationExecutionResponse, RequestCancelNexusOperationExecutionRequest,
        StartNexusOperationExecutionRequest, StartNexusOperationExecutionResponse,
        TerminateNexusOperationExecutionRequest,
    },
};
use longhaul_runtime::peers::{Caller, PeerError};

use crate::{
    cell::{Target, Turn},
    history::Room,
    hosted::Cell,
};

type Moment<'a> = Turn<'a, Cell<Operation>>;

/// Starts an operation. The same request id finds the same operation, and so does a policy that says so.
///
/// # Errors
/// `NexusOperationExecutionAlreadyStarted` if the policies do not allow another one, `NotFound` without an endpoint.
pub async fn start(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: StartNexusOperationExecutionRequest,
) -> Result<StartNexusOperationExecutionResponse, PeerError> {
    let key = key(namespace, &request.operation_id);
    ask(room, key, Target::Current, move |turn| {
        if let Some(current) = turn.machine()
            && let Some(found) = served(current, &request)?
        {
            return Ok(StartNexusOperationExecutionResponse { run_id: found, started: false });
        }
        let endpoint = turn.context.endpoints.named(&request.endpoint).ok_or_else(|| {
            Refusal::not_found(format!("could not find Nexus endpoint by name: {}", request.endpoint))
        })?;
        let endpoint_id = endpoint.id.clone();
        let operation = Operation::begin(namespace, request, endpoint_id, turn.at, &mut turn.draw);
        let run_id = operation.run.to_string();
        turn.begin(operation);
        Ok(StartNexusOperationExecutionResponse { run_id, started: true })
    })
    .await
}

/// The run that serves a start although it was there before; `None` if another one is to be made.
fn served(
    current: &Operation,
    request: &StartNexusOperationExecutionRequest,
) -> Result<Option<String>, Refusal> {
    let run_id = current.run.to_string();
    if current.request.request_id == request.request_id {
        return Ok(Some(run_id));
    }
    let succeeded = current.status() == Status::Completed;
    let may_follow = match request.id_reuse_policy() {
        Reuse::RejectDuplicate => false,
        Reuse::AllowDuplicateFailedOnly => !succeeded,
        Reuse::Unspecified | Reuse::AllowDuplicate => true,
    };
    if current.is_closed() {
        if may_follow {
            return Ok(None);
        }
    } else if request.id_conflict_policy() == Conflict::UseExisting {
        return Ok(Some(run_id));
    }
    let start_request_id = current.request.request_id.clone();
    Err(Refusal::NexusOperationExecutionAlreadyStarted {
        message: format!(
            "nexus operation execution already started: request_id={start_request_id}, run_id={run_id}"
        ),
        start_request_id,
        run_id,
    })
}

/// Describes an operation, at once or when it has changed since the client saw it.
///
/// # Errors
/// `NotFound`.
pub async fn describe(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: DescribeNexusOperationExecutionRequest,
) -> Result<DescribeNexusOperationExecutionResponse, PeerError> {
    let seen = request.long_poll_token.clone();
    if !seen.is_empty() && seen.len() != LONG_POLL_TOKEN_BYTES {
        return Err(Refusal::invalid("invalid long poll token").into());
    }
    let (id, run_id) = (request.operation_id.clone(), request.run_id.clone());
    let answer = wait(room, caller, namespace, &id, &run_id, move |operation, now| {
        (seen != operation.long_poll_token()).then(|| operation.describe(&request, now))
    });
    Ok(answer.await?.unwrap_or_default())
}

/// Waits for an operation to come to a stage; nothing if that takes longer than its caller waits.
///
/// # Errors
/// `NotFound`.
pub async fn poll(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: PollNexusOperationExecutionRequest,
) -> Result<PollNexusOperationExecutionResponse, PeerError> {
    let stage = request.wait_stage();
    let answer =
        wait(room, caller, namespace, &request.operation_id, &request.run_id, move |operation, _| {
            operation.poll(stage)
        });
    Ok(answer.await?.unwrap_or_default())
}

/// Asks for the cancellation of an operation.
///
/// # Errors
/// `NotFound`; `FailedPrecondition` if it is over, or if another request asked before.
pub async fn request_cancel(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: RequestCancelNexusOperationExecutionRequest,
) -> Result<(), PeerError> {
    let asked = Asked { request_id: request.request_id, identity: request.identity, reason: request.reason };
    tell(room, namespace, request.operation_id, &request.run_id, What::RequestCancel(asked)).await
}

/// Ends an operation.
///
/// # Errors
/// `NotFound`; `FailedPrecondition` if it is over.
pub async fn terminate(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: TerminateNexusOperationExecutionRequest,
) -> Result<(), PeerError> {
    let asked = Asked { request_id: request.request_id, identity: request.identity, reason: request.reason };
    tell(room, namespace, request.operation_id, &request.run_id, What::Terminate(asked)).await
}

/// Removes an operation.
///
/// # Errors
/// `NotFound`.
pub async fn delete(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: DeleteNexusOperationExecutionRequest,
) -> Result<(), PeerError> {
    tell(room, namespace, request.operation_id, &request.run_id, What::Delete).await
}

/// Tells an operation something.
///
/// # Errors
/// `NotFound`, and what the operation refuses.
pub async fn tell(
    room: &Arc<Room>,
    namespace: NamespaceId,
    id: String,
    run_id: &str,
    what: What,
) -> Result<(), PeerError> {
    let target = target(run_id)?;
    ask(room, key(namespace, &id), target, move |turn| {
        found(turn, &id)?;
        let input = Input { context: turn.context.clone(), what };
        turn.step(input).map(|_| ())
    })
    .await
}

/// Looks at an operation until `look` has an answer, or the caller's time is up.
async fn wait<T: Send + 'static>(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    id: &str,
    run_id: &str,
    look: impl Fn(&Operation, Timestamp) -> Option<T> + Clone + Send + 'static,
) -> Result<Option<T>, PeerError> {
    let (key, target) = (key(namespace, id), target(run_id)?);
    let shard = room.shard(&key)?;
    let mut commits = shard.operations.listen(&shard, key.clone());
    let clock = &room.host.clock;
    let longest = clock.now() + room.live.general().history_wait.as_nanos() as i64;
    // The answer has to be on its way before the caller gives up.
    let until = caller.deadline.map_or(longest, |deadline| longest.min(deadline - WAIT_MARGIN_NANOS));
    loop {
        commits.borrow_and_update();
        let (look, id) = (look.clone(), id.to_owned());
        let looked = shard
            .operations
            .ask(&shard, key.clone(), target, move |turn: &mut Moment<'_>| {
                let now = turn.at;
                Ok(look(found(turn, &id)?, now))
            })
            .await?;
        if looked.is_some() {
            return Ok(looked);
        }
        tokio::select! {
            changed = commits.changed() => {
                if changed.is_err() {
                    return Ok(None);
                }
            }
            () = clock.wait_until(until) => return Ok(None),
        }
    }
}

/// Bytes of the token of a description.
const LONG_POLL_TOKEN_BYTES: usize = 24;

/// How long before its deadline a caller that waits is answered.
const WAIT_MARGIN_NANOS: i64 = 1_000_000_000;

fn found<'t>(turn: &'t Moment<'_>, id: &str) -> Result<&'t Operation, Refusal> {
    turn.machine().ok_or_else(|| Refusal::not_found(format!("operation not found for ID: {id}")))
}

fn key(namespace: NamespaceId, id: &str) -> ExecutionKey {
    ExecutionKey { namespace, kind: Kind::NexusOperation, id: id.into() }
}

fn target(run_id: &str) -> Result<Target, Refusal> {
    if run_id.is_empty() {
        return Ok(Target::Current);
    }
    let run = RunId::parse(run_id).ok_or_else(|| Refusal::invalid("run_id is not a valid UUID"))?;
    Ok(Target::Run(run))
}

async fn ask<T, F>(room: &Arc<Room>, key: ExecutionKey, target: Target, work: F) -> Result<T, PeerError>
where
    T: Send + 'static,
    F: FnOnce(&mut Moment<'_>) -> Result<T, Refusal> + Send + 'static,
{
    let shard = room.shard(&key)?;
    shard.operations.ask(&shard, key, target, work).await
}
