use der::asn1::{BitString, GeneralizedTime};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SerialNumber, SigningKey, date_time_ymd,
};

use super::*;

/// 2026-06-01.
const NOW: Timestamp = Timestamp::from_seconds(1_780_272_000);

const ANSWER_NONCE: &[u8] = &[7; NONCE_BYTES];

const ISSUER_NAME: Tag = Tag::ContextSpecific { constructed: true, number: der::TagNumber(1) };

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = params(1, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(serial: u64, name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(serial));
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

/// authorityInfoAccess with one responder.
fn responder_at(url: &str) -> CustomExtension {
    let access =
        [&[0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 0x86, u8::try_from(url.len()).unwrap()], url.as_bytes()].concat();
    let one = Any::new(Tag::Sequence, access).unwrap().to_der().unwrap();
    let all = Any::new(Tag::Sequence, one).unwrap().to_der().unwrap();
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], all)
}

/// A person's certificate by `authority`, and the question about it.
fn ask(authority: &CertifiedIssuer<'_, KeyPair>, serial: u64) -> Question {
    let mut params = params(serial, "Li");
    params.custom_extensions = vec![responder_at("http://ocsp.trade.test:8080/a?b")];
    let certificate = params.signed_by(&KeyPair::generate().unwrap(), authority).unwrap();
    Question::new(certificate.der(), authority.der()).unwrap()
}

/// A responder that `authority` has certified, for these uses.
fn responder(
    authority: &CertifiedIssuer<'_, KeyPair>,
    uses: Vec<ExtendedKeyUsagePurpose>,
) -> (CertificateDer<'static>, KeyPair) {
    let mut params = params(2, "Responder");
    params.extended_key_usages = uses;
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, authority).unwrap().der().clone(), key)
}

/// What a responder says, signed or not.
struct Said {
    id: CertId,
    status: u32,
    days: (i64, Option<i64>),
    nonce: Option<Vec<u8>>,
}

impl Said {
    fn of(question: &Question, status: u32) -> Self {
        Self { id: question.ids[0].clone(), status, days: (-1, Some(1)), nonce: Some(ANSWER_NONCE.to_vec()) }
    }

    fn data(self, signer: &[u8]) -> Vec<u8> {
        let tag = Tag::ContextSpecific { constructed: self.status == 1, number: der::TagNumber(self.status) };
        let when = Any::encode_from(&day(-1)).unwrap().to_der().unwrap();
        let single = Single {
            id: self.id,
            status: Any::new(tag, if self.status == 1 { when } else { Vec::new() }).unwrap(),
            this_update: day(self.days.0),
            next_update: self.days.1.map(day),
            extensions: None,
        };
        let nonce = self.nonce.map(|nonce| {
            let value = OctetString::new(OctetString::new(nonce).unwrap().to_der().unwrap()).unwrap();
            vec![Extension { id: NONCE, critical: false, value }]
        });
        let name = parse(signer).unwrap().subject().as_raw().to_vec();
        let data = Data {
            version: None,
            responder: Any::new(ISSUER_NAME, name).unwrap(),
            produced_at: day(0),
            responses: vec![single],
            extensions: nonce,
        };
        data.to_der().unwrap()
    }

    fn signed(self, signer: &[u8], key: &KeyPair, certificates: &[&[u8]]) -> Vec<u8> {
        let tbs = self.data(signer);
        let ecdsa_sha256 = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
        let certificates = certificates.iter().map(|it| Any::from_der(it).unwrap()).collect();
        let basic = Basic {
            signature: BitString::from_bytes(&key.sign(&tbs).unwrap()).unwrap(),
            tbs: Any::from_der(&tbs).unwrap(),
            algorithm: Any::new(Tag::Sequence, ecdsa_sha256).unwrap(),
            certificates: Some(certificates),
        };
        message::write_response(&basic)
    }

    fn by(self, authority: &CertifiedIssuer<'_, KeyPair>) -> Vec<u8> {
        self.signed(authority.der(), authority.key(), &[])
    }
}

fn day(day: i64) -> GeneralizedTime {
    let seconds = u64::try_from(NOW.seconds() + day * 86_400).unwrap();
    GeneralizedTime::from_unix_duration(Duration::from_secs(seconds)).unwrap()
}

fn read(question: &Question, answer: &[u8]) -> Result<Answer, OcspError> {
    question.read(answer, ANSWER_NONCE, NOW)
}

fn tomorrow() -> Option<Timestamp> {
    Some(NOW.plus(Duration::from_hours(24)))
}

#[test]
fn the_issuer_says_good_revoked_or_unknown() {
    let ours = authority("Trade Test CA");
    let question = ask(&ours, 66);
    let said = |status| read(&question, &Said::of(&question, status).by(&ours));
    assert_eq!(said(0), Ok(Answer { status: Status::Good, until: tomorrow() }));
    assert_eq!(said(1), Ok(Answer { status: Status::Revoked, until: tomorrow() }));
    assert_eq!(said(2), Err(OcspError::Unknown));
}

