//! A schedule: starts workflows at the times that its specification names. What is due goes into a buffer; by the
//! overlap policy it leaves it as a start, or is left out with a reason that is counted and remembered. A start is a
//! duty; the workflow that was started reports its end.
//!
//! Decisions follow the reference, whose schedules are workflows: one loop that looks at the time passed, goes on with
//! backfills, then works off the buffer. Here the loop is [`Schedule::settle`], run at the end of each input.

mod buffer;
mod change;
mod due;
mod input;
mod row;
mod view;

#[cfg(test)]
mod tests;

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use longhaul_proto::api::{
    common::v1::{Memo, Payloads, SearchAttributes, WorkflowExecution},
    failure::v1::Failure,
    schedule::v1::{BackfillRequest, Schedule as Definition},
    workflowservice::v1::{CreateScheduleRequest, StartWorkflowExecutionRequest},
};
use minicbor::{Decode, Encode};

use crate::{
    Refusal,
    calendar::Spec,
    codec::Pb,
    context::Context,
    hosted::{DutyName, Hosted},
    ids::{ExecutionKey, Kind, NamespaceId, RunId, RunKey},
    machine::Draw,
    time::Timestamp,
    visibility::Row,
};

pub use change::Change;
pub use input::{Closed, Effects, Input, Reply};

/// Actions told by a description.
const RECENT_MAX: usize = 10;

/// Starts that wait, at most. Half of that is for backfills.
const BUFFER_MAX: usize = 1000;

/// Spans of what was left out, remembered with their reason.
const LEFT_OUT_MAX: usize = 100;

/// Request ids of updates and patches that are remembered.
const REQUESTS_MAX: usize = 100;

/// How long a schedule that will never act again is kept.
const RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

/// A schedule.
#[derive(Debug, Encode, Decode)]
pub struct Schedule {
    /// Its namespace.
    #[n(0)]
    pub namespace: NamespaceId,
    /// Its id.
    #[n(1)]
    pub id: String,
    /// Tells it from an earlier one of that id.
    #[n(2)]
    pub run: RunId,
    /// Request that created it.
    #[n(3)]
    pub create_request_id: String,
    /// What it is to do, in the form that clients are shown.
    #[n(4)]
    definition: Pb<Definition>,
    #[n(5)]
    memo: Option<Pb<Memo>>,
    #[n(6)]
    search_attributes: Option<Pb<SearchAttributes>>,
    #[n(7)]
    created: Timestamp,
    #[n(8)]
    updated: Option<Timestamp>,
    /// Up to when all that was due has been looked at.
    #[n(9)]
    looked: Timestamp,
    /// Grows with every change that a client might not know of.
    #[n(10)]
    token: i64,
    #[n(11)]
    counts: Counts,
    /// What is due and not decided.
    #[n(12)]
    buffer: Vec<Due>,
    /// Starts that were decided and of which nothing is known.
    #[n(13)]
    starting: BTreeMap<i64, Starting>,
    /// Workflows that an overlap policy has to regard.
    #[n(14)]
    running: Vec<Started>,
    /// Workflows to be canceled or terminated.
    #[n(15)]
    ending: BTreeMap<i64, Ending>,
    #[n(16)]
    recent: Vec<Recent>,
    #[n(17)]
    left_out: Vec<LeftOut>,
    #[n(18)]
    last_result: Option<Pb<Payloads>>,
    #[n(19)]
    last_failure: Option<Pb<Failure>>,
    /// Backfills that go on, each from behind its start.
    #[n(20)]
    backfills: Vec<Pb<BackfillRequest>>,
    #[n(21)]
    requests: Vec<String>,
    /// The next number for what is due or owed.
    #[n(22)]
    next_number: i64,
    #[n(23)]
    wake: Option<Timestamp>,
    #[n(24)]
    gone: bool,
    /// When backfills go on.
    #[n(25)]
    backfill_at: Timestamp,
    /// The specification, read; made when it is needed.
    #[cbor(skip)]
    spec: OnceCell<Option<Spec>>,
}

/// What has been counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
struct Counts {
    #[n(0)]
    actions: i64,
    #[n(1)]
    missed: i64,
    #[n(2)]
    skipped: i64,
    #[n(3)]
    dropped: i64,
}

