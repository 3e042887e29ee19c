//! What in a message speaks of fraud in trade, by what history knows. Every signal is a pure function of both.

use env::Timestamp;
use filter::Finding;

use crate::{Knowledge, Subject};

/// What speaks for or against fraud in `subject`, judged at `now`.
#[must_use]
pub fn look(subject: &Subject, knowledge: &Knowledge, now: Timestamp) -> Vec<Finding> {
    let _ = (subject, knowledge, now);
    Vec::new()
}
