//! Calls between rooms, and between clients and rooms, over a wire that loses, delays and repeats. Planted faults of
//! dispatch and of tokens live here too.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::FutureExt;
use longhaul_proto::api::workflowservice::v1::RespondActivityTaskCompletedByIdRequest;
use longhaul_runtime::peers::{
    ActivityTaskStarted, AddTask, Answering, Caller, History, HistoryAnswer, HistoryCall, Matching,
    MatchingAnswer, MatchingCall, PeerError, QueueRoutes, RecordActivityTaskStarted, Reserved, TaskToken,
};
use parking_lot::Mutex;
use prost::Message;

use crate::{dice::Dice, plant::Plant, world::World};

/// A wire to a peer.
pub(crate) struct Wire<T: ?Sized> {
    world: Arc<World>,
    dice: Dice,
    planted: Dice,
    peer: Arc<T>,
    /// Activity tasks that were started, for the planted second dispatch.
    started: Mutex<BTreeMap<(String, i64, i32), ActivityTaskStarted>>,
}

impl<T: ?Sized> Wire<T> {
    /// A wire to `peer`; `name` tells its accidents from those of other wires.
    pub(crate) fn new(world: Arc<World>, name: &str, peer: Arc<T>) -> Arc<Self> {
        let dice = world.dice(name);
        let planted = world.dice(&format!("planted in {name}"));
        Arc::new(Self { world, dice, planted, peer, started: Mutex::default() })
    }

    async fn pass(&self) {
        let slow = self.dice.chance(self.world.faults.rates().wire_slow);
        let (low, high) = if slow { (20, 3000) } else { (0, 2) };
        let length = self.dice.millis(low, high);
        if !length.is_zero() {
            self.world.clock.sleep(length).await;
        }
    }

    /// Carries a call there and its answer back, or not.
    async fn carry<A, F>(&self, send: impl Fn() -> F + Send) -> Result<A, PeerError>
    where
        A: Send + 'static,
        F: Future<Output = Result<A, PeerError>> + Send + 'static,
    {
        self.pass().await;
        let rates = self.world.faults.rates();
        if self.dice.chance(rates.lost) {
            return Err(PeerError::Unknown("simulated: the call was lost".into()));
        }
        if self.dice.chance(rates.twice) {
            let repeated = send();
            let (clock, later) = (self.world.clock, self.dice.millis(0, 4000));
            self.world.tasks.spawn("repeated call", async move {
                clock.sleep(later).await;
                // Nobody waits for the answer of a repeated call.
                let _ = repeated.await;
            });
        }
        let answer = send().await;
        self.pass().await;
        if self.dice.chance(rates.unanswered) {
            return Err(PeerError::Unknown("simulated: the answer was lost".into()));
        }
        answer
    }
}

impl History for Wire<dyn History> {
    fn call(&self, caller: Caller, call: HistoryCall) -> Answering<'_, HistoryAnswer> {
        async move {
            if self.world.has(Plant::DoubleDispatch)
                && let HistoryCall::ActivityTaskStarted(record) = call
            {
                return self.start_again(caller, record).await;
            }
            let is_robbed = self.world.has(Plant::DroppedCallback);
            let is_signal =
                matches!(call, HistoryCall::Signal(_)) && self.world.has(Plant::StrippedRequestId);
            self.carry(move || {
                let (peer, caller) = (self.peer.clone(), caller.clone());
                let call = match call.clone() {
                    HistoryCall::Signal(mut signal) if is_signal => {
                        signal.request_id = self.planted.name("another");
                        HistoryCall::Signal(signal)
                    }
                    HistoryCall::ActivityCompleted(answer) if self.world.has(Plant::StaleToken) => {
                        HistoryCall::ActivityCompletedById(without_attempt(answer))
                    }
                    HistoryCall::Start(mut start) if is_robbed => {
                        start.completion_callbacks.clear();
                        HistoryCall::Start(start)
                    }
                    call => call,
                };
                async move { peer.call(caller, call).await }
            })
            .await
            .map(|answer| match answer {
                HistoryAnswer::ActivityCompletedById(_) if self.world.has(Plant::StaleToken) => {
                    HistoryAnswer::ActivityCompleted(Default::default())
                }
                answer => answer,
            })
        }
        .boxed()
    }
}

