//! The directory of keys: what the audit log says of which key an address has. A key that is published is entered, one that is taken back or
//! destroyed is withdrawn; each is a record of the log, so that whoever asks for a colleague's key can prove that everybody is told the same, and
//! its owner sees a key that is not his. See `docs/end-to-end.md`.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{StoreError, Tx, params};

use crate::partners::address_hash;
use crate::{KeyState, KeybookError, OwnKey, own};

/// What records of the directory have as their action.
pub const ACTION: &str = "key-directory";

/// Entries of one address that are told: the newest.
const ENTRIES_MAX: i64 = 100;

const DETAIL: &str = "key_directory.detail";

env::words! {
    /// What an entry says of a key.
    Kind "kind of an entry" allowed "entered, withdrawn" {
        /// From now on mail to the address is encrypted to it.
        Entered = "entered",
        /// No longer.
        Withdrawn = "withdrawn",
    }
}

/// What a record commits to; as JSON, with its fields in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The address.
    pub address: String,
    /// Fingerprint of the key.
    pub fingerprint: String,
    /// Who keeps its private part.
    pub custody: String,
    /// [`Kind`] of the entry.
    pub kind: String,
    /// When, as the record has it.
    pub at: String,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    salt: String,
    text: String,
}

/// An entry with what shows it to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The record of the log, and that it stands there; none as long as it waits to be sealed.
    pub proven: Option<(String, audit::Proof)>,
    /// What the record commits to.
    pub disclosed: audit::Disclosed,
}

/// What the directory says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its entries, the oldest first.
    pub entries: Vec<Entry>,
    /// The key that the newest entry enters, if it still counts.
    pub key: Option<OwnKey>,
}

/// By what the records of an address are found in an exported log: who knows the address and the organisation's number computes it.
#[must_use]
pub fn label(organisation: i64, address: &str) -> String {
    let named = format!("tradewind key directory 1\n{organisation:x}\n{}", canonical(address));
    let hash = digest(&SHA256, named.as_bytes());
    let hex: String = hash.as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
    format!("address:{hex}")
}

fn canonical(address: &str) -> String {
    mail::Address::parse(address).map_or_else(|_| address.to_owned(), |it| it.canonical()).to_lowercase()
}

/// Enters a key at each address of its account that it names.
pub(crate) fn enter(tx: &mut Tx<'_>, account: i64, key: &OwnKey) -> Result<(), KeybookError> {
    let now = tx.now();
    for address in identity::list_addresses(tx, account)? {
        if key.certificate.names(&address, now) {
            say(tx, account, &address, key, Kind::Entered)?;
        }
    }
    Ok(())
}

/// Withdraws a key wherever it is the one that is entered.
pub(crate) fn withdraw(tx: &mut Tx<'_>, account: i64, key: &OwnKey) -> Result<(), KeybookError> {
    for address in identity::list_addresses(tx, account)? {
        say(tx, account, &address, key, Kind::Withdrawn)?;
    }
    Ok(())
}

/// Adds an entry, if it changes what the directory says.
fn say(tx: &mut Tx<'_>, account: i64, address: &str, key: &OwnKey, kind: Kind) -> Result<(), KeybookError> {
    let organisation = identity::load_account(tx, account)?.organisation;
    let last = rows(tx, organisation, address, 1)?.pop().map(|(_, said, _)| said);
    let is_entered =
        last.is_some_and(|said| said.fingerprint == key.fingerprint && said.kind == Kind::Entered.as_str());
    if is_entered == (kind == Kind::Entered) {
        return Ok(());
    }
    let (event, at) = (tx.next_id(), tx.now().to_string());
    let said = Said {
        address: canonical(address),
        fingerprint: key.fingerprint.clone(),
        custody: key.custody.as_str().to_owned(),
        kind: kind.as_str().to_owned(),
        at: at.clone(),
    };
    let text = serde_json::to_string(&said).map_err(|_| corrupt())?;
    let detail = Detail { salt: audit::salt(tx), text };
    let leaf = audit::Leaf {
        id: format!("{event:x}"),
        at,
        organisation: format!("{organisation:x}"),
        actor: label(organisation, address),
        action: ACTION.to_owned(),
        outcome: kind.as_str().to_owned(),
        commitment: audit::commit(detail.salt.as_bytes(), detail.text.as_bytes()),
    };
    audit::append(tx, event, &leaf)?;
    let place = address_hash(tx, organisation, address)?;
    let sealed = owned::seal(tx, Owner::Organisation(organisation), DETAIL, event, &detail)?;
    tx.execute(
        "INSERT INTO key_directory (organisation, address, event, account, detail) VALUES ($1, $2, $3, $4, $5)",
        params![organisation, &place, event, account, &sealed],
    )?;
    Ok(())
}

/// The newest entries of an address, the oldest of them first.
fn rows(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
    most: i64,
) -> Result<Vec<(i64, Said, Detail)>, KeybookError> {
    let place = address_hash(tx, organisation, address)?;
    let mut found = tx.rows(
        "SELECT event, detail FROM key_directory WHERE organisation = $1 AND address = $2 ORDER BY event DESC LIMIT $3",
        params![organisation, &place, most],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    found.reverse();
    found
        .into_iter()
        .map(|(event, sealed)| {
            let detail: Detail = owned::open(tx, Owner::Organisation(organisation), DETAIL, event, &sealed)?;
            let said = serde_json::from_str(&detail.text).map_err(|_| corrupt())?;
            Ok((event, said, detail))
        })
        .collect()
}

/// What the directory says of an address of the organisation; none if it never had a key.
///
/// # Errors
/// [`KeybookError`] if the store fails or the log is not whole.
pub fn look_up(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Option<Listed>, KeybookError> {
    let found = rows(tx, organisation, address, ENTRIES_MAX)?;
    let Some((_, last, _)) = found.last() else { return Ok(None) };
    let key = if last.kind == Kind::Entered.as_str() {
        key_of(tx, organisation, address, &last.fingerprint.clone())?
    } else {
        None
    };
    let entries = found.into_iter().map(|(event, _, detail)| prove(tx, event, detail)).collect::<Result<_, _>>()?;
    Ok(Some(Listed { entries, key }))
}

/// The key, if the address is still its account's and mail can be encrypted to it.
fn key_of(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
    fingerprint: &str,
) -> Result<Option<OwnKey>, KeybookError> {
    let Some(account) = identity::find_by_address(tx, address)? else { return Ok(None) };
    if identity::load_account(tx, account)?.organisation != organisation {
        return Ok(None);
    }
    let now = tx.now();
    let counts = |key: &OwnKey| {
        key.fingerprint == fingerprint && key.state == KeyState::Active && key.certificate.check_encrypts(now).is_ok()
    };
    Ok(own::list(tx, account)?.into_iter().find(counts))
}

fn prove(tx: &mut Tx<'_>, event: i64, detail: Detail) -> Result<Entry, KeybookError> {
    let proven = match audit::place_of(tx, event) {
        Ok(place) => {
            let leaf = String::from_utf8(audit::leaf_at(tx, place)?).map_err(|_| corrupt())?;
            Some((leaf, audit::prove(tx, place)?))
        }
        Err(audit::AuditError::NoRecord(_)) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(Entry { proven, disclosed: audit::Disclosed { salt: detail.salt, text: detail.text } })
}

fn corrupt() -> StoreError {
    StoreError::Corrupt { what: "an entry of the directory of keys".to_owned() }
}
