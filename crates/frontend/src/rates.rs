//! Limits on how many calls come in: per process, per namespace, and on how many wait at a time.
//!
//! A limit that is not set costs a comparison. One that is set costs a few atomic operations: no lock, and nothing is
//! allocated but at the first call of a namespace.

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use arc_swap::ArcSwap;
use longhaul_kernel::ids::NamespaceId;
use longhaul_proto::{ExhaustedCause, ExhaustedScope, Refusal};
use longhaul_runtime::Rate;

use crate::Settings;

tokio::task_local! {
    /// The call being answered, until it was counted against its namespace.
    static CALL: Cell<Option<&'static str>>;
}

/// Classes of calls: when there are too many, those of a later class are refused first.
const CLASSES: usize = 6;

/// Kinds of calls that wait, each with a limit of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    WorkflowTask,
    ActivityTask,
    NexusTask,
    Query,
    History,
    Update,
    UpdatePoll,
}

const KINDS: usize = 7;

/// Which limit a call counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Budget {
    /// Lists and counts.
    Visibility,
    /// Changes of namespaces.
    Changes,
    /// Everything else, by its class.
    Class(usize),
}

/// What a call counts against. Calls that carry work on come first, calls that may wait come last.
fn budget(call: &str) -> Budget {
    match call {
        "RegisterNamespace" | "UpdateNamespace" => Budget::Changes,
        "CountWorkflowExecutions" | "ScanWorkflowExecutions" | "GetWorkerTaskReachability" => {
            Budget::Visibility
        }
        "ListNamespaces" | "ListTaskQueuePartitions" | "ListSearchAttributes" | "ListClusters" => {
            Budget::Class(0)
        }
        _ if call.starts_with("List") => Budget::Visibility,
        "GetSystemInfo" | "GetClusterInfo" | "GetSearchAttributes" | "DescribeNamespace" => Budget::Class(0),
        "StartWorkflowExecution"
        | "SignalWithStartWorkflowExecution"
        | "SignalWorkflowExecution"
        | "UpdateWorkflowExecution"
        | "ExecuteMultiOperation"
        | "RecordActivityTaskHeartbeat"
        | "RecordActivityTaskHeartbeatById"
        | "CreateSchedule"
        | "StartBatchOperation" => Budget::Class(1),
        "RespondWorkflowTaskFailed" | "RespondQueryTaskCompleted" | "QueryWorkflow" => Budget::Class(3),
        _ if call.starts_with("Respond") => Budget::Class(1),
        _ if call.starts_with("Describe") => Budget::Class(3),
        _ if call.starts_with("Poll") => Budget::Class(4),
        _ => Budget::Class(2),
    }
}

/// Counts against one limit, by class: what a class spends, later classes have spent as well.
#[derive(Debug, Default)]
struct Classes([Rate; CLASSES]);

impl Classes {
    fn admit(&self, class: usize, now: i64, per_second: f64, burst: f64) -> bool {
        if !self.0[class].admits(now, per_second, burst) {
            return false;
        }
        self.0[class + 1..].iter().for_each(|later| later.count(now, per_second, burst));
        true
    }
}

/// What is counted of a namespace.
#[derive(Debug, Default)]
struct Counted {
    calls: Classes,
    visibility: Rate,
    changes: Rate,
    waiting: [AtomicUsize; KINDS],
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    calls: Classes,
    changes: Rate,
    namespaces: ArcSwap<BTreeMap<NamespaceId, Arc<Counted>>>,
}

/// A call that waits; counted for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Waiting(Option<(Arc<Counted>, Waits)>);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some((counted, kind)) = &self.0 {
            counted.waiting[*kind as usize].fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Answers a call whose namespace will be found on the way.
pub(crate) async fn counted<T>(call: &'static str, work: impl Future<Output = T>) -> T {
    CALL.scope(Cell::new(Some(call)), work).await
}

/// The call to be counted, if it was not yet.
fn take_call() -> Option<&'static str> {
    CALL.try_with(Cell::take).ok().flatten()
}

