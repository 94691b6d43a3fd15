//! How a list is answered: a call of ours beside the public API, and its client for the command line. It answers the
//! first page and tells which index it read, how much of it, and how long that took; of the rows it tells nothing.

use std::sync::Arc;

use longhaul_kernel::{ids::Kind, visibility::Query};
use longhaul_store::Explained;
use prost::Message;
use tonic::Status;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered, reading},
    own::{self, OwnCall},
};

/// Asks how a list would be answered.
#[derive(Clone, PartialEq, Message)]
pub struct ExplainRequest {
    /// Namespace to list in.
    #[prost(string, tag = "1")]
    pub namespace: String,
    /// The query.
    #[prost(string, tag = "2")]
    pub query: String,
    /// Rows of the page; zero means as many as a list gives.
    #[prost(int32, tag = "3")]
    pub page_size: i32,
}

/// Tells how a list was answered.
#[derive(Clone, PartialEq, Message)]
pub struct ExplainResponse {
    /// The filter as it was understood.
    #[prost(string, tag = "1")]
    pub filter: String,
    /// The order as it was understood.
    #[prost(string, tag = "2")]
    pub order: String,
    /// What was read, in words.
    #[prost(string, tag = "3")]
    pub plan: String,
    /// Entries that the plan was expected to walk over.
    #[prost(uint64, tag = "4")]
    pub estimated: u64,
    /// Whether there may be more of them.
    #[prost(bool, tag = "5")]
    pub at_least: bool,
    /// Index entries read.
    #[prost(uint64, tag = "6")]
    pub entries_read: u64,
    /// Rows read and tested.
    #[prost(uint64, tag = "7")]
    pub rows_read: u64,
    /// Rows of the page.
    #[prost(uint64, tag = "8")]
    pub rows_found: u64,
    /// How long it took, in nanoseconds.
    #[prost(uint64, tag = "9")]
    pub nanos: u64,
}

async fn explain(frontend: &Frontend, _: Asker, request: ExplainRequest) -> Answered<ExplainResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let limit = super::page::size(request.page_size, frontend.settings(&namespace).page_rows_max);
    let query = Arc::new(Query::parse(&request.query, &namespace.attributes())?);
    let order: Vec<String> = query
        .order()
        .iter()
        .map(|key| format!("`{}` {}", key.attribute.name, if key.descending { "DESC" } else { "ASC" }))
        .collect();
    let begun = frontend.host.clock.now();
    let explained =
        frontend.store.explain(namespace.id, Kind::Workflow, query.clone(), limit).await.map_err(reading)?;
    let nanos = frontend.host.clock.now() - begun;
    let Explained { plan, estimated, at_least, entries_read, rows_read, rows_found } = explained;
    Ok(ExplainResponse {
        filter: query.filter_text(),
        order: order.join(", "),
        plan,
        estimated,
        at_least,
        entries_read,
        rows_read,
        rows_found,
        nanos: u64::try_from(nanos).unwrap_or(u64::MAX),
    })
}

/// The call.
pub(crate) struct Explain;

impl OwnCall for Explain {
    const SERVICE: &'static str = "longhaul.operator.v1.Visibility";
    const PATH: &'static str = "/longhaul.operator.v1.Visibility/Explain";
    const NAME: &'static str = "ExplainVisibility";
    type Request = ExplainRequest;
    type Answer = ExplainResponse;

    async fn answer(frontend: &Frontend, asker: Asker, request: ExplainRequest) -> Answered<ExplainResponse> {
        explain(frontend, asker, request).await
    }
}

/// Asks the server at `address` (host and port).
///
/// # Errors
/// When it can't be reached, or refuses.
pub async fn ask(address: &str, request: ExplainRequest) -> Result<ExplainResponse, Status> {
    own::ask::<Explain>(address, request).await
}
