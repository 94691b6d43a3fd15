//! Reading histories: in pages, forward and backward, whole or only how they ended, and waiting for what comes.

use std::sync::Arc;

use bytes::Bytes;
use longhaul_kernel::{
    ids::{ExecutionKey, NamespaceId, RunId},
    run::Run,
};
use longhaul_proto::api::{
    enums::v1::HistoryEventFilterType,
    history::v1::{History, HistoryEvent},
    workflowservice::v1::{
        GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
        GetWorkflowExecutionHistoryReverseRequest, GetWorkflowExecutionHistoryReverseResponse,
    },
};
use longhaul_runtime::peers::{Caller, PeerError};
use longhaul_store::{Batch, Direction};
use prost::Message;

use super::{page_token::PageToken, target};
use crate::{
    cell::Target,
    events::{self, Place},
    history::Room,
    shard::Shard,
};

/// What a reader has to know of a run.
struct Seen {
    run_id: String,
    place: Place,
    next_event_id: i64,
    is_open: bool,
    recent: Option<Vec<Batch>>,
    tail: Vec<HistoryEvent>,
    close_event: Option<HistoryEvent>,
}

/// Looks at a run.
async fn look(shard: &Arc<Shard>, key: &ExecutionKey, run: Target, from: i64) -> Result<Seen, PeerError> {
    let key = key.clone();
    shard
        .ask(key, run, move |turn| {
            let loaded = turn.loaded()?;
            let run: &Run = &loaded.run;
            Ok(Seen {
                run_id: run.run_id.to_string(),
                place: loaded.place(),
                next_event_id: run.next_event_id,
                is_open: run.is_running(),
                recent: loaded.recent.since(from),
                tail: if run.is_running() { run.transient_events() } else { Vec::new() },
                close_event: run.closed.as_ref().map(|closed| closed.event.0.clone()),
            })
        })
        .await
}

/// Reads a page, oldest event first.
///
/// # Errors
/// `NotFound` if there is no such run, `InvalidArgument` for a token of another read.
pub async fn forward(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: GetWorkflowExecutionHistoryRequest,
) -> Result<GetWorkflowExecutionHistoryResponse, PeerError> {
    let (key, mut run) = target(namespace, request.execution.as_ref())?;
    let shard = room.shard(&key)?;
    let asked = request.execution.as_ref().map_or("", |execution| &execution.run_id);
    let token = PageToken::of_read(&request.next_page_token, &key, asked)?;
    run = token.as_ref().and_then(PageToken::run).map_or(run, Target::Run);
    let close_only = request.history_event_filter_type == HistoryEventFilterType::CloseEvent as i32;
    let from = token.as_ref().map_or(1, |token| token.next_event_id);
    let waits = request.wait_new_event;
    let mut news = waits.then(|| shard.listen(key.clone()));
    let until = wait_until(room, caller);
    loop {
        let seen = look(&shard, &key, run, from).await?;
        run = RunId::parse(&seen.run_id).map_or(run, Target::Run);
        let nothing_new = seen.is_open && if close_only { true } else { from >= seen.next_event_id };
        if let Some(news) = news.as_mut().filter(|_| nothing_new) {
            tokio::select! {
                biased;
                _ = news.changed() => continue,
                () = room.host.clock.wait_until(until) => {
                    return Ok(nothing_yet(&key, &seen.run_id, from));
                }
            }
        }
        return if close_only {
            Ok(close_page(&key, &seen, waits))
        } else {
            page(
                room,
                caller,
                &key,
                seen,
                from,
                token,
                page_size(room, caller, request.maximum_page_size),
                waits,
            )
            .await
        };
    }
}

/// When a wait for new events ends.
pub(super) fn wait_until(room: &Room, caller: &Caller) -> i64 {
    let patience = room.live.read(&caller.namespace, |settings| settings.history_wait);
    let own = room.host.clock.now() + i64::try_from(patience.as_nanos()).unwrap_or(i64::MAX);
    // A caller that listens for a shorter time is answered before it turns away.
    caller.deadline.map_or(own, |deadline| own.min(deadline - 500_000_000))
}

/// Batches on a page.
fn page_size(room: &Room, caller: &Caller, asked: i32) -> usize {
    let largest = room.live.read(&caller.namespace, |settings| settings.page_batches_max);
    usize::try_from(asked).ok().filter(|asked| *asked > 0).map_or(largest, |asked| asked.min(largest))
}

/// An empty page: the caller may ask on.
fn nothing_yet(key: &ExecutionKey, run_id: &str, from: i64) -> GetWorkflowExecutionHistoryResponse {
    let mut token = PageToken::new(&key.id, run_id, from);
    token.waits = true;
    GetWorkflowExecutionHistoryResponse {
        history: Some(Bytes::new()),
        next_page_token: token.encode(),
        ..GetWorkflowExecutionHistoryResponse::default()
    }
}

