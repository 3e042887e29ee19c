use pgp::composed::MessageBuilder;
use pgp::types::CompressionAlgorithm;
use proptest::prelude::*;

use super::*;
use crate::report::{Container, SignatureState};
use crate::samples::{A7, A8, NOW, a3, a4, entropy, key, later};
use crate::{KeyVersion, packets};

const TEXT: &[u8] = b"Ten pieces at the old price.\r\n";

fn encrypted(to: &[Certificate], signer: Option<&PrivateKey>) -> String {
    encrypt(TEXT, &Recipients::of(to, NOW).unwrap(), signer, NOW, &entropy()).unwrap()
}

#[test]
fn messages_of_the_standard() {
    let opened = decrypt(A8.as_bytes(), &[&a4()], &[], NOW).unwrap();
    assert_eq!((opened.plain.as_slice(), opened.encryption), (b"Hello, world!".as_slice(), Some(Container::Seipd2)));
    let signed = open(unarmored(A7.as_bytes()).unwrap(), &[], &[a3()], NOW).unwrap();
    assert!(signed.plain.starts_with(b"What we need from the grocery store:"));
    assert_eq!(signed.signatures[0].state, SignatureState::Good);
    assert_eq!(signed.signatures[0].made.unwrap().to_string(), "2022-12-13T16:08:03Z");
    assert_eq!(decrypt(A7.as_bytes(), &[&a4()], &[], NOW), Err(PgpError::NotEncrypted));
}

#[test]
fn there_and_back() {
    let cases = [
        (KeyVersion::V4, KeyVersion::V4, Container::Seipd1),
        (KeyVersion::V6, KeyVersion::V6, Container::Seipd2),
        // One who reads version 1 alone is enough for it.
        (KeyVersion::V4, KeyVersion::V6, Container::Seipd1),
    ];
    for (one, other, container) in cases {
        let (wei, ana) = (key(1, "wei@trade.example", one), key(2, "ana@partner.example", other));
        let message = encrypted(&[wei.certificate(), ana.certificate()], Some(&wei));
        for reader in [&wei, &ana] {
            let opened = decrypt(message.as_bytes(), &[reader], &[wei.certificate()], NOW).unwrap();
            assert_eq!((opened.plain.as_slice(), opened.encryption), (TEXT, Some(container)));
            assert_eq!(opened.signatures[0].state, SignatureState::Good, "{:?}", opened.signatures);
            assert_eq!(opened.signatures[0].user_ids, ["Li Wei <wei@trade.example>"]);
        }
        let stranger = key(3, "x@evil.example", one);
        assert_eq!(decrypt(message.as_bytes(), &[&stranger], &[], NOW), Err(PgpError::NotForUs));
        let unknown = decrypt(message.as_bytes(), &[&ana], &[], NOW).unwrap();
        assert_eq!(unknown.signatures[0].state, SignatureState::UnknownKey);
    }
}

/// Somebody opens a message, and encrypts what is signed in it to another, who shall take it for his.
#[test]
fn signatures_name_for_whom_they_are() {
    let (wei, ana, eve) = (
        key(1, "wei@trade.example", KeyVersion::V4),
        key(2, "ana@partner.example", KeyVersion::V4),
        key(3, "eve@evil.example", KeyVersion::V4),
    );
    let octets = unarmored(encrypted(&[eve.certificate()], Some(&wei)).as_bytes()).unwrap();
    let inner = signed_part(&octets, &eve);
    let target = ana.0.secret_subkeys[0].key.public_key();
    let session = pgp::composed::RawSessionKey::from(vec![7; 32]);
    let data = pgp::packet::SymEncryptedProtectedData::encrypt_seipdv1(
        Random(&entropy()),
        SymmetricKeyAlgorithm::AES256,
        session.as_ref(),
        &inner,
    )
    .unwrap();
    let esk = pgp::packet::PublicKeyEncryptedSessionKey::from_session_key_v3(
        Random(&entropy()),
        &session,
        SymmetricKeyAlgorithm::AES256,
        target,
    )
    .unwrap();
    let mut forwarded = Vec::new();
    pgp::packet::PacketTrait::to_writer_with_header(&esk, &mut forwarded).unwrap();
    pgp::packet::PacketTrait::to_writer_with_header(&data, &mut forwarded).unwrap();
    let opened = decrypt(&forwarded, &[&ana], &[wei.certificate()], NOW).unwrap();
    assert_eq!((opened.plain.as_slice(), opened.signatures[0].state), (TEXT, SignatureState::OtherRecipient));
}

/// The packets within an encrypted message.
fn signed_part(octets: &[u8], reader: &PrivateKey) -> Vec<u8> {
    use std::io::Read;
    let message = pgp::composed::Message::from_bytes(octets).unwrap();
    let pgp::composed::Message::Encrypted { esk, mut edata, .. } = message else { panic!("not encrypted") };
    let pgp::composed::Esk::PublicKeyEncryptedSessionKey(esk) = &esk[0] else { panic!("by password") };
    let part = &reader.0.secret_subkeys[0].key;
    let session =
        pgp::types::DecryptionKey::decrypt(part, &Password::empty(), esk.values().unwrap(), pgp::types::EskType::V3_4);
    edata.decrypt(&session.unwrap().unwrap()).unwrap();
    let mut inner = Vec::new();
    edata.read_to_end(&mut inner).unwrap();
    inner
}

