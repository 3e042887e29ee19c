use env::{SeededEntropy, Timestamp};

use super::*;
use crate::sm2::PrivateKey;

const DAY: i64 = 86_400;
const NOW: i64 = 1_800_000_000;

fn template(name: &str) -> Template {
    Template {
        common_name: name.to_owned(),
        names: vec![SubjectName::host(name)],
        purposes: vec![Purpose::Server],
        authority: None,
        sign: true,
        encipher: false,
        not_before: Timestamp::from_seconds(NOW - DAY),
        not_after: Timestamp::from_seconds(NOW + 30 * DAY),
    }
}

fn authority_template(name: &str, beneath: u8) -> Template {
    Template { names: vec![], purposes: vec![], authority: Some(beneath), sign: false, ..template(name) }
}

fn root(seed: u64, beneath: u8) -> Authority {
    let entropy = SeededEntropy::new(seed);
    Authority::create(&authority_template("Root", beneath), PrivateKey::generate(&entropy), &entropy).unwrap()
}

/// An authority under `above`.
fn sub(above: &Authority, template: &Template, seed: u64) -> Authority {
    let entropy = SeededEntropy::new(seed);
    let key = PrivateKey::generate(&entropy);
    Authority::new(above.issue(template, &key.public(), &entropy).unwrap(), key).unwrap()
}

fn leaf(above: &Authority, template: &Template) -> Certificate {
    let entropy = SeededEntropy::new(99);
    above.issue(template, &PrivateKey::generate(&entropy).public(), &entropy).unwrap()
}

fn roots(authority: &Authority) -> Roots {
    Roots::new(vec![authority.certificate().clone()]).unwrap()
}

fn at(days: i64) -> Timestamp {
    Timestamp::from_seconds(NOW + days * DAY)
}

fn host(name: &str) -> SubjectName {
    SubjectName::host(name)
}

#[test]
fn a_chain_verifies_for_its_host_and_time_alone() {
    let top = root(1, 1);
    let middle = sub(&top, &authority_template("Middle", 0), 2);
    let mut wanted = template("mail.trade.cn");
    wanted.names.extend([host("127.0.0.1"), host("::1"), SubjectName::Email("a@trade.cn".to_owned())]);
    let own = leaf(&middle, &wanted);
    assert_eq!(own.names(), wanted.names);
    assert_eq!((own.not_before(), own.not_after()), (wanted.not_before, wanted.not_after));
    assert_eq!(own.subject_text(), "CN=mail.trade.cn");
    let trusted = roots(&top);
    let chain = [middle.certificate().clone()];
    for name in ["mail.trade.cn", "Mail.Trade.CN", "127.0.0.1", "::1"] {
        assert_eq!(trusted.verify_server(&own, &chain, &host(name), at(0)), Ok(()), "{name}");
    }
    let wrong = |name: &str, when| trusted.verify_server(&own, &chain, &host(name), when).unwrap_err();
    assert_eq!(wrong("trade.cn", at(0)), ChainError::OtherName);
    assert_eq!(wrong("mail.trade.cn", at(31)), ChainError::Expired("CN=mail.trade.cn".to_owned()));
    assert_eq!(wrong("mail.trade.cn", at(-2)), ChainError::NotValidYet("CN=mail.trade.cn".to_owned()));
    assert_eq!(trusted.verify(&own, &[], Purpose::Server, at(0)), Err(ChainError::UnknownIssuer));
    assert_eq!(trusted.verify(&own, &chain, Purpose::Client, at(0)), Err(ChainError::Purpose));
    assert_eq!(Roots::default().verify(&own, &chain, Purpose::Server, at(0)), Err(ChainError::UnknownIssuer));
}

#[test]
fn an_authority_of_the_same_name_is_not_the_same() {
    let (ours, theirs) = (root(1, 0), root(2, 0));
    let own = leaf(&theirs, &template("mail.trade.cn"));
    let refused = roots(&ours).verify(&own, &[theirs.certificate().clone()], Purpose::Server, at(0));
    assert_eq!(refused, Err(ChainError::Signature("CN=mail.trade.cn".to_owned())));
    let both = Roots::new(vec![ours.certificate().clone(), theirs.certificate().clone()]).unwrap();
    assert_eq!(both.verify(&own, &[], Purpose::Server, at(0)), Ok(()));
}

