//! Reading the archive: lists of archived runs, and histories of runs whose retention is over.

use bytes::Bytes;
use longhaul_kernel::{
    ids::RunId,
    namespace::{Archival, Namespace},
    visibility::Query,
};
use longhaul_proto::{
    Refusal,
    api::{
        enums::v1::HistoryEventFilterType,
        history::v1::History,
        workflow::v1::WorkflowExecutionInfo,
        workflowservice::v1::{
            GetWorkflowExecutionHistoryRequest, GetWorkflowExecutionHistoryResponse,
            ListArchivedWorkflowExecutionsRequest, ListArchivedWorkflowExecutionsResponse,
        },
    },
};
use longhaul_runtime::peers::PeerError;
use longhaul_store::{
    Archive, ArchiveError, Listing,
    archive::{ArchivedHistory, ArchivedRow, part_name, rows_folder, table_name},
};
use prost::Message;

use crate::{
    Frontend,
    asker::Asker,
    frontend::{Allow, Answered},
    visibility::{info, page},
};

/// Rows read for one page of a list at most; what is left is behind the page's token.
const READ_MAX: usize = 2000;

/// What a page token of an archived history begins with; no other token of ours does.
const TOKEN: &[u8] = b"archive:";

/// Answers `ListArchivedWorkflowExecutions`.
pub(crate) async fn list(
    frontend: &Frontend,
    _: Asker,
    request: ListArchivedWorkflowExecutionsRequest,
) -> Answered<ListArchivedWorkflowExecutionsResponse> {
    let namespace = frontend.namespace(&request.namespace, Allow::Open).await?;
    let Some(archive) = frontend.archive.as_ref().filter(|_| frontend.archival.visibility.is_some()) else {
        return Err(Refusal::invalid("Cluster is not configured for visibility archival.").into());
    };
    let Some(Archival { uri, .. }) = namespace.visibility_archival.as_ref().filter(|it| it.enabled) else {
        return Err(Refusal::invalid("Namespace is not configured for visibility archival.").into());
    };
    let query = Query::parse(&request.query, &namespace.attributes())?;
    if !query.order().is_empty() {
        return Err(Refusal::invalid("invalid query: operation is not supported: 'ORDER BY' clause").into());
    }
    let limit = page::size(request.page_size, frontend.settings(&namespace).page_rows_max);
    let after = String::from_utf8(request.next_page_token.to_vec())
        .map_err(|_| Refusal::invalid("Invalid NextPageToken."))?;
    let mut walk = Walk {
        archive: &**archive,
        uri,
        namespace: &namespace,
        query: &query,
        limit,
        after,
        read: 0,
        found: Vec::new(),
        rest: None,
    };
    walk.go().await?;
    Ok(ListArchivedWorkflowExecutionsResponse {
        executions: walk.found,
        next_page_token: walk.rest.map(Bytes::from).unwrap_or_default(),
    })
}

/// A walk over the rows of a namespace, newest first, from behind a place: `HOUR/MINUTE/OBJECT`.
struct Walk<'a> {
    archive: &'a dyn Archive,
    uri: &'a str,
    namespace: &'a Namespace,
    query: &'a Query,
    limit: usize,
    after: String,
    read: usize,
    found: Vec<WorkflowExecutionInfo>,
    /// Where the next page begins, if there may be one.
    rest: Option<String>,
}

