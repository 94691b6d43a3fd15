//! Batch operations in a shard: what they owe is paid here. A page of workflows, or of activities that stand alone, is read from the index, or looked up if a
//! list names them; what is to be done to each is done by the calls that a client would make.

mod act;
mod activities;
mod point;

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use longhaul_kernel::{
    activity,
    batch::{Batch, Behind, Duty, Input, Part, Place, Selection, Target, kind, needs_running, query},
    hosted::DutyName,
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    time::Timestamp,
    visibility::{Attributes, Query, Row, Value},
};
use longhaul_proto::api::{
    common::v1::Execution, enums::v1::ExecutionType, workflowservice::v1::StartBatchOperationRequest,
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{ListCursor, SortKey};

use crate::{
    cell,
    events::read_error,
    executions::Executions,
    history::Room,
    hosted::{Cell, Lodged},
    shard::Shard,
};

/// Executions of a list that are looked up at a time.
const LOOKUPS_MAX: usize = 32;

impl Lodged for Batch {
    fn executions(shard: &Shard) -> &Executions<Cell<Self>> {
        &shard.batches
    }

    async fn fulfil(room: &Arc<Room>, run: &RunKey, name: DutyName, duty: &Duty) -> Result<Input, PeerError> {
        let namespace = run.execution.namespace;
        match duty {
            Duty::Select(selection) => select(room, namespace, name.number, selection).await,
            Duty::Work(part) => work(room, run, name.number, part).await,
        }
    }
}

/// Selects the next page.
async fn select(
    room: &Arc<Room>,
    namespace: NamespaceId,
    number: i64,
    selection: &Selection,
) -> Result<Input, PeerError> {
    let context = room.contexts.of(namespace).await?;
    let retention = context.retention;
    if let Place::Listed(from) = selection.place {
        let targets = named(room, namespace, &selection.request, from, selection.limit).await?;
        let listed = selection.request.target_executions.len();
        let total = selection.counts.then_some(listed as u64);
        return Ok(Input::Selected { number, targets, behind: None, total, retention });
    }
    let kind = kind(&selection.request);
    let attributes = match kind {
        Kind::Activity => &Attributes::clone(&context.attributes).of_activities(),
        _ => &context.attributes,
    };
    let Ok(query) = query(&selection.request.visibility_query, attributes) else {
        // An attribute that it names is gone.
        return Ok(Input::Unselectable { number, retention });
    };
    let query = Arc::new(query);
    let total = match selection.counts {
        true => Some(count(room, namespace, kind, query.clone(), needs_running(&selection.request)).await?),
        false => None,
    };
    let after = cursor(&selection.place, selection.started);
    let listed = room.store.list(namespace, kind, query, after, selection.limit);
    let rows = listed.await.map_err(read_error)?;
    let is_last = rows.len() < selection.limit;
    let mine: Vec<&Row> = rows.iter().take_while(|row| belongs(row, selection)).collect();
    let behind = mine.last().filter(|_| mine.len() == rows.len() && !is_last).map(|row| Behind {
        close_time: row.close_time,
        start_time: row.start_time,
        run: row.run.run,
    });
    let late = matches!(selection.place, Place::ClosedMeanwhile(_));
    let targets = mine
        .iter()
        // What began meanwhile is none of the operation's.
        .filter(|row| row.start_time <= selection.started)
        .map(|row| Target {
            workflow_id: row.run.execution.id.to_string(),
            run_id: row.run.run.to_string(),
            follows: false,
            late,
        })
        .collect();
    Ok(Input::Selected { number, targets, behind, total, retention })
}

/// Whether a row is among those that are being gone through.
fn belongs(row: &Row, selection: &Selection) -> bool {
    match selection.place {
        Place::Running(_) => row.close_time.is_none(),
        Place::ClosedMeanwhile(_) => row.close_time.is_some_and(|closed| closed > selection.started),
        Place::Closed(_) | Place::Listed(_) | Place::End => true,
    }
}

/// Where a list is gone on with.
fn cursor(place: &Place, started: Timestamp) -> Option<ListCursor> {
    // Ahead of every row that closed at that time.
    let first = |close_time| SortKey {
        close_time: Some(close_time),
        start_time: Timestamp::MAX,
        run: RunId::from_bytes([0; 16]),
    };
    let sort = match place {
        Place::Running(None) | Place::Listed(_) | Place::End => return None,
        Place::Running(Some(behind)) | Place::Closed(Some(behind)) | Place::ClosedMeanwhile(Some(behind)) => {
            SortKey { close_time: behind.close_time, start_time: behind.start_time, run: behind.run }
        }
        Place::Closed(None) => first(started),
        Place::ClosedMeanwhile(None) => first(Timestamp::MAX),
    };
    Some(ListCursor { ordered_by: Vec::new(), sort })
}

/// How many workflows there are.
async fn count(
    room: &Arc<Room>,
    namespace: NamespaceId,
    kind: Kind,
    query: Arc<Query>,
    running: bool,
) -> Result<u64, PeerError> {
    let status = running.then(|| "ExecutionStatus".into());
    let counts = room.store.count(namespace, kind, query, status).await.map_err(read_error)?;
    let is_meant = |value: &Option<Value>| {
        !running || matches!(value, Some(Value::Keyword(name)) if name == "Running" || name == "Paused")
    };
    Ok(counts.iter().filter(|(value, _)| is_meant(value)).map(|(_, count)| count).sum())
}

/// Looks up the workflows that a list names: what it does not say of a run is settled before anything is done, so that
/// after a crash the same run is meant.
async fn named(
    room: &Arc<Room>,
    namespace: NamespaceId,
    request: &StartBatchOperationRequest,
    from: u64,
    limit: usize,
) -> Result<Vec<Target>, PeerError> {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let page = request.target_executions.iter().skip(from).take(limit);
    let looked_up: Vec<_> = page.map(|named| look_up(room, namespace, named)).collect();
    stream::iter(looked_up).buffered(LOOKUPS_MAX).try_collect().await
}

/// Settles which run of a workflow is meant.
async fn look_up(room: &Arc<Room>, namespace: NamespaceId, named: &Execution) -> Result<Target, PeerError> {
    if named.r#type == ExecutionType::Activity as i32 {
        return look_up_activity(room, namespace, named).await;
    }
    let follows = named.run_id.is_empty();
    let run_id = match follows && !named.business_id.is_empty() {
        true => current_run(room, namespace, &named.business_id).await?,
        false => named.run_id.clone(),
    };
    Ok(Target { workflow_id: named.business_id.clone(), run_id, follows, late: false })
}

