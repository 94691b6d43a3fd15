//! A worker takes an activity task.

use longhaul_proto::Refusal;

use crate::{
    codec::Pb,
    run::{
        ActivityStart, DutyId, Fact, Reply,
        state::Phase,
        transition::{Taker, Transition},
    },
};

/// Starts the attempt. No event is written: the attempt may be followed by others, and history tells of the last.
pub fn step(t: &mut Transition<'_>, start: &ActivityStart) -> Result<(), Refusal> {
    super::ensure_running(t.run)?;
    t.effects.reply = Reply::Stale;
    let Some(activity) = t.run.activities.get(&start.scheduled_event_id) else { return Ok(()) };
    if activity.token_attempt() != start.attempt || activity.stamp != start.stamp {
        return Ok(());
    }
    match &activity.phase {
        Phase::Backoff => return Ok(()),
        Phase::Started { request_id, .. } => {
            if *request_id == start.request_id {
                t.effects.reply = Reply::ActivityTask;
            }
            return Ok(());
        }
        Phase::Scheduled if activity.is_paused() || t.run.is_paused() => return Ok(()),
        Phase::Scheduled => {}
    }
    if t.pause_by_rule(start.scheduled_event_id) {
        return Ok(());
    }
    #[allow(deprecated)]
    let capabilities = start.poll.worker_version_capabilities.as_ref();
    let taker = Taker::polling(&start.poll.identity, capabilities, start.poll.deployment_options.as_ref());
    if !t.admits(start.scheduled_event_id, taker.version.as_ref()) {
        return Ok(());
    }
    t.follow_activity(start.scheduled_event_id, taker.build.as_ref());
    t.start_activity(start.scheduled_event_id, &start.request_id, &taker);
    t.effects.reply = Reply::ActivityTask;
    Ok(())
}

impl Transition<'_> {
    /// Gives the scheduled attempt of an activity to a worker.
    pub fn start_activity(&mut self, scheduled_event_id: i64, request_id: &str, taker: &Taker) {
        self.fact(Fact::ActivityStarted {
            scheduled_event_id,
            at: self.at,
            request_id: request_id.to_owned(),
            identity: taker.identity.clone(),
            build: taker.build.clone().map(Pb),
            version: taker.version.clone(),
        });
        self.duty_done(DutyId::Activity(scheduled_event_id));
    }
}
