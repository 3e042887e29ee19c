//! Keys of accounts.

use std::time::Duration;

use env::{Secret, Timestamp};
use identity::rights::{HeldKey, KeyPurpose, KeyUse, Occasion, record_key_use};
use openpgp::{AutocryptHeader, Certificate, PreferEncrypt, PrivateKey};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Row, StoreError, Tx, params};

use crate::{KeybookError, directory, octets};

/// Keys of one account.
const KEYS_MAX: usize = 20;

/// Octets of what an owner has sealed.
const SEALED_OCTETS_MAX: usize = 64 << 10;

/// How long before its end a key kept here is renewed.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 86_400);

/// Keys that one run renews.
const RENEWED_MAX: i64 = 200;

env::words! {
    /// Who keeps the private part of a key.
    Custody "custody" allowed "server, owner" {
        /// This server, sealed under the account's key: it encrypts, signs and opens mail for the account.
        Server = "server",
        /// The owner; what lies here of it he has sealed himself.
        Owner = "owner",
    }

    /// What a key is used for.
    KeyState "state of a key" allowed "active, retired" {
        /// Mail is encrypted to it and signed with it.
        Active = "active",
        /// It opens old mail and nothing else.
        Retired = "retired",
    }
}

/// A key of an account, without its private part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// Its number.
    pub id: i64,
    /// What it is used for.
    pub state: KeyState,
    /// Who keeps its private part.
    pub custody: Custody,
    /// Whether the web key directory gives it.
    pub is_published: bool,
    /// When it came here.
    pub created: Timestamp,
    /// When it expires; none for never.
    pub expires: Option<Timestamp>,
    /// Another one with each change.
    pub changed: i64,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its public side.
    pub certificate: Certificate,
}

/// A key that comes to an account.
pub enum NewKey<'a> {
    /// Kept here.
    Private(&'a PrivateKey),
    /// Kept by its owner, with what he has sealed of the private part; may be empty.
    Sealed(&'a Certificate, &'a [u8]),
}

#[derive(Serialize, Deserialize)]
struct Detail {
    fingerprint: String,
    #[serde(with = "octets")]
    certificate: Vec<u8>,
}

/// Where the sealed private part of a key lies. Not a value of [`owned`], so that no copy of it in other forms is made.
fn private_place(account: i64, id: i64) -> Vec<u8> {
    [b"pgp_key.private:".as_slice(), &account.to_le_bytes(), &id.to_le_bytes()].concat()
}

const DETAIL: &str = "pgp_key.detail";

/// Adds a key to an account; it is active at once, and not published. Of a key that its owner keeps and that is here already, what is new of
/// the public side is added: a longer time, another name, a revocation.
///
/// # Errors
/// If it does not count, names none of the account's addresses, or the account has it already.
pub fn add(tx: &mut Tx<'_>, account: i64, new: &NewKey<'_>) -> Result<OwnKey, KeybookError> {
    let (certificate, custody) = match new {
        NewKey::Private(key) => (key.certificate(), Custody::Server),
        NewKey::Sealed(certificate, private) if private.len() <= SEALED_OCTETS_MAX => {
            ((*certificate).clone(), Custody::Owner)
        }
        NewKey::Sealed(..) => return Err(KeybookError::TooLarge { max: SEALED_OCTETS_MAX }),
    };
    let now = tx.now();
    let (known, fingerprint) = (list(tx, account)?, certificate.fingerprint());
    if let Some(key) = known.iter().find(|it| it.fingerprint == fingerprint) {
        return match new {
            NewKey::Sealed(certificate, _) if key.custody == Custody::Owner => update(tx, account, key, certificate),
            _ => Err(KeybookError::Known { fingerprint }),
        };
    }
    certificate.check_encrypts(now)?;
    let addresses = identity::list_addresses(tx, account)?;
    if !addresses.iter().any(|address| certificate.names(address, now)) {
        let address = addresses.into_iter().next().unwrap_or_default();
        return Err(openpgp::PgpError::NoSuchUserId { fingerprint: certificate.fingerprint(), address }.into());
    }
    if known.len() >= KEYS_MAX {
        return Err(KeybookError::TooMany { max: KEYS_MAX });
    }
    let (id, key) = (tx.next_id(), tx.context().keys.account(tx, account)?);
    let entropy = &*tx.context().entropy;
    let private = match new {
        NewKey::Private(private) => {
            key.sealing().seal(entropy, &private_place(account, id), private.to_bytes()?.expose())
        }
        NewKey::Sealed(_, octets) => key.sealing().seal(entropy, &private_place(account, id), octets),
    };
    let expires = certificate.check(now)?.expires;
    let detail = Detail { fingerprint, certificate: certificate.to_bytes() };
    let detail = owned::seal(tx, Owner::Account(account), DETAIL, id, &detail)?;
    let changed = tx.next_id();
    tx.execute(
        "INSERT INTO pgp_key (account, id, state, custody, published, created, expires, changed, detail, private)
         VALUES ($1, $2, 'active', $3, 0, $4, $5, $6, $7, $8)",
        params![
            account,
            id,
            custody.as_str(),
            now.millis(),
            expires.map_or(0, Timestamp::millis),
            changed,
            &detail,
            &private
        ],
    )?;
    find(tx, account, |it| it.id == id, "")
}

