//! Chains of runs, by continue-as-new, retry and cron: each run that says another one follows is followed by that one
//! alone, in the same commit; none ends where its policy or its schedule wants it to go on.

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::{
    ids::RunKey,
    time::{Timestamp, positive},
};
use longhaul_proto::api::{
    enums::v1::{ContinueAsNewInitiator as Initiator, RetryState},
    history::v1::{WorkflowExecutionStartedEventAttributes as Started, history_event::Attributes as Event},
};

use super::{Evidence, start};
use crate::ledger::{Recorded, time_of};

/// Checks every chain.
pub(super) fn check(evidence: &Evidence, broken: &mut Vec<String>) {
    let mut followers: BTreeMap<&str, Vec<&RunKey>> = BTreeMap::new();
    for (key, recorded) in &evidence.runs {
        let Some(started) = start(recorded) else { continue };
        let before = &*started.continued_execution_run_id;
        // A run made by a reset has copied the first event of another.
        if !before.is_empty() && evidence.lineage.made(&key.run.to_string()).is_none() {
            followers.entry(before).or_default().push(key);
            follows(evidence, key, recorded, started, before, broken);
        }
    }
    for (before, runs) in followers.iter().filter(|(_, runs)| runs.len() > 1) {
        broken.push(format!("{before} is followed by {runs:?}"));
    }
    for (key, recorded) in &evidence.runs {
        let Some(last) = recorded.events.last().and_then(|last| last.event.attributes.as_ref()) else {
            continue;
        };
        match next(last) {
            "" => goes_on(evidence, key, recorded, last, broken),
            next if evidence.run(next).is_none() => {
                broken.push(format!("{key} says that {next} follows, which does not exist"));
            }
            next => {
                let run_id = key.run.to_string();
                if !followers
                    .get(&*run_id)
                    .is_some_and(|runs| runs.iter().any(|run| run.run.to_string() == next))
                {
                    broken.push(format!("{key} says that {next} follows, which says otherwise"));
                }
            }
        }
    }
}

/// A run that follows another does so at once, and continues its chain.
fn follows(
    evidence: &Evidence,
    key: &RunKey,
    recorded: &Recorded,
    started: &Started,
    before: &str,
    broken: &mut Vec<String>,
) {
    let Some((older, previous)) = evidence.run(before) else {
        return broken.push(format!("{key} follows {before}, which does not exist"));
    };
    let (Some(first), Some(last), Some(origin)) =
        (recorded.events.first(), previous.events.last(), start(previous))
    else {
        return;
    };
    if older.execution != key.execution || started.first_execution_run_id != origin.first_execution_run_id {
        broken.push(format!("{key} follows {older} and is of another chain"));
    }
    if last.event.attributes.as_ref().map(next) != Some(&*key.run.to_string()) {
        broken.push(format!("{key} follows {older}, which does not say so"));
    }
    if first.at != last.at {
        broken.push(format!("{key} follows {older} with a gap of {} ns", first.at - last.at));
    }
    let attempt = if started.initiator() == Initiator::Retry { origin.attempt.max(1) + 1 } else { 1 };
    if started.attempt.max(1) != attempt {
        broken.push(format!("{key} is attempt {} and not {attempt}", started.attempt));
    }
}

/// The run that follows, as the last event names it.
fn next(last: &Event) -> &str {
    match last {
        Event::WorkflowExecutionCompletedEventAttributes(a) => &a.new_execution_run_id,
        Event::WorkflowExecutionFailedEventAttributes(a) => &a.new_execution_run_id,
        Event::WorkflowExecutionTimedOutEventAttributes(a) => &a.new_execution_run_id,
        Event::WorkflowExecutionContinuedAsNewEventAttributes(a) => &a.new_execution_run_id,
        _ => "",
    }
}

/// A run that nothing follows had no reason to be followed.
fn goes_on(evidence: &Evidence, key: &RunKey, recorded: &Recorded, last: &Event, broken: &mut Vec<String>) {
    let Some(started) = start(recorded) else { return };
    let fails = match last {
        Event::WorkflowExecutionFailedEventAttributes(a) => Some(a.retry_state()),
        Event::WorkflowExecutionTimedOutEventAttributes(a) => Some(a.retry_state()),
        Event::WorkflowExecutionCompletedEventAttributes(_) => None,
        Event::WorkflowExecutionContinuedAsNewEventAttributes(_) => {
            return broken.push(format!("{key} was continued as nothing"));
        }
        _ => return,
    };
    let left = left(evidence, key, recorded, started);
    let policy = started.retry_policy.as_ref().filter(|_| fails.is_some());
    if let Some(policy) = policy
        && started.attempt.max(1) < policy.maximum_attempts
        && fails != Some(RetryState::NonRetryableFailure)
        && left.is_none_or(|left| left > SLACK)
    {
        broken.push(format!("{key} failed in attempt {} and was not retried", started.attempt));
    }
    let every = started.cron_schedule.strip_prefix("@every ").and_then(|every| every.strip_suffix('s'));
    if let Some(every) = every.and_then(|every| every.parse().ok())
        && left.is_none_or(|left| left > Duration::from_secs(every) + SLACK)
    {
        broken.push(format!("{key} has a schedule and nothing follows; {left:?} were left"));
    }
}

/// How much less may be left than a next run needs without anybody wondering why there is none.
const SLACK: Duration = Duration::from_secs(5);

/// What was left of the chain's time when a run ended; `None` if that is unbounded. A reset gives the chain its whole
/// time again, whatever the event says that the run has copied.
fn left(evidence: &Evidence, key: &RunKey, recorded: &Recorded, started: &Started) -> Option<Duration> {
    let whole = positive(started.workflow_execution_timeout.as_ref())?;
    let until = match evidence.lineage.made(&key.run.to_string()) {
        Some(made) => Timestamp(made.at) + whole,
        None => started.workflow_execution_expiration_time.as_ref().map(Timestamp::from_proto)?,
    };
    let last = recorded.events.last().map(|last| Timestamp(time_of(&last.event)))?;
    Some(until.since(last))
}
