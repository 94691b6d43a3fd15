//! The search attributes of a namespace: added, removed, listed.

use std::collections::BTreeMap;

use longhaul_kernel::visibility::{PREDEFINED, SYSTEM, ValueType};
use longhaul_proto::{
    Refusal,
    api::{
        operatorservice::v1::{
            AddSearchAttributesRequest, AddSearchAttributesResponse, ListSearchAttributesRequest,
            ListSearchAttributesResponse, RemoveSearchAttributesRequest, RemoveSearchAttributesResponse,
        },
        workflowservice::v1::{GetSearchAttributesRequest, GetSearchAttributesResponse},
    },
};
use longhaul_runtime::peers::PeerError;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered, changing},
};

/// Columns that the reference keeps custom search attributes in, which this call alone tells of.
const COLUMNS: [(ValueType, u32); 7] = [
    (ValueType::Bool, 3),
    (ValueType::Datetime, 3),
    (ValueType::Double, 3),
    (ValueType::Int, 3),
    (ValueType::Keyword, 10),
    (ValueType::KeywordList, 3),
    (ValueType::Text, 3),
];

/// Answers `AddSearchAttributes`.
pub(crate) async fn add(
    frontend: &Frontend,
    _: Asker,
    request: AddSearchAttributesRequest,
) -> Answered<AddSearchAttributesResponse> {
    check_change(frontend, &request.namespace, request.search_attributes.is_empty()).await?;
    let wanted: BTreeMap<String, i32> = request.search_attributes.into_iter().collect();
    frontend
        .directory
        .change(&request.namespace, |namespace| namespace.add_search_attributes(&wanted))
        .await
        .map_err(changing)?;
    Ok(AddSearchAttributesResponse {})
}

/// Answers `RemoveSearchAttributes`.
pub(crate) async fn remove(
    frontend: &Frontend,
    _: Asker,
    request: RemoveSearchAttributesRequest,
) -> Answered<RemoveSearchAttributesResponse> {
    check_change(frontend, &request.namespace, request.search_attributes.is_empty()).await?;
    frontend
        .directory
        .change(&request.namespace, |namespace| {
            namespace.remove_search_attributes(&request.search_attributes)
        })
        .await
        .map_err(changing)?;
    Ok(RemoveSearchAttributesResponse {})
}

/// Answers `ListSearchAttributes`.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListSearchAttributesRequest,
) -> Answered<ListSearchAttributesResponse> {
    check_namespace(&request.namespace)?;
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let custom = namespace
        .search_attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), attribute.value_type().to_proto().into()))
        .collect();
    Ok(ListSearchAttributesResponse {
        custom_attributes: custom,
        system_attributes: built_in().collect(),
        ..ListSearchAttributesResponse::default()
    })
}

/// Answers `GetSearchAttributes`: what the server knows without asking a namespace.
pub(crate) async fn get(
    _: &Frontend,
    _: Asker,
    _: GetSearchAttributesRequest,
) -> Answered<GetSearchAttributesResponse> {
    let columns = COLUMNS.iter().flat_map(|(value_type, count)| {
        (1..=*count).map(|number| (format!("{}{number:02}", value_type.name()), value_type.to_proto().into()))
    });
    Ok(GetSearchAttributesResponse { keys: built_in().chain(columns).collect() })
}

/// An unknown namespace is told first, an absent one last.
async fn check_change(frontend: &Frontend, namespace: &str, names_nothing: bool) -> Result<(), PeerError> {
    if !namespace.is_empty() {
        frontend.namespace(namespace, Allow::Open).await?;
    }
    if names_nothing {
        return Err(Refusal::invalid("SearchAttributes are not set on request.").into());
    }
    Ok(check_namespace(namespace)?)
}

fn check_namespace(name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::invalid("Namespace is not set on request."));
    }
    Ok(())
}

fn built_in() -> impl Iterator<Item = (String, i32)> {
    let system = SYSTEM.iter().map(|(name, value_type)| (*name, *value_type));
    let predefined = PREDEFINED.iter().map(|(name, value_type, _)| (*name, *value_type));
    system.chain(predefined).map(|(name, value_type)| (name.to_owned(), value_type.to_proto().into()))
}
