//! `Email/parse` (RFC 8621 section 4.9).

use mail::message::{Structure, Summary, SummaryRef};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::Object;

use super::body::measure;
use super::create::is_message;
use super::get::{Content, Wanted};
use super::properties::{PARSE_DEFAULT, Property};
use crate::args::Args;
use crate::error::Failure;
use crate::ids::BlobId;
use crate::opened::Known;
use crate::reach::Reach;
use crate::{Asker, Server, blob};

pub(crate) fn parse(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("blobIds")?.ok_or_else(|| Failure::invalid("blobIds is missing"))?;
    let wanted = Wanted::take(&mut args, PARSE_DEFAULT)?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut parsed, mut unparsable, mut missing) = (Object::new(), Vec::new(), Vec::new());
    for text in asked {
        let found = match BlobId::read(&text) {
            Some(id) => blob::read(tx, server.store.blobs(), &reach, &id)?.map(|raw| (id, raw)),
            None => None,
        };
        match found {
            None => missing.push(text),
            Some((_, raw)) if !is_message(&raw) => unparsable.push(text),
            Some((id, raw)) => drop(parsed.insert(text, show(id, &raw, &wanted)?)),
        }
    }
    let object = if parsed.is_empty() { Value::Null } else { Value::Object(parsed) };
    let list = |ids: Vec<String>| if ids.is_empty() { Value::Null } else { ids.into() };
    Ok(json!({ "accountId": account_id, "parsed": object, "notParsable": list(unparsable), "notFound": list(missing) }))
}

fn show(blob: BlobId, raw: &[u8], wanted: &Wanted) -> Result<Value, Failure> {
    let structure = Structure::parse(raw);
    let end = structure.parts.first().map_or(0, |part| part.body_start as usize);
    let known = Known::whole(Summary::parse(raw).encode(), raw.get(..end).unwrap_or_default().to_vec());
    known.keep_sizes(measure(&structure, raw));
    let size = raw.len();
    let content = Content { known: &known, raw: Some(raw), structure: Some(&structure), blob };
    let prepared = content.prepare(&SummaryRef::parse(&known.summary)?, wanted)?;
    let mut shown = Object::new();
    for property in &wanted.properties {
        let value = match property {
            // RFC 8621 section 4.9: what only a stored message has is null.
            Property::Id | Property::ThreadId | Property::MailboxIds | Property::Keywords | Property::ReceivedAt => {
                Value::Null
            }
            Property::BlobId => content.blob.show().into(),
            Property::Size => size.into(),
            other => content.property(other, &prepared, wanted),
        };
        shown.insert(property.word().to_owned(), value);
    }
    Ok(Value::Object(shown))
}
