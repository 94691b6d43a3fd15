//! A closed run and the archive: it goes into it soon after its end, and is not removed before.

use super::{DutyId, Fact, Run, transition::Transition};
use crate::context::Context;

impl Run {
    /// Whether the run has to go into the archive before it may be removed. One that closed before its namespace had
    /// one goes there when its time is over.
    pub(super) fn is_kept_for_archive(&self, context: &Context) -> bool {
        let archived = self.closed.as_ref().and_then(|closed| closed.archived).unwrap_or(false);
        context.archives && !archived
    }
}

impl Transition<'_> {
    /// The run is in the archive.
    pub(super) fn archived(&mut self) {
        if self.run.duties.contains(&DutyId::Archive) {
            self.fact(Fact::Archived);
            self.duty_done(DutyId::Archive);
        }
    }
}
