//! How long reading and rendering take; a figure to look at, run with
//! `cargo test --release -p tradewind-mail --test speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::Instant;

use mail::message::text::search_text;
use mail::message::{Structure, Summary, SummaryRef};

/// A message of 10 KB as companies send it: trace and signature fields, text, HTML, a small attachment.
fn message() -> Vec<u8> {
    let mut raw = Vec::new();
    for hop in 0..4 {
        raw.extend_from_slice(
            format!(
                "Received: from mx{hop}.acme.example (mx{hop}.acme.example [192.0.2.{hop}])\r\n\tby mail.trade.test with ESMTPS id {hop};\r\n\tTue, 24 Nov 2026 17:06:17 +0000\r\n"
            )
            .as_bytes(),
        );
    }
    raw.extend_from_slice(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=acme.example; s=s1; h=from:to:subject;\r\n\tb=AAAABBBBCCCCDDDDEEEEFFFF\r\n\
          From: =?utf-8?q?Anna_L=C3=AD?= <anna@acme.example>\r\nTo: Bob <bob@trade.test>, Chen <chen@trade.test>\r\n\
          Cc: sales@trade.test\r\nSubject: Re: Order 17\r\nDate: Tue, 24 Nov 2026 17:06:17 +0000\r\nMessage-ID: <x@acme.example>\r\n\
          In-Reply-To: <y@trade.test>\r\nReferences: <z@trade.test> <y@trade.test>\r\nMIME-Version: 1.0\r\n\
          Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n--outer\r\n\
          Content-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n--inner\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
    );
    raw.extend_from_slice(&b"We ship the valves on Monday, as agreed in the contract.\r\n".repeat(40));
    raw.extend_from_slice(
        b"--inner\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
    );
    raw.extend_from_slice(
        &b"<p>We ship the <b>valves</b> on Monday, as agreed in the contract.=\r\n</p>\r\n".repeat(40),
    );
    raw.extend_from_slice(b"--inner--\r\n--outer\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n");
    raw.extend_from_slice(&b"JVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQKJVBERi0xLjQK\r\n".repeat(55));
    raw.extend_from_slice(b"--outer--\r\n");
    raw
}

fn report(what: &str, turns: u32, mut work: impl FnMut()) {
    let start = Instant::now();
    for _ in 0..turns {
        work();
    }
    let each = start.elapsed() / turns;
    println!("{what}: {:.2} us", each.as_secs_f64() * 1e6);
}

#[test]
#[ignore = "a figure, not a check"]
fn figures() {
    let raw = message();
    let summary = Summary::parse(&raw);
    let stored = summary.encode();
    println!("message {} octets, summary {} octets, {} parts", raw.len(), stored.len(), summary.structure.parts.len());
    report("Structure::parse", 20_000, || drop(black_box(Structure::parse(black_box(&raw)))));
    report("Summary::parse", 20_000, || drop(black_box(Summary::parse(black_box(&raw)))));
    report("Summary::encode", 20_000, || drop(black_box(summary.encode())));
    report("Summary::decode", 20_000, || drop(black_box(Summary::decode(black_box(&stored)))));
    report("SummaryRef envelope, all addresses", 200_000, || {
        let envelope = SummaryRef::parse(black_box(&stored)).unwrap().envelope().unwrap();
        for list in [envelope.from, envelope.to, envelope.cc, envelope.bcc] {
            list.iter().for_each(|address| {
                black_box(address);
            });
        }
    });
    report("SummaryRef structure, all parts and parameters", 200_000, || {
        for part in SummaryRef::parse(black_box(&stored)).unwrap().structure().unwrap().parts() {
            part.params.iter().for_each(|pair| {
                black_box(pair);
            });
            black_box(part);
        }
    });
    report("SummaryRef section 1.2", 200_000, || {
        let _ = black_box(SummaryRef::parse(black_box(&stored)).unwrap().section(&[1, 2]));
    });
    report("search_text", 5_000, || drop(black_box(search_text(&raw, &summary.structure))));
}
