//! What becomes of a run that has grown too large: it is ended instead of taking one more step, whatever the step was.
//! A step that closes the run is let through, so that nothing stands in the way of an end.
//!
//! As on the reference, events are counted as they would be after the step, and bytes as they were before it,
//! together with a signal that has to wait in the buffer.

use longhaul_proto::Refusal;
use prost::Message;

use super::{
    Change, Effects, Fact, Input, Reply, Run, Termination, What,
    transition::{Transition, is_bookkeeping},
};
use crate::{context::Context, machine::Draw, time::Timestamp};

/// Events that a step may write besides those it is asked for or that wait in the buffer.
const EVENTS_BESIDE: usize = 16;

/// A run as it was before a step that may be one too many.
pub(super) struct Kept {
    run: Run,
    state_bytes: u64,
}

/// Keeps the run if the input might make it too large.
pub(super) fn kept(run: &Run, input: &Input) -> Option<Kept> {
    if !run.is_running() || matches!(input.what, What::Start(_) | What::DutyDone(_) | What::Terminate(_)) {
        return None;
    }
    let limits = &input.context.limits;
    let state_bytes = input.state_bytes + buffered_bytes(run, &input.what);
    let ahead = i64::try_from(events_ahead(run, &input.what)).unwrap_or(i64::MAX);
    let may_be = run.next_event_id.saturating_add(ahead) > limits.history_events_max
        || run.history_bytes > limits.history_bytes_max
        || state_bytes > limits.state_bytes_max;
    may_be.then(|| Kept { run: run.clone(), state_bytes })
}

/// Bytes that will wait in the buffer because of the input.
fn buffered_bytes(run: &Run, what: &What) -> u64 {
    match what {
        What::Signal(signal) if run.workflow_task_started() => signal.request.encoded_len() as u64,
        _ => 0,
    }
}

/// No fewer events than the input may lead to.
fn events_ahead(run: &Run, what: &What) -> usize {
    let asked = match what {
        What::WorkflowTaskCompleted(completion) => {
            let request = &completion.task.request;
            request.commands.len() + request.messages.len()
        }
        _ => 0,
    };
    let held = run.buffered.len() + run.timers.len() + run.activities.len() + run.in_memory.updates.len();
    EVENTS_BESIDE + 2 * (asked + held)
}

/// Whether a change is more than book-keeping, so that the step counts as one.
const fn matters(change: &Change) -> bool {
    !is_bookkeeping(change) && !matches!(change, Change::Fact(Fact::Unseen | Fact::Transitioned))
}

impl Kept {
    /// Lets the step stand, or undoes it and ends the run.
    pub fn settle(
        self,
        run: &mut Run,
        effects: Effects,
        at: Timestamp,
        draw: &mut Draw,
        context: &Context,
    ) -> Effects {
        let Some(reason) = self.verdict(run, &effects, context) else { return effects };
        *run = self.run;
        let mut t = Transition::new(run, at, draw, context);
        t.terminate(Termination {
            identity: "history-service".into(),
            reason: reason.into(),
            ..Termination::default()
        });
        t.effects.reply = Reply::Ended(Refusal::invalid(reason));
        t.finish()
    }

    fn verdict(&self, run: &Run, effects: &Effects, context: &Context) -> Option<&'static str> {
        if !run.is_running() || !effects.changes.iter().any(matters) {
            return None;
        }
        let limits = &context.limits;
        if self.run.history_bytes > limits.history_bytes_max {
            Some("Workflow history size exceeds limit.")
        } else if run.next_event_id - 1 > limits.history_events_max {
            Some("Workflow history count exceeds limit.")
        } else if self.state_bytes > limits.state_bytes_max {
            Some("Workflow mutable state size exceeds limit.")
        } else {
            None
        }
    }
}

/// What is said of a step that is too large.
pub fn transaction(bytes: u64, limit: u64) -> String {
    format!("transaction size of {bytes} bytes exceeds limit of {limit} bytes")
}
