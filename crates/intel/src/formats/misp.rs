//! Events of MISP: attributes, in events and in their objects, that are meant for detection.

use serde_json::Value;

use super::{FormatError, Taker};
use crate::entry::{Entry, classify};

pub(super) fn read(root: &Value, taker: &mut Taker<'_>) -> Result<(), FormatError> {
    let mut found = 0;
    walk(root, taker, &mut found)?;
    if found == 0 {
        return Err(FormatError::Form { form: "MISP", cause: "it holds no attributes".to_owned() });
    }
    Ok(())
}

/// Depth is bounded by the reader of JSON.
fn walk(value: &Value, taker: &mut Taker<'_>, found: &mut u64) -> Result<(), FormatError> {
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| walk(item, taker, found)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Array(attributes) if name == "Attribute" => {
                        *found += attributes.len() as u64;
                        attributes.iter().try_for_each(|attribute| add(attribute, taker))?;
                    }
                    _ => walk(member, taker, found)?,
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn add(attribute: &Value, taker: &mut Taker<'_>) -> Result<(), FormatError> {
    let text = |name: &str| attribute.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_off = |name: &str, off: bool| attribute.get(name).and_then(Value::as_bool) == Some(off);
    // What is not for detection says so, and what was deleted is still there.
    if is_off("to_ids", false) || is_off("deleted", true) {
        return Ok(());
    }
    let value = text("value");
    let (first, second) = value.split_once('|').unwrap_or((value, ""));
    let word = match text("type") {
        "url" | "uri" | "link" | "domain" | "hostname" | "email" | "email-src" | "email-reply-to" | "ip-src"
        | "ip-dst" | "sha256" => value,
        "domain|ip" | "hostname|port" | "ip-src|port" | "ip-dst|port" => first,
        "filename|sha256" => second,
        // Of another kind, such as a comment or a hash that we do not compute.
        _ => return Ok(()),
    };
    let entry = classify(word);
    // A digest of another length must not become a domain.
    let is_fit = !text("type").ends_with("sha256") || matches!(entry, Some(Entry::File(_)));
    taker.take(word, entry.filter(|_| is_fit))
}
