//! An activity has ended because it was asked to cancel.

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::Payloads,
        history::v1::{ActivityTaskCanceledEventAttributes, history_event::Attributes},
    },
};

use crate::run::{ActivityEnd, DutyId, state::Phase, transition::Transition};

/// Writes that the activity was canceled; refused unless somebody asked for that.
pub fn step(t: &mut Transition<'_>, end: ActivityEnd<Option<Payloads>>) -> Result<(), Refusal> {
    let (scheduled_event_id, activity) = super::pending_activity(t.run, &end.activity)?;
    if !matches!(activity.phase, Phase::Started { .. }) {
        return Err(super::activity_gone());
    }
    let Some(latest_cancel_requested_event_id) = activity.cancel_requested else {
        return Err(Refusal::invalid(
            "unable to mark activity as canceled without activity being request canceled first",
        ));
    };
    let started_event_id = t.write_activity_started(scheduled_event_id, &end.identity);
    let canceled = ActivityTaskCanceledEventAttributes {
        details: end.outcome,
        latest_cancel_requested_event_id,
        scheduled_event_id,
        started_event_id,
        identity: end.identity,
        ..Default::default()
    };
    t.outside_event(Attributes::ActivityTaskCanceledEventAttributes(canceled));
    t.duty_done(DutyId::Activity(scheduled_event_id));
    t.needs_task = true;
    Ok(())
}
