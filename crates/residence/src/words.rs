//! The words of rules.

use std::fmt;

use crate::ResidenceError;
use crate::place::country;
use crate::regions::is_name;

env::words! {
    /// How something crosses.
    Kind "kind of crossing" allowed "delivery, export, backup, view" {
        /// Mail to somebody whose home is in another region.
        Delivery = "delivery",
        /// Data taken out by somebody who works elsewhere.
        Export = "export",
        /// A copy of everything in a repository that is elsewhere.
        Backup = "backup",
        /// A look of an administrator who works elsewhere at what is kept here.
        View = "view",
    }

    /// How far something may become known.
    Class "classification" allowed "public, internal, confidential, secret" {
        /// To everybody.
        Public = "public",
        /// Within the company and to those whom it concerns; what bears no mark.
        Internal = "internal",
        /// To some.
        Confidential = "confidential",
        /// To few. A backup, an export and a look can hold it.
        Secret = "secret",
    }

    /// What must protect what crosses.
    Shield "encryption of a crossing" allowed "tls, content" {
        /// A connection whose other end is proven.
        Tls = "tls",
        /// The message itself, too: OpenPGP or S/MIME.
        Content = "content",
    }

    /// On what a crossing stands in law.
    Basis "legal basis" allowed "consent, scc, pipl-contract" {
        /// Consent of those whom the data is about (GDPR article 49, PIPL article 39).
        Consent = "consent",
        /// Standard contractual clauses (GDPR article 46).
        Scc = "scc",
        /// The standard contract on the transfer of personal information out of the country (PIPL article 38).
        PiplContract = "pipl-contract",
    }
}

/// Where a rule lets something go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Towards {
    /// Another region.
    Region(String),
    /// A country, two letters.
    Country(String),
    /// The domain of a partner in another region, with all below it.
    Domain(String),
}

impl Towards {
    /// Reads `region:eu`, `country:DE` or `domain:partner.example`.
    ///
    /// # Errors
    /// [`ResidenceError::Part`] if it is none of them.
    pub fn parse(text: &str) -> Result<Self, ResidenceError> {
        let wrong = |cause: &str| ResidenceError::Part { part: "to", cause: format!("is {text:?}, which {cause}") };
        match text.split_once(':') {
            Some(("region", name)) if is_name(name) => Ok(Self::Region(name.to_owned())),
            Some(("region", _)) => Err(wrong("is no name of a region")),
            Some(("country", code)) => {
                country(code).map(Self::Country).ok_or_else(|| wrong("is no country: write two letters, as country:DE"))
            }
            Some(("domain", name)) => {
                mail::domain::canonical(name).map(Self::Domain).map_err(|_| wrong("is no domain"))
            }
            _ => Err(wrong("says nowhere: write region:NAME, country:XX or domain:NAME")),
        }
    }
}

impl fmt::Display for Towards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(name) => write!(f, "region:{name}"),
            Self::Country(code) => write!(f, "country:{code}"),
            Self::Domain(name) => write!(f, "domain:{name}"),
        }
    }
}
