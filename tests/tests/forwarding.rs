//! Forwarding: what another server sees of it, what comes back, and what must not come of it.

use std::fs;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use env::Clock;
use harness::{
    Bind, Failure, Options, Outcome, Postfix, PostfixOptions, Tradewind, arc_verdict, dkim_verdicts, require, smtp,
    wait_until,
};
use mailauth::{ArcResult, AuthenticationSettings, Checker, Connection, DmarcResult, KeyKind, SigningKey, SpfResult};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// A name server that answers nobody, until the test's own is there.
const NOBODY: &str = "127.9.9.9:9";

/// The company whose mail is forwarded, a sender, and where the mail goes, each with its server.
struct Scene {
    names: Bind,
    /// Takes mail for `ops@peer.test`.
    receiver: Postfix,
    /// Takes mail for `anna@origin.test`.
    sender: Postfix,
    tradewind: Tradewind,
    key: SigningKey,
}

fn record(name: &str, text: &str) -> String {
    let strings: Vec<String> =
        text.as_bytes().chunks(200).map(|part| format!("\"{}\"", String::from_utf8_lossy(part))).collect();
    format!("{name}. TXT {}\n", strings.join(" "))
}

impl Scene {
    fn start() -> Outcome<Self> {
        let receiver = Postfix::start(PostfixOptions::default())?;
        let sender = Postfix::start(PostfixOptions::default().domain("origin.test").users(&["anna"]))?;
        let routes = format!(
            "[{{ recipients = [\"peer.test\"], relay = \"{}\" }}, {{ recipients = [\"origin.test\"], relay = \"{}\" }}]",
            receiver.address, sender.address
        );
        let options = Options::default()
            .set("delivery", "route", &routes)
            .set("delivery", "tls_reports", "false")
            .set("dns", "servers", &format!("[\"{NOBODY}\"]"))
            .set("dns", "validate", "false")
            .set("dns", "timeout_seconds", "2");
        let mut tradewind = Tradewind::start(options)?;
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| Failure::new("no key"))?;
        let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Failure::new("no private key"))?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| Failure::new("no public key"))?;
        let mut zone = String::from(
            "mail.trade.test. A 127.0.0.1\ntrade.test. TXT \"v=spf1 ip4:127.0.0.1 -all\"\n\
             origin.test. TXT \"v=spf1 ip4:127.0.0.1 -all\"\n_dmarc.origin.test. TXT \"v=DMARC1; p=reject\"\n\
             quarantine.test. TXT \"v=spf1 -all\"\n_dmarc.quarantine.test. TXT \"v=DMARC1; p=quarantine\"\n",
        );
        let public = format!("v=DKIM1; k=rsa; p={}", smtp::base64(public.as_ref()));
        zone.push_str(&record("s1._domainkey.origin.test", &public));
        let listed = tradewind.command(&["--json", "dkim", "list", "trade.test"])?.success()?.stdout;
        for key in serde_json::from_str::<Value>(listed.trim())?.as_array().into_iter().flatten() {
            let text = |name: &str| key[name].as_str().unwrap_or_default();
            zone.push_str(&record(text("name"), text("record")));
        }
        let names = Bind::start_signed(&zone, &[], &[])?;
        tradewind.stop()?;
        let config = tradewind.config()?;
        let anchor = format!("validate = true\ntrust_anchor = {:?}", names.trust_anchor());
        let text = fs::read_to_string(&config)?.replace(NOBODY, &names.address.to_string());
        assert!(text.contains("validate = false"), "{text}");
        fs::write(config, text.replace("validate = false", &anchor))?;
        tradewind.restart()?;
        let key = SigningKey::new(KeyKind::Rsa, "origin.test", "s1", private.as_ref())?;
        Ok(Self { names, receiver, sender, tradewind, key })
    }

    fn forward(&self, arguments: &[&str]) -> Outcome<Value> {
        let told = self.tradewind.command(&[&["--json", "user", "forward"], arguments].concat())?.success()?;
        Ok(serde_json::from_str(told.stdout.trim())?)
    }

    /// A letter of Anna's, signed.
    fn letter(&self, subject: &str) -> Outcome<Vec<u8>> {
        let raw = format!(
            "From: Anna <anna@origin.test>\r\nTo: sales@trade.test\r\nSubject: {subject}\r\n\
             Date: Tue, 24 Nov 2026 09:30:00 +0000\r\nMessage-ID: <{subject}@origin.test>\r\n\r\nTen pieces. \r\n\r\n"
        );
        let now = env::SystemClock.now();
        let signature = mailauth::sign(std::slice::from_ref(&self.key), raw.as_bytes(), now, now)?;
        Ok((signature + &raw).into_bytes())
    }

    /// Sends it to the sales account, with these parameters of RCPT.
    fn send(&self, sender: &str, rcpt: &str, message: &[u8]) -> Outcome {
        let mut client = self.tradewind.smtp()?;
        client.command(&format!("MAIL FROM:<{sender}> RET=HDRS ENVID=order10"))?.expect(250)?;
        client.command(&format!("RCPT TO:<sales@trade.test>{rcpt}"))?.expect(250)?;
        client.command("DATA")?.expect(354)?;
        client.stream.send(&smtp::for_wire(message))?;
        client.reply()?.expect(250)?;
        client.quit()
    }

    fn wait_for_empty_queue(&self) -> Outcome {
        let waited = wait_until("an empty queue", PATIENCE, || {
            let list = self.tradewind.command(&["--json", "queue", "list"])?.success()?.stdout;
            Ok((list.trim() == "[]").then_some(()))
        });
        waited.map_err(|failure| failure.during(&self.tradewind.log_tail()))
    }

    /// What a peer that follows RFC 9989 finds of a message that came from us under `mail_from`.
    async fn checked(&self, message: &[u8], mail_from: &str) -> Outcome<mailauth::Facts> {
        let resolver = resolver::HickoryResolver::new(&resolver::ResolverSettings {
            servers: vec![self.names.address],
            validate: false,
            trust_anchor: None,
            timeout: Duration::from_secs(2),
            cache_entries: 0,
        })?;
        let settings = AuthenticationSettings::default();
        let checker = Checker::new(&settings)?;
        let client = [127, 0, 0, 1].into();
        let connection = Connection { client, helo: "mail.trade.test", mail_from, receiver: "mx.peer.test" };
        Ok(checker.check(&crlf(message), connection, &resolver, &env::SystemClock).await)
    }
}

