//! Who wrote: somebody who seems to be another, or a known one who writes otherwise than ever before.

use env::Timestamp;
use filter::is_free_mail;

use super::lookalike::{Likeness, likeness};
use super::weights::Relation;
use super::{KNOWN_MESSAGES_MIN, Look};
use crate::knowledge::{Address, COMPANY_MESSAGES_MIN, Job, Near, Tally};
use crate::{Knowledge, Mailbox};

/// Letters from which habits can be told.
const HABIT_MESSAGES_MIN: u32 = 5;

/// From this closeness on a domain makes its owner one who poses as another.
const POSING_MIN: f32 = 0.7;

impl<'a> Look<'a> {
    /// Looks at who wrote.
    pub(super) fn sender(&mut self) {
        self.forged();
        self.lookalike();
        self.names();
        self.answers();
        if matches!(self.relation, Relation::Known | Relation::Slight) {
            self.habits();
        }
        if self.relation == Relation::Stranger {
            self.add("first-contact", 1.0, self.subject.from.address.clone());
        }
    }

    /// Says to come from us, and came from outside without our word. Lists pass on what our people wrote to them, and break its signature.
    fn forged(&mut self) {
        let from = &self.subject.from;
        if self.knowledge.own.has_host(&from.host) && self.subject.authenticated.is_none() {
            self.relation = Relation::Posing;
            self.chief = Some(from.name.clone()).filter(|_| !self.is_bulk());
            self.add("own-domain-forged", if self.is_bulk() { 0.3 } else { 1.0 }, from.address.clone());
        }
    }

    fn lookalike(&mut self) {
        let host = &self.subject.from.host;
        let Some((near, like)) = self.closest(|near| near.domain == *host) else { return };
        let id = if near.is_own { "lookalike-own" } else { "lookalike-partner" };
        let (key, evidence) = (format!("finding-{id}-{}", like.trick.word()), told(near));
        let is_announced =
            self.knowledge.announced_by.as_ref().is_some_and(|partner| partner.domains.contains(&near.known));
        let share = like.closeness * strength(near) * if is_announced { 0.2 } else { 1.0 };
        if share >= POSING_MIN {
            self.relation = Relation::Posing;
            if near.is_own {
                self.chief = Some(self.subject.from.name.clone());
            }
        }
        // Until it is plain that somebody poses, it is weighed as if he did.
        let before = std::mem::replace(&mut self.relation, Relation::Posing);
        self.add_told(id, &key, share, evidence);
        self.relation = before;
    }

    /// Look-alikes where answers and copies go.
    pub(super) fn copies(&mut self) {
        let subject = self.subject;
        let others = subject.reply_to.iter().chain(&subject.to).chain(&subject.cc);
        let others: Vec<&Mailbox> = others.filter(|one| one.domain != subject.from.domain).collect();
        let Some((near, like)) = self.closest(|near| others.iter().any(|one| one.host == near.domain)) else { return };
        let evidence = told(near);
        // The real one may well stand beside it: then two companies are called alike.
        let is_with_real = others.iter().any(|one| one.domain == near.known) || subject.from.domain == near.known;
        self.add("lookalike-copied", like.closeness * strength(near) * if is_with_real { 0.6 } else { 1.0 }, evidence);
    }

    /// The known domain that one of the message is likest to.
    fn closest(&self, wanted: impl Fn(&Near) -> bool) -> Option<(&'a Near, Likeness)> {
        let knowledge: &'a Knowledge = self.knowledge;
        let near = knowledge.near.iter().filter(|near| wanted(near));
        near.filter_map(|near| Some((near, likeness(&near.domain, &near.known)?)))
            .filter(|(near, _)| strength(near) > 0.0)
            .max_by(|one, two| (one.1.closeness * strength(one.0)).total_cmp(&(two.1.closeness * strength(two.0))))
    }

    /// A name of ours, or of a partner's person, at another address.
    fn names(&mut self) {
        let from = &self.subject.from;
        let known_address = self
            .knowledge
            .sender
            .as_ref()
            .is_some_and(|sender| sender.contact.is_mutual() && sender.contact.messages() >= KNOWN_MESSAGES_MIN);
        let own = self.knowledge.namesakes.iter().find(|one| one.is_own);
        if let Some(one) = own
            && !self.knowledge.own.has_host(&from.host)
        {
            // At a partner's own domain somebody may bear the same name.
            let share = if self.relation == Relation::Slight && !is_free_mail(&from.domain) { 0.5 } else { 1.0 };
            let more = if matches!(one.job, Job::Finance | Job::Management) { 1.15 } else { 1.0 };
            self.add("own-name-outside", share * more, format!("{} <{}> ≠ <{}>", one.name, from.address, one.address));
            if !known_address {
                self.chief = Some(one.name.clone());
                self.relation = Relation::Posing;
            }
        }
        let of_partner =
            self.knowledge.namesakes.iter().filter(|one| !one.is_own && one.messages >= KNOWN_MESSAGES_MIN);
        let own_domains = self.knowledge.partner.as_ref().map(|partner| partner.domains.as_slice()).unwrap_or_default();
        let elsewhere = of_partner
            .filter(|one| one.address != from.address)
            .filter(|one| one.address.rsplit_once('@').is_none_or(|(_, host)| !is_within(host, own_domains)))
            .filter(|one| !one.address.ends_with(&format!("@{}", from.host)) || is_free_mail(&from.domain))
            .max_by_key(|one| one.messages);
        if let Some(one) = elsewhere
            && self.relation != Relation::Known
        {
            let evidence = format!("{} <{}> ≠ <{}>", one.name, from.address, one.address);
            self.add("partner-name-elsewhere", if is_free_mail(&from.domain) { 1.0 } else { 0.6 }, evidence);
            if self.relation == Relation::Stranger {
                self.relation = Relation::Posing;
            }
        }
        self.shown_address();
    }

