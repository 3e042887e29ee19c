//! Reads a stored summary without copying: what an answer to FETCH is rendered from.

use env::{Outlook, Timestamp};

use super::codec::{
    HAS_ATTACHMENT, HAS_CHILDREN, HAS_DESCRIPTION, HAS_DISPOSITION, HAS_ENCODING, HAS_ENVELOPE, HAS_ID, HAS_LANGUAGE,
    HAS_LOCATION, HAS_MD5, HAS_PARAMS, HAS_SENT, IS_REPLY, REPLY_TO_IS_FROM, SENDER_IS_FROM, VERSION,
};
use super::stored::{List, Reader};
use super::{Disposition, Envelope, EnvelopeAddress, Part, PartRange, Structure, Summary, section};

/// Why stored octets are no summary. The summary can be made again from the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by another version of Tradewind.
    #[error("summary has version {0}, not {VERSION}")]
    Version(u8),
    /// Cut off or damaged.
    #[error("summary is damaged")]
    Damaged,
}

impl DecodeError {
    /// The same octets will never be read.
    #[must_use]
    pub const fn outlook(&self) -> Outlook {
        Outlook::Permanent
    }
}

pub(super) type Outcome<T> = Result<T, DecodeError>;

/// Addresses of a stored envelope.
pub type Addresses<'a> = List<'a, AddressRef<'a>>;

/// Parameters: name in lowercase, value.
pub type Pairs<'a> = List<'a, (&'a str, &'a str)>;

/// Texts.
pub type Strings<'a> = List<'a, &'a str>;

/// A stored summary, its sections found but not read.
#[derive(Debug, Clone, Copy)]
pub struct SummaryRef<'a> {
    envelope: &'a [u8],
    structure: &'a [u8],
    rest: &'a [u8],
}

impl<'a> SummaryRef<'a> {
    /// Finds the sections in what [`Summary::encode`] wrote.
    ///
    /// # Errors
    /// When the octets are of another version or cut off.
    pub fn parse(octets: &'a [u8]) -> Outcome<Self> {
        let mut reader = Reader(octets);
        let version = reader.octet()?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let envelope = reader.length()?;
        let structure = reader.length()?;
        Ok(Self { envelope: reader.take(envelope)?, structure: reader.take(structure)?, rest: reader.0 })
    }

    /// Reads the envelope.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn envelope(&self) -> Outcome<EnvelopeRef<'a>> {
        EnvelopeRef::read(&mut Reader(self.envelope))
    }

    /// The structure, to be walked part by part.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn structure(&self) -> Outcome<StructureRef<'a>> {
        let mut reader = Reader(self.structure);
        let truncated = reader.octet()? != 0;
        let count = reader.length()?;
        Ok(StructureRef { truncated, count, octets: reader.0 })
    }

    /// Where the part stands that a section names; see [`Structure::section`].
    ///
    /// # Errors
    /// When the structure is damaged.
    pub fn section(&self, path: &[u32]) -> Outcome<Option<PartRange>> {
        Ok(self.structure()?.section(path))
    }

    /// The preview alone.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn preview(&self) -> Outcome<&'a str> {
        let mut reader = Reader(self.rest);
        let flags = reader.octet()?;
        if flags & HAS_SENT != 0 {
            reader.take(8)?;
        }
        reader.text()
    }

    /// Everything else.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn index(&self) -> Outcome<IndexRef<'a>> {
        let mut reader = Reader(self.rest);
        let flags = reader.octet()?;
        let sent = if flags & HAS_SENT != 0 { Some(Timestamp::from_millis(reader.millis()?)) } else { None };
        let preview = reader.text()?;
        let subject_base = reader.text()?;
        let message_id = reader.optional()?;
        let list_id = reader.optional()?;
        let references = Strings::new(reader.length()?, reader.0, Reader::text);
        Ok(IndexRef {
            preview,
            subject_base,
            message_id,
            list_id,
            references,
            sent,
            is_reply_or_forward: flags & IS_REPLY != 0,
            has_attachment: flags & HAS_ATTACHMENT != 0,
        })
    }

    /// Copies everything out.
    ///
    /// # Errors
    /// When anything is damaged.
    pub fn to_summary(&self) -> Outcome<Summary> {
        let index = self.index()?;
        Ok(Summary {
            envelope: self.envelope()?.to_envelope()?,
            structure: self.structure()?.to_structure()?,
            preview: index.preview.to_owned(),
            message_id: index.message_id.map(str::to_owned),
            references: index.references.owned(str::to_owned)?,
            subject_base: index.subject_base.to_owned(),
            is_reply_or_forward: index.is_reply_or_forward,
            sent: index.sent,
            list_id: index.list_id.map(str::to_owned),
            has_attachment: index.has_attachment,
        })
    }
}

