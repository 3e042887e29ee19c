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

/// The identifier of what there is one of in each account.
pub(crate) const SINGLETON: &str = "singleton";

/// The answer to a `/get` call of what there is one of.
pub(crate) fn got_single(account: &str, state: &str, object: Value, asked: Option<&[String]>) -> Value {
    let is_asked = asked.is_none_or(|asked| asked.iter().any(|id| id == SINGLETON));
    let missing = asked.unwrap_or_default().iter().filter(|id| *id != SINGLETON).cloned().collect();
    got(account, Some(state), is_asked.then_some(object).into_iter().collect(), missing)
}
