//! What of a message is to be kept in the journals of those that it concerns.

use std::collections::BTreeSet;

use mail::message::sole_author;
use retention::journal::{Journaling, Passing};
use wire::smtp::Envelope;

use super::conversation::Conversation;
use super::recipients::Home;
use super::refused::AcceptError;

impl Conversation<'_> {
    /// The message with the rules of the journals; none where nobody that it concerns has any, which is known without a look at the store.
    pub(super) async fn journaling(
        &self,
        envelope: &Envelope,
        number: i64,
        body: &[u8],
    ) -> Result<Option<Journaling>, AcceptError> {
        let submitter = self.principal.as_ref().map(|principal| (principal.account, principal.organisation));
        let mut passing = Passing { number, submitter, ..Passing::default() };
        for taken in &self.taken {
            passing.to.push(taken.address.to_string());
            match taken.home {
                Home::Here { account, organisation, .. } => passing.here.push((account, organisation)),
                Home::Group { organisation, .. } => {
                    passing.groups.extend(taken.group.as_ref().map(|group| (group.group, organisation)));
                }
                Home::Elsewhere | Home::Abroad { .. } => passing.leaves = true,
                Home::Returning { .. } => {}
            }
        }
        let own = submitter.iter().chain(&passing.here).chain(&passing.groups);
        let organisations: BTreeSet<i64> = own.map(|(_, organisation)| *organisation).collect();
        let rules = self.door.receiver.journal.of_all(organisations).await?;
        if rules.is_empty() {
            return Ok(None);
        }
        passing.from = envelope.from.mailbox().map(ToString::to_string).unwrap_or_default();
        passing.author = sole_author(body);
        Ok(Some(Journaling::of(passing, rules)))
    }
}
