//! Time skipping of a single run: its clock is set forward whenever nothing but time can change anything.
//!
//! A run that was set forward lives in a time of its own, ahead of that of its surroundings by what it has skipped. All
//! that it decides and writes is in that time; only its wakes and what it says to task queues are in that of its
//! surroundings. A jump is an event, so that a run that is rebuilt from its history stands where it stood.

use std::time::Duration;

use longhaul_proto::api::{
    common::v1::{
        TimeSkippingConfig, TimeSkippingFastForwardInfo, TimeSkippingInfo, TimeSkippingStatePropagation,
    },
    enums::v1::FastForwardPollingResult,
    history::v1::{WorkflowExecutionTimeSkippingTransitionedEventAttributes, history_event::Attributes},
    workflowservice::v1::PollWorkflowExecutionTimeSkippingResponse,
};
use minicbor::{Decode, Encode};

use super::{
    Run, What,
    state::{FirstTask, Phase},
    transition::Transition,
};
use crate::{
    codec::Pb,
    context::Context,
    time::{self, Timestamp},
};

/// Where a run stands that may be or was set forward.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct TimeSkipping {
    /// What was asked for, and is in force.
    #[n(0)]
    pub config: Option<Pb<TimeSkippingConfig>>,
    /// Nanoseconds by which it is ahead.
    #[n(1)]
    pub ahead: u64,
    /// Jumps since skipping was turned on.
    #[n(2)]
    pub jumps: i32,
    /// An instant at which skipping ends.
    #[n(3)]
    pub fast_forward: Option<FastForward>,
}

/// An instant at which skipping ends.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct FastForward {
    /// Its name.
    #[n(0)]
    pub id: String,
    /// How far it was to be from where it was asked for, in nanoseconds.
    #[n(1)]
    pub length: u64,
    /// The instant, in the run's time.
    #[n(2)]
    pub target: Timestamp,
    /// Whether it was reached.
    #[n(3)]
    pub is_reached: bool,
}

impl TimeSkipping {
    fn set(&mut self, config: Option<&TimeSkippingConfig>, at: Timestamp) {
        self.jumps = 0;
        let wanted =
            config.filter(|config| config.enabled).and_then(|config| config.fast_forward_config.as_ref());
        self.fast_forward = wanted.map(|wanted| {
            let length = time::positive(wanted.duration.as_ref()).unwrap_or_default();
            FastForward {
                id: wanted.id.clone(),
                length: nanos(length),
                target: at + length,
                is_reached: false,
            }
        });
        self.config = config.cloned().map(Pb);
    }

    fn disable(&mut self) {
        if let Some(config) = &mut self.config {
            config.0.enabled = false;
        }
    }

    fn is_enabled(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.enabled)
    }

    fn fast_forward_info(&self) -> Option<TimeSkippingFastForwardInfo> {
        self.fast_forward.as_ref().map(|forward| TimeSkippingFastForwardInfo {
            fast_forward_duration: Some(time::to_proto(Duration::from_nanos(forward.length))),
            fast_forward_id: forward.id.clone(),
            target_time: Some(forward.target.to_proto()),
            has_completed: forward.is_reached,
        })
    }
}

fn nanos(length: Duration) -> u64 {
    u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)
}

impl Run {
    /// How far its clock is ahead of that of its surroundings.
    pub fn ahead(&self) -> Duration {
        Duration::from_nanos(self.time_skipping.as_ref().map_or(0, |skipping| skipping.ahead))
    }

    /// The instant in the time of its surroundings.
    pub fn outside(&self, at: Timestamp) -> Timestamp {
        at - self.ahead()
    }

