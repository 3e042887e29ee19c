//! What the organisations' allow and deny lists say of a stranger's mail, at the earliest point at which it is known.
//!
//! One message has recipients of one organisation, so that one organisation's lists decide about it: where lists differ, recipients
//! of another are put off to a message of their own.

use std::sync::Arc;

use identity::IdentityError;
use identity::lists::{Entry, Listing, Rules, Sender};
use mail::Address;
use mail::message::Envelope as Header;
use mailauth::{DkimResult, Facts};
use wire::smtp::server::Verdict;

use super::conversation::Conversation;
use super::recipients::trouble;

/// What lists spare a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spared {
    /// Nothing.
    Nothing,
    /// What only suspicion asks for.
    Suspicion,
    /// And what its author's DMARC policy asks for.
    Policy,
}

impl Conversation<'_> {
    /// MAIL FROM: refuses what every organisation here denies.
    pub(super) async fn check_lists_for_all(&self) -> Result<(), Verdict> {
        let directory = &self.door.receiver.directory;
        let rules = directory.lists().of_all().await.map_err(|error| trouble(&error))?;
        self.check_envelope(&rules)
    }

    /// RCPT TO: refuses what the recipient's organisation denies.
    pub(super) async fn check_lists_of(&self, organisation: i64) -> Result<(), Verdict> {
        let lists = self.door.receiver.directory.lists();
        let rules = lists.of(organisation).await.map_err(|error| trouble(&error))?;
        self.check_envelope(&rules)?;
        let Some(before) = self.first_organisation().filter(|before| *before != organisation) else { return Ok(()) };
        let others = lists.of(before).await.map_err(|error| trouble(&error))?;
        // What is found of a message is kept, and may be quarantined, under the key of one organisation.
        if rules.is_empty() && others.is_empty() && !self.door.receiver.judging.is_enabled() {
            return Ok(());
        }
        // RFC 5321 section 4.5.3.1.10: the client sends to the others again.
        Err(Verdict::reject(452, (4, 5, 3), "Recipients of another organisation need a message of their own"))
    }

    fn check_envelope(&self, rules: &Rules) -> Result<(), Verdict> {
        if rules.is_empty() {
            return Ok(());
        }
        let now = self.door.receiver.store.context().clock.now();
        if let Listing::Denied(entry) = rules.client(self.peer(), now) {
            return Err(refusal(&entry));
        }
        match self.sender.as_ref().map(|sender| rules.announced(sender, false, now)) {
            Some(Listing::Denied(entry)) => Err(refusal(&entry)),
            _ => Ok(()),
        }
    }

    /// The message: refuses what the recipients' organisation denies; else what it spares the message.
    pub(super) async fn check_lists_for_message(&self, body: &[u8], facts: &Facts) -> Result<Spared, Verdict> {
        let Some(organisation) = self.first_organisation() else { return Ok(Spared::Nothing) };
        let found = self.door.receiver.directory.lists().of(organisation).await;
        let rules: Arc<Rules> = found.map_err(|error: IdentityError| trouble(&error))?;
        if rules.is_empty() {
            return Ok(Spared::Nothing);
        }
        let now = self.door.receiver.store.context().clock.now();
        let authors = authors(body);
        let signers: Vec<(String, String)> = facts
            .dkim
            .iter()
            .filter(|check| check.result == DkimResult::Pass)
            .map(|check| (check.domain.clone(), check.selector.clone()))
            .collect();
        let sender = Sender {
            envelope: self.sender.as_ref(),
            authors: &authors,
            // While DNS does not say, an allow entry keeps the message from being refused for good.
            authenticated: if facts.is_temporary() { facts.author.domain() } else { facts.authenticated_domain() },
            signers: &signers,
        };
        spared([rules.client(self.peer(), now), rules.message(sender, now)])
    }
}

/// A deny entry in either question refuses; an allow entry in either spares.
fn spared(listings: [Listing; 2]) -> Result<Spared, Verdict> {
    let mut spared = Spared::Nothing;
    for listing in listings {
        match listing {
            Listing::Unlisted => {}
            Listing::Denied(entry) => return Err(refusal(&entry)),
            Listing::Allowed(entry) => {
                tracing::debug!(entry = entry.id, "allowed by a list");
                spared = spared.max(if entry.what.despite_policy { Spared::Policy } else { Spared::Suspicion });
            }
        }
    }
    Ok(spared)
}

/// Every address that the From fields name: a denied one must not hide behind another.
fn authors(body: &[u8]) -> Vec<Address> {
    let named = Header::parse(body).from;
    named.iter().filter_map(|it| Address::parse(&it.email()?).ok()).collect()
}

fn refusal(entry: &Entry) -> Verdict {
    tracing::info!(entry = entry.id, kind = entry.what.kind.as_str(), "denied by a list");
    let whose = match entry.what.kind {
        identity::EntryKind::Network => "from your network",
        identity::EntryKind::Key => "signed with this key",
        identity::EntryKind::Address | identity::EntryKind::Domain => "of this sender",
    };
    Verdict::reject(550, (5, 7, 1), format!("The recipients do not take mail {whose}"))
}
