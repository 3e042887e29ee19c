//! APPEND (RFC 9051 section 6.3.12), several messages at once with RFC 3502: all of them or none.

use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use mailbox::{Flags, MailboxError, Prepared};
use store::{StagedBlob, Tx};
use wire::imap::{AppendMessage, Code, MailboxName};

use super::Outcome;
use crate::answer::{Answer, AnswerCode, ImapError};
use crate::connection::Connection;
use crate::figures::count;
use crate::place::{Place, PlaceError};

/// A message shorter than this is compressed and encrypted where it arrives; a longer one on a thread that may block.
const INLINE_BYTES_MAX: usize = 128 << 10;

/// Messages of this size wait for a place in the shared budget.
const UNBUDGETED_BYTES: usize = 64 << 10;

/// Longest wait for a place in the budget.
const BUDGET_WAIT: Duration = Duration::from_secs(30);

/// A message ready to be stored.
struct Ready {
    prepared: Prepared,
    blob: StagedBlob,
    system: u8,
    keywords: Vec<String>,
    received: Timestamp,
}

impl Connection<'_> {
    pub(super) async fn append(&mut self, mailbox: &MailboxName, messages: Vec<AppendMessage>) -> Outcome {
        let place = self.place(mailbox).await?;
        let bytes: usize = messages.iter().map(|message| message.data.len()).sum();
        let _share = if bytes > UNBUDGETED_BYTES {
            match self.server.budget.acquire(bytes, BUDGET_WAIT).await {
                Ok(share) => Some(share),
                Err(_) => return Ok(Answer::no(Code::Unavailable, "the server has too much to do, try again later")),
            }
        } else {
            None
        };
        if bytes > INLINE_BYTES_MAX {
            self.check_target(&place).await?;
        }
        let mut ready = Vec::with_capacity(messages.len());
        for message in messages {
            count(&self.server.figures.appended);
            ready.push(self.prepare(message).await?);
        }
        let stored = self.server.store.write(move |tx| store_all(tx, &place, &ready)).await;
        match stored {
            Ok((uidvalidity, uids)) => Ok(Answer::ok("appended").with(AnswerCode::AppendUid(uidvalidity, uids))),
            Err(PlaceError::Mailbox(MailboxError::NoSuchMailbox)) => Ok(Answer::no(Code::TryCreate, "no such mailbox")),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses early what cannot be stored, before many bytes are written for nothing. The transaction looks again.
    async fn check_target(&self, place: &Place) -> Result<(), ImapError> {
        let place = place.clone();
        match self.server.store.read(move |tx| place.find_to_write(tx)).await {
            Err(PlaceError::Mailbox(MailboxError::NoSuchMailbox)) => {
                Err(ImapError::Refused(Answer::no(Code::TryCreate, "no such mailbox")))
            }
            found => Ok(found.map(drop)?),
        }
    }

    async fn prepare(&self, message: AppendMessage) -> Result<Ready, ImapError> {
        let AppendMessage { flags, date, data, .. } = message;
        let context = Arc::clone(self.server.store.context());
        let received = date.map_or_else(|| context.clock.now(), |date| Timestamp::from_seconds(date.unix_seconds));
        let short = data.len() <= INLINE_BYTES_MAX;
        let work = move || Prepared::consuming(data, &context);
        let mut prepared = if short {
            work()
        } else {
            let working = tokio::task::spawn_blocking(work).await;
            working.map_err(|_| ImapError::Refused(Answer::no(Code::ServerBug, "the message could not be examined")))?
        };
        let blob = self.server.store.stage(prepared.take_record()).await?;
        Ok(Ready { prepared, blob, system: flags.system.bits(), keywords: flags.keywords, received })
    }
}

fn store_all(tx: &mut Tx<'_>, place: &Place, ready: &[Ready]) -> Result<(u32, Vec<u32>), PlaceError> {
    let (account, target) = (place.account, place.find_to_write(tx)?);
    let mut uids = Vec::with_capacity(ready.len());
    for message in ready {
        let names: Vec<&str> = message.keywords.iter().map(String::as_str).collect();
        let keywords = mailbox::keywords::intern(tx, account, &names)?;
        message.blob.attach(tx, 1)?;
        let flags = Flags { keywords, ..Flags::system(message.system) };
        let appended =
            mailbox::append(tx, account, target.id, &message.prepared, message.blob.id(), flags, message.received)?;
        uids.push(appended.uid);
    }
    Ok((target.uidvalidity, uids))
}
