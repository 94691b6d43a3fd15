//! Versions of workers: a pinned run stays with its version, and one that follows the routing never goes back, since
//! the routing only ever goes on from one version to the next.

use std::collections::BTreeMap;

use longhaul_kernel::ids::RunKey;
use longhaul_proto::api::{
    enums::v1::VersioningBehavior as Behavior, history::v1::history_event::Attributes as Event,
};

use super::Evidence;
use crate::{book::Book, ledger::Recorded};

/// Checks where tasks of versioned runs went.
pub(super) fn check(evidence: &Evidence, book: &Book, broken: &mut Vec<String>) {
    // What a workflow id that follows the routing has last been worked on by, over all its runs.
    let mut latest: BTreeMap<&str, (i64, &str)> = BTreeMap::new();
    let mut runs: Vec<(&RunKey, &Recorded)> = evidence.runs.iter().collect();
    runs.sort_by_key(|(_, recorded)| recorded.events.first().map_or(0, |first| first.at));
    for (key, recorded) in runs {
        let run_id = key.run.to_string();
        let mut pinned: Option<String> = None;
        for (id, event) in Evidence::events(recorded) {
            match event {
                Event::WorkflowTaskStartedEventAttributes(_) => {
                    let Some(build) = book.versioned.get(&(run_id.clone(), id)) else { continue };
                    if let Some(pinned) = pinned.as_ref().filter(|pinned| *pinned != build) {
                        broken.push(format!(
                            "{key} is pinned to version {pinned} and its task of event {id} went to {build}"
                        ));
                    }
                }
                Event::WorkflowTaskCompletedEventAttributes(a) => {
                    let Some(version) = &a.deployment_version else { continue };
                    let is_pinned = a.versioning_behavior == Behavior::Pinned as i32;
                    pinned = is_pinned.then(|| version.build_id.clone());
                    if is_pinned {
                        continue;
                    }
                    let last = latest.entry(&key.execution.id).or_insert((id, &version.build_id));
                    if *version.build_id < *last.1 {
                        broken.push(format!(
                            "{key} went back from version {} to {} with event {id}",
                            last.1, version.build_id
                        ));
                    }
                    *last = (id, &version.build_id);
                }
                _ => {}
            }
        }
    }
}
