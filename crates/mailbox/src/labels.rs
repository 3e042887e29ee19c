//! Labels: names and colours that people give to keywords of their messages.
//!
//! A label has a keyword of its own, which is how messages have the label, over every protocol. When a label is deleted its keyword is taken
//! from the messages batch by batch ([`clear_some`]), and then forgotten, so that another can have its bit.

use mail::message::casemap;
use store::{Notice, Row, StoreError, Tx, account::next_modseq, params};

use crate::keywords::{self, KEYWORD_BYTES_MAX, KEYWORDS_MAX};
use crate::{FlagChange, Flags, MailboxError, UidRange, sealed_context};

/// Labels of one account: some keywords are left for what programs set.
pub const LABELS_MAX: usize = 48;

/// Longest name of a label, in octets.
pub const NAME_BYTES_MAX: usize = 200;

/// How keywords begin that are made for labels whose names cannot be keywords.
const MADE: &str = "tw-label-";

/// Keywords that programs give a meaning of their own, with and without the `$` before it.
const RESERVED: [&str; 12] = [
    "answered",
    "deleted",
    "draft",
    "flagged",
    "forwarded",
    "important",
    "junk",
    "mdnsent",
    "nonjunk",
    "notjunk",
    "recent",
    "seen",
];

env::words! {
    /// Colour in which clients show a label.
    Color "colour" allowed "grey, red, orange, yellow, green, teal, blue, purple, pink, brown" {
        /// Grey.
        Grey = "grey",
        /// Red.
        Red = "red",
        /// Orange.
        Orange = "orange",
        /// Yellow.
        Yellow = "yellow",
        /// Green.
        Green = "green",
        /// Teal.
        Teal = "teal",
        /// Blue.
        Blue = "blue",
        /// Purple.
        Purple = "purple",
        /// Pink.
        Pink = "pink",
        /// Brown.
        Brown = "brown",
    }
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its identifier.
    pub id: i64,
    /// The keyword that its messages have; it stays.
    pub keyword: String,
    /// What people call it.
    pub look: Look,
}

/// What people set of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Its name, another one than that of every other label whatever the case.
    pub name: String,
    /// Its colour.
    pub color: Color,
    /// Where it is shown among others: lower ones first.
    pub sort_order: u32,
}

/// A label that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedLabel {
    /// Which one.
    pub id: i64,
    /// When it was made.
    pub created: i64,
    /// Its last change.
    pub changed: i64,
    /// Whether it was deleted.
    pub is_gone: bool,
}

/// Why a label is not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum LabelError {
    /// The mail of the account cannot be read or changed.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// There is no such label.
    #[error("no such label")]
    NotFound,
    /// The name is none.
    #[error("a label's name has 1 to {NAME_BYTES_MAX} octets in one line")]
    Name,
    /// Another label has the name; this one.
    #[error("another label has this name; choose another one")]
    NameTaken(i64),
    /// There are as many as there may be.
    #[error("the account has {LABELS_MAX} labels, which is as many as it may; delete one")]
    TooMany,
    /// Every keyword that the account may use is in use.
    #[error(
        "messages of the account use {KEYWORDS_MAX} different keywords, which is as many as they may; delete a label"
    )]
    NoKeyword,
}

impl From<StoreError> for LabelError {
    fn from(error: StoreError) -> Self {
        Self::Mailbox(error.into())
    }
}

fn name_context(id: i64) -> [u8; 20] {
    sealed_context(b"label name  ", id)
}

/// All labels of the account, in the order in which they are shown.
///
/// # Errors
/// If the store fails.
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Label>, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let read = |row: &Row<'_>| {
        let id = row.int(0)?;
        let name = key.sealing().open("label name", &name_context(id), row.bytes(2)?)?;
        let corrupt = |what: String| StoreError::Corrupt { what: format!("label {id}: {what}") };
        let look = Look {
            name: String::from_utf8(name).map_err(|error| corrupt(error.to_string()))?,
            color: row.text(3)?.parse().map_err(|error: env::UnknownWord| corrupt(error.to_string()))?,
            sort_order: row.uint32(4)?,
        };
        Ok(Label { id, keyword: row.text(1)?.to_owned(), look })
    };
    Ok(tx.rows(
        "SELECT id, keyword, name, color, sort_order FROM label WHERE account = $1 AND is_gone = 0 ORDER BY sort_order, id",
        params![account],
        read,
    )?)
}

