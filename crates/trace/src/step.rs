//! What a trace is made of.

use std::net::IpAddr;

use env::Timestamp;
use serde::{Deserialize, Serialize};

env::words! {
    /// Which way a message went.
    Direction "direction" allowed "in, out" {
        /// From outside, or from another organisation here.
        In = "in",
        /// From people here.
        Out = "out",
    }
    /// How it stands with a message.
    Outcome "outcome" allowed "delivered, waiting, held, quarantined, failed, refused, put-off, passed-on, removed, pulled" {
        /// Everybody has it: in mailboxes here, or with the next server.
        Delivered = "delivered",
        /// It waits in the queue for some of its recipients.
        Waiting = "waiting",
        /// It waits in the queue until somebody lets it go.
        Held = "held",
        /// It waits in quarantine.
        Quarantined = "quarantined",
        /// It was given up for some of its recipients.
        Failed = "failed",
        /// It was not taken, for good.
        Refused = "refused",
        /// It was not taken this time; its sender may try again.
        PutOff = "put-off",
        /// It was passed on to another region while its sender waited.
        PassedOn = "passed-on",
        /// It was deleted before anybody had it.
        Removed = "removed",
        /// It was taken back after it had been delivered.
        Pulled = "pulled",
    }
    /// What the filter said of a message.
    Found "verdict" allowed "none, deliver, warn, junk, quarantine, hold, refuse" {
        /// It was not asked.
        None = "none",
        /// Into the inbox.
        Deliver = "deliver",
        /// Into the inbox, with a warning.
        Warn = "warn",
        /// Into Junk.
        Junk = "junk",
        /// Into quarantine.
        Quarantine = "quarantine",
        /// To finance first.
        Hold = "hold",
        /// Not to be taken.
        Refuse = "refuse",
    }
    /// Where in its way a message was refused.
    Stage "stage" allowed "connection, sender, recipient, message" {
        /// Before the client was greeted.
        Connection = "connection",
        /// At its sender.
        Sender = "sender",
        /// At a recipient.
        Recipient = "recipient",
        /// After all of it had come.
        Message = "message",
    }
}

/// The number of a word in the database: its place among all of its kind, from 1 on. Words are only ever added at the end.
macro_rules! numbered {
    ($($kind:ident)+) => {$(
        impl $kind {
            pub(crate) fn number(self) -> i64 {
                Self::ALL.iter().zip(1..).find(|(one, _)| **one == self).map_or(0, |(_, number)| number)
            }

            pub(crate) fn of_number(number: i64) -> Option<Self> {
                usize::try_from(number).ok()?.checked_sub(1).and_then(|place| Self::ALL.get(place)).copied()
            }
        }
    )+};
}

numbered! { Direction Outcome Found }

/// The trace that something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traced {
    /// Whose it is; 0 for nobody's here.
    #[serde(rename = "o")]
    pub organisation: i64,
    /// Its number.
    #[serde(rename = "i")]
    pub id: i64,
}

/// Something that happened to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When, in milliseconds since 1970.
    #[serde(rename = "a")]
    pub at: i64,
    /// What.
    #[serde(rename = "w")]
    pub what: What,
}

impl Step {
    /// What happened at a moment.
    #[must_use]
    pub const fn at(at: Timestamp, what: What) -> Self {
        Self { at: at.millis(), what }
    }
}

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reply {
    /// Name or address of the server; empty for ours.
    #[serde(rename = "h", default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Code; 0 without a reply.
    #[serde(rename = "c")]
    pub code: u16,
    /// Enhanced status code (RFC 3463); may be empty.
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// The words.
    #[serde(rename = "t")]
    pub text: String,
}

