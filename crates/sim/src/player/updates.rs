//! What a program says of updates: it rejects, leaves out, answers at once, or accepts and answers after a timer.

use std::{collections::BTreeMap, time::Duration};

use longhaul_kernel::time::to_proto;
use longhaul_proto::api::{
    command::v1::{
        Command, ProtocolMessageCommandAttributes, StartTimerCommandAttributes, command::Attributes as Do,
    },
    enums::v1::CommandType,
    history::v1::history_event::Attributes as Event,
    protocol::v1::{Message as Protocol, message::SequencingId},
    update::v1::{Acceptance, Meta, Outcome, Rejection, Request, Response, outcome},
};
use prost::Message;

use super::{command, failure, payloads, value};
use crate::script::Wish;

/// Why a program rejects an update.
pub(crate) const REJECTED: &str = "the program does not want it";

/// An update that the history knows of.
#[derive(Debug)]
struct Known {
    wish: Wish,
    is_done: bool,
}

/// What the history says of updates, by their ids.
#[derive(Debug, Default)]
pub(super) struct Updates {
    accepted: BTreeMap<String, Known>,
    /// Admitted by an event, which a reset writes.
    admitted: BTreeMap<String, (i64, Request)>,
}

/// What is said of updates with a workflow task.
#[derive(Default)]
pub(crate) struct Said {
    /// Commands, which name the messages that have their place among them.
    pub(crate) commands: Vec<Command>,
    /// Messages.
    pub(crate) messages: Vec<Protocol>,
    /// Whether an update is under way afterwards.
    pub(crate) is_busy: bool,
}

impl Updates {
    /// Reads an event.
    pub(super) fn read(&mut self, id: i64, attributes: &Event) {
        match attributes {
            Event::WorkflowExecutionUpdateAdmittedEventAttributes(a) => {
                let request = a.request.clone().unwrap_or_default();
                self.admitted.insert(update_id(&request), (id, request));
            }
            Event::WorkflowExecutionUpdateAcceptedEventAttributes(a) => {
                let admitted = self.admitted.remove(&a.protocol_instance_id).map(|(_, request)| request);
                let request = a.accepted_request.clone().or(admitted).unwrap_or_default();
                let known = Known { wish: wish(&request), is_done: false };
                self.accepted.insert(a.protocol_instance_id.clone(), known);
            }
            Event::WorkflowExecutionUpdateCompletedEventAttributes(a) => {
                let id = a.meta.as_ref().map_or("", |meta| &meta.update_id);
                if let Some(known) = self.accepted.get_mut(id) {
                    known.is_done = true;
                }
            }
            _ => {}
        }
    }

    /// Says what there is to say: of those that come with the task, of those that a reset brought, of those whose
    /// timer has fired. `timer` tells whether a timer was started, and whether it has fired.
    pub(super) fn say(
        &self,
        place: &str,
        messages: &[Protocol],
        timer: impl Fn(&str) -> (bool, bool),
    ) -> Said {
        let mut said = Said::default();
        for message in messages {
            let body = message.body.as_ref().map(|body| Request::decode(&body.value[..]));
            let Some(Ok(request)) = body else { continue };
            let sequence = match message.sequencing_id {
                Some(SequencingId::EventId(event)) => event,
                _ => 0,
            };
            said.hear(place, &request, &message.id, sequence);
        }
        for (event, request) in self.admitted.values() {
            let id = update_id(request);
            said.hear(place, request, &format!("{id}/request"), *event);
        }
        for (id, known) in self.accepted.iter().filter(|(_, known)| !known.is_done) {
            let name = timer_name(id);
            match (&known.wish, timer(&name)) {
                (Wish::Answer(length), (false, _)) if *length > 0 => {
                    said.commands.push(start_timer(&name, *length));
                    said.is_busy = true;
                }
                (Wish::Answer(_), (true, false)) => said.is_busy = true,
                _ => said.respond(place, id),
            }
        }
        said
    }
}

impl Said {
    fn hear(&mut self, place: &str, request: &Request, message_id: &str, sequence: i64) {
        let id = update_id(request);
        match wish(request) {
            Wish::Ignore => {}
            Wish::Reject => {
                let rejection = Rejection {
                    rejected_request_message_id: message_id.into(),
                    rejected_request_sequencing_event_id: sequence,
                    rejected_request: Some(request.clone()),
                    failure: Some(failure(REJECTED, false)),
                };
                self.messages.push(protocol(&id, "reject", "Rejection", &rejection));
            }
            Wish::Answer(length) => {
                let acceptance = Acceptance {
                    accepted_request_message_id: message_id.into(),
                    accepted_request_sequencing_event_id: sequence,
                    accepted_request: Some(request.clone()),
                };
                self.speak(protocol(&id, "accept", "Acceptance", &acceptance));
                if length > 0 {
                    self.commands.push(start_timer(&timer_name(&id), length));
                    self.is_busy = true;
                } else {
                    self.respond(place, &id);
                }
            }
        }
    }

    fn respond(&mut self, place: &str, id: &str) {
        let result = payloads(&format!("{id} was answered in {place}"));
        let response = Response {
            meta: Some(Meta { update_id: id.into(), ..Meta::default() }),
            outcome: Some(Outcome { value: Some(outcome::Value::Success(result)) }),
        };
        self.speak(protocol(id, "complete", "Response", &response));
    }

    /// Adds a message, and the command that gives it its place.
    fn speak(&mut self, message: Protocol) {
        let attributes = ProtocolMessageCommandAttributes { message_id: message.id.clone() };
        let attributes = Do::ProtocolMessageCommandAttributes(attributes);
        self.commands.push(command(CommandType::ProtocolMessage, attributes));
        self.messages.push(message);
    }
}

fn protocol(id: &str, what: &str, name: &str, body: &impl Message) -> Protocol {
    let type_url = format!("type.googleapis.com/temporal.api.update.v1.{name}");
    Protocol {
        id: format!("{id}/{what}"),
        protocol_instance_id: id.into(),
        body: Some(prost_types::Any { type_url, value: body.encode_to_vec() }),
        sequencing_id: None,
    }
}

fn update_id(request: &Request) -> String {
    request.meta.as_ref().map_or_else(String::new, |meta| meta.update_id.clone())
}

/// What an update wants of the program; it travels in its input.
fn wish(request: &Request) -> Wish {
    value(request.input.as_ref().and_then(|input| input.args.as_ref())).unwrap_or(Wish::Answer(0))
}

fn timer_name(id: &str) -> String {
    format!("for {id}")
}

fn start_timer(name: &str, length: u64) -> Command {
    let start_to_fire_timeout = Some(to_proto(Duration::from_millis(length)));
    let attributes = StartTimerCommandAttributes { timer_id: name.into(), start_to_fire_timeout };
    command(CommandType::StartTimer, Do::StartTimerCommandAttributes(attributes))
}
