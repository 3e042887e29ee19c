//! Flags of messages and their change.

use store::{Notice, Tx, account::next_modseq, params};

use crate::entry::{for_each_in, uidnext};
use crate::{Entry, MailboxError, UidRange};

/// System flags and keywords of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Flags {
    /// Bits of the system flags.
    pub system: u8,
    /// Bits of the account's keywords, see [`crate::keywords`].
    pub keywords: u64,
}

impl Flags {
    /// It has been read.
    pub const SEEN: u8 = 1 << 0;
    /// It has been answered.
    pub const ANSWERED: u8 = 1 << 1;
    /// It needs attention.
    pub const FLAGGED: u8 = 1 << 2;
    /// It will go with the next expunge.
    pub const DELETED: u8 = 1 << 3;
    /// It is not finished.
    pub const DRAFT: u8 = 1 << 4;
    /// Every system flag.
    pub const SYSTEM: u8 = 0b1_1111;
    /// No flags.
    pub const NONE: Self = Self { system: 0, keywords: 0 };

    /// These system flags, no keywords.
    #[must_use]
    pub const fn system(bits: u8) -> Self {
        Self { system: bits & Self::SYSTEM, keywords: 0 }
    }

    /// Whether one of the system flags `bits` is set.
    #[must_use]
    pub const fn has(self, bits: u8) -> bool {
        self.system & bits != 0
    }

    pub(crate) fn system_column(self) -> i64 {
        i64::from(self.system)
    }

    pub(crate) fn keywords_column(self) -> i64 {
        self.keywords.cast_signed()
    }
}

/// A change of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// Sets these, leaves the others.
    Add(Flags),
    /// Clears these, leaves the others.
    Remove(Flags),
    /// Sets these, clears the others.
    Set(Flags),
}

impl FlagChange {
    /// The flags after the change.
    #[must_use]
    pub fn apply(self, to: Flags) -> Flags {
        match self {
            Self::Add(flags) => Flags { system: to.system | flags.system, keywords: to.keywords | flags.keywords },
            Self::Remove(flags) => Flags { system: to.system & !flags.system, keywords: to.keywords & !flags.keywords },
            Self::Set(flags) => flags,
        }
    }

    /// The statement, and the two numbers that it takes as `$5` and `$6`.
    fn statement(self) -> (&'static str, i64, i64) {
        match self {
            Self::Add(flags) => (
                "UPDATE mailbox_message SET flags = flags | $5, keywords = keywords | $6, modseq = $7
                 WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4 AND modseq <= $8
                 AND ((flags | $5) <> flags OR (keywords | $6) <> keywords)",
                flags.system_column(),
                flags.keywords_column(),
            ),
            Self::Remove(flags) => (
                "UPDATE mailbox_message SET flags = flags & $5, keywords = keywords & $6, modseq = $7
                 WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4 AND modseq <= $8
                 AND ((flags & $5) <> flags OR (keywords & $6) <> keywords)",
                !flags.system_column(),
                !flags.keywords_column(),
            ),
            Self::Set(flags) => (
                "UPDATE mailbox_message SET flags = $5, keywords = $6, modseq = $7
                 WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4 AND modseq <= $8
                 AND (flags <> $5 OR keywords <> $6)",
                flags.system_column(),
                flags.keywords_column(),
            ),
        }
    }
}

/// A message whose flags changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Its UID.
    pub uid: u32,
    /// Its flags now.
    pub flags: Flags,
}

/// What a change of flags did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreOutcome {
    /// The modseq of the messages in `changed`.
    pub modseq: i64,
    /// The messages that changed, by rising UID. Those that already were as wanted are left as they were.
    pub changed: Vec<Changed>,
    /// The messages left alone because they changed after `unchanged_since`, by rising UID.
    pub modified: Vec<u32>,
}

/// Changes the flags of the messages in `uids`, except of those that changed after `unchanged_since`
/// (RFC 7162 section 3.1.3).
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn store_flags(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    uids: &[UidRange],
    change: FlagChange,
    unchanged_since: Option<i64>,
) -> Result<StoreOutcome, MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let ranges = UidRange::normalised(uids, uidnext(tx, account, mailbox)?.saturating_sub(1));
    let limit = unchanged_since.unwrap_or(i64::MAX);
    let mut outcome = StoreOutcome { modseq, ..StoreOutcome::default() };
    let (mut unseen, mut deleted) = (0_i64, 0_i64);
    for_each_in(tx, account, mailbox, &ranges, 0, |entry: &Entry| {
        let (before, after) = (entry.flags(), change.apply(entry.flags()));
        if entry.modseq > limit {
            outcome.modified.push(entry.uid);
        } else if before != after {
            outcome.changed.push(Changed { uid: entry.uid, flags: after });
            unseen += i64::from(before.has(Flags::SEEN)) - i64::from(after.has(Flags::SEEN));
            deleted += i64::from(after.has(Flags::DELETED)) - i64::from(before.has(Flags::DELETED));
        }
    })?;
    if outcome.changed.is_empty() {
        return Ok(outcome);
    }
    let (statement, system, keywords) = change.statement();
    for range in touched(&ranges, &outcome.changed) {
        tx.execute(statement, params![account, mailbox, range.first, range.last, system, keywords, modseq, limit])?;
    }
    tx.execute(
        "UPDATE mailbox SET highestmodseq = $3, unseen = unseen + $4, deleted = deleted + $5
         WHERE account = $1 AND id = $2",
        params![account, mailbox, modseq, unseen, deleted],
    )?;
    tx.notify(Notice::Account(account));
    Ok(outcome)
}

/// The parts of `ranges` that reach from their first changed message to their last.
fn touched<'a>(ranges: &'a [UidRange], changed: &'a [Changed]) -> impl Iterator<Item = UidRange> + 'a {
    ranges.iter().filter_map(move |range| {
        let start = changed.partition_point(|change| change.uid < range.first);
        let end = changed.partition_point(|change| change.uid <= range.last);
        let within = changed.get(start..end)?;
        Some(UidRange { first: within.first()?.uid, last: within.last()?.uid })
    })
}
