//! An activity has completed.

use longhaul_proto::{
    Refusal,
    api::{
        common::v1::Payloads,
        history::v1::{
            ActivityTaskCompletedEventAttributes, ActivityTaskStartedEventAttributes,
            history_event::Attributes,
        },
    },
};
use prost::Message;

use crate::run::{ActivityEnd, DutyId, failure, state::Phase, transition::Transition};

/// Writes that the activity started and completed. A result that is too large is a failure.
pub fn step(t: &mut Transition<'_>, end: ActivityEnd<Option<Payloads>>) -> Result<(), Refusal> {
    let bytes = end.outcome.as_ref().map_or(0, Message::encoded_len);
    t.warn_of("result of an activity", bytes, t.context.limits.blob_bytes_warn);
    if bytes > t.context.limits.blob_bytes_max {
        let failure = failure::server("Complete result exceeds size limit.", true);
        let ActivityEnd { activity, identity, .. } = end;
        let end = ActivityEnd { activity, identity, outcome: (Some(failure), None) };
        return super::activity_failed::step(t, end);
    }
    let (scheduled_event_id, _) = super::pending_activity(t.run, &end.activity)?;
    let started_event_id = t.write_activity_started(scheduled_event_id, &end.identity);
    let completed = ActivityTaskCompletedEventAttributes {
        result: end.outcome,
        scheduled_event_id,
        started_event_id,
        identity: end.identity,
        ..Default::default()
    };
    t.outside_event(Attributes::ActivityTaskCompletedEventAttributes(completed));
    t.duty_done(DutyId::Activity(scheduled_event_id));
    t.needs_task = true;
    Ok(())
}

impl Transition<'_> {
    /// Writes the started event that belongs to the end of an activity, and answers its id (zero while buffered). The
    /// one who ends an attempt that no worker had counts as its starter.
    pub fn write_activity_started(&mut self, scheduled_event_id: i64, ender: &str) -> i64 {
        let Some(activity) = self.run.activities.get(&scheduled_event_id) else { return 0 };
        let (identity, request_id, at, build) = match &activity.phase {
            Phase::Started { identity, request_id, at } => {
                (identity.clone(), request_id.clone(), *at, activity.last_build.clone())
            }
            Phase::Backoff | Phase::Scheduled => (ender.to_owned(), String::new(), self.at, None),
        };
        let builds = &self.run.versions.builds;
        #[allow(deprecated)]
        let started = ActivityTaskStartedEventAttributes {
            scheduled_event_id,
            identity,
            request_id,
            attempt: activity.attempt,
            build_id_redirect_counter: match &build {
                Some(build) if build.use_versioning && activity.scheduled.use_workflow_build_id => {
                    builds.redirects
                }
                _ => 0,
            },
            last_failure: activity.last_failure.as_ref().map(|failure| failure.0.clone()),
            worker_version: build.map(|build| build.0),
        };
        let attributes = Attributes::ActivityTaskStartedEventAttributes(started);
        if self.run.workflow_task_started() {
            self.outside_event(attributes);
            0
        } else {
            self.event_of(at, attributes, None, Vec::new())
        }
    }
}
