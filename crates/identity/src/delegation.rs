//! What somebody may do with another's mailbox, because its owner or an administrator has said so.
//!
//! [`may`] answers for every protocol; [`crate::groups_of`] and what stands here are the facts that access decisions are made from.

use std::collections::BTreeSet;

use access::Action;
use env::Timestamp;
use mail::Address;
use store::{Notice, Row, StoreError, Tx, account::next_modseq, params};

use crate::address::{owner, without_detail};
use crate::sharing::noting;
use crate::{AccountKind, IdentityError, Permission, load_account, rights};

/// Permissions that one account may give.
const GIVEN_MAX: i64 = 10_000;

/// A permission that is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Whose mailbox.
    pub account: i64,
    /// The account that may.
    pub delegate: i64,
    /// What.
    pub permission: Permission,
    /// Of reading and writing: only in the mailbox with this identifier; none: everywhere.
    pub mailbox: Option<i64>,
    /// From when.
    pub since: Timestamp,
    /// Until when; none: until it is taken back.
    pub until: Option<Timestamp>,
    /// Who gave it; none: somebody at the machine itself.
    pub granted_by: Option<i64>,
}

impl Delegation {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.since <= now && self.until.is_none_or(|until| now < until)
    }
}

/// What somebody does to another's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Reads in the mailbox with this identifier.
    Read(i64),
    /// Changes something in it.
    Write(i64),
    /// Makes, renames or deletes mailboxes.
    Arrange,
    /// Sends as the owner.
    SendAs,
    /// Sends in the owner's name, naming oneself too.
    SendOnBehalf,
}

/// How somebody may use an address as author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SendingRight {
    /// With a Sender field that names the one who sends (RFC 5322 section 3.6.2).
    OnBehalf,
    /// As if one were its owner.
    As,
    /// It is one's own.
    Own,
}

/// Gives a permission; the same one given again takes its new times.
///
/// # Errors
/// [`IdentityError`] if one of the accounts is not there, both are the same or of different organisations, or the times or the mailbox
/// make no sense.
pub fn grant(tx: &mut Tx<'_>, new: &Delegation) -> Result<(), IdentityError> {
    noting(tx, (new.account, new.delegate), new.granted_by, |tx| give(tx, new))
}

/// As [`grant`], and nobody is told what was made of it.
pub(crate) fn give(tx: &mut Tx<'_>, new: &Delegation) -> Result<(), IdentityError> {
    let (from, to) = (load_account(tx, new.account)?, load_account(tx, new.delegate)?);
    if from.id == to.id {
        return Err(IdentityError::Condition("an account has every permission over itself; name another account"));
    }
    if from.organisation != to.organisation {
        return Err(IdentityError::Condition("the accounts belong to different organisations; name one of the same"));
    }
    if to.kind == AccountKind::Shared {
        return Err(IdentityError::Condition(
            "nobody signs in as a shared mailbox, so it can use no permission; name a person or a service",
        ));
    }
    if new.until.is_some_and(|until| until <= new.since) {
        return Err(IdentityError::Condition("the permission would end before it begins; give a later end"));
    }
    let is_folder_right = matches!(new.permission, Permission::Read | Permission::Write);
    if new.mailbox.is_some() && !is_folder_right {
        return Err(IdentityError::Condition("sending is permitted for the whole account; leave the mailbox out"));
    }
    if let Some(mailbox) = new.mailbox {
        let known = "SELECT id FROM mailbox WHERE account = $1 AND id = $2";
        let found = tx.row(known, params![new.account, mailbox], |_| Ok(()))?;
        found.ok_or(IdentityError::Condition("the account has no such mailbox; see which there are"))?;
    }
    tx.execute(
        "INSERT INTO delegation (account, delegate, permission, mailbox, since, until, granted_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (account, delegate, permission, mailbox) DO UPDATE SET since = $5, until = $6, granted_by = $7",
        params![
            new.account,
            new.delegate,
            new.permission.as_str(),
            new.mailbox.unwrap_or(0),
            new.since.millis(),
            new.until.map_or(0, Timestamp::millis),
            new.granted_by.unwrap_or(0)
        ],
    )?;
    tell(tx, new.account, new.delegate, new.mailbox)
}