/// What a summary holds beside envelope and structure; see [`Summary`].
#[derive(Debug, Clone, Copy)]
pub struct IndexRef<'a> {
    /// Beginning of the text.
    pub preview: &'a str,
    /// Base subject under the collation.
    pub subject_base: &'a str,
    /// Identifier of the message.
    pub message_id: Option<&'a str>,
    /// Identifier of the mailing list.
    pub list_id: Option<&'a str>,
    /// Identifiers of ancestors.
    pub references: Strings<'a>,
    /// The Date field.
    pub sent: Option<Timestamp>,
    /// Whether the subject was marked.
    pub is_reply_or_forward: bool,
    /// Whether a part is an attachment.
    pub has_attachment: bool,
}

/// A stored envelope; see [`Envelope`].
#[derive(Debug, Clone, Copy)]
pub struct EnvelopeRef<'a> {
    /// `Date`.
    pub date: Option<&'a str>,
    /// `Subject`.
    pub subject: Option<&'a str>,
    /// `From`.
    pub from: Addresses<'a>,
    /// `Sender`, or `From`.
    pub sender: Addresses<'a>,
    /// `Reply-To`, or `From`.
    pub reply_to: Addresses<'a>,
    /// `To`.
    pub to: Addresses<'a>,
    /// `Cc`.
    pub cc: Addresses<'a>,
    /// `Bcc`.
    pub bcc: Addresses<'a>,
    /// `In-Reply-To`.
    pub in_reply_to: Option<&'a str>,
    /// `Message-ID`.
    pub message_id: Option<&'a str>,
}

impl<'a> EnvelopeRef<'a> {
    fn read(reader: &mut Reader<'a>) -> Outcome<Self> {
        let date = reader.optional()?;
        let subject = reader.optional()?;
        let from = addresses(reader)?;
        let same = reader.octet()?;
        let sender = if same & SENDER_IS_FROM != 0 { from } else { addresses(reader)? };
        let reply_to = if same & REPLY_TO_IS_FROM != 0 { from } else { addresses(reader)? };
        let [to, cc, bcc] = [addresses(reader)?, addresses(reader)?, addresses(reader)?];
        Ok(Self {
            date,
            subject,
            from,
            sender,
            reply_to,
            to,
            cc,
            bcc,
            in_reply_to: reader.optional()?,
            message_id: reader.optional()?,
        })
    }

    fn to_envelope(self) -> Outcome<Envelope> {
        Ok(Envelope {
            date: self.date.map(str::to_owned),
            subject: self.subject.map(str::to_owned),
            from: self.from.owned(EnvelopeAddress::from)?,
            sender: self.sender.owned(EnvelopeAddress::from)?,
            reply_to: self.reply_to.owned(EnvelopeAddress::from)?,
            to: self.to.owned(EnvelopeAddress::from)?,
            cc: self.cc.owned(EnvelopeAddress::from)?,
            bcc: self.bcc.owned(EnvelopeAddress::from)?,
            in_reply_to: self.in_reply_to.map(str::to_owned),
            message_id: self.message_id.map(str::to_owned),
        })
    }
}

/// A stored structure, to be walked.
#[derive(Debug, Clone, Copy)]
pub struct StructureRef<'a> {
    /// See [`Structure::truncated`].
    pub truncated: bool,
    count: usize,
    octets: &'a [u8],
}

impl<'a> StructureRef<'a> {
    /// The parts in order, each before its children; [`PartRef::children`] says how many follow directly below. Ends early
    /// where the octets are damaged.
    #[must_use]
    pub const fn parts(&self) -> Parts<'a> {
        Parts { left: self.count, from: 0, reader: Reader(self.octets) }
    }

    /// See [`Structure::section`].
    #[must_use]
    pub fn section(&self, path: &[u32]) -> Option<PartRange> {
        section::find(self.parts().map(|part| section::Outline::of_view(&part)), path)
    }

    /// Copies the structure out.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn to_structure(&self) -> Outcome<Structure> {
        let parts: Vec<Part> = self.parts().map(|part| part.to_part()).collect::<Outcome<_>>()?;
        if parts.len() != self.count || parts.is_empty() {
            return Err(DecodeError::Damaged);
        }
        Ok(Structure { parts, truncated: self.truncated })
    }
}

/// A stored part; see [`Part`].
#[derive(Debug, Clone, Copy)]
pub struct PartRef<'a> {
    /// Type in lowercase.
    pub media_type: &'a str,
    /// Subtype in lowercase.
    pub subtype: &'a str,
    /// Parameters of Content-Type.
    pub params: Pairs<'a>,
    /// Content-ID.
    pub id: Option<&'a str>,
    /// Content-Description.
    pub description: Option<&'a str>,
    /// Content-Transfer-Encoding in lowercase.
    pub encoding: Option<&'a str>,
    /// Content-Disposition and its parameters.
    pub disposition: Option<(&'a str, Pairs<'a>)>,
    /// Content-Language.
    pub language: Strings<'a>,
    /// Content-Location.
    pub location: Option<&'a str>,
    /// Content-MD5.
    pub md5: Option<&'a str>,
    /// Where the header begins.
    pub header_start: u32,
    /// Where the body begins.
    pub body_start: u32,
    /// Where the body ends.
    pub body_end: u32,
    /// Lines of the body.
    pub lines: u32,
    /// Parts directly below, which follow next.
    pub children: u32,
    /// Envelope of an attached message, whose body is the one child.
    pub envelope: Option<EnvelopeRef<'a>>,
}

