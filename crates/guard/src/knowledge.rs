//! What history knows that one message needs. It is looked up once, before anything is compared.

use std::sync::Arc;

use env::Timestamp;
use serde::{Deserialize, Serialize};

/// All that history knows for one message.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// Our own domains and people.
    pub own: Arc<Own>,
    /// What is known of the author's address; none if it never wrote to us and nobody here wrote to it.
    pub sender: Option<Address>,
    /// What is known of the author's company, or of the author alone where he uses a free mail service.
    pub partner: Option<Partner>,
    /// The partner that named the author's domain in a letter before, as one does who moves to another; then it is the author's company.
    pub announced_by: Option<Partner>,
    /// What is known of the address that answers go to, where it is not the author's.
    pub reply_to: Option<Address>,
    /// Companies of other addresses in the message (recipients, copies, the address for answers), by their registered domain; only those
    /// that are known.
    pub others: Vec<Partner>,
    /// Domains of partners, and our own, that are near to a domain of the message: candidates for a look-alike, from an index. Never
    /// the domain itself.
    pub near: Vec<Near>,
    /// People known to us by the author's display name, at other addresses than his: ours and partners'.
    pub namesakes: Vec<Namesake>,
    /// The thread that the message says to belong to; none if it names none of ours.
    pub thread: Option<Thread>,
    /// Payment details in the message, in the order in which they stand, with what is thought of each.
    pub found: Vec<Found>,
    /// Our own payment details on file.
    pub own_details: Vec<OnFile>,
    /// Messages in all that history holds; with few, little can be said of who is new.
    pub messages: u64,
}

/// Our own domains and people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Domains in lowercase A-labels.
    pub domains: Vec<String>,
    /// People, with the addresses that they have here.
    pub people: Vec<OwnPerson>,
}

/// Somebody of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPerson {
    /// Shown name.
    pub name: String,
    /// Address in lowercase.
    pub address: String,
    /// What he does here.
    pub job: Job,
}

/// What somebody of ours does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Job {
    /// Pays.
    Finance,
    /// Decides.
    Management,
    /// Buys and sells.
    Sales,
    /// Something else, or nobody knows.
    #[default]
    Other,
}

/// How often something was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally(pub Vec<(String, u32)>);

/// When and how often mail went both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The first message, whichever way it went; milliseconds since 1970, 0 for none.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// Messages from there.
    pub received: u32,
    /// Messages from us to there.
    pub sent: u32,
}

/// What is known of an address outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address in lowercase.
    pub address: String,
    /// When and how often.
    pub contact: Contact,
    /// Display names that it used.
    pub names: Tally,
    /// Addresses that answers to it went to, where not its own.
    pub reply_to: Tally,
    /// Programs that its mail was written with ([`crate::Subject::software`]).
    pub software: Tally,
    /// Ways that its mail came ([`crate::Subject::route`]).
    pub routes: Tally,
    /// Zones of time in its `Date` fields, as `+0800`.
    pub zones: Tally,
    /// Messages by hour of the day, UTC; 24 numbers.
    pub hours: Vec<u32>,
    /// Languages, by ISO 639-1.
    pub languages: Tally,
    /// People of ours that it corresponds with, by address.
    pub ours: Tally,
    /// Of its messages, those that its domain vouched for.
    pub authenticated: u32,
}

/// What is known of a company that we trade with; of one person where he uses a free mail service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// Its name in lists: the first registered domain that it used, or the address of a person on a free mail service.
    pub name: String,
    /// Registered domains; those that were put together by hand, too. Empty for a person on a free mail service.
    pub domains: Vec<String>,
    /// When and how often, all its people together.
    pub contact: Contact,
    /// Its people.
    pub people: Vec<PartnerPerson>,
    /// Countries that it has ties with, by ISO 3166-1 in capital letters: of its domain, its banks, its telephone numbers.
    pub countries: Tally,
    /// Languages, by ISO 639-1.
    pub languages: Tally,
    /// Payment details on file.
    pub details: Vec<OnFile>,
    /// Telephone numbers on file, from before the message in question.
    pub phones: Vec<String>,
}

/// Somebody of a partner's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerPerson {
    /// The address in lowercase.
    pub address: String,
    /// The name that it mostly uses.
    pub name: String,
    /// Messages from it and to it.
    pub messages: u32,
    /// The last of them; milliseconds since 1970.
    pub last: i64,
}

/// What is thought of payment details.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not on file.
    #[default]
    New,
    /// Seen in mail that was not doubted.
    Learned,
    /// Confirmed by finance.
    Confirmed,
    /// Somebody doubts them, or they came with fraud.
    Disputed,
    /// No longer used.
    Retired,
}

/// Payment details on file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnFile {
    /// The details as they were found first.
    pub detail: payment::Detail,
    /// What is thought of them.
    pub state: State,
    /// First seen; milliseconds since 1970.
    pub first: i64,
    /// Last seen.
    pub last: i64,
    /// Messages that they stood in.
    pub messages: u32,
    /// `Message-ID` of the first message that they stood in.
    pub source: String,
}

