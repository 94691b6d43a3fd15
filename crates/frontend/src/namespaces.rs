//! Calls that create, show, change and remove namespaces.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    ids::NamespaceId,
    namespace::{self, Namespace, Rules, SYSTEM_NAMESPACE, State},
    time::Timestamp,
};
use longhaul_proto::{
    Refusal,
    api::{
        operatorservice::v1::{DeleteNamespaceRequest, DeleteNamespaceResponse},
        workflowservice::v1::{
            DeprecateNamespaceRequest, DeprecateNamespaceResponse, DescribeNamespaceRequest,
            DescribeNamespaceResponse, ListNamespacesRequest, ListNamespacesResponse,
            RegisterNamespaceRequest, RegisterNamespaceResponse, UpdateNamespaceRequest,
            UpdateNamespaceResponse,
        },
    },
};
use longhaul_runtime::peers::PeerError;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Answered, changing, reading},
    nexus::endpoints,
};

mod answer;

/// Namespaces in a page, unless the caller wants fewer.
const PAGE: usize = 100;

/// Most namespaces in a page.
const PAGE_MAX: usize = 1000;

/// Answers `RegisterNamespace`.
pub(crate) async fn register(
    frontend: &Frontend,
    asker: Asker,
    request: RegisterNamespaceRequest,
) -> Answered<RegisterNamespaceResponse> {
    let id = NamespaceId::from_bytes(frontend.host.entropy.uuid());
    let namespace = Namespace::register(id, &request, &rules(frontend), Timestamp(asker.now))?;
    if !frontend.directory.create(namespace).await.map_err(changing)? {
        return Err(Refusal::NamespaceAlreadyExists(request.namespace).into());
    }
    Ok(RegisterNamespaceResponse {})
}

/// Answers `DescribeNamespace`.
pub(crate) async fn describe(
    frontend: &Frontend,
    _: Asker,
    request: DescribeNamespaceRequest,
) -> Answered<DescribeNamespaceResponse> {
    let namespace = named(frontend, &request.namespace, &request.id).await?;
    frontend.admit(&namespace)?;
    Ok(answer::described(frontend, &namespace))
}

/// Answers `ListNamespaces`.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListNamespacesRequest,
) -> Answered<ListNamespacesResponse> {
    let limit = match usize::try_from(request.page_size) {
        Ok(0) | Err(_) => PAGE,
        Ok(wanted) => wanted.min(PAGE_MAX),
    };
    let after = (!request.next_page_token.is_empty())
        .then(|| String::from_utf8_lossy(&request.next_page_token).into_owned());
    let page = frontend.directory.page(after, limit).await.map_err(reading)?;
    let next_page_token = match page.last() {
        Some(last) if page.len() == limit => last.name.clone().into(),
        _ => bytes::Bytes::new(),
    };
    let include_deleted = request.namespace_filter.is_some_and(|filter| filter.include_deleted);
    let namespaces = page
        .iter()
        .filter(|namespace| include_deleted || namespace.state != State::Deleted)
        .map(|namespace| answer::described(frontend, namespace))
        .collect();
    Ok(ListNamespacesResponse { namespaces, next_page_token })
}

/// Answers `UpdateNamespace`.
pub(crate) async fn update(
    frontend: &Frontend,
    asker: Asker,
    request: UpdateNamespaceRequest,
) -> Answered<UpdateNamespaceResponse> {
    namespace::check_name(&request.namespace)?;
    if let Some(namespace) = frontend.directory.by_name(&request.namespace).await.map_err(reading)? {
        frontend.admit(&namespace)?;
    }
    let rules = rules(frontend);
    let mut told = BTreeMap::new();
    let changed = frontend
        .directory
        .change(&request.namespace, |namespace| {
            told = namespace.update(&request, &rules, Timestamp(asker.now))?;
            Ok(())
        })
        .await
        .map_err(changing)?;
    let described = answer::described(frontend, &Namespace { bad_binaries: told, ..(*changed).clone() });
    Ok(UpdateNamespaceResponse {
        namespace_info: described.namespace_info,
        config: described.config,
        replication_config: described.replication_config,
        failover_version: described.failover_version,
        is_global_namespace: described.is_global_namespace,
    })
}

/// Answers `DeprecateNamespace`.
pub(crate) async fn deprecate(
    frontend: &Frontend,
    _: Asker,
    request: DeprecateNamespaceRequest,
) -> Answered<DeprecateNamespaceResponse> {
    namespace::check_name(&request.namespace)?;
    let deprecate = |namespace: &mut Namespace| {
        // What is being removed stays so.
        if namespace.former_name().is_none() {
            namespace.state = State::Deprecated;
        }
        Ok(())
    };
    frontend.directory.change(&request.namespace, deprecate).await.map_err(changing)?;
    Ok(DeprecateNamespaceResponse {})
}

/// Answers `DeleteNamespace`: the namespace is marked and renamed, so that its name is free at once.
pub(crate) async fn delete(
    frontend: &Frontend,
    _: Asker,
    request: DeleteNamespaceRequest,
) -> Answered<DeleteNamespaceResponse> {
    if !request.namespace.is_empty() && !request.namespace_id.is_empty() {
        return Err(Refusal::invalid("Only one of namespace name or Id should be set on request.").into());
    }
    let id = &request.namespace_id;
    if !id.is_empty() && NamespaceId::parse(id).is_none() {
        return Err(Refusal::NamespaceNotFound(id.clone()).into());
    }
    let found = named(frontend, &request.namespace, id).await?;
    if found.name == SYSTEM_NAMESPACE {
        return Err(Refusal::FailedPrecondition("unable to delete system namespace".into()).into());
    }
    let is_protected =
        frontend.settings.read("", |settings| settings.protected_namespaces.contains(&found.name));
    if is_protected {
        let text = format!("namespace {} is protected from deletion", found.name);
        return Err(Refusal::FailedPrecondition(text).into());
    }
    endpoints::check_no_target(frontend, &found.name).await?;
    let deleted_namespace = frontend.directory.delete(&found).await.map_err(changing)?;
    Ok(DeleteNamespaceResponse { deleted_namespace })
}

/// What may be said of a namespace.
fn rules(frontend: &Frontend) -> Rules {
    let archival = frontend.archival.clone();
    frontend.settings.read("", |settings| Rules {
        retention_min: settings.retention_min,
        bad_binaries_max: settings.bad_binaries_max,
        archival,
    })
}

/// The namespace that a request names, by id if it gives one.
async fn named(frontend: &Frontend, name: &str, id: &str) -> Result<Arc<Namespace>, PeerError> {
    let found = if id.is_empty() {
        namespace::check_name(name)?;
        frontend.directory.by_name(name).await
    } else {
        if !name.is_empty() {
            let text = "GetNamespace operation failed.  Both ID and Name specified in request.";
            return Err(Refusal::invalid(text).into());
        }
        let Some(id) = NamespaceId::parse(id) else {
            return Err(Refusal::Unclassified(format!("invalid UUID length: {}", id.len())).into());
        };
        frontend.directory.by_id(id).await
    };
    let asked = if id.is_empty() { name } else { id };
    found.map_err(reading)?.ok_or_else(|| Refusal::NamespaceNotFound(asked.into()).into())
}
