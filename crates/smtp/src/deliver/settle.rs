//! What became of a lease, recorded with the notification to the sender in one transaction.

use std::sync::Arc;
use std::time::Duration;

use env::{Outlook, Timestamp};
use letters::Ready;
use mail::dsn::Reason;
use queue::{Attempt, Lease, LeasedRecipient, Outcome, QueueError, Settled, Settlement, next_attempt};
use store::Tx;
use wire::smtp::client::Answer;

use super::report::{self, Notice};
use super::{Deliverer, attempt, traced};

/// Seconds before what became of a message is recorded again; together well below what is left of a renewed lease.
const RECORD_WAITS_SECONDS: [u64; 5] = [1, 2, 5, 15, 30];

/// What became of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// In a mailbox here.
    Delivered,
    /// Forwarded to one address or several, with no copy here.
    Forwarded { tells_success: bool },
    /// With the next server, which tells the sender of success or does not.
    Relayed { tells_success: bool },
    /// Refused for good.
    Failed,
    /// Never sent, as it cannot be protected as it must be, for this reason.
    Barred(&'static Reason),
    /// To be tried again.
    Deferred,
    /// The same, as nobody could be reached with the protection that the message must have.
    Unprotected,
    /// The same, as what it must be protected with is not here yet, for this reason.
    Held(&'static Reason),
    /// Not tried.
    Returned,
}

/// A recipient's fate with the answer that decided it.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) number: u32,
    pub(super) fate: Fate,
    /// Who answered.
    pub(super) host: String,
    pub(super) answer: Answer,
}

/// Nothing was tried, as when the server stops.
pub(super) fn returned(lease: &Lease) -> Vec<Verdict> {
    let answer = Answer::ours(451, (4, 3, 2), "the server is stopping");
    let verdict = |it: &LeasedRecipient| Verdict {
        number: it.number,
        fate: Fate::Returned,
        host: String::new(),
        answer: answer.clone(),
    };
    lease.recipients.iter().map(verdict).collect()
}

/// The server stops before the other side has said whether it has the message.
pub(super) fn unanswered(lease: &Lease) -> Vec<Verdict> {
    let text =
        "the message was sent, and whether the server has it is not known: this server stopped before the answer";
    attempt::all(lease, "", &Answer::ours(451, (4, 4, 2), text))
}

impl Deliverer {
    /// Records `verdicts`, and tells the sender what the sender wants to hear.
    pub(super) async fn settle(&self, lease: &Lease, verdicts: Vec<Verdict>) {
        let now = self.store.context().clock.now();
        let mut settlements = Vec::with_capacity(verdicts.len());
        let mut told = Vec::new();
        for verdict in &verdicts {
            let Some(recipient) = lease.recipients.iter().find(|it| it.number == verdict.number) else { continue };
            let outcome = self.outcome(lease, recipient, verdict.fate, now);
            let notice = self.notice(lease, recipient, verdict, outcome, now);
            let is_delay = matches!(notice, Some(Notice::Delayed { .. }));
            told.extend(notice.map(|notice| (recipient, verdict, notice)));
            settlements.push(Settlement {
                number: verdict.number,
                outcome,
                attempt: (verdict.fate != Fate::Returned).then(|| recorded(verdict, now)),
                delay_notified: recipient.delay_notified || is_delay,
            });
            self.count(verdict, outcome);
        }
        let letter = report::prepare(self, lease, &told).await;
        let told = traced::Told::of(lease, &verdicts, &settlements, now);
        self.record(lease, &Arc::new((settlements, letter, told))).await;
    }

    /// Writes down what became of the recipients. A store that fails for a moment is asked again: what was delivered and is not
    /// recorded would be delivered once more.
    async fn record(&self, lease: &Lease, told: &Arc<(Vec<Settlement>, Option<Ready>, traced::Told)>) {
        let message = lease.message;
        let mut waits = RECORD_WAITS_SECONDS.iter();
        loop {
            let error = match self.record_once(lease, Arc::clone(told)).await {
                Ok(_) => return,
                Err(error) => error,
            };
            if matches!(error, QueueError::StaleLease { .. }) {
                tracing::warn!(message, "another process has taken the message over");
                return;
            }
            let Some(wait) = waits.next().filter(|_| error.outlook() == Outlook::Temporary) else {
                tracing::error!(message, %error, "what became of a message cannot be recorded; it will be tried again");
                return;
            };
            tracing::error!(message, %error, again_in_seconds = wait, "what became of a message cannot be recorded now");
            tokio::time::sleep(Duration::from_secs(*wait)).await;
        }
    }

