//! Messages that Thunderbird wrote (`tests/thunderbird`): what they say is read, and what is done to them on the way is noticed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::path::{Path, PathBuf};

use env::{Secret, Timestamp};
use openpgp::{AutocryptHeader, Certificate, PgpError, PrivateKey, Read, SignatureState};

/// A year after they were made.
const NOW: Timestamp = Timestamp::from_seconds(1_827_000_000);

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/thunderbird").join(name)
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(place(&format!("samples/openpgp-{name}.eml"))).unwrap()
}

fn key(address: &str) -> PrivateKey {
    let armored = std::fs::read(place(&format!("keys/{address}.secret.asc"))).unwrap();
    PrivateKey::parse(&armored, &Secret::new(String::new())).unwrap()
}

fn author() -> Certificate {
    Certificate::parse(&std::fs::read(place("keys/li@partner.test.asc")).unwrap()).unwrap()
}

fn read_by(address: &str, message: &str, known: &[Certificate]) -> Result<Read, PgpError> {
    openpgp::read(message.as_bytes(), &[&key(address)], known, NOW).map(Option::unwrap)
}

fn read(message: &str) -> Result<Read, PgpError> {
    read_by("sales@trade.test", message, &[author()])
}

fn states(read: &Read) -> Vec<SignatureState> {
    read.report.signatures.iter().map(|it| it.state).collect()
}

fn text(read: &Read) -> String {
    String::from_utf8(read.content.clone().unwrap()).unwrap()
}

const GREETING: &str = "VGVuIHBpZWNlcyBhdCB0aGUgb2xkIHByaWNl";

#[test]
fn what_is_signed_is_verified_with_its_header() {
    let message = sample("signed");
    let found = read(&message).unwrap();
    assert_eq!((states(&found), found.report.is_authentic()), (vec![SignatureState::Good], true));
    assert!(found.report.differing.is_empty(), "{:?}", found.report.differing);
    // A subject that was changed on the way is told, with the one that was signed.
    let changed = message.replacen("Subject: Offer 4711 (openpgp, signed)", "Subject: Offer 4712", 1);
    let differing = read(&changed).unwrap().report.differing;
    assert!(differing.iter().any(|(name, within, _)| name == "Subject" && within.contains("4711")), "{differing:?}");
}

#[test]
fn what_is_encrypted_is_opened_with_its_header() {
    for (name, expected) in [("encrypted", vec![]), ("both", vec![SignatureState::Good])] {
        let message = sample(name);
        assert!(message.contains("\r\nSubject: ...\r\n"), "{name}: the subject is hidden outside");
        let found = read(&message).unwrap();
        assert_eq!(states(&found), expected, "{name}");
        let text = text(&found);
        assert!(text.contains("Ten pieces at the old price, Grüße aus Köln."), "{name}: {text}");
        assert!(text.contains(&format!("\r\nSubject: Offer 4711 (openpgp, {name})\r\n")), "{name}: {text}");
    }
}

#[test]
fn what_was_altered_is_noticed() {
    let altered = sample("signed").replace(GREETING, &GREETING.replace("VGVu", "VGVv"));
    assert_eq!(states(&read(&altered).unwrap()), [SignatureState::Altered]);
    for name in ["encrypted", "both"] {
        let message = sample(name);
        let (head, rest) = message.split_once("-----BEGIN PGP MESSAGE-----\r\n").unwrap();
        let mut octets = rest.as_bytes().to_vec();
        let middle = octets.len() / 2;
        octets[middle] = if octets[middle] == b'A' { b'B' } else { b'A' };
        let rest = String::from_utf8(octets).unwrap();
        let refused = read(&format!("{head}-----BEGIN PGP MESSAGE-----\r\n{rest}"));
        assert!(refused.is_err(), "{name}");
    }
}

#[test]
fn another_reader_and_another_author_are_told() {
    let other = key("other@trade.test");
    for name in ["encrypted", "both"] {
        assert!(openpgp::read(sample(name).as_bytes(), &[&other], &[author()], NOW).is_err(), "{name}");
        assert!(read_by("li@partner.test", &sample(name), &[]).is_ok(), "{name}: the author's own copy");
    }
    let message = sample("signed").replacen("From: Li <li@partner.test>", "From: Li <boss@partner.test>", 1);
    assert_eq!(states(&read(&message).unwrap()), [SignatureState::OtherAddress]);
    assert_eq!(states(&read_by("sales@trade.test", &sample("signed"), &[]).unwrap()), [SignatureState::UnknownKey]);
}

#[test]
fn the_key_that_comes_along_is_the_authors() {
    let found = AutocryptHeader::of_message(sample("signed").as_bytes(), "li@partner.test").unwrap();
    assert_eq!(found.certificate.fingerprint(), author().fingerprint());
    assert!(AutocryptHeader::of_message(sample("signed").as_bytes(), "boss@partner.test").is_none());
}
