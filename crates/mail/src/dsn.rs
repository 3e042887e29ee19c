//! Delivery status notifications: a letter that tells a sender what became of a message, in plain words for people and in
//! fields for programs (RFC 3461, RFC 3462, RFC 3464; RFC 6533 where addresses are in UTF-8).

mod letter;
pub mod reasons;
mod words;

use std::fmt;
use std::str::FromStr;

use env::Timestamp;

use crate::Address;

pub use letter::build;
pub use reasons::{NOT_BY_PORTAL, NOT_ENCRYPTED, NOT_END_TO_END, Reason, reason};

/// What is told of one message. The notification goes to `original_sender` with an empty reverse path
/// (RFC 3464 section 2).
#[derive(Debug, Clone)]
pub struct Report<'a> {
    /// Our name, as given in EHLO.
    pub reporting_mta: &'a str,
    /// The domain whose postmaster writes.
    pub from_domain: &'a str,
    /// When we received the message.
    pub arrival: Option<Timestamp>,
    /// ENVID of the message, xtext undone (RFC 3461 section 4.4).
    pub original_envelope_id: Option<&'a str>,
    /// Reverse path of the message.
    pub original_sender: &'a Address,
    /// What became of each recipient that is told of; at least one.
    pub recipients: Vec<RecipientStatus>,
    /// What of the message is sent back.
    pub returned: Returned<'a>,
    /// The sender's server takes SMTPUTF8: addresses go in UTF-8 (RFC 6533).
    pub utf8: bool,
}

/// What became of one recipient (RFC 3464 section 2.3).
#[derive(Debug, Clone)]
pub struct RecipientStatus {
    /// The recipient when it ended here.
    pub final_recipient: Address,
    /// ORCPT, xtext undone: `rfc822;anna@example.com` (RFC 3461 section 4.2).
    pub original_recipient: Option<String>,
    /// What was done.
    pub action: Action,
    /// Enhanced status code.
    pub status: Status,
    /// What people are told instead of the words for the status.
    pub reason: Option<Reason>,
    /// Name of the server that answered.
    pub remote_mta: Option<String>,
    /// Its answer: `550 5.1.1 no such user`.
    pub diagnostic: Option<String>,
    /// When it was last tried.
    pub last_attempt: Option<Timestamp>,
    /// Until when it is tried again, for [`Action::Delayed`].
    pub will_retry_until: Option<Timestamp>,
}

/// What was done for a recipient (RFC 3464 section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Given up.
    Failed,
    /// Not yet delivered, still tried.
    Delayed,
    /// Delivered to the mailbox.
    Delivered,
    /// Passed to a server that sends no notifications.
    Relayed,
    /// Delivered to several in place of the recipient.
    Expanded,
}

impl Action {
    /// The word in the field.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
}

/// Enhanced status code (RFC 3463 section 2): class 2, 4 or 5, subject, detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// 2 success, 4 temporary, 5 permanent.
    pub class: u8,
    /// What it is about.
    pub subject: u16,
    /// What of it.
    pub detail: u16,
}

/// A text that is no enhanced status code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no enhanced status code: class 2, 4 or 5, subject and detail up to 999, as in 5.1.1")]
pub struct StatusError(String);

impl StatusError {
    /// The same text will never be a code.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

impl Status {
    /// The code with these numbers.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl FromStr for Status {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<Self, StatusError> {
        let mut fields = text.split('.').map(|digits| {
            let plain = matches!(digits.len(), 1..=3) && digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse::<u16>().ok()).flatten()
        });
        match (fields.next().flatten(), fields.next().flatten(), fields.next().flatten(), fields.next()) {
            (Some(class @ (2 | 4 | 5)), Some(subject), Some(detail), None) => {
                Ok(Self { class: class as u8, subject, detail })
            }
            _ => Err(StatusError(text.to_owned())),
        }
    }
}

/// What of the message is sent back (RFC 3461 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned<'a> {
    /// Its header; a body in the octets is left out.
    Headers(&'a [u8]),
    /// All of it.
    Full(&'a [u8]),
    /// Nothing.
    None,
}

#[cfg(test)]
mod tests;
