//! Allow and deny lists at the running server, set from the command line.

use harness::{Bind, Options, Outcome, Tradewind, require, smtp};
use serde_json::Value;

const ROOT: &str = "\
ns.invalid. A 127.0.0.1
broken.test. NS ns.invalid.
good.test. TXT \"v=spf1 ip4:127.0.0.1 -all\"
_dmarc.good.test. TXT \"v=DMARC1; p=reject\"
reject.test. TXT \"v=spf1 -all\"
_dmarc.reject.test. TXT \"v=DMARC1; p=reject\"
hard.test. TXT \"v=spf1 -all\"
";

/// A zone that the server cannot load: it answers SERVFAIL.
const BROKEN: (&str, &str) = ("broken.test", "@ NONSENSE");

fn start() -> Outcome<(Bind, Tradewind)> {
    let names = Bind::start(&[(".", ROOT), BROKEN])?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("dns", "timeout_seconds", "1");
    Ok((names, Tradewind::start(options)?))
}

fn list(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let answer = tradewind.command(&[&["--json", "list"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(answer.stdout.trim())?)
}

fn add(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    list(tradewind, &[&["add"], arguments, &["--reason", "a test", "--owner", "li"]].concat())
}

/// The last answer to a letter of `from`, announced by `sender`; that to MAIL FROM if it was refused.
fn send(tradewind: &Tradewind, sender: &str, from: &str) -> Outcome<String> {
    let letter = format!("From: <{from}>\r\nTo: <sales@trade.test>\r\nSubject: order\r\n\r\nTen pieces.\r\n");
    let mut client = tradewind.smtp()?;
    let announced = client.command(&format!("MAIL FROM:<{sender}>"))?;
    if announced.code != 250 {
        return Ok(format!("MAIL {announced}"));
    }
    client.command("RSET")?;
    Ok(client.deliver(sender, &["sales@trade.test"], &smtp::for_wire(letter.as_bytes()))?.to_string())
}

fn counts(tradewind: &Tradewind) -> Outcome<(u64, u64)> {
    let mut client = tradewind.imap("sales")?;
    Ok((client.count("INBOX")?, client.count("Junk")?))
}

#[test]
fn denied_senders_are_refused_as_soon_as_they_are_known() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = start()?;
    add(&tradewind, &["deny", "domain", "good.test"])?;
    add(&tradewind, &["allow", "address", "li@good.test"])?;
    add(&tradewind, &["deny", "domain", "broken.test"])?;
    add(&tradewind, &["allow", "address", "li@broken.test"])?;
    for (sender, from, expected) in [
        ("a@good.test", "a@good.test", "MAIL 550 5.7.1 "),
        ("a@sub.good.test", "a@good.test", "MAIL 550 5.7.1 "),
        // Only the message shows these authors.
        ("a@other.test", "a@good.test", "550 5.7.1 "),
        ("", "a@good.test", "550 5.7.1 "),
        ("li@good.test", "li@good.test", "250 "),
        ("li@good.test", "a@good.test", "550 5.7.1 "),
        ("a@other.test", "a@other.test", "250 "),
        // It may be the allowed sender's, which only DNS can say.
        ("li@broken.test", "li@broken.test", "451 4.4.3 "),
        ("a@broken.test", "a@broken.test", "MAIL 550 5.7.1 "),
    ] {
        let answer = send(&tradewind, sender, from)?;
        assert!(answer.starts_with(expected), "{sender} {from}: {answer}");
    }
    list(&tradewind, &["remove", "deny", "domain", "GOOD.test"])?;
    assert!(send(&tradewind, "a@good.test", "a@good.test")?.starts_with("250 "), "removed");
    add(&tradewind, &["deny", "network", "127.0.0.0/8"])?;
    assert!(send(&tradewind, "a@good.test", "a@good.test")?.starts_with("MAIL 550 5.7.1 "));
    // People who have signed in are not strangers.
    let own = tradewind.account("finance")?.address;
    let letter = format!("From: <{own}>\r\nTo: <sales@trade.test>\r\nSubject: inside\r\n\r\nHello.\r\n");
    let sent =
        tradewind.submission("finance")?.deliver(&own, &["sales@trade.test"], &smtp::for_wire(letter.as_bytes()))?;
    assert_eq!(sent.code, 250, "{sent}");
    Ok(())
}

#[test]
fn an_allowed_domain_counts_only_for_its_own_messages() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = start()?;
    let level = |level: &str| tradewind.command(&["organisation", "level", level])?.success().map(drop);
    level("trade")?;
    // Above `basic` a password alone opens no mailbox: the level is lowered for the look.
    let counts_at_trade = || -> Outcome<(u64, u64)> {
        level("basic")?;
        let counted = counts(&tradewind)?;
        level("trade")?;
        Ok(counted)
    };
    let hard = || send(&tradewind, "a@hard.test", "a@hard.test");
    assert!(hard()?.starts_with("250 "));
    assert_eq!(counts_at_trade()?, (0, 1), "the level asks for Junk");
    add(&tradewind, &["allow", "domain", "hard.test"])?;
    assert!(hard()?.starts_with("250 "));
    assert_eq!(counts_at_trade()?, (0, 2), "nobody vouches for it");
    list(&tradewind, &["remove", "allow", "domain", "hard.test"])?;
    add(&tradewind, &["allow", "domain", "hard.test", "--unauthenticated"])?;
    assert!(tradewind.log_tail().contains("list-entry-trusts-unauthenticated"), "{}", tradewind.log_tail());
    assert!(hard()?.starts_with("250 "));
    assert_eq!(counts_at_trade()?, (1, 2), "the entry says that nobody needs to");

    // A domain's own policy is kept, unless the entry says otherwise.
    let forged = || send(&tradewind, "a@reject.test", "a@reject.test");
    add(&tradewind, &["allow", "network", "127.0.0.1"])?;
    add(&tradewind, &["allow", "domain", "reject.test", "--unauthenticated"])?;
    assert!(forged()?.starts_with("550 5.7.26 "));
    list(&tradewind, &["remove", "allow", "domain", "reject.test"])?;
    add(&tradewind, &["allow", "domain", "reject.test", "--unauthenticated", "--despite-policy"])?;
    assert!(forged()?.starts_with("250 "));
    assert_eq!(counts_at_trade()?, (2, 2));
    Ok(())
}

#[test]
fn entries_tell_who_made_them_why_and_until_when() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let added = add(&tradewind, &["deny", "key", "K1._domainkey.Bulk.test", "--expires", "30"])?;
    assert_eq!((&added["value"], &added["owner"]), (&"k1._domainkey.bulk.test".into(), &"li".into()), "{added}");
    assert!(added["expires"].is_string(), "{added}");
    let shown = list(&tradewind, &["show"])?;
    assert_eq!(shown, Value::from(vec![added]));
    for refused in [
        &["list", "add", "deny", "key", "k1._domainkey.bulk.test", "--reason", "again"][..],
        &["list", "add", "deny", "domain", "x.test"],
        &["list", "add", "deny", "domain", "x.test", "--reason", ""],
        &["list", "add", "block", "domain", "x.test", "--reason", "r"],
        &["list", "remove", "deny", "domain", "x.test"],
    ] {
        assert!(tradewind.command(refused)?.success().is_err(), "{refused:?}");
    }
    Ok(())
}
