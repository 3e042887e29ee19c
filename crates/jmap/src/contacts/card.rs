//! What a card must be (RFC 9553): known properties have their types, others are kept as they come.

use serde_json::Value;
use wire::jmap::{Object, SetError, is_id, parse_date};

/// Longest card, in octets of its JSON.
const BYTES_MAX: usize = 256 << 10;

/// Properties that are texts.
const TEXTS: [&str; 4] = ["uid", "kind", "language", "prodId"];

/// Properties that are objects.
const OBJECTS: [&str; 2] = ["name", "speakToAs"];

/// Properties that map identifiers to objects, and the text that each of these must have.
const MAPS: [(&str, Option<&str>); 18] = [
    ("addresses", None),
    ("anniversaries", None),
    ("calendars", Some("uri")),
    ("cryptoKeys", Some("uri")),
    ("directories", Some("uri")),
    ("emails", Some("address")),
    ("links", Some("uri")),
    ("media", Some("uri")),
    ("nicknames", Some("name")),
    ("notes", Some("note")),
    ("onlineServices", None),
    ("organizations", None),
    ("personalInfo", Some("value")),
    ("phones", Some("number")),
    ("preferredLanguages", Some("language")),
    ("schedulingAddresses", Some("uri")),
    ("titles", Some("name")),
    ("localizations", None),
];

/// Properties that are sets of texts.
const SETS: [&str; 2] = ["members", "keywords"];

/// Checks a whole card beside the address books that it is in.
///
/// # Errors
/// `invalidProperties` with the path of what is wrong.
pub(super) fn check(card: &Object) -> Result<(), SetError> {
    if Value::Object(card.clone()).to_string().len() > BYTES_MAX {
        return Err(SetError::new(wire::jmap::SetErrorKind::TooLarge, "the card is too large")
            .with("maxSize", BYTES_MAX.into()));
    }
    card.iter().try_for_each(|(name, value)| check_property(name, value))
}

fn check_property(name: &str, value: &Value) -> Result<(), SetError> {
    let wrong = |place: String, why: &str| Err(SetError::property(place, why));
    let is_set =
        |value: &Value| value.as_object().is_some_and(|set| set.values().all(|member| member == &Value::Bool(true)));
    match name {
        "id" => wrong(name.to_owned(), "the server sets this"),
        "@type" if value != "Card" => wrong(name.to_owned(), "must be Card"),
        "version" if value != "1.0" => wrong(name.to_owned(), "must be 1.0"),
        "created" | "updated"
            if !value.as_str().is_some_and(|text| text.ends_with('Z') && parse_date(text).is_some()) =>
        {
            wrong(name.to_owned(), "must be a date such as 2026-11-26T09:00:00Z")
        }
        name if TEXTS.contains(&name) && value.as_str().is_none_or(str::is_empty) => {
            wrong(name.to_owned(), "must be a text")
        }
        name if OBJECTS.contains(&name) && !value.is_object() => wrong(name.to_owned(), "must be an object"),
        name if SETS.contains(&name) && !is_set(value) => {
            wrong(name.to_owned(), "must be an object whose values are true")
        }
        "relatedTo" if !value.as_object().is_some_and(|all| all.values().all(Value::is_object)) => {
            wrong(name.to_owned(), "must be an object of objects")
        }
        "name" => check_name(value),
        name => match MAPS.iter().find(|(map, _)| *map == name) {
            Some((_, text)) => check_map(name, value, *text),
            None => Ok(()),
        },
    }
}

/// RFC 9553 section 2.2.1.
fn check_name(name: &Value) -> Result<(), SetError> {
    if name.get("full").is_some_and(|full| !full.is_string()) {
        return Err(SetError::property("name/full", "must be a text"));
    }
    let Some(components) = name.get("components") else { return Ok(()) };
    let is_component = |it: &Value| ["kind", "value"].iter().all(|member| it.get(member).is_some_and(Value::is_string));
    match components.as_array().is_some_and(|all| all.iter().all(is_component)) {
        true => Ok(()),
        false => Err(SetError::property("name/components", "must be a list of objects with kind and value")),
    }
}

fn check_map(name: &str, value: &Value, text: Option<&str>) -> Result<(), SetError> {
    let Some(members) = value.as_object() else { return Err(SetError::property(name, "must be an object of objects")) };
    for (id, member) in members {
        let place = format!("{name}/{id}");
        // Localizations are named by tags of languages, which look the same.
        if !is_id(id) {
            return Err(SetError::property(place, "is no identifier: letters, digits, - and _"));
        }
        let Some(object) = member.as_object() else { return Err(SetError::property(place, "must be an object")) };
        if name == "media" && object.contains_key("blobId") {
            return Err(SetError::property(format!("{place}/blobId"), "give the picture as a data: URI"));
        }
        if let Some(text) = text
            && !object.get(text).is_some_and(Value::is_string)
        {
            return Err(SetError::property(format!("{place}/{text}"), "must be a text"));
        }
        let texts = ["countryCode", "timeZone", "full", "label", "name", "uri", "user", "service", "coordinates"];
        let odd =
            texts.iter().find(|text| name != "localizations" && object.get(**text).is_some_and(|it| !it.is_string()));
        if let Some(odd) = odd {
            return Err(SetError::property(format!("{place}/{odd}"), "must be a text"));
        }
    }
    Ok(())
}
