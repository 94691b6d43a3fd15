//! What was acknowledged has happened, and only once.

use longhaul_kernel::ids::RunKey;
use longhaul_proto::api::history::v1::history_event::Attributes as Event;

use super::Evidence;
use crate::{
    book::{ActivityAnswer, Book, SignalSent},
    ledger::Recorded,
    player::value,
};

/// Checks every promise in the book.
pub(super) fn check(evidence: &Evidence, book: &Book, broken: &mut Vec<String>) {
    for (request_id, runs) in &book.starts {
        for run_id in runs {
            let found = evidence.run(run_id);
            if found.is_none_or(|(key, _)| *key.execution.id != book.start_ids[request_id]) {
                broken.push(format!("run {run_id} was acknowledged and does not exist"));
            }
        }
    }
    book.signals.iter().for_each(|sent| signal(evidence, sent, broken));
    for run_id in &book.terminated {
        let has = |event: &Event| matches!(event, Event::WorkflowExecutionTerminatedEventAttributes(_));
        if count(evidence, run_id, has) != 1 {
            broken.push(format!("the termination of {run_id} was acknowledged and did not happen"));
        }
    }
    for (run_id, at) in &book.canceled {
        let has = |event: &Event| matches!(event, Event::WorkflowExecutionCancelRequestedEventAttributes(_));
        let times = count(evidence, run_id, has);
        let last = evidence.run(run_id).and_then(|(_, recorded)| recorded.events.last());
        // A request to cancel a run that is over succeeds, and does nothing.
        let was_over = last.is_some_and(|last| last.at <= *at);
        if times > 1 || (times == 0 && !was_over) {
            broken.push(format!("a request to cancel {run_id} was acknowledged and happened {times} times"));
        }
    }
    for (workflow_id, asked) in &book.resets_asked {
        let of_workflow = |key: &&RunKey| *key.execution.id == **workflow_id;
        let made = evidence.runs.keys().filter(of_workflow);
        let made = made.filter(|key| evidence.lineage.made(&key.run.to_string()).is_some()).count();
        if made > *asked {
            broken.push(format!("{asked} resets of {workflow_id} were asked for and {made} runs were made"));
        }
    }
    for (request_id, base, run_id) in &book.resets {
        if evidence.run(run_id).is_none()
            || evidence.lineage.made(run_id).is_none_or(|made| made.base != *base)
        {
            broken.push(format!(
                "{request_id} of {base} was acknowledged as {run_id}, which is not made of it"
            ));
        }
    }
    book.activities.iter().for_each(|answer| activity(evidence, answer, broken));
    for (run_id, started) in &book.workflow_tasks {
        let has = |event: &Event| {
            matches!(event, Event::WorkflowTaskCompletedEventAttributes(a) if a.started_event_id == *started)
                || matches!(event, Event::WorkflowTaskFailedEventAttributes(a) if a.started_event_id == *started)
        };
        if count(evidence, run_id, has) != 1 {
            broken.push(format!("the task of event {started} of {run_id} was acknowledged and is not in it"));
        }
    }
}

/// Events of a run that are meant.
fn count(evidence: &Evidence, run_id: &str, is_meant: impl Fn(&Event) -> bool) -> usize {
    let Some((_, recorded)) = evidence.run(run_id) else { return 0 };
    Evidence::events(recorded).filter(|(_, event)| is_meant(event)).count()
}

/// How often a run received a signal.
pub(super) fn received(recorded: &Recorded, name: &str) -> usize {
    Evidence::events(recorded)
        .filter(|(_, event)| {
            matches!(event, Event::WorkflowExecutionSignaledEventAttributes(a) if a.signal_name == name)
        })
        .count()
}

/// An acknowledged signal is in a run it was meant for; no signal is in a run twice.
fn signal(evidence: &Evidence, sent: &SignalSent, broken: &mut Vec<String>) {
    let meant = |key: &RunKey| {
        *key.execution.id == *sent.workflow_id
            && sent.run_id.as_ref().is_none_or(|run_id| key.run.to_string() == *run_id)
    };
    let mut total = 0;
    for (key, recorded) in &evidence.runs {
        let times = received(recorded, &sent.name);
        if times > 1 {
            broken.push(format!("{key} received signal {} {times} times", sent.name));
        }
        // A reset takes over what any run of the chain was told.
        if times > 0 && !meant(key) && evidence.lineage.made(&key.run.to_string()).is_none() {
            broken.push(format!("{key} received signal {}, which was not for it", sent.name));
        }
        total += times;
    }
    if sent.is_acknowledged && total == 0 {
        broken.push(format!("signal {} of {} was acknowledged and got lost", sent.name, sent.workflow_id));
    }
}

/// An acknowledged result is the outcome of its activity, by the attempt that gave it; unless the run closed without
/// a word about the activity.
fn activity(evidence: &Evidence, answer: &ActivityAnswer, broken: &mut Vec<String>) {
    let Some((key, recorded)) = evidence.run(&answer.run_id) else {
        return broken.push(format!("run {} of an acknowledged activity does not exist", answer.run_id));
    };
    let what = format!("activity {} of {key}", answer.activity_id);
    let scheduled = Evidence::events(recorded).find_map(|(id, event)| match event {
        Event::ActivityTaskScheduledEventAttributes(a) if a.activity_id == answer.activity_id => Some(id),
        _ => None,
    });
    let Some(scheduled) = scheduled else {
        return broken.push(format!("{what} was acknowledged and was never scheduled"));
    };
    let outcome = Evidence::events(recorded).find_map(|(_, event)| match event {
        Event::ActivityTaskCompletedEventAttributes(a) if a.scheduled_event_id == scheduled => {
            Some(value::<String>(a.result.as_ref()).unwrap_or_default())
        }
        _ => None,
    });
    let attempt = Evidence::events(recorded).find_map(|(_, event)| match event {
        Event::ActivityTaskStartedEventAttributes(a) if a.scheduled_event_id == scheduled => Some(a.attempt),
        _ => None,
    });
    match outcome {
        None => broken.push(format!("the result of {what} was acknowledged and got lost")),
        Some(result) if result != answer.result => {
            broken.push(format!("two results of {what} were acknowledged"));
        }
        Some(_) if attempt != Some(answer.attempt) => broken.push(format!(
            "{what} ended in attempt {attempt:?} with the result of attempt {}",
            answer.attempt
        )),
        Some(_) => {}
    }
}
