//! What each action answers, in words of JSON Schema, by areas as the actions are.
//!
//! The description of the API is made from this. Builds with debug assertions hold every answer against it before it is given
//! ([`check`]), so that all tests of all actions are tests of what stands here.

mod backups;
mod governing;
mod investigating;
mod judging;
mod keys;
mod mail;
mod partners;
mod people;
mod rights;
mod running;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use crate::schema::{self, Misfit};

/// An object by its fields; one that is not always there has a question mark behind its name.
macro_rules! object {
    ($($token:tt)*) => { $crate::actions::answers::object_fields!([] $($token)*, ) };
}

macro_rules! object_fields {
    ([$($done:tt)*] $(,)*) => { $crate::actions::answers::fields(vec![$($done)*]) };
    ([$($done:tt)*] $name:ident : $shape:expr, $($rest:tt)*) => {
        $crate::actions::answers::object_fields!([$($done)* (stringify!($name), true, $shape),] $($rest)*)
    };
    ([$($done:tt)*] $name:ident ? : $shape:expr, $($rest:tt)*) => {
        $crate::actions::answers::object_fields!([$($done)* (stringify!($name), false, $shape),] $($rest)*)
    };
    ([$($done:tt)*] $name:literal : $shape:expr, $($rest:tt)*) => {
        $crate::actions::answers::object_fields!([$($done)* ($name, true, $shape),] $($rest)*)
    };
}

/// One of the words that a type has.
macro_rules! words_of {
    ($kind:ty) => {
        $crate::actions::answers::words(<$kind>::ALL.iter().map(|it| it.as_str()))
    };
}

use {object, object_fields, words_of};

static ALL: LazyLock<BTreeMap<&'static str, Value>> = LazyLock::new(|| {
    let areas = [
        people::answers(),
        people::of_clients(),
        people::of_groups(),
        mail::answers(),
        mail::of_quarantine(),
        judging::answers(),
        judging::of_feeds(),
        partners::answers(),
        partners::of_portal(),
        governing::answers(),
        governing::of_settings(),
        governing::of_regions(),
        investigating::answers(),
        investigating::of_subjects(),
        keys::answers(),
        keys::of_openpgp(),
        rights::answers(),
        rights::of_sign_ins(),
        running::answers(),
        running::of_neighbours(),
        running::of_evidence(),
        backups::answers(),
    ];
    areas.into_iter().flatten().map(|(name, Shape(schema))| (name, schema)).collect()
});

/// The schema of what an action answers once it was carried out.
pub(crate) fn of(action: &str) -> Option<&'static Value> {
    ALL.get(action)
}

/// Whether that is what the action answers.
///
/// # Errors
/// [`Misfit`] with the first field that is otherwise, or if nothing says what the action answers.
pub(super) fn check(action: &str, answer: &Value) -> Result<(), Misfit> {
    let unknown =
        || Misfit { field: String::new(), why: "nothing under actions/answers says what it answers".to_owned() };
    let schema = of(action).ok_or_else(unknown)?;
    schema::check(schema, schema, answer)
}

