//! Links in the form of Nexus: an address and a type. Only links to workflows and to
//! operations have such a form here; others are left out, since they would lead nowhere.

use std::fmt::Write;

use longhaul_proto::api::{
    common::v1::{
        Link,
        link::{
            NexusOperation, Variant, WorkflowEvent,
            workflow_event::{EventReference, Reference, RequestIdReference},
        },
    },
    enums::v1::EventType,
    nexus::v1 as wire,
};

/// Type of a link to an event of a workflow.
const WORKFLOW_EVENT: &str = "temporal.api.common.v1.Link.WorkflowEvent";

/// Type of a link to a standalone operation.
const NEXUS_OPERATION: &str = "temporal.api.common.v1.Link.NexusOperation";

/// A link to an event of a run.
pub fn to_event(namespace: &str, workflow_id: &str, run_id: &str, event_id: i64, kind: EventType) -> Link {
    let reference = Reference::EventRef(EventReference { event_id, event_type: kind as i32 });
    Link {
        variant: Some(Variant::WorkflowEvent(WorkflowEvent {
            namespace: namespace.to_owned(),
            workflow_id: workflow_id.to_owned(),
            run_id: run_id.to_owned(),
            reference: Some(reference),
        })),
    }
}

/// A link to a standalone operation.
pub fn to_operation(namespace: &str, operation_id: &str, run_id: &str) -> Link {
    Link {
        variant: Some(Variant::NexusOperation(NexusOperation {
            namespace: namespace.to_owned(),
            operation_id: operation_id.to_owned(),
            run_id: run_id.to_owned(),
        })),
    }
}

/// The form of Nexus.
pub fn link_to_wire(link: &Link) -> Option<wire::Link> {
    let event = match link.variant.as_ref()? {
        Variant::WorkflowEvent(event) => event,
        Variant::NexusOperation(operation) => {
            let url = format!(
                "temporal:///namespaces/{}/nexus-operations/{}/{}/details",
                escaped(&operation.namespace),
                escaped(&operation.operation_id),
                escaped(&operation.run_id)
            );
            return Some(wire::Link { url, r#type: NEXUS_OPERATION.to_owned() });
        }
        _ => return None,
    };
    let mut url = format!(
        "temporal:///namespaces/{}/workflows/{}/{}/history",
        escaped(&event.namespace),
        escaped(&event.workflow_id),
        escaped(&event.run_id)
    );
    let written = match event.reference.as_ref() {
        Some(Reference::EventRef(event)) => {
            let id = if event.event_id > 0 { format!("eventID={}&", event.event_id) } else { String::new() };
            write!(url, "?{id}eventType={}&referenceType=EventReference", type_name(event.event_type))
        }
        Some(Reference::RequestIdRef(request)) => write!(
            url,
            "?eventType={}&referenceType=RequestIdReference&requestID={}",
            type_name(request.event_type),
            escaped(&request.request_id)
        ),
        None => Ok(()),
    };
    written.ok()?;
    Some(wire::Link { url, r#type: WORKFLOW_EVENT.to_owned() })
}

/// The link that was meant; `None` for what this server does not know.
pub fn link_from_wire(link: &wire::Link) -> Option<Link> {
    let rest = link.url.strip_prefix("temporal:///namespaces/")?;
    if link.r#type == NEXUS_OPERATION {
        let parts: Vec<&str> = rest.split('/').collect();
        let [namespace, "nexus-operations", id, run_id, "details"] = parts[..] else { return None };
        return Some(to_operation(&unescaped(namespace)?, &unescaped(id)?, &unescaped(run_id)?));
    }
    if link.r#type != WORKFLOW_EVENT {
        return None;
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let parts: Vec<&str> = path.split('/').collect();
    let [namespace, "workflows", workflow_id, run_id, "history"] = parts[..] else { return None };
    let parameter = |name: &str| {
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, v)| v)
    };
    let event_type = parameter("eventType").map_or(Some(0), type_number)?;
    let reference = match parameter("referenceType") {
        Some("RequestIdReference") => Reference::RequestIdRef(RequestIdReference {
            request_id: unescaped(parameter("requestID").unwrap_or_default())?,
            event_type,
        }),
        Some("EventReference") => {
            let event_id = parameter("eventID").map_or(Some(0), |id| id.parse().ok())?;
            Reference::EventRef(EventReference { event_id, event_type })
        }
        _ => return None,
    };
    Some(Link {
        variant: Some(Variant::WorkflowEvent(WorkflowEvent {
            namespace: unescaped(namespace)?,
            workflow_id: unescaped(workflow_id)?,
            run_id: unescaped(run_id)?,
            reference: Some(reference),
        })),
    })
}

/// Links as one header names them.
pub fn links_to_header(links: &[wire::Link]) -> String {
    let named: Vec<String> =
        links.iter().map(|link| format!("<{}>; type=\"{}\"", link.url, link.r#type)).collect();
    named.join(", ")
}

/// Reads links from a header; what is not one is left out.
pub fn links_from_header(header: &str) -> Vec<wire::Link> {
    header
        .split('<')
        .skip(1)
        .filter_map(|each| {
            let (url, rest) = each.split_once('>')?;
            let kind = rest.split_once("type=")?.1.trim_start_matches('"');
            let end = kind.find(['"', ',', ';']).unwrap_or(kind.len());
            Some(wire::Link { url: url.to_owned(), r#type: kind[..end].trim().to_owned() })
        })
        .collect()
}

/// `NexusOperationScheduled` and the like.
fn type_name(number: i32) -> String {
    EventType::try_from(number).map_or_else(|_| number.to_string(), |kind| format!("{kind:?}"))
}

/// The number of a type that is named so, or as the API spells it.
fn type_number(name: &str) -> Option<i32> {
    if let Some(kind) = EventType::from_str_name(name) {
        return Some(kind as i32);
    }
    let mut spelt = "EVENT_TYPE".to_owned();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            spelt.push('_');
        }
        spelt.push(letter.to_ascii_uppercase());
    }
    EventType::from_str_name(&spelt).map(|kind| kind as i32)
}

/// A part of a path, with what has a meaning there spelt out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+:=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The text behind a part of a path.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_survives_the_way_there_and_back() {
        let link = to_event("my namespace", "a/b?c", "r", 5, EventType::NexusOperationScheduled);
        let wire = link_to_wire(&link).expect("links to events have a form");
        assert_eq!(
            wire.url,
            "temporal:///namespaces/my%20namespace/workflows/a%2Fb%3Fc/r/history?eventID=5&eventType=NexusOperationScheduled&referenceType=EventReference"
        );
        assert_eq!(link_from_wire(&wire), Some(link));
        assert_eq!(links_from_header(&links_to_header(&[wire.clone(), wire.clone()])), [wire.clone(), wire]);
    }

    #[test]
    fn what_is_no_link_is_left_out() {
        for (url, kind) in [
            ("http://example.com", WORKFLOW_EVENT),
            ("temporal:///namespaces/n/workflows/w/r/history?referenceType=Odd", WORKFLOW_EVENT),
            ("temporal:///namespaces/n/workflows/w/history?referenceType=EventReference", WORKFLOW_EVENT),
            ("temporal:///namespaces/%zz/workflows/w/r/history?referenceType=EventReference", WORKFLOW_EVENT),
            ("temporal:///namespaces/n/workflows/w/r/history?referenceType=EventReference", "odd"),
        ] {
            let wire = wire::Link { url: url.into(), r#type: kind.into() };
            assert_eq!(link_from_wire(&wire), None, "{url}");
        }
        assert!(links_from_header("<no end, nothing").is_empty());
    }
}
