//! What one attempt adds to the traces of a message.

use env::Timestamp;
use queue::{Lease, Outcome, Settlement};
use store::{StoreError, Tx, params};
use trace::{Change, Reply, Step, Traced, What};

use super::settle::{Fate, Verdict};

/// What an attempt brought, ready to be written with it.
pub(super) struct Told {
    traced: Vec<Traced>,
    /// Domain of all recipients.
    domain: String,
    steps: Vec<Step>,
    change: Change,
    at: Timestamp,
}

impl Told {
    /// What `verdicts` came to.
    pub(super) fn of(lease: &Lease, verdicts: &[Verdict], settlements: &[Settlement], at: Timestamp) -> Self {
        let mut told = Self {
            traced: lease.envelope.traced.clone(),
            domain: lease.domain.clone(),
            steps: Vec::new(),
            change: Change::NONE,
            at,
        };
        if told.traced.is_empty() {
            return told;
        }
        for settlement in settlements {
            let found = verdicts.iter().find(|verdict| verdict.number == settlement.number);
            let recipient = lease.recipients.iter().find(|recipient| recipient.number == settlement.number);
            if let (Some(verdict), Some(recipient)) = (found, recipient) {
                told.add(&recipient.address, verdict, settlement.outcome);
            }
        }
        told
    }

    /// One recipient; those of whom the same is to be said are told together.
    fn add(&mut self, address: &str, verdict: &Verdict, outcome: Outcome) {
        let (result, until) = match (outcome, verdict.fate) {
            (Outcome::Returned { .. }, _) => return,
            (Outcome::Deferred { until }, _) => ("deferred", Some(until.millis())),
            (Outcome::Failed, _) => ("failed", None),
            (Outcome::Expired, _) => ("expired", None),
            (Outcome::Delivered, Fate::Forwarded { .. }) => ("forwarded", None),
            (Outcome::Delivered, Fate::Relayed { .. }) => ("relayed", None),
            (Outcome::Delivered, _) => ("delivered", None),
        };
        self.change.closed += u64::from(outcome.is_final());
        self.change.failed += u64::from(matches!(outcome, Outcome::Failed | Outcome::Expired));
        let reply = Reply {
            host: verdict.host.clone(),
            code: verdict.answer.code,
            status: verdict.answer.enhanced.map(|enhanced| enhanced.to_string()).unwrap_or_default(),
            text: verdict.answer.text.clone(),
        };
        for step in &mut self.steps {
            if let What::Attempted { to, reply: said, result: known, .. } = &mut step.what
                && *said == reply
                && *known == result
            {
                to.push(address.to_owned());
                return;
            }
        }
        let (to, result) = (vec![address.to_owned()], result.to_owned());
        self.steps.push(Step::at(self.at, What::Attempted { to, more: 0, reply, result, until }));
    }

    /// Writes it into the traces, in the transaction that settles the attempt; `letter` is the number of one that tells the sender of it.
    pub(super) fn note(&self, tx: &mut Tx<'_>, letter: Option<i64>) -> Result<(), StoreError> {
        if self.steps.is_empty() {
            return Ok(());
        }
        let mut steps = self.steps.clone();
        steps.extend(letter.map(|number| Step::at(self.at, What::Told { number })));
        for (place, traced) in self.traced.iter().enumerate() {
            // The first tells of all recipients, others of their own.
            if place == 0 || hosts(tx, traced.organisation, &self.domain)? {
                trace::note(tx, *traced, &steps, self.change)?;
            }
        }
        Ok(())
    }
}

/// Whether the organisation's mail has this domain.
fn hosts(tx: &mut Tx<'_>, organisation: i64, domain: &str) -> Result<bool, StoreError> {
    let domain = mail::domain::canonical(domain).unwrap_or_else(|_| domain.to_owned());
    let found = tx.row("SELECT organisation FROM domain WHERE name = $1", params![&domain], |row| row.int(0))?;
    Ok(found == Some(organisation))
}
