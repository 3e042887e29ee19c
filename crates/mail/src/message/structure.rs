//! The tree of parts of a message with exact offsets, as IMAP BODYSTRUCTURE and `BODY[1.2.MIME]` need it.

use std::ops::Range;

use super::{Envelope, MessageRange, PartRange, params, section, split};

/// The parts of a message in the order in which they stand, each before its children. There is always a first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structure {
    /// The parts; [`Part::children`] says how they nest.
    pub parts: Vec<Part>,
    /// A limit ended the search: what is shown as one part may hold more.
    pub truncated: bool,
}

/// One part. Offsets count octets from the beginning of the message; header, body and end follow one another.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Part {
    /// Type in lowercase: `text`.
    pub media_type: String,
    /// Subtype in lowercase: `plain`.
    pub subtype: String,
    /// Parameters of Content-Type as they stand, names in lowercase.
    pub params: Vec<(String, String)>,
    /// Content-ID, with angle brackets.
    pub id: Option<String>,
    /// Content-Description as it stands.
    pub description: Option<String>,
    /// Content-Transfer-Encoding in lowercase.
    pub encoding: Option<String>,
    /// Content-Disposition.
    pub disposition: Option<Disposition>,
    /// Content-Language (RFC 3282).
    pub language: Vec<String>,
    /// Content-Location (RFC 2557).
    pub location: Option<String>,
    /// Content-MD5 (RFC 1864).
    pub md5: Option<String>,
    /// Where the header begins.
    pub header_start: u32,
    /// Where the body begins, behind the header's empty line.
    pub body_start: u32,
    /// Where the body ends; the line break before a boundary is not part of it (RFC 2046 section 5.1.1).
    pub body_end: u32,
    /// Lines of the body; counted for `text` and messages, else 0.
    pub lines: u32,
    /// Parts directly below: those of a multipart, or the one body of a message that is attached.
    pub children: u32,
    /// Envelope of the attached message; there exactly if this part is `message/rfc822` or `message/global` and its one
    /// child is that message.
    pub envelope: Option<Box<Envelope>>,
}

/// Content-Disposition (RFC 2183).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Disposition {
    /// `inline`, `attachment` or another word, in lowercase.
    pub kind: String,
    /// Parameters as they stand, names in lowercase.
    pub params: Vec<(String, String)>,
}

impl Structure {
    /// Finds the parts of `raw`, whatever it is. Octets beyond 4 GiB are not looked at.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        split::split(raw)
    }

    /// Where the part stands that a section of IMAP names (RFC 9051 section 6.4.5.1): `[1, 2]` for `1.2`, nothing for
    /// the message itself.
    #[must_use]
    pub fn section(&self, path: &[u32]) -> Option<PartRange> {
        section::find(self.parts.iter().map(section::Outline::of), path)
    }

    /// The number that IMAP gives the part at `index` of [`Structure::parts`]; empty for a part without one of its own
    /// (the whole message if it is a multipart, the multipart body of an attached message).
    #[must_use]
    pub fn path_of(&self, index: usize) -> Vec<u32> {
        section::path_of(self.parts.iter().map(section::Outline::of), index)
    }

    /// Header and text of the message itself.
    #[must_use]
    pub fn message(&self) -> Option<MessageRange> {
        self.section(&[])?.message
    }

    /// Parts without parts of their own, in order.
    pub fn leaves(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.children == 0)
    }
}

impl Part {
    /// Octets of the body as it stands.
    #[must_use]
    pub const fn size_octets(&self) -> u32 {
        self.body_end.saturating_sub(self.body_start)
    }

    /// Where the header stands, with its empty line.
    #[must_use]
    pub const fn header_range(&self) -> Range<usize> {
        self.header_start as usize..self.body_start as usize
    }

    /// Where the body stands.
    #[must_use]
    pub const fn body_range(&self) -> Range<usize> {
        self.body_start as usize..self.body_end as usize
    }

    /// Whether the type is `media_type/subtype`, both given in lowercase.
    #[must_use]
    pub fn is(&self, media_type: &str, subtype: &str) -> bool {
        self.media_type == media_type && self.subtype == subtype
    }

    /// Whether it holds other parts as a multipart does.
    #[must_use]
    pub fn is_multipart(&self) -> bool {
        self.media_type == "multipart"
    }

    /// Value of a parameter of Content-Type, `name` in lowercase, as it stands.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The name that the sender gave the content, decoded (RFC 2231; encoded words too).
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        let disposition = self.disposition.as_ref();
        let name = disposition.and_then(|disposition| params::decoded(&disposition.params, "filename"));
        name.or_else(|| params::decoded(&self.params, "name")).filter(|name| !name.is_empty())
    }

    /// Whether the sender wants it shown apart from the text: an attachment, or a leaf with a file name that is no
    /// picture within the text.
    #[must_use]
    pub fn is_attachment(&self) -> bool {
        let kind = self.disposition.as_ref().map(|disposition| disposition.kind.as_str());
        match kind {
            Some("attachment") => true,
            _ if self.is_multipart() => false,
            Some("inline") => self.media_type != "text" && self.id.is_none() && self.file_name().is_some(),
            _ if self.media_type == "text" => self.file_name().is_some(),
            _ if self.id.is_some() && self.media_type == "image" => false,
            _ => !matches!(self.subtype.as_str(), "pgp-signature" | "pkcs7-signature" | "x-pkcs7-signature"),
        }
    }
}
