//! The mailboxes of an account: listing, making, renaming, deleting.

mod properties;
mod rename;

use crypto::keys::{Account, Key};
use store::{Row, StoreError, Tx, account::next_modseq, params};

use crate::changes::notify;
use crate::expunge::{Which, remove};
use crate::{MailboxError, Name, UidRange};

pub use properties::{set_sort_order, set_use};
pub use rename::rename;

/// Mailboxes of one account.
pub const MAILBOXES_MAX: usize = 4_096;

/// What a mailbox is for (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    /// Mail that is being written.
    Drafts,
    /// Mail that was sent.
    Sent,
    /// Mail that was judged to be junk.
    Junk,
    /// Mail that was thrown away.
    Trash,
    /// Mail that is kept.
    Archive,
}

impl SpecialUse {
    /// All of them, in the order in which a new account gets its mailboxes.
    pub const ALL: [Self; 5] = [Self::Drafts, Self::Sent, Self::Junk, Self::Trash, Self::Archive];

    /// The name of the attribute, without backslash.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Drafts => "Drafts",
            Self::Sent => "Sent",
            Self::Junk => "Junk",
            Self::Trash => "Trash",
            Self::Archive => "Archive",
        }
    }

    /// The use with this name, whatever its case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|of| of.as_str().eq_ignore_ascii_case(name))
    }
}

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Its identifier, which it keeps when it is renamed.
    pub id: i64,
    /// Its full path.
    pub name: Name,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// Whether its owner subscribed to it.
    pub subscribed: bool,
    /// Changes only if UIDs were given out anew, which never happens.
    pub uidvalidity: u32,
    /// The UID that the next message will get.
    pub uidnext: u32,
    /// The lowest UID that no session has been told of as recent.
    pub first_recent: u32,
    /// The last change of its messages.
    pub highestmodseq: i64,
    /// Number of messages.
    pub total: u32,
    /// Number of messages that are not flagged as seen.
    pub unseen: u32,
    /// Number of messages that are flagged as deleted.
    pub deleted: u32,
    /// Octets of its messages.
    pub bytes: u64,
    /// When it was made.
    pub created_modseq: i64,
    /// The last change of its own properties.
    pub changed_modseq: i64,
    /// Where clients show it among others; none: by what it is for.
    pub sort_order: Option<u32>,
}

macro_rules! select_mailbox {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, special_use, subscribed, uidvalidity, uidnext, first_recent, highestmodseq, total, unseen, ",
            "deleted, bytes, created_modseq, changed_modseq, sort_order FROM mailbox WHERE account = $1",
            $rest
        )
    };
}

fn from_row(key: &Key<Account>, row: &Row<'_>) -> Result<Mailbox, StoreError> {
    let id = row.int(0)?;
    let name = key.sealing().open("mailbox name", &name_context(id), row.bytes(1)?)?;
    Ok(Mailbox {
        id,
        name: Name::from_stored(name)?,
        special_use: SpecialUse::parse(row.text(2)?),
        subscribed: row.flag(3)?,
        uidvalidity: row.uint32(4)?,
        uidnext: row.uint32(5)?,
        first_recent: row.uint32(6)?,
        highestmodseq: row.int(7)?,
        total: row.uint32(8)?,
        unseen: row.uint32(9)?,
        deleted: row.uint32(10)?,
        bytes: row.int(11)?.unsigned_abs(),
        created_modseq: row.int(12)?,
        changed_modseq: row.int(13)?,
        sort_order: u32::try_from(row.int(14)?).ok(),
    })
}

fn name_context(mailbox: i64) -> [u8; 20] {
    crate::sealed_context(b"mailbox.name", mailbox)
}

/// The name that a mailbox had, from a copy of what its row held then.
///
/// # Errors
/// If the store fails or the name does not open.
pub fn open_name(tx: &mut Tx<'_>, account: i64, mailbox: i64, sealed: &[u8]) -> Result<Name, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let name = key.sealing().open("mailbox name", &name_context(mailbox), sealed).map_err(StoreError::from)?;
    Ok(Name::from_stored(name)?)
}

