//! What is reported of a message.

use std::net::IpAddr;

use env::Timestamp;
use mailauth::{Connection, DmarcResult, Facts, Published};
use serde::{Deserialize, Serialize};

/// Signatures of a message that are reported.
const SIGNATURES_MAX: usize = 5;

/// Octets of a name that are kept (RFC 1035 section 2.3.4).
const NAME_OCTETS_MAX: usize = 253;

const DAY_SECONDS: i64 = 86_400;

/// What was done with a message, as reports say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// Delivered as usual.
    None,
    /// Put aside as junk.
    Quarantine,
    /// Refused.
    Reject,
}

impl Disposition {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// Everything that a report says of messages that were alike (RFC 7489 appendix C), but their number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// Days since 1970, UTC.
    #[serde(skip)]
    pub(crate) day: i64,
    pub(crate) policy: Policy,
    pub(crate) source: IpAddr,
    pub(crate) disposition: Disposition,
    pub(crate) is_dkim_aligned: bool,
    pub(crate) is_spf_aligned: bool,
    /// Why less was done than the policy asks for.
    pub(crate) reason: Option<String>,
    pub(crate) header_from: String,
    pub(crate) envelope_from: String,
    pub(crate) spf: (String, String, String),
    /// Domain, selector, result.
    pub(crate) dkim: Vec<(String, String, String)>,
}

/// The policy as it was published that day.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) domain: String,
    pub(crate) is_dkim_strict: bool,
    pub(crate) is_spf_strict: bool,
    pub(crate) policy: String,
    pub(crate) subdomain_policy: String,
    pub(crate) absent_policy: String,
    pub(crate) is_testing: bool,
}

impl Fact {
    /// What is to be reported of a message; `None` if nobody asks for it, or no result was reached.
    #[must_use]
    pub fn of(facts: &Facts, connection: Connection<'_>, disposition: Disposition, now: Timestamp) -> Option<Self> {
        let published = facts.dmarc.published.as_ref().filter(|published| published.wants_reports)?;
        if !matches!(facts.dmarc.result, DmarcResult::Pass | DmarcResult::Fail) {
            return None;
        }
        let mail_from = connection.mail_from.rsplit_once('@').map_or("", |(_, domain)| domain);
        let scope = if mail_from.is_empty() { "helo" } else { "mfrom" };
        let dkim = facts.dkim.iter().filter(|check| !check.domain.is_empty()).take(SIGNATURES_MAX);
        Some(Self {
            day: now.seconds().div_euclid(DAY_SECONDS),
            policy: Policy::of(published),
            source: connection.client.to_canonical(),
            disposition,
            is_dkim_aligned: facts.dmarc.is_dkim_aligned,
            is_spf_aligned: facts.dmarc.is_spf_aligned,
            reason: reason(facts, disposition),
            header_from: name(facts.dmarc.from_domain.as_deref().unwrap_or_default()),
            envelope_from: name(mail_from),
            spf: (name(&facts.spf.domain), scope.to_owned(), facts.spf.result.word().to_owned()),
            dkim: dkim
                .map(|check| (name(&check.domain), name(&check.selector), check.result.word().to_owned()))
                .collect(),
        })
    }

    /// The domain whose policy applied.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.policy.domain
    }
}

impl Policy {
    fn of(published: &Published) -> Self {
        Self {
            domain: name(&published.domain),
            is_dkim_strict: published.is_dkim_strict,
            is_spf_strict: published.is_spf_strict,
            policy: published.policy.to_owned(),
            subdomain_policy: published.subdomain_policy.to_owned(),
            absent_policy: published.absent_policy.to_owned(),
            is_testing: published.is_testing,
        }
    }
}

/// RFC 7489 appendix C, `PolicyOverrideType`.
fn reason(facts: &Facts, disposition: Disposition) -> Option<String> {
    let asked = facts.dmarc.policy.map_or("none", mailauth::DmarcPolicy::word);
    if facts.dmarc.result != DmarcResult::Fail || asked == disposition.word() {
        return None;
    }
    let word = if facts.arc.is_trusted { "trusted_forwarder" } else { "local_policy" };
    Some(word.to_owned())
}

fn name(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(NAME_OCTETS_MAX).collect();
    shown.to_lowercase()
}
