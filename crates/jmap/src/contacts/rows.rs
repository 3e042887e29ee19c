//! Address books and cards as they are kept.

use serde_json::Value;
use store::{Row, StoreError, Tx, params};
use wire::jmap::Object;

use crate::email::Fate;
use crate::error::Failure;

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Book,
    Card,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Card => "card",
        }
    }

    /// Items of this kind that an account may have.
    pub(super) const fn max(self) -> i64 {
        match self {
            Self::Book => 200,
            Self::Card => 20_000,
        }
    }
}

/// An address book or a card.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) id: i64,
    pub(super) content: Object,
}

/// A change: its number, and which item came to what.
pub(super) type Changed = (i64, (i64, Fate));

/// What the content of an item is sealed for.
fn sealed_for(id: i64) -> Vec<u8> {
    [&b"contact item "[..], &id.to_le_bytes()].concat()
}

fn opened(id: i64, plain: &[u8]) -> Result<Item, Failure> {
    match serde_json::from_slice(plain) {
        Ok(Value::Object(content)) => Ok(Item { id, content }),
        _ => Err(StoreError::Corrupt { what: format!("the contact {id} does not read") }.into()),
    }
}

/// All items of a kind, in the order in which they were made.
pub(super) fn list(tx: &mut Tx<'_>, account: i64, kind: Kind) -> Result<Vec<Item>, Failure> {
    let key = tx.context().keys.account(tx, account)?;
    let read = |row: &Row<'_>| {
        let id = row.int(0)?;
        Ok((id, key.sealing().open("contact", &sealed_for(id), row.bytes(1)?)?))
    };
    let rows = tx.rows(
        "SELECT id, content FROM contact_item WHERE account = $1 AND kind = $2 AND is_gone = 0 ORDER BY id LIMIT $3",
        params![account, kind.word(), kind.max()],
        read,
    )?;
    rows.into_iter().map(|(id, plain)| opened(id, &plain)).collect()
}

/// One item.
pub(super) fn find(tx: &mut Tx<'_>, account: i64, kind: Kind, id: i64) -> Result<Option<Item>, Failure> {
    let key = tx.context().keys.account(tx, account)?;
    let plain = tx.row(
        "SELECT content FROM contact_item WHERE account = $1 AND id = $2 AND kind = $3 AND is_gone = 0",
        params![account, id, kind.word()],
        |row| Ok(key.sealing().open("contact", &sealed_for(id), row.bytes(0)?)?),
    )?;
    plain.map(|plain| opened(id, &plain)).transpose()
}

/// How many there are.
pub(super) fn count(tx: &mut Tx<'_>, account: i64, kind: Kind) -> Result<i64, Failure> {
    let count = tx.row(
        "SELECT COUNT(*) FROM contact_item WHERE account = $1 AND kind = $2 AND is_gone = 0",
        params![account, kind.word()],
        |row| row.int(0),
    )?;
    Ok(count.unwrap_or(0))
}

/// Writes an item down, a new one or another content of one that is there.
pub(super) fn keep(tx: &mut Tx<'_>, account: i64, kind: Kind, item: &Item) -> Result<(), Failure> {
    let modseq = store::account::next_modseq(tx, account)?;
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    let plain = Value::Object(item.content.clone()).to_string();
    let sealed = key.sealing().seal(context.entropy.as_ref(), &sealed_for(item.id), plain.as_bytes());
    tx.execute(
        "INSERT INTO contact_item (account, id, kind, content, created_modseq, changed_modseq) VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (account, id) DO UPDATE SET content = $4, changed_modseq = $5",
        params![account, item.id, kind.word(), &sealed, modseq],
    )?;
    tx.notify(store::Notice::Account(account));
    Ok(())
}

/// Destroys an item; that it was there is remembered, what was in it is not.
pub(super) fn destroy(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(), Failure> {
    let modseq = store::account::next_modseq(tx, account)?;
    let none: &[u8] = &[];
    tx.execute(
        "UPDATE contact_item SET is_gone = 1, content = $3, changed_modseq = $4 WHERE account = $1 AND id = $2",
        params![account, id, none, modseq],
    )?;
    tx.notify(store::Notice::Account(account));
    Ok(())
}

/// What changed after `since`, the oldest change first: the change, the item and what became of it.
pub(super) fn changed(tx: &mut Tx<'_>, account: i64, kind: Kind, since: i64) -> Result<Vec<Changed>, Failure> {
    let rows = tx.rows(
        "SELECT id, created_modseq, changed_modseq, is_gone FROM contact_item
         WHERE account = $1 AND kind = $2 AND changed_modseq > $3 ORDER BY changed_modseq, id",
        params![account, kind.word(), since],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.flag(3)?)),
    )?;
    let told = rows.into_iter().filter_map(|(id, created, changed, is_gone)| {
        // The address book that every account has was there before it was first changed.
        let fate = match (is_gone, created > since && id != 0) {
            (true, true) => return None,
            (true, false) => Fate::Destroyed,
            (false, true) => Fate::Created,
            (false, false) => Fate::Updated,
        };
        Some((if fate == Fate::Created { created } else { changed }, (id, fate)))
    });
    let mut told: Vec<Changed> = told.collect();
    told.sort_unstable_by_key(|(at, (id, _))| (*at, *id));
    Ok(told)
}

/// The state of a kind.
pub(crate) fn state(tx: &mut Tx<'_>, account: i64, kind: Kind) -> Result<i64, Failure> {
    let last = tx.row(
        "SELECT changed_modseq FROM contact_item WHERE account = $1 AND kind = $2 ORDER BY changed_modseq DESC LIMIT 1",
        params![account, kind.word()],
        |row| row.int(0),
    )?;
    Ok(last.unwrap_or(0))
}

/// The number of a state that a client names.
///
/// # Errors
/// `cannotCalculateChanges` for what is no state of ours.
pub(super) fn read_state(text: &str, now: i64) -> Result<i64, Failure> {
    let cannot = || Failure::from(mailbox::MailboxError::CannotCalculate);
    text.parse().ok().filter(|since| (0..=now).contains(since)).ok_or_else(cannot)
}