impl Walk<'_> {
    async fn go(&mut self) -> Result<(), PeerError> {
        let folder = rows_folder(self.namespace.id);
        let mut parts = self.after.split('/').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        let (last_hour, last_minute, last_object) = (next(), next(), next());
        for hour in self.list(&folder).await?.folders {
            if hour < last_hour {
                continue;
            }
            let within = format!("{folder}/{hour}");
            for minute in self.list(&within).await?.folders {
                if hour == last_hour && minute < last_minute {
                    continue;
                }
                let within = format!("{within}/{minute}");
                for object in self.list(&within).await?.objects {
                    if hour == last_hour && minute == last_minute && object <= last_object {
                        continue;
                    }
                    self.look(&format!("{within}/{object}")).await?;
                    if self.found.len() >= self.limit || self.read >= READ_MAX {
                        self.rest = Some(format!("{hour}/{minute}/{object}"));
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    async fn list(&self, folder: &str) -> Result<Listing, PeerError> {
        self.archive.list(self.uri, folder).await.map_err(away)
    }

    /// Takes a row in if the query selects it.
    async fn look(&mut self, name: &str) -> Result<(), PeerError> {
        self.read += 1;
        let Some(record) = self.archive.get(self.uri, name).await.map_err(away)? else { return Ok(()) };
        let row = ArchivedRow::decode(&record)
            .map_err(|error| PeerError::Corrupt(format!("archived row {name}: {error}")))?
            .into_row(self.namespace.id);
        if self.query.matches(&row) {
            self.found.push(info(&row)?);
        }
        Ok(())
    }
}

/// A history that is read from the archive, if that is where it is: the run id is given, the namespace has an archive
/// and the caller wants it. `None` leaves the answer to what the owner of the run says.
pub(crate) async fn history(
    frontend: &Frontend,
    namespace: &Namespace,
    request: &GetWorkflowExecutionHistoryRequest,
) -> Result<Option<GetWorkflowExecutionHistoryResponse>, PeerError> {
    let execution = request.execution.as_ref();
    let run = execution.and_then(|execution| RunId::parse(&execution.run_id));
    let archived = namespace.history_archival.as_ref().filter(|_| !request.skip_archival);
    let (Some(archive), Some(run), Some(Archival { uri, .. })) = (&frontend.archive, run, archived) else {
        return Ok(None);
    };
    let Some(table) = archive.get(uri, &table_name(namespace.id, run)).await.map_err(away)? else {
        return Ok(None);
    };
    let broken = |what: &str| PeerError::Corrupt(format!("archived history of run {run}: {what}"));
    let table = ArchivedHistory::decode(&table).map_err(|error| broken(&error.to_string()))?;
    if execution.is_some_and(|execution| execution.workflow_id != table.workflow_id) {
        return Ok(None);
    }
    let close_only = request.history_event_filter_type == HistoryEventFilterType::CloseEvent as i32;
    let from = match &request.next_page_token[..] {
        _ if close_only => table.last_event,
        [] => 1,
        token => place(token).ok_or_else(|| Refusal::invalid("Invalid NextPageToken."))?,
    };
    let part = table.parts.iter().rev().find(|first| **first <= from).copied();
    let part = part.ok_or_else(|| broken("its table is empty"))?;
    let name = part_name(namespace.id, run, part);
    let body = archive.get(uri, &name).await.map_err(away)?.ok_or_else(|| broken("a part is missing"))?;
    let mut events = History::decode(body).map_err(|error| broken(&error.to_string()))?.events;
    events.retain(|event| event.event_id >= from);
    events.truncate(usize::try_from(request.maximum_page_size).unwrap_or(1).max(1));
    let last = events.last().map_or(table.last_event, |event| event.event_id);
    let next_page_token = if last < table.last_event { token(last + 1) } else { Bytes::new() };
    Ok(Some(GetWorkflowExecutionHistoryResponse {
        history: Some(History { events }.encode_to_vec().into()),
        next_page_token,
        archived: true,
        ..GetWorkflowExecutionHistoryResponse::default()
    }))
}

/// Whether a page token is one of an archived history.
pub(crate) fn is_token(token: &[u8]) -> bool {
    token.starts_with(TOKEN)
}

fn token(next_event: i64) -> Bytes {
    [TOKEN, &next_event.to_be_bytes()].concat().into()
}

fn place(token: &[u8]) -> Option<i64> {
    token.strip_prefix(TOKEN)?.try_into().ok().map(i64::from_be_bytes).filter(|event| *event > 0)
}

fn away(error: ArchiveError) -> PeerError {
    PeerError::Busy(error.to_string())
}
