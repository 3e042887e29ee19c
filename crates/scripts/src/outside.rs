//! Where scripts may send mail on to.

use identity::Resolution;
use sieve::{Hides, Script};
use store::Tx;

use crate::{RulesSettings, ScriptsError};

/// To which domains of others scripts may send mail on.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    all: bool,
    domains: Vec<String>,
}

impl Outside {
    /// What the settings permit.
    #[must_use]
    pub fn of(settings: &RulesSettings) -> Self {
        let all = settings.redirect_to.iter().any(|domain| domain == "*");
        let domains = settings.redirect_to.iter().filter_map(|domain| mail::domain::canonical(domain).ok()).collect();
        Self { all, domains }
    }

    /// Whether mail may be sent on to this address of others.
    #[must_use]
    pub fn permits(&self, address: &str) -> bool {
        let domain = mail::Address::parse(address).map(|address| address.domain_ascii());
        self.all || domain.is_ok_and(|domain| self.domains.contains(&domain))
    }
}

/// Refuses a script that sends mail on to where it may not go, as far as it says so: what comes out of variables is looked at when it is
/// run.
///
/// # Errors
/// [`ScriptsError::Outside`], or if the store fails.
pub fn check_targets(tx: &mut Tx<'_>, script: &Script, outside: &Outside) -> Result<(), ScriptsError> {
    for (hides, _) in script.hides() {
        if let Hides::SendsOn(to) = hides
            && !to.contains("${")
            && identity::resolve(tx, &to)? == Resolution::NotOurs
            && !outside.permits(&to)
        {
            return Err(ScriptsError::Outside(to));
        }
    }
    Ok(())
}