/// Makes a label.
///
/// # Errors
/// [`LabelError`] with what is wrong.
pub fn create(tx: &mut Tx<'_>, account: i64, look: Look) -> Result<Label, LabelError> {
    let modseq = next_modseq(tx, account)?;
    let known = list(tx, account)?;
    if known.len() >= LABELS_MAX {
        return Err(LabelError::TooMany);
    }
    check_name(&known, None, &look.name)?;
    let label = Label { id: tx.next_id(), keyword: choose_keyword(tx, account, &look.name)?, look };
    match keywords::intern(tx, account, &[&label.keyword]) {
        Ok(_) => {}
        Err(MailboxError::KeywordsExhausted) => return Err(LabelError::NoKeyword),
        Err(error) => return Err(error.into()),
    }
    let sealed = seal_name(tx, account, &label)?;
    tx.execute(
        "INSERT INTO label (account, id, keyword, name, color, sort_order, created_modseq, changed_modseq)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
        params![
            account,
            label.id,
            &label.keyword,
            &sealed,
            label.look.color.as_str(),
            i64::from(label.look.sort_order),
            modseq
        ],
    )?;
    tx.notify(Notice::Account(account));
    Ok(label)
}

/// Gives a label another look; its keyword stays.
///
/// # Errors
/// [`LabelError`] with what is wrong.
pub fn update(tx: &mut Tx<'_>, account: i64, id: i64, look: Look) -> Result<(), LabelError> {
    let modseq = next_modseq(tx, account)?;
    let known = list(tx, account)?;
    let Some(label) = known.iter().find(|label| label.id == id) else { return Err(LabelError::NotFound) };
    check_name(&known, Some(id), &look.name)?;
    let label = Label { look, ..label.clone() };
    let sealed = seal_name(tx, account, &label)?;
    tx.execute(
        "UPDATE label SET name = $3, color = $4, sort_order = $5, changed_modseq = $6 WHERE account = $1 AND id = $2",
        params![account, id, &sealed, label.look.color.as_str(), i64::from(label.look.sort_order), modseq],
    )?;
    tx.notify(Notice::Account(account));
    Ok(())
}

