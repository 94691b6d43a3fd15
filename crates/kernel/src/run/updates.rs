//! Updates of a run. An update that was accepted is part of the history; until then it lives in memory only, so that a
//! rejected one leaves no trace.

use longhaul_proto::{
    ExhaustedCause, ExhaustedScope, Refusal,
    api::{
        enums::v1::WorkflowTaskFailedCause as Cause,
        failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
        history::v1::{
            WorkflowExecutionUpdateAcceptedEventAttributes, WorkflowExecutionUpdateCompletedEventAttributes,
            history_event::Attributes,
        },
        protocol::v1::{Message as Protocol, message::SequencingId},
        update::v1::{Acceptance, Outcome, Rejection, Request, Response, outcome},
    },
};
use minicbor::{Decode, Encode};
use prost::Message;

use super::{
    Run,
    change::{Fact, Volatile},
    commands::Fault,
    table::Table,
    transition::Transition,
};
use crate::context::is_reached;

/// An update that the history knows of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Update {
    /// Its accepted event.
    #[n(0)]
    pub accepted_event_id: i64,
    /// Its completed event, once it is completed.
    #[n(1)]
    pub completed_event_id: Option<i64>,
}

/// An update that only memory knows of.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// What was asked.
    pub request: Request,
    /// The started event of the workflow task with which a worker has it.
    pub sent: Option<i64>,
}

/// What memory knows of a run and the store does not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InMemory {
    /// Updates in the order of their admission.
    pub updates: Vec<Pending>,
    /// The pending workflow task follows an attempt to close the run: while a worker has it, nothing more is let in
    /// that would keep the run from closing.
    pub closing: bool,
}

/// News of an update, for those who wait for it.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateNews {
    /// It was accepted.
    Accepted,
    /// It is over, with this outcome.
    Completed(Box<Outcome>),
    /// It was given up, and whoever asked for it is refused.
    Aborted(Refusal),
    /// It was given up unseen because the chain went on with another run: it can be asked there.
    Moved,
}

/// Where an update stands when somebody asks for it.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateStage {
    /// It was just admitted, or had been.
    Admitted,
    /// It was accepted.
    Accepted,
    /// It is completed; its outcome is in this event.
    Completed(i64),
    /// It was accepted, and the run closed before it was completed.
    Orphaned,
}

impl Run {
    /// Where an update stands; `None` if nothing is known of it.
    pub fn update_stage(&self, id: &str) -> Option<UpdateStage> {
        match self.updates.get(id) {
            Some(Update { completed_event_id: Some(event), .. }) => Some(UpdateStage::Completed(*event)),
            Some(_) if !self.is_running() => Some(UpdateStage::Orphaned),
            Some(_) => Some(UpdateStage::Accepted),
            None if self.is_running() && self.admitted_updates.contains_key(id) => {
                Some(UpdateStage::Admitted)
            }
            None => self.pending_update(id).map(|_| UpdateStage::Admitted),
        }
    }

    fn pending_update(&self, id: &str) -> Option<&Pending> {
        self.in_memory.updates.iter().find(|pending| update_id(&pending.request) == id)
    }

    /// Whether an update waits for a workflow task.
    pub(super) fn update_waits(&self) -> bool {
        self.in_memory.updates.iter().any(|pending| pending.sent.is_none())
    }

    /// The updates that go to the worker with its workflow task.
    pub fn update_messages(&self) -> Vec<Protocol> {
        let started = self.workflow_task.as_ref().and_then(|task| task.started.as_ref());
        let event_id = started.map_or(0, |started| started.event_id - 1);
        self.in_memory
            .updates
            .iter()
            .filter(|pending| {
                pending.sent.is_some() && pending.sent == started.map(|started| started.event_id)
            })
            .map(|pending| {
                let id = update_id(&pending.request);
                Protocol {
                    id: format!("{id}/request"),
                    protocol_instance_id: id.to_owned(),
                    body: Some(any("temporal.api.update.v1.Request", &pending.request)),
                    sequencing_id: Some(SequencingId::EventId(event_id)),
                }
            })
            .collect()
    }
}

