//! A stranger's message before it is taken: what the filter makes of it, and what follows.

use std::collections::BTreeMap;
use std::sync::Arc;

use env::Timestamp;
use filter::Action;
use identity::Level;
use judgement::outbound::{Outgoing, Sent};
use judgement::quarantine::{NewPlace, Shown};
use judgement::{Arrival, Kept, Opinion};
use mail::message::Envelope as Header;
use trace::What;
use wire::smtp::Envelope;
use wire::smtp::server::Verdict;

use super::authenticate::Vouched;
use super::conversation::Conversation;
use super::recipients::{Home, Taken};
use super::traced;
use crate::filed::{JUNK, PHISHING, WARNING};

/// How likely a message is phish that is marked so; it may look like spam, too.
const PHISHING_MIN: f32 = 0.9;

/// What was decided of a message, as the transaction needs it.
pub(super) struct Judged {
    pub(super) kept: Kept,
    /// What the filter said.
    pub(super) action: Action,
    /// Header fields of ours.
    pub(super) fields: String,
    /// Accounts whose own reports decide for their own copies: into Junk, or not.
    pub(super) personal: BTreeMap<i64, bool>,
    /// Keywords that it gets.
    pub(super) keywords: Vec<String>,
    /// What lists show of it, if it is quarantined.
    pub(super) quarantined: Option<Shown>,
}

/// What waits, for whom, and until when.
pub(super) struct Quarantining {
    pub(super) shown: Shown,
    pub(super) places: Vec<NewPlace>,
    pub(super) expires: Timestamp,
}

