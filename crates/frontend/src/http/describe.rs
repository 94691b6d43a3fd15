//! Descriptions of the HTTP API for other programs, made from the descriptors: OpenAPI 3 in YAML, Swagger 2 in JSON.

use std::collections::{BTreeMap, btree_map::Entry};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::{
    api::Api,
    route::{BodyField, Room, Route},
};

/// How the two languages differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    OpenApi,
    Swagger,
}

/// The description in OpenAPI 3, as YAML.
pub(super) fn openapi(api: &Api) -> String {
    let mut out = String::from("# Generated from the descriptors of the API\n");
    yaml(&document(api, Language::OpenApi), 0, &mut out);
    out
}

/// The description in Swagger 2, as JSON.
pub(super) fn swagger(api: &Api) -> String {
    format!("{:#}\n", document(api, Language::Swagger))
}

fn document(api: &Api, language: Language) -> Value {
    let mut schemas = Schemas { language, found: BTreeMap::new(), waiting: Vec::new() };
    let mut paths: Map<String, Value> = Map::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for route in &api.routes.all {
        let count = seen.entry(&route.call).or_default();
        *count += 1;
        let id = if *count == 1 { route.call.clone() } else { format!("{}{count}", route.call) };
        let operation = schemas.operation(route, &id);
        let path = paths.entry(route.template.clone()).or_insert_with(|| json!({}));
        path[route.verb.to_ascii_lowercase()] = operation;
    }
    schemas.require(&api.status);
    let schemas = schemas.finish();
    let info = json!({ "title": "Temporal API", "version": crate::cluster::COMPATIBLE_VERSION });
    match language {
        Language::OpenApi => json!({
            "openapi": "3.0.3", "info": info, "paths": paths, "components": { "schemas": schemas },
        }),
        Language::Swagger => json!({
            "swagger": "2.0", "info": info, "paths": paths, "definitions": schemas,
            "consumes": ["application/json"], "produces": ["application/json"],
        }),
    }
}

/// The types that have been met.
struct Schemas {
    language: Language,
    found: BTreeMap<String, Value>,
    waiting: Vec<MessageDescriptor>,
}

impl Schemas {
    fn operation(&mut self, route: &Route, id: &str) -> Value {
        let mut parameters = Vec::new();
        for path in route.path_fields() {
            let schema = json!({ "type": "string" });
            parameters.push(self.parameter(path, "path", &schema));
        }
        let mut taken: Vec<&str> = route.path_fields().collect();
        let body = match &route.body {
            BodyField::None => None,
            BodyField::Whole => Some(self.require(&route.input)),
            BodyField::Field(name) => {
                taken.push(name);
                route.input.get_field_by_name(name).map(|field| self.field(&field))
            }
        };
        if route.body != BodyField::Whole {
            self.query(&route.input, "", &taken, 0, &mut parameters);
        }
        let answer = self.content(&self.reference(&route.output), "OK");
        let failure = self.content(&json!({ "$ref": self.place("Status") }), "Default error response");
        self.require(&route.output);
        let tag = match route.room {
            Room::Workflow => "WorkflowService",
            Room::Operator => "OperatorService",
        };
        let mut operation = json!({
            "operationId": id, "tags": [tag], "responses": { "200": answer, "default": failure },
        });
        match (body, self.language) {
            (Some(schema), Language::OpenApi) => {
                let content = json!({ "application/json": { "schema": schema } });
                operation["requestBody"] = json!({ "required": true, "content": content });
            }
            (Some(schema), Language::Swagger) => {
                parameters.push(json!({ "name": "body", "in": "body", "required": true, "schema": schema }));
            }
            (None, _) => {}
        }
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        operation
    }

    /// The parameters of a query: fields, and fields of messages in them, but no deeper than the reference goes.
    fn query(
        &mut self,
        message: &MessageDescriptor,
        prefix: &str,
        taken: &[&str],
        depth: usize,
        out: &mut Vec<Value>,
    ) {
        for field in message.fields() {
            let name = format!("{prefix}{}", field.name());
            if taken.contains(&name.as_str()) || field.is_map() {
                continue;
            }
            let shown = format!("{}{}", super::json::camel(prefix), field.json_name());
            match field.kind() {
                Kind::Message(inner) if !inner.full_name().starts_with("google.protobuf.") => {
                    if !field.is_list() && depth < 2 {
                        self.query(&inner, &format!("{name}."), taken, depth + 1, out);
                    }
                }
                _ => {
                    let schema = self.field(&field);
                    out.push(self.parameter(&shown, "query", &schema));
                }
            }
        }
    }

