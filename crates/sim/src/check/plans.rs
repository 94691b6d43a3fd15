//! Schedules: each time that was due has been acted upon once or counted as left out.

use std::collections::BTreeMap;

use super::{Evidence, start};
use crate::{book::Book, ledger::time_of, world::SECOND};

/// Checks what schedules have started.
pub(super) fn check(evidence: &Evidence, book: &Book, broken: &mut Vec<String>) {
    for plan in book.plans.values() {
        // The workflow id of an action ends with the time that was due.
        let mut actions: BTreeMap<&str, u64> = BTreeMap::new();
        let prefix = format!("{}-", plan.workflow_id);
        for (key, recorded) in &evidence.runs {
            let Some(start) = start(recorded) else { continue };
            let is_first = start.continued_execution_run_id.is_empty()
                && evidence.lineage.made(&key.run.to_string()).is_none();
            let Some(due) = key.execution.id.strip_prefix(&*prefix).filter(|_| is_first) else { continue };
            *actions.entry(due).or_default() += 1;
            let at = recorded.events.first().map_or(0, |first| time_of(&first.event));
            match seconds(due) {
                Some(due) if due * SECOND > at => broken.push(format!("{key} was started before it was due")),
                Some(due) if plan.is_exact && due % plan.every != 0 => {
                    broken.push(format!("{key} was started when nothing was due"));
                }
                Some(_) => {}
                None => broken.push(format!("{key} does not say when it was due")),
            }
        }
        for (due, times) in actions.iter().filter(|(_, times)| **times > 1) {
            broken.push(format!("what was due for {} at {due} was done {times} times", plan.workflow_id));
        }
        let Some(counted) = plan.counted.filter(|_| plan.is_exact) else { continue };
        if actions.len() as i64 != counted {
            broken.push(format!(
                "{} has counted {counted} actions and started {} runs",
                plan.workflow_id,
                actions.len()
            ));
        }
    }
}

/// Seconds since the epoch of `2023-11-14T22:13:20Z`, in the month in which every simulation begins.
fn seconds(text: &str) -> Option<i64> {
    let rest = text.strip_prefix("2023-11-")?.strip_suffix('Z')?;
    let (day, time) = rest.split_once('T')?;
    let mut parts = time.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    // The first of November 2023.
    Some(1_698_796_800 + ((day.parse::<i64>().ok()? - 1) * 24 + hours) * 3600 + minutes * 60 + seconds)
}
