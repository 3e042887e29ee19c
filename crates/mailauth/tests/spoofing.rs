//! Spoofing: the attacker owns `attacker.example`, sends from a server that it authorises, signs what it sends, and wants the message
//! to count as one of `bank.example`. No trick may end so; where readers may differ, nobody is authenticated.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use mailauth::{Ambiguity, AuthorIdentity, DmarcResult, Facts, results};
use support::{Envelope, Key, Signer, check, key_line, zone};

const ZONE: &str = r#"
attacker.example: [{SPF: "v=spf1 ip4:192.0.2.66 -all"}, {A: 192.0.2.66}]
_dmarc.attacker.example: [{TXT: "v=DMARC1; p=none"}]
mx.attacker.example: [{SPF: "v=spf1 ip4:192.0.2.66 -all"}, {A: 192.0.2.66}]
bank.example.attacker.example: [{SPF: "v=spf1 +all"}]
bank.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}, {A: 192.0.2.1}]
_dmarc.bank.example: [{TXT: "v=DMARC1; p=reject"}]
notbank.example: [{SPF: "v=spf1 +all"}]
xn--bnk-qqa.example: [{SPF: "v=spf1 +all"}]
66.2.0.192.in-addr.arpa: [{PTR: mail.bank.example}]
mail.bank.example: [{A: 192.0.2.1}]
"#;

