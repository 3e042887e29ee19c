//! Allow and deny lists of an organisation: who put what on them, why, and until when.
//!
//! [`Rules`] says what the lists mean; [`Lists`] remembers them, so that mail does not wait for the database.

mod kept;
mod rules;

use env::Timestamp;
use net::Network;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

use crate::{Effect, EntryKind, IdentityError};

pub use kept::Lists;
pub use rules::{Listing, Rules, Sender};

/// Entries of one organisation.
pub const ENTRIES_MAX: i64 = 10_000;

/// Bytes of a reason and of an owner's name.
const WORDS_BYTES_MAX: usize = 1_000;

/// Bits that a listed IPv4 network has at least: a slip must not shut out half the world.
const IPV4_PREFIX_BITS_MIN: u8 = 8;

/// Bits that a listed IPv6 network has at least.
const IPV6_PREFIX_BITS_MIN: u8 = 16;

/// What stands between selector and signing domain in the name of a key (RFC 6376 section 3.6.2.1).
pub(crate) const KEY_LABEL: &str = "._domainkey.";

/// Form of the sealed column: JSON, fields added later have defaults.
const SEALED_FORM: u8 = 1;

/// An entry to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// What it does.
    pub effect: Effect,
    /// What it names.
    pub kind: EntryKind,
    /// The address, the domain, the network, or the key as `selector._domainkey.domain` or signing domain.
    pub value: String,
    /// Who made it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// When it stops to count; `None` for never.
    pub expires: Option<Timestamp>,
    /// An allowed address or domain counts although nobody vouches for the message.
    pub unauthenticated: bool,
    /// What it allows is taken although the author's DMARC policy asks for something else.
    pub despite_policy: bool,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its identifier, by which the log names it.
    pub id: i64,
    /// When it was made.
    pub created: Timestamp,
    /// What it says; the value in its one spelling.
    pub what: NewEntry,
}

/// What rests sealed of an entry.
#[derive(Debug, Serialize, Deserialize)]
struct Detail {
    value: String,
    owner: String,
    reason: String,
    #[serde(default)]
    unauthenticated: bool,
    #[serde(default)]
    despite_policy: bool,
}

/// Puts an entry on a list of the organisation.
///
/// # Errors
/// [`IdentityError`] if the value is not of its kind, is listed, cannot have such conditions, has no reason, or the store fails.
pub fn add(tx: &mut Tx<'_>, organisation: i64, new: NewEntry) -> Result<Entry, IdentityError> {
    let new = NewEntry { value: canonical(new.kind, &new.value)?, ..new };
    check_words("a reason", &new.reason)?;
    check_words("an owner", &new.owner)?;
    check_conditions(&new)?;
    remove_expired_of(tx, organisation)?;
    count_change(tx, organisation, 1)?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    let (id, created) = (tx.next_id(), tx.now());
    let sealed = key.sealing().seal(&*tx.context().entropy, &place(id), &encode(&new)?);
    let added = tx.execute(
        "INSERT INTO list_entry (organisation, id, effect, kind, value_hash, detail, created, expires)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (organisation, effect, kind, value_hash) DO NOTHING",
        params![
            organisation,
            id,
            new.effect.as_str(),
            new.kind.as_str(),
            &value_hash(&key, &new.value),
            &sealed,
            created.millis(),
            new.expires.map_or(0, Timestamp::millis)
        ],
    )?;
    if added == 1 { Ok(Entry { id, created, what: new }) } else { Err(IdentityError::Listed(new.value)) }
}

