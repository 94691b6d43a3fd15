//! Material for cases: names, writes, rows and filters that are short to write down.

use std::sync::Arc;

use bytes::Bytes;
use longhaul_kernel::{
    ids::{BranchId, ExecutionKey, NamespaceId, RunId, RunKey, SLOTS, Slot},
    time::Timestamp,
    visibility::{Attributes, Query, Row, Value, ValueType},
};

use super::wait;
use crate::{
    Batch, CommitError, CurrentWrite, Direction, EventRange, Expect, Fence, OutboxId, ShardId, ShardRange,
    StateWrite, Store, StoredRun, VisibilityWrite, Write,
};

/// A shard that owns every slot.
pub const EVERYTHING: ShardRange = ShardRange { shard: ShardId(1), first: Slot(0), last: Slot(SLOTS - 1) };

/// The namespace most cases use.
pub const NAMESPACE: NamespaceId = NamespaceId::from_bytes([7; 16]);

/// A run whose workflow id is `name` and whose run id begins with it.
pub fn run(name: &str) -> RunKey {
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    RunKey { execution: ExecutionKey::workflow(NAMESPACE, name), run: RunId::from_bytes(id) }
}

/// `count` runs that live in one slot, in the order of their names.
pub fn neighbours(count: usize) -> Vec<RunKey> {
    let slot = run("0").execution.slot();
    (0u32..).map(|n| run(&n.to_string())).filter(|run| run.execution.slot() == slot).take(count).collect()
}

/// Bytes of a text.
pub fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Bytes that do not compress, the same for the same seed.
pub fn noise(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(byte).take(length).collect()
}

/// A write of a snapshot (`s` and the version) that changes nothing else.
pub fn write(run: &RunKey, expect: Expect, version: u64) -> Write {
    Write {
        run: run.clone(),
        expect,
        version,
        state: StateWrite::Snapshot(text(&format!("s{version}"))),
        history: Vec::new(),
        shares: Vec::new(),
        current: CurrentWrite::Keep,
        outbox_put: Vec::new(),
        outbox_delete: Vec::new(),
        wake_delete: None,
        wake_put: None,
        visibility: VisibilityWrite::Keep,
    }
}

/// The first write of a run; leaves version 1.
pub fn start(run: &RunKey) -> Write {
    write(run, Expect::New, 1)
}

/// A write that follows `version` and leaves the next one.
pub fn follow(run: &RunKey, version: u64) -> Write {
    write(run, Expect::Version(version), version + 1)
}

/// Like [`follow`], with a delta (`d` and the version) in place of a snapshot.
pub fn delta(run: &RunKey, version: u64) -> Write {
    let state = StateWrite::Delta(text(&format!("d{}", version + 1)));
    Write { state, ..follow(run, version) }
}

/// Removes the run.
pub fn delete(run: &RunKey, version: u64) -> Write {
    let state = StateWrite::Delete;
    Write { state, ..follow(run, version) }
}

/// A batch of the run's first branch whose bytes name its events.
pub fn batch(run: &RunKey, first_event: i64, last_event: i64) -> Batch {
    let events = text(&format!("[{first_event}-{last_event}]"));
    Batch { branch: BranchId::from(run.run), first_event, last_event, events }
}

/// Name of an outbox row.
pub fn duty(kind: u8, event: i64) -> OutboxId {
    OutboxId { kind, event }
}

/// A row; times are in seconds.
pub fn row(run: &RunKey, start: i64, close: Option<i64>, workflow_type: &str, status: &str) -> Row {
    let keyword = |text: &str| Value::Keyword(text.into());
    Row {
        run: run.clone(),
        start_time: Timestamp::from_secs(start),
        close_time: close.map(Timestamp::from_secs),
        attributes: [
            ("WorkflowType".into(), keyword(workflow_type)),
            ("ExecutionStatus".into(), keyword(status)),
            ("TaskQueue".into(), keyword("main")),
            ("Weight".into(), Value::Double(start as f64 / 2.0)),
            ("Tags".into(), Value::KeywordList(vec!["a".into(), "b".into()])),
        ]
        .into(),
        info: text(&format!("info {start}")),
    }
}

/// The first write of a run that shows `row`.
pub fn start_listed(row: Row) -> Write {
    let write = start(&row.run);
    Write { visibility: VisibilityWrite::Put(Box::new(row)), ..write }
}

/// Attributes of rows of [`row`] and of cases, beside those of the system.
pub fn attributes() -> Attributes {
    Attributes::system()
        .with_custom("Weight", ValueType::Double)
        .with_custom("Tags", ValueType::KeywordList)
        .with_custom("Unindexed", ValueType::Keyword)
        .with_custom("Customer", ValueType::Keyword)
        .with_custom("Amount", ValueType::Int)
        .with_custom("Paid", ValueType::Bool)
        .with_custom("Due", ValueType::Datetime)
        .with_custom("Note", ValueType::Text)
}

/// A query, which has to be valid.
pub fn query(text: &str) -> Arc<Query> {
    Arc::new(Query::parse(text, &attributes()).unwrap_or_else(|refusal| panic!("{text}: {refusal:?}")))
}

/// Queries by keyword.
pub struct Where;

impl Where {
    /// Selects every row.
    pub fn anything() -> Arc<Query> {
        Arc::new(Query::everything())
    }

    /// Selects rows that have all of `pairs`.
    pub fn all(pairs: &[(&str, &str)]) -> Arc<Query> {
        let quoted = |value: &str| value.replace('\\', "\\\\").replace('\'', "\\'");
        let equal = |(name, value): &(&str, &str)| format!("{name} = '{}'", quoted(value));
        query(&pairs.iter().map(equal).collect::<Vec<_>>().join(" AND "))
    }
}

/// The fence of [`EVERYTHING`].
pub fn own(store: &Arc<dyn Store>) -> Fence {
    wait(store.fence(EVERYTHING)).expect("a fence is granted")
}

/// Commits what has to succeed.
pub fn commit(store: &Arc<dyn Store>, fence: Fence, writes: Vec<Write>) {
    wait(store.commit(fence, writes)).expect("the commit succeeds");
}

/// Commits what has to fail on a precondition.
pub fn conflict(store: &Arc<dyn Store>, fence: Fence, writes: Vec<Write>) -> RunKey {
    match wait(store.commit(fence, writes)) {
        Err(CommitError::Conflict { run }) => run,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

/// A run's state.
pub fn stored(store: &Arc<dyn Store>, run: &RunKey) -> Option<StoredRun> {
    wait(store.run(run.clone())).expect("the run can be read")
}

/// Version of a run.
pub fn version(store: &Arc<dyn Store>, run: &RunKey) -> Option<u64> {
    stored(store, run).map(|stored| stored.version)
}

/// First events of the batches a history read gives.
pub fn events(store: &Arc<dyn Store>, run: &RunKey, from: i64, to: i64, direction: Direction) -> Vec<i64> {
    page(store, run, EventRange { from, to }, direction, usize::MAX)
}

/// Like [`events`], one page of at least `bytes_max` bytes.
pub fn page(
    store: &Arc<dyn Store>,
    run: &RunKey,
    range: EventRange,
    direction: Direction,
    bytes_max: usize,
) -> Vec<i64> {
    let read = store.history(run.execution.slot(), BranchId::from(run.run), range, direction, bytes_max);
    let batches = wait(read).expect("the history can be read");
    for found in &batches {
        assert_eq!(
            *found,
            batch(run, found.first_event, found.last_event),
            "a batch comes back as it was written"
        );
    }
    batches.iter().map(|batch| batch.first_event).collect()
}
