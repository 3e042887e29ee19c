//! Bad input gets the RFC's error, and the connection's bounds hold.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Options, Outcome, Tradewind, wait_until};

/// Memory that the server may grow by while it is fed nonsense.
const GROWTH_BYTES_MAX: u64 = 120 << 20;

/// Memory that many parts within parts may take beyond what a plain message of the same length takes; a copy for each level would take
/// 320 MiB.
const COMPLEX_GROWTH_BYTES_MAX: u64 = 96 << 20;

/// A connection in clear.
struct Raw(TcpStream);

impl Raw {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.set_write_timeout(Some(Duration::from_secs(20)))?;
        Ok(Self(stream))
    }

    /// Sends `bytes`; false once the server has closed.
    fn send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).is_ok()
    }

    /// Everything up to a line that begins with `mark`, or to the end.
    fn read_to(&mut self, mark: &str) -> String {
        let (mut text, mut buffer) = (String::new(), [0; 4096]);
        while !text.lines().any(|line| line.starts_with(mark)) || !text.ends_with('\n') {
            match self.0.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => text.push_str(&String::from_utf8_lossy(&buffer[..count])),
            }
        }
        text
    }

    /// Everything until the server closes.
    fn read_out(&mut self) -> String {
        self.read_to("\u{0}")
    }
}

fn smtp(tradewind: &Tradewind) -> Outcome<Raw> {
    let mut raw = Raw::connect(tradewind.listen("smtp")?)?;
    raw.read_to("220");
    raw.send(b"EHLO limits.test\r\n");
    raw.read_to("250 ");
    Ok(raw)
}

fn imap(tradewind: &Tradewind) -> Outcome<Raw> {
    let mut raw = Raw::connect(tradewind.listen("imap")?)?;
    raw.read_to("* OK");
    Ok(raw)
}

#[test]
fn smtp_bounds_hold() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let before = tradewind.memory_bytes()?;
    let to = "RCPT TO:<sales@trade.test>\r\n";

    let mut raw = smtp(&tradewind)?;
    for _ in 0..10_000 {
        if !raw.send(b"NONSENSE\r\n") {
            break;
        }
    }
    let said = raw.read_out();
    assert!(said.contains("500 5.5.1") || said.contains("500 5.5.2"), "{said}");
    assert!(said.contains("421 4.7.0"), "10,000 errors: {said}");
    assert!(said.lines().count() < 100, "errors must end the connection, not fill it");

    let mut raw = smtp(&tradewind)?;
    let endless = vec![b'x'; 1 << 20];
    let mut sent = 0;
    while sent < 200 << 20 && raw.send(&endless) {
        sent += endless.len();
    }
    assert!(sent < 200 << 20, "an endless line must be cut off");

    let mut raw = smtp(&tradewind)?;
    raw.send(format!("MAIL FROM:<a@b.example>\r\n{to}DATA\r\n").as_bytes());
    raw.read_to("354");
    let line = [&b"X-Endless: "[..], &[b'y'; 900], b"\r\n"].concat().repeat(1000);
    let mut sent = 0_u64;
    while sent < 400 << 20 && raw.send(&line) {
        sent += line.len() as u64;
    }
    assert!(sent < 400 << 20, "an endless header must be cut off");

    for (what, bytes) in [
        ("NUL", &b"MAIL FROM:<a\0b@c.example>\r\n"[..]),
        ("bare CR", b"MAIL FROM:<a@c.example>\rRCPT TO:<b@c.example>\r\n"),
        ("bare LF", b"NOOP\nNOOP\r\n"),
    ] {
        let mut raw = smtp(&tradewind)?;
        raw.send(bytes);
        let said = raw.read_to("5");
        assert!(said.starts_with('5'), "{what}: {said}");
    }

    let grown = tradewind.memory_bytes()?.saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "the server grew by {grown} bytes");
    tradewind.command(&["store", "check", "--deep"])?.success()?;
    Ok(())
}

/// RFC 5321 section 4.5.3.1.10: too many recipients are refused with 452, and what was taken before stays taken.
#[test]
fn a_hundred_thousand_recipients_are_refused_and_cut_off() -> Outcome {
    const RECIPIENTS: usize = 100_000;
    let options = Options::default().set("smtp", "recipients_max", "100");
    let tradewind = Tradewind::start(options)?;
    let before = tradewind.memory_bytes()?;
    let mut raw = smtp(&tradewind)?;
    raw.send(b"MAIL FROM:<a@b.example>\r\n");
    raw.read_to("250");
    let mut reader = Raw(raw.0.try_clone()?);
    let replies = thread::spawn(move || reader.read_out());
    let batch = "RCPT TO:<sales@trade.test>\r\n".repeat(1000);
    let mut open = true;
    for _ in 0..RECIPIENTS / 1000 {
        open = open && raw.send(batch.as_bytes());
    }
    let replies = replies.join().expect("the reader does not panic");
    let taken = replies.lines().filter(|line| line.starts_with("250")).count();
    assert_eq!(taken, 100);
    assert!(replies.contains("452 4.5.3"), "{replies}");
    assert!(replies.lines().count() < RECIPIENTS && replies.contains("421"), "nobody may go on for ever");
    let grown = tradewind.memory_bytes()?.saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "the server grew by {grown} bytes");
    Ok(())
}

