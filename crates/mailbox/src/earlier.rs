//! Mail of an account as it was at an earlier time, from a store that shows it so, and putting it back beside what is there now.
//!
//! Both stores have the account's key. What was a message then is a new one when it is put back: clients have been told that the old one is
//! gone.

use std::collections::{HashMap, HashSet};

use crypto::keys::MessageKey;
use env::Timestamp;
use mail::message::Summary;
use store::{StoreError, Tx, params};

use crate::append::{count_message, take_place};
use crate::changes::notify;
use crate::search::signature;
use crate::source::{open_trace, trace_context};
use crate::summaries::summary_context;
use crate::threads::{self, Links};
use crate::{Flags, MailboxError, Target};

/// A message in a mailbox, as a list of the earlier time has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The message.
    pub message: i64,
    /// Its blob.
    pub blob: i64,
    /// Its octets as a client sees them.
    pub size: u64,
    /// When it was received.
    pub received: Timestamp,
    /// Its system flags, and keywords as bits of that time.
    pub flags: Flags,
}

/// Calls `visit` with each message of a mailbox and its summary, in the order of their UIDs.
///
/// # Errors
/// If the store fails or a summary does not open.
pub fn list(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    mut visit: impl FnMut(&Listed, &Summary),
) -> Result<(), MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    tx.for_each(
        "SELECT c.message, m.blob, c.size, c.received, c.flags, c.keywords, m.summary FROM mailbox_message c
         JOIN message m ON m.account = c.account AND m.id = c.message
         WHERE c.account = $1 AND c.mailbox = $2 ORDER BY c.uid",
        params![account, mailbox],
        |row| {
            let listed = Listed {
                message: row.int(0)?,
                blob: row.int(1)?,
                size: row.int(2)?.unsigned_abs(),
                received: Timestamp::from_millis(row.int(3)?),
                flags: flags_of(row.int(4)?, row.int(5)?),
            };
            let plain = key.sealing().open("summary", &summary_context(listed.message), row.bytes(6)?)?;
            visit(&listed, &decoded(&plain)?);
            Ok(())
        },
    )?;
    Ok(())
}

fn flags_of(system: i64, keywords: i64) -> Flags {
    Flags { keywords: keywords.cast_unsigned(), ..Flags::system((system & 0xff) as u8) }
}

fn decoded(plain: &[u8]) -> Result<Summary, StoreError> {
    Summary::decode(plain).map_err(|_| StoreError::Corrupt { what: "summary of a message".to_owned() })
}

/// What makes two messages of the same size seem the same: the Message-ID, or where there is none, what the header says.
#[must_use]
pub fn likeness(summary: &Summary) -> u64 {
    let envelope = &summary.envelope;
    let text = match &summary.message_id {
        Some(id) => format!("id {id}"),
        None => format!("{:?} {:?} {:?} {:?}", envelope.date, envelope.subject, envelope.from, envelope.to),
    };
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}

/// What an account has now, as far as it is needed to know what it lacks.
#[derive(Debug, Default)]
pub struct Present {
    messages: HashSet<i64>,
    alike: HashMap<(u64, u64), Vec<i64>>,
}

impl Present {
    /// Reads it; of messages of a size that is not among `sizes` only their numbers.
    ///
    /// # Errors
    /// If the store fails or a summary does not open.
    pub fn read(tx: &mut Tx<'_>, account: i64, sizes: &HashSet<u64>) -> Result<Self, MailboxError> {
        let key = tx.context().keys.account(tx, account)?;
        let mut present = Self::default();
        tx.for_each("SELECT id, size, summary FROM message WHERE account = $1", params![account], |row| {
            let (id, size) = (row.int(0)?, row.int(1)?.unsigned_abs());
            present.messages.insert(id);
            if sizes.contains(&size) {
                let plain = key.sealing().open("summary", &summary_context(id), row.bytes(2)?)?;
                present.alike.entry((size, likeness(&decoded(&plain)?))).or_default().push(id);
            }
            Ok(())
        })?;
        Ok(present)
    }

    /// Whether the message itself is there, in whatever mailbox.
    #[must_use]
    pub fn has(&self, message: i64) -> bool {
        self.messages.contains(&message)
    }

    /// Messages of that size that seem to be the same as one of this likeness.
    #[must_use]
    pub fn alike(&self, size: u64, likeness: u64) -> &[i64] {
        self.alike.get(&(size, likeness)).map_or(&[], Vec::as_slice)
    }
}

/// A message of the earlier time, opened, but for its content.
pub struct Earlier {
    key: MessageKey,
    summary: Vec<u8>,
    links: Links,
    trace: Vec<u8>,
    size: i64,
    received: i64,
    signature: Option<Vec<u8>>,
    places: Vec<(i64, Flags)>,
}

