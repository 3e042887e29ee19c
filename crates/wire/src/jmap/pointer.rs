//! JSON pointers (RFC 6901) with `*` for every element of a list (RFC 8620 section 3.7).

use serde_json::Value;

use super::split_pointer;

/// What `path` leads to in `value`; none if that is nothing.
#[must_use]
pub fn evaluate(value: &Value, path: &str) -> Option<Value> {
    if path.is_empty() {
        return Some(value.clone());
    }
    let steps = split_pointer(path.strip_prefix('/')?)?;
    walk(value, &steps)
}

fn walk(value: &Value, steps: &[String]) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value.clone()) };
    match value {
        Value::Object(members) => walk(members.get(step.as_str())?, rest),
        Value::Array(items) if step == "*" => {
            let mut found = Vec::new();
            for item in items {
                match walk(item, rest)? {
                    // What each element leads to is put into one list.
                    Value::Array(inner) => found.extend(inner),
                    one => found.push(one),
                }
            }
            Some(Value::Array(found))
        }
        Value::Array(items) => walk(items.get(index(step)?)?, rest),
        _ => None,
    }
}

/// RFC 6901 section 4: digits without leading zeros.
fn index(step: &str) -> Option<usize> {
    if step.is_empty() || (step.len() > 1 && step.starts_with('0')) || !step.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    step.parse().ok()
}
