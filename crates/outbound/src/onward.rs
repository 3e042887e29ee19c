//! Mail that goes on by itself: what an account or its rules forward, what a group gives to members elsewhere, automatic replies.
//!
//! It is asked about by the same rules as what people send. But nobody is there who could be asked: what wants a confirmation or a reason does not
//! go, and of what does not go its owner is told. Each address is asked about alone, so that one that a rule names does not stop the others.

use std::sync::Arc;

use access::Via;
use identity::GroupAddress;
use store::Tx;

use crate::OutboundError;
use crate::consent::Consent;
use crate::evaluate::{Decision, Outcome, Policy};
use crate::look::{Looked, Outbound, person, recipients};
use crate::refusal::Refusal;
use crate::rule::Person;
use crate::waiting::Handed;

/// Who lets mail go on.
#[derive(Debug, Clone)]
pub enum By {
    /// An account.
    Account(i64),
    /// A group; those who answer for it stand for it.
    Group(Arc<GroupAddress>),
}

/// A message that goes on by itself.
#[derive(Debug, Clone)]
pub struct Going {
    /// Whose rules are asked.
    pub organisation: i64,
    /// Who lets it go on.
    pub by: By,
    /// The message.
    pub raw: Arc<[u8]>,
    /// Where it goes.
    pub to: Vec<String>,
}

/// What rules say of it for some of its addresses.
#[derive(Debug, Clone)]
pub struct Part {
    /// The account that is told of it, and never allows it: who lets it go on, or answers for the group.
    pub account: i64,
    /// The addresses.
    pub to: Vec<String>,
    /// What they say.
    pub looked: Looked,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Goes,
    /// It waits until it is allowed.
    Waits,
    /// It does not go on.
    Stays(Refusal),
}

impl Part {
    /// As it is recorded and, where it must be allowed, kept: under the number `id`, with its decoded subject.
    #[must_use]
    pub fn handed(self, organisation: i64, id: i64, subject: &str) -> Handed {
        Handed {
            id,
            account: self.account,
            organisation,
            via: Via::Smtp,
            address: None,
            subject: subject.to_owned(),
            recipients: self.to,
            consent: Consent::default(),
            looked: self.looked,
            goes_by_itself: true,
        }
    }

    /// What becomes of it, where it has none of what rules may demand for its way.
    #[must_use]
    pub fn fate(&self) -> Fate {
        match self.looked.outcome.decision() {
            Decision::Block => Fate::Stays(Refusal::Blocked),
            Decision::Warn | Decision::Justify => Fate::Stays(Refusal::NobodyToAsk),
            Decision::Go if self.looked.approvals.iter().any(|it| it.people.is_empty()) => {
                Fate::Stays(Refusal::NobodyApproves)
            }
            Decision::Go if self.looked.approvals.is_empty() => Fate::Goes,
            Decision::Go => Fate::Waits,
        }
    }
}

/// What is looked up before rules are asked.
struct Known {
    policy: Arc<Policy>,
    sender: Person,
    account: i64,
    lists: Vec<Vec<crate::Recipient>>,
}

impl Outbound {
    /// Whether the organisation has rules that are asked about what goes on by itself.
    ///
    /// # Errors
    /// [`OutboundError`] if the store fails.
    pub async fn has_rules(self: &Arc<Self>, organisation: i64) -> Result<bool, OutboundError> {
        let this = Arc::clone(self);
        Ok(self.store().read(move |tx| this.policy(tx, organisation)).await?.asks_onward())
    }

    /// What the rules of the organisation say of a message that goes on by itself: addresses of which they say the same stand together; none if it has
    /// no rules.
    ///
    /// # Errors
    /// [`OutboundError`] if the store fails: then it must not go on.
    pub async fn look_onward(self: &Arc<Self>, going: Going) -> Result<Option<Vec<Part>>, OutboundError> {
        let (this, asked) = (Arc::clone(self), going.clone());
        let Some(Known { policy, sender, account, lists }) =
            self.store().read(move |tx| this.known(tx, &asked)).await?
        else {
            return Ok(None);
        };
        let (outcomes, _) = self.evaluate(policy, Arc::clone(&going.raw), (sender, lists)).await?;
        let mut parts = Vec::new();
        for (outcome, to) in together(outcomes, going.to) {
            let approvals = self.approvals(going.organisation, account, &outcome).await?;
            parts.push(Part { account, to, looked: Looked { outcome, approvals, reports: None } });
        }
        Ok(Some(parts))
    }

