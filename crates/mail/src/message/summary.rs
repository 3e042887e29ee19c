//! What is kept of a message beside its octets, so that lists, sorts and threads need not open it.

use env::Timestamp;

use super::heads::{Heads, header_text, some_text};
use super::{DecodeError, SummaryRef};
use super::{Envelope, Part, Structure, base_subject, codec, encoding, split, text};
use crate::{date, header};

/// Characters of a preview (RFC 8970 section 3.1).
pub const PREVIEW_CHARS_MAX: usize = 256;

/// Identifiers in [`Summary::references`]: the first, and the last ones.
pub const REFERENCES_MAX: usize = 32;

/// Octets of a text part from which the preview is made; HTML begins with pages of style.
const PREVIEW_TEXT_OCTETS: usize = 4096;
const PREVIEW_HTML_OCTETS: usize = 65_536;

/// Everything that lists, sorts and threads show of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Header fields as IMAP shows them.
    pub envelope: Envelope,
    /// Tree of parts.
    pub structure: Structure,
    /// Beginning of the text as a reader sees it, on one line, quoted lines left out; at most [`PREVIEW_CHARS_MAX`].
    pub preview: String,
    /// Identifier of the message, without angle brackets.
    pub message_id: Option<String>,
    /// Identifiers of References, then those of In-Reply-To that are not among them, without angle brackets.
    pub references: Vec<String>,
    /// Base subject (RFC 5256 section 2.1) under [`super::casemap`].
    pub subject_base: String,
    /// Whether the subject had marks of an answer or a forward (RFC 5256 section 3, REFERENCES step 5).
    pub is_reply_or_forward: bool,
    /// The Date field, where it can be read.
    pub sent: Option<Timestamp>,
    /// Identifier of the mailing list (RFC 2919), without angle brackets.
    pub list_id: Option<String>,
    /// Whether a part is an attachment.
    pub has_attachment: bool,
}

impl Summary {
    /// Reads a message, whatever it is.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        let (heads, body_start) = Heads::read(raw);
        let envelope = Envelope::from_heads(&heads);
        let structure = split::split_read(raw, &heads, body_start);
        let base = envelope.subject.as_deref().map(base_subject).unwrap_or_default();
        Self {
            preview: preview(raw, &structure),
            message_id: heads.message_id.and_then(|value| header::message_ids(value).next()),
            references: references(&heads),
            subject_base: base.text,
            is_reply_or_forward: base.is_reply_or_forward,
            sent: envelope.date.as_deref().and_then(date::parse_rfc5322),
            list_id: some_text(heads.list_id).map(|value| list_identifier(&value)),
            has_attachment: structure.parts.iter().skip(1).any(Part::is_attachment)
                || structure.parts.first().is_some_and(|part| part.children == 0 && part.is_attachment()),
            envelope,
            structure,
        }
    }

    /// As octets to store; read again by [`Summary::decode`] or, without copying, by [`SummaryRef::parse`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads what [`Summary::encode`] wrote.
    ///
    /// # Errors
    /// When the octets are of another version or damaged; the summary can be made again from the message.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        SummaryRef::parse(octets)?.to_summary()
    }
}

fn references(heads: &Heads<'_>) -> Vec<String> {
    let mut found: Vec<String> = heads.references.into_iter().flat_map(header::message_ids).collect();
    for id in heads.in_reply_to.into_iter().flat_map(header::message_ids).take(REFERENCES_MAX) {
        if !found.contains(&id) {
            found.push(id);
        }
    }
    if found.len() > REFERENCES_MAX {
        // The root of the thread and the nearest ancestors.
        found.drain(1..=found.len() - REFERENCES_MAX);
    }
    found
}

fn list_identifier(value: &str) -> String {
    let inner = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(value, |(inner, _)| inner);
    inner.trim().to_owned()
}

/// RFC 8970 section 3.2 leaves the choice of text to the server: plain text before HTML.
fn preview(raw: &[u8], structure: &Structure) -> String {
    let shown = |part: &&Part| part.media_type == "text" && part.children == 0 && !part.is_attachment();
    let texts = || structure.parts.iter().filter(shown);
    let plain = texts().find(|part| part.subtype == "plain" && part.size_octets() > 0);
    let Some(part) = plain.or_else(|| texts().find(|part| part.subtype == "html")).or_else(|| texts().next()) else {
        return String::new();
    };
    let is_html = part.subtype == "html";
    let limit = if is_html { PREVIEW_HTML_OCTETS } else { PREVIEW_TEXT_OCTETS };
    let body = raw.get(part.body_range()).unwrap_or_default();
    let body = body.get(..limit).unwrap_or(body);
    let Ok(octets) = encoding::decode(body, part.encoding.as_deref()) else { return String::new() };
    let shown = text::readable(&octets, part);
    let own = one_line(shown.lines().filter(|line| !line.trim_start().starts_with('>')));
    if own.is_empty() { one_line(shown.lines()) } else { own }
}

/// The beginning of some lines on one line, white space and control characters collapsed.
fn one_line<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::with_capacity(PREVIEW_CHARS_MAX);
    let mut count = 0;
    let blank = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' | '\u{34f}')
    };
    for word in lines.flat_map(|line| line.split(blank)).filter(|word| !word.is_empty()) {
        if count + 1 >= PREVIEW_CHARS_MAX {
            break;
        }
        if count > 0 {
            out.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count >= PREVIEW_CHARS_MAX {
                return out;
            }
            out.push(c);
            count += 1;
        }
    }
    // A character cut in two by the limit is not text.
    out.truncate(out.trim_end_matches([' ', '\u{fffd}']).len());
    out
}

/// Text of a raw header value for people: unfolded, encoded words decoded.
#[must_use]
pub(super) fn shown_value(value: &[u8]) -> String {
    super::words::decode(&header_text(value)).into_owned()
}
