//! What can happen to a schedule, and what it makes of it.

use std::sync::Arc;

use longhaul_proto::api::{
    common::v1::{Payloads, SearchAttributes},
    enums::v1::WorkflowExecutionStatus as Status,
    failure::v1::Failure,
    schedule::v1::{BackfillRequest, SchedulePatch},
    workflowservice::v1::{PatchScheduleRequest, UpdateScheduleRequest},
};

use super::{Change, Schedule, change};
use crate::{
    Refusal,
    codec::Pb,
    context::Context,
    machine::{Draw, Machine},
    time::Timestamp,
    visibility::typed_all,
};

/// What can happen to a schedule.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed.
    Tick,
    /// A client replaces what it is to do.
    Update(Box<UpdateScheduleRequest>, Arc<Context>),
    /// A client asks for something, or pauses it.
    Patch(Box<PatchScheduleRequest>),
    /// A client removes it.
    Delete,
    /// A workflow was started.
    Started {
        /// Which start it was.
        number: i64,
        /// First run of its chain.
        run_id: String,
    },
    /// A workflow could not be started.
    NotStarted {
        /// Which start it was.
        number: i64,
        /// Why.
        why: String,
    },
    /// A workflow that was started is over.
    Closed(Box<Closed>),
    /// A workflow was canceled or terminated, or is over in any case.
    Ended {
        /// Which start it was.
        number: i64,
    },
}

/// The end of a workflow that a schedule has started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Closed {
    /// Which start it was.
    pub number: i64,
    /// Its first run, as its start was acknowledged; its end may be heard of first.
    pub first_run_id: String,
    /// When its first run started.
    pub started: Timestamp,
    /// Number of its status.
    pub status: i32,
    /// Its result.
    pub result: Option<Payloads>,
    /// Its failure.
    pub failure: Option<Failure>,
}

/// What a step leads to.
#[derive(Debug)]
pub struct Effects {
    /// What is to be made durable.
    pub changes: Vec<Change>,
    /// What is answered.
    pub reply: Reply,
}

/// What is answered to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It was taken.
    Done,
}

impl Machine for Schedule {
    type Input = Input;
    type Change = Change;
    type Effects = Effects;

    fn step(&mut self, input: Input, at: Timestamp, _: &mut Draw) -> Result<Effects, Refusal> {
        let mut changes = Vec::new();
        let reply = Effects { changes: Vec::new(), reply: Reply::Done };
        match input {
            Input::Tick => {
                if self.wake.is_none_or(|wake| at < wake) {
                    return Ok(reply);
                }
            }
            Input::Update(request, context) => {
                if self.is_repeated(&request.request_id) || !self.is_token(&request.conflict_token) {
                    return Ok(reply);
                }
                let definition = change::normal(request.schedule.clone().unwrap_or_default(), &context)?;
                self.look(at, &mut changes);
                self.take_update(*request, Pb(definition), &context, at, &mut changes);
            }
            Input::Patch(request) => {
                if self.is_repeated(&request.request_id) {
                    return Ok(reply);
                }
                self.look(at, &mut changes);
                self.remember(&request.request_id, &mut changes);
                self.take_patch(request.patch.unwrap_or_default(), at, &mut changes);
            }
            Input::Delete => self.change(Change::Gone, &mut changes),
            Input::Started { number, run_id } => self.take_started(number, run_id, at, &mut changes),
            Input::NotStarted { number, why } => {
                if self.starting.contains_key(&number) {
                    self.change(Change::NotStarted(number, at, why), &mut changes);
                }
            }
            Input::Closed(closed) => self.take_closed(*closed, &mut changes),
            Input::Ended { number } => {
                if self.ending.contains_key(&number) {
                    self.change(Change::Ended(number), &mut changes);
                    return Ok(Effects { changes, reply: Reply::Done });
                }
            }
        }
        if !self.gone {
            self.settle(at, &mut changes);
        }
        Ok(Effects { changes, reply: Reply::Done })
    }

    fn apply(&mut self, change: &Change) {
        self.fold(change);
    }
}

