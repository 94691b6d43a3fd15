//! How a run looks to those who ask for it: the answer to a describe, and the information in lists.

use std::{collections::BTreeMap, time::Duration};

use longhaul_proto::api::{
    activity::v1::ActivityOptions,
    common::v1::{Memo, SearchAttributes, WorkflowExecution},
    enums::v1::{PendingActivityState, PendingWorkflowTaskState, TaskQueueKind},
    taskqueue::v1::TaskQueue,
    workflow::v1::{
        PendingActivityInfo, PendingChildExecutionInfo, PendingWorkflowTaskInfo, ResetPoints,
        WorkflowExecutionConfig, WorkflowExecutionExtendedInfo, WorkflowExecutionInfo,
        WorkflowExecutionPauseInfo,
        pending_activity_info::{
            PauseInfo,
            pause_info::{Manual, PausedBy, Rule},
        },
    },
    workflowservice::v1::DescribeWorkflowExecutionResponse,
};

use super::{
    Run,
    paused::PAUSE_INFO,
    state::{Activity, Phase},
};
use crate::{
    activity::Paused,
    context::Context,
    deployment::VersionName,
    time::{Timestamp, positive, to_proto},
    visibility::{Attributes, Value, with_type},
};

impl Run {
    /// The answer to a describe.
    pub fn describe(&self, context: &Context) -> DescribeWorkflowExecutionResponse {
        let mut info = self.info(&context.attributes);
        info.memo.get_or_insert_default();
        info.search_attributes.get_or_insert_default();
        let goes_on = self.closed.as_ref().is_some_and(|closed| closed.new_run_id.is_some());
        if let (true, Some(closed)) = (goes_on, self.close_time) {
            let points = self.reset_points_until(closed + context.retention);
            info.auto_reset_points = Some(ResetPoints { points });
        }
        DescribeWorkflowExecutionResponse {
            execution_config: Some(self.config()),
            workflow_execution_info: Some(info),
            pending_activities: self
                .activities
                .values()
                .map(|activity| self.activity_info(activity))
                .collect(),
            pending_children: self.children_info(),
            pending_workflow_task: self.workflow_task_info(),
            callbacks: self.callback_infos(),
            pending_nexus_operations: self.nexus_infos(),
            workflow_extended_info: Some(self.extended_info()),
        }
    }

    fn config(&self) -> WorkflowExecutionConfig {
        WorkflowExecutionConfig {
            task_queue: Some(TaskQueue {
                name: self.task_queue().to_owned(),
                kind: TaskQueueKind::Normal as i32,
                normal_name: String::new(),
            }),
            workflow_execution_timeout: self.start.workflow_execution_timeout,
            workflow_run_timeout: self.start.workflow_run_timeout,
            default_workflow_task_timeout: Some(to_proto(self.workflow_task_timeout())),
            user_metadata: self.user_metadata.as_ref().map(|metadata| metadata.0.clone()),
        }
    }

    /// What a list shows of the run, and a describe in its middle.
    #[allow(deprecated)]
    pub fn info(&self, attributes: &Attributes) -> WorkflowExecutionInfo {
        let closed = self.close_time;
        WorkflowExecutionInfo {
            execution: Some(self.execution()),
            r#type: self.start.workflow_type.clone(),
            start_time: Some(self.start_time.to_proto()),
            close_time: closed.map(Timestamp::to_proto),
            status: self.status() as i32,
            history_length: self.next_event_id - 1,
            parent_namespace_id: self.start.parent_workflow_namespace_id.clone(),
            parent_execution: self.start.parent_workflow_execution.clone(),
            execution_time: Some(self.execution_time().to_proto()),
            memo: self.memo_message(),
            search_attributes: self.search_attributes_message(attributes),
            auto_reset_points: Some(ResetPoints {
                points: self.reset_points.iter().map(|point| point.0.clone()).collect(),
            }),
            task_queue: self.task_queue().to_owned(),
            state_transition_count: i64::try_from(self.transitions - self.unseen_transitions)
                .unwrap_or(i64::MAX),
            history_size_bytes: i64::try_from(self.history_bytes).unwrap_or(i64::MAX),
            execution_duration: closed.map(|closed| to_proto(closed.since(self.execution_time()))),
            root_execution: self.root(),
            most_recent_worker_version_stamp: self.worker_stamp.as_ref().map(|stamp| stamp.0.clone()),
            assigned_build_id: self.versions.builds.assigned.clone().unwrap_or_default(),
            inherited_build_id: self.start.inherited_build_id.clone(),
            first_run_id: self.first_run_id().to_owned(),
            versioning_info: self.versioning_info(),
            worker_deployment_name: self.told_deployment(),
            priority: self.priority.as_ref().map(|priority| priority.0.clone()),
            ..WorkflowExecutionInfo::default()
        }
    }

