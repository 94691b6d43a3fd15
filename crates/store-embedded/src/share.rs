//! Events that several runs read and one stores. Each share is two keys: what a run shares stands under its own key, and
//! who shares a run's branch under the key of the run that owns it, those first that share most. Everything is in the
//! keys, so that damage of values can't take a history away from anybody or keep a run from being removed.
//!
//! Crash points: the keys change in the same batch as the runs and the events, so there are none.

use longhaul_kernel::{
    ids::{BranchId, RunId, RunKey},
    run::Branch,
};

use crate::{
    engine::{Engine, Part, beginning_with},
    error::Failure,
    group::View,
    key, seal,
};

/// The run that owns a branch which `run` reads.
fn owner(run: &RunKey, branch: BranchId) -> RunKey {
    RunKey { execution: run.execution.clone(), run: branch.owner() }
}

/// Stages what a new run shares. Answers whether all of it is kept by somebody; if not, the view is to be thrown away.
pub(crate) fn add(view: &mut View<'_>, run: &RunKey, at: &[u8], shares: &[Branch]) -> Result<bool, Failure> {
    for share in shares {
        let owner = key::run(&owner(run, share.id));
        let is_kept =
            view.exists(&owner)? || needed(view, &owner)?.is_some_and(|last| last >= share.last_event);
        if !is_kept {
            return Ok(false);
        }
        view.put(Part::Shares, key::share(at, share), Vec::new());
        view.put(Part::Shares, key::sharer(&owner, share.last_event, run.run), Vec::new());
    }
    Ok(true)
}

/// Stages that a run is gone: of its own branch and of those that it shared only those events stay that others need.
pub(crate) fn let_go(view: &mut View<'_>, run: &RunKey, at: &[u8]) -> Result<(), Failure> {
    for share in view.keys(Part::Shares, &key::shares(at))? {
        let branch = key::read_share(&share).ok_or_else(|| unreadable(&share))?;
        let owner_run = owner(run, branch.id);
        let owner = key::run(&owner_run);
        view.remove(Part::Shares, share);
        view.remove(Part::Shares, key::sharer(&owner, branch.last_event, run.run));
        if !view.exists(&owner)? {
            cut(view, &owner_run, &owner)?;
        }
    }
    cut(view, run, at)
}

/// Removes the events of a run's branch behind the last one that others need.
fn cut(view: &mut View<'_>, owner: &RunKey, at: &[u8]) -> Result<(), Failure> {
    let branch = key::branch(owner.execution.slot(), owner.run.into());
    let from = needed(view, at)?.map_or_else(|| branch.clone(), |last| key::batch(&branch, last + 1));
    view.remove_from(Part::History, &from, &branch)
}

/// The last event of a run's branch that another run shares.
fn needed(view: &View<'_>, owner: &[u8]) -> Result<Option<i64>, Failure> {
    let Some(key) = view.first_key(Part::Shares, &key::sharers(owner))? else { return Ok(None) };
    key::read_sharer(&key).map(|(_, last)| Some(last)).ok_or_else(|| unreadable(&key))
}

/// What a run shares, oldest first.
pub(crate) fn of(engine: &Engine, run: &RunKey) -> Result<Vec<Branch>, Failure> {
    let keys = engine.moment().keys(Part::Shares, beginning_with(&key::shares(&key::run(run))));
    keys.map(|key| key.and_then(|key| key::read_share(&key).ok_or_else(|| unreadable(&key)))).collect()
}

/// Who shares a run's branch.
pub(crate) fn by(engine: &Engine, run: &RunKey, limit: usize) -> Result<Vec<(RunId, i64)>, Failure> {
    let keys = engine.moment().keys(Part::Shares, beginning_with(&key::sharers(&key::run(run))));
    let keys = keys.take(limit);
    keys.map(|key| key.and_then(|key| key::read_sharer(&key).ok_or_else(|| unreadable(&key)))).collect()
}

fn unreadable(key: &[u8]) -> Failure {
    seal::broken(Part::Shares, key, "it has an unknown format")
}
