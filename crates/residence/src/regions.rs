//! Other regions, and whose home is in one of them.

use std::net::{IpAddr, SocketAddr};

use identity::Resolution;
use mail::Address;
use store::{Row, StoreError, Tx, params};

use crate::place::checked_country;
use crate::{RegionSettings, ResidenceError};

/// Regions that may be known.
pub const REGIONS_MAX: i64 = 100;

/// Homes that one list shows.
const HOMES_MAX: i64 = 100_000;

/// Octets of a name.
const NAME_BYTES_MAX: usize = 32;

/// Another region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Its country, two letters.
    pub country: String,
    /// The server that takes mail for those whose home is there: host or host:port. None for a region of partners.
    pub server: Option<String>,
}

/// An address or a domain whose home is in another region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeAway {
    /// Address or domain, in canonical form.
    pub name: String,
    /// Whose it is.
    pub organisation: i64,
    /// The region.
    pub region: String,
}

/// Whether `name` can be that of a region.
pub(crate) fn is_name(name: &str) -> bool {
    let is_sign = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_sign)
}

/// Makes a region known, or changes it.
///
/// # Errors
/// [`ResidenceError`] if it is our own, or a part of it cannot be.
pub fn set_region(tx: &mut Tx<'_>, here: &RegionSettings, region: &Region) -> Result<(), ResidenceError> {
    let wrong = |part, cause: String| Err(ResidenceError::Part { part, cause });
    if !here.is_set() {
        return Err(ResidenceError::NoRegionHere);
    }
    if region.name == here.name {
        return Err(ResidenceError::OwnRegion(region.name.clone()));
    }
    if !is_name(&region.name) {
        return wrong("name", format!("{:?} must be lowercase letters, digits and hyphens, 32 at most", region.name));
    }
    let country = checked_country(&region.country)?;
    let server = region.server.clone().unwrap_or_default();
    if !server.is_empty() && !is_server(&server) {
        return wrong("server", format!("{server:?} is not host or host:port"));
    }
    let count = tx.row("SELECT COUNT(*) FROM region WHERE name <> $1", params![&region.name], |row| row.int(0))?;
    if count.unwrap_or(0) >= REGIONS_MAX {
        return Err(ResidenceError::TooManyRegions);
    }
    tx.execute(
        "INSERT INTO region (name, country, server) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET country = excluded.country, server = excluded.server",
        params![&region.name, &country, &server],
    )?;
    Ok(())
}

/// Whether the text names a server: host, host:port, or an address in place of the host.
fn is_server(text: &str) -> bool {
    if text.parse::<SocketAddr>().is_ok() || text.parse::<IpAddr>().is_ok() {
        return true;
    }
    let (host, has_port) = match text.split_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().is_ok()),
        None => (text, true),
    };
    has_port && mail::domain::canonical(host).is_ok()
}

/// All regions but our own, by name.
///
/// # Errors
/// [`ResidenceError`] if the store fails.
pub fn list_regions(tx: &mut Tx<'_>) -> Result<Vec<Region>, ResidenceError> {
    Ok(tx.rows("SELECT name, country, server FROM region ORDER BY name", &[], read_region)?)
}

/// The region of this name.
///
/// # Errors
/// [`ResidenceError::NoRegion`].
pub fn load_region(tx: &mut Tx<'_>, name: &str) -> Result<Region, ResidenceError> {
    let found = tx.row("SELECT name, country, server FROM region WHERE name = $1", params![name], read_region)?;
    found.ok_or_else(|| ResidenceError::NoRegion(name.to_owned()))
}

fn read_region(row: &Row<'_>) -> Result<Region, StoreError> {
    let server = Some(row.text(2)?.to_owned()).filter(|server| !server.is_empty());
    Ok(Region { name: row.text(0)?.to_owned(), country: row.text(1)?.to_owned(), server })
}