impl Earlier {
    /// Reads a message of the earlier time.
    ///
    /// # Errors
    /// [`MailboxError::NoSuchMessage`], or if the store fails or something does not open.
    pub fn read(tx: &mut Tx<'_>, account: i64, message: i64) -> Result<Self, MailboxError> {
        let key = tx.context().keys.account(tx, account)?;
        let sealing = key.sealing();
        let found = tx.row(
            "SELECT m.blob, m.key_wrapped, m.summary, m.trace, m.size, m.received, s.signature FROM message m
             LEFT JOIN search_signature s ON s.account = m.account AND s.message = m.id
             WHERE m.account = $1 AND m.id = $2",
            params![account, message],
            |row| {
                let summary = sealing.open("summary", &summary_context(message), row.bytes(2)?)?;
                let signature = row.bytes_opt(6)?;
                let open = |sealed| sealing.open("search signature", &signature::context(message), sealed);
                Ok(Self {
                    key: key.unwrap_message(row.bytes(1)?, row.int(0)?)?,
                    links: links_of(&decoded(&summary)?),
                    summary,
                    trace: open_trace(key.sealing(), message, row.bytes(3)?)?,
                    size: row.int(4)?,
                    received: row.int(5)?,
                    signature: signature.map(open).transpose()?,
                    places: Vec::new(),
                })
            },
        )?;
        let mut earlier = found.ok_or(MailboxError::NoSuchMessage)?;
        earlier.places = tx.rows(
            "SELECT mailbox, flags, keywords FROM mailbox_message WHERE account = $1 AND message = $2 ORDER BY mailbox",
            params![account, message],
            |row| Ok((row.int(0)?, flags_of(row.int(1)?, row.int(2)?))),
        )?;
        Ok(earlier)
    }

    /// The mailboxes that it was in, and the flags that it had there, with keywords as bits of that time.
    #[must_use]
    pub fn places(&self) -> &[(i64, Flags)] {
        &self.places
    }

    /// What opens its blob.
    #[must_use]
    pub fn key(&self) -> &MessageKey {
        &self.key
    }

    /// The header fields that we had put before it.
    #[must_use]
    pub fn trace(&self) -> &[u8] {
        &self.trace
    }

    /// Puts it into the mailboxes `places` of today, with these flags, under a new number, which it gives. `blob` has the sealed bytes of
    /// that time and has been attached with one reference for this.
    ///
    /// # Errors
    /// [`MailboxError::OverQuota`], which has changed nothing; [`MailboxError::NoSuchMailbox`]; or if the store fails.
    pub fn put_back(
        &self,
        tx: &mut Tx<'_>,
        account: i64,
        blob: i64,
        places: &[(i64, Flags)],
    ) -> Result<i64, MailboxError> {
        let modseq = count_message(tx, account, self.size)?;
        let (message, context, now) = (tx.next_id(), tx.context(), tx.now().millis());
        let key = context.keys.account(tx, account)?;
        let (sealing, entropy) = (key.sealing(), context.entropy.as_ref());
        let thread = threads::assign(tx, account, &key, &self.links)?;
        let key_wrapped = key.wrap_message(entropy, &self.key, blob);
        let summary = sealing.seal(entropy, &summary_context(message), &self.summary);
        let trace = match self.trace.as_slice() {
            [] => Vec::new(),
            trace => sealing.seal(entropy, &trace_context(message), trace),
        };
        let copies = i64::try_from(places.len()).unwrap_or(i64::MAX);
        tx.execute(
            "INSERT INTO message (account, id, thread, blob, key_wrapped, size, received, copies, created_modseq, summary, trace)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            params![
                account, message, thread, blob, &key_wrapped, self.size, self.received, copies, modseq, &summary, &trace
            ],
        )?;
        for (mailbox, flags) in places {
            let place = take_place(tx, account, Target::Mailbox(*mailbox), *flags, self.size, modseq)?;
            tx.execute(
                "INSERT INTO mailbox_message (account, mailbox, uid, message, flags, keywords, modseq, size, received, saved)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                params![
                    account,
                    place.mailbox,
                    place.uid,
                    message,
                    flags.system_column(),
                    flags.keywords_column(),
                    modseq,
                    self.size,
                    self.received,
                    now
                ],
            )?;
        }
        if let Some(plain) = &self.signature {
            let sealed = sealing.seal(entropy, &signature::context(message), plain);
            tx.execute(
                "INSERT INTO search_signature (account, message, signature) VALUES ($1, $2, $3)",
                params![account, message, &sealed],
            )?;
        }
        notify(tx, account);
        Ok(message)
    }
}

fn links_of(summary: &Summary) -> Links {
    let references = summary.references.iter().map(String::as_str);
    Links::new(&summary.subject_base, summary.message_id.as_deref(), references)
}
