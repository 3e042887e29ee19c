//! What the administrator and the organisation demand of messages that our people submit: what cannot go is refused at once.

use queue::QueueError;

use super::conversation::Conversation;
use super::recipients::Home;
use crate::protection::{self, Form, KeptBack, Terms};

/// The rules for mail to a domain, by which a message of our people can fail.
pub(super) struct Demand {
    domain: String,
    terms: Terms,
}

/// Where a message fails by one of them, and why.
pub(super) fn refused(demands: &[Demand], body: &[u8]) -> Option<(String, KeptBack)> {
    if demands.is_empty() {
        return None;
    }
    let form = Form::of(body, true);
    demands.iter().find_map(|it| protection::refused(&it.terms, form).map(|why| (it.domain.clone(), why)))
}

impl Conversation<'_> {
    /// What the administrator and the organisation demand of messages of our people to those who are written to, where they can fail by it.
    /// `of_rules` is what rules for outbound mail ask for beside, of this message alone.
    pub(super) async fn demands(&self, of_rules: &[mail::protection::Demand]) -> Result<Vec<Demand>, QueueError> {
        let Some(principal) = &self.principal else { return Ok(Vec::new()) };
        let (organisation, receiver) = (principal.organisation, &self.door.receiver);
        let away = self.taken.iter().filter(|taken| taken.home == Home::Elsewhere);
        let away: Vec<(String, String)> =
            away.map(|taken| (taken.address.canonical(), taken.address.domain_ascii())).collect();
        if away.is_empty() {
            return Ok(Vec::new());
        }
        let asked = away.clone();
        let own = move |tx: &mut store::Tx<'_>| {
            let of =
                |(address, _): &(String, String)| queue::demands::of(tx, organisation, std::slice::from_ref(address));
            asked.iter().map(of).collect::<Result<Vec<_>, QueueError>>()
        };
        let own = receiver.store.read(own).await?;
        let mut demands: Vec<Demand> = Vec::new();
        for ((_, domain), own) in away.into_iter().zip(own) {
            let mut terms = receiver.content_rules.terms(&domain);
            terms.demands.extend(own);
            terms.demands.extend_from_slice(of_rules);
            let is_known = demands.iter().any(|known| known.domain == domain && known.terms == terms);
            if !is_known && protection::refused(&terms, Form { is_of_ours: true, ..Form::default() }).is_some() {
                demands.push(Demand { domain, terms });
            }
        }
        Ok(demands)
    }
}