    async fn record_once(
        &self,
        lease: &Lease,
        told: Arc<(Vec<Settlement>, Option<Ready>, traced::Told)>,
    ) -> Result<Settled, QueueError> {
        let (message, fence) = (lease.message, lease.fence);
        let work = move |tx: &mut Tx<'_>| {
            let (settlements, letter, traced) = &*told;
            let settled = queue::settle(tx, message, fence, settlements)?;
            let letter = letter.as_ref().map(|letter| letter.post(tx)).transpose()?;
            traced.note(tx, letter)?;
            Ok::<_, QueueError>(settled)
        };
        self.store.write_freeing(work).await
    }

    fn outcome(&self, lease: &Lease, recipient: &LeasedRecipient, fate: Fate, now: Timestamp) -> Outcome {
        match fate {
            Fate::Delivered | Fate::Forwarded { .. } | Fate::Relayed { .. } => Outcome::Delivered,
            Fate::Failed | Fate::Barred(_) => Outcome::Failed,
            Fate::Returned => Outcome::Returned { until: now },
            Fate::Deferred | Fate::Unprotected | Fate::Held(_) if now >= lease.expires => Outcome::Expired,
            Fate::Deferred | Fate::Unprotected | Fate::Held(_) => {
                let entropy = &*self.store.context().entropy;
                Outcome::Deferred {
                    until: next_attempt(&self.schedule(), recipient.attempts, now, lease.expires, entropy),
                }
            }
        }
    }

    /// What the sender is told of the recipient now, if anything (RFC 3461 section 4.1).
    fn notice(
        &self,
        lease: &Lease,
        recipient: &LeasedRecipient,
        verdict: &Verdict,
        outcome: Outcome,
        now: Timestamp,
    ) -> Option<Notice> {
        let wishes = recipient.notify;
        match outcome {
            Outcome::Delivered => match verdict.fate {
                Fate::Delivered if wishes.success => Some(Notice::Delivered),
                Fate::Forwarded { tells_success: false } if wishes.success => Some(Notice::Expanded),
                Fate::Relayed { tells_success: false } if wishes.success => Some(Notice::Relayed),
                _ => None,
            },
            Outcome::Failed | Outcome::Expired => wishes.failure.then_some(Notice::Failed),
            Outcome::Deferred { .. } => {
                // What waits for protection waits for people to mend something, so the sender hears of it at once.
                let is_late = matches!(verdict.fate, Fate::Unprotected | Fate::Held(_))
                    || now.since(lease.created) >= self.schedule().delay_notice_after;
                let wanted = wishes.delay && is_late && !recipient.delay_notified;
                wanted.then_some(Notice::Delayed { until: lease.expires })
            }
            Outcome::Returned { .. } => None,
        }
    }

    fn count(&self, verdict: &Verdict, outcome: Outcome) {
        let figures = &self.figures;
        match outcome {
            Outcome::Delivered if verdict.fate == Fate::Delivered => figures.delivered_locally.add(1),
            Outcome::Delivered if matches!(verdict.fate, Fate::Forwarded { .. }) => figures.forwarded.add(1),
            Outcome::Delivered => figures.delivered.add(1),
            Outcome::Failed | Outcome::Expired => figures.failed.add(1),
            Outcome::Deferred { .. } => figures.deferred.add(1),
            Outcome::Returned { .. } => {}
        }
    }
}

fn recorded(verdict: &Verdict, now: Timestamp) -> Attempt {
    let enhanced = verdict.answer.enhanced.map(|enhanced| enhanced.to_string()).unwrap_or_default();
    Attempt {
        at: now.millis(),
        host: verdict.host.clone(),
        code: verdict.answer.code,
        status: enhanced,
        text: verdict.answer.text.clone(),
    }
}
