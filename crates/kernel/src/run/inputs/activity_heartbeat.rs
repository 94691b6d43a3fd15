//! An activity reports that it is alive.

use longhaul_proto::{
    Refusal,
    api::{common::v1::Payloads, workflowservice::v1::RecordActivityTaskHeartbeatResponse},
};
use prost::Message;

use crate::{
    codec::Pb,
    run::{ActivityEnd, Fact, Reply, failure, state::Phase, transition::Transition},
};

/// Extends the heartbeat deadline and keeps the details; the answer says whether the activity shall cancel,
/// and whether an operator has paused or reset it. Details that
/// are too large fail the activity.
pub fn step(t: &mut Transition<'_>, end: ActivityEnd<Option<Payloads>>) -> Result<(), Refusal> {
    let (scheduled_event_id, activity) = super::pending_activity(t.run, &end.activity)?;
    if !matches!(activity.phase, Phase::Started { .. }) {
        return Err(super::activity_gone());
    }
    let told = RecordActivityTaskHeartbeatResponse {
        cancel_requested: activity.cancel_requested.is_some(),
        activity_paused: activity.is_paused(),
        activity_reset: activity.control.is_reset,
    };
    let bytes = end.outcome.as_ref().map_or(0, Message::encoded_len);
    t.warn_of("details of a heartbeat", bytes, t.context.limits.blob_bytes_warn);
    if bytes > t.context.limits.blob_bytes_max {
        let failure = failure::server("Heartbeat details exceed size limit.", true);
        let ActivityEnd { activity, identity, .. } = end;
        super::activity_failed::step(t, ActivityEnd { activity, identity, outcome: (Some(failure), None) })?;
        let cancel = RecordActivityTaskHeartbeatResponse { cancel_requested: true, ..Default::default() };
        t.effects.reply = Reply::Heartbeat(cancel);
        return Ok(());
    }
    t.fact(Fact::ActivityHeartbeat { scheduled_event_id, at: t.at, details: end.outcome.map(Pb) });
    t.effects.reply = Reply::Heartbeat(told);
    Ok(())
}
