//! OpenDKIM, at Postfix, as a second opinion: on our signatures, and as the signer of what we check.

use harness::{DkimKey, OpenDkim};
use mailauth::DkimResult;

use super::*;

/// A stretch of the message and what stands there instead; whether the signatures are still good.
type Change = (&'static str, &'static str, bool);

/// What may happen to a message on its way.
const CHANGES: [Change; 13] = [
    ("Subject: order", "Received: from a.test by b.test; Tue, 24 Nov 2026 09:31:00 +0000\nSubject: order", true),
    ("Subject: order of ten", "Subject:  order \n\tof ten", true),
    ("Ten pieces.", "Ten   pieces. ", true),
    ("Ten pieces.", "Two pieces.", false),
    ("Ten pieces.", "Ten pieces.\nPay elsewhere.", false),
    ("Subject: order", "Subject: offer", false),
    ("From: Sales <sales@trade.test>", "From: Sales <sales@trade.example>", false),
    ("From: Sales", "From: <ceo@bank.test>\nFrom: Sales", false),
    ("Subject: order", "Subject: urgent\nSubject: order", false),
    ("To: ops@peer.test", "To: all@peer.test\nTo: ops@peer.test", false),
    ("Subject: order", "Reply-To: <thief@bank.test>\nSubject: order", false),
    ("Subject: order", "Content-Type: text/html\nSubject: order", false),
    ("; d=trade.test;", "; d=bank.test;", false),
];

/// Result and algorithm of each signature, as OpenDKIM has written into the message.
fn opinions(message: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(message).replace("\r\n", "\n");
    let header = text.split("\n\n").next().unwrap_or_default().replace("\n\t", " ").replace("\n ", " ");
    let ours = format!("Authentication-Results: {};", OpenDkim::NAME);
    // A comment may hold a semicolon: `dkim=pass (2048-bit key; unprotected)`.
    let header = header.replace("; unprotected)", ")");
    let fields = header.lines().filter_map(|line| line.strip_prefix(&ours));
    let results = fields.flat_map(|field| field.split(';')).filter_map(|result| result.trim().strip_prefix("dkim="));
    let word = |result: &str, start: &str| {
        let found = result.split_ascii_whitespace().find_map(|word| word.strip_prefix(start));
        found.unwrap_or_default().to_owned()
    };
    results.map(|result| (word(result, ""), word(result, "header.a="))).collect()
}

fn passes(results: &[(String, String)]) -> Vec<&str> {
    results.iter().filter(|(result, _)| result == "pass").map(|(_, algorithm)| algorithm.as_str()).collect()
}

/// Our own verdicts on the message's signatures.
async fn our_opinion(message: &[u8], names: &Bind) -> Outcome<Vec<DkimResult>> {
    let resolver = resolver::HickoryResolver::new(&resolver::ResolverSettings {
        servers: vec![names.address],
        validate: false,
        trust_anchor: None,
        timeout: Duration::from_secs(2),
        cache_entries: 0,
    })?;
    let connection = Connection {
        client: [127, 0, 0, 1].into(),
        helo: "mx.peer.test",
        mail_from: "sales@trade.test",
        receiver: "mail.trade.test",
    };
    let checker = Checker::new(&AuthenticationSettings::default())?;
    let facts = checker.check(message, connection, &resolver, &env::SystemClock).await;
    Ok(facts.dkim.iter().map(|check| check.result).collect())
}

/// From our signatures on.
fn as_signed(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message).replace("\r\n", "\n");
    let start = text.find("DKIM-Signature:").unwrap_or_default();
    text[start..].to_owned()
}

