//! Header fields in the forms of RFC 8621 section 4.1.2.

use env::Timestamp;
use mail::header::{Field, Fields, message_ids};
use mail::message::{AddressRef, EnvelopeAddress, parse_addresses, words};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization as _;
use wire::jmap::{HeaderForm, HeaderProperty, Object};

/// The header field that `property` names, from a header.
pub(super) fn show_property(head: &[u8], property: &HeaderProperty) -> Value {
    let mut fields = Fields::new(head).filter(|field| field.is(&property.name));
    if property.all {
        return fields.map(|field| show(&field, property.form)).collect();
    }
    let last = fields.by_ref().last();
    last.map_or(Value::Null, |field| show(&field, property.form))
}

/// One field in a form.
pub(super) fn show(field: &Field<'_>, form: HeaderForm) -> Value {
    match form {
        HeaderForm::Raw => raw(field).into(),
        HeaderForm::Text => text(&unfolded(field)).into(),
        HeaderForm::Addresses => addresses(&parse_addresses(&unfolded(field))),
        HeaderForm::GroupedAddresses => grouped(&parse_addresses(&unfolded(field))),
        HeaderForm::MessageIds => ids(&field.value()),
        HeaderForm::Date => date(&unfolded(field)),
        HeaderForm::Urls => urls(&unfolded(field)),
    }
}

/// All fields as they stand.
pub(super) fn list(head: &[u8]) -> Value {
    let shown =
        Fields::new(head).map(|field| json!({ "name": String::from_utf8_lossy(field.name), "value": raw(&field) }));
    shown.collect()
}

/// RFC 8621 section 4.1.2.1.
fn raw(field: &Field<'_>) -> String {
    String::from_utf8_lossy(field.raw_value).replace('\0', "\u{fffd}")
}

fn unfolded(field: &Field<'_>) -> String {
    String::from_utf8_lossy(&field.value()).into_owned()
}

/// RFC 8621 section 4.1.2.2.
pub(super) fn text(value: &str) -> String {
    let decoded = words::decode(value.trim());
    if decoded.is_ascii() { decoded.replace('\0', "") } else { decoded.chars().filter(|c| *c != '\0').nfc().collect() }
}

/// RFC 8621 section 4.1.2.3: members of groups stand among the others.
fn addresses(found: &[EnvelopeAddress]) -> Value {
    found.iter().filter_map(|it| address(it.name.as_deref(), it.mailbox.as_deref(), it.host.as_deref())).collect()
}

/// The same from a stored envelope.
pub(super) fn envelope_addresses<'a>(found: impl Iterator<Item = AddressRef<'a>>) -> Value {
    let shown: Vec<Value> = found.filter_map(|it| address(it.name, it.mailbox, it.host)).collect();
    if shown.is_empty() { Value::Null } else { Value::Array(shown) }
}

fn address(name: Option<&str>, mailbox: Option<&str>, host: Option<&str>) -> Option<Value> {
    let (mailbox, host) = (mailbox?, host?);
    let email = if host.is_empty() { mailbox.to_owned() } else { format!("{mailbox}@{host}") };
    let mut shown = Object::with_capacity(2);
    shown.insert("name".to_owned(), name.map(text).filter(|name| !name.is_empty()).into());
    shown.insert("email".to_owned(), email.into());
    Some(Value::Object(shown))
}

/// RFC 8621 section 4.1.2.4.
fn grouped(found: &[EnvelopeAddress]) -> Value {
    let mut groups: Vec<(Option<String>, Vec<Value>)> = Vec::new();
    let mut in_group = false;
    for it in found {
        match (&it.mailbox, &it.host) {
            (Some(name), None) => {
                groups.push((Some(text(name)), Vec::new()));
                in_group = true;
            }
            (None, _) => in_group = false,
            (Some(mailbox), Some(host)) => {
                let shown = address(it.name.as_deref(), Some(mailbox), Some(host));
                match groups.last_mut().filter(|(name, _)| in_group || name.is_none()) {
                    Some((_, members)) => members.extend(shown),
                    None => groups.push((None, shown.into_iter().collect())),
                }
            }
        }
    }
    groups.into_iter().map(|(name, members)| json!({ "name": name, "addresses": members })).collect()
}

