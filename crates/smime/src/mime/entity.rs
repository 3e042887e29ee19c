//! A message taken into its fields and what they describe.

use mail::header::{self, Field};

/// Fields that are shown to people or thread mail, and are protected with the content (RFC 9788 section 1.1.1). Fields of the way, of
/// judges and of other signatures are never taken out of a content.
const PROTECTED: [&str; 12] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Comments",
    "Keywords",
];

/// Whether the field is one that is protected.
pub(super) fn is_protected(field: &Field<'_>) -> bool {
    PROTECTED.iter().any(|name| field.is(name))
}

/// Whether the field describes the body (RFC 2045 section 9).
pub(super) fn is_mime(field: &Field<'_>) -> bool {
    field.is("MIME-Version") || field.name.len() > 8 && field.name[..8].eq_ignore_ascii_case(b"content-")
}

/// The field as it stands, with its line break.
pub(super) fn text<'a>(raw: &'a [u8], field: &Field<'_>) -> &'a [u8] {
    raw.get(field.start..field.end).unwrap_or_default()
}

/// Line breaks as CRLF (RFC 8551 section 3.1.1).
pub(super) fn canonical(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 40);
    let mut before = 0;
    for &octet in octets {
        if octet == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(octet);
        before = octet;
    }
    out
}

/// A message as the fields that travel outside and the entity that is protected.
pub(super) struct Split {
    /// Fields that do not describe the body.
    pub(super) outside: Vec<u8>,
    /// Fields that do, an empty line and the body, with lines of CRLF.
    pub(super) entity: Vec<u8>,
}

/// Takes a message apart. What has no type is plain text.
pub(super) fn split(message: &[u8]) -> Split {
    let message = canonical(message);
    let (head, body) = header::split_header_body(&message);
    let (mut outside, mut entity, mut has_type) = (Vec::new(), Vec::new(), false);
    for field in header::fields(head) {
        let line = text(head, &field);
        if !is_mime(&field) {
            outside.extend_from_slice(line);
        } else if !field.is("MIME-Version") {
            has_type |= field.is("Content-Type");
            entity.extend_from_slice(line);
        }
    }
    if !has_type {
        entity.splice(0..0, *b"Content-Type: text/plain; charset=us-ascii\r\n");
    }
    entity.extend_from_slice(b"\r\n");
    entity.extend_from_slice(body);
    Split { outside, entity }
}
