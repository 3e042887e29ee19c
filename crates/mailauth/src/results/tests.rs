use std::net::IpAddr;

use super::{claims, field};
use crate::{
    ArcCheck, ArcResult, AuthorIdentity, Connection, DkimCheck, DkimResult, DmarcCheck, DmarcPolicy, DmarcResult,
    Facts, IprevCheck, IprevResult, SpfCheck, SpfResult,
};

fn connection<'a>(helo: &'a str, mail_from: &'a str) -> Connection<'a> {
    let client: IpAddr = "2001:db8::1".parse().unwrap();
    Connection { client, helo, mail_from, receiver: "mx.receiver.example" }
}

fn spf(result: SpfResult) -> SpfCheck {
    SpfCheck { result, domain: "bank.example".to_owned(), explanation: None }
}

fn facts() -> Facts {
    Facts {
        iprev: IprevCheck { result: IprevResult::Pass, name: Some("mail.bank.example".to_owned()) },
        spf_helo: spf(SpfResult::None),
        spf: spf(SpfResult::Pass),
        dkim: vec![DkimCheck {
            result: DkimResult::Fail,
            domain: "bank.example".to_owned(),
            selector: "s1".to_owned(),
            signature_start: "ab+/cdef".to_owned(),
            reason: Some("the body was changed".to_owned()),
        }],
        arc: ArcCheck { sealers: vec!["list.example".to_owned()], ..ArcCheck::broken(ArcResult::Fail, "a \"b\" \\") },
        author: AuthorIdentity::Domain("bank.example".to_owned()),
        dmarc: DmarcCheck {
            result: DmarcResult::Pass,
            policy: Some(DmarcPolicy::Reject),
            from_domain: Some("bank.example".to_owned()),
            is_spf_aligned: true,
            is_dkim_aligned: false,
            published: None,
            reason: None,
        },
    }
}

#[test]
fn all_results_in_one_field() {
    let text = field("mx.receiver.example", connection("mail.bank.example", "a@bank.example"), &facts());
    assert_eq!(
        text,
        "Authentication-Results: mx.receiver.example;\r\n\tiprev=pass (mail.bank.example) policy.iprev=\"2001:db8::1\";\r\n\
         \tspf=none smtp.helo=mail.bank.example;\r\n\tspf=pass smtp.mailfrom=a@bank.example;\r\n\
         \tdkim=fail reason=\"the body was changed\" header.d=bank.example header.s=s1 header.b=\"ab+/cdef\";\r\n\
         \tdmarc=pass header.from=bank.example policy.dmarc=reject;\r\n\
         \tarc=fail reason=\"a \\\"b\\\" \\\\\" policy.sealer=list.example\r\n"
    );
}

#[test]
fn strangers_cannot_add_to_it() {
    let hostile = "x\r\nX-Evil: 1\r\n\r\n\"; dmarc=pass (ü) \\\0";
    let mut facts = facts();
    facts.iprev.name = Some("a) dmarc=pass (".to_owned());
    facts.dkim[0].domain = hostile.to_owned();
    facts.dkim[0].selector = hostile.repeat(50);
    facts.dmarc.from_domain = Some(hostile.to_owned());
    facts.dmarc.result = DmarcResult::Fail;
    let text = field(hostile, connection(hostile, hostile), &facts);
    assert!(text.is_ascii() && !text.contains('\0') && !text.contains("dmarc=pass"), "{text}");
    assert_eq!(text.matches("\r\n").count(), text.matches("\r\n\t").count() + 1);
    assert_eq!(text.matches('\r').count(), text.matches('\n').count());
    assert!(text.lines().all(|line| line.len() < 998));
    // Outside of quoted strings there are exactly the results of ours.
    let mut outside = String::new();
    let (mut is_inside, mut is_escaped) = (false, false);
    for c in text.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_inside => is_escaped = true,
            '"' => is_inside = !is_inside,
            _ if !is_inside => outside.push(c),
            _ => {}
        }
    }
    assert!(!is_inside);
    assert_eq!(outside.split(';').count(), 7, "{outside}");
}

#[test]
fn fields_that_claim_our_name() {
    let ours = ["MX.Receiver.example", "bücher.example"];
    for claim in [
        "Authentication-Results: mx.receiver.example; spf=pass",
        "AUTHENTICATION-RESULTS:MX.RECEIVER.EXAMPLE;spf=pass",
        "Authentication-Results : mx.receiver.example; spf=pass",
        "Authentication-Results: mx.receiver.example 1; spf=pass",
        "Authentication-Results: mx.receiver.example (x) 1 (y); spf=pass",
        "Authentication-Results: (a (nested) comment) mx.receiver.example; none",
        "Authentication-Results:\r\n\tmx.receiver.example;\r\n\tspf=pass",
        "Authentication-Results: mx.receiver.example.; spf=pass",
        "Authentication-Results: mx.receiver.example..; spf=pass",
        "Authentication-Results: \"mx.receiver.example\"; spf=pass",
        "Authentication-Results: \"mx.receiver\\.example\" 1; spf=pass",
        "Authentication-Results: mx.receiver.example",
        "Authentication-Results: (open mx.receiver.example; spf=pass",
        "Authentication-Results: \"mx.receiver.example; spf=pass",
        "Authentication-Results: <mx.receiver.example>; spf=pass",
        "Authentication-Results: ; mx.receiver.example",
        "Authentication-Results: xn--bcher-kva.example; spf=pass",
        "Authentication-Results: bücher.example; spf=pass",
        "Authentication-_Results: mx.receiver.example; spf=pass",
    ] {
        let message = format!("Received: x\r\n{claim}\r\nFrom: a@b.example\r\n\r\nbody");
        let found = claims(message.as_bytes(), &ours);
        assert_eq!(found.len(), 1, "{claim}");
        assert_eq!(&message[found[0].clone()], format!("{claim}\r\n"));
    }
}

#[test]
fn fields_of_others_stay() {
    for other in [
        "Authentication-Results: mx.other.example; spf=pass smtp.helo=mx.receiver.example",
        "Authentication-Results: sub.mx.receiver.example; spf=pass",
        "Authentication-Results: mx.receiver.example.evil.example; spf=pass",
        "ARC-Authentication-Results: i=1; mx.receiver.example; spf=pass",
        "X-Authentication-Results: mx.receiver.example; spf=pass",
    ] {
        let message = format!("{other}\r\n\r\nAuthentication-Results: mx.receiver.example; spf=pass\r\n");
        assert!(claims(message.as_bytes(), &["mx.receiver.example"]).is_empty(), "{other}");
    }
}

#[test]
fn several_claims_are_all_found() {
    let one = "Authentication-Results: mx.receiver.example; spf=pass\r\n";
    let message = format!("{one}X: 1\r\n{one}{one}\r\n");
    let found = claims(message.as_bytes(), &["mx.receiver.example"]);
    assert_eq!(found, [0..one.len(), one.len() + 6..2 * one.len() + 6, 2 * one.len() + 6..3 * one.len() + 6]);
}
