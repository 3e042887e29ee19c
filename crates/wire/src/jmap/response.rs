//! What a server answers (RFC 8620 section 3.4).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{MethodError, MethodErrorKind, Object, evaluate};

/// The answers to the calls of a request, in order.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    method_responses: Vec<(String, Value, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_ids: Option<BTreeMap<String, String>>,
    session_state: String,
}

impl Response {
    /// No answers yet; `created_ids` as the request has them.
    #[must_use]
    pub fn new(created_ids: Option<BTreeMap<String, String>>, session_state: String) -> Self {
        Self { method_responses: Vec::new(), created_ids, session_state }
    }

    /// Adds the answer of a call.
    pub fn answer(&mut self, name: &str, answer: Value, id: &str) {
        self.method_responses.push((name.to_owned(), answer, id.to_owned()));
    }

    /// Adds that a call failed (RFC 8620 section 3.6.2).
    pub fn fail(&mut self, error: &MethodError, id: &str) {
        self.method_responses.push(("error".to_owned(), json!(error), id.to_owned()));
    }

    /// Names what was created, for the client's later requests.
    pub fn note_created(&mut self, name: &str, id: &str) {
        if let Some(ids) = &mut self.created_ids {
            ids.insert(name.to_owned(), id.to_owned());
        }
    }

    /// What was answered so far: name, answer, identifier of the call.
    #[must_use]
    pub fn answers(&self) -> &[(String, Value, String)] {
        &self.method_responses
    }

    /// What a reference (RFC 8620 section 3.7) leads to.
    ///
    /// # Errors
    /// `invalidResultReference`.
    pub(crate) fn referred(&self, reference: &Value) -> Result<Value, MethodError> {
        let nowhere = |why: &str| MethodError::new(MethodErrorKind::InvalidResultReference, why);
        let text = |name: &str| reference.get(name).and_then(Value::as_str);
        let (Some(of), Some(name), Some(path)) = (text("resultOf"), text("name"), text("path")) else {
            return Err(nowhere("a reference has resultOf, name and path"));
        };
        let found = self.method_responses.iter().find(|(_, _, id)| id == of);
        let (found_name, answer, _) = found.ok_or_else(|| nowhere("no earlier call has this identifier"))?;
        if found_name != name {
            return Err(nowhere("the call was answered otherwise"));
        }
        evaluate(answer, path).ok_or_else(|| nowhere("the path leads nowhere"))
    }

    /// As a problem of the kind that a WebSocket names by the request's identifier (RFC 8887 section 4.3.2).
    #[must_use]
    pub fn into_websocket(self, request_id: Option<&str>) -> Object {
        let mut members = match json!(self) {
            Value::Object(members) => members,
            _ => Object::new(),
        };
        members.insert("@type".to_owned(), "Response".into());
        if let Some(id) = request_id {
            members.insert("requestId".to_owned(), id.into());
        }
        members
    }
}