    fn known(&self, tx: &mut Tx<'_>, going: &Going) -> Result<Option<Known>, OutboundError> {
        let policy = self.policy(tx, going.organisation)?;
        if !policy.asks_onward() {
            return Ok(None);
        }
        let (sender, account) = match &going.by {
            By::Account(account) => (person(tx, *account)?, *account),
            By::Group(group) => (of_group(group), answers_for(tx, group)?),
        };
        let mut lists = Vec::with_capacity(going.to.len());
        for address in &going.to {
            let to = std::slice::from_ref(address);
            lists.push(recipients(tx, going.organisation, to, (policy.wants(), None))?);
        }
        Ok(Some(Known { policy, sender, account, lists }))
    }
}

/// Addresses by what rules say of them.
fn together(outcomes: Vec<Outcome>, addresses: Vec<String>) -> Vec<(Outcome, Vec<String>)> {
    let mut all: Vec<(Outcome, Vec<String>)> = Vec::new();
    for (outcome, address) in outcomes.into_iter().zip(addresses) {
        match all.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, to)) => to.push(address),
            None => all.push((outcome, vec![address])),
        }
    }
    all
}

/// A group as rules name people: by its address and name.
fn of_group(group: &GroupAddress) -> Person {
    let groups = vec![group.name.clone(), group.address.clone()];
    Person { addresses: vec![group.address.clone()], groups, roles: Vec::new() }
}

/// The account that answers for a group.
fn answers_for(tx: &mut Tx<'_>, group: &GroupAddress) -> Result<i64, OutboundError> {
    let owners = identity::groups::expand_owners(tx, group.group)?.accounts;
    Ok(owners.into_iter().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Policy;
    use crate::look::Approval;
    use crate::rule::{Action, Approve, Rule};
    use crate::{Content, Recipient};
    use serde_json::json;

    fn outcome(actions: &serde_json::Value, domain: &str) -> Outcome {
        let text =
            json!({ "name": "r", "when": { "recipient-domain": { "domains": ["far.test"] } }, "actions": actions });
        let recipient = Recipient { domain: domain.to_owned(), is_outside: true, ..Recipient::default() };
        let content = Content::read(b"Subject: Hi\r\n\r\nTen pieces.\r\n", None);
        let policy = Policy::new(vec![Rule::read(&text.to_string()).unwrap()], &[]);
        policy.evaluate_each(&content, &[vec![recipient]]).remove(0)
    }

    fn fate(actions: serde_json::Value, people: &[&str]) -> Fate {
        let outcome = outcome(&actions, "far.test");
        let approve = |(rule, approve): (String, Approve)| Approval {
            rule,
            approve,
            people: people.iter().map(|it| (*it).to_owned()).collect(),
        };
        let approvals = outcome.approvals().into_iter().map(approve).collect();
        let looked = Looked { outcome, approvals, reports: None };
        Part { account: 1, to: vec!["bo@far.test".to_owned()], looked }.fate()
    }

    #[test]
    fn what_nobody_can_be_asked_about_stays() {
        let approve = json!({ "approve": { "by": { "roles": ["management"] } } });
        assert_eq!(fate(json!(["record"]), &[]), Fate::Goes);
        assert_eq!(fate(json!(["encrypt"]), &[]), Fate::Goes);
        assert_eq!(fate(json!(["block"]), &[]), Fate::Stays(Refusal::Blocked));
        assert_eq!(fate(json!(["warn"]), &[]), Fate::Stays(Refusal::NobodyToAsk));
        assert_eq!(fate(json!(["justify", approve]), &["boss@trade.test"]), Fate::Stays(Refusal::NobodyToAsk));
        assert_eq!(fate(json!([approve]), &["boss@trade.test"]), Fate::Waits);
        assert_eq!(fate(json!([approve]), &[]), Fate::Stays(Refusal::NobodyApproves));
    }

    #[test]
    fn addresses_stand_together_by_what_rules_say() {
        let (held, free) = (outcome(&json!(["block"]), "far.test"), outcome(&json!(["block"]), "near.test"));
        let addresses = ["a@far.test", "b@near.test", "c@far.test"].map(str::to_owned).to_vec();
        let parts = together(vec![held.clone(), free, held], addresses);
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].1, ["a@far.test", "c@far.test"]);
        assert!(parts[0].0.matched[0].actions == [Action::Block] && parts[1].0.matched.is_empty());
    }
}
