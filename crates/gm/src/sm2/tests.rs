use env::SeededEntropy;

use super::*;
use crate::testing::hex;

/// Key of GB/T 32918.5-2017 appendices A and C.
const PRIVATE: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
const PUBLIC: &str = "04 09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
    ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";

fn key() -> PrivateKey {
    PrivateKey::from_scalar(&hex(PRIVATE).try_into().unwrap()).unwrap()
}

/// Gives the number of the standard's examples.
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(&hex("59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21"));
    }
}

/// GB/T 32918.5-2017 appendix A.
#[test]
fn signature_of_the_standard() {
    assert_eq!(key().public().to_sec1()[..], hex(PUBLIC));
    let signature = [
        hex("3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"),
        hex("022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"),
    ]
    .concat();
    let public = key().public();
    assert_eq!(public.verify(DEFAULT_ID, b"message digest", &signature), Ok(()));
    assert_eq!(public.verify(DEFAULT_ID, b"message digesT", &signature), Err(GmError::Signature));
    assert_eq!(public.verify("1234567812345679", b"message digest", &signature), Err(GmError::Signature));
}

/// GB/T 32918.5-2017 appendix C.
#[test]
fn encryption_of_the_standard() {
    let wanted = hex("04 04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73\
         e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0\
         59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766\
         21886ca989ca9c7d58087307ca93092d651efa");
    assert_eq!(key().decrypt(&wanted).unwrap(), b"encryption standard");
    assert_eq!(key().public().encrypt(b"encryption standard", &Fixed).unwrap(), wanted);
}

#[test]
fn signatures_verify_and_nothing_else_does() {
    let entropy = SeededEntropy::new(1);
    let (key, other) = (PrivateKey::generate(&entropy), PrivateKey::generate(&entropy));
    let signature = key.sign("ALICE@trade.test", b"text", &entropy).unwrap();
    let public = key.public();
    assert_eq!(public.verify("ALICE@trade.test", b"text", &signature), Ok(()));
    assert_eq!(other.public().verify("ALICE@trade.test", b"text", &signature), Err(GmError::Signature));
    for at in 0..signature.len() {
        let mut altered = signature.clone();
        altered[at] ^= 1;
        assert!(public.verify("ALICE@trade.test", b"text", &altered).is_err(), "byte {at}");
        assert!(public.verify("ALICE@trade.test", b"text", &signature[..at]).is_err(), "{at} bytes");
    }
    let longer = [&signature[..], &[0]].concat();
    assert!(public.verify("ALICE@trade.test", b"text", &longer).is_err());
    assert!(key.sign(&"x".repeat(8192), b"text", &entropy).is_err());
}

#[test]
fn both_forms_of_encryption_round_trip_and_refuse_alterations() {
    let entropy = SeededEntropy::new(2);
    let (key, other) = (PrivateKey::generate(&entropy), PrivateKey::generate(&entropy));
    // Numbers with leading zeros come up within a few hundred trials.
    for round in 0..40_usize {
        let plain = vec![round as u8; 1 + round];
        let raw = key.public().encrypt(&plain, &entropy).unwrap();
        let form = key.public().encrypt_der(&plain, &entropy).unwrap();
        assert_eq!((key.decrypt(&raw).unwrap(), key.decrypt_der(&form).unwrap()), (plain.clone(), plain));
        assert_eq!(other.decrypt(&raw), Err(GmError::Decryption));
        assert_eq!(other.decrypt_der(&form), Err(GmError::Decryption));
    }
    let form = key.public().encrypt_der(b"key", &entropy).unwrap();
    for at in 0..form.len() {
        let mut altered = form.clone();
        altered[at] ^= 1;
        assert!(key.decrypt_der(&altered).is_err(), "byte {at}");
        assert!(key.decrypt_der(&form[..at]).is_err(), "{at} bytes");
    }
    assert!(matches!(key.public().encrypt(b"", &entropy), Err(GmError::Encryption(_))));
    assert!(matches!(key.public().encrypt(&vec![0; PLAIN_TOO_LONG], &entropy), Err(GmError::Encryption(_))));
    assert!(key.decrypt(b"").is_err() && key.decrypt_der(b"").is_err());
}

const PLAIN_TOO_LONG: usize = 64 * 1024 + 1;

#[test]
fn both_sides_agree() {
    let entropy = SeededEntropy::new(3);
    let (one, two) = (PrivateKey::generate(&entropy), PrivateKey::generate(&entropy));
    assert_eq!(one.agree(&two.public()), two.agree(&one.public()));
}

#[test]
fn keys_survive_their_forms() {
    let entropy = SeededEntropy::new(4);
    let key = PrivateKey::generate(&entropy);
    let pkcs8 = key.to_pkcs8().unwrap();
    assert_eq!(PrivateKey::from_der(&pkcs8).unwrap().public(), key.public());
    assert!(key.to_pkcs8_pem().unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let spki = key.public().to_spki().unwrap();
    assert_eq!(PublicKey::from_spki(&spki).unwrap(), key.public());
    assert!(!format!("{key:?}").contains(&format!("{:?}", &pkcs8[..4])));
}

#[test]
fn keys_of_other_curves_are_refused() {
    let body = |curve: &[u8]| {
        let scalar = hex(PRIVATE);
        let parameters = der::write(der::context(0), &[&der::write(der::OBJECT_IDENTIFIER, &[curve])]);
        der::write(der::SEQUENCE, &[&[2, 1, 1], &der::write(der::OCTET_STRING, &[&scalar]), &parameters])
    };
    assert_eq!(PrivateKey::from_der(&body(der::oid::SM2_CURVE)).unwrap().public(), key().public());
    assert!(PrivateKey::from_der(&body(&hex("2a8648ce3d030107"))).is_err());
    let said = PrivateKey::from_der(b"nonsense").unwrap_err().to_string();
    assert!(said.contains("private key") && said.contains("openssl"), "{said}");
    let mut off_the_curve = key().public().to_sec1();
    off_the_curve[64] ^= 1;
    assert!(PublicKey::from_sec1(&off_the_curve).is_err());
    assert!(PublicKey::from_sec1(&[0]).is_err(), "infinity");
}
