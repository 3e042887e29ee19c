//! `Email/changes` (RFC 8621 section 4.3), and what changed since a state, for all who must know.

use std::collections::{BTreeMap, BTreeSet};

use mailbox::overview::{DestroyedKind, destroyed_since};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::MethodErrorKind;

use crate::args::Args;
use crate::error::Failure;
use crate::ids;
use crate::index::Index;
use crate::reach::Reach;
use crate::{Asker, Server};

/// What a message has come to since a state, and the change that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Created,
    Updated,
    Destroyed,
}

/// A message that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) at: i64,
    pub(crate) id: i64,
    /// Its thread; none for one that went before threads were written down.
    pub(crate) thread: Option<i64>,
    pub(crate) fate: Fate,
}

/// Reads the state that a client names.
///
/// # Errors
/// `cannotCalculateChanges` for what is no state of ours, or one before what is remembered.
pub(crate) fn read_state(text: &str, index: &Index) -> Result<i64, Failure> {
    let cannot = || Failure::from(mailbox::MailboxError::CannotCalculate);
    let state: i64 = text.parse().map_err(|_| cannot())?;
    if state < index.low_modseq || state > index.modseq { Err(cannot()) } else { Ok(state) }
}

/// What changed for who asks after `since`, the oldest change first.
///
/// # Errors
/// If the store fails.
pub(crate) fn changed_since(
    tx: &mut Tx<'_>,
    index: &Index,
    reach: &Reach,
    since: i64,
) -> Result<Vec<Changed>, Failure> {
    let mut changed: Vec<Changed> = Vec::new();
    for email in index.emails.values().filter(|email| email.changed > since) {
        let thread = Some(email.thread);
        let (at, fate) = match (email.is_seen_by(reach), email.created > since) {
            (true, true) => (email.created, Fate::Created),
            (true, false) => (email.changed, Fate::Updated),
            // Never seen.
            (false, true) => continue,
            (false, false) => (email.changed, Fate::Destroyed),
        };
        changed.push(Changed { at, id: email.id, thread, fate });
    }
    for gone in destroyed_since(tx, reach.account, since)? {
        if let DestroyedKind::Message(thread) = gone.kind {
            changed.push(Changed { at: gone.modseq, id: gone.id, thread, fate: Fate::Destroyed });
        }
    }
    changed.sort_unstable_by_key(|it| (it.at, it.id));
    Ok(changed)
}

/// Which part of the changes is told, with the state that it leads to: whole changes up to `max` objects.
///
/// # Errors
/// `cannotCalculateChanges` if one change is more.
pub(crate) fn cut<T>(mut changed: Vec<(i64, T)>, max: Option<u64>, now: i64) -> Result<(Vec<T>, i64, bool), Failure> {
    let mut state = now;
    let mut more = false;
    let max = max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX));
    if let Some((cut, _)) = changed.get(max) {
        let cut = *cut;
        changed.retain(|(at, _)| *at < cut);
        state = changed.last().map(|(at, _)| *at).ok_or(mailbox::MailboxError::CannotCalculate)?;
        more = true;
    }
    Ok((changed.into_iter().map(|(_, it)| it).collect(), state, more))
}

/// Takes `maxChanges`, which must be above 0 (RFC 8620 section 5.2).
pub(crate) fn take_max(args: &mut Args) -> Result<Option<u64>, Failure> {
    match args.count("maxChanges")? {
        Some(0) => Err(Failure::say(MethodErrorKind::InvalidArguments, "maxChanges must be above 0")),
        max => Ok(max),
    }
}

/// The answer to a `/changes` call.
pub(crate) fn answer(account: &str, since: &str, state: i64, more: bool, changed: &[(i64, Fate)]) -> Value {
    let of = |fate: Fate| -> Vec<String> {
        changed.iter().filter(|(_, it)| *it == fate).map(|(id, _)| ids::show(*id)).collect()
    };
    json!({
        "accountId": account, "oldState": since, "newState": state.to_string(), "hasMoreChanges": more,
        "created": of(Fate::Created), "updated": of(Fate::Updated), "destroyed": of(Fate::Destroyed),
    })
}

pub(crate) fn changes(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (since, max) = (args.need_text("sinceState")?, take_max(&mut args)?);
    args.finish()?;
    let (changed, now) = server.indexes.with_tx(tx, reach.account, |tx, index| {
        let from = read_state(&since, index)?;
        Ok((changed_since(tx, index, &reach, from)?, index.email_state()))
    })?;
    let changed = changed.into_iter().map(|it| (it.at, (it.id, it.fate))).collect();
    let (changed, state, more) = cut(changed, max, now)?;
    Ok(answer(&account_id, &since, state, more, &changed))
}

/// Threads with a message that came or went (RFC 8621 section 3.2): created, changed, destroyed.
pub(crate) fn changed_threads(
    index: &Index,
    reach: &Reach,
    since: i64,
    changed: &[Changed],
) -> Vec<(i64, (i64, Fate))> {
    let mut latest: BTreeMap<i64, i64> = BTreeMap::new();
    let mut lost: BTreeSet<i64> = BTreeSet::new();
    for it in changed.iter().filter(|it| it.fate != Fate::Updated) {
        let Some(thread) = it.thread else { continue };
        let at = latest.entry(thread).or_insert(it.at);
        *at = it.at.max(*at);
        if it.fate == Fate::Destroyed {
            lost.insert(thread);
        }
    }
    let mut threads: Vec<(i64, (i64, Fate))> = Vec::new();
    for (thread, at) in latest {
        let mut oldest_created = i64::MAX;
        let mut first = i64::MAX;
        let mut any = false;
        for email in index.thread(reach, thread) {
            any = true;
            oldest_created = oldest_created.min(email.created);
            first = first.min(email.created);
        }
        let fate = match (any, oldest_created > since && !lost.contains(&thread)) {
            (false, _) => Fate::Destroyed,
            (true, true) => Fate::Created,
            (true, false) => Fate::Updated,
        };
        // A new thread counts from its first message on, so that a client that stops in between hears of it before it changes.
        threads.push((if fate == Fate::Created { first } else { at }, (thread, fate)));
    }
    threads.sort_unstable_by_key(|(at, (id, _))| (*at, *id));
    threads
}
