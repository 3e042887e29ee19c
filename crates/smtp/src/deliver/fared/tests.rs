use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::*;

fn sts(mode: Mode, host: &str) -> Found {
    let policy = Policy { mode, hosts: vec![host.to_owned()], max_age: Duration::from_secs(86_400) };
    Found { policy: Some(Arc::new(policy)), fault: None }
}

fn security(trust: Trust, reason: Reason) -> Security {
    Security { trust, tls13: false, reason }
}

fn unverified(fault: CertificateFault) -> PeerVerdict {
    PeerVerdict::Unverified { cause: "why".to_owned(), fault }
}

fn kinds(security: Option<&Security>, found: &Found, fared: &Fared<'_>) -> Option<(PolicyType, Option<ResultType>)> {
    told("a.example", "mx.a.example", security, found, fared)
        .map(|(policy, wrong)| (policy.policy_type, wrong.map(|(kind, _)| kind)))
}

#[test]
fn each_kind_of_result() {
    let (none, verified) = (Found::default(), PeerVerdict::Verified);
    let (stranger, old) = (unverified(CertificateFault::NotTrusted), unverified(CertificateFault::OutOfDate));
    let open = security(Trust::Opportunistic, Reason::Nothing);
    let records = vec![Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0xab; 32] }];
    let dane = security(Trust::Dane { base: "mx.a.example".to_owned(), records }, Reason::Dane);
    let unusable = security(Trust::Anyone, Reason::Dane);
    let (testing, enforced) = (sts(Mode::Testing, "mx.a.example"), sts(Mode::Enforce, "mx.a.example"));
    let (elsewhere, lifted) = (sts(Mode::Testing, "other.example"), sts(Mode::None, "mx.a.example"));
    let faulty = |fault| Found { policy: None, fault: Some(Arc::new(fault)) };
    let broken = LinkError::Handshake(StreamError::Handshake(io::Error::other("alert")));
    let refused = LinkError::Protocol("nonsense");
    let undecided = LinkError::Barred(Barred::Undecided("no answer".to_owned()));
    let barred = LinkError::Barred(Barred::NotInPolicy);
    use PolicyType::{NoPolicyFound, Sts, Tlsa as Dane};
    for (security, found, fared, expected) in [
        (Some(&open), &none, Fared::Encrypted(&stranger), Some((NoPolicyFound, None))),
        (Some(&open), &lifted, Fared::Encrypted(&stranger), Some((NoPolicyFound, None))),
        (Some(&open), &none, Fared::Clear, Some((NoPolicyFound, Some(ResultType::StarttlsNotSupported)))),
        (Some(&open), &none, Fared::Failed(&broken), Some((NoPolicyFound, Some(ResultType::ValidationFailure)))),
        // A server that does not answer, or not as one should, says nothing of encryption.
        (Some(&open), &none, Fared::Failed(&refused), None),
        (Some(&open), &testing, Fared::Failed(&refused), None),
        (Some(&open), &testing, Fared::Encrypted(&verified), Some((Sts, None))),
        (Some(&open), &testing, Fared::Encrypted(&stranger), Some((Sts, Some(ResultType::CertificateNotTrusted)))),
        (Some(&open), &testing, Fared::Encrypted(&old), Some((Sts, Some(ResultType::CertificateExpired)))),
        (Some(&open), &testing, Fared::Clear, Some((Sts, Some(ResultType::StarttlsNotSupported)))),
        (Some(&open), &elsewhere, Fared::Encrypted(&verified), Some((Sts, Some(ResultType::ValidationFailure)))),
        (None, &enforced, Fared::Failed(&barred), Some((Sts, Some(ResultType::ValidationFailure)))),
        (Some(&dane), &none, Fared::Encrypted(&verified), Some((Dane, None))),
        (Some(&dane), &none, Fared::Failed(&LinkError::NoTls), Some((Dane, Some(ResultType::StarttlsNotSupported)))),
        (Some(&unusable), &none, Fared::Encrypted(&stranger), Some((Dane, Some(ResultType::TlsaInvalid)))),
        (None, &none, Fared::Failed(&undecided), Some((Dane, Some(ResultType::DnssecInvalid)))),
    ] {
        assert_eq!(kinds(security, found, &fared), expected, "{security:?} {found:?} {fared:?}");
    }
    for (fault, expected) in [
        (PolicyFault::Fetch(String::new()), ResultType::StsPolicyFetchError),
        (PolicyFault::Host(String::new()), ResultType::StsWebpkiInvalid),
        (PolicyFault::Invalid(String::new()), ResultType::StsPolicyInvalid),
    ] {
        let fared = Fared::Encrypted(&verified);
        assert_eq!(kinds(Some(&open), &faulty(fault), &fared), Some((Sts, Some(expected))));
    }
    let policy = told("a.example", "mx.a.example", Some(&dane), &none, &Fared::Clear).unwrap().0;
    assert_eq!(policy.policy_string, [format!("3 1 1 {}", "ab".repeat(32))]);
}
