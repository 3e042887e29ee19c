//! What a session keeps of each message.

use env::Timestamp;
use store::{Row, StoreError, Tx, params};

use crate::changes::lock_account;
use crate::{Flags, MailboxError};

/// Bits that the system flags take beside the moment of receipt.
const FLAG_BITS: u32 = 8;

/// A message in a mailbox, as compact as a session with 100,000 of them needs: 40 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The message.
    pub message: i64,
    /// When it last changed.
    pub modseq: i64,
    /// Bits of the account's keywords.
    pub keywords: u64,
    /// Milliseconds of receipt above the system flags.
    received_flags: i64,
    /// Its UID.
    pub uid: u32,
    /// Octets as a client sees them.
    pub size: u32,
}

impl Entry {
    /// System flags and keywords.
    #[must_use]
    pub fn flags(&self) -> Flags {
        Flags { system: (self.received_flags & 0xff) as u8, keywords: self.keywords }
    }

    /// Sets system flags and keywords, as after a change that the caller knows of.
    pub fn set_flags(&mut self, flags: Flags) {
        self.keywords = flags.keywords;
        self.received_flags = (self.received_flags & !0xff) | i64::from(flags.system);
    }

    /// When the message was received (INTERNALDATE).
    #[must_use]
    pub fn received(&self) -> Timestamp {
        Timestamp::from_millis(self.received_flags >> FLAG_BITS)
    }

    /// Reads columns 0 to 6: uid, message, flags, keywords, modseq, size, received.
    pub(crate) fn from_row(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            uid: row.uint32(0)?,
            message: row.int(1)?,
            received_flags: (row.int(6)? << FLAG_BITS) | (row.int(2)? & 0xff),
            keywords: row.int(3)?.cast_unsigned(),
            modseq: row.int(4)?,
            size: row.uint32(5)?,
        })
    }
}

/// UIDs from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UidRange {
    /// The lowest.
    pub first: u32,
    /// The highest.
    pub last: u32,
}

impl UidRange {
    /// Every UID.
    pub const ALL: Self = Self { first: 1, last: u32::MAX };

    /// The one UID.
    #[must_use]
    pub const fn one(uid: u32) -> Self {
        Self { first: uid, last: uid }
    }

    /// Whether `uid` is in it.
    #[must_use]
    pub fn contains(&self, uid: u32) -> bool {
        self.first <= uid && uid <= self.last
    }

    /// Rising UIDs as ranges without gaps.
    #[must_use]
    pub fn collect(uids: impl IntoIterator<Item = u32>) -> Vec<Self> {
        let mut ranges: Vec<Self> = Vec::new();
        for uid in uids {
            match ranges.last_mut() {
                Some(range) if uid > range.last && uid - range.last == 1 => range.last = uid,
                Some(range) if range.contains(uid) => {}
                _ => ranges.push(Self::one(uid)),
            }
        }
        ranges
    }

    /// `ranges` sorted, without overlaps, adjoining ones joined, none beyond `last`.
    pub(crate) fn normalised(ranges: &[Self], last: u32) -> Vec<Self> {
        let mut sorted: Vec<Self> = ranges
            .iter()
            .map(|range| Self { first: range.first, last: range.last.min(last) })
            .filter(|range| range.first <= range.last)
            .collect();
        sorted.sort_unstable_by_key(|range| range.first);
        let mut joined: Vec<Self> = Vec::with_capacity(sorted.len());
        for range in sorted {
            match joined.last_mut() {
                Some(before) if range.first <= before.last.saturating_add(1) => {
                    before.last = before.last.max(range.last)
                }
                _ => joined.push(range),
            }
        }
        joined
    }
}

/// The messages of a mailbox in the order of their UIDs, in one scan.
///
/// # Errors
/// If the store fails. A mailbox that does not exist has no messages.
pub fn snapshot(tx: &mut Tx<'_>, account: i64, mailbox: i64) -> Result<Vec<Entry>, MailboxError> {
    let total =
        tx.row("SELECT total FROM mailbox WHERE account = $1 AND id = $2", params![account, mailbox], |row| {
            row.int(0)
        })?;
    let mut entries = Vec::with_capacity(usize::try_from(total.unwrap_or(0)).unwrap_or(0));
    tx.for_each(
        "SELECT uid, message, flags, keywords, modseq, size, received FROM mailbox_message
         WHERE account = $1 AND mailbox = $2 ORDER BY uid",
        params![account, mailbox],
        |row| {
            entries.push(Entry::from_row(row)?);
            Ok(())
        },
    )?;
    Ok(entries)
}

/// The lowest UID that no session has been told of as recent; from now on all present ones count as told.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn claim_recent(tx: &mut Tx<'_>, account: i64, mailbox: i64) -> Result<u32, MailboxError> {
    lock_account(tx, account)?;
    let first =
        tx.row("SELECT first_recent FROM mailbox WHERE account = $1 AND id = $2", params![account, mailbox], |row| {
            row.uint32(0)
        })?;
    tx.execute(
        "UPDATE mailbox SET first_recent = uidnext WHERE account = $1 AND id = $2 AND first_recent < uidnext",
        params![account, mailbox],
    )?;
    first.ok_or(MailboxError::NoSuchMailbox)
}

/// More ranges than this are read as one scan from the first to the last rather than each by itself.
const RANGES_READ_MAX: usize = 32;

/// Calls `visit` for each message of a mailbox in `ranges` (which are normalised) with all of the system flags `mask`, in
/// the order of their UIDs.
pub(crate) fn for_each_in(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    ranges: &[UidRange],
    mask: u8,
    mut visit: impl FnMut(&Entry),
) -> Result<(), MailboxError> {
    let mut wanted = ranges.iter().copied().peekable();
    for range in spans(ranges) {
        tx.for_each(
            "SELECT uid, message, flags, keywords, modseq, size, received FROM mailbox_message
             WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4 AND (flags & $5) = $5 ORDER BY uid",
            params![account, mailbox, range.first, range.last, i64::from(mask)],
            |row| {
                let entry = Entry::from_row(row)?;
                if reaches(&mut wanted, entry.uid) {
                    visit(&entry);
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}

/// What is to be scanned to see all of `ranges`: them, or where they are many, everything from the first to the last.
pub(crate) fn spans(ranges: &[UidRange]) -> Vec<UidRange> {
    match (ranges.first(), ranges.last()) {
        (Some(first), Some(last)) if ranges.len() > RANGES_READ_MAX => {
            vec![UidRange { first: first.first, last: last.last }]
        }
        _ => ranges.to_vec(),
    }
}

/// Whether `uid` is in one of the ranges that are still ahead; those that end before it are passed over.
pub(crate) fn reaches(ahead: &mut std::iter::Peekable<impl Iterator<Item = UidRange>>, uid: u32) -> bool {
    while ahead.next_if(|range| range.last < uid).is_some() {}
    ahead.peek().is_some_and(|range| range.contains(uid))
}

/// The UID that the next message of the mailbox will get.
pub(crate) fn uidnext(tx: &mut Tx<'_>, account: i64, mailbox: i64) -> Result<u32, MailboxError> {
    let next =
        tx.row("SELECT uidnext FROM mailbox WHERE account = $1 AND id = $2", params![account, mailbox], |row| {
            row.uint32(0)
        })?;
    next.ok_or(MailboxError::NoSuchMailbox)
}
