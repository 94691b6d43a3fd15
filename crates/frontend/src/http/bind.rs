//! Puts what the path and the query say into a request.

use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, ReflectMessage, Value,
};

use super::json;

/// Puts a value of the path in its place.
///
/// # Errors
/// When the value does not fit, in words for the caller.
pub(super) fn path(message: &mut DynamicMessage, field: &str, value: &str) -> Result<(), String> {
    let names: Vec<&str> = field.split('.').collect();
    place(message, &names, &[value.to_owned()])
        .map_err(|text| format!("type mismatch, parameter: {field}, error: {text}"))
}

/// Puts the parameters of a query in their places. Those that no field is called, and those that the path or the body
/// has already said (`taken`), are left alone.
///
/// # Errors
/// When a value does not fit, in words for the caller.
pub(super) fn query(
    message: &mut DynamicMessage,
    parameters: &[(String, String)],
    taken: &[&str],
) -> Result<(), String> {
    let mut keys: Vec<&str> = parameters.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let mut values: Vec<String> =
            parameters.iter().filter(|(name, _)| name == key).map(|(_, value)| value.clone()).collect();
        let (path, map_key) = match key.split_once('[') {
            Some((path, rest)) if rest.ends_with(']') => (path, Some(&rest[..rest.len() - 1])),
            _ => (key, None),
        };
        if let Some(map_key) = map_key {
            values.insert(0, map_key.to_owned());
        }
        let Some(names) = normal(&message.descriptor(), path)? else { continue };
        let whole = names.join(".");
        if taken.iter().any(|taken| whole == *taken || whole.starts_with(&format!("{taken}."))) {
            continue;
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        place(message, &names, &values)?;
    }
    Ok(())
}

/// The names of the fields on a path, as the API spells them; nothing if there is no such field.
fn normal(descriptor: &MessageDescriptor, path: &str) -> Result<Option<Vec<String>>, String> {
    let mut names = Vec::new();
    let (mut inside, mut before) = (Some(descriptor.clone()), "");
    for name in path.split('.') {
        let Some(message) = inside else { return Err(format!("invalid path: {before:?} is not a message")) };
        let Some(field) = named(&message, name) else { return Ok(None) };
        names.push(field.name().to_owned());
        inside = match field.kind() {
            Kind::Message(next) if !field.is_list() && !field.is_map() => Some(next),
            _ => None,
        };
        before = name;
    }
    Ok(Some(names))
}

fn named(descriptor: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name))
}

/// Puts values in the field that `names` lead to. For a map they are the key and its value.
fn place(message: &mut DynamicMessage, names: &[&str], values: &[String]) -> Result<(), String> {
    let Some((name, rest)) = names.split_first() else { return Ok(()) };
    let Some(field) = named(&message.descriptor(), name) else { return Ok(()) };
    if !rest.is_empty() {
        return match message.get_field_mut(&field) {
            Value::Message(inner) => place(inner, rest, values),
            _ => Ok(()),
        };
    }
    check_oneof(message, &field)?;
    let wrong = |text: String| format!("parsing field {:?}: {text}", field.name());
    if field.is_map() {
        return place_in_map(message, &field, values);
    }
    if field.is_list() {
        let items = values.iter().map(|value| scalar(&field, value).map_err(wrong));
        message.set_field(&field, Value::List(items.collect::<Result<_, _>>()?));
        return Ok(());
    }
    match values {
        [value] => message.set_field(&field, scalar(&field, value).map_err(wrong)?),
        _ => return Err(format!("too many values for field {:?}: {}", field.name(), values.join(", "))),
    }
    Ok(())
}

fn check_oneof(message: &DynamicMessage, field: &FieldDescriptor) -> Result<(), String> {
    let Some(oneof) = field.containing_oneof() else { return Ok(()) };
    if oneof.fields().any(|other| message.has_field(&other)) && !oneof.is_synthetic() {
        return Err(format!("field already set for oneof {:?}", oneof.name()));
    }
    Ok(())
}

fn place_in_map(
    message: &mut DynamicMessage,
    field: &FieldDescriptor,
    values: &[String],
) -> Result<(), String> {
    let [key, value] = values else {
        let count = values.len();
        return Err(format!("more than one value provided for key in map {:?}: {count}", field.name()));
    };
    let Kind::Message(entry) = field.kind() else { return Ok(()) };
    if !matches!(entry.map_entry_key_field().kind(), Kind::String) {
        return Err(format!("parsing map key {key:?}: unsupported type"));
    }
    let parsed = scalar(&entry.map_entry_value_field(), value)
        .map_err(|text| format!("parsing map value {:?}: {text}", field.name()))?;
    if let Value::Map(map) = message.get_field_mut(field) {
        map.insert(MapKey::String(key.clone()), parsed);
    }
    Ok(())
}

/// Reads one value of the query.
fn scalar(field: &FieldDescriptor, text: &str) -> Result<Value, String> {
    let integer = |bits: u32, signed: bool| whole(text, bits, signed);
    let too_narrow = |_| format!("value out of range: {text:?}");
    Ok(match field.kind() {
        Kind::Bool => Value::Bool(boolean(text)?),
        Kind::String => Value::String(text.to_owned()),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Value::I32(i32::try_from(integer(32, true)?).map_err(too_narrow)?)
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Value::I64(i64::try_from(integer(64, true)?).map_err(too_narrow)?)
        }
        Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::try_from(integer(32, false)?).map_err(too_narrow)?),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::try_from(integer(64, false)?).map_err(too_narrow)?),
        Kind::Float => Value::F32(float(text)? as f32),
        Kind::Double => Value::F64(float(text)?),
        Kind::Bytes => Value::Bytes(bytes(text)?.into()),
        Kind::Enum(kind) => {
            let by_number = || kind.get_value(text.parse().ok()?);
            let found = kind.get_value_by_name(text).or_else(by_number);
            Value::EnumNumber(found.ok_or_else(|| format!("{text:?} is not a valid value"))?.number())
        }
        Kind::Message(kind) => match json::read_known(text, &kind) {
            Some(read) => Value::Message(read?),
            None => return Err(format!("unsupported message type: {:?}", kind.full_name())),
        },
    })
}

fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

fn whole(text: &str, bits: u32, signed: bool) -> Result<i128, String> {
    let name = if signed { "ParseInt" } else { "ParseUint" };
    let digits = if signed { text.strip_prefix(['+', '-']).unwrap_or(text) } else { text };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("strconv.{name}: parsing {text:?}: invalid syntax"));
    }
    let (least, most) = match signed {
        true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        false => (0, (1i128 << bits) - 1),
    };
    let value = text.parse::<i128>().ok().filter(|value| (least..=most).contains(value));
    value.ok_or_else(|| format!("strconv.{name}: parsing {text:?}: value out of range"))
}

fn float(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("strconv.ParseFloat: parsing {text:?}: invalid syntax"))
}

fn bytes(text: &str) -> Result<Vec<u8>, String> {
    let wrong = |at: usize| format!("illegal base64 data at input byte {at}");
    if !text.len().is_multiple_of(4) && !text.bytes().any(|byte| !byte.is_ascii_alphanumeric()) {
        return Err(wrong(text.len() / 4 * 4));
    }
    longhaul_kernel::base64::decode(text).map_err(wrong)
}
