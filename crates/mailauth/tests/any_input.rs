//! Whatever comes in: nothing stops, and nothing is authenticated that nobody vouched for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use env::Timestamp;
use mailauth::zone::ZoneFile;
use mailauth::{Question, SpfResult, author, check_mail_from, results};
use proptest::prelude::*;
use support::{Envelope, Key, Sealer, Signer, check, key_line, zone};

const ZONE: &str = "attacker.example: [{SPF: \"v=spf1 ip4:192.0.2.66 -all\"}]\n_dmarc.bank.example: [{TXT: \"v=DMARC1; p=reject\"}]\n\
                    bank.example: [{SPF: \"v=spf1 -all\"}]\n";

/// Pieces of a header that a forger would try, and octets at random.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "From: ",
        "from :",
        "From",
        "a@bank.example",
        "x@attacker.example",
        "<",
        ">",
        ",",
        ";",
        ":",
        "\"",
        "(",
        ")",
        "\\",
        "@",
        "=?utf-8?B?",
        "?=",
        "\r\n",
        "\r\n ",
        "\n",
        "\r",
        "\0",
        " ",
        "\t",
        "DKIM-Signature: v=1; a=rsa-sha256; d=bank.example; s=s1; h=from; bh=; b=",
        "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=bank.example; s=s1; l=0; h=from:from; bh=YQ==; b=YQ==",
        "ARC-Seal: i=1; ",
        "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=bank.example; s=s1; b=YQ==",
        "ARC-Message-Signature: i=1; a=rsa-sha256; d=bank.example; \
        s=s1; h=from; bh=YQ==; b=YQ==",
        "ARC-Authentication-Results: i=1; x; none",
        "Authentication-Results: mx.receiver.example; ",
        "DKIM2-Signature: i=1; ",
        "Message-Instance: m=1; ",
        "i=",
        "b=",
        "h=",
        ";;",
        "\u{feff}",
        "\u{200b}",
    ]);
    prop_oneof![
        8 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #[test]
    fn headers_at_random(message in message()) {
        let zone = zone(&(ZONE.to_owned() + &key_line(Key::Ed25519, "s1", "bank.example")));
        let facts = run(check(&message, &Envelope::default(), &zone));
        prop_assert_ne!(facts.authenticated_domain(), Some("bank.example"));
        let field = results::field("mx.receiver.example", Envelope::default().connection(), &facts);
        prop_assert!(field.is_ascii() && field.ends_with("\r\n"));
        prop_assert!(field.trim_end().lines().skip(1).all(|line| line.starts_with('\t')));
        for range in results::claims(&message, &["mx.receiver.example"]) {
            prop_assert!(range.start < range.end && range.end <= message.len());
        }
    }

    #[test]
    fn genuine_messages_changed_at_random(
        at in 0usize..4096,
        octets in prop::collection::vec(any::<u8>(), 1..4),
    ) {
        let genuine = "From: Bank <a@bank.example>\r\nTo: you@receiver.example\r\nSubject: Hello\r\n\r\nbody\r\n";
        let zone = zone(&(ZONE.to_owned() + &key_line(Key::Ed25519, "s1", "bank.example") + &key_line(Key::Ed25519, "s1", "list.example")));
        let sealed = Sealer::default().seal(&Signer::default().sign(genuine)).into_bytes();
        let mut changed = sealed.clone();
        let at = at % changed.len();
        let end = (at + octets.len()).min(changed.len());
        changed.splice(at..end, octets.iter().copied());
        let facts = run(check(&changed, &Envelope::default(), &zone));
        // Whoever the author is now, he is the bank only if the signed fields still say so.
        if facts.authenticated_domain().is_some() {
            let author = author(&changed);
            prop_assert_eq!(author.domain(), Some("bank.example"));
            let text = String::from_utf8_lossy(&changed).to_lowercase();
            prop_assert!(text.contains("a@bank.example"));
        }
    }

    #[test]
    fn records_at_random(terms in "( ?[+~?-]?(a|mx|ptr|include|exists|ip4|ip6|all|redirect|exp|x)[:=/]?[%{}a-z0-9./:_=-]{0,12}){0,8}") {
        let text = format!("v=spf1 {terms}");
        let zone = zone(&format!("bank.example: [{{TXT: '{text}'}}]\n"));
        let question = Question {
            client: "192.0.2.66".parse().unwrap(),
            helo: "mx.attacker.example",
            mail_from: "a@bank.example",
            receiver: "mx.receiver.example",
            now: Timestamp::from_seconds(support::NOW),
        };
        let found = run(check_mail_from(question, &zone)).result;
        prop_assert!(found != SpfResult::None && found != SpfResult::TempError, "{} is {:?}", text, found);
    }

    #[test]
    fn zones_at_random(text in "[a-z.:\\[\\]{}\"'*&#%!|>@;()$\\\\ \n\t0-9-]{0,200}") {
        // An error or a zone; either is fine.
        drop(ZoneFile::parse("zone", &text));
        drop(ZoneFile::parse("zone.yaml", &text));
    }
}
