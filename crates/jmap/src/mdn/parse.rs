//! `MDN/parse` (RFC 9007 section 2.2).

use mail::header::Fields;
use mail::message::text::part_text;
use mail::message::{Envelope, Structure, encoding, words};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::Object;

use super::DISPOSITION;
use crate::args::Args;
use crate::error::Failure;
use crate::ids::BlobId;
use crate::reach::Reach;
use crate::{Asker, Server, blob};

/// Fields that have a property of their own, and the property.
const KNOWN: [(&str, &str); 5] = [
    ("Reporting-UA", "reportingUA"),
    ("MDN-Gateway", "mdnGateway"),
    ("Original-Recipient", "originalRecipient"),
    ("Final-Recipient", "finalRecipient"),
    ("Original-Message-ID", "originalMessageId"),
];

/// The types of the part that programs read (RFC 8098 section 3.1, RFC 6533 section 3).
const PARTS: [&str; 2] = ["disposition-notification", "global-disposition-notification"];

/// Whether a field has a property, so that it is no extension.
pub(super) fn is_known_field(name: &str) -> bool {
    let known = KNOWN.iter().map(|(name, _)| *name).chain(["Disposition", "Error"]);
    known.into_iter().any(|known| known.eq_ignore_ascii_case(name))
}

pub(crate) fn parse(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("blobIds")?.ok_or_else(|| Failure::invalid("blobIds is missing"))?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut parsed, mut unparsable, mut missing) = (Object::new(), Vec::new(), Vec::new());
    for text in asked {
        let found = match BlobId::read(&text) {
            Some(id) => blob::read(tx, server.store.blobs(), &reach, &id)?,
            None => None,
        };
        match found.as_deref().map(shown) {
            None => missing.push(text),
            Some(None) => unparsable.push(text),
            Some(Some(notice)) => drop(parsed.insert(text, notice)),
        }
    }
    let object = if parsed.is_empty() { Value::Null } else { Value::Object(parsed) };
    let list = |ids: Vec<String>| if ids.is_empty() { Value::Null } else { ids.into() };
    Ok(json!({ "accountId": account_id, "parsed": object, "notParsable": list(unparsable), "notFound": list(missing) }))
}

/// The notification that a message is; none if it is none.
fn shown(raw: &[u8]) -> Option<Value> {
    let structure = Structure::parse(raw);
    let root = structure.parts.first()?;
    if !(root.is_multipart() && root.subtype == "report") {
        return None;
    }
    let part = structure.parts.iter().find(|part| PARTS.iter().any(|kind| part.is("message", kind)))?;
    let body = encoding::decode(raw.get(part.body_range())?, part.encoding.as_deref()).ok()?;
    let mut notice = Object::new();
    let (mut errors, mut extensions) = (Vec::new(), Object::new());
    for field in Fields::new(&body) {
        let value = String::from_utf8_lossy(&field.value()).trim().to_owned();
        if let Some((_, property)) = KNOWN.iter().find(|(name, _)| field.is(name)) {
            notice.insert((*property).to_owned(), value.into());
        } else if field.is("Disposition") {
            notice.insert("disposition".to_owned(), disposition(&value)?);
        } else if field.is("Error") {
            errors.push(Value::from(value));
        } else {
            extensions.insert(String::from_utf8_lossy(field.name).into_owned(), value.into());
        }
    }
    notice.get("disposition")?;
    let text = structure.leaves().find(|leaf| leaf.is("text", "plain")).and_then(|leaf| part_text(raw, leaf));
    let subject = Envelope::parse(raw).subject.map(|subject| words::decode(&subject).into_owned());
    let has_original = structure.parts.iter().any(|part| part.is("message", "rfc822") || part.is("message", "global"));
    let errors = if errors.is_empty() { Value::Null } else { Value::Array(errors) };
    let extensions = if extensions.is_empty() { Value::Null } else { Value::Object(extensions) };
    for (name, value) in [
        // What it answers is looked for by its Message-ID.
        ("forEmailId", Value::Null),
        ("subject", subject.into()),
        ("textBody", text.into()),
        ("includeOriginalMessage", has_original.into()),
        ("error", errors),
        ("extensionFields", extensions),
    ] {
        notice.insert(name.to_owned(), value);
    }
    for (_, property) in KNOWN {
        notice.entry(property).or_insert(Value::Null);
    }
    Some(Value::Object(notice))
}

/// `manual-action/MDN-sent-manually; displayed` (RFC 8098 section 3.2.6); what is more than that is left aside.
fn disposition(value: &str) -> Option<Value> {
    let (mode, kind) = value.split_once(';')?;
    let (action, sending) = mode.split_once('/')?;
    let kind = kind.split(['/', ',']).next()?;
    let members = DISPOSITION.iter().zip([action, sending, kind]).map(|((name, _), word)| {
        let word = word.trim().to_ascii_lowercase();
        ((*name).to_owned(), Value::from(word))
    });
    Some(Value::Object(members.collect()))
}
