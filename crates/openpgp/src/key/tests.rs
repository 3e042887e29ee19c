use super::*;
use crate::samples::{NOW, YEAR, a4, entropy, key};

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[test]
fn a_key_leaves_under_a_passphrase_and_comes_back() {
    for version in [KeyVersion::V4, KeyVersion::V6] {
        let made = key(1, "li.wei@trade.example", version);
        assert_eq!(made.export(&secret("short"), &entropy()).err(), Some(PgpError::WeakPassphrase { min: 12 }));
        let armored = made.export(&secret("correct horse battery"), &entropy()).unwrap();
        assert!(armored.expose().starts_with("-----BEGIN PGP PRIVATE KEY BLOCK-----"));
        let wrong = PrivateKey::parse(armored.expose().as_bytes(), &secret("wrong horse battery"));
        assert_eq!(wrong.err(), Some(PgpError::WrongPassphrase));
        let back = PrivateKey::parse(armored.expose().as_bytes(), &secret("correct horse battery")).unwrap();
        assert_eq!(back.certificate(), made.certificate());
        assert_eq!(back.to_bytes().unwrap().expose(), made.to_bytes().unwrap().expose());
    }
}

#[test]
fn keys_differ_by_their_randomness_alone() {
    let print = |seed| key(seed, "a@trade.example", KeyVersion::V4).certificate().to_bytes();
    assert_eq!(print(1), print(1));
    assert_ne!(print(1), print(2));
}

#[test]
fn names_that_cannot_stand_in_a_key_are_refused() {
    let make = |name: &str, addresses: &[&str]| {
        let addresses: Vec<String> = addresses.iter().map(|it| (*it).to_owned()).collect();
        let wish = Wish { name, addresses: &addresses, version: KeyVersion::V4, valid_for: YEAR };
        PrivateKey::generate(&wish, NOW, &entropy()).err()
    };
    assert!(make("Li <boss@trade.example>", &["a@trade.example"]).is_some());
    assert!(make("Li", &["nobody"]).is_some());
    assert!(make("Li", &[]).is_some());
    assert!(make("李伟", &["a@trade.example"]).is_none());
}

#[test]
fn the_private_sample_of_the_standard() {
    assert_eq!(a4().certificate(), crate::samples::a3());
    assert!(PrivateKey::parse(crate::samples::A3.as_bytes(), &secret("")).is_err());
}
