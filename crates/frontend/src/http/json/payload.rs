//! The shorthand of payloads: JSON in a payload stands for itself, both ways.
//!
//! A payload of encoding `json/plain` is written as the value it holds, and one of `json/protobuf` as its object with
//! the name of the message beside. Any JSON is read as such a payload, except an object that spells out a payload.

use std::collections::BTreeMap;

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MapKey, MessageDescriptor, Value};

use super::{
    Style, base64, number,
    tree::{self, Kind, Node},
    write::Writer,
};

const PAYLOAD: &str = "temporal.api.common.v1.Payload";
const PAYLOADS: &str = "temporal.api.common.v1.Payloads";

/// Member that names the message of a `json/protobuf` payload.
const MESSAGE_TYPE: &str = "_protoMessageType";

/// Whether the type is one payload.
pub(super) fn is_payload(descriptor: &MessageDescriptor) -> bool {
    descriptor.full_name() == PAYLOAD
}

/// Whether the type is a list of payloads.
pub(super) fn is_payloads(descriptor: &MessageDescriptor) -> bool {
    descriptor.full_name() == PAYLOADS
}

/// Writes a payload or a list of them in shorthand; false if that is not possible, or it is neither.
pub(super) fn write(
    writer: &mut Writer,
    message: &DynamicMessage,
    descriptor: &MessageDescriptor,
) -> Result<bool, String> {
    let failed =
        |name: &str, text: String| format!("MaybeMarshalProtoJSON impl for *common.{name} failed: {text}");
    if is_payload(descriptor) {
        let Some(short) = Short::of(message).map_err(|text| failed("Payload", text))? else {
            return Ok(false);
        };
        short.write(writer).map_err(|text| failed("Payload", text))?;
        return Ok(true);
    }
    if !is_payloads(descriptor) {
        return Ok(false);
    }
    let list = message.get_field_by_name("payloads");
    let list = list.as_deref().and_then(Value::as_list).unwrap_or_default();
    let shorts: Option<Vec<Short>> = list
        .iter()
        .filter_map(Value::as_message)
        .map(|each| Short::of(each).transpose())
        .map(Option::transpose)
        .collect::<Result<_, _>>()
        .map_err(|text| failed("Payloads", text))?;
    let Some(shorts) = shorts else { return Ok(false) };
    writer.open('[');
    for short in shorts {
        writer.item();
        short.write(writer).map_err(|text| failed("Payloads", text))?;
    }
    writer.close(']');
    Ok(true)
}

/// What stands for a payload.
enum Short {
    /// No value.
    Null,
    /// A JSON value, and the name of the message it is.
    Json { text: Bytes, node: Node, message_type: Option<String> },
}

impl Short {
    /// What stands for a payload, if anything does.
    fn of(payload: &DynamicMessage) -> Result<Option<Self>, String> {
        let metadata = metadata(payload);
        let entry = |name: &str| metadata.get(name).map(|value| String::from_utf8_lossy(value).into_owned());
        let message_type = match entry("encoding").as_deref() {
            Some("binary/null") => return Ok(Some(Self::Null)),
            Some("json/plain") if metadata.len() == 1 => None,
            Some("json/protobuf") if metadata.len() == 2 => match entry("messageType") {
                Some(name) if !name.is_empty() => Some(name),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let data = payload.get_field_by_name("data");
        let text = data.as_deref().and_then(Value::as_bytes).cloned().unwrap_or_default();
        let node = tree::read_whole(&text)?;
        let found = match &node.kind {
            Kind::Null => return Ok(Some(Self::Null)),
            Kind::Object(_) => "",
            Kind::Array(_) => "array",
            Kind::Bool(_) => "bool",
            Kind::Number => "number",
            Kind::Text(_) => "string",
        };
        if message_type.is_some() && !found.is_empty() {
            return Err(format!(
                "json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            ));
        }
        Ok(Some(Self::Json { text, node, message_type }))
    }

    fn write(&self, writer: &mut Writer) -> Result<(), String> {
        match self {
            Self::Null => {
                writer.open('{');
                writer.name("metadata");
                writer.open('{');
                writer.name("encoding");
                writer.string(&base64::encode(b"binary/null"));
                writer.close('}');
                writer.close('}');
                Ok(())
            }
            Self::Json { text, node, message_type } => {
                value(writer, text, node, Members { with: message_type.as_deref(), without: "" })
            }
        }
    }
}

/// What is done to the members of an object on the way.
#[derive(Clone, Copy, Default)]
struct Members<'a> {
    /// The name of a message to put in.
    with: Option<&'a str>,
    /// A member to leave out.
    without: &'a str,
}

/// Writes a value that was read, members in the order of their names; of those with one name the last counts.
fn value(writer: &mut Writer, text: &[u8], node: &Node, members: Members) -> Result<(), String> {
    match &node.kind {
        Kind::Null => writer.out.push_str("null"),
        Kind::Bool(value) => writer.out.push_str(if *value { "true" } else { "false" }),
        Kind::Number => writer.out.push_str(&number(raw(text, node), writer.for_data)?),
        Kind::Text(value) => writer.string(value),
        Kind::Array(items) => {
            writer.open('[');
            for item in items {
                writer.item();
                value(writer, text, item, Members::default())?;
            }
            writer.close(']');
        }
        Kind::Object(list) => {
            let mut sorted: BTreeMap<&str, Option<&Node>> =
                list.iter().map(|member| (member.name.as_str(), Some(&member.value))).collect();
            sorted.remove(members.without);
            members.with.map(|_| sorted.insert(MESSAGE_TYPE, None));
            writer.open('{');
            for (name, inner) in sorted {
                writer.name(name);
                match inner {
                    Some(inner) => value(writer, text, inner, Members::default())?,
                    None => writer.string(members.with.unwrap_or_default()),
                }
            }
            writer.close('}');
        }
    }
    Ok(())
}

/// A number in its shortest form. Whole numbers keep their digits, however many there are.
fn number(text: &str, for_data: bool) -> Result<String, String> {
    if text.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) {
        return Ok(if for_data && text == "-0" { "0" } else { text }.into());
    }
    match text.parse::<f64>() {
        Ok(value) if for_data && value == 0.0 => Ok("0".into()),
        Ok(value) if value.is_finite() => Ok(number::float(value)),
        _ => Err(format!("json: cannot unmarshal number {text} into Go value of type float64")),
    }
}

fn raw<'a>(text: &'a [u8], node: &Node) -> &'a str {
    // A number is ASCII.
    std::str::from_utf8(&text[node.at..node.end]).unwrap_or_default()
}