#[test]
fn connections_from_one_address_are_counted() -> Outcome {
    let tradewind = Tradewind::start(Options::default().set("smtp", "connections_per_address_max", "10"))?;
    let mut held = (0..10).map(|_| smtp(&tradewind)).collect::<Outcome<Vec<_>>>()?;
    let mut refused = Raw::connect(tradewind.listen("smtp")?)?;
    let said = refused.read_out();
    assert!(said.starts_with("421 4.7"), "{said}");
    for raw in &mut held {
        raw.send(b"NOOP\r\n");
        assert!(raw.read_to("250").starts_with("250"), "those that were there first go on");
    }
    drop(held);
    wait_until("room after they left", Duration::from_secs(5), || Ok(tradewind.smtp().ok()))?.quit()
}

#[test]
fn smuggled_messages_are_refused_whole() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    for end in ["\n.\n", "\r\n.\n", "\n.\r\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\0\r\n.\r\n\0"] {
        let mut raw = smtp(&tradewind)?;
        raw.send(b"MAIL FROM:<a@b.example>\r\nRCPT TO:<sales@trade.test>\r\nDATA\r\n");
        raw.read_to("354");
        let inner =
            "MAIL FROM:<ceo@trade.test>\r\nRCPT TO:<finance@trade.test>\r\nDATA\r\nSubject: pay\r\n\r\nnow\r\n.\r\n";
        raw.send(format!("Subject: outer\r\n\r\nbody{end}{inner}").as_bytes());
        let said = raw.read_to("5");
        assert!(said.starts_with("55") || said.starts_with("50"), "{end:?}: {said}");
    }
    for role in ["sales", "finance"] {
        assert_eq!(tradewind.imap(role)?.count("INBOX")?, 0, "{role} got a smuggled message");
    }
    Ok(())
}

#[test]
fn commands_behind_starttls_are_not_executed() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let mut raw = smtp(&tradewind)?;
    raw.send(b"STARTTLS\r\nNOOP\r\nMAIL FROM:<a@b.example>\r\n");
    let said = raw.read_to("\u{0}");
    assert!(!said.contains("250"), "SMTP executed what was injected: {said}");
    let mut raw = imap(&tradewind)?;
    raw.send(b"a STARTTLS\r\nb NOOP\r\n");
    let said = raw.read_to("\u{0}");
    assert!(!said.contains("b OK"), "IMAP executed what was injected: {said}");
    Ok(())
}

#[test]
fn imap_bounds_hold() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let before = tradewind.memory_bytes()?;

    let mut raw = imap(&tradewind)?;
    for _ in 0..10_000 {
        if !raw.send(b"a NONSENSE\r\n") {
            break;
        }
    }
    let said = raw.read_out();
    assert!(said.contains("a BAD") && said.contains("* BYE") && said.lines().count() < 100, "{said}");

    let mut raw = imap(&tradewind)?;
    while raw.send(&vec![b'x'; 1 << 20]) {}
    assert!(raw.read_out().contains("BYE"), "an endless line");

    let mut session = tradewind.imap("sales")?;
    let said = session.send("APPEND INBOX {1073741824}")?;
    let answer = session.answer(&said, false);
    assert!(answer.is_ok_and(|answer| answer.ok().is_err()), "a literal of 1 GiB must be refused before it is sent");

    // A non-synchronising one is on its way already (RFC 7888 section 4): the connection ends before all of it came.
    let mut session = tradewind.imap("sales")?;
    session.send("APPEND INBOX {1073741824+}")?;
    let (piece, mut sent) = (vec![b'x'; 1 << 20], 0_usize);
    while sent < 1 << 30 && session.stream.send(&piece).is_ok() {
        sent += piece.len();
    }
    assert!(sent < 1 << 30, "all of a literal of 1 GiB was taken");

    let mut raw = imap(&tradewind)?;
    raw.send(b"a LOGIN {1073741824}\r\n");
    let said = raw.read_to("a ");
    assert!(said.starts_with("a BAD") || said.starts_with("a NO"), "before sign-in: {said}");

    let grown = tradewind.memory_bytes()?.saturating_sub(before);
    assert!(grown < GROWTH_BYTES_MAX, "the server grew by {grown} bytes");
    Ok(())
}

