//! Header fields of ours: what was decided, and by which findings.
//!
//! Evidence is not in them: it is the sender's text. Whoever wants it asks by the number.

use std::fmt::Write as _;
use std::ops::Range;

use filter::{Action, Verdict};
use mail::header;

/// Begins the names of our fields. Nobody else may write them.
const PREFIX: &[u8] = b"X-Tradewind-";

/// Findings that are named.
const NAMED_MAX: usize = 8;

/// Weight from which a finding is named.
const NAMED_WEIGHT_MIN: f32 = 0.1;

/// The fields for a message.
#[must_use]
pub(crate) fn fields(id: i64, action: Action, verdict: &Verdict) -> String {
    let mut text = format!(
        "X-Tradewind-Verdict: {}; spam={:.3}; phish={:.3}; unwanted={:.3};\r\n\tid={id:x}\r\n",
        action.word(),
        verdict.probability_spam,
        verdict.probability_phish,
        verdict.probability_unwanted,
    );
    let named =
        verdict.findings.iter().filter(|finding| finding.weight() >= NAMED_WEIGHT_MIN || finding.weight() == 0.0);
    let mut first = true;
    for finding in named.take(NAMED_MAX) {
        let lead = if first { "X-Tradewind-Findings: " } else { ",\r\n\t" };
        let _ = write!(text, "{lead}{}={:.1}", token(&finding.id), finding.weight());
        first = false;
    }
    if !first {
        text.push_str("\r\n");
    }
    text
}

/// What a released message says besides.
#[must_use]
pub(crate) fn released() -> &'static str {
    "X-Tradewind-Released: yes\r\n"
}

/// Names come from rule files, too: nothing in one ends a field.
fn token(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')).take(64).collect()
}

/// Where fields stand in a message that only we may write, in order.
#[must_use]
pub fn claims(raw: &[u8]) -> Vec<Range<usize>> {
    let is_ours = |name: &[u8]| name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    header::fields(raw).filter(|field| is_ours(field.name)).map(|field| field.start..field.end).collect()
}

#[cfg(test)]
mod tests {
    use filter::{Finding, Signal};

    use super::*;

    fn finding(id: &str, spam: f32) -> Finding {
        let evidence = "evil.example\r\nX-Other: yes".to_owned();
        Finding { id: id.to_owned(), signal: Signal::Link, spam, phish: 0.0, evidence, key: String::new() }
    }

    #[test]
    fn fields_say_what_was_decided_and_nothing_of_the_senders() {
        let verdict = Verdict {
            action: Action::Junk,
            probability_spam: 0.9876,
            probability_phish: 0.25,
            probability_unwanted: 0.97,
            probability_fraud: 0.0,
            findings: vec![finding("one-way-out", 2.31), finding("odd\r\nX-Evil: 1", 0.5), finding("small", 0.01)],
        };
        assert_eq!(
            fields(0x1a2b, Action::Junk, &verdict),
            "X-Tradewind-Verdict: junk; spam=0.988; phish=0.250; unwanted=0.970;\r\n\tid=1a2b\r\n\
             X-Tradewind-Findings: one-way-out=2.3,\r\n\toddX-Evil:1=0.5\r\n"
        );
    }

    #[test]
    fn fields_of_others_in_our_name_are_found() {
        let raw = b"From: a@b.test\r\nx-tradewind-verdict: deliver;\r\n\tspam=0\r\nX-Tradewinds: 1\r\n\r\nX-Tradewind-Verdict: body\r\n";
        let found: Vec<&[u8]> = claims(raw).into_iter().map(|range| &raw[range]).collect();
        assert_eq!(found, [&b"x-tradewind-verdict: deliver;\r\n\tspam=0\r\n"[..]]);
    }
}