fn metadata(payload: &DynamicMessage) -> BTreeMap<String, Bytes> {
    let field = payload.get_field_by_name("metadata");
    let Some(map) = field.as_deref().and_then(Value::as_map) else { return BTreeMap::new() };
    map.iter()
        .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value.as_bytes()?.clone())))
        .collect()
}

/// Reads whatever JSON it is as a payload.
pub(super) fn read(
    text: &[u8],
    node: &Node,
    descriptor: &MessageDescriptor,
) -> Result<DynamicMessage, String> {
    let (metadata, data) = match &node.kind {
        Kind::Null => (vec![("encoding".to_owned(), Bytes::from_static(b"binary/null"))], Bytes::new()),
        _ => match spelt_out(node) {
            Some(payload) => payload,
            None => shortened(text, node).map_err(|text| format!("unable to unmarshal payload: {text}"))?,
        },
    };
    let mut payload = DynamicMessage::new(descriptor.clone());
    let metadata =
        metadata.into_iter().map(|(name, value)| (MapKey::String(name), Value::Bytes(value))).collect();
    payload.set_field_by_name("metadata", Value::Map(metadata));
    payload.set_field_by_name("data", Value::Bytes(data));
    Ok(payload)
}

/// Metadata and data.
type Parts = (Vec<(String, Bytes)>, Bytes);

/// The payload that an object spells out: metadata with an encoding and data, or the encoding that needs no data.
fn spelt_out(node: &Node) -> Option<Parts> {
    let Kind::Object(members) = &node.kind else { return None };
    let bytes = |node: &Node| match &node.kind {
        Kind::Text(text) => base64::decode(text).ok().map(Bytes::from),
        _ => None,
    };
    let (mut metadata, mut data) = (Vec::new(), None);
    for member in members {
        match member.name.as_str() {
            "metadata" => {
                let Kind::Object(entries) = &member.value.kind else { return None };
                metadata = entries
                    .iter()
                    .map(|entry| Some((entry.name.clone(), bytes(&entry.value)?)))
                    .collect::<Option<_>>()?;
            }
            "data" => data = Some(bytes(&member.value)?),
            _ => return None,
        }
    }
    let encoding = metadata.iter().find_map(|(name, value)| (name == "encoding").then_some(value))?;
    if encoding == "binary/null" && data.is_none() {
        return Some((vec![("encoding".into(), encoding.clone())], Bytes::new()));
    }
    Some((metadata, data?))
}

/// The payload that a value stands for.
fn shortened(text: &[u8], node: &Node) -> Result<Parts, String> {
    let mut writer = Writer::new(Style { pretty: false, shorthand: false });
    writer.for_data = true;
    let named = match &node.kind {
        Kind::Object(members) => members.iter().rfind(|member| member.name == MESSAGE_TYPE),
        _ => None,
    };
    let mut metadata = vec![("encoding".to_owned(), Bytes::from_static(b"json/plain"))];
    let mut members = Members::default();
    if let Some(member) = named {
        let Kind::Text(name) = &member.value.kind else {
            let found = kind_name(text, &member.value);
            return Err(format!("internal key \"{MESSAGE_TYPE}\" should have type string, not {found}"));
        };
        metadata[0].1 = Bytes::from_static(b"json/protobuf");
        metadata.push(("messageType".into(), Bytes::copy_from_slice(name.as_bytes())));
        members.without = MESSAGE_TYPE;
    }
    value(&mut writer, text, node, members)?;
    Ok((metadata, writer.out.into()))
}

/// What the reference calls a kind of value.
fn kind_name(text: &[u8], node: &Node) -> &'static str {
    match &node.kind {
        Kind::Null => "<nil>",
        Kind::Bool(_) => "bool",
        Kind::Number if raw(text, node).parse::<i64>().is_ok() => "int64",
        Kind::Number => "float64",
        Kind::Text(_) => "string",
        Kind::Array(_) => "[]interface {}",
        Kind::Object(_) => "map[string]interface {}",
    }
}
