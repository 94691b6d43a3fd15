//! An activity reports that it is alive.

use longhaul_proto::{
    Refusal,
    api::{common::v1::Payloads, workflowservice::v1::RecordActivityTaskHeartbeatResponse},
};

use crate::{
    codec::Pb,
    run::{ActivityEnd, Fact, Reply, state::Phase, transition::Transition},
};

/// Extends the heartbeat deadline and keeps the details; the answer says whether the activity shall cancel.
pub fn step(t: &mut Transition<'_>, end: ActivityEnd<Option<Payloads>>) -> Result<(), Refusal> {
    let (scheduled_event_id, activity) = super::pending_activity(t.run, &end.activity)?;
    if !matches!(activity.phase, Phase::Started { .. }) {
        return Err(Refusal::not_found(
            "invalid activityID or activity already timed out or invoking workflow is completed",
        ));
    }
    let cancel_requested = activity.cancel_requested.is_some();
    t.fact(Fact::ActivityHeartbeat { scheduled_event_id, at: t.at, details: end.outcome.map(Pb) });
    t.effects.reply =
        Reply::Heartbeat(RecordActivityTaskHeartbeatResponse { cancel_requested, ..Default::default() });
    Ok(())
}