impl Wire<dyn History> {
    /// The planted second dispatch: a stale task is started once more.
    async fn start_again(
        &self,
        caller: Caller,
        record: RecordActivityTaskStarted,
    ) -> Result<HistoryAnswer, PeerError> {
        let task = (record.execution.run_id.clone(), record.scheduled_event_id, record.attempt);
        let answer = self.peer.call(caller, HistoryCall::ActivityTaskStarted(record)).await?;
        let HistoryAnswer::ActivityTaskStarted(started) = answer else { return Ok(answer) };
        let mut known = self.started.lock();
        let started = if started.answer.is_some() {
            known.insert(task, started.clone());
            started
        } else {
            known.get(&task).cloned().unwrap_or(started)
        };
        Ok(HistoryAnswer::ActivityTaskStarted(started))
    }
}

/// The same answer, for whatever attempt is under way.
fn without_attempt(
    answer: longhaul_proto::api::workflowservice::v1::RespondActivityTaskCompletedRequest,
) -> RespondActivityTaskCompletedByIdRequest {
    let token = TaskToken::decode(&answer.task_token[..]).unwrap_or_default();
    RespondActivityTaskCompletedByIdRequest {
        namespace: answer.namespace,
        workflow_id: token.workflow_id,
        run_id: token.run_id,
        activity_id: token.activity_id,
        result: answer.result,
        identity: answer.identity,
        ..Default::default()
    }
}

impl Wire<dyn Matching> {
    /// The planted confusion of versions and of keys.
    fn confuse(&self, mut call: MatchingCall) -> MatchingCall {
        match &mut call {
            MatchingCall::PollWorkflow(poll)
                if self.world.has(Plant::ConfusedVersion) && self.planted.chance(300) =>
            {
                if let Some(options) = &mut poll.deployment_options {
                    options.build_id = if options.build_id == "1" { "2".into() } else { "1".into() };
                }
            }
            MatchingCall::AddTask(task) if self.world.has(Plant::UnfairKeys) => task.priority = None,
            _ => {}
        }
        call
    }
}

impl Matching for Wire<dyn Matching> {
    fn call(&self, caller: Caller, call: MatchingCall) -> Answering<'_, MatchingAnswer> {
        async move {
            if self.world.has(Plant::DoubleDispatch)
                && let MatchingCall::AddTask(add) = &call
            {
                let (peer, caller, again) = (self.peer.clone(), caller.clone(), add.clone());
                self.world.tasks.spawn("planted", async move {
                    let _ = peer.call(caller, MatchingCall::AddTask(again)).await;
                });
            }
            let call = self.confuse(call);
            self.carry(move || {
                let (peer, caller, call) = (self.peer.clone(), caller.clone(), call.clone());
                async move { peer.call(caller, call).await }
            })
            .await
        }
        .boxed()
    }

    /// Routes are told within a process only, where nothing gets lost.
    fn route(&self, caller: &Caller, routes: QueueRoutes) {
        self.peer.route(caller, routes);
    }

    /// Polls are kept within a process only, so half of the time the peer counts as one of another process. What is
    /// said to a poll that was kept may be lost too.
    fn reserve(&self, caller: &Caller, task: &AddTask) -> Option<Reserved> {
        if self.world.has(Plant::DoubleDispatch) || self.dice.chance(500) {
            return None;
        }
        let kept = self.peer.reserve(caller, task)?;
        let is_lost = self.dice.chance(self.world.faults.rates().unanswered);
        let (request_id, poll) = (kept.request_id.clone(), kept.poll.clone());
        Some(Reserved::new(request_id, poll, move |answer| {
            if !is_lost {
                kept.serve(answer);
            }
        }))
    }
}
