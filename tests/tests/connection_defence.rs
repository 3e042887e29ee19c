//! What strangers cannot do at port 25.

use std::time::{Duration, Instant};

use harness::{Bind, Options, Outcome, Sink, SlowNames, Stream, Tradewind, require, smtp};

/// What published scanners of SMTP smuggling try as the end of a message, beside the real one, and their kin with NUL.
const FALSE_ENDS: &[&str] = &[
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\r",
    "\r.\n",
    "\n.\r",
    "\n\n.\r\n",
    "\r\n\n.\r\n",
    "\r\n.\n\r\n",
    "\r\r\n.\r\r\n",
    "\r\n.\r\r\n",
    "\r\n\r.\r\n",
    "\r\n\0.\r\n",
    "\r\n.\0\r\n",
    "\r\n.\r\0\n",
    "\r\0\n.\r\n",
    "\0\r\n.\0\r\n",
    "\n\0.\n",
    "\r\n.\u{85}\r\n",
    "\r\n.\u{2028}\r\n",
    "\r\n. \r\n",
    "\r\n .\r\n",
    "\r\n..\r\n",
];

const SMUGGLED: &str = "MAIL FROM:<ceo@trade.test>\r\nRCPT TO:<sales@trade.test>\r\nDATA\r\n\
                        From: <ceo@trade.test>\r\nSubject: smuggled\r\n\r\nPay now.";

fn letter(end: &str) -> String {
    format!("From: <a@other.test>\r\nSubject: outer\r\n\r\nHello.{end}{SMUGGLED}\r\n.\r\n")
}

/// Replies to DATA with `letter`, which goes out in pieces that end at each of `cuts`; every code until the connection is quiet.
fn send_raw(tradewind: &Tradewind, letter: &[u8], cuts: &[usize]) -> Outcome<Vec<u16>> {
    let mut client = tradewind.smtp()?;
    client.command("MAIL FROM:<a@other.test>")?.expect(250)?;
    client.command("RCPT TO:<sales@trade.test>")?.expect(250)?;
    client.command("DATA")?.expect(354)?;
    let mut start = 0;
    for cut in cuts.iter().copied().chain([letter.len()]) {
        client.stream.send(&letter[start..cut])?;
        std::thread::sleep(Duration::from_millis(if cuts.is_empty() { 0 } else { 5 }));
        start = cut;
    }
    client.stream.send(b"NOOP\r\nQUIT\r\n")?;
    let mut codes = Vec::new();
    loop {
        let code = client.reply()?.code;
        codes.push(code);
        if code == 221 {
            return Ok(codes);
        }
    }
}

fn subjects(tradewind: &Tradewind) -> Outcome<String> {
    let mut client = tradewind.imap("sales")?;
    let mut text = String::new();
    for mailbox in ["INBOX", "Junk"] {
        if client.count(mailbox)? > 0 {
            client.ask(&format!("SELECT {mailbox}"))?.ok()?;
            text.push_str(&client.ask("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]")?.ok()?.text());
        }
    }
    Ok(text)
}

#[test]
fn no_false_end_lets_a_second_message_in() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    for end in FALSE_ENDS {
        let letter = letter(end);
        let at = letter.find(end).unwrap_or_default();
        let borders: Vec<usize> = (at..=at + end.len()).collect();
        for cuts in [&[][..], &borders] {
            let codes = send_raw(&tradewind, letter.as_bytes(), cuts)?;
            // One answer for the whole of it, then NOOP and QUIT.
            assert!(matches!(codes[..], [250 | 554, 250, 221]), "{end:?} {cuts:?}: {codes:?}");
        }
    }
    let subjects = subjects(&tradewind)?;
    assert!(subjects.contains("outer"), "some are ordinary text: {subjects}");
    assert!(!subjects.contains("smuggled"), "{subjects}");
    Ok(())
}

