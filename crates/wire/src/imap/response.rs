//! Responses, written straight into an output buffer.
//!
//! A [`Writer`] borrows the buffer for a moment; nothing is formatted aside. Whoever streams drains the buffer whenever
//! it is large enough, also in the middle of a FETCH ([`FetchWriter::out`]).

mod body;
mod fetch;
mod find;
mod mailbox;
mod status;
mod text;

#[cfg(test)]
mod tests;

pub use self::fetch::FetchWriter;
pub use self::find::{SearchResult, ThreadNode};
pub use self::mailbox::{ListEntry, QuotaResource, StatusValue};
pub use self::status::{Code, Reply, Status, write_status};
pub use self::text::{
    write_mailbox, write_nstring, write_number, write_ranges, write_set, write_string, write_uid_set,
};

pub use self::body::{write_body_structure, write_envelope};

use self::status::write_flags;
use super::flag::SystemFlags;
use super::sequence::NumberSet;

/// Writes untagged responses.
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    utf8: bool,
}

impl<'a> Writer<'a> {
    /// A writer into `out`. `utf8` says whether the client takes UTF-8 in quoted strings and mailbox names
    /// ([`Enabled::utf8`](super::Enabled::utf8)).
    pub fn new(out: &'a mut Vec<u8>, utf8: bool) -> Self {
        Self { out, utf8 }
    }

    /// An untagged status response.
    pub fn untagged(&mut self, reply: &Reply<'_>) {
        write_status(self.out, None, reply);
    }

    /// `* n EXISTS`
    pub fn exists(&mut self, count: u32) {
        self.counted(count, " EXISTS");
    }

    /// `* n RECENT` (RFC 3501 section 7.3.2)
    pub fn recent(&mut self, count: u32) {
        self.counted(count, " RECENT");
    }

    /// `* n EXPUNGE`
    pub fn expunge(&mut self, number: u32) {
        self.counted(number, " EXPUNGE");
    }

    /// `* VANISHED`, with `(EARLIER)` for what went before this session (RFC 7162 section 3.2.10).
    pub fn vanished(&mut self, uids: &NumberSet, earlier: bool) {
        if uids.is_empty() {
            return;
        }
        self.out.extend_from_slice(if earlier { b"* VANISHED (EARLIER) " } else { b"* VANISHED " });
        write_set(self.out, uids);
        self.end_line();
    }

    /// `* FLAGS`
    pub fn flags<'k>(&mut self, system: SystemFlags, keywords: impl IntoIterator<Item = &'k str>) {
        self.out.extend_from_slice(b"* FLAGS ");
        write_flags(self.out, system, keywords, false);
        self.end_line();
    }

    /// `* ID` (RFC 2971), NIL for no fields.
    pub fn id(&mut self, fields: &[(&str, &str)]) {
        self.out.extend_from_slice(b"* ID ");
        if fields.is_empty() {
            self.out.extend_from_slice(b"NIL");
        } else {
            for (at, (name, value)) in fields.iter().enumerate() {
                self.out.push(if at == 0 { b'(' } else { b' ' });
                write_string(self.out, name, false);
                self.out.push(b' ');
                write_string(self.out, value, false);
            }
            self.out.push(b')');
        }
        self.end_line();
    }

    /// Begins `* n FETCH (`; [`FetchWriter::finish`] ends it.
    pub fn fetch(self, number: u32) -> FetchWriter<'a> {
        FetchWriter::begin(self.out, self.utf8, number)
    }

    /// A line of its own making, without its CRLF.
    pub(super) fn line(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.end_line();
    }

    fn counted(&mut self, count: u32, name: &str) {
        self.out.extend_from_slice(b"* ");
        write_number(self.out, u64::from(count));
        self.line(name);
    }

    fn parenthesised(&mut self, text: &str) {
        self.out.push(b'(');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b')');
    }

    fn end_line(&mut self) {
        self.out.extend_from_slice(b"\r\n");
    }
}
