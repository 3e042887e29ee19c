//! Letters of many deals, made by number: the same number is the same letter.

use env::Timestamp;
use filter::{Facts, Received};
use guard::{Direction, Read};

/// Partners, each with some people.
pub(crate) const PARTNERS: u64 = 20_000;

/// Messages of one thread.
const THREAD: u64 = 6;

fn message(n: u64) -> (String, Direction) {
    let (thread, step) = (n / THREAD, n % THREAD);
    let partner = (thread * 7_919) % PARTNERS;
    let (domain, person) = (format!("partner{partner:05}-works.example"), thread % 4);
    let theirs = format!("Person {person} Of{partner} <person{person}@{domain}>");
    let ours = format!("Seller {} <seller{}@own.example>", thread % 30, thread % 30);
    let is_ours = step % 2 == 1;
    let (from, to) = if is_ours { (&ours, &theirs) } else { (&theirs, &ours) };
    let id = |n: u64| if n % 2 == 1 { format!("{n}.{thread}@own.example") } else { format!("{n}.{thread}@{domain}") };
    let references = (0..step).map(|n| format!("<{}>", id(n))).collect::<Vec<_>>().join(" ");
    let references = if references.is_empty() { String::new() } else { format!("References: {references}\r\n") };
    let account = if step == 2 {
        format!("Beneficiary: Partner {partner} Works\r\nIBAN: {}\r\n", iban(partner))
    } else {
        String::new()
    };
    let raw = format!(
        "Received: from out.{domain} ([198.51.100.{}]) by mx.own.example; Thu, 26 Nov 2026 10:00:00 +0000\r\nFrom: {from}\r\nTo: {to}\r\n\
         Subject: Order {thread}\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{}>\r\nX-Mailer: Mailer {}\r\n{references}\r\n\
         Dear colleague,\r\nabout order {thread}: the quantity is {} pieces, ready on 2026-12-04.\r\n{account}Best regards\r\n",
        partner % 250,
        id(step),
        partner % 9,
        n % 900,
    );
    (raw, if is_ours { Direction::Out } else { Direction::In })
}

/// An account with right check digits (ISO 13616).
fn iban(partner: u64) -> String {
    let basic = format!("37040044{:010}", partner);
    let digits = format!("{basic}131400");
    let rest = digits.bytes().fold(0_u64, |rest, octet| (rest * 10 + u64::from(octet - b'0')) % 97);
    format!("DE{:02}{basic}", 98 - rest)
}

/// The letter of this number, read.
pub(crate) fn read(n: u64) -> Read {
    let (raw, direction) = message(n);
    let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
    Read::new(raw.as_bytes(), facts, &[], direction, Timestamp::from_seconds(1_700_000_000 + n as i64))
}
