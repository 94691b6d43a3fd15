//! Runs that are kept from going on: which there are, what is left of one, and letting it go on again.
//!
//! A rebuilt state is written in the place of the damaged one, in one commit, with the version behind that of the record
//! that is there: whoever has changed the run meanwhile is not overwritten. The entry of the list is taken away after
//! that; a crash in between leaves one that goes away by itself.

mod report;

use std::sync::Arc;

use longhaul_kernel::{
    Refusal,
    ids::{ExecutionKey, NamespaceId, RunId, RunKey},
    machine::Draw,
    run::Run,
    time::Timestamp,
};
use longhaul_runtime::peers::{PeerError, QuarantinedRun, ReportLine, RunAction, RunsAnswered, RunsAsked};
use longhaul_store::{CurrentWrite, StateWrite, VisibilityWrite};

use crate::{
    execution,
    history::Room,
    loaded::Loaded,
    machines,
    pending::{Origin, Steps},
    quarantine::{self, Aside},
    remains::{self, Remains},
    shard::Shard,
};

/// Runs told of in one answer.
const LISTED: usize = 1000;

/// Why a run was put aside, if nobody said.
const BY_HAND: &str = "it was put aside by an operator";

/// Answers an operator.
///
/// # Errors
/// `NotFound` if there is no such run; `FailedPrecondition` if it can't be done.
pub async fn answer(
    room: &Arc<Room>,
    namespace: NamespaceId,
    asked: RunsAsked,
) -> Result<RunsAnswered, PeerError> {
    let action = RunAction::try_from(asked.action)
        .map_err(|_| Refusal::invalid("this server does not know what is wanted"))?;
    if action == RunAction::List {
        let mut runs = room.quarantine.page(namespace, LISTED + 1);
        let more = runs.len() > LISTED;
        runs.truncate(LISTED);
        return Ok(RunsAnswered { runs: runs.into_iter().map(entry).collect(), more, lines: Vec::new() });
    }
    let execution = ExecutionKey::workflow(namespace, &asked.workflow_id);
    let shard = room.shard(&execution)?;
    let run = find(&shard, execution, &asked.run_id).await?;
    let lines = match action {
        RunAction::List => Vec::new(),
        RunAction::Inspect => report::lines(room.quarantine.get(&run).as_ref(), &read(&shard, run).await?),
        RunAction::Rebuild => rebuild(&shard, run).await?,
        RunAction::Quarantine => {
            read(&shard, run.clone()).await?;
            let reason = if asked.reason.is_empty() { BY_HAND.to_owned() } else { asked.reason };
            let since = Timestamp(room.host.clock.now());
            quarantine::put(room, Aside::new(&run, since, reason, true)).await?;
            done("quarantined", &run)
        }
        RunAction::Lift => {
            if room.quarantine.get(&run).is_none() {
                return Err(not_quarantined(&run));
            }
            go_on(&shard, &run).await?;
            done("goes on", &run)
        }
    };
    Ok(RunsAnswered { runs: Vec::new(), more: false, lines })
}

fn done(what: &str, run: &RunKey) -> Vec<ReportLine> {
    vec![ReportLine { name: what.into(), value: format!("{} {}", run.execution.id, run.run) }]
}

fn entry(aside: Aside) -> QuarantinedRun {
    let run = aside.key();
    QuarantinedRun {
        kind: quarantine::word(run.execution.kind).into(),
        id: run.execution.id.to_string(),
        run_id: run.run.to_string(),
        since: aside.since.to_proto(),
        reason: aside.reason,
        by_hand: aside.by_hand,
    }
}

fn refuse(text: String) -> PeerError {
    Refusal::FailedPrecondition(text).into()
}

fn not_quarantined(run: &RunKey) -> PeerError {
    refuse(format!("run {} of workflow \"{}\" is not quarantined", run.run, run.execution.id))
}

/// The run that is meant.
async fn find(shard: &Arc<Shard>, execution: ExecutionKey, run_id: &str) -> Result<RunKey, PeerError> {
    if !run_id.is_empty() {
        let run = RunId::parse(run_id).ok_or_else(|| Refusal::invalid("Invalid RunId."))?;
        return Ok(RunKey { execution, run });
    }
    let unnamed = RunKey { execution, run: RunId::default() };
    let id = &unnamed.execution.id;
    match remains::current(shard, &unnamed).await? {
        Ok(Some(current)) => Ok(RunKey { run: current.run_id, ..unnamed }),
        Ok(None) => Err(Refusal::not_found(format!("workflow not found for ID: {id}")).into()),
        Err(why) => Err(refuse(format!(
            "the record that names the newest run of workflow \"{id}\" can't be read ({why}): give the run id"
        ))),
    }
}

async fn read(shard: &Arc<Shard>, run: RunKey) -> Result<Remains, PeerError> {
    let text = format!("run {} of workflow \"{}\" is not in the store", run.run, run.execution.id);
    Remains::read(shard, run).await?.ok_or_else(|| Refusal::not_found(text).into())
}

/// Makes a run again from its history.
async fn rebuild(shard: &Arc<Shard>, key: RunKey) -> Result<Vec<ReportLine>, PeerError> {
    let room = &shard.room;
    let unnamed = RunKey { run: RunId::default(), ..key.clone() };
    if room.quarantine.get(&key).is_none() && room.quarantine.get(&unnamed).is_none() {
        return Err(not_quarantined(&key));
    }
    let remains = read(shard, key.clone()).await?;
    let (events, _) = remains
        .history
        .as_ref()
        .map_err(|why| refuse(format!("the history can't be read, so the run can't be rebuilt: {why}")))?;
    let broken = |broken: longhaul_kernel::run::Broken| refuse(format!("the run can't be rebuilt: {broken}"));
    let known = remains.known();
    let origin = Origin::of(&Run::from_history(known.clone(), events).map_err(broken)?);
    let context = room.contexts.of(key.execution.namespace).await?;
    let settings = room.live.in_namespace(&context.namespace);
    let at = Timestamp(room.host.clock.now());
    let mut draw = Draw::new(room.host.entropy.draw());
    let (run, mut effects) = Run::rebuild(known, events, &context, at, &mut draw).map_err(broken)?;
    let mut loaded = Loaded::created(run);
    let history = loaded.note(&effects.changes, &settings);
    let mut steps = Steps::new(loaded.id(), origin);
    steps.visibility = VisibilityWrite::Put(Box::new(loaded.run.row(&context)));
    if remains.is_current() || remains.current.is_err() {
        steps.current = CurrentWrite::Put(loaded.current());
    }
    steps.add(&mut effects, history);
    let mut write = loaded.write(steps, &settings);
    write.state = StateWrite::Snapshot(loaded.run.snapshot().into());
    write.outbox_delete = remains.outbox.iter().map(|row| row.id).collect();
    execution::commit(shard, &key.execution, vec![write]).await?;
    for run in [&key, &unnamed] {
        if room.quarantine.get(run).is_some() {
            go_on(shard, run).await?;
        }
    }
    machines::remember(shard, key.clone(), None).await;
    let mut lines = done("rebuilt", &key);
    lines.extend(report::of_state(&loaded.run));
    Ok(lines)
}

/// Takes the entry of a run away, and has it go on.
async fn go_on(shard: &Arc<Shard>, run: &RunKey) -> Result<(), PeerError> {
    shard.workflows.let_go(&run.execution);
    quarantine::lift(&shard.room, run).await?;
    if run.run != RunId::default() {
        machines::remember(shard, run.clone(), None).await;
    }
    Ok(())
}
