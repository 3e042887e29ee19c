//! Outbound control: what people may send, to whom and how, before it leaves.
//!
//! A [`Rule`] is data. [`Policy`] holds those of an organisation and says of a message ([`Content`]) which of them hold and by what ([`Outcome`]),
//! without repeating what is sensitive. [`Outbound`] does that for messages that are handed in, and for senders who ask before they send; what needs a
//! second person waits in the queue ([`waiting`]).
//!
//! Knows nothing of protocols.

mod check;
mod consent;
mod content;
mod detect;
mod error;
mod evaluate;
mod keywords;
mod look;
mod onward;
mod plain;
mod reading;
mod refusal;
mod replay;
mod rule;
pub mod rules;
mod shingles;
mod tell;
pub mod waiting;

pub use consent::{Consent, LABEL_FIELD, OVERRIDE_FIELD};
pub use content::{Content, File, Piece, Place, Recipient};
pub use error::OutboundError;
pub use evaluate::{Decision, Hit, Matched, Outcome, Policy, Wants};
pub use look::{Approval, Letter, Looked, Outbound};
pub use onward::{By, Fate, Going, Part};
pub use reading::{NamedFile, Reading, Stretch};
pub use refusal::{Refusal, decide, hit_words, rule_words};
pub use replay::{Asked as Replay, Held, MESSAGES_MAX as REPLAYED_MAX, Replayed, addresses};
pub use rule::{
    Action, Approve, Attachment, Condition, Detect, Detector, Direction, Domains, FileKind, Fingerprint, Keywords,
    Mode, People, Person, Rule,
};
pub use tell::{Letters, stays_words};

/// Rules that an organisation may have.
pub const RULES_MAX: usize = 500;

/// Marked documents that an organisation may have.
pub const MARKS_MAX: usize = 500;

/// Characters of names of rules and marks, and of other entries.
pub const NAME_CHARS_MAX: usize = 100;