    /// A name that is an address of somebody else.
    fn shown_address(&mut self) {
        let from = &self.subject.from;
        let shown =
            from.name.split(|c: char| c.is_whitespace() || "<>()\"'".contains(c)).find(|word| word.contains('@'));
        let Some((shown, host)) =
            shown.and_then(|word| Some((word.to_lowercase(), word.rsplit_once('@')?.1.to_lowercase())))
        else {
            return;
        };
        let domain = filter::facts::registered_domain(&host);
        if domain == from.domain || !domain.contains('.') {
            return;
        }
        let is_of_somebody = self.knowledge.own.has_host(&host)
            || self.knowledge.others.iter().any(|partner| partner.domains.contains(&domain));
        self.add("name-shows-address", if is_of_somebody { 1.0 } else { 0.4 }, format!("{shown} ≠ {}", from.address));
    }

    /// Answers that go where none went before.
    fn answers(&mut self) {
        let from = &self.subject.from;
        let sender = self.knowledge.sender.as_ref();
        let own_domains = self.knowledge.partner.as_ref().map(|partner| partner.domains.as_slice()).unwrap_or_default();
        let other = self.subject.reply_to.iter().find(|one| {
            one.address != from.address
                && one.domain != from.domain
                && !self.knowledge.own.has_host(&one.host)
                && !own_domains.contains(&one.domain)
                && sender.is_none_or(|sender| sender.reply_to.count(&one.address) == 0)
        });
        let Some(other) = other else { return };
        if self.is_bulk() {
            return;
        }
        let known = self.knowledge.reply_to.as_ref().is_some_and(|known| known.contact.is_mutual());
        let share = if known { 0.4 } else { 1.0 };
        let id = if is_free_mail(&other.domain) && !is_free_mail(&from.domain) {
            "answers-to-free-mailbox"
        } else {
            "answers-elsewhere"
        };
        self.add(id, share, format!("{} → {}", from.address, other.address));
    }

    /// Program, way and hours of a known sender.
    fn habits(&mut self) {
        let Some(sender) = self.knowledge.sender.as_ref() else { return };
        if sender.contact.received < HABIT_MESSAGES_MIN {
            return;
        }
        let changed = self.changed_habits(sender);
        let told: Vec<&str> = changed.iter().map(|(told, _)| *told).collect();
        let sum: f32 = changed.iter().map(|(_, share)| share).sum();
        // One of them changes with a new computer or a journey.
        if changed.len() >= 2 {
            self.add("habits-changed", sum, told.join(", "));
        }
        let mostly = sender.authenticated * 10 >= sender.contact.received * 9;
        if mostly && self.subject.authenticated.is_none() {
            self.add("not-vouched-for", 1.0, self.subject.from.domain.clone());
        }
    }

    /// What is new of them, each with its share.
    fn changed_habits<'s>(&'s self, sender: &Address) -> Vec<(&'s str, f32)> {
        let subject = self.subject;
        let is_new = |tally: &Tally, seen: &str| {
            !seen.is_empty() && tally.total() >= HABIT_MESSAGES_MIN && tally.count(seen) == 0
        };
        let mut changed = Vec::new();
        for (tally, seen, share) in [
            (&sender.software, subject.software.as_str(), 0.4),
            (&sender.routes, subject.route.as_str(), 0.5),
            (&sender.zones, subject.zone.as_str(), 0.4),
        ] {
            if is_new(tally, seen) {
                changed.push((seen, share));
            }
        }
        if let Some(language) = subject.facts.language.as_deref()
            && is_new(&sender.languages, language)
        {
            changed.push((language, 0.3));
        }
        changed
    }
}

/// How much the known name counts: one letter years ago makes no partner worth posing as, and a domain with a history of its own is a
/// company by itself.
fn strength(near: &Near) -> f32 {
    let history = near.own_contact;
    if history.is_company() {
        return 0.0;
    }
    let by_history = if history.messages() >= COMPANY_MESSAGES_MIN { 0.5 } else { 1.0 };
    by_history
        * match near.contact.messages() {
            _ if near.is_own => 1.0,
            KNOWN_MESSAGES_MIN.. => 1.0,
            _ => 0.5,
        }
}

/// Both domains, and the month since when the known one is known.
fn told(near: &Near) -> String {
    let since = Timestamp::from_millis(near.contact.first).civil();
    if near.is_own || near.contact.first == 0 {
        format!("{} ≠ {}", near.domain, near.known)
    } else {
        format!("{} ≠ {} ({}-{:02})", near.domain, near.known, since.year, since.month)
    }
}

fn is_within(host: &str, domains: &[String]) -> bool {
    domains
        .iter()
        .any(|domain| host == domain || host.strip_suffix(domain.as_str()).is_some_and(|sub| sub.ends_with('.')))
}
