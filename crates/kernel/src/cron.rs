//! Cron schedules of workflows.

use crate::time::Timestamp;

/// The next instant after `now` at which the schedule fires; `started` is when the run at hand started.
pub fn next(_schedule: &str, _started: Timestamp, _now: Timestamp) -> Option<Timestamp> {
    None
}

/// Says what is wrong with a schedule.
///
/// # Errors
/// The text for the caller.
pub fn validate(_schedule: &str) -> Result<(), String> {
    Ok(())
}
