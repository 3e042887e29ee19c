//! What one of our people sends, before it is taken: what the organisation's rules say of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::outbound::waiting::{self, Handed};
use ::outbound::{Consent, Letter, OutboundError, Refusal};
use access::Via;
use identity::{Language, Principal};
use mail::header;
use mail::message::words;
use trace::What;
use wire::smtp::Envelope;
use wire::smtp::server::Verdict;

use super::conversation::Conversation;

impl Conversation<'_> {
    /// What rules say of a message; none if there are no rules. Refuses what they do not let go.
    pub(super) async fn look_outbound(
        &self,
        principal: &Principal,
        envelope: &Envelope,
        body: Vec<u8>,
        (consent, number): (Consent, i64),
    ) -> Result<(Vec<u8>, Option<Handed>), Verdict> {
        let receiver = &self.door.receiver;
        let raw = Arc::new(body);
        let letter = Letter {
            account: principal.account,
            organisation: principal.organisation,
            raw: Arc::clone(&raw),
            recipients: self.taken.iter().map(|taken| taken.address.canonical()).collect(),
        };
        let recipients = letter.recipients.clone();
        let looked = receiver.outbound.look(letter).await.map_err(|error| {
            tracing::error!(number, %error, "the rules for outbound mail cannot be asked");
            Verdict::reject(451, (4, 3, 0), "The rules for outbound mail cannot be asked now, try again later")
        })?;
        let body = Arc::try_unwrap(raw).unwrap_or_else(|shared| shared.to_vec());
        let Some(looked) = looked else { return Ok((body, None)) };
        let subject = header::find(&body, "Subject").map(|field| String::from_utf8_lossy(&field.value()).into_owned());
        let handed = Handed {
            id: number,
            account: principal.account,
            organisation: principal.organisation,
            via: if self.noting.is_some() { Via::Jmap } else { Via::Smtp },
            address: Some(self.peer()),
            subject: words::decode(&subject.unwrap_or_default()).into_owned(),
            recipients,
            consent,
            looked,
            goes_by_itself: false,
        };
        self.tell_ruled(&handed);
        match ::outbound::decide(&handed.looked, &handed.consent) {
            Ok(()) => Ok((body, Some(handed))),
            Err(refusal) => Err(self.refuse_outbound(principal, envelope, handed, refusal).await),
        }
    }

    /// Groups about whose members elsewhere rules are asked before they get mail of strangers, which the queue does. What our people send is asked
    /// about as they send it, with those members.
    pub(super) async fn groups_asked(&self, junk: bool) -> Result<BTreeSet<i64>, OutboundError> {
        let mut asked = BTreeSet::new();
        if junk || self.principal.is_some() {
            return Ok(asked);
        }
        let receiver = &self.door.receiver;
        for group in self.taken.iter().filter_map(|taken| taken.group.as_ref()).filter(|it| !it.is_for_owners) {
            let id = group.group;
            if receiver.outbound.has_rules(group.organisation).await?
                && !receiver.store.read(move |tx| identity::groups::expand(tx, id)).await?.outside.is_empty()
            {
                asked.insert(id);
            }
        }
        Ok(asked)
    }

    /// Notes which rules hold.
    fn tell_ruled(&self, handed: &Handed) {
        let outcome = &handed.looked.outcome;
        if !outcome.matched.is_empty() {
            let rules = outcome.matched.iter().map(|matched| matched.rule.clone()).collect();
            let (decision, waits) = (outcome.decision().word().to_owned(), handed.waits());
            self.tell(What::Ruled { rules, decision, waits });
        }
    }

    /// Records the refusal and says why, in the sender's language where the protocol has room for it (RFC 6531 section 3.7.4.2).
    async fn refuse_outbound(
        &self,
        principal: &Principal,
        envelope: &Envelope,
        handed: Handed,
        refusal: Refusal,
    ) -> Verdict {
        let has_room = self.noting.is_some() || envelope.params.smtputf8;
        let language = if has_room { principal.language } else { Language::English };
        let mut text = refusal.text(&handed.looked.outcome, language);
        if !has_room {
            text = text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        }
        let kept = self.door.receiver.store.write(move |tx| waiting::keep_refused(tx, &handed, refusal)).await;
        match kept {
            Ok(()) => Verdict::reject(550, (5, 7, 1), text),
            Err(error) => {
                tracing::error!(%error, "a refusal by rules for outbound mail cannot be recorded");
                Verdict::reject(451, (4, 3, 0), "The message could not be looked at, try again later")
            }
        }
    }
}