/// Whoever keeps what may be done where is told: for the delegate, the mailboxes are others.
fn tell(tx: &mut Tx<'_>, account: i64, delegate: i64, mailbox: Option<i64>) -> Result<(), IdentityError> {
    let modseq = next_modseq(tx, account)?;
    tx.execute(
        "UPDATE mailbox SET changed_modseq = $3 WHERE account = $1 AND (id = $2 OR $2 = 0)",
        params![account, mailbox.unwrap_or(0), modseq],
    )?;
    tx.notify(Notice::Account(account));
    tx.notify(Notice::Account(delegate));
    Ok(())
}

/// Takes permissions back, at once and also from those who are using them: one, or all of the delegate; gives how many. `by` is who does it,
/// none for somebody at the machine itself.
///
/// # Errors
/// [`IdentityError`] if one of the accounts is not there or the store fails.
pub fn revoke(
    tx: &mut Tx<'_>,
    (account, delegate): (i64, i64),
    permission: Option<Permission>,
    mailbox: Option<i64>,
    by: Option<i64>,
) -> Result<u64, IdentityError> {
    noting(tx, (account, delegate), by, |tx| take_back(tx, (account, delegate), permission, mailbox))
}

/// As [`revoke`], and nobody is told what was made of it.
pub(crate) fn take_back(
    tx: &mut Tx<'_>,
    (account, delegate): (i64, i64),
    permission: Option<Permission>,
    mailbox: Option<i64>,
) -> Result<u64, IdentityError> {
    let removed = tx.execute(
        "DELETE FROM delegation WHERE account = $1 AND delegate = $2 AND (permission = $3 OR $3 = '')
         AND (mailbox = $4 OR $4 = 0)",
        params![account, delegate, permission.map_or("", Permission::as_str), mailbox.unwrap_or(0)],
    )?;
    if removed > 0 {
        tell(tx, account, delegate, mailbox)?;
    }
    Ok(removed)
}

/// Every permission over the account, those of other times included.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_delegates(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Delegation>, IdentityError> {
    let rows = tx.rows(
        "SELECT account, delegate, permission, mailbox, since, until, granted_by FROM delegation
         WHERE account = $1 ORDER BY delegate, permission, mailbox LIMIT $2",
        params![account, GIVEN_MAX],
        DelegationRow::read,
    )?;
    rows.into_iter().map(DelegationRow::open).collect()
}

/// Every permission that the account has over others, those of other times included.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_delegated(tx: &mut Tx<'_>, delegate: i64) -> Result<Vec<Delegation>, IdentityError> {
    let rows = tx.rows(
        "SELECT account, delegate, permission, mailbox, since, until, granted_by FROM delegation
         WHERE delegate = $1 ORDER BY account, permission, mailbox LIMIT $2",
        params![delegate, GIVEN_MAX],
        DelegationRow::read,
    )?;
    rows.into_iter().map(DelegationRow::open).collect()
}

/// What `actor` holds over `account` at this moment.
fn held(tx: &mut Tx<'_>, actor: i64, account: i64) -> Result<Vec<Delegation>, IdentityError> {
    let now = tx.now();
    let rows = tx.rows(
        "SELECT account, delegate, permission, mailbox, since, until, granted_by FROM delegation
         WHERE delegate = $1 AND account = $2 LIMIT $3",
        params![actor, account, GIVEN_MAX],
        DelegationRow::read,
    )?;
    let all: Result<Vec<_>, _> = rows.into_iter().map(DelegationRow::open).collect();
    let mut held: Vec<Delegation> = all?.into_iter().filter(|one| one.holds(now)).collect();
    held.extend(granted(tx, actor, Some(account))?);
    Ok(held)
}

