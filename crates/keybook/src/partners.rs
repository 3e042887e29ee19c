//! Keys of correspondents, each organisation's own.

use env::Timestamp;
use openpgp::{Certificate, PreferEncrypt};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Tx, params};

use crate::{KeybookError, octets};

/// Keys of one address that are remembered; the oldest go.
const KEYS_MAX: usize = 5;

/// Keys that one list gives.
const LISTED_MAX: i64 = 10_000;

env::words! {
    /// Where a key comes from.
    Origin "origin of a key" allowed "autocrypt, wkd, given" {
        /// It stood in the header of a message of its owner (Autocrypt).
        Autocrypt = "autocrypt",
        /// The web key directory of its owner's domain has it.
        Wkd = "wkd",
        /// Somebody of the organisation brought it.
        Given = "given",
    }

    /// What a key is used for.
    PartnerState "state of a key" allowed "current, waiting, old" {
        /// Mail is encrypted to it.
        Current = "current",
        /// It is another than the one that somebody has compared; nothing is encrypted to it until somebody compares it, too.
        Waiting = "waiting",
        /// Another took its place. Signatures of old mail are still looked at by it.
        Old = "old",
    }
}

/// A key of a correspondent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerKey {
    /// Whose it is.
    pub address: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// What it is used for.
    pub state: PartnerState,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether somebody has compared the fingerprint.
    pub is_verified: bool,
    /// When it was first seen.
    pub first_seen: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// What its owner wishes for answers.
    pub prefer: PreferEncrypt,
    /// The key.
    pub certificate: Certificate,
}

/// What came of learning a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// The first key of the address.
    New,
    /// The key was known.
    Known,
    /// Another key took the place of one that nobody had compared.
    Changed,
    /// Another key than the one that somebody has compared; it waits.
    Waits,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    address: String,
    fingerprint: String,
    #[serde(with = "octets")]
    certificate: Vec<u8>,
    prefer: String,
}

const DETAIL: &str = "pgp_partner.detail";

pub(crate) fn address_hash(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Vec<u8>, KeybookError> {
    let canonical = mail::Address::parse(address).map_or_else(|_| address.to_owned(), |it| it.canonical());
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash(&[b"pgp:", canonical.to_lowercase().as_bytes()].concat()).to_vec())
}

fn print_hash(tx: &mut Tx<'_>, organisation: i64, fingerprint: &str) -> Result<Vec<u8>, KeybookError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash(&[b"pgp-print:", fingerprint.as_bytes()].concat()).to_vec())
}

/// Takes a key that was seen of `address`. A key that somebody has compared stays, whatever else is seen; one that nobody has is replaced
/// by a newer one, and remembered.
///
/// # Errors
/// If the key does not count, does not name the address, or the store fails.
pub fn learn(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
    certificate: &Certificate,
    (origin, prefer): (Origin, PreferEncrypt),
) -> Result<Learned, KeybookError> {
    let now = tx.now();
    let certificate = certificate.only_for(address, now)?;
    certificate.check_encrypts(now)?;
    let (fingerprint, known) = (certificate.fingerprint(), of_address(tx, organisation, address)?);
    if let Some(found) = known.iter().find(|it| it.fingerprint == fingerprint) {
        let merged = found.certificate.merge(&certificate).unwrap_or(certificate);
        // What people brought, and what a directory says, is more than what stood in a message.
        let origin = found.origin.max(origin);
        let seen = PartnerKey { certificate: merged, origin, prefer, last_seen: now, ..found.clone() };
        let is_back = found.state == PartnerState::Old && !known.iter().any(|it| it.state == PartnerState::Current);
        let state = if is_back { PartnerState::Current } else { found.state };
        put(tx, organisation, &PartnerKey { state, ..seen })?;
        return Ok(Learned::Known);
    }
    let current = known.iter().find(|it| it.state == PartnerState::Current);
    let (state, learned) = match current {
        None => (PartnerState::Current, Learned::New),
        Some(current) if current.is_verified => (PartnerState::Waiting, Learned::Waits),
        Some(_) => (PartnerState::Current, Learned::Changed),
    };
    if let Some(current) = current.filter(|_| learned == Learned::Changed) {
        put(tx, organisation, &PartnerKey { state: PartnerState::Old, ..current.clone() })?;
    }
    make_room(tx, organisation, address, &known)?;
    let new = PartnerKey {
        address: address.to_owned(),
        fingerprint,
        state,
        origin,
        is_verified: false,
        first_seen: now,
        last_seen: now,
        prefer,
        certificate,
    };
    put(tx, organisation, &new)?;
    Ok(learned)
}

/// Forgets the oldest keys of an address that are not used.
fn make_room(tx: &mut Tx<'_>, organisation: i64, address: &str, known: &[PartnerKey]) -> Result<(), KeybookError> {
    let mut unused: Vec<&PartnerKey> = known.iter().filter(|it| it.state != PartnerState::Current).collect();
    unused.sort_by_key(|it| std::cmp::Reverse(it.last_seen));
    for old in unused.iter().skip(KEYS_MAX - 2) {
        let (address, print) =
            (address_hash(tx, organisation, address)?, print_hash(tx, organisation, &old.fingerprint)?);
        tx.execute(
            "DELETE FROM pgp_partner WHERE organisation = $1 AND address = $2 AND fingerprint = $3",
            params![organisation, &address, &print],
        )?;
    }
    Ok(())
}

