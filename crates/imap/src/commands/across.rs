//! COPY and MOVE between accounts. Each account's mail rests under its own key, so a message is not shared but stored anew.

use std::sync::Arc;

use identity::delegation::{self, Deed};
use mailbox::{Copied, CopyOutcome, Entry, Flags, MailboxError, Prepared, Source, UidRange};
use store::{StagedBlob, Tx};
use wire::imap::Code;

use crate::answer::{Answer, ImapError};
use crate::connection::Connection;
use crate::place::{Place, PlaceError};

/// Messages that go from one account to another at once.
const MESSAGES_MAX: usize = 1_000;

/// Octets of these messages.
const BYTES_MAX: u64 = 256 << 20;

/// Where messages come from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) account: i64,
    pub(super) mailbox: i64,
    pub(super) ranges: Vec<UidRange>,
}

/// A message ready for the other account.
struct Ready {
    entry: Entry,
    keywords: Vec<String>,
    prepared: Prepared,
    blob: StagedBlob,
}

impl Connection<'_> {
    /// Copies messages into another account's mailbox, and removes them here if they `move`.
    pub(super) async fn copy_across(&self, origin: Origin, to: Place, moves: bool) -> Result<CopyOutcome, ImapError> {
        let Some(selected) = &self.selected else { return Err(ImapError::Refused(Answer::bad("nothing is selected"))) };
        let entries = origin.ranges.iter().flat_map(|range| range.first..=range.last);
        let entries: Vec<Entry> =
            entries.filter_map(|uid| selected.entries.get(selected.position(uid)?)).copied().collect();
        let bytes: u64 = entries.iter().map(|entry| u64::from(entry.size)).sum();
        if entries.len() > MESSAGES_MAX || bytes > BYTES_MAX {
            let text = "too much at once between two accounts: take at most 1,000 messages of 256 MiB";
            return Err(ImapError::Refused(Answer::no(Code::Limit, text)));
        }
        let from = origin.clone();
        let sources = self
            .server
            .store
            .read(move |tx| {
                let mut sources: Vec<(u32, Source)> = Vec::new();
                mailbox::sources(tx, from.account, from.mailbox, &from.ranges, |uid, source| {
                    sources.push((uid, source));
                    Ok(())
                })?;
                Ok::<_, MailboxError>(sources)
            })
            .await?;
        let mut ready = Vec::with_capacity(sources.len());
        for (uid, source) in sources {
            if let Ok(at) = entries.binary_search_by_key(&uid, |entry| entry.uid)
                && let Some(entry) = entries.get(at)
            {
                ready.push(self.store_anew(*entry, source).await?);
            }
        }
        Ok(self.server.store.write(move |tx| place_all(tx, &origin, &to, &ready, moves)).await?)
    }

    async fn store_anew(&self, entry: Entry, source: Source) -> Result<Ready, ImapError> {
        let (store, context) = (self.server.store.clone(), Arc::clone(self.server.store.context()));
        let working = tokio::task::spawn_blocking(move || {
            let raw = source.reader(store.blobs()).read_all()?;
            Ok::<_, MailboxError>(Prepared::consuming(raw, &context))
        });
        let failed = |_| ImapError::Refused(Answer::no(Code::ServerBug, "the message could not be examined"));
        let mut prepared = working.await.map_err(failed)??;
        let blob = self.server.store.stage(prepared.take_record()).await?;
        let keywords = super::keyword_names(&self.keywords, entry.keywords).map(str::to_owned).collect();
        Ok(Ready { entry, keywords, prepared, blob })
    }
}

fn place_all(
    tx: &mut Tx<'_>,
    origin: &Origin,
    to: &Place,
    ready: &[Ready],
    moves: bool,
) -> Result<CopyOutcome, PlaceError> {
    // Both accounts' rows in one order, so that two transactions never wait for each other.
    let mut accounts = [origin.account, to.account];
    accounts.sort_unstable();
    for account in accounts {
        store::account::next_modseq(tx, account)?;
    }
    let deed = if moves { Deed::Write(origin.mailbox) } else { Deed::Read(origin.mailbox) };
    if !delegation::may(tx, to.actor, deed, origin.account)? {
        return Err(PlaceError::NotPermitted);
    }
    let target = to.find_to_write(tx)?;
    let mut outcome = CopyOutcome { uidvalidity: target.uidvalidity, ..CopyOutcome::default() };
    for message in ready {
        let names: Vec<&str> = message.keywords.iter().map(String::as_str).collect();
        let keywords = mailbox::keywords::intern(tx, to.account, &names)?;
        let flags = Flags { keywords, ..message.entry.flags() };
        message.blob.attach(tx, 1)?;
        let (blob, received) = (message.blob.id(), message.entry.received());
        let appended = mailbox::append(tx, to.account, target.id, &message.prepared, blob, flags, received)?;
        outcome.modseq = appended.modseq;
        outcome.copied.push(Copied { from: message.entry.uid, to: appended.uid });
    }
    if moves {
        let gone = UidRange::collect(outcome.copied.iter().map(|copied| copied.from));
        mailbox::discard(tx, origin.account, origin.mailbox, &gone)?;
    }
    Ok(outcome)
}
