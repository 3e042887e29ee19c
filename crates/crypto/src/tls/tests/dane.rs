use aws_lc_rs::digest::{SHA256, SHA512, digest};
use env::dns::Tlsa;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::server::ParsedCertificate;
use rustls_pki_types::{CertificateDer, ServerName};

use super::*;

const HOST: &str = "mx.partner.test";

/// An authority, and a server certificate that it issued for [`HOST`].
struct Hierarchy {
    authority: Vec<u8>,
    own: Vec<u8>,
    server: ServerTls,
}

impl Hierarchy {
    fn make() -> Self {
        Self::make_with(|_| {}, true)
    }

    fn make_with(change: impl Fn(&mut CertificateParams), shows_authority: bool) -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&authority_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        change(&mut params);
        let own = params.signed_by(&key, &Issuer::from_ca_cert_der(authority.der(), authority_key).unwrap()).unwrap();
        let shown = if shows_authority { own.pem() + &authority.pem() } else { own.pem() };
        let made = Made { certificate: shown, key: key.serialize_pem() };
        Self { authority: authority.der().to_vec(), own: own.der().to_vec(), server: server(&made, &[]) }
    }

    /// Whether a client that knows these records takes the server.
    fn is_taken(&self, records: &[Tlsa]) -> bool {
        let names = vec![ServerName::try_from(HOST).unwrap()];
        let client = ClientTls::dane(records, names).unwrap().expect("no record can be used");
        handshake(client.config(), self.server.config(Service::Mail).international(), HOST).is_ok()
    }
}

fn tlsa(usage: u8, selector: u8, matching: u8, certificate: &[u8]) -> Tlsa {
    let certificate = CertificateDer::from(certificate.to_vec());
    let key = ParsedCertificate::try_from(&certificate).unwrap().subject_public_key_info().to_vec();
    let selected = if selector == 0 { certificate.to_vec() } else { key };
    let data = match matching {
        1 => digest(&SHA256, &selected).as_ref().to_vec(),
        2 => digest(&SHA512, &selected).as_ref().to_vec(),
        _ => selected,
    };
    Tlsa { usage, selector, matching, data }
}

#[test]
fn the_servers_own_certificate_or_key_in_each_form() {
    let (it, other) = (Hierarchy::make(), Hierarchy::make());
    for selector in [0, 1] {
        for matching in [0, 1, 2] {
            let right = tlsa(3, selector, matching, &it.own);
            let wrong = tlsa(3, selector, matching, &other.own);
            assert!(it.is_taken(std::slice::from_ref(&right)), "3 {selector} {matching}");
            assert!(!it.is_taken(std::slice::from_ref(&wrong)), "3 {selector} {matching}, another's");
            // As while keys are rolled over: one of several is enough.
            assert!(it.is_taken(&[wrong, right]));
        }
    }
    assert_eq!(association(&CertificateDer::from(it.own.clone())).unwrap(), tlsa(3, 1, 1, &it.own));
}

#[test]
fn its_own_certificate_may_be_expired_or_bear_another_name() {
    let expired = Hierarchy::make_with(|params| params.not_after = date_time_ymd(2020, 1, 1), true);
    let renamed = Hierarchy::make_with(
        |params| {
            params.subject_alt_names = CertificateParams::new(vec!["other.test".to_owned()]).unwrap().subject_alt_names
        },
        true,
    );
    for it in [expired, renamed] {
        assert!(it.is_taken(&[tlsa(3, 1, 1, &it.own)]));
        // Under an anchor, both matter (RFC 7672 section 3.1.2).
        assert!(!it.is_taken(&[tlsa(2, 1, 1, &it.authority)]));
    }
}

#[test]
fn a_trust_anchor_in_each_form() {
    let (it, other) = (Hierarchy::make(), Hierarchy::make());
    for selector in [0, 1] {
        for matching in [0, 1, 2] {
            assert!(it.is_taken(&[tlsa(2, selector, matching, &it.authority)]), "2 {selector} {matching}");
            assert!(
                !it.is_taken(&[tlsa(2, selector, matching, &other.authority)]),
                "2 {selector} {matching}, another's"
            );
        }
    }
    // A whole certificate in the zone need not be shown by the server; a digest needs it.
    let silent = Hierarchy::make_with(|_| {}, false);
    assert!(silent.is_taken(&[tlsa(2, 0, 0, &silent.authority)]));
    assert!(!silent.is_taken(&[tlsa(2, 0, 1, &silent.authority)]));
}

#[test]
fn a_record_of_the_authority_is_none_of_the_server() {
    let it = Hierarchy::make();
    assert!(!it.is_taken(&[tlsa(3, 1, 1, &it.authority)]));
    assert!(!it.is_taken(&[tlsa(2, 1, 1, &it.own)]));
}

#[test]
fn records_that_smtp_has_no_use_for() {
    let it = Hierarchy::make();
    let good = tlsa(3, 1, 1, &it.own);
    for unusable in [
        Tlsa { usage: 0, ..good.clone() },
        Tlsa { usage: 1, ..good.clone() },
        Tlsa { usage: 255, ..good.clone() },
        Tlsa { selector: 2, ..good.clone() },
        Tlsa { matching: 3, ..good.clone() },
        Tlsa { data: vec![0; 31], ..good.clone() },
        Tlsa { matching: 0, data: Vec::new(), ..good.clone() },
    ] {
        assert!(ClientTls::dane(std::slice::from_ref(&unusable), Vec::new()).unwrap().is_none(), "{unusable:?}");
        assert!(it.is_taken(&[unusable, good.clone()]));
    }
}

#[test]
fn a_handshake_that_succeeds_is_the_proof() {
    let it = Hierarchy::make();
    let name = ServerName::try_from(HOST).unwrap();
    let client = ClientTls::dane(&[tlsa(3, 1, 1, &it.own)], Vec::new()).unwrap().unwrap();
    let chain = [CertificateDer::from(it.own.clone())];
    assert!(client.verdict(&chain, &name, Timestamp::from_millis(0)).is_verified());
}
