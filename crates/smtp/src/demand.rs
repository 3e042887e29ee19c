//! Partners to whom nothing goes that is not encrypted from end to end. Our people hear of it when they send; what comes into the queue
//! otherwise (forwarded mail, reports, notifications) is stopped on its way out.

use mail::message::{ContentEncryption, Structure};

use crate::RouteError;
use crate::deliver::route::{Pattern, patterns};
use crate::settings::{ContentDemand, Route};

impl ContentDemand {
    /// Whether the message `raw` is encrypted as demanded.
    pub(crate) fn is_met_by(self, raw: &[u8]) -> bool {
        match ContentEncryption::of(raw, &Structure::parse(raw)) {
            Some(ContentEncryption::OpenPgp) => matches!(self, Self::Pgp | Self::Either | Self::Portal),
            Some(ContentEncryption::Smime) => matches!(self, Self::Smime | Self::Either | Self::Portal),
            None => false,
        }
    }

    /// What the sender of a message to `domain` is told that does not meet it.
    pub(crate) fn refusal(self, domain: &str) -> String {
        let how = match self {
            Self::Pgp => "with OpenPGP",
            Self::Smime => "with S/MIME",
            Self::Either => "with OpenPGP or S/MIME",
            Self::Portal => {
                return format!(
                    "Mail to {domain} must go by the portal; send it in the webmail with Protection set to Portal, or encrypt it with OpenPGP or S/MIME"
                );
            }
        };
        format!("Mail to {domain} must be encrypted {how}; encrypt the whole message and send it again")
    }
}

/// What must be encrypted, by the recipients' domains.
#[derive(Debug, Default)]
pub struct ContentRules(Vec<(Vec<Pattern>, Option<ContentDemand>)>);

impl ContentRules {
    /// The rules in `routes`; as for the way itself, the first route that matches counts.
    ///
    /// # Errors
    /// [`RouteError`] if the recipients of a route cannot be read.
    pub fn of(routes: &[Route]) -> Result<Self, RouteError> {
        let rules = routes.iter().enumerate().map(|(index, route)| {
            // What this server encrypts itself need not come encrypted.
            let is_ours =
                route.smime.is_some_and(certbook::Rule::encrypts) || route.openpgp.is_some_and(keybook::Rule::encrypts);
            Ok((patterns(index + 1, route)?, route.content.filter(|_| !is_ours)))
        });
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// What is demanded of mail to `domain` (lowercase A-labels), in the word of the setting.
    #[must_use]
    pub fn word(&self, domain: &str) -> Option<&'static str> {
        self.demand(domain).map(|demand| match demand {
            ContentDemand::Pgp => "pgp",
            ContentDemand::Smime => "smime",
            ContentDemand::Either => "either",
            ContentDemand::Portal => "portal",
        })
    }

    /// What is demanded of mail to `domain` (lowercase A-labels).
    pub(crate) fn demand(&self, domain: &str) -> Option<ContentDemand> {
        let found = self.0.iter().find(|(patterns, _)| patterns.iter().any(|pattern| pattern.matches(domain)));
        found.and_then(|(_, demand)| *demand)
    }
}