/// Takes an entry off a list.
///
/// # Errors
/// [`IdentityError`] if it is not there or the store fails.
pub fn remove(
    tx: &mut Tx<'_>,
    organisation: i64,
    effect: Effect,
    kind: EntryKind,
    value: &str,
) -> Result<(), IdentityError> {
    let value = canonical(kind, value)?;
    let key = tx.context().keys.organisation(tx, organisation)?;
    let removed = tx.execute(
        "DELETE FROM list_entry WHERE organisation = $1 AND effect = $2 AND kind = $3 AND value_hash = $4",
        params![organisation, effect.as_str(), kind.as_str(), &value_hash(&key, &value)],
    )?;
    if removed == 0 {
        return Err(IdentityError::NotListed(value));
    }
    count_change(tx, organisation, -1)
}

/// All entries of the organisation, oldest first, those that have expired included until they are removed.
///
/// # Errors
/// [`IdentityError`] if one cannot be opened or the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Entry>, IdentityError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    let rows = tx.rows(
        "SELECT id, effect, kind, detail, created, expires FROM list_entry WHERE organisation = $1 ORDER BY id LIMIT $2",
        params![organisation, ENTRIES_MAX],
        |row| {
            let (effect, kind) = (row.text(1)?.to_owned(), row.text(2)?.to_owned());
            Ok((row.int(0)?, effect, kind, row.bytes(3)?.to_vec(), row.int(4)?, row.int(5)?))
        },
    )?;
    let open = |(id, effect, kind, sealed, created, expires): (i64, String, String, Vec<u8>, i64, i64)| {
        let plain = key.sealing().open("list entry", &place(id), &sealed).map_err(StoreError::from)?;
        let Detail { value, owner, reason, unauthenticated, despite_policy } = decode(&plain, id)?;
        let (effect, kind) = (effect.parse()?, kind.parse()?);
        let expires = (expires != 0).then(|| Timestamp::from_millis(expires));
        let what = NewEntry { effect, kind, value, owner, reason, expires, unauthenticated, despite_policy };
        Ok(Entry { id, created: Timestamp::from_millis(created), what })
    };
    rows.into_iter().map(open).collect()
}

/// Removes what has expired; gives how many entries that were.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn remove_expired(tx: &mut Tx<'_>) -> Result<u64, IdentityError> {
    let organisations = tx.rows(
        "SELECT DISTINCT organisation FROM list_entry WHERE expires > 0 AND expires <= $1 ORDER BY organisation LIMIT $2",
        params![tx.now().millis(), ENTRIES_MAX],
        |row| row.int(0),
    )?;
    organisations.into_iter().try_fold(0, |removed, organisation| Ok(removed + remove_expired_of(tx, organisation)?))
}

fn remove_expired_of(tx: &mut Tx<'_>, organisation: i64) -> Result<u64, IdentityError> {
    let removed = tx.execute(
        "DELETE FROM list_entry WHERE organisation = $1 AND expires > 0 AND expires <= $2",
        params![organisation, tx.now().millis()],
    )?;
    if removed > 0 {
        count_change(tx, organisation, -i64::try_from(removed).unwrap_or(i64::MAX))?;
    }
    Ok(removed)
}

/// The version of the organisation's lists; 0 if it has never had an entry.
pub(crate) fn version(tx: &mut Tx<'_>, organisation: i64) -> Result<i64, IdentityError> {
    let version =
        tx.row("SELECT version FROM list_state WHERE organisation = $1", params![organisation], |row| row.int(0))?;
    Ok(version.unwrap_or(0))
}

/// Notes that there are `more` entries; its row serialises changes of one organisation's lists.
fn count_change(tx: &mut Tx<'_>, organisation: i64, more: i64) -> Result<(), IdentityError> {
    let entries = tx.row(
        "INSERT INTO list_state (organisation, version, entries) VALUES ($1, 1, $2)
         ON CONFLICT (organisation) DO UPDATE SET version = list_state.version + 1, entries = list_state.entries + $2
         RETURNING entries",
        params![organisation, more],
        |row| row.int(0),
    )?;
    if more > 0 && entries.unwrap_or(0) > ENTRIES_MAX {
        return Err(IdentityError::ListsFull(ENTRIES_MAX));
    }
    Ok(())
}

