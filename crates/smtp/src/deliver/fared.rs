//! How a connection fared, in the terms in which the domain wants to hear of it (RFC 8460 section 4.3).

use crypto::tls::{CertificateFault, PeerVerdict};
use env::dns::Tlsa;
use mailauth::mta_sts::{Mode, Policy};
use mailauth::tls_rpt::{PolicyFacts, PolicyType, ResultType};
use net::StreamError;

use super::link::LinkError;
use super::security::{Barred, Reason, Security, Trust};
use crate::transport::{Found, PolicyFault};

/// What became of a connection.
#[derive(Debug)]
pub(super) enum Fared<'a> {
    /// It has TLS.
    Encrypted(&'a PeerVerdict),
    /// It has none.
    Clear,
    /// There is none.
    Failed(&'a LinkError),
}

/// What is told of a connection: the policy it was made under, and what went wrong if something did.
pub(super) type Told = (PolicyFacts, Option<(ResultType, String)>);

/// What is told of a connection to `host` of `domain` that was to be made as `security` says. Nothing of one that says nothing of
/// encryption, as when nobody answers.
pub(super) fn told(
    domain: &str,
    host: &str,
    security: Option<&Security>,
    found: &Found,
    fared: &Fared<'_>,
) -> Option<Told> {
    let facts = |policy_type, policy_string, mx_host| PolicyFacts {
        policy_type,
        policy_string,
        policy_domain: domain.to_owned(),
        mx_host,
    };
    if let Fared::Failed(LinkError::Barred(Barred::Undecided(cause))) = fared {
        return Some((
            facts(PolicyType::Tlsa, Vec::new(), Vec::new()),
            Some((ResultType::DnssecInvalid, cause.clone())),
        ));
    }
    match security.map(|security| (&security.trust, security.reason)) {
        Some((Trust::Dane { records, .. }, _)) => {
            let records = records.iter().map(record_text).collect();
            Some((facts(PolicyType::Tlsa, records, Vec::new()), went_wrong(fared)?))
        }
        Some((Trust::Anyone, Reason::Dane)) => {
            let wrong = went_wrong(fared)?.unwrap_or((ResultType::TlsaInvalid, "no record can be used".to_owned()));
            Some((facts(PolicyType::Tlsa, Vec::new(), Vec::new()), Some(wrong)))
        }
        _ => match (&found.policy, &found.fault) {
            (Some(policy), _) if policy.mode != Mode::None => {
                let lines = policy.text().lines().map(str::to_owned).collect();
                Some((facts(PolicyType::Sts, lines, policy.hosts.clone()), by_policy(policy, host, fared)?))
            }
            (None, Some(fault)) => {
                let kind = match **fault {
                    PolicyFault::Fetch(_) => ResultType::StsPolicyFetchError,
                    PolicyFault::Host(_) => ResultType::StsWebpkiInvalid,
                    PolicyFault::Invalid(_) => ResultType::StsPolicyInvalid,
                };
                Some((facts(PolicyType::Sts, Vec::new(), Vec::new()), Some((kind, fault.to_string()))))
            }
            _ => Some((facts(PolicyType::NoPolicyFound, Vec::new(), Vec::new()), went_wrong(fared)?)),
        },
    }
}

/// What goes against the policy, whether it is enforced or tested.
fn by_policy(policy: &Policy, host: &str, fared: &Fared<'_>) -> Option<Option<(ResultType, String)>> {
    if !policy.allows(host) && !matches!(fared, Fared::Failed(error) if kind_of(error).is_none()) {
        return Some(Some((ResultType::ValidationFailure, "the policy does not allow this server".to_owned())));
    }
    match fared {
        Fared::Encrypted(PeerVerdict::Unverified { cause, fault }) => Some(Some((of_fault(*fault), cause.clone()))),
        other => went_wrong(other),
    }
}

/// What went wrong about encryption, if anything; none if nothing can be said.
fn went_wrong(fared: &Fared<'_>) -> Option<Option<(ResultType, String)>> {
    match fared {
        Fared::Encrypted(_) => Some(None),
        Fared::Clear => Some(Some((ResultType::StarttlsNotSupported, String::new()))),
        Fared::Failed(error) => kind_of(error).map(|kind| Some((kind, error.to_string()))),
    }
}

fn kind_of(error: &LinkError) -> Option<ResultType> {
    match error {
        LinkError::NoTls => Some(ResultType::StarttlsNotSupported),
        LinkError::Barred(Barred::NotInPolicy) | LinkError::OldTls(_) => Some(ResultType::ValidationFailure),
        LinkError::Handshake(StreamError::Handshake(cause)) => {
            Some(CertificateFault::of_handshake(cause).map_or(ResultType::ValidationFailure, of_fault))
        }
        LinkError::Handshake(_) => Some(ResultType::ValidationFailure),
        _ => None,
    }
}

fn of_fault(fault: CertificateFault) -> ResultType {
    match fault {
        CertificateFault::OutOfDate => ResultType::CertificateExpired,
        CertificateFault::OtherName => ResultType::CertificateHostMismatch,
        CertificateFault::NotTrusted => ResultType::CertificateNotTrusted,
        CertificateFault::Other => ResultType::ValidationFailure,
    }
}

/// A record as zones have it.
fn record_text(record: &Tlsa) -> String {
    let data: String = record.data.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} {} {} {data}", record.usage, record.selector, record.matching)
}

#[cfg(test)]
mod tests;