/// Deletes a label; [`clear_some`] takes its keyword from the messages afterwards.
///
/// # Errors
/// [`LabelError::NotFound`], or if the store fails.
pub fn destroy(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(), LabelError> {
    let modseq = next_modseq(tx, account)?;
    let none: &[u8] = &[];
    let gone = tx.execute(
        "UPDATE label SET is_gone = 1, name = $3, changed_modseq = $4 WHERE account = $1 AND id = $2 AND is_gone = 0",
        params![account, id, none, modseq],
    )?;
    tx.notify(Notice::Account(account));
    if gone == 1 { Ok(()) } else { Err(LabelError::NotFound) }
}

/// Deleted labels whose keyword messages may still have: account and identifier.
///
/// # Errors
/// If the store fails.
pub fn uncleared(tx: &mut Tx<'_>, at_most: u32) -> Result<Vec<(i64, i64)>, MailboxError> {
    Ok(tx.rows(
        "SELECT account, id FROM label WHERE is_gone = 1 AND keyword > '' ORDER BY account, id LIMIT $1",
        params![i64::from(at_most)],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?)
}

/// Takes the keyword of a deleted label from some messages; whether none has it any more, so that it is forgotten.
///
/// # Errors
/// If the store fails.
pub fn clear_some(tx: &mut Tx<'_>, account: i64, id: i64, at_once: u32) -> Result<bool, MailboxError> {
    crate::changes::lock_account(tx, account)?;
    let sql = "SELECT keyword FROM label WHERE account = $1 AND id = $2 AND is_gone = 1";
    let keyword = tx.row(sql, params![account, id], |row| Ok(row.text(0)?.to_owned()))?;
    let Some(keyword) = keyword.filter(|keyword| !keyword.is_empty()) else { return Ok(true) };
    let bits = keywords::known_bits(tx, account, &[&keyword])?;
    let places = tx.rows(
        "SELECT mailbox, uid FROM mailbox_message WHERE account = $1 AND (keywords & $2) <> 0 ORDER BY mailbox, uid LIMIT $3",
        params![account, bits.cast_signed(), i64::from(at_once)],
        |row| Ok((row.int(0)?, row.uint32(1)?)),
    )?;
    let change = FlagChange::Remove(Flags { keywords: bits, ..Flags::NONE });
    for group in places.chunk_by(|one, other| one.0 == other.0) {
        let Some((mailbox, _)) = group.first() else { continue };
        let uids: Vec<UidRange> = group.iter().map(|(_, uid)| UidRange::one(*uid)).collect();
        crate::store_flags(tx, account, *mailbox, &uids, change, None)?;
    }
    let is_clear = places.len() < usize::try_from(at_once).unwrap_or(usize::MAX);
    if is_clear {
        keywords::forget(tx, account, &keyword)?;
        tx.execute("UPDATE label SET keyword = '' WHERE account = $1 AND id = $2", params![account, id])?;
    }
    Ok(is_clear)
}

/// The state of the account's labels: their last change.
///
/// # Errors
/// If the store fails.
pub fn state(tx: &mut Tx<'_>, account: i64) -> Result<i64, MailboxError> {
    let sql = "SELECT COALESCE(MAX(changed_modseq), 0) FROM label WHERE account = $1";
    Ok(tx.row(sql, params![account], |row| row.int(0))?.unwrap_or(0))
}

/// What changed after `since`, the oldest change first.
///
/// # Errors
/// If the store fails.
pub fn changed_since(tx: &mut Tx<'_>, account: i64, since: i64) -> Result<Vec<ChangedLabel>, MailboxError> {
    Ok(tx.rows(
        "SELECT id, created_modseq, changed_modseq, is_gone FROM label WHERE account = $1 AND changed_modseq > $2
         ORDER BY changed_modseq, id",
        params![account, since],
        |row| Ok(ChangedLabel { id: row.int(0)?, created: row.int(1)?, changed: row.int(2)?, is_gone: row.flag(3)? }),
    )?)
}

fn seal_name(tx: &mut Tx<'_>, account: i64, label: &Label) -> Result<Vec<u8>, MailboxError> {
    let context = tx.context();
    let key = context.keys.account(tx, account)?;
    Ok(key.sealing().seal(context.entropy.as_ref(), &name_context(label.id), label.look.name.as_bytes()))
}

fn check_name(known: &[Label], own: Option<i64>, name: &str) -> Result<(), LabelError> {
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
        return Err(LabelError::Name);
    }
    let same = |label: &&Label| Some(label.id) != own && casemap(&label.look.name) == casemap(name);
    known.iter().find(same).map_or(Ok(()), |other| Err(LabelError::NameTaken(other.id)))
}

/// The name itself where it is a plain keyword that no label has or had, else one that is made.
fn choose_keyword(tx: &mut Tx<'_>, account: i64, name: &str) -> Result<String, MailboxError> {
    let taken =
        tx.rows("SELECT keyword FROM label WHERE account = $1", params![account], |row| Ok(row.text(0)?.to_owned()))?;
    let plain = name.to_ascii_lowercase();
    if is_plain(&plain) && !taken.contains(&plain) {
        return Ok(plain);
    }
    let used: Vec<String> =
        keywords::list(tx, account)?.into_iter().map(|it| it.name.to_ascii_lowercase()).chain(taken).collect();
    let made = (1..=used.len() + 1).map(|number| format!("{MADE}{number}")).find(|made| !used.contains(made));
    Ok(made.unwrap_or_default())
}

fn is_plain(name: &str) -> bool {
    name.len() <= KEYWORD_BYTES_MAX
        && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && !name.starts_with(MADE)
        && !RESERVED.contains(&name)
}
