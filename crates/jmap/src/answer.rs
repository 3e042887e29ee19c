//! Answers that methods of many types give alike.

use serde_json::Value;
use wire::jmap::Object;

/// The answer to a `/get` call (RFC 8620 section 5.1). What was read is moved in, not copied: a list of messages is large.
pub(crate) fn got(account: &str, state: Option<&str>, list: Vec<Value>, missing: Vec<String>) -> Value {
    let mut answer = Object::with_capacity(4);
    answer.insert("accountId".to_owned(), account.into());
    if let Some(state) = state {
        answer.insert("state".to_owned(), state.into());
    }
    answer.insert("list".to_owned(), Value::Array(list));
    answer.insert("notFound".to_owned(), missing.into());
    Value::Object(answer)
}