/// Mailboxes of Postfix have bare line feeds.
fn crlf(message: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(message).replace("\r\n", "\n").replace('\n', "\r\n").into_bytes()
}

fn return_path(message: &str) -> Outcome<String> {
    let found = message.lines().find_map(|line| line.strip_prefix("Return-Path: <")?.strip_suffix('>'));
    found.map(str::to_owned).ok_or_else(|| Failure::new(format!("no Return-Path in {message}")))
}

fn shown(message: &[u8]) -> String {
    String::from_utf8_lossy(message).replace("\r\n", "\n").replace("\n\t", " ").replace("\n ", " ")
}

#[tokio::test]
async fn forwarded_mail_holds_for_its_receiver_and_its_bounce_comes_back() -> Outcome {
    require!("bind9", "postfix", "python3-dkim", "python3-nacl", "python3-authres", "python3-dnspython");
    let scene = Scene::start()?;
    let set = scene.forward(&["add", "sales@trade.test", "ops@peer.test", "--expires", "30", "--by", "li"])?;
    assert_eq!((&set["target"], &set["copy"], &set["set_by"]), (&"ops@peer.test".into(), &true.into(), &"li".into()));
    assert_eq!(scene.forward(&["list"])?[0]["address"], "sales@trade.test");
    // The owner hears of it, here and not where the mail goes.
    let noticed = || Ok((scene.tradewind.imap("sales")?.count("INBOX")? == 1).then_some(()));
    wait_until("the notice", PATIENCE, noticed).map_err(|failure| failure.during(&scene.tradewind.log_tail()))?;
    scene.send("anna@origin.test", "", &scene.letter("order")?)?;
    let mail = scene.receiver.wait_for_mail("ops", 1, PATIENCE)?;
    scene.wait_for_empty_queue()?;
    assert_eq!(scene.receiver.wait_for_mail("ops", 1, PATIENCE)?.len(), 1);
    assert_eq!(scene.tradewind.imap("sales")?.count("INBOX")?, 2, "a copy stays");
    let text = shown(&mail[0]);
    let rewritten = return_path(&text)?;
    assert!(rewritten.starts_with("SRS0=") && rewritten.ends_with("=origin.test=anna@trade.test"), "{rewritten}");
    assert!(text.contains("\nDelivered-To: sales@trade.test\n"), "{text}");
    // dkimpy agrees: the author's signature survived, our seal is whole and says what we found.
    let good: Vec<Value> = dkim_verdicts(&mail[0], scene.names.address)?;
    assert!(good.len() == 1 && good[0]["good"] == true && good[0]["domain"] == "origin.test", "{good:?}\n{text}");
    let chain = arc_verdict(&mail[0], scene.names.address)?;
    assert_eq!(chain["state"], "pass", "{chain}\n{text}");
    let sealed = text.lines().find(|line| line.starts_with("ARC-Authentication-Results: i=1; mail.trade.test;"));
    assert!(sealed.is_some_and(|line| line.contains("dmarc=pass header.from=origin.test")), "{text}");
    let facts = scene.checked(&mail[0], &rewritten).await?;
    assert_eq!((facts.spf.result, facts.spf.domain.as_str()), (SpfResult::Pass, "trade.test"), "{facts:?}");
    assert_eq!((facts.dmarc.result, facts.arc.result), (DmarcResult::Pass, ArcResult::Pass), "{facts:?}");

    what_comes_back(&scene, &rewritten)
}

