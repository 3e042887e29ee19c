//! ENVELOPE and BODYSTRUCTURE (RFC 9051 section 7.5.2).

use super::text::{write_nstring, write_number, write_string};
use crate::imap::structure::{Address, BodyStructure, Envelope, Extension, MultiPart, SinglePart};

/// Parts within parts that are described, in levels; a deeper one is written as opaque bytes.
const BODY_DEPTH_MAX: usize = 64;

/// Writes an ENVELOPE's value.
pub fn write_envelope(out: &mut Vec<u8>, envelope: &Envelope, utf8: bool) {
    out.push(b'(');
    write_nstring(out, envelope.date.as_deref(), utf8);
    out.push(b' ');
    write_nstring(out, envelope.subject.as_deref(), utf8);
    let sender = if envelope.sender.is_empty() { &envelope.from } else { &envelope.sender };
    let reply_to = if envelope.reply_to.is_empty() { &envelope.from } else { &envelope.reply_to };
    for list in [&envelope.from, sender, reply_to, &envelope.to, &envelope.cc, &envelope.bcc] {
        out.push(b' ');
        write_addresses(out, list, utf8);
    }
    out.push(b' ');
    write_nstring(out, envelope.in_reply_to.as_deref(), utf8);
    out.push(b' ');
    write_nstring(out, envelope.message_id.as_deref(), utf8);
    out.push(b')');
}

fn write_addresses(out: &mut Vec<u8>, addresses: &[Address], utf8: bool) {
    if addresses.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for address in addresses {
        out.push(b'(');
        write_nstring(out, address.name.as_deref(), utf8);
        // addr-adl: the source route, which nothing keeps any more
        out.extend_from_slice(b" NIL ");
        write_nstring(out, address.mailbox.as_deref(), utf8);
        out.push(b' ');
        write_nstring(out, address.host.as_deref(), utf8);
        out.push(b')');
    }
    out.push(b')');
}

/// Writes the value of BODYSTRUCTURE, or with `extended` false that of BODY.
pub fn write_body_structure(out: &mut Vec<u8>, body: &BodyStructure, extended: bool, utf8: bool) {
    Form { extended, utf8 }.write(out, body, 0);
}

#[derive(Clone, Copy)]
struct Form {
    extended: bool,
    utf8: bool,
}

impl Form {
    fn write(self, out: &mut Vec<u8>, body: &BodyStructure, depth: usize) {
        match body {
            _ if depth > BODY_DEPTH_MAX => self.single(out, &opaque(), depth),
            BodyStructure::Single(part) => self.single(out, part, depth),
            BodyStructure::Multi(part) => self.multi(out, part, depth),
        }
    }

    fn multi(self, out: &mut Vec<u8>, multi: &MultiPart, depth: usize) {
        out.push(b'(');
        for part in &multi.parts {
            self.write(out, part, depth + 1);
        }
        if multi.parts.is_empty() {
            self.single(out, &empty_text(), depth + 1);
        }
        out.push(b' ');
        write_string(out, &multi.subtype, self.utf8);
        if self.extended {
            out.push(b' ');
            self.parameters(out, &multi.parameters);
            self.extension(out, &multi.extension);
        }
        out.push(b')');
    }

    fn single(self, out: &mut Vec<u8>, part: &SinglePart, depth: usize) {
        out.push(b'(');
        write_string(out, &part.media_type, self.utf8);
        out.push(b' ');
        write_string(out, &part.subtype, self.utf8);
        out.push(b' ');
        self.parameters(out, &part.parameters);
        out.push(b' ');
        write_nstring(out, part.id.as_deref(), self.utf8);
        out.push(b' ');
        write_nstring(out, part.description.as_deref(), self.utf8);
        out.push(b' ');
        write_string(out, if part.encoding.is_empty() { "7bit" } else { &part.encoding }, self.utf8);
        out.push(b' ');
        write_number(out, part.size_bytes);
        let is_message = is_message(part);
        if is_message {
            self.message(out, part, depth);
        }
        if is_message || part.media_type.eq_ignore_ascii_case("text") {
            out.push(b' ');
            write_number(out, part.lines);
        }
        if self.extended {
            out.push(b' ');
            write_nstring(out, part.md5.as_deref(), self.utf8);
            self.extension(out, &part.extension);
        }
        out.push(b')');
    }

    /// Clients go by the media type, so a message that could not be read is described as an empty one.
    fn message(self, out: &mut Vec<u8>, part: &SinglePart, depth: usize) {
        out.push(b' ');
        match &part.message {
            Some((envelope, body)) => {
                write_envelope(out, envelope, self.utf8);
                out.push(b' ');
                self.write(out, body, depth + 1);
            }
            None => {
                write_envelope(out, &Envelope::default(), self.utf8);
                out.push(b' ');
                self.single(out, &empty_text(), depth + 1);
            }
        }
    }

    fn parameters(self, out: &mut Vec<u8>, parameters: &[(String, String)]) {
        if parameters.is_empty() {
            out.extend_from_slice(b"NIL");
            return;
        }
        for (at, (name, value)) in parameters.iter().enumerate() {
            out.push(if at == 0 { b'(' } else { b' ' });
            write_string(out, name, self.utf8);
            out.push(b' ');
            write_string(out, value, self.utf8);
        }
        out.push(b')');
    }

    fn extension(self, out: &mut Vec<u8>, extension: &Extension) {
        match &extension.disposition {
            Some((disposition, parameters)) => {
                out.extend_from_slice(b" (");
                write_string(out, disposition, self.utf8);
                out.push(b' ');
                self.parameters(out, parameters);
                out.push(b')');
            }
            None => out.extend_from_slice(b" NIL"),
        }
        match &extension.languages[..] {
            [] => out.extend_from_slice(b" NIL"),
            languages => {
                for (at, language) in languages.iter().enumerate() {
                    out.extend_from_slice(if at == 0 { b" (" } else { b" " });
                    write_string(out, language, self.utf8);
                }
                out.push(b')');
            }
        }
        out.push(b' ');
        write_nstring(out, extension.location.as_deref(), self.utf8);
    }
}

/// `media-message` (RFC 9051 section 9, RFC 6532 section 3.7)
fn is_message(part: &SinglePart) -> bool {
    part.media_type.eq_ignore_ascii_case("message")
        && ["rfc822", "global"].iter().any(|known| part.subtype.eq_ignore_ascii_case(known))
}

fn opaque() -> SinglePart {
    SinglePart { media_type: "application".to_owned(), subtype: "octet-stream".to_owned(), ..SinglePart::default() }
}

fn empty_text() -> SinglePart {
    SinglePart { media_type: "text".to_owned(), subtype: "plain".to_owned(), ..SinglePart::default() }
}
