//! Bringing closed runs into the archive of their namespace: the history in parts, the table of the parts last, then
//! the row. The duty to do so stays in the outbox until the run has recorded that it is done, and the run is not
//! removed before; so a crash, a full archive or one that is away only delays it. What was written before is written
//! again with the same content.

use std::sync::Arc;

use longhaul_kernel::{
    ids::RunKey,
    namespace::Archival,
    run::{DutyId, What},
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{
    Archive, ArchiveError, Direction,
    archive::{ArchivedHistory, ArchivedRow, part_name, table_name},
};

use crate::{
    cell::Target,
    events::{self, Place},
    history::Room,
    metrics,
    shard::Shard,
};

/// Batches of events in a part.
const PART_BATCHES: usize = 256;

/// Runs archived at a time; each holds a part in memory.
pub const TOGETHER: usize = 8;

/// What has to be known of a run to archive it.
struct Seen {
    place: Place,
    last_event: i64,
    row: Option<ArchivedRow>,
}

/// Archives a closed run, and says what it has to know of that.
///
/// # Errors
/// Whatever passes by itself: it is to be tried again.
pub async fn archive(shard: &Arc<Shard>, run: &RunKey) -> Result<What, PeerError> {
    let room = &shard.room;
    let nothing_to_do = What::DutyDone(DutyId::Archive);
    let Some(archive) = &room.archive else { return Ok(nothing_to_do) };
    let id = run.execution.namespace;
    let found = room.contexts.directory().by_id(id).await.map_err(events::read_error)?;
    let Some(namespace) = found else { return Ok(nothing_to_do) };
    let to = |archival: &Option<Archival>| {
        archival.as_ref().filter(|archival| archival.enabled).map(|archival| archival.uri.clone())
    };
    let (history, rows) = (to(&namespace.history_archival), to(&namespace.visibility_archival));
    if history.is_none() && rows.is_none() {
        return Ok(nothing_to_do);
    }
    let _turn = room.archiving.acquire().await;
    let Some(seen) = look(shard, run).await? else { return Ok(nothing_to_do) };
    let outcome = async {
        if let Some(address) = &history {
            put_history(room, &**archive, address, run, &seen).await?;
        }
        if let (Some(address), Some(row)) = (&rows, &seen.row) {
            archive.put(address, &row.name(id), row.encode()).await.map_err(away)?;
        }
        Ok(What::Archived)
    };
    let outcome = outcome.await;
    metrics::archived(outcome.is_ok());
    outcome
}

/// Looks at a run; `None` if it is gone.
async fn look(shard: &Arc<Shard>, run: &RunKey) -> Result<Option<Seen>, PeerError> {
    shard
        .ask(run.execution.clone(), Target::Run(run.run), |turn| {
            let Ok(loaded) = turn.loaded() else { return Ok(None) };
            Ok(Some(Seen {
                place: loaded.place(),
                last_event: loaded.run.next_event_id - 1,
                row: ArchivedRow::of(&loaded.run.row(turn.context)),
            }))
        })
        .await
}

async fn put_history(
    room: &Room,
    archive: &dyn Archive,
    address: &str,
    run: &RunKey,
    seen: &Seen,
) -> Result<(), PeerError> {
    let namespace = run.execution.namespace;
    let mut parts = Vec::new();
    let mut from = 1;
    while from <= seen.last_event {
        let read =
            events::read(&*room.store, &seen.place, from, seen.last_event, Direction::Forward, PART_BATCHES);
        let batches = read.await?;
        let Some(last) = batches.last() else {
            return Err(PeerError::Corrupt(format!("run {run} lacks its events from {from} on")));
        };
        let next = last.last_event + 1;
        let name = part_name(namespace, run.run, from);
        archive.put(address, &name, events::join(&batches, &[])).await.map_err(away)?;
        parts.push(from);
        from = next;
    }
    let table =
        ArchivedHistory { workflow_id: run.execution.id.to_string(), parts, last_event: seen.last_event };
    archive.put(address, &table_name(namespace, run.run), table.encode()).await.map_err(away)
}

fn away(error: ArchiveError) -> PeerError {
    PeerError::Busy(error.to_string())
}

#[cfg(test)]
mod tests;
