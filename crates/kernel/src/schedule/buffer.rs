//! The overlap policies: what of the buffer is started, what waits, what is left out, and who has to make room.

use longhaul_proto::api::{
    enums::v1::ScheduleOverlapPolicy as Overlap, schedule::v1::schedule_action::Action,
};

use super::{Change, Due, Reason, Schedule};
use crate::time::Timestamp;

/// What the policies decide on a whole buffer.
#[derive(Debug, Default, PartialEq)]
struct Decision {
    /// To be started beside whatever runs.
    beside: Vec<i64>,
    /// To be started alone.
    alone: Option<i64>,
    left_out: Vec<(i64, Reason)>,
    cancel: bool,
    terminate: bool,
}

impl Schedule {
    /// Works off the buffer, until nothing of it can be decided now.
    pub(super) fn work_off(&mut self, at: Timestamp, changes: &mut Vec<Change>) {
        let Some(id) = self.workflow_id() else {
            // Without an action there is nothing to be done, and nothing to be told of it.
            for due in self.buffer.clone() {
                self.change(Change::LeftOut(due.number, at, Reason::NoActionAllowed), changes);
            }
            return;
        };
        while !self.buffer.is_empty() {
            let is_running =
                !self.running.is_empty() || self.starting.values().any(|start| !start.overlapping);
            let decision = decide(&self.buffer, is_running, self.policy());
            let before = changes.len();
            for (number, reason) in decision.left_out {
                self.change(Change::LeftOut(number, at, reason), changes);
            }
            let mut held_back = false;
            let alone = decision.alone;
            for number in decision.beside.into_iter().chain(alone) {
                let Some(due) = self.buffer.iter().find(|due| due.number == number).cloned() else {
                    continue;
                };
                if due.manual || self.may_act() {
                    let workflow_id = format!("{id}-{}", second(due.nominal));
                    self.change(Change::Taken(number, alone != Some(number), workflow_id), changes);
                } else {
                    self.change(Change::LeftOut(number, at, Reason::NoActionAllowed), changes);
                    held_back = true;
                }
            }
            if decision.cancel || decision.terminate {
                let numbers: Vec<i64> = self.running.iter().map(|started| started.number).collect();
                for number in numbers {
                    let known = self.ending.get(&number).map(|ending| ending.terminate);
                    if known.is_none_or(|terminates| decision.terminate && !terminates) {
                        self.change(Change::End(number, decision.terminate), changes);
                    }
                }
            }
            if !held_back || changes.len() == before {
                return;
            }
        }
    }

    fn policy(&self) -> Overlap {
        let number = self.definition.policies.as_ref().map_or(0, |policies| policies.overlap_policy);
        Overlap::try_from(number).unwrap_or(Overlap::Skip)
    }

    /// The workflow id of the action, without its time.
    fn workflow_id(&self) -> Option<String> {
        match self.definition.action.as_ref()?.action.as_ref()? {
            Action::StartWorkflow(action) => Some(action.workflow_id.clone()),
        }
    }
}

/// An instant as it stands behind a workflow id.
fn second(at: Timestamp) -> String {
    Timestamp::from_secs(at.0.div_euclid(1_000_000_000)).to_string()
}

/// Decides on a buffer, oldest first.
fn decide(buffer: &[Due], is_running: bool, policy: Overlap) -> Decision {
    let mut decision = Decision::default();
    let mut waiting = 0;
    for due in buffer {
        let own = Overlap::try_from(due.overlap).unwrap_or(Overlap::Skip);
        let overlap = match own {
            Overlap::Unspecified if policy == Overlap::Unspecified => Overlap::Skip,
            Overlap::Unspecified => policy,
            own => own,
        };
        if overlap == Overlap::AllowAll {
            decision.beside.push(due.number);
            continue;
        }
        if !is_running && decision.alone.is_none() {
            decision.alone = Some(due.number);
            continue;
        }
        match overlap {
            Overlap::Skip | Overlap::Unspecified | Overlap::AllowAll => {
                decision.left_out.push((due.number, Reason::Overlap));
            }
            Overlap::BufferOne if waiting == 0 => waiting += 1,
            Overlap::BufferOne => decision.left_out.push((due.number, Reason::Overlap)),
            Overlap::BufferAll => waiting += 1,
            Overlap::CancelOther | Overlap::TerminateOther if is_running => {
                // It waits until the other one has ended.
                waiting += 1;
                decision.cancel |= overlap == Overlap::CancelOther;
                decision.terminate |= overlap == Overlap::TerminateOther;
            }
            Overlap::CancelOther | Overlap::TerminateOther => {
                // The other one is only about to start: this one takes its place.
                decision.left_out.extend(decision.alone.map(|number| (number, Reason::Replaced)));
                decision.alone = Some(due.number);
            }
        }
    }
    decision
}
