//! DKIM: signatures that count, and all the ways in which one does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use mailauth::{DkimCheck, DkimResult, DmarcResult};
use support::{Envelope, Key, NOW, SHORT_RSA_KEY, Signer, body_hash, check, key_line, split, zone};

const MESSAGE: &str = "From: Bank <teller@bank.example>\r\nTo: you@receiver.example\r\nSubject: Your \r\n account\r\n\
    Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\nDear customer,\r\n\r\n  two  spaces \r\n";

async fn results(message: &str, lines: &str) -> Vec<DkimCheck> {
    check(message.as_bytes(), &Envelope::default(), &zone(lines)).await.dkim
}

async fn only(message: &str, lines: &str) -> (DkimResult, String) {
    let found = results(message, lines).await;
    assert_eq!(found.len(), 1, "{found:?}");
    (found[0].result, found[0].reason.clone().unwrap_or_default())
}

fn keys() -> String {
    key_line(Key::Ed25519, "s1", "bank.example") + &key_line(Key::Rsa, "rsa", "bank.example")
}

/// RFC 8463 appendix A.
const RFC_8463: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n \
q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n \
bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n \
Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; \
i=@football.example.com;\r\n q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : message-id : from : \
subject : date;\r\n bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n \
DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n\
From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n\
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n\
Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

