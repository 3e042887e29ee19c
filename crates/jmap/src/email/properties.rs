//! Which properties of messages and of their parts a client wants.

use wire::jmap::HeaderProperty;

use crate::error::Failure;

/// Declares the properties that have a word of their own.
macro_rules! properties {
    ($name:ident { $($variant:ident => $word:literal,)+ }) => {
        /// A property.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(super) enum $name {
            $($variant,)+
            /// A header field, and the property as the client wrote it.
            Header(HeaderProperty, String),
        }

        impl $name {
            fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    other => Some(Self::Header(HeaderProperty::parse(other)?, other.to_owned())),
                }
            }

            /// What the client calls it.
            pub(super) fn word(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Header(_, word) => word,
                }
            }

            /// Reads the list of those wanted; `default` where the client names none.
            pub(super) fn parse_all(words: Option<Vec<String>>, default: &[&str]) -> Result<Vec<Self>, Failure> {
                let Some(words) = words else { return Ok(default.iter().filter_map(|word| Self::parse(word)).collect()) };
                let mut wanted: Vec<Self> = Vec::with_capacity(words.len());
                for word in words {
                    let property = Self::parse(&word)
                        .ok_or_else(|| Failure::invalid(format!("there is no property {word:?}")))?;
                    if !wanted.contains(&property) {
                        wanted.push(property);
                    }
                }
                Ok(wanted)
            }
        }
    };
}

properties! {
    Property {
        Id => "id",
        BlobId => "blobId",
        ThreadId => "threadId",
        MailboxIds => "mailboxIds",
        Keywords => "keywords",
        Size => "size",
        ReceivedAt => "receivedAt",
        MessageId => "messageId",
        InReplyTo => "inReplyTo",
        References => "references",
        Sender => "sender",
        From => "from",
        To => "to",
        Cc => "cc",
        Bcc => "bcc",
        ReplyTo => "replyTo",
        Subject => "subject",
        SentAt => "sentAt",
        HasAttachment => "hasAttachment",
        Preview => "preview",
        Headers => "headers",
        BodyStructure => "bodyStructure",
        BodyValues => "bodyValues",
        TextBody => "textBody",
        HtmlBody => "htmlBody",
        Attachments => "attachments",
    }
}

properties! {
    PartProperty {
        PartId => "partId",
        BlobId => "blobId",
        Size => "size",
        Headers => "headers",
        Name => "name",
        Type => "type",
        Charset => "charset",
        Disposition => "disposition",
        Cid => "cid",
        Language => "language",
        Location => "location",
        SubParts => "subParts",
    }
}

/// RFC 8621 section 4.2.
pub(super) const DEFAULT: &[&str] = &[
    "id",
    "blobId",
    "threadId",
    "mailboxIds",
    "keywords",
    "size",
    "receivedAt",
    "messageId",
    "inReplyTo",
    "references",
    "sender",
    "from",
    "to",
    "cc",
    "bcc",
    "replyTo",
    "subject",
    "sentAt",
    "hasAttachment",
    "preview",
    "bodyValues",
    "textBody",
    "htmlBody",
    "attachments",
];

/// RFC 8621 section 4.9: the same without what only a kept message has, up to `receivedAt`.
pub(super) const PARSE_DEFAULT: &[&str] = DEFAULT.split_at(7).1;

/// RFC 8621 section 4.2.
pub(super) const PART_DEFAULT: &[&str] =
    &["partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location"];

impl Property {
    /// Whether it is read from the header itself.
    pub(super) const fn needs_head(&self) -> bool {
        matches!(self, Self::References | Self::Sender | Self::ReplyTo | Self::Headers | Self::Header(..))
    }

    /// Whether it is made from the tree of parts.
    pub(super) const fn needs_structure(&self) -> bool {
        matches!(self, Self::BodyStructure | Self::BodyValues | Self::TextBody | Self::HtmlBody | Self::Attachments)
    }
}

impl PartProperty {
    /// Whether it is read from the part's header.
    pub(super) const fn needs_header(&self) -> bool {
        matches!(self, Self::Headers | Self::Header(..))
    }
}
