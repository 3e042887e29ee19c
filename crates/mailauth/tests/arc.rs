//! ARC: chains that are whole, and all the ways to break one (RFC 8617).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use mailauth::{ArcCheck, ArcResult, DmarcResult};
use support::{Envelope, Key, NOW, Sealer, Signer, check, key_line, zone};

const MESSAGE: &str =
    "From: Bank <teller@bank.example>\r\nTo: list@list.example\r\nSubject: Rates\r\n\r\nThe rates are up.\r\n";

fn keys() -> String {
    key_line(Key::Ed25519, "s1", "list.example")
        + &key_line(Key::Rsa, "rsa", "second.example")
        + &key_line(Key::Ed25519, "s1", "stranger.example")
        + &key_line(Key::Ed25519, "s1", "bank.example")
        + "silent._domainkey.list.example: [TIMEOUT]\n"
        + "revoked._domainkey.list.example: [{TXT: \"v=DKIM1; k=ed25519; p=\"}]\n"
}

async fn arc(message: &str) -> ArcCheck {
    check(message.as_bytes(), &Envelope::default(), &zone(&keys())).await.arc
}

fn second() -> Sealer<'static> {
    Sealer { key: Key::Rsa, domain: "second.example", selector: "rsa", ..Sealer::default() }
}

fn chain_of_two() -> String {
    second().seal(&format!("List-Id: <list.example>\r\n{}", Sealer::default().seal(MESSAGE)))
}

#[tokio::test]
async fn no_chain() {
    let found = arc(MESSAGE).await;
    assert_eq!((found.result, found.sealers.len(), found.is_trusted), (ArcResult::None, 0, false));
}

#[tokio::test]
async fn whole_chains() {
    let one = arc(&Sealer::default().seal(MESSAGE)).await;
    assert_eq!((one.result, one.is_trusted), (ArcResult::Pass, true), "{one:?}");
    assert_eq!(one.sealers, ["list.example"]);
    assert!(one.first_results.unwrap().starts_with("i=1; list.example; spf=pass"));

    let two = arc(&chain_of_two()).await;
    assert_eq!((two.result, two.is_trusted), (ArcResult::Pass, true), "{two:?}");
    assert_eq!(two.sealers, ["list.example", "second.example"]);
}

#[tokio::test]
async fn one_stranger_among_the_sealers_makes_a_chain_untrusted() {
    let stranger = Sealer { domain: "stranger.example", ..Sealer::default() };
    for message in [stranger.seal(MESSAGE), second().seal(&stranger.seal(MESSAGE)), stranger.seal(&chain_of_two())] {
        let found = arc(&message).await;
        assert_eq!((found.result, found.is_trusted), (ArcResult::Pass, false), "{found:?}");
    }
}

#[tokio::test]
async fn a_list_that_changes_the_message_reseals_it() {
    let signed = Signer::default().sign(MESSAGE);
    let sealed = Sealer::default().seal(&signed);
    // The second forwarder adds a footer, and seals what it sends.
    let changed = sealed.replace("up.\r\n", "up.\r\n-- \r\nlist footer\r\n");
    assert_eq!(arc(&changed).await.result, ArcResult::Fail);
    let resealed = second().seal(&changed);
    assert_eq!(arc(&resealed).await.result, ArcResult::Pass);
}

#[tokio::test]
async fn a_chain_does_not_make_dmarc_pass() {
    let zone = zone(&(keys() + "_dmarc.bank.example: [{TXT: \"v=DMARC1; p=reject\"}]\n"));
    let facts = check(chain_of_two().as_bytes(), &Envelope::default(), &zone).await;
    assert_eq!((facts.arc.is_trusted, facts.dmarc.result), (true, DmarcResult::Fail));
    assert_eq!(facts.authenticated_domain(), None);
}

