//! What is to be done with a message.

use std::collections::BTreeSet;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It goes where mail goes that no rule speaks of.
    Keep {
        /// Flags and keywords as IMAP writes them.
        flags: BTreeSet<String>,
    },
    /// It goes into a mailbox. The first that there is counts: by identifier, by use, by name.
    FileInto {
        /// Name of the mailbox.
        mailbox: String,
        /// Its identifier (RFC 9042).
        mailbox_id: Option<String>,
        /// What it is for, without backslash (RFC 8579).
        special_use: Option<String>,
        /// Make it if it is not there (RFC 5490).
        create: bool,
        /// Flags and keywords as IMAP writes them.
        flags: BTreeSet<String>,
    },
    /// It is sent on.
    Redirect {
        /// Where to.
        address: String,
    },
    /// It is refused, its sender told (RFC 5429).
    Reject {
        /// Why.
        reason: String,
    },
    /// Its sender is told something (RFC 5230).
    Reply(Box<Reply>),
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Text, or a part of MIME with its header if `mime`.
    pub reason: String,
    /// Whether `reason` has a header.
    pub mime: bool,
    /// Subject; none for one that is made of the message's.
    pub subject: Option<String>,
    /// Address that it is from; none for the one that the message was sent to.
    pub from: Option<String>,
    /// Addresses that are the reader's, beside those of the account.
    pub addresses: Vec<String>,
    /// Names this reply, so that others are sent beside it.
    pub handle: String,
    /// Within this time one sender gets it once.
    pub seconds: u64,
}

/// Something that `duplicate` looked for, to be remembered once the message is delivered (RFC 7352 section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What names the message.
    pub name: String,
    /// For so many seconds.
    pub seconds: u64,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What is to be done, in this order. Nothing: the message is thrown away.
    pub actions: Vec<Action>,
    /// What is to be remembered.
    pub seen: Vec<Seen>,
}
