//! Turns a JSON tree into a message. Complaints name line and column, in the words of the reference.

use prost_reflect::{
    DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

use super::{
    base64, known, number, payload,
    tree::{self, Kind as Json, Node},
};

/// Reads a message from the first value of `text`; an empty text is an empty message.
///
/// # Errors
/// What is wrong, in words for the caller.
pub(in crate::http) fn read(
    text: &[u8],
    descriptor: &MessageDescriptor,
    shorthand: bool,
) -> Result<DynamicMessage, String> {
    match tree::read(text)? {
        Some(node) => Reader { text, shorthand }.message(&node, descriptor),
        None => Ok(DynamicMessage::new(descriptor.clone())),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    shorthand: bool,
}

impl Reader<'_> {
    fn message(&self, node: &Node, descriptor: &MessageDescriptor) -> Result<DynamicMessage, String> {
        if self.shorthand && payload::is_payload(descriptor) {
            return payload::read(self.text, node, descriptor);
        }
        if self.shorthand && payload::is_payloads(descriptor) && matches!(node.kind, Json::Array(_)) {
            let mut message = DynamicMessage::new(descriptor.clone());
            if let Some(field) = descriptor.get_field_by_name("payloads") {
                let value = self.list(node, &field)?;
                message.set_field(&field, value);
            }
            return Ok(message);
        }
        match &node.kind {
            Json::Text(text) => match known::read_text(text, descriptor) {
                Some(read) => read.map_err(|text| self.wrong(node.at, &text)),
                None => Err(self.unexpected(node)),
            },
            Json::Object(_) if has_text_form(descriptor) => Err(self.unexpected(node)),
            Json::Object(members) => self.object(members, descriptor),
            _ => Err(self.unexpected(node)),
        }
    }

    fn object(
        &self,
        members: &[tree::Member],
        descriptor: &MessageDescriptor,
    ) -> Result<DynamicMessage, String> {
        let mut message = DynamicMessage::new(descriptor.clone());
        let (mut seen, mut oneofs) = (Vec::new(), Vec::new());
        for member in members {
            let name = || self.raw(member.at, member.end);
            let field = descriptor.get_field_by_json_name(&member.name);
            let Some(field) = field.or_else(|| descriptor.get_field_by_name(&member.name)) else {
                return Err(self.wrong(member.at, &format!("unknown field {}", name())));
            };
            if seen.contains(&field.number()) {
                return Err(self.wrong(member.at, &format!("duplicate field {}", name())));
            }
            seen.push(field.number());
            if matches!(member.value.kind, Json::Null) {
                continue;
            }
            if let Some(oneof) = field.containing_oneof() {
                if oneofs.contains(&oneof.full_name().to_owned()) {
                    let text =
                        format!("error parsing {}, oneof {} is already set", name(), oneof.full_name());
                    return Err(self.wrong(member.at, &text));
                }
                oneofs.push(oneof.full_name().to_owned());
            }
            let value = if field.is_list() {
                self.list(&member.value, &field)?
            } else if field.is_map() {
                self.map(&member.value, &field)?
            } else {
                self.single(&member.value, &field.kind())?
            };
            message.set_field(&field, value);
        }
        Ok(message)
    }

    fn list(&self, node: &Node, field: &FieldDescriptor) -> Result<Value, String> {
        let Json::Array(items) = &node.kind else { return Err(self.unexpected(node)) };
        let kind = field.kind();
        items.iter().map(|item| self.single(item, &kind)).collect::<Result<_, _>>().map(Value::List)
    }

    fn map(&self, node: &Node, field: &FieldDescriptor) -> Result<Value, String> {
        let Json::Object(members) = &node.kind else { return Err(self.unexpected(node)) };
        let Kind::Message(entry) = field.kind() else { return Err(self.unexpected(node)) };
        let (keys, values) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
        let mut entries: Vec<(MapKey, Value)> = Vec::with_capacity(members.len());
        for member in members {
            let raw = || self.raw(member.at, member.end);
            let Some(key) = key(&member.name, &keys) else {
                let text = format!("invalid value for {} key: {}", kind_name(&keys), raw());
                return Err(self.wrong(member.at, &text));
            };
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(self.wrong(member.at, &format!("duplicate map key {}", raw())));
            }
            entries.push((key, self.single(&member.value, &values)?));
        }
        Ok(Value::Map(entries.into_iter().collect()))
    }

    fn single(&self, node: &Node, kind: &Kind) -> Result<Value, String> {
        if let Kind::Message(descriptor) = kind {
            return self.message(node, descriptor).map(Value::Message);
        }
        let value = match (&node.kind, kind) {
            (Json::Bool(value), Kind::Bool) => Some(Value::Bool(*value)),
            (Json::Text(text), Kind::String) => Some(Value::String(text.clone())),
            (Json::Text(text), Kind::Bytes) => {
                base64::decode(text).ok().map(|bytes| Value::Bytes(bytes.into()))
            }
            (Json::Text(text), Kind::Enum(kind)) => enum_number(text, kind).map(Value::EnumNumber),
            (Json::Text(text), Kind::Float | Kind::Double) if float_word(text).is_some() => {
                float_word(text).and_then(|value| sized_float(value, kind))
            }
            (Json::Text(text), kind) if number::is_number(text) => numeric(text, kind),
            (Json::Number, kind) => numeric(self.raw(node.at, node.end), kind),
            _ => None,
        };
        value.ok_or_else(|| {
            let text = format!("invalid value for {} type: {}", kind_name(kind), self.token(node));
            self.wrong(node.at, &text)
        })
    }

    fn raw(&self, at: usize, end: usize) -> &str {
        std::str::from_utf8(&self.text[at..end]).unwrap_or_default()
    }

    /// The first token of a value.
    fn token(&self, node: &Node) -> &str {
        match node.kind {
            Json::Object(_) => "{",
            Json::Array(_) => "[",
            _ => self.raw(node.at, node.end),
        }
    }

    fn wrong(&self, at: usize, text: &str) -> String {
        let (line, column) = tree::position(self.text, at);
        format!("temporalproto: (line {line}:{column}): {text}")
    }

    fn unexpected(&self, node: &Node) -> String {
        let (line, column) = tree::position(self.text, node.at);
        let token = self.token(node);
        format!("temporalproto: syntax error (line {line}:{column}): unexpected token {token}")
    }
}