#[test]
fn a_slow_client_is_cut_off_and_harms_nobody() -> Outcome {
    let options = Options::default().set("smtp", "idle_seconds", "2").set("imap", "command_seconds", "2");
    let tradewind = Tradewind::start(options)?;
    let mut slow = smtp(&tradewind)?;
    slow.send(b"MAIL FR");
    let began = Instant::now();
    let said = slow.read_out();
    assert!(said.contains("421 4.4.2"), "{said}");
    assert!(began.elapsed() < Duration::from_secs(10));
    let mut slow = imap(&tradewind)?;
    slow.send(b"a LOG");
    assert!(slow.read_out().contains("BYE"));
    tradewind.smtp()?.quit()
}

#[test]
fn a_header_has_a_limit() -> Outcome {
    let tradewind = Tradewind::start(Options::default().set("smtp", "header_bytes_max", "65536"))?;
    let fields = |count: usize| "X-Filler: sixty-four octets of nothing that anybody wants to read..\r\n".repeat(count);
    for (header, expected) in [(fields(900), "250"), (fields(1000), "552 5.3.4")] {
        let letter = format!("From: <a@b.example>\r\n{header}\r\nTen pieces.\r\n");
        let body = harness::smtp::for_wire(letter.as_bytes());
        let reply = tradewind.smtp()?.deliver("a@b.example", &["sales@trade.test"], &body)?;
        assert!(reply.to_string().starts_with(expected), "{reply}");
    }
    // What stands in the body is none of it.
    let letter = format!("From: <a@b.example>\r\n\r\n{}", fields(2000));
    let body = harness::smtp::for_wire(letter.as_bytes());
    tradewind.smtp()?.deliver("a@b.example", &["sales@trade.test"], &body)?.expect(250)?;
    Ok(())
}

/// A text of `bytes` within `depth` multiparts, around which attached messages stand in turn.
fn nested(depth: usize, bytes: usize) -> Vec<u8> {
    let mut message = format!("Subject: innermost\r\n\r\n{}", "Ten pieces.\r\n".repeat(bytes / 13));
    for level in 0..depth {
        message = if level % 2 == 0 {
            format!(
                "Content-Type: multipart/mixed; boundary=\"b{level}.\"\r\n\r\n--b{level}.\r\n{message}\r\n--b{level}.--\r\n"
            )
        } else {
            format!("Content-Type: message/rfc822\r\n\r\n{message}")
        };
    }
    format!("From: <sales@trade.test>\r\nMIME-Version: 1.0\r\n{message}").into_bytes()
}

fn of_parts(parts: usize) -> Vec<u8> {
    let parts: String = (0..parts).map(|number| format!("--b\r\n\r\npart {number}\r\n")).collect();
    format!("From: <sales@trade.test>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n")
        .into_bytes()
}

#[test]
fn messages_of_too_many_levels_or_parts_are_refused() -> Outcome {
    let tradewind = Tradewind::start(Options::default().set("smtp", "mime_parts_max", "100"))?;
    let long = 10 << 20;
    let send = |message: &[u8], expected: &str| -> Outcome {
        let wire = harness::smtp::for_wire(message);
        for mut client in [tradewind.smtp()?, tradewind.submission("sales")?] {
            let said = client.deliver("sales@trade.test", &["finance@trade.test"], &wire)?.to_string();
            assert!(said.replace("5.6.0 ", "").starts_with(expected), "{} bytes, {expected}: {said}", message.len());
        }
        Ok(())
    };
    // What a message of that length takes that has one part.
    send(&nested(0, long), "250 ")?;
    let flat = tradewind.memory_peak_bytes()?;
    for (message, expected) in [
        (nested(32, 100), "250 "),
        (nested(33, 100), "554 The message has parts nested more than 32 deep; "),
        (nested(1000, 100), "554 The message has parts nested more than 32 deep; "),
        (nested(32, long), "250 "),
        (nested(33, long), "554 "),
        (of_parts(99), "250 "),
        (of_parts(100), "554 The message has more than 100 parts; "),
        (of_parts(30_000), "554 The message has more than 100 parts; "),
    ] {
        send(&message, expected)?;
    }
    let grown = tradewind.memory_peak_bytes()?.saturating_sub(flat);
    assert!(grown < COMPLEX_GROWTH_BYTES_MAX, "memory grew by {grown} bytes beyond {flat}");
    // What was taken can be read to its innermost part.
    let mut session = tradewind.imap("finance")?;
    session.command("SELECT INBOX")?.ok()?;
    let structure = session.ask("FETCH 3 BODYSTRUCTURE")?.ok()?.text().to_ascii_lowercase();
    assert_eq!(structure.matches("\"rfc822\"").count(), 16, "{structure}");
    Ok(())
}
