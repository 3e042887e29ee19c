//! What the connection to an exchanger must have, and why: decided once for each exchanger, as data.
//!
//! In this order: what the administrator pins; DANE (RFC 7672), which goes before MTA-STS (RFC 8461 section 2); an MTA-STS policy in
//! mode `enforce`; what the route, a password or REQUIRETLS (RFC 8689) asks for; else TLS where it can be had (RFC 7435).

mod look;

use crypto::tls::{ClientTls, TlsSetupError};
use env::dns::Tlsa;
use mailauth::mta_sts::{Mode, Policy};
use rustls_pki_types::ServerName;

use super::route::Way;
use crate::settings::TlsDemand;

pub(super) use look::Inquiry;

/// Whom a connection is made to. Connections are kept by it, as one that was made with less is of no use for more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Trust {
    /// TLS where it is offered and works, whoever answers; else in clear (RFC 7435).
    Opportunistic,
    /// TLS, whoever answers: the zone asks for it in records that cannot be used (RFC 7672 section 2.2).
    Anyone,
    /// TLS with a certificate that a trusted authority has issued for the host's name.
    Authorities,
    /// The same, by the authority that the route of this number names alone.
    Pinned(usize),
    /// TLS with a certificate that these records vouch for; `base` is the name that is asked for (RFC 7672 section 3.2.1).
    Dane { base: String, records: Vec<Tlsa> },
}

/// Who asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Nobody.
    Nothing,
    /// The administrator's route, or the password that goes with it.
    Route,
    /// The sender.
    RequireTls,
    /// The domain's zone.
    Dane,
    /// The domain's policy.
    MtaSts,
}

/// What a connection must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Security {
    pub(super) trust: Trust,
    /// TLS 1.3, or nothing.
    pub(super) tls13: bool,
    pub(super) reason: Reason,
}

impl Security {
    /// Whether nothing may go in clear.
    pub(super) fn needs_tls(&self) -> bool {
        self.trust != Trust::Opportunistic
    }

    /// The name that is asked for in the handshake of a connection to `host`.
    pub(super) fn server_name<'a>(&'a self, host: &'a str) -> &'a str {
        match &self.trust {
            Trust::Dane { base, .. } => base,
            _ => host,
        }
    }
}

/// Why an exchanger gets nothing, at least now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Barred {
    /// What its zone says of it cannot be known now; it is not to be taken for saying nothing (RFC 7672 section 2.1.2).
    #[error("whether DNS vouches for the server's certificate cannot be known now: {0}")]
    Undecided(String),
    /// The domain's policy does not have it (RFC 8461 section 4.1).
    #[error("the domain's policy (MTA-STS) does not allow this server")]
    NotInPolicy,
    /// The message needs REQUIRETLS, and nobody vouches for the server's being the domain's (RFC 8689 section 4.2.1 step 2).
    #[error("neither DNSSEC nor a policy (MTA-STS) vouches that this is a server of the domain, as REQUIRETLS wants")]
    NameNotProven,
}

impl Barred {
    /// Whether it is for want of protection, not for want of an answer.
    pub(super) fn lacks_protection(&self) -> bool {
        !matches!(self, Self::Undecided(_))
    }
}

/// What DNS says of an exchanger's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dane {
    /// Nothing that is proven.
    Absent,
    /// Records, none of which can be used.
    Unusable,
    /// Records of which at least one can be used, at `_port._tcp.base`.
    Usable { base: String, records: Vec<Tlsa> },
    /// It did not answer.
    Undecided(String),
}

/// What is known before the decision.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) way: &'a Way,
    pub(super) host: &'a str,
    /// The sender wants REQUIRETLS.
    pub(super) requiretls: bool,
    /// The message goes even where the domain's own wishes cannot be kept (RFC 8689 section 4.2.2).
    pub(super) tls_optional: bool,
    /// The host is the domain's: it is the domain itself, the administrator's relay, or DNSSEC proves the record that names it.
    pub(super) is_named: bool,
    pub(super) dane: Dane,
    pub(super) policy: Option<&'a Policy>,
}

/// What the connection to an exchanger must have.
///
/// # Errors
/// [`Barred`] if there must be none.
pub(super) fn decide(facts: Facts<'_>) -> Result<Security, Barred> {
    let Facts { way, host, requiretls, tls_optional, is_named, dane, policy } = facts;
    let security = |trust, reason| Security { trust, tls13: way.tls13, reason };
    let allowed = policy.is_some_and(|policy| policy.mode != Mode::None && policy.allows(host));
    if requiretls && !is_named && !allowed {
        return Err(Barred::NameNotProven);
    }
    if let Some(pinned) = &way.pinned {
        return Ok(security(Trust::Pinned(pinned.number), Reason::Route));
    }
    let has_password = way.relay.as_ref().is_some_and(|relay| relay.credentials.is_some());
    let asked = match (way.tls == TlsDemand::Required || has_password, requiretls) {
        (true, _) => Some(Reason::Route),
        (false, true) => Some(Reason::RequireTls),
        (false, false) => None,
    };
    let otherwise = || match asked {
        Some(reason) => security(Trust::Authorities, reason),
        None => security(Trust::Opportunistic, Reason::Nothing),
    };
    if tls_optional {
        return Ok(otherwise());
    }
    let is_enforced = policy.is_some_and(|policy| policy.mode == Mode::Enforce);
    match dane {
        Dane::Undecided(cause) => Err(Barred::Undecided(cause)),
        Dane::Usable { base, records } => Ok(security(Trust::Dane { base, records }, Reason::Dane)),
        Dane::Unusable | Dane::Absent if is_enforced && !allowed => Err(Barred::NotInPolicy),
        Dane::Unusable | Dane::Absent if is_enforced => Ok(security(Trust::Authorities, Reason::MtaSts)),
        Dane::Unusable if asked.is_none() => Ok(security(Trust::Anyone, Reason::Dane)),
        Dane::Unusable | Dane::Absent => Ok(otherwise()),
    }
}

/// The TLS settings by which `records` vouch for a server; none if they cannot be used. Beside the name `base` that they stand at,
/// a certificate under a trust anchor may bear that of the host and of the domain (RFC 7672 section 3.2.2).
pub(super) fn dane_tls(records: &[Tlsa], names: [&str; 3]) -> Result<Option<ClientTls>, TlsSetupError> {
    let names = names.into_iter().filter_map(|name| ServerName::try_from(name.to_owned()).ok()).collect();
    ClientTls::dane(records, names)
}

#[cfg(test)]
mod tests;
