//! Which events behind the point of a reset are told to the new run, and in what form. Only what came from outside:
//! signals, updates, and how children went that were initiated before the point.

use longhaul_proto::api::{
    enums::v1::{
        ResetReapplyExcludeType as Exclude, ResetReapplyType as Type, UpdateAdmittedEventOrigin as Origin,
    },
    history::v1::{HistoryEvent, WorkflowExecutionUpdateAdmittedEventAttributes, history_event::Attributes},
    update::v1::Request,
};

use crate::run::{DutyId, Fact, transition::Transition, updates::update_id};

/// What is told to the new run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reapplied {
    /// Signals.
    pub signals: bool,
    /// Updates.
    pub updates: bool,
    /// How Nexus operations went.
    pub nexus: bool,
}

impl Reapplied {
    /// What a request asks for: a set of kinds, and kinds to be taken out of it.
    #[allow(deprecated)]
    pub fn asked(reapply_type: i32, excluded: &[i32]) -> Self {
        let kinds = Type::try_from(reapply_type).unwrap_or_default();
        let allows = |kind: Exclude| !excluded.contains(&(kind as i32));
        Self {
            signals: kinds != Type::None && allows(Exclude::Signal),
            updates: !matches!(kinds, Type::None | Type::Signal) && allows(Exclude::Update),
            nexus: !matches!(kinds, Type::None | Type::Signal) && allows(Exclude::Nexus),
        }
    }
}

impl Transition<'_> {
    /// Tells the new run what the old one and its successors were told behind the point. Children belong to the run
    /// that initiated them, so those of successors are of no interest.
    pub(super) fn reapply(
        &mut self,
        later: Vec<HistoryEvent>,
        successors: Vec<HistoryEvent>,
        reapplied: Reapplied,
    ) {
        for event in later {
            match self.child_news(event) {
                Ok(attributes) => self.reapply_child(attributes),
                Err(event) if reapplied.nexus && self.is_nexus_news(&event) => self.reapply_nexus(event),
                Err(event) => self.reapply_call(event, reapplied),
            }
        }
        for event in successors {
            self.reapply_call(event, reapplied);
        }
    }

    /// Tells the new run of a signal or an update.
    fn reapply_call(&mut self, event: HistoryEvent, reapplied: Reapplied) {
        match event.attributes {
            // A signal that was sent again, and so came to two runs of the chain, is told once.
            Some(Attributes::WorkflowExecutionSignaledEventAttributes(a))
                if reapplied.signals && !self.run.signal_request_ids.contains(&a.request_id) =>
            {
                if !a.request_id.is_empty() {
                    self.fact(Fact::SignalSeen(a.request_id.clone()));
                }
                let attributes = Attributes::WorkflowExecutionSignaledEventAttributes(a);
                self.event_of(self.at, attributes, None, event.links);
            }
            // Whoever attached something to the run, or changed it, did not mean the run as it was.
            Some(Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(a))
                if !self.run.attached.request_ids.contains_key(&a.attached_request_id) =>
            {
                let attributes = Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(a);
                self.event_of(self.at, attributes, None, event.links);
            }
            Some(Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(a)) if reapplied.updates => {
                self.admit_again(a.request);
            }
            // An update that was admitted by an event is accepted without its request.
            Some(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a)) if reapplied.updates => {
                self.admit_again(a.accepted_request);
            }
            _ => {}
        }
    }

    /// Whether an event tells how an operation went that the new run has pending.
    fn is_nexus_news(&self, event: &HistoryEvent) -> bool {
        let scheduled = match &event.attributes {
            Some(Attributes::NexusOperationStartedEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::NexusOperationCompletedEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::NexusOperationFailedEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::NexusOperationCanceledEventAttributes(a)) => a.scheduled_event_id,
            Some(Attributes::NexusOperationTimedOutEventAttributes(a)) => a.scheduled_event_id,
            _ => return false,
        };
        self.run.nexus_operations.contains_key(&scheduled)
    }

    /// Tells the new run how an operation went; what it owed for the sake of that is void.
    fn reapply_nexus(&mut self, event: HistoryEvent) {
        if let Some(attributes) = event.attributes {
            self.event_of(self.at, attributes, None, event.links);
        }
        let nexus = self.run.duties.iter().filter_map(|duty| match duty {
            DutyId::NexusStart(id) | DutyId::NexusCancel(id) => Some((*duty, *id)),
            _ => None,
        });
        let void: Vec<DutyId> = nexus
            .filter(|(duty, id)| match self.run.nexus_operations.get(id) {
                Some(operation) => matches!(duty, DutyId::NexusStart(_)) && operation.started.is_some(),
                None => true,
            })
            .map(|(duty, _)| duty)
            .collect();
        void.into_iter().for_each(|duty| self.duty_done(duty));
    }

    fn admit_again(&mut self, request: Option<Request>) {
        let Some(request) = request else { return };
        let id = update_id(&request);
        if self.run.updates.contains_key(id) || self.run.admitted_updates.contains_key(id) {
            return;
        }
        let admitted = WorkflowExecutionUpdateAdmittedEventAttributes {
            request: Some(request),
            origin: Origin::Reapply as i32,
        };
        self.event(Attributes::WorkflowExecutionUpdateAdmittedEventAttributes(admitted));
    }

    /// The event in the new run's words, if it tells how a child went that the new run has pending; else the event.
    fn child_news(&self, mut event: HistoryEvent) -> Result<Attributes, HistoryEvent> {
        let initiated = match &event.attributes {
            Some(Attributes::ChildWorkflowExecutionStartedEventAttributes(a)) => a.initiated_event_id,
            Some(Attributes::StartChildWorkflowExecutionFailedEventAttributes(a)) => a.initiated_event_id,
            Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(a)) => a.initiated_event_id,
            Some(Attributes::ChildWorkflowExecutionFailedEventAttributes(a)) => a.initiated_event_id,
            Some(Attributes::ChildWorkflowExecutionCanceledEventAttributes(a)) => a.initiated_event_id,
            Some(Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a)) => a.initiated_event_id,
            Some(Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a)) => a.initiated_event_id,
            _ => return Err(event),
        };
        let Some(child) = self.run.children.get(&initiated) else { return Err(event) };
        let started = child.started.as_ref().map_or(0, |started| started.event_id);
        match &mut event.attributes {
            Some(Attributes::ChildWorkflowExecutionCompletedEventAttributes(a)) => {
                a.started_event_id = started;
            }
            Some(Attributes::ChildWorkflowExecutionFailedEventAttributes(a)) => a.started_event_id = started,
            Some(Attributes::ChildWorkflowExecutionCanceledEventAttributes(a)) => {
                a.started_event_id = started;
            }
            Some(Attributes::ChildWorkflowExecutionTimedOutEventAttributes(a)) => {
                a.started_event_id = started;
            }
            Some(Attributes::ChildWorkflowExecutionTerminatedEventAttributes(a)) => {
                a.started_event_id = started;
            }
            _ => {}
        }
        event.attributes.take().ok_or(event)
    }

    /// Tells the new run how a child went: the duty to start it is done.
    fn reapply_child(&mut self, attributes: Attributes) {
        let initiated = match &attributes {
            Attributes::ChildWorkflowExecutionStartedEventAttributes(a) => Some(a.initiated_event_id),
            Attributes::StartChildWorkflowExecutionFailedEventAttributes(a) => Some(a.initiated_event_id),
            _ => None,
        };
        self.event(attributes);
        if let Some(event) = initiated {
            self.duty_done(DutyId::StartChild(event));
        }
    }
}