/// What break-glass grants let `actor` read now, of `owner` or of everybody: whole mailboxes only, as protocols open them as a whole.
fn granted(tx: &mut Tx<'_>, actor: i64, owner: Option<i64>) -> Result<Vec<Delegation>, IdentityError> {
    let grants = rights::grants_between(tx, actor, owner)?;
    let reading = |grant: &rights::Grant, mailbox| Delegation {
        account: grant.owner,
        delegate: actor,
        permission: Permission::Read,
        mailbox,
        since: grant.starts,
        until: Some(grant.ends),
        granted_by: grant.decided_by,
    };
    let whole = grants.iter().filter(|grant| grant.window.is_whole_mailboxes());
    Ok(whole
        .flat_map(|grant| {
            let mailboxes = &grant.window.mailboxes;
            let all = mailboxes.is_empty().then(|| reading(grant, None));
            all.into_iter().chain(mailboxes.iter().map(|mailbox| reading(grant, Some(*mailbox)))).collect::<Vec<_>>()
        })
        .collect())
}

const fn right_of(deed: Deed) -> Action {
    match deed {
        Deed::Read(_) => Action::MailRead,
        Deed::Write(_) | Deed::Arrange => Action::MailChange,
        Deed::SendAs | Deed::SendOnBehalf => Action::MailSend,
    }
}

/// Whether `actor` may do `deed` to `account`: everything to its own; to another's what is delegated or granted, unless a row of the table
/// of rights denies it; else nothing.
///
/// # Errors
/// [`IdentityError`] if the store fails; then nobody may.
pub fn may(tx: &mut Tx<'_>, actor: i64, deed: Deed, account: i64) -> Result<bool, IdentityError> {
    if actor == account {
        return Ok(true);
    }
    let is_lent = held(tx, actor, account)?.iter().any(|one| allows(one, deed));
    Ok(is_lent && !rights::is_denied(tx, actor, right_of(deed), account)?)
}

pub(crate) fn allows(given: &Delegation, deed: Deed) -> bool {
    let in_place = |mailbox: i64| given.mailbox.is_none_or(|only| only == mailbox);
    match (given.permission, deed) {
        (Permission::Read | Permission::Write, Deed::Read(mailbox)) | (Permission::Write, Deed::Write(mailbox)) => {
            in_place(mailbox)
        }
        (Permission::Write, Deed::Arrange) => given.mailbox.is_none(),
        (Permission::SendAs, Deed::SendAs | Deed::SendOnBehalf) | (Permission::SendOnBehalf, Deed::SendOnBehalf) => {
            true
        }
        _ => false,
    }
}

/// Whether the account may send as `address`, as its own or by permission (see [`sending_right`]).
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn may_send_as(tx: &mut Tx<'_>, account: i64, address: &Address) -> Result<bool, IdentityError> {
    Ok(sending_right(tx, account, address)? >= Some(SendingRight::As))
}

/// How the account may use `address` as author: its own addresses, with and without a detail, and those of accounts that have given it
/// leave; none where it may not.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn sending_right(tx: &mut Tx<'_>, account: i64, address: &Address) -> Result<Option<SendingRight>, IdentityError> {
    let mut found = owner(tx, &address.canonical())?;
    if found.is_none()
        && let Some(base) = without_detail(address)
    {
        found = owner(tx, &base.canonical())?;
    }
    let Some(found) = found else { return Ok(None) };
    if found == account {
        return Ok(Some(SendingRight::Own));
    }
    let given = held(tx, account, found)?;
    if !given.is_empty() && rights::is_denied(tx, account, Action::MailSend, found)? {
        return Ok(None);
    }
    let right = |deed| given.iter().any(|one| allows(one, deed));
    Ok(if right(Deed::SendAs) {
        Some(SendingRight::As)
    } else if right(Deed::SendOnBehalf) {
        Some(SendingRight::OnBehalf)
    } else {
        None
    })
}