    fn parameter(&self, name: &str, place: &str, schema: &Value) -> Value {
        let mut parameter = json!({ "name": name, "in": place });
        if place == "path" {
            parameter["required"] = true.into();
        }
        match (self.language, schema) {
            (Language::Swagger, Value::Object(members)) => {
                for (key, value) in members {
                    parameter[key] = value.clone();
                }
            }
            _ => parameter["schema"] = schema.clone(),
        }
        parameter
    }

    fn content(&self, schema: &Value, description: &str) -> Value {
        match self.language {
            Language::OpenApi => {
                let content = json!({ "application/json": { "schema": schema } });
                json!({ "description": description, "content": content })
            }
            Language::Swagger => json!({ "description": description, "schema": schema }),
        }
    }

    fn place(&self, name: &str) -> String {
        match self.language {
            Language::OpenApi => format!("#/components/schemas/{name}"),
            Language::Swagger => format!("#/definitions/{name}"),
        }
    }

    fn reference(&self, message: &MessageDescriptor) -> Value {
        json!({ "$ref": self.place(&schema_name(message)) })
    }

    /// A reference to a type, which is described sooner or later.
    fn require(&mut self, message: &MessageDescriptor) -> Value {
        let name = schema_name(message);
        if let Entry::Vacant(place) = self.found.entry(name) {
            place.insert(Value::Null);
            self.waiting.push(message.clone());
        }
        self.reference(message)
    }

    fn finish(mut self) -> BTreeMap<String, Value> {
        while let Some(message) = self.waiting.pop() {
            let mut properties = Map::new();
            for field in message.fields() {
                properties.insert(field.json_name().to_owned(), self.field(&field));
            }
            let schema = json!({ "type": "object", "properties": properties });
            self.found.insert(schema_name(&message), schema);
        }
        self.found
    }

    fn field(&mut self, field: &FieldDescriptor) -> Value {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let value = self.single(&entry.map_entry_value_field().kind());
                json!({ "type": "object", "additionalProperties": value })
            }
            kind if field.is_list() => json!({ "type": "array", "items": self.single(&kind) }),
            kind => self.single(&kind),
        }
    }

    fn single(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::String => json!({ "type": "string" }),
            Kind::Bytes => json!({ "type": "string", "format": "bytes" }),
            Kind::Double => json!({ "type": "number", "format": "double" }),
            Kind::Float => json!({ "type": "number", "format": "float" }),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({ "type": "integer", "format": "int32" }),
            Kind::Uint32 | Kind::Fixed32 => json!({ "type": "integer", "format": "uint32" }),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => json!({ "type": "string", "format": "int64" }),
            Kind::Uint64 | Kind::Fixed64 => json!({ "type": "string", "format": "uint64" }),
            Kind::Enum(kind) => enumeration(kind),
            Kind::Message(kind) => match kind.full_name() {
                "google.protobuf.Timestamp" => json!({ "type": "string", "format": "date-time" }),
                "google.protobuf.Duration" => {
                    json!({ "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$" })
                }
                "google.protobuf.FieldMask" => json!({ "type": "string", "format": "field-mask" }),
                // In shorthand any JSON is one.
                "temporal.api.common.v1.Payload" => json!({}),
                _ => self.require(kind),
            },
        }
    }
}

fn enumeration(kind: &EnumDescriptor) -> Value {
    let names: Vec<String> = kind.values().map(|value| value.name().to_owned()).collect();
    json!({ "type": "string", "format": "enum", "enum": names })
}

/// The name of a type without its package; types inside of others and foreign ones keep more of it.
fn schema_name(message: &MessageDescriptor) -> String {
    let full = message.full_name();
    let own = full.strip_prefix(message.package_name()).unwrap_or(full).trim_start_matches('.');
    match message.package_name() {
        "google.rpc" => own.to_owned(),
        package => match package.strip_prefix("temporal.api.") {
            Some("workflowservice.v1" | "operatorservice.v1" | "common.v1") => own.replace('.', "_"),
            Some(room) => {
                format!("{}_{}", room.trim_end_matches(".v1").replace('.', "_"), own.replace('.', "_"))
            }
            None => full.replace('.', "_"),
        },
    }
}

/// Writes a value as YAML. Texts are quoted as in JSON, which YAML reads too.
fn yaml(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, inner) in members {
                out.push_str(&format!("{indent}{}:", Value::from(key.as_str())));
                nested(inner, depth, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&format!("{indent}-"));
                nested(item, depth, out);
            }
        }
        scalar => out.push_str(&format!("{indent}{scalar}\n")),
    }
}

fn nested(inner: &Value, depth: usize, out: &mut String) {
    let is_block = inner.as_object().is_some_and(|it| !it.is_empty())
        || inner.as_array().is_some_and(|it| !it.is_empty());
    if is_block {
        out.push('\n');
        yaml(inner, depth + 1, out);
    } else {
        out.push_str(&format!(" {inner}\n"));
    }
}
