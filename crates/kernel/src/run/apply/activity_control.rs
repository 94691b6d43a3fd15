//! Folding what operators do to activities.

use crate::{
    codec::Pb,
    run::{
        ControlChange,
        state::{Activity, Phase},
    },
};

impl Activity {
    /// Folds what an operator changed. A task that was dispatched and not taken is void then.
    pub(super) fn fold_control(&mut self, change: &ControlChange) {
        let is_started = matches!(self.phase, Phase::Started { .. });
        if !is_started && *change != ControlChange::Nothing {
            self.stamp += 1;
        }
        match change {
            ControlChange::Paused(paused) => self.control.paused = Some(paused.clone()),
            ControlChange::Unpaused => self.control.paused = None,
            ControlChange::AttemptsReset { told } => {
                if is_started {
                    self.control.reset_attempt.get_or_insert(self.attempt);
                    self.control.is_reset |= told;
                }
                self.attempt = 1;
            }
            ControlChange::Nothing => {}
            ControlChange::HeartbeatForgotten => self.forget_heartbeat(),
            ControlChange::HeartbeatResets => self.control.resets_heartbeat = true,
            ControlChange::Options(options) => {
                let before = std::mem::replace(&mut self.scheduled, Box::new(Pb(options.0.clone())));
                self.control.original.get_or_insert(before);
            }
            ControlChange::OptionsRestored => {
                if let Some(original) = self.control.original.take() {
                    self.scheduled = original;
                }
            }
            ControlChange::Dispatched { due, is_due } => {
                self.attempt_scheduled_at = *due;
                self.phase = if *is_due { Phase::Scheduled } else { Phase::Backoff };
                self.last_failure = None;
            }
        }
    }

    /// What a reset meant for the attempt that a worker had is done when the next one begins.
    pub(super) fn begin_anew(&mut self) {
        self.control.reset_attempt = None;
        self.control.is_reset = false;
        if std::mem::take(&mut self.control.resets_heartbeat) {
            self.forget_heartbeat();
        }
    }

    fn forget_heartbeat(&mut self) {
        self.heartbeat_details = None;
        self.last_heartbeat = None;
    }
}
