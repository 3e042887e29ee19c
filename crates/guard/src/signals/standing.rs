//! Who is known and proven, and asks for nothing: how a letter is worded counts for less then.
//!
//! Plain letters of trade are short, and a learned model finds some of them like advertisements. These findings enter the odds of spam and
//! phish; they take nothing off the odds of fraud, and stand only where hardly anything speaks of it.

use filter::facts::{Link, Place};
use filter::{Finding, Signal};

use super::weights::Relation;
use super::{KNOWN_MESSAGES_MIN, Look};

/// What a letter of a known address adds to the log odds of being unwanted: as much as the wording of a plain letter may weigh, and less
/// than a feed, a scanner or several rules.
const KNOWN_WEIGHT: f32 = -2.0;

/// The same for another address of a company with which letters went both ways.
const COLLEAGUE_WEIGHT: f32 = -1.2;

/// The same for one of us. What goes out is stopped by what it is alone, so this holds among our own people and in a replay.
const OWN_WEIGHT: f32 = -2.0;

/// Sum of the signals of fraud from which nobody's standing counts.
const FRAUD_MAX: f32 = 1.5;

impl Look<'_> {
    /// Adds what speaks for the sender, after everything else was looked at.
    pub(super) fn standing(&mut self) {
        let Some((id, weight)) = self.known_as() else { return };
        let fraud: f32 = self.findings.iter().map(|finding| finding.phish).sum();
        if fraud >= FRAUD_MAX || self.leads_elsewhere() {
            return;
        }
        self.findings.push(Finding {
            id: id.to_owned(),
            signal: Signal::Sender,
            spam: weight,
            phish: weight,
            evidence: self.subject.from.address.clone(),
            key: format!("finding-{id}"),
        });
    }

    fn known_as(&self) -> Option<(&'static str, f32)> {
        let subject = self.subject;
        let is_proven = subject.authenticated.as_deref() == Some(subject.from.domain.as_str());
        let partner = self.knowledge.partner.as_ref().map(|partner| partner.contact).unwrap_or_default();
        match self.relation {
            Relation::Own => Some(("own-sender", OWN_WEIGHT)),
            Relation::Known if is_proven => Some(("known-sender", KNOWN_WEIGHT)),
            Relation::Slight if is_proven && partner.is_mutual() && partner.messages() >= KNOWN_MESSAGES_MIN => {
                Some(("known-company", COLLEAGUE_WEIGHT))
            }
            _ => None,
        }
    }

    /// Whether a link or the answers lead to anybody but the sender and us: a mailbox in other hands is used for that.
    fn leads_elsewhere(&self) -> bool {
        let from = &self.subject.from;
        let is_theirs = |domain: &str, host: &str| domain == from.domain || self.knowledge.own.has_host(host);
        let strays = |link: &Link| link.place != Place::Picture && !is_theirs(&link.domain, &link.host);
        self.subject.facts.links.iter().any(strays)
            || self.subject.reply_to.iter().any(|one| !is_theirs(&one.domain, &one.host))
    }
}
