//! What a schedule has left out, with the reason: a call of ours, since the public API tells only counts. Answered over
//! gRPC, for the command line.

use longhaul_runtime::peers::{LeftOutActions, ScheduleLeftOut};
use tonic::Status;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered},
    own::{self, OwnCall},
};

/// Asks for what a schedule has left out.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SkippedRequest {
    /// Namespace of the schedule.
    #[prost(string, tag = "1")]
    pub namespace: String,
    /// Its id.
    #[prost(string, tag = "2")]
    pub schedule_id: String,
}

/// The call.
pub(crate) struct Skipped;

impl OwnCall for Skipped {
    const SERVICE: &'static str = "longhaul.operator.v1.Schedules";
    const PATH: &'static str = "/longhaul.operator.v1.Schedules/Skipped";
    const NAME: &'static str = "SkippedActions";
    type Request = SkippedRequest;
    type Answer = LeftOutActions;

    async fn answer(frontend: &Frontend, asker: Asker, request: SkippedRequest) -> Answered<LeftOutActions> {
        answer(frontend, &asker, request).await
    }
}

/// Answers it.
pub(crate) async fn answer(
    frontend: &Frontend,
    asker: &Asker,
    request: SkippedRequest,
) -> Answered<LeftOutActions> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    super::check_id(frontend, &request.schedule_id)?;
    let schedule = ScheduleLeftOut { schedule_id: request.schedule_id };
    frontend.history(asker, &namespace, schedule).await
}

/// Asks the server at `address` (host and port).
///
/// # Errors
/// When it can't be reached, or refuses.
pub async fn ask(address: &str, request: SkippedRequest) -> Result<LeftOutActions, Status> {
    own::ask::<Skipped>(address, request).await
}
