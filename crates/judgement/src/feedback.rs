//! What people say of judged mail: by moving it to Junk or out of it, by the keywords `$Junk` and `$NotJunk`, or by a report of their own.
//!
//! A report is a row, written in the transaction of the move itself. What follows from it is done beside the services ([`Learner`](crate::Learner)).

use std::collections::BTreeSet;

use mailbox::{CopyOutcome, MailboxError, SpecialUse, UidRange};
use store::{Row, StoreError, Tx, params};

use crate::JudgementError;

/// What clients and delivery agents set on junk (RFC 9051 section 2.3.2).
pub const JUNK_KEYWORD: &str = "$Junk";

/// What clients set on what was taken for junk and is none (RFC 9051 section 2.3.2).
const NOT_JUNK_KEYWORD: &str = "$NotJunk";

/// Messages of one move that are reported; who moves more tidies up.
const MOVED_MAX: usize = 200;

/// Reports of one person that count in a day.
const DAILY_MAX: i64 = 100;

const DAY_MILLIS: i64 = 86_400_000;

/// What somebody says of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// It is junk.
    Junk,
    /// It is honest.
    Honest,
}

impl Said {
    /// The word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Junk => "junk",
            Self::Honest => "honest",
        }
    }

    pub(crate) fn read(word: &str) -> Self {
        if word == "junk" { Self::Junk } else { Self::Honest }
    }
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reporter {
    /// The account.
    pub account: i64,
    /// Looks after the quarantine: the word counts for the whole organisation.
    pub is_officer: bool,
}

/// Notes what a move or copy of messages within an account says of them: into Junk, or out of it to any mailbox but the bin.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note_move(tx: &mut Tx<'_>, account: i64, from: i64, to: i64, outcome: &CopyOutcome) -> Result<(), StoreError> {
    let (source, target) = (use_of(tx, account, from)?, use_of(tx, account, to)?);
    let junk = SpecialUse::Junk.as_str();
    let said = match (source == junk, target == junk) {
        (false, true) => Said::Junk,
        (true, false) if target != SpecialUse::Trash.as_str() => Said::Honest,
        _ => return Ok(()),
    };
    note_all(tx, account, to, outcome.copied.iter().take(MOVED_MAX).map(|copied| copied.to), said)
}

/// What a keyword says of messages that it is set on, and which of them had it before.
#[derive(Debug)]
pub struct Marking {
    said: Said,
    had_it: BTreeSet<u32>,
}

impl Marking {
    /// What setting `names` on messages of a mailbox says of them: `$Junk` or `$NotJunk` (RFC 9051 section 2.3.2). Who sets both says nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn of(
        tx: &mut Tx<'_>,
        account: i64,
        mailbox: i64,
        names: &[&str],
        uids: &[UidRange],
    ) -> Result<Option<Self>, MailboxError> {
        let sets = |keyword: &str| names.iter().any(|name| name.eq_ignore_ascii_case(keyword));
        let (said, keyword) = match (sets(JUNK_KEYWORD), sets(NOT_JUNK_KEYWORD)) {
            (true, false) => (Said::Junk, JUNK_KEYWORD),
            (false, true) => (Said::Honest, NOT_JUNK_KEYWORD),
            _ => return Ok(None),
        };
        let bit = mailbox::keywords::known_bits(tx, account, &[keyword])?.cast_signed();
        let mut had_it = BTreeSet::new();
        for range in uids {
            had_it.extend(tx.rows(
                "SELECT uid FROM mailbox_message WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4
                 AND (keywords & $5) <> 0",
                params![account, mailbox, range.first, range.last, bit],
                |row| row.uint32(0),
            )?);
        }
        Ok(Some(Self { said, had_it }))
    }

    /// Notes it of the messages that were changed.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn note(
        &self,
        tx: &mut Tx<'_>,
        account: i64,
        mailbox: i64,
        changed: impl Iterator<Item = u32>,
    ) -> Result<(), StoreError> {
        let uids = changed.filter(|uid| !self.had_it.contains(uid)).take(MOVED_MAX);
        note_all(tx, account, mailbox, uids, self.said)
    }
}

