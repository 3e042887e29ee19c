//! Header fields from properties.

use serde_json::Value;
use wire::jmap::{HeaderForm, HeaderProperty, Object, SetError, parse_date};

use super::encode::{addresses, grouped, rfc5322_date, text_lines};
use super::{ASIDE, Making, wrong};

/// Properties of the body.
const BODY: [&str; 5] = ["bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"];

/// A header field that is wanted: the property, the field's name, the form and the value.
pub(super) struct Wanted {
    property: String,
    name: String,
    form: HeaderForm,
    all: bool,
    value: Value,
}

/// Properties with words of their own, the fields that they mean, and their forms (RFC 8621 section 4.1.3).
const CONVENIENT: [(&str, &str, HeaderForm); 11] = [
    ("messageId", "Message-ID", HeaderForm::MessageIds),
    ("inReplyTo", "In-Reply-To", HeaderForm::MessageIds),
    ("references", "References", HeaderForm::MessageIds),
    ("sender", "Sender", HeaderForm::Addresses),
    ("from", "From", HeaderForm::Addresses),
    ("to", "To", HeaderForm::Addresses),
    ("cc", "Cc", HeaderForm::Addresses),
    ("bcc", "Bcc", HeaderForm::Addresses),
    ("replyTo", "Reply-To", HeaderForm::Addresses),
    ("subject", "Subject", HeaderForm::Text),
    ("sentAt", "Date", HeaderForm::Date),
];

/// Divides what goes into the header from what goes into the body.
pub(super) fn split(email: &Object) -> Result<(Vec<Wanted>, Object), SetError> {
    let (mut fields, mut body) = (Vec::new(), Object::new());
    for (property, value) in email.iter().filter(|(name, value)| !ASIDE.contains(&name.as_str()) && !value.is_null()) {
        if BODY.contains(&property.as_str()) {
            body.insert(property.clone(), value.clone());
            continue;
        }
        fields.push(wanted(property, value)?);
    }
    if let Some(field) = fields.iter().find(|field| starts_with_content(&field.name)) {
        return Err(wrong(&field.property, "a Content- field belongs to a part of the body"));
    }
    if let Some(twice) = twice(&fields) {
        return Err(wrong(twice, "two properties give the same header field"));
    }
    Ok((fields, body))
}

/// One header field of a message or a part.
pub(super) fn wanted(property: &str, value: &Value) -> Result<Wanted, SetError> {
    let convenient = CONVENIENT.iter().find(|(name, ..)| *name == property);
    let (name, form, all) = match convenient {
        Some((_, name, form)) => ((*name).to_owned(), *form, false),
        None => match HeaderProperty::parse(property) {
            Some(header) => (header.name, header.form, header.all),
            None => return Err(wrong(property, "this cannot be set")),
        },
    };
    Ok(Wanted { property: property.to_owned(), name, form, all, value: value.clone() })
}

pub(super) fn starts_with_content(name: &str) -> bool {
    name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"))
}

fn twice(fields: &[Wanted]) -> Option<&str> {
    fields.iter().enumerate().find_map(|(at, field)| {
        let is_again = fields.iter().take(at).any(|before| before.name.eq_ignore_ascii_case(&field.name));
        is_again.then_some(field.property.as_str())
    })
}

/// The header without its end; Date and Message-ID are added where they are not given.
pub(super) fn write(fields: &[Wanted], making: &Making<'_>) -> Result<Vec<u8>, SetError> {
    let has = |name: &str| fields.iter().any(|field| field.name.eq_ignore_ascii_case(name));
    let mut out = String::new();
    if !has("Date") {
        out.push_str(&format!("Date: {}\r\n", mail::date::format_rfc5322(making.now)));
    }
    if !has("Message-ID") {
        out.push_str(&format!("Message-ID: <{}@{}>\r\n", making.unique, making.domain));
    }
    for field in fields.iter().filter(|field| !field.name.eq_ignore_ascii_case("mime-version")) {
        write_field(field, &mut out)?;
    }
    Ok(out.into_bytes())
}

pub(super) fn write_field(field: &Wanted, out: &mut String) -> Result<(), SetError> {
    let values = match (&field.value, field.all) {
        (Value::Array(values), true) => values.iter().collect(),
        (_, true) => return Err(wrong(&field.property, "a property for all fields of a name must be a list")),
        (value, false) => vec![value],
    };
    for value in values {
        let written = write_value(value, field.form);
        let written = written.ok_or_else(|| wrong(&field.property, "the value is not of the form of the property"))?;
        out.push_str(&field.name);
        out.push(':');
        if field.form != HeaderForm::Raw {
            out.push(' ');
        }
        out.push_str(&written);
        out.push_str("\r\n");
    }
    Ok(())
}

fn write_value(value: &Value, form: HeaderForm) -> Option<String> {
    match form {
        HeaderForm::Raw => raw(value.as_str()?),
        HeaderForm::Text => Some(text_lines(value.as_str()?)),
        HeaderForm::Addresses => addresses(value),
        HeaderForm::GroupedAddresses => grouped(value),
        HeaderForm::MessageIds => bracketed(value, "\r\n "),
        HeaderForm::Urls => bracketed(value, ",\r\n "),
        HeaderForm::Date => {
            let text = value.as_str()?;
            parse_date(text)?;
            rfc5322_date(text)
        }
    }
}

/// What stands there must be one field: lines only begin with white space.
fn raw(value: &str) -> Option<String> {
    let plain = value.replace("\r\n", "\n");
    let is_one = !plain.contains(['\r', '\0'])
        && plain.split('\n').skip(1).all(|line| line.starts_with([' ', '\t']) && !line.trim().is_empty());
    let long = plain.split('\n').any(|line| line.len() > 990);
    (is_one && !long && !plain.contains('\0')).then(|| plain.replace('\n', "\r\n"))
}

fn bracketed(value: &Value, between: &str) -> Option<String> {
    let items: Option<Vec<String>> = value
        .as_array()?
        .iter()
        .map(|item| {
            let item = item.as_str()?;
            let is_plain = !item.is_empty()
                && item.len() < 900
                && item.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>".contains(&byte));
            is_plain.then(|| format!("<{item}>"))
        })
        .collect();
    Some(items?.join(between))
}
