use env::Outlook;
use identity::IdentityError;
use mailbox::MailboxError;
use store::StoreError;

/// Why the directory could not be made to agree with a source.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The directory refuses.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The mailbox refuses.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What the source says cannot be taken over.
    #[error("{0}")]
    Refused(String),
    /// A sign-in elsewhere came back too late, a second time, or was never begun.
    #[error("the sign-in took too long, was done already or was never begun")]
    Over,
    /// There is no such thing at the source.
    #[error("{0} is not configured; see the section [provision] of the configuration file")]
    NoSource(String),
    /// The source does not answer, or not as it should.
    #[error("{place}: {cause}")]
    Source {
        /// Where.
        place: String,
        /// What went wrong.
        cause: String,
    },
    /// So many are gone from the source at once that the source itself is the likelier fault.
    #[error(
        "{source_name} no longer has {vanished} of {known} people, more than {percent_max} % at once: nothing was changed; if that is \
         right, run: tradewind provision sync {source_name} --allow-vanishing"
    )]
    TooManyVanish {
        /// Name of the source.
        source_name: String,
        /// How many are gone.
        vanished: usize,
        /// How many there were.
        known: usize,
        /// How many may go at once, in per cent.
        percent_max: u32,
    },
}

impl ProvisionError {
    /// Whether the same can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Identity(error) => error.outlook(),
            Self::Mailbox(error) => error.outlook(),
            Self::Store(error) => error.outlook(),
            Self::Source { .. } => Outlook::Temporary,
            Self::Refused(_) | Self::Over | Self::NoSource(_) | Self::TooManyVanish { .. } => Outlook::Permanent,
        }
    }
}