/// What happens to messages. Fields added later have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A client connected.
    Connected {
        /// From where.
        client: Option<IpAddr>,
        /// What it called itself.
        helo: String,
        /// TLS version and cipher suite; empty in clear.
        tls: String,
        /// Over which service: smtp, submission, submissions or jmap.
        service: String,
    },
    /// Somebody had signed in.
    SignedIn {
        /// Whose account.
        account: i64,
        /// With what.
        method: String,
    },
    /// Sender and recipients were told.
    Enveloped,
    /// All of the message had come.
    Received,
    /// It was found out who sent it.
    Authenticated {
        /// SPF of the envelope's sender, a word of RFC 8601.
        spf: String,
        /// DKIM: each signing domain with its result.
        dkim: Vec<String>,
        /// DMARC of the author.
        dmarc: String,
        /// The chain of forwarders (ARC).
        arc: String,
        /// What followed: deliver, junk, refuse or defer.
        treatment: String,
    },
    /// The filter judged it.
    Judged {
        /// What it said.
        action: String,
        /// How likely it is unwanted, in thousandths.
        unwanted: u16,
        /// Names of the heaviest findings.
        findings: Vec<String>,
    },
    /// Rules for outbound mail held for it.
    Ruled {
        /// Their names.
        rules: Vec<String>,
        /// The most that they ask for: go, warn, justify or block.
        decision: String,
        /// Somebody must allow it.
        waits: bool,
    },
    /// It was stopped for what it is or how it was sent, until somebody has looked.
    Stopped,
    /// It was not taken.
    Refused {
        /// Where in its way.
        stage: String,
        /// What the client was told.
        reply: Reply,
        /// How often this happened in the minute, where it is not told one by one.
        #[serde(default = "once", skip_serializing_if = "is_once")]
        times: u64,
    },
    /// It went into quarantine.
    Quarantined {
        /// Until when, in milliseconds since 1970.
        until: i64,
    },
    /// It is in mailboxes here.
    Delivered {
        /// Whose.
        accounts: Vec<i64>,
        /// Further ones.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: u64,
        /// In Junk; else in the inbox.
        #[serde(default)]
        junk: bool,
    },
    /// It waits in the queue.
    Queued {
        /// For whom.
        to: Vec<String>,
        /// Further ones.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: u64,
        /// Its number there.
        number: i64,
        /// It waits until somebody lets it go.
        #[serde(default)]
        held: bool,
    },
    /// An account's own rules sorted it.
    Sorted {
        /// Whose.
        account: i64,
        /// How many folders it went into.
        folders: u64,
        /// How many addresses it was sent on to.
        onward: u64,
    },
    /// A delivery was tried.
    Attempted {
        /// For whom.
        to: Vec<String>,
        /// Further ones.
        #[serde(default, skip_serializing_if = "is_zero")]
        more: u64,
        /// What was answered.
        reply: Reply,
        /// What came of it: delivered, forwarded, relayed, deferred, failed or expired.
        result: String,
        /// When it is tried again, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
    },
    /// The sender was told what became of it.
    Told {
        /// Number of the letter in the queue.
        number: i64,
    },
    /// It was handed to another region while its sender waited.
    PassedOn {
        /// The region.
        region: String,
        /// What the server there said.
        reply: Reply,
    },
    /// Copies were let out of quarantine.
    Released {
        /// How many.
        copies: u64,
    },
    /// Copies were deleted from quarantine.
    Deleted {
        /// How many.
        copies: u64,
    },
    /// Its time in quarantine was over.
    Expired,
    /// A copy was taken back.
    Pulled {
        /// Whose.
        account: i64,
        /// Into quarantine; else to Junk.
        held: bool,
    },
    /// Copies that had been taken back were returned.
    Returned {
        /// How many.
        copies: u64,
    },
    /// Somebody did something to it in the queue: held, released, retried, expired or cancelled.
    Handled {
        /// What.
        how: String,
        /// Its number in the queue.
        number: i64,
    },
}

impl What {
    /// The word of its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::SignedIn { .. } => "signed-in",
            Self::Enveloped => "enveloped",
            Self::Received => "received",
            Self::Authenticated { .. } => "authenticated",
            Self::Judged { .. } => "judged",
            Self::Ruled { .. } => "ruled",
            Self::Stopped => "stopped",
            Self::Refused { .. } => "refused",
            Self::Quarantined { .. } => "quarantined",
            Self::Delivered { .. } => "delivered",
            Self::Queued { .. } => "queued",
            Self::Sorted { .. } => "sorted",
            Self::Attempted { .. } => "attempted",
            Self::Told { .. } => "told",
            Self::PassedOn { .. } => "passed-on",
            Self::Released { .. } => "released",
            Self::Deleted { .. } => "deleted",
            Self::Expired => "expired",
            Self::Pulled { .. } => "pulled",
            Self::Returned { .. } => "returned",
            Self::Handled { .. } => "handled",
        }
    }
}

const fn once() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_once(times: &u64) -> bool {
    *times == 1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_numbers() {
        // What rests in databases: never change one of these.
        let outcomes: Vec<(i64, &str)> = Outcome::ALL.iter().map(|it| (it.number(), it.as_str())).collect();
        assert_eq!(
            outcomes,
            [
                (1, "delivered"),
                (2, "waiting"),
                (3, "held"),
                (4, "quarantined"),
                (5, "failed"),
                (6, "refused"),
                (7, "put-off"),
                (8, "passed-on"),
                (9, "removed"),
                (10, "pulled")
            ]
        );
        assert_eq!((Direction::In.number(), Direction::Out.number()), (1, 2));
        assert_eq!(Found::ALL.iter().map(|it| it.number()).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of_number(outcome.number()), Some(*outcome));
        }
        assert_eq!(Outcome::of_number(0), None);
    }

    #[test]
    fn steps_are_short_and_read_again() {
        let reply = Reply { host: String::new(), code: 451, status: "4.7.1".into(), text: "later".into() };
        let what =
            What::Attempted { to: vec!["a@b.test".into()], more: 0, reply, result: "deferred".into(), until: None };
        let text = serde_json::to_string(&Step { at: 5, what: what.clone() }).unwrap();
        assert_eq!(
            text,
            r#"{"a":5,"w":{"attempted":{"to":["a@b.test"],"reply":{"c":451,"s":"4.7.1","t":"later"},"result":"deferred"}}}"#
        );
        assert_eq!(serde_json::from_str::<Step>(&text).unwrap().what, what);
        assert_eq!(serde_json::to_string(&What::Received).unwrap(), "\"received\"");
    }
}
