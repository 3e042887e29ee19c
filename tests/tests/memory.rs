//! What the server holds in memory while much goes through it: never all of it.
//!
//! The bounds are on the peak of the resident set over what the server held before.

use std::time::Duration;

use harness::{Chance, Options, Outcome, Tradewind, skip, smtp};
use store::Place;
use store::testing::server::{Database, INSTALLED};

const MIB: u64 = 1 << 20;

/// What may be held beyond the idle server by whatever streams: pages ahead, chunks, buffers of both sides, what the allocator keeps.
const STREAM_GROWTH_MAX: u64 = 48 * MIB;

/// A long message, just under the limit of 50 MiB.
const LONG_BYTES: usize = 49 << 20;

/// What may be held beyond the idle server while one long message comes in: the message once, for its structure and words are read from the whole
/// of it, and half of what streaming takes.
const RECEIVE_GROWTH_MAX: u64 = LONG_BYTES as u64 + STREAM_GROWTH_MAX / 2;

/// What judging it adds: its one attached file, decoded once for the process that looks into it.
const JUDGE_GROWTH_MAX: u64 = LONG_BYTES as u64 / 4 * 3;

/// Envelopes of one FETCH.
const ENVELOPES: u32 = 100_000;

/// MiB of opened summaries that are kept for other clients; the rest of the growth is what streaming takes.
const SUMMARIES_MIB: u64 = 8;

/// Time in which a client that does not read would let a server that does not wait pile up everything.
const NOT_READING: Duration = Duration::from_secs(3);

/// A message that compression cannot shorten: an attachment in base64.
fn long_message() -> Vec<u8> {
    let mut chance = Chance::seeded(50);
    let mut message = b"From: a@partner.example\r\nTo: sales@trade.test\r\nSubject: long\r\nMIME-Version: 1.0\r\n\
        Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        .to_vec();
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while message.len() < LONG_BYTES {
        let line = std::iter::repeat_with(|| alphabet[usize::try_from(chance.below(64)).unwrap_or(0)]);
        message.extend(line.take(76));
        message.extend_from_slice(b"\r\n");
    }
    message
}

/// A server that has done a little of everything, so that what is built at the first use is not counted.
fn warm(options: Options) -> Outcome<Tradewind> {
    let tradewind = Tradewind::start(options)?;
    let small = smtp::for_wire(&[&b"Subject: small\r\n\r\n"[..], &b"text\r\n".repeat(50_000)].concat());
    let mut client = tradewind.smtp()?;
    client.deliver("a@partner.example", &["finance@trade.test"], &small)?.expect(250)?;
    client.quit()?;
    let mut client = tradewind.imap("finance")?;
    client.command("SELECT INBOX")?.ok()?;
    client.command("FETCH 1 (ENVELOPE BODY.PEEK[])")?.ok()?;
    client.logout()?;
    Ok(tradewind)
}

/// The growth of the peak while `work` is done.
fn growth(tradewind: &Tradewind, work: impl FnOnce() -> Outcome) -> Outcome<u64> {
    tradewind.forget_peak()?;
    let before = tradewind.memory_bytes()?;
    work()?;
    let grown = tradewind.memory_peak_bytes()?.saturating_sub(before);
    eprintln!("grew by {} KiB over {} KiB", grown >> 10, before >> 10);
    Ok(grown)
}

/// Receives `message` for sales by SMTP; gives the growth.
fn receive(tradewind: &Tradewind, message: &[u8]) -> Outcome<u64> {
    let wire = smtp::for_wire(message);
    growth(tradewind, || {
        let mut client = tradewind.smtp()?;
        client.deliver("a@partner.example", &["sales@trade.test"], &wire)?.expect(250)?;
        client.quit()
    })
}

/// Fetches the first message of the mailbox, of more than `bytes`, slowly, from a server that was just started, so that no memory is left from
/// before; gives the growth.
fn fetch(tradewind: &mut Tradewind, mailbox: &str, bytes: usize) -> Outcome<u64> {
    tradewind.stop()?;
    tradewind.restart()?;
    let mut client = tradewind.imap("sales")?;
    client.command(&format!("SELECT {mailbox}"))?.ok()?;
    growth(tradewind, || {
        let tag = client.send("FETCH 1 BODY.PEEK[]")?;
        std::thread::sleep(NOT_READING);
        let answer = client.answer(&tag, false)?.ok()?;
        assert!(answer.bytes > bytes as u64, "only {} bytes came", answer.bytes);
        Ok(())
    })
}