#[test]
fn no_false_end_in_a_chunk_lets_a_second_message_in() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    for end in FALSE_ENDS.iter().chain(&["\r\n.\r\n"]) {
        let letter = letter(end);
        let (first, second) = letter.as_bytes().split_at(letter.find(end).unwrap_or_default() + end.len() / 2);
        let mut client = tradewind.smtp()?;
        client.command("MAIL FROM:<a@other.test>")?.expect(250)?;
        client.command("RCPT TO:<sales@trade.test>")?.expect(250)?;
        let mut wire = format!("BDAT {}\r\n", first.len()).into_bytes();
        wire.extend_from_slice(first);
        // DATA within a chunked message is out of order, and no way to end it.
        wire.extend_from_slice(b"DATA\r\n");
        wire.extend_from_slice(format!("BDAT {} LAST\r\n", second.len()).as_bytes());
        wire.extend_from_slice(second);
        wire.extend_from_slice(b"NOOP\r\nQUIT\r\n");
        client.stream.send(&wire)?;
        let mut codes = Vec::new();
        while codes.last() != Some(&221) {
            codes.push(client.reply()?.code);
        }
        assert_eq!(codes.len(), 5, "{end:?}: {codes:?}");
        assert!(codes[1] == 503 && codes[3..] == [250, 221], "{end:?}: {codes:?}");
    }
    assert!(!subjects(&tradewind)?.contains("smuggled"));
    Ok(())
}

#[test]
fn nothing_is_smuggled_out_through_us() -> Outcome {
    let sink = Sink::start()?;
    let tradewind = Tradewind::start(Options::default().route("elsewhere.test", sink.address))?;
    let own = tradewind.account("sales")?.address;
    let mut taken = 0;
    // The other server takes seven bits only.
    for end in FALSE_ENDS.iter().filter(|end| end.is_ascii()) {
        let body = format!("From: <{own}>\r\nSubject: outer\r\n\r\nHello.{end}{SMUGGLED}\r\n.\r\n");
        let reply = tradewind.submission("sales")?.deliver(&own, &["li@elsewhere.test"], body.as_bytes())?;
        assert!(matches!(reply.code, 250 | 554), "{end:?}: {reply}");
        taken += usize::from(reply.code == 250);
    }
    // A line with a lone dot travels with a second one.
    let stuffed =
        smtp::for_wire(format!("From: <{own}>\r\nSubject: outer\r\n\r\nHello.\r\n.\r\n{SMUGGLED}\r\n").as_bytes());
    tradewind.submission("sales")?.deliver(&own, &["li@elsewhere.test"], &stuffed)?.expect(250)?;
    harness::wait_until("all arrive", Duration::from_secs(30), || Ok((sink.messages()?.len() > taken).then_some(())))?;
    let messages = sink.messages()?;
    assert_eq!(messages.len(), taken + 1, "one each, and none that was smuggled");
    for message in messages {
        assert!(!message.replace("\r\n", "").contains(['\r', '\n', '\0']), "{message:?}");
    }
    Ok(())
}

fn limited(setting: &str) -> Options {
    Options::default().set("smtp", "exempt_networks", "[]").set("smtp", setting, "2")
}

#[test]
fn a_network_that_sends_too_many_messages_waits() -> Outcome {
    let tradewind = Tradewind::start(limited("messages_per_network_minute_max"))?;
    let mut client = tradewind.smtp()?;
    for expected in [250, 250, 451] {
        let reply = client.command("MAIL FROM:<a@other.test>")?;
        assert_eq!(reply.code, expected, "{reply}");
        client.command("RSET")?.expect(250)?;
    }
    let reply = tradewind.smtp()?.command("MAIL FROM:<b@other.test>")?;
    assert_eq!(reply.to_string(), "451 4.7.0 Too many messages from your network, try again later");
    // Who has signed in is not a stranger.
    let own = tradewind.account("sales")?.address;
    for _ in 0..5 {
        let mut client = tradewind.submission("sales")?;
        client.command(&format!("MAIL FROM:<{own}>"))?.expect(250)?;
    }
    let allow = ["list", "add", "allow", "network", "127.0.0.0/8", "--reason", "our relay"];
    tradewind.command(&allow)?.success()?;
    tradewind.smtp()?.command("MAIL FROM:<b@other.test>")?.expect(250)?;
    assert_eq!(tradewind.figure("tradewind_smtp_slowed_down_total")?, 2);
    Ok(())
}

