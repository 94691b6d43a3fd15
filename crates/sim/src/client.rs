//! Clients: start workflows and signal, update, query, cancel, reset and terminate them. Whatever is unclear they ask again with the
//! same request id, as SDKs do.

mod plans;
mod resets;
mod shares;
mod updates;
mod versions;

use std::time::Duration;

use longhaul_kernel::time::to_proto;
use longhaul_proto::api::{
    common::v1::{Priority, WorkflowExecution, WorkflowType},
    enums::v1::{QueryRejectCondition, WorkflowIdConflictPolicy as Conflict, WorkflowIdReusePolicy as Reuse},
    query::v1::WorkflowQuery,
    taskqueue::v1::TaskQueue,
    workflowservice::v1::{
        QueryWorkflowRequest, RequestCancelWorkflowExecutionRequest, SignalWithStartWorkflowExecutionRequest,
        SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
    },
};

use crate::{
    book::SignalSent,
    dice::Dice,
    line::{Line, Said},
    player::{payloads, value},
    script::{Chain, End, Script},
    world::{NAMESPACE_NAME, WORKFLOWS},
};

pub(crate) use plans::plan;
pub(crate) use shares::fill;
pub(crate) use versions::{PINNED, deploy, start_versioned};

/// How often a client asks before it gives up; beyond the end of any trouble.
const TRIES: u32 = 2000;

/// One client, who cares for one workflow id.
struct Client {
    line: Line,
    dice: Dice,
    workflow_id: String,
}

/// Begins to act as a client of `workflow_id`; `others` are executions that its workflow may write to.
pub(crate) fn act(line: &Line, workflow_id: &str, others: &[String]) {
    let client = Client {
        line: line.clone(),
        dice: line.world.dice(&format!("client of {workflow_id}")),
        workflow_id: workflow_id.into(),
    };
    let others = others.to_vec();
    line.world.enter();
    line.world.tasks.spawn("client", async move {
        client.live(&others).await;
        client.line.world.leave();
    });
}

impl Client {
    async fn live(&self, others: &[String]) {
        for _ in 0..self.dice.between(1, 2) {
            self.line.world.clock.sleep(self.dice.millis(0, 20_000)).await;
            let script = Script::draw(&self.dice, 2, others);
            let awaited = usize::try_from(self.dice.below(3)).unwrap_or_default();
            // Signals are sent to the first run, so only that one may wait for them, and nobody else may end it.
            let chain = Chain::draw(&self.dice);
            let is_alone = !matches!(script.end, End::ContinueAsNew(_)) && matches!(chain, Chain::Single);
            let waits = awaited > 0 && is_alone;
            let script = if waits { script.awaiting(awaited) } else { script };
            let Some(run_id) = self.start(&script, &chain).await else { continue };
            for _ in 0..awaited {
                self.pause().await;
                self.signal(Some(&run_id)).await;
            }
            self.meddle(&run_id).await;
        }
    }

    /// Whatever else clients do.
    async fn meddle(&self, run_id: &str) {
        for _ in 0..self.dice.below(6) {
            self.pause().await;
            match self.dice.below(16) {
                0..=3 => self.signal(None).await,
                4..=6 => self.query(run_id).await,
                7 | 8 => self.update(run_id).await,
                9..=11 => self.update("").await,
                12 | 13 => self.reset(run_id).await,
                14 => self.cancel(run_id).await,
                _ => self.terminate(run_id).await,
            }
        }
    }

    async fn pause(&self) {
        self.line.world.clock.sleep(self.dice.millis(0, 6000)).await;
    }

    fn execution(&self, run_id: &str) -> Option<WorkflowExecution> {
        Some(WorkflowExecution { workflow_id: self.workflow_id.clone(), run_id: run_id.into() })
    }

