//! The calls of the operator service.

use longhaul_proto::api::operatorservice::v1::{self as messages, operator_service_server::OperatorService};

use super::{Call, State, call_name, serve};
use crate::{cluster, namespaces, nexus::endpoints, search_attributes};

serve! {
    /// The calls of `temporal.api.operatorservice.v1.OperatorService`.
    OPERATOR_CALLS: OperatorService;
    add_search_attributes(AddSearchAttributesRequest) -> AddSearchAttributesResponse = built search_attributes::add;
    remove_search_attributes(RemoveSearchAttributesRequest) -> RemoveSearchAttributesResponse = built search_attributes::remove;
    list_search_attributes(ListSearchAttributesRequest) -> ListSearchAttributesResponse = built search_attributes::list;
    delete_namespace(DeleteNamespaceRequest) -> DeleteNamespaceResponse = built namespaces::delete;
    add_or_update_remote_cluster(AddOrUpdateRemoteClusterRequest) -> AddOrUpdateRemoteClusterResponse = refused cluster::upsert_remote;
    remove_remote_cluster(RemoveRemoteClusterRequest) -> RemoveRemoteClusterResponse = built cluster::remove_remote;
    list_clusters(ListClustersRequest) -> ListClustersResponse = built cluster::list_clusters;
    get_nexus_endpoint(GetNexusEndpointRequest) -> GetNexusEndpointResponse = built endpoints::get;
    create_nexus_endpoint(CreateNexusEndpointRequest) -> CreateNexusEndpointResponse = built endpoints::create;
    update_nexus_endpoint(UpdateNexusEndpointRequest) -> UpdateNexusEndpointResponse = built endpoints::update;
    delete_nexus_endpoint(DeleteNexusEndpointRequest) -> DeleteNexusEndpointResponse = built endpoints::delete;
    list_nexus_endpoints(ListNexusEndpointsRequest) -> ListNexusEndpointsResponse = built endpoints::list;
}
