//! Search attributes and memo, changed by the workflow.

use longhaul_proto::{
    Refusal,
    api::{
        command::v1::{
            ModifyWorkflowPropertiesCommandAttributes, UpsertWorkflowSearchAttributesCommandAttributes,
        },
        common::v1::{Memo, SearchAttributes},
        enums::v1::WorkflowTaskFailedCause as Cause,
        history::v1::{
            UpsertWorkflowSearchAttributesEventAttributes, WorkflowPropertiesModifiedEventAttributes,
            history_event::Attributes,
        },
    },
};
use prost::Message;

use super::{Completion, Fault};
use crate::{run::transition::Transition, visibility};

/// Sets and removes search attributes.
pub fn upsert_search_attributes(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: UpsertWorkflowSearchAttributesCommandAttributes,
) -> Result<(), Fault> {
    let Some(attributes) = a.search_attributes else {
        return Err(Fault::Task(
            Cause::BadSearchAttributes,
            "SearchAttributes is not set on UpsertWorkflowSearchAttributesCommand.".into(),
        ));
    };
    if attributes.indexed_fields.is_empty() {
        return Err(Fault::Task(
            Cause::BadSearchAttributes,
            "IndexedFields is not set on UpsertWorkflowSearchAttributesCommand.".into(),
        ));
    }
    check_search_attributes(t, Some(&attributes))?;
    let upserted = UpsertWorkflowSearchAttributesEventAttributes {
        workflow_task_completed_event_id: completion.event_id,
        search_attributes: Some(visibility::typed_all(attributes, &t.context.attributes)),
    };
    t.event(Attributes::UpsertWorkflowSearchAttributesEventAttributes(upserted));
    t.effects.visible = true;
    Ok(())
}

/// Refuses attributes that the namespace does not have, and values that are not of their type.
pub fn check_search_attributes(
    t: &Transition<'_>,
    attributes: Option<&SearchAttributes>,
) -> Result<(), Fault> {
    let Some(attributes) = attributes else { return Ok(()) };
    let limits = t.context.limits.search_attributes();
    let of_any_size =
        visibility::Limits { value_bytes_max: usize::MAX, total_bytes_max: usize::MAX, ..limits };
    visibility::validate(attributes, &t.context.attributes, &of_any_size).map_err(
        |refusal| match refusal {
            Refusal::InvalidArgument(detail) => Fault::Task(Cause::BadSearchAttributes, detail),
            other => Fault::Refused(other),
        },
    )?;
    visibility::within_limits(attributes, &limits).map_err(|refusal| match refusal {
        // A value that is too large is so at every attempt.
        Refusal::InvalidArgument(detail) => Fault::Run(Cause::BadSearchAttributes, detail),
        other => Fault::Refused(other),
    })
}

/// Sets and removes memo fields.
pub fn modify(
    t: &mut Transition<'_>,
    completion: &Completion,
    a: ModifyWorkflowPropertiesCommandAttributes,
) -> Result<(), Fault> {
    let cause = Cause::BadModifyWorkflowPropertiesAttributes;
    let Some(memo) = a.upserted_memo else {
        return Err(Fault::Task(cause, "UpsertedMemo is not set on ModifyWorkflowPropertiesCommand.".into()));
    };
    if memo.fields.is_empty() {
        return Err(Fault::Task(
            cause,
            "UpsertedMemo.Fields is not set on ModifyWorkflowPropertiesCommand.".into(),
        ));
    }
    if memo.encoded_len() > t.context.limits.memo_bytes_max {
        return Err(Fault::Run(
            cause,
            "ModifyWorkflowPropertiesCommandAttributes exceeds size limit.".into(),
        ));
    }
    let grown = grown(t, &memo);
    t.warn_of("memo", grown, t.context.limits.memo_bytes_warn);
    if grown > t.context.limits.memo_bytes_max {
        return Err(Fault::Run(
            cause,
            "ModifyWorkflowPropertiesCommandAttributes. Memo exceeds size limit.".into(),
        ));
    }
    let modified = WorkflowPropertiesModifiedEventAttributes {
        workflow_task_completed_event_id: completion.event_id,
        upserted_memo: Some(memo),
    };
    t.event(Attributes::WorkflowPropertiesModifiedEventAttributes(modified));
    t.effects.visible = true;
    Ok(())
}

/// Bytes of the memo as it is with these fields.
fn grown(t: &Transition<'_>, upserted: &Memo) -> usize {
    let kept = t.run.memo.iter().filter(|(key, _)| !upserted.fields.contains_key(*key));
    let mut whole = upserted.clone();
    whole.fields.extend(kept.map(|(key, payload)| (key.clone(), payload.0.clone())));
    whole.encoded_len()
}