/// Answers of one area, by the action's name.
type Answers = Vec<(&'static str, Shape)>;

/// What a value of an answer is.
#[derive(Clone)]
struct Shape(Value);

impl Shape {
    /// This, or null.
    fn or_null(mut self) -> Self {
        match self.0.get("type") {
            Some(Value::String(word)) if self.0.get("enum").is_none() => {
                self.0["type"] = json!([word, "null"]);
                self
            }
            _ => either([self, Self(json!({ "type": "null" }))]),
        }
    }

    /// This with the fields of another, which may replace some.
    fn with(mut self, more: Self) -> Self {
        let (Value::Object(own), Value::Object(more)) = (&mut self.0, more.0) else { return self };
        for (keyword, rule) in more {
            match (own.entry(keyword), rule) {
                (Entry::Vacant(place), rule) => {
                    place.insert(rule);
                }
                (Entry::Occupied(mut place), rule) => match (place.get_mut(), rule) {
                    (Value::Object(own), Value::Object(rule)) => own.extend(rule),
                    (Value::Array(own), Value::Array(rule)) => {
                        let new: Vec<Value> = rule.into_iter().filter(|one| !own.contains(one)).collect();
                        own.extend(new);
                    }
                    _ => {}
                },
            }
        }
        self
    }

    /// What it means.
    fn about(mut self, words: &str) -> Self {
        self.0["description"] = words.into();
        self
    }
}

fn text() -> Shape {
    Shape(json!({ "type": "string" }))
}

fn whole() -> Shape {
    Shape(json!({ "type": "integer" }))
}

/// How many, how long, how large.
fn count() -> Shape {
    Shape(json!({ "type": "integer", "minimum": 0 }))
}

fn number() -> Shape {
    Shape(json!({ "type": "number" }))
}

fn truth() -> Shape {
    Shape(json!({ "type": "boolean" }))
}

/// RFC 3339 in UTC with whole seconds.
fn moment() -> Shape {
    Shape(json!({ "type": "string", "format": "date-time" }))
}

/// Octets in base64 (RFC 4648 section 4).
fn octets() -> Shape {
    Shape(json!({ "type": "string", "contentEncoding": "base64" }))
}

/// Free JSON, of which these words say what it is.
fn free(words: &str) -> Shape {
    Shape(json!({ "description": words }))
}

fn list(of: Shape) -> Shape {
    Shape(json!({ "type": "array", "items": of.0 }))
}

/// An object whose fields have whatever names.
fn map(of: Shape) -> Shape {
    Shape(json!({ "type": "object", "additionalProperties": of.0 }))
}

fn words<'a>(all: impl IntoIterator<Item = &'a str>) -> Shape {
    Shape(json!({ "type": "string", "enum": all.into_iter().collect::<Vec<_>>() }))
}

fn only(value: impl Into<Value>) -> Shape {
    let value: Value = value.into();
    Shape(json!({ "const": value }))
}

fn either<const N: usize>(all: [Shape; N]) -> Shape {
    Shape(json!({ "anyOf": all.map(|Shape(schema)| schema).to_vec() }))
}

/// A page of a long list, with where the next one begins.
fn page(of: Shape) -> Shape {
    object! { items: list(of), next: text().or_null() }
}

/// A file to be saved, and its name.
fn file() -> Shape {
    object! { file: text(), base64: octets() }
}

/// A table to be saved.
fn table() -> Shape {
    object! { csv: text() }
}

/// An object of these fields and no others.
fn fields(all: Vec<(&'static str, bool, Shape)>) -> Shape {
    let required: Vec<&str> = all.iter().filter(|(_, is_always, _)| *is_always).map(|(name, ..)| *name).collect();
    let properties: Map<String, Value> =
        all.iter().map(|(name, _, Shape(schema))| ((*name).to_owned(), schema.clone())).collect();
    Shape(json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::Action;

    #[test]
    fn of_each_action_it_is_said_what_it_answers_and_of_nothing_else() {
        let missing: Vec<&str> = Action::ALL.iter().map(|(name, ..)| *name).filter(|name| of(name).is_none()).collect();
        assert!(missing.is_empty(), "say under actions/answers what these answer: {missing:?}");
        let gone: Vec<_> = ALL.keys().filter(|name| !Action::ALL.iter().any(|(known, ..)| known == *name)).collect();
        assert!(gone.is_empty(), "{gone:?}");
    }

    #[test]
    fn what_is_otherwise_is_named() {
        let sound = json!({ "address": "a@trade.test", "quota_bytes": 1 });
        assert_eq!(check("user-quota", &sound), Ok(()));
        assert_eq!(check("user-quota", &json!({ "address": "a@trade.test" })).unwrap_err().field, "quota_bytes");
        assert!(check("no-such", &sound).is_err());
    }

    #[test]
    fn shapes_are_put_together() {
        let Shape(shape) =
            object! { a: text().or_null(), b?: words(["x", "y"]).or_null() }.with(object! { "c-d": whole() });
        for (value, fits) in [
            (json!({ "a": null, "c-d": 1 }), true),
            (json!({ "a": "", "b": "x", "c-d": 1 }), true),
            (json!({ "a": "", "b": null, "c-d": 1 }), true),
            (json!({ "a": "", "b": "z", "c-d": 1 }), false),
            (json!({ "a": "" }), false),
            (json!({ "a": "", "c-d": 1, "e": 1 }), false),
        ] {
            assert_eq!(schema::check(&shape, &shape, &value).is_ok(), fits, "{value}");
        }
    }
}