/// Adds to the public side of a key what `given`, the same key, has beside it.
fn update(tx: &mut Tx<'_>, account: i64, key: &OwnKey, given: &Certificate) -> Result<OwnKey, KeybookError> {
    let certificate = key.certificate.merge(given)?;
    if certificate == key.certificate {
        return Err(KeybookError::Known { fingerprint: key.fingerprint.clone() });
    }
    // One that counts no more ends when it ended: nothing renews it.
    let expires = certificate.check(tx.now()).map_or(key.expires, |standing| standing.expires);
    let detail = Detail { fingerprint: key.fingerprint.clone(), certificate: certificate.to_bytes() };
    let detail = owned::seal(tx, Owner::Account(account), DETAIL, key.id, &detail)?;
    let changed = tx.next_id();
    tx.execute(
        "UPDATE pgp_key SET detail = $3, expires = $4, changed = $5 WHERE account = $1 AND id = $2",
        params![account, key.id, &detail, expires.map_or(0, Timestamp::millis), changed],
    )?;
    if key.is_published {
        tx.execute("DELETE FROM pgp_published WHERE account = $1 AND id = $2", params![account, key.id])?;
        put_published(tx, account, key.id, &certificate)?;
    }
    find(tx, account, |it| it.id == key.id, "")
}

type Columns = (i64, String, String, bool, [i64; 3], Vec<u8>);

/// The keys of an account, those that are used first, the newest first.
///
/// # Errors
/// [`KeybookError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<OwnKey>, KeybookError> {
    let rows: Vec<Columns> = tx.rows(
        "SELECT id, state, custody, published, created, expires, changed, detail FROM pgp_key WHERE account = $1
         ORDER BY state, created DESC, id DESC",
        params![account],
        columns,
    )?;
    rows.into_iter()
        .map(|(id, state, custody, is_published, [created, expires, changed], detail)| {
            let detail: Detail = owned::open(tx, Owner::Account(account), DETAIL, id, &detail)?;
            Ok(OwnKey {
                id,
                state: state.parse()?,
                custody: custody.parse()?,
                is_published,
                created: Timestamp::from_millis(created),
                expires: (expires > 0).then(|| Timestamp::from_millis(expires)),
                changed,
                fingerprint: detail.fingerprint,
                certificate: Certificate::parse(&detail.certificate)?,
            })
        })
        .collect()
}

fn columns(row: &Row<'_>) -> Result<Columns, StoreError> {
    Ok((
        row.int(0)?,
        row.text(1)?.to_owned(),
        row.text(2)?.to_owned(),
        row.flag(3)?,
        [row.int(4)?, row.int(5)?, row.int(6)?],
        row.bytes(7)?.to_vec(),
    ))
}

