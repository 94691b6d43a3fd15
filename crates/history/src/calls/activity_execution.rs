//! Calls about standalone activities: started, described, polled for their outcome, canceled, terminated and deleted by
//! clients; their tasks taken and reported on by workers.
//!
//! A long poll listens to every commit of the activity, looks, and listens again until there is something to tell or its
//! time is up; then its answer is empty, and the client asks again.

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    activity::{Asked, Attempt, Execution, Included, Input, Operation, Reply, Said, StartVerdict, Started},
    codec,
    hosted::Hosted as _,
    ids::{ExecutionKey, Kind, NamespaceId, RunId},
    run,
};
use longhaul_proto::api::{
    activity::v1::ActivityOptions,
    common::v1::{Link, link},
    workflowservice::v1::{
        DescribeActivityExecutionRequest, DescribeActivityExecutionResponse, PollActivityExecutionRequest,
        PollActivityExecutionResponse, StartActivityExecutionRequest, StartActivityExecutionResponse,
    },
};
use longhaul_runtime::peers::{
    ActivityTaskStarted, Caller, HistoryAnswer as A, HistoryCall as C, PeerError, RecordActivityTaskStarted,
};

use crate::{
    cell::{Target, Turn},
    history::Room,
    hosted::Cell,
    token,
};

type Moment<'a> = Turn<'a, Cell<Execution>>;

/// Time that a client needs to hear an answer before it stops listening, in nanoseconds.
const HEARING: i64 = 1_000_000_000;

/// Answers the calls of clients.
///
/// # Errors
/// Those of the call.
pub async fn answer(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    call: C,
) -> Result<A, PeerError> {
    Ok(match call {
        C::StartActivityExecution(request) => {
            A::StartActivityExecution(start(room, caller, namespace, request).await?)
        }
        C::DescribeActivityExecution(request) => {
            A::DescribeActivityExecution(describe(room, caller, namespace, request).await?)
        }
        C::PollActivityExecution(request) => {
            A::PollActivityExecution(poll(room, caller, namespace, request).await?)
        }
        C::CancelActivityExecution(request) => {
            let asked =
                Asked { request_id: request.request_id, identity: request.identity, reason: request.reason };
            let named = Named::new(namespace, request.activity_id, &request.run_id)?;
            named.step(room, |turn| Input::Cancel(asked, turn.context.clone())).await?;
            A::CancelActivityExecution(Default::default())
        }
        C::TerminateActivityExecution(request) => {
            let asked =
                Asked { request_id: request.request_id, identity: request.identity, reason: request.reason };
            let named = Named::new(namespace, request.activity_id, &request.run_id)?;
            named.step(room, |turn| Input::Terminate(asked, turn.context.clone())).await?;
            A::TerminateActivityExecution(Default::default())
        }
        C::DeleteActivityExecution(request) => {
            let named = Named::new(namespace, request.activity_id, &request.run_id)?;
            named.step(room, |_| Input::Delete).await?;
            A::DeleteActivityExecution(Default::default())
        }
        _ => {
            return Err(Refusal::Unimplemented("this call is not available on this server yet".into()).into());
        }
    })
}

/// An activity that a request names.
pub struct Named {
    key: ExecutionKey,
    run: Target,
}

impl Named {
    /// Reads the names of a request.
    ///
    /// # Errors
    /// `InvalidArgument` if the run id is none.
    pub fn new(namespace: NamespaceId, id: String, run_id: &str) -> Result<Self, Refusal> {
        let run = if run_id.is_empty() {
            Target::Current
        } else {
            let invalid = || Refusal::invalid("invalid run id: must be a valid UUID");
            Target::Run(RunId::parse(run_id).ok_or_else(invalid)?)
        };
        Ok(Self { key: ExecutionKey { namespace, kind: Kind::Activity, id: id.into() }, run })
    }

