//! Which mail a rule removes now.

use env::Timestamp;
use mail::message::{Envelope, Summary};
use mailbox::removed::covers;
use mailbox::{Flags, Mailbox, UidRange, keywords, labels, mailboxes};
use store::holds::{self, DAY_MILLIS, Hold};
use store::{StoreError, Tx, params};

use crate::{RetentionError, Rule};

/// Samples that a preview shows.
const SAMPLES_MAX: usize = 20;

/// A message in a folder that a rule removes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) mailbox: i64,
    pub(crate) uid: u32,
    pub(crate) size: u64,
    pub(crate) saved: i64,
}

/// What a rule would remove now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// Messages, each folder that one is in counted.
    pub messages: u64,
    /// Their octets.
    pub bytes: u64,
    /// Accounts that have some of them.
    pub accounts: u64,
    /// Messages that would go, and stay because of a legal hold.
    pub held: u64,
    /// Some of them, without anything of what they say.
    pub samples: Vec<Sample>,
}

/// One message that would go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Whose.
    pub account: i64,
    /// Since when it has been in its folder.
    pub saved: Timestamp,
    /// Its octets.
    pub size: u64,
}

/// The accounts that a rule looks at beyond `after`, at most `limit`, by identifier.
pub(crate) fn accounts(
    tx: &mut Tx<'_>,
    organisation: i64,
    rule: &Rule,
    after: i64,
    limit: usize,
) -> Result<Vec<i64>, RetentionError> {
    let Some(group) = &rule.group else {
        return Ok(tx.rows(
            "SELECT id FROM account WHERE organisation = $1 AND id > $2 ORDER BY id LIMIT $3",
            params![organisation, after, i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| row.int(0),
        )?);
    };
    // A group that is gone has no members, so nothing goes.
    let Some(group) = identity::groups::find_group(tx, group)? else { return Ok(Vec::new()) };
    let members = identity::groups::expand(tx, group)?.accounts;
    let mut found = Vec::new();
    for account in members.into_iter().filter(|account| *account > after) {
        if found.len() < limit && holds::keeping(tx, account)?.organisation == organisation {
            found.push(account);
        }
    }
    Ok(found)
}

/// What was found in one account.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) due: Vec<Due>,
    pub(crate) held: u64,
    /// Whether there may be more than was asked for.
    pub(crate) more: bool,
}

/// The mail of an account that `rule` removes now, at most `limit`.
pub(crate) fn of_account(tx: &mut Tx<'_>, account: i64, rule: &Rule, limit: usize) -> Result<Found, RetentionError> {
    let mut found = Found::default();
    let Some(bits) = keyword_bits(tx, account, rule)? else { return Ok(found) };
    let in_force = holds::of_account(tx, account)?;
    for mailbox in mailboxes::list(tx, account)? {
        if rule.folder.as_deref().is_none_or(|folder| is_in(&mailbox, folder)) {
            of_mailbox(tx, account, mailbox.id, rule, bits, &in_force, limit, &mut found)?;
        }
    }
    Ok(found)
}

/// Bits that a message must have; none if the account has no such label, so that nothing can have it.
fn keyword_bits(tx: &mut Tx<'_>, account: i64, rule: &Rule) -> Result<Option<u64>, RetentionError> {
    let Some(label) = &rule.label else { return Ok(Some(0)) };
    let called = label.to_lowercase();
    let of_label = labels::list(tx, account)?.into_iter().find(|one| one.look.name.to_lowercase() == called);
    let keyword = of_label.map_or_else(|| label.clone(), |one| one.keyword);
    let bits = keywords::known_bits(tx, account, &[&keyword])?;
    Ok((bits != 0).then_some(bits))
}

