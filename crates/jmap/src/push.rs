//! Telling clients that something changed (RFC 8620 section 7): the states of each account, and when they are others.

mod events;
mod socket;
mod subscription;
mod watching;

use std::collections::BTreeMap;

use identity::delegation;
use mailbox::overview::{mailbox_state, message_state};
use serde_json::{Value, json};
use store::Tx;

use crate::contacts::{self, ItemKind};
use crate::error::Failure;
use crate::state::word_of;
use crate::{Asker, ids, share_notices, sorting, submission};

pub(crate) use events::events;
pub(crate) use socket::connect;
pub(crate) use subscription::{Poster, Pushing, get as subscription_get, public_key, set as subscription_set};

/// States by account and type.
pub(crate) type States = BTreeMap<String, BTreeMap<String, String>>;

/// The accounts that somebody can see, his own first.
pub(crate) fn accounts(tx: &mut Tx<'_>, actor: i64) -> Result<Vec<i64>, Failure> {
    let others = delegation::reachable(tx, actor)?;
    Ok(std::iter::once(actor).chain(others.iter().map(|it| it.account)).collect())
}

/// The states of `accounts`.
pub(crate) fn states(tx: &mut Tx<'_>, asker: &Asker, accounts: &[i64]) -> Result<States, Failure> {
    let mut all = States::new();
    for account in accounts {
        let emails = message_state(tx, *account)?.to_string();
        let mut types = BTreeMap::from([
            ("Email", emails.clone()),
            ("Thread", emails),
            ("Mailbox", mailbox_state(tx, *account)?.to_string()),
            ("Label", mailbox::labels::state(tx, *account)?.to_string()),
        ]);
        if *account == asker.account() {
            types.insert("EmailSubmission", submission::current_state(tx, *account)?.to_string());
            let scripts = sorting::script_state(tx, *account)?;
            types.insert("SieveScript", scripts.clone());
            types.insert("Rules", scripts);
            types.insert("VacationResponse", sorting::vacation_state(tx, *account)?);
            types.insert("Identity", submission::identity_state(tx, *account)?);
            types.insert("Session", opened_state(tx, *account)?);
            types.insert("ShareNotification", share_notices::current_state(tx, *account)?.to_string());
            types.insert("AddressBook", contacts::current_state(tx, *account, ItemKind::Book)?.to_string());
            types.insert("ContactCard", contacts::current_state(tx, *account, ItemKind::Card)?.to_string());
        }
        all.insert(ids::show(*account), types.into_iter().map(|(kind, state)| (kind.to_owned(), state)).collect());
    }
    Ok(all)
}

/// A word that is another when something was opened for somebody or taken away: then the session is to be read anew.
fn opened_state(tx: &mut Tx<'_>, actor: i64) -> Result<String, Failure> {
    let given = delegation::reachable(tx, actor)?;
    let words = given.iter().flat_map(|it| it.rights().map(move |it| (it.account, it.permission.as_str(), it.mailbox)));
    Ok(word_of(format!("{:?}", words.collect::<Vec<_>>()).into_bytes()))
}

/// A `StateChange` of what differs from `before` among the types that are wanted; none if nothing does.
pub(crate) fn state_change(before: &States, now: &States, wanted: &Wanted) -> Option<Value> {
    let mut changed = serde_json::Map::new();
    for (account, types) in now {
        let known = before.get(account);
        let others: serde_json::Map<String, Value> = types
            .iter()
            .filter(|(kind, state)| wanted.has(kind) && known.and_then(|known| known.get(*kind)) != Some(*state))
            .map(|(kind, state)| (kind.clone(), state.clone().into()))
            .collect();
        if !others.is_empty() {
            changed.insert(account.clone(), Value::Object(others));
        }
    }
    (!changed.is_empty()).then(|| json!({ "@type": "StateChange", "changed": changed }))
}

/// A word that is another when any state is.
pub(crate) fn state_word(states: &States) -> String {
    word_of(json!(states).to_string().into_bytes())
}

/// Types that a client wants to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    All,
    Some(Vec<String>),
}

impl Wanted {
    fn has(&self, kind: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(kinds) => kinds.iter().any(|it| it == kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_and_is_wanted_is_told() {
        let states = |email: &str| {
            let types = [("Email", email), ("Mailbox", "4")].map(|(kind, state)| (kind.to_owned(), state.to_owned()));
            States::from([("1".to_owned(), BTreeMap::from(types))])
        };
        assert_eq!(state_change(&states("3"), &states("3"), &Wanted::All), None);
        let told = state_change(&states("3"), &states("5"), &Wanted::All).unwrap();
        assert_eq!(told, json!({ "@type": "StateChange", "changed": { "1": { "Email": "5" } } }));
        assert_eq!(state_change(&states("3"), &states("5"), &Wanted::Some(vec!["Mailbox".to_owned()])), None);
        assert_ne!(state_word(&states("3")), state_word(&states("5")));
    }
}
