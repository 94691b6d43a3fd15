//! A worker's cache is gone: tasks go to the normal queue again.

use longhaul_proto::Refusal;

use crate::run::{Fact, transition::Transition};

/// Clears stickiness.
pub fn step(t: &mut Transition<'_>) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    if t.run.sticky.is_some() {
        t.fact(Fact::Sticky(None));
    }
    Ok(())
}