/// An address of ours for a forwarded sender takes notifications for that sender, and nothing else.
fn what_comes_back(scene: &Scene, rewritten: &str) -> Outcome {
    let bounce = "From: MAILER-DAEMON@mx.peer.test\r\nTo: x\r\nSubject: Undelivered\r\n\r\nNo such user.\r\n";
    let try_rcpt = |sender: &str, to: &str| -> Outcome<String> {
        let mut client = scene.tradewind.smtp()?;
        client.command(&format!("MAIL FROM:<{sender}>"))?.expect(250)?;
        Ok(client.command(&format!("RCPT TO:<{to}>"))?.to_string())
    };
    let refused = try_rcpt("ops@peer.test", rewritten)?;
    assert!(refused.starts_with("550 5.7.1"), "{refused}");
    for forged in [rewritten.replace("anna", "hanna"), rewritten.replace("origin.test", "victim.test")] {
        let refused = try_rcpt("", &forged)?;
        assert!(refused.starts_with("550 5.1.1"), "{forged}: {refused}");
    }
    let refused = try_rcpt("", "SRS0=abcdefgh=aa=victim.test=anna@elsewhere.test")?;
    assert!(refused.starts_with("550 5.7.1"), "{refused}");
    let mut client = scene.tradewind.smtp()?;
    client.command("MAIL FROM:<>")?.expect(250)?;
    client.command(&format!("RCPT TO:<{rewritten}>"))?.expect(250)?;
    client.command("RCPT TO:<sales@trade.test>")?.expect(452)?;
    client.command(&format!("RCPT TO:<{rewritten}>"))?.expect(452)?;
    client.command("RSET")?.expect(250)?;
    client.deliver("", &[rewritten], &smtp::for_wire(bounce.as_bytes()))?.expect(250)?;
    let mail = scene.sender.wait_for_mail("anna", 1, PATIENCE)?;
    let text = shown(&mail[0]);
    assert!(text.contains("Return-Path: <>") && text.contains("No such user."), "{text}");
    Ok(())
}