fn any(name: &str, message: &impl Message) -> prost_types::Any {
    prost_types::Any { type_url: format!("type.googleapis.com/{name}"), value: message.encode_to_vec() }
}

/// The id of an update.
pub(super) fn update_id(request: &Request) -> &str {
    request.meta.as_ref().map_or("", |meta| &meta.update_id)
}

/// The outcome of an update that was accepted and whose run closed.
pub fn orphaned() -> Outcome {
    failed(Failure {
        message: "Workflow Update failed because the Workflow completed before the Update completed.".into(),
        source: "Server".into(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: "AcceptedUpdateCompletedWorkflow".into(),
            non_retryable: true,
            ..ApplicationFailureInfo::default()
        })),
        ..Failure::default()
    })
}

/// The outcome of an update that the worker left out.
fn unprocessed() -> Outcome {
    failed(Failure {
        message: "Workflow Update is rejected because it wasn't processed by worker. Probably, Workflow Update is not supported by the worker.".into(),
        source: "Server".into(),
        failure_info: Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: "UnprocessedUpdate".into(),
            non_retryable: true,
            ..ApplicationFailureInfo::default()
        })),
        ..Failure::default()
    })
}

fn failed(failure: Failure) -> Outcome {
    Outcome { value: Some(outcome::Value::Failure(failure)) }
}

