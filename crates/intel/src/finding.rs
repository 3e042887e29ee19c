//! How findings of this crate are made. Their texts stand with those of all findings, in `filter`.

use filter::{Finding, Signal};

/// Characters of evidence that are kept.
const EVIDENCE_CHARS_MAX: usize = 200;

/// A finding `id` about a thing of this kind, with its weights for spam and phish in log odds.
pub(crate) fn finding(id: &str, signal: Signal, (spam, phish): (f32, f32), evidence: &str) -> Finding {
    Finding {
        id: id.to_owned(),
        signal,
        spam,
        phish,
        evidence: evidence.chars().take(EVIDENCE_CHARS_MAX).collect(),
        key: format!("finding-{id}"),
    }
}
