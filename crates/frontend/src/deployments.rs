//! Calls about worker deployments. Texts are the reference's; the older forms in which a version may be named are read
//! here, and nobody behind this file knows of them.
// Deprecated fields are still what clients in use read and send.
#![allow(deprecated)]

use std::sync::Arc;

use longhaul_kernel::{
    deployment::{VersionName, changed_groups, check_compute, name},
    ids::Kind,
    visibility::Query,
};
use longhaul_proto::{
    Refusal,
    api::{
        deployment::v1::{WorkerDeploymentOptions, WorkerDeploymentVersion},
        enums::v1::WorkerVersioningMode,
        workflowservice::v1::{self as api, list_worker_deployments_response::WorkerDeploymentSummary},
    },
};
use longhaul_runtime::peers::PeerError;
use prost::Message;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered, reading},
    visibility::page,
};

/// Answers `CreateWorkerDeployment`.
pub(crate) async fn create(
    frontend: &Frontend,
    asker: Asker,
    request: api::CreateWorkerDeploymentRequest,
) -> Answered<api::CreateWorkerDeploymentResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    named(&request.deployment_name)?;
    name::check_deployment(&request.deployment_name, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `CreateWorkerDeploymentVersion`.
pub(crate) async fn create_version(
    frontend: &Frontend,
    asker: Asker,
    request: api::CreateWorkerDeploymentVersionRequest,
) -> Answered<api::CreateWorkerDeploymentVersionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_version(frontend, request.deployment_version.as_ref())?;
    let groups = request.compute_config.iter().flat_map(|compute| &compute.scaling_groups);
    check_compute(groups.map(|(name, group)| (name.as_str(), group)))?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DescribeWorkerDeployment`.
pub(crate) async fn describe(
    frontend: &Frontend,
    asker: Asker,
    request: api::DescribeWorkerDeploymentRequest,
) -> Answered<api::DescribeWorkerDeploymentResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    name::check_deployment(&request.deployment_name, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DescribeWorkerDeploymentVersion`.
pub(crate) async fn describe_version(
    frontend: &Frontend,
    asker: Asker,
    mut request: api::DescribeWorkerDeploymentVersionRequest,
) -> Answered<api::DescribeWorkerDeploymentVersionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    if request.deployment_version.is_none() && request.version.is_empty() {
        return Err(Refusal::invalid("deployment version cannot be empty").into());
    }
    let version = in_new_form(request.deployment_version.take(), &request.version)?;
    name::check_deployment(&version.deployment, frontend.id_bytes_max())?;
    name::check_build(&version.build, frontend.id_bytes_max())?;
    request.deployment_version = Some(version.to_proto());
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ListWorkerDeployments`.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: api::ListWorkerDeploymentsRequest,
) -> Answered<api::ListWorkerDeploymentsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let query = Query::parse("", &namespace.attributes())?;
    let limit = page::size(request.page_size, frontend.settings(&namespace).page_rows_max);
    let after = page::cursor(&request.next_page_token, &query)?;
    let query = Arc::new(query);
    let listed = frontend.store.list(namespace.id, Kind::Deployment, query.clone(), after, limit);
    let rows = listed.await.map_err(reading)?;
    let next_page_token = match rows.last() {
        Some(last) if rows.len() == limit => page::token(last, &query),
        _ => bytes::Bytes::new(),
    };
    let worker_deployments = rows
        .iter()
        .map(|row| {
            WorkerDeploymentSummary::decode(row.info.clone())
                .map_err(|error| PeerError::Corrupt(format!("row of {} can't be read: {error}", row.run)))
        })
        .collect::<Result<_, _>>()?;
    Ok(api::ListWorkerDeploymentsResponse { worker_deployments, next_page_token })
}

/// Answers `SetWorkerDeploymentCurrentVersion`.
pub(crate) async fn set_current(
    frontend: &Frontend,
    asker: Asker,
    mut request: api::SetWorkerDeploymentCurrentVersionRequest,
) -> Answered<api::SetWorkerDeploymentCurrentVersionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    named(&request.deployment_name)?;
    request.build_id = build(&request.deployment_name, &request.build_id, &request.version)?;
    name::check_deployment(&request.deployment_name, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `SetWorkerDeploymentRampingVersion`.
pub(crate) async fn set_ramping(
    frontend: &Frontend,
    asker: Asker,
    mut request: api::SetWorkerDeploymentRampingVersionRequest,
) -> Answered<api::SetWorkerDeploymentRampingVersionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    request.build_id = build(&request.deployment_name, &request.build_id, &request.version)?;
    name::check_deployment(&request.deployment_name, frontend.id_bytes_max())?;
    if !(0.0..=100.0).contains(&request.percentage) {
        return Err(Refusal::invalid("Percentage must be between 0 and 100 (inclusive)").into());
    }
    frontend.history(&asker, &namespace, request).await
}

/// Answers `SetWorkerDeploymentManager`.
pub(crate) async fn set_manager(
    frontend: &Frontend,
    asker: Asker,
    request: api::SetWorkerDeploymentManagerRequest,
) -> Answered<api::SetWorkerDeploymentManagerResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    name::check_deployment(&request.deployment_name, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UpdateWorkerDeploymentVersionMetadata`.
pub(crate) async fn update_metadata(
    frontend: &Frontend,
    asker: Asker,
    mut request: api::UpdateWorkerDeploymentVersionMetadataRequest,
) -> Answered<api::UpdateWorkerDeploymentVersionMetadataResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    if request.upsert_entries.is_empty() && request.remove_entries.is_empty() {
        let text = "At least one of remove_entries or upsert_entries must be provided";
        return Err(Refusal::invalid(text).into());
    }
    let version = in_new_form(request.deployment_version.take(), &request.version)?;
    request.deployment_version = Some(version.to_proto());
    frontend.history(&asker, &namespace, request).await
}

