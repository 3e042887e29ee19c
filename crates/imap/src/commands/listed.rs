//! The mailboxes that somebody sees: their own, then those of others, with names as LIST tells them.

use std::collections::{BTreeMap, BTreeSet};

use identity::delegation::{self, Deed};
use mailbox::{Mailbox, Name};
use store::Tx;
use wire::imap::SEPARATOR;

use crate::place::{OTHERS, PlaceError, SHARED};

/// A name in a list.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// The name as the client knows it.
    pub(super) name: String,
    /// Whose it is.
    pub(super) account: i64,
    /// The mailbox; none for a level that only holds others.
    pub(super) mailbox: Option<Mailbox>,
    /// Whether the one who asks is subscribed to it.
    pub(super) subscribed: bool,
}

impl Listed {
    /// Whether this lies somewhere below `above`.
    pub(super) fn is_below(&self, above: &Self) -> bool {
        self.name.strip_prefix(above.name.as_str()).is_some_and(|rest| rest.starts_with(SEPARATOR))
    }
}

/// Everything that the account `actor` may see.
pub(super) fn all(tx: &mut Tx<'_>, actor: i64) -> Result<Vec<Listed>, PlaceError> {
    let own = mailbox::mailboxes::list(tx, actor)?.into_iter();
    let mut listed: Vec<Listed> = own
        .map(|mailbox| Listed {
            name: mailbox.name.as_str().to_owned(),
            account: actor,
            subscribed: mailbox.subscribed,
            mailbox: Some(mailbox),
        })
        .collect();
    let reachable = delegation::reachable(tx, actor)?;
    if reachable.is_empty() {
        return Ok(listed);
    }
    let subscribed = delegation::subscriptions(tx, actor)?;
    for namespace in [OTHERS, SHARED] {
        let mut below = BTreeMap::new();
        for owner in reachable.iter().filter(|owner| owner.is_shared == (namespace == SHARED)) {
            let mut seen: Vec<Mailbox> = mailbox::mailboxes::list(tx, owner.account)?;
            seen.retain(|mailbox| owner.allows(Deed::Read(mailbox.id)));
            let above = format!("{namespace}{SEPARATOR}{}", owner.address);
            for mailbox in &seen {
                for level in mailbox.name.superiors().filter(|level| !holds(&seen, level)) {
                    below
                        .entry(format!("{above}{SEPARATOR}{}", level.as_str()))
                        .or_insert_with(|| (owner.account, None));
                }
                let name = format!("{above}{SEPARATOR}{}", mailbox.name.as_str());
                below.insert(name, (owner.account, Some(mailbox.clone())));
            }
            below.insert(above, (owner.account, None));
        }
        if !below.is_empty() {
            below.insert(namespace.to_owned(), (actor, None));
        }
        listed.extend(below.into_iter().map(|(name, (account, mailbox))| {
            let subscribed = mailbox.as_ref().is_some_and(|mailbox| subscribed.contains(&(account, mailbox.id)));
            Listed { name, account, mailbox, subscribed }
        }));
    }
    Ok(listed)
}

fn holds(seen: &[Mailbox], name: &Name) -> bool {
    seen.iter().any(|mailbox| mailbox.name == *name)
}

/// Names that others are below.
pub(super) fn parents(listed: &[Listed]) -> BTreeSet<&str> {
    let levels = |name: &'_ str| name.match_indices(SEPARATOR).map(|(at, _)| at).collect::<Vec<_>>();
    listed.iter().flat_map(|one| levels(&one.name).into_iter().filter_map(|at| one.name.get(..at))).collect()
}
