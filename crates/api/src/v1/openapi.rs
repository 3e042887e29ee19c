//! The description of the API, made from the list of actions, what they answer, and the kinds of failures.

use std::sync::LazyLock;

use access::Action as Right;
use serde_json::{Map, Value, json};

use super::problem::{Kind, URN};
use crate::actions::{Action, answers};

/// Actions on files of the machine, which only its own command line can name.
const LOCAL: &[&str] = &["import", "import-imap", "export"];

/// Failures that any action may answer with, by status.
const FAILURES: &[u16] = &[400, 401, 403, 413, 415, 422, 429, 503];

/// Actions whose content may ask for another right than their line says, and which.
const BESIDE: &[(&str, Right)] = &[
    ("user-add", Right::RoleGive),
    ("directory-import", Right::RoleGive),
    ("organisation-level", Right::ProtectionLower),
    ("list-add", Right::ProtectionLower),
    ("judging-policy-set", Right::ProtectionLower),
    ("setting-set", Right::ProtectionLower),
    ("setting-undo", Right::ProtectionLower),
    ("config-import", Right::ProtectionLower),
    ("access-approval", Right::ProtectionLower),
    ("user-unfreeze", Right::PasswordReset),
    ("backup-mail", Right::MailRead),
    ("backup-mail-restore", Right::StoreCollect),
    ("investigation-close", Right::HoldChange),
    ("factor-remove", Right::FactorChange),
    ("factor-recovery-codes", Right::FactorChange),
];

const ABOUT: &str = "Every action is POST with a JSON object. Who asks is known by the session's cookie, and each request must show that \
    it comes from a page of this server (Sec-Fetch-Site: same-origin, or an Origin that is ours). No text may hold U+0000. Failures are \
    problems (RFC 9457): 403 does not say whether something is not there or is not yours, 401 with the type step-up asks for a strong \
    factor (RFC 9470), 400 names the field that is not as described.";

static KEPT: LazyLock<Value> = LazyLock::new(build);

/// The description, made once.
pub(super) fn kept() -> &'static Value {
    &KEPT
}

/// What the action of that name must be told; nothing if the API has none.
pub(super) fn body_of(name: &str) -> Option<&'static Value> {
    let path = kept().get("paths")?.get(format!("/api/v1/{name}"))?;
    path.pointer("/post/requestBody/content/application~1json/schema")
}

/// The API as an `OpenAPI` 3.1 document.
#[must_use]
pub fn document() -> Value {
    kept().clone()
}

fn build() -> Value {
    let schema = serde_json::to_value(schemars::schema_for!(Action)).unwrap_or_default();
    let mut bodies = bodies(&schema);
    let mut paths = Map::new();
    for (name, doc, right) in Action::ALL.iter().filter(|(name, ..)| !LOCAL.contains(name)) {
        let body = bodies.remove(*name).unwrap_or_else(|| json!({ "type": "object" }));
        paths.insert(format!("/api/v1/{name}"), json!({ "post": operation((name, doc.trim(), *right), &body) }));
    }
    paths.insert("/api/v1/investigations/{id}/archive".to_owned(), archive());
    paths.insert("/api/v1/openapi.json".to_owned(), own());
    let responses: Map<String, Value> = FAILURES.iter().map(|status| (named(*status), failure(*status))).collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Tradewind", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT },
        "security": [{ "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "session": { "type": "apiKey", "in": "cookie", "name": "__Host-session" } },
            "responses": responses,
            "schemas": bounded(rooted(schema.get("$defs").cloned().unwrap_or_else(|| json!({})))),
        },
    })
}

fn operation((name, doc, right): (&str, &str, Right), body: &Value) -> Value {
    let need = right
        .sensitivity()
        .map(|it| json!({ "strong_factor": true, "second_person": it.approval != access::Approval::Never }));
    let answer = answers::of(name).cloned().unwrap_or_default();
    let mut responses = Map::new();
    responses.insert(
        "200".to_owned(),
        json!({ "description": "Done", "content": { "application/json": { "schema": answer } } }),
    );
    if may_wait(name, right) {
        responses.insert("202".to_owned(), waiting());
    }
    responses.extend(failures(FAILURES));
    json!({
        "operationId": name,
        "summary": doc,
        "x-right": right.as_str(),
        "x-sensitive": need,
        "requestBody": { "required": true, "content": { "application/json": { "schema": body } } },
        "responses": responses,
    })
}