/// Answers `UpdateWorkerDeploymentVersionComputeConfig`.
pub(crate) async fn update_compute(
    frontend: &Frontend,
    asker: Asker,
    request: api::UpdateWorkerDeploymentVersionComputeConfigRequest,
) -> Answered<api::UpdateWorkerDeploymentVersionComputeConfigResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    check_version(frontend, request.deployment_version.as_ref())?;
    frontend.history(&asker, &namespace, request).await
}

/// Answers `ValidateWorkerDeploymentVersionComputeConfig`.
pub(crate) async fn validate_compute(
    frontend: &Frontend,
    _: Asker,
    request: api::ValidateWorkerDeploymentVersionComputeConfigRequest,
) -> Answered<api::ValidateWorkerDeploymentVersionComputeConfigResponse> {
    frontend.namespace(&request.namespace, Allow::Open).await?;
    let groups =
        changed_groups(&request.compute_config_scaling_groups, &request.remove_compute_config_scaling_groups);
    check_compute(groups.iter().map(|(name, group)| (*name, group)))?;
    // No version has one, because there is no provider.
    let text = "No prior compute config found, which means nothing can be removed and something needs to be added to \
                be valid";
    Err(Refusal::invalid(text).into())
}

/// Answers `DeleteWorkerDeploymentVersion`.
pub(crate) async fn delete_version(
    frontend: &Frontend,
    asker: Asker,
    mut request: api::DeleteWorkerDeploymentVersionRequest,
) -> Answered<api::DeleteWorkerDeploymentVersionResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let version = in_new_form(request.deployment_version.take(), &request.version)?;
    request.deployment_version = Some(version.to_proto());
    frontend.history(&asker, &namespace, request).await
}

/// Answers `DeleteWorkerDeployment`.
pub(crate) async fn delete(
    frontend: &Frontend,
    asker: Asker,
    request: api::DeleteWorkerDeploymentRequest,
) -> Answered<api::DeleteWorkerDeploymentResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    name::check_deployment(&request.deployment_name, frontend.id_bytes_max())?;
    frontend.history(&asker, &namespace, request).await
}

/// Refuses a versioned worker that does not say, or says only half of, what it belongs to.
pub(crate) fn check_worker(
    options: Option<&WorkerDeploymentOptions>,
    length_max: usize,
) -> Result<(), Refusal> {
    let Some(options) = options else { return Ok(()) };
    if options.worker_versioning_mode != WorkerVersioningMode::Versioned as i32 {
        return Ok(());
    }
    let (deployment, build) = (&options.deployment_name, &options.build_id);
    if deployment.is_empty() || build.is_empty() {
        return Err(Refusal::invalid("Deployment name and build id must be set together."));
    }
    name::check_deployment(deployment, length_max)?;
    name::check_build(build, length_max)
}

/// Refuses a behaviour from a worker that does not say which version it belongs to.
pub(crate) fn check_completion(
    request: &api::RespondWorkflowTaskCompletedRequest,
    length_max: usize,
) -> Result<(), Refusal> {
    let options = request.deployment_options.as_ref();
    check_worker(options, length_max)?;
    if request.versioning_behavior != 0 && VersionName::of_worker(options).is_none() {
        let text = "versioning behavior cannot be specified without deployment options being set with versioned mode";
        return Err(Refusal::invalid(text));
    }
    Ok(())
}

fn named(deployment: &str) -> Result<(), Refusal> {
    if deployment.is_empty() { Err(Refusal::invalid("deployment name cannot be empty")) } else { Ok(()) }
}

fn check_version(frontend: &Frontend, version: Option<&WorkerDeploymentVersion>) -> Result<(), Refusal> {
    named(version.map_or("", |version| &version.deployment_name))?;
    let Some(version) = version else { return Ok(()) };
    if version.build_id.is_empty() {
        return Err(Refusal::invalid("build ID cannot be empty"));
    }
    name::check_deployment(&version.deployment_name, frontend.id_bytes_max())?;
    name::check_build(&version.build_id, frontend.id_bytes_max())
}

/// A version, from either form; both parts are there.
fn in_new_form(version: Option<WorkerDeploymentVersion>, old: &str) -> Result<VersionName, Refusal> {
    let text = match version {
        Some(version) => VersionName::of(&version).old_form(),
        None if old == name::UNVERSIONED => return Ok(VersionName::default()),
        None => old.to_owned(),
    };
    VersionName::from_old_form(&text).ok_or_else(|| {
        Refusal::invalid(format!(
            "invalid version string \"{text}\", expected format is \"<deployment_name>.<build_id>\""
        ))
    })
}

/// The build that a change of routing means; empty is the workers without a version.
fn build(deployment: &str, build: &str, old: &str) -> Result<String, Refusal> {
    let text = match (build, old) {
        (_, name::UNVERSIONED) | ("", "") => return Ok(String::new()),
        (build, "") => format!("{deployment}.{build}"),
        (_, old) => old.to_owned(),
    };
    let invalid = |why: String| Refusal::invalid(format!("invalid version string: {why}"));
    let Some(place) = text.find(['.', ':']) else {
        return Err(invalid(format!("expected delimiter ':' or '.' not found in version string {text}")));
    };
    let (named, build) = (&text[..place], &text[place + 1..]);
    if named.is_empty() {
        return Err(invalid(format!("deployment name is empty in version string {text}")));
    }
    if build.is_empty() {
        return Err(invalid(format!("build id is empty in version string {text}")));
    }
    if named != deployment {
        return Err(Refusal::invalid(format!(
            "invalid version string '{text}' does not match deployment name '{deployment}'"
        )));
    }
    Ok(build.to_owned())
}
