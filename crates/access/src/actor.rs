use std::fmt;

use env::Timestamp;

use crate::{Action, Holder};

env::words! {
    /// The way by which a request came.
    Via "way" allowed "local, http, imap, smtp, jmap, sieve, scim" {
        /// The command line at the server.
        Local = "local",
        /// The API, from a browser or a program.
        Http = "http",
        /// IMAP.
        Imap = "imap",
        /// Submission.
        Smtp = "smtp",
        /// JMAP.
        Jmap = "jmap",
        /// ManageSieve.
        Sieve = "sieve",
        /// Provisioning.
        Scim = "scim",
    }
}

/// Who asks, and what is known of him now. Made afresh for each request from the tables; never kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The account; none for the operator.
    pub account: Option<i64>,
    /// Whose it is.
    pub organisation: Option<i64>,
    /// The region that the actor serves as a whole, if any.
    pub region: Option<i64>,
    /// Whose rows speak of the actor.
    pub holders: Vec<Holder>,
    /// Groups that the actor is in.
    pub groups: Vec<i64>,
    /// What others have lent.
    pub loans: Vec<Loan>,
    /// Whether the actor has a second factor at all.
    pub has_factor: bool,
    /// When a strong factor was last shown.
    pub strong_at: Option<Timestamp>,
    /// The way by which the request came.
    pub via: Via,
}

/// Actions on another's account that its owner delegated, or that a grant allows for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loan {
    /// Where it comes from.
    pub basis: Basis,
    /// On whose account.
    pub owner: i64,
    /// What.
    pub actions: Vec<Action>,
    /// From when.
    pub from: Timestamp,
    /// Until when; no longer at that moment itself.
    pub until: Timestamp,
}

/// Where a loan comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The owner delegated it.
    Delegation(i64),
    /// A break-glass grant.
    Grant(i64),
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delegation(id) => write!(f, "delegation {id}"),
            Self::Grant(id) => write!(f, "grant {id}"),
        }
    }
}

impl Actor {
    /// Whoever has the machine that keeps `region`.
    #[must_use]
    pub fn operator(region: i64) -> Self {
        Self {
            account: None,
            organisation: None,
            region: Some(region),
            holders: vec![Holder::Operator],
            groups: Vec::new(),
            loans: Vec::new(),
            has_factor: false,
            strong_at: None,
            via: Via::Local,
        }
    }

    /// Whether it is the operator, who has no second factor but the machine.
    #[must_use]
    pub fn is_operator(&self) -> bool {
        self.holders.contains(&Holder::Operator)
    }
}

/// What something is done to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object {
    /// The organisation that it belongs to; none for what belongs to nobody in particular.
    pub organisation: Option<i64>,
    /// The account that it belongs to.
    pub owner: Option<i64>,
    /// Groups that it belongs to.
    pub groups: Vec<i64>,
    /// Where it is kept.
    pub region: i64,
}

impl Object {
    /// Something of an account.
    #[must_use]
    pub fn of_account(organisation: i64, account: i64) -> Self {
        Self { organisation: Some(organisation), owner: Some(account), ..Self::default() }
    }

    /// Something of an organisation as a whole.
    #[must_use]
    pub fn of_organisation(organisation: i64) -> Self {
        Self { organisation: Some(organisation), ..Self::default() }
    }
}
