use env::{Outlook, UnknownWord};
use identity::IdentityError;
use store::StoreError;

use crate::{REGIONS_MAX, RULES_MAX};

/// Why a region, a home or a rule is not kept, or a crossing not decided.
#[derive(Debug, thiserror::Error)]
pub enum ResidenceError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// People cannot be found, or what was done not be recorded.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A word that is none.
    #[error(transparent)]
    Word(#[from] UnknownWord),
    /// This installation is no region.
    #[error(
        "this installation has no region yet; set region.name and region.country in its configuration and start it anew"
    )]
    NoRegionHere,
    /// There is no such region.
    #[error("there is no region {0:?}; make it known with tradewind region set, or see tradewind region list")]
    NoRegion(String),
    /// It is the region that we are.
    #[error("{0:?} is the region of this installation; what is at home here needs no entry")]
    OwnRegion(String),
    /// A part of a region, a home or a rule cannot be.
    #[error("{part} {cause}")]
    Part {
        /// Which.
        part: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// A rule that would let everything through.
    #[error(
        "the rule says no {0}; a rule needs a kind, where to, a legal basis, its reference and the day on which it ends"
    )]
    Lacks(&'static str),
    /// Somebody has the address here.
    #[error("{0} is an address of an account or group here; its home can be elsewhere only when it is gone from here")]
    IsHere(String),
    /// There is no such entry.
    #[error("{0} has no home in another region; see tradewind region home list")]
    NoHome(String),
    /// There is no such rule.
    #[error("there is no rule of crossings {0:?}; see tradewind region rule list")]
    NoRule(String),
    /// Something still needs the region.
    #[error(
        "{count} addresses and domains have their home in region {region}; remove those first: tradewind region home list"
    )]
    InUse {
        /// The region.
        region: String,
        /// How many.
        count: i64,
    },
    /// There are as many rules as there may be.
    #[error("the organisation has {RULES_MAX} rules of crossings, which is as many as it may; remove one")]
    TooManyRules,
    /// There are as many regions as there may be.
    #[error("there are {REGIONS_MAX} regions, which is as many as there may be; remove one")]
    TooManyRegions,
}

impl ResidenceError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}
