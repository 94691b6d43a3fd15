//! Requests for batch operations that can't be meant. What is not checked here, the reference does not check either: then it
//! is the single workflow that fails.

use longhaul_proto::{
    Refusal,
    api::{
        batch::v1::{
            BatchOperationReset, BatchOperationUpdateActivityOptions,
            batch_operation_reset_activities as reset_activities,
            batch_operation_unpause_activities as unpause_activities,
            batch_operation_update_activity_options as update_activities,
        },
        common::v1::Execution,
        enums::v1::{ExecutionType, ResetType},
        workflowservice::v1::{StartBatchOperationRequest, start_batch_operation_request::Operation},
    },
};

use crate::visibility::{Attributes, Query};

/// Refuses a request that lacks something or says two things at once.
///
/// # Errors
/// `InvalidArgument`, with the reference's texts.
#[allow(deprecated)]
pub fn check(request: &StartBatchOperationRequest) -> Result<(), Refusal> {
    let selected = [
        !request.visibility_query.is_empty(),
        !request.executions.is_empty(),
        !request.target_executions.is_empty(),
    ];
    let selections = selected.iter().filter(|is_given| **is_given).count();
    let operation = request.operation.as_ref().filter(|_| !request.reason.is_empty() && selections > 0);
    let Some(operation) = operation else {
        return Err(Refusal::invalid(
            "must provide required parameters: BatchType,Reason,Namespace, AND one of (Query OR Executions OR \
             TargetExecutions)",
        ));
    };
    if request.job_id.is_empty() {
        return Err(Refusal::invalid("JobId is not set on request."));
    }
    if selections > 1 {
        return Err(Refusal::invalid(
            "visibility query, executions, and target executions are mutually exclusive",
        ));
    }
    check_targets(request, operation)?;
    check_operation(operation)
}

/// Turns the older list of workflows into the newer one, so that there is one list.
#[allow(deprecated)]
pub(super) fn with_one_list(mut request: StartBatchOperationRequest) -> StartBatchOperationRequest {
    let kind = request.operation.as_ref().map_or(ExecutionType::Workflow, |operation| kind_of(operation).1);
    let named = std::mem::take(&mut request.executions).into_iter().map(|named| Execution {
        r#type: kind as i32,
        business_id: named.workflow_id,
        run_id: named.run_id,
    });
    request.target_executions.extend(named);
    request
}

/// Reads the query of an operation. Order, groups and limits mean nothing to it.
///
/// # Errors
/// `InvalidArgument`. The reference takes a query that is well-formed and means nothing; its operation fails then,
/// and nobody is told why.
pub fn query(text: &str, attributes: &Attributes) -> Result<Query, Refusal> {
    if text.trim().is_empty() {
        let position = text.chars().count() + EMPTY_POSITION;
        return Err(Refusal::invalid(format!(
            "invalid visibility query: syntax error at position {position}"
        )));
    }
    let query = Query::parse(text, attributes).map_err(told)?;
    if !query.order().is_empty() {
        return Err(not_supported("ORDER BY"));
    }
    if query.group_by().is_some() {
        return Err(not_supported("GROUP BY"));
    }
    Ok(query)
}

/// Where the reference sees the end of a query of no length.
const EMPTY_POSITION: usize = 27;

fn not_supported(clause: &str) -> Refusal {
    Refusal::invalid(format!("invalid visibility query: operation is not supported: '{clause}' clause"))
}

