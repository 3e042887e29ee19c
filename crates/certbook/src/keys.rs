//! Keys of accounts.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use smime::Identity;
use store::{Tx, params};

use crate::CertbookError;
use crate::sealed::{Owner, open, seal};

/// Keys that an account may have: those of the past read old mail.
const KEYS_MAX: usize = 32;

const PLACE: &str = "smime_key.detail";

/// A key without its private part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// When it came here.
    pub created: Timestamp,
    /// Name of whom its certificate is for.
    pub subject: String,
    /// Addresses of its certificate.
    pub addresses: Vec<String>,
    /// Kind of key.
    pub kind: String,
    /// SHA-256 of its certificate, in hexadecimal digits.
    pub fingerprint: String,
    /// When its certificate ends.
    pub not_after: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    /// Key, certificate and chain as PEM.
    pem: String,
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The keys of an account, newest first.
///
/// # Errors
/// [`CertbookError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Kept>, CertbookError> {
    let described = |(id, created, identity): (i64, i64, Identity)| {
        let certificate = &identity.certificate;
        Kept {
            id,
            created: Timestamp::from_millis(created),
            subject: certificate.subject.clone(),
            addresses: certificate.emails.clone(),
            kind: certificate.key_kind().to_string(),
            fingerprint: hex(&certificate.fingerprint()),
            not_after: certificate.not_after,
        }
    };
    Ok(rows(tx, account)?.into_iter().map(described).collect())
}

fn rows(tx: &mut Tx<'_>, account: i64) -> Result<Vec<(i64, i64, Identity)>, CertbookError> {
    let rows = tx.rows(
        "SELECT id, created, detail FROM smime_key WHERE account = $1 ORDER BY created DESC, id DESC",
        params![account],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    let mut found = Vec::with_capacity(rows.len());
    for (id, created, sealed) in rows {
        let Detail { pem } = open(tx, Owner::Account(account), PLACE, id, &sealed)?;
        found.push((id, created, Identity::from_pem(pem.as_bytes())?));
    }
    Ok(found)
}

/// The keys of an account with their private parts, newest first.
///
/// # Errors
/// [`CertbookError`] if the store fails.
pub fn identities(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Identity>, CertbookError> {
    Ok(rows(tx, account)?.into_iter().map(|(_, _, identity)| identity).collect())
}

/// Keeps a key, whose certificate must be for one of the account's addresses. One that is there already stays.
///
/// # Errors
/// [`CertbookError`] if it is for others, there are too many, or the store fails.
pub fn import(tx: &mut Tx<'_>, account: i64, identity: &Identity) -> Result<Kept, CertbookError> {
    store::account::next_modseq(tx, account)?;
    let addresses = identity::load_account(tx, account)?.addresses;
    let certificate = &identity.certificate;
    if !addresses.iter().any(|address| certificate.is_for(address)) {
        let address = addresses.first().cloned().unwrap_or_default();
        return Err(CertbookError::OtherAddress { given: certificate.emails.clone(), address });
    }
    let known = list(tx, account)?;
    let fingerprint = hex(&certificate.fingerprint());
    if let Some(kept) = known.iter().find(|kept| kept.fingerprint == fingerprint) {
        return Ok(kept.clone());
    }
    if known.len() >= KEYS_MAX {
        return Err(CertbookError::TooMany(known.len()));
    }
    let (id, now) = (tx.next_id(), tx.now());
    let sealed = seal(tx, Owner::Account(account), PLACE, id, &Detail { pem: identity.to_pem().to_string() })?;
    tx.execute(
        "INSERT INTO smime_key (account, id, created, detail) VALUES ($1, $2, $3, $4)",
        params![account, id, now.millis(), &sealed],
    )?;
    list(tx, account)?.into_iter().find(|kept| kept.id == id).ok_or_else(|| CertbookError::Unknown("key".to_owned()))
}

/// Destroys a key. What was encrypted to it and kept so cannot be read any more.
///
/// # Errors
/// [`CertbookError::Unknown`] if there is none of this number.
pub fn remove(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(), CertbookError> {
    let gone = tx.execute("DELETE FROM smime_key WHERE account = $1 AND id = $2", params![account, id])?;
    if gone == 0 { Err(CertbookError::Unknown(format!("key {id}"))) } else { Ok(()) }
}