/// Each damages the chain of two by replacing the first text with the second.
#[tokio::test]
async fn damaged_chains() {
    let whole = chain_of_two();
    let cases: &[(&str, &str)] = &[
        // Content.
        ("From: Bank", "From: x@evil.example\r\nFrom: Bank"),
        ("teller@bank", "mallory@bank"),
        ("Subject: Rates", "Subject: Free money"),
        ("rates are up", "rates are down"),
        // Seals.
        ("ARC-Seal: i=2;", "ARC-Seal: i=3;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=1;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=0;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=51;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=2x;"),
        ("ARC-Seal: i=2;", "ARC-Seal: i=;"),
        ("ARC-Seal: i=2;", "ARC-Seal:"),
        ("ARC-Seal: i=2;", "X-Seal: i=2;"),
        ("ARC-Seal: i=1;", "X-Seal: i=1;"),
        ("ARC-Seal: i=2; a=rsa-sha256;", "ARC-Seal: i=2;"),
        ("ARC-Seal: i=2; a=rsa-sha256;", "ARC-Seal: i=2; a=rsa-sha1;"),
        ("ARC-Seal: i=2; a=rsa-sha256;", "ARC-Seal: i=2; a=;"),
        ("ARC-Seal: i=2; a=rsa-sha256;", "ARC-Seal: i=2; a=rsa-sha256; a=rsa-sha256;"),
        ("ARC-Seal: i=2; a=rsa-sha256;", "ARC-Seal: i=2; a=rsa-sha256; h=from;"),
        ("ARC-Seal: i=2; a=rsa-sha256;", "ARC-Seal: i=2; a=rsa-sha256; junk;"),
        ("cv=pass; d=second.example;", "cv=none; d=second.example;"),
        ("cv=pass; d=second.example;", "cv=fail; d=second.example;"),
        ("cv=pass; d=second.example;", "cv=maybe; d=second.example;"),
        ("cv=pass; d=second.example;", "cv=; d=second.example;"),
        ("cv=pass; d=second.example;", "d=second.example;"),
        ("cv=pass; d=second.example; s=rsa;", "cv=pass; s=rsa;"),
        ("cv=pass; d=second.example; s=rsa;", "cv=pass; d=second.example;"),
        ("cv=pass; d=second.example; s=rsa;", "cv=pass; d=second.example; s=gone;"),
        ("cv=none; d=list.example; s=s1;", "cv=none; d=list.example; s=revoked;"),
        ("cv=none; d=list.example;", "cv=pass; d=list.example;"),
        ("cv=none; d=list.example;", "cv=none; d=second.example;"),
        ("t=1700000000; cv=pass", "t=soon; cv=pass"),
        ("t=1700000000; cv=pass", "t=1700000001; cv=pass"),
        ("t=1700000000; cv=none", "t=1700000001; cv=none"),
        ("ARC-Seal: i=2;", " i=2;"),
        (" s=rsa; b=", " s=rsa; b=ab=cd"),
        ("s=s1; b=", "s=s1; b=!"),
        // Message signatures.
        ("bh=", "bh=="),
        ("ARC-Message-Signature: i=2;", "ARC-Message-Signature: i=1;"),
        ("ARC-Message-Signature: i=2;", "X: i=2;"),
        ("ARC-Message-Signature: i=1;", "X: i=1;"),
        ("ARC-Message-Signature: i=2; a=rsa-sha256;", "ARC-Message-Signature: i=2; a=rsa-sha1;"),
        ("ARC-Message-Signature: i=2; a=rsa-sha256;", "ARC-Message-Signature: i=2;"),
        ("ARC-Message-Signature: i=1; a=ed25519", "ARC-Message-Signature: i=1; z=; a=ed25519"),
        ("h=from:to:subject; bh=", "h=from:to; bh="),
        ("h=from:to:subject; bh=", "bh="),
        ("h=from:to:subject; bh=", "h=from:to:subject; x=1; bh="),
        // Results.
        ("ARC-Authentication-Results: i=2;", "ARC-Authentication-Results: i=1;"),
        ("ARC-Authentication-Results: i=2;", "ARC-Authentication-Results:"),
        ("ARC-Authentication-Results: i=2; list.example;", "ARC-Authentication-Results: list.example; i=2;"),
        ("ARC-Authentication-Results: i=1;", "X-Results: i=1;"),
        (
            "ARC-Authentication-Results: i=1; list.example; spf=pass",
            "ARC-Authentication-Results: i=1; list.example; spf=fail",
        ),
        (
            "ARC-Authentication-Results: i=2; list.example; spf=pass",
            "ARC-Authentication-Results: i=2; list.example; spf=fail",
        ),
    ];
    for (from, to) in cases {
        assert!(whole.contains(from), "{from}");
        let found = arc(&whole.replacen(from, to, 1)).await;
        assert_eq!(found.result, ArcResult::Fail, "{from} -> {to}: {found:?}");
        assert!(!found.is_trusted && found.first_results.is_none() && found.reason.is_some(), "{from} -> {to}");
    }
    assert!(cases.len() >= 30);
}

/// Each damages the chain of two by taking one of its six fields out, or by having it twice.
#[tokio::test]
async fn fields_missing_or_twice() {
    let whole = chain_of_two();
    let (header, body) = support::split(&whole);
    let fields = support::fields_of(header);
    let of_chain: Vec<usize> = (0..fields.len()).filter(|at| fields[*at].starts_with("ARC-")).collect();
    assert_eq!(of_chain.len(), 6);
    for at in of_chain {
        for copies in [0, 2] {
            let mut changed = fields.clone();
            let field = changed.remove(at);
            (0..copies).for_each(|_| changed.insert(at, field.clone()));
            let found = arc(&format!("{}\r\n{body}", changed.concat())).await;
            assert_eq!(found.result, ArcResult::Fail, "{copies} times {field}: {found:?}");
        }
    }
    // The older set alone, and the newer one alone.
    let without = |number: &str| {
        let kept: Vec<String> = fields.iter().filter(|field| !field.contains(number)).cloned().collect();
        format!("{}\r\n{body}", kept.concat())
    };
    assert_eq!(arc(&without(": i=1;")).await.result, ArcResult::Fail);
    let older = arc(&without(": i=2;")).await;
    assert_eq!((older.result, older.sealers.len()), (ArcResult::Pass, 1));
}

