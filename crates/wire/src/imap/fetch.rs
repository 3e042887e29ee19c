//! What FETCH asks for (RFC 9051 section 6.4.5).

use super::sequence::SequenceSet;

/// The arguments of FETCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// The set holds UIDs; the answers then carry UID whether asked for or not.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// Which items, macros expanded, in the client's order.
    pub items: Vec<FetchItem>,
    /// `(CHANGEDSINCE n)` (RFC 7162 section 3.1.4.1); the answers then carry MODSEQ.
    pub changed_since: Option<u64>,
    /// `VANISHED` (RFC 7162 section 3.2.6).
    pub vanished: bool,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchItem {
    /// UID
    Uid,
    /// FLAGS
    Flags,
    /// INTERNALDATE
    InternalDate,
    /// ENVELOPE
    Envelope,
    /// BODY: the structure without extension data.
    Body,
    /// BODYSTRUCTURE
    BodyStructure,
    /// RFC822 (RFC 3501): like `BODY[]` under another name.
    Rfc822,
    /// RFC822.HEADER (RFC 3501): like `BODY.PEEK[HEADER]`.
    Rfc822Header,
    /// RFC822.TEXT (RFC 3501): like `BODY[TEXT]`.
    Rfc822Text,
    /// RFC822.SIZE
    Rfc822Size,
    /// `BODY[..]` and `BODY.PEEK[..]`
    Section {
        /// Which part of the message.
        section: Section,
        /// Without setting `\Seen`.
        peek: bool,
        /// Which bytes of it.
        partial: Option<Partial>,
    },
    /// `BINARY[..]` and `BINARY.PEEK[..]` (RFC 3516)
    Binary {
        /// Part numbers; empty for the whole message.
        part: Vec<u32>,
        /// Without setting `\Seen`.
        peek: bool,
        /// Which bytes of it.
        partial: Option<Partial>,
    },
    /// `BINARY.SIZE[..]` (RFC 3516)
    BinarySize(Vec<u32>),
    /// MODSEQ (RFC 7162)
    ModSeq,
    /// EMAILID (RFC 8474)
    EmailId,
    /// THREADID (RFC 8474)
    ThreadId,
    /// SAVEDATE (RFC 8514)
    SaveDate,
    /// PREVIEW (RFC 8970)
    Preview {
        /// `(LAZY)`: only if it is at hand.
        lazy: bool,
    },
}

impl FetchItem {
    /// Whether fetching it sets `\Seen`.
    pub const fn sets_seen(&self) -> bool {
        matches!(
            self,
            Self::Rfc822 | Self::Rfc822Text | Self::Section { peek: false, .. } | Self::Binary { peek: false, .. }
        )
    }

    /// Whether it needs the message's bytes rather than what is kept about it.
    pub const fn needs_content(&self) -> bool {
        matches!(
            self,
            Self::Rfc822
                | Self::Rfc822Header
                | Self::Rfc822Text
                | Self::Section { .. }
                | Self::Binary { .. }
                | Self::BinarySize(_)
        )
    }
}

/// A section of a message (RFC 9051 section 6.4.5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Part numbers, outermost first; empty for the message itself.
    pub part: Vec<u32>,
    /// What of that part.
    pub text: SectionText,
}

/// What of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SectionText {
    /// All of it.
    #[default]
    Whole,
    /// HEADER
    Header,
    /// HEADER.FIELDS with the names as the client wrote them.
    HeaderFields(Vec<String>),
    /// HEADER.FIELDS.NOT
    HeaderFieldsNot(Vec<String>),
    /// TEXT
    Text,
    /// MIME, only with part numbers.
    Mime,
}

/// `<offset.length>`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partial {
    /// The first byte wanted, from 0.
    pub offset: u64,
    /// How many bytes at most, at least 1.
    pub length: u64,
}

impl Partial {
    /// The bytes meant of a content of `size` bytes; empty past its end.
    pub fn range(self, size: usize) -> std::ops::Range<usize> {
        let clamp = |value: u64| usize::try_from(value).map_or(size, |value| value.min(size));
        clamp(self.offset)..clamp(self.offset.saturating_add(self.length))
    }
}