/// Whether the mailbox is the one that `folder` names, by path or by what it is for, or below it.
fn is_in(mailbox: &Mailbox, folder: &str) -> bool {
    let is_for = mailbox.special_use.is_some_and(|it| it.as_str().eq_ignore_ascii_case(folder));
    is_for || mailbox::Name::parse(folder).is_ok_and(|name| mailbox.name == name || mailbox.name.is_below(&name))
}

#[allow(clippy::too_many_arguments, reason = "what a rule looks at; all of it is the caller's")]
fn of_mailbox(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    rule: &Rule,
    bits: u64,
    in_force: &[Hold],
    limit: usize,
    found: &mut Found,
) -> Result<(), RetentionError> {
    let before = tx.now().millis().saturating_sub(i64::from(rule.days).saturating_mul(DAY_MILLIS));
    let larger = i64::from(rule.larger_mib.unwrap_or(0)) << 20;
    let spared = if rule.flagged_too { 0 } else { i64::from(Flags::FLAGGED) };
    let candidates = tx.rows(
        "SELECT uid, size, saved, received FROM mailbox_message
         WHERE account = $1 AND mailbox = $2 AND saved <= $3 AND size > $4 AND (flags & $5) = 0 AND (keywords & $6) = $6
         ORDER BY uid",
        params![account, mailbox, before, larger, spared, bits.cast_signed()],
        |row| {
            let due = Due { mailbox, uid: row.uint32(0)?, size: row.int(1)?.unsigned_abs(), saved: row.int(2)? };
            Ok((due, row.int(3)?))
        },
    )?;
    let needs_summary = rule.from.is_some() || in_force.iter().any(|hold| !hold.detail.is_whole());
    let is_held_whole = in_force.iter().any(|hold| hold.detail.is_whole());
    for (due, received) in candidates {
        if found.due.len() >= limit {
            found.more = true;
            return Ok(());
        }
        let (mut matches, mut held) = (true, is_held_whole);
        if needs_summary {
            let summary = summary_of(tx, account, mailbox, due.uid)?;
            matches = rule.from.as_deref().is_none_or(|from| is_from(&summary.envelope, from));
            held = held || in_force.iter().any(|hold| covers(&hold.detail, &summary, received));
        }
        match (matches, held) {
            (true, true) => found.held += 1,
            (true, false) => found.due.push(due),
            (false, _) => {}
        }
    }
    Ok(())
}

fn summary_of(tx: &mut Tx<'_>, account: i64, mailbox: i64, uid: u32) -> Result<Summary, RetentionError> {
    let mut summary = None;
    mailbox::summaries(tx, account, mailbox, &[UidRange::one(uid)], |_, octets| {
        summary = Summary::decode(octets).ok();
        Ok(())
    })?;
    let damaged = || StoreError::Corrupt { what: "summary of a message".to_owned() };
    Ok(summary.ok_or_else(damaged)?)
}

fn is_from(envelope: &Envelope, from: &str) -> bool {
    let mut authors = envelope.from.iter().filter_map(mail::message::EnvelopeAddress::email);
    authors.any(|address| mailbox::removed::is_of(&from.to_lowercase(), &address.to_lowercase()))
}

/// What `rule` would remove now.
///
/// # Errors
/// [`RetentionError`] if the rule cannot be or the store fails.
pub fn preview(tx: &mut Tx<'_>, organisation: i64, rule: &Rule) -> Result<Preview, RetentionError> {
    crate::check(tx, organisation, rule)?;
    let mut preview = Preview::default();
    for account in accounts(tx, organisation, rule, 0, usize::MAX)? {
        let found = of_account(tx, account, rule, usize::MAX)?;
        preview.held += found.held;
        preview.accounts += u64::from(!found.due.is_empty());
        for due in found.due {
            preview.messages += 1;
            preview.bytes += due.size;
            if preview.samples.len() < SAMPLES_MAX {
                let saved = Timestamp::from_millis(due.saved);
                preview.samples.push(Sample { account, saved, size: due.size });
            }
        }
    }
    Ok(preview)
}
