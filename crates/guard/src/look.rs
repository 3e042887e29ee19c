//! All that the guard finds in one message.

use env::Timestamp;
use filter::{Facts, Finding, Verdict};
use inspect::Report;
use payment::Detail;

use crate::rows::Rows;
use crate::{Direction, Directory, Knowledge, Subject, blocks, know, ledger, signals};

/// A message, read once.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The message.
    pub subject: Subject,
    /// Payment details in it.
    pub details: Vec<Detail>,
}

impl Read {
    /// Reads a message that came at `came`.
    #[must_use]
    pub fn new(raw: &[u8], facts: Facts, reports: &[Report], direction: Direction, came: Timestamp) -> Self {
        let subject = Subject::read(raw, facts, direction, came);
        let details = payment::find(&blocks(&subject, raw, reports));
        Self { subject, details }
    }
}

/// What the guard finds, with what it compared the message with.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// What history knows.
    pub knowledge: Knowledge,
    /// What speaks for or against fraud.
    pub findings: Vec<Finding>,
}

/// Looks at a message. `near` gives the known domains that a host is like.
///
/// # Errors
/// When the rows cannot be read.
pub fn look<R: Rows>(
    rows: &mut R,
    read: &Read,
    directory: &Directory,
    near: &dyn Fn(&str) -> Vec<String>,
    now: Timestamp,
) -> Result<Looked, R::Error> {
    let knowledge = know(rows, &read.subject, &read.details, directory, near)?;
    let mut findings = ledger::look(&read.subject, &knowledge);
    findings.extend(signals::look(&read.subject, &knowledge, now));
    Ok(Looked { knowledge, findings })
}

/// What a verdict lets a message teach: everything, everything but its payment details, or nothing.
#[must_use]
pub fn teaches(verdict: &Verdict) -> Option<bool> {
    use filter::Action;
    match verdict.action {
        Action::Deliver => Some(true),
        // A banner for what the text alone looks like; nothing speaks of fraud in trade.
        Action::Warn if verdict.probability_fraud < 0.3 => Some(false),
        _ => None,
    }
}