#[test]
fn the_sender_hears_of_what_could_not_be_forwarded() -> Outcome {
    require!("bind9", "postfix");
    let scene = Scene::start()?;
    // The receiver refuses at once: we tell the sender.
    scene.forward(&["add", "sales@trade.test", "gone@peer.test", "--no-copy"])?;
    scene.send("anna@origin.test", "", &scene.letter("refused")?)?;
    let report = shown(&scene.sender.wait_for_mail("anna", 1, PATIENCE)?[0]);
    for expected in [
        "Original-Recipient: rfc822; sales@trade.test",
        "Final-Recipient: rfc822; gone@peer.test",
        "Action: failed",
        "Original-Envelope-Id: order10",
        "Return-Path: <>",
    ] {
        assert!(report.contains(expected), "{expected}\n{report}");
    }
    // The receiver tells us of success, as the sender has asked: we pass it on.
    scene.forward(&["remove", "sales@trade.test", "gone@peer.test"])?;
    scene.forward(&["add", "sales@trade.test", "ops@peer.test", "--no-copy"])?;
    scene.receiver.add_route("trade.test", scene.tradewind.listen("smtp")?)?;
    scene.send("anna@origin.test", " NOTIFY=SUCCESS ORCPT=rfc822;chief@origin.test", &scene.letter("told")?)?;
    let reports = scene
        .sender
        .wait_for_mail("anna", 2, PATIENCE)
        .map_err(|failure| failure.during(&format!("{}\n{}", scene.receiver.log_tail(), scene.tradewind.log_tail())))?;
    let told = reports.iter().map(|report| shown(report)).find(|report| report.contains("Action: delivered"));
    let told = told.ok_or_else(|| Failure::new(format!("no report of success: {:?}", reports.len())))?;
    assert!(told.contains("Original-Recipient: rfc822;chief@origin.test"), "{told}");
    assert!(told.contains("Original-Envelope-Id: order10"), "{told}");
    // Forwarded to several, none of them can: we tell of that ourselves.
    scene.forward(&["add", "sales@trade.test", "finance@trade.test", "--no-copy"])?;
    scene.send("anna@origin.test", " NOTIFY=SUCCESS", &scene.letter("several")?)?;
    let reports = scene.sender.wait_for_mail("anna", 3, PATIENCE)?;
    assert!(reports.iter().any(|report| shown(report).contains("Action: expanded")));
    // And the sender that wants to hear nothing hears nothing.
    scene.wait_for_empty_queue()?;
    scene.forward(&["remove", "sales@trade.test", "ops@peer.test"])?;
    scene.forward(&["add", "sales@trade.test", "gone@peer.test", "--no-copy"])?;
    scene.send("anna@origin.test", " NOTIFY=NEVER", &scene.letter("never")?)?;
    scene.wait_for_empty_queue()?;
    assert_eq!(scene.sender.wait_for_mail("anna", 3, PATIENCE)?.len(), 3);
    Ok(())
}

