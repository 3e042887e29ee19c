//! DMARC as a table: policy, alignment, tree walk (RFC 9989).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use mailauth::zone::ZoneFile;
use mailauth::{DmarcCheck, DmarcResult, Facts};
use support::{Envelope, Key, Signer, check, key_line, zone};

const ZONE: &str = r#"
bank.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}, {A: 192.0.2.1}]
eu.bank.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}, {A: 192.0.2.1}]
bounce.bank.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}]
_dmarc.bank.example: [{TXT: "v=DMARC1; p=reject; sp=quarantine; np=reject"}]
strict.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}]
sub.strict.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}, {A: 192.0.2.1}]
_dmarc.strict.example: [{TXT: "v=DMARC1; p=quarantine; aspf=s; adkim=s"}]
test.example: [{A: 192.0.2.1}]
_dmarc.test.example: [{TXT: "v=DMARC1; p=reject; t=y"}]
pct.example: [{A: 192.0.2.1}]
_dmarc.pct.example: [{TXT: "v=DMARC1; p=quarantine; pct=0"}]
two.example: [{A: 192.0.2.1}]
_dmarc.two.example: [{TXT: "v=DMARC1; p=none"}, {TXT: "v=DMARC1; p=reject"}]
broken.example: [{A: 192.0.2.1}]
_dmarc.broken.example: [{TXT: "v=DMARC1; p=sometimes; rua=mailto:r@broken.example"}]
brokennorua.example: [{A: 192.0.2.1}]
_dmarc.brokennorua.example: [{TXT: "v=DMARC1; p=sometimes"}]
sloppy.example: [{A: 192.0.2.1}]
_dmarc.sloppy.example: [{TXT: "v=DMARC1; adkim=maybe; p=reject; fo=x; pct=abc"}]
silent.example: [{A: 192.0.2.1}]
_dmarc.silent.example: [TIMEOUT]
none.example: [{A: 192.0.2.1}, {SPF: "v=spf1 ip4:192.0.2.1 -all"}]
spfsilent.example: [TIMEOUT]
_dmarc.spfsilent.example: [{TXT: "v=DMARC1; p=reject"}]
# A public suffix that says so: what is below it are different owners.
_dmarc.co.test: [{TXT: "v=DMARC1; p=none; sp=quarantine; np=reject; psd=y"}]
shop.co.test: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}, {A: 192.0.2.1}]
evil.co.test: [{SPF: "v=spf1 ip4:192.0.2.66 -all"}, {A: 192.0.2.66}]
big.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}]
_dmarc.big.example: [{TXT: "v=DMARC1; p=reject"}]
a.b.c.d.e.f.g.h.i.big.example: [{A: 192.0.2.1}]
x.y.big.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}]
_dmarc.own.big.example: [{TXT: "v=DMARC1; p=none; psd=n"}]
own.big.example: [{A: 192.0.2.1}, {SPF: "v=spf1 ip4:192.0.2.1 -all"}]
xn--bcher-kva.example: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}]
_dmarc.xn--bcher-kva.example: [{TXT: "v=DMARC1; p=reject"}]
attacker.example: [{SPF: "v=spf1 ip4:192.0.2.66 -all"}]
# A registry whose servers do not answer.
_dmarc.mute: [TIMEOUT]
loud.mute: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}]
_dmarc.loud.mute: [{TXT: "v=DMARC1; p=reject"}]
other.mute: [{SPF: "v=spf1 ip4:192.0.2.1 -all"}]
"#;

fn records() -> ZoneFile {
    let signers =
        ["bank.example", "eu.bank.example", "strict.example", "sub.strict.example", "attacker.example", "example"];
    let keys: String = signers.iter().map(|domain| key_line(Key::Ed25519, "s1", domain)).collect();
    zone(&format!("{ZONE}{keys}silent._domainkey.bank.example: [TIMEOUT]\n"))
}

async fn facts(from: &str, mail_from: &str, client: &str, signer: Option<Signer<'_>>) -> Facts {
    let message = format!("From: {from}\r\nTo: you@receiver.example\r\nSubject: x\r\n\r\nbody\r\n");
    let message = signer.map_or_else(|| message.clone(), |signer| signer.sign(&message));
    check(message.as_bytes(), &Envelope { client, helo: "mx.example", mail_from }, &records()).await
}

fn shown(check: &DmarcCheck) -> (&'static str, &'static str) {
    (check.result.word(), check.policy.map_or("-", |policy| policy.word()))
}

#[tokio::test]
async fn policies_of_messages_that_nobody_vouches_for() {
    for (from, expected) in [
        ("a@bank.example", ("fail", "reject")),
        ("a@eu.bank.example", ("fail", "quarantine")),
        ("a@made-up.bank.example", ("fail", "reject")),
        ("a@strict.example", ("fail", "quarantine")),
        ("a@sub.strict.example", ("fail", "quarantine")),
        ("a@test.example", ("fail", "quarantine")),
        ("a@pct.example", ("fail", "none")),
        ("a@two.example", ("none", "-")),
        ("a@broken.example", ("fail", "none")),
        ("a@brokennorua.example", ("none", "-")),
        ("a@sloppy.example", ("fail", "reject")),
        ("a@silent.example", ("temperror", "-")),
        ("a@none.example", ("none", "-")),
        ("a@shop.co.test", ("fail", "quarantine")),
        ("a@nothing.co.test", ("fail", "reject")),
        ("a@co.test", ("fail", "none")),
        ("a@a.b.c.d.e.f.g.h.i.big.example", ("fail", "reject")),
        ("a@own.big.example", ("fail", "none")),
        ("a@Bücher.example", ("fail", "reject")),
        ("a@localhost", ("none", "-")),
    ] {
        let facts = facts(from, "x@attacker.example", "192.0.2.66", None).await;
        assert_eq!(shown(&facts.dmarc), expected, "{from}: {:?}", facts.dmarc);
    }
}

