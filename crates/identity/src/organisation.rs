//! Organisations and the domains that they host here.

use crypto::keys::{Key, Organisation as OrganisationKey};
use env::Timestamp;
use store::{Tx, params};

use crate::{IdentityError, Level};

/// Bytes of a shown name.
pub(crate) const NAME_BYTES_MAX: usize = 255;

/// Organisations and domains that one list gives.
const LISTED_MAX: i64 = 10_000;

/// A company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its identifier.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its protection level.
    pub level: Level,
    /// When it was created.
    pub created: Timestamp,
}

/// A domain that an organisation hosts here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Canonical name: lowercase A-labels.
    pub name: String,
    /// Whose it is.
    pub organisation: i64,
    /// When it was added.
    pub created: Timestamp,
}

/// Creates an organisation with a fresh key; gives its identifier.
///
/// # Errors
/// [`IdentityError`] if the name is empty or too long, or the store fails.
pub fn create_organisation(tx: &mut Tx<'_>, name: &str, level: Level) -> Result<i64, IdentityError> {
    check_name("the name of an organisation", name)?;
    let context = tx.context();
    let id = tx.next_id();
    let key = Key::<OrganisationKey>::generate(&*context.entropy);
    let wrapped = context.keys.region().wrap(&*context.entropy, &key, id);
    tx.execute(
        "INSERT INTO organisation (id, name, level, key_wrapped, created) VALUES ($1, $2, $3, $4, $5)",
        params![id, name, level.as_str(), &wrapped, tx.now().millis()],
    )?;
    Ok(id)
}

/// All organisations, oldest first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_organisations(tx: &mut Tx<'_>) -> Result<Vec<Organisation>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, name, level, created FROM organisation ORDER BY id LIMIT $1",
        params![LISTED_MAX],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned(), row.int(3)?)),
    )?;
    rows.into_iter()
        .map(|(id, name, level, created)| {
            Ok(Organisation { id, name, level: level.parse()?, created: Timestamp::from_millis(created) })
        })
        .collect()
}

/// The organisation, if there is exactly one.
pub(crate) fn only_organisation(tx: &mut Tx<'_>) -> Result<Option<i64>, IdentityError> {
    let first = tx.rows("SELECT id FROM organisation ORDER BY id LIMIT 2", params![], |row| row.int(0))?;
    Ok(if let [only] = first.as_slice() { Some(*only) } else { None })
}

/// The protection level of an organisation.
///
/// # Errors
/// [`IdentityError::NoOrganisation`] if there is none of that identifier, or the store fails.
pub fn level_of(tx: &mut Tx<'_>, organisation: i64) -> Result<Level, IdentityError> {
    let level = tx.row("SELECT level FROM organisation WHERE id = $1", params![organisation], |row| {
        Ok(row.text(0)?.to_owned())
    })?;
    Ok(level.ok_or(IdentityError::NoOrganisation(organisation))?.parse()?)
}

/// Changes the protection level of an organisation.
///
/// # Errors
/// [`IdentityError`] if there is no such organisation or the store fails.
pub fn set_level(tx: &mut Tx<'_>, organisation: i64, level: Level) -> Result<(), IdentityError> {
    let changed =
        tx.execute("UPDATE organisation SET level = $2 WHERE id = $1", params![organisation, level.as_str()])?;
    if changed == 1 { Ok(()) } else { Err(IdentityError::NoOrganisation(organisation)) }
}

/// Hosts the domain `name` for an organisation; gives its canonical name.
///
/// # Errors
/// [`IdentityError`] if it is no domain, is hosted already, or there is no such organisation.
pub fn create_domain(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<String, IdentityError> {
    let canonical = canonical_domain(name)?;
    let known = tx.row("SELECT id FROM organisation WHERE id = $1", params![organisation], |row| row.int(0))?;
    known.ok_or(IdentityError::NoOrganisation(organisation))?;
    let added = tx.execute(
        "INSERT INTO domain (name, organisation, created) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        params![&canonical, organisation, tx.now().millis()],
    )?;
    if added == 1 { Ok(canonical) } else { Err(IdentityError::DomainTaken(canonical)) }
}

/// No longer hosts the domain `name`.
///
/// # Errors
/// [`IdentityError`] if it is not hosted here or accounts still have addresses in it.
pub fn delete_domain(tx: &mut Tx<'_>, name: &str) -> Result<(), IdentityError> {
    let canonical = canonical_domain(name)?;
    take_domain(tx, &canonical)?;
    // A canonical domain holds neither `%` nor `_`.
    let pattern = format!("%@{canonical}");
    let used = tx.row("SELECT address FROM address WHERE address LIKE $1 LIMIT 1", params![&pattern], |row| {
        Ok(row.text(0)?.to_owned())
    })?;
    if let Some(address) = used {
        return Err(IdentityError::DomainInUse { domain: canonical, address });
    }
    // Sealed under the key of this organisation: another one that hosts the domain later makes its own.
    tx.execute("DELETE FROM dkim_key WHERE domain = $1", params![&canonical])?;
    tx.execute("DELETE FROM pgp_published WHERE domain = $1", params![&canonical])?;
    tx.execute("DELETE FROM domain WHERE name = $1", params![&canonical])?;
    Ok(())
}

/// The domains of an organisation, or of all, by name.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_domains(tx: &mut Tx<'_>, organisation: Option<i64>) -> Result<Vec<Domain>, IdentityError> {
    let mut domains =
        tx.rows("SELECT name, organisation, created FROM domain ORDER BY name LIMIT $1", params![LISTED_MAX], |row| {
            let created = Timestamp::from_millis(row.int(2)?);
            Ok(Domain { name: row.text(0)?.to_owned(), organisation: row.int(1)?, created })
        })?;
    domains.retain(|domain| organisation.is_none_or(|wanted| wanted == domain.organisation));
    Ok(domains)
}

/// The hosted domain of that canonical name.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn find_domain(tx: &mut Tx<'_>, canonical: &str) -> Result<Option<Domain>, IdentityError> {
    let found = tx.row("SELECT organisation, created FROM domain WHERE name = $1", params![canonical], |row| {
        let created = Timestamp::from_millis(row.int(1)?);
        Ok(Domain { name: canonical.to_owned(), organisation: row.int(0)?, created })
    })?;
    Ok(found)
}

/// Takes the row of a hosted domain, so that it is not deleted while it gets an address; gives its organisation.
pub(crate) fn take_domain(tx: &mut Tx<'_>, canonical: &str) -> Result<i64, IdentityError> {
    let organisation = tx.row(
        "UPDATE domain SET created = created WHERE name = $1 RETURNING organisation",
        params![canonical],
        |row| row.int(0),
    )?;
    organisation.ok_or_else(|| IdentityError::NoDomain(canonical.to_owned()))
}

pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), IdentityError> {
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(IdentityError::Name { what, bytes_max: NAME_BYTES_MAX });
    }
    Ok(())
}

fn canonical_domain(name: &str) -> Result<String, IdentityError> {
    mail::domain::canonical(name).map_err(|cause| IdentityError::Domain { given: name.to_owned(), cause })
}
