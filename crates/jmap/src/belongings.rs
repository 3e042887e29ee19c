//! What an account has in this crate's tables, for whoever gives it to its owner as files.

use serde_json::Value;
use store::Tx;

use crate::contacts::{cards_with, destroy_with, everything};
use crate::error::Failure;
use crate::submission::all_identities;

/// Address books and cards (JSContact, RFC 9553) and identities (RFC 8621 section 6), each a list under its name.
///
/// # Errors
/// What the store says.
pub fn belongings(tx: &mut Tx<'_>, account: i64) -> Result<Vec<(&'static str, Value)>, String> {
    read(tx, account).map_err(|failure| failure.to_string())
}

fn read(tx: &mut Tx<'_>, account: i64) -> Result<Vec<(&'static str, Value)>, Failure> {
    let (books, cards) = everything(tx, account)?;
    let identities = all_identities(tx, account)?;
    Ok(vec![("address-books", books.into()), ("contacts", cards.into()), ("identities", identities.into())])
}

/// Cards of an account about the person with one of `addresses`, in lowercase.
///
/// # Errors
/// What the store says.
pub fn cards_of(tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<Vec<Value>, String> {
    cards_with(tx, account, addresses).map_err(|failure| failure.to_string())
}

/// Destroys them; gives how many there were.
///
/// # Errors
/// What the store says.
pub fn forget_cards_of(tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<u64, String> {
    destroy_with(tx, account, addresses).map_err(|failure| failure.to_string())
}