/// The one spelling under which a value is stored and looked for.
fn canonical(kind: EntryKind, value: &str) -> Result<String, IdentityError> {
    let given = value.trim();
    let refused = |cause: String| IdentityError::Entry { given: given.to_owned(), kind, cause };
    let domain = |text: &str| match mail::domain::canonical(text) {
        Ok(domain) if domain.starts_with('[') => {
            Err(refused("an address literal is no domain; list the network".to_owned()))
        }
        Ok(domain) => Ok(domain),
        Err(cause) => Err(refused(cause.to_string())),
    };
    match kind {
        EntryKind::Address => Ok(mail::Address::parse(given).map_err(|cause| refused(cause.to_string()))?.canonical()),
        EntryKind::Domain => domain(given),
        EntryKind::Key => match given.to_lowercase().split_once(KEY_LABEL) {
            Some((selector, signer)) => Ok(format!("{}{KEY_LABEL}{}", domain(selector)?, domain(signer)?)),
            None => domain(given),
        },
        EntryKind::Network => {
            let network: Network = given.parse().map_err(|cause: net::NetworkError| refused(cause.to_string()))?;
            let network = Network::around(network.address(), network.prefix_bits());
            let least = if network.address().is_ipv4() { IPV4_PREFIX_BITS_MIN } else { IPV6_PREFIX_BITS_MIN };
            if network.prefix_bits() < least {
                return Err(refused(format!("its prefix must have at least {least} bits")));
            }
            Ok(network.to_string())
        }
    }
}

fn check_words(what: &'static str, words: &str) -> Result<(), IdentityError> {
    if words.trim().is_empty() || words.len() > WORDS_BYTES_MAX {
        return Err(IdentityError::Name { what, bytes_max: WORDS_BYTES_MAX });
    }
    Ok(())
}

fn check_conditions(new: &NewEntry) -> Result<(), IdentityError> {
    let names_author = matches!(new.kind, EntryKind::Address | EntryKind::Domain);
    if new.effect == Effect::Deny && (new.unauthenticated || new.despite_policy) {
        return Err(IdentityError::Condition("a deny entry has no conditions: it always counts"));
    }
    if new.unauthenticated && !names_author {
        return Err(IdentityError::Condition(
            "only an address or a domain needs to be authenticated; leave --unauthenticated out",
        ));
    }
    if new.despite_policy && names_author && !new.unauthenticated {
        return Err(IdentityError::Condition(
            "an authenticated message keeps its author's policy; --despite-policy needs --unauthenticated here",
        ));
    }
    Ok(())
}

fn value_hash(key: &crypto::keys::Key<crypto::keys::Organisation>, value: &str) -> [u8; 32] {
    let mut place = b"list entry ".to_vec();
    place.extend_from_slice(value.as_bytes());
    key.hashing().hash(&place)
}

/// Where a sealed detail belongs.
fn place(id: i64) -> Vec<u8> {
    let mut place = b"list_entry.detail:".to_vec();
    place.extend_from_slice(&id.to_le_bytes());
    place
}

fn encode(new: &NewEntry) -> Result<Vec<u8>, IdentityError> {
    let detail = Detail {
        value: new.value.clone(),
        owner: new.owner.clone(),
        reason: new.reason.clone(),
        unauthenticated: new.unauthenticated,
        despite_policy: new.despite_policy,
    };
    let mut plain = vec![SEALED_FORM];
    serde_json::to_writer(&mut plain, &detail)
        .map_err(|_| StoreError::Corrupt { what: "a list entry cannot be written".to_owned() })?;
    Ok(plain)
}

fn decode(plain: &[u8], id: i64) -> Result<Detail, IdentityError> {
    let detail = match plain.split_first() {
        Some((&SEALED_FORM, json)) => serde_json::from_slice(json).ok(),
        _ => None,
    };
    detail.ok_or_else(|| StoreError::Corrupt { what: format!("list entry {id} cannot be read") }.into())
}
