//! Messages that Thunderbird wrote (`tests/thunderbird`): what they say is read, and what is done to them on the way is noticed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::path::{Path, PathBuf};

use env::{SeededEntropy, Timestamp};
use smime::{Certificate, Cipher, Fault, Identity, Looks, Opened, Trust};

/// A year after they were made.
const NOW: Timestamp = Timestamp::from_seconds(1_827_000_000);

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/thunderbird").join(name)
}

fn sample(name: &str) -> String {
    std::fs::read_to_string(place(&format!("samples/smime-{name}.eml"))).unwrap()
}

fn identity(address: &str) -> Identity {
    Identity::from_pkcs12(&std::fs::read(place(&format!("keys/{address}.p12"))).unwrap(), "samples").unwrap()
}

fn trust() -> Trust {
    let authority = Certificate::read_file(&std::fs::read(place("keys/ca.pem")).unwrap()).unwrap();
    Trust::new(&authority).unwrap()
}

fn open_by(address: &str, message: &str, trust: &Trust) -> Result<Opened, Fault> {
    smime::open(message.as_bytes(), &[identity(address)], trust, NOW, &SeededEntropy::new(1))
}

fn open(message: &str) -> Result<Opened, Fault> {
    open_by("sales@trade.test", message, &trust())
}

fn faults(opened: &Opened) -> Vec<Option<&'static str>> {
    opened.signatures().map(|it| it.fault.as_ref().map(Fault::word)).collect()
}

fn readable(opened: Opened) -> String {
    String::from_utf8(opened.message.unwrap()).unwrap()
}

const GREETING: &str = "VGVuIHBpZWNlcyBhdCB0aGUgb2xkIHByaWNl";

#[test]
fn what_is_signed_is_verified() {
    let message = sample("signed");
    assert_eq!(smime::looks(message.as_bytes()), Looks::Signed);
    let opened = open(&message).unwrap();
    assert_eq!(faults(&opened), [None]);
    let signature = opened.signatures().next().unwrap();
    assert_eq!((signature.digest, signature.capabilities.aes_256_cbc), ("sha-256", true));
    assert!(signature.certificate.as_ref().unwrap().is_for("li@partner.test"));
}

#[test]
fn what_is_encrypted_is_opened() {
    let opened = open(&sample("encrypted")).unwrap();
    assert_eq!((opened.signatures().count(), opened.has_other_author), (0, false));
    let cipher = opened.ciphers().next().unwrap();
    assert_eq!(opened.may_be_altered(), !cipher.is_authenticated());
    assert!(matches!(cipher, Cipher::AesGcm(_) | Cipher::AesCbc(_)), "{cipher:?}");
    assert!(readable(opened).contains("Ten pieces at the old price, Grüße aus Köln."));
    let opened = open(&sample("both")).unwrap();
    assert_eq!((faults(&opened), opened.may_be_altered()), (vec![None], false));
    assert!(readable(opened).contains("Ten pieces at the old price, Grüße aus Köln."));
}

#[test]
fn what_was_altered_is_noticed() {
    let altered = sample("signed").replace(GREETING, &GREETING.replace("VGVu", "VGVv"));
    assert_eq!(faults(&open(&altered).unwrap()), [Some("altered")]);
    // Text that is put before the signed part is no part of it, and what has lost its signature is not taken for unsigned.
    let stripped = sample("signed").replace("application/pkcs7-signature; name", "application/octet-stream; name");
    assert!(open(&stripped).is_ok_and(|opened| faults(&opened) != [None]) || open(&stripped).is_err());
    for name in ["encrypted", "both"] {
        let message = sample(name);
        let (head, body) = message.split_once("\r\n\r\n").unwrap();
        // One character in the middle of what is encrypted.
        let mut octets = body.as_bytes().to_vec();
        let middle = octets.len() / 2;
        octets[middle] = if octets[middle] == b'A' { b'B' } else { b'A' };
        let altered = format!("{head}\r\n\r\n{}", String::from_utf8(octets).unwrap());
        // The cipher does not notice by itself: the message says so, and a signature inside does not hold.
        if let Ok(opened) = open(&altered) {
            assert!(opened.may_be_altered() && !opened.is_signed_by_author(), "{name}");
        }
    }
}

#[test]
fn another_reader_and_another_author_are_told() {
    for name in ["encrypted", "both"] {
        // Programs encrypt to their own certificate too, so a key of nobody in the message is taken.
        let other = identity("other@trade.test");
        let opened = smime::open(sample(name).as_bytes(), &[other], &trust(), NOW, &SeededEntropy::new(1));
        assert_eq!(opened.unwrap_err(), Fault::NotForUs, "{name}");
        assert!(open_by("li@partner.test", &sample(name), &trust()).is_ok(), "{name}: the author's own copy");
    }
    for name in ["signed", "both"] {
        let message = sample(name).replace("From: Li <li@partner.test>", "From: Li <boss@partner.test>");
        assert_eq!(faults(&open(&message).unwrap()), [Some("wrong-author")], "{name}");
        let opened = open_by("sales@trade.test", &sample(name), &Trust::default()).unwrap();
        assert_eq!(faults(&opened), [Some("untrusted")], "{name}");
    }
}
