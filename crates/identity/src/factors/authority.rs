//! Authorities of an organisation's client certificates, with their revocation lists.

use ::factors::ukey::{self, Authority, Described};
use store::{StoreError, Tx, params};

use super::FactorRefusal;
use crate::IdentityError;

/// Authorities of an organisation.
const AUTHORITIES_MAX: usize = 8;

/// An authority as people look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityEntry {
    /// Its number.
    pub id: i64,
    /// Its name and end.
    pub authority: Described,
    /// Its revocation list; none if nothing is revoked.
    pub crl: Option<Described>,
}

/// Trusts an authority (certificate in DER) for the client certificates of an organisation's people; gives its number.
///
/// # Errors
/// [`IdentityError::Authority`] if it is none, or there are too many.
pub fn add_authority(tx: &mut Tx<'_>, organisation: i64, certificate: &[u8]) -> Result<i64, IdentityError> {
    ukey::describe_authority(certificate).map_err(refused)?;
    let known = tx.row("SELECT id FROM organisation WHERE id = $1", params![organisation], |row| row.int(0))?;
    known.ok_or(IdentityError::NoOrganisation(organisation))?;
    if load(tx, organisation)?.len() >= AUTHORITIES_MAX {
        return Err(IdentityError::Authority(format!(
            "the organisation has {AUTHORITIES_MAX} authorities, which is the limit; remove one first"
        )));
    }
    let id = tx.next_id();
    tx.execute(
        "INSERT INTO client_authority (organisation, id, certificate, crl, created) VALUES ($1, $2, $3, NULL, $4)",
        params![organisation, id, certificate, tx.now().millis()],
    )?;
    Ok(id)
}

/// Replaces the revocation list (DER) of an authority. From now on only a current list lets anybody in.
///
/// # Errors
/// [`IdentityError::Authority`] if there is no such authority, the list cannot be read or is another authority's.
pub fn set_crl(tx: &mut Tx<'_>, organisation: i64, id: i64, crl: &[u8]) -> Result<Described, IdentityError> {
    let described = ukey::describe_crl(crl).map_err(refused)?;
    let listed = list_authorities(tx, organisation)?;
    let entry = listed.iter().find(|entry| entry.id == id).ok_or_else(|| missing(id))?;
    if entry.authority.subject != described.subject {
        return Err(IdentityError::Authority(format!(
            "the list was issued by {}, the authority is {}",
            described.subject, entry.authority.subject
        )));
    }
    if described.until.is_none_or(|until| until <= tx.now()) {
        return Err(IdentityError::Authority(
            "the list is out of date or says nothing of its next update; get a current one".to_owned(),
        ));
    }
    tx.execute(
        "UPDATE client_authority SET crl = $3 WHERE organisation = $1 AND id = $2",
        params![organisation, id, crl],
    )?;
    Ok(described)
}

/// Trusts an authority no longer.
///
/// # Errors
/// [`IdentityError::Authority`] if there is no such authority.
pub fn remove_authority(tx: &mut Tx<'_>, organisation: i64, id: i64) -> Result<(), IdentityError> {
    let removed =
        tx.execute("DELETE FROM client_authority WHERE organisation = $1 AND id = $2", params![organisation, id])?;
    if removed == 1 { Ok(()) } else { Err(missing(id)) }
}

/// The authorities of an organisation, oldest first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_authorities(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<AuthorityEntry>, IdentityError> {
    rows(tx, organisation)?
        .into_iter()
        .map(|(id, certificate, crl)| {
            Ok(AuthorityEntry {
                id,
                authority: ukey::describe_authority(&certificate).map_err(corrupt)?,
                crl: crl.map(|crl| ukey::describe_crl(&crl)).transpose().map_err(corrupt)?,
            })
        })
        .collect()
}

/// The authorities of an organisation, to check certificates against.
pub(super) fn load(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Authority>, IdentityError> {
    let read = |(_, certificate, crl): (i64, Vec<u8>, Option<Vec<u8>>)| Authority::new(&certificate, crl.as_deref());
    rows(tx, organisation)?.into_iter().map(|row| read(row).map_err(corrupt)).collect()
}

#[allow(clippy::type_complexity, reason = "one row: number, certificate, list")]
fn rows(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<(i64, Vec<u8>, Option<Vec<u8>>)>, IdentityError> {
    Ok(tx.rows(
        "SELECT id, certificate, crl FROM client_authority WHERE organisation = $1 ORDER BY id",
        params![organisation],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec(), row.bytes_opt(2)?.map(<[u8]>::to_vec))),
    )?)
}

fn refused(error: ukey::UkeyError) -> IdentityError {
    IdentityError::Authority(error.to_string())
}

fn missing(id: i64) -> IdentityError {
    IdentityError::Authority(format!("authority {id} does not exist; see tradewind organisation authority list"))
}

fn corrupt(error: ukey::UkeyError) -> IdentityError {
    StoreError::Corrupt { what: format!("an authority of client certificates: {}", FactorRefusal::from(error)) }.into()
}