/// Whether a second person may have to agree, by the table or as an organisation sets it.
fn may_wait(name: &str, right: Right) -> bool {
    let beside = BESIDE.iter().filter(|(action, _)| *action == name).map(|(_, right)| *right);
    std::iter::once(right).chain(beside).any(|right| right.sensitivity().is_some())
}

fn waiting() -> Value {
    json!({
        "description": "Waits for a second person",
        "content": { "application/json": { "schema": {
            "type": "object",
            "properties": {
                "state": { "const": "waiting" },
                "request": { "type": "integer", "description": "Its number in approval-list." },
            },
            "required": ["state", "request"],
            "additionalProperties": false,
        } } },
    })
}

/// What an investigation has found, which `investigation-export` has made ready.
fn archive() -> Value {
    let mut responses = failures(&[401, 403, 429, 503]);
    responses.insert("200".to_owned(), json!({ "description": "The archive", "content": { "application/zip": {} } }));
    let id = json!({
        "name": "id", "in": "path", "required": true, "description": "The investigation's number.",
        "schema": bounded(json!({ "type": "integer", "format": "int64" })),
    });
    json!({ "get": {
        "operationId": "investigation-archive",
        "summary": "Fetch what an investigation has found, after investigation-export.",
        "parameters": [id],
        "responses": responses,
    } })
}

fn own() -> Value {
    json!({ "get": {
        "operationId": "openapi",
        "summary": "This description.",
        "security": [],
        "responses": {
            "200": { "description": "This description", "content": { "application/json": { "schema": { "type": "object" } } } },
        },
    } })
}

fn named(status: u16) -> String {
    format!("Problem{status}")
}

fn failures(statuses: &[u16]) -> Map<String, Value> {
    let refer =
        |status: &u16| (status.to_string(), json!({ "$ref": format!("#/components/responses/{}", named(*status)) }));
    statuses.iter().map(refer).collect()
}

/// The failures of a status.
fn failure(status: u16) -> Value {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.status().as_u16() == status).collect();
    let types: Vec<String> = kinds.iter().map(|kind| format!("{URN}{}", kind.word())).collect();
    let titles: Vec<&str> = kinds.iter().map(|kind| kind.title()).collect();
    let mut properties = json!({
        "type": { "type": "string", "enum": types },
        "title": { "type": "string" },
        "status": { "const": status },
        "detail": { "type": ["string", "null"], "description": "What is wrong and what to do about it, for people." },
    });
    if status == 400 {
        properties["field"] = json!({ "type": "string", "description": "The field that it is about." });
    }
    let mut response = json!({
        "description": titles.join("; "),
        "content": { "application/problem+json": { "schema": {
            "type": "object",
            "properties": properties,
            "required": ["type", "title", "status", "detail"],
            "additionalProperties": false,
        } } },
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", json!({ "type": "string" }))),
        429 => Some(("Retry-After", json!({ "type": "integer", "minimum": 1, "description": "Seconds." }))),
        _ => None,
    };
    if let Some((name, schema)) = header {
        response["headers"] = json!({ (name): { "required": true, "schema": schema } });
    }
    response
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
        // An action that is told nothing refuses whatever it is told, as all others refuse what they do not know.
        body.insert("additionalProperties".to_owned(), false.into());
        Some((name, bounded(rooted(Value::Object(body)))))
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

/// Whole numbers with the least and the greatest that their type has room for.
fn bounded(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(bounded).collect(),
        Value::Object(fields) => {
            let mut fields: Map<String, Value> =
                fields.into_iter().map(|(name, value)| (name, bounded(value))).collect();
            let (least, most): (Value, Value) = match fields.get("format").and_then(Value::as_str) {
                Some("uint8") => (0.into(), u8::MAX.into()),
                Some("uint16") => (0.into(), u16::MAX.into()),
                Some("uint32") => (0.into(), u32::MAX.into()),
                Some("uint64") => (0.into(), u64::MAX.into()),
                Some("int64") => (i64::MIN.into(), i64::MAX.into()),
                _ => return Value::Object(fields),
            };
            fields.entry("minimum").or_insert(least);
            fields.entry("maximum").or_insert(most);
            Value::Object(fields)
        }
        other => other,
    }
}