impl Schedule {
    /// Folds a change and notes it.
    pub(super) fn change(&mut self, change: Change, changes: &mut Vec<Change>) {
        self.apply(&change);
        changes.push(change);
    }

    /// Looks at the time passed, goes on with backfills, works off the buffer, and says when to wake.
    pub(super) fn settle(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        self.look(at, changes);
        self.backfill(at, changes);
        self.work_off(at, changes);
        if !changes.is_empty() {
            let next = self.next_wake(at);
            if self.expiry().is_some_and(|expiry| expiry <= at) {
                self.change(Change::Gone, changes);
            } else if next != self.wake {
                self.change(Change::Wake(next), changes);
            }
        }
    }

    /// Whether a request was seen before.
    fn is_repeated(&self, request_id: &str) -> bool {
        !request_id.is_empty() && self.requests.iter().any(|seen| seen == request_id)
    }

    /// Whether a client knows the schedule as it is, or does not care.
    fn is_token(&self, token: &[u8]) -> bool {
        token.is_empty() || *token == self.conflict_token()[..]
    }

    fn remember(&mut self, request_id: &str, changes: &mut Vec<Change>) {
        if !request_id.is_empty() {
            self.change(Change::Requested(request_id.to_owned()), changes);
        }
    }

    fn take_update(
        &mut self,
        request: UpdateScheduleRequest,
        definition: Pb<longhaul_proto::api::schedule::v1::Schedule>,
        context: &Context,
        at: Timestamp,
        changes: &mut Vec<Change>,
    ) {
        self.remember(&request.request_id, changes);
        self.change(Change::Updated(definition, at), changes);
        if let Some(attributes) = request.search_attributes {
            let typed: SearchAttributes = typed_all(attributes, &context.attributes);
            self.change(Change::Attributes(Pb(typed)), changes);
        }
    }

    /// Takes what a client asks for.
    pub(super) fn take_patch(&mut self, patch: SchedulePatch, at: Timestamp, changes: &mut Vec<Change>) {
        if let Some(trigger) = patch.trigger_immediately {
            self.add(at, at, trigger.overlap_policy, true, at, changes);
        }
        for request in patch.backfill_request {
            // The start of the span belongs to it.
            let from = request.start_time.as_ref().map(Timestamp::from_proto).unwrap_or_default();
            let from = Timestamp(from.0.saturating_sub(1_000_000));
            let request = BackfillRequest { start_time: Some(from.to_proto()), ..request };
            self.change(Change::Backfill(Pb(request)), changes);
        }
        if !patch.pause.is_empty() {
            self.change(Change::Paused(true, patch.pause), changes);
        }
        if !patch.unpause.is_empty() {
            self.change(Change::Paused(false, patch.unpause), changes);
        }
    }

    fn take_started(&mut self, number: i64, run_id: String, at: Timestamp, changes: &mut Vec<Change>) {
        if self.starting.contains_key(&number) {
            self.change(Change::Started(number, run_id, at), changes);
        }
    }

    /// A workflow is over. Its end may be heard of before its start.
    fn take_closed(&mut self, closed: Closed, changes: &mut Vec<Change>) {
        let number = closed.number;
        self.take_started(number, closed.first_run_id, closed.started, changes);
        let Some(started) = self.running.iter().find(|started| started.number == number) else {
            return;
        };
        let pauses = self.definition.policies.as_ref().is_some_and(|policies| policies.pause_on_failure)
            && !self.definition.state.as_ref().is_some_and(|state| state.paused);
        let workflow_id = &started.workflow_id;
        let note = match Status::try_from(closed.status) {
            Ok(Status::Failed) => {
                let message = closed.failure.as_ref().map_or("", |failure| &failure.message);
                Some(format!("paused due to workflow failure: {workflow_id}: {message}"))
            }
            Ok(Status::TimedOut) => Some(format!("paused due to workflow timeout: {workflow_id}")),
            _ => None,
        };
        if let Some(note) = note.filter(|_| pauses) {
            self.change(Change::Paused(true, note), changes);
        }
        let (result, failure) = (closed.result.map(Pb), closed.failure.map(Pb));
        self.change(Change::Closed(number, closed.status, result, failure), changes);
    }
}