/// An action that is due.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Due {
    #[n(0)]
    number: i64,
    /// The time that the specification names.
    #[n(1)]
    nominal: Timestamp,
    /// That time with jitter.
    #[n(2)]
    actual: Timestamp,
    /// Overlap policy of its own; zero means the schedule's.
    #[n(3)]
    overlap: i32,
    /// Whether a client asked for it, so that neither a pause nor a limit holds it back.
    #[n(4)]
    manual: bool,
}

/// A start that was decided.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Starting {
    #[n(0)]
    due: Due,
    /// Whether others may run beside it, so that nobody waits for its end.
    #[n(1)]
    overlapping: bool,
    #[n(2)]
    workflow_id: String,
}

/// A workflow that was started.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Started {
    #[n(0)]
    number: i64,
    #[n(1)]
    workflow_id: String,
    #[n(2)]
    run_id: String,
}

/// A workflow to be ended.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Ending {
    #[n(0)]
    workflow_id: String,
    /// First run of its chain.
    #[n(1)]
    run_id: String,
    #[n(2)]
    terminate: bool,
}

/// An action that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Recent {
    #[n(0)]
    started: Started,
    #[n(1)]
    scheduled: Timestamp,
    #[n(2)]
    at: Timestamp,
    /// Number of the workflow's status.
    #[n(3)]
    status: i32,
}

/// Something that was due and did not happen. What follows for the same reason is told together with it, so that the
/// list is short and yet whole.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct LeftOut {
    /// When the first was due.
    #[n(0)]
    pub nominal: Timestamp,
    /// When the last was decided.
    #[n(1)]
    pub at: Timestamp,
    /// Why.
    #[n(2)]
    pub reason: Reason,
    /// When the last was due, if that is another time than the first.
    #[n(3)]
    pub last: Option<Timestamp>,
    /// How many there were, if more than one.
    #[n(4)]
    pub times: Option<i64>,
}

/// Why something that was due did not happen.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reason {
    /// It was found later than the catch-up window allows.
    #[n(0)]
    MissedCatchupWindow,
    /// Another one was running, or about to start.
    #[n(1)]
    Overlap,
    /// Too many others were waiting.
    #[n(2)]
    BufferFull,
    /// The schedule was paused or had no actions left when its turn came.
    #[n(3)]
    NoActionAllowed,
    /// A later one took its place.
    #[n(4)]
    Replaced,
    /// The workflow could not be started.
    #[n(5)]
    NotStarted(#[n(0)] String),
}

/// What a schedule owes to others.
#[derive(Clone, Debug, PartialEq)]
pub enum Duty {
    /// Start a workflow.
    Start(Box<Order>),
    /// Ask a workflow to cancel; its id and the first run of its chain are given.
    Cancel(WorkflowExecution),
    /// Terminate a workflow.
    Terminate(WorkflowExecution),
}

/// A workflow to be started.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// What to start, but for its namespace and identity.
    pub request: StartWorkflowExecutionRequest,
    /// Which start of the schedule it is.
    pub number: i64,
}

/// Duty sorts.
const START: u8 = 0;
const END: u8 = 1;

impl Schedule {
    /// Makes a schedule of a request that was found right.
    ///
    /// # Errors
    /// The refusal of its specification.
    pub fn create(
        request: CreateScheduleRequest,
        namespace: NamespaceId,
        context: &Context,
        at: Timestamp,
        draw: &mut Draw,
    ) -> Result<Self, Refusal> {
        let definition = change::normal(request.schedule.unwrap_or_default(), context)?;
        let typed = |given: SearchAttributes| Pb(crate::visibility::typed_all(given, &context.attributes));
        let mut schedule = Self {
            namespace,
            id: request.schedule_id,
            run: RunId::from_bytes(draw.uuid()),
            create_request_id: request.request_id,
            definition: Pb(definition),
            memo: request.memo.map(Pb),
            search_attributes: request.search_attributes.map(typed),
            created: at,
            updated: None,
            looked: at,
            token: 1,
            counts: Counts::default(),
            buffer: Vec::new(),
            starting: BTreeMap::new(),
            running: Vec::new(),
            ending: BTreeMap::new(),
            recent: Vec::new(),
            left_out: Vec::new(),
            last_result: None,
            last_failure: None,
            backfills: Vec::new(),
            requests: Vec::new(),
            next_number: 1,
            wake: None,
            gone: false,
            backfill_at: at,
            spec: OnceCell::new(),
        };
        let mut changes = Vec::new();
        if let Some(patch) = request.initial_patch {
            schedule.take_patch(patch, at, &mut changes);
        }
        schedule.settle(at, &mut changes);
        schedule.wake = schedule.next_wake(at);
        Ok(schedule)
    }