    /// Starts the workflow and answers its run.
    async fn start(&self, script: &Script, chain: &Chain) -> Option<String> {
        let world = &self.line.world;
        let request_id = self.dice.name("start");
        let request = StartWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            workflow_id: self.workflow_id.clone(),
            workflow_type: Some(WorkflowType { name: "script".into() }),
            task_queue: Some(TaskQueue { name: WORKFLOWS.into(), ..Default::default() }),
            input: Some(payloads(script)),
            request_id: request_id.clone(),
            workflow_id_reuse_policy: Reuse::AllowDuplicate as i32,
            workflow_id_conflict_policy: *self.dice.pick(&[
                Conflict::Fail as i32,
                Conflict::UseExisting as i32,
                Conflict::TerminateExisting as i32,
            ]),
            // A repeated start may come late and make a run that waits for signals nobody sends.
            workflow_run_timeout: Some(to_proto(Duration::from_secs(*self.dice.pick(&[30, 600, 600, 600])))),
            workflow_execution_timeout: chain.execution_timeout(),
            retry_policy: chain.retry_policy(),
            cron_schedule: chain.cron_schedule(),
            priority: Some(self.priority()),
            ..Default::default()
        };
        let run_id = if self.dice.chance(250) {
            self.start_with_signal(request).await?
        } else if self.dice.chance(250) {
            self.start_with_update(request).await?
        } else {
            match self.line.insist(&self.dice, TRIES, request).await {
                Said::Yes(answer) => answer.run_id,
                Said::No(_) | Said::Unclear => return None,
            }
        };
        world.say(format_args!("client of {} was told of run {run_id}", self.workflow_id));
        let mut book = world.book.lock();
        book.start_ids.insert(request_id.clone(), self.workflow_id.clone());
        book.starts.entry(request_id).or_default().insert(run_id.clone());
        Some(run_id)
    }

    /// Its urgency and its share, drawn from dice of their own.
    fn priority(&self) -> Priority {
        let dice = self.line.world.dice(&format!("priority of {}", self.workflow_id));
        Priority {
            priority_key: *dice.pick(&[0, 0, 1, 5]),
            fairness_key: (*dice.pick(&["", "a", "b", "c"])).into(),
            fairness_weight: *dice.pick(&[0.0, 0.5, 7.0]),
        }
    }

    async fn start_with_signal(&self, start: StartWorkflowExecutionRequest) -> Option<String> {
        let name = self.dice.name("signal");
        let request = SignalWithStartWorkflowExecutionRequest {
            namespace: start.namespace,
            workflow_id: start.workflow_id,
            workflow_type: start.workflow_type,
            task_queue: start.task_queue,
            input: start.input,
            request_id: start.request_id,
            workflow_run_timeout: start.workflow_run_timeout,
            workflow_execution_timeout: start.workflow_execution_timeout,
            retry_policy: start.retry_policy,
            cron_schedule: start.cron_schedule,
            priority: start.priority,
            workflow_id_reuse_policy: start.workflow_id_reuse_policy,
            workflow_id_conflict_policy: Conflict::UseExisting as i32,
            signal_name: name.clone(),
            ..Default::default()
        };
        let answer = self.line.insist(&self.dice, TRIES, request).await;
        let Said::Yes(answer) = answer else { return None };
        self.line.world.book.lock().signals.push(SignalSent {
            workflow_id: self.workflow_id.clone(),
            // An earlier try may have signalled a run that was over when the last one started another.
            run_id: None,
            name,
            is_acknowledged: true,
        });
        Some(answer.run_id)
    }

    async fn signal(&self, run_id: Option<&str>) {
        let name = self.dice.name("signal");
        let request = SignalWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            workflow_execution: self.execution(run_id.unwrap_or_default()),
            signal_name: name.clone(),
            request_id: self.dice.name("request"),
            ..Default::default()
        };
        let said = self.line.insist(&self.dice, TRIES, request).await;
        let is_acknowledged = matches!(said, Said::Yes(_));
        self.line.world.say(format_args!("signal {name} to {}: {is_acknowledged}", self.workflow_id));
        self.line.world.book.lock().signals.push(SignalSent {
            workflow_id: self.workflow_id.clone(),
            run_id: run_id.map(Into::into),
            name,
            is_acknowledged,
        });
    }

    /// Asks how many signals the run has seen: at least those that were acknowledged before.
    async fn query(&self, run_id: &str) {
        let world = &self.line.world;
        let expected = world.book.lock().signals_of(run_id);
        let request = QueryWorkflowRequest {
            namespace: NAMESPACE_NAME.into(),
            execution: self.execution(run_id),
            query: Some(WorkflowQuery { query_type: "signals".into(), ..Default::default() }),
            query_reject_condition: QueryRejectCondition::NotOpen as i32,
        };
        for _ in 0..3 {
            if let Ok(answer) = self.line.ask(8, request.clone()).await {
                world.book.lock().queries += 1;
                let seen: Option<usize> = value(answer.query_result.as_ref());
                world.say(format_args!("query of {run_id}: {seen:?}, at least {expected}"));
                let is_open = world.ledger.lock().open_runs().iter().any(|run| run.run.to_string() == run_id);
                if answer.query_rejected.is_none() && is_open && seen.is_none_or(|seen| seen < expected) {
                    world.accuse(format!("a query of {run_id} saw {seen:?} signals of {expected}"));
                }
                return;
            }
            world.clock.sleep(self.dice.millis(50, 1000)).await;
        }
    }

    async fn cancel(&self, run_id: &str) {
        let request = RequestCancelWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            workflow_execution: self.execution(run_id),
            request_id: self.dice.name("cancel"),
            ..Default::default()
        };
        if let Said::Yes(_) = self.line.insist(&self.dice, TRIES, request).await {
            let now = self.line.world.clock.now();
            self.line.world.book.lock().canceled.push((run_id.into(), now));
        }
    }

    async fn terminate(&self, run_id: &str) {
        let request = TerminateWorkflowExecutionRequest {
            namespace: NAMESPACE_NAME.into(),
            workflow_execution: self.execution(run_id),
            reason: "a client wanted it".into(),
            ..Default::default()
        };
        if let Said::Yes(_) = self.line.insist(&self.dice, TRIES, request).await {
            self.line.world.book.lock().terminated.push(run_id.into());
        }
    }
}
