//! Where an account's mail is forwarded to, who set that, and until when.
//!
//! Forwarding takes a company's mail out of its hands: whoever takes over an account sets it first. So each entry says who set it, and
//! whoever calls [`add`] and [`remove`] has asked for the right to change forwarding before.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

use crate::account::take_account;
use crate::address::parse;
use crate::organisation::check_name;
use crate::{IdentityError, Resolution, resolve};

/// Targets that one account may have.
pub const FORWARDS_MAX: usize = 8;

/// Form of the sealed column: JSON, fields added later have defaults.
const SEALED_FORM: u8 = 1;

/// A target to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewForward {
    /// Address that mail is to go to, here or elsewhere.
    pub target: String,
    /// Whether a copy stays in the mailbox. One stays as long as any target of the account asks for it.
    pub keeps_copy: bool,
    /// When it ends; `None` for never.
    pub expires: Option<Timestamp>,
}

/// A target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Address that mail goes to, in its one spelling.
    pub target: String,
    /// Whether a copy stays in the mailbox.
    pub keeps_copy: bool,
    /// Who set it.
    pub set_by: String,
    /// When it was set.
    pub created: Timestamp,
    /// When it ends; `None` for never.
    pub expires: Option<Timestamp>,
}

/// What rests sealed.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    target: String,
    set_by: String,
}

/// Adds a target; mail that is accepted from now on goes there.
///
/// # Errors
/// [`IdentityError`] if `set_by` names nobody, the target is no address, is the account itself or nobody here, is set already, or the
/// account has as many as it may.
pub fn add(tx: &mut Tx<'_>, set_by: &str, account: i64, new: &NewForward) -> Result<Forward, IdentityError> {
    take_account(tx, account)?;
    check_name("the name of who sets it", set_by)?;
    let target = parse(&new.target)?.canonical();
    match resolve(tx, &target)? {
        Resolution::Local(found) if found.account == account => return Err(IdentityError::ForwardToSelf(target)),
        Resolution::UnknownLocal => return Err(IdentityError::NoMailbox(target)),
        Resolution::Local(_) | Resolution::Group(_) | Resolution::Abroad(_) | Resolution::NotOurs => {}
    }
    let created = tx.now();
    tx.execute(
        "DELETE FROM forward WHERE account = $1 AND expires > 0 AND expires <= $2",
        params![account, created.millis()],
    )?;
    let known = tx.row("SELECT COUNT(*) FROM forward WHERE account = $1", params![account], |row| row.int(0))?;
    if usize::try_from(known.unwrap_or(0)).unwrap_or(usize::MAX) >= FORWARDS_MAX {
        return Err(IdentityError::TooManyForwards(FORWARDS_MAX));
    }
    let key = tx.context().keys.account(tx, account)?;
    let detail = Detail { target: target.clone(), set_by: set_by.to_owned() };
    let mut plain = vec![SEALED_FORM];
    serde_json::to_writer(&mut plain, &detail).map_err(|_| unreadable())?;
    let hash = key.hashing().hash(format!("forward {target}").as_bytes());
    let sealed = key.sealing().seal(&*tx.context().entropy, &place(account, &hash), &plain);
    let added = tx.execute(
        "INSERT INTO forward (account, target, detail, keeps_copy, created, expires) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (account, target) DO NOTHING",
        params![
            account,
            &hash,
            &sealed,
            i64::from(new.keeps_copy),
            created.millis(),
            new.expires.map_or(0, Timestamp::millis)
        ],
    )?;
    if added == 0 {
        return Err(IdentityError::ForwardedAlready(target));
    }
    Ok(Forward { target, keeps_copy: new.keeps_copy, set_by: set_by.to_owned(), created, expires: new.expires })
}

/// Removes a target. What has been accepted before still goes there.
///
/// # Errors
/// [`IdentityError`] if mail of the account does not go there.
pub fn remove(tx: &mut Tx<'_>, account: i64, target: &str) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    let target = parse(target)?.canonical();
    let key = tx.context().keys.account(tx, account)?;
    let hash = key.hashing().hash(format!("forward {target}").as_bytes());
    let removed = tx.execute("DELETE FROM forward WHERE account = $1 AND target = $2", params![account, &hash])?;
    if removed == 1 { Ok(()) } else { Err(IdentityError::NotForwarded(target)) }
}

/// Where mail of the account goes now, oldest first: nowhere but the mailbox if there are none.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Forward>, IdentityError> {
    let rows = tx.rows(
        "SELECT target, detail, keeps_copy, created, expires FROM forward
         WHERE account = $1 AND (expires = 0 OR expires > $2) ORDER BY created, target",
        params![account, tx.now().millis()],
        |row| Ok((row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec(), row.int(2)?, row.int(3)?, row.int(4)?)),
    )?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let key = tx.context().keys.account(tx, account)?;
    rows.into_iter()
        .map(|(hash, sealed, keeps_copy, created, expires)| {
            let plain = key.sealing().open("forward", &place(account, &hash), &sealed).map_err(StoreError::from)?;
            let Some((&SEALED_FORM, json)) = plain.split_first() else { return Err(unreadable()) };
            let Detail { target, set_by } = serde_json::from_slice(json).map_err(|_| unreadable())?;
            Ok(Forward {
                target,
                keeps_copy: keeps_copy != 0,
                set_by,
                created: Timestamp::from_millis(created),
                expires: (expires > 0).then(|| Timestamp::from_millis(expires)),
            })
        })
        .collect()
}

/// Accounts with targets, oldest first, at most `limit` after the account `after`.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn accounts(tx: &mut Tx<'_>, after: i64, limit: usize) -> Result<Vec<i64>, IdentityError> {
    Ok(tx.rows(
        "SELECT DISTINCT account FROM forward WHERE account > $1 ORDER BY account LIMIT $2",
        params![after, i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| row.int(0),
    )?)
}

/// Removes targets that have ended; gives their number.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn remove_expired(tx: &mut Tx<'_>) -> Result<u64, IdentityError> {
    Ok(tx.execute("DELETE FROM forward WHERE expires > 0 AND expires <= $1", params![tx.now().millis()])?)
}

/// The organisation that hosts `domain`, in its one spelling, with its secret for addresses that stand for senders whose mail is
/// forwarded; `None` if the domain is not hosted here. All nodes have the same secret, as it comes from the organisation's key.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn rewriting_secret(tx: &mut Tx<'_>, domain: &str) -> Result<Option<(i64, [u8; 32])>, IdentityError> {
    let Some(found) = crate::find_domain(tx, domain)? else { return Ok(None) };
    let key = tx.context().keys.organisation(tx, found.organisation)?;
    Ok(Some((found.organisation, key.hashing().hash(b"sender rewriting"))))
}

fn unreadable() -> IdentityError {
    StoreError::Corrupt { what: "a target of forwarding cannot be read".to_owned() }.into()
}

fn place(account: i64, hash: &[u8]) -> Vec<u8> {
    [b"forward.detail:".as_slice(), &account.to_le_bytes(), hash].concat()
}
