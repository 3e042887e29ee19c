//! SELECT and EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3), with CONDSTORE and QRESYNC (RFC 7162).

use access::Via;
use identity::delegation::{self, Deed};
use identity::rights;
use mailbox::{Entry, Flags, Mailbox};
use store::Tx;
use wire::imap::{Code, NumberSet, Qresync, Reply, Select, SpecialUse, SystemFlags};

use super::{Outcome, keyword_names, names_by_bit};
use crate::answer::{Answer, AnswerCode, ImapError};
use crate::connection::Connection;
use crate::place::{Place, PlaceError};
use crate::selected::Selected;

/// What is read of a mailbox to select it.
struct Found {
    mailbox: Mailbox,
    may_write: bool,
    entries: Vec<Entry>,
    keywords: Vec<mailbox::keywords::Keyword>,
    /// UIDs gone since the client was here (RFC 7162 section 3.2.5).
    vanished: Vec<mailbox::UidRange>,
}

impl Connection<'_> {
    pub(super) async fn select(&mut self, select: Select) -> Outcome {
        self.selected = None;
        self.saved.clear();
        let place = self.place(&select.mailbox).await?;
        let (actor, account) = (place.actor, place.account);
        // Watched before it is read: what changes in between is told, not missed.
        let mut watch = self.server.store.context().notices.watch_account(account);
        watch.mark_unchanged();
        let since = select.qresync.as_ref().map(|qresync| (qresync.uid_validity, qresync.mod_seq));
        let found = self.server.store.read(move |tx| find(tx, &place, since)).await?;
        let Found { mailbox, may_write, entries, keywords, vanished } = found;
        if actor != account {
            let (id, from) = (mailbox.id, Some(self.stream.peer().ip()));
            let note = move |tx: &mut Tx<'_>| rights::note_reading(tx, actor, account, id, Via::Imap, from);
            self.server.store.write_freeing(note).await.map_err(PlaceError::from)?;
        }
        let read_only = select.read_only || !may_write;
        self.keywords = names_by_bit(keywords);
        let claims = !read_only && mailbox.first_recent < mailbox.uidnext;
        let selected = Selected {
            account,
            mailbox: mailbox.id,
            read_only,
            modseq: mailbox.highestmodseq,
            told_modseq: mailbox.highestmodseq,
            uidnext: mailbox.uidnext,
            recent_from: mailbox.first_recent,
            entries,
            expunged: Vec::new(),
            watch,
        };
        if claims {
            let id = mailbox.id;
            self.server.store.write(move |tx| mailbox::claim_recent(tx, account, id)).await?;
        }
        self.tell_selected(&selected, &mailbox, select.mailbox.as_str());
        self.selected = Some(selected);
        if let Some(qresync) = &select.qresync
            && qresync.uid_validity == mailbox.uidvalidity
        {
            self.resynchronise(qresync, &vanished).await?;
        }
        let code = if read_only { Code::ReadOnly } else { Code::ReadWrite };
        Ok(Answer::ok("selected").with(AnswerCode::Plain(code)))
    }

    fn tell_selected(&mut self, selected: &Selected, mailbox: &Mailbox, asked: &str) {
        let enabled = self.session.enabled();
        let names: Vec<String> = keyword_names(&self.keywords, u64::MAX).map(str::to_owned).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let id = mailbox::object_id::show(mailbox.id);
        let first_unseen = selected.entries.iter().position(|entry| !entry.flags().has(Flags::SEEN));
        let recent = selected.recent_count();
        // Of another's mailbox the client knows a longer name.
        let listed =
            if selected.account == self.account() { mailbox.name.as_str().to_owned() } else { asked.to_owned() };
        let mut writer = self.writer();
        writer.flags(SystemFlags::SETTABLE, names.iter().copied());
        writer.exists(selected.count());
        if !enabled.imap4rev2 {
            writer.recent(recent);
            if let Some(at) = first_unseen {
                let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
                writer.untagged(&Reply::ok("first unseen").with(Code::Unseen(number)));
            }
        }
        let may_add = names.len() < mailbox::keywords::KEYWORDS_MAX;
        let (settable, names) =
            if selected.read_only { (SystemFlags::NONE, &[][..]) } else { (SystemFlags::SETTABLE, &names[..]) };
        let permanent = Code::PermanentFlags(settable, names, may_add && !selected.read_only);
        writer.untagged(&Reply::ok("flags that are kept").with(permanent));
        writer.untagged(&Reply::ok("uids are valid").with(Code::UidValidity(mailbox.uidvalidity)));
        writer.untagged(&Reply::ok("next uid").with(Code::UidNext(mailbox.uidnext)));
        writer.untagged(&Reply::ok("highest").with(Code::HighestModSeq(mailbox.highestmodseq.unsigned_abs())));
        writer.untagged(&Reply::ok("object").with(Code::MailboxId(&id)));
        if enabled.imap4rev2 {
            let entry = wire::imap::ListEntry { name: &listed, ..Default::default() };
            writer.list(&entry);
        }
    }

    /// Brings a client that was here before up to date (RFC 7162 section 3.2.5).
    async fn resynchronise(&mut self, qresync: &Qresync, vanished: &[mailbox::UidRange]) -> Result<(), ImapError> {
        let Some(selected) = &self.selected else { return Ok(()) };
        let known = qresync.known_uids.as_ref().map(|set| set.resolve(selected.uidnext.saturating_sub(1)));
        let is_known = |uid: u32| known.as_ref().is_none_or(|known| known.contains(uid));
        let gone = vanished.iter().flat_map(|range| range.first..=range.last).filter(|uid| is_known(*uid));
        let gone = NumberSet::from_ascending(gone);
        let since = i64::try_from(qresync.mod_seq).unwrap_or(i64::MAX);
        let entries = selected.entries.iter().enumerate();
        let changed: Vec<usize> =
            entries.filter(|(_, entry)| entry.modseq > since && is_known(entry.uid)).map(|(at, _)| at).collect();
        if !gone.is_empty() {
            self.writer().vanished(&gone, true);
        }
        for at in changed {
            self.tell_flags(at, true);
            self.flush_full().await?;
        }
        Ok(())
    }
}

fn find(tx: &mut Tx<'_>, place: &Place, since: Option<(u32, u64)>) -> Result<Found, PlaceError> {
    let (account, mailbox) = (place.account, place.find(tx)?);
    let may_write = delegation::may(tx, place.actor, Deed::Write(mailbox.id), account)?;
    let vanished = match since {
        Some((validity, modseq)) if validity == mailbox.uidvalidity => {
            mailbox::expunged_since(tx, account, mailbox.id, i64::try_from(modseq).unwrap_or(i64::MAX))?
        }
        _ => Vec::new(),
    };
    let entries = mailbox::snapshot(tx, account, mailbox.id)?;
    let keywords = mailbox::keywords::list(tx, account)?;
    Ok(Found { mailbox, may_write, entries, keywords, vanished })
}

/// Our special uses in the protocol's words.
pub(super) fn wire_use(special_use: mailbox::SpecialUse) -> Option<SpecialUse> {
    SpecialUse::from_name(&format!("\\{}", special_use.as_str()))
}