    pub(super) fn fold_skipping_started(
        &mut self,
        config: Option<&TimeSkippingConfig>,
        from: Option<&TimeSkippingStatePropagation>,
        at: Timestamp,
    ) {
        if config.is_none() && from.is_none() {
            return;
        }
        let mut skipping = TimeSkipping::default();
        skipping.set(config, at);
        if let Some(from) = from {
            skipping.ahead =
                nanos(time::positive(from.initial_skipped_duration.as_ref()).unwrap_or_default());
            skipping.jumps = from.initial_skip_count;
            if let (Some(forward), Some(target)) =
                (&mut skipping.fast_forward, &from.fast_forward_target_time)
            {
                forward.target = Timestamp::from_proto(target);
            }
        }
        self.time_skipping = Some(Box::new(skipping));
    }

    pub(super) fn fold_skipping_set(&mut self, config: Option<&TimeSkippingConfig>, at: Timestamp) {
        self.time_skipping.get_or_insert_default().set(config, at);
    }

    pub(super) fn fold_skipping(
        &mut self,
        a: &WorkflowExecutionTimeSkippingTransitionedEventAttributes,
        at: Timestamp,
    ) {
        let skipping = self.time_skipping.get_or_insert_default();
        if let Some(target) = &a.target_time {
            let jump = nanos(Timestamp::from_proto(target).since(at));
            skipping.ahead = skipping.ahead.saturating_add(jump);
            skipping.jumps += 1;
        }
        if a.disabled_after_fast_forward {
            skipping.disable();
            if let Some(forward) = &mut skipping.fast_forward {
                forward.is_reached = true;
            }
        }
        let most = skipping.config.as_ref().map_or(0, |config| config.max_session_skip_count);
        if most > 0 && skipping.jumps >= most {
            skipping.disable();
        }
    }

    /// The instant at which skipping ends, if it was not reached.
    pub(super) fn fast_forward_target(&self) -> Option<Timestamp> {
        let skipping = self.time_skipping.as_deref().filter(|skipping| skipping.is_enabled())?;
        skipping.fast_forward.as_ref().filter(|forward| !forward.is_reached).map(|forward| forward.target)
    }

    /// Whether nothing but time can change anything.
    fn waits_for_time(&self) -> bool {
        self.workflow_task.is_none()
            && self.first_task != FirstTask::AwaitsParent
            && self.buffered.is_empty()
            && self.children.is_empty()
            && self.signals_out.is_empty()
            && self.cancels_out.is_empty()
            && !self.update_waits()
            && self.activities.values().all(|activity| matches!(activity.phase, Phase::Backoff))
    }

    /// Where the clock is to be set, if it is to be.
    fn jump_target(&self, context: &Context) -> Option<Timestamp> {
        let is_on = self.time_skipping.as_deref().is_some_and(TimeSkipping::is_enabled);
        if is_on && self.waits_for_time() { self.earliest_deadline(context) } else { None }
    }

    /// What the next run of the chain begins with.
    pub(super) fn skipping_for_successor(
        &self,
    ) -> (Option<TimeSkippingConfig>, Option<TimeSkippingStatePropagation>) {
        let Some(skipping) = self.time_skipping.as_deref() else { return (None, None) };
        let pending = skipping.fast_forward.as_ref().filter(|forward| !forward.is_reached);
        let mut config = skipping.config.as_ref().map(|config| config.0.clone());
        if let (Some(config), None) = (&mut config, pending) {
            config.fast_forward_config = None;
        }
        (config, self.passed_on(skipping.jumps, pending.map(|forward| forward.target)))
    }

    /// What a child begins with.
    pub(super) fn skipping_for_child(
        &self,
    ) -> (Option<TimeSkippingConfig>, Option<TimeSkippingStatePropagation>) {
        let Some(skipping) = self.time_skipping.as_deref() else { return (None, None) };
        let config = skipping.config.as_ref().filter(|config| config.enabled && !config.disable_propagation);
        let config =
            config.map(|config| TimeSkippingConfig { fast_forward_config: None, ..config.0.clone() });
        (config, self.passed_on(0, None))
    }