const RFC_8463_KEYS: &str = "brisbane._domainkey.football.example.com: [{TXT: \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"}]\n\
test._domainkey.football.example.com: [{TXT: \"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB\"}]\n";

#[tokio::test]
async fn the_example_of_rfc_8463() {
    let found = results(RFC_8463, RFC_8463_KEYS).await;
    let shown: Vec<_> = found.iter().map(|check| (check.result, check.selector.as_str())).collect();
    assert_eq!(shown, [(DkimResult::Pass, "brisbane"), (DkimResult::Pass, "test")], "{found:?}");
    assert_eq!((found[0].domain.as_str(), found[0].signature_start.as_str()), ("football.example.com", "/gCrinpc"));
}

#[tokio::test]
async fn our_signatures_pass_and_align() {
    for (key, selector) in [(Key::Ed25519, "s1"), (Key::Rsa, "rsa")] {
        let message = Signer { key, selector, ..Signer::default() }.sign(MESSAGE);
        let zone = zone(&(keys() + "_dmarc.bank.example: [{TXT: \"v=DMARC1; p=reject\"}]\n"));
        let facts = check(message.as_bytes(), &Envelope::default(), &zone).await;
        assert_eq!(facts.dkim[0].result, DkimResult::Pass, "{:?}", facts.dkim);
        assert_eq!((facts.dmarc.result, facts.dmarc.is_dkim_aligned), (DmarcResult::Pass, true));
        assert_eq!(facts.authenticated_domain(), Some("bank.example"));
    }
}

#[tokio::test]
async fn changes_that_break_a_signature() {
    let message = Signer::default().sign(MESSAGE);
    for (from, to) in [
        ("teller@bank", "cashier@bank"),
        ("Subject: Your", "Subject: My"),
        ("To: you@", "To: him@"),
        ("Dear customer", "Dear Customer"),
        ("two  spaces", "twospaces"),
        ("\r\n\r\nDear", "\r\n\r\n\r\nDear"),
        ("spaces \r\n", "spaces \r\nhttp://evil.example\r\n"),
        ("From: Bank", "From: mallory@evil.example\r\nFrom: Bank"),
        ("d=bank.example", "d=bank.example; i=@evil.example"),
        ("s=s1", "s=s1; t=5"),
    ] {
        assert!(message.contains(from), "{from}");
        let (result, reason) = only(&message.replacen(from, to, 1), &keys()).await;
        assert_eq!(result, DkimResult::Fail, "{from}: {reason}");
    }
}

#[tokio::test]
async fn changes_that_do_not() {
    let message = Signer::default().sign(MESSAGE);
    for (from, to) in [
        ("Subject: Your \r\n account", "SUBJECT:  Your   account  "),
        ("spaces \r\n", "spaces\t\r\n\r\n\r\n"),
        // Lines of white space at the end vanish as empty ones do (RFC 6376 section 3.4.4).
        ("spaces \r\n", "spaces\r\n \t \r\n\r\n  \r\n"),
        ("From: Bank", "Received: by relay\r\nFrom: Bank"),
        ("Subject: Your", "Subject \t: Your"),
        ("DKIM-Signature: v=1", "dkim-signature :\r\n v=1"),
        ("Date: Tue", "Date: Wed"),
    ] {
        assert!(message.contains(from), "{from}");
        let (result, reason) = only(&message.replacen(from, to, 1), &keys()).await;
        assert_eq!(result, DkimResult::Pass, "{to}: {reason}");
    }
}

#[tokio::test]
async fn the_simple_forms_forgive_nothing_but_empty_lines_at_the_end() {
    let message = Signer { is_simple: true, ..Signer::default() }.sign(MESSAGE);
    for (from, to, expected) in [
        ("spaces \r\n", "spaces \r\n", DkimResult::Pass),
        ("spaces \r\n", "spaces \r\n\r\n\r\n", DkimResult::Pass),
        ("spaces \r\n", "spaces \r\n \r\n", DkimResult::Fail),
        ("spaces \r\n", "spaces\r\n", DkimResult::Fail),
        ("two  spaces", "two spaces", DkimResult::Fail),
        ("Subject: Your \r\n account", "Subject: Your account", DkimResult::Fail),
        ("Subject: Your", "subject: Your", DkimResult::Fail),
        ("Subject: Your", "Subject:  Your", DkimResult::Fail),
    ] {
        assert!(message.contains(from), "{from}");
        let (result, reason) = only(&message.replacen(from, to, 1), &keys()).await;
        assert_eq!(result, expected, "{to:?}: {reason}");
    }
}

#[tokio::test]
async fn tags_that_are_refused() {
    let message = Signer::default().sign(MESSAGE);
    let cases = [
        ("v=1;", "v=2;", DkimResult::PermError),
        ("v=1;", "", DkimResult::PermError),
        ("a=ed25519-sha256;", "a=rsa-sha1;", DkimResult::PermError),
        ("a=ed25519-sha256;", "a=rsa-md5;", DkimResult::Neutral),
        ("a=ed25519-sha256;", "", DkimResult::PermError),
        ("d=bank.example;", "", DkimResult::PermError),
        ("d=bank.example;", "d=;", DkimResult::PermError),
        ("d=bank.example;", "d=bank.example; d=evil.example;", DkimResult::PermError),
        ("s=s1;", "", DkimResult::PermError),
        ("s=s1;", "s=other;", DkimResult::PermError),
        ("h=from:to:subject:from;", "h=to:subject;", DkimResult::PermError),
        ("h=from:to:subject:from;", "", DkimResult::PermError),
        ("bh=", "bx=", DkimResult::PermError),
        ("bh=", "bh=a=", DkimResult::PermError),
        ("bh=", "bh=!", DkimResult::PermError),
        ("b=", "b=a=", DkimResult::PermError),
        ("b=", "B=", DkimResult::PermError),
        ("c=relaxed/relaxed;", "c=loose/relaxed;", DkimResult::PermError),
        ("c=relaxed/relaxed;", "q=http; c=relaxed/relaxed;", DkimResult::PermError),
        ("c=relaxed/relaxed;", "x=abc; c=relaxed/relaxed;", DkimResult::Fail),
        ("c=relaxed/relaxed;", "l=abc; c=relaxed/relaxed;", DkimResult::PermError),
        ("c=relaxed/relaxed;", ";; c=relaxed/relaxed;", DkimResult::PermError),
        ("c=relaxed/relaxed;", "garbage; c=relaxed/relaxed;", DkimResult::PermError),
    ];
    for (from, to, expected) in cases {
        let at = if from.starts_with("b=") { message.rfind("b=").unwrap() } else { message.find(from).unwrap() };
        let mut changed = message.clone();
        changed.replace_range(at..at + from.len(), to);
        let (result, reason) = only(&changed, &keys()).await;
        assert_eq!(result, expected, "{from} -> {to}: {reason}");
        assert!(!reason.is_empty(), "{from} -> {to}");
    }
}

#[tokio::test]
async fn fields_that_must_be_signed() {
    let message = Signer { names: &["to", "subject"], ..Signer::default() }.sign(MESSAGE);
    assert_eq!(only(&message, &keys()).await, (DkimResult::PermError, "h= lacks From".to_owned()));
}

#[tokio::test]
async fn every_author_must_be_signed() {
    let message = Signer { names: &["from", "subject"], ..Signer::default() }.sign(MESSAGE);
    assert_eq!(only(&message, &keys()).await.0, DkimResult::Pass);
    let with_another = message.replace("From: Bank", "From: x@evil.example\r\nFrom: Bank");
    assert_eq!(only(&with_another, &keys()).await, (DkimResult::Policy, "a From field is not signed".to_owned()));
}

#[tokio::test]
async fn sha1_is_refused_for_what_it_is() {
    let message = Signer { key: Key::Rsa, selector: "rsa", ..Signer::default() }.sign(MESSAGE);
    let (result, reason) = only(&message.replace("rsa-sha256", "rsa-sha1"), &keys()).await;
    assert_eq!((result, reason.as_str()), (DkimResult::PermError, "rsa-sha1 proves nothing any more"));
}

#[tokio::test]
async fn times() {
    for (tags, expected) in [
        (format!(" t={};", NOW - 5), DkimResult::Pass),
        (format!(" t={};", NOW + 299), DkimResult::Pass),
        (format!(" t={};", NOW + 301), DkimResult::Fail),
        (format!(" x={};", NOW + 1), DkimResult::Pass),
        (format!(" x={NOW};"), DkimResult::Fail),
        (format!(" t={}; x={};", NOW - 5, NOW - 9), DkimResult::Fail),
        (format!(" t={}; x={};", NOW - 9, NOW + 60), DkimResult::Pass),
    ] {
        let message = Signer { tags: tags.clone(), ..Signer::default() }.sign(MESSAGE);
        let (result, reason) = only(&message, &keys()).await;
        assert_eq!(result, expected, "{tags}: {reason}");
    }
}

#[tokio::test]
async fn signed_lengths_count_only_if_they_cover_all() {
    let (header, body) = split(MESSAGE);
    let length = support::relaxed_body(body).len();
    let whole = Signer { tags: format!(" l={length};"), ..Signer::default() };
    assert_eq!(only(&whole.sign(MESSAGE), &keys()).await.0, DkimResult::Pass);

    let (appended, _) = only(&(whole.sign(MESSAGE) + "http://evil.example\r\n"), &keys()).await;
    assert_eq!(appended, DkimResult::Policy);

    let nothing = Signer { tags: " l=0;".to_owned(), ..Signer::default() };
    let empty = nothing.sign_with_hash(MESSAGE, header, &body_hash(""));
    assert_eq!(only(&empty, &keys()).await.0, DkimResult::Policy);

    let beyond = Signer { tags: format!(" l={};", length + 1), ..Signer::default() };
    assert_eq!(only(&beyond.sign(MESSAGE), &keys()).await.0, DkimResult::PermError);
}

#[tokio::test]
async fn keys_that_are_refused() {
    let message = Signer::default().sign(MESSAGE);
    let good = Key::Ed25519.record();
    let public = good.rsplit('=').nth(1).unwrap().to_owned() + "=";
    let ten_kilobytes = "x".repeat(10_240);
    let cases = [
        (format!("{{TXT: \"{good}\"}}"), DkimResult::Pass),
        (format!("{{TXT: other}}, {{TXT: \"{good}\"}}"), DkimResult::Pass),
        (format!("{{TXT: \"{good}; n={ten_kilobytes}\"}}"), DkimResult::Pass),
        (format!("{{TXT: \"{good}; s=email; h=sha1:sha256; t=y:s\"}}"), DkimResult::Pass),
        ("{TXT: \"v=DKIM1; k=ed25519; p=\"}".to_owned(), DkimResult::PermError),
        ("{TXT: \"v=DKIM1; k=ed25519\"}".to_owned(), DkimResult::PermError),
        ("{TXT: \"v=DKIM1; k=ed25519; p=%%%%\"}".to_owned(), DkimResult::PermError),
        ("{TXT: \"v=DKIM1; k=ed25519; p=AAAA\"}".to_owned(), DkimResult::PermError),
        (format!("{{TXT: \"v=DKIM2; k=ed25519; p={public}\"}}"), DkimResult::PermError),
        (format!("{{TXT: \"k=ed25519; p={public}; v=DKIM1\"}}"), DkimResult::PermError),
        (format!("{{TXT: \"v=DKIM1; k=dsa; p={public}\"}}"), DkimResult::PermError),
        (format!("{{TXT: \"{good}; s=tlsrpt\"}}"), DkimResult::PermError),
        (format!("{{TXT: \"{good}; h=sha1\"}}"), DkimResult::PermError),
        (format!("{{TXT: \"v=DKIM1; k=rsa; p={SHORT_RSA_KEY}\"}}"), DkimResult::PermError),
        (format!("{{TXT: \"{ten_kilobytes}\"}}"), DkimResult::PermError),
        (Key::Rsa.record().replace("v=", "{TXT: \"v=") + "\"}", DkimResult::Fail),
        ("{CNAME: s1._domainkey.bank.example}".to_owned(), DkimResult::TempError),
        ("TIMEOUT".to_owned(), DkimResult::TempError),
    ];
    for (record, expected) in cases {
        let (result, reason) = only(&message, &format!("s1._domainkey.bank.example: [{record}]\n")).await;
        assert_eq!(result, expected, "{}: {reason}", &record[..record.len().min(80)]);
    }
    assert_eq!(only(&message, "x.example: []\n").await.0, DkimResult::PermError);
}

#[tokio::test]
async fn identities_within_the_domain() {
    let zone = keys() + "strict._domainkey.bank.example: [{TXT: \"" + &Key::Ed25519.record() + "; t=s\"}]\n";
    for (selector, tags, expected) in [
        ("s1", " i=@bank.example;", DkimResult::Pass),
        ("s1", " i=teller@eu.bank.example;", DkimResult::Pass),
        ("s1", " i=@notbank.example;", DkimResult::Fail),
        ("s1", " i=@example;", DkimResult::Fail),
        ("strict", " i=@bank.example;", DkimResult::Pass),
        ("strict", " i=@eu.bank.example;", DkimResult::Fail),
    ] {
        let message = Signer { selector, tags: tags.to_owned(), ..Signer::default() }.sign(MESSAGE);
        let (result, reason) = only(&message, &zone).await;
        assert_eq!(result, expected, "{selector} {tags}: {reason}");
    }
}

#[tokio::test]
async fn only_so_many_signatures_are_verified() {
    let mut message = MESSAGE.to_owned();
    for _ in 0..30 {
        message = Signer::default().sign(&message);
    }
    let found = results(&message, &keys()).await;
    let passed = found.iter().filter(|check| check.result == DkimResult::Pass).count();
    assert_eq!((found.len(), passed), (30, 10));
    assert!(found[10..].iter().all(|check| check.result == DkimResult::Policy));
}

/// The library takes a line without a colon for the end of the header, mail readers do not: what follows must still be covered.
#[tokio::test]
async fn a_line_without_a_colon_hides_nothing() {
    let genuine = "From: Bank <teller@bank.example>\r\n\r\nbody\r\n";
    let signed = Signer::default().sign(genuine);
    assert_eq!(only(&signed, &keys()).await.0, DkimResult::Pass);
    for added in ["no field\r\nSubject: Pay now\r\n", "no field\r\nTo: you@receiver.example\r\n"] {
        let changed = signed.replacen("\r\n\r\n", &format!("\r\n{added}\r\n"), 1);
        assert_eq!(only(&changed, &keys()).await.0, DkimResult::Fail, "{added}");
    }
    // Nor is a signature lost behind such a line.
    assert_eq!(only(&format!("no field\r\n{signed}"), &keys()).await.0, DkimResult::Pass);
}

#[tokio::test]
async fn a_long_list_of_fields() {
    let names: Vec<String> = (0..100).map(|number| format!("x-{number}")).chain(["from".to_owned()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let header: String = (0..100).map(|number| format!("X-{number}: value {number}\r\n")).collect();
    let message = Signer { names: &names, ..Signer::default() }.sign(&(header + MESSAGE));
    assert_eq!(only(&message, &keys()).await.0, DkimResult::Pass);
    assert_eq!(only(&message.replace("value 77", "value 78"), &keys()).await.0, DkimResult::Fail);
}