/// What mailboxes of this name are looked up by.
pub(crate) fn name_key(key: &Key<Account>, name: &Name) -> [u8; 32] {
    key.hashing().hash(name.as_str().as_bytes())
}

/// All mailboxes of the account: INBOX first, then by name.
///
/// # Errors
/// If the store fails or a name does not open.
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Mailbox>, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let mut mailboxes = tx.rows(select_mailbox!(""), params![account], |row| from_row(&key, row))?;
    mailboxes.sort_unstable_by(|one, other| {
        (!one.name.is_inbox(), one.name.as_str()).cmp(&(!other.name.is_inbox(), other.name.as_str()))
    });
    Ok(mailboxes)
}

/// The mailbox of that name, if there is one.
///
/// # Errors
/// If the store fails.
pub fn find(tx: &mut Tx<'_>, account: i64, name: &Name) -> Result<Option<Mailbox>, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let name_key = name_key(&key, name);
    Ok(tx.row(select_mailbox!(" AND name_key = $2"), params![account, &name_key], |row| from_row(&key, row))?)
}

/// The mailbox with that identifier.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn get(tx: &mut Tx<'_>, account: i64, mailbox: i64) -> Result<Mailbox, MailboxError> {
    let key = tx.context().keys.account(tx, account)?;
    let found = tx.row(select_mailbox!(" AND id = $2"), params![account, mailbox], |row| from_row(&key, row))?;
    found.ok_or(MailboxError::NoSuchMailbox)
}

/// The identifier of the account's mailbox for that use, if it has one.
///
/// # Errors
/// If the store fails.
pub fn with_use(tx: &mut Tx<'_>, account: i64, special_use: SpecialUse) -> Result<Option<i64>, MailboxError> {
    Ok(tx.row(
        "SELECT id FROM mailbox WHERE account = $1 AND special_use = $2",
        params![account, special_use.as_str()],
        |row| row.int(0),
    )?)
}

/// Gives a new account INBOX and one mailbox for each special use, all subscribed. What is there already stays.
///
/// # Errors
/// If the store fails.
pub fn create_defaults(tx: &mut Tx<'_>, account: i64) -> Result<(), MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let uses = SpecialUse::ALL.into_iter().map(Some);
    for special_use in std::iter::once(None).chain(uses) {
        let name = special_use.map_or_else(|| Ok(Name::inbox()), |of| Name::parse(of.as_str()))?;
        if find(tx, account, &name)?.is_none() {
            insert(tx, account, &name, special_use, modseq)?;
        }
    }
    notify(tx, account);
    Ok(())
}

/// Makes a mailbox, and those above it that do not exist (RFC 9051 section 6.3.4). It is subscribed, as people expect to see
/// what they made.
///
/// # Errors
/// [`MailboxError::AlreadyExists`], also if another mailbox has that use; [`MailboxError::TooManyMailboxes`].
pub fn create(
    tx: &mut Tx<'_>,
    account: i64,
    name: &Name,
    special_use: Option<SpecialUse>,
) -> Result<Mailbox, MailboxError> {
    let modseq = next_modseq(tx, account)?;
    if let Some(special_use) = special_use
        && with_use(tx, account, special_use)?.is_some()
    {
        return Err(MailboxError::AlreadyExists);
    }
    create_superiors(tx, account, name, modseq)?;
    if find(tx, account, name)?.is_some() {
        return Err(MailboxError::AlreadyExists);
    }
    let id = insert(tx, account, name, special_use, modseq)?;
    notify(tx, account);
    get(tx, account, id)
}

fn create_superiors(tx: &mut Tx<'_>, account: i64, name: &Name, modseq: i64) -> Result<(), MailboxError> {
    for superior in name.superiors() {
        if find(tx, account, &superior)?.is_none() {
            insert(tx, account, &superior, None, modseq)?;
        }
    }
    Ok(())
}