/// Another's account of which somebody may read at least one mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    /// The account.
    pub account: i64,
    /// Whether it is a shared mailbox rather than a person's.
    pub is_shared: bool,
    /// Its main address.
    pub address: String,
    given: Vec<Delegation>,
}

impl Reachable {
    /// Whether the one who asked may do `deed` to it.
    #[must_use]
    pub fn allows(&self, deed: Deed) -> bool {
        self.given.iter().any(|one| allows(one, deed))
    }

    /// What was given of it.
    pub fn rights(&self) -> impl Iterator<Item = &Delegation> {
        self.given.iter()
    }

    /// Whether every mailbox of it may be read, those to come included.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.given.iter().any(|one| one.mailbox.is_none())
    }
}

/// The accounts of others in which `actor` may read, by address.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn reachable(tx: &mut Tx<'_>, actor: i64) -> Result<Vec<Reachable>, IdentityError> {
    let now = tx.now();
    let mut found: Vec<Reachable> = Vec::new();
    let mut all = list_delegated(tx, actor)?;
    all.extend(granted(tx, actor, None)?);
    for given in all {
        if !given.holds(now) || !matches!(given.permission, Permission::Read | Permission::Write) {
            continue;
        }
        if let Some(known) = found.iter_mut().find(|known| known.account == given.account) {
            known.given.push(given);
            continue;
        }
        let row = tx.row(
            "SELECT a.kind, d.address FROM account a JOIN address d ON d.account = a.id AND d.kind = 'primary' WHERE a.id = $1",
            params![given.account],
            |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())),
        )?;
        let Some((kind, address)) = row else { continue };
        let is_shared = kind.parse::<AccountKind>()? == AccountKind::Shared;
        found.push(Reachable { account: given.account, is_shared, address, given: vec![given] });
    }
    found.sort_by(|one, other| one.address.cmp(&other.address));
    Ok(found)
}

/// Subscribes `actor` to a mailbox of another, or ends that.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn subscribe(tx: &mut Tx<'_>, actor: i64, owner: i64, mailbox: i64, subscribed: bool) -> Result<(), IdentityError> {
    let statement = if subscribed {
        "INSERT INTO shared_subscription (account, owner, mailbox) VALUES ($1, $2, $3)
         ON CONFLICT (account, owner, mailbox) DO NOTHING"
    } else {
        "DELETE FROM shared_subscription WHERE account = $1 AND owner = $2 AND mailbox = $3"
    };
    tx.execute(statement, params![actor, owner, mailbox])?;
    Ok(())
}

/// The mailboxes of others that `actor` is subscribed to: owner and mailbox.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn subscriptions(tx: &mut Tx<'_>, actor: i64) -> Result<BTreeSet<(i64, i64)>, IdentityError> {
    let all = tx.rows("SELECT owner, mailbox FROM shared_subscription WHERE account = $1", params![actor], |row| {
        Ok((row.int(0)?, row.int(1)?))
    })?;
    Ok(all.into_iter().collect())
}

struct DelegationRow {
    numbers: [i64; 6],
    permission: String,
}

impl DelegationRow {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let numbers = [row.int(0)?, row.int(1)?, row.int(3)?, row.int(4)?, row.int(5)?, row.int(6)?];
        Ok(Self { numbers, permission: row.text(2)?.to_owned() })
    }

    fn open(self) -> Result<Delegation, IdentityError> {
        let [account, delegate, mailbox, since, until, granted_by] = self.numbers;
        let some = |number: i64| Some(number).filter(|number| *number != 0);
        Ok(Delegation {
            account,
            delegate,
            permission: self.permission.parse()?,
            mailbox: some(mailbox),
            since: Timestamp::from_millis(since),
            until: some(until).map(Timestamp::from_millis),
            granted_by: some(granted_by),
        })
    }
}
