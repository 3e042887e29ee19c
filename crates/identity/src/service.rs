//! Accounts of programs: no person stands behind them, so they sign in to mail protocols only, from where they live.

use std::net::IpAddr;

use net::Network;
use store::{Tx, params};

use crate::{AccountKind, IdentityError, Method, Protocol, load_account};

/// Networks that one service may have.
const NETWORKS_MAX: usize = 64;

/// What is kept of a program's account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// From where it may sign in; from anywhere if there are none.
    pub networks: Vec<Network>,
    /// What it is for.
    pub purpose: String,
}

/// Sets from where a program's account may be used and what it is for.
///
/// # Errors
/// [`IdentityError`] if there is no such account, it is no program's, or there are too many networks.
pub fn set_service(tx: &mut Tx<'_>, account: i64, service: &Service) -> Result<(), IdentityError> {
    if load_account(tx, account)?.kind != AccountKind::Service {
        return Err(IdentityError::Condition("only a service account is bound to networks; make one of kind service"));
    }
    if service.networks.len() > NETWORKS_MAX {
        return Err(IdentityError::Condition("a service account has at most 64 networks; name larger ones"));
    }
    let networks: Vec<String> = service.networks.iter().map(ToString::to_string).collect();
    tx.execute(
        "INSERT INTO service_account (account, networks, purpose) VALUES ($1, $2, $3)
         ON CONFLICT (account) DO UPDATE SET networks = $2, purpose = $3",
        params![account, &networks.join(" "), &service.purpose],
    )?;
    Ok(())
}

/// What is kept of a program's account.
///
/// # Errors
/// [`IdentityError`] if a network does not read back or the store fails.
pub fn load_service(tx: &mut Tx<'_>, account: i64) -> Result<Service, IdentityError> {
    let row = tx.row("SELECT networks, purpose FROM service_account WHERE account = $1", params![account], |row| {
        Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))
    })?;
    let Some((networks, purpose)) = row else { return Ok(Service::default()) };
    let corrupt = |_| store::StoreError::Corrupt { what: format!("a network of service account {account}") };
    let networks: Result<Vec<Network>, _> =
        networks.split_whitespace().map(|text| text.parse().map_err(corrupt)).collect();
    Ok(Service { networks: networks?, purpose })
}

/// Whether the account may sign in by `method` over `protocol` from `address`: nobody does as a shared mailbox, and a program only over mail
/// protocols, not by a password of its own, from its networks.
///
/// # Errors
/// [`IdentityError`] if the store fails; then it may not.
pub fn may_sign_in(
    tx: &mut Tx<'_>,
    account: i64,
    method: Method,
    protocol: Protocol,
    address: IpAddr,
) -> Result<bool, IdentityError> {
    let kind = tx.row("SELECT kind FROM account WHERE id = $1", params![account], |row| Ok(row.text(0)?.to_owned()))?;
    match kind.unwrap_or_default().parse()? {
        AccountKind::Person => Ok(true),
        AccountKind::Shared => Ok(false),
        AccountKind::Service => {
            let is_persons = matches!(method, Method::Password | Method::Directory | Method::Provider);
            Ok(protocol != Protocol::Web && !is_persons && may_come_from(tx, account, address)?)
        }
    }
}

/// Whether a program may use its account from `address`.
///
/// # Errors
/// [`IdentityError`] if the store fails; then it may not.
pub fn may_come_from(tx: &mut Tx<'_>, account: i64, address: IpAddr) -> Result<bool, IdentityError> {
    let networks = load_service(tx, account)?.networks;
    Ok(networks.is_empty() || networks.iter().any(|network| network.contains(address)))
}