/// Whether the type is written as a text.
fn has_text_form(descriptor: &MessageDescriptor) -> bool {
    known::read_text("", descriptor).is_some()
}

/// What the type is called in complaints.
fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Double => "double",
        Kind::Float => "float",
        Kind::Int32 => "int32",
        Kind::Int64 => "int64",
        Kind::Uint32 => "uint32",
        Kind::Uint64 => "uint64",
        Kind::Sint32 => "sint32",
        Kind::Sint64 => "sint64",
        Kind::Fixed32 => "fixed32",
        Kind::Fixed64 => "fixed64",
        Kind::Sfixed32 => "sfixed32",
        Kind::Sfixed64 => "sfixed64",
        Kind::Bool => "bool",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Message(_) => "message",
        Kind::Enum(_) => "enum",
    }
}

fn numeric(text: &str, kind: &Kind) -> Option<Value> {
    let whole = || number::whole(text);
    match kind {
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => i32::try_from(whole()?).ok().map(Value::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => i64::try_from(whole()?).ok().map(Value::I64),
        Kind::Uint32 | Kind::Fixed32 => u32::try_from(whole()?).ok().map(Value::U32),
        Kind::Uint64 | Kind::Fixed64 => u64::try_from(whole()?).ok().map(Value::U64),
        Kind::Enum(_) => i32::try_from(whole()?).ok().map(Value::EnumNumber),
        Kind::Float | Kind::Double => {
            sized_float(text.parse().ok()?, kind).filter(|_| text.parse::<f64>().is_ok_and(f64::is_finite))
        }
        _ => None,
    }
}

fn sized_float(value: f64, kind: &Kind) -> Option<Value> {
    match kind {
        Kind::Float => Some(Value::F32(value as f32)),
        _ => Some(Value::F64(value)),
    }
}

fn float_word(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn key(text: &str, kind: &Kind) -> Option<MapKey> {
    match kind {
        Kind::String => Some(MapKey::String(text.into())),
        Kind::Bool => text.parse().ok().map(MapKey::Bool),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => text.parse().ok().map(MapKey::I32),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => text.parse().ok().map(MapKey::I64),
        Kind::Uint32 | Kind::Fixed32 => text.parse().ok().map(MapKey::U32),
        Kind::Uint64 | Kind::Fixed64 => text.parse().ok().map(MapKey::U64),
        _ => None,
    }
}

/// The number of an enum value by its whole name, or by the short one: `Running` for `..._STATUS_RUNNING`.
fn enum_number(text: &str, kind: &EnumDescriptor) -> Option<i32> {
    if let Some(value) = kind.get_value_by_name(text) {
        return Some(value.number());
    }
    let prefix = screaming(kind.name());
    kind.values()
        .find(|value| value.name().strip_prefix(&prefix).is_some_and(|rest| is_camel_of(text, rest)))
        .map(|value| value.number())
}

/// `WorkflowExecutionStatus` as `WORKFLOW_EXECUTION_STATUS_`.
fn screaming(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    let letters: Vec<char> = name.chars().collect();
    for (at, each) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let begins = each.is_ascii_uppercase() && before.is_some_and(|before| !before.is_ascii_uppercase());
        if begins {
            out.push('_');
        }
        out.push(each.to_ascii_uppercase());
    }
    out.push('_');
    out
}

/// Whether `text` is `ContinuedAsNew` for `CONTINUED_AS_NEW`.
fn is_camel_of(text: &str, name: &str) -> bool {
    let parts = name.split('_').map(|part| {
        let (first, rest) = part.split_at(part.len().min(1));
        format!("{first}{}", rest.to_ascii_lowercase())
    });
    parts.collect::<String>() == text
}
