//! A batch operation: does one thing to many workflows, or to activities that stand alone, which a query finds or a list names.
//!
//! It goes page by page. A page is selected, and written down; then parts of it are worked off, one after the other. So
//! whatever a crash interrupts is known by name when it is done again, and what receives it knows the request by its id.
//!
//! What a query finds is taken in the order of lists: first the workflows that run, then those that had closed before
//! the operation began, then those that closed meanwhile. What starts later, and what the operation itself makes, is
//! left alone.

mod change;
mod check;
mod input;
mod view;

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use longhaul_proto::api::{
    enums::v1::BatchOperationType,
    workflowservice::v1::{StartBatchOperationRequest, start_batch_operation_request::Operation},
};
use minicbor::{Decode, Encode};

use crate::{
    codec::Pb,
    context::Context,
    hosted::{DutyName, Hosted},
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    machine::Draw,
    time::Timestamp,
    visibility::Row,
};

pub use change::Change;
pub use check::{check, query};
pub use input::{Effects, Input, Reply};
pub use view::identity;

/// Workflows selected at a time.
const PAGE_MAX: usize = 1000;

/// Workflows worked off at a time: a report on them is one change.
const PART_MAX: usize = 250;

/// A batch operation.
#[derive(Debug, Encode, Decode)]
pub struct Batch {
    /// Its namespace.
    #[n(0)]
    pub namespace: NamespaceId,
    /// Its job id.
    #[n(1)]
    pub id: String,
    /// Tells it from an earlier one of that id.
    #[n(2)]
    pub run: RunId,
    /// Stands for the request that started it, in the refusal of a second one.
    #[n(3)]
    pub request_id: RunId,
    /// What it is to do.
    #[n(4)]
    request: Pb<StartBatchOperationRequest>,
    #[n(5)]
    started: Timestamp,
    #[n(6)]
    closed: Option<Closed>,
    #[n(7)]
    counts: Counts,
    #[n(8)]
    place: Place,
    /// What was selected and is not done, in order.
    #[n(9)]
    targets: Vec<Target>,
    /// The selection or the part that is owed.
    #[n(10)]
    owed: Option<Owed>,
    /// The next number of something that is owed.
    #[n(11)]
    next_number: i64,
    /// Number of the first target in `targets`.
    #[n(12)]
    first_target: u64,
    /// When the next part may begin, in an operation that is held back.
    #[n(13)]
    ready: Timestamp,
    #[n(14)]
    gone: bool,
    /// Workflows a second, in thousandths; none is no limit.
    #[n(15)]
    pace: Option<u64>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Closed {
    #[n(0)]
    at: Timestamp,
    /// Whether it came to its end.
    #[n(1)]
    completed: bool,
    /// How long it is kept.
    #[n(2)]
    keep_until: Timestamp,
}

/// What has been counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
struct Counts {
    /// Workflows there are, once they were counted.
    #[n(0)]
    total: Option<u64>,
    #[n(1)]
    complete: u64,
    #[n(2)]
    failed: u64,
}

/// Up to where workflows were selected.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Place {
    /// Among those that run.
    #[n(0)]
    Running(#[n(0)] Option<Behind>),
    /// Among those that had closed before the operation began.
    #[n(1)]
    Closed(#[n(0)] Option<Behind>),
    /// Among those that closed meanwhile.
    #[n(2)]
    ClosedMeanwhile(#[n(0)] Option<Behind>),
    /// Behind so many of the list.
    #[n(3)]
    Listed(#[n(0)] u64),
    /// There are no more.
    #[n(4)]
    End,
}

/// The last row that was seen, in the order of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Behind {
    /// When it closed.
    #[n(0)]
    pub close_time: Option<Timestamp>,
    /// When it started.
    #[n(1)]
    pub start_time: Timestamp,
    /// Its run.
    #[n(2)]
    pub run: RunId,
}

/// One workflow of the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Target {
    /// Its id.
    #[n(0)]
    pub workflow_id: String,
    /// The run; empty if there was none when it was looked for.
    #[n(1)]
    pub run_id: String,
    /// Whether the list named no run, so that the runs it goes on with are meant too.
    #[n(2)]
    pub follows: bool,
    /// Whether it closed meanwhile, so that it may have been met among those that run.
    #[n(3)]
    pub late: bool,
}

/// What is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
enum Owed {
    #[n(0)]
    Selection(#[n(0)] i64),
    /// With the number of workflows.
    #[n(1)]
    Part(#[n(0)] i64, #[n(1)] u64),
}

/// What a batch operation owes.
#[derive(Clone, Debug, PartialEq)]
pub enum Duty {
    /// Select a page of workflows.
    Select(Selection),
    /// Do it to some workflows.
    Work(Part),
}

/// Which workflows are to be selected.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection {
    /// The operation, with its query and its lists.
    pub request: StartBatchOperationRequest,
    /// Up to where workflows were selected.
    pub place: Place,
    /// When the operation began.
    pub started: Timestamp,
    /// Whether they are to be counted too.
    pub counts: bool,
    /// How many, at most.
    pub limit: usize,
}

/// Some workflows, and what is to be done to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The operation, without what it is done to.
    pub request: StartBatchOperationRequest,
    /// When the operation began.
    pub started: Timestamp,
    /// Whether a query has found them.
    pub found: bool,
    /// The workflows, with their numbers.
    pub targets: Vec<(u64, Target)>,
}

/// Duty sorts.
const SELECT: u8 = 0;
const WORK: u8 = 1;

impl Batch {
    /// Makes an operation of a request that was found right. `rate` is how many workflows a second it may do, at most.
    pub fn create(
        request: StartBatchOperationRequest,
        namespace: NamespaceId,
        rate: f64,
        at: Timestamp,
        draw: &mut Draw,
    ) -> Self {
        let wanted = f64::from(request.max_operations_per_second);
        let rate = if wanted > 0.0 { wanted.min(rate) } else { rate };
        // A thousandth of a workflow a second is as slow as it gets.
        let pace = rate.is_finite().then_some((rate * 1000.0).clamp(1.0, 1e15) as u64);
        let place = if request.visibility_query.is_empty() { Place::Listed(0) } else { Place::Running(None) };
        let mut batch = Self {
            namespace,
            id: request.job_id.clone(),
            run: RunId::from_bytes(draw.uuid()),
            request_id: RunId::from_bytes(draw.uuid()),
            request: Pb(check::with_one_list(request)),
            started: at,
            closed: None,
            counts: Counts::default(),
            place,
            targets: Vec::new(),
            owed: None,
            next_number: 1,
            first_target: 0,
            ready: at,
            gone: false,
            pace,
        };
        batch.settle(at, Duration::ZERO, &mut Vec::new());
        batch
    }

    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether it is about running workflows only: the others could not be meant.
    fn needs_running(&self) -> bool {
        needs_running(&self.request)
    }

    /// How many workflows the next part may have.
    fn part_max(&self) -> usize {
        // Half a second's worth, so that a slow operation neither stutters nor can't be stopped.
        let paced = |pace: u64| usize::try_from(pace / 2000).unwrap_or(usize::MAX).max(1);
        self.pace.map_or(PART_MAX, |pace| paced(pace).min(PART_MAX))
    }
}

/// Whether an operation is about running workflows only.
pub fn needs_running(request: &StartBatchOperationRequest) -> bool {
    match request.operation {
        Some(
            Operation::DeletionOperation(_)
            | Operation::ResetOperation(_)
            | Operation::DeleteActivitiesOperation(_),
        ) => false,
        Some(_) | None => true,
    }
}

/// What an operation is done to.
pub fn kind(request: &StartBatchOperationRequest) -> Kind {
    match request.operation {
        Some(
            Operation::CancelActivitiesOperation(_)
            | Operation::TerminateActivitiesOperation(_)
            | Operation::DeleteActivitiesOperation(_),
        ) => Kind::Activity,
        Some(_) | None => Kind::Workflow,
    }
}

/// What clients are told an operation is.
pub fn operation_type(request: &StartBatchOperationRequest) -> BatchOperationType {
    match request.operation {
        Some(Operation::TerminationOperation(_)) => BatchOperationType::TerminateWorkflow,
        Some(Operation::CancellationOperation(_)) => BatchOperationType::CancelWorkflow,
        Some(Operation::SignalOperation(_)) => BatchOperationType::SignalWorkflow,
        Some(Operation::DeletionOperation(_)) => BatchOperationType::DeleteWorkflow,
        Some(Operation::ResetOperation(_)) => BatchOperationType::ResetWorkflow,
        Some(Operation::UpdateWorkflowOptionsOperation(_)) => {
            BatchOperationType::UpdateWorkflowExecutionOptions
        }
        Some(Operation::UnpauseActivitiesOperation(_)) => BatchOperationType::UnpauseActivity,
        Some(Operation::ResetActivitiesOperation(_)) => BatchOperationType::ResetActivity,
        Some(Operation::UpdateActivityOptionsOperation(_)) => BatchOperationType::UpdateActivityOptions,
        Some(Operation::CancelActivitiesOperation(_)) => BatchOperationType::CancelActivity,
        Some(Operation::TerminateActivitiesOperation(_)) => BatchOperationType::TerminateActivity,
        Some(Operation::DeleteActivitiesOperation(_)) => BatchOperationType::DeleteActivity,
        None => BatchOperationType::Unspecified,
    }
}

impl Hosted for Batch {
    const KIND: Kind = Kind::Batch;
    type Reply = Reply;
    type Duty = Duty;

    fn effects(effects: Effects) -> (Vec<Change>, Reply) {
        (effects.changes, effects.reply)
    }

    fn key(&self) -> RunKey {
        let execution =
            ExecutionKey { namespace: self.namespace, kind: Kind::Batch, id: self.id.as_str().into() };
        RunKey { execution, run: self.run }
    }

    fn tick(_: &Arc<Context>) -> Input {
        Input::Tick
    }

    fn wake(&self) -> Option<Timestamp> {
        match self.closed {
            Some(closed) => Some(closed.keep_until),
            None => self.owed.is_none().then_some(self.ready),
        }
    }

    fn owed(&self) -> BTreeSet<DutyName> {
        let name = self.owed.map(|owed| match owed {
            Owed::Selection(number) => DutyName { sort: SELECT, number },
            Owed::Part(number, _) => DutyName { sort: WORK, number },
        });
        name.into_iter().collect()
    }

    fn duty(&self, name: DutyName) -> Option<Duty> {
        match self.owed? {
            Owed::Selection(number) if name == (DutyName { sort: SELECT, number }) => {
                Some(Duty::Select(Selection {
                    request: self.request.0.clone(),
                    place: self.place.clone(),
                    started: self.started,
                    counts: self.counts.total.is_none(),
                    limit: PAGE_MAX,
                }))
            }
            Owed::Part(number, count) if name == (DutyName { sort: WORK, number }) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                let targets = (self.first_target..).zip(self.targets.iter().take(count).cloned());
                Some(Duty::Work(Part {
                    request: self.work_order(),
                    started: self.started,
                    found: !self.request.visibility_query.is_empty(),
                    targets: targets.collect(),
                }))
            }
            Owed::Selection(_) | Owed::Part(..) => None,
        }
    }

    fn row(&self, _: &Context) -> Option<Row> {
        Some(self.list_row())
    }

    fn rests(&self) -> bool {
        self.closed.is_some() && self.owed.is_none()
    }

    fn is_gone(&self) -> bool {
        self.gone
    }
}
