//! Turns a message into JSON text: fields in the order of their declaration, what is unset left out.

use prost_reflect::{
    DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use super::{Style, base64, known, number, payload};

/// The message as text.
///
/// # Errors
/// When a payload that says that it is JSON is none.
pub(in crate::http) fn write(message: &DynamicMessage, style: Style) -> Result<String, String> {
    let mut writer = Writer::new(style);
    writer.message(message)?;
    Ok(writer.out)
}

/// Text under construction.
pub(super) struct Writer {
    /// What has been written.
    pub out: String,
    /// How messages are written.
    pub style: Style,
    /// Whether `<`, `>` and `&` are escaped, as in the data of a payload.
    pub for_data: bool,
    depth: usize,
}

impl Writer {
    /// An empty text.
    pub fn new(style: Style) -> Self {
        Self { out: String::new(), style, for_data: false, depth: 0 }
    }

    /// Begins an object or an array.
    pub fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
    }

    /// Ends it.
    pub fn close(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.out.ends_with(['{', '[']) {
            self.line();
        }
        self.out.push(bracket);
    }

    /// Begins an element of an array or a member of an object.
    pub fn item(&mut self) {
        if !self.out.ends_with(['{', '[']) {
            self.out.push(',');
        }
        self.line();
    }

    /// Writes the name of a member.
    pub fn name(&mut self, name: &str) {
        self.item();
        self.string(name);
        self.out.push_str(if self.style.pretty { ": " } else { ":" });
    }

    fn line(&mut self) {
        if self.style.pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    /// Writes a text in quotes.
    pub fn string(&mut self, text: &str) {
        self.out.push('"');
        for each in text.chars() {
            match each {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if self.for_data => self.escape(each),
                '\0'..='\u{1f}' => self.escape(each),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, each: char) {
        self.out.push_str(&format!("\\u{:04x}", u32::from(each)));
    }

    /// Writes a message, in its own form if it has one.
    pub fn message(&mut self, message: &DynamicMessage) -> Result<(), String> {
        let descriptor = message.descriptor();
        if self.style.shorthand && payload::write(self, message, &descriptor)? {
            return Ok(());
        }
        if known::write(self, message, &descriptor)? {
            return Ok(());
        }
        self.open('{');
        self.fields(message, &descriptor)?;
        self.close('}');
        Ok(())
    }

    /// Writes the members of an object, without its brackets.
    pub fn fields(&mut self, message: &DynamicMessage, descriptor: &MessageDescriptor) -> Result<(), String> {
        for declared in &descriptor.descriptor_proto().field {
            let Some(field) = declared.name.as_deref().and_then(|name| descriptor.get_field_by_name(name))
            else {
                continue;
            };
            if message.has_field(&field) {
                self.name(field.json_name());
                self.value(&message.get_field(&field), &field)?;
            }
        }
        Ok(())
    }

    fn value(&mut self, value: &Value, field: &FieldDescriptor) -> Result<(), String> {
        match value {
            Value::List(items) => {
                self.open('[');
                for item in items {
                    self.item();
                    self.single(item, &field.kind())?;
                }
                self.close(']');
            }
            Value::Map(entries) => {
                let Kind::Message(entry) = field.kind() else { return Ok(()) };
                let kind = entry.map_entry_value_field().kind();
                let mut entries: Vec<(&MapKey, &Value)> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| Sortable::of(key));
                self.open('{');
                for (key, value) in entries {
                    self.name(&key_text(key));
                    self.single(value, &kind)?;
                }
                self.close('}');
            }
            single => self.single(single, &field.kind())?,
        }
        Ok(())
    }

    fn single(&mut self, value: &Value, kind: &Kind) -> Result<(), String> {
        match value {
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::I32(value) => self.out.push_str(&value.to_string()),
            Value::U32(value) => self.out.push_str(&value.to_string()),
            Value::I64(value) => self.string(&value.to_string()),
            Value::U64(value) => self.string(&value.to_string()),
            Value::F32(value) => self.out.push_str(&number::float32(*value)),
            Value::F64(value) => self.out.push_str(&number::float(*value)),
            Value::String(value) => self.string(value),
            Value::Bytes(value) => self.string(&base64::encode(value)),
            Value::EnumNumber(value) => match kind {
                Kind::Enum(kind) => self.enumeration(*value, kind),
                _ => self.out.push_str(&value.to_string()),
            },
            Value::Message(message) => self.message(message)?,
            // Neither lists nor maps nest.
            Value::List(_) | Value::Map(_) => {}
        }
        Ok(())
    }

    fn enumeration(&mut self, value: i32, kind: &EnumDescriptor) {
        match kind.get_value(value) {
            Some(known) => self.string(known.name()),
            None => self.out.push_str(&value.to_string()),
        }
    }
}

/// The order of keys: numbers by size, texts by their bytes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Sortable {
    Number(i128),
    Text(String),
}

impl Sortable {
    fn of(key: &MapKey) -> Self {
        match key {
            MapKey::Bool(key) => Self::Number((*key).into()),
            MapKey::I32(key) => Self::Number((*key).into()),
            MapKey::I64(key) => Self::Number((*key).into()),
            MapKey::U32(key) => Self::Number((*key).into()),
            MapKey::U64(key) => Self::Number((*key).into()),
            MapKey::String(key) => Self::Text(key.clone()),
        }
    }
}

fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}