impl<'a> PartRef<'a> {
    /// Octets of the body as it stands.
    #[must_use]
    pub const fn size_octets(&self) -> u32 {
        self.body_end.saturating_sub(self.body_start)
    }

    fn read(reader: &mut Reader<'a>, from: u32) -> Outcome<Self> {
        let flags = reader.number()?;
        let has = |bit: u64| flags & bit != 0;
        let media_type = reader.text()?;
        let subtype = reader.text()?;
        let header_start = reader.offset(from)?;
        let body_start = reader.offset(header_start)?;
        let body_end = reader.offset(body_start)?;
        let lines = reader.offset(0)?;
        let params = if has(HAS_PARAMS) { reader.counted(pair)? } else { Pairs::new(0, &[], pair) };
        let encoding = reader.text_if(has(HAS_ENCODING))?;
        let id = reader.text_if(has(HAS_ID))?;
        let description = reader.text_if(has(HAS_DESCRIPTION))?;
        let disposition = if has(HAS_DISPOSITION) { Some((reader.text()?, reader.counted(pair)?)) } else { None };
        let language =
            if has(HAS_LANGUAGE) { reader.counted(Reader::text)? } else { Strings::new(0, &[], Reader::text) };
        let location = reader.text_if(has(HAS_LOCATION))?;
        let md5 = reader.text_if(has(HAS_MD5))?;
        let children = if has(HAS_CHILDREN) { reader.offset(0)? } else { 0 };
        let envelope = if has(HAS_ENVELOPE) { Some(EnvelopeRef::read(reader)?) } else { None };
        Ok(Self {
            media_type,
            subtype,
            params,
            id,
            description,
            encoding,
            disposition,
            language,
            location,
            md5,
            header_start,
            body_start,
            body_end,
            lines,
            children,
            envelope,
        })
    }

    fn to_part(self) -> Outcome<Part> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Ok(Part {
            media_type: self.media_type.to_owned(),
            subtype: self.subtype.to_owned(),
            params: self.params.owned(owned_pair)?,
            id: text(self.id),
            description: text(self.description),
            encoding: text(self.encoding),
            disposition: match self.disposition {
                Some((kind, params)) => Some(Disposition { kind: kind.to_owned(), params: params.owned(owned_pair)? }),
                None => None,
            },
            language: self.language.owned(str::to_owned)?,
            location: text(self.location),
            md5: text(self.md5),
            header_start: self.header_start,
            body_start: self.body_start,
            body_end: self.body_end,
            lines: self.lines,
            children: self.children,
            envelope: match self.envelope {
                Some(envelope) => Some(Box::new(envelope.to_envelope()?)),
                None => None,
            },
        })
    }
}

/// The parts of a [`StructureRef`].
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    left: usize,
    from: u32,
    reader: Reader<'a>,
}

impl<'a> Iterator for Parts<'a> {
    type Item = PartRef<'a>;

    fn next(&mut self) -> Option<PartRef<'a>> {
        self.left = self.left.checked_sub(1)?;
        let Ok(part) = PartRef::read(&mut self.reader, self.from) else {
            self.left = 0;
            return None;
        };
        self.from = part.header_start;
        Some(part)
    }
}

/// One stored address; see [`EnvelopeAddress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRef<'a> {
    /// Display name.
    pub name: Option<&'a str>,
    /// Source route.
    pub adl: Option<&'a str>,
    /// Local part, or name of a group.
    pub mailbox: Option<&'a str>,
    /// Domain.
    pub host: Option<&'a str>,
}

impl<'a> AddressRef<'a> {
    fn read(reader: &mut Reader<'a>) -> Outcome<Self> {
        Ok(Self {
            name: reader.optional()?,
            adl: reader.optional()?,
            mailbox: reader.optional()?,
            host: reader.optional()?,
        })
    }
}

impl From<AddressRef<'_>> for EnvelopeAddress {
    fn from(address: AddressRef<'_>) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Self {
            name: text(address.name),
            adl: text(address.adl),
            mailbox: text(address.mailbox),
            host: text(address.host),
        }
    }
}

/// An empty list is its count alone.
fn addresses<'a>(reader: &mut Reader<'a>) -> Outcome<Addresses<'a>> {
    if reader.0.first() == Some(&0) {
        reader.octet()?;
        return Ok(Addresses::new(0, &[], AddressRef::read));
    }
    reader.counted(AddressRef::read)
}

fn pair<'a>(reader: &mut Reader<'a>) -> Outcome<(&'a str, &'a str)> {
    Ok((reader.text()?, reader.text()?))
}

fn owned_pair((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