#[test]
fn issuers_must_be_allowed_to_issue() {
    let top = root(1, 0);
    let refused = |issuer: &Authority, own: &Certificate| {
        roots(&top).verify(own, &[issuer.certificate().clone()], Purpose::Server, at(0)).unwrap_err()
    };
    // Deeper than the root allows.
    let deep = sub(&top, &authority_template("Deep", 0), 3);
    assert_eq!(refused(&deep, &leaf(&deep, &template("a.cn"))), ChainError::NotAnAuthority("CN=Root".to_owned()));
    // A server's certificate is no authority's.
    let server = sub(&top, &template("server.cn"), 4);
    let said = refused(&server, &leaf(&server, &template("a.cn")));
    assert_eq!(said, ChainError::NotAnAuthority("CN=server.cn".to_owned()));
    // An authority for mail alone vouches for no server.
    let top = root(1, 3);
    let mut mail = authority_template("Mail", 0);
    mail.purposes = vec![Purpose::Email];
    let mail = sub(&top, &mail, 5);
    let own = leaf(&mail, &template("a.cn"));
    let said = roots(&top).verify(&own, &[mail.certificate().clone()], Purpose::Server, at(0)).unwrap_err();
    assert_eq!(said, ChainError::NotAnAuthority("CN=Mail".to_owned()));
    assert!(Roots::new(vec![own]).is_err(), "a holder is no root");
}

#[test]
fn expired_authorities_vouch_for_nobody() {
    let top = root(1, 1);
    let mut short = authority_template("Short", 0);
    short.not_after = at(1);
    let middle = sub(&top, &short, 6);
    let own = leaf(&middle, &template("a.cn"));
    let verify = |when| roots(&top).verify(&own, &[middle.certificate().clone()], Purpose::Server, when);
    assert_eq!(verify(at(0)), Ok(()));
    assert_eq!(verify(at(2)), Err(ChainError::Expired("CN=Short".to_owned())));
}

#[test]
fn circles_and_crowds_come_to_an_end() {
    let top = root(1, 6);
    // Sixty authorities of one name, none of which issued the certificate.
    let crowd: Vec<_> = (10..70).map(|seed| root(seed, 6).certificate().clone()).collect();
    let own = leaf(&top, &template("a.cn"));
    assert!(Roots::default().verify(&own, &crowd, Purpose::Server, at(0)).is_err());
    // An authority that vouches for itself stands in its own chain.
    let itself = [top.certificate().clone(), top.certificate().clone()];
    assert!(Roots::default().verify(&own, &itself, Purpose::Server, at(0)).is_err());
}

#[test]
fn signing_and_enciphering_are_told_apart() {
    let top = root(1, 0);
    let mut wanted = template("a.cn");
    (wanted.sign, wanted.encipher) = (false, true);
    let own = leaf(&top, &wanted);
    assert!(!own.may_sign() && own.may_encipher() && !own.is_authority());
    assert_eq!(roots(&top).verify(&own, &[], Purpose::Server, at(0)), Err(ChainError::Purpose));
    assert!(top.certificate().is_authority() && top.certificate().subject_key_id().is_some());
}

#[test]
fn altered_certificates_are_refused() {
    let top = root(1, 0);
    let own = leaf(&top, &template("mail.trade.cn"));
    let trusted = roots(&top);
    for at_byte in 0..own.der().len() {
        let mut altered = own.der().to_vec();
        altered[at_byte] ^= 0x01;
        let verified = Certificate::parse(&altered)
            .ok()
            .map(|own| trusted.verify_server(&own, &[], &host("mail.trade.cn"), at(0)));
        assert!(!matches!(verified, Some(Ok(()))), "byte {at_byte}");
        assert!(Certificate::parse(&own.der()[..at_byte]).is_err());
    }
    assert!(Certificate::parse(&[own.der(), &[0]].concat()).is_err());
    assert!(Certificate::parse(&vec![0x30; CERTIFICATE_BYTES_MAX + 1]).is_err());
}

#[test]
fn times_after_2050_are_written_with_four_digits() {
    let mut far = authority_template("Far", 0);
    far.not_after = Timestamp::from_seconds(2_700_000_000);
    let entropy = SeededEntropy::new(8);
    let authority = Authority::create(&far, PrivateKey::generate(&entropy), &entropy).unwrap();
    assert_eq!(authority.certificate().not_after(), far.not_after);
}
