//! What a deployment tells of itself.

use std::collections::BTreeMap;

use longhaul_proto::{
    Refusal,
    api::{
        deployment::v1::{
            RoutingConfig, VersionMetadata, WorkerDeploymentInfo, WorkerDeploymentVersionInfo,
            worker_deployment_info::WorkerDeploymentVersionSummary,
            worker_deployment_version_info::VersionTaskQueueInfo,
        },
        enums::v1::RoutingConfigUpdateState,
        workflowservice::v1::{
            DescribeWorkerDeploymentResponse, DescribeWorkerDeploymentVersionResponse,
            describe_worker_deployment_version_response::VersionTaskQueue,
            list_worker_deployments_response::WorkerDeploymentSummary,
        },
    },
};
use prost::Message;

use super::{
    Deployment, Version, compute_summary,
    name::{VersionName, old_form},
    steps::version_not_found,
};
use crate::{hosted::Hosted as _, time::Timestamp, visibility::Row};

impl Deployment {
    /// The answer to a describe.
    pub fn describe(&self) -> DescribeWorkerDeploymentResponse {
        let mut versions: Vec<_> = self.versions.iter().collect();
        versions.sort_by_key(|(_, version)| std::cmp::Reverse(version.number));
        let info = WorkerDeploymentInfo {
            name: self.name.clone(),
            version_summaries: versions.iter().map(|(build, version)| self.summary(build, version)).collect(),
            create_time: Some(self.created.to_proto()),
            routing_config: Some(self.routing_config()),
            last_modifier_identity: self.last_modifier.clone(),
            manager_identity: self.manager.clone(),
            routing_config_update_state: RoutingConfigUpdateState::Completed as i32,
        };
        DescribeWorkerDeploymentResponse {
            conflict_token: self.conflict_token().into(),
            worker_deployment_info: Some(info),
        }
    }

    /// The answer to a describe of a version.
    ///
    /// # Errors
    /// `NotFound`.
    #[allow(deprecated)]
    pub fn describe_version(&self, build: &str) -> Result<DescribeWorkerDeploymentVersionResponse, Refusal> {
        let version = self.versions.get(build).ok_or_else(version_not_found)?;
        let name = self.version_name(build);
        let ramping = self.routing.ramping.as_ref().filter(|_| version.ramping_since.is_some());
        let metadata: BTreeMap<_, _> =
            version.metadata.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect();
        let info = WorkerDeploymentVersionInfo {
            version: name.old_form(),
            status: version.status() as i32,
            deployment_version: Some(name.to_proto()),
            create_time: Some(version.created.to_proto()),
            routing_changed_time: told(version.routing_changed),
            current_since_time: told(version.current_since),
            ramping_since_time: told(version.ramping_since),
            ramp_percentage: ramping.map_or(0.0, |ramping| ramping.percentage),
            task_queue_infos: version
                .queues
                .iter()
                .map(|queue| VersionTaskQueueInfo { name: queue.name.clone(), r#type: queue.kind })
                .collect(),
            drainage_info: version.drainage_info(),
            metadata: (!metadata.is_empty()).then_some(VersionMetadata { entries: metadata }),
            compute_config: version.compute.as_ref().map(|compute| compute.0.clone()),
            last_modifier_identity: version.last_modifier.clone(),
            ..WorkerDeploymentVersionInfo::default()
        };
        let queue = |queue: &super::QueueName| VersionTaskQueue {
            name: queue.name.clone(),
            r#type: queue.kind,
            stats: None,
            stats_by_priority_key: Default::default(),
        };
        Ok(DescribeWorkerDeploymentVersionResponse {
            worker_deployment_version_info: Some(info),
            version_task_queues: version.queues.iter().map(queue).collect(),
        })
    }

    #[allow(deprecated)]
    fn summary(&self, build: &str, version: &Version) -> WorkerDeploymentVersionSummary {
        let name = self.version_name(build);
        WorkerDeploymentVersionSummary {
            version: name.old_form(),
            status: version.status() as i32,
            deployment_version: Some(name.to_proto()),
            create_time: Some(version.created.to_proto()),
            drainage_status: version.drainage_status(),
            drainage_info: version.drainage_info(),
            current_since_time: told(version.current_since),
            ramping_since_time: told(version.ramping_since),
            routing_update_time: told(version.routing_changed),
            first_activation_time: told(version.first_activated),
            last_current_time: told(version.last_current),
            last_deactivation_time: told(version.last_deactivated),
            compute_config: version.compute.as_ref().map(|compute| compute_summary(&compute.0)),
            ..WorkerDeploymentVersionSummary::default()
        }
    }

    #[allow(deprecated)]
    fn routing_config(&self) -> RoutingConfig {
        let routing = &self.routing;
        let name = |build: &Option<String>| build.as_deref().map(|build| self.version_name(build));
        let current = name(&routing.current);
        let ramping = routing.ramping.as_ref().map(|ramping| name(&ramping.build));
        let ramps = ramping.is_some();
        RoutingConfig {
            current_version: old_form(current.as_ref()),
            current_deployment_version: current.as_ref().map(VersionName::to_proto),
            ramping_version: ramping.as_ref().map_or_else(String::new, |name| old_form(name.as_ref())),
            ramping_deployment_version: ramping.flatten().as_ref().map(VersionName::to_proto),
            ramping_version_percentage: routing
                .ramping
                .as_ref()
                .filter(|_| ramps)
                .map_or(0.0, |ramping| ramping.percentage),
            current_version_changed_time: told(routing.current_changed),
            ramping_version_changed_time: told(routing.ramping_changed),
            ramping_version_percentage_changed_time: told(routing.percentage_changed),
            revision_number: routing.revision,
        }
    }

    /// Its row in lists.
    pub(super) fn list_row(&self) -> Row {
        let summary = |build: &String| self.versions.get(build).map(|version| self.summary(build, version));
        let latest = self.versions.iter().max_by_key(|(_, version)| version.number);
        let ramping = self.routing.ramping.as_ref().and_then(|ramping| ramping.build.as_ref());
        let entry = WorkerDeploymentSummary {
            name: self.name.clone(),
            create_time: Some(self.created.to_proto()),
            routing_config: Some(self.routing_config()),
            latest_version_summary: latest.map(|(build, version)| self.summary(build, version)),
            current_version_summary: self.routing.current.as_ref().and_then(summary),
            ramping_version_summary: ramping.and_then(summary),
        };
        Row {
            run: self.key(),
            start_time: self.created,
            close_time: None,
            attributes: BTreeMap::new(),
            info: entry.encode_to_vec().into(),
        }
    }
}

fn told(at: Option<Timestamp>) -> Option<prost_types::Timestamp> {
    at.map(Timestamp::to_proto)
}
