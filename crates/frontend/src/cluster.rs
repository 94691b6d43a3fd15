//! What the cluster says of itself.

use longhaul_kernel::{ids::SLOTS, namespace::CLUSTER};
use longhaul_proto::{
    Refusal,
    api::{
        operatorservice::v1::{
            AddOrUpdateRemoteClusterRequest, AddOrUpdateRemoteClusterResponse, ClusterMetadata,
            ListClustersRequest, ListClustersResponse, RemoveRemoteClusterRequest,
            RemoveRemoteClusterResponse,
        },
        workflowservice::v1::{
            GetClusterInfoRequest, GetClusterInfoResponse, GetSystemInfoRequest, GetSystemInfoResponse,
            get_system_info_response::Capabilities,
        },
    },
};

use crate::{
    Frontend,
    asker::{Asker, SUPPORTED_CLIENTS},
    frontend::Answered,
};

/// Version of the reference whose behaviour this server has. Clients compare it with what they need, so it is not the
/// version of this server; that one is in the first line of the log and in `longhaul --version`.
pub const COMPATIBLE_VERSION: &str = "1.32.0";

/// The failover versions of a cluster that has no others, as in the reference's development server.
const INITIAL_FAILOVER_VERSION: i64 = 1;
const FAILOVER_VERSION_INCREMENT: i64 = 10;

/// Answers `GetSystemInfo`, which SDKs call once when they connect. A capability is true only if it is built.
pub(crate) async fn system_info(
    _: &Frontend,
    _: Asker,
    _: GetSystemInfoRequest,
) -> Answered<GetSystemInfoResponse> {
    let capabilities = Capabilities {
        signal_and_query_header: true,
        internal_error_differentiation: true,
        activity_failure_include_heartbeat: true,
        supports_schedules: true,
        encoded_failure_attributes: true,
        build_id_based_versioning: true,
        upsert_memo: true,
        eager_workflow_start: true,
        sdk_metadata: true,
        count_group_by_execution_status: true,
        nexus: true,
        server_scaled_deployments: true,
        ..Capabilities::default()
    };
    Ok(GetSystemInfoResponse { server_version: COMPATIBLE_VERSION.into(), capabilities: Some(capabilities) })
}

/// Answers `GetClusterInfo`.
pub(crate) async fn cluster_info(
    frontend: &Frontend,
    _: Asker,
    _: GetClusterInfoRequest,
) -> Answered<GetClusterInfoResponse> {
    let supported_clients =
        SUPPORTED_CLIENTS.iter().map(|(name, below)| ((*name).into(), format!("<{below}.0.0"))).collect();
    Ok(GetClusterInfoResponse {
        supported_clients,
        server_version: COMPATIBLE_VERSION.into(),
        cluster_id: frontend.cluster.id.clone(),
        cluster_name: CLUSTER.into(),
        history_shard_count: SLOTS.into(),
        persistence_store: frontend.cluster.store.into(),
        visibility_store: frontend.cluster.store.into(),
        initial_failover_version: INITIAL_FAILOVER_VERSION,
        failover_version_increment: FAILOVER_VERSION_INCREMENT,
        ..GetClusterInfoResponse::default()
    })
}

/// Answers `ListClusters`: there is one.
pub(crate) async fn list_clusters(
    frontend: &Frontend,
    _: Asker,
    _: ListClustersRequest,
) -> Answered<ListClustersResponse> {
    let cluster = ClusterMetadata {
        cluster_name: CLUSTER.into(),
        cluster_id: frontend.cluster.id.clone(),
        address: frontend.cluster.address.clone(),
        http_address: frontend.cluster.http_address.clone(),
        initial_failover_version: INITIAL_FAILOVER_VERSION,
        history_shard_count: SLOTS.into(),
        is_connection_enabled: true,
        ..ClusterMetadata::default()
    };
    Ok(ListClustersResponse { clusters: vec![cluster], ..ListClustersResponse::default() })
}

/// Refuses `AddOrUpdateRemoteCluster`: nothing is replicated to other clusters.
pub(crate) async fn upsert_remote(
    _: &Frontend,
    _: Asker,
    request: AddOrUpdateRemoteClusterRequest,
) -> Answered<AddOrUpdateRemoteClusterResponse> {
    let address = request.frontend_address;
    let why = if address.is_empty() {
        "dns resolver: missing address"
    } else {
        "this cluster connects to no other one"
    };
    let text = format!("Unable connect to remote cluster {address} with error: {why}.");
    Err(Refusal::Unavailable(text).into())
}

/// Answers `RemoveRemoteCluster`: there is no other cluster that could be removed.
pub(crate) async fn remove_remote(
    _: &Frontend,
    _: Asker,
    request: RemoveRemoteClusterRequest,
) -> Answered<RemoveRemoteClusterResponse> {
    if request.cluster_name == CLUSTER {
        let text = "Unable to delete cluster info with error: Cannot delete current cluster metadata.";
        return Err(Refusal::FailedPrecondition(text.into()).into());
    }
    Err(Refusal::not_found("The cluster to be deleted cannot be found in clusters cache.").into())
}
