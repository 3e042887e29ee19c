//! Parts in 7 bits, as what is signed must be so that nobody on the way has to encode it anew (RFC 3156 section 3).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail::message::{Part, Structure};

/// The message with its parts that have octets of 8 bits in base64. Within attached messages and what is signed already, nothing changes.
pub(super) fn encoded(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.is_ascii() {
        return Cow::Borrowed(raw);
    }
    let structure = Structure::parse(raw);
    let closed = structure.parts.iter().filter(|it| it.envelope.is_some() || it.is("multipart", "signed"));
    let closed: Vec<_> = closed.map(Part::body_range).collect();
    let mut out = Vec::with_capacity(raw.len() * 3 / 2);
    let mut from = 0;
    for part in structure.leaves() {
        let body = raw.get(part.body_range()).unwrap_or_default();
        let is_closed = closed.iter().any(|range| range.contains(&(part.header_start as usize)));
        if body.is_ascii() || is_closed || (part.header_start as usize) < from {
            continue;
        }
        out.extend_from_slice(raw.get(from..part.header_start as usize).unwrap_or_default());
        let header = raw.get(part.header_range()).unwrap_or_default();
        for field in mail::header::fields(header).filter(|field| !field.is("Content-Transfer-Encoding")) {
            out.extend_from_slice(header.get(field.start..field.end).unwrap_or_default());
        }
        out.extend_from_slice(b"Content-Transfer-Encoding: base64\r\n\r\n");
        let lines = STANDARD.encode(body);
        let lines: Vec<&[u8]> = lines.as_bytes().chunks(76).collect();
        out.extend_from_slice(&lines.join(b"\r\n".as_slice()));
        from = part.body_end as usize;
        // The end of a message that is one part; that of another stands before its boundary.
        if from == raw.len() {
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(raw.get(from..).unwrap_or_default());
    Cow::Owned(out)
}