/// The key of `account` whose fingerprint begins with `given`; the newest that is used if it is empty.
fn named(tx: &mut Tx<'_>, account: i64, given: &str) -> Result<OwnKey, KeybookError> {
    let wanted: String = given.chars().filter(char::is_ascii_hexdigit).map(|it| it.to_ascii_uppercase()).collect();
    if given.is_empty() {
        return find(tx, account, |it| it.state == KeyState::Active, given);
    }
    let found =
        list(tx, account)?.into_iter().filter(|it| !wanted.is_empty() && it.fingerprint.starts_with(&wanted)).count();
    if found > 1 {
        return Err(KeybookError::Ambiguous { given: given.to_owned() });
    }
    find(tx, account, |it| !wanted.is_empty() && it.fingerprint.starts_with(&wanted), given)
}

fn find(tx: &mut Tx<'_>, account: i64, is_it: impl Fn(&OwnKey) -> bool, given: &str) -> Result<OwnKey, KeybookError> {
    let found = list(tx, account)?.into_iter().find(is_it);
    found.ok_or_else(|| {
        if given.is_empty() { KeybookError::NoKey } else { KeybookError::NoSuchKey { given: given.to_owned() } }
    })
}

/// The private keys of the account that are kept here: those that are used first.
///
/// # Errors
/// [`KeybookError`] if the store fails or one does not open.
pub fn private_keys(tx: &mut Tx<'_>, account: i64) -> Result<Vec<PrivateKey>, KeybookError> {
    let rows = tx.rows(
        "SELECT id, private FROM pgp_key WHERE account = $1 AND custody = 'server' ORDER BY state, created DESC, id DESC",
        params![account],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    rows.into_iter().map(|(id, private)| open_private(tx, account, id, &private)).collect()
}

fn open_private(tx: &mut Tx<'_>, account: i64, id: i64, private: &[u8]) -> Result<PrivateKey, KeybookError> {
    let octets = open_octets(tx, account, id, private)?;
    Ok(PrivateKey::parse(octets.expose(), &Secret::new(String::new()))?)
}

fn open_octets(tx: &mut Tx<'_>, account: i64, id: i64, private: &[u8]) -> Result<Secret<Vec<u8>>, KeybookError> {
    let key = tx.context().keys.account(tx, account)?;
    let place = private_place(account, id);
    Ok(Secret::new(key.sealing().open("pgp_key.private", &place, private).map_err(StoreError::from)?))
}

fn private_column(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Vec<u8>, KeybookError> {
    let found = tx.row("SELECT private FROM pgp_key WHERE account = $1 AND id = $2", params![account, id], |row| {
        Ok(row.bytes(0)?.to_vec())
    })?;
    Ok(found.ok_or(StoreError::Missing { what: "key of OpenPGP" })?)
}

/// A private key kept here, in armor under `passphrase`; that it was taken out is recorded in this transaction.
///
/// # Errors
/// If there is none, its owner keeps it, or the passphrase is too short.
pub fn export_private(
    tx: &mut Tx<'_>,
    account: i64,
    given: &str,
    passphrase: &Secret<String>,
) -> Result<Secret<String>, KeybookError> {
    let found = named(tx, account, given)?;
    if found.custody == Custody::Owner {
        return Err(KeybookError::NotHere { fingerprint: found.fingerprint });
    }
    let private = private_column(tx, account, found.id)?;
    let key = open_private(tx, account, found.id, &private)?;
    record(tx, account, &found.fingerprint, KeyPurpose::Export)?;
    Ok(key.export(passphrase, &*tx.context().entropy)?)
}

fn record(tx: &mut Tx<'_>, account: i64, fingerprint: &str, purpose: KeyPurpose) -> Result<(), KeybookError> {
    let organisation = identity::load_account(tx, account)?.organisation;
    let used = KeyUse {
        occasion: Occasion { organisation, account: Some(account), message: None },
        key: HeldKey::OpenPgp,
        fingerprint: fingerprint.to_owned(),
        purpose,
        about: String::new(),
        succeeded: true,
    };
    Ok(record_key_use(tx, &used)?)
}

/// What the owner has sealed of a private key, as he gave it.
///
/// # Errors
/// If there is none of this number, or it is kept here.
pub fn sealed_private(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Vec<u8>, KeybookError> {
    let found = find(tx, account, |it| it.id == id, &id.to_string())?;
    if found.custody == Custody::Server {
        return Err(KeybookError::NoSuchKey { given: id.to_string() });
    }
    let private = private_column(tx, account, id)?;
    Ok(open_octets(tx, account, id, &private)?.expose().clone())
}

/// Keeps what the owner has sealed anew of a private key, as under another passphrase, instead of what was there, whose SHA-256 is `replaces`.
///
/// # Errors
/// If there is no such key, it is kept here, what is there is another than that, or the new is too large.
pub fn reseal(
    tx: &mut Tx<'_>,
    account: i64,
    given: &str,
    sealed: &[u8],
    replaces: &[u8; 32],
) -> Result<OwnKey, KeybookError> {
    if sealed.is_empty() || sealed.len() > SEALED_OCTETS_MAX {
        return Err(KeybookError::TooLarge { max: SEALED_OCTETS_MAX });
    }
    let found = named(tx, account, given)?;
    if crypto::hash::sha256(&sealed_private(tx, account, found.id)?) != *replaces {
        return Err(KeybookError::ChangedMeanwhile);
    }
    let key = tx.context().keys.account(tx, account)?;
    let private = key.sealing().seal(&*tx.context().entropy, &private_place(account, found.id), sealed);
    let changed = tx.next_id();
    tx.execute(
        "UPDATE pgp_key SET private = $3, changed = $4 WHERE account = $1 AND id = $2",
        params![account, found.id, &private, changed],
    )?;
    Ok(OwnKey { changed, ..found })
}

/// Has the web key directory give the key at each of the account's addresses that it names, instead of another one; or no longer.
///
/// # Errors
/// If there is no such key, or it does not count.
pub fn publish(tx: &mut Tx<'_>, account: i64, given: &str, is_on: bool) -> Result<OwnKey, KeybookError> {
    let (found, now) = (named(tx, account, given)?, tx.now());
    tx.execute("DELETE FROM pgp_published WHERE account = $1 AND id = $2", params![account, found.id])?;
    if is_on {
        found.certificate.check_encrypts(now)?;
        put_published(tx, account, found.id, &found.certificate)?;
        directory::enter(tx, account, &found)?;
    } else {
        directory::withdraw(tx, account, &found)?;
    }
    let changed = tx.next_id();
    tx.execute(
        "UPDATE pgp_key SET published = $3, changed = $4 WHERE account = $1 AND id = $2",
        params![account, found.id, is_on, changed],
    )?;
    Ok(OwnKey { is_published: is_on, changed, ..found })
}

fn put_published(tx: &mut Tx<'_>, account: i64, id: i64, certificate: &Certificate) -> Result<(), KeybookError> {
    let now = tx.now();
    for address in identity::list_addresses(tx, account)? {
        let (Ok(own), Some((local, domain))) = (certificate.only_for(&address, now), address.rsplit_once('@')) else {
            continue;
        };
        let name = openpgp::wkd::name_of(local);
        let domain = mail::domain::canonical(domain).unwrap_or_else(|_| domain.to_owned());
        tx.execute("DELETE FROM pgp_published WHERE domain = $1 AND name = $2", params![&domain, &name])?;
        tx.execute(
            "INSERT INTO pgp_published (domain, name, account, id, certificate) VALUES ($1, $2, $3, $4, $5)",
            params![&domain, &name, account, id, &own.to_bytes()],
        )?;
    }
    Ok(())
}

/// The header field of Autocrypt for a message whose one author is `author`, an address of the account: with its published key, as far as
/// that encrypts now and fits into a header. None otherwise.
///
/// # Errors
/// [`KeybookError`] if the store fails.
pub fn autocrypt_field(
    tx: &mut Tx<'_>,
    account: i64,
    author: &str,
    prefer: PreferEncrypt,
) -> Result<Option<String>, KeybookError> {
    let is_published =
        tx.row("SELECT 1 FROM pgp_published WHERE account = $1 LIMIT 1", params![account], |row| row.int(0))?;
    if is_published.is_none() || !identity::list_addresses(tx, account)?.iter().any(|it| it == author) {
        return Ok(None);
    }
    let now = tx.now();
    for key in list(tx, account)?.iter().filter(|key| key.is_published && key.state == KeyState::Active) {
        match AutocryptHeader::field(&key.certificate, author, prefer, now) {
            Ok(field) => return Ok(Some(field)),
            Err(error) => tracing::debug!(account, %error, "a published key is not sent along"),
        }
    }
    Ok(None)
}

/// What the web key directory gives for a name at a domain (canonical): packets of the key, if its account still has the address.
///
/// # Errors
/// [`KeybookError`] if the store fails.
pub fn published(tx: &mut Tx<'_>, domain: &str, name: &str) -> Result<Option<Vec<u8>>, KeybookError> {
    let found = tx.row(
        "SELECT account, certificate FROM pgp_published WHERE domain = $1 AND name = $2",
        params![domain, name],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let Some((account, certificate)) = found else { return Ok(None) };
    let is_at = |address: &String| {
        address.rsplit_once('@').is_some_and(|(local, at)| {
            openpgp::wkd::name_of(local) == name && mail::domain::canonical(at).is_ok_and(|at| at == domain)
        })
    };
    Ok(identity::list_addresses(tx, account)?.iter().any(is_at).then_some(certificate))
}

/// Has a key open old mail alone.
///
/// # Errors
/// If there is no such key.
pub fn retire(tx: &mut Tx<'_>, account: i64, given: &str) -> Result<OwnKey, KeybookError> {
    let found = named(tx, account, given)?;
    directory::withdraw(tx, account, &found)?;
    tx.execute("DELETE FROM pgp_published WHERE account = $1 AND id = $2", params![account, found.id])?;
    let changed = tx.next_id();
    tx.execute(
        "UPDATE pgp_key SET state = 'retired', published = 0, changed = $3 WHERE account = $1 AND id = $2",
        params![account, found.id, changed],
    )?;
    Ok(OwnKey { state: KeyState::Retired, is_published: false, changed, ..found })
}

/// Destroys a key; mail that is encrypted to it opens no more, unless its owner has it elsewhere.
///
/// # Errors
/// If there is no such key.
pub fn remove(tx: &mut Tx<'_>, account: i64, given: &str) -> Result<OwnKey, KeybookError> {
    let found = named(tx, account, given)?;
    directory::withdraw(tx, account, &found)?;
    tx.execute("DELETE FROM pgp_published WHERE account = $1 AND id = $2", params![account, found.id])?;
    tx.execute("DELETE FROM pgp_key WHERE account = $1 AND id = $2", params![account, found.id])?;
    Ok(found)
}

/// Renews keys kept here that end soon, for `span`, and publishes them anew; gives how many.
///
/// # Errors
/// [`KeybookError`] if the store fails or a key does not open.
pub fn renew_due(tx: &mut Tx<'_>, span: Duration) -> Result<usize, KeybookError> {
    let now = tx.now();
    let due = tx.rows(
        "SELECT account, id, private, published FROM pgp_key
         WHERE state = 'active' AND expires > 0 AND expires < $1 AND custody = 'server' ORDER BY expires LIMIT $2",
        params![now.plus(RENEW_BEFORE).millis(), RENEWED_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec(), row.flag(3)?)),
    )?;
    for (account, id, private, is_published) in &due {
        let (account, id) = (*account, *id);
        let renewed = open_private(tx, account, id, private)?.renew(span, now, &*tx.context().entropy)?;
        let (certificate, key) = (renewed.certificate(), tx.context().keys.account(tx, account)?);
        record(tx, account, &certificate.fingerprint(), KeyPurpose::Renew)?;
        let expires = certificate.check(now)?.expires;
        let detail = Detail { fingerprint: certificate.fingerprint(), certificate: certificate.to_bytes() };
        let detail = owned::seal(tx, Owner::Account(account), DETAIL, id, &detail)?;
        let octets = renewed.to_bytes()?;
        let entropy = &*tx.context().entropy;
        let private = key.sealing().seal(entropy, &private_place(account, id), octets.expose());
        let (expires, changed) = (expires.map_or(0, Timestamp::millis), tx.next_id());
        tx.execute(
            "UPDATE pgp_key SET expires = $3, changed = $4, detail = $5, private = $6 WHERE account = $1 AND id = $2",
            params![account, id, expires, changed, &detail, &private],
        )?;
        if *is_published {
            put_published(tx, account, id, &certificate)?;
        }
    }
    Ok(due.len())
}
