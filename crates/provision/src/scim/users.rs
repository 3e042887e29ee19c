//! Users as JSON and back (RFC 7643 section 4.1).

use identity::{Account, AccountState, Language, Role};
use serde_json::{Value, json};
use store::Tx;

use super::{ScimError, USER, member};
use crate::people::Person;

/// The user's attributes, without `meta`.
pub(super) fn render(account: &Account, external: Option<&str>) -> Value {
    let mut emails = Vec::new();
    for (at, address) in account.addresses.iter().enumerate() {
        let kind = if at == 0 { "work" } else { "other" };
        emails.push(json!({ "value": address, "type": kind, "primary": at == 0 }));
    }
    let mut user = json!({
        "schemas": [USER],
        "id": account.id.to_string(),
        "userName": account.addresses.first(),
        "displayName": account.name,
        "name": { "formatted": account.name },
        "preferredLanguage": account.language.as_str(),
        "active": account.state == AccountState::Active,
        "emails": emails,
        "roles": [{ "value": account.role.as_str(), "primary": true }],
    });
    if let (Some(external), Some(fields)) = (external, user.as_object_mut()) {
        fields.insert("externalId".to_owned(), external.into());
    }
    user
}

/// What a user in JSON says. `now` is the name at present: of several attributes that hold a name, the one that differs is meant.
/// With `exact` the addresses listed are all that there shall be.
pub(super) fn parse(tx: &mut Tx<'_>, user: &Value, now: Option<&str>, exact: bool) -> Result<Person, ScimError> {
    let address = text(user, "userName").ok_or_else(|| ScimError::value("userName is required: the mail address"))?;
    let parsed = mail::Address::parse(&address);
    let main =
        parsed.map_err(|error| ScimError::value(format!("userName must be a mail address: {error}")))?.canonical();
    let mut aliases = Vec::new();
    for email in member(user, "emails").and_then(Value::as_array).into_iter().flatten() {
        let value = member(email, "value").and_then(Value::as_str).unwrap_or_default();
        let Ok(parsed) = mail::Address::parse(value) else {
            return Err(ScimError::value(format!("{value:?} in emails is no mail address")));
        };
        // Somebody's private address is none of ours to host.
        if parsed.canonical() != main && identity::is_local_domain(tx, &parsed.domain_ascii())? {
            aliases.push(parsed.canonical());
        }
    }
    let aliases = if exact || !aliases.is_empty() { Some(aliases) } else { None };
    Ok(Person {
        address,
        aliases,
        name: name(user, now),
        language: text(user, "preferredLanguage").and_then(|tag| language(&tag)),
        role: role(user)?,
        is_active: active(user)?,
        quota_bytes: None,
    })
}

fn text(value: &Value, name: &str) -> Option<String> {
    member(value, name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn name(user: &Value, now: Option<&str>) -> Option<String> {
    let parts = member(user, "name");
    let part = |name| parts.and_then(|parts| text(parts, name));
    let composed = match (part("givenName"), part("familyName")) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (one, other) => one.or(other),
    };
    let candidates: Vec<String> =
        [text(user, "displayName"), part("formatted"), composed].into_iter().flatten().collect();
    let new = candidates.iter().find(|name| Some(name.as_str()) != now);
    new.or(candidates.first()).cloned()
}

/// The language of a tag that we have words in.
fn language(tag: &str) -> Option<Language> {
    match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
        "zh" => Some(Language::Chinese),
        "en" => Some(Language::English),
        _ => None,
    }
}

fn role(user: &Value) -> Result<Option<Role>, ScimError> {
    let roles = member(user, "roles").and_then(Value::as_array);
    let value = roles.and_then(|roles| roles.first()).and_then(|first| text(first, "value"));
    value
        .map(|value| value.parse())
        .transpose()
        .map_err(|error: identity::UnknownWord| ScimError::value(error.to_string()))
}

/// Some clients write truth values as strings.
fn active(user: &Value) -> Result<Option<bool>, ScimError> {
    match member(user, "active") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(active)) => Ok(Some(*active)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(ScimError::value("active is true or false")),
    }
}