    fn passed_on(&self, jumps: i32, target: Option<Timestamp>) -> Option<TimeSkippingStatePropagation> {
        let ahead = self.ahead();
        (!ahead.is_zero() || jumps > 0 || target.is_some()).then(|| TimeSkippingStatePropagation {
            initial_skipped_duration: (!ahead.is_zero()).then(|| time::to_proto(ahead)),
            fast_forward_target_time: target.map(Timestamp::to_proto),
            initial_skip_count: jumps,
        })
    }

    /// What a describe tells at `now`, an instant of its surroundings.
    pub fn time_skipping_info(&self, now: Timestamp) -> Option<TimeSkippingInfo> {
        self.time_skipping.as_deref().map(|skipping| TimeSkippingInfo {
            current_time: Some((now + self.ahead()).to_proto()),
            effective_config: skipping.config.as_ref().map(|config| config.0.clone()),
            ..TimeSkippingInfo::default()
        })
    }

    /// What a poll for a fast-forward is answered; `None` if it has to wait.
    pub fn fast_forward_result(&self, id: &str) -> Option<PollWorkflowExecutionTimeSkippingResponse> {
        let skipping = self.time_skipping.as_deref();
        let info = skipping.and_then(TimeSkipping::fast_forward_info);
        let failed = |reason: &str| PollWorkflowExecutionTimeSkippingResponse {
            fast_forward_polling_result: FastForwardPollingResult::FastForwardFailed as i32,
            failed_reason: reason.into(),
            fast_forward_info: info.clone(),
        };
        let asked = info.as_ref().filter(|info| info.fast_forward_id == id);
        match asked {
            None => Some(failed(
                "the requested fast_forward_id does not match the execution's current fast-forward",
            )),
            Some(info) if info.has_completed => Some(PollWorkflowExecutionTimeSkippingResponse {
                fast_forward_polling_result: FastForwardPollingResult::FastForwardCompleted as i32,
                failed_reason: String::new(),
                fast_forward_info: Some(info.clone()),
            }),
            Some(_) if !self.is_running() => {
                Some(failed("the execution ended before the fast-forward completed"))
            }
            Some(_) if !skipping.is_some_and(TimeSkipping::is_enabled) => {
                Some(failed("time skipping was disabled before the fast-forward completed"))
            }
            Some(_) => None,
        }
    }
}

/// How far the clock of a run is ahead when an input comes: that of a new one begins where its start says.
pub(super) fn ahead_of(run: &Run, what: &What) -> Duration {
    match what {
        What::Start(start) => {
            let from = start.attributes.time_skipping_state_propagation.as_ref();
            time::positive(from.and_then(|from| from.initial_skipped_duration.as_ref())).unwrap_or_default()
        }
        _ => run.ahead(),
    }
}

impl Transition<'_> {
    /// Sets the clock forward to the next deadline, if nothing but time can change anything before it.
    pub fn skip_time(&mut self) {
        if self.run.fast_forward_target().is_some_and(|target| target <= self.at) {
            self.reach_fast_forward();
        }
        let Some(target) = self.run.jump_target(self.context).filter(|target| *target > self.at) else {
            return;
        };
        let is_last = self.run.fast_forward_target() == Some(target);
        self.event(transitioned(Some(target), self.at, is_last));
        self.at = target;
    }

    /// The instant at which skipping ends has come by itself.
    pub fn reach_fast_forward(&mut self) {
        if !self.run.workflow_task_started() {
            self.event(transitioned(None, self.at, true));
        }
    }
}

fn transitioned(target: Option<Timestamp>, at: Timestamp, is_last: bool) -> Attributes {
    Attributes::WorkflowExecutionTimeSkippingTransitionedEventAttributes(
        WorkflowExecutionTimeSkippingTransitionedEventAttributes {
            target_time: target.map(Timestamp::to_proto),
            disabled_after_fast_forward: is_last,
            wall_clock_time: Some(at.to_proto()),
        },
    )
}
