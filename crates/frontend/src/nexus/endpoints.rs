//! Calls that create, show, change and remove Nexus endpoints.

use longhaul_kernel::{ids::RunId, nexus::check_spec, time::Timestamp};
use longhaul_proto::{
    Refusal,
    api::{
        nexus::v1::{EndpointSpec, endpoint_target::Variant},
        operatorservice::v1::{
            CreateNexusEndpointRequest, CreateNexusEndpointResponse, DeleteNexusEndpointRequest,
            DeleteNexusEndpointResponse, GetNexusEndpointRequest, GetNexusEndpointResponse,
            ListNexusEndpointsRequest, ListNexusEndpointsResponse, UpdateNexusEndpointRequest,
            UpdateNexusEndpointResponse,
        },
    },
};

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Answered, changing, reading},
};

/// Endpoints in a page, unless the caller wants fewer.
const PAGE: usize = 100;

/// Most endpoints in a page.
const PAGE_MAX: i32 = 1000;

/// Answers `GetNexusEndpoint`.
pub(crate) async fn get(
    frontend: &Frontend,
    _: Asker,
    request: GetNexusEndpointRequest,
) -> Answered<GetNexusEndpointResponse> {
    if let Some(fault) = id_fault(&request.id) {
        return Err(Refusal::invalid(fault).into());
    }
    let all = frontend.directory.endpoints.all().await.map_err(reading)?;
    let found = all
        .get(&request.id)
        .ok_or_else(|| Refusal::not_found(format!("Nexus endpoint with ID `{}` not found", request.id)))?;
    Ok(GetNexusEndpointResponse { endpoint: Some(found.to_proto()) })
}

/// Answers `CreateNexusEndpoint`.
pub(crate) async fn create(
    frontend: &Frontend,
    asker: Asker,
    request: CreateNexusEndpointRequest,
) -> Answered<CreateNexusEndpointResponse> {
    let spec = request.spec.unwrap_or_default();
    check(frontend, &spec).await?;
    let id = frontend.draw_uuid();
    let made = frontend
        .directory
        .endpoints
        .change(|all| all.create(id.clone(), spec.clone(), Timestamp(asker.now)))
        .await
        .map_err(changing)?;
    Ok(CreateNexusEndpointResponse { endpoint: Some(made.to_proto()) })
}

/// Answers `UpdateNexusEndpoint`.
pub(crate) async fn update(
    frontend: &Frontend,
    asker: Asker,
    request: UpdateNexusEndpointRequest,
) -> Answered<UpdateNexusEndpointResponse> {
    let spec = request.spec.unwrap_or_default();
    check(frontend, &spec).await?;
    let changed = frontend
        .directory
        .endpoints
        .change(|all| all.update(&request.id, request.version, spec.clone(), Timestamp(asker.now)))
        .await
        .map_err(changing)?;
    Ok(UpdateNexusEndpointResponse { endpoint: Some(changed.to_proto()) })
}

/// Answers `DeleteNexusEndpoint`.
pub(crate) async fn delete(
    frontend: &Frontend,
    _: Asker,
    request: DeleteNexusEndpointRequest,
) -> Answered<DeleteNexusEndpointResponse> {
    let mut faults: Vec<String> = id_fault(&request.id).into_iter().collect();
    if request.version <= 0 {
        faults.push("endpoint version is non-positive".into());
    }
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults.join(", ")).into());
    }
    frontend.directory.endpoints.change(|all| all.delete(&request.id)).await.map_err(changing)?;
    Ok(DeleteNexusEndpointResponse {})
}

/// Answers `ListNexusEndpoints`. A name leaves out everything else that the request says.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListNexusEndpointsRequest,
) -> Answered<ListNexusEndpointsResponse> {
    let all = frontend.directory.endpoints.all().await.map_err(reading)?;
    if !request.name.is_empty() {
        let endpoints = all.named(&request.name).map(|found| found.to_proto()).into_iter().collect();
        return Ok(ListNexusEndpointsResponse { endpoints, ..ListNexusEndpointsResponse::default() });
    }
    let limit = match request.page_size {
        0 => PAGE,
        size if size > PAGE_MAX => {
            return Err(Refusal::invalid(format!("page_size exceeds limit of {PAGE_MAX}")).into());
        }
        size => usize::try_from(size).map_err(|_| Refusal::invalid("page_size is negative"))?,
    };
    let after = std::str::from_utf8(&request.next_page_token).unwrap_or("?");
    if !after.is_empty() && RunId::parse(after).is_none() {
        return Err(Refusal::invalid("Invalid NextPageToken.").into());
    }
    let page = all.page(after, limit);
    let next_page_token = match page.last() {
        Some(last) if page.len() == limit => last.id.clone().into(),
        _ => bytes::Bytes::new(),
    };
    let endpoints = page.into_iter().map(|endpoint| endpoint.to_proto()).collect();
    Ok(ListNexusEndpointsResponse { endpoints, next_page_token })
}

/// Refuses the deletion of a namespace that callers reach through an endpoint.
///
/// # Errors
/// `FailedPrecondition`, and that the endpoints can't be read.
pub(crate) async fn check_no_target(frontend: &Frontend, namespace: &str) -> Answered<()> {
    let all = frontend.directory.endpoints.all().await.map_err(reading)?;
    match all.into_namespace(namespace) {
        None => Ok(()),
        Some(endpoint) => Err(Refusal::FailedPrecondition(format!(
            "cannot delete a namespace that is a target of a Nexus endpoint {}",
            endpoint.name()
        ))
        .into()),
    }
}

/// Refuses a spec that can't be, or that leads into a namespace that does not exist.
async fn check(frontend: &Frontend, spec: &EndpointSpec) -> Answered<()> {
    check_spec(spec, frontend.id_bytes_max())?;
    let Some(Variant::Worker(worker)) = spec.target.as_ref().and_then(|target| target.variant.as_ref())
    else {
        return Ok(());
    };
    let found = frontend.directory.by_name(&worker.namespace).await.map_err(reading)?;
    match found {
        Some(_) => Ok(()),
        None => Err(Refusal::FailedPrecondition(format!(
            "could not verify namespace referenced by target exists: Namespace {} is not found.",
            worker.namespace
        ))
        .into()),
    }
}

fn id_fault(id: &str) -> Option<String> {
    if id.is_empty() {
        return Some("endpoint ID not set".into());
    }
    let fault = || format!("malformed endpoint ID: \"invalid UUID length: {}\"", id.len());
    RunId::parse(id).is_none().then(fault)
}