#[test]
fn blind_copies_do_not_tell_for_whom_they_are() {
    for version in [KeyVersion::V4, KeyVersion::V6] {
        let (wei, ana) = (key(1, "wei@trade.example", version), key(2, "ana@partner.example", version));
        let certificates = [wei.certificate(), ana.certificate()];
        let recipients = Recipients::of(&certificates, NOW).unwrap().hidden();
        let message = encrypt(TEXT, &recipients, Some(&wei), NOW, &entropy()).unwrap();
        let octets = unarmored(message.as_bytes()).unwrap();
        for reader in [&wei, &ana] {
            assert_eq!(decrypt(&octets, &[reader], &[wei.certificate()], NOW).unwrap().plain, TEXT);
            let id = pgp::types::KeyDetails::legacy_key_id(reader.0.secret_subkeys[0].key.public_key());
            assert!(!octets.windows(8).any(|window| window == id.as_ref()));
        }
    }
}

#[test]
fn nothing_is_encrypted_to_keys_that_do_not_count() {
    let wei = key(1, "wei@trade.example", KeyVersion::V4);
    let revoked = wei.revoke(true, NOW, &entropy()).unwrap();
    let of = |certificates: &[Certificate], now| Recipients::of(certificates, now).map(|_| ());
    assert!(matches!(of(&[revoked], NOW), Err(PgpError::Revoked { .. })));
    assert!(matches!(of(&[wei.certificate()], later(400)), Err(PgpError::Expired { .. })));
    assert!(of(&[], NOW).is_err());
}

#[test]
fn what_was_changed_does_not_open() {
    for version in [KeyVersion::V4, KeyVersion::V6] {
        let wei = key(1, "wei@trade.example", version);
        let octets = unarmored(encrypted(&[wei.certificate()], Some(&wei)).as_bytes()).unwrap();
        for index in 0..octets.len() {
            let mut changed = octets.clone();
            changed[index] ^= 1;
            // An octet or two say the same in another way (the form of a point, the number of bits).
            if let Ok(opened) = decrypt(&changed, &[&wei], &[wei.certificate()], NOW) {
                assert_eq!(opened.plain, TEXT, "octet {index} of {}", octets.len());
                assert_eq!(opened.signatures[0].state, SignatureState::Good);
            }
        }
        // Cut off at each octet.
        assert!((0..octets.len()).step_by(7).all(|length| decrypt(&octets[..length], &[&wei], &[], NOW).is_err()));
    }
}

/// The data of a message of SEIPD version 1 without its protection, as EFAIL took it away.
#[test]
fn messages_without_integrity_are_refused() {
    let wei = key(1, "wei@trade.example", KeyVersion::V4);
    let octets = unarmored(encrypted(&[wei.certificate()], None).as_bytes()).unwrap();
    let at = octets
        .iter()
        .enumerate()
        .position(|(index, octet)| *octet == 0xd2 && packets::tags(&octets[index..], "").is_ok());
    let at = at.unwrap();
    let mut stripped = octets.clone();
    stripped[at] = 0xc0 | packets::ENCRYPTED_UNPROTECTED;
    // The octet of the version goes too.
    stripped.remove(at + 2);
    stripped[at + 1] -= 1;
    assert_eq!(decrypt(&stripped, &[&wei], &[], NOW), Err(PgpError::NoIntegrity));
    // The same with the version and 22 octets of the digest gone.
    let mut short = octets;
    short.truncate(short.len() - 22);
    short[at + 1] -= 22;
    assert_eq!(decrypt(&short, &[&wei], &[], NOW), Err(PgpError::Altered));
}

#[test]
fn bombs_are_refused() {
    let wei = key(1, "wei@trade.example", KeyVersion::V4);
    let encryption = wei.0.secret_subkeys[0].key.public_key();
    let mut builder =
        MessageBuilder::from_bytes("", vec![0; 6 << 20]).seipd_v1(Random(&entropy()), SymmetricKeyAlgorithm::AES128);
    builder.compression(CompressionAlgorithm::ZLIB).encrypt_to_key(Random(&entropy()), encryption).unwrap();
    let octets = builder.to_vec(Random(&entropy())).unwrap();
    assert!(octets.len() < 20_000);
    assert_eq!(decrypt(&octets, &[&wei], &[], NOW), Err(PgpError::Bomb { limit: 4 << 20 }));
    // Compressed in compressed.
    let mut layers = MessageBuilder::from_bytes("", b"x".to_vec()).to_vec(Random(&entropy())).unwrap();
    for _ in 0..8 {
        let mut stored =
            vec![0xc8, 0, 1, 1, u8::try_from(layers.len()).unwrap(), 0, !u8::try_from(layers.len()).unwrap(), 0xff];
        stored.extend_from_slice(&layers);
        stored[1] = u8::try_from(stored.len() - 2).unwrap();
        layers = stored;
    }
    assert_eq!(open(layers, &[], &[], NOW), Err(PgpError::TooDeep { limit: crate::limits::NESTING_MAX }));
    let session_key = b"\xc1\x0c\x03AAAAAAAA\x01\x00\x00".repeat(300);
    assert!(matches!(decrypt(&[session_key, octets].concat(), &[&wei], &[], NOW), Err(PgpError::TooLarge { .. })));
}

