//! The run was reset: another one goes on in its place, from an earlier point of its history.

use crate::{
    ids::RunId,
    run::{Fact, Termination, transition::Transition},
};

/// Remembers the run that goes on. If this one has not ended it ends; neither its parent nor its children hear of it,
/// because the other run takes its place among them.
pub fn step(t: &mut Transition<'_>, run_id: RunId, request_id: String, termination: Termination) {
    t.fact(Fact::ResetTo(run_id, Some(request_id)));
    if t.run.is_running() {
        t.terminate(termination);
    }
}
