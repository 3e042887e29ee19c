//! What each command does.

mod acl;
mod across;
mod append;
mod copy;
mod fetch;
mod flags;
mod listed;
mod mailboxes;
mod search;
mod select;

use identity::delegation::{self, Deed};
use mailbox::{Expunged, MailboxError, changes_since};
use net::StreamError;
use store::Tx;
use wire::imap::{AclChange, Code, Command, Reply, SEPARATOR, Tagged, Writer};

use crate::answer::{Answer, AnswerCode, ImapError};
use crate::connection::Connection;
use crate::place::{OTHERS, PlaceError, SHARED};

type Outcome = Result<Answer, ImapError>;

/// Whether EXPUNGE may be told before the command's answer: not for commands whose message numbers the client still holds
/// (RFC 9051 section 7.5.1).
pub(crate) fn may_tell_expunges(command: &Command) -> bool {
    match command {
        Command::Fetch(fetch) => fetch.uid,
        Command::Store(store) => store.uid,
        Command::Search(search) => search.uid,
        Command::Sort(sort) => sort.uid,
        Command::Thread(thread) => thread.uid,
        Command::Copy(copy) => copy.uid,
        _ => true,
    }
}

/// What a client calls itself by name and version (RFC 2971 section 3.3).
fn agent(fields: &[(String, Option<String>)]) -> Option<String> {
    let field = |name: &str| {
        let found = fields.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        found.and_then(|(_, value)| value.as_deref())
    };
    let words: Vec<&str> = ["name", "version", "os", "os-version"].into_iter().filter_map(field).collect();
    identity::describe_agent(&words.join(" "))
}

/// Whether the command looks at messages of the selected mailbox or changes them.
fn acts_on_messages(command: &Command) -> bool {
    matches!(
        command,
        Command::Fetch(_)
            | Command::Store(_)
            | Command::Search(_)
            | Command::Sort(_)
            | Command::Thread(_)
            | Command::Copy(_)
            | Command::Move(_)
            | Command::Expunge(_)
    )
}