/// Settles which run of an activity is meant. It never goes on with another one: `follows` says that there was none.
async fn look_up_activity(
    room: &Arc<Room>,
    namespace: NamespaceId,
    named: &Execution,
) -> Result<Target, PeerError> {
    let id = named.business_id.clone();
    let mut target = Target { workflow_id: id, run_id: named.run_id.clone(), follows: false, late: false };
    if target.run_id.is_empty() && !target.workflow_id.is_empty() {
        let key = ExecutionKey { namespace, kind: Kind::Activity, id: target.workflow_id.as_str().into() };
        let shard = room.shard(&key)?;
        let newest =
            |turn: &mut cell::Turn<'_, Cell<activity::Execution>>| Ok(turn.machine().map(|it| it.run));
        let found = shard.activities.ask(&shard, key, cell::Target::Current, newest).await?;
        target.follows = found.is_none();
        target.run_id = found.map(|run| run.to_string()).unwrap_or_default();
    }
    Ok(target)
}

/// The newest run of a workflow; empty if there is none.
async fn current_run(room: &Arc<Room>, namespace: NamespaceId, id: &str) -> Result<String, PeerError> {
    let key = ExecutionKey::workflow(namespace, id);
    let shard = room.shard(&key)?;
    let asked = shard.ask(key, cell::Target::Current, |turn| Ok(turn.loaded()?.id().to_string())).await;
    match asked {
        Ok(run_id) => Ok(run_id),
        Err(PeerError::Refused(_)) => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Does it to some workflows.
async fn work(room: &Arc<Room>, run: &RunKey, number: i64, part: &Part) -> Result<Input, PeerError> {
    let context = room.contexts.of(run.execution.namespace).await?;
    let at_a_time = room.live.read(&context.namespace, |settings| settings.batch_concurrency).max(1);
    let doer = act::Doer::new(room, run, &context, part);
    let acts: Vec<_> = part.targets.iter().map(|(number, target)| doer.act(*number, target)).collect();
    let outcomes: Vec<act::Outcome> = stream::iter(acts).buffer_unordered(at_a_time).try_collect().await?;
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count() as u64;
    let (complete, failed) = (count(act::Outcome::Done), count(act::Outcome::Failed));
    Ok(Input::Worked { number, complete, failed, retention: context.retention })
}
