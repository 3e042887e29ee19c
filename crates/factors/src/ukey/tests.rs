use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, ExtendedKeyUsagePurpose,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};

use super::*;

/// 2026-06-01.
const NOW: Timestamp = Timestamp::from_seconds(1_780_272_000);

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(serial: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Li");
    params.serial_number = Some(SerialNumber::from(serial));
    params.subject_alt_names = vec![SanType::Rfc822Name("li@trade.test".try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

fn issue(authority: &CertifiedIssuer<'_, KeyPair>, params: CertificateParams) -> Vec<CertificateDer<'static>> {
    let key = KeyPair::generate().unwrap();
    vec![params.signed_by(&key, authority).unwrap().der().clone()]
}

/// A list that revokes `serial`, to be replaced in the year `next`.
fn crl(authority: &CertifiedIssuer<'_, KeyPair>, serial: u64, next: i32) -> Vec<u8> {
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(serial),
        revocation_time: date_time_ymd(2026, 2, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2026, 2, 1),
        next_update: date_time_ymd(next, 3, 1),
        crl_number: SerialNumber::from(1_u64),
        issuing_distribution_point: None,
        revoked_certs: vec![revoked],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(authority).unwrap().der().to_vec()
}

fn trust(authority: &CertifiedIssuer<'_, KeyPair>, crl: Option<Vec<u8>>) -> Vec<Authority> {
    vec![Authority::new(authority.der(), crl.as_deref()).unwrap()]
}

#[test]
fn a_certificate_of_the_authority_names_its_person() {
    let ours = authority("Trade Test CA");
    let chain = issue(&ours, params(1));
    let shown = verify(&chain, &trust(&ours, None), NOW).unwrap();
    assert_eq!((shown.subject.as_str(), shown.emails), ("CN=Li", vec!["li@trade.test".to_owned()]));
    assert_eq!(shown.fingerprint, fingerprint(&chain[0]));
    assert_eq!(shown.not_after.to_string(), "2027-01-01T00:00:00Z");
}

#[test]
fn certificates_of_others_count_for_nothing() {
    let (ours, theirs) = (authority("Trade Test CA"), authority("Trade Test CA"));
    let chain = issue(&theirs, params(1));
    assert!(matches!(verify(&chain, &trust(&ours, None), NOW), Err(UkeyError::Untrusted(_))));
    let both = [trust(&ours, None), trust(&theirs, None)].concat();
    assert!(verify(&chain, &both, NOW).is_ok(), "one of several authorities");
    assert_eq!(verify(&chain, &[], NOW), Err(UkeyError::NoAuthority));
    assert_eq!(verify(&[], &trust(&ours, None), NOW), Err(UkeyError::Missing));
    assert!(matches!(verify(&[CertificateDer::from(vec![1, 2, 3])], &both, NOW), Err(UkeyError::Malformed(_))));
    // The authority itself is not a person.
    assert!(verify(&[ours.der().clone()], &trust(&ours, None), NOW).is_err());
}

#[test]
fn a_certificate_out_of_its_time_is_refused() {
    let ours = authority("Trade Test CA");
    let chain = issue(&ours, params(1));
    let at = |year: i64| Timestamp::from_seconds((year - 1970) * 31_556_952 + 86_400 * 30);
    assert!(matches!(verify(&chain, &trust(&ours, None), at(2027)), Err(UkeyError::Expired { .. })));
    assert!(matches!(verify(&chain, &trust(&ours, None), at(2025)), Err(UkeyError::NotYetValid { .. })));
}

#[test]
fn a_revoked_certificate_is_refused_and_an_old_list_lets_nobody_in() {
    let ours = authority("Trade Test CA");
    let (revoked, good) = (issue(&ours, params(66)), issue(&ours, params(67)));
    let listed = trust(&ours, Some(crl(&ours, 66, 2027)));
    let error = verify(&revoked, &listed, NOW).unwrap_err();
    assert!(matches!(&error, UkeyError::Revoked { serial, .. } if serial == "42"), "{error}");
    assert!(verify(&good, &listed, NOW).is_ok());
    let old = trust(&ours, Some(crl(&ours, 66, 2026)));
    assert!(matches!(verify(&good, &old, NOW), Err(UkeyError::RevocationUnknown { .. })));
    let forged = trust(&ours, Some(crl(&authority("Trade Test CA"), 1, 2027)));
    assert!(verify(&good, &forged, NOW).is_err(), "a list of somebody else");
}

#[test]
fn a_certificate_for_another_use_is_refused() {
    let ours = authority("Trade Test CA");
    for usages in [vec![], vec![ExtendedKeyUsagePurpose::ServerAuth]] {
        let mut params = params(1);
        params.extended_key_usages = usages;
        let error = verify(&issue(&ours, params), &trust(&ours, None), NOW).unwrap_err();
        assert!(matches!(error, UkeyError::WrongUse { .. }), "{error}");
    }
}

#[test]
fn authorities_and_lists_describe_themselves() {
    let ours = authority("Trade Test CA");
    assert_eq!(describe_authority(ours.der()).unwrap().subject, "CN=Trade Test CA");
    let list = describe_crl(&crl(&ours, 1, 2027)).unwrap();
    assert_eq!(list.until.map(|at| at.to_string()), Some("2027-03-01T00:00:00Z".to_owned()));
    let person = issue(&ours, params(1));
    assert!(matches!(describe_authority(&person[0]), Err(UkeyError::Malformed(_))));
    assert!(describe_crl(b"no list").is_err());
}

#[test]
fn a_certificate_of_sm2_names_its_person() {
    use gm::sm2::PrivateKey;
    use gm::x509::{Authority as Issuer, Purpose, SubjectName, Template};
    let entropy = env::SeededEntropy::new(8);
    let template = |common_name: &str, person: bool| Template {
        common_name: common_name.to_owned(),
        names: if person { vec![SubjectName::Email("li@trade.test".to_owned())] } else { vec![] },
        purposes: if person { vec![Purpose::Client] } else { vec![] },
        authority: (!person).then_some(0),
        sign: person,
        encipher: false,
        not_before: Timestamp::from_seconds(NOW.seconds() - 60),
        not_after: Timestamp::from_seconds(NOW.seconds() + 60),
    };
    let issuer = |name| Issuer::create(&template(name, false), PrivateKey::generate(&entropy), &entropy).unwrap();
    let (ours, theirs) = (issuer("Ours"), issuer("Ours"));
    let own = ours.issue(&template("Li", true), &PrivateKey::generate(&entropy).public(), &entropy).unwrap();
    let chain = [CertificateDer::from(own.der().to_vec())];
    let trust = |issuer: &Issuer| vec![Authority::new(issuer.certificate().der(), None).unwrap()];
    let shown = verify(&chain, &trust(&ours), NOW).unwrap();
    assert_eq!((shown.subject.as_str(), shown.emails), ("CN=Li", vec!["li@trade.test".to_owned()]));
    assert!(matches!(verify(&chain, &trust(&theirs), NOW), Err(UkeyError::Untrusted(_))));
    let later = Timestamp::from_seconds(NOW.seconds() + 61);
    assert!(matches!(verify(&chain, &trust(&ours), later), Err(UkeyError::Expired { .. })));
}