impl Transition<'_> {
    /// Admits an update, or finds it admitted.
    ///
    /// # Errors
    /// If the run is over or can't take another one.
    pub fn admit_update(&mut self, request: Request) -> Result<(), Refusal> {
        let id = update_id(&request).to_owned();
        if self.run.update_stage(&id).is_some() {
            return Ok(());
        }
        if !self.run.is_running() {
            return Err(Refusal::not_found("workflow execution already completed"));
        }
        if self.run.is_paused() {
            return Err(Refusal::FailedPrecondition(
                "Workflow is paused. Cannot update the workflow.".into(),
            ));
        }
        let attempt =
            self.run.workflow_task.as_ref().map_or(self.run.workflow_task_attempt, |task| task.attempt);
        if attempt >= 3 {
            return Err(Refusal::WorkflowNotReady(
                "Unable to perform workflow execution update due to Workflow Task in failed state.".into(),
            ));
        }
        self.ensure_not_closing()?;
        self.ensure_room_for_update(&request)?;
        self.change(super::Change::Volatile(Volatile::UpdateAdmitted(Box::new(request))));
        self.skip_delay();
        Ok(())
    }

    fn ensure_room_for_update(&self, request: &Request) -> Result<(), Refusal> {
        let limits = &self.context.limits;
        let accepted = self.run.updates.values().filter(|update| update.completed_event_id.is_none()).count();
        if is_reached(self.run.in_memory.updates.len() + accepted, limits.updates_in_flight_max) {
            return Err(Refusal::ResourceExhausted {
                message: format!(
                    "limit on number of concurrent in-flight updates has been reached ({})",
                    limits.updates_in_flight_max
                ),
                cause: ExhaustedCause::ConcurrentLimit,
                scope: ExhaustedScope::Namespace,
            });
        }
        let pending = self.run.in_memory.updates.iter().map(|pending| pending.request.encoded_len());
        let bytes = pending.sum::<usize>() + request.encoded_len();
        if bytes > limits.update_bytes_in_flight_max && limits.update_bytes_in_flight_max > 0 {
            return Err(Refusal::ResourceExhausted {
                message: format!(
                    "limit on total payload size of in-flight updates has been reached ({} bytes)",
                    limits.update_bytes_in_flight_max
                ),
                cause: ExhaustedCause::ConcurrentLimit,
                scope: ExhaustedScope::Namespace,
            });
        }
        if is_reached(self.updates(), limits.updates_max) {
            return Err(Refusal::FailedPrecondition(format!(
                "limit on the total number of distinct updates in this workflow has been reached ({}). Make sure any duplicate updates share an Update ID so the server can deduplicate them, and consider rejecting updates that you aren't going to process",
                limits.updates_max
            )));
        }
        Ok(())
    }

    /// How many updates the run has had, and has.
    pub fn updates(&self) -> usize {
        self.run.in_memory.updates.len() + self.run.updates.len()
    }

    /// Refuses what would keep the run from closing while its worker tries to close it for the second time.
    ///
    /// # Errors
    /// If a worker has the task that follows a refused attempt to close.
    pub fn ensure_not_closing(&self) -> Result<(), Refusal> {
        if self.run.in_memory.closing && self.run.workflow_task_started() {
            return Err(closing());
        }
        Ok(())
    }

    /// The worker that takes the workflow task takes the waiting updates with it.
    pub fn send_updates(&mut self) {
        let started = self.run.workflow_task.as_ref().and_then(|task| task.started.as_ref());
        if let Some(event_id) = started.map(|started| started.event_id).filter(|_| self.run.update_waits()) {
            self.change(super::Change::Volatile(Volatile::UpdatesSent(Some(event_id))));
        }
    }

    /// The workflow task is over without an answer: its updates wait for the next one.
    pub fn recall_updates(&mut self) {
        if self.run.in_memory.updates.iter().any(|pending| pending.sent.is_some()) {
            self.change(super::Change::Volatile(Volatile::UpdatesSent(None)));
        }
    }

    /// Handles what the worker says of one update.
    pub fn update_message(&mut self, message: &Protocol) -> Result<(), Fault> {
        let Some(body) = &message.body else {
            return Err(Fault::Refused(Refusal::invalid("nil message body")));
        };
        let id = &message.protocol_instance_id;
        match body.type_url.rsplit('/').next().unwrap_or_default() {
            "temporal.api.update.v1.Acceptance" => self.accept(id, &decode(body)?),
            "temporal.api.update.v1.Response" => self.respond(id, decode(body)?),
            "temporal.api.update.v1.Rejection" => self.reject(id, &decode(body)?),
            other => {
                let package = other.rsplit_once('.').map_or(other, |(package, _)| package);
                Err(bad(format!("unsupported protocol type {package}")))
            }
        }
    }

    /// Handles what the worker says of one update together with the command that closes the run: nothing can be
    /// accepted or completed any more, and only a rejection counts. `aborted` collects what would have been accepted.
    pub fn closing_message(&mut self, message: &Protocol, aborted: &mut Vec<String>) -> Result<(), Fault> {
        let id = &message.protocol_instance_id;
        let Some(body) = &message.body else { return self.update_message(message) };
        match body.type_url.rsplit('.').next().unwrap_or_default() {
            "Rejection" if aborted.contains(id) => Err(wrong_state(id, "Rejection", "ProvisionallyAborted")),
            "Acceptance" if !aborted.contains(id) => {
                self.asked(id, &decode(body)?)?;
                aborted.push(id.clone());
                Ok(())
            }
            "Response"
                if aborted.contains(id) || self.run.update_stage(id) == Some(UpdateStage::Accepted) =>
            {
                Ok(())
            }
            _ => self.update_message(message),
        }
    }

    /// The request that is accepted; `None` if an event has admitted it, for then the history has it already.
    fn asked(&self, id: &str, acceptance: &Acceptance) -> Result<Option<Request>, Fault> {
        if self.run.admitted_updates.contains_key(id) {
            return Ok(None);
        }
        let sent = self.expect_sent(id, "Acceptance", acceptance.accepted_request.as_ref())?;
        Ok(Some(sent.request))
    }

    fn accept(&mut self, id: &str, acceptance: &Acceptance) -> Result<(), Fault> {
        let accepted_request = self.asked(id, acceptance)?;
        if acceptance.accepted_request_sequencing_event_id == 0 {
            return Err(bad(
                "invalid *update.Acceptance: accepted_request_sequencing_event_id is not set".into()
            ));
        }
        if acceptance.accepted_request_message_id.is_empty() {
            return Err(bad("invalid *update.Acceptance: accepted_request_message_id is not set".into()));
        }
        let accepted = WorkflowExecutionUpdateAcceptedEventAttributes {
            protocol_instance_id: id.to_owned(),
            accepted_request_message_id: acceptance.accepted_request_message_id.clone(),
            accepted_request_sequencing_event_id: acceptance.accepted_request_sequencing_event_id,
            accepted_request,
        };
        self.event(Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(accepted));
        self.change(super::Change::Volatile(Volatile::UpdateGone(id.to_owned())));
        self.news(id, UpdateNews::Accepted);
        Ok(())
    }

    fn respond(&mut self, id: &str, response: Response) -> Result<(), Fault> {
        let accepted_event_id = match self.run.updates.get(id) {
            Some(Update { accepted_event_id, completed_event_id: None }) => *accepted_event_id,
            Some(_) => return Err(wrong_state(id, "Response", "ProvisionallyCompleted")),
            None => match self.run.pending_update(id) {
                Some(_) => return Err(wrong_state(id, "Response", self.state_of(id))),
                None => return Err(self.unknown(id)),
            },
        };
        if response.meta.is_none() {
            return Err(bad("invalid *update.Response: meta is not set".into()));
        }
        let Some(result) = response.outcome else {
            return Err(bad("invalid *update.Response: outcome is not set".into()));
        };
        let completed = WorkflowExecutionUpdateCompletedEventAttributes {
            meta: response.meta,
            accepted_event_id,
            outcome: Some(result.clone()),
        };
        self.event(Attributes::WorkflowExecutionUpdateCompletedEventAttributes(completed));
        self.news(id, UpdateNews::Completed(Box::new(result)));
        Ok(())
    }

    fn reject(&mut self, id: &str, rejection: &Rejection) -> Result<(), Fault> {
        if self.run.admitted_updates.contains_key(id) {
            self.fact(Fact::UpdateRejected(id.to_owned()));
        } else {
            self.expect_sent(id, "Rejection", rejection.rejected_request.as_ref())?;
        }
        let failure = rejection.failure.clone().unwrap_or_default();
        self.change(super::Change::Volatile(Volatile::UpdateGone(id.to_owned())));
        self.rejected.push(id.to_owned());
        self.news(id, UpdateNews::Completed(Box::new(failed(failure))));
        Ok(())
    }

    /// The pending update that a worker has.
    ///
    /// What memory knew of it may be gone, because the process ended after the task was started: the worker's word
    /// counts all the same if it repeats the request. The task itself is known to be the pending one.
    fn expect_sent(&self, id: &str, message: &str, repeated: Option<&Request>) -> Result<Pending, Fault> {
        let repeated = repeated.filter(|request| update_id(request) == id && request.input.is_some());
        match self.run.pending_update(id) {
            Some(pending) if pending.sent.is_some() || repeated.is_some() => Ok(pending.clone()),
            Some(_) => Err(wrong_state(id, message, "Admitted")),
            None if self.run.updates.contains_key(id)
                || self.rejected.iter().any(|rejected| rejected == id) =>
            {
                Err(wrong_state(id, message, self.state_of(id)))
            }
            None => match repeated {
                Some(request) => Ok(Pending { request: request.clone(), sent: None }),
                None => Err(self.unknown(id)),
            },
        }
    }

    /// The name of an update's state as the reference prints it.
    fn state_of(&self, id: &str) -> &'static str {
        if self.rejected.iter().any(|rejected| rejected == id) {
            return "ProvisionallyCompleted";
        }
        match self.run.updates.get(id) {
            Some(Update { completed_event_id: Some(_), .. }) => "ProvisionallyCompleted",
            Some(_) => "ProvisionallyAccepted",
            None if self.run.pending_update(id).is_some_and(|pending| pending.sent.is_some()) => "Sent",
            None => "Admitted",
        }
    }

    fn unknown(&self, id: &str) -> Fault {
        if self.rejected.iter().any(|rejected| rejected == id) {
            return wrong_state(id, "Response", "ProvisionallyCompleted");
        }
        bad(format!(
            "update {id} wasn't found on the server. This is most likely a transient error which will be resolved automatically by retries"
        ))
    }

    /// Rejects the updates that the worker had and said nothing of.
    pub fn reject_unprocessed(&mut self) {
        for id in self.take_pending(true) {
            self.news(&id, UpdateNews::Completed(Box::new(unprocessed())));
        }
    }

    /// Gives up the updates that the worker had: the server did not accept what it said.
    pub fn abort_sent(&mut self) {
        for id in self.take_pending(true) {
            let refusal = Refusal::WorkflowNotReady(
                "Unable to perform workflow execution update due to unexpected workflow task failure.".into(),
            );
            self.news(&id, UpdateNews::Aborted(refusal));
        }
    }

    /// Gives up every update because the run closes.
    pub fn close_updates(&mut self, goes_on: bool) {
        for id in self.take_pending(true) {
            let refusal = if goes_on { closing() } else { aborted_by_close() };
            self.news(&id, UpdateNews::Aborted(refusal));
        }
        let by_event = self.run.admitted_updates.keys().cloned().collect::<Vec<_>>();
        for id in self.take_pending(false).into_iter().chain(by_event) {
            let news = if goes_on { UpdateNews::Moved } else { UpdateNews::Aborted(aborted_by_close()) };
            self.news(&id, news);
        }
        let open: Vec<String> = self
            .run
            .updates
            .iter()
            .filter(|(_, update)| update.completed_event_id.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        for id in open {
            self.news(&id, UpdateNews::Completed(Box::new(orphaned())));
        }
    }

    /// Takes the pending updates that are sent, or not, out of memory.
    fn take_pending(&mut self, sent: bool) -> Vec<String> {
        let ids: Vec<String> = self
            .run
            .in_memory
            .updates
            .iter()
            .filter(|pending| pending.sent.is_some() == sent)
            .map(|pending| update_id(&pending.request).to_owned())
            .collect();
        for id in &ids {
            self.change(super::Change::Volatile(Volatile::UpdateGone(id.clone())));
        }
        ids
    }

    fn news(&mut self, id: &str, news: UpdateNews) {
        self.effects.updates.push((id.to_owned(), news));
    }
}

