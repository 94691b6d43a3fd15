//! A namespace in the form of the public API, and what this server promises in one.

use longhaul_kernel::{
    namespace::{Archival, CLUSTER, Namespace},
    time,
};
use longhaul_proto::api::{
    enums::v1::ReplicationState,
    namespace::v1::{
        BadBinaries, BadBinaryInfo, NamespaceConfig, NamespaceInfo,
        namespace_info::{Capabilities, Limits},
    },
    replication::v1::{ClusterReplicationConfig, NamespaceReplicationConfig},
    workflowservice::v1::DescribeNamespaceResponse,
};

use crate::{Frontend, Settings};

/// What works in every namespace of this server. SDKs change their behaviour by it, so each `true` is a promise.
fn capabilities(settings: &Settings) -> Capabilities {
    Capabilities {
        eager_workflow_start: settings.eager_workflow_start,
        sync_update: settings.updates,
        async_update: settings.updates_accepted,
        worker_heartbeats: settings.worker_heartbeats,
        reported_problems_search_attribute: true,
        workflow_pause: settings.workflow_pause,
        standalone_activities: true,
        worker_poll_complete_on_shutdown: settings.polls_end_with_worker,
        poller_autoscaling: true,
        worker_commands: false,
        standalone_nexus_operation: true,
        workflow_update_callbacks: false,
        poller_autoscaling_auto_enroll: false,
        workflow_task_completion_pagination: settings.limits.completion_pages,
        standalone_activity_start_delay: true,
        standalone_activity_batch_operations: true,
        standalone_activity_operator_commands: true,
    }
}

fn limits(settings: &Settings) -> Limits {
    let wire = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    Limits {
        blob_size_limit_error: wire(settings.limits.blob_bytes_max),
        memo_size_limit_error: wire(settings.limits.memo_bytes_max),
        workflow_task_completion_size_limit_error: wire(settings.limits.completion_bytes_max),
    }
}

/// The whole description.
pub(super) fn described(frontend: &Frontend, namespace: &Namespace) -> DescribeNamespaceResponse {
    let settings = frontend.settings(namespace);
    DescribeNamespaceResponse {
        namespace_info: Some(NamespaceInfo {
            name: namespace.name.clone(),
            state: namespace.state.to_proto().into(),
            description: namespace.description.clone(),
            owner_email: namespace.owner_email.clone(),
            data: namespace.data.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            id: namespace.id.to_string(),
            capabilities: Some(capabilities(&settings)),
            limits: Some(limits(&settings)),
            supports_schedules: true,
        }),
        config: Some(config(namespace)),
        replication_config: Some(replication(namespace)),
        ..DescribeNamespaceResponse::default()
    }
}

fn config(namespace: &Namespace) -> NamespaceConfig {
    let binaries = namespace.bad_binaries.iter().map(|(checksum, bad)| {
        let info = BadBinaryInfo {
            reason: bad.reason.clone(),
            operator: bad.operator.clone(),
            create_time: Some(bad.created.to_proto()),
        };
        (checksum.clone(), info)
    });
    let aliases =
        namespace.search_attributes.iter().map(|(name, attribute)| (attribute.column(), name.clone()));
    NamespaceConfig {
        workflow_execution_retention_ttl: Some(time::to_proto(namespace.retention)),
        bad_binaries: Some(BadBinaries { binaries: binaries.collect() }),
        history_archival_state: Archival::state_of(namespace.history_archival.as_ref()).into(),
        history_archival_uri: uri(namespace.history_archival.as_ref()),
        visibility_archival_state: Archival::state_of(namespace.visibility_archival.as_ref()).into(),
        visibility_archival_uri: uri(namespace.visibility_archival.as_ref()),
        custom_search_attribute_aliases: aliases.collect(),
    }
}

fn uri(archival: Option<&Archival>) -> String {
    archival.map(|archival| archival.uri.clone()).unwrap_or_default()
}

/// There is one cluster. The reference leaves the state out for the namespaces it creates itself.
fn replication(namespace: &Namespace) -> NamespaceReplicationConfig {
    let state = if namespace.built_in { ReplicationState::Unspecified } else { ReplicationState::Normal };
    NamespaceReplicationConfig {
        active_cluster_name: CLUSTER.into(),
        clusters: vec![ClusterReplicationConfig {
            cluster_name: CLUSTER.into(),
            ..ClusterReplicationConfig::default()
        }],
        state: state.into(),
    }
}
