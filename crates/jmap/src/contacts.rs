//! Contacts (RFC 9610): address books, and cards in the form of JSContact (RFC 9553). They are one's own.

mod books;
mod card;
mod cards;
mod filter;
mod query;
mod rows;

pub(crate) use books::{changes as book_changes, get as book_get, set as book_set};
pub(crate) use cards::{changes, copy, get, set};
pub(crate) use query::{query, query_changes};
pub(crate) use rows::{Kind as ItemKind, state as current_state};

use serde_json::Value;
use store::Tx;
use wire::jmap::MethodErrorKind;

use crate::Asker;
use crate::error::Failure;
use crate::ids;
use crate::reach::Reach;

/// The address book that every account has; its number is 0.
const DEFAULT_BOOK: &str = "default";

/// The account, if it is one's own: others have no contacts for who asks.
fn own(tx: &mut Tx<'_>, asker: &Asker, account_id: &str) -> Result<i64, Failure> {
    let reach = Reach::of(tx, asker.account(), account_id)?;
    match reach.is_own() {
        true => Ok(reach.account),
        false => Err(Failure::say(MethodErrorKind::AccountNotSupportedByMethod, "contacts are in one's own account")),
    }
}

/// What a client calls an address book.
fn show_book(id: i64) -> String {
    if id == 0 { DEFAULT_BOOK.to_owned() } else { ids::show(id) }
}

/// The number of an address book.
fn read_book(text: &str) -> Option<i64> {
    if text == DEFAULT_BOOK { Some(0) } else { ids::read(text) }
}

/// Cards of an account with one of `addresses`, in lowercase, among their addresses: as they are shown, each with its identifier.
pub(crate) fn cards_with(tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<Vec<Value>, Failure> {
    let cards = rows::list(tx, account, ItemKind::Card)?;
    Ok(cards.into_iter().filter(|card| has_address(&card.content, addresses)).map(shown_card).collect())
}

/// Destroys the cards of an account with one of `addresses`, in lowercase; gives how many.
pub(crate) fn destroy_with(tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<u64, Failure> {
    let mut gone = 0;
    for card in rows::list(tx, account, ItemKind::Card)? {
        if has_address(&card.content, addresses) {
            rows::destroy(tx, account, card.id)?;
            gone += 1;
        }
    }
    Ok(gone)
}

fn has_address(card: &wire::jmap::Object, addresses: &[String]) -> bool {
    let emails = card.get("emails").and_then(Value::as_object);
    let mut named = emails.into_iter().flat_map(|all| all.values()).filter_map(|it| it["address"].as_str());
    named.any(|address| addresses.contains(&address.trim().to_lowercase()))
}

fn shown_card(card: rows::Item) -> Value {
    let mut object = card.content;
    object.insert("id".to_owned(), ids::show(card.id).into());
    Value::Object(object)
}

/// All address books and all cards of an account.
pub(crate) fn everything(tx: &mut Tx<'_>, account: i64) -> Result<(Vec<Value>, Vec<Value>), Failure> {
    let shown = |item: rows::Item, id: String| {
        let mut object = item.content;
        object.insert("id".to_owned(), id.into());
        Value::Object(object)
    };
    let books = rows::list(tx, account, ItemKind::Book)?;
    let cards = rows::list(tx, account, ItemKind::Card)?;
    let books = books
        .into_iter()
        .map(|book| {
            let id = show_book(book.id);
            shown(book, id)
        })
        .collect();
    Ok((
        books,
        cards
            .into_iter()
            .map(|card| {
                let id = ids::show(card.id);
                shown(card, id)
            })
            .collect(),
    ))
}
