use env::Timestamp;
use mail::message::text::fold;

use crate::{MailboxError, UidRange};

/// Deepest nesting of a query.
pub const QUERY_DEPTH_MAX: usize = 64;

/// Words to look for, in the form in which text is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle(String);

impl Needle {
    /// The words `text`, folded: case, width and runs of white space make no difference.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(fold(text))
    }

    /// The folded words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether folded text holds them.
    pub(crate) fn is_in(&self, folded: &str) -> bool {
        memchr::memmem::find(folded.as_bytes(), self.0.as_bytes()).is_some()
    }
}

/// A field of the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Authors.
    From,
    /// Main recipients.
    To,
    /// Recipients of copies.
    Cc,
    /// Recipients of hidden copies.
    Bcc,
    /// Subject.
    Subject,
}

/// What to search for. Moments are given as the first that matches and the first that does not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Every message.
    All,
    /// Those that match all of these.
    And(Vec<Query>),
    /// Those that match one of these.
    Or(Vec<Query>),
    /// Those that do not match this.
    Not(Box<Query>),
    /// Those with these UIDs, in rising ranges without overlaps.
    Uids(Vec<UidRange>),
    /// These messages.
    Messages(Vec<i64>),
    /// Those in these threads.
    Threads(Vec<i64>),
    /// Those with one of these system flags.
    HasFlag(u8),
    /// Those with one of these keywords, as bits.
    HasKeyword(u64),
    /// Those changed at this modseq or later.
    ModseqFrom(i64),
    /// Those received in this time.
    Received(Option<Timestamp>, Option<Timestamp>),
    /// Those that came into the mailbox in this time.
    Saved(Option<Timestamp>, Option<Timestamp>),
    /// Those whose Date field, as it is written and its zone disregarded (RFC 9051 section 6.4.4, SENTON), lies in this time.
    Sent(Option<Timestamp>, Option<Timestamp>),
    /// Those with more octets.
    Larger(u64),
    /// Those with fewer octets.
    Smaller(u64),
    /// Those with the words in this field of the envelope.
    Envelope(Field, Needle),
    /// Those with the words in a header field of this name (lowercase); with no words, those that have the field.
    Header(String, Needle),
    /// Those with the words in the text of the body or the name of an attachment.
    Body(Needle),
    /// Those with the words in header or body.
    Text(Needle),
}

impl Query {
    /// Words that are searched for, wherever they may stand.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        match self {
            Self::Envelope(_, needle) | Self::Header(_, needle) | Self::Body(needle) | Self::Text(needle) => {
                vec![needle.as_str()]
            }
            part => part.parts().iter().flat_map(Self::words).collect(),
        }
    }

    /// Refuses what is nested deeper than [`QUERY_DEPTH_MAX`].
    pub(crate) fn check_depth(&self, depth: usize) -> Result<(), MailboxError> {
        if depth > QUERY_DEPTH_MAX {
            return Err(MailboxError::QueryTooDeep);
        }
        self.parts().iter().try_for_each(|part| part.check_depth(depth + 1))
    }

    fn parts(&self) -> &[Self] {
        match self {
            Self::And(parts) | Self::Or(parts) => parts,
            Self::Not(part) => std::slice::from_ref(part),
            _ => &[],
        }
    }

    /// Whether `test` holds for this or anything within.
    pub(crate) fn any(&self, test: fn(&Self) -> bool) -> bool {
        test(self) || self.parts().iter().any(|part| part.any(test))
    }

    /// Whether the summary can decide a part of it.
    pub(crate) fn asks_summary(&self) -> bool {
        self.any(|part| matches!(part, Self::Envelope(..) | Self::Sent(..) | Self::Threads(_)))
    }

    /// Whether the text is asked for.
    pub(crate) fn asks_text(&self) -> bool {
        self.any(|part| matches!(part, Self::Header(..) | Self::Body(_) | Self::Text(_)))
    }

    /// The UIDs that alone can match, where the query says so at its top.
    pub(crate) fn uids(&self) -> Option<&[UidRange]> {
        match self {
            Self::Uids(ranges) => Some(ranges),
            Self::And(parts) => {
                parts.iter().find_map(|part| if let Self::Uids(ranges) = part { Some(&**ranges) } else { None })
            }
            _ => None,
        }
    }
}
