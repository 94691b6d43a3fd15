//! An update that was accepted is in its history exactly once, and its outcome is the one that was told.

use longhaul_proto::api::history::v1::history_event::Attributes as Event;

use super::Evidence;
use crate::{
    book::{Book, UpdateTold, Verdict},
    ledger::Recorded,
    script::Wish,
};

/// Checks every update.
pub(super) fn check(evidence: &Evidence, book: &Book, broken: &mut Vec<String>) {
    for (key, recorded) in &evidence.runs {
        for (event, attributes) in Evidence::events(recorded) {
            let Event::WorkflowExecutionUpdateAcceptedEventAttributes(a) = attributes else { continue };
            let id = &a.protocol_instance_id;
            let (accepted, completed) = (accepted(recorded, id), completed(recorded, id));
            if accepted.len() != 1 || completed.len() > 1 {
                let (accepted, completed) = (accepted.len(), completed.len());
                broken.push(format!("{id} of {key} is accepted {accepted} and completed {completed} times"));
            }
            if completed.iter().any(|(begun, _)| *begun != event) {
                broken.push(format!("{id} of {key} completes another event than its acceptance"));
            }
        }
    }
    book.updates.iter().for_each(|told| one(evidence, told, broken));
}

/// What was told of one update holds.
fn one(evidence: &Evidence, told: &UpdateTold, broken: &mut Vec<String>) {
    let what = format!("{} of {}", told.id, told.run_id);
    let Some((key, recorded)) = evidence.run(&told.run_id) else {
        return broken.push(format!("{what} was acknowledged and its run does not exist"));
    };
    if *key.execution.id != told.workflow_id {
        broken.push(format!("{what} is one of {} and was told of {key}", told.workflow_id));
    }
    let (accepted, completed) = (accepted(recorded, &told.id), completed(recorded, &told.id));
    let verdict = told.verdict();
    let fits = match (&verdict, &told.wish) {
        (Verdict::None | Verdict::Orphaned, wish) => matches!(wish, Wish::Answer(_)) || !told.is_accepted,
        (Verdict::Answered, wish) => matches!(wish, Wish::Answer(_)),
        (Verdict::Rejected, wish) => matches!(wish, Wish::Reject),
        (Verdict::LeftOut, wish) => matches!(wish, Wish::Ignore),
        (Verdict::Other, _) => false,
    };
    if !fits {
        broken.push(format!("{what} wished for {:?} and was told {:?}", told.wish, told.outcome));
    }
    match verdict {
        Verdict::None if told.is_accepted && accepted.is_empty() => {
            broken.push(format!("{what} was acknowledged as accepted and got lost"));
        }
        Verdict::Answered if !completed.iter().any(|(_, outcome)| *outcome == told.outcome.as_ref()) => {
            let stored: Vec<_> = completed.iter().map(|(_, outcome)| outcome).collect();
            broken.push(format!("{what} was told {:?}, which got lost: {stored:?}", told.outcome));
        }
        Verdict::Rejected | Verdict::LeftOut if !accepted.is_empty() => {
            broken.push(format!("{what} was refused and is in the history"));
        }
        Verdict::Orphaned if accepted.is_empty() || !completed.is_empty() || !recorded.is_closed => {
            broken.push(format!("{what} was told that its run closed before it was completed"));
        }
        _ => {}
    }
}

/// The acceptances of an update.
fn accepted(recorded: &Recorded, id: &str) -> Vec<i64> {
    Evidence::events(recorded)
        .filter(|(_, event)| {
            matches!(event, Event::WorkflowExecutionUpdateAcceptedEventAttributes(a)
                if a.protocol_instance_id == id)
        })
        .map(|(event, _)| event)
        .collect()
}

/// The completions of an update: what they complete, and its outcome.
fn completed<'r>(
    recorded: &'r Recorded,
    id: &str,
) -> Vec<(i64, Option<&'r longhaul_proto::api::update::v1::Outcome>)> {
    Evidence::events(recorded)
        .filter_map(|(_, event)| match event {
            Event::WorkflowExecutionUpdateCompletedEventAttributes(a)
                if a.meta.as_ref().is_some_and(|meta| meta.update_id == id) =>
            {
                Some((a.accepted_event_id, a.outcome.as_ref()))
            }
            _ => None,
        })
        .collect()
}
