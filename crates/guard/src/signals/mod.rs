//! What in a message speaks of fraud in trade, by what history knows. Every signal is a pure function of both.
//!
//! First it is asked who wrote: a stranger, a partner, one of us, or somebody who seems to be another. Then what he wants. What he wants
//! weighs by who he is; the weights are data (`data/signals.toml`), and so are the words in which things are wanted (`data/intents.tsv`).

pub mod intent;
pub mod lookalike;
mod request;
mod sender;
mod standing;
pub mod takeover;
mod texts;
mod thread;
mod weights;

use env::Timestamp;
use filter::{Finding, Signal};

use crate::{Direction, Knowledge, Subject};
use intent::Wants;
pub(crate) use texts::text;
use weights::{Relation, weight};

/// Characters of evidence.
const EVIDENCE_CHARS_MAX: usize = 200;

/// Letters both ways from which a sender counts as known.
const KNOWN_MESSAGES_MIN: u32 = 3;

/// Days since the first letter from which a sender counts as known: who prepares a fraud answers a few times, too.
const KNOWN_DAYS_MIN: i64 = 7;

/// Weight below which a finding says nothing.
const WEIGHT_MIN: f32 = 0.05;

/// What speaks for or against fraud in `subject`, judged at `now`.
#[must_use]
pub fn look(subject: &Subject, knowledge: &Knowledge, now: Timestamp) -> Vec<Finding> {
    let mut look = Look {
        subject,
        knowledge,
        wants: intent::wants(&subject.facts.subject, &subject.fresh),
        relation: relation(subject, knowledge, now),
        chief: None,
        findings: Vec::new(),
    };
    if subject.direction == Direction::In {
        look.sender();
    }
    look.copies();
    look.thread();
    look.requests();
    look.standing();
    look.findings
}

/// A message while it is looked at.
struct Look<'a> {
    subject: &'a Subject,
    knowledge: &'a Knowledge,
    wants: Wants,
    relation: Relation,
    /// The name of one of us under which somebody else writes.
    chief: Option<String>,
    findings: Vec<Finding>,
}

impl Look<'_> {
    /// Adds a finding with the weight that it has for who wrote, times `share`.
    fn add(&mut self, id: &str, share: f32, evidence: impl Into<String>) {
        self.add_told(id, &format!("finding-{id}"), share, evidence);
    }

    /// The same, with a text of its own.
    fn add_told(&mut self, id: &str, key: &str, share: f32, evidence: impl Into<String>) {
        let weight = weight(id, self.relation) * share.clamp(0.0, 1.5);
        if weight < WEIGHT_MIN || self.findings.iter().any(|known| known.id == id) {
            return;
        }
        let evidence: String = evidence.into().chars().take(EVIDENCE_CHARS_MAX).collect();
        self.findings.push(Finding {
            id: id.to_owned(),
            signal: Signal::Trade,
            spam: 0.0,
            phish: weight,
            evidence,
            key: key.to_owned(),
        });
    }

    /// Sent to many by a program: newsletters and lists.
    fn is_bulk(&self) -> bool {
        self.subject.facts.form.fields.iter().any(|field| {
            field.name == "list-unsubscribe"
                || field.name == "precedence" && matches!(field.value.trim(), "bulk" | "list")
        })
    }
}

/// Who wrote, before it is looked at whether he seems to be another.
fn relation(subject: &Subject, knowledge: &Knowledge, now: Timestamp) -> Relation {
    if subject.direction != Direction::In {
        return Relation::Own;
    }
    let of_address = knowledge.sender.as_ref().map(|sender| sender.contact).unwrap_or_default();
    let of_partner = knowledge.partner.as_ref().map(|partner| partner.contact).unwrap_or_default();
    let is_old = of_address.days(now) >= KNOWN_DAYS_MIN;
    if is_old && of_address.is_mutual() && of_address.messages() >= KNOWN_MESSAGES_MIN {
        Relation::Known
    } else if of_address.messages() > 0 || of_partner.messages() > 0 {
        Relation::Slight
    } else {
        Relation::Stranger
    }
}

#[cfg(test)]
mod tests;
