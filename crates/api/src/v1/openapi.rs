//! The description of the API, made from the list of actions.

use serde_json::{Map, Value, json};

use crate::actions::Action;

/// Actions on files of the machine, which only its own command line can name.
const LOCAL: &[&str] = &["import", "import-imap", "export"];

/// Whether the API has an action of that name.
pub(super) fn is_offered(name: &str) -> bool {
    Action::ALL.iter().any(|(known, ..)| *known == name) && !LOCAL.contains(&name)
}

/// The API as an `OpenAPI` 3.1 document.
#[must_use]
pub fn document() -> Value {
    let schema = serde_json::to_value(schemars::schema_for!(Action)).unwrap_or_default();
    let mut bodies = bodies(&schema);
    let mut paths = Map::new();
    for (name, doc, right) in Action::ALL.iter().filter(|(name, ..)| is_offered(name)) {
        let body = bodies.remove(*name).unwrap_or_else(|| json!({ "type": "object" }));
        let need = right
            .sensitivity()
            .map(|it| json!({ "strong_factor": true, "second_person": it.approval != access::Approval::Never }));
        let operation = json!({
            "operationId": name,
            "summary": doc.trim(),
            "x-right": right.as_str(),
            "x-sensitive": need,
            "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
            "responses": {
                "200": { "description": "Done", "content": { "application/json": {} } },
                "202": { "description": "Waits for a second person" },
                "default": { "$ref": "#/components/responses/Problem" },
            },
        });
        paths.insert(format!("/api/v1/{name}"), json!({ "post": operation }));
    }
    let problem = json!({
        "description": "A problem (RFC 9457)",
        "content": { "application/problem+json": { "schema": {
            "type": "object",
            "properties": {
                "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
                "detail": { "type": ["string", "null"] },
            },
        } } },
    });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Tradewind", "version": env!("CARGO_PKG_VERSION") },
        "security": [{ "session": [] }, { "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-session" },
                "token": { "type": "http", "scheme": "bearer" },
            },
            "responses": { "Problem": problem },
            "schemas": rooted(schema.get("$defs").cloned().unwrap_or_else(|| json!({}))),
        },
    })
}

/// What each action must be told, by its name.
fn bodies(schema: &Value) -> Map<String, Value> {
    let variants = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    let read = |variant: Value| {
        let name = variant.pointer("/properties/action/const")?.as_str()?.to_owned();
        let Value::Object(mut body) = variant else { return None };
        if let Some(whole) = body.remove("$ref") {
            return Some((name, rooted(json!({ "$ref": whole }))));
        }
        body.remove("description");
        if let Some(fields) = body.get_mut("properties").and_then(Value::as_object_mut) {
            fields.remove("action");
        }
        if let Some(required) = body.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|field| field != "action");
        }
        Some((name, rooted(Value::Object(body))))
    };
    variants.into_iter().filter_map(read).collect()
}

/// References lead into the document, not into the schema that they were made in.
fn rooted(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace("#/$defs/", "#/components/schemas/")),
        Value::Array(items) => items.into_iter().map(rooted).collect(),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, rooted(value))).collect()),
        other => other,
    }
}
