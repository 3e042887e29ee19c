//! A message as FETCH describes it: ENVELOPE and BODYSTRUCTURE (RFC 9051 section 7.5.2).

/// The ENVELOPE. Texts are header values as they stand, unfolded, encoded words not decoded; `None` means NIL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Date
    pub date: Option<String>,
    /// Subject
    pub subject: Option<String>,
    /// From
    pub from: Vec<Address>,
    /// Sender; written as From when empty, as section 7.5.2 demands.
    pub sender: Vec<Address>,
    /// Reply-To; written as From when empty.
    pub reply_to: Vec<Address>,
    /// To
    pub to: Vec<Address>,
    /// Cc
    pub cc: Vec<Address>,
    /// Bcc
    pub bcc: Vec<Address>,
    /// In-Reply-To
    pub in_reply_to: Option<String>,
    /// Message-ID
    pub message_id: Option<String>,
}

/// An address, or the start or end of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// The display name.
    pub name: Option<String>,
    /// The local part; at a group's start its name.
    pub mailbox: Option<String>,
    /// The domain; absent at a group's start and end.
    pub host: Option<String>,
}

impl Address {
    /// The start of a group.
    pub fn group_start(name: impl Into<String>) -> Self {
        Self { name: None, mailbox: Some(name.into()), host: None }
    }

    /// The end of a group.
    pub fn group_end() -> Self {
        Self::default()
    }
}

/// The structure of a message or of one of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyStructure {
    /// A part without parts of its own, or a message within the message.
    Single(Box<SinglePart>),
    /// A multipart.
    Multi(Box<MultiPart>),
}

/// A part that is no multipart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SinglePart {
    /// `text`
    pub media_type: String,
    /// `plain`
    pub subtype: String,
    /// Parameters of Content-Type.
    pub parameters: Vec<(String, String)>,
    /// Content-ID
    pub id: Option<String>,
    /// Content-Description
    pub description: Option<String>,
    /// Content-Transfer-Encoding, `7bit` when empty.
    pub encoding: String,
    /// Size as transferred, in bytes.
    pub size_bytes: u64,
    /// Lines as transferred; written for text and messages only.
    pub lines: u64,
    /// The message inside, for message/rfc822 and message/global.
    pub message: Option<(Envelope, BodyStructure)>,
    /// Content-MD5
    pub md5: Option<String>,
    /// The rest.
    pub extension: Extension,
}

/// A multipart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MultiPart {
    /// `mixed`
    pub subtype: String,
    /// Parameters of Content-Type.
    pub parameters: Vec<(String, String)>,
    /// The parts, at least one; with none an empty text is written, for the grammar has no empty multipart.
    pub parts: Vec<BodyStructure>,
    /// The rest.
    pub extension: Extension,
}

/// Extension data that every part may have; only BODYSTRUCTURE shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extension {
    /// Content-Disposition with its parameters.
    pub disposition: Option<(String, Vec<(String, String)>)>,
    /// Content-Language
    pub languages: Vec<String>,
    /// Content-Location
    pub location: Option<String>,
}
