//! STORE (RFC 9051 section 6.4.6, RFC 7162 section 3.1.3).

use judgement::feedback::Marking;
use mailbox::{FlagChange, Flags, MailboxError, StoreOutcome, UidRange};
use wire::imap::{Code, NumberSet, Store, StoreAction};

use super::Outcome;
use crate::answer::{Answer, AnswerCode, ImapError};
use crate::connection::Connection;

impl Connection<'_> {
    pub(super) async fn store_flags(&mut self, store: Store) -> Outcome {
        self.require_write()?;
        let Some(selected) = &self.selected else { return Ok(Answer::bad("no mailbox is selected")) };
        if !store.uid && selected.is_beyond(&store.set) {
            return Ok(Answer::bad("no such message"));
        }
        let positions = selected.positions(store.uid, &store.set, &self.saved);
        if positions.is_empty() {
            return Ok(Answer::ok("nothing to change"));
        }
        let ranges = selected.ranges(&positions);
        let since = store.unchanged_since.map(|since| i64::try_from(since).unwrap_or(i64::MAX));
        let outcome = self.change_flags(ranges, &store, since).await?;
        self.tell_stored(&store, &positions, &outcome).await?;
        self.sync(false).await?;
        if !store.uid && self.selected.as_ref().is_some_and(|selected| selected.is_any_gone(&positions)) {
            return Ok(Answer::no(Code::ExpungeIssued, "some of the messages are gone"));
        }
        if outcome.modified.is_empty() {
            return Ok(Answer::ok("stored"));
        }
        let modified = self.modified(store.uid, &outcome.modified);
        Ok(Answer::ok("stored but for those that changed meanwhile").with(AnswerCode::Modified(modified)))
    }

    async fn change_flags(
        &mut self,
        ranges: Vec<UidRange>,
        store: &Store,
        since: Option<i64>,
    ) -> Result<StoreOutcome, ImapError> {
        let account = self.selected_account();
        let Some(selected) = &self.selected else { return Ok(StoreOutcome::default()) };
        let mailbox = selected.mailbox;
        let (names, system, action) = (store.flags.keywords.clone(), store.flags.system.bits(), store.action);
        let (outcome, known) = self
            .server
            .store
            .write(move |tx| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let keywords = match action {
                    StoreAction::Remove => mailbox::keywords::known_bits(tx, account, &names)?,
                    _ => mailbox::keywords::intern(tx, account, &names)?,
                };
                let flags = Flags { keywords, ..Flags::system(system) };
                let change = match action {
                    StoreAction::Replace => FlagChange::Set(flags),
                    StoreAction::Add => FlagChange::Add(flags),
                    StoreAction::Remove => FlagChange::Remove(flags),
                };
                // That a message is junk, or none, says what its reader thinks of it.
                let marking = match action {
                    StoreAction::Remove => None,
                    _ => Marking::of(tx, account, mailbox, &names, &ranges)?,
                };
                let outcome = mailbox::store_flags(tx, account, mailbox, &ranges, change, since)?;
                if let Some(marking) = marking {
                    marking.note(tx, account, mailbox, outcome.changed.iter().map(|changed| changed.uid))?;
                }
                let known = if names.is_empty() { None } else { Some(mailbox::keywords::list(tx, account)?) };
                Ok::<_, MailboxError>((outcome, known))
            })
            .await?;
        if let Some(known) = known {
            self.know_keywords(known);
        }
        Ok(outcome)
    }

    /// Takes over what was stored and tells it. Without `.SILENT` every message named is told, changed or not; with it only
    /// the new modseq, to those who follow it (RFC 7162 section 3.1.3).
    async fn tell_stored(
        &mut self,
        store: &Store,
        positions: &[usize],
        outcome: &StoreOutcome,
    ) -> Result<(), ImapError> {
        let enabled = self.session.enabled();
        let Some(selected) = &mut self.selected else { return Ok(()) };
        for changed in &outcome.changed {
            selected.set_flags(changed.uid, changed.flags, outcome.modseq);
        }
        for at in positions {
            let Some(entry) = self.selected.as_ref().and_then(|selected| selected.entries.get(*at)) else { continue };
            let uid = entry.uid;
            let is_changed = outcome.changed.binary_search_by_key(&uid, |changed| changed.uid).is_ok();
            let is_modified = outcome.modified.binary_search(&uid).is_ok();
            if store.is_silent {
                if is_changed && enabled.condstore {
                    self.tell_mod_seq(*at, store.uid);
                }
            } else if !is_modified {
                self.tell_flags(*at, store.uid);
            }
            self.flush_full().await?;
        }
        Ok(())
    }

    fn tell_mod_seq(&mut self, at: usize, with_uid: bool) {
        let Some(entry) = self.selected.as_ref().and_then(|selected| selected.entries.get(at)).copied() else { return };
        let mut fetch = self.writer().fetch(u32::try_from(at + 1).unwrap_or(u32::MAX));
        if with_uid {
            fetch.uid(entry.uid);
        }
        fetch.mod_seq(entry.modseq.unsigned_abs());
        fetch.finish();
    }

    /// UIDs that were left alone, as the client named its messages.
    fn modified(&self, uid: bool, uids: &[u32]) -> NumberSet {
        if uid {
            return NumberSet::from_ascending(uids.iter().copied());
        }
        let numbers = uids.iter().filter_map(|uid| self.selected.as_ref()?.position(*uid));
        NumberSet::from_ascending(numbers.map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX)))
    }
}
