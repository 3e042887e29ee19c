//! Contents: BODY[..], RFC822 and BINARY[..].

use std::ops::Range;
use std::sync::Arc;

use mail::header;
use mail::message::PartRange;
use mailbox::{MailboxError, Source};
use store::{Blobs, StoreError};
use wire::imap::{FetchItem, FetchWriter, Partial, Section, SectionText};

use super::page::{Message, Output, damaged};

/// Renders an item that needs the message itself; gives the response to go on with.
pub(super) fn render<'o>(
    item: &FetchItem,
    message: &Message<'_>,
    utf8: bool,
    is_first: bool,
    blobs: &Blobs,
    output: &'o mut Output,
) -> Result<FetchWriter<'o>, MailboxError> {
    let Some(source) = message.source else {
        return Err(StoreError::Corrupt { what: "content was not loaded".to_owned() }.into());
    };
    match item {
        FetchItem::Section { section, partial, .. } => {
            FetchWriter::resume(&mut output.bytes, utf8, is_first).section(section, partial.map(|it| it.offset));
            let found = locate(message, source, section)?;
            section_value(found, section, *partial, source, utf8, blobs, output)?;
        }
        FetchItem::Rfc822 | FetchItem::Rfc822Header | FetchItem::Rfc822Text => {
            let (name, text) = match item {
                FetchItem::Rfc822Header => ("RFC822.HEADER", SectionText::Header),
                FetchItem::Rfc822Text => ("RFC822.TEXT", SectionText::Text),
                _ => ("RFC822", SectionText::Whole),
            };
            FetchWriter::resume(&mut output.bytes, utf8, is_first).rfc822(name);
            let section = Section { part: Vec::new(), text };
            let found = locate(message, source, &section)?;
            section_value(found, &section, None, source, utf8, blobs, output)?;
        }
        FetchItem::Binary { part, partial, .. } => {
            let decoded = decoded(message, source, part, blobs)?;
            let mut fetch = FetchWriter::resume(&mut output.bytes, utf8, is_first);
            fetch.binary(part, partial.map(|it| it.offset));
            match decoded {
                None => fetch.nil(),
                Some(bytes) => {
                    let bytes =
                        bytes.get(partial.map_or(0..bytes.len(), |it| it.range(bytes.len()))).unwrap_or_default();
                    if bytes.contains(&0) {
                        fetch.literal8_head(bytes.len() as u64);
                        fetch.out().extend_from_slice(bytes);
                    } else {
                        fetch.literal(bytes);
                    }
                }
            }
        }
        FetchItem::BinarySize(part) => {
            let size = decoded(message, source, part, blobs)?.map_or(0, |bytes| bytes.len() as u64);
            FetchWriter::resume(&mut output.bytes, utf8, is_first).binary_size(part, size);
        }
        _ => {}
    }
    Ok(FetchWriter::resume(&mut output.bytes, utf8, false))
}

/// The octets that a section names, in the message as the client sees it.
fn locate(message: &Message<'_>, source: &Source, section: &Section) -> Result<Option<Range<u64>>, MailboxError> {
    let trace = source.trace_bytes();
    let shifted = |range: Range<usize>| range.start as u64 + trace..range.end as u64 + trace;
    if section.part.is_empty() && section.text == SectionText::Whole {
        return Ok(Some(0..source.size()));
    }
    let Some(found) = part(message, &section.part)? else { return Ok(None) };
    let at_top = section.part.is_empty();
    Ok(match section.text {
        SectionText::Whole => Some(shifted(found.body)),
        SectionText::Mime => Some(shifted(found.mime)),
        SectionText::Text => found.message.map(|it| shifted(it.text)),
        SectionText::Header | SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_) => {
            // Our own trace fields are part of the message's header.
            found.message.map(|it| if at_top { 0..it.header.end as u64 + trace } else { shifted(it.header) })
        }
    })
}

fn part(message: &Message<'_>, path: &[u32]) -> Result<Option<PartRange>, MailboxError> {
    let Some(summary) = &message.summary else { return Ok(None) };
    summary.section(path).map_err(|error| damaged(message.entry, &error))
}

fn section_value(
    found: Option<Range<u64>>,
    section: &Section,
    partial: Option<Partial>,
    source: &Arc<Source>,
    utf8: bool,
    blobs: &Blobs,
    output: &mut Output,
) -> Result<(), MailboxError> {
    let Some(range) = found else {
        FetchWriter::resume(&mut output.bytes, utf8, false).nil();
        return Ok(());
    };
    let filtered = match &section.text {
        SectionText::HeaderFields(names) => Some((names, true)),
        SectionText::HeaderFieldsNot(names) => Some((names, false)),
        _ => None,
    };
    if let Some((names, wanted)) = filtered {
        let mut whole = Vec::new();
        source.reader(blobs).read_range(range, &mut whole)?;
        let fields = chosen_fields(&whole, names, wanted);
        let part = fields.get(partial.map_or(0..fields.len(), |it| it.range(fields.len()))).unwrap_or_default();
        FetchWriter::resume(&mut output.bytes, utf8, false).literal(part);
        return Ok(());
    }
    let length = range.end - range.start;
    let within = partial.map_or(0..length, |it| it.offset.min(length)..it.offset.saturating_add(it.length).min(length));
    FetchWriter::resume(&mut output.bytes, utf8, false).literal_head(within.end - within.start);
    output.content(source, blobs, range.start + within.start..range.start + within.end)
}

/// The fields of a header that are named, or all others, and the empty line (RFC 9051 section 6.4.5.1).
fn chosen_fields(whole: &[u8], names: &[String], wanted: bool) -> Vec<u8> {
    let mut chosen = Vec::new();
    for field in header::fields(whole) {
        if names.iter().any(|name| field.is(name)) == wanted {
            chosen.extend_from_slice(whole.get(field.start..field.end).unwrap_or_default());
        }
    }
    chosen.extend_from_slice(b"\r\n");
    chosen
}

/// A part without its transfer encoding (RFC 3516); nothing if there is no such part.
fn decoded(
    message: &Message<'_>,
    source: &Source,
    path: &[u32],
    blobs: &Blobs,
) -> Result<Option<Vec<u8>>, MailboxError> {
    let Some(found) = part(message, path)? else { return Ok(None) };
    let trace = source.trace_bytes();
    let mut body = Vec::new();
    let range =
        if path.is_empty() { 0..source.size() } else { found.body.start as u64 + trace..found.body.end as u64 + trace };
    source.reader(blobs).read_range(range, &mut body)?;
    let encoding = message
        .summary
        .as_ref()
        .and_then(|summary| summary.structure().ok())
        .and_then(|structure| structure.parts().nth(found.index))
        .and_then(|part| part.encoding.map(str::to_owned));
    if path.is_empty() {
        return Ok(Some(body));
    }
    match mail::message::encoding::decode(&body, encoding.as_deref()) {
        Ok(decoded) => Ok(Some(decoded.into_owned())),
        Err(_) => Err(MailboxError::UnknownEncoding),
    }
}