#[test]
fn a_network_that_connects_too_often_waits() -> Outcome {
    let tradewind = Tradewind::start(limited("connections_per_network_minute_max"))?;
    let _connections = [tradewind.smtp()?, tradewind.smtp()?];
    let mut third = Stream::connect(tradewind.listen("smtp")?)?;
    let line = String::from_utf8_lossy(third.line()?).into_owned();
    assert!(line.starts_with("421 4.7.0 Too many connections from your network"), "{line}");
    assert!(third.is_closed());
    tradewind.submission("sales")?.command("NOOP")?.expect(250)?;
    Ok(())
}

/// Lists: one that lists every client here, one that is dead and answers with a host's address, one that refuses, one that fails.
const LISTS: &str = "\
ns.invalid. A 127.0.0.1
1.0.0.127.bad.test. A 127.0.0.2
1.0.0.127.little.test. A 127.0.0.3
1.0.0.127.dead.test. A 192.0.2.1
1.0.0.127.refusing.test. A 127.255.255.254
1.0.0.127.in-addr.arpa. PTR localhost.test.
localhost.test. A 127.0.0.1
broken.test. NS ns.invalid.
";

fn with_lists(lists: &str) -> Outcome<(Bind, Tradewind)> {
    let names = Bind::start(&[(".", LISTS), ("broken.test", "@ NONSENSE")])?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("smtp", "exempt_networks", "[]")
        .set("smtp", "greylist_seconds", "2")
        .set("smtp", "greeting_pause_seconds", "2")
        .set("smtp", "dns_lists", lists);
    Ok((names, Tradewind::start(options)?))
}

/// The answer to RCPT TO of a stranger that calls itself `helo`.
fn recipient(tradewind: &Tradewind, helo: &str, sender: &str) -> Outcome<String> {
    let mut client = tradewind.smtp()?;
    client.command(&format!("EHLO {helo}"))?.expect(250)?;
    client.command(&format!("MAIL FROM:<{sender}>"))?.expect(250)?;
    Ok(client.command("RCPT TO:<sales@trade.test>")?.to_string())
}

#[test]
fn only_suspicious_clients_must_come_back_and_only_once() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = with_lists("[\"dead.test\", \"refusing.test\", \"broken.test\", \"bad.test=2\"]")?;
    // Two points of the list are not enough, two more for the name are.
    assert!(recipient(&tradewind, "mx.other.test", "a@other.test")?.starts_with("250 "));
    let first = Instant::now();
    assert_eq!(recipient(&tradewind, "nobody", "a@other.test")?, "451 4.7.1 Greylisted: try again later");
    if first.elapsed() < Duration::from_secs(1) {
        assert!(recipient(&tradewind, "nobody", "a@other.test")?.starts_with("451 4.7.1 "), "too early");
    }
    let passes = || Ok(recipient(&tradewind, "nobody", "a@other.test")?.starts_with("250 ").then_some(()));
    harness::wait_until("it passes", Duration::from_secs(20), passes)?;
    assert!(recipient(&tradewind, "nobody", "a@other.test")?.starts_with("250 "), "remembered");
    assert!(recipient(&tradewind, "nobody", "b@other.test")?.starts_with("451 4.7.1 "), "another sender");
    assert!(recipient(&tradewind, "mail.trade.test", "c@other.test")?.starts_with("451 4.7.1 "), "our own name");
    // A list spares its own.
    let allow = ["list", "add", "allow", "network", "127.0.0.1", "--reason", "our relay"];
    tradewind.command(&allow)?.success()?;
    assert!(recipient(&tradewind, "nobody", "b@other.test")?.starts_with("250 "), "allowed");
    let own = tradewind.account("finance")?.address;
    let letter = smtp::for_wire(format!("From: <{own}>\r\nSubject: inside\r\n\r\nHello.\r\n").as_bytes());
    tradewind.submission("finance")?.deliver(&own, &["sales@trade.test"], &letter)?.expect(250)?;
    assert!(tradewind.figure("tradewind_smtp_greylisted_total")? >= 3);
    Ok(())
}

