//! Commands about mailboxes: CREATE, DELETE, RENAME, SUBSCRIBE, LIST, LSUB, STATUS, quota.

use identity::delegation::{self, Deed};
use mailbox::{Mailbox, MailboxError};
use store::Tx;
use wire::imap::{
    Code, List, ListEntry, MailboxName, QuotaResource, SpecialUse, StatusItem, StatusValue, Writer, pattern_matches,
};

use super::Outcome;
use super::listed::{self, Listed, parents};
use super::select::wire_use;
use crate::answer::{Answer, AnswerCode, ImapError};
use crate::connection::Connection;
use crate::place::PlaceError;

/// Units of the resource STORAGE (RFC 9208 section 5.1).
const STORAGE_UNIT_BYTES: u64 = 1024;

impl Connection<'_> {
    pub(super) async fn create(&mut self, mailbox: &MailboxName, uses: &[SpecialUse]) -> Outcome {
        let place = self.new_place(mailbox).await?;
        let special_use = match uses {
            [] => None,
            [one] => match mailbox::SpecialUse::parse(one.name().trim_start_matches('\\')) {
                Some(special_use) => Some(special_use),
                None => return Ok(Answer::no(Code::UseAttr, "there is no mailbox for this use")),
            },
            _ => return Ok(Answer::no(Code::UseAttr, "a mailbox has one use")),
        };
        let has_use = special_use.is_some();
        let make = move |tx: &mut Tx<'_>| {
            place.require(tx, Deed::Arrange)?;
            Ok::<_, PlaceError>(mailbox::mailboxes::create(tx, place.account, &place.name, special_use)?)
        };
        match self.server.store.write(make).await {
            Ok(made) => Ok(Answer::ok("created").with(AnswerCode::MailboxId(mailbox::object_id::show(made.id)))),
            Err(PlaceError::Mailbox(MailboxError::AlreadyExists)) if has_use => {
                Ok(Answer::no(Code::UseAttr, "the mailbox or one for this use exists already"))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn delete(&mut self, mailbox: &MailboxName) -> Outcome {
        let place = self.place(mailbox).await?;
        self.server
            .store
            .write(move |tx| {
                let found = place.find(tx)?;
                place.require(tx, Deed::Arrange)?;
                Ok::<_, PlaceError>(mailbox::mailboxes::delete(tx, place.account, found.id)?)
            })
            .await?;
        Ok(Answer::ok("deleted"))
    }

    pub(super) async fn rename(&mut self, from: &MailboxName, to: &MailboxName) -> Outcome {
        let (from, to) = (self.place(from).await?, self.new_place(to).await?);
        if from.account != to.account {
            return Ok(Answer::no(Code::Cannot, "a mailbox stays in its account; copy the messages instead"));
        }
        self.server
            .store
            .write(move |tx| {
                from.find(tx)?;
                from.require(tx, Deed::Arrange)?;
                Ok::<_, PlaceError>(mailbox::mailboxes::rename(tx, from.account, &from.name, &to.name)?)
            })
            .await?;
        Ok(Answer::ok("renamed"))
    }

    pub(super) async fn subscribe(&mut self, mailbox: &MailboxName, subscribed: bool) -> Outcome {
        let place = self.place(mailbox).await?;
        self.server
            .store
            .write(move |tx| {
                let found = place.find(tx)?;
                if place.is_foreign() {
                    Ok(delegation::subscribe(tx, place.actor, place.account, found.id, subscribed)?)
                } else {
                    Ok::<_, PlaceError>(mailbox::mailboxes::subscribe(tx, place.account, found.id, subscribed)?)
                }
            })
            .await?;
        Ok(Answer::ok("done"))
    }

    async fn mailboxes(&self) -> Result<Vec<Listed>, ImapError> {
        let account = self.account();
        Ok(self.server.store.read(move |tx| listed::all(tx, account)).await?)
    }

    /// LIST (RFC 9051 section 6.3.9).
    pub(super) async fn list(&mut self, list: List) -> Outcome {
        if !list.is_extended && list.patterns.iter().all(String::is_empty) {
            // The question what divides levels.
            self.writer().list(&ListEntry { name: "", no_select: true, ..ListEntry::default() });
            return Ok(Answer::ok("listed"));
        }
        let (account, mailboxes) = (self.account(), self.mailboxes().await?);
        let patterns: Vec<String> =
            list.patterns.iter().map(|pattern| format!("{}{pattern}", list.reference)).collect();
        let parents = parents(&mailboxes);
        for mailbox in &mailboxes {
            if !patterns.iter().any(|pattern| pattern_matches(pattern, &mailbox.name)) {
                continue;
            }
            // Another's Sent is not where one's own mail is to be filed.
            let own = mailbox.mailbox.as_ref().filter(|_| mailbox.account == account);
            let uses: Vec<SpecialUse> = own.and_then(|own| own.special_use).and_then(wire_use).into_iter().collect();
            let selected =
                (!list.select.subscribed || mailbox.subscribed) && (!list.select.special_use || !uses.is_empty());
            let child_subscribed = list.select.recursive_match
                && mailboxes.iter().any(|below| below.subscribed && below.is_below(mailbox));
            if !selected && !child_subscribed {
                continue;
            }
            let entry = ListEntry {
                name: &mailbox.name,
                no_select: mailbox.mailbox.is_none(),
                has_children: Some(parents.contains(mailbox.name.as_str())),
                subscribed: mailbox.subscribed && (list.select.subscribed || list.returns.subscribed),
                uses: &uses,
                child_subscribed,
                ..ListEntry::default()
            };
            self.writer().list(&entry);
            if selected
                && !list.returns.status.is_empty()
                && let Some(found) = &mailbox.mailbox
            {
                self.tell_status(mailbox.account, &mailbox.name, found, &list.returns.status).await?;
            }
            self.flush_full().await?;
        }
        Ok(Answer::ok("listed"))
    }

    /// LSUB (RFC 3501 section 6.3.9).
    pub(super) async fn lsub(&mut self, reference: &str, pattern: &str) -> Outcome {
        let mailboxes = self.mailboxes().await?;
        let pattern = format!("{reference}{pattern}");
        let ends_in_level = pattern.ends_with('%');
        for mailbox in &mailboxes {
            let name = mailbox.name.as_str();
            if mailbox.subscribed && pattern_matches(&pattern, name) {
                self.writer().lsub(&ListEntry { name, ..ListEntry::default() });
            } else if ends_in_level
                && pattern_matches(&pattern, name)
                && mailboxes.iter().any(|below| below.subscribed && below.is_below(mailbox))
            {
                self.writer().lsub(&ListEntry { name, no_select: true, ..ListEntry::default() });
            }
        }
        Ok(Answer::ok("listed"))
    }

    /// STATUS (RFC 9051 section 6.3.11).
    pub(super) async fn status(&mut self, mailbox: &MailboxName, items: &[StatusItem]) -> Outcome {
        let place = self.place(mailbox).await?;
        let account = place.account;
        let found = self.server.store.read(move |tx| place.find(tx)).await?;
        self.tell_status(account, mailbox.as_str(), &found, items).await?;
        Ok(Answer::ok("done"))
    }

    /// `name` is the mailbox's as the client knows it.
    async fn tell_status(
        &mut self,
        account: i64,
        name: &str,
        mailbox: &Mailbox,
        items: &[StatusItem],
    ) -> Result<(), ImapError> {
        let deleted_bytes = if items.contains(&StatusItem::DeletedStorage) && mailbox.deleted > 0 {
            let mailbox = mailbox.id;
            self.server.store.read(move |tx| mailbox::deleted_bytes(tx, account, mailbox)).await?
        } else {
            0
        };
        let id = mailbox::object_id::show(mailbox.id);
        let limit = *self.server.message_bytes_max.now();
        let values = items.iter().filter_map(|item| {
            let number = |number: u64| Some((*item, StatusValue::Number(number)));
            match item {
                StatusItem::Messages => number(u64::from(mailbox.total)),
                StatusItem::Recent => {
                    number(u64::from(mailbox.uidnext.saturating_sub(mailbox.first_recent).min(mailbox.total)))
                }
                StatusItem::UidNext => number(u64::from(mailbox.uidnext)),
                StatusItem::UidValidity => number(u64::from(mailbox.uidvalidity)),
                StatusItem::Unseen => number(u64::from(mailbox.unseen)),
                StatusItem::Deleted => number(u64::from(mailbox.deleted)),
                StatusItem::Size => number(mailbox.bytes),
                StatusItem::HighestModSeq => number(mailbox.highestmodseq.unsigned_abs()),
                StatusItem::MailboxId => Some((*item, StatusValue::ObjectId(&id))),
                StatusItem::AppendLimit => number(limit),
                StatusItem::DeletedStorage => number(deleted_bytes),
            }
        });
        let values: Vec<_> = values.collect();
        let utf8 = self.session.enabled().utf8();
        Writer::new(&mut self.out, utf8).status_data(name, values);
        Ok(())
    }

    /// GETQUOTA (RFC 9208 section 4.1.1): an account with a limit is one quota root, named "". Without one there is no root, for a
    /// root has at least one limit (section 7, `quota-list`).
    pub(super) async fn quota(&mut self, root: &str) -> Outcome {
        let limited = if root.is_empty() { self.limited_storage().await? } else { None };
        let Some(storage) = limited else { return Ok(Answer::no(Code::NonExistent, "no such quota root")) };
        self.writer().quota("", &[storage]);
        Ok(Answer::ok("done"))
    }

    /// What the account may hold, if that is limited.
    async fn limited_storage(&self) -> Result<Option<QuotaResource<'static>>, ImapError> {
        let account = self.account();
        let usage = self.server.store.read(move |tx| mailbox::usage(tx, account)).await?;
        let storage = QuotaResource {
            name: "STORAGE",
            usage: usage.bytes.div_ceil(STORAGE_UNIT_BYTES),
            limit: usage.quota_bytes.div_ceil(STORAGE_UNIT_BYTES),
        };
        Ok(Some(storage).filter(|_| usage.quota_bytes > 0))
    }

    /// GETQUOTAROOT (RFC 9208 section 4.1.2).
    pub(super) async fn quota_root(&mut self, mailbox: &MailboxName) -> Outcome {
        let place = self.place(mailbox).await?;
        let is_foreign = place.is_foreign();
        self.server.store.read(move |tx| place.find(tx)).await?;
        // How full another's account is concerns its owner.
        let limited = if is_foreign { None } else { self.limited_storage().await? };
        self.writer().quota_root(mailbox.as_str(), if limited.is_some() { &[""] } else { &[] });
        if let Some(storage) = limited {
            self.writer().quota("", &[storage]);
        }
        Ok(Answer::ok("done"))
    }
}
