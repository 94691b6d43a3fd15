//! Folding the events of workflow tasks.

use longhaul_proto::api::{
    enums::v1::TaskQueueKind,
    history::v1::{
        WorkflowTaskCompletedEventAttributes, WorkflowTaskScheduledEventAttributes,
        WorkflowTaskStartedEventAttributes,
    },
    workflow::v1::ResetPointInfo,
};

use crate::{
    codec::Pb,
    run::{
        Run,
        state::{TaskKind, TaskStarted, WorkflowTask},
    },
    time::{Timestamp, positive},
    visibility::{Value, ValueType, decode, encode},
};

impl Run {
    pub(super) fn fold_task_scheduled(
        &mut self,
        id: i64,
        a: &WorkflowTaskScheduledEventAttributes,
        at: Timestamp,
    ) {
        let on_sticky = a.task_queue.as_ref().is_some_and(|queue| queue.kind == TaskQueueKind::Sticky as i32);
        self.workflow_task = Some(WorkflowTask {
            kind: TaskKind::Normal,
            scheduled_event_id: id,
            attempt: a.attempt,
            scheduled_at: at,
            original_scheduled_at: at,
            timeout: positive(a.start_to_close_timeout.as_ref()).unwrap_or_default(),
            sticky: if on_sticky { self.sticky.clone() } else { None },
            started: None,
        });
    }

    #[allow(deprecated)]
    pub(super) fn fold_task_started(
        &mut self,
        id: i64,
        a: &WorkflowTaskStartedEventAttributes,
        at: Timestamp,
    ) {
        if let Some(task) = &mut self.workflow_task {
            task.started = Some(TaskStarted {
                event_id: id,
                at,
                request_id: a.request_id.clone(),
                identity: a.identity.clone(),
                history_bytes: a.history_size_bytes,
                suggest_reasons: a.suggest_continue_as_new_reasons.clone(),
                build: a.worker_version.clone().map(Pb),
                could_move: a.target_worker_deployment_version_changed,
                redirects: a.build_id_redirect_counter,
            });
        }
        self.fold_assigned(a.worker_version.as_ref(), a.build_id_redirect_counter);
    }

    pub(super) fn fold_task_completed(
        &mut self,
        id: i64,
        a: &WorkflowTaskCompletedEventAttributes,
        at: Timestamp,
    ) {
        self.fold_build(id, a, at);
        self.workflow_task = None;
        self.workflow_task_attempt = 1;
        self.failed_workflow_tasks = 0;
        self.previous_started_event_id = a.started_event_id;
        self.last_completed_event_id = id;
    }

    /// Remembers the worker's build, and the first workflow task of each build as a point to reset to.
    fn fold_build(
        &mut self,
        completed_event_id: i64,
        a: &WorkflowTaskCompletedEventAttributes,
        at: Timestamp,
    ) {
        #[allow(deprecated)]
        let (stamp, checksum) = (a.worker_version.as_ref(), &a.binary_checksum);
        self.worker_stamp = stamp.cloned().map(Pb);
        let stamped = stamp.map_or_else(String::new, |stamp| stamp.build_id.clone());
        let build_id = a.deployment_version.as_ref().map_or(&stamped, |version| &version.build_id).clone();
        // Runs of a chain hand their points on, and a build has one point in all of them.
        #[allow(deprecated)]
        let is_same =
            |point: &Pb<ResetPointInfo>| point.build_id == build_id && point.binary_checksum == *checksum;
        if !self.reset_points.iter().any(is_same) {
            #[allow(deprecated)]
            self.reset_points.push(Pb(ResetPointInfo {
                build_id: build_id.clone(),
                binary_checksum: checksum.clone(),
                run_id: self.run_id.to_string(),
                first_workflow_task_completed_id: completed_event_id,
                create_time: Some(at.to_proto()),
                resettable: true,
                ..ResetPointInfo::default()
            }));
        }
        self.last_completed_event_id = completed_event_id;
        self.fold_versions(a);
        if !stamped.is_empty() {
            let sort =
                if stamp.is_some_and(|stamp| stamp.use_versioning) { "versioned" } else { "unversioned" };
            self.list_build("BuildIds", &format!("{sort}:{stamped}"));
        }
        if !checksum.is_empty() {
            self.list_build("BinaryChecksums", checksum);
        }
    }

    /// Lists the worker's build among those of the run, for searches.
    pub(in crate::run) fn list_build(&mut self, attribute: &str, build: &str) {
        let mut builds = self.listed_builds(attribute);
        if !builds.iter().any(|listed| listed == build) {
            builds.push(build.to_owned());
            let builds = encode(&Value::KeywordList(builds));
            self.search_attributes.insert(attribute.to_owned(), Pb(builds));
        }
    }

    /// Lists how the run's workers are versioned among its builds, in the place of what was listed for that before.
    pub(in crate::run) fn relist_build(&mut self, build: Option<&str>) {
        let mut builds = self.listed_builds("BuildIds");
        let stands_for_run = |listed: &str| {
            listed == "unversioned" || listed.starts_with("pinned:") || listed.starts_with("assigned:")
        };
        if build.is_none() && builds.is_empty() || builds.iter().any(|listed| Some(&**listed) == build) {
            return;
        }
        builds.retain(|listed| !stands_for_run(listed));
        builds.splice(..0, build.map(str::to_owned));
        if builds.is_empty() {
            self.search_attributes.remove("BuildIds");
        } else {
            let builds = encode(&Value::KeywordList(builds));
            self.search_attributes.insert("BuildIds".to_owned(), Pb(builds));
        }
    }

    fn listed_builds(&self, attribute: &str) -> Vec<String> {
        let known = self.search_attributes.get(attribute);
        match known.map(|payload| decode(attribute, payload, ValueType::KeywordList)) {
            Some(Ok(Some(Value::KeywordList(known)))) => known,
            _ => Vec::new(),
        }
    }
}
