//! What a schedule remembers, and how it is folded.

use std::cell::OnceCell;

use longhaul_proto::api::{
    common::v1::{Payloads, SearchAttributes},
    enums::v1::{ScheduleOverlapPolicy as Overlap, TaskQueueKind, WorkflowExecutionStatus as Status},
    failure::v1::Failure,
    schedule::v1::{BackfillRequest, Schedule as Definition, schedule_action::Action},
};
use minicbor::{Decode, Encode};

use super::{
    BUFFER_MAX, Due, Ending, LEFT_OUT_MAX, LeftOut, RECENT_MAX, REQUESTS_MAX, Reason, Recent, Schedule,
    Started, Starting,
};
use crate::{Refusal, calendar::Spec, codec::Pb, context::Context, time::Timestamp, visibility::typed_all};

/// One thing that a schedule remembers.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum Change {
    /// A client has replaced what it is to do.
    #[n(0)]
    Updated(#[n(0)] Pb<Definition>, #[n(1)] Timestamp),
    /// Its search attributes are others.
    #[n(1)]
    Attributes(#[n(0)] Pb<SearchAttributes>),
    /// It was paused or goes on.
    #[n(2)]
    Paused(#[n(0)] bool, #[n(1)] String),
    /// All that was due up to then was looked at.
    #[n(3)]
    Looked(#[n(0)] Timestamp),
    /// Something is due.
    #[n(4)]
    Due(#[n(0)] Timestamp, #[n(1)] Timestamp, #[n(2)] i32, #[n(3)] bool),
    /// Something that was due never got into the buffer; how often, and until when if more than once.
    #[n(5)]
    Missed(#[n(0)] Timestamp, #[n(1)] Timestamp, #[n(2)] Reason, #[n(3)] i64, #[n(4)] Option<Timestamp>),
    /// Something left the buffer without being done.
    #[n(6)]
    LeftOut(#[n(0)] i64, #[n(1)] Timestamp, #[n(2)] Reason),
    /// A start was decided; whether others may run beside it, and the workflow's id.
    #[n(7)]
    Taken(#[n(0)] i64, #[n(1)] bool, #[n(2)] String),
    /// A workflow was started: its run, when, and when that was.
    #[n(8)]
    Started(#[n(0)] i64, #[n(1)] String, #[n(2)] Timestamp),
    /// A workflow could not be started.
    #[n(9)]
    NotStarted(#[n(0)] i64, #[n(1)] Timestamp, #[n(2)] String),
    /// A workflow is over: its status, result and failure.
    #[n(10)]
    Closed(#[n(0)] i64, #[n(1)] i32, #[n(2)] Option<Pb<Payloads>>, #[n(3)] Option<Pb<Failure>>),
    /// A workflow is to be canceled or terminated.
    #[n(11)]
    End(#[n(0)] i64, #[n(1)] bool),
    /// That was done.
    #[n(12)]
    Ended(#[n(0)] i64),
    /// A client has asked for what was due in a span of time.
    #[n(13)]
    Backfill(#[n(0)] Pb<BackfillRequest>),
    /// The first backfill has come to this time; it is done if there is none.
    #[n(14)]
    Backfilled(#[n(0)] Option<Timestamp>),
    /// A request was seen.
    #[n(15)]
    Requested(#[n(0)] String),
    /// When it wants to be woken.
    #[n(16)]
    Wake(#[n(0)] Option<Timestamp>),
    /// It is removed.
    #[n(17)]
    Gone,
    /// When backfills go on.
    #[n(18)]
    BackfillAt(#[n(0)] Timestamp),
}

impl Change {
    /// Whether something that was due did not happen.
    pub fn leaves_out(&self) -> bool {
        matches!(self, Self::Missed(..) | Self::LeftOut(..) | Self::NotStarted(..))
    }
}

/// Brings a definition into the form that clients are shown.
///
/// # Errors
/// The refusal of its specification.
pub(super) fn normal(mut definition: Definition, context: &Context) -> Result<Definition, Refusal> {
    let spec = Spec::parse(definition.spec.get_or_insert_default())?;
    definition.spec = Some(spec.canonical().clone());
    if let Some(Action::StartWorkflow(start)) = &mut definition.action.get_or_insert_default().action {
        if let Some(queue) = &mut start.task_queue {
            queue.kind = TaskQueueKind::Normal as i32;
        }
        start.search_attributes =
            start.search_attributes.take().map(|given| typed_all(given, &context.attributes));
    }
    definition.state.get_or_insert_default();
    let policies = definition.policies.get_or_insert_default();
    if policies.overlap_policy == Overlap::Unspecified as i32 {
        policies.overlap_policy = Overlap::Skip as i32;
    }
    let window =
        policies.catchup_window.get_or_insert(prost_types::Duration { seconds: 365 * 24 * 3600, nanos: 0 });
    if window.seconds < 10 {
        *window = prost_types::Duration { seconds: 10, nanos: 0 };
    }
    Ok(definition)
}

impl Schedule {
    pub(super) fn fold(&mut self, change: &Change) {
        match change {
            Change::Updated(definition, at) => {
                self.definition = definition.clone();
                self.spec = OnceCell::new();
                self.updated = Some(*at);
                self.token += 1;
            }
            Change::Attributes(attributes) => self.search_attributes = Some(attributes.clone()),
            Change::Paused(paused, notes) => {
                let state = self.definition.0.state.get_or_insert_default();
                state.paused = *paused;
                state.notes.clone_from(notes);
                self.token += 1;
            }
            Change::Looked(at) => self.looked = *at,
            Change::Requested(id) => {
                self.requests.push(id.clone());
                keep_last(&mut self.requests, REQUESTS_MAX);
            }
            Change::Backfill(request) => self.backfills.push(request.clone()),
            Change::Backfilled(to) => match (to, self.backfills.first_mut()) {
                (Some(to), Some(first)) => first.0.start_time = Some(to.to_proto()),
                (None, Some(_)) => {
                    self.backfills.remove(0);
                }
                (_, None) => {}
            },
            Change::Wake(at) => self.wake = *at,
            Change::Gone => self.gone = true,
            Change::BackfillAt(at) => self.backfill_at = *at,
            change => self.fold_action(change),
        }
    }

    /// Folds what becomes of single actions.
    fn fold_action(&mut self, change: &Change) {
        match change {
            Change::Due(nominal, actual, overlap, manual) => {
                debug_assert!(self.buffer.len() < BUFFER_MAX, "the buffer has a limit");
                let due = Due {
                    number: self.next_number,
                    nominal: *nominal,
                    actual: *actual,
                    overlap: *overlap,
                    manual: *manual,
                };
                self.buffer.push(due);
                self.next_number += 1;
            }
            Change::Missed(nominal, at, reason, times, last) => {
                self.leave_out((*nominal, *last), *at, reason, *times);
            }
            Change::LeftOut(number, at, reason) => {
                if let Some(due) = self.unbuffer(*number) {
                    self.leave_out((due.nominal, None), *at, reason, 1);
                }
            }
            Change::Taken(number, overlapping, workflow_id) => {
                let Some(due) = self.unbuffer(*number) else { return };
                let state = self.definition.0.state.get_or_insert_default();
                if !due.manual && state.limited_actions {
                    state.remaining_actions -= 1;
                    self.token += 1;
                }
                let starting = Starting { due, overlapping: *overlapping, workflow_id: workflow_id.clone() };
                self.starting.insert(*number, starting);
            }
            Change::Started(number, run_id, at) => self.fold_started(*number, run_id, *at),
            Change::NotStarted(number, at, why) => {
                if let Some(starting) = self.starting.remove(number) {
                    self.leave_out((starting.due.nominal, None), *at, &Reason::NotStarted(why.clone()), 1);
                }
            }
            Change::Closed(number, status, result, failure) => {
                self.running.retain(|started| started.number != *number);
                self.ending.remove(number);
                if let Some(recent) = self.recent.iter_mut().find(|recent| recent.started.number == *number) {
                    recent.status = *status;
                }
                if result.is_some() {
                    (self.last_result, self.last_failure) = (result.clone(), None);
                } else if failure.is_some() {
                    self.last_failure.clone_from(failure);
                }
            }
            Change::End(number, terminate) => {
                if let Some(started) = self.running.iter().find(|started| started.number == *number) {
                    let ending = Ending {
                        workflow_id: started.workflow_id.clone(),
                        run_id: started.run_id.clone(),
                        terminate: *terminate,
                    };
                    self.ending.insert(*number, ending);
                }
            }
            Change::Ended(number) => {
                self.ending.remove(number);
            }
            _ => {}
        }
    }

    fn fold_started(&mut self, number: i64, run_id: &str, at: Timestamp) {
        let Some(starting) = self.starting.remove(&number) else { return };
        self.counts.actions += 1;
        let started = Started { number, workflow_id: starting.workflow_id, run_id: run_id.to_owned() };
        let status = Status::Running as i32;
        self.recent.push(Recent { started: started.clone(), scheduled: starting.due.actual, at, status });
        keep_last(&mut self.recent, RECENT_MAX);
        if !starting.overlapping {
            self.running.push(started);
        }
    }

    fn unbuffer(&mut self, number: i64) -> Option<Due> {
        let place = self.buffer.iter().position(|due| due.number == number)?;
        Some(self.buffer.remove(place))
    }

    fn leave_out(
        &mut self,
        (nominal, last): (Timestamp, Option<Timestamp>),
        at: Timestamp,
        reason: &Reason,
        times: i64,
    ) {
        match reason {
            Reason::MissedCatchupWindow => self.counts.missed += times,
            Reason::Overlap => self.counts.skipped += times,
            Reason::BufferFull => self.counts.dropped += times,
            Reason::NoActionAllowed | Reason::Replaced | Reason::NotStarted(_) => {}
        }
        let last = last.unwrap_or(nominal);
        match self.left_out.last_mut().filter(|span| span.reason == *reason && span.nominal <= nominal) {
            Some(span) => {
                span.times = Some(span.times.unwrap_or(1) + times);
                (span.last, span.at) = (Some(last), at);
            }
            None => self.left_out.push(LeftOut {
                nominal,
                at,
                reason: reason.clone(),
                last: (last != nominal).then_some(last),
                times: (times != 1).then_some(times),
            }),
        }
        keep_last(&mut self.left_out, LEFT_OUT_MAX);
    }
}

fn keep_last<T>(list: &mut Vec<T>, most: usize) {
    let surplus = list.len().saturating_sub(most);
    list.drain(..surplus);
}
