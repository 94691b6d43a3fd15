//! Workers that send heartbeats: the registry behind a lock, and the calls that fill it and read it.

use longhaul_kernel::{
    time::Timestamp,
    workers::{self, Filter, Registry, Selection},
};
use longhaul_proto::{
    Refusal,
    api::{worker::v1 as wire, workflowservice::v1 as api},
};
use longhaul_runtime::peers::Caller;
use parking_lot::Mutex;

use crate::{Matching, sticky::caller_namespace};

/// Workers in one page of a list.
const PAGE_MAX: usize = 10_000;

/// What is known of workers.
#[derive(Debug, Default)]
pub(crate) struct Workers(Mutex<Registry>);

/// What a page token begins with; the key of the last worker that was told follows.
const TOKEN: &str = "after:";

impl Workers {
    /// Notes heartbeats.
    pub(crate) fn record(
        &self,
        caller: &Caller,
        heartbeats: impl IntoIterator<Item = wire::WorkerHeartbeat>,
        limits: workers::Limits,
        now: Timestamp,
    ) {
        let mut registry = self.0.lock();
        registry.expire(limits, now);
        for heartbeat in heartbeats {
            registry.record(caller_namespace(caller), heartbeat, limits, now);
        }
    }

    /// Forgets the workers of a namespace.
    pub(crate) fn forget(&self, caller: &Caller) {
        self.0.lock().forget_namespace(caller_namespace(caller));
    }

    /// Forgets workers that were not heard of for too long.
    pub(crate) fn expire(&self, limits: workers::Limits, now: Timestamp) {
        self.0.lock().expire(limits, now);
    }
}

impl Matching {
    /// Answers `RecordWorkerHeartbeat`.
    pub(crate) fn record_heartbeats(
        &self,
        caller: &Caller,
        heartbeats: impl IntoIterator<Item = wire::WorkerHeartbeat>,
    ) {
        let limits = self.settings.in_namespace(&caller.namespace).workers();
        self.workers.record(caller, heartbeats, limits, self.now());
    }

    /// Answers `ListWorkers`.
    #[allow(deprecated, reason = "clients in use read the long form too")]
    pub(crate) fn list_workers(
        &self,
        caller: &Caller,
        request: &api::ListWorkersRequest,
    ) -> Result<api::ListWorkersResponse, Refusal> {
        let selection = selection(&request.query, request.include_system_workers)?;
        let after = page_token(&request.next_page_token)?;
        let page = match usize::try_from(request.page_size) {
            Ok(size @ 1..) => size.min(PAGE_MAX),
            _ => PAGE_MAX,
        };
        let registry = self.fresh(caller);
        let mut selected = registry.list(caller_namespace(caller), &selection, after.as_deref());
        let found: Vec<_> = selected.by_ref().take(page).cloned().collect();
        let is_more = selected.next().is_some();
        drop(selected);
        drop(registry);
        let last = found.last().filter(|_| is_more);
        let next_page_token = last.map(|last| format!("{TOKEN}{}", last.worker_instance_key));
        Ok(api::ListWorkersResponse {
            workers: found.iter().map(|heartbeat| workers::summary(heartbeat)).collect(),
            workers_info: found
                .into_iter()
                .map(|heartbeat| wire::WorkerInfo { worker_heartbeat: Some((*heartbeat).clone()) })
                .collect(),
            next_page_token: next_page_token.unwrap_or_default().into(),
        })
    }

    /// Answers `CountWorkers`.
    pub(crate) fn count_workers(
        &self,
        caller: &Caller,
        request: &api::CountWorkersRequest,
    ) -> Result<api::CountWorkersResponse, Refusal> {
        let selection = selection(&request.query, request.include_system_workers)?;
        let count = self.fresh(caller).list(caller_namespace(caller), &selection, None).count();
        Ok(api::CountWorkersResponse { count: i64::try_from(count).unwrap_or(i64::MAX) })
    }

    /// Answers `DescribeWorker`.
    pub(crate) fn describe_worker(
        &self,
        caller: &Caller,
        request: &api::DescribeWorkerRequest,
    ) -> Result<api::DescribeWorkerResponse, Refusal> {
        let key = &request.worker_instance_key;
        let found = self.fresh(caller).find(caller_namespace(caller), key);
        let heartbeat = found.ok_or_else(|| Refusal::not_found(format!("Worker {key} not found")))?;
        Ok(api::DescribeWorkerResponse {
            worker_info: Some(wire::WorkerInfo { worker_heartbeat: Some((*heartbeat).clone()) }),
        })
    }

    /// The registry without those that were not heard of for too long.
    fn fresh(&self, caller: &Caller) -> parking_lot::MutexGuard<'_, Registry> {
        let limits = self.settings.in_namespace(&caller.namespace).workers();
        let mut registry = self.workers.0.lock();
        registry.expire(limits, self.now());
        registry
    }
}

fn selection(query: &str, include_system: bool) -> Result<Selection, Refusal> {
    Ok(Selection { filter: Filter::parse(query)?, include_system })
}

fn page_token(token: &[u8]) -> Result<Option<String>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let after = std::str::from_utf8(token).ok().and_then(|token| token.strip_prefix(TOKEN));
    after.map(|key| Some(key.to_owned())).ok_or_else(|| Refusal::invalid("invalid next_page_token"))
}
