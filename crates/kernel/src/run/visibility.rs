//! What lists and counts see of a run.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{Run, listed, paused::PAUSE_INFO};
use crate::{
    context::Context,
    ids::{ExecutionKey, RunKey},
    visibility::{Row, Value, decode},
};

impl Run {
    /// Names the run.
    pub fn key(&self) -> RunKey {
        RunKey { execution: ExecutionKey::workflow(self.namespace, &self.workflow_id), run: self.run_id }
    }

    /// The run's row in lists.
    pub fn row(&self, context: &Context) -> Row {
        let mut attributes: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut keyword = |name: &str, value: &str| {
            if !value.is_empty() {
                attributes.insert(name.into(), Value::Keyword(value.to_owned()));
            }
        };
        keyword(
            "WorkflowType",
            self.start.workflow_type.as_ref().map_or("", |workflow_type| &workflow_type.name),
        );
        keyword("TaskQueue", self.task_queue());
        keyword("ExecutionStatus", &format!("{:?}", self.status()));
        if let Some(parent) = &self.start.parent_workflow_execution {
            keyword("ParentWorkflowId", &parent.workflow_id);
            keyword("ParentRunId", &parent.run_id);
        }
        if let Some(root) = self.root() {
            keyword("RootWorkflowId", &root.workflow_id);
            keyword("RootRunId", &root.run_id);
        }
        attributes.insert("ExecutionTime".into(), Value::Datetime(self.execution_time()));
        if let Some(closed) = self.close_time {
            let int = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
            attributes.insert("HistoryLength".into(), Value::Int(self.next_event_id - 1));
            attributes.insert("HistorySizeBytes".into(), int(self.history_bytes));
            attributes.insert("StateTransitionCount".into(), int(self.transitions));
            let duration = closed.since(self.execution_time());
            attributes.insert(
                "ExecutionDuration".into(),
                int(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
            );
        }
        for (name, payload) in &self.search_attributes {
            let Some(value_type) = context.attributes.type_of(name) else { continue };
            if let Ok(Some(value)) = decode(name, payload, value_type) {
                attributes.insert(name.as_str().into(), value);
            }
        }
        let paused = self.pause_infos();
        if !paused.is_empty() {
            attributes.insert(PAUSE_INFO.into(), Value::KeywordList(paused));
        }
        let mut info = self.info(&context.attributes);
        if self.close_time.is_none() {
            // Lists tell these of closed runs only: they change with every transition.
            info.history_length = 0;
            info.history_size_bytes = 0;
            info.state_transition_count = 0;
        }
        info.auto_reset_points = None;
        info.first_run_id = String::new();
        info.parent_namespace_id = String::new();
        info.priority = None;
        #[allow(deprecated)]
        {
            info.most_recent_worker_version_stamp = None;
        }
        let row = Row {
            run: self.key(),
            start_time: self.start_time,
            close_time: self.close_time,
            attributes,
            info: Bytes::new(),
        };
        Row { info: listed::rest(&row, info).into(), ..row }
    }
}
