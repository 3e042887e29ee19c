//! What the server says of itself (RFC 7644 section 4, RFC 7643 sections 5 to 7).

use serde_json::{Value, json};

use super::{GROUP, LIST, MAIL_GROUP, RESULTS_MAX, USER};

fn list(resources: Vec<Value>) -> Value {
    json!({
        "schemas": [LIST], "totalResults": resources.len(), "startIndex": 1, "itemsPerPage": resources.len(),
        "Resources": resources,
    })
}

/// `/ServiceProviderConfig`
#[must_use]
pub fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": RESULTS_MAX },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Bearer token", "primary": true,
            "description": "A token of the client's own, made by: tradewind provision token add",
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// `/ResourceTypes`
#[must_use]
pub fn resource_types(base: &str) -> Value {
    list(["User", "Group"].iter().filter_map(|name| resource_type(name, base)).collect())
}

/// `/ResourceTypes/NAME`
#[must_use]
pub fn resource_type(name: &str, base: &str) -> Option<Value> {
    let (schema, extensions) = match name {
        "User" => (USER, json!([])),
        "Group" => (GROUP, json!([{ "schema": MAIL_GROUP, "required": false }])),
        _ => return None,
    };
    Some(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name, "name": name, "endpoint": format!("/{name}s"), "schema": schema, "schemaExtensions": extensions,
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") },
    }))
}

/// `/Schemas`
#[must_use]
pub fn schemas(base: &str) -> Value {
    list([USER, GROUP, MAIL_GROUP].iter().filter_map(|id| schema(id, base)).collect())
}

/// `/Schemas/URN`
#[must_use]
pub fn schema(id: &str, base: &str) -> Option<Value> {
    let (name, attributes) = match id {
        USER => ("User", user()),
        GROUP => ("Group", group()),
        MAIL_GROUP => (
            "MailGroup",
            vec![
                attribute("address", "string", "Mail address of the group."),
                attribute("senders", "string", "Who may write to it: anyone, organisation, members or owners."),
            ],
        ),
        _ => return None,
    };
    Some(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": id, "name": name, "attributes": attributes,
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{id}") },
    }))
}

fn attribute(name: &str, kind: &str, description: &str) -> Value {
    json!({
        "name": name, "type": kind, "multiValued": false, "description": description, "required": false,
        "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none",
    })
}

fn with(mut attribute: Value, changes: Value) -> Value {
    if let (Some(fields), Value::Object(changes)) = (attribute.as_object_mut(), changes) {
        fields.extend(changes);
    }
    attribute
}

fn user() -> Vec<Value> {
    let value = attribute("value", "string", "The value.");
    let kind = attribute("type", "string", "work for the main address, other for the rest.");
    let primary = attribute("primary", "boolean", "Whether it is the main one.");
    vec![
        with(attribute("userName", "string", "Mail address."), json!({ "required": true, "uniqueness": "server" })),
        attribute("displayName", "string", "Shown name."),
        with(
            attribute("name", "complex", "Shown name, in parts."),
            json!({ "subAttributes": [
                attribute("formatted", "string", "The whole name."),
                attribute("givenName", "string", "Given name; read, not given back."),
                attribute("familyName", "string", "Family name; read, not given back."),
            ] }),
        ),
        attribute("preferredLanguage", "string", "Language of notices: zh or en."),
        attribute("active", "boolean", "Whether the account is in use."),
        with(
            attribute("emails", "complex", "All addresses; those at domains that are not hosted here are passed over."),
            json!({ "multiValued": true, "subAttributes": [value.clone(), kind, primary.clone()] }),
        ),
        with(
            attribute("roles", "complex", "Job role: sales, finance, management or it."),
            json!({ "multiValued": true, "subAttributes": [value, primary] }),
        ),
    ]
}

fn group() -> Vec<Value> {
    vec![
        with(attribute("displayName", "string", "Shown name."), json!({ "required": true })),
        with(
            attribute("members", "complex", "Who is in the group."),
            json!({ "multiValued": true, "subAttributes": [
                attribute("value", "string", "Identifier of the user or group."),
                attribute("type", "string", "User, Group, or Outside for an address elsewhere."),
                attribute("display", "string", "Its name."),
            ] }),
        ),
    ]
}
