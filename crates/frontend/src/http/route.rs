//! The routes: every binding of every call, as the descriptors declare them.

use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, Value};

/// Services whose calls are bound, and where each part of the program lives that answers them.
pub(super) const SERVICES: [(&str, Room); 2] = [
    ("temporal.api.workflowservice.v1.WorkflowService", Room::Workflow),
    ("temporal.api.operatorservice.v1.OperatorService", Room::Operator),
];

/// Option of a method that declares its bindings.
const OPTION: &str = "google.api.http";

/// Members of a binding that name a verb.
const VERBS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Which service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Workflow,
    Operator,
}

/// What of the request is in the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BodyField {
    /// Nothing: what the path does not say is in the query.
    None,
    /// All that the path does not say.
    Whole,
    /// One field; the others are in the query.
    Field(String),
}

/// One binding of one call.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Which service answers.
    pub room: Room,
    /// Path of the call in gRPC.
    pub grpc_path: String,
    /// Name of the call.
    pub call: String,
    /// Verb of HTTP.
    pub verb: String,
    /// Path as declared.
    pub template: String,
    /// What is in the body.
    pub body: BodyField,
    /// The request.
    pub input: MessageDescriptor,
    /// The answer.
    pub output: MessageDescriptor,
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// A field of the request, perhaps inside of another one.
    Field(String),
}

impl Route {
    /// Fields that stand in the path.
    pub fn path_fields(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Field(path) => Some(path.as_str()),
            Segment::Literal(_) => None,
        })
    }

    /// The values of the fields in the path, if the path is of this route.
    fn captures(&self, parts: &[&str]) -> Option<Vec<(&str, String)>> {
        if parts.len() != self.segments.len() {
            return None;
        }
        let mut found = Vec::new();
        for (segment, part) in self.segments.iter().zip(parts) {
            match segment {
                Segment::Literal(wanted) if wanted == part => {}
                Segment::Field(path) => found.push((path.as_str(), (*part).to_owned())),
                Segment::Literal(_) => return None,
            }
        }
        Some(found)
    }
}

/// What a path leads to.
pub(super) enum Found<'a> {
    /// A route, and the values of the fields in its path.
    Route(&'a Route, Vec<(&'a str, String)>),
    /// Routes with other verbs only.
    OtherVerb,
    /// Nothing.
    Nothing,
}

/// Every route.
pub(super) struct Routes {
    /// In the order of their declaration.
    pub all: Vec<Route>,
}

impl Routes {
    /// The routes that the descriptors declare.
    pub fn of(pool: &DescriptorPool) -> Self {
        let mut all = Vec::new();
        for (name, room) in SERVICES {
            let Some(service) = pool.get_service_by_name(name) else { continue };
            for method in service.methods() {
                for binding in bindings(pool, &method) {
                    all.extend(route(room, name, &method, &binding));
                }
            }
        }
        Self { all }
    }

    /// The route of a path. Where several match, the one declared last counts, as on the reference. A form that is
    /// posted reaches a route that is read (`is_form`).
    pub fn find(&self, verb: &str, path: &str, is_form: bool) -> Found<'_> {
        let Some(path) = path.strip_prefix('/') else { return Found::Nothing };
        let parts: Vec<&str> = path.split('/').collect();
        let of_verb = |verb: &str| {
            let mut routes = self.all.iter().rev().filter(|route| route.verb == verb);
            routes.find_map(|route| Some((route, route.captures(&parts)?)))
        };
        if let Some((route, captures)) = of_verb(verb) {
            return Found::Route(route, captures);
        }
        if is_form && let Some((route, captures)) = of_verb("GET") {
            return Found::Route(route, captures);
        }
        if self.all.iter().any(|route| route.captures(&parts).is_some()) {
            return Found::OtherVerb;
        }
        Found::Nothing
    }
}

/// The bindings that a method declares: the first one and those beside it.
fn bindings(pool: &DescriptorPool, method: &MethodDescriptor) -> Vec<DynamicMessage> {
    let Some(option) = pool.get_extension_by_name(OPTION) else { return Vec::new() };
    let options = method.options();
    if !options.has_extension(&option) {
        return Vec::new();
    }
    let Some(first) = options.get_extension(&option).as_message().cloned() else { return Vec::new() };
    let others = first.get_field_by_name("additional_bindings");
    let others: Vec<DynamicMessage> = others
        .as_deref()
        .and_then(Value::as_list)
        .unwrap_or_default()
        .iter()
        .filter_map(|each| each.as_message().cloned())
        .collect();
    std::iter::once(first).chain(others).collect()
}

fn route(room: Room, service: &str, method: &MethodDescriptor, binding: &DynamicMessage) -> Option<Route> {
    let text = |name: &str| {
        binding
            .get_field_by_name(name)
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    let verb = VERBS.iter().find(|verb| !text(verb).is_empty())?;
    let template = text(verb);
    let body = match text("body").as_str() {
        "" => BodyField::None,
        "*" => BodyField::Whole,
        field => BodyField::Field(field.to_owned()),
    };
    let segments = template.trim_start_matches('/').split('/').map(segment).collect();
    Some(Route {
        room,
        grpc_path: format!("/{service}/{}", method.name()),
        call: method.name().to_owned(),
        verb: verb.to_ascii_uppercase(),
        template,
        body,
        input: method.input(),
        output: method.output(),
        segments,
    })
}

fn segment(text: &str) -> Segment {
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(field) => Segment::Field(field.split('=').next().unwrap_or_default().to_owned()),
        None => Segment::Literal(text.to_owned()),
    }
}
