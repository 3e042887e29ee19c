use env::Outlook;
use identity::IdentityError;
use letters::LetterError;
use mailbox::MailboxError;
use queue::QueueError;
use store::StoreError;

/// Why something about judged mail could not be done.
#[derive(Debug, thiserror::Error)]
pub enum JudgementError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory failed.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A mailbox refused.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// The queue refused.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A letter could not be made ready.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// The trade guard failed, or refuses.
    #[error(transparent)]
    Guard(#[from] guard::GuardError),
    /// Sign-ins cannot be read.
    #[error(transparent)]
    Watch(#[from] watch::WatchError),
    /// There is no such judged message, or it is no longer kept.
    #[error("no judged message {0:x} is kept; see judging.keep_days")]
    NotKept(i64),
    /// There is no such message in quarantine, or not for this account.
    #[error("no message {0:x} is in quarantine; list them: tradewind quarantine list")]
    NotQuarantined(i64),
    /// People do not release their own messages here.
    #[error("only those who look after the quarantine may release messages; ask your security officer")]
    OfficersOnly,
    /// The number of a judged message is wrong.
    #[error("{0:?} is no number of a judged message; it stands in the message's X-Tradewind-Verdict field")]
    Number(String),
    /// It has no reputation.
    #[error("{0:?} has no reputation; name an address (buyer@partner.example), a domain, or a network (192.0.2.0/24)")]
    Thing(String),
    /// An organisation cannot set this.
    #[error("{setting} cannot be {value:?}: {remedy}")]
    Policy {
        /// What was to be set.
        setting: &'static str,
        /// To what.
        value: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// A complaint cannot be sent there.
    #[error("no complaint can be sent to {0:?}: {1}")]
    Onward(String, &'static str),
    /// Our own row does not read.
    #[error("{what} of judged message {id:x} cannot be read; run: tradewind store check")]
    Unreadable {
        /// Which part of it.
        what: &'static str,
        /// The message.
        id: i64,
    },
}

impl JudgementError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            Self::Letter(error) => error.outlook(),
            Self::Queue(error) => error.outlook(),
            Self::Guard(error) => error.outlook(),
            Self::Watch(error) => error.outlook(),
            Self::Mailbox(MailboxError::Store(error)) => error.outlook(),
            Self::OfficersOnly
            | Self::Mailbox(_)
            | Self::NotKept(_)
            | Self::NotQuarantined(_)
            | Self::Number(_)
            | Self::Thing(_)
            | Self::Policy { .. }
            | Self::Onward(..)
            | Self::Unreadable { .. } => Outlook::Permanent,
        }
    }
}
