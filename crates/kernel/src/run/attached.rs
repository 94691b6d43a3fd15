//! What later starts and operators attached to a run: request ids, callbacks, and the options of its versioning.

use std::{collections::BTreeMap, time::Duration};

use longhaul_proto::api::{
    common::v1::Callback,
    enums::v1::{CallbackState, EventType},
    history::v1::WorkflowExecutionOptionsUpdatedEventAttributes,
    workflow::v1::{CallbackInfo, RequestIdInfo, VersioningOverride, callback_info},
};
use minicbor::{Decode, Encode};

use super::Run;
use crate::{codec::Pb, nexus::Attempts, time::Timestamp};

/// How many request ids are kept whatever their age.
const REQUEST_IDS_KEPT: usize = 25;

/// How long those beyond that number are kept at least.
const REQUEST_ID_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// What was attached to a run.
#[derive(Clone, Debug, Default, PartialEq, Encode, Decode)]
pub struct Attached {
    /// Request ids of starts that this run served, beside the one that created it.
    #[n(0)]
    pub request_ids: BTreeMap<String, AttachedRequest>,
    /// Whom to tell when the chain of runs is over.
    #[n(1)]
    pub callbacks: Vec<Registered>,
    /// Which workers an operator chose for the run.
    #[n(2)]
    pub versioning_override: Option<Pb<VersioningOverride>>,
    /// Whether there ever was such a choice.
    #[n(3)]
    pub was_overridden: bool,
}

/// A start that a run served.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct AttachedRequest {
    /// The event that tells of it; zero while that event is buffered.
    #[n(0)]
    pub event_id: i64,
    /// When.
    #[n(1)]
    pub at: Timestamp,
}

/// A callback that waits for the end.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct Registered {
    /// Whom to tell.
    #[n(0)]
    pub callback: Pb<Callback>,
    /// Since when it is known.
    #[n(1)]
    pub at: Timestamp,
    /// Attempts to tell of the end.
    #[n(2)]
    #[cbor(default)]
    pub attempts: Attempts,
    /// Whether it was told, once that is settled.
    #[n(3)]
    pub told: Option<bool>,
}

impl Attached {
    /// Takes in callbacks.
    pub(super) fn register(&mut self, callbacks: &[Callback], at: Timestamp) {
        let registered = |callback: &Callback| Registered {
            callback: Pb(callback.clone()),
            at,
            attempts: Attempts::default(),
            told: None,
        };
        self.callbacks.extend(callbacks.iter().map(registered));
    }

    /// Takes in a request id, and lets go of the oldest ones if there are too many.
    fn remember(&mut self, request_id: &str, event_id: i64, at: Timestamp) {
        if self.request_ids.len() >= REQUEST_IDS_KEPT {
            self.request_ids.retain(|_, request| at.since(request.at) < REQUEST_ID_AGE);
        }
        self.request_ids.insert(request_id.to_owned(), AttachedRequest { event_id, at });
    }
}

impl Run {
    /// Folds changed options. The event's id is zero if it is being buffered.
    pub(super) fn fold_options(
        &mut self,
        event_id: i64,
        a: &WorkflowExecutionOptionsUpdatedEventAttributes,
        at: Timestamp,
    ) {
        if !a.attached_request_id.is_empty() {
            self.attached.remember(&a.attached_request_id, event_id, at);
        }
        self.attached.register(&a.attached_completion_callbacks, at);
        if a.unset_versioning_override || a.versioning_override.is_some() {
            self.fold_override(a.versioning_override.as_ref());
        }
        if let Some(priority) = &a.priority {
            self.priority = Some(Pb(priority.clone()));
        }
        if a.time_skipping_config_updated {
            self.fold_skipping_set(a.time_skipping_config.as_ref(), at);
        }
    }

    /// Folds which workers were chosen, by a start or by an operator. Searches find runs by the choice.
    pub(super) fn fold_override(&mut self, chosen: Option<&VersioningOverride>) {
        if self.attached.versioning_override.as_ref().map(|own| &own.0) == chosen {
            return;
        }
        self.attached.versioning_override = chosen.cloned().map(Pb);
        self.attached.was_overridden |= chosen.is_some();
        self.renew_version_attributes();
    }

    /// The callbacks, as those who ask for them are told.
    pub(super) fn callback_infos(&self) -> Vec<CallbackInfo> {
        let goes_on =
            self.reset_run.is_some() || self.closed.as_ref().is_none_or(|closed| closed.new_run_id.is_some());
        let state = |registered: &Registered| match (goes_on, registered.told, registered.attempts.due) {
            (true, ..) => CallbackState::Standby,
            (false, Some(true), _) => CallbackState::Succeeded,
            (false, Some(false), _) => CallbackState::Failed,
            (false, None, Some(_)) => CallbackState::BackingOff,
            (false, None, None) => CallbackState::Scheduled,
        };
        let trigger = callback_info::Trigger {
            variant: Some(callback_info::trigger::Variant::WorkflowClosed(callback_info::WorkflowClosed {})),
        };
        let info = |registered: &Registered| CallbackInfo {
            callback: Some(registered.callback.0.clone()),
            trigger: Some(trigger.clone()),
            registration_time: Some(registered.at.to_proto()),
            state: state(registered) as i32,
            attempt: registered.attempts.count,
            last_attempt_complete_time: registered.attempts.last_at.map(Timestamp::to_proto),
            last_attempt_failure: registered.attempts.last_failure.as_ref().map(|failure| failure.0.clone()),
            next_attempt_schedule_time: registered.attempts.due.map(Timestamp::to_proto),
            ..CallbackInfo::default()
        };
        self.attached.callbacks.iter().map(info).collect()
    }

    /// The events that tell of the requests that this run serves, by request id.
    pub(super) fn request_id_infos(&self) -> Vec<(String, RequestIdInfo)> {
        let created = RequestIdInfo {
            event_type: EventType::WorkflowExecutionStarted as i32,
            event_id: 1,
            buffered: false,
        };
        let attached = self.attached.request_ids.iter().map(|(request_id, request)| {
            let info = RequestIdInfo {
                event_type: EventType::WorkflowExecutionOptionsUpdated as i32,
                event_id: request.event_id,
                buffered: request.event_id == 0,
            };
            (request_id.clone(), info)
        });
        [(self.create_request_id.clone(), created)].into_iter().chain(attached).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_beyond_the_number_that_is_kept_are_forgotten_when_they_are_old() {
        let mut attached = Attached::default();
        let start = Timestamp::from_secs(1_767_225_600);
        for number in 0..30 {
            attached.remember(&format!("old-{number}"), 3, start);
        }
        assert_eq!(attached.request_ids.len(), 30, "young ones are kept, however many there are");
        attached.remember("new", 40, start + REQUEST_ID_AGE);
        assert_eq!(attached.request_ids.keys().collect::<Vec<_>>(), ["new"]);
        attached.remember("newer", 41, start + REQUEST_ID_AGE * 2);
        assert_eq!(attached.request_ids.len(), 2, "old ones are kept if there are few");
    }
}