fn insert(
    tx: &mut Tx<'_>,
    account: i64,
    name: &Name,
    special_use: Option<SpecialUse>,
    modseq: i64,
) -> Result<i64, MailboxError> {
    let count = tx.row("SELECT COUNT(*) FROM mailbox WHERE account = $1", params![account], |row| row.int(0))?;
    if usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX) >= MAILBOXES_MAX {
        return Err(MailboxError::TooManyMailboxes);
    }
    let key = tx.context().keys.account(tx, account)?;
    let id = tx.next_id();
    let sealed = key.sealing().seal(tx.context().entropy.as_ref(), &name_context(id), name.as_str().as_bytes());
    let uidvalidity = next_uidvalidity(tx, account)?;
    tx.execute(
        "INSERT INTO mailbox (account, id, name, name_key, special_use, subscribed, uidvalidity, uidnext, first_recent,
            highestmodseq, total, unseen, deleted, bytes, created_modseq, changed_modseq)
         VALUES ($1, $2, $3, $4, $5, 1, $6, 1, 1, $7, 0, 0, 0, 0, $7, $7)",
        params![
            account,
            id,
            &sealed,
            &name_key(&key, name),
            special_use.map_or("", SpecialUse::as_str),
            uidvalidity,
            modseq
        ],
    )?;
    Ok(id)
}

/// The time in seconds, or more where that is needed to exceed every earlier one of the account, also those of mailboxes
/// that are gone: a name that is used again must not seem to hold the old messages (RFC 9051 section 2.3.1.1).
fn next_uidvalidity(tx: &mut Tx<'_>, account: i64) -> Result<i64, MailboxError> {
    let now = tx.now().seconds().clamp(1, i64::from(u32::MAX) / 2);
    let given = tx.row(
        "UPDATE account SET uidvalidity_last = CASE WHEN uidvalidity_last < $2 THEN $2 ELSE uidvalidity_last + 1 END
         WHERE id = $1 RETURNING uidvalidity_last",
        params![account, now],
        |row| row.int(0),
    )?;
    given.ok_or(MailboxError::Store(StoreError::Missing { what: "account" }))
}

/// Deletes a mailbox and what is in it; the owner's subscription ends with it.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], [`MailboxError::InboxStays`], [`MailboxError::HasChildren`] (RFC 9051 section 6.3.5).
pub fn delete(tx: &mut Tx<'_>, account: i64, mailbox: i64) -> Result<(), MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let all = list(tx, account)?;
    let gone = all.iter().find(|one| one.id == mailbox).ok_or(MailboxError::NoSuchMailbox)?;
    if gone.name.is_inbox() {
        return Err(MailboxError::InboxStays);
    }
    if all.iter().any(|one| one.name.is_below(&gone.name)) {
        return Err(MailboxError::HasChildren);
    }
    remove(tx, account, mailbox, &[UidRange::ALL], Which::Any, modseq)?;
    tx.execute("DELETE FROM expunged WHERE account = $1 AND mailbox = $2", params![account, mailbox])?;
    tx.execute("DELETE FROM mailbox WHERE account = $1 AND id = $2", params![account, mailbox])?;
    tx.execute(
        "INSERT INTO destroyed (account, modseq, kind, id) VALUES ($1, $2, 'mailbox', $3)",
        params![account, modseq, mailbox],
    )?;
    notify(tx, account);
    Ok(())
}

/// Subscribes to a mailbox or ends that.
///
/// # Errors
/// [`MailboxError::NoSuchMailbox`], or if the store fails.
pub fn subscribe(tx: &mut Tx<'_>, account: i64, mailbox: i64, subscribed: bool) -> Result<(), MailboxError> {
    let modseq = next_modseq(tx, account)?;
    let changed = tx.execute(
        "UPDATE mailbox SET subscribed = $3, changed_modseq = CASE WHEN subscribed = $3 THEN changed_modseq ELSE $4 END
         WHERE account = $1 AND id = $2",
        params![account, mailbox, subscribed, modseq],
    )?;
    if changed == 0 {
        return Err(MailboxError::NoSuchMailbox);
    }
    notify(tx, account);
    Ok(())
}
