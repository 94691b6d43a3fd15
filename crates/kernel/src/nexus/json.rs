//! Failures as JSON, in the form in which Nexus tells them over HTTP. What is ours is told whole, as the details of a
//! failure whose type says so, and read back from there.

use bytes::Bytes;
use longhaul_proto::api::{
    common::v1::{Payload, Payloads},
    enums::v1::{NexusHandlerErrorRetryBehavior as Retry, TimeoutType},
    failure::v1::{
        ApplicationFailureInfo, CanceledFailureInfo, Failure, NexusHandlerFailureInfo,
        NexusOperationFailureInfo, ServerFailureInfo, TerminatedFailureInfo, TimeoutFailureInfo,
        failure::FailureInfo,
    },
    nexus::v1 as wire,
};
use serde_json::Value;

use super::from_wire;
use crate::base64;

/// Type of a failure that is one of ours.
const OURS: &str = "temporal.api.failure.v1.Failure";

/// Types of failures that belong to Nexus.
const HANDLER: &str = "nexus.HandlerError";
const OPERATION: &str = "nexus.OperationError";

/// A failure of ours.
pub fn failure_to_json(failure: &Failure) -> String {
    object(&[
        ("message", text(&failure.message)),
        ("stackTrace", text(&failure.stack_trace)),
        ("metadata", typed(OURS)),
        ("details", Some(details(failure, false))),
    ])
}

/// A failure that came from a worker in the form of Nexus.
pub fn wire_to_json(failure: &wire::Failure) -> String {
    let metadata: Vec<_> =
        failure.metadata.iter().map(|(key, value)| (key.as_str(), Some(quoted(value)))).collect();
    let details = std::str::from_utf8(&failure.details).ok().filter(|details| !details.is_empty());
    object(&[
        ("message", text(&failure.message)),
        ("stackTrace", text(&failure.stack_trace)),
        ("metadata", (!metadata.is_empty()).then(|| object(&metadata))),
        ("details", details.map(str::to_owned)),
        ("cause", failure.cause.as_ref().map(|cause| wire_to_json(cause))),
    ])
}

