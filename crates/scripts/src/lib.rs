//! What people set for the mail that comes to them: Sieve scripts, rules that are kept as one, and an automatic reply; and what these say
//! of a message.
//!
//! Plain functions over a [`store::Tx`]. [`Desk::load`] takes what an account has, [`Desk::decide`] tells what is to be done with a
//! message, and the deliverer does it. Nothing here sends or files.
//!
//! Knows nothing of protocols.

mod auto_reply;
mod decide;
mod error;
mod kept;
mod memory;
mod outside;
mod reply;
mod rules;
mod settings;

pub use auto_reply::{AutoReply, auto_reply, auto_reply_version, set_auto_reply};
pub use decide::{Decision, Desk, Incoming, Place, Target};
pub use error::ScriptsError;
pub use kept::{
    Change, Kept, NAME_BYTES_MAX, SCRIPTS_MAX, activate, add, change, check, content, list, remove, text, version,
};
pub use memory::{Memory, claim, forget_expired, is_claimed};
pub use outside::{Outside, check_targets};
pub use reply::{Replying, compose, may_reply};
pub use rules::{RULES_NAME, RulesState, rules, set_rules};
pub use settings::RulesSettings;

use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{StoreError, Tx};

/// Form of sealed columns: this octet and JSON, fields added later have defaults.
const FORM: u8 = 1;

fn seal<T: Serialize>(tx: &mut Tx<'_>, account: i64, place: &str, id: i64, value: &T) -> Result<Vec<u8>, StoreError> {
    let mut plain = vec![FORM];
    serde_json::to_writer(&mut plain, value).map_err(|_| corrupt(place))?;
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    Ok(key.sealing().seal(&*context.entropy, &context_of(account, place, id), &plain))
}

fn open<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    account: i64,
    place: &'static str,
    id: i64,
    sealed: &[u8],
) -> Result<T, StoreError> {
    let key = tx.context().keys.account(tx, account)?;
    let plain = key.sealing().open(place, &context_of(account, place, id), sealed)?;
    match plain.split_first() {
        Some((&FORM, json)) => serde_json::from_slice(json).map_err(|_| corrupt(place)),
        _ => Err(corrupt(place)),
    }
}

fn corrupt(place: &str) -> StoreError {
    StoreError::Corrupt { what: format!("{place} cannot be read") }
}

fn context_of(account: i64, place: &str, id: i64) -> Vec<u8> {
    [place.as_bytes(), b":", &account.to_le_bytes(), &id.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests;
