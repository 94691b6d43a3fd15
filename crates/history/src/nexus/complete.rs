//! The end of an operation, told to whoever called it. A token names the caller; it went to the handler with the start
//! and comes back with the news.

use std::sync::Arc;

use longhaul_kernel::{
    ids::{ExecutionKey, NamespaceId, RunId},
    nexus::{Completion, Ending},
    operation,
    run::What,
    time::Timestamp,
};
use longhaul_proto::Refusal;
use longhaul_runtime::peers::{Done, NexusCompleted, NexusToken, PeerError};
use prost::Message;

use crate::{
    calls,
    cell::{Target, Turn},
    history::Room,
};

/// How many resets of a caller the news follows.
const RESETS_MAX: usize = 1000;

/// A token as text that any header takes.
pub(super) fn write_token(token: &NexusToken) -> String {
    token.encode_to_vec().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a token.
///
/// # Errors
/// `InvalidArgument` if it is none of ours.
pub fn read_token(text: &str) -> Result<NexusToken, Refusal> {
    let refuse = || Refusal::invalid("invalid callback token");
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(refuse());
    }
    let bytes: Result<Vec<u8>, _> =
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16)).collect();
    NexusToken::decode(&bytes.map_err(|_| refuse())?[..]).map_err(|_| refuse())
}

/// Answers a peer that has news of an operation.
///
/// # Errors
/// As [`complete`].
pub async fn completed(room: &Arc<Room>, news: NexusCompleted) -> Result<Done, PeerError> {
    let token = read_token(&news.token)?;
    let ending = match (news.failure, news.is_canceled) {
        (None, _) => Ending::Succeeded(news.result),
        (Some(failure), false) => Ending::Failed(Box::new(failure)),
        (Some(failure), true) => Ending::Canceled(Box::new(failure)),
    };
    let completion = Completion {
        request_id: token.request_id.clone(),
        token: news.operation_token,
        started_at: (news.started_at != 0).then_some(Timestamp(news.started_at)),
        links: news.links,
        ending,
    };
    complete(room, &token, completion).await?;
    Ok(Done {})
}

/// Tells the caller of an operation how it ended.
///
/// # Errors
/// `NotFound` if the caller does not wait for it (any more).
pub async fn complete(room: &Arc<Room>, token: &NexusToken, completion: Completion) -> Result<(), PeerError> {
    let refuse = || Refusal::invalid("invalid callback token");
    let namespace = <[u8; 16]>::try_from(&token.namespace_id[..]).map_err(|_| refuse())?;
    if !token.operation_id.is_empty() {
        let namespace = NamespaceId::from_bytes(namespace);
        let what = operation::What::Completed(Box::new(completion));
        return calls::operation::tell(room, namespace, token.operation_id.clone(), &token.run_id, what)
            .await;
    }
    let key = ExecutionKey::workflow(NamespaceId::from_bytes(namespace), &token.workflow_id);
    let mut run = RunId::parse(&token.run_id).ok_or_else(refuse)?;
    let shard = room.shard(&key)?;
    for _ in 0..RESETS_MAX {
        let (completion, id) = (completion.clone(), token.scheduled_event_id);
        let next = shard.ask(key.clone(), Target::Run(run), move |turn| hear(turn, id, completion)).await?;
        match next {
            Some(next) => run = next,
            None => return Ok(()),
        }
    }
    Ok(())
}

/// A run hears how its operation ended, or says which run has taken its place.
fn hear(turn: &mut Turn<'_>, id: i64, completion: Completion) -> Result<Option<RunId>, Refusal> {
    let caller = &turn.loaded()?.run;
    if !caller.is_running() && caller.reset_run.is_some() {
        return Ok(caller.reset_run);
    }
    turn.step(What::NexusCompleted { scheduled_event_id: id, completion: Box::new(completion) })?;
    Ok(None)
}
