//! FETCH responses, item by item (RFC 9051 section 7.5.2).

use super::body::{write_body_structure, write_envelope};
use super::status::write_flags;
use super::text::{write_astring, write_number, write_string};
use crate::imap::datetime::DateTime;
use crate::imap::fetch::{Section, SectionText};
use crate::imap::flag::SystemFlags;
use crate::imap::structure::{BodyStructure, Envelope};

/// The FETCH response of one message under way.
pub struct FetchWriter<'a> {
    out: &'a mut Vec<u8>,
    utf8: bool,
    is_first: bool,
}

impl<'a> FetchWriter<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>, utf8: bool, number: u32) -> Self {
        out.extend_from_slice(b"* ");
        write_number(out, u64::from(number));
        out.extend_from_slice(b" FETCH (");
        Self { out, utf8, is_first: true }
    }

    /// Goes on with a response after its buffer was handed elsewhere; `is_first` says that it has no items yet.
    pub fn resume(out: &'a mut Vec<u8>, utf8: bool, is_first: bool) -> Self {
        Self { out, utf8, is_first }
    }

    /// The buffer: where a literal's bytes go after its head, and from where it may be drained at any time.
    pub fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }

    /// Ends the response.
    pub fn finish(self) {
        self.out.extend_from_slice(b")\r\n");
    }

    fn name(&mut self, name: &str) {
        if !self.is_first {
            self.out.push(b' ');
        }
        self.is_first = false;
        self.out.extend_from_slice(name.as_bytes());
    }

    fn numbered(&mut self, name: &str, number: u64) {
        self.name(name);
        write_number(self.out, number);
    }

    /// UID
    pub fn uid(&mut self, uid: u32) {
        self.numbered("UID ", u64::from(uid));
    }

    /// FLAGS
    pub fn flags<'k>(&mut self, system: SystemFlags, keywords: impl IntoIterator<Item = &'k str>) {
        self.name("FLAGS ");
        write_flags(self.out, system, keywords, false);
    }

    /// INTERNALDATE
    pub fn internal_date(&mut self, date: DateTime) {
        self.name("INTERNALDATE ");
        date.write(self.out);
    }

    /// SAVEDATE (RFC 8514), NIL where it is not kept.
    pub fn save_date(&mut self, date: Option<DateTime>) {
        self.name("SAVEDATE ");
        match date {
            Some(date) => date.write(self.out),
            None => self.out.extend_from_slice(b"NIL"),
        }
    }

    /// RFC822.SIZE, in bytes.
    pub fn size(&mut self, size_bytes: u64) {
        self.numbered("RFC822.SIZE ", size_bytes);
    }

    /// MODSEQ (RFC 7162)
    pub fn mod_seq(&mut self, mod_seq: u64) {
        self.numbered("MODSEQ (", mod_seq);
        self.out.push(b')');
    }

    /// EMAILID (RFC 8474)
    pub fn email_id(&mut self, id: &str) {
        self.object_id("EMAILID (", id);
    }

    /// THREADID (RFC 8474)
    pub fn thread_id(&mut self, id: &str) {
        self.object_id("THREADID (", id);
    }

    fn object_id(&mut self, name: &str, id: &str) {
        self.name(name);
        self.out.extend_from_slice(id.as_bytes());
        self.out.push(b')');
    }

    /// PREVIEW (RFC 8970), NIL where it is not at hand.
    pub fn preview(&mut self, preview: Option<&str>) {
        self.name("PREVIEW ");
        match preview {
            Some(preview) => write_string(self.out, preview, self.utf8),
            None => self.out.extend_from_slice(b"NIL"),
        }
    }

    /// ENVELOPE
    pub fn envelope(&mut self, envelope: &Envelope) {
        self.name("ENVELOPE ");
        write_envelope(self.out, envelope, self.utf8);
    }

    /// ENVELOPE as [`write_envelope`] gave it before, for the same `utf8`.
    pub fn envelope_written(&mut self, written: &[u8]) {
        self.name("ENVELOPE ");
        self.out.extend_from_slice(written);
    }

    /// BODYSTRUCTURE
    pub fn body_structure(&mut self, body: &BodyStructure) {
        self.name("BODYSTRUCTURE ");
        write_body_structure(self.out, body, true, self.utf8);
    }

    /// BODYSTRUCTURE as [`write_body_structure`] gave it before, for the same `utf8`.
    pub fn body_structure_written(&mut self, written: &[u8]) {
        self.name("BODYSTRUCTURE ");
        self.out.extend_from_slice(written);
    }

    /// BODY, the structure without extension data.
    pub fn body(&mut self, body: &BodyStructure) {
        self.name("BODY ");
        write_body_structure(self.out, body, false, self.utf8);
    }

    /// BINARY.SIZE, in bytes after decoding.
    pub fn binary_size(&mut self, part: &[u32], size_bytes: u64) {
        self.name("BINARY.SIZE[");
        write_part(self.out, part);
        self.out.extend_from_slice(b"] ");
        write_number(self.out, size_bytes);
    }

    /// `BODY[..]<origin> ` before its value: [`FetchWriter::literal`], [`FetchWriter::literal_head`] or
    /// [`FetchWriter::nil`].
    pub fn section(&mut self, section: &Section, origin: Option<u64>) {
        self.name("BODY[");
        write_section(self.out, section);
        self.out.push(b']');
        self.origin(origin);
    }

    /// `BINARY[..]<origin> ` before its value.
    pub fn binary(&mut self, part: &[u32], origin: Option<u64>) {
        self.name("BINARY[");
        write_part(self.out, part);
        self.out.push(b']');
        self.origin(origin);
    }

    /// `RFC822 `, `RFC822.HEADER ` or `RFC822.TEXT ` before its value.
    pub fn rfc822(&mut self, name: &str) {
        self.name(name);
        self.out.push(b' ');
    }

    fn origin(&mut self, origin: Option<u64>) {
        if let Some(origin) = origin {
            self.out.push(b'<');
            write_number(self.out, origin);
            self.out.push(b'>');
        }
        self.out.push(b' ');
    }

    /// A value whole.
    pub fn literal(&mut self, bytes: &[u8]) {
        self.literal_head(bytes.len() as u64);
        self.out.extend_from_slice(bytes);
    }

    /// A value's head; exactly so many bytes must follow through [`FetchWriter::out`].
    pub fn literal_head(&mut self, size_bytes: u64) {
        self.out.push(b'{');
        write_number(self.out, size_bytes);
        self.out.extend_from_slice(b"}\r\n");
    }

    /// The head of a value that may hold NUL (RFC 3516).
    pub fn literal8_head(&mut self, size_bytes: u64) {
        self.out.push(b'~');
        self.literal_head(size_bytes);
    }

    /// No such part.
    pub fn nil(&mut self) {
        self.out.extend_from_slice(b"NIL");
    }
}

fn write_part(out: &mut Vec<u8>, part: &[u32]) {
    for (at, number) in part.iter().enumerate() {
        if at > 0 {
            out.push(b'.');
        }
        write_number(out, u64::from(*number));
    }
}

fn write_section(out: &mut Vec<u8>, section: &Section) {
    write_part(out, &section.part);
    if section.text != SectionText::Whole && !section.part.is_empty() {
        out.push(b'.');
    }
    let (name, fields): (&str, &[String]) = match &section.text {
        SectionText::Whole => ("", &[]),
        SectionText::Header => ("HEADER", &[]),
        SectionText::HeaderFields(fields) => ("HEADER.FIELDS", fields),
        SectionText::HeaderFieldsNot(fields) => ("HEADER.FIELDS.NOT", fields),
        SectionText::Text => ("TEXT", &[]),
        SectionText::Mime => ("MIME", &[]),
    };
    out.extend_from_slice(name.as_bytes());
    for (at, field) in fields.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b" (" } else { b" " });
        write_astring(out, field, false);
    }
    if !fields.is_empty() {
        out.push(b')');
    }
}