/// Payment details in the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The details.
    pub detail: payment::Detail,
    /// What is thought of them at the one who asks to be paid: at the partner, at us in what we send.
    pub state: State,
    /// They stood in the thread before.
    pub is_of_thread: bool,
    /// They are our own.
    pub is_own: bool,
    /// Other partners that have them on file, by name.
    pub elsewhere: Vec<String>,
    /// Somewhere they are disputed.
    pub is_disputed: bool,
}

/// A domain of a partner or of ours that is near to one of the message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Near {
    /// The domain of the message.
    pub domain: String,
    /// The one that it is near to.
    pub known: String,
    /// It is ours.
    pub is_own: bool,
    /// When and how often with whom it belongs to; zero for ours.
    pub contact: Contact,
    /// The same for the domain of the message, if it has a history of its own.
    pub own_contact: Contact,
}

/// Somebody known by the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namesake {
    /// The name as he writes it.
    pub name: String,
    /// His address.
    pub address: String,
    /// He is of ours.
    pub is_own: bool,
    /// What he does here, if he is of ours.
    pub job: Job,
    /// Messages from him and to him.
    pub messages: u32,
}

/// A thread on file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Addresses in it outside, with how many messages each has written.
    pub participants: Tally,
    /// Registered domains of them.
    pub domains: Tally,
    /// Registered domain of the first mail's author, ours if it was one of us.
    pub first_domain: String,
    /// When and how often.
    pub contact: Contact,
    /// The message that is answered is on file: its author's address.
    pub answered: Option<String>,
    /// Lines quoted in the message whose words are those of a line on file, and whose numbers are not: as the message has them.
    pub altered: Vec<String>,
    /// Payment details that stood in it before.
    pub details: Vec<OnFile>,
}

impl Contact {
    /// Messages both ways.
    #[must_use]
    pub const fn messages(&self) -> u32 {
        self.received.saturating_add(self.sent)
    }

    /// Mail went both ways.
    #[must_use]
    pub const fn is_mutual(&self) -> bool {
        self.received > 0 && self.sent > 0
    }

    /// Letters went both ways often enough for a domain to be a company by itself, whatever it looks like.
    #[must_use]
    pub const fn is_company(&self) -> bool {
        self.is_mutual() && self.messages() >= COMPANY_MESSAGES_MIN
    }

    /// Another message at `at`; the first and the last are moved as needed.
    pub fn note(&mut self, at: Timestamp, is_received: bool) {
        let at = at.millis();
        self.first = if self.messages() == 0 { at } else { self.first.min(at) };
        self.last = self.last.max(at);
        let slot = if is_received { &mut self.received } else { &mut self.sent };
        *slot = slot.saturating_add(1);
    }

    /// Days since the first message; 0 for none.
    #[must_use]
    pub const fn days(&self, now: Timestamp) -> i64 {
        if self.messages() == 0 { 0 } else { now.millis().saturating_sub(self.first) / 86_400_000 }
    }
}

/// Letters of its own history from which a domain is a company by itself.
pub(crate) const COMPANY_MESSAGES_MIN: u32 = 3;

/// Different things that one tally keeps; the rarest makes room.
const TALLY_MAX: usize = 12;

/// Characters of one that are kept.
const TALLY_CHARS_MAX: usize = 120;

impl Tally {
    /// Seen once more; empty is nothing.
    pub fn note(&mut self, what: &str) {
        let what: String = what.trim().chars().take(TALLY_CHARS_MAX).collect();
        if what.is_empty() {
            return;
        }
        if let Some((_, count)) = self.0.iter_mut().find(|(known, _)| *known == what) {
            *count = count.saturating_add(1);
            return;
        }
        if self.0.len() >= TALLY_MAX {
            let rarest = self.0.iter().enumerate().min_by_key(|(_, (_, count))| *count).map(|(at, _)| at);
            if let Some(at) = rarest {
                self.0.remove(at);
            }
        }
        self.0.push((what, 1));
    }

    /// How often it was seen.
    #[must_use]
    pub fn count(&self, what: &str) -> u32 {
        self.0.iter().find(|(known, _)| known == what).map_or(0, |(_, count)| *count)
    }

    /// How often anything was.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// What was seen most.
    #[must_use]
    pub fn most(&self) -> Option<&str> {
        self.0.iter().max_by_key(|(_, count)| *count).map(|(what, _)| what.as_str())
    }

    /// Puts another's counts to these.
    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            self.note(what);
            if let Some((_, slot)) = self.0.iter_mut().find(|(known, _)| known == what) {
                *slot = slot.saturating_add(count.saturating_sub(1));
            }
        }
    }
}

impl Own {
    /// Whether a host is one of our domains or below it.
    #[must_use]
    pub fn has_host(&self, host: &str) -> bool {
        self.domains
            .iter()
            .any(|own| host == own || host.strip_suffix(own.as_str()).is_some_and(|sub| sub.ends_with('.')))
    }
}