/// RFC 8621 section 4.1.2.5.
pub(super) fn ids(value: &[u8]) -> Value {
    let found: Vec<Value> = message_ids(value).map(Value::from).collect();
    if found.is_empty() { Value::Null } else { Value::Array(found) }
}

/// RFC 8621 section 4.1.2.6: with the zone that the sender wrote.
pub(super) fn date(value: &str) -> Value {
    let Some(moment) = mail::date::parse_rfc5322(value) else { return Value::Null };
    let minutes = zone_minutes(value).unwrap_or(0);
    let local = Timestamp::from_seconds(moment.seconds() + i64::from(minutes) * 60).civil();
    let zone = match minutes {
        0 => "Z".to_owned(),
        minutes => {
            let sign = if minutes < 0 { '-' } else { '+' };
            format!("{sign}{:02}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60)
        }
    };
    let (day, time) = (
        format!("{:04}-{:02}-{:02}", local.year, local.month, local.day),
        format!("{:02}:{:02}:{:02}", local.hour, local.minute, local.second),
    );
    format!("{day}T{time}{zone}").into()
}

fn zone_minutes(value: &str) -> Option<i32> {
    let shown = value.split('(').next()?.split_ascii_whitespace().last()?;
    let (sign, digits) = match shown.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    (number / 100 < 24 && number % 100 < 60).then_some(sign * (number / 100 * 60 + number % 100))
}

/// RFC 8621 section 4.1.2.7, RFC 2369 section 2.
fn urls(value: &str) -> Value {
    let mut found = Vec::new();
    let (mut rest, mut depth) = (value, 0_u32);
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '<' if depth == 0 => {
                let Some((url, after)) = rest.split_once('>') else { return Value::Null };
                found.push(Value::from(url.split_ascii_whitespace().collect::<String>()));
                rest = after;
            }
            _ => {}
        }
    }
    if found.is_empty() { Value::Null } else { Value::Array(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(head: &str, property: &str) -> Value {
        show_property(head.as_bytes(), &HeaderProperty::parse(property).unwrap())
    }

    #[test]
    fn fields_are_shown_in_each_form() {
        let head = "From: \"James Smythe\" <james@example.com>, Friends:\r\n jane@example.com, =?UTF-8?Q?John_Sm=C3=AEth?= <john@example.com>;\r\n\
            Subject: =?utf-8?B?5L+h6aOO?=\r\nReferences: <a@b> <c@d>\r\nDate: Thu, 30 Oct 2014 14:12:00 +0800 (CST)\r\n\
            List-Post: (no <x>) <mailto:a@b>, <https://b/>\r\nX: 1\r\nX:  2\r\n\r\n";
        assert_eq!(
            form(head, "header:From:asAddresses"),
            json!([
                { "name": "James Smythe", "email": "james@example.com" },
                { "name": null, "email": "jane@example.com" },
                { "name": "John Smîth", "email": "john@example.com" },
            ])
        );
        assert_eq!(
            form(head, "header:from:asGroupedAddresses"),
            json!([
                { "name": null, "addresses": [{ "name": "James Smythe", "email": "james@example.com" }] },
                { "name": "Friends", "addresses": [
                    { "name": null, "email": "jane@example.com" },
                    { "name": "John Smîth", "email": "john@example.com" },
                ] },
            ])
        );
        assert_eq!(form(head, "header:Subject:asText"), json!("信风"));
        assert_eq!(form(head, "header:References:asMessageIds"), json!(["a@b", "c@d"]));
        assert_eq!(form(head, "header:Date:asDate"), json!("2014-10-30T14:12:00+08:00"));
        assert_eq!(form(head, "header:List-Post:asURLs"), json!(["mailto:a@b", "https://b/"]));
        assert_eq!(form(head, "header:X"), json!("  2"));
        assert_eq!(form(head, "header:X:all"), json!([" 1", "  2"]));
        assert_eq!(form(head, "header:Y"), Value::Null);
        assert_eq!(form(head, "header:Y:all"), json!([]));
    }
}
