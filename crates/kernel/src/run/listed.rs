//! What lists show of a run. Most of it is in the attributes by which the run is found, so the row keeps only the rest,
//! and both are put together when somebody looks.

use longhaul_proto::api::{
    common::v1::{WorkflowExecution, WorkflowType},
    enums::v1::WorkflowExecutionStatus as Status,
    workflow::v1::WorkflowExecutionInfo,
};
use prost::{DecodeError, Message};

use crate::{
    time::{Timestamp, to_proto},
    visibility::{Row, Value},
};

/// Calls a macro with every field that the row may tell.
macro_rules! fields {
    ($each:ident) => {
        $each!(
            r#type,
            start_time,
            close_time,
            status,
            history_length,
            execution_time,
            task_queue,
            state_transition_count,
            history_size_bytes,
            execution_duration,
            root_execution
        )
    };
}

/// What the row itself does not tell of `info`, encoded. If it contradicts the row in something that can't be left out,
/// that is everything.
pub(super) fn rest(row: &Row, mut info: WorkflowExecutionInfo) -> Vec<u8> {
    let told = told(row);
    let nothing = WorkflowExecutionInfo::default();
    macro_rules! contradicts {
        ($($field:ident),*) => { $((info.$field == nothing.$field && told.$field != nothing.$field))||* };
    }
    if info.execution != told.execution || fields!(contradicts) {
        return info.encode_to_vec();
    }
    macro_rules! leave_out {
        ($($field:ident),*) => { $(if info.$field == told.$field {
            info.$field = Default::default();
        })* };
    }
    fields!(leave_out);
    info.execution = None;
    info.encode_to_vec()
}

/// What a list shows of the run that a row is about.
///
/// # Errors
/// If the row's rest can't be read.
pub fn listed(row: &Row) -> Result<WorkflowExecutionInfo, DecodeError> {
    let mut info = WorkflowExecutionInfo::decode(row.info.clone())?;
    if info.execution.is_some() {
        return Ok(info);
    }
    let told = told(row);
    let nothing = WorkflowExecutionInfo::default();
    macro_rules! fill_in {
        ($($field:ident),*) => { $(if info.$field == nothing.$field {
            info.$field = told.$field;
        })* };
    }
    fields!(fill_in);
    info.execution = told.execution;
    Ok(info)
}

/// What the row tells.
fn told(row: &Row) -> WorkflowExecutionInfo {
    let keyword = |name: &str| match row.attributes.get(name) {
        Some(Value::Keyword(text)) => text.clone(),
        Some(_) | None => String::new(),
    };
    let int = |name: &str| match row.attributes.get(name) {
        Some(Value::Int(number)) => *number,
        Some(_) | None => 0,
    };
    let datetime = |name: &str| match row.attributes.get(name) {
        Some(Value::Datetime(at)) => Some(at.to_proto()),
        Some(_) | None => None,
    };
    let root = keyword("RootWorkflowId");
    WorkflowExecutionInfo {
        execution: Some(WorkflowExecution {
            workflow_id: row.run.execution.id.to_string(),
            run_id: row.run.run.to_string(),
        }),
        r#type: Some(keyword("WorkflowType"))
            .filter(|name| !name.is_empty())
            .map(|name| WorkflowType { name }),
        start_time: Some(row.start_time.to_proto()),
        close_time: row.close_time.map(Timestamp::to_proto),
        status: status(&keyword("ExecutionStatus")) as i32,
        history_length: int("HistoryLength"),
        execution_time: datetime("ExecutionTime"),
        task_queue: keyword("TaskQueue"),
        state_transition_count: int("StateTransitionCount"),
        history_size_bytes: int("HistorySizeBytes"),
        execution_duration: row.attributes.get("ExecutionDuration").and_then(|value| match value {
            Value::Int(nanos) => {
                u64::try_from(*nanos).ok().map(std::time::Duration::from_nanos).map(to_proto)
            }
            _ => None,
        }),
        root_execution: (!root.is_empty())
            .then(|| WorkflowExecution { workflow_id: root, run_id: keyword("RootRunId") }),
        ..WorkflowExecutionInfo::default()
    }
}

fn status(name: &str) -> Status {
    match name {
        "Running" => Status::Running,
        "Completed" => Status::Completed,
        "Failed" => Status::Failed,
        "Canceled" => Status::Canceled,
        "Terminated" => Status::Terminated,
        "ContinuedAsNew" => Status::ContinuedAsNew,
        "TimedOut" => Status::TimedOut,
        "Paused" => Status::Paused,
        _ => Status::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::{ExecutionKey, NamespaceId, RunId, RunKey};

    fn row() -> Row {
        let attributes = [
            ("WorkflowType", Value::Keyword("order".into())),
            ("TaskQueue", Value::Keyword("q".into())),
            ("ExecutionStatus", Value::Keyword("Completed".into())),
            ("RootWorkflowId", Value::Keyword("w".into())),
            ("RootRunId", Value::Keyword(RunId::from_bytes([7; 16]).to_string())),
            ("ExecutionTime", Value::Datetime(Timestamp(1_000))),
            ("HistoryLength", Value::Int(11)),
            ("HistorySizeBytes", Value::Int(1030)),
            ("StateTransitionCount", Value::Int(7)),
            ("ExecutionDuration", Value::Int(2_000)),
        ];
        Row {
            run: RunKey {
                execution: ExecutionKey::workflow(NamespaceId::default(), "w"),
                run: RunId::from_bytes([7; 16]),
            },
            start_time: Timestamp(1_000),
            close_time: Some(Timestamp(3_000)),
            attributes: attributes.map(|(name, value)| (Arc::from(name), value)).into(),
            info: bytes::Bytes::new(),
        }
    }

    /// Stores `info` beside the row, and tells how many bytes that took and what a list then shows.
    fn stored(row: Row, info: &WorkflowExecutionInfo) -> (usize, WorkflowExecutionInfo) {
        let row = Row { info: rest(&row, info.clone()).into(), ..row };
        (row.info.len(), listed(&row).expect("what was encoded"))
    }

    #[test]
    fn what_the_row_tells_is_not_stored_again() {
        let info = told(&row());
        assert_eq!(stored(row(), &info), (0, info));
    }

    #[test]
    fn what_the_row_does_not_tell_is_stored() {
        let info = WorkflowExecutionInfo { first_run_id: "first".into(), ..told(&row()) };
        assert_eq!(stored(row(), &info), (8, info));
    }

    #[test]
    fn what_differs_from_the_row_is_stored() {
        let info = WorkflowExecutionInfo { state_transition_count: 5, ..told(&row()) };
        assert_eq!(stored(row(), &info).1, info);
    }

    #[test]
    fn what_lacks_something_that_the_row_tells_is_stored_whole() {
        let info = WorkflowExecutionInfo { task_queue: String::new(), ..told(&row()) };
        assert_eq!(stored(row(), &info), (info.encoded_len(), info));
    }

    #[test]
    fn a_row_that_holds_everything_is_read_as_it_is() {
        let info = WorkflowExecutionInfo { history_length: 0, ..told(&row()) };
        let row = Row { info: info.encode_to_vec().into(), ..row() };
        assert_eq!(listed(&row).expect("it can be read"), info);
    }
}
