//! Folding the events of activities and timers.

use longhaul_proto::api::history::v1::{ActivityTaskScheduledEventAttributes, TimerStartedEventAttributes};

use crate::{
    codec::Pb,
    run::{
        Run,
        state::{Activity, Control, Phase, Timer},
    },
    time::{Timestamp, positive},
};

impl Run {
    pub(super) fn fold_activity_scheduled(
        &mut self,
        id: i64,
        a: &ActivityTaskScheduledEventAttributes,
        at: Timestamp,
    ) {
        let activity = Activity {
            scheduled: Box::new(Pb(a.clone())),
            scheduled_at: at,
            attempt: 1,
            attempt_scheduled_at: at,
            phase: Phase::Scheduled,
            heartbeat_details: None,
            last_heartbeat: None,
            last_failure: None,
            last_worker: String::new(),
            cancel_requested: None,
            stamp: 0,
            last_attempt_completed_at: None,
            last_started_at: None,
            last_build: None,
            last_version: None,
            control: Control::default(),
        };
        self.activities.insert(id, activity);
    }

    pub(super) fn fold_activity_closed(&mut self, scheduled_event_id: i64) {
        self.activities.remove(&scheduled_event_id);
    }

    pub(super) fn fold_timer_started(&mut self, id: i64, a: &TimerStartedEventAttributes, at: Timestamp) {
        let fires_at = at + positive(a.start_to_fire_timeout.as_ref()).unwrap_or_default();
        self.timers.insert(a.timer_id.clone(), Timer { started_event_id: id, fires_at });
    }

    pub(super) fn fold_timer_gone(&mut self, timer_id: &str) {
        self.timers.remove(&timer_id.to_owned());
    }
}