fn put(tx: &mut Tx<'_>, organisation: i64, key: &PartnerKey) -> Result<(), KeybookError> {
    let (address, print) =
        (address_hash(tx, organisation, &key.address)?, print_hash(tx, organisation, &key.fingerprint)?);
    let detail = Detail {
        address: key.address.clone(),
        fingerprint: key.fingerprint.clone(),
        certificate: key.certificate.to_bytes(),
        prefer: key.prefer.to_string(),
    };
    let id = tx.next_id();
    let detail = owned::seal(tx, Owner::Organisation(organisation), DETAIL, id, &detail)?;
    tx.execute(
        "INSERT INTO pgp_partner
         (organisation, address, fingerprint, state, origin, verified, first_seen, last_seen, id, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (organisation, address, fingerprint) DO UPDATE SET state = $4, origin = $5, verified = $6, last_seen = $8,
         id = $9, detail = $10",
        params![
            organisation,
            &address,
            &print,
            key.state.as_str(),
            key.origin.as_str(),
            key.is_verified,
            key.first_seen.millis(),
            key.last_seen.millis(),
            id,
            &detail
        ],
    )?;
    Ok(())
}

type Columns = ([String; 2], bool, [i64; 3], Vec<u8>);

fn columns(row: &store::Row<'_>) -> Result<Columns, store::StoreError> {
    Ok((
        [row.text(0)?.to_owned(), row.text(1)?.to_owned()],
        row.flag(2)?,
        [row.int(3)?, row.int(4)?, row.int(5)?],
        row.bytes(6)?.to_vec(),
    ))
}

fn opened(tx: &mut Tx<'_>, organisation: i64, rows: Vec<Columns>) -> Result<Vec<PartnerKey>, KeybookError> {
    rows.into_iter()
        .map(|([state, origin], is_verified, [first, last, id], detail)| {
            let detail: Detail = owned::open(tx, Owner::Organisation(organisation), DETAIL, id, &detail)?;
            Ok(PartnerKey {
                address: detail.address,
                fingerprint: detail.fingerprint,
                state: state.parse()?,
                origin: origin.parse()?,
                is_verified,
                first_seen: Timestamp::from_millis(first),
                last_seen: Timestamp::from_millis(last),
                prefer: detail.prefer.parse()?,
                certificate: Certificate::parse(&detail.certificate)?,
            })
        })
        .collect()
}

fn of_address(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Vec<PartnerKey>, KeybookError> {
    let hash = address_hash(tx, organisation, address)?;
    let rows = tx.rows(
        "SELECT state, origin, verified, first_seen, last_seen, id, detail FROM pgp_partner
         WHERE organisation = $1 AND address = $2 ORDER BY last_seen DESC",
        params![organisation, &hash],
        columns,
    )?;
    opened(tx, organisation, rows)
}

/// The keys of an address, or of all, that the organisation knows.
///
/// # Errors
/// [`KeybookError`] if the store fails.
pub fn list_partners(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: Option<&str>,
) -> Result<Vec<PartnerKey>, KeybookError> {
    if let Some(address) = address {
        return of_address(tx, organisation, address);
    }
    let rows = tx.rows(
        "SELECT state, origin, verified, first_seen, last_seen, id, detail FROM pgp_partner
         WHERE organisation = $1 ORDER BY last_seen DESC LIMIT $2",
        params![organisation, LISTED_MAX],
        columns,
    )?;
    opened(tx, organisation, rows)
}

/// The key that mail to `address` is encrypted to, if one is known that counts now.
///
/// # Errors
/// [`KeybookError`] if the store fails.
pub fn current(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Option<PartnerKey>, KeybookError> {
    let now = tx.now();
    let known = of_address(tx, organisation, address)?;
    Ok(known.into_iter().find(|it| it.state == PartnerState::Current && it.certificate.check_encrypts(now).is_ok()))
}

/// Somebody has compared the fingerprint with the correspondent, by another way than mail: the key is used from now on, and no other
/// takes its place by itself.
///
/// # Errors
/// If there is no such key of the address.
pub fn verify(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
    fingerprint: &str,
) -> Result<PartnerKey, KeybookError> {
    let wanted: String =
        fingerprint.chars().filter(|it| !it.is_whitespace()).map(|it| it.to_ascii_uppercase()).collect();
    let known = of_address(tx, organisation, address)?;
    // All of it: a part could be that of another key.
    let found = known.iter().find(|it| it.fingerprint == wanted);
    let found = found.ok_or_else(|| KeybookError::NoSuchKey { given: fingerprint.to_owned() })?;
    for other in known.iter().filter(|it| it.fingerprint != wanted && it.state == PartnerState::Current) {
        put(tx, organisation, &PartnerKey { state: PartnerState::Old, is_verified: false, ..other.clone() })?;
    }
    let verified = PartnerKey { state: PartnerState::Current, is_verified: true, ..found.clone() };
    put(tx, organisation, &verified)?;
    Ok(verified)
}

/// Forgets the keys of an address; gives how many there were.
///
/// # Errors
/// [`KeybookError`] if the store fails.
pub fn forget(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<u64, KeybookError> {
    let hash = address_hash(tx, organisation, address)?;
    tx.execute("DELETE FROM pgp_lookup WHERE organisation = $1 AND address = $2", params![organisation, &hash])?;
    let deleted =
        tx.execute("DELETE FROM pgp_partner WHERE organisation = $1 AND address = $2", params![organisation, &hash])?;
    Ok(deleted)
}
