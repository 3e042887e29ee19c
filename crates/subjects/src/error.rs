use certbook::CertbookError;
use env::Outlook;
use guard::GuardError;
use identity::{IdentityError, Language};
use investigation::InvestigationError;
use judgement::JudgementError;
use keybook::KeybookError;
use letters::{LetterError, Texts};
use mailbox::MailboxError;
use portal::PortalError;
use queue::QueueError;
use residence::ResidenceError;
use retention::RetentionError;
use store::StoreError;
use store::holds::Hold;

use crate::texts;

/// Why something of a subject request cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// People cannot be found or changed, or what was done cannot be recorded.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Mail cannot be looked into or removed.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// The trade guard failed.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// What is kept of judged mail cannot be read or forgotten.
    #[error(transparent)]
    Judgement(#[from] JudgementError),
    /// Keys of correspondents cannot be read.
    #[error(transparent)]
    Keybook(#[from] KeybookError),
    /// Certificates of partners cannot be read.
    #[error(transparent)]
    Certbook(#[from] CertbookError),
    /// The portal failed.
    #[error(transparent)]
    Portal(#[from] PortalError),
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A message that was found cannot be told of.
    #[error(transparent)]
    Investigation(#[from] InvestigationError),
    /// The register of transfers cannot be read.
    #[error(transparent)]
    Residence(#[from] ResidenceError),
    /// The rules of retention cannot be read.
    #[error(transparent)]
    Retention(#[from] RetentionError),
    /// A letter could not be made ready.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// The audit log failed.
    #[error(transparent)]
    Audit(#[from] audit::AuditError),
    /// Address books cannot be read.
    #[error("address books cannot be read: {0}")]
    Cards(String),
    /// There is no such request in the organisation.
    #[error("there is no request {0}; subject-list lists those of the organisation")]
    NoRequest(i64),
    /// The request is closed.
    #[error("request {0} is closed; open a new one")]
    Closed(i64),
    /// What is to be done is not what was asked for.
    #[error("request {id} asks for {asked}, not for this")]
    Kind {
        /// The request.
        id: i64,
        /// What it asks for.
        asked: &'static str,
    },
    /// It is not known yet who asks.
    #[error(
        "it is not noted how whoever asks in request {0} has proved who he is (GDPR article 12 paragraph 6); note it first with subject-identify"
    )]
    Unidentified(i64),
    /// Nothing was done yet.
    #[error("nothing that request {id} asks for was carried out yet: {remedy}")]
    NotCarriedOut {
        /// The request.
        id: i64,
        /// What to do.
        remedy: &'static str,
    },
    /// Legal holds keep what is to be erased.
    #[error("{}", held_text(.0, Language::English))]
    Held(Vec<Hold>),
    /// There is no such hold in force.
    #[error("there is no legal hold {0} in force; hold-list lists them")]
    NoHold(i64),
    /// It is too late to extend.
    #[error("the deadline of request {0} is over; an extension must be told within it")]
    TooLate(i64),
    /// It was extended already.
    #[error("request {0} was extended already; the law knows no second extension")]
    Extended(i64),
    /// A part of what was given cannot be.
    #[error("{part} {cause}")]
    Part {
        /// Which one.
        part: &'static str,
        /// What is wrong with it, and what it must be.
        cause: String,
    },
    /// Addresses are of more than one account.
    #[error("{0} and {1} are of different people; open a request for each")]
    TwoPeople(String, String),
    /// An address is of another organisation.
    #[error("{0} is an account of another organisation")]
    Elsewhere(String),
    /// There is no such letter, or it was sent.
    #[error("request {request} has no draft {letter}; subject-letters lists its letters")]
    NoDraft {
        /// The request.
        request: i64,
        /// The letter.
        letter: i64,
    },
    /// An answer would go into the mailbox that is erased.
    #[error(
        "the answer would go to {0}, which is erased with the account; note another address for answers with subject-identify"
    )]
    AnswerErased(String),
    /// There is no such consent that holds.
    #[error("there is no consent {0} that holds; consent-list lists them")]
    NoConsent(i64),
    /// Nothing was destroyed, so there is nothing to prove.
    #[error("request {0} has destroyed no keys; only the erasure of an account does")]
    NoProof(i64),
    /// The organisation has no domain to write from.
    #[error("the organisation has no domain to write from; add one: tradewind domain add")]
    NoDomain,
    /// Such a request of the person waits already.
    #[error("your request {0} for the same waits for its answer; there is no need for another")]
    Twice(i64),
    /// There are as many as there may be.
    #[error("{0} requests of yours wait for their answers; take one back before you make another")]
    TooManyOwn(i64),
    /// It is none of one's own.
    #[error("there is no request {0} of yours")]
    NoOwn(i64),
    /// A link leads to nothing that waits.
    #[error("the link was used already, or its time is over; leave the request once more")]
    NoLink,
    /// Others changed the same rows again and again.
    #[error("what is known of the person was changed by others all the time; try again")]
    Busy,
}

/// What stands against an erasure, in words for people.
pub(crate) fn held_text(holds: &[Hold], language: Language) -> String {
    told_of(holds, language, "held")
}

/// What stands against an erasure that somebody of ours has asked for and that nobody has tried yet.
pub(crate) fn held_own_text(holds: &[Hold], language: Language) -> String {
    told_of(holds, language, "held-own")
}

fn told_of(holds: &[Hold], language: Language, key: &str) -> String {
    let texts = texts::of(language);
    let named: Vec<String> = holds.iter().map(|hold| named(hold, texts)).collect();
    texts.say(key, &[("holds", &named.join("; "))])
}

fn named(hold: &Hold, texts: Texts) -> String {
    let (id, since) = (hold.id.to_string(), day(hold.begun));
    texts.say("hold", &[("name", &hold.detail.name), ("id", &id), ("since", &since)])
}

/// The day of a moment, as 2026-01-31.
pub(crate) fn day(at: env::Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

impl SubjectError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Mailbox(error) => error.outlook(),
            Self::Guard(error) => error.outlook(),
            Self::Judgement(error) => error.outlook(),
            Self::Queue(error) => error.outlook(),
            Self::Investigation(error) => error.outlook(),
            Self::Letter(error) => error.outlook(),
            Self::Audit(error) => error.outlook(),
            Self::Busy => Outlook::Temporary,
            _ => Outlook::Permanent,
        }
    }

    /// What is wrong, in `language`: of a legal hold, which both languages name.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        match self {
            Self::Held(holds) => held_text(holds, language),
            other => other.to_string(),
        }
    }
}