/// What the author must come to.
enum Author {
    /// Nobody can be named, for this reason.
    Nobody(Ambiguity),
    /// The attacker; it may be authenticated as itself.
    Attacker,
    /// The bank, which does not vouch for it.
    Bank,
    /// Somebody else.
    Other(&'static str),
}

use Ambiguity as A;
use Author::{Attacker, Bank, Nobody, Other};

/// From fields and what surrounds them.
const HEADERS: &[(&str, Author)] = &[
    // Several fields.
    ("From: a@bank.example\r\nFrom: x@attacker.example", Nobody(A::SeveralFields)),
    ("From: x@attacker.example\r\nFrom: a@bank.example", Nobody(A::SeveralFields)),
    ("From: x@attacker.example\r\nfrom: a@bank.example", Nobody(A::SeveralFields)),
    ("From: a@bank.example\r\nFROM: a@bank.example", Nobody(A::SeveralFields)),
    ("From: a@bank.example\r\nX: 1\r\n y\r\nFrom: x@attacker.example", Nobody(A::SeveralFields)),
    // Names that some take for From.
    ("From : a@bank.example\r\nFrom: x@attacker.example", Nobody(A::FieldName)),
    ("From: x@attacker.example\r\nFrom\t: a@bank.example", Nobody(A::FieldName)),
    ("From \r\n: a@bank.example\r\nFrom: x@attacker.example", Nobody(A::FieldName)),
    ("From: x@attacker.example\r\nFr\0om: a@bank.example", Nobody(A::Control)),
    ("From: x@attacker.example\r\nFrom\u{7f}: a@bank.example", Nobody(A::FieldName)),
    ("\u{feff}From: a@bank.example\r\nFrom: x@attacker.example", Nobody(A::FieldName)),
    (" From: a@bank.example\r\nFrom: x@attacker.example", Nobody(A::Folding)),
    ("From: x@attacker.example\r\n From: a@bank.example", Nobody(A::FieldName)),
    ("From:: a@bank.example", Nobody(A::Group)),
    // No field at all.
    ("Sender: a@bank.example", Nobody(A::Missing)),
    ("Resent-From: a@bank.example\r\nX-From: a@bank.example", Nobody(A::Missing)),
    ("From:", Nobody(A::Malformed)),
    ("From: <>", Nobody(A::Malformed)),
    ("From: (a@bank.example)", Nobody(A::Malformed)),
    // Several addresses.
    ("From: a@bank.example, x@attacker.example", Nobody(A::SeveralAddresses)),
    ("From: x@attacker.example, a@bank.example", Nobody(A::SeveralAddresses)),
    ("From: <a@bank.example> <x@attacker.example>", Nobody(A::SeveralAddresses)),
    ("From: a@bank.example <x@attacker.example>", Nobody(A::SeveralAddresses)),
    ("From: <a@bank.example>,", Nobody(A::SeveralAddresses)),
    ("From: ,a@bank.example", Nobody(A::SeveralAddresses)),
    ("From: <a@bank.example>x@attacker.example", Nobody(A::SeveralAddresses)),
    ("From: <x@attacker.example> a", Nobody(A::Malformed)),
    ("From: <<x@attacker.example>", Nobody(A::SeveralAddresses)),
    ("From: <x@attacker.example", Nobody(A::Malformed)),
    ("From: a@bank.example@attacker.example", Nobody(A::SeveralAddresses)),
    ("From: a@bank.example x@attacker.example", Nobody(A::SeveralAddresses)),
    // Groups and routes.
    ("From: Staff: a@bank.example;", Nobody(A::Group)),
    ("From: Staff:;, x@attacker.example", Nobody(A::Group)),
    ("From: undisclosed:;", Nobody(A::Group)),
    ("From: x@attacker.example; a@bank.example", Nobody(A::Group)),
    ("From: <@attacker.example,@b.example:a@bank.example>", Nobody(A::Route)),
    ("From: <@bank.example:x@attacker.example>", Nobody(A::Route)),
    // Quoted local parts.
    ("From: \"a@bank.example\"@attacker.example", Nobody(A::QuotedLocalPart)),
    ("From: \"a@bank.example>\"@attacker.example", Nobody(A::QuotedLocalPart)),
    ("From: \"a@bank.example,\"@attacker.example", Nobody(A::QuotedLocalPart)),
    ("From: <\"a\\@bank.example\"@attacker.example>", Nobody(A::QuotedLocalPart)),
    ("From: \"\"@attacker.example", Nobody(A::QuotedLocalPart)),
    ("From: \"a@bank.example", Nobody(A::Malformed)),
    // Literals.
    ("From: a@[192.0.2.1]", Nobody(A::Literal)),
    ("From: a@[bank.example]", Nobody(A::Literal)),
    // Comments.
    ("From: a@bank.example(@attacker.example)", Bank),
    ("From: a(@attacker.example)@bank.example", Nobody(A::Comment)),
    ("From: a@(attacker.example)bank.example", Nobody(A::Comment)),
    ("From: <x@attacker.example(>a@bank.example)>", Nobody(A::Comment)),
    ("From: (a@bank.example x@attacker.example", Nobody(A::Malformed)),
    ("From: ((((((((((a@bank.example)))))))))) x@attacker.example", Nobody(A::Malformed)),
    // Encoded words.
    ("From: =?utf-8?B?YUBiYW5rLmV4YW1wbGU=?=", Nobody(A::Malformed)),
    ("From: =?utf-8?Q?a=40bank.example?= <x@attacker.example>", Attacker),
    ("From: =?utf-8?Q?=3Ca=40bank.example=3E?= <x@attacker.example>", Nobody(A::EncodedWord)),
    ("From: =?utf-8?B?PGFAYmFuay5leGFtcGxlPg==?= <x@attacker.example>", Nobody(A::EncodedWord)),
    ("From: =?utf-8?Q?a=0D=0AFrom=3A=20a=40bank.example?= <x@attacker.example>", Nobody(A::EncodedWord)),
    ("From: =?utf-8?Q?a=00?= <x@attacker.example>", Nobody(A::EncodedWord)),
    ("From: =?utf-7?Q?+ADw-a+AEA-bank.example+AD4-?= <x@attacker.example>", Nobody(A::EncodedWord)),
    ("From: \"=?utf-8?Q?=3Ca=40bank.example=3E?=\" <x@attacker.example>", Nobody(A::EncodedWord)),
    ("From: =?utf-8?Q?a?=@attacker.example", Nobody(A::EncodedWord)),
    ("From: a@=?utf-8?Q?bank.example?=", Nobody(A::EncodedWord)),
    // Display names are not authors.
    ("From: \"a@bank.example\" <x@attacker.example>", Attacker),
    ("From: \"Bank <a@bank.example>\" <x@attacker.example>", Attacker),
    ("From: Bank (a@bank.example) <x@attacker.example>", Attacker),
    // Control characters and odd folding.
    ("From: a@bank.example\0, x@attacker.example", Nobody(A::Control)),
    ("From: x@attacker.example\r\nX: y\rFrom: a@bank.example", Nobody(A::Control)),
    ("From: x@attacker.example\u{b}", Nobody(A::Control)),
    ("From: a@bank.example\r\n \r\n ,x@attacker.example", Nobody(A::Folding)),
    ("From: x@attacker.example\r\n\t\r\n", Nobody(A::Folding)),
    ("From:\r\n x@attacker.example", Attacker),
    // Domains.
    ("From: a@bank.example.", Nobody(A::Domain)),
    ("From: a@bank..example", Nobody(A::Domain)),
    ("From: a@-bank.example", Nobody(A::Domain)),
    ("From: a@bank_.example", Nobody(A::Domain)),
    ("From: a@bank.example\\.attacker.example", Nobody(A::Domain)),
    ("From: a@bank.example%00.attacker.example", Nobody(A::Domain)),
    ("From: a@xn--zzzzzzzzz--.example", Nobody(A::Domain)),
    ("From: a@b\u{200b}ank.example", Bank),
    ("From: a@ｂａｎｋ.example", Bank),
    ("From: a@bank。example", Bank),
    ("From: a@bänk.example", Other("xn--bnk-qla.example")),
    ("From: a@BANK.EXAMPLE", Bank),
    ("From: a@bank.example ", Bank),
    ("From: a @bank.example", Nobody(A::Malformed)),
    ("From: a@ bank.example", Nobody(A::Malformed)),
    ("From: a..b@bank.example", Nobody(A::Malformed)),
    ("From: a@eu.bank.example", Other("eu.bank.example")),
    ("From: a@bank.example.attacker.example", Other("bank.example.attacker.example")),
    ("From: a@notbank.example", Other("notbank.example")),
    ("From: a", Nobody(A::Malformed)),
    ("From: @bank.example", Nobody(A::Malformed)),
    ("From: a@", Nobody(A::Malformed)),
];

async fn facts(message: &[u8], envelope: &Envelope<'_>) -> Facts {
    let keys = key_line(Key::Ed25519, "s1", "attacker.example")
        + &key_line(Key::Ed25519, "s1", "bank.example.attacker.example");
    check(message, envelope, &zone(&format!("{ZONE}{keys}"))).await
}

fn assert_not_the_bank(facts: &Facts, envelope: &Envelope<'_>, trick: &str) {
    let domain = facts.authenticated_domain().unwrap_or_default();
    assert!(domain != "bank.example" && !domain.ends_with(".bank.example"), "{trick}: {domain}");
    let field = results::field("mx.receiver.example", envelope.connection(), facts);
    let line = field.lines().find(|line| line.trim_start().starts_with("dmarc=")).unwrap();
    assert!(!(line.contains("dmarc=pass") && line.contains("header.from=bank.example ")), "{trick}: {line}");
}

#[tokio::test]
async fn headers_that_confuse() {
    let envelope = Envelope::default();
    for (header, author) in HEADERS {
        let message = format!("{header}\r\nTo: you@receiver.example\r\nSubject: Pay\r\n\r\nbody\r\n");
        // Signed in two ways: the name once, and once for each field that is there.
        let signers = [&["from", "subject"][..], &["from", "from", "from", "subject"][..]]
            .map(|names| Signer { domain: "attacker.example", names, ..Signer::default() }.sign_loosely(&message));
        for message in [message.clone()].into_iter().chain(signers) {
            let facts = facts(message.as_bytes(), &envelope).await;
            assert_not_the_bank(&facts, &envelope, header);
            match author {
                Nobody(why) => {
                    assert_eq!(facts.author, AuthorIdentity::Ambiguous(*why), "{header:?}");
                    assert_eq!(facts.dmarc.result, DmarcResult::PermError, "{header:?}");
                    assert_eq!(facts.authenticated_domain(), None, "{header:?}");
                }
                Attacker => {
                    assert_eq!(facts.author.domain(), Some("attacker.example"), "{header:?}");
                    assert_eq!(facts.dmarc.result, DmarcResult::Pass, "{header:?}: {:?}", facts.dmarc);
                }
                Bank => {
                    assert_eq!(facts.author.domain(), Some("bank.example"), "{header:?}");
                    assert_eq!(facts.dmarc.result, DmarcResult::Fail, "{header:?}");
                }
                Other(domain) => assert_eq!(facts.author.domain(), Some(*domain), "{header:?}"),
            }
        }
    }
    assert!(HEADERS.len() >= 60);
}

/// Strictness must not take honest authors for forgers.
#[tokio::test]
async fn honest_authors() {
    for from in [
        "x@attacker.example",
        "<x@attacker.example>",
        "Ann <x@attacker.example>",
        "\"Ann, of B\" <x@Attacker.Example>",
        "Ann (at B) <x@attacker.example>",
        "x@attacker.example (Ann)",
        "=?utf-8?B?5byg5Lyf?= <x@attacker.example>",
        "=?utf-8?Q?J=C3=B6rg?= =?iso-8859-1?Q?M=FCller?= <x@attacker.example>",
        "=?gb2312?B?1cXOsA==?= <x@attacker.example>",
        "张伟 <x@attacker.example>",
        "Ann\r\n <x@attacker.example>",
        "\"Ann \\\"the boss\\\" B\" <x@attacker.example>",
        "\"john smith\"@attacker.example",
        "a+tag.x=y@attacker.example",
        "O'Neil <x@attacker.example>",
        "dependabot[bot] <x@attacker.example>",
        "J. R. Smith <x@attacker.example>",
        "\"a@other.example via B\" <x@attacker.example>",
        "Ann Lee<x@attacker.example>",
        "\"\" <x@attacker.example>",
        "Ann | B & C / D <x@attacker.example>",
        "  Ann   <x@attacker.example>  ",
        "=?utf-8?Q?Ann_=28B=29?= <x@attacker.example>",
    ] {
        let message = format!("From: {from}\r\nSubject: x\r\n\r\nbody\r\n");
        let facts = facts(message.as_bytes(), &Envelope::default()).await;
        assert_eq!(facts.authenticated_domain(), Some("attacker.example"), "{from}: {:?}", facts.author);
    }
}

/// Envelopes that speak of the bank while the author is the bank.
#[tokio::test]
async fn envelopes_that_confuse() {
    let message = b"From: a@bank.example\r\nTo: you@receiver.example\r\n\r\nbody\r\n";
    for (helo, mail_from) in [
        ("mx.attacker.example", "x@attacker.example"),
        ("mx.attacker.example", ""),
        ("bank.example", ""),
        ("bank.example", "x@attacker.example"),
        ("mail.bank.example", "x@attacker.example"),
        ("mx.attacker.example", "a@bank.example"),
        ("mx.attacker.example", "x@bank.example.attacker.example"),
        ("mx.attacker.example", "x@notbank.example"),
        ("mx.attacker.example", "a@bank.example@attacker.example"),
        ("mx.attacker.example", "\"a@bank.example\"@attacker.example"),
        ("mx.attacker.example", "a%bank.example@attacker.example"),
        ("mx.attacker.example", "@bank.example:x@attacker.example"),
        ("mx.attacker.example", "x@attacker.example\0@bank.example"),
        ("mx.attacker.example", "x@attacker.example,a@bank.example"),
        ("mx.attacker.example", "x@attacker.example.bank.example"),
        ("mx.attacker.example", "x@attacker.example(@bank.example)"),
        ("mx.attacker.example", "x@[bank.example]"),
        ("[192.0.2.1]", ""),
        ("bank.example\r\n\tdmarc=pass", "x@attacker.example"),
        ("mx.attacker.example", "x@attacker.example; dmarc=pass header.from=bank.example"),
    ] {
        let envelope = Envelope { helo, mail_from, ..Envelope::default() };
        let facts = facts(message, &envelope).await;
        assert_eq!(facts.dmarc.result, DmarcResult::Fail, "{helo:?} {mail_from:?}: {:?}", facts.dmarc);
        assert_not_the_bank(&facts, &envelope, mail_from);
        let field = results::field("mx.receiver.example", envelope.connection(), &facts);
        assert!(field.lines().skip(1).all(|line| line.starts_with('\t')), "{field}");
        assert!(!field.contains("dmarc=pass header"), "{field}");
    }
}

/// Signatures that speak of the bank.
#[tokio::test]
async fn signatures_that_confuse() {
    let message = "From: a@bank.example\r\nTo: you@receiver.example\r\nSubject: Pay\r\n\r\nbody\r\n";
    let signer = |domain, tags: &str| Signer { domain, tags: tags.to_owned(), ..Signer::default() };
    let key_of_another = ["bank.example", "bank.example.", "BANK.example", "bank.example\0.attacker.example"];
    let mut messages: Vec<String> = key_of_another.map(|domain| signer(domain, "").sign(message)).to_vec();
    messages.push(signer("attacker.example", " i=@bank.example;").sign(message));
    messages.push(signer("attacker.example", " d=bank.example;").sign(message));
    messages.push(signer("bank.example.attacker.example", "").sign(message));
    messages.push(signer("example", "").sign(message));
    // RFC 6541 lets a signer say that it signs for another; nothing here follows it.
    messages.push(signer("attacker.example", " atps=bank.example; atpsh=none;").sign(message));
    // A selector that leads out of the domain.
    messages.push(Signer { selector: "s1._domainkey.attacker.example.\\000", ..Signer::default() }.sign(message));
    for message in messages {
        let facts = facts(message.as_bytes(), &Envelope::default()).await;
        assert_ne!(facts.dmarc.result, DmarcResult::Pass, "{message}");
        assert_not_the_bank(&facts, &Envelope::default(), &message);
    }
}

/// A message that the bank did sign, with more put in front.
#[tokio::test]
async fn replayed_and_added_to() {
    let genuine = "From: Bank <a@bank.example>\r\nSubject: Hello\r\n\r\nbody\r\n";
    let keys = key_line(Key::Ed25519, "s1", "bank.example");
    let zone = zone(&format!("{ZONE}{keys}"));
    let signed = Signer { names: &["from", "subject"], ..Signer::default() }.sign(genuine);
    let untouched = check(signed.as_bytes(), &Envelope::default(), &zone).await;
    assert_eq!(untouched.authenticated_domain(), Some("bank.example"));
    for prefix in ["From: x@attacker.example\r\n", "From : x@attacker.example\r\n", " From: x@attacker.example\r\n"] {
        let facts = check((prefix.to_owned() + &signed).as_bytes(), &Envelope::default(), &zone).await;
        assert_eq!(facts.authenticated_domain(), None, "{prefix:?}");
    }
}
