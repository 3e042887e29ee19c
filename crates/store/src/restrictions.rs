//! Whose data rests and is used for nothing else (GDPR articles 18 and 21): what learns from mail, or looks into it for others, asks here first.
//!
//! Mail of a restricted person is still delivered, kept and read by those whose it is, and judged when it comes, as the safety of all asks for.

use crate::{StoreError, Tx, params};

/// Somebody whose data may be restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person<'a> {
    /// An account, under whatever addresses.
    Account(i64),
    /// Somebody outside, by an address.
    Address(&'a str),
}

fn name_of(tx: &mut Tx<'_>, organisation: i64, person: Person<'_>) -> Result<Vec<u8>, StoreError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let named = match person {
        Person::Account(account) => format!("restriction account {account}"),
        Person::Address(address) => format!("restriction {}", address.trim().to_lowercase()),
    };
    Ok(key.hashing().hash(named.as_bytes()).to_vec())
}

/// Restricts what is done with the data of `person`, as `request` asks; a second time changes nothing.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn add(tx: &mut Tx<'_>, organisation: i64, person: Person<'_>, request: i64) -> Result<(), StoreError> {
    let (name, now) = (name_of(tx, organisation, person)?, tx.now().millis());
    let account = match person {
        Person::Account(account) => account,
        Person::Address(_) => 0,
    };
    tx.execute(
        "INSERT INTO restriction (organisation, name, account, request, since) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organisation, name) DO NOTHING",
        params![organisation, &name, account, request, now],
    )?;
    Ok(())
}

/// Ends the restrictions that `request` brought; gives how many.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn lift(tx: &mut Tx<'_>, organisation: i64, request: i64) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM restriction WHERE organisation = $1 AND request = $2", params![organisation, request])
}

/// Whether the data of an account is restricted.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn is_account(tx: &mut Tx<'_>, account: i64) -> Result<bool, StoreError> {
    let found = tx.row("SELECT 1 FROM restriction WHERE account = $1 LIMIT 1", params![account], |row| row.int(0))?;
    Ok(found.is_some())
}

/// Whether the data of one of the people with `addresses`, ours or not, is restricted in an organisation. Where nobody's is, one small query
/// says so.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn is_any_address<'a>(
    tx: &mut Tx<'_>,
    organisation: i64,
    addresses: impl IntoIterator<Item = &'a str>,
) -> Result<bool, StoreError> {
    let any = "SELECT 1 FROM restriction WHERE organisation = $1 LIMIT 1";
    if tx.row(any, params![organisation], |row| row.int(0))?.is_none() {
        return Ok(false);
    }
    for address in addresses {
        let name = name_of(tx, organisation, Person::Address(address))?;
        let address = address.trim().to_lowercase();
        let found = tx.row(
            "SELECT 1 FROM restriction r WHERE r.organisation = $1 AND (r.name = $2
                OR r.account IN (SELECT d.account FROM address d WHERE d.address = $3)) LIMIT 1",
            params![organisation, &name, &address],
            |row| row.int(0),
        )?;
        if found.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Restrictions in force in an organisation.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn count(tx: &mut Tx<'_>, organisation: i64) -> Result<i64, StoreError> {
    let count =
        tx.row("SELECT COUNT(*) FROM restriction WHERE organisation = $1", params![organisation], |row| row.int(0))?;
    Ok(count.unwrap_or(0))
}
