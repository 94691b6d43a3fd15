//! The workflow's code: what a run does next, given what its history has told so far.

use longhaul_proto::api::{
    command::v1::{
        Command, CompleteWorkflowExecutionCommandAttributes, ScheduleActivityTaskCommandAttributes,
        StartTimerCommandAttributes, command::Attributes,
    },
    common::v1::{ActivityType, Payload, Payloads},
    enums::v1::{CommandType, EventType},
    history::v1::HistoryEvent,
    taskqueue::v1::TaskQueue,
};

/// How long the timer of `Plan::Timer` runs: a day.
const TIMER_SECONDS: i64 = 24 * 60 * 60;

/// What every run of a load does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// So many activities, one after the other.
    Activities(usize),
    /// Waits for so many signals.
    Signals(usize),
    /// One timer that fires long after the load; the run stays open, and counts as done once the timer is set.
    Timer,
}

/// What a run's history has told so far. A sticky worker sees each event once.
#[derive(Clone, Copy, Default)]
pub struct Progress {
    scheduled: usize,
    completed: usize,
    signals: usize,
}

impl Progress {
    /// Takes note of an event.
    pub fn observe(&mut self, event: &HistoryEvent) {
        match event.event_type() {
            EventType::ActivityTaskScheduled => self.scheduled += 1,
            EventType::ActivityTaskCompleted => self.completed += 1,
            EventType::WorkflowExecutionSignaled => self.signals += 1,
            _ => {}
        }
    }

    /// Commands to answer a workflow task with; the flag says that the run is at its end.
    pub fn decide(&self, plan: Plan, task_queue: &str) -> (Vec<Command>, bool) {
        let is_done = match plan {
            Plan::Activities(count) => self.completed >= count,
            Plan::Signals(count) => self.signals >= count,
            Plan::Timer => return (vec![start_timer()], true),
        };
        let waits = matches!(plan, Plan::Signals(_)) || self.scheduled > self.completed;
        match (is_done, waits) {
            (true, _) => (vec![complete()], true),
            (false, true) => (Vec::new(), false),
            (false, false) => (vec![schedule(self.scheduled + 1, task_queue)], false),
        }
    }
}

/// A payload as SDKs make it for a short text.
pub fn payloads() -> Payloads {
    let encoding = ("encoding".to_owned(), "json/plain".into());
    let payload = Payload { metadata: [encoding].into(), data: "\"some text\"".into(), ..Default::default() };
    Payloads { payloads: vec![payload] }
}

fn schedule(number: usize, task_queue: &str) -> Command {
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: number.to_string(),
        activity_type: Some(ActivityType { name: "load".into() }),
        task_queue: Some(TaskQueue { name: task_queue.into(), ..Default::default() }),
        input: Some(payloads()),
        start_to_close_timeout: seconds(10),
        ..Default::default()
    };
    Command {
        command_type: CommandType::ScheduleActivityTask.into(),
        attributes: Some(Attributes::ScheduleActivityTaskCommandAttributes(attributes)),
        ..Default::default()
    }
}

fn start_timer() -> Command {
    let attributes = StartTimerCommandAttributes {
        timer_id: "1".into(),
        start_to_fire_timeout: Some(prost_types::Duration { seconds: TIMER_SECONDS, nanos: 0 }),
    };
    Command {
        command_type: CommandType::StartTimer.into(),
        attributes: Some(Attributes::StartTimerCommandAttributes(attributes)),
        ..Default::default()
    }
}

fn complete() -> Command {
    let attributes = CompleteWorkflowExecutionCommandAttributes { result: Some(payloads()) };
    Command {
        command_type: CommandType::CompleteWorkflowExecution.into(),
        attributes: Some(Attributes::CompleteWorkflowExecutionCommandAttributes(attributes)),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use longhaul_proto::api::{enums::v1::EventType, history::v1::HistoryEvent};

    use super::{Plan, Progress};

    fn decide(plan: Plan, events: &[EventType]) -> (usize, bool) {
        let mut progress = Progress::default();
        for &event_type in events {
            progress.observe(&HistoryEvent { event_type: event_type.into(), ..Default::default() });
        }
        let (commands, is_done) = progress.decide(plan, "queue");
        (commands.len(), is_done)
    }

    #[test]
    fn activities_follow_one_another() {
        use EventType::{ActivityTaskCompleted as Completed, ActivityTaskScheduled as Scheduled};
        let plan = Plan::Activities(2);
        assert_eq!(decide(plan, &[]), (1, false));
        assert_eq!(decide(plan, &[Scheduled]), (0, false));
        assert_eq!(decide(plan, &[Scheduled, Completed]), (1, false));
        assert_eq!(decide(plan, &[Scheduled, Completed, Scheduled, Completed]), (1, true));
    }

    #[test]
    fn a_receiver_of_signals_waits_for_all_of_them() {
        use EventType::WorkflowExecutionSignaled as Signaled;
        assert_eq!(decide(Plan::Signals(2), &[Signaled]), (0, false));
        assert_eq!(decide(Plan::Signals(2), &[Signaled, Signaled]), (1, true));
    }

    #[test]
    fn a_run_with_a_timer_is_done_once_the_timer_is_set() {
        assert_eq!(decide(Plan::Timer, &[]), (1, true));
    }
}
