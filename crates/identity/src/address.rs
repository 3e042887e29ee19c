//! Addresses of accounts. The directory holds them in canonical form (`mail::Address::canonical`).

use mail::{Address, AddressError};
use store::{Tx, params};

use crate::IdentityError;
use crate::organisation::take_domain;

/// Divides a local part from its detail, as in `sales+beijing@trade.test` (RFC 5233).
pub(crate) const DETAIL_SEPARATOR: char = '+';

/// Octets of the local part of an address here: what every server takes (RFC 5321 section 4.5.3.1.1).
const LOCAL_OCTETS_MAX: usize = 64;

/// Addresses that one account may have.
const ADDRESSES_MAX: usize = 1_000;

/// Gives the account a further address.
///
/// # Errors
/// [`IdentityError`] if it is no address, its domain is not hosted by the account's organisation, or it is taken.
pub fn add_alias(tx: &mut Tx<'_>, account: i64, address: &str) -> Result<String, IdentityError> {
    let organisation = tx.row("SELECT organisation FROM account WHERE id = $1", params![account], |row| row.int(0))?;
    let organisation = organisation.ok_or_else(|| IdentityError::NoAccount(account.to_string()))?;
    let addresses = list_addresses(tx, account)?;
    if addresses.len() >= ADDRESSES_MAX {
        return Err(IdentityError::TooManyAddresses(ADDRESSES_MAX));
    }
    insert(tx, organisation, account, &parse(address)?, "alias")
}

/// Makes `address`, which is free or an alias of the account, its main address; the former one becomes an alias.
///
/// # Errors
/// As [`add_alias`].
pub fn set_main_address(tx: &mut Tx<'_>, account: i64, address: &str) -> Result<String, IdentityError> {
    let canonical = parse(address)?.canonical();
    if owner(tx, &canonical)? != Some(account) {
        add_alias(tx, account, address)?;
    }
    tx.execute("UPDATE address SET kind = 'alias' WHERE account = $1 AND kind = 'primary'", params![account])?;
    tx.execute("UPDATE address SET kind = 'primary' WHERE address = $1", params![&canonical])?;
    Ok(canonical)
}

/// Takes an alias away from the account.
///
/// # Errors
/// [`IdentityError::NotAnAlias`] if the account has no such alias.
pub fn remove_alias(tx: &mut Tx<'_>, account: i64, address: &str) -> Result<(), IdentityError> {
    let canonical = parse(address)?.canonical();
    let removed = tx.execute(
        "DELETE FROM address WHERE address = $1 AND account = $2 AND kind = 'alias'",
        params![&canonical, account],
    )?;
    if removed == 1 { Ok(()) } else { Err(IdentityError::NotAnAlias(canonical)) }
}

/// The account that has exactly this address, main or alias.
///
/// # Errors
/// [`IdentityError`] if it is no address or the store fails.
pub fn find_by_address(tx: &mut Tx<'_>, address: &str) -> Result<Option<i64>, IdentityError> {
    let canonical = parse(address)?.canonical();
    owner(tx, &canonical)
}

/// The addresses of an account, the main one first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_addresses(tx: &mut Tx<'_>, account: i64) -> Result<Vec<String>, IdentityError> {
    Ok(tx.rows(
        "SELECT address FROM address WHERE account = $1 ORDER BY kind DESC, address",
        params![account],
        |row| Ok(row.text(0)?.to_owned()),
    )?)
}

/// `address` without its detail, if it has one.
pub(crate) fn without_detail(address: &Address) -> Option<Address> {
    match address.split_detail(DETAIL_SEPARATOR) {
        (base, Some(_)) => Some(Address { local: base.to_owned(), domain: address.domain.clone() }),
        (_, None) => None,
    }
}

pub(crate) fn parse(address: &str) -> Result<Address, IdentityError> {
    Address::parse(address).map_err(|cause| IdentityError::Address { given: address.to_owned(), cause })
}

/// Gives `address` to the account; gives its canonical form.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    organisation: i64,
    account: i64,
    address: &Address,
    kind: &'static str,
) -> Result<String, IdentityError> {
    if address.local.len() > LOCAL_OCTETS_MAX {
        return Err(IdentityError::Address { given: address.to_string(), cause: AddressError::LocalTooLong });
    }
    let domain = address.domain_ascii();
    if take_domain(tx, &domain)? != organisation {
        return Err(IdentityError::ForeignDomain(domain));
    }
    let canonical = address.canonical();
    if crate::resolve::is_abroad(tx, &canonical)? {
        return Err(IdentityError::Condition(
            "the address has its home in another region, where its account is; see tradewind region home list",
        ));
    }
    let added = tx.execute(
        "INSERT INTO address (address, account, kind) VALUES ($1, $2, $3) ON CONFLICT (address) DO NOTHING",
        params![&canonical, account, kind],
    )?;
    if added == 1 { Ok(canonical) } else { Err(IdentityError::AddressTaken(canonical)) }
}

/// The account that has this canonical address.
pub(crate) fn owner(tx: &mut Tx<'_>, canonical: &str) -> Result<Option<i64>, IdentityError> {
    let found = "SELECT account FROM address WHERE address = $1 AND kind <> 'group'";
    Ok(tx.row(found, params![canonical], |row| row.int(0))?)
}
