use env::{SeededEntropy, SystemEntropy};

use super::*;

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn a_hash_fits_its_password_alone() {
    let hasher = Hasher::new(Arc::new(SeededEntropy::new(1)));
    let prepared = hasher.prepare(&secret("Lange-Leitung-7"), Level::Basic).await.unwrap();
    assert!(prepared.hash().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", prepared.hash());
    assert!(hasher.verify(&secret("Lange-Leitung-7"), prepared.hash().to_owned()).await.unwrap());
    assert!(!hasher.verify(&secret("lange-Leitung-7"), prepared.hash().to_owned()).await.unwrap());
    assert!(!is_outdated(prepared.hash(), Level::Basic));
    assert!(is_outdated(prepared.hash(), Level::Trade));
    // Composed and decomposed spelling are one password.
    let composed = hasher.prepare(&secret("Ma\u{f1}ana-Secret-7"), Level::Basic).await.unwrap();
    assert!(hasher.verify(&secret("Man\u{303}ana-Secret-7"), composed.hash().to_owned()).await.unwrap());
}

#[test]
fn unusable_passwords_are_refused_with_a_reason() {
    let new = |text: &str| PreparedPassword::new(&secret(text), Level::Basic, &SeededEntropy::new(1)).err();
    assert_eq!(new(""), Some(PasswordError::Unpreparable));
    assert_eq!(new("bell\u{7}"), Some(PasswordError::Unpreparable));
    assert_eq!(new(&"x".repeat(PASSWORD_BYTES_MAX + 1)), Some(PasswordError::TooLong));
}

#[test]
fn generated_passwords_are_strong_and_differ() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let password = generate_password(&SystemEntropy::default());
        assert_eq!(password.expose().len(), 27);
        assert_eq!(::factors::strength::score(password.expose(), &[]), 4);
        assert!(seen.insert(password.expose().clone()));
    }
}
