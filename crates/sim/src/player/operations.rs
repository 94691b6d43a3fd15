//! Commands of Nexus operations, and of activities that share a queue by weight.

use longhaul_proto::api::{
    command::v1::{
        Command, RequestCancelNexusOperationCommandAttributes, ScheduleActivityTaskCommandAttributes,
        ScheduleNexusOperationCommandAttributes, command::Attributes as Do,
    },
    common::v1::{ActivityType, Priority},
    enums::v1::CommandType,
    history::v1::history_event::Attributes as Event,
};

use super::{Seen, command, millis, payloads, queue, timer};
use crate::{
    job::{Job, Share},
    world::{ENDPOINT, FAIR},
};

impl Seen {
    /// Reads an event of an operation.
    pub(super) fn read_operation(&mut self, id: i64, attributes: &Event) {
        match attributes {
            Event::NexusOperationScheduledEventAttributes(a) => self.begin(a.operation.clone(), id),
            Event::NexusOperationCompletedEventAttributes(a) => self.end(a.scheduled_event_id),
            Event::NexusOperationFailedEventAttributes(a) => self.end(a.scheduled_event_id),
            Event::NexusOperationCanceledEventAttributes(a) => self.end(a.scheduled_event_id),
            Event::NexusOperationTimedOutEventAttributes(a) => self.end(a.scheduled_event_id),
            Event::NexusOperationCancelRequestedEventAttributes(a) => {
                self.given_up.push(a.scheduled_event_id)
            }
            other => self.updates.read(id, other),
        }
    }

    /// Commands that an operation still needs; one that is given up is asked to cancel once a timer has fired.
    pub(super) fn operation(&self, name: &str, job: &Job) -> Vec<Command> {
        let patience = format!("{name} patience");
        match self.steps.get(name) {
            None if job.canceled_after > 0 => {
                vec![schedule(name, job), timer(&patience, job.canceled_after)]
            }
            None => vec![schedule(name, job)],
            Some(begun)
                if !begun.is_done && self.done(&patience) && !self.given_up.contains(&begun.event) =>
            {
                let attributes =
                    RequestCancelNexusOperationCommandAttributes { scheduled_event_id: begun.event };
                vec![command(
                    CommandType::RequestCancelNexusOperation,
                    Do::RequestCancelNexusOperationCommandAttributes(attributes),
                )]
            }
            Some(_) => Vec::new(),
        }
    }
}

fn schedule(name: &str, job: &Job) -> Command {
    let attributes = ScheduleNexusOperationCommandAttributes {
        endpoint: ENDPOINT.into(),
        service: "jobs".into(),
        operation: name.into(),
        input: payloads(job).payloads.pop(),
        schedule_to_close_timeout: millis(job.schedule_to_close),
        ..Default::default()
    };
    command(CommandType::ScheduleNexusOperation, Do::ScheduleNexusOperationCommandAttributes(attributes))
}

/// An activity of the queue that is shared by weight.
pub(super) fn shared(name: &str, share: &Share) -> Command {
    let priority = Priority {
        fairness_key: share.key.clone(),
        fairness_weight: f32::from(u16::try_from(share.weight).unwrap_or(u16::MAX)),
        ..Priority::default()
    };
    let attributes = ScheduleActivityTaskCommandAttributes {
        activity_id: name.into(),
        activity_type: Some(ActivityType { name: "share".into() }),
        task_queue: queue(FAIR),
        input: Some(payloads(share)),
        start_to_close_timeout: millis(5000),
        priority: Some(priority),
        ..Default::default()
    };
    command(CommandType::ScheduleActivityTask, Do::ScheduleActivityTaskCommandAttributes(attributes))
}