impl Rates {
    /// Refuses one call too many to this process.
    pub(crate) fn admit(&self, call: &str, settings: &Settings, now: i64) -> Result<(), Refusal> {
        let rps = of_cluster(settings.rps_cluster, settings.rps);
        let limited = rps.is_finite() || settings.changes_rps.is_finite();
        let admitted = !limited
            || match budget(call) {
                Budget::Changes if settings.changes_rps.is_finite() => {
                    self.changes.admits(now, settings.changes_rps, settings.changes_rps.max(1.0))
                }
                Budget::Class(class) if rps.is_finite() => self.calls.admit(class, now, rps, rps.max(1.0)),
                Budget::Changes | Budget::Visibility if rps.is_finite() => {
                    self.calls.admit(1, now, rps, rps.max(1.0))
                }
                _ => true,
            };
        if admitted { Ok(()) } else { Err(exceeded("service rate limit exceeded", ExhaustedScope::System)) }
    }

    /// Refuses one call too many to a namespace; each call counts once.
    pub(crate) fn admit_to(
        &self,
        namespace: NamespaceId,
        settings: &Settings,
        now: i64,
    ) -> Result<(), Refusal> {
        let calls = of_cluster(settings.namespace_rps_cluster, settings.namespace_rps);
        let visibility =
            of_cluster(settings.namespace_visibility_rps_cluster, settings.namespace_visibility_rps);
        let changes = of_cluster(settings.namespace_changes_rps_cluster, settings.namespace_changes_rps);
        if !(calls.is_finite() || visibility.is_finite() || changes.is_finite()) {
            return Ok(());
        }
        let Some(call) = take_call() else { return Ok(()) };
        let counted = self.of(namespace);
        let (rps, burst) = match budget(call) {
            Budget::Class(_) => (calls, settings.namespace_burst),
            Budget::Visibility => (visibility, settings.namespace_visibility_burst),
            Budget::Changes => (changes, settings.namespace_changes_burst),
        };
        let burst = (rps * burst.max(1.0)).max(1.0);
        let admitted = !rps.is_finite()
            || match budget(call) {
                Budget::Class(class) => counted.calls.admit(class, now, rps, burst),
                Budget::Visibility => counted.visibility.admits(now, rps, burst),
                Budget::Changes => counted.changes.admits(now, rps, burst),
            };
        if admitted {
            Ok(())
        } else {
            Err(exceeded("namespace rate limit exceeded", ExhaustedScope::Namespace))
        }
    }

    /// Refuses one waiting call too many, or counts it for as long as the answer is kept.
    pub(crate) fn wait(
        &self,
        namespace: NamespaceId,
        kind: Waits,
        settings: &Settings,
    ) -> Result<Waiting, Refusal> {
        if settings.waiting_max == usize::MAX {
            return Ok(Waiting(None));
        }
        let counted = self.of(namespace);
        let before = counted.waiting[kind as usize].fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(Some((counted, kind)));
        if before >= settings.waiting_max {
            return Err(Refusal::ResourceExhausted {
                message: "namespace concurrent poller limit exceeded".into(),
                cause: ExhaustedCause::ConcurrentLimit,
                scope: ExhaustedScope::Namespace,
            });
        }
        Ok(waiting)
    }

    /// What is counted of a namespace. Namespaces are few and stay, so their counts are kept.
    fn of(&self, namespace: NamespaceId) -> Arc<Counted> {
        if let Some(counted) = self.namespaces.load().get(&namespace) {
            return counted.clone();
        }
        self.namespaces.rcu(|known| {
            let mut known = BTreeMap::clone(known);
            known.entry(namespace).or_default();
            known
        });
        self.namespaces.load().get(&namespace).cloned().unwrap_or_default()
    }
}

/// The rate of this process: its share of the cluster's if there is one.
fn of_cluster(cluster: f64, own: f64) -> f64 {
    if cluster > 0.0 { cluster } else { own }
}

fn exceeded(message: &str, scope: ExhaustedScope) -> Refusal {
    Refusal::ResourceExhausted { message: message.into(), cause: ExhaustedCause::RpsLimit, scope }
}

#[cfg(test)]
mod tests;
