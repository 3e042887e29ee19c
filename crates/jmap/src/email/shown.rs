//! Texts of messages fit to be shown: our own extension `urn:tradewind:params:jmap:body`.

use mail::header;
use mail::message::{Structure, SummaryRef, charset, encoding};
use markup::HTML_BYTES_MAX;
use serde_json::{Value, json};
use store::Tx;

use super::body::{Body, part_id};
use crate::args::Args;
use crate::error::Failure;
use crate::ids::{self, BlobId};
use crate::reach::Reach;
use crate::{Asker, Server, pictures};

/// Octets of one part that are read as they lie in the message; base64 and quoted-printable are longer than what they encode.
const PART_BYTES_MAX: usize = 4 * HTML_BYTES_MAX;

/// Octets of texts that one call gives; the texts behind are cut.
const TEXTS_BYTES_MAX: usize = 16 << 20;

/// Parts of one message that are shown.
const PARTS_MAX: usize = 100;

/// `EmailBody/get`: by identifiers of messages, the parts that are shown of each (RFC 8621 section 4.1.4, `htmlBody`): plain text as it is, HTML
/// without anything that acts or loads. Pictures of the message have the attribute `data-cid`, pictures from elsewhere `data-remote`, a token of
/// [`pictures`].
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing: name messages"))?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    let mut left = TEXTS_BYTES_MAX;
    for text in asked {
        let there = server.indexes.message(tx, &reach, &text)?;
        match there {
            Some(message) => list.push(shown(server, tx, reach.account, message, &mut left)?),
            None => missing.push(text),
        }
    }
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

/// Whether the message was encrypted in a way that lets its text be altered on its way: a picture from elsewhere could carry the text away
/// that stands around it (EFAIL), so none is loaded.
fn may_be_altered(source: &mailbox::Source) -> bool {
    let mut ours = header::fields(source.trace()).filter(|field| field.is("X-Tradewind-Smime"));
    ours.any(|field| String::from_utf8_lossy(&field.value()).contains("may-be-altered"))
}

fn shown(server: &Server, tx: &mut Tx<'_>, account: i64, message: i64, left: &mut usize) -> Result<Value, Failure> {
    let known = server.opened.read(tx, account, &[message])?;
    let Some((_, known)) = known.first() else { return Err(Failure::Behind) };
    let structure: Structure = SummaryRef::parse(&known.summary)?.structure()?.to_structure()?;
    let roles = Body::new(&structure, None, None, BlobId::message(message)).roles();
    let source = mailbox::source(tx, account, message)?;
    let loads = !may_be_altered(&source);
    let mut parts = Vec::new();
    for at in roles.html.into_iter().take(PARTS_MAX) {
        let Some(part) = structure.parts.get(at).filter(|part| part.media_type == "text") else { continue };
        let body = part.body_range();
        let end = body.end.min(body.start.saturating_add(PART_BYTES_MAX));
        let mut octets = Vec::new();
        let ahead = source.trace_bytes();
        let range = ahead.saturating_add(body.start as u64)..ahead.saturating_add(end as u64);
        source.reader(server.store.blobs()).read_range(range, &mut octets)?;
        let (decoded, is_known) = match encoding::decode(&octets, part.encoding.as_deref()) {
            Ok(decoded) => (decoded, true),
            Err(_) => (octets.as_slice().into(), false),
        };
        let written = charset::decode(&decoded, part.param("charset"));
        let is_problem = !is_known || (written.contains('\u{fffd}') && std::str::from_utf8(&decoded).is_err());
        let is_html = part.subtype == "html";
        let written = written.replace("\r\n", "\n");
        let most = HTML_BYTES_MAX.min(*left);
        let cut = (0..=most.min(written.len())).rev().find(|at| written.is_char_boundary(*at)).unwrap_or(0);
        let mut is_cut = end < body.end || cut < written.len();
        let text = written.get(..cut).unwrap_or_default();
        let (value, remote) = if is_html {
            let proxied = |address: &str| match server.fetcher {
                Some(_) if loads => pictures::make_token(&server.store, account, address),
                _ => None,
            };
            let page = markup::clean(text, &proxied);
            is_cut |= page.is_cut;
            (page.html, page.remote)
        } else {
            (text.to_owned(), 0)
        };
        *left = left.saturating_sub(value.len());
        parts.push(json!({
            "partId": part_id(at), "type": format!("text/{}", part.subtype), "value": value, "isTruncated": is_cut,
            "isEncodingProblem": is_problem, "remote": remote,
        }));
    }
    Ok(json!({ "id": ids::show(message), "parts": parts }))
}
