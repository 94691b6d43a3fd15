//! Payloads as bodies of HTTP: a type and bytes. The types are those that handlers and callers of Nexus agree on.

use bytes::Bytes;
use longhaul_proto::api::common::v1::Payload;
use prost::Message;

/// The type of a payload that no other type describes.
const WHOLE: &str = "application/x-temporal-payload";

/// The encoding of a payload whose type is none of ours.
const UNKNOWN: &str = "unknown/nexus-content";

/// A payload as a body: its type, if it has content at all, and its bytes.
pub fn to_content(payload: Option<&Payload>) -> (Option<String>, Bytes) {
    let Some(payload) = payload else { return (None, Bytes::new()) };
    let text = |name: &str| {
        payload.metadata.get(name).map_or("", |value| std::str::from_utf8(value).unwrap_or_default())
    };
    let message = text("messageType");
    let kind = match (text("encoding"), payload.metadata.len()) {
        ("binary/null", _) => return (None, Bytes::new()),
        ("json/plain", 1) => "application/json".to_owned(),
        ("binary/plain", 1) => "application/octet-stream".to_owned(),
        ("json/protobuf", 2) if !message.is_empty() => {
            format!("application/json; format=protobuf; message-type=\"{message}\"")
        }
        ("binary/protobuf", 2) if !message.is_empty() => {
            format!("application/x-protobuf; message-type=\"{message}\"")
        }
        _ => return (Some(WHOLE.to_owned()), payload.encode_to_vec().into()),
    };
    (Some(kind), payload.data.clone())
}

/// The payload that a body holds; `None` if it holds nothing.
pub fn from_content(kind: Option<&str>, body: Bytes) -> Option<Payload> {
    let Some(kind) = kind else {
        return (!body.is_empty()).then(|| payload(&[("encoding", UNKNOWN)], body));
    };
    let (name, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let parameter = |wanted: &str| {
        let mut pairs = parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| *key == wanted).map(|(_, value)| value.trim_matches('"'))
    };
    let message = parameter("message-type");
    Some(match (name.trim(), message) {
        ("application/json", None) if parameters.is_empty() => payload(&[("encoding", "json/plain")], body),
        ("application/json", Some(message)) if parameter("format") == Some("protobuf") => {
            payload(&[("encoding", "json/protobuf"), ("messageType", message)], body)
        }
        ("application/x-protobuf", Some(message)) => {
            payload(&[("encoding", "binary/protobuf"), ("messageType", message)], body)
        }
        ("application/octet-stream", None) if parameters.is_empty() => {
            payload(&[("encoding", "binary/plain")], body)
        }
        (WHOLE, _) => Payload::decode(body.clone())
            .unwrap_or_else(|_| payload(&[("encoding", UNKNOWN), ("type", kind)], body)),
        _ => payload(&[("encoding", UNKNOWN), ("type", kind)], body),
    })
}

fn payload(metadata: &[(&str, &str)], data: Bytes) -> Payload {
    let metadata = metadata
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Bytes::copy_from_slice(value.as_bytes())))
        .collect();
    Payload { metadata, data, ..Payload::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_survive_the_way_there_and_back() {
        for (metadata, kind) in [
            (vec![("encoding", "json/plain")], "application/json"),
            (vec![("encoding", "binary/plain")], "application/octet-stream"),
            (
                vec![("encoding", "json/protobuf"), ("messageType", "m")],
                "application/json; format=protobuf; message-type=\"m\"",
            ),
            (
                vec![("encoding", "binary/protobuf"), ("messageType", "m")],
                "application/x-protobuf; message-type=\"m\"",
            ),
            (vec![("encoding", "json/plain"), ("more", "x")], WHOLE),
            (vec![("encoding", "odd")], WHOLE),
        ] {
            let original = payload(&metadata, Bytes::from_static(b"1"));
            let (told, body) = to_content(Some(&original));
            assert_eq!(told.as_deref(), Some(kind));
            assert_eq!(from_content(told.as_deref(), body), Some(original));
        }
        assert_eq!(
            to_content(Some(&payload(&[("encoding", "binary/null")], Bytes::new()))),
            (None, Bytes::new())
        );
        assert_eq!(from_content(None, Bytes::new()), None);
    }
}
