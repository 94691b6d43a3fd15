//! Telling a callback that something is over.

use std::{collections::BTreeMap, sync::Arc};

use longhaul_kernel::{
    nexus::{Completion, DeliveryOutcome, Ending, handler, is_retryable},
    time::Timestamp,
};
use longhaul_proto::{Refusal, api::common::v1::Link};
use longhaul_runtime::peers::PeerError;

use super::{
    call::{SYSTEM_URL, TOKEN_HEADER},
    complete::{complete, read_token},
    external,
};
use crate::history::Room;

/// The header by which a handler names the operation of which it tells.
const OPERATION_HEADER: &str = "nexus-operation-token";

/// What a callback is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Where.
    pub url: String,
    /// What it wants to have back.
    pub header: BTreeMap<String, String>,
    /// When what is over began.
    pub started_at: Timestamp,
    /// When it ended.
    pub closed_at: Timestamp,
    /// Links to it.
    pub links: Vec<Link>,
    /// How it ended.
    pub ending: Ending,
}

/// Makes one attempt.
///
/// # Errors
/// What passes and has nothing to do with the callback.
pub async fn tell(room: &Arc<Room>, told: &Told) -> Result<DeliveryOutcome, PeerError> {
    if told.url != SYSTEM_URL {
        return Ok(external::tell(room, told).await);
    }
    let header = |name: &str| told.header.get(name).map_or("", String::as_str);
    let token = match read_token(header(TOKEN_HEADER)) {
        Ok(token) => token,
        Err(_) => return Ok(failed("BAD_REQUEST", "invalid callback token")),
    };
    let completion = Completion {
        request_id: token.request_id.clone(),
        token: header(OPERATION_HEADER).to_owned(),
        started_at: Some(told.started_at),
        links: told.links.clone(),
        ending: told.ending.clone(),
    };
    match complete(room, &token, completion).await {
        Ok(()) => Ok(DeliveryOutcome::Delivered),
        Err(PeerError::Refused(refusal)) => Ok(match *refusal {
            Refusal::NotFound(text) => failed("NOT_FOUND", &text),
            Refusal::InvalidArgument(text) => failed("BAD_REQUEST", &text),
            other => failed("INTERNAL", &format!("{other:?}")),
        }),
        Err(error) => Err(error),
    }
}

fn failed(kind: &str, text: &str) -> DeliveryOutcome {
    let failure = handler(kind, text);
    DeliveryOutcome::Failed { retryable: is_retryable(&failure), failure: Box::new(failure) }
}