#[test]
fn a_question_names_certificate_and_responder() {
    let ours = authority("Trade Test CA");
    let question = ask(&ours, 66);
    assert_eq!(question.responders(), ["http://ocsp.trade.test:8080/a?b"]);
    let place = Responder { host: "ocsp.trade.test".to_owned(), port: 8080, path: "/a?b".to_owned() };
    assert_eq!(Responder::parse(&question.responders()[0]), Some(place));
    let six = Responder::parse("http://[2001:db8::1]").unwrap();
    assert_eq!((six.host.as_str(), six.port, six.path.as_str()), ("2001:db8::1", 80, "/"));
    for other in ["https://ocsp.trade.test/", "ldap://ocsp.trade.test/", "nothing", "http://me@ocsp.trade.test/"] {
        assert_eq!(Responder::parse(other), None, "{other}");
    }
    let request = question.request(ANSWER_NONCE).unwrap();
    assert!(request.windows(NONCE_BYTES).any(|bytes| bytes == ANSWER_NONCE));
}

#[test]
fn a_responder_counts_that_the_issuer_has_certified_for_it() {
    let (ours, theirs) = (authority("Trade Test CA"), authority("Trade Test CA"));
    let question = ask(&ours, 66);
    let said = |(certificate, key): (CertificateDer<'static>, KeyPair)| {
        read(&question, &Said::of(&question, 0).signed(&certificate, &key, &[&certificate]))
    };
    assert!(said(responder(&ours, vec![ExtendedKeyUsagePurpose::OcspSigning])).is_ok());
    for refused in [
        responder(&ours, vec![]),
        responder(&ours, vec![ExtendedKeyUsagePurpose::ClientAuth]),
        responder(&theirs, vec![ExtendedKeyUsagePurpose::OcspSigning]),
    ] {
        assert_eq!(said(refused), Err(OcspError::Signature));
    }
    // Another authority of the same name, and a signature under another name.
    assert_eq!(read(&question, &Said::of(&question, 0).by(&theirs)), Err(OcspError::Signature));
    let other_name = authority("Other");
    let answer = Said::of(&question, 0).signed(other_name.der(), ours.key(), &[]);
    assert_eq!(read(&question, &answer), Err(OcspError::Signature));
}

#[test]
fn an_answer_about_another_certificate_says_nothing() {
    let (ours, theirs) = (authority("Trade Test CA"), authority("Other CA"));
    let question = ask(&ours, 66);
    for other in [ask(&ours, 67), ask(&theirs, 66)] {
        let answer = Said::of(&other, 0).by(&ours);
        assert_eq!(read(&question, &answer), Err(OcspError::OtherCertificate));
    }
    let by_sha256 = Said { id: question.ids[1].clone(), ..Said::of(&question, 0) };
    assert!(read(&question, &by_sha256.by(&ours)).is_ok());
}

#[test]
fn an_answer_of_another_time_is_refused() {
    let ours = authority("Trade Test CA");
    let question = ask(&ours, 66);
    let said = |from, until| read(&question, &Said { days: (from, until), ..Said::of(&question, 0) }.by(&ours));
    for (from, until) in [(-3, Some(-1)), (1, Some(2)), (-1, None)] {
        assert!(matches!(said(from, until), Err(OcspError::NotCurrent { .. })), "{from} {until:?}");
    }
    // Without a next update it holds for now alone.
    assert_eq!(said(0, None), Ok(Answer { status: Status::Good, until: None }));
    // Five minutes the clocks may differ.
    let answer = Said { days: (0, Some(0)), ..Said::of(&question, 0) }.by(&ours);
    let at = |seconds: i64| question.read(&answer, ANSWER_NONCE, Timestamp::from_seconds(NOW.seconds() + seconds));
    assert!(at(299).is_ok() && at(-299).is_ok() && at(301).is_err() && at(-301).is_err());
}

#[test]
fn a_nonce_is_ours_or_none() {
    let ours = authority("Trade Test CA");
    let question = ask(&ours, 66);
    let said = |nonce| read(&question, &Said { nonce, ..Said::of(&question, 0) }.by(&ours));
    assert_eq!(said(Some(vec![8; NONCE_BYTES])), Err(OcspError::Nonce));
    assert!(said(None).is_ok());
}

#[test]
fn what_is_broken_is_refused() {
    let ours = authority("Trade Test CA");
    let question = ask(&ours, 66);
    let answer = Said::of(&question, 0).by(&ours);
    assert!(read(&question, &answer).is_ok());
    for length in 0..answer.len() {
        assert!(read(&question, &answer[..length]).is_err(), "{length}");
    }
    for position in 0..answer.len() {
        let mut changed = answer.clone();
        changed[position] ^= 1;
        assert!(read(&question, &changed).is_err(), "{position}");
    }
    // OCSPResponse of tryLater.
    assert_eq!(read(&question, &[0x30, 3, 0x0a, 1, 3]), Err(OcspError::NoAnswer("tryLater")));
    assert!(read(&question, &[0x30, 3, 0x0a, 1, 0]).is_err());
    assert!(read(&question, &vec![0; ANSWER_BYTES_MAX + 1]).is_err());
}