#[test]
fn circles_end_in_the_mailbox_and_what_must_stay_stays() -> Outcome {
    require!("bind9", "postfix");
    let scene = Scene::start()?;
    let refused = scene.tradewind.command(&["user", "forward", "add", "sales@trade.test", "sales@trade.test"])?;
    assert!(!refused.status.success() && refused.stderr.contains("is the account itself"), "{}", refused.stderr);
    scene.forward(&["add", "sales@trade.test", "finance@trade.test", "--no-copy"])?;
    scene.forward(&["add", "finance@trade.test", "sales@trade.test", "--no-copy"])?;
    // One notice each.
    scene.wait_for_empty_queue()?;
    let counts = || -> Outcome<(u64, u64, u64)> {
        let (mut sales, mut finance) = (scene.tradewind.imap("sales")?, scene.tradewind.imap("finance")?);
        Ok((sales.count("INBOX")?, finance.count("INBOX")?, sales.count("Junk")?))
    };
    assert_eq!(counts()?, (1, 1, 0));
    scene.send("anna@origin.test", "", &scene.letter("round")?)?;
    scene.wait_for_empty_queue()?;
    assert_eq!(counts()?, (2, 1, 0), "{}", scene.tradewind.log_tail());
    // It came back from elsewhere, by a name that is the account's too.
    scene.tradewind.command(&["user", "alias-add", "sales@trade.test", "orders@trade.test"])?.success()?;
    let again = [b"Delivered-To: Orders@trade.test\r\n", scene.letter("again")?.as_slice()].concat();
    scene.send("anna@origin.test", "", &again)?;
    scene.wait_for_empty_queue()?;
    assert_eq!(counts()?, (3, 1, 0));
    scene.forward(&["remove", "sales@trade.test", "finance@trade.test"])?;
    scene.forward(&["add", "sales@trade.test", "ops@peer.test", "--no-copy"])?;
    scene.wait_for_empty_queue()?;
    assert_eq!(counts()?, (5, 1, 0));
    // A stranger in our name, below our name, and what is junk: none of it leaves in our name.
    for from in ["chief@trade.test", "chief@office.trade.test"] {
        let message = format!("From: <{from}>\r\nTo: sales@trade.test\r\nSubject: pay\r\n\r\nAt once.\r\n");
        scene.send("thief@elsewhere.test", "", message.as_bytes())?;
    }
    scene.send("a@quarantine.test", "", b"From: <a@quarantine.test>\r\nSubject: win\r\n\r\nMuch.\r\n")?;
    scene.wait_for_empty_queue()?;
    assert_eq!(counts()?, (7, 1, 1), "{}", scene.tradewind.log_tail());
    // Our own people's mail goes on under its own name, with its own signature.
    let mut client = scene.tradewind.submission("finance")?;
    let letter = "From: <finance@trade.test>\r\nTo: sales@trade.test\r\nSubject: rates\r\n\r\nToday's.\r\n";
    client.deliver("finance@trade.test", &["sales@trade.test"], &smtp::for_wire(letter.as_bytes()))?.expect(250)?;
    let mail = scene.receiver.wait_for_mail("ops", 1, PATIENCE)?;
    assert_eq!(mail.len(), 1, "nothing else has come");
    let text = shown(&mail[0]);
    assert_eq!(return_path(&text)?, "finance@trade.test");
    assert!(text.contains("DKIM-Signature:") && !text.contains("ARC-Seal"), "{text}");
    Ok(())
}

#[test]
fn kills_neither_lose_nor_double_what_is_forwarded() -> Outcome {
    const MESSAGES: usize = 120;
    let mut tradewind = Tradewind::start(Options::default().set("delivery", "lease_seconds", "4"))?;
    tradewind.command(&["user", "forward", "add", "sales@trade.test", "finance@trade.test", "--no-copy"])?.success()?;
    let mut sent = 0;
    let mut since_kill = 0;
    while sent < MESSAGES {
        let message = format!(
            "From: a@elsewhere.test\r\nTo: sales@trade.test\r\nMessage-ID: <{sent}@forwarded.test>\r\nSubject: x\r\n\r\nx\r\n"
        );
        let outcome = tradewind.smtp()?.deliver(
            "a@elsewhere.test",
            &["sales@trade.test"],
            &smtp::for_wire(message.as_bytes()),
        )?;
        outcome.expect(250)?;
        sent += 1;
        since_kill += 1;
        if since_kill == 15 {
            since_kill = 0;
            tradewind.kill9()?;
            tradewind.restart()?;
        }
    }
    let waited = wait_until("an empty queue", Duration::from_secs(90), || {
        let list = tradewind.command(&["--json", "queue", "list"])?.success()?.stdout;
        Ok((list.trim() == "[]").then_some(()))
    });
    waited.map_err(|failure| failure.during(&tradewind.log_tail()))?;
    let mut client = tradewind.imap("finance")?;
    client.ask("SELECT INBOX")?.ok()?;
    let found = client.ask("FETCH 1:* BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]")?.ok()?.text();
    for number in 0..MESSAGES {
        let id = format!("<{number}@forwarded.test>");
        assert_eq!(found.matches(&id).count(), 1, "{id}");
    }
    // The one in the sales mailbox is the notice.
    assert_eq!(tradewind.imap("sales")?.count("INBOX")?, 1);
    let check = tradewind.command(&["--json", "store", "check", "--deep"])?.success()?.stdout;
    assert!(check.contains("\"sound\":true"), "{check}");
    Ok(())
}
