//! Markers: what a worker wants to remember.

use longhaul_proto::api::{
    command::v1::RecordMarkerCommandAttributes,
    enums::v1::WorkflowTaskFailedCause as Cause,
    history::v1::{MarkerRecordedEventAttributes, history_event::Attributes},
    sdk::v1::UserMetadata,
};
use prost::Message;

use super::{Completion, Fault, checks::Named};
use crate::run::transition::Transition;

/// Records a marker.
pub fn record(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: RecordMarkerCommandAttributes,
    metadata: Option<UserMetadata>,
) -> Result<(), Fault> {
    if a.marker_name.is_empty() {
        return Err(Fault::Task(
            Cause::BadRecordMarkerAttributes,
            "MarkerName is not set on RecordMarkerCommand.".into(),
        ));
    }
    let name = Named {
        command: "RecordMarkerCommand",
        name: "MarkerName",
        text: &a.marker_name,
        before: "",
        behind: "",
    };
    name.check_length(t, Cause::BadRecordMarkerAttributes)?;
    let bytes: usize = a.details.iter().map(|(name, payloads)| name.len() + payloads.encoded_len()).sum();
    if bytes > t.context.limits.blob_bytes_max {
        return Err(Fault::Run(
            Cause::BadRecordMarkerAttributes,
            "RecordMarkerCommandAttributes.Details exceeds size limit.".into(),
        ));
    }
    let recorded = MarkerRecordedEventAttributes {
        marker_name: a.marker_name,
        details: a.details,
        workflow_task_completed_event_id: completion.event_id,
        header: a.header,
        failure: a.failure,
    };
    t.event_of(t.at, Attributes::MarkerRecordedEventAttributes(recorded), metadata, Vec::new());
    Ok(())
}