impl Connection<'_> {
    pub(crate) async fn execute(&mut self, tagged: Tagged) -> Outcome {
        let Tagged { tag, command } = tagged;
        if acts_on_messages(&command) {
            self.check_still_permitted().await?;
        }
        match command {
            Command::Noop | Command::Check => Ok(Answer::ok("done")),
            Command::Id(fields) => {
                self.agent = agent(&fields).or_else(|| self.agent.take());
                self.writer().id(&[
                    ("name", "Tradewind"),
                    ("version", env!("CARGO_PKG_VERSION")),
                    ("vendor", "Tradewind"),
                ]);
                Ok(Answer::ok("pleased to meet you"))
            }
            Command::Namespace => {
                let (others, shared) = [OTHERS, SHARED].map(|name| format!("{name}{SEPARATOR}")).into();
                self.writer().namespace(Some(&others), Some(&shared));
                Ok(Answer::ok("done"))
            }
            Command::Select(select) => self.select(select).await,
            Command::Create { mailbox, uses, .. } => self.create(&mailbox, &uses).await,
            Command::Delete(mailbox) => self.delete(&mailbox).await,
            Command::Rename { from, to } => self.rename(&from, &to).await,
            Command::Subscribe(mailbox) => self.subscribe(&mailbox, true).await,
            Command::Unsubscribe(mailbox) => self.subscribe(&mailbox, false).await,
            Command::List(list) => self.list(list).await,
            Command::Lsub { reference, pattern } => self.lsub(&reference, &pattern).await,
            Command::Status { mailbox, items } => self.status(&mailbox, &items).await,
            Command::Append { mailbox, messages } => self.append(&mailbox, messages).await,
            Command::GetQuota(root) => self.quota(&root).await,
            Command::GetQuotaRoot(mailbox) => self.quota_root(&mailbox).await,
            Command::MyRights(mailbox) => self.my_rights(&mailbox).await,
            Command::GetAcl(mailbox) => self.get_acl(&mailbox).await,
            Command::ListRights { mailbox, identifier } => self.list_rights(&mailbox, &identifier).await,
            Command::SetAcl { mailbox, identifier, change, rights } => {
                self.set_acl(&mailbox, identifier, change, rights).await
            }
            Command::DeleteAcl { mailbox, identifier } => {
                self.set_acl(&mailbox, identifier, AclChange::Replace, String::new()).await
            }
            Command::SetQuota { .. } => Ok(Answer::no(Code::NoPerm, "room is given by the administrator")),
            Command::Close => self.close().await,
            Command::Unselect => Ok(Answer::ok("closed")),
            Command::Expunge(set) => self.expunge(set).await,
            Command::Search(search) => self.search(&tag, *search).await,
            Command::Sort(sort) => self.sort(*sort).await,
            Command::Thread(thread) => self.thread(*thread).await,
            Command::Fetch(fetch) => self.fetch(*fetch).await,
            Command::Store(store) => self.store_flags(*store).await,
            Command::Copy(copy) => self.copy(copy).await,
            Command::Move(copy) => self.move_messages(copy).await,
            // The session itself deals with these.
            Command::Capability
            | Command::Logout
            | Command::StartTls
            | Command::Authenticate { .. }
            | Command::Login { .. }
            | Command::Enable(_)
            | Command::Idle
            | Command::Compress => Ok(Answer::bad("not now")),
        }
    }

    /// Looks whether the one who has selected another's mailbox still may. What they may no longer see is gone for them, and what they
    /// may no longer change is as if it had been opened for reading.
    async fn check_still_permitted(&mut self) -> Result<(), ImapError> {
        let actor = self.account();
        let Some(selected) = &mut self.selected else { return Ok(()) };
        if selected.account == actor {
            return Ok(());
        }
        let (account, mailbox) = (selected.account, selected.mailbox);
        let permitted = self.server.store.read(move |tx| permitted(tx, actor, account, mailbox)).await?;
        selected.read_only |= !permitted.write;
        if permitted.read {
            return Ok(());
        }
        selected.expunged = vec![mailbox::UidRange::ALL];
        Err(PlaceError::NotPermitted.into())
    }

    /// Refuses changes in a mailbox that may only be read, though the session has opened it for more.
    fn require_write(&self) -> Result<(), ImapError> {
        let read_only = self.selected.as_ref().is_some_and(|selected| selected.read_only);
        if read_only { Err(PlaceError::NotPermitted.into()) } else { Ok(()) }
    }

    /// Tells the client what has changed in the selected mailbox since it was last told.
    pub(crate) async fn sync(&mut self, may_expunge: bool) -> Result<(), StreamError> {
        let (actor, account) = (self.account(), self.selected_account());
        let Some(selected) = &mut self.selected else { return Ok(()) };
        let has_news = selected.watch.has_changed().unwrap_or(true);
        if has_news {
            selected.watch.mark_unchanged();
            let (mailbox, modseq) = (selected.mailbox, selected.modseq);
            let changes = self
                .server
                .store
                .read(move |tx| {
                    // Whoever no longer may see the mailbox hears of its changes no more.
                    if account != actor && !permitted(tx, actor, account, mailbox)?.read {
                        return Err(MailboxError::NoSuchMailbox.into());
                    }
                    Ok::<_, PlaceError>(changes_since(tx, account, mailbox, modseq)?)
                })
                .await;
            match changes {
                Ok(changes) => {
                    let (changed, arrived) = selected.apply(changes);
                    self.tell_changes(&changed, arrived).await?;
                }
                Err(PlaceError::Mailbox(MailboxError::NoSuchMailbox)) => {
                    // Another session has deleted it. Everything in it is gone.
                    selected.expunged.push(mailbox::UidRange::ALL);
                }
                Err(error) => tracing::error!(%error, "cannot read what changed in a mailbox"),
            }
        }
        let enabled = self.session.enabled();
        let Some(selected) = &mut self.selected else { return Ok(()) };
        if may_expunge {
            let gone = std::mem::take(&mut selected.expunged);
            selected.tell_expunged(&gone, enabled, &mut self.out);
        }
        if selected.expunged.is_empty() {
            selected.told_modseq = selected.modseq;
        } else if has_news && enabled.qresync {
            // RFC 7162 section 3.2: the client has seen higher ones, and must not take them for the state that it has.
            let held_back = Reply::ok("some are gone").with(Code::HighestModSeq(selected.told_modseq.unsigned_abs()));
            Writer::new(&mut self.out, enabled.utf8()).untagged(&held_back);
        }
        Ok(())
    }

    async fn tell_changes(&mut self, changed: &[usize], arrived: bool) -> Result<(), StreamError> {
        let has_keywords =
            self.selected.as_ref().is_some_and(|selected| selected.entries.iter().any(|entry| entry.keywords != 0));
        if has_keywords && (arrived || !changed.is_empty()) {
            // A keyword may be new, and a bit that a deleted label had may stand for another one.
            self.learn_keywords().await;
        }
        if let Some(selected) = &self.selected
            && arrived
        {
            let (count, recent) = (selected.count(), selected.recent_count());
            let is_rev2 = self.session.enabled().imap4rev2;
            let mut writer = Writer::new(&mut self.out, false);
            writer.exists(count);
            if !is_rev2 {
                writer.recent(recent);
            }
        }
        for at in changed {
            self.tell_flags(*at, true);
            self.flush_full().await?;
        }
        Ok(())
    }

    /// Reads the names of the account's keywords; tells them with `* FLAGS` where they are others than the client knows.
    async fn learn_keywords(&mut self) {
        let account = self.selected_account();
        match self.server.store.read(move |tx| mailbox::keywords::list(tx, account)).await {
            Ok(known) => self.know_keywords(known),
            Err(error) => tracing::error!(%error, "cannot read keywords"),
        }
    }

    /// Takes over the names of the account's keywords, as [`Self::learn_keywords`].
    pub(crate) fn know_keywords(&mut self, known: Vec<mailbox::keywords::Keyword>) {
        let known = names_by_bit(known);
        if known != self.keywords {
            self.keywords = known;
            let names: Vec<String> = self.keywords.iter().filter(|name| !name.is_empty()).cloned().collect();
            self.writer().flags(wire::imap::SystemFlags::SETTABLE, names.iter().map(String::as_str));
        }
    }

    /// `* n FETCH (FLAGS ..)`, with UID and MODSEQ where the client wants them.
    pub(crate) fn tell_flags(&mut self, at: usize, with_uid: bool) {
        let Some(selected) = &self.selected else { return };
        let Some(entry) = selected.entries.get(at) else { return };
        let enabled = self.session.enabled();
        let mut fetch = Writer::new(&mut self.out, enabled.utf8()).fetch(u32::try_from(at + 1).unwrap_or(u32::MAX));
        if with_uid {
            fetch.uid(entry.uid);
        }
        fetch.flags(selected.system_flags(entry), keyword_names(&self.keywords, entry.keywords));
        if enabled.condstore {
            fetch.mod_seq(entry.modseq.unsigned_abs());
        }
        fetch.finish();
    }

    /// CLOSE (RFC 9051 section 6.4.1): removes what is marked, in silence.
    async fn close(&mut self) -> Outcome {
        let permitted = self.check_still_permitted().await.is_ok();
        if let Some(selected) = self.selected.take()
            && permitted
            && !selected.read_only
        {
            let (account, mailbox) = (selected.account, selected.mailbox);
            self.server.store.write_freeing(move |tx| mailbox::expunge(tx, account, mailbox, None)).await?;
        }
        Ok(Answer::ok("closed"))
    }

    /// EXPUNGE and UID EXPUNGE (RFC 9051 sections 6.4.3 and 6.4.9).
    async fn expunge(&mut self, set: Option<wire::imap::SequenceSet>) -> Outcome {
        self.require_write()?;
        let account = self.selected_account();
        let Some(selected) = &self.selected else { return Ok(Answer::bad("no mailbox is selected")) };
        let mailbox = selected.mailbox;
        let ranges = set.map(|set| selected.ranges(&selected.positions(true, &set, &self.saved)));
        let gone: Expunged = self
            .server
            .store
            .write_freeing(move |tx| mailbox::expunge(tx, account, mailbox, ranges.as_deref()))
            .await?;
        let any = !gone.uids.is_empty();
        if let Some(selected) = &mut self.selected {
            selected.expunged.extend(mailbox::UidRange::collect(gone.uids));
        }
        Ok(self.removed(Answer::ok("expunged"), any))
    }

    /// The answer to a command that may have removed messages from the selected mailbox: the modseq goes with it where the client knows
    /// QRESYNC (RFC 7162 sections 3.2.7 and 3.2.9, RFC 6851 section 4.4). CLOSE gives none, for it has not told what is gone.
    fn removed(&self, answer: Answer, any: bool) -> Answer {
        if any && self.session.enabled().qresync { answer.with(AnswerCode::HighestModSeq) } else { answer }
    }
}

/// What somebody may do in another's mailbox now.
struct Permitted {
    read: bool,
    write: bool,
}

fn permitted(tx: &mut Tx<'_>, actor: i64, account: i64, mailbox: i64) -> Result<Permitted, PlaceError> {
    let mut may = |deed| delegation::may(tx, actor, deed, account);
    Ok(Permitted { read: may(Deed::Read(mailbox))?, write: may(Deed::Write(mailbox))? })
}

/// Keywords as names, each at its bit.
pub(crate) fn names_by_bit(known: Vec<mailbox::keywords::Keyword>) -> Vec<String> {
    let mut names = Vec::new();
    for keyword in known {
        let at = usize::from(keyword.bit);
        if names.len() <= at {
            names.resize(at + 1, String::new());
        }
        if let Some(place) = names.get_mut(at) {
            *place = keyword.name;
        }
    }
    names
}

/// The names of the keywords whose bits are set.
pub(crate) fn keyword_names(names: &[String], bits: u64) -> impl Iterator<Item = &str> {
    names
        .iter()
        .enumerate()
        .filter(move |(at, name)| bits >> at & 1 == 1 && !name.is_empty())
        .map(|(_, name)| name.as_str())
}
