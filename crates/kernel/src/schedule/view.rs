//! What clients are told of a schedule.

use longhaul_proto::api::{
    common::v1::{SearchAttributes, WorkflowExecution},
    schedule::v1::{ScheduleActionResult, ScheduleInfo},
    workflowservice::v1::DescribeScheduleResponse,
};
use prost_types::Timestamp as Time;

use super::{LeftOut, Recent, Schedule};
use crate::time::Timestamp;

/// Times that a description tells.
const FUTURE_MAX: usize = 10;

/// Times told of a span.
const MATCHING_MAX: usize = 1000;

impl Schedule {
    /// The answer to a description.
    pub fn describe(&self) -> DescribeScheduleResponse {
        let running = self.running.iter().map(|started| WorkflowExecution {
            workflow_id: started.workflow_id.clone(),
            run_id: started.run_id.clone(),
        });
        #[allow(deprecated)]
        let info = ScheduleInfo {
            action_count: self.counts.actions,
            missed_catchup_window: self.counts.missed,
            overlap_skipped: self.counts.skipped,
            buffer_dropped: self.counts.dropped,
            buffer_size: i64::try_from(self.buffer.len()).unwrap_or(i64::MAX),
            running_workflows: running.collect(),
            recent_actions: self.recent.iter().map(action).collect(),
            future_action_times: self.future(FUTURE_MAX),
            create_time: Some(self.created.to_proto()),
            update_time: self.updated.map(Timestamp::to_proto),
            ..ScheduleInfo::default()
        };
        DescribeScheduleResponse {
            schedule: Some(self.definition.0.clone()),
            info: Some(info),
            memo: self.memo.clone().map(|memo| memo.0),
            search_attributes: self.search_attributes.clone().map(|attributes| attributes.0).filter(has_any),
            conflict_token: self.conflict_token().to_vec().into(),
        }
    }

    /// Names the state that a client knows.
    pub fn conflict_token(&self) -> [u8; 8] {
        self.token.to_be_bytes()
    }

    /// What was due and did not happen, with the reason, oldest first; the last ones.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The next times at which it will act.
    pub(super) fn future(&self, most: usize) -> Vec<Time> {
        let state = self.definition.state.as_ref();
        let limit = state.filter(|state| state.limited_actions).map(|state| state.remaining_actions);
        let most = limit.map_or(most, |left| usize::try_from(left).unwrap_or(0).min(most));
        self.times(self.looked, Timestamp::MAX, most)
    }

    /// The times of a span, its start excluded.
    pub fn matching(&self, from: Timestamp, to: Timestamp) -> Vec<Time> {
        self.times(from, to, MATCHING_MAX)
    }

    fn times(&self, from: Timestamp, to: Timestamp, most: usize) -> Vec<Time> {
        let Some(spec) = self.spec() else { return Vec::new() };
        let seed = self.seed();
        let next = |after: Timestamp| spec.next(after, &seed).ok().flatten().map(|next| next.actual);
        std::iter::successors(next(from), |last| next(*last))
            .take_while(|time| *time <= to)
            .take(most)
            .map(Timestamp::to_proto)
            .collect()
    }
}

fn has_any(attributes: &SearchAttributes) -> bool {
    !attributes.indexed_fields.is_empty()
}

/// An action that was taken, as clients are told of it.
pub(super) fn action(recent: &Recent) -> ScheduleActionResult {
    ScheduleActionResult {
        schedule_time: Some(recent.scheduled.to_proto()),
        actual_time: Some(recent.at.to_proto()),
        start_workflow_result: Some(WorkflowExecution {
            workflow_id: recent.started.workflow_id.clone(),
            run_id: recent.started.run_id.clone(),
        }),
        start_workflow_status: recent.status,
    }
}
