use env::Outlook;
use store::StoreError;

/// Why the portal does not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// The portal is switched off.
    #[error("the portal is switched off; set portal.enabled")]
    Off,
    /// A value of the request cannot be used.
    #[error("{name} {why}")]
    Invalid {
        /// Which one.
        name: &'static str,
        /// What is wrong with it and what would do.
        why: String,
    },
    /// There is no such delivery or reply; or it has expired so long ago that it is forgotten.
    #[error("there is no such delivery; it may have expired and been removed")]
    NoDelivery,
    /// Its time is over.
    #[error("this delivery has expired; ask its sender to send it again")]
    Expired,
    /// Its sender has taken it back.
    #[error("this delivery was taken back by its sender")]
    Revoked,
    /// It was opened as often as it may be.
    #[error("this delivery was opened as often as it may be; ask its sender for more openings")]
    UsedUp,
    /// Too many wrong passwords, links or codes.
    #[error("there were too many wrong attempts; ask the sender of this delivery to let it be opened again")]
    Shut,
    /// The password or the link is wrong.
    #[error("this is not the right password or link")]
    WrongProof,
    /// The code to the telephone is wrong, too old, or was tried too often.
    #[error("this is not the right code, or it is no longer valid; have a new one sent")]
    WrongCode,
    /// A code to the telephone is needed first.
    #[error("have a code sent to the telephone first, and give it")]
    NeedsCode,
    /// The visit is over.
    #[error("open the delivery again")]
    VisitOver,
    /// There is no more room.
    #[error("{0}")]
    TooMuch(String),
    /// A part lacks chunks.
    #[error("part {part} has {found} of {wanted} chunks; send those that are missing")]
    Incomplete {
        /// Number of the part.
        part: u32,
        /// Chunks that are there.
        found: i64,
        /// Chunks that were announced.
        wanted: u32,
    },
    /// It was sent already, or not yet.
    #[error("the delivery is in another state; look at the list of deliveries")]
    State,
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PortalError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
