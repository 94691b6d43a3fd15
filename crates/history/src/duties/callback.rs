//! Callbacks that runs owe the news of their end.

use longhaul_kernel::{
    nexus::to_event,
    run::{CallbackCall, What},
};
use longhaul_proto::api::{common::v1::callback::Variant, enums::v1::EventType};
use longhaul_runtime::peers::PeerError;

use super::Debt;
use crate::nexus::{Told, tell};

/// Makes one attempt to tell a callback of the end of its run.
pub(super) async fn deliver(debt: &Debt, call: &CallbackCall) -> Result<What, PeerError> {
    let (workflow_id, run_id) = (debt.run.execution.id.to_string(), debt.run.run.to_string());
    let start = to_event(&debt.namespace, &workflow_id, &run_id, 1, EventType::WorkflowExecutionStarted);
    let (url, header) = match &call.callback.variant {
        Some(Variant::Nexus(nexus)) => (nexus.url.clone(), nexus.header.clone()),
        _ => (String::new(), Default::default()),
    };
    let told = Told {
        url,
        header,
        started_at: call.started_at,
        closed_at: call.closed_at,
        links: vec![start],
        ending: call.ending.clone(),
    };
    let outcome = Box::new(tell(&debt.shard.room, &told).await?);
    Ok(What::CallbackAttempted { index: call.index, outcome })
}
