//! Relays that forward are learned from signed mail that comes through them, at the running server; the signer is OpenDKIM at Postfix.

use std::process::Command;
use std::time::Duration;

use harness::{
    Bind, DkimKey, OpenDkim, Options, Outcome, Postfix, PostfixOptions, Scratch, Tradewind, require, smtp, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Whose mail is forwarded; each asks to refuse what is not authenticated.
const AUTHORS: [&str; 3] = ["ann.test", "bob.test", "cem.test"];

/// The whole of DNS but for keys: what is not here does not exist. One relay is known by SPF, the other by its host's name
/// alone: resolvers know this machine as `localhost` without being told.
const ROOT: &str = "\
ns.invalid. A 127.0.0.1
ann.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"
_dmarc.ann.test. TXT \"v=DMARC1; p=reject\"
bob.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"
_dmarc.bob.test. TXT \"v=DMARC1; p=reject\"
cem.test. TXT \"v=spf1 ip4:192.0.2.1 -all\"
_dmarc.cem.test. TXT \"v=DMARC1; p=reject\"
bank.test. TXT \"v=spf1 -all\"
_dmarc.bank.test. TXT \"v=DMARC1; p=reject\"
relay.test. TXT \"v=spf1 ip4:127.0.0.1 -all\"
other.test. TXT \"v=spf1 ip4:127.0.0.1 -all\"
unsaid.test. A 192.0.2.1
";

fn letter(author: &str, number: usize) -> String {
    format!(
        "From: <a@{author}>\r\nTo: <sales@trade.test>\r\nSubject: order {number}\r\nDate: Tue, 24 Nov 2026 09:30:00 +0000\r\n\
         Message-ID: <{number}@{author}>\r\n\r\nTen pieces.\r\n"
    )
}

/// What the server says to a message that nobody has signed, from this machine.
fn unsigned(tradewind: &Tradewind, envelope: &str, author: &str) -> Outcome<String> {
    let wire = smtp::for_wire(letter(author, 0).as_bytes());
    Ok(tradewind.smtp()?.deliver(envelope, &["sales@trade.test"], &wire)?.to_string())
}

/// The same from another host.
fn from_elsewhere(tradewind: &Tradewind, envelope: &str, author: &str) -> Outcome<String> {
    let scratch = Scratch::new("elsewhere")?;
    let message = scratch.file("message", letter(author, 0))?;
    let mut swaks = Command::new("swaks");
    swaks.args(["--server", &tradewind.listen("smtp")?.to_string(), "--local-interface", "127.0.0.2"]);
    swaks.args(["--ehlo", "mx.relay.test", "--from", envelope, "--to", "sales@trade.test", "--data"]);
    swaks.arg(format!("@{}", message.display()));
    Ok(harness::run(swaks, PATIENCE)?.stdout)
}

#[test]
fn a_forwarder_is_learned_and_saves_from_refusal_alone() -> Outcome {
    require!("bind9", "postfix", "opendkim", "openssl", "swaks");
    let (opendkim, keys) = OpenDkim::signing(&AUTHORS, "s1", DkimKey::Rsa)?;
    let names = Bind::start(&[(".", &format!("{ROOT}{keys}"))])?;
    let postfix = Postfix::start(PostfixOptions::default().set("smtpd_milters", &opendkim.milter()))?;
    let options =
        Options::default().set("dns", "servers", &format!("[\"{}\"]", names.address)).set("dns", "validate", "false");
    let mut tradewind = Tradewind::start(options)?;
    postfix.add_route("trade.test", tradewind.listen("smtp")?)?;
    let mut arrived = 0;
    // By SPF, then by the name of the host.
    for envelope in ["list@relay.test", "list@unsaid.test"] {
        let refused = unsigned(&tradewind, envelope, "bank.test")?;
        assert!(refused.starts_with("550 5.7.26"), "not known yet: {refused}");
        for number in 0..12 {
            let mut client = smtp::Client::connect(postfix.address, smtp::Dialect::Smtp)?;
            let message = smtp::for_wire(letter(AUTHORS[number % 3], number).as_bytes());
            client.deliver(envelope, &["sales@trade.test"], &message)?.expect(250)?;
            client.quit()?;
            arrived += 1;
        }
        wait_until("what is signed", PATIENCE, || {
            Ok((tradewind.imap("sales")?.count("INBOX")? == arrived).then_some(()))
        })
        .map_err(|failure| failure.during(&postfix.log_tail()))?;
        // What was learned is written at a stop.
        tradewind.stop()?;
        tradewind.restart()?;
        let before = tradewind.imap("sales")?.count("Junk")?;
        // What the relay broke is not thrown away, but neither believed.
        for author in ["bank.test", "ann.test"] {
            let taken = unsigned(&tradewind, envelope, author)?;
            assert!(taken.starts_with("250 "), "{envelope} {author}: {taken}");
        }
        let mut session = tradewind.imap("sales")?;
        assert_eq!((session.count("INBOX")?, session.count("Junk")?), (arrived, before + 2));
        session.command("SELECT Junk")?.ok()?;
        let field = session.ask("FETCH * BODY.PEEK[HEADER.FIELDS (Authentication-Results)]")?.ok()?.text();
        assert!(field.contains("dmarc=fail"), "{field}");
        // Strangers who forge it from another host, or under another name of the envelope, are refused as ever.
        let elsewhere = from_elsewhere(&tradewind, envelope, "bank.test")?;
        assert!(elsewhere.contains("550 5.7.26"), "{elsewhere}");
        let other = unsigned(&tradewind, "a@other.test", "bank.test")?;
        assert!(other.starts_with("550 5.7.26"), "{other}");
    }
    Ok(())
}
