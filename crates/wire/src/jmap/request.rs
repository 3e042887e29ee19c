//! What a client asks (RFC 8620 section 3.3).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{MethodError, MethodErrorKind, Object, RequestError, Response, parse_ijson};

/// Longest identifier, in octets (RFC 8620 section 1.2).
const ID_BYTES_MAX: usize = 255;

/// What one request may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest request, in octets.
    pub size_bytes_max: usize,
    /// Most calls.
    pub calls_max: usize,
}

/// A request: calls that are carried out in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Capabilities that the client uses.
    pub using: Vec<String>,
    /// The calls.
    pub calls: Vec<Call>,
    /// Identifiers of what was created, by the names that the client gave it; none unless the client sent the property, and then
    /// it is sent back.
    pub created_ids: Option<BTreeMap<String, String>>,
}

/// A call of a method (RFC 8620 section 3.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The method.
    pub name: String,
    /// Its arguments.
    pub arguments: Object,
    /// What the client calls it by.
    pub id: String,
}

/// Registered capabilities that some clients name in every request, whatever the session offers (`jmap-client` does). Refusing the request, as
/// RFC 8620 section 3.6.1 has it for what a server does not know, would shut these clients out; their methods are unknown all the same.
const NAMED_ANYWAY: &[&str] = &[
    "urn:ietf:params:jmap:calendars",
    "urn:ietf:params:jmap:calendars:parse",
    "urn:ietf:params:jmap:principals:availability",
    // Stands in the capabilities of accounts alone (RFC 9670 section 1.5.2).
    "urn:ietf:params:jmap:principals:owner",
];

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestError`] as RFC 8620 section 3.6.1 has it.
    pub fn parse(text: &[u8], known: &[&str], limits: Limits) -> Result<Self, RequestError> {
        if text.len() > limits.size_bytes_max {
            return Err(RequestError::Limit { name: "maxSizeRequest" });
        }
        let value = parse_ijson(text).map_err(|why| RequestError::NotJson { why })?;
        Self::read(value, known, limits)
    }

    /// Reads a request from JSON that has been parsed.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn read(value: Value, known: &[&str], limits: Limits) -> Result<Self, RequestError> {
        let not_request = |why: &str| RequestError::NotRequest { why: why.to_owned() };
        let Value::Object(mut members) = value else { return Err(not_request("it is no object")) };
        let using = read_using(members.remove("using")).ok_or_else(|| not_request("using is no list of strings"))?;
        let is_known = |name: &str| known.contains(&name) || NAMED_ANYWAY.contains(&name);
        if let Some(unknown) = using.iter().find(|it| !is_known(it)) {
            return Err(RequestError::UnknownCapability { name: unknown.clone() });
        }
        let Some(Value::Array(listed)) = members.remove("methodCalls") else {
            return Err(not_request("methodCalls is no list"));
        };
        if listed.len() > limits.calls_max {
            return Err(RequestError::Limit { name: "maxCallsInRequest" });
        }
        let calls: Option<Vec<Call>> = listed.into_iter().map(Call::read).collect();
        let calls = calls.ok_or_else(|| not_request("a call is no list of name, arguments and identifier"))?;
        let created_ids = match members.remove("createdIds") {
            None | Some(Value::Null) => None,
            Some(Value::Object(ids)) => {
                let ids: Option<BTreeMap<_, _>> = ids
                    .into_iter()
                    .map(|(name, id)| match id {
                        Value::String(id) if is_id(&name) && is_id(&id) => Some((name, id)),
                        _ => None,
                    })
                    .collect();
                Some(ids.ok_or_else(|| not_request("createdIds is no map of identifiers"))?)
            }
            Some(_) => return Err(not_request("createdIds is no map of identifiers")),
        };
        Ok(Self { using, calls, created_ids })
    }
}

fn read_using(value: Option<Value>) -> Option<Vec<String>> {
    let Some(Value::Array(listed)) = value else { return None };
    listed.into_iter().map(|it| if let Value::String(name) = it { Some(name) } else { None }).collect()
}

impl Call {
    fn read(value: Value) -> Option<Self> {
        let Value::Array(parts) = value else { return None };
        match <[Value; 3]>::try_from(parts).ok()? {
            [Value::String(name), Value::Object(arguments), Value::String(id)] => Some(Self { name, arguments, id }),
            _ => None,
        }
    }

    /// The arguments, those that refer to earlier answers filled in (RFC 8620 section 3.7).
    ///
    /// # Errors
    /// `invalidArguments` if an argument stands there both ways, `invalidResultReference` if a reference leads nowhere.
    pub fn resolve(&self, answered: &Response) -> Result<Object, MethodError> {
        if !self.arguments.keys().any(|name| name.starts_with('#')) {
            return Ok(self.arguments.clone());
        }
        let mut resolved = Object::new();
        for (name, value) in &self.arguments {
            let Some(plain) = name.strip_prefix('#') else {
                resolved.insert(name.clone(), value.clone());
                continue;
            };
            if self.arguments.contains_key(plain) {
                let why = format!("both {plain} and #{plain} are given");
                return Err(MethodError::new(MethodErrorKind::InvalidArguments, why));
            }
            resolved.insert(plain.to_owned(), answered.referred(value)?);
        }
        Ok(resolved)
    }
}

/// Whether `text` can be an identifier (RFC 8620 section 1.2).
#[must_use]
pub fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
