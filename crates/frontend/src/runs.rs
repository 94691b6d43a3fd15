//! Runs that are kept from going on: a call of ours for operators, answered over gRPC, for the command line. History
//! knows; here is only the way to it.

use longhaul_runtime::peers::{RunsAnswered, RunsAsked};
use tonic::Status;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered},
    own::{self, OwnCall},
};

/// A request of an operator, with the namespace it is about.
#[derive(Clone, PartialEq, prost::Message)]
pub struct RunsRequest {
    /// The namespace.
    #[prost(string, tag = "1")]
    pub namespace: String,
    /// What is asked.
    #[prost(message, required, tag = "2")]
    pub asked: RunsAsked,
}

/// The call.
pub(crate) struct Runs;

impl OwnCall for Runs {
    const SERVICE: &'static str = "longhaul.operator.v1.Runs";
    const PATH: &'static str = "/longhaul.operator.v1.Runs/Ask";
    const NAME: &'static str = "AskRuns";
    type Request = RunsRequest;
    type Answer = RunsAnswered;

    async fn answer(frontend: &Frontend, asker: Asker, request: RunsRequest) -> Answered<RunsAnswered> {
        let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
        frontend.history(&asker, &namespace, request.asked).await
    }
}

/// Asks the server at `address` (host and port).
///
/// # Errors
/// When it can't be reached, or refuses.
pub async fn ask(address: &str, request: RunsRequest) -> Result<RunsAnswered, Status> {
    own::ask::<Runs>(address, request).await
}