#[test]
fn content_beside_what_is_signed_is_refused() {
    let wei = key(1, "wei@trade.example", KeyVersion::V4);
    let mut builder = MessageBuilder::from_bytes("", TEXT.to_vec());
    builder.sign(&wei.0.primary_key, Password::empty(), HashAlgorithm::Sha512);
    let signed = builder.to_vec(Random(&entropy())).unwrap();
    let more =
        MessageBuilder::from_bytes("", b"And pay to another account.".to_vec()).to_vec(Random(&entropy())).unwrap();
    let read = |octets: Vec<u8>| open(octets, &[], &[wei.certificate()], Timestamp::from_seconds(4_000_000_000));
    assert!(read(signed.clone()).is_ok());
    assert!(read([signed.clone(), more.clone()].concat()).is_err());
    assert!(read([more, signed].concat()).is_err());
}

#[test]
fn signatures_beside_content() {
    let (wei, ana) = (key(1, "wei@trade.example", KeyVersion::V4), key(2, "ana@partner.example", KeyVersion::V4));
    let (signature, digest) = sign_detached(TEXT, &wei, later(10), &entropy()).unwrap();
    assert_eq!(digest, "pgp-sha512");
    let state = |content: &[u8], certificates: &[Certificate], now| {
        verify_detached(content, signature.as_bytes(), certificates, now).unwrap()[0].state
    };
    let certificates = [ana.certificate(), wei.certificate()];
    assert_eq!(state(TEXT, &certificates, later(10)), SignatureState::Good);
    assert_eq!(state(b"Ten pieces at the new price.\r\n", &certificates, later(10)), SignatureState::Altered);
    assert_eq!(state(TEXT, &[ana.certificate()], later(10)), SignatureState::UnknownKey);
    assert_eq!(state(TEXT, &certificates, later(9)), SignatureState::Future);
    // Good when it was made is good when the key has expired since, and no more once it fell into other hands.
    assert_eq!(state(TEXT, &certificates, later(900)), SignatureState::Good);
    let retired = wei.certificate().merge(&wei.revoke(false, later(20), &entropy()).unwrap()).unwrap();
    assert_eq!(state(TEXT, &[retired], later(30)), SignatureState::Good);
    let stolen = wei.certificate().merge(&wei.revoke(true, later(20), &entropy()).unwrap()).unwrap();
    assert_eq!(state(TEXT, &[stolen], later(30)), SignatureState::Revoked);
    let (late, _) = sign_detached(TEXT, &wei, later(400), &entropy()).unwrap();
    let late = verify_detached(TEXT, late.as_bytes(), &certificates, later(400)).unwrap();
    assert_eq!(late[0].state, SignatureState::Expired);
}

#[test]
fn signatures_over_old_digests_are_weak() {
    let wei = key(1, "wei@trade.example", KeyVersion::V4);
    let mut config = Signer { key: &wei.0.primary_key, now: NOW, entropy: &entropy() }
        .config(SignatureType::Binary, Vec::new())
        .unwrap();
    config.hash_alg = HashAlgorithm::Sha1;
    // Ed25519 asks for more; the signature is made all the same by those who do not.
    let Ok(signature) = config.sign(&wei.0.primary_key, &Password::empty(), TEXT) else { return };
    let armored = DetachedSignature::new(signature).to_armored_string(ArmorOptions::default()).unwrap();
    let found = verify_detached(TEXT, armored.as_bytes(), &[wei.certificate()], NOW).unwrap();
    assert_ne!(found[0].state, SignatureState::Good);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever comes in, nothing but an answer comes out.
    #[test]
    fn any_octets(octets in proptest::collection::vec(any::<u8>(), 0..300), first in prop_oneof![Just(0xc1u8), Just(0xd2), Just(0xc8), Just(0xc2), Just(0x99), Just(0xd4), Just(0xc4)]) {
        let given = [vec![first, u8::try_from(octets.len().min(180)).unwrap()], octets].concat();
        let _ = Certificate::parse(&given);
        let _ = open(given.clone(), &[], &[], NOW);
        let _ = verify_detached(TEXT, &given, &[], NOW);
    }

    #[test]
    fn mangled_messages(index in 0usize..600, value: u8, cut in 0usize..600) {
        let wei = key(1, "wei@trade.example", KeyVersion::V4);
        let mut octets = unarmored(A7.as_bytes()).unwrap();
        if let Some(octet) = octets.get_mut(index) { *octet = value; }
        octets.truncate(octets.len().saturating_sub(cut / 4));
        let _ = open(octets.clone(), &[&wei], &[a3()], NOW);
        let _ = Certificate::parse(&octets);
    }
}