/// The last event alone.
fn close_page(key: &ExecutionKey, seen: &Seen, waits: bool) -> GetWorkflowExecutionHistoryResponse {
    let history = History { events: seen.close_event.iter().cloned().collect() };
    let mut answer = GetWorkflowExecutionHistoryResponse {
        history: Some(history.encode_to_vec().into()),
        ..GetWorkflowExecutionHistoryResponse::default()
    };
    if waits && seen.is_open {
        answer.next_page_token = PageToken::new(&key.id, &seen.run_id, seen.next_event_id).encode();
    }
    answer
}

/// A page of whole batches.
#[allow(clippy::too_many_arguments)]
async fn page(
    room: &Room,
    caller: &Caller,
    key: &ExecutionKey,
    seen: Seen,
    from: i64,
    token: Option<PageToken>,
    size: usize,
    waits: bool,
) -> Result<GetWorkflowExecutionHistoryResponse, PeerError> {
    let bound = token.as_ref().map_or(0, |token| token.last_event_id);
    let to = if bound > 0 { bound } else { seen.next_event_id - 1 };
    let batches = match seen.recent {
        Some(batches) => batches,
        None => events::read(&*room.store, &seen.place, from, to, Direction::Forward, size).await?,
    };
    let chosen: Vec<Batch> =
        batches.into_iter().take_while(|batch| batch.first_event <= to).take(size).collect();
    let last = chosen.last().map_or(from - 1, |batch| batch.last_event);
    let is_full = chosen.len() == size;
    let mut answer = GetWorkflowExecutionHistoryResponse::default();
    // A page that is exactly full has a token, even if nothing comes behind it.
    if last < to || (is_full && last >= from) {
        let mut next = token.unwrap_or_else(|| PageToken::new(&key.id, &seen.run_id, last + 1));
        next.next_event_id = last + 1;
        answer.next_page_token = next.encode();
        answer.history = Some(events::join(&chosen, &[]));
        return Ok(answer);
    }
    if waits && seen.is_open && bound == 0 {
        let mut next = PageToken::new(&key.id, &seen.run_id, last + 1);
        next.waits = true;
        answer.next_page_token = next.encode();
        answer.history = Some(events::join(&chosen, &[]));
        return Ok(answer);
    }
    let tail = match token.filter(|token| !token.tail.is_empty()) {
        Some(token) => History::decode(token.tail).map_or_else(|_| Vec::new(), |history| history.events),
        None if bound == 0 && shows_transient(caller) => seen.tail,
        None => Vec::new(),
    };
    answer.history = Some(events::join(&chosen, &tail));
    Ok(answer)
}

/// Whether the caller is an SDK, which replays what it reads; people are not shown events that may never be stored.
fn shows_transient(caller: &Caller) -> bool {
    !matches!(caller.client_name.as_str(), "temporal-cli" | "temporal-ui" | "temporal-server")
}

/// Reads a page, newest event first.
///
/// # Errors
/// As [`forward`].
pub async fn reverse(
    room: &Arc<Room>,
    caller: &Caller,
    namespace: NamespaceId,
    request: GetWorkflowExecutionHistoryReverseRequest,
) -> Result<GetWorkflowExecutionHistoryReverseResponse, PeerError> {
    let (key, mut run) = target(namespace, request.execution.as_ref())?;
    let shard = room.shard(&key)?;
    let asked = request.execution.as_ref().map_or("", |execution| &execution.run_id);
    let token = PageToken::of_read(&request.next_page_token, &key, asked)?;
    run = token.as_ref().and_then(PageToken::run).map_or(run, Target::Run);
    let seen = look(&shard, &key, run, i64::MAX).await?;
    let to = token.map_or(seen.next_event_id - 1, |token| token.next_event_id);
    let size = page_size(room, caller, request.maximum_page_size);
    let batches = events::read(&*room.store, &seen.place, 1, to, Direction::Reverse, size).await?;
    let first = batches.last().map_or(1, |batch| batch.first_event);
    let mut found = Vec::new();
    for batch in batches {
        let mut events = events::decode(&[batch])?;
        events.retain(|event| event.event_id <= to);
        events.reverse();
        found.extend(events);
    }
    let next_page_token =
        if first > 1 { PageToken::new(&key.id, &seen.run_id, first - 1).encode() } else { Bytes::new() };
    Ok(GetWorkflowExecutionHistoryReverseResponse {
        history: Some(History { events: found }.encode_to_vec().into()),
        next_page_token,
    })
}