#[tokio::test]
async fn alignment_of_spf() {
    for (from, mail_from, client, expected) in [
        ("a@bank.example", "b@bank.example", "192.0.2.1", "pass"),
        ("a@bank.example", "b@BANK.example", "192.0.2.1", "pass"),
        ("a@bank.example", "b@bounce.bank.example", "192.0.2.1", "pass"),
        ("a@eu.bank.example", "b@bounce.bank.example", "192.0.2.1", "pass"),
        ("a@eu.bank.example", "b@bank.example", "192.0.2.1", "pass"),
        ("a@bank.example", "b@bank.example", "192.0.2.2", "fail"),
        ("a@bank.example", "b@none.example", "192.0.2.1", "fail"),
        ("a@strict.example", "b@strict.example", "192.0.2.1", "pass"),
        ("a@strict.example", "b@sub.strict.example", "192.0.2.1", "fail"),
        ("a@sub.strict.example", "b@strict.example", "192.0.2.1", "fail"),
        ("a@shop.co.test", "b@evil.co.test", "192.0.2.66", "fail"),
        ("a@shop.co.test", "b@shop.co.test", "192.0.2.1", "pass"),
        ("a@bücher.example", "b@xn--bcher-kva.example", "192.0.2.1", "pass"),
        ("a@a.b.c.d.e.f.g.h.i.big.example", "b@big.example", "192.0.2.1", "pass"),
        ("a@own.big.example", "b@big.example", "192.0.2.1", "fail"),
        // A part that says it is an organization of its own does not speak for the whole.
        ("a@big.example", "b@own.big.example", "192.0.2.1", "fail"),
        ("a@big.example", "b@x.y.big.example", "192.0.2.1", "pass"),
        ("a@spfsilent.example", "b@spfsilent.example", "192.0.2.1", "temperror"),
        ("a@bank.example", "b@spfsilent.example", "192.0.2.1", "fail"),
    ] {
        let facts = facts(from, mail_from, client, None).await;
        assert_eq!(facts.dmarc.result.word(), expected, "{from} {mail_from} {client}: {:?}", facts.dmarc);
        assert_eq!(facts.dmarc.is_spf_aligned, expected == "pass");
    }
}

#[tokio::test]
async fn alignment_of_signatures() {
    for (from, domain, expected) in [
        ("a@bank.example", "bank.example", "pass"),
        ("a@bank.example", "eu.bank.example", "pass"),
        ("a@eu.bank.example", "bank.example", "pass"),
        ("a@bank.example", "attacker.example", "fail"),
        ("a@bank.example", "example", "fail"),
        ("a@strict.example", "strict.example", "pass"),
        ("a@strict.example", "sub.strict.example", "fail"),
    ] {
        let signer = Signer { domain, ..Signer::default() };
        let facts = facts(from, "x@attacker.example", "192.0.2.66", Some(signer)).await;
        assert_eq!(facts.dkim[0].result.word(), "pass", "{domain}");
        assert_eq!(facts.dmarc.result.word(), expected, "{from} {domain}: {:?}", facts.dmarc);
        assert_eq!(facts.dmarc.is_dkim_aligned, expected == "pass");
    }
}

#[tokio::test]
async fn a_temporary_error_counts_only_where_it_could_help() {
    let silent = |domain| Signer { domain, selector: "silent", ..Signer::default() };
    let aligned = facts("a@bank.example", "x@attacker.example", "192.0.2.66", Some(silent("bank.example"))).await;
    assert_eq!(aligned.dmarc.result, DmarcResult::TempError);
    assert!(aligned.is_temporary() && aligned.authenticated_domain().is_none());
    let elsewhere = facts("a@strict.example", "x@attacker.example", "192.0.2.66", Some(silent("bank.example"))).await;
    assert_eq!(elsewhere.dmarc.result, DmarcResult::Fail);
    let passed = facts("a@bank.example", "b@bank.example", "192.0.2.1", Some(silent("bank.example"))).await;
    assert_eq!(passed.dmarc.result, DmarcResult::Pass);
}

#[tokio::test]
async fn the_null_sender_aligns_by_helo() {
    let message = "From: a@bank.example\r\n\r\nbounce\r\n";
    for (helo, expected) in [("eu.bank.example", DmarcResult::Pass), ("none.example", DmarcResult::Fail)] {
        let envelope = Envelope { client: "192.0.2.1", helo, mail_from: "" };
        assert_eq!(check(message.as_bytes(), &envelope, &records()).await.dmarc.result, expected, "{helo}");
    }
}

#[tokio::test]
async fn a_registry_that_does_not_answer_holds_up_nobody_with_a_record() {
    for (from, mail_from, expected) in [
        ("a@loud.mute", "b@loud.mute", ("pass", "reject")),
        ("a@below.loud.mute", "b@loud.mute", ("pass", "reject")),
        // What it might have said cannot make a neighbour aligned.
        ("a@loud.mute", "b@other.mute", ("fail", "reject")),
        ("a@other.mute", "b@other.mute", ("temperror", "-")),
    ] {
        let facts = facts(from, mail_from, "192.0.2.1", None).await;
        assert_eq!(shown(&facts.dmarc), expected, "{from} {mail_from}");
    }
}
