//! The text of a message for search: decoded, HTML reduced, folded.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use super::summary::shown_value;
use super::{Part, Structure, charset, encoding, html};
use crate::header;

/// Octets of text taken from all parts of one message.
pub const BODY_OCTETS_MAX: usize = 2 * 1024 * 1024;

/// Octets of text taken from all header fields of one message.
pub const HEADER_OCTETS_MAX: usize = 256 * 1024;

/// What can be searched in a message, decoded but not folded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct SearchText {
    /// Every header field of the message: name in lowercase, value for people.
    pub headers: Vec<(String, String)>,
    /// `Subject`.
    pub subject: String,
    /// `From`.
    pub from: String,
    /// `To`.
    pub to: String,
    /// `Cc`.
    pub cc: String,
    /// `Bcc`.
    pub bcc: String,
    /// Text of all `text` parts and headers of attached messages, a line break between parts; at most [`BODY_OCTETS_MAX`].
    pub body: String,
    /// A limit left something out.
    pub truncated: bool,
}

/// Takes the text out of `raw`, whose parts are `structure`.
#[must_use]
pub fn search_text(raw: &[u8], structure: &Structure) -> SearchText {
    let mut found = SearchText::default();
    let header = structure.parts.first().map(Part::header_range).and_then(|range| raw.get(range)).unwrap_or_default();
    let mut taken = 0;
    for field in header::fields(header) {
        taken += field.raw_value.len() + field.name.len();
        if taken > HEADER_OCTETS_MAX {
            found.truncated = true;
            break;
        }
        let value = shown_value(field.raw_value);
        let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
        let slot = match name.as_str() {
            "subject" => Some(&mut found.subject),
            "from" => Some(&mut found.from),
            "to" => Some(&mut found.to),
            "cc" => Some(&mut found.cc),
            "bcc" => Some(&mut found.bcc),
            _ => None,
        };
        if let Some(slot) = slot {
            if !slot.is_empty() {
                slot.push(' ');
            }
            slot.push_str(&value);
        }
        found.headers.push((name, value));
    }
    for (index, part) in structure.parts.iter().enumerate() {
        if index > 0 && is_message_body(structure, index) {
            push_header_text(raw, part, &mut found);
        }
        push_part_text(raw, part, &mut found);
    }
    found
}

/// Text of one leaf part: transfer encoding and character set undone, HTML reduced. `None` for what is no text or has an
/// unknown encoding.
#[must_use]
pub fn part_text(raw: &[u8], part: &Part) -> Option<String> {
    if part.media_type != "text" || part.children > 0 {
        return None;
    }
    let octets = encoding::decode_part(raw, part).ok()?;
    Some(readable(&octets, part).into_owned())
}

/// Text of a part whose transfer encoding is undone.
pub(super) fn readable<'a>(octets: &'a [u8], part: &Part) -> Cow<'a, str> {
    let text = charset::decode(octets, part.param("charset"));
    if part.subtype == "html" || part.subtype == "xhtml+xml" { Cow::Owned(html::html_to_text(&text)) } else { text }
}

/// Folds text for search: NFKC, lowercase, one space for each run of white space, none at the ends.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    // Lowercase may undo a composition (İ); folding is done when doing it again changes nothing.
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    collapse(lower.nfkc(), text.len())
}

/// [`fold`] for most text, octet by octet and without branches that depend on the text.
fn fold_ascii(text: &str) -> String {
    let mut out = vec![0; text.len()];
    let mut length = 0;
    let mut after_blank = true;
    for &octet in text.as_bytes() {
        let blank = matches!(octet, b'\t'..=b'\r' | b' ' | b'\0');
        if let Some(slot) = out.get_mut(length) {
            *slot = if blank { b' ' } else { octet.to_ascii_lowercase() };
        }
        length += usize::from(!(blank && after_blank));
        after_blank = blank;
    }
    if after_blank && length > 0 {
        length -= 1;
    }
    out.truncate(length);
    String::from_utf8(out).unwrap_or_default()
}

fn collapse(chars: impl Iterator<Item = char>, capacity: usize) -> String {
    let mut out = String::with_capacity(capacity);
    let mut gap = false;
    for c in chars {
        if c.is_whitespace() || c == '\0' {
            gap = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

fn is_message_body(structure: &Structure, index: usize) -> bool {
    index.checked_sub(1).and_then(|before| structure.parts.get(before)).is_some_and(|part| part.envelope.is_some())
}

fn push_header_text(raw: &[u8], part: &Part, found: &mut SearchText) {
    let header = raw.get(part.header_range()).unwrap_or_default();
    for field in header::fields(header) {
        push_bounded(&shown_value(field.raw_value), found);
    }
}

fn push_part_text(raw: &[u8], part: &Part, found: &mut SearchText) {
    if part.media_type != "text" || part.children > 0 || found.body.len() >= BODY_OCTETS_MAX {
        return;
    }
    // A character takes at most three octets in base64 or nine in quoted-printable for each octet of ours.
    let body = raw.get(part.body_range()).unwrap_or_default();
    let limit = (BODY_OCTETS_MAX - found.body.len()).saturating_mul(4);
    let body = body.get(..limit).unwrap_or(body);
    // Text in an unknown encoding is searched as it stands.
    let octets = encoding::decode(body, part.encoding.as_deref()).unwrap_or(Cow::Borrowed(body));
    push_bounded(&readable(&octets, part), found);
}

fn push_bounded(text: &str, found: &mut SearchText) {
    if !found.body.is_empty() {
        found.body.push('\n');
    }
    let room = BODY_OCTETS_MAX.saturating_sub(found.body.len());
    if text.len() > room {
        found.truncated = true;
        let mut end = room;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        found.body.push_str(text.get(..end).unwrap_or_default());
    } else {
        found.body.push_str(text);
    }
}