/// The refusal of a query as batch operations tell it: the reference reads it in a statement that is shorter by one.
fn told(refusal: Refusal) -> Refusal {
    let Refusal::InvalidArgument(text) = refusal else { return refusal };
    let text = text.strip_prefix("invalid query: ").unwrap_or(&text);
    const PLACE: &str = "malformed SQL query: syntax error at position ";
    let Some(rest) = text.strip_prefix(PLACE) else {
        return Refusal::InvalidArgument(format!("invalid visibility query: {text}"));
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let position = rest[..digits].parse::<u64>().unwrap_or_default().saturating_sub(1);
    let near = &rest[digits..];
    Refusal::InvalidArgument(format!("invalid visibility query: syntax error at position {position}{near}"))
}

fn check_targets(request: &StartBatchOperationRequest, operation: &Operation) -> Result<(), Refusal> {
    let (name, wanted) = kind_of(operation);
    for (index, target) in request.target_executions.iter().enumerate() {
        if target.r#type != wanted as i32 {
            let given = execution_type(target.r#type);
            let wanted = execution_type(wanted as i32);
            return Err(Refusal::invalid(format!(
                "target_executions[{index}] has type {given}, but operation \
                 *workflowservice.StartBatchOperationRequest_{name} requires {wanted}"
            )));
        }
    }
    Ok(())
}

/// The reference's name of a type; what it can't do yet has none there.
fn execution_type(number: i32) -> String {
    match ExecutionType::try_from(number) {
        Ok(ExecutionType::Unspecified) => "Unspecified".into(),
        Ok(ExecutionType::Workflow) => "Workflow".into(),
        Ok(ExecutionType::Activity) => "Activity".into(),
        Ok(ExecutionType::NexusOperation) | Err(_) => number.to_string(),
    }
}

/// The name of an operation, and what it is done to.
fn kind_of(operation: &Operation) -> (&'static str, ExecutionType) {
    match operation {
        Operation::TerminationOperation(_) => ("TerminationOperation", ExecutionType::Workflow),
        Operation::SignalOperation(_) => ("SignalOperation", ExecutionType::Workflow),
        Operation::CancellationOperation(_) => ("CancellationOperation", ExecutionType::Workflow),
        Operation::DeletionOperation(_) => ("DeletionOperation", ExecutionType::Workflow),
        Operation::ResetOperation(_) => ("ResetOperation", ExecutionType::Workflow),
        Operation::UpdateWorkflowOptionsOperation(_) => {
            ("UpdateWorkflowOptionsOperation", ExecutionType::Workflow)
        }
        Operation::UnpauseActivitiesOperation(_) => ("UnpauseActivitiesOperation", ExecutionType::Workflow),
        Operation::ResetActivitiesOperation(_) => ("ResetActivitiesOperation", ExecutionType::Workflow),
        Operation::UpdateActivityOptionsOperation(_) => {
            ("UpdateActivityOptionsOperation", ExecutionType::Workflow)
        }
        Operation::CancelActivitiesOperation(_) => ("CancelActivitiesOperation", ExecutionType::Activity),
        Operation::TerminateActivitiesOperation(_) => {
            ("TerminateActivitiesOperation", ExecutionType::Activity)
        }
        Operation::DeleteActivitiesOperation(_) => ("DeleteActivitiesOperation", ExecutionType::Activity),
    }
}

const NEITHER: &str = "Either activity type must be set, or match all should be set to true";

fn check_operation(operation: &Operation) -> Result<(), Refusal> {
    match operation {
        Operation::SignalOperation(signal) if signal.signal.is_empty() => {
            Err(Refusal::invalid("must provide signal name"))
        }
        Operation::UpdateWorkflowOptionsOperation(update) => {
            if update.workflow_execution_options.is_none() {
                return Err(Refusal::invalid("must provide UpdateOptions"));
            }
            if update.update_mask.is_none() {
                return Err(Refusal::invalid("must provide UpdateMask"));
            }
            Ok(())
        }
        Operation::ResetOperation(reset) => check_reset(reset),
        Operation::UnpauseActivitiesOperation(unpause) => match &unpause.activity {
            None => Err(Refusal::invalid("activity filter must be set")),
            Some(unpause_activities::Activity::Type(name)) if name.is_empty() => {
                Err(Refusal::invalid(NEITHER))
            }
            Some(unpause_activities::Activity::MatchAll(false)) => Err(Refusal::invalid(NEITHER)),
            Some(_) => Ok(()),
        },
        Operation::ResetActivitiesOperation(reset) => match &reset.activity {
            None => Err(Refusal::invalid("must provide ActivityType or MatchAll")),
            Some(reset_activities::Activity::Type(name)) if name.is_empty() => Err(Refusal::invalid(NEITHER)),
            Some(reset_activities::Activity::MatchAll(false)) => Err(Refusal::invalid(NEITHER)),
            Some(_) => Ok(()),
        },
        Operation::UpdateActivityOptionsOperation(update) => check_activity_options(update),
        _ => Ok(()),
    }
}

#[allow(deprecated)]
fn check_reset(reset: &BatchOperationReset) -> Result<(), Refusal> {
    if let Some(options) = &reset.options {
        return match options.target {
            Some(_) => Ok(()),
            None => Err(Refusal::invalid("batch reset missing target")),
        };
    }
    match ResetType::try_from(reset.reset_type) {
        Ok(ResetType::FirstWorkflowTask | ResetType::LastWorkflowTask) => Ok(()),
        Ok(ResetType::Unspecified) => Err(Refusal::invalid("unknown batch reset type Unspecified")),
        Err(_) => Err(Refusal::invalid(format!("unknown batch reset type {}", reset.reset_type))),
    }
}

fn check_activity_options(update: &BatchOperationUpdateActivityOptions) -> Result<(), Refusal> {
    if update.restore_original && update.activity_options.is_some() {
        return Err(Refusal::invalid("cannot set both activity options and restore original"));
    }
    if update.activity_options.is_none() && !update.restore_original {
        return Err(Refusal::invalid(
            "Either activity type must be set, or restore original should be set to true",
        ));
    }
    match &update.activity {
        Some(update_activities::Activity::Type(name)) if name.is_empty() => Err(Refusal::invalid(NEITHER)),
        Some(update_activities::Activity::MatchAll(false)) => Err(Refusal::invalid(NEITHER)),
        Some(_) | None => Ok(()),
    }
}