#[tokio::test]
async fn changes_that_do_no_harm() {
    let whole = chain_of_two();
    for (from, to) in [
        ("ARC-Seal: i=2; a=rsa-sha256;", "arc-seal:  i=2;\r\n\ta=rsa-sha256;"),
        ("ARC-Seal: i=2;", "ARC-Seal :i=2;"),
        ("ARC-Seal: i=1;", "ARC-Seal : i=1;"),
        ("ARC-Message-Signature: i=2;", "ARC-Message-Signature : i=2;"),
        ("ARC-Message-Signature: i=1;", "ARC-Message-Signature : i=1;"),
        ("ARC-Authentication-Results: i=2;", "ARC-Authentication-Results : i=2;"),
        ("Subject: Rates", "Subject : Rates"),
        ("Subject: Rates", "subject:   Rates "),
        ("up.\r\n", "up. \r\n\r\n"),
        ("From: Bank", "Received: by relay\r\nFrom: Bank"),
        ("h=from:to:subject; bh=", "h=from:to:subject;  bh="),
    ] {
        assert!(whole.contains(from), "{from}");
        let found = arc(&whole.replacen(from, to, 1)).await;
        assert_eq!(found.result, ArcResult::Pass, "{from} -> {to}: {found:?}");
    }
}

/// Sets that are signed as they stand, and wrong all the same.
#[tokio::test]
async fn well_signed_and_wrong() {
    let failed = Sealer { state: Some("fail"), ..second() };
    let cases = [
        Sealer { state: Some("pass"), ..Sealer::default() }.seal(MESSAGE),
        failed.seal(&Sealer::default().seal(MESSAGE)),
        second().seal(&failed.seal(&Sealer::default().seal(MESSAGE))),
        Sealer { state: Some("none"), ..second() }.seal(&Sealer::default().seal(MESSAGE)),
        Sealer { number: Some(2), ..Sealer::default() }.seal(MESSAGE),
        Sealer { number: Some(1), ..second() }.seal(&Sealer::default().seal(MESSAGE)),
        Sealer { names: &["to", "subject"], ..Sealer::default() }.seal(MESSAGE),
        Sealer { names: &["from", "arc-seal"], ..second() }.seal(&Sealer::default().seal(MESSAGE)),
        Sealer { seal_tags: " h=from;", ..Sealer::default() }.seal(MESSAGE),
        Sealer { signature_tags: " l=5;", ..Sealer::default() }.seal(MESSAGE),
        Sealer { signature_tags: &format!(" x={};", NOW - 1), ..Sealer::default() }.seal(MESSAGE),
        Sealer { signature_tags: &format!(" t={};", NOW + 3_600), ..Sealer::default() }.seal(MESSAGE),
        Sealer { selector: "revoked", ..Sealer::default() }.seal(MESSAGE),
        Sealer { selector: "gone", ..Sealer::default() }.seal(MESSAGE),
    ];
    for (at, message) in cases.iter().enumerate() {
        let found = arc(message).await;
        assert_eq!(found.result, ArcResult::Fail, "case {at}: {found:?}");
    }
}

/// Without `c=` a signature is `simple/simple` (RFC 8617 section 4.1.2), or by an early sealer relaxed; with `c=` it is what it says.
#[tokio::test]
async fn a_message_signature_that_does_not_say_its_form() {
    for (form, expected) in [
        (" c=relaxed/relaxed;", ArcResult::Pass),
        ("", ArcResult::Pass),
        (" c=simple/simple;", ArcResult::Fail),
        (" c=simple;", ArcResult::Fail),
        (" c=;", ArcResult::Fail),
    ] {
        let sealed = Sealer { form, ..Sealer::default() }.seal(MESSAGE);
        assert_eq!(arc(&sealed).await.result, expected, "{form}");
        let damaged = sealed.replace("rates are up", "rates are down");
        assert_eq!(arc(&damaged).await.result, ArcResult::Fail, "{form}");
        assert_eq!(
            arc(&second().seal(&sealed)).await.result,
            ArcResult::Pass,
            "only the newest message signature counts"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_not_answered_for_is_temporary() {
    let found = arc(&Sealer { selector: "silent", ..Sealer::default() }.seal(MESSAGE)).await;
    assert_eq!((found.result, found.is_trusted), (ArcResult::TempError, false), "{found:?}");
}

#[tokio::test]
async fn fifty_sets_and_one_more() {
    let mut message = MESSAGE.to_owned();
    for _ in 0..50 {
        message = Sealer::default().seal(&message);
    }
    assert_eq!(arc(&message).await.result, ArcResult::Pass);
    assert_eq!(arc(&Sealer::default().seal(&message)).await.result, ArcResult::Fail);
}