    async fn ask<T: Send + 'static>(
        &self,
        room: &Arc<Room>,
        work: impl FnOnce(&mut Moment<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, PeerError> {
        let shard = room.shard(&self.key)?;
        shard.activities.ask(&shard, self.key.clone(), self.run, work).await
    }

    /// Makes the activity take an input.
    async fn step(
        &self,
        room: &Arc<Room>,
        input: impl FnOnce(&Moment<'_>) -> Input + Send + 'static,
    ) -> Result<Reply, PeerError> {
        let gone = self.gone();
        self.ask(room, move |turn| {
            let input = input(turn);
            turn.step(input)?.ok_or(gone)
        })
        .await
    }

    fn gone(&self) -> Refusal {
        Refusal::not_found(format!("activity not found for ID: {}", self.key.id))
    }

    /// Makes the activity hear what its worker says; answers as a run does.
    ///
    /// # Errors
    /// `NotFound` if the attempt is over.
    pub async fn tell(
        &self,
        room: &Arc<Room>,
        attempt: Attempt,
        identity: String,
        said: Said,
    ) -> Result<run::Reply, PeerError> {
        let reply =
            self.step(room, move |turn| Input::Said(attempt, identity, said, turn.context.clone())).await?;
        Ok(match reply {
            Reply::Heartbeat(told) => run::Reply::Heartbeat(told),
            Reply::FailureReplaced(failure) => run::Reply::FailureReplaced(failure),
            Reply::Done | Reply::Started | Reply::Stale => run::Reply::Done,
        })
    }

    /// Makes the activity carry out what an operator does; answers its options.
    ///
    /// # Errors
    /// `NotFound` if there is none, `FailedPrecondition` if it is in no state for that.
    pub async fn operate(
        &self,
        room: &Arc<Room>,
        operation: Operation,
        request_id: String,
    ) -> Result<ActivityOptions, PeerError> {
        let gone = self.gone();
        self.ask(room, move |turn| {
            let context = turn.context.clone();
            turn.step(Input::Operated { operation, request_id, context })?;
            turn.machine().map(|activity| activity.state.options.0.clone()).ok_or(gone)
        })
        .await
    }
}

/// Starts an activity, or finds the one that serves the request.
async fn start(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: StartActivityExecutionRequest,
) -> Result<StartActivityExecutionResponse, PeerError> {
    let activity_id = request.activity_id.clone();
    let named = Named::new(namespace, activity_id.clone(), "")?;
    let (run_id, started) = named
        .ask(room, move |turn| {
            if let Some(there) = turn.machine()
                && there.meets(&request)? == StartVerdict::Existing
            {
                return Ok((there.run.to_string(), false));
            }
            let activity = Execution::begin(request, namespace, turn.at, &mut turn.draw, turn.context)?;
            let run_id = activity.run.to_string();
            turn.begin(activity);
            Ok((run_id, true))
        })
        .await?;
    let link = link::Activity { namespace: caller.namespace.clone(), activity_id, run_id: run_id.clone() };
    Ok(StartActivityExecutionResponse {
        run_id,
        started,
        link: Some(Link { variant: Some(link::Variant::Activity(link)) }),
    })
}

/// What a long poll has seen: encoded, the token of the next one.
#[derive(minicbor::Encode, minicbor::Decode)]
struct Seen {
    #[n(0)]
    run: RunId,
    #[n(1)]
    transitions: i64,
}

async fn describe(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: DescribeActivityExecutionRequest,
) -> Result<DescribeActivityExecutionResponse, PeerError> {
    let named = Named::new(namespace, request.activity_id, &request.run_id)?;
    let included = Included {
        input: request.include_input,
        outcome: request.include_outcome,
        heartbeat_details: request.include_heartbeat_details,
        last_failure: request.include_last_failure,
    };
    let seen: Option<Seen> = match &request.long_poll_token[..] {
        [] => None,
        token => Some(codec::decode(token).map_err(|_| Refusal::invalid("invalid long poll token"))?),
    };
    named
        .wait(room, caller, move |activity| {
            let transitions = activity.state.transitions;
            if seen.as_ref().is_some_and(|seen| seen.run == activity.run && seen.transitions >= transitions) {
                return None;
            }
            let mut answer = activity.describe(included);
            answer.long_poll_token = codec::encode(&Seen { run: activity.run, transitions }).into();
            Some(answer)
        })
        .await
        .map(Option::unwrap_or_default)
}

async fn poll(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: PollActivityExecutionRequest,
) -> Result<PollActivityExecutionResponse, PeerError> {
    let named = Named::new(namespace, request.activity_id, &request.run_id)?;
    let answer = named
        .wait(room, caller, |activity| {
            activity.outcome().map(|outcome| PollActivityExecutionResponse {
                run_id: activity.run.to_string(),
                outcome: Some(outcome),
            })
        })
        .await?;
    Ok(answer.unwrap_or_default())
}

impl Named {
    /// Looks at the activity after each of its commits until `look` has something to tell, or the time is up.
    async fn wait<T: Send + 'static>(
        mut self,
        room: &Arc<Room>,
        caller: &Caller,
        look: impl Fn(&Execution) -> Option<T> + Send + Sync + 'static,
    ) -> Result<Option<T>, PeerError> {
        let clock = &room.host.clock;
        let patience = clock.now() + i64::try_from(room.settings.history_wait.as_nanos()).unwrap_or(i64::MAX);
        let until = caller.deadline.map_or(patience, |deadline| patience.min(deadline - HEARING));
        let look = Arc::new(look);
        let shard = room.shard(&self.key)?;
        loop {
            let mut news = shard.activities.listen(&shard, self.key.clone());
            news.mark_unchanged();
            let (gone, looked) = (self.gone(), look.clone());
            let (run, told) = self
                .ask(room, move |turn| {
                    let activity = turn.machine().ok_or(gone)?;
                    Ok((activity.run, looked(activity)))
                })
                .await?;
            if told.is_some() {
                return Ok(told);
            }
            // What is waited for is this run, whatever becomes of the id.
            self.run = Target::Run(run);
            let left = until - clock.now();
            if left <= 0 {
                return Ok(None);
            }
            let left = std::time::Duration::from_nanos(u64::try_from(left).unwrap_or(0));
            tokio::select! {
                changed = news.changed() => {
                    if changed.is_err() {
                        return Ok(None);
                    }
                }
                () = clock.sleep(left) => return Ok(None),
            }
        }
    }
}

/// Starts the attempt for a poll.
///
/// # Errors
/// `NotFound` if the activity is gone.
pub async fn started(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: RecordActivityTaskStarted,
) -> Result<ActivityTaskStarted, PeerError> {
    let execution = request.execution;
    let named = Named::new(namespace, execution.workflow_id, &execution.run_id)?;
    let start = Started {
        number: i64::from(request.stamp),
        request_id: request.request_id,
        identity: request.poll.identity,
        sdk: (caller.client_name.clone(), caller.client_version.clone()),
    };
    let name = caller.namespace.clone();
    let gone = named.gone();
    let answer = named
        .ask(room, move |turn| {
            if turn.step(Input::Started(start))?.ok_or(gone)? != Reply::Started {
                return Ok(None);
            }
            Ok(turn.machine().and_then(|activity| {
                let mut answer = activity.task(&name)?;
                let number = activity.state.dispatch;
                answer.task_token = token::standalone(&activity.key(), number, activity.state.attempt).into();
                Some(answer)
            }))
        })
        .await?;
    Ok(ActivityTaskStarted { answer })
}
