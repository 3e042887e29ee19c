//! Bundles of STIX 2.1: indicators whose pattern compares one thing with one value, or is an OR of such comparisons.
//!
//! A pattern that needs two things at once, or a part of a text, would say more than it means if one of them alone counted: it is counted
//! as not understood and left out.

use serde_json::Value;

use super::{FormatError, Taker};
use crate::entry::{Entry, classify};

pub(super) fn read(root: &Value, now: &str, taker: &mut Taker<'_>) -> Result<(), FormatError> {
    let is_bundle = root.get("type").and_then(Value::as_str) == Some("bundle");
    let objects = root.get("objects").and_then(Value::as_array).filter(|_| is_bundle);
    let Some(objects) = objects else {
        return Err(FormatError::Form { form: "STIX bundle", cause: "it has no objects".to_owned() });
    };
    objects.iter().filter(|object| holds(object, now)).try_for_each(|object| {
        let pattern = object.get("pattern").and_then(Value::as_str).unwrap_or_default();
        match comparisons(pattern) {
            Some(found) => found.iter().try_for_each(|(path, value)| taker.take(value, entry(path, value))),
            None => taker.take(pattern, None),
        }
    })
}

/// Whether it is an indicator that is in force.
fn holds(object: &Value, now: &str) -> bool {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    text("type") == Some("indicator")
        && object.get("revoked").and_then(Value::as_bool) != Some(true)
        && text("pattern_type").is_none_or(|kind| kind == "stix")
        // Times in STIX are in UTC and end in Z, so their order is that of their text to the second.
        && text("valid_until").is_none_or(|until| until.get(..19) > now.get(..19))
}

fn entry(path: &str, value: &str) -> Option<Entry> {
    let entry = classify(value);
    let is_fit = match path {
        "url:value" => matches!(entry, Some(Entry::Url { .. } | Entry::Domain(_) | Entry::Network(_))),
        "domain-name:value" => matches!(entry, Some(Entry::Domain(_))),
        "ipv4-addr:value" | "ipv6-addr:value" => matches!(entry, Some(Entry::Network(_))),
        "email-addr:value" | "email-message:from_ref.value" | "email-message:sender_ref.value" => {
            matches!(entry, Some(Entry::Mailbox(_)))
        }
        "file:hashes.'SHA-256'" | "file:hashes.SHA-256" | "file:hashes.\"SHA-256\"" => {
            matches!(entry, Some(Entry::File(_)))
        }
        _ => false,
    };
    entry.filter(|_| is_fit)
}

/// Object paths and values of `[path = 'value' OR ...]`, or of several such in brackets with OR between them.
fn comparisons(pattern: &str) -> Option<Vec<(String, String)>> {
    let mut rest = pattern.trim();
    let mut found = Vec::new();
    loop {
        rest = rest.strip_prefix('[')?.trim_start();
        loop {
            let (path, behind) = rest.split_once('=')?;
            let path = path.trim();
            // `!=`, or something else that is no path.
            if path.is_empty() || path.contains(['!', '<', '>', '(', ']', ' ']) {
                return None;
            }
            let (value, behind) = quoted(behind.trim_start())?;
            found.push((path.to_owned(), value));
            rest = behind.trim_start();
            match rest.strip_prefix("OR") {
                Some(behind) => rest = behind.trim_start(),
                None => break,
            }
        }
        rest = rest.strip_prefix(']')?.trim_start();
        if rest.is_empty() {
            return Some(found);
        }
        rest = rest.strip_prefix("OR")?.trim_start();
    }
}

/// A text in quotes, in which a backslash stands before a quote or a backslash, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('\'')?;
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => value.push(characters.next()?.1),
            '\'' => return Some((value, inner.get(at + 1..)?)),
            _ => value.push(c),
        }
    }
    None
}
