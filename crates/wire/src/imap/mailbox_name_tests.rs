use proptest::prelude::*;

use super::{MailboxName, NameError, decode_utf7, encode_utf7, pattern_matches};

fn encoded(name: &str) -> String {
    let mut out = Vec::new();
    encode_utf7(name, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn modified_utf7_both_ways() {
    for (name, wire) in [
        ("INBOX", "INBOX"),
        ("R&D", "R&-D"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("Entwürfe", "Entw&APw-rfe"),
        ("\u{1f4e7}", "&2D3c5w-"),
        ("", ""),
    ] {
        assert_eq!(encoded(name), wire);
        assert_eq!(decode_utf7(wire.as_bytes()).as_deref(), Some(name));
    }
}

#[test]
fn refuses_what_no_encoder_writes() {
    for bad in ["&", "&AGE-", "a&b", "&U,BTFw", "&U,BTFw-&ZeVnLIqe-", "\u{fc}", "&2D0-", "a\u{1}", "&*-"] {
        assert_eq!(decode_utf7(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(MailboxName::decode(b"\xff", true), Err(NameError::NotUtf8));
    assert_eq!(MailboxName::decode(b"a\x01", true), Err(NameError::Control));
    assert_eq!(MailboxName::decode(&[b'a'; 1001], false), Err(NameError::TooLong));
}

#[test]
fn inbox_is_one_in_any_case() {
    assert_eq!(MailboxName::new("inbox").as_str(), "INBOX");
    assert_eq!(MailboxName::new("Inbox/a").as_str(), "INBOX/a");
    assert_eq!(MailboxName::new("inboxes").as_str(), "inboxes");
    assert!(MailboxName::new("iNbOx").is_inbox());
}

#[test]
fn patterns() {
    for (pattern, name, expected) in [
        ("*", "a/b/c", true),
        ("%", "a", true),
        ("%", "a/b", false),
        ("%/%", "a/b", true),
        ("%/%", "a/b/c", false),
        ("a*", "a", true),
        ("a*c", "a/b/c", true),
        ("a%c", "a/b/c", false),
        ("inbox", "INBOX", true),
        ("inb%", "INBOX", false),
        ("Inbox/*", "INBOX/x", true),
        ("", "", true),
        ("", "a", false),
        ("*%*%*%*%*%*%b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ("日%", "日本", true),
    ] {
        assert_eq!(pattern_matches(pattern, name), expected, "{pattern} {name}");
    }
}

proptest! {
    #[test]
    fn every_name_comes_back(name in "\\PC{0,40}") {
        prop_assert_eq!(decode_utf7(encoded(&name).as_bytes()), Some(name));
    }

    #[test]
    fn decoder_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        if let Some(name) = decode_utf7(&bytes) {
            prop_assert_eq!(encoded(&name).into_bytes(), bytes);
        }
    }
}
