//! SM2, SM3 and SM4 under both kinds of names.

use env::{SystemEntropy, Timestamp};
use gm::sm2::PrivateKey;
use gm::x509::{Authority, Purpose, SubjectName, Template};

use super::{LETTER, NOW, opened, structure};
use crate::*;

fn template(name: &str, authority: Option<u8>) -> Template {
    Template {
        common_name: name.to_owned(),
        names: vec![SubjectName::Email(name.to_owned())],
        purposes: if authority.is_some() { Vec::new() } else { vec![Purpose::Email] },
        authority,
        sign: true,
        encipher: true,
        not_before: Timestamp::from_seconds(NOW.seconds() - 1000),
        not_after: Timestamp::from_seconds(NOW.seconds() + 1000),
    }
}

fn setup() -> (Trust, Identity) {
    let entropy = SystemEntropy::default();
    let authority = Authority::create(&template("CA", Some(0)), PrivateKey::generate(&entropy), &entropy).unwrap();
    let key = PrivateKey::generate(&entropy);
    let certificate = authority.issue(&template("ann@trade.test", None), &key.public(), &entropy).unwrap();
    let certificate = Certificate::from_der(certificate.der()).unwrap();
    assert_eq!(certificate.key_kind(), KeyKind::Sm2);
    let root = Certificate::from_der(authority.certificate().der()).unwrap();
    let identity = Identity::new(certificate, vec![], &key.to_pkcs8().unwrap()).unwrap();
    (Trust::new(&[root]).unwrap(), identity)
}

#[test]
fn signatures_and_envelopes_go_by_both_kinds_of_names() {
    let entropy = SystemEntropy::default();
    let (trust, ann) = setup();
    let ann = [ann];
    for (dialect, is_authenticated, cipher) in [
        (Dialect::Cms, false, Cipher::Sm4Cbc),
        (Dialect::Cms, true, Cipher::Sm4Gcm),
        (Dialect::Gm, true, Cipher::Sm4Cbc),
    ] {
        let style = Style { form: Form::Opaque, dialect };
        let signed = sign(LETTER.as_bytes(), &ann[0], style, NOW, &entropy).unwrap();
        let octets = mail::message::encoding::decode_base64(mail::header::split_header_body(&signed).1);
        let arc = dialect.signed();
        assert!(octets.windows(arc.as_bytes().len()).any(|it| it == arc.as_bytes()));
        let found = opened(&structure(&octets), &[], &trust).unwrap();
        let signature = found.signatures().next().unwrap();
        assert_eq!((signature.fault.clone(), signature.digest), (None, "sm3"));
        let untrusted = opened(&structure(&octets), &[], &Trust::default()).unwrap();
        assert!(matches!(untrusted.signatures().next().unwrap().fault, Some(Fault::Untrusted { .. })));
        let recipe = Recipe { is_authenticated, is_oaep: false, dialect };
        let both = sign_and_encrypt(LETTER.as_bytes(), &ann[0], &[&ann[0].certificate], recipe, NOW, &entropy).unwrap();
        let found = opened(&String::from_utf8(both).unwrap(), &ann, &trust).unwrap();
        assert_eq!(found.ciphers().collect::<Vec<_>>(), [cipher]);
        assert!(found.is_signed_by_author());
        let text = String::from_utf8(found.message.unwrap()).unwrap();
        assert!(text.contains("Ten pieces") && text.contains("Subject: Price"));
    }
}
