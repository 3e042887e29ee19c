//! What protects a message on its way to a partner, in the words of rules: what this server does with it, and what it must have.

use env::UnknownWord;
use env::settings::serde::{Deserialize, Serialize};

/// What this server does with messages to a partner, be it by S/MIME or by OpenPGP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", rename_all = "lowercase")]
pub enum Rule {
    /// Signed; what our people write and cannot be signed does not go.
    Sign,
    /// Encrypted, and signed where the author has a key here; what cannot be encrypted does not go.
    Encrypt,
    /// Signed and encrypted, or it does not go.
    Both,
    /// Signed and encrypted as far as there are keys and certificates; goes in any case.
    Try,
}

impl Rule {
    /// Whether it encrypts at all.
    #[must_use]
    pub const fn encrypts(self) -> bool {
        !matches!(self, Self::Sign)
    }

    /// Whether what cannot be signed stays here.
    #[must_use]
    pub const fn must_sign(self) -> bool {
        matches!(self, Self::Sign | Self::Both)
    }

    /// Whether what cannot be encrypted stays here.
    #[must_use]
    pub const fn must_encrypt(self) -> bool {
        matches!(self, Self::Encrypt | Self::Both)
    }
}

env::words! {
    /// What a message can be protected by.
    Means "way to protect a message" allowed "end-to-end, smime, openpgp, portal, verified-tls" {
        /// Encrypted by its author's own program, with OpenPGP or S/MIME, before this server had it.
        EndToEnd = "end-to-end",
        /// Encrypted with S/MIME (RFC 8551), by its author or by this server.
        Smime = "smime",
        /// Encrypted with OpenPGP (RFC 9580), by its author or by this server.
        OpenPgp = "openpgp",
        /// In the portal, where the partner reads it by a password or a link.
        Portal = "portal",
        /// On a connection with TLS whose other end is proven: by DANE, a policy (MTA-STS), or an authority that is trusted.
        VerifiedTls = "verified-tls",
    }
}

/// A list of means, one of which must protect a message, or it does not go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(crate = "env::settings::serde", try_from = "Vec<String>", into = "Vec<String>")]
pub struct Demand(Vec<Means>);

/// A list of means that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DemandError {
    /// It names nothing, so that nothing could ever go.
    #[error("a rule must name at least one way: end-to-end, smime, openpgp, portal, verified-tls")]
    Empty,
    /// A word of it is unknown.
    #[error(transparent)]
    Unknown(#[from] UnknownWord),
}

impl Demand {
    /// A demand for one of `means`.
    ///
    /// # Errors
    /// [`DemandError::Empty`] if there is none.
    pub fn new(means: &[Means]) -> Result<Self, DemandError> {
        let mut means = means.to_vec();
        means.sort_unstable();
        means.dedup();
        if means.is_empty() { Err(DemandError::Empty) } else { Ok(Self(means)) }
    }

    /// What it names.
    #[must_use]
    pub fn means(&self) -> &[Means] {
        &self.0
    }

    /// Whether it names this.
    #[must_use]
    pub fn names(&self, means: Means) -> bool {
        self.0.contains(&means)
    }
}

impl TryFrom<Vec<String>> for Demand {
    type Error = DemandError;

    fn try_from(words: Vec<String>) -> Result<Self, DemandError> {
        let means = words.iter().map(|word| word.parse()).collect::<Result<Vec<Means>, UnknownWord>>()?;
        Self::new(&means)
    }
}

impl From<Demand> for Vec<String> {
    fn from(demand: Demand) -> Self {
        demand.0.iter().map(|means| means.as_str().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_names_something_known() {
        let read = |words: &[&str]| Demand::try_from(words.iter().map(|it| (*it).to_owned()).collect::<Vec<String>>());
        let demand = read(&["verified-tls", "portal", "portal"]).unwrap();
        assert_eq!(demand.means(), [Means::Portal, Means::VerifiedTls]);
        assert_eq!(Vec::from(demand), ["portal", "verified-tls"]);
        assert_eq!(read(&[]), Err(DemandError::Empty));
        let wrong = read(&["tls"]).unwrap_err().to_string();
        assert!(wrong.contains("\"tls\"") && wrong.contains("verified-tls"), "{wrong}");
    }
}
