use env::Outlook;
use store::StoreError;

/// Why evidence cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory failed.
    #[error(transparent)]
    Identity(#[from] identity::IdentityError),
    /// Keys that sign mail cannot be read.
    #[error(transparent)]
    Signing(#[from] signing::SigningError),
    /// Rules of retention cannot be read.
    #[error(transparent)]
    Retention(#[from] retention::RetentionError),
    /// Rules of crossings cannot be read.
    #[error(transparent)]
    Residence(#[from] residence::ResidenceError),
    /// There is no such framework.
    #[error("{0:?} is no framework; use one of: checks, iso27001, gdpr, csl, pipl, mlps3")]
    NoFramework(String),
    /// It has no such item.
    #[error("{framework} has no item {item:?}; evidence-list shows those that there are")]
    NoItem {
        /// The framework.
        framework: String,
        /// What was asked for.
        item: String,
    },
    /// A cursor that no list gave.
    #[error("{0:?} is no cursor of this list; leave it out to begin at the front")]
    NoCursor(String),
    /// A page of that size is not given.
    #[error("limit {0} is not possible; ask for 1 to {max}", max = crate::frameworks::PAGE_MAX)]
    Limit(u32),
    /// A word that is none of those that it can be.
    #[error(transparent)]
    Word(#[from] env::UnknownWord),
    /// The data of a framework cannot be read.
    #[error("the items of {framework} cannot be read: {cause}")]
    Data {
        /// The framework.
        framework: &'static str,
        /// Why.
        cause: String,
    },
    /// There is no audit log yet, whose key signs.
    #[error("there is no audit log yet, whose key signs reports; run: tradewind audit head")]
    NoKey,
}

impl EvidenceError {
    /// Whether it may work later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