/// A failure of a handler, with its cause if that is given.
pub fn handler_to_json(message: &str, info: &NexusHandlerFailureInfo, cause: Option<String>) -> String {
    let retryable = match info.retry_behavior() {
        Retry::Unspecified => None,
        Retry::Retryable => Some("true".to_owned()),
        Retry::NonRetryable => Some("false".to_owned()),
    };
    object(&[
        ("message", text(message)),
        ("metadata", typed(HANDLER)),
        ("details", Some(object(&[("type", text(&info.r#type)), ("retryableOverride", retryable)]))),
        ("cause", cause),
    ])
}

/// An operation's failure, for those who want it wrapped.
pub fn operation_to_json(state: &str, cause: String) -> String {
    let metadata = [("type", Some(quoted(OPERATION))), ("unwrap-error", Some(quoted("true")))];
    object(&[
        ("message", Some(quoted("operation error"))),
        ("metadata", Some(object(&metadata))),
        ("details", Some(object(&[("state", Some(quoted(state)))]))),
        ("cause", Some(cause)),
    ])
}

/// Reads a failure; `None` if it is none.
pub fn failure_from_json(body: &[u8]) -> Option<Failure> {
    read(&serde_json::from_slice(body).ok()?)
}

fn read(value: &Value) -> Option<Failure> {
    let object = value.as_object()?;
    let string = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = object.get("metadata").and_then(|metadata| metadata.get("type")).and_then(Value::as_str);
    let details = object.get("details");
    match kind {
        Some(OURS) => {
            let mut failure = details.map(ours).unwrap_or_default();
            failure.message = string("message");
            failure.stack_trace = string("stackTrace");
            Some(failure)
        }
        Some(HANDLER) => {
            let told = |name: &str| details.and_then(|details| details.get(name));
            let retry_behavior = match told("retryableOverride").and_then(Value::as_bool) {
                None => Retry::Unspecified,
                Some(true) => Retry::Retryable,
                Some(false) => Retry::NonRetryable,
            };
            let info = NexusHandlerFailureInfo {
                r#type: told("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
                retry_behavior: retry_behavior as i32,
            };
            Some(Failure {
                message: string("message"),
                stack_trace: string("stackTrace"),
                cause: object.get("cause").and_then(read).map(Box::new),
                failure_info: Some(FailureInfo::NexusHandlerFailureInfo(info)),
                ..Failure::default()
            })
        }
        Some(OPERATION) => object.get("cause").and_then(read),
        _ => {
            let metadata = object.get("metadata").and_then(Value::as_object);
            let metadata = metadata
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
            let mut failure = from_wire(wire::Failure {
                message: string("message"),
                stack_trace: string("stackTrace"),
                metadata: metadata.collect(),
                details: details.map_or_else(Bytes::new, |details| details.to_string().into()),
                cause: None,
            });
            failure.cause = object.get("cause").and_then(read).map(Box::new);
            Some(failure)
        }
    }
}

/// What a failure holds beside its text, by the names of the API.
fn details(failure: &Failure, whole: bool) -> String {
    object(&[
        ("message", text(&failure.message).filter(|_| whole)),
        ("source", text(&failure.source)),
        ("stackTrace", text(&failure.stack_trace).filter(|_| whole)),
        ("encodedAttributes", failure.encoded_attributes.as_ref().map(payload)),
        ("cause", failure.cause.as_ref().map(|cause| details(cause, true))),
        info(failure.failure_info.as_ref()),
    ])
}

fn info(info: Option<&FailureInfo>) -> (&'static str, Option<String>) {
    let flag = |flag: bool| flag.then(|| "true".to_owned());
    match info {
        Some(FailureInfo::ApplicationFailureInfo(a)) => (
            "applicationFailureInfo",
            Some(object(&[
                ("type", text(&a.r#type)),
                ("nonRetryable", flag(a.non_retryable)),
                ("details", a.details.as_ref().map(payloads)),
            ])),
        ),
        Some(FailureInfo::CanceledFailureInfo(a)) => {
            ("canceledFailureInfo", Some(object(&[("details", a.details.as_ref().map(payloads))])))
        }
        Some(FailureInfo::TimeoutFailureInfo(a)) => {
            let kind = (a.timeout_type != 0).then(|| quoted(a.timeout_type().as_str_name()));
            ("timeoutFailureInfo", Some(object(&[("timeoutType", kind)])))
        }
        Some(FailureInfo::TerminatedFailureInfo(_)) => ("terminatedFailureInfo", Some("{}".to_owned())),
        Some(FailureInfo::ServerFailureInfo(a)) => {
            ("serverFailureInfo", Some(object(&[("nonRetryable", flag(a.non_retryable))])))
        }
        Some(FailureInfo::NexusHandlerFailureInfo(a)) => {
            let retry = (a.retry_behavior != 0).then(|| quoted(a.retry_behavior().as_str_name()));
            ("nexusHandlerFailureInfo", Some(object(&[("type", text(&a.r#type)), ("retryBehavior", retry)])))
        }
        Some(FailureInfo::NexusOperationExecutionFailureInfo(a)) => (
            "nexusOperationExecutionFailureInfo",
            Some(object(&[
                ("endpoint", text(&a.endpoint)),
                ("service", text(&a.service)),
                ("operation", text(&a.operation)),
                ("operationToken", text(&a.operation_token)),
            ])),
        ),
        // Whatever else went wrong inside of the operation is told by its text.
        _ => ("", None),
    }
}

/// The failure whose parts are told by the names of the API.
fn ours(value: &Value) -> Failure {
    let string =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let flag = |value: &Value, name: &str| value.get(name).and_then(Value::as_bool).unwrap_or_default();
    let list = |value: &Value| value.get("details").and_then(read_payloads);
    let info = if let Some(a) = value.get("applicationFailureInfo") {
        Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: string(a, "type"),
            non_retryable: flag(a, "nonRetryable"),
            details: list(a),
            ..ApplicationFailureInfo::default()
        }))
    } else if let Some(a) = value.get("canceledFailureInfo") {
        let details = list(a);
        Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo {
            details,
            ..CanceledFailureInfo::default()
        }))
    } else if let Some(a) = value.get("timeoutFailureInfo") {
        let kind = TimeoutType::from_str_name(&string(a, "timeoutType")).unwrap_or_default();
        Some(FailureInfo::TimeoutFailureInfo(TimeoutFailureInfo {
            timeout_type: kind as i32,
            last_heartbeat_details: None,
        }))
    } else if value.get("terminatedFailureInfo").is_some() {
        Some(FailureInfo::TerminatedFailureInfo(TerminatedFailureInfo::default()))
    } else if let Some(a) = value.get("serverFailureInfo") {
        let non_retryable = flag(a, "nonRetryable");
        Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable }))
    } else if let Some(a) = value.get("nexusHandlerFailureInfo") {
        let retry = Retry::from_str_name(&string(a, "retryBehavior")).unwrap_or_default();
        Some(FailureInfo::NexusHandlerFailureInfo(NexusHandlerFailureInfo {
            r#type: string(a, "type"),
            retry_behavior: retry as i32,
        }))
    } else {
        value.get("nexusOperationExecutionFailureInfo").map(|a| {
            FailureInfo::NexusOperationExecutionFailureInfo(NexusOperationFailureInfo {
                endpoint: string(a, "endpoint"),
                service: string(a, "service"),
                operation: string(a, "operation"),
                operation_token: string(a, "operationToken"),
                ..NexusOperationFailureInfo::default()
            })
        })
    };
    Failure {
        message: string(value, "message"),
        source: string(value, "source"),
        stack_trace: string(value, "stackTrace"),
        encoded_attributes: value.get("encodedAttributes").and_then(read_payload),
        cause: value.get("cause").map(|cause| Box::new(ours(cause))),
        failure_info: info,
    }
}

fn payloads(list: &Payloads) -> String {
    let each: Vec<String> = list.payloads.iter().map(payload).collect();
    format!("{{\"payloads\":[{}]}}", each.join(","))
}

fn payload(payload: &Payload) -> String {
    let metadata: Vec<_> = payload
        .metadata
        .iter()
        .map(|(key, value)| (key.as_str(), Some(quoted(&base64::encode(value)))))
        .collect();
    let data = (!payload.data.is_empty()).then(|| quoted(&base64::encode(&payload.data)));
    object(&[("metadata", (!metadata.is_empty()).then(|| object(&metadata))), ("data", data)])
}

fn read_payloads(value: &Value) -> Option<Payloads> {
    let each = value.get("payloads")?.as_array()?;
    Some(Payloads { payloads: each.iter().filter_map(read_payload).collect() })
}

fn read_payload(value: &Value) -> Option<Payload> {
    let bytes = |value: &Value| base64::decode(value.as_str()?).ok().map(Bytes::from);
    let metadata = value.get("metadata").and_then(Value::as_object);
    let metadata =
        metadata.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), bytes(value)?)));
    Some(Payload {
        metadata: metadata.collect(),
        data: value.get("data").and_then(bytes).unwrap_or_default(),
        ..Payload::default()
    })
}

/// An object with those of its fields that have a value, in this order.
pub(super) fn object(fields: &[(&str, Option<String>)]) -> String {
    let told =
        fields.iter().filter_map(|(name, value)| Some(format!("{}:{}", quoted(name), value.as_ref()?)));
    format!("{{{}}}", told.collect::<Vec<_>>().join(","))
}

fn typed(kind: &str) -> Option<String> {
    Some(object(&[("type", Some(quoted(kind)))]))
}

/// A text, unless it is empty.
fn text(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| quoted(text))
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_survives_the_way_there_and_back() {
        let data = Payload { data: Bytes::from_static(b"\x00\xff1"), ..Payload::default() };
        let info = ApplicationFailureInfo {
            r#type: "Odd".into(),
            non_retryable: true,
            details: Some(Payloads { payloads: vec![data] }),
            ..ApplicationFailureInfo::default()
        };
        let cause = Failure {
            message: "inside".into(),
            failure_info: Some(FailureInfo::CanceledFailureInfo(CanceledFailureInfo::default())),
            ..Failure::default()
        };
        let failure = Failure {
            message: "outside \"quoted\"".into(),
            source: "here".into(),
            stack_trace: "line".into(),
            cause: Some(Box::new(cause)),
            failure_info: Some(FailureInfo::ApplicationFailureInfo(info)),
            ..Failure::default()
        };
        assert_eq!(failure_from_json(failure_to_json(&failure).as_bytes()), Some(failure));
    }

    #[test]
    fn a_plain_failure_is_its_text() {
        let read = failure_from_json(b"{\"message\":\"no\"}");
        assert_eq!(read, Some(Failure { message: "no".into(), ..Failure::default() }));
        assert_eq!(failure_from_json(b"nonsense"), None);
    }
}
