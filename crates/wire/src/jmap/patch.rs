//! Patches: changes of single values within an object (RFC 8620 section 5.3).

use serde_json::Value;

use super::Object;

/// Why a patch cannot be applied; the client is told `invalidPatch`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// No pointer.
    #[error("{0:?} is no pointer")]
    Pointer(String),
    /// It leads into a list, or through what is not there.
    #[error("{0:?} leads through what is no object")]
    NoObject(String),
    /// One of two pointers is the beginning of the other.
    #[error("{0:?} changes what another path of the patch changes too")]
    Overlap(String),
}

/// The steps of a pointer whose leading slash is left out, escapes undone (RFC 6901 section 3).
#[must_use]
pub fn split_pointer(pointer: &str) -> Option<Vec<String>> {
    pointer.split('/').map(unescape).collect()
}

fn unescape(step: &str) -> Option<String> {
    if !step.contains('~') {
        return Some(step.to_owned());
    }
    let mut out = String::with_capacity(step.len());
    let mut chars = step.chars();
    while let Some(c) = chars.next() {
        match c {
            '~' => match chars.next()? {
                '0' => out.push('~'),
                '1' => out.push('/'),
                _ => return None,
            },
            c => out.push(c),
        }
    }
    Some(out)
}

/// Changes `object` as `patch` says: each path to a value, null takes away. All or nothing.
///
/// # Errors
/// [`PatchError`]; then nothing has been changed.
pub fn apply_patch(object: &mut Object, patch: &Object) -> Result<(), PatchError> {
    let mut paths = Vec::with_capacity(patch.len());
    for (pointer, value) in patch {
        let steps = split_pointer(pointer).ok_or_else(|| PatchError::Pointer(pointer.clone()))?;
        paths.push((steps, pointer, value));
    }
    for (steps, pointer, _) in &paths {
        let is_prefix =
            |(other, ..): &&(Vec<String>, &String, &Value)| other.len() < steps.len() && steps.starts_with(other);
        if paths.iter().any(|other| is_prefix(&other)) {
            return Err(PatchError::Overlap((*pointer).clone()));
        }
    }
    let mut changed = object.clone();
    for (steps, pointer, value) in paths {
        set(&mut changed, &steps, value).ok_or_else(|| PatchError::NoObject(pointer.clone()))?;
    }
    *object = changed;
    Ok(())
}

fn set(object: &mut Object, steps: &[String], value: &Value) -> Option<()> {
    let (step, rest) = steps.split_first()?;
    if rest.is_empty() {
        if value.is_null() {
            object.remove(step.as_str());
        } else {
            object.insert(step.clone(), value.clone());
        }
        return Some(());
    }
    match object.get_mut(step.as_str())? {
        Value::Object(inner) => set(inner, rest, value),
        _ => None,
    }
}
