//! Reclaiming what nobody may see any more: everything that a deleted namespace holds, and closed runs that are due
//! sooner than they asked to be woken, because the retention of their namespace was shortened.
//!
//! Nothing about it is stored but the state of the namespace. A deleted one keeps its record until nothing else of it
//! is left, so after a crash its runs are looked for again from the beginning; what is gone by then is not found. What
//! other tasks still begin in it (a child, a run of a schedule) is found by the next pass: the record goes after a
//! pass that has found nothing.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use longhaul_kernel::{
    ids::{Kind, NamespaceId, RunKey, SLOTS, Slot},
    namespace::Namespace,
    time::Timestamp,
    visibility::{Query, format_datetime},
};
use longhaul_runtime::peers::{ForgetNamespace, PeerError};
use longhaul_store::ListCursor;

use crate::{
    duties::internal_caller, events::read_error, history::Room, machines, metrics, patience::Patience,
};

/// Runs looked up at a time.
const PAGE: usize = 1000;

/// Runs removed at a time; their writes share commits.
const TOGETHER: usize = 64;

/// Namespaces read at a time.
const NAMESPACES: usize = 100;

/// How often it is looked for runs that a shortened retention has made due.
const HASTE: Duration = Duration::from_secs(10);

/// Reclaims until the process ends.
pub async fn run(room: Arc<Room>) {
    let directory = room.contexts.directory().clone();
    let mut changes = directory.listen();
    let mut patience = Patience::new(&room.host);
    read_all(&room).await;
    loop {
        changes.mark_unchanged();
        let mut failed = false;
        for namespace in directory.filter(|namespace| namespace.former_name().is_some()) {
            if let Err(error) = reclaim(&room, &namespace).await {
                tracing::warn!(namespace = namespace.name, %error, "namespace is reclaimed later");
                failed = true;
            }
        }
        let now = Timestamp(room.host.clock.now());
        let hastened = directory.filter(|namespace| namespace.hastens(now));
        for namespace in &hastened {
            if let Err(error) = hasten(&room, namespace, now).await {
                tracing::warn!(namespace = namespace.name, %error, "closed runs are removed later");
            }
        }
        if failed {
            patience.pause().await;
            continue;
        }
        patience.renew();
        let haste = async {
            if hastened.is_empty() {
                std::future::pending::<()>().await;
            }
            room.host.clock.sleep(HASTE).await;
        };
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = haste => {}
        }
    }
}

/// Reads every namespace into the directory's cache, so that what is to be done is known.
async fn read_all(room: &Arc<Room>) {
    let mut patience = Patience::new(&room.host);
    let mut after = None;
    loop {
        match room.contexts.directory().page(after.clone(), NAMESPACES).await {
            Ok(page) if page.len() < NAMESPACES => return,
            Ok(page) => after = page.last().map(|namespace| namespace.name.clone()),
            Err(error) => {
                tracing::warn!(%error, "namespaces can't be read");
                patience.pause().await;
            }
        }
    }
}

/// Removes everything that a deleted namespace holds, and then its record.
async fn reclaim(room: &Arc<Room>, namespace: &Namespace) -> Result<(), PeerError> {
    let busy = |error: longhaul_store::DirectoryError| PeerError::Busy(error.to_string());
    room.contexts.directory().settle(namespace).await.map_err(busy)?;
    let mut removed = 0_u64;
    loop {
        let count = remove_runs(room, namespace.id).await?;
        removed += count;
        let caller = internal_caller(namespace.id, namespace.name.clone());
        room.matching.ask(caller, ForgetNamespace {}).await?;
        if count == 0 {
            break;
        }
    }
    room.contexts.directory().forget(namespace).await.map_err(busy)?;
    room.contexts.forget(namespace.id);
    tracing::info!(namespace = namespace.name, removed, "namespace is gone");
    Ok(())
}

/// One pass over all runs of the namespace, of every kind. Answers how many it has found.
async fn remove_runs(room: &Arc<Room>, namespace: NamespaceId) -> Result<u64, PeerError> {
    let mut count = 0;
    let mut after: Option<RunKey> = None;
    loop {
        let first = after.as_ref().map_or(Slot(0), |run| run.execution.slot());
        let found = room.store.runs(namespace, first, Slot(SLOTS - 1), after.take(), PAGE).await;
        let runs = found.map_err(read_error)?;
        let is_last = runs.len() < PAGE;
        after = runs.last().cloned();
        count += runs.len() as u64;
        let mut outcomes =
            stream::iter(runs).map(|run| machines::erase(room, run)).buffer_unordered(TOGETHER);
        while let Some(outcome) = outcomes.next().await {
            outcome?;
            metrics::reclaimed();
        }
        if is_last {
            return Ok(count);
        }
    }
}

/// Wakes the closed runs whose time has come by the retention as it is now.
async fn hasten(room: &Arc<Room>, namespace: &Namespace, now: Timestamp) -> Result<(), PeerError> {
    let due = format_datetime(now - namespace.retention);
    let query = Query::parse(&format!("CloseTime <= '{due}'"), &namespace.attributes())
        .map_err(|refusal| PeerError::Unknown(format!("{refusal:?}")))?;
    let query = Arc::new(query);
    for kind in Kind::ALL {
        let mut after: Option<ListCursor> = None;
        loop {
            let found = room.store.list(namespace.id, kind, query.clone(), after.take(), PAGE).await;
            let rows = found.map_err(read_error)?;
            let is_last = rows.len() < PAGE;
            after = rows.last().map(|row| ListCursor::of(&query, row));
            let runs = rows.into_iter().map(|row| row.run);
            stream::iter(runs).for_each_concurrent(TOGETHER, |run| machines::tick(room, run)).await;
            if is_last {
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
pub mod tests;
