//! Time has passed: every deadline that is due takes effect, earliest first.

use longhaul_proto::api::{
    enums::v1::{RetryState, TimeoutType},
    history::v1::{TimerFiredEventAttributes, history_event::Attributes},
};

use super::nexus;
use crate::run::{DutyId, Fact, deadlines::Deadline, state::FirstTask, transition::Transition};

/// Works off the deadlines that are due. One that is not due never takes effect.
pub fn step(t: &mut Transition<'_>) {
    while let Some((due, deadline)) = t.run.next_deadline(t.context) {
        if due > t.at {
            return;
        }
        match deadline {
            Deadline::Retention if t.run.is_kept_for_archive(t.context) => t.duty(DutyId::Archive),
            Deadline::Retention => {
                t.effects.expired = true;
                return;
            }
            Deadline::Execution => t.time_out_run(false),
            Deadline::Run => t.time_out_run(true),
            Deadline::FastForward => t.reach_fast_forward(),
            Deadline::FirstTask => {
                t.fact(Fact::FirstTask(FirstTask::Scheduled));
                t.needs_task = true;
            }
            Deadline::Timer(started_event_id, timer_id) => {
                let fired = TimerFiredEventAttributes { timer_id, started_event_id };
                t.outside_event(Attributes::TimerFiredEventAttributes(fired));
                t.needs_task = true;
            }
            Deadline::ActivityDue(scheduled_event_id) => {
                t.fact(Fact::ActivityDue { scheduled_event_id, at: t.at });
                if !t.pause_by_rule(scheduled_event_id) {
                    t.duty(DutyId::Activity(scheduled_event_id));
                }
            }
            Deadline::ScheduleToStart(id) => t.time_out_activity(id, TimeoutType::ScheduleToStart),
            Deadline::ScheduleToClose(id) => t.time_out_activity(id, TimeoutType::ScheduleToClose),
            Deadline::StartToClose(id) => t.time_out_activity(id, TimeoutType::StartToClose),
            Deadline::Heartbeat(id) => t.time_out_activity(id, TimeoutType::Heartbeat),
            Deadline::CallbackDue(index) => t.callback_due(index),
            Deadline::NexusDue(id) => nexus::due(t, id, false),
            Deadline::NexusCancelDue(id) => nexus::due(t, id, true),
            Deadline::NexusScheduleToStart(id) => nexus::time_out(t, id, TimeoutType::ScheduleToStart),
            Deadline::NexusScheduleToClose(id) => nexus::time_out(t, id, TimeoutType::ScheduleToClose),
            Deadline::NexusStartToClose(id) => nexus::time_out(t, id, TimeoutType::StartToClose),
            Deadline::Sticky => t.time_out_workflow_task(TimeoutType::ScheduleToStart),
            Deadline::WorkflowTask => t.time_out_workflow_task(TimeoutType::StartToClose),
        }
    }
}

impl Transition<'_> {
    /// Ends the run because its time is up; a retry policy or a cron schedule may go on with another run.
    fn time_out_run(&mut self, may_go_on: bool) {
        let failure = crate::run::failure::timeout("workflow timeout", TimeoutType::StartToClose, None, None);
        let next = if may_go_on { self.after_failure(&failure) } else { Err(RetryState::Timeout) };
        self.close_timed_out(next);
    }
}