#[test]
fn a_listed_client_must_come_back_and_a_failing_list_counts_as_nothing() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = with_lists("[\"little.test\"]")?;
    assert!(recipient(&tradewind, "mx.other.test", "a@other.test")?.starts_with("451 4.7.1 "));
    let (_names, tradewind) = with_lists("[\"dead.test\", \"refusing.test\", \"broken.test\"]")?;
    assert!(recipient(&tradewind, "mx.other.test", "a@other.test")?.starts_with("250 "));
    // Clients of this machine are exempt unless the settings say otherwise: nothing of the above is asked for them.
    let tradewind = Tradewind::start(Options::default())?;
    assert!(recipient(&tradewind, "mail.trade.test", "a@other.test")?.starts_with("250 "));
    Ok(())
}

#[test]
fn who_speaks_before_the_greeting_is_refused_and_only_the_suspicious_wait() -> Outcome {
    require!("bind9");
    let (_names, tradewind) = with_lists("[\"little.test\"]")?;
    let mut early = Stream::connect(tradewind.listen("smtp")?)?;
    early.send(b"EHLO early.test\r\n")?;
    assert_eq!(String::from_utf8_lossy(early.line()?).trim_end(), "554 5.5.1 You spoke before the greeting");
    assert!(early.is_closed());
    let start = Instant::now();
    let mut client = tradewind.smtp()?;
    assert!(start.elapsed() >= Duration::from_secs(2), "greeted after the pause: {:?}", start.elapsed());
    let start = Instant::now();
    client.command("NONSENSE")?.expect(500)?;
    assert!(start.elapsed() >= Duration::from_secs(1), "its errors are slow: {:?}", start.elapsed());
    assert_eq!(tradewind.figure("tradewind_smtp_spoke_first_total")?, 1);
    let allow = ["list", "add", "allow", "network", "127.0.0.1", "--reason", "our relay"];
    tradewind.command(&allow)?.success()?;
    let start = Instant::now();
    tradewind.smtp()?.command("NONSENSE")?.expect(500)?;
    assert!(start.elapsed() < Duration::from_secs(1), "allowed: {:?}", start.elapsed());
    Ok(())
}

#[test]
fn a_list_that_hangs_delays_a_few_clients_a_little() -> Outcome {
    require!("bind9");
    let names = Bind::start(&[(".", LISTS)])?;
    let slow = SlowNames::before(&names, "hung", None)?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", slow.address))
        .set("dns", "validate", "false")
        .set("smtp", "exempt_networks", "[]")
        .set("smtp", "dns_lists", "[\"hung.test\", \"bad.test=2\"]");
    let tradewind = Tradewind::start(options)?;
    let mut waits = Vec::new();
    for _ in 0..8 {
        let start = Instant::now();
        tradewind.smtp()?.quit()?;
        waits.push(start.elapsed());
    }
    // RFC 5321 section 4.5.3.2.1: clients wait five minutes for the greeting.
    assert!(waits.iter().all(|wait| *wait < Duration::from_secs(5)), "{waits:?}");
    assert!(waits[3..].iter().all(|wait| *wait < Duration::from_secs(1)), "left alone after three: {waits:?}");
    // The other list is heard as before: two points of its, and two for the name.
    assert!(recipient(&tradewind, "nobody", "a@other.test")?.starts_with("451 4.7.1 "));
    assert!(recipient(&tradewind, "mx.other.test", "a@other.test")?.starts_with("250 "));
    Ok(())
}
