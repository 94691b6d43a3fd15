//! Folders of an older format.
//!
//! Format 2 keeps other index entries than format 1, and rows by their kind too: both are made again from the rows.
//! Format 3 leaves the entries of young rows out and writes rows and ids in fewer bytes. It reads what format 2 wrote,
//! so nothing has to be done; an older binary would misread what it writes. Format 4 lets runs share events: an older binary
//! would remove them with their owner.

use longhaul_store::SortKey;

use crate::{
    engine::{Engine, Part, WriteFailure},
    error::Failure,
    index, key, row, seal,
};

/// Changes that are made durable at once.
const CHANGES_MAX: usize = 4096;

/// Makes a folder of format `found` one of today's.
pub(crate) fn run(engine: &Engine, found: u64) -> Result<(), Failure> {
    if found < 2 { rebuild_lists(engine) } else { Ok(()) }
}

/// Moves every row to its place and replaces every index entry by those that the rows have.
fn rebuild_lists(engine: &Engine) -> Result<(), Failure> {
    let everything = || crate::engine::beginning_with(&[]);
    let mut changes = Vec::new();
    for entry in engine.moment().range(Part::Index, everything()) {
        changes.push((Part::Index, entry?.0, None));
        flush(engine, &mut changes, CHANGES_MAX)?;
    }
    flush(engine, &mut changes, 1)?;
    for entry in engine.moment().range(Part::Rows, everything()) {
        let (key, body) = entry?;
        let row = row::decode(&key, &body)
            .ok_or_else(|| seal::broken(Part::Rows, &key, "it has an unknown format"))?;
        let execution = &row.run.execution;
        let place = key::row((execution.namespace, execution.kind), &SortKey::of(&row));
        if place != key {
            changes.push((Part::Rows, key, None));
            changes.push((Part::Rows, place, Some(body)));
        }
        let entries = index::entries(&row, &SortKey::of(&row));
        changes.extend(entries.into_iter().map(|entry| (Part::Index, entry, Some(Vec::new()))));
        flush(engine, &mut changes, CHANGES_MAX)?;
    }
    flush(engine, &mut changes, 1)
}

fn flush(engine: &Engine, changes: &mut crate::group::Changes, least: usize) -> Result<(), Failure> {
    if changes.len() < least {
        return Ok(());
    }
    engine.write(std::mem::take(changes)).map_err(|failure| match failure {
        WriteFailure::Refused(why) | WriteFailure::Unknown(why) => Failure::Io(why),
    })
}