    /// The root of the tree of children this run is in; itself if it has no parent.
    pub fn root(&self) -> Option<WorkflowExecution> {
        self.start.root_workflow_execution.clone().or_else(|| Some(self.execution()))
    }

    /// When the run begins to execute: its start, or the end of its first delay.
    pub fn execution_time(&self) -> Timestamp {
        self.start_time + positive(self.start.first_workflow_task_backoff.as_ref()).unwrap_or(Duration::ZERO)
    }

    fn memo_message(&self) -> Option<Memo> {
        (!self.memo.is_empty()).then(|| Memo {
            fields: self.memo.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect(),
        })
    }

    fn search_attributes_message(&self, attributes: &Attributes) -> Option<SearchAttributes> {
        let typed = |name: &String, payload: &longhaul_proto::api::common::v1::Payload| {
            let payload = payload.clone();
            let payload = match attributes.type_of(name) {
                Some(value_type) => with_type(payload, value_type),
                None => payload,
            };
            (name.clone(), payload)
        };
        let mut indexed_fields: BTreeMap<_, _> =
            self.search_attributes.iter().map(|(name, value)| typed(name, &value.0)).collect();
        let paused = self.pause_infos();
        if !paused.is_empty() {
            let payload = crate::visibility::encode(&Value::KeywordList(paused));
            indexed_fields.insert(PAUSE_INFO.to_owned(), payload);
        }
        (!indexed_fields.is_empty()).then_some(SearchAttributes { indexed_fields })
    }

    fn extended_info(&self) -> WorkflowExecutionExtendedInfo {
        let made_by_reset = self.made_by_reset.as_ref();
        WorkflowExecutionExtendedInfo {
            execution_expiration_time: self
                .start
                .workflow_execution_expiration_time
                .or_else(|| self.execution_deadline.map(Timestamp::to_proto)),
            run_expiration_time: Some(self.run_expiration()),
            cancel_requested: self.cancel_request.is_some(),
            original_start_time: Some(
                made_by_reset.map_or(self.start_time, |made| made.original_start_time).to_proto(),
            ),
            last_reset_time: made_by_reset.map(|made| made.at.to_proto()),
            reset_run_id: self.reset_run.map_or_else(String::new, |run_id| run_id.to_string()),
            request_id_infos: self.request_id_infos().into_iter().collect(),
            pause_info: self.paused.as_ref().map(|paused| WorkflowExecutionPauseInfo {
                identity: paused.identity.clone(),
                paused_time: Some(paused.at.to_proto()),
                reason: paused.reason.clone(),
            }),
            ..WorkflowExecutionExtendedInfo::default()
        }
    }

    /// When the run times out; one that never does is told as the beginning of time, as on the reference.
    fn run_expiration(&self) -> prost_types::Timestamp {
        let timeout = positive(self.start.workflow_run_timeout.as_ref());
        timeout.map_or_else(zero_time, |timeout| (self.execution_time() + timeout).to_proto())
    }

    fn workflow_task_info(&self) -> Option<PendingWorkflowTaskInfo> {
        let task = self.workflow_task.as_ref()?;
        let state = if task.started.is_some() {
            PendingWorkflowTaskState::Started
        } else {
            PendingWorkflowTaskState::Scheduled
        };
        Some(PendingWorkflowTaskInfo {
            state: state as i32,
            scheduled_time: Some(task.scheduled_at.to_proto()),
            original_scheduled_time: Some(task.original_scheduled_at.to_proto()),
            started_time: task.started.as_ref().map(|started| started.at.to_proto()),
            attempt: task.attempt,
        })
    }