#[tokio::test]
async fn it_finds_our_signatures_good_and_damaged_ones_not() -> Outcome {
    require!("bind9", "bind9-dnsutils", "postfix", "opendkim", "openssl");
    let names = Bind::start(&[("test", ZONE)])?;
    let opendkim = OpenDkim::verifying(&names)?;
    let postfix = Postfix::start(PostfixOptions::default().set("smtpd_milters", &opendkim.milter()))?;
    let tradewind = Tradewind::start(options(&names, &postfix))?;
    for key in keys(&tradewind)? {
        publish(&names, &key)?;
    }
    submit(
        &tradewind,
        "From: Sales <sales@trade.test>\r\nTo: ops@peer.test\r\nSubject: order of ten\r\n\r\nTen pieces.\r\n",
    )?;
    let mail = postfix.wait_for_mail("ops", 1, PATIENCE)?;
    let shown = String::from_utf8_lossy(&mail[0]).into_owned();
    assert_eq!(passes(&opinions(&mail[0])), ["rsa-sha256", "ed25519-sha256"], "{shown}\n{}", opendkim.log_tail());
    let signed = as_signed(&mail[0]);
    for (number, (was, is, is_good)) in CHANGES.into_iter().enumerate() {
        assert!(signed.contains(was), "{was} in {signed}");
        let changed = format!("X-Change: {number}.\n{}", signed.replace(was, is)).replace('\n', "\r\n");
        let mut client = smtp::Client::connect(postfix.address, smtp::Dialect::Smtp)?;
        client.deliver("sales@trade.test", &["ops@peer.test"], &smtp::for_wire(changed.as_bytes()))?.expect(250)?;
        let mail = postfix.wait_for_mail("ops", number + 2, PATIENCE)?;
        let mark = format!("X-Change: {number}.\n");
        let found = mail.iter().find(|it| String::from_utf8_lossy(it).contains(&mark));
        let opinions = opinions(found.ok_or_else(|| Failure::new(mark))?);
        let theirs = passes(&opinions);
        let ours = our_opinion(changed.as_bytes(), &names).await?;
        let expected: &[&str] = if is_good { &["rsa-sha256", "ed25519-sha256"] } else { &[] };
        assert_eq!(theirs, expected, "{was:?} to {is:?}: {opinions:?}");
        assert_eq!(ours.len(), 2, "{ours:?}");
        assert!(ours.iter().all(|it| (*it == DkimResult::Pass) == is_good), "{was:?} to {is:?}: {ours:?}");
    }
    Ok(())
}

#[test]
fn we_find_its_signatures_good_and_damaged_ones_not() -> Outcome {
    require!("bind9", "postfix", "opendkim", "openssl");
    let (rsa, of_rsa) = OpenDkim::signing(&["peer.test"], "r1", DkimKey::Rsa)?;
    let (edwards, of_edwards) = OpenDkim::signing(&["peer.test"], "e1", DkimKey::Ed25519)?;
    let zone = format!("{ZONE}\n_dmarc.peer TXT \"v=DMARC1; p=reject; aspf=s\"\n{of_rsa}{of_edwards}");
    let names = Bind::start(&[("test", &zone)])?;
    let milters = format!("{}, {}", rsa.milter(), edwards.milter());
    let postfix = Postfix::start(PostfixOptions::default().set("smtpd_milters", &milters))?;
    let tradewind = Tradewind::start(options(&names, &postfix))?;
    postfix.add_route("trade.test", tradewind.listen("smtp")?)?;
    let letter = "From: <ops@peer.test>\r\nTo: <sales@trade.test>\r\nSubject: order\r\nDate: Tue, 24 Nov 2026 09:30:00 +0000\r\n\
                  Message-ID: <1@peer.test>\r\n\r\n.Ten pieces. \r\n\r\n";
    let mut client = smtp::Client::connect(postfix.address, smtp::Dialect::Smtp)?;
    let wire = smtp::for_wire(letter.as_bytes());
    client.deliver("ops@peer.test", &["sales@trade.test", "ops@peer.test"], &wire)?.expect(250)?;
    let received = |count: u64| -> Outcome<String> {
        let mut session = tradewind.imap("sales")?;
        wait_until("the message", PATIENCE, || Ok((session.count("INBOX")? == count).then_some(())))
            .map_err(|failure| failure.during(&postfix.log_tail()))?;
        session.command("SELECT INBOX")?.ok()?;
        Ok(session.ask(&format!("FETCH {count} BODY.PEEK[HEADER]"))?.ok()?.text().replace("\r\n\t", " "))
    };
    let whole = received(1)?;
    for expected in
        ["dkim=pass header.d=peer.test header.s=r1", "dkim=pass header.d=peer.test header.s=e1", "dmarc=pass"]
    {
        assert!(whole.contains(expected), "{expected}: {whole}");
    }
    // The copy that Postfix kept, changed: another host forges with it, and the domain's policy holds.
    let kept = as_signed(&postfix.wait_for_mail("ops", 1, PATIENCE)?[0]).replace('\n', "\r\n");
    for (changed, expected) in [(kept.clone(), 250), (kept.replace("Ten pieces", "Two pieces"), 550)] {
        let reply =
            tradewind.smtp()?.deliver("a@other.test", &["sales@trade.test"], &smtp::for_wire(changed.as_bytes()))?;
        assert_eq!(reply.code, expected, "{reply}\n{changed}");
    }
    assert!(received(2)?.contains("dmarc=pass"));
    Ok(())
}
