//! Our own signatures and seals, as our checks and the library see them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Timestamp;
use mailauth::{ArcResult, DkimResult, Facts, KeyKind, SigningKey, seal, sign};
use support::{Envelope, NOW, Sealer, check, key_line, zone};

const MESSAGE: &str = "Received: from x\r\nFrom: Sales <sales@list.example>\r\nTo: a@peer.example,\r\n b@peer.example\r\n\
    Subject: order\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@list.example>\r\nComments: one\r\n\r\n\
    Ten  pieces. \r\n\r\n\t\r\n";

fn now() -> Timestamp {
    Timestamp::from_seconds(NOW)
}

/// Two keys of `list.example`, and the lines of its zone.
fn keys() -> (Vec<SigningKey>, String) {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
    let edwards = Ed25519KeyPair::generate().unwrap();
    let keys = vec![
        SigningKey::new(KeyKind::Rsa, "List.example", "r1", private.as_ref()).unwrap(),
        SigningKey::new(KeyKind::Ed25519, "list.example", "e1", edwards.to_pkcs8v1().unwrap().as_ref()).unwrap(),
    ];
    let line = |selector: &str, kind: &str, public: &[u8]| {
        let encoded = STANDARD.encode(public);
        format!("{selector}._domainkey.list.example: [{{TXT: \"v=DKIM1; k={kind}; p={encoded}\"}}]\n")
    };
    let lines = line("r1", "rsa", rsa.public_key().as_ref()) + &line("e1", "ed25519", edwards.public_key().as_ref());
    (keys, lines)
}

async fn facts(message: &str, lines: &str) -> Facts {
    check(message.as_bytes(), &Envelope::default(), &zone(lines)).await
}

#[tokio::test]
async fn both_signatures_pass() {
    let (keys, lines) = keys();
    let lines = lines + "_dmarc.list.example: [{TXT: \"v=DMARC1; p=reject; adkim=s\"}]\n";
    let field = sign(&keys, MESSAGE.as_bytes(), now(), now()).unwrap();
    assert!(field.split("\r\n").all(|line| line.len() <= 78), "{field}");
    assert!(!field.contains("l="), "{field}");
    let found = facts(&(field + MESSAGE), &lines).await;
    let results: Vec<_> = found.dkim.iter().map(|it| (it.result, it.selector.as_str(), it.domain.as_str())).collect();
    let expected = [(DkimResult::Pass, "r1", "list.example"), (DkimResult::Pass, "e1", "list.example")];
    assert_eq!(results, expected, "{found:?}");
    assert_eq!(found.authenticated_domain(), Some("list.example"));
}

#[tokio::test]
async fn fields_cannot_be_added_or_changed() {
    let (keys, lines) = keys();
    let signed = sign(&keys, MESSAGE.as_bytes(), now(), now()).unwrap() + MESSAGE;
    for added in [
        "Subject: x",
        "From: a@b.example",
        "To: x@y.example",
        "Cc: x@y.example",
        "Reply-To: x@y.example",
        "Content-Type: text/html",
        "In-Reply-To: <x@y>",
        "References: <x@y>",
        "List-Unsubscribe: <http://x>",
        "MIME-Version: 1.0",
        "Date: Tue, 14 Nov 2023 22:13:21 +0000",
        "Message-ID: <2@x>",
    ] {
        for changed in [format!("{added}\r\n{signed}"), signed.replacen("\r\n\r\n", &format!("\r\n{added}\r\n\r\n"), 1)]
        {
            let found = facts(&changed, &lines).await;
            assert!(found.dkim.iter().all(|it| it.result == DkimResult::Fail), "{added}: {:?}", found.dkim);
        }
    }
    for (from, to) in [("Ten  pieces", "Two pieces"), ("order", "offer"), ("b@peer", "c@peer")] {
        let found = facts(&signed.replacen(from, to, 1), &lines).await;
        assert!(found.dkim.iter().all(|it| it.result == DkimResult::Fail), "{from}: {:?}", found.dkim);
    }
    // What servers on the way may do does not break it: trace fields, folding, white space.
    let passed = format!("Received: from y\r\n{signed}").replacen("Subject: order", "subject:\r\n  order ", 1);
    let found = facts(&passed, &lines).await;
    assert!(found.dkim.iter().all(|it| it.result == DkimResult::Pass), "{:?}", found.dkim);
}

#[tokio::test]
async fn a_signature_ends_two_weeks_after_the_message_leaves() {
    let (keys, lines) = keys();
    let sign_at = |seconds: i64, leaves: i64| {
        let (signed, leaves) = (Timestamp::from_seconds(seconds), Timestamp::from_seconds(leaves));
        sign(&keys, MESSAGE.as_bytes(), signed, leaves).unwrap() + MESSAGE
    };
    let last = NOW - 14 * 86_400;
    for (signed, leaves, is_good) in
        [(last + 1, last + 1, true), (last, last, false), (last - 30 * 86_400, last + 1, true), (last + 1, 0, true)]
    {
        let found = facts(&sign_at(signed, leaves), &lines).await.dkim;
        assert!(found.iter().all(|it| (it.result == DkimResult::Pass) == is_good), "{signed} {leaves}: {found:?}");
    }
}

#[test]
fn what_has_no_single_author_is_not_signed() {
    let (keys, _) = keys();
    for message in ["Subject: x\r\n\r\nx\r\n", "From: a@list.example\r\nFrom: b@list.example\r\n\r\nx\r\n"] {
        assert!(sign(&keys, message.as_bytes(), now(), now()).is_err(), "{message}");
    }
    let many = "Cc: x@y.example\r\n".repeat(65) + MESSAGE;
    assert!(sign(&keys, many.as_bytes(), now(), now()).is_err());
    assert!(SigningKey::new(KeyKind::Rsa, "a.example", "s", b"no key").is_err());
}

#[tokio::test]
async fn a_chain_of_ours_is_whole_and_goes_on() {
    let (keys, lines) = keys();
    let others = support::Key::Ed25519;
    let lines = lines + &key_line(others, "s1", "second.example");
    let results =
        "mail.list.example;\r\n\tspf=pass smtp.mailfrom=a@bank.example;\r\n\tdmarc=pass header.from=bank.example";
    let mut message = sign(&keys, MESSAGE.as_bytes(), now(), now()).unwrap() + MESSAGE;
    for turn in 1..=3 {
        let before = facts(&message, &lines).await.arc;
        let expected = if turn == 1 { ArcResult::None } else { ArcResult::Pass };
        assert_eq!(before.result, expected, "{turn}: {before:?}");
        let key = &keys[turn % 2];
        let set = seal(key, message.as_bytes(), results, before.result, now()).unwrap().expect("a set");
        message = set + &message;
        // Another forwarder, whose code is not ours, goes on with the chain.
        if turn == 2 {
            message = Sealer { domain: "second.example", ..Sealer::default() }.seal(&message);
        }
    }
    let found = facts(&message, &lines).await.arc;
    assert_eq!(found.result, ArcResult::Pass, "{found:?}");
    assert_eq!(found.sealers, ["list.example", "list.example", "second.example", "list.example"]);
    assert!(found.is_trusted && found.first_results.unwrap().contains("dmarc=pass header.from=bank.example"));
    let changed = message.replacen("order", "offer", 1);
    let broken = facts(&changed, &lines).await.arc;
    assert_eq!(broken.result, ArcResult::Fail);
    assert_eq!(seal(&keys[0], changed.as_bytes(), results, broken.result, now()).unwrap(), None);
}
