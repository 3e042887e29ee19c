//! Places: a region, or a country.

use std::fmt;

use store::{Tx, params};

use crate::{RegionSettings, ResidenceError};

/// People that one list names at most.
const PLACES_MAX: i64 = 10_000;

/// Where something goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The region, if it goes to one that is known.
    pub region: Option<String>,
    /// The country; empty where it is not known.
    pub country: String,
    /// The domain of the recipient, for mail.
    pub domain: Option<String>,
}

impl Place {
    /// A country.
    #[must_use]
    pub fn in_country(country: String) -> Self {
        Self { region: None, country, domain: None }
    }

    /// Whether it is in the region that we are.
    pub(crate) fn is_within(&self, here: &RegionSettings) -> bool {
        match &self.region {
            Some(region) => *region == here.name,
            None => self.country.eq_ignore_ascii_case(&here.country),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "region {region}"),
            None => write!(f, "country {}", self.country),
        }
    }
}

/// The code of a country in upper case; none if it cannot be one.
pub(crate) fn country(text: &str) -> Option<String> {
    let is_code = text.len() == 2 && text.bytes().all(|octet| octet.is_ascii_alphabetic());
    is_code.then(|| text.to_ascii_uppercase())
}

pub(crate) fn checked_country(text: &str) -> Result<String, ResidenceError> {
    let cause = || format!("{text:?} is no country; write the two letters of ISO 3166-1, such as DE");
    country(text).ok_or_else(|| ResidenceError::Part { part: "country", cause: cause() })
}

/// The country in which the account's person works; none if it is that of our region.
///
/// # Errors
/// [`ResidenceError`] if the store fails.
pub fn country_of_account(tx: &mut Tx<'_>, account: i64) -> Result<Option<String>, ResidenceError> {
    let sql = "SELECT country FROM account_place WHERE account = $1";
    Ok(tx.row(sql, params![account], |row| Ok(row.text(0)?.to_owned()))?)
}

/// The people of an organisation who work in another country than that of our region, with it; by account.
///
/// # Errors
/// [`ResidenceError`] if the store fails.
pub fn list_places(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<(i64, String)>, ResidenceError> {
    let sql = "SELECT p.account, p.country FROM account_place p JOIN account a ON a.id = p.account
         WHERE a.organisation = $1 ORDER BY p.account LIMIT $2";
    Ok(tx.rows(sql, params![organisation, PLACES_MAX], |row| Ok((row.int(0)?, row.text(1)?.to_owned())))?)
}

/// Sets in which country the person works; `None` for that of our region.
///
/// # Errors
/// [`ResidenceError`] if there is no such account, or the country is none.
pub fn set_country_of_account(tx: &mut Tx<'_>, account: i64, country: Option<&str>) -> Result<(), ResidenceError> {
    identity::load_account(tx, account)?;
    let country = country.map(checked_country).transpose()?;
    tx.execute("DELETE FROM account_place WHERE account = $1", params![account])?;
    if let Some(country) = country {
        tx.execute("INSERT INTO account_place (account, country) VALUES ($1, $2)", params![account, &country])?;
    }
    Ok(())
}
