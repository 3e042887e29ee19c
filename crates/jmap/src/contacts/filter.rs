//! Conditions on cards (RFC 9610 section 3.3.1).

use mail::message::casemap;
use serde_json::Value;
use wire::jmap::{MethodErrorKind, Object, parse_date};

use crate::email::phrases;
use crate::error::Failure;

/// Nested operators that are followed.
const DEPTH_MAX: usize = 16;

/// A filter.
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Vec<Filter>),
    InBook(String),
    /// The property is this text.
    Is(&'static str, String),
    HasMember(String),
    /// The property is a moment before this.
    Before(&'static str, i64),
    /// The property is this moment or a later one.
    After(&'static str, i64),
    /// Every phrase stands in one of the texts of a part of the card.
    Says(Part, Vec<String>),
}

/// Texts of a card that are searched together: the property, and the members within it that hold the texts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Of(&'static str, &'static [&'static str]),
    /// A component of the name of this kind.
    Name(&'static str),
    All,
}

/// Parts of a card by the condition that searches them.
const PARTS: [(&str, Part); 12] = [
    ("name", Part::Of("name", &["full", "value"])),
    ("name/given", Part::Name("given")),
    ("name/surname", Part::Name("surname")),
    ("name/surname2", Part::Name("surname2")),
    ("nickname", Part::Of("nicknames", &["name"])),
    ("organization", Part::Of("organizations", &["name"])),
    ("email", Part::Of("emails", &["address", "label"])),
    ("phone", Part::Of("phones", &["number", "label"])),
    ("onlineService", Part::Of("onlineServices", &["service", "uri", "user", "label"])),
    ("address", Part::Of("addresses", &["full", "value", "countryCode"])),
    ("note", Part::Of("notes", &["note"])),
    ("text", Part::All),
];

impl Filter {
    pub(super) fn read(value: Option<&Value>, depth: usize) -> Result<Self, Failure> {
        let Some(value) = value else { return Ok(Self::And(Vec::new())) };
        if depth > DEPTH_MAX {
            return Err(Failure::say(MethodErrorKind::UnsupportedFilter, "the filter is nested too deep"));
        }
        let Value::Object(members) = value else { return Err(Failure::invalid("a filter must be an object")) };
        let Some(operator) = members.get("operator") else {
            let leaves = members.iter().filter(|(_, value)| !value.is_null());
            return Ok(Self::And(leaves.map(|(name, value)| Self::leaf(name, value)).collect::<Result<_, _>>()?));
        };
        let conditions = members.get("conditions").and_then(Value::as_array);
        let conditions = conditions.ok_or_else(|| Failure::invalid("a filter operator needs conditions"))?;
        let parts = conditions.iter().map(|it| Self::read(Some(it), depth + 1)).collect::<Result<Vec<_>, _>>()?;
        match operator.as_str() {
            Some("AND") => Ok(Self::And(parts)),
            Some("OR") => Ok(Self::Or(parts)),
            Some("NOT") => Ok(Self::Not(parts)),
            _ => Err(Failure::invalid("operator must be AND, OR or NOT")),
        }
    }

    fn leaf(name: &str, value: &Value) -> Result<Self, Failure> {
        let wrong = || Failure::invalid(format!("the condition {name} has a value of the wrong kind"));
        let text = || value.as_str().map(str::to_owned).ok_or_else(wrong);
        let date = || value.as_str().and_then(parse_date).map(|moment| moment.millis()).ok_or_else(wrong);
        match name {
            "inAddressBook" => Ok(Self::InBook(text()?)),
            "uid" => Ok(Self::Is("uid", text()?)),
            "kind" => Ok(Self::Is("kind", text()?)),
            "hasMember" => Ok(Self::HasMember(text()?)),
            "createdBefore" => Ok(Self::Before("created", date()?)),
            "createdAfter" => Ok(Self::After("created", date()?)),
            "updatedBefore" => Ok(Self::Before("updated", date()?)),
            "updatedAfter" => Ok(Self::After("updated", date()?)),
            _ => match PARTS.iter().find(|(known, _)| *known == name) {
                Some((_, part)) => {
                    let wanted = phrases(&text()?).iter().map(|it| casemap(it).into_owned()).collect();
                    Ok(Self::Says(*part, wanted))
                }
                None => {
                    Err(Failure::say(MethodErrorKind::UnsupportedFilter, format!("there is no condition {name:?}")))
                }
            },
        }
    }

    pub(super) fn matches(&self, card: &Object) -> bool {
        let holds = |part: &Self| part.matches(card);
        let is_in = |name: &str, member: &str| card.get(name).is_some_and(|set| set.get(member).is_some());
        let moment = |name: &str| card.get(name).and_then(Value::as_str).and_then(parse_date).map(|at| at.millis());
        match self {
            Self::And(parts) => parts.iter().all(holds),
            Self::Or(parts) => parts.iter().any(holds),
            Self::Not(parts) => !parts.iter().any(holds),
            Self::InBook(id) => is_in("addressBookIds", id),
            Self::HasMember(uid) => is_in("members", uid),
            // RFC 9553 section 2.1.4: a card is of a person unless it says otherwise.
            Self::Is("kind", wanted) => card.get("kind").and_then(Value::as_str).unwrap_or("individual") == wanted,
            Self::Is(name, wanted) => card.get(*name).and_then(Value::as_str) == Some(wanted),
            Self::Before(name, limit) => moment(name).is_some_and(|at| at < *limit),
            Self::After(name, limit) => moment(name).is_some_and(|at| at >= *limit),
            Self::Says(part, wanted) => {
                let texts = part.texts(card);
                wanted.iter().all(|phrase| texts.iter().any(|text| text.contains(phrase.as_str())))
            }
        }
    }
}

impl Part {
    /// The texts of this part of a card, folded for comparing.
    fn texts(self, card: &Object) -> Vec<String> {
        let mut found = Vec::new();
        match self {
            Self::Of(property, members) => {
                if let Some(value) = card.get(property) {
                    collect(value, members, &mut found);
                }
            }
            Self::Name(kind) => found.extend(name_component(card, kind)),
            Self::All => {
                for (_, part) in PARTS.iter().filter(|(_, part)| matches!(part, Self::Of(..))) {
                    found.extend(part.texts(card));
                }
                for (property, members) in [("titles", &["name"]), ("links", &["uri"])] {
                    if let Some(value) = card.get(property) {
                        collect(value, members, &mut found);
                    }
                }
                let keywords = card.get("keywords").and_then(Value::as_object);
                found.extend(keywords.into_iter().flat_map(Object::keys).map(|it| casemap(it).into_owned()));
            }
        }
        found
    }
}

/// The component of a card's name of a kind, folded for comparing.
pub(super) fn name_component(card: &Object, kind: &str) -> Option<String> {
    let components = card.get("name")?.get("components")?.as_array()?;
    let found = components.iter().filter(|it| it.get("kind").and_then(Value::as_str) == Some(kind));
    let values: Vec<&str> = found.filter_map(|it| it.get("value")?.as_str()).collect();
    (!values.is_empty()).then(|| casemap(&values.join(" ")).into_owned())
}

fn collect(value: &Value, members: &[&str], found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                match inner {
                    Value::String(text) if members.contains(&name.as_str()) => found.push(casemap(text).into_owned()),
                    Value::String(_) => {}
                    inner => collect(inner, members, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, members, found)),
        _ => {}
    }
}