/// Why a run that closes takes nothing more; whoever asks again finds the next run, or none.
fn closing() -> Refusal {
    Refusal::ResourceExhausted {
        message: "workflow operation can not be applied because workflow is closing".into(),
        cause: ExhaustedCause::BusyWorkflow,
        scope: ExhaustedScope::Namespace,
    }
}

/// Why an update ends that the closing run has not accepted.
fn aborted_by_close() -> Refusal {
    Refusal::not_found("workflow update was aborted by closing workflow")
}

fn bad(detail: String) -> Fault {
    Fault::Task(Cause::BadUpdateWorkflowExecutionMessage, detail)
}

fn wrong_state(id: &str, message: &str, state: &str) -> Fault {
    bad(format!(
        "invalid state transition attempted for Update {id}: received *update.{message} message while in state {state}"
    ))
}

fn decode<M: Message + Default>(body: &prost_types::Any) -> Result<M, Fault> {
    M::decode(&body.value[..]).map_err(|error| bad(format!("unable to unmarshal message body: {error}")))
}

/// Folds what the history says of updates.
pub(super) fn fold(updates: &mut Table<String, Update>, id: i64, attributes: &Attributes) {
    match attributes {
        Attributes::WorkflowExecutionUpdateAcceptedEventAttributes(a) => {
            let update = Update { accepted_event_id: id, completed_event_id: None };
            updates.insert(a.protocol_instance_id.clone(), update);
        }
        Attributes::WorkflowExecutionUpdateCompletedEventAttributes(a) => {
            let found = updates.iter().find(|(_, update)| update.accepted_event_id == a.accepted_event_id);
            if let Some(known) = found.map(|(known, _)| known.clone()) {
                updates.change(&known, |update| update.completed_event_id = Some(id));
            }
        }
        _ => {}
    }
}