/// Notes what a person says of messages in a mailbox.
fn note_all(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    uids: impl Iterator<Item = u32>,
    said: Said,
) -> Result<(), StoreError> {
    for range in UidRange::collect(uids) {
        let judged = tx.rows(
            "SELECT DISTINCT c.judged FROM mailbox_message m
             JOIN judged_copy c ON c.account = m.account AND c.message = m.message
             WHERE m.account = $1 AND m.mailbox = $2 AND m.uid BETWEEN $3 AND $4",
            params![account, mailbox, range.first, range.last],
            |row| row.int(0),
        )?;
        for judged in judged {
            note(tx, judged, Reporter { account, is_officer: false }, said)?;
        }
    }
    Ok(())
}

fn use_of(tx: &mut Tx<'_>, account: i64, mailbox: i64) -> Result<String, StoreError> {
    let found =
        tx.row("SELECT special_use FROM mailbox WHERE account = $1 AND id = $2", params![account, mailbox], |row| {
            Ok(row.text(0)?.to_owned())
        })?;
    Ok(found.unwrap_or_default())
}

/// Notes a report; a later one of the same person on the same message takes the place of the earlier. Nothing is noted beyond what counts in a
/// day, or of a message that is no longer kept.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note(tx: &mut Tx<'_>, judged: i64, by: Reporter, said: Said) -> Result<bool, StoreError> {
    let now = tx.now().millis();
    let counted = tx.row(
        "SELECT COUNT(*) FROM mail_report WHERE account = $1 AND at > $2",
        params![by.account, now - DAY_MILLIS],
        |row| row.int(0),
    )?;
    if counted.unwrap_or(0) >= DAILY_MAX && !by.is_officer {
        return Ok(false);
    }
    let noted = tx.execute(
        "INSERT INTO mail_report (id, organisation, account, judged, kind, weight, at, taken, done)
         SELECT CAST($1 AS BIGINT), organisation, CAST($2 AS BIGINT), id, CAST($4 AS TEXT), CAST($5 AS BIGINT),
             CAST($6 AS BIGINT), 0, 0 FROM judged WHERE id = $3 AND direction = 'in'
         ON CONFLICT (judged, account) DO UPDATE SET kind = $4, weight = $5, at = $6, taken = 0, done = 0",
        params![tx.next_id(), by.account, judged, said.as_str(), if by.is_officer { 2_i64 } else { 1 }, now],
    )?;
    Ok(noted == 1)
}

/// A report that waits to be learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) id: i64,
    pub(crate) organisation: i64,
    pub(crate) account: i64,
    pub(crate) judged: i64,
    pub(crate) said: Said,
    pub(crate) weight: i64,
}

impl Report {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int(0)?,
            organisation: row.int(1)?,
            account: row.int(2)?,
            judged: row.int(3)?,
            said: Said::read(row.text(4)?),
            weight: row.int(5)?,
        })
    }
}

/// Takes the oldest reports that wait, for `millis`; another node that died leaves its own to others after that.
pub(crate) fn take(tx: &mut Tx<'_>, count: i64, millis: i64) -> Result<Vec<Report>, JudgementError> {
    let now = tx.now().millis();
    Ok(tx.rows(
        "UPDATE mail_report SET taken = $1 WHERE id IN
            (SELECT id FROM mail_report WHERE done = 0 AND taken < $2 ORDER BY id LIMIT $3) AND done = 0 AND taken < $2
         RETURNING id, organisation, account, judged, kind, weight",
        params![now + millis, now, count],
        Report::read,
    )?)
}

/// Nothing more is to be done about a report.
pub(crate) fn finish(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute("UPDATE mail_report SET done = 1 WHERE id = $1 AND taken > 0", params![id])?;
    Ok(())
}

/// Forgets reports on messages that are no longer kept; gives how many.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM mail_report WHERE id IN (SELECT r.id FROM mail_report r LEFT JOIN judged j ON j.id = r.judged
            WHERE j.id IS NULL LIMIT 500)",
        params![],
    )
}