/// Forgets a region.
///
/// # Errors
/// [`ResidenceError`] if there is none, or somebody's home is there.
pub fn remove_region(tx: &mut Tx<'_>, name: &str) -> Result<(), ResidenceError> {
    load_region(tx, name)?;
    let count = tx.row("SELECT COUNT(*) FROM region_home WHERE region = $1", params![name], |row| row.int(0))?;
    match count.unwrap_or(0) {
        0 => {
            tx.execute("DELETE FROM region WHERE name = $1", params![name])?;
            Ok(())
        }
        count => Err(ResidenceError::InUse { region: name.to_owned(), count }),
    }
}

/// Says that the home of `name`, an address or a domain, is in another region; mail to it goes there from now on.
///
/// # Errors
/// [`ResidenceError`] if there is no such region, somebody has the address here, or the domain is hosted here.
pub fn set_home(
    tx: &mut Tx<'_>,
    here: &RegionSettings,
    organisation: i64,
    name: &str,
    region: &str,
) -> Result<HomeAway, ResidenceError> {
    if !here.is_set() {
        return Err(ResidenceError::NoRegionHere);
    }
    if region == here.name {
        return Err(ResidenceError::OwnRegion(region.to_owned()));
    }
    load_region(tx, region)?;
    let name = canonical(name)?;
    if name.contains('@') {
        refuse_if_here(tx, &name)?;
    } else if identity::is_local_domain(tx, &name)? {
        let cause = format!("{name} is hosted here; name the addresses of it whose home is elsewhere");
        return Err(ResidenceError::Part { part: "domain", cause });
    }
    let taken = tx.row("SELECT organisation FROM region_home WHERE name = $1", params![&name], |row| row.int(0))?;
    if taken.is_some_and(|of| of != organisation) {
        return Err(ResidenceError::IsHere(name));
    }
    tx.execute(
        "INSERT INTO region_home (name, organisation, region) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET region = excluded.region",
        params![&name, organisation, region],
    )?;
    Ok(HomeAway { name, organisation, region: region.to_owned() })
}

fn refuse_if_here(tx: &mut Tx<'_>, address: &str) -> Result<(), ResidenceError> {
    match identity::resolve(tx, address)? {
        Resolution::Local(found) if found.detail.is_none() && !is_postmaster(address) => {
            Err(ResidenceError::IsHere(address.to_owned()))
        }
        Resolution::Group(_) => Err(ResidenceError::IsHere(address.to_owned())),
        _ => Ok(()),
    }
}

/// RFC 5321 section 4.5.1: somebody here answers for each domain that is hosted here.
fn is_postmaster(address: &str) -> bool {
    address.split('@').next().is_some_and(|local| local.eq_ignore_ascii_case("postmaster"))
}

fn canonical(name: &str) -> Result<String, ResidenceError> {
    let wrong = |what: &str| {
        let cause = format!("{name:?} is no {what}; write it as name@example.com or example.com");
        ResidenceError::Part { part: "address or domain", cause }
    };
    if name.contains('@') {
        return Address::parse(name).map(|address| address.canonical()).map_err(|_| wrong("address"));
    }
    let domain = mail::domain::canonical(name.trim()).ok().filter(|domain| !domain.starts_with('['));
    domain.ok_or_else(|| wrong("domain"))
}

/// The homes in other regions of the organisation's people and partners, by name.
///
/// # Errors
/// [`ResidenceError`] if the store fails.
pub fn list_homes(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<HomeAway>, ResidenceError> {
    let sql = "SELECT name, region FROM region_home WHERE organisation = $1 ORDER BY name LIMIT $2";
    let rows = tx.rows(sql, params![organisation, HOMES_MAX], |row| {
        Ok(HomeAway { name: row.text(0)?.to_owned(), organisation, region: row.text(1)?.to_owned() })
    })?;
    Ok(rows)
}

/// Forgets that the home of `name` is elsewhere.
///
/// # Errors
/// [`ResidenceError::NoHome`].
pub fn remove_home(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), ResidenceError> {
    let name = canonical(name)?;
    let sql = "DELETE FROM region_home WHERE organisation = $1 AND name = $2";
    match tx.execute(sql, params![organisation, &name])? {
        0 => Err(ResidenceError::NoHome(name)),
        _ => Ok(()),
    }
}
