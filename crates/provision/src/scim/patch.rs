//! PATCH (RFC 7644 section 3.5.2), upon the JSON of a resource.
//!
//! Clients speak it in dialects: with a path or with the attributes in the value, with operations in capitals, with paths as names of
//! attributes within the value, with truth values as strings. All come to the same.

use serde_json::{Map, Value};

use super::filter::Path;
use super::{Filter, PATCH_OP, ScimError, member};

/// Operations of one request.
const OPERATIONS_MAX: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// Where an operation acts.
struct Target {
    attribute: String,
    /// Which of its values.
    filter: Option<Filter>,
    /// A part of the value.
    part: Option<String>,
}

/// Applies the operations of `request` to `resource`, all or none.
pub(super) fn apply(resource: &Value, request: &Value) -> Result<Value, ScimError> {
    let has_schema =
        member(request, "schemas").and_then(Value::as_array).is_some_and(|all| all.contains(&PATCH_OP.into()));
    let operations = member(request, "Operations").and_then(Value::as_array);
    let Some(operations) = operations.filter(|_| has_schema) else {
        return Err(ScimError::syntax("a PATCH is a PatchOp message with its Operations"));
    };
    if operations.is_empty() || operations.len() > OPERATIONS_MAX {
        return Err(ScimError::syntax("a PATCH has 1 to 1000 operations"));
    }
    let mut changed = resource.clone();
    for operation in operations {
        let verb = member(operation, "op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
        let verb = match verb.as_str() {
            "add" => Verb::Add,
            "replace" => Verb::Replace,
            "remove" => Verb::Remove,
            _ => return Err(ScimError::syntax("op is add, replace or remove")),
        };
        let path = member(operation, "path").and_then(Value::as_str).filter(|path| !path.is_empty());
        let value = member(operation, "value").cloned().unwrap_or(Value::Null);
        match path {
            Some(path) => change(&mut changed, verb, path, value)?,
            None => without_path(&mut changed, verb, value)?,
        }
    }
    Ok(changed)
}

/// The value holds attributes, each by its name or path.
fn without_path(resource: &mut Value, verb: Verb, value: Value) -> Result<(), ScimError> {
    let Value::Object(attributes) = value else {
        return Err(ScimError::new(400, Some("noTarget"), "without a path the value is an object of attributes"));
    };
    if verb == Verb::Remove {
        return Err(ScimError::new(400, Some("noTarget"), "what is removed is named by a path"));
    }
    for (path, value) in attributes {
        // A schema's name with its attributes below it.
        if path.to_ascii_lowercase().starts_with("urn:") && value.is_object() {
            merge_extension(resource, &path, value);
        } else {
            change(resource, verb, &path, value)?;
        }
    }
    Ok(())
}

fn merge_extension(resource: &mut Value, schema: &str, value: Value) {
    let Some(fields) = resource.as_object_mut() else { return };
    let place = fields.entry(schema.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    if let (Some(place), Value::Object(new)) = (place.as_object_mut(), value) {
        place.extend(new);
    }
}

fn change(resource: &mut Value, verb: Verb, path: &str, value: Value) -> Result<(), ScimError> {
    let (holder, path) = holder_of(resource, path);
    let target = Target::parse(path)?;
    let Some(fields) = holder.as_object_mut() else { return Err(ScimError::syntax("the resource is no object")) };
    let name = fields.keys().find(|known| known.eq_ignore_ascii_case(&target.attribute)).cloned();
    let name = name.unwrap_or_else(|| target.attribute.clone());
    match &target {
        Target { filter: None, part: None, .. } => change_whole(fields, &name, verb, value),
        Target { filter: None, part: Some(part), .. } => change_part(fields, &name, part, verb, value),
        Target { filter: Some(filter), part, .. } => {
            change_some(fields, &name, filter, part.as_deref(), verb, value)?;
        }
    }
    Ok(())
}

/// Where the attribute lies: in the extension whose schema stands before it, or in the resource itself.
fn holder_of<'v, 'p>(resource: &'v mut Value, path: &'p str) -> (&'v mut Value, &'p str) {
    let is_extension = |schema: &str| schema.eq_ignore_ascii_case(super::MAIL_GROUP);
    match path.rsplit_once(':') {
        Some((schema, own)) if is_extension(schema) => {
            merge_extension(resource, super::MAIL_GROUP, Value::Object(Map::new()));
            match resource.get_mut(super::MAIL_GROUP).is_some() {
                true => (&mut resource[super::MAIL_GROUP], own),
                false => (resource, own),
            }
        }
        _ => (resource, path),
    }
}

impl Target {
    /// `attribute`, `attribute.part`, `attribute[filter]` or `attribute[filter].part`.
    fn parse(path: &str) -> Result<Self, ScimError> {
        let wrong = || ScimError::new(400, Some("invalidPath"), format!("{path:?} is no path of an attribute"));
        let (own, filter, part) = match path.find('[') {
            None => (path, None, None),
            Some(open) => {
                let close = path.rfind(']').filter(|close| *close > open).ok_or_else(wrong)?;
                let filter = Filter::parse(path.get(open + 1..close).unwrap_or_default())?;
                let after = path.get(close + 1..).unwrap_or_default();
                let part = match after.strip_prefix('.') {
                    Some(part) => Some(part.to_owned()),
                    None if after.is_empty() => None,
                    None => return Err(wrong()),
                };
                (path.get(..open).unwrap_or_default(), Some(filter), part)
            }
        };
        let Path(mut parts) = Path::parse(own).map_err(|_| wrong())?;
        match (parts.len(), part) {
            (1, part) => Ok(Self { attribute: parts.remove(0), filter, part }),
            (2, None) if filter.is_none() => Ok(Self { part: parts.pop(), attribute: parts.remove(0), filter }),
            _ => Err(wrong()),
        }
    }
}

fn change_whole(fields: &mut Map<String, Value>, name: &str, verb: Verb, value: Value) {
    match (verb, fields.get_mut(name)) {
        (Verb::Remove, Some(Value::Array(have))) if !value.is_null() => {
            // Some clients name what is to go in the value.
            let gone = as_list(value);
            have.retain(|one| !gone.iter().any(|gone| is_same(one, gone)));
        }
        (Verb::Remove, _) => drop(fields.remove(name)),
        (Verb::Add, Some(Value::Array(have))) => {
            for new in as_list(value) {
                if !have.iter().any(|one| is_same(one, &new)) {
                    have.push(new);
                }
            }
        }
        (Verb::Add | Verb::Replace, Some(Value::Object(have))) if value.is_object() => {
            if let Value::Object(new) = value {
                have.extend(new);
            }
        }
        (Verb::Add | Verb::Replace, _) => drop(fields.insert(name.to_owned(), value)),
    }
}

fn change_part(fields: &mut Map<String, Value>, name: &str, part: &str, verb: Verb, value: Value) {
    let place = fields.entry(name.to_owned()).or_insert_with(|| Value::Object(Map::new()));
    match place {
        Value::Array(values) => values.iter_mut().for_each(|one| set_part(one, part, verb, &value)),
        one => set_part(one, part, verb, &value),
    }
}

fn set_part(one: &mut Value, part: &str, verb: Verb, value: &Value) {
    let Some(fields) = one.as_object_mut() else { return };
    let known = fields.keys().find(|known| known.eq_ignore_ascii_case(part)).cloned();
    let name = known.unwrap_or_else(|| part.to_owned());
    if verb == Verb::Remove {
        fields.remove(&name);
    } else {
        fields.insert(name, value.clone());
    }
}

/// Changes those values of an attribute that fit a filter.
fn change_some(
    fields: &mut Map<String, Value>,
    name: &str,
    filter: &Filter,
    part: Option<&str>,
    verb: Verb,
    value: Value,
) -> Result<(), ScimError> {
    let place = fields.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    let Some(values) = place.as_array_mut() else {
        return Err(ScimError::new(400, Some("invalidPath"), format!("{name} has one value, which no filter chooses")));
    };
    match (verb, part) {
        (Verb::Remove, None) => values.retain(|one| !filter.fits(one)),
        (_, Some(part)) => {
            let mut any = false;
            for one in values.iter_mut().filter(|one| filter.fits(one)) {
                set_part(one, part, verb, &value);
                any = true;
            }
            if !any && verb != Verb::Remove {
                // `emails[type eq "work"].value` of somebody who has none is a new one of that type.
                let mut new = Map::new();
                if let Some(kind) = filter.equals("type") {
                    new.insert("type".to_owned(), kind.into());
                }
                new.insert(part.to_owned(), value);
                values.push(Value::Object(new));
            }
        }
        (_, None) => match values.iter_mut().find(|one| filter.fits(one)) {
            Some(one) => *one = value,
            None if verb == Verb::Add => values.push(value),
            None => return Err(ScimError::new(400, Some("noTarget"), "no value fits the filter")),
        },
    }
    Ok(())
}

fn as_list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// Whether two values of an attribute name the same thing.
fn is_same(one: &Value, other: &Value) -> bool {
    match (member(one, "value"), member(other, "value")) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(resource: &Value, operations: Value) -> Value {
        apply(resource, &json!({ "schemas": [PATCH_OP], "Operations": operations })).unwrap()
    }

    #[test]
    fn both_dialects_come_to_the_same() {
        let user = json!({ "userName": "a@trade.test", "active": true, "name": { "formatted": "A" } });
        let wanted = json!({ "userName": "a@trade.test", "active": false, "name": { "formatted": "B" } });
        for operations in [
            json!([{ "op": "replace", "path": "active", "value": false }, { "op": "replace", "path": "name.formatted", "value": "B" }]),
            json!([{ "op": "Replace", "value": { "active": false, "name.formatted": "B" } }]),
            json!([{ "op": "add", "value": { "active": false, "name": { "formatted": "B" } } }]),
        ] {
            assert_eq!(patched(&user, operations.clone()), wanted, "{operations}");
        }
    }

    #[test]
    fn members_come_and_go() {
        let group = json!({ "members": [{ "value": "1" }, { "value": "2" }] });
        let members = |operations: Value| {
            let members = patched(&group, operations)["members"].as_array().cloned().unwrap_or_default();
            members.iter().map(|one| one["value"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            members(json!([{ "op": "Add", "path": "members", "value": [{ "value": "3" }, { "value": "1" }] }])),
            ["1", "2", "3"]
        );
        assert_eq!(members(json!([{ "op": "add", "value": { "members": [{ "value": "3" }] } }])), ["1", "2", "3"]);
        assert_eq!(members(json!([{ "op": "remove", "path": "members[value eq \"1\"]" }])), ["2"]);
        assert_eq!(members(json!([{ "op": "Remove", "path": "members", "value": [{ "value": "2" }] }])), ["1"]);
        assert_eq!(members(json!([{ "op": "remove", "path": "members" }])), [""; 0]);
        assert_eq!(members(json!([{ "op": "replace", "path": "members", "value": [{ "value": "9" }] }])), ["9"]);
    }

    #[test]
    fn values_are_chosen_by_filters() {
        let user = json!({ "emails": [{ "type": "work", "value": "a@trade.test" }] });
        let changed = patched(
            &user,
            json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "b@trade.test" }]),
        );
        assert_eq!(changed["emails"], json!([{ "type": "work", "value": "b@trade.test" }]));
        let changed = patched(
            &user,
            json!([{ "op": "Add", "path": "emails[type eq \"other\"].value", "value": "c@trade.test" }]),
        );
        assert_eq!(changed["emails"][1], json!({ "type": "other", "value": "c@trade.test" }));
        let path = format!("{}:address", crate::scim::MAIL_GROUP);
        let changed = patched(&json!({}), json!([{ "op": "add", "path": path, "value": "g@trade.test" }]));
        assert_eq!(changed[crate::scim::MAIL_GROUP]["address"], "g@trade.test");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_kind() {
        for (operations, kind) in [
            (json!([]), "invalidSyntax"),
            (json!([{ "op": "move", "path": "a" }]), "invalidSyntax"),
            (json!([{ "op": "remove" }]), "noTarget"),
            (json!([{ "op": "add", "value": 5 }]), "noTarget"),
            (json!([{ "op": "add", "path": "a[b", "value": 5 }]), "invalidPath"),
            (json!([{ "op": "replace", "path": "a[b eq \"c\"]", "value": 5 }]), "noTarget"),
            (json!([{ "op": "replace", "path": "a[b like \"c\"]", "value": 5 }]), "invalidFilter"),
        ] {
            let request = json!({ "schemas": [PATCH_OP], "Operations": operations });
            assert_eq!(apply(&json!({}), &request).unwrap_err().kind, Some(kind), "{request}");
        }
    }
}