    /// The specification, read; `None` if it can't be.
    fn spec(&self) -> Option<&Spec> {
        let spec = || self.definition.spec.as_ref().and_then(|spec| Spec::parse(spec).ok());
        self.spec.get_or_init(spec).as_ref()
    }

    /// Tells schedules with the same specification apart.
    fn seed(&self) -> String {
        format!("{}-{}", self.namespace, self.id)
    }

    /// The workflow that a start leads to.
    fn order(&self, number: i64) -> Option<Order> {
        use longhaul_proto::api::{enums::v1::WorkflowIdReusePolicy, schedule::v1::schedule_action::Action};
        let starting = self.starting.get(&number)?;
        let Some(Action::StartWorkflow(action)) = self.definition.action.clone().and_then(|a| a.action)
        else {
            return None;
        };
        let second = Timestamp::from_secs(starting.due.nominal.0.div_euclid(1_000_000_000));
        let mut attributes = action.search_attributes.unwrap_or_default();
        let mut set = |name: &str, value| {
            attributes.indexed_fields.insert(name.into(), crate::visibility::encode(&value));
        };
        set("TemporalScheduledStartTime", crate::visibility::Value::Datetime(second));
        set("TemporalScheduledById", crate::visibility::Value::Keyword(self.id.clone()));
        let request = StartWorkflowExecutionRequest {
            workflow_id: starting.workflow_id.clone(),
            workflow_type: action.workflow_type,
            task_queue: action.task_queue,
            input: action.input,
            workflow_execution_timeout: action.workflow_execution_timeout,
            workflow_run_timeout: action.workflow_run_timeout,
            workflow_task_timeout: action.workflow_task_timeout,
            request_id: self.request_id(number),
            workflow_id_reuse_policy: WorkflowIdReusePolicy::RejectDuplicate as i32,
            retry_policy: action.retry_policy,
            memo: action.memo,
            search_attributes: Some(attributes),
            header: action.header,
            user_metadata: action.user_metadata,
            versioning_override: action.versioning_override,
            priority: action.priority,
            last_completion_result: self.last_result.clone().map(|result| result.0),
            continued_failure: self.last_failure.clone().map(|failure| failure.0),
            ..StartWorkflowExecutionRequest::default()
        };
        Some(Order { request, number })
    }

    /// The id of the request that a start makes: always the same one, and in the form of a UUID.
    fn request_id(&self, number: i64) -> String {
        let mut bytes = *self.run.as_bytes();
        for (byte, part) in bytes[8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= part;
        }
        RunId::from_bytes(bytes).to_string()
    }
}

impl Hosted for Schedule {
    const KIND: Kind = Kind::Schedule;
    type Reply = Reply;
    type Duty = Duty;

    fn effects(effects: Effects) -> (Vec<Change>, Reply) {
        (effects.changes, effects.reply)
    }

    fn key(&self) -> RunKey {
        let execution =
            ExecutionKey { namespace: self.namespace, kind: Kind::Schedule, id: self.id.as_str().into() };
        RunKey { execution, run: self.run }
    }

    fn tick(_: &Arc<Context>) -> Input {
        Input::Tick
    }

    fn wake(&self) -> Option<Timestamp> {
        self.wake
    }

    fn owed(&self) -> BTreeSet<DutyName> {
        let starts = self.starting.keys().map(|number| DutyName { sort: START, number: *number });
        let ends = self.ending.keys().map(|number| DutyName { sort: END, number: *number });
        starts.chain(ends).collect()
    }

    fn duty(&self, name: DutyName) -> Option<Duty> {
        match name.sort {
            START => self.order(name.number).map(|order| Duty::Start(Box::new(order))),
            _ => self.ending.get(&name.number).map(|ending| {
                let workflow = WorkflowExecution {
                    workflow_id: ending.workflow_id.clone(),
                    run_id: ending.run_id.clone(),
                };
                if ending.terminate { Duty::Terminate(workflow) } else { Duty::Cancel(workflow) }
            }),
        }
    }

    fn row(&self, context: &Context) -> Option<Row> {
        Some(self.list_row(context))
    }

    fn rests(&self) -> bool {
        false
    }

    fn is_gone(&self) -> bool {
        self.gone
    }
}
