//! What rules cost a message: 10 KB of a letter with a table, by 10 and 100 rules of all kinds.

#![allow(missing_docs, reason = "criterion makes the entry points")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot make what it measures has nothing to tell")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use outbound::{Content, Policy, Recipient, Rule};

/// A letter of about 10 KB: prices, numbers of orders, an account, a telephone.
fn letter() -> String {
    let mut text = "From: sales@trade.test\r\nTo: bo@far.test\r\nSubject: Offer 4471\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n".to_owned();
    for n in 0..110 {
        let _ = write!(
            text,
            "Item {n}: ball valve DN{} stainless, {} pcs, USD {}.50, order 26{:014}, \u{62a5}\u{4ef7} {n}.\r\n",
            n % 80,
            n * 7,
            n * 31,
            n * 7_919_u64
        );
    }
    text.push_str("Remit to IBAN DE89 3704 0044 0532 0130 00, SWIFT COBADEFF. Tel. +86 574 8765 4321\r\n");
    text
}

/// Rules of all kinds, in turn.
fn rules(count: usize) -> Vec<Rule> {
    let whens = [
        r#"{"detect":{"what":"iban","min":3}}"#,
        r#"{"detect":{"what":"payment-card"}}"#,
        r#"{"detect":{"what":"chinese-id"}}"#,
        r#"{"keywords":{"lists":["contract","salary"],"min":2}}"#,
        r#"{"keywords":{"words":["project NUMBER","customer list NUMBER","margin NUMBER"]}}"#,
        r#"{"fingerprint":{"share":40}}"#,
        r#"{"recipient-domain":{"personal":true}}"#,
        r#"{"all":[{"detect":{"what":"passport"}},{"recipient-country":["US"]}]}"#,
        r#"{"label":["secret"]}"#,
        r#"{"attachment":{"kinds":["archive"],"locked":true}}"#,
    ];
    (0..count)
        .map(|n| {
            let when = whens[n % whens.len()].replace("NUMBER", &n.to_string());
            let text = format!(r#"{{"name":"rule {n}","when":{when},"actions":["warn"]}}"#);
            Rule::read(&text).expect("the rules of the benchmark are sound")
        })
        .collect()
}

fn asking(c: &mut Criterion) {
    let raw = letter();
    let recipient = Recipient { domain: "far.test".to_owned(), is_outside: true, ..Recipient::default() };
    let marks: Vec<(String, Vec<u64>)> = (0..20)
        .map(|n| {
            let text: String = (0..900).map(|word| format!("word{} ", (word * 31 + n * 977) % 10_007)).collect();
            (format!("mark {n}"), outbound::rules::hashes_of("mark", &text).expect("it has words enough"))
        })
        .collect();
    for count in [10, 100] {
        let policy = Policy::new(rules(count), &marks);
        c.bench_function(&format!("{count} rules, {} octets", raw.len()), |bench| {
            bench.iter(|| {
                let content =
                    Content { recipients: vec![recipient.clone()], ..Content::read(raw.as_bytes(), Some(&[])) };
                black_box(policy.evaluate(&content))
            });
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(5));
    targets = asking
}
criterion_main!(benches);