impl Conversation<'_> {
    /// Judges a stranger's message. Refuses what is refused; else the message goes on with what was decided of it.
    pub(super) async fn judge(&self, envelope: &Envelope, vouched: Vouched, id: i64) -> Result<Vouched, Verdict> {
        let receiver = &self.door.receiver;
        let (Some(authentication), Some(organisation)) = (vouched.authentication.clone(), self.first_organisation())
        else {
            return Ok(vouched);
        };
        if !receiver.judging.is_enabled() {
            return Ok(vouched);
        }
        let raw = Arc::new(vouched.body);
        let arrival = Arrival {
            id,
            raw: Arc::clone(&raw),
            envelope_from: envelope.from.mailbox().map(ToString::to_string).unwrap_or_default(),
            client: self.peer(),
            authentication,
            organisation,
            recipients: self.accounts(),
            level: self.level(),
            is_allowed: vouched.is_allowed,
            least: if vouched.junk { Action::Junk } else { Action::Deliver },
            must_take: self.taken.iter().any(|taken| receiver.judging.reads_complaints_at(&taken.address)),
        };
        let opinion = receiver.judging.incoming(arrival).await.map_err(|error| {
            tracing::error!(id, %error, "a message could not be judged");
            Verdict::reject(451, (4, 3, 0), "The message could not be judged, try again later")
        })?;
        self.count_opinion(&opinion);
        self.tell(traced::judged(opinion.action, &opinion.verdict));
        // Work that was given up may still hold it.
        let body = Arc::try_unwrap(raw).unwrap_or_else(|shared| shared.to_vec());
        match opinion.action {
            Action::Refuse => Err(self.refuse_unwanted(opinion).await),
            Action::Junk | Action::Quarantine | Action::Hold if self.is_returning() => {
                Err(Verdict::reject(550, (5, 7, 1), "The notification is taken for unwanted, and is not passed on"))
            }
            action => {
                let judged = judged(opinion, &body);
                Ok(Vouched { body, junk: action == Action::Junk, judged: Some(judged), ..vouched })
            }
        }
    }

    /// What was found is kept for those who are asked about the refusal; the sender learns the number alone.
    async fn refuse_unwanted(&self, opinion: Opinion) -> Verdict {
        let id = opinion.kept.number();
        let kept = opinion.kept;
        if let Err(error) = self.door.receiver.store.write(move |tx| judgement::keep(tx, &kept)).await {
            tracing::error!(id, %error, "what was found of a refused message cannot be kept");
        }
        let text = format!("The message is taken for unwanted; if it is not, tell the postmaster the number {id:x}");
        Verdict::reject(550, (5, 7, 1), text)
    }

    fn count_opinion(&self, opinion: &Opinion) {
        let figures = &self.door.receiver.figures;
        if opinion.is_unjudged {
            figures.unjudged.add(1);
        }
        match opinion.action {
            Action::Deliver => {}
            Action::Warn => figures.judged_warned.add(1),
            Action::Junk => figures.judged_junk.add(1),
            Action::Quarantine | Action::Hold => figures.judged_quarantined.add(1),
            Action::Refuse => figures.judged_refused.add(1),
        }
        tracing::debug!(
            id = opinion.kept.number(),
            action = opinion.action.word(),
            unwanted = opinion.verdict.probability_unwanted,
            "judged"
        );
    }

    /// Judges what one of our people sends; none where that is not done. `inspected` is what was found of its files, if somebody has looked.
    pub(super) async fn judge_outgoing(
        &self,
        envelope: &Envelope,
        body: Vec<u8>,
        (id, inspected): (i64, Option<Vec<inspect::Report>>),
    ) -> Result<(Vec<u8>, Option<Sent>), Verdict> {
        let receiver = &self.door.receiver;
        let Some(principal) = self.principal.as_ref().filter(|_| receiver.judging.judges_outgoing()) else {
            return Ok((body, None));
        };
        let raw = Arc::new(body);
        let outgoing = Outgoing {
            id,
            raw: Arc::clone(&raw),
            inspected,
            account: principal.account,
            organisation: principal.organisation,
            envelope_from: envelope.from.mailbox().map(ToString::to_string).unwrap_or_default(),
            recipients: self.taken.iter().map(|taken| taken.address.canonical()).collect(),
        };
        let sent = receiver.judging.outgoing(outgoing).await.map_err(|error| {
            tracing::error!(id, %error, "a submitted message could not be judged");
            Verdict::reject(451, (4, 3, 0), "The message could not be judged, try again later")
        })?;
        if sent.is_stopped() {
            self.tell(What::Stopped);
            receiver.figures.stopped.add(1);
            tracing::warn!(id, account = principal.account, "a submitted message waits until somebody has looked");
        }
        Ok((Arc::try_unwrap(raw).unwrap_or_else(|shared| shared.to_vec()), Some(sent)))
    }

    /// Accounts here that are written to themselves.
    pub(super) fn accounts(&self) -> Vec<i64> {
        let account = |taken: &Taken| match taken.home {
            Home::Here { account, .. } => Some(account),
            Home::Group { .. } | Home::Abroad { .. } | Home::Returning { .. } | Home::Elsewhere => None,
        };
        self.taken.iter().filter_map(account).collect()
    }

    /// The highest level among those who are to get the message.
    fn level(&self) -> Level {
        let levels = self.taken.iter().filter_map(|taken| match taken.home {
            Home::Here { level, .. } | Home::Group { level, .. } => Some(level),
            Home::Abroad { .. } | Home::Returning { .. } | Home::Elsewhere => None,
        });
        levels.max().unwrap_or(Level::Basic)
    }

    /// For whom a quarantined message waits.
    pub(super) fn places(&self, envelope: &Envelope) -> Vec<NewPlace> {
        let place = |(taken, asked): (&Taken, &wire::smtp::Recipient)| NewPlace {
            account: match taken.home {
                Home::Here { account, .. } => Some(account),
                Home::Group { .. } | Home::Abroad { .. } | Home::Returning { .. } | Home::Elsewhere => None,
            },
            recipient: super::recipients::new_recipient(taken, &asked.params),
        };
        self.taken.iter().zip(&envelope.recipients).map(place).collect()
    }
}

fn judged(opinion: Opinion, body: &[u8]) -> Judged {
    let Opinion { action, verdict, personal, fields, kept, .. } = opinion;
    let looks_like_phish = verdict.probability_phish >= PHISHING_MIN;
    let mut keywords = match action {
        Action::Warn => vec![WARNING.to_owned()],
        Action::Junk => vec![JUNK.to_owned()],
        Action::Deliver | Action::Quarantine | Action::Hold | Action::Refuse => Vec::new(),
    };
    if looks_like_phish && !keywords.is_empty() {
        keywords.push(PHISHING.to_owned());
    }
    let quarantined = matches!(action, Action::Quarantine | Action::Hold).then(|| {
        let header = Header::parse(body);
        let from = header.from.first().and_then(mail::message::EnvelopeAddress::email).unwrap_or_default();
        let subject = header.subject.as_deref().map(|subject| mail::message::words::decode(subject).into_owned());
        Shown::of(&from, &subject.unwrap_or_default(), &verdict)
    });
    Judged { kept, action, fields, personal, keywords, quarantined }
}
