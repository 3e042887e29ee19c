//! `Mailbox/changes` (RFC 8621 section 2.2).

use std::collections::HashSet;

use mailbox::overview::{DestroyedKind, destroyed_since};
use serde_json::{Value, json};
use store::Tx;

use crate::args::Args;
use crate::email::{Fate, answer_changes, changed_since, cut, read_state, take_max};
use crate::error::Failure;
use crate::index::Index;
use crate::reach::Reach;
use crate::{Asker, Server};

/// A mailbox that changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Changed {
    pub(super) at: i64,
    pub(super) id: i64,
    pub(super) fate: Fate,
    /// Only its counters are others.
    pub(super) is_counted: bool,
}

pub(crate) fn changes(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (since, max) = (args.need_text("sinceState")?, take_max(&mut args)?);
    args.finish()?;
    let (changed, now) = server.indexes.with_tx(tx, reach.account, |tx, index| {
        let from = read_state(&since, index)?;
        Ok((changed(tx, index, &reach, from)?, index.mailbox_state()))
    })?;
    let (changed, state, more) = cut(changed.into_iter().map(|it| (it.at, it)).collect(), max, now)?;
    let fates: Vec<(i64, Fate)> = changed.iter().map(|it| (it.id, it.fate)).collect();
    let mut answer = answer_changes(&account_id, &since, state, more, &fates);
    let only_counted = changed.iter().filter(|it| it.fate == Fate::Updated).all(|it| it.is_counted);
    let is_any_updated = changed.iter().any(|it| it.fate == Fate::Updated);
    if let Value::Object(members) = &mut answer {
        let properties = match only_counted && is_any_updated {
            true => json!(["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]),
            false => Value::Null,
        };
        members.insert("updatedProperties".to_owned(), properties);
    }
    Ok(answer)
}

/// The mailboxes that changed for who asks, the oldest change first.
pub(super) fn changed(tx: &mut Tx<'_>, index: &Index, reach: &Reach, since: i64) -> Result<Vec<Changed>, Failure> {
    let mut changed = Vec::new();
    let counted = counted_mailboxes(tx, index, reach, since)?;
    for it in index.mailboxes.iter().filter(|it| reach.may_read(it.id)) {
        let change = |at, fate, is_counted| Changed { at, id: it.id, fate, is_counted };
        if it.created_modseq > since {
            changed.push(change(it.created_modseq, Fate::Created, false));
        } else if it.changed_modseq > since {
            changed.push(change(it.changed_modseq.max(it.highestmodseq), Fate::Updated, false));
        } else if it.highestmodseq > since {
            changed.push(change(it.highestmodseq, Fate::Updated, true));
        } else if let Some((_, at)) = counted.iter().find(|(id, _)| *id == it.id) {
            changed.push(change(*at, Fate::Updated, true));
        }
    }
    // What may not be read any more is gone for who asks.
    let lost = index.mailboxes.iter().filter(|it| !reach.may_read(it.id) && it.changed_modseq > since);
    changed.extend(lost.map(|it| Changed {
        at: it.changed_modseq,
        id: it.id,
        fate: Fate::Destroyed,
        is_counted: false,
    }));
    for gone in destroyed_since(tx, reach.account, since)? {
        if gone.kind == DestroyedKind::Mailbox {
            changed.push(Changed { at: gone.modseq, id: gone.id, fate: Fate::Destroyed, is_counted: false });
        }
    }
    changed.sort_unstable_by_key(|it| (it.at, it.id));
    Ok(changed)
}

/// Mailboxes that count threads of which a message changed elsewhere.
fn counted_mailboxes(tx: &mut Tx<'_>, index: &Index, reach: &Reach, since: i64) -> Result<Vec<(i64, i64)>, Failure> {
    let mut counted: Vec<(i64, i64)> = Vec::new();
    let mut threads = HashSet::new();
    for it in changed_since(tx, index, reach, since)?.iter().rev() {
        let Some(thread) = it.thread.filter(|thread| threads.insert(*thread)) else { continue };
        for place in index.thread(reach, thread).flat_map(|email| email.seen_by(reach)) {
            if !counted.iter().any(|(id, _)| *id == place.mailbox) {
                counted.push((place.mailbox, it.at));
            }
        }
    }
    Ok(counted)
}
