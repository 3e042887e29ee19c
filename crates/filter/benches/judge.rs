//! What judging costs: reading the facts of a message, the rules, and the whole verdict. Messages of a corpus are timed by the example `speed`.

#![allow(missing_docs, reason = "criterion makes the entry points")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot make what it measures has nothing to tell")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use filter::{Facts, Judge, Received, Rules};

/// A short answer of a customer.
fn letter() -> String {
    "From: Ana Lima <ana@cliente.test>\r\nTo: sales@trade.test\r\nSubject: Re: Quotation 4417\r\n\
     Message-ID: <a1@cliente.test>\r\nDate: Fri, 27 Nov 2026 09:00:00 +0000\r\n\r\n\
     Dear Mr Wang,\r\n\r\nthank you for the quotation of 12 November. We accept USD 41,200 CIF Santos for 400 cartons; \
     please send the proforma invoice and tell us the earliest date of shipment.\r\n\r\nKind regards\r\nAna Lima\r\n"
        .to_owned()
}

/// A newsletter in HTML with forty articles, each with a link and a picture.
fn newsletter() -> String {
    let mut page = "From: News <news@shop.test>\r\nTo: sales@trade.test\r\nSubject: New this week\r\nMIME-Version: 1.0\r\n\
                    List-Unsubscribe: <https://shop.test/u>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><table>"
        .to_owned();
    for n in 0..40 {
        let _ = write!(
            page,
            "<tr><td style=\"padding:4px\"><a href=\"https://shop.test/item/{n}?c=7f\"><img src=\"https://img.shop.test/{n}.png\" \
             width=\"120\"></a></td><td><b>Article {n}</b><br>Steel fittings, galvanised, sold by the hundred, ready to ship.</td></tr>\r\n"
        );
    }
    page.push_str("</table></body></html>\r\n");
    page
}

/// A lure for a password.
fn lure() -> String {
    "From: \"Mail Support\" <no-reply@login-check.test>\r\nTo: sales@trade.test\r\nSubject: Your mailbox will be closed\r\n\
     MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>Dear user, your account has been \
     limited. Verify your password within 24 hours or your mailbox will be closed.</p>\
     <p><a href=\"http://198.51.100.7/owa/login.php\">https://mail.trade.test/verify</a></p></body></html>\r\n"
        .to_owned()
}

fn judging(c: &mut Criterion) {
    let (judge, rules) = (Judge::shipped().expect("the shipped model is whole"), Rules::shipped());
    for (name, message) in [("letter", letter()), ("newsletter", newsletter()), ("lure", lure())] {
        let read = || Facts::read(Received { raw: message.as_bytes(), ..Received::default() });
        let facts = read();
        let mut group = c.benchmark_group(name);
        group.bench_function("facts", |b| b.iter(|| black_box(read())));
        group.bench_function("rules", |b| b.iter(|| rules.findings(black_box(&facts))));
        group.bench_function("facts and verdict", |b| b.iter(|| judge.judge(&read(), Vec::new())));
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
    targets = judging
}
criterion_main!(benches);
