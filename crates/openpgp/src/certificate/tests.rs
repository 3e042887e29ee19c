use env::Timestamp;

use super::*;
use crate::samples::{A3, NOW, YEAR, a3, entropy, key, later};
use crate::{KeyVersion, PrivateKey};

#[test]
fn the_sample_of_the_standard() {
    let certificate = a3();
    // As RFC 9580 appendix A.3 has it.
    assert_eq!(certificate.fingerprint(), "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9");
    let standing = certificate.check_encrypts(NOW).unwrap();
    assert_eq!((standing.user_ids.len(), standing.algorithms.as_str()), (0, "Ed25519, X25519"));
    assert_eq!((standing.created.to_string(), standing.expires), ("2022-11-30T16:08:03Z".to_owned(), None));
    assert!(Certificate::parse(&certificate.to_bytes()).unwrap() == certificate);
}

#[test]
fn a_key_that_was_made_counts_until_it_expires() {
    for version in [KeyVersion::V4, KeyVersion::V6] {
        let certificate = key(1, "li.wei@trade.example", version).certificate();
        let standing = certificate.check_encrypts(NOW).unwrap();
        assert_eq!(standing.user_ids[0].text, "Li Wei <li.wei@trade.example>");
        assert!(standing.user_ids[0].is_primary && standing.can_sign);
        assert_eq!(standing.reads_v2, version == KeyVersion::V6);
        assert_eq!(standing.expires, Some(NOW.plus(YEAR)));
        assert!(certificate.names("Li.Wei@TRADE.example", NOW) && !certificate.names("li.wei@other.example", NOW));
        assert!(matches!(certificate.check(later(366)), Err(PgpError::Expired { on, .. }) if on == "2027-11-27"));
        let again = Certificate::parse(certificate.to_armored().unwrap().as_bytes()).unwrap();
        assert_eq!(again, certificate);
    }
}

#[test]
fn what_was_renewed_and_revoked_is_merged() {
    let private = key(2, "li.wei@trade.example", KeyVersion::V4);
    let certificate = private.certificate();
    let renewed = private.renew(YEAR, later(300), &entropy()).unwrap().certificate();
    let merged = certificate.merge(&renewed).unwrap();
    assert!(certificate.check(later(400)).is_err());
    assert_eq!(merged.check_encrypts(later(400)).unwrap().expires, Some(later(300).plus(YEAR)));
    assert_eq!(merged.merge(&certificate).unwrap(), merged);
    let revoked = merged.merge(&private.revoke(false, later(10), &entropy()).unwrap()).unwrap();
    let error = revoked.check(later(400)).unwrap_err();
    assert!(error.to_string().contains("another key took its place"), "{error}");
    let other = key(3, "li.wei@trade.example", KeyVersion::V4).certificate();
    assert!(matches!(certificate.merge(&other), Err(PgpError::NotTheSame { .. })));
}

#[test]
fn a_key_is_given_with_the_names_of_one_address() {
    let addresses = ["li.wei@trade.example".to_owned(), "sales@trade.example".to_owned()];
    let wish = crate::Wish { name: "", addresses: &addresses, version: KeyVersion::V4, valid_for: YEAR };
    let certificate = PrivateKey::generate(&wish, NOW, &entropy()).unwrap().certificate();
    let given = certificate.only_for("sales@trade.example", NOW).unwrap();
    let names: Vec<_> = given.check_encrypts(NOW).unwrap().user_ids.into_iter().map(|it| it.text).collect();
    assert_eq!(names, ["sales@trade.example"]);
    assert!(matches!(certificate.only_for("boss@trade.example", NOW), Err(PgpError::NoSuchUserId { .. })));
}

#[test]
fn what_is_no_certificate_is_refused_in_words() {
    let text = |given: &[u8]| Certificate::parse(given).unwrap_err().to_string();
    assert!(text(b"").contains("no public key"));
    assert!(text(b"Dear Sir").contains("no public key"));
    assert!(text(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n").contains("no public key"));
    assert!(text(&vec![0x99; 400 << 10]).contains("more than 262144 octets"));
    let private = key(4, "a@trade.example", KeyVersion::V4);
    assert!(text(private.to_bytes().unwrap().expose()).contains("private key"));
    let two = [private.certificate().to_bytes(), a3().to_bytes()].concat();
    assert!(text(&two).contains("several keys"));
    // Names by the hundred.
    let many = [private.certificate().to_bytes(), b"\xb4\x01x".repeat(600)].concat();
    assert!(text(&many).contains("more than 500 packets"));
}

/// A key of RSA in packets, whose modulus has so many bits; nobody has signed it.
fn rsa_packets(bits: u16) -> Vec<u8> {
    let mut modulus = vec![0xff; usize::from(bits) / 8];
    modulus[0] = 0x80;
    let body = [&[4, 0, 0, 0, 1, 1][..], &bits.to_be_bytes(), &modulus, &[0, 17, 1, 0, 1]].concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[0x99][..], &length, &body, b"\xb4\x0fana@far.example"].concat()
}

#[test]
fn keys_that_are_too_small_or_enormous_are_refused() {
    for bits in [1024, 16384, 65528] {
        let found = Certificate::parse(&rsa_packets(bits)).and_then(|key| key.check(NOW));
        let words = found.map(|_| ()).unwrap_err().to_string();
        assert!(words.contains(&format!("RSA of {bits} bits")) || words.contains("no public key"), "{words}");
    }
    // One in between falls for what it lacks, not for its size.
    let found = Certificate::parse(&rsa_packets(3072)).and_then(|key| key.check(NOW));
    assert!(matches!(found, Err(PgpError::NoSelfSignature { .. })), "{found:?}");
}

#[test]
fn names_and_parts_without_signatures_of_the_key_do_not_count() {
    let (mine, theirs) = (key(5, "a@trade.example", KeyVersion::V4), key(6, "b@evil.example", KeyVersion::V4));
    let mut mixed = mine.certificate();
    mixed.0.details.users.extend(theirs.certificate().0.details.users);
    mixed.0.public_subkeys = theirs.certificate().0.public_subkeys;
    let standing = mixed.check(NOW).unwrap();
    assert_eq!(standing.user_ids.len(), 1);
    assert!(!standing.can_encrypt && !mixed.names("b@evil.example", NOW));
    // A key whose own signatures are all gone, or lie in the future, is none.
    let mut bare = mine.certificate();
    bare.0.details.users.clear();
    bare.0.details.direct_signatures.clear();
    assert!(matches!(bare.check(NOW), Err(PgpError::NoSelfSignature { .. })));
    assert!(mine.certificate().check(Timestamp::from_seconds(NOW.seconds() - 86_400)).is_err());
}

#[test]
fn what_is_changed_in_a_certificate_counts_less() {
    let certificate = key(7, "a@trade.example", KeyVersion::V4).certificate();
    let octets = certificate.to_bytes();
    let expected = certificate.check_encrypts(NOW).unwrap();
    for index in (0..octets.len()).step_by(5) {
        let mut changed = octets.clone();
        changed[index] ^= 0x04;
        let Ok(read) = Certificate::parse(&changed) else { continue };
        if read.fingerprint() != certificate.fingerprint() {
            continue;
        }
        // What stays of it is the same or less, never more.
        if let Ok(standing) = read.check(NOW) {
            assert!(standing.user_ids.iter().all(|it| expected.user_ids.contains(it)), "octet {index}");
            assert!(standing.expires.is_some() && standing.expires <= expected.expires, "octet {index}");
        }
    }
    assert!(Certificate::parse(&A3.as_bytes()[..400]).is_err());
}
