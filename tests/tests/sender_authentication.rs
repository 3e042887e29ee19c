//! What becomes of strangers' mail: checked against a real name server, at the running server.

use harness::{Bind, Options, Outcome, Tradewind, require, smtp};

/// The whole of DNS: what is not here does not exist.
const ROOT: &str = "\
ns.invalid. A 127.0.0.1
good.test. TXT \"v=spf1 ip4:127.0.0.1 -all\"
_dmarc.good.test. TXT \"v=DMARC1; p=reject\"
reject.test. TXT \"v=spf1 -all\"
_dmarc.reject.test. TXT \"v=DMARC1; p=reject; sp=none\"
below.reject.test. A 192.0.2.1
quarantine.test. TXT \"v=spf1 -all\"
_dmarc.quarantine.test. TXT \"v=DMARC1; p=quarantine\"
none.test. TXT \"v=spf1 ?all\"
_dmarc.none.test. TXT \"v=DMARC1; p=none\"
hard.test. TXT \"v=spf1 -all\"
unsaid.test. A 192.0.2.1
broken.test. NS ns.invalid.
";

/// A zone that the server cannot load: it answers SERVFAIL.
const BROKEN: (&str, &str) = ("broken.test", "@ NONSENSE");

fn start(level: &str) -> Outcome<(Bind, Tradewind)> {
    let names = Bind::start(&[(".", ROOT), BROKEN])?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("dns", "timeout_seconds", "1");
    let tradewind = Tradewind::start(options)?;
    tradewind.command(&["organisation", "level", level])?.success()?;
    Ok((names, tradewind))
}

/// Sends a letter with these header fields; what the server says to it in the end.
fn send(tradewind: &Tradewind, sender: &str, fields: &str) -> Outcome<String> {
    let letter = format!("{fields}To: <sales@trade.test>\r\nSubject: order\r\n\r\nTen pieces.\r\n");
    let reply = tradewind.smtp()?.deliver(sender, &["sales@trade.test"], &smtp::for_wire(letter.as_bytes()))?;
    Ok(reply.to_string())
}

/// How many messages are in the mailbox.
fn count(tradewind: &Tradewind, mailbox: &str) -> Outcome<u64> {
    tradewind.imap("sales")?.count(mailbox)
}

#[test]
fn policies_of_authors_are_kept() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = start("basic")?;
    let (mut inbox, mut junk) = (0, 0);
    for (sender, from, expected, place) in [
        ("a@good.test", "a@good.test", "250", "INBOX"),
        ("a@good.test", "a@reject.test", "550 5.7.26", ""),
        ("a@reject.test", "a@reject.test", "550 5.7.26", ""),
        // Its record says that names below it ask for nothing.
        ("a@good.test", "a@below.reject.test", "250", "INBOX"),
        ("a@good.test", "a@quarantine.test", "250", "Junk"),
        ("a@good.test", "a@none.test", "250", "INBOX"),
        ("a@hard.test", "a@hard.test", "250", "INBOX"),
        ("a@unsaid.test", "a@unsaid.test", "250", "INBOX"),
        ("", "a@unsaid.test", "250", "INBOX"),
        ("a@broken.test", "a@broken.test", "451 4.4.3", ""),
        ("a@good.test", "a@broken.test", "451 4.4.3", ""),
    ] {
        let answer = send(&tradewind, sender, &format!("From: <{from}>\r\n"))?;
        assert!(answer.starts_with(expected), "{sender} {from}: {answer}");
        inbox += u64::from(place == "INBOX");
        junk += u64::from(place == "Junk");
        assert_eq!((count(&tradewind, "INBOX")?, count(&tradewind, "Junk")?), (inbox, junk), "{sender} {from}");
    }
    Ok(())
}

#[test]
fn higher_levels_are_stricter() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = start("trade")?;
    let two = "From: <a@good.test>\r\nFrom: <b@reject.test>\r\n";
    let answer = send(&tradewind, "a@good.test", two)?;
    assert!(answer.starts_with("550 5.7.1 "), "{answer}");
    assert!(send(&tradewind, "a@hard.test", "From: <a@hard.test>\r\n")?.starts_with("250"));
    // Above `basic` a password alone opens no mailbox: the level is lowered for the look.
    tradewind.command(&["organisation", "level", "basic"])?.success()?;
    assert_eq!((count(&tradewind, "INBOX")?, count(&tradewind, "Junk")?), (0, 1));
    Ok(())
}

#[test]
fn results_are_ours_alone() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = start("basic")?;
    let forged = "Authentication-Results: mail.trade.test; dmarc=pass header.from=bank.test\r\n\
                  authentication-results: MAIL.trade.test.\r\n 1; spf=pass\r\n\
                  Authentication-Results: elsewhere.test; dkim=pass\r\n";
    let answer = send(&tradewind, "a@good.test", &format!("{forged}From: <a@good.test>\r\n"))?;
    assert!(answer.starts_with("250"), "{answer}");
    let mut client = tradewind.imap("sales")?;
    client.ask("SELECT INBOX")?.ok()?;
    let message = client.ask("FETCH 1 BODY.PEEK[]")?.ok()?.text();
    let fields: Vec<&str> =
        message.match_indices("Authentication-Results:").map(|(at, _)| &message[at..at + 60]).collect();
    assert_eq!(fields.len(), 2, "{message}");
    assert!(fields[0].starts_with("Authentication-Results: mail.trade.test;\r\n\tiprev="), "{message}");
    assert!(fields[1].starts_with("Authentication-Results: elsewhere.test;"), "{message}");
    assert!(!message.contains("bank.test"), "{message}");
    for expected in ["spf=pass smtp.mailfrom=a@good.test", "dmarc=pass header.from=good.test", "dkim=none", "arc=none"]
    {
        assert!(message.contains(expected), "{expected}\n{message}");
    }
    // Above our Received field, below the Return-Path (RFC 8601 section 4.1).
    let place = |name: &str| message.find(name).unwrap_or(usize::MAX);
    assert!(
        place("Return-Path:") < place("Authentication-Results:")
            && place("Authentication-Results:") < place("Received:")
    );
    Ok(())
}

#[test]
fn without_any_dns_mail_waits_or_is_taken_as_set() -> Outcome {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0")?;
    let named = Options::default().set("dns", "servers", &format!("[\"{}\"]", silent.local_addr()?)).set(
        "dns",
        "timeout_seconds",
        "1",
    );
    let tradewind = Tradewind::start(named)?;
    let answer = send(&tradewind, "a@good.test", "From: <a@good.test>\r\n")?;
    assert!(answer.starts_with("451 4.4.3"), "servers were named, so they are waited for: {answer}");
    Ok(())
}

#[test]
fn long_messages_are_checked_as_short_ones() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = start("basic")?;
    let long = format!("Subject: drawings\r\n\r\n{}", "Ten pieces of each size, as drawn.\r\n".repeat(20_000));
    for (sender, expected) in [("a@good.test", "250"), ("a@reject.test", "550 5.7.26"), ("a@broken.test", "451 4.4.3")]
    {
        let letter = format!("From: <{sender}>\r\nTo: <sales@trade.test>\r\n{long}");
        let reply = tradewind.smtp()?.deliver(sender, &["sales@trade.test"], &smtp::for_wire(letter.as_bytes()))?;
        assert!(reply.to_string().starts_with(expected), "{sender}: {reply}");
    }
    assert_eq!(count(&tradewind, "INBOX")?, 1);
    Ok(())
}