#[test]
fn a_long_message_comes_in_held_once_and_goes_out_in_parts() -> Outcome {
    let mut tradewind = warm(Options::default())?;
    let message = long_message();
    let received = receive(&tradewind, &message)?;
    assert!(
        received < RECEIVE_GROWTH_MAX + JUDGE_GROWTH_MAX,
        "receiving a long message: the server grew by {received} bytes"
    );
    let mut client = tradewind.imap("sales")?;
    let appended = growth(&tradewind, || client.append("Archive", &[&message])?.ok().map(drop))?;
    assert!(appended < RECEIVE_GROWTH_MAX, "APPEND of a long message: the server grew by {appended} bytes");
    drop(client);
    for mailbox in ["INBOX", "Archive"] {
        let fetched = fetch(&mut tradewind, mailbox, message.len())?;
        assert!(fetched < STREAM_GROWTH_MAX, "FETCH of a long message: the server grew by {fetched} bytes");
    }
    Ok(())
}

#[test]
fn a_long_message_goes_out_in_parts_on_postgresql_too() -> Outcome {
    let Some(database) = Database::create() else { skip!("no PostgreSQL under {INSTALLED}") };
    let Place::Postgres(url) = database.place() else { skip!("a database is a place on PostgreSQL") };
    let mut tradewind = warm(Options::default().store(url.expose()))?;
    let message = long_message();
    receive(&tradewind, &message)?;
    let fetched = fetch(&mut tradewind, "INBOX", message.len())?;
    assert!(fetched < STREAM_GROWTH_MAX, "FETCH of a long message: the server grew by {fetched} bytes");
    Ok(())
}

#[test]
fn a_hundred_thousand_envelopes_wait_for_a_slow_reader() -> Outcome {
    let mut tradewind = warm(Options::default().set("imap", "summaries_mib", &SUMMARIES_MIB.to_string()))?;
    let mut client = tradewind.imap("sales")?;
    let letters: Vec<Vec<u8>> = (0..100)
        .map(|number| {
            let subject = "Order of forty valves and of the seals that belong to them";
            format!("From: Anna Rossi <anna@acme.example>\r\nTo: sales@trade.test\r\nSubject: {subject} {number}\r\n\r\nx\r\n")
                .into_bytes()
        })
        .collect();
    let letters: Vec<&[u8]> = letters.iter().map(Vec::as_slice).collect();
    client.append("INBOX", &letters)?.ok()?;
    client.command("SELECT INBOX")?.ok()?;
    let mut count = 100;
    while count < ENVELOPES {
        let more = count.min(ENVELOPES - count);
        client.command(&format!("COPY 1:{more} INBOX"))?.ok()?;
        count += more;
    }
    drop(client);
    tradewind.stop()?;
    tradewind.restart()?;
    let mut client = tradewind.imap("sales")?;
    let grown = growth(&tradewind, || {
        client.command("EXAMINE INBOX")?.ok()?;
        let tag = client.send("FETCH 1:* (UID FLAGS ENVELOPE)")?;
        std::thread::sleep(NOT_READING);
        let answer = client.answer(&tag, false)?.ok()?;
        assert_eq!(answer.untagged, usize::try_from(ENVELOPES)?);
        Ok(())
    })?;
    let bound = STREAM_GROWTH_MAX + SUMMARIES_MIB * MIB;
    assert!(grown < bound, "FETCH of {ENVELOPES} envelopes: the server grew by {grown} bytes");
    Ok(())
}

#[test]
fn a_literal_of_a_gibibyte_is_refused_without_being_held() -> Outcome {
    const GIBIBYTE: usize = 1 << 30;
    let tradewind = warm(Options::default())?;
    let grown = growth(&tradewind, || {
        let mut client = tradewind.imap("sales")?;
        let tag = client.send(&format!("APPEND INBOX {{{GIBIBYTE}}}"))?;
        let answer = client.answer(&tag, false)?;
        assert!(answer.status.starts_with("NO [TOOBIG]"), "{}", answer.status);
        // One that does not wait: what came on the way is read past, until that is no longer worth it.
        for _ in 0..4 {
            let mut client = tradewind.imap("sales")?;
            client.send(&format!("APPEND INBOX {{{GIBIBYTE}+}}"))?;
            let (piece, mut sent) = (vec![b'x'; 1 << 20], 0);
            while sent < GIBIBYTE && client.stream.send(&piece).is_ok() {
                sent += piece.len();
            }
            assert!(sent < GIBIBYTE, "all of it was taken");
        }
        Ok(())
    })?;
    assert!(grown < STREAM_GROWTH_MAX, "a literal of 1 GiB: the server grew by {grown} bytes");
    Ok(())
}
