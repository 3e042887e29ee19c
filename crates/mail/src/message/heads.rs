//! The header fields that structure, envelope and summary are made of, picked in one pass.

use std::borrow::Cow;

use super::charset;
use crate::header::{Fields, unfold};

/// Octets of one header value that are looked at.
const VALUE_OCTETS_MAX: usize = 262_144;

/// Values of the fields known here, still folded; of a field that is repeated, the first.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Heads<'a> {
    pub(super) content_type: Option<&'a [u8]>,
    pub(super) encoding: Option<&'a [u8]>,
    pub(super) disposition: Option<&'a [u8]>,
    pub(super) content_id: Option<&'a [u8]>,
    pub(super) description: Option<&'a [u8]>,
    pub(super) language: Option<&'a [u8]>,
    pub(super) location: Option<&'a [u8]>,
    pub(super) md5: Option<&'a [u8]>,
    pub(super) date: Option<&'a [u8]>,
    pub(super) subject: Option<&'a [u8]>,
    pub(super) from: Option<&'a [u8]>,
    pub(super) sender: Option<&'a [u8]>,
    pub(super) reply_to: Option<&'a [u8]>,
    pub(super) to: Option<&'a [u8]>,
    pub(super) cc: Option<&'a [u8]>,
    pub(super) bcc: Option<&'a [u8]>,
    pub(super) in_reply_to: Option<&'a [u8]>,
    pub(super) message_id: Option<&'a [u8]>,
    pub(super) references: Option<&'a [u8]>,
    pub(super) list_id: Option<&'a [u8]>,
}

impl<'a> Heads<'a> {
    /// Picks the fields at the beginning of `raw`; also says where the body begins in it.
    pub(super) fn read(raw: &'a [u8]) -> (Self, usize) {
        let mut heads = Self::default();
        let mut fields = Fields::new(raw);
        for field in fields.by_ref() {
            if let Some(slot) = heads.slot(field.name) {
                let value = field.raw_value.get(..VALUE_OCTETS_MAX).unwrap_or(field.raw_value);
                slot.get_or_insert(value);
            }
        }
        (heads, fields.body_start())
    }

    fn slot(&mut self, name: &[u8]) -> Option<&mut Option<&'a [u8]>> {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
        // By length first: most fields of real mail are none of these.
        Some(match name.len() {
            2 if is("to") => &mut self.to,
            2 if is("cc") => &mut self.cc,
            3 if is("bcc") => &mut self.bcc,
            4 if is("from") => &mut self.from,
            4 if is("date") => &mut self.date,
            6 if is("sender") => &mut self.sender,
            7 if is("subject") => &mut self.subject,
            7 if is("list-id") => &mut self.list_id,
            8 if is("reply-to") => &mut self.reply_to,
            10 if is("message-id") => &mut self.message_id,
            10 if is("references") => &mut self.references,
            10 if is("content-id") => &mut self.content_id,
            11 if is("in-reply-to") => &mut self.in_reply_to,
            11 if is("content-md5") => &mut self.md5,
            12 if is("content-type") => &mut self.content_type,
            16 if is("content-language") => &mut self.language,
            16 if is("content-location") => &mut self.location,
            19 if is("content-description") => &mut self.description,
            19 if is("content-disposition") => &mut self.disposition,
            25 if is("content-transfer-encoding") => &mut self.encoding,
            _ => return None,
        })
    }
}

/// Text of a raw header value: unfolded, trimmed, encoded words left alone, octets beyond ASCII read as UTF-8 or guessed.
pub(super) fn header_text(value: &[u8]) -> Cow<'_, str> {
    match unfold(value) {
        Cow::Borrowed(value) => charset::guess(value),
        Cow::Owned(value) => Cow::Owned(charset::guess(&value).into_owned()),
    }
}

/// As [`header_text`], owned; none for an empty value.
pub(super) fn some_text(value: Option<&[u8]>) -> Option<String> {
    let text = header_text(value?);
    // NUL can stand in no IMAP string (RFC 9051 section 9, CHAR8).
    let text = if text.contains('\0') { Cow::Owned(text.replace('\0', "")) } else { text };
    (!text.is_empty()).then(|| text.into_owned())
}