    fn children_info(&self) -> Vec<PendingChildExecutionInfo> {
        self.children
            .iter()
            .map(|(initiated_id, child)| PendingChildExecutionInfo {
                workflow_id: child.initiated.workflow_id.clone(),
                run_id: child.started.as_ref().map_or_else(String::new, |started| started.run_id.clone()),
                workflow_type_name: child
                    .initiated
                    .workflow_type
                    .as_ref()
                    .map_or_else(String::new, |workflow_type| workflow_type.name.clone()),
                initiated_id: *initiated_id,
                parent_close_policy: child.initiated.parent_close_policy,
            })
            .collect()
    }

    #[allow(deprecated)]
    fn activity_info(&self, activity: &Activity) -> PendingActivityInfo {
        let scheduled = &activity.scheduled;
        let state = match activity.phase {
            _ if activity.cancel_requested.is_some() => PendingActivityState::CancelRequested,
            Phase::Started { .. } if activity.is_paused() => PendingActivityState::PauseRequested,
            Phase::Started { .. } => PendingActivityState::Started,
            _ if activity.is_paused() => PendingActivityState::Paused,
            Phase::Scheduled | Phase::Backoff => PendingActivityState::Scheduled,
        };
        let waits = activity.phase == Phase::Backoff && !activity.is_paused();
        PendingActivityInfo {
            activity_id: scheduled.activity_id.clone(),
            activity_type: scheduled.activity_type.clone(),
            state: state as i32,
            heartbeat_details: activity.heartbeat_details.as_ref().map(|details| details.0.clone()),
            last_heartbeat_time: activity.last_heartbeat.map(Timestamp::to_proto),
            last_started_time: match &activity.phase {
                Phase::Started { at, .. } => Some(at.to_proto()),
                Phase::Scheduled | Phase::Backoff => None,
            },
            attempt: activity.attempt,
            maximum_attempts: scheduled.retry_policy.as_ref().map_or(0, |policy| policy.maximum_attempts),
            scheduled_time: Some(activity.attempt_scheduled_at.to_proto()),
            expiration_time: positive(scheduled.schedule_to_close_timeout.as_ref())
                .map(|timeout| (activity.scheduled_at + timeout).to_proto()),
            last_failure: activity.last_failure.as_ref().map(|failure| failure.0.clone()),
            last_worker_identity: activity.last_worker.clone(),
            last_worker_deployment_version: activity
                .last_version
                .as_ref()
                .map_or_else(String::new, VersionName::old_form),
            last_deployment_version: activity.last_version.as_ref().map(VersionName::to_proto),
            current_retry_interval: activity
                .last_attempt_completed_at
                .filter(|_| waits)
                .map(|ended| to_proto(activity.attempt_scheduled_at.since(ended))),
            last_attempt_complete_time: activity.last_attempt_completed_at.map(Timestamp::to_proto),
            next_attempt_schedule_time: waits.then(|| activity.attempt_scheduled_at.to_proto()),
            priority: scheduled.priority.clone(),
            assigned_build_id: self.build_of_activity(activity),
            paused: activity.is_paused(),
            pause_info: activity.control.paused.as_ref().map(pause_info),
            activity_options: Some(ActivityOptions {
                task_queue: scheduled.task_queue.as_ref().map(|queue| TaskQueue {
                    name: queue.name.clone(),
                    kind: 0,
                    normal_name: queue.name.clone(),
                }),
                schedule_to_close_timeout: scheduled.schedule_to_close_timeout,
                schedule_to_start_timeout: scheduled.schedule_to_start_timeout,
                start_to_close_timeout: scheduled.start_to_close_timeout,
                heartbeat_timeout: scheduled.heartbeat_timeout,
                retry_policy: scheduled.retry_policy.clone(),
                priority: scheduled.priority.clone(),
                ..ActivityOptions::default()
            }),
            ..PendingActivityInfo::default()
        }
    }
}

/// How an activity was paused.
fn pause_info(paused: &Paused) -> PauseInfo {
    let paused_by = if paused.rule_id.is_empty() {
        PausedBy::Manual(Manual { identity: paused.identity.clone(), reason: paused.reason.clone() })
    } else {
        PausedBy::Rule(Rule {
            rule_id: paused.rule_id.clone(),
            identity: paused.identity.clone(),
            reason: paused.reason.clone(),
        })
    };
    PauseInfo { pause_time: Some(paused.at.to_proto()), paused_by: Some(paused_by) }
}

/// The instant that stands for "never" in answers: the first day of the first year.
const fn zero_time() -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: -62_135_596_800, nanos: 0 }
}
