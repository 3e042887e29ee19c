//! Keys of OpenPGP: of accounts, and of the correspondents of an organisation.

use std::time::Duration;

use ::openpgp::{Certificate, KeyVersion, PreferEncrypt, PrivateKey, Wish};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{Secret, Timestamp};
use keybook::{KeybookError, Learned, NewKey, Origin, OwnKey, PartnerKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, Refused};

/// A key to be brought to an account.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyToImport {
    /// An address of the account.
    pub address: String,
    /// The key in armor: private, to be kept here, or public, if its owner keeps the private one.
    pub key: String,
    /// What the private key is under.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// A private key to be taken out.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyToExport {
    /// An address of the account.
    pub address: String,
    /// How its fingerprint begins; the key in use if left out.
    #[serde(default)]
    pub key_id: Option<String>,
    /// What it is to be put under, at least 12 characters.
    pub passphrase: String,
}

impl std::fmt::Debug for KeyToImport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyToImport({})", self.address)
    }
}

impl std::fmt::Debug for KeyToExport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyToExport({}, {:?})", self.address, self.key_id)
    }
}

fn own_row(key: &OwnKey, now: Timestamp) -> Value {
    let standing = key.certificate.check(now);
    json!({
        "fingerprint": key.fingerprint,
        "state": key.state.as_str(),
        "custody": key.custody.as_str(),
        "published": key.is_published,
        "since": key.created.to_string(),
        "expires": key.expires.map(|at| at.to_string()),
        "names": standing.as_ref().map_or_else(|_| Vec::new(), |it| it.user_ids.iter().map(|id| id.text.clone()).collect()),
        "algorithms": standing.as_ref().map_or("", |it| it.algorithms.as_str()),
        "trouble": standing.as_ref().err().map(ToString::to_string),
    })
}

fn partner_row(key: &PartnerKey, now: Timestamp) -> Value {
    let standing = key.certificate.check_encrypts(now);
    json!({
        "address": key.address,
        "fingerprint": key.fingerprint,
        "state": key.state.as_str(),
        "origin": key.origin.as_str(),
        "verified": key.is_verified,
        "first_seen": key.first_seen.to_string(),
        "last_seen": key.last_seen.to_string(),
        "expires": standing.as_ref().ok().and_then(|it| it.expires).map(|at| at.to_string()),
        "prefers": key.prefer.as_str(),
        "trouble": standing.err().map(|error| error.to_string()),
    })
}

/// Reads something of the account at `address`.
async fn look<T: Send + 'static>(
    controls: &Controls,
    address: String,
    read: impl FnOnce(&mut Tx<'_>, i64) -> Result<T, KeybookError> + Send + 'static,
) -> Result<T, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        let account = account_of(tx, &address)?;
        read(tx, account)
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// Changes something of the account at `address`.
async fn change<T: Send + 'static>(
    controls: &Controls,
    address: String,
    mut work: impl FnMut(&mut Tx<'_>, i64) -> Result<T, KeybookError> + Send + 'static,
) -> Result<T, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        let account = account_of(tx, &address)?;
        work(tx, account)
    };
    controls.store.write(work).await.map_err(Refused::because)
}

fn account_of(tx: &mut Tx<'_>, address: &str) -> Result<i64, KeybookError> {
    let found = identity::find_by_address(tx, address)?;
    Ok(found.ok_or_else(|| identity::IdentityError::NoAccount(address.to_owned()))?)
}

pub(super) async fn list(controls: &Controls, address: String) -> Result<Value, Refused> {
    let (keys, now) = (look(controls, address, keybook::list).await?, controls.store.context().clock.now());
    Ok(keys.iter().map(|key| own_row(key, now)).collect())
}

/// Makes a key for all addresses of the account.
pub(super) async fn make(controls: &Controls, address: String, version: Option<String>) -> Result<Value, Refused> {
    let version = match version.as_deref() {
        None | Some("4") => KeyVersion::V4,
        Some("6") => KeyVersion::V6,
        Some(other) => return Err(Refused(format!("{other:?} is no version of keys; use 4, which all read, or 6"))),
    };
    let valid_for = Duration::from_secs(controls.elsewhere.openpgp().valid_days.saturating_mul(86_400));
    let made = change(controls, address, move |tx, account| {
        let found = identity::load_account(tx, account)?;
        let wish = Wish { name: &plain_name(&found.name), addresses: &found.addresses, version, valid_for };
        let key = PrivateKey::generate(&wish, tx.now(), &*tx.context().entropy)?;
        keybook::add(tx, account, &NewKey::Private(&key))
    });
    Ok(own_row(&made.await?, controls.store.context().clock.now()))
}

/// A shown name without what cannot stand in a key.
fn plain_name(name: &str) -> String {
    name.chars().filter(|it| !it.is_control() && !matches!(it, '<' | '>' | '@')).take(60).collect()
}

pub(super) async fn import(controls: &Controls, given: KeyToImport) -> Result<Value, Refused> {
    let KeyToImport { address, key, passphrase } = given;
    let (key, passphrase) = (Secret::new(key), Secret::new(passphrase.unwrap_or_default()));
    let brought = change(controls, address, move |tx, account| match Certificate::parse(key.expose().as_bytes()) {
        Ok(public) => keybook::add(tx, account, &NewKey::Sealed(&public, &[])),
        Err(::openpgp::PgpError::IsPrivate) => {
            let private = PrivateKey::parse(key.expose().as_bytes(), &passphrase)?;
            keybook::add(tx, account, &NewKey::Private(&private))
        }
        Err(error) => Err(error.into()),
    });
    Ok(own_row(&brought.await?, controls.store.context().clock.now()))
}

pub(super) async fn publish(
    controls: &Controls,
    address: String,
    key_id: Option<String>,
    on: bool,
) -> Result<Value, Refused> {
    let given = key_id.unwrap_or_default();
    let key = change(controls, address, move |tx, account| keybook::publish(tx, account, &given, on)).await?;
    // Colleagues see it in the log at once.
    super::audit::seal_now(controls).await?;
    Ok(own_row(&key, controls.store.context().clock.now()))
}

/// What a key's owner has sealed anew.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyToReseal {
    /// An address of the account.
    pub address: String,
    /// The key, by its fingerprint.
    pub key_id: String,
    /// What is kept of the private key from now on, in Base64. It says nothing to the server.
    pub sealed_private: String,
    /// SHA-256, in hexadecimal, of what was kept before.
    pub replaces: String,
}

pub(super) async fn reseal(controls: &Controls, given: KeyToReseal) -> Result<Value, Refused> {
    let KeyToReseal { address, key_id, sealed_private, replaces } = given;
    let unread = |name: &str, form: &str| Refused(format!("{name}: give it in {form}"));
    let sealed = STANDARD.decode(&sealed_private).map_err(|_| unread("sealed_private", "Base64"))?;
    let octet = |at: usize| replaces.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let before: Option<Vec<u8>> = (0..replaces.len()).step_by(2).map(octet).collect();
    let before: [u8; 32] =
        before.and_then(|octets| octets.try_into().ok()).ok_or_else(|| unread("replaces", "64 hexadecimal digits"))?;
    let key = change(controls, address, move |tx, account| keybook::reseal(tx, account, &key_id, &sealed, &before));
    Ok(own_row(&key.await?, controls.store.context().clock.now()))
}

pub(super) async fn retire(controls: &Controls, address: String, key_id: String) -> Result<Value, Refused> {
    let key = change(controls, address, move |tx, account| keybook::retire(tx, account, &key_id)).await?;
    super::audit::seal_now(controls).await?;
    Ok(own_row(&key, controls.store.context().clock.now()))
}

pub(super) async fn remove(controls: &Controls, address: String, key_id: String) -> Result<Value, Refused> {
    // Without a name the key in use would go.
    if key_id.trim().is_empty() {
        return Err(Refused("name the key by the beginning of its fingerprint; see tradewind openpgp list".to_owned()));
    }
    let key = change(controls, address, move |tx, account| keybook::remove(tx, account, &key_id)).await?;
    super::audit::seal_now(controls).await?;
    Ok(json!({ "removed": key.fingerprint }))
}

/// The public side, for everybody.
pub(super) async fn export(controls: &Controls, address: String, key_id: Option<String>) -> Result<Value, Refused> {
    let keys = look(controls, address, keybook::list).await?;
    let wanted = key_id.unwrap_or_default().to_ascii_uppercase();
    let key = keys.into_iter().find(|it| it.fingerprint.starts_with(&wanted));
    let key = key.ok_or_else(|| Refused::because(KeybookError::NoKey))?;
    let armored = key.certificate.to_armored().map_err(Refused::because)?;
    Ok(json!({ "fingerprint": key.fingerprint, "key": armored }))
}

pub(super) async fn export_private(controls: &Controls, given: KeyToExport) -> Result<Value, Refused> {
    let KeyToExport { address, key_id, passphrase } = given;
    let (given, passphrase) = (key_id.unwrap_or_default(), Secret::new(passphrase));
    let read = move |tx: &mut Tx<'_>, account| keybook::export_private(tx, account, &given, &passphrase);
    let armored = change(controls, address, read).await?;
    Ok(json!({ "key": armored.expose() }))
}

/// Does something to the keys that an organisation knows of others.
async fn with_organisation<T: Send + 'static>(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
    mut work: impl FnMut(&mut Tx<'_>, i64) -> Result<T, KeybookError> + Send + 'static,
) -> Result<T, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        work(tx, organisation)
    };
    controls.store.write(work).await.map_err(Refused::because)
}

pub(super) async fn partners(
    controls: &Controls,
    by: &Bounds,
    partner: Option<String>,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let read = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        keybook::list_partners(tx, organisation, partner.as_deref())
    };
    let (keys, now) =
        (controls.store.read(read).await.map_err(Refused::because)?, controls.store.context().clock.now());
    Ok(keys.iter().map(|key| partner_row(key, now)).collect())
}

pub(super) async fn add_partner(
    controls: &Controls,
    by: &Bounds,
    partner: String,
    key: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let certificate = Certificate::parse(key.as_bytes()).map_err(Refused::because)?;
    let learned = with_organisation(controls, by, organisation, move |tx, organisation| {
        let given = (Origin::Given, PreferEncrypt::NoPreference);
        let learned = keybook::learn(tx, organisation, &partner, &certificate, given)?;
        Ok((learned, keybook::list_partners(tx, organisation, Some(&partner))?))
    });
    let (learned, keys) = learned.await?;
    let now = controls.store.context().clock.now();
    Ok(
        json!({ "learned": learned_word(learned), "keys": keys.iter().map(|key| partner_row(key, now)).collect::<Vec<_>>() }),
    )
}

const fn learned_word(learned: Learned) -> &'static str {
    match learned {
        Learned::New => "new",
        Learned::Known => "known",
        Learned::Changed => "changed",
        Learned::Waits => "waits",
    }
}

pub(super) async fn verify(
    controls: &Controls,
    by: &Bounds,
    partner: String,
    fingerprint: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let verified = with_organisation(controls, by, organisation, move |tx, organisation| {
        keybook::verify(tx, organisation, &partner, &fingerprint)
    });
    Ok(partner_row(&verified.await?, controls.store.context().clock.now()))
}

pub(super) async fn forget(
    controls: &Controls,
    by: &Bounds,
    partner: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let name = partner.clone();
    let forgotten = with_organisation(controls, by, organisation, move |tx, organisation| {
        keybook::forget(tx, organisation, &partner)
    });
    Ok(json!({ "address": name, "forgotten": forgotten.await? }))
}

/// Asks the web key directory of a correspondent now.
pub(super) async fn look_up(
    controls: &Controls,
    by: &Bounds,
    partner: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (bounds, name) = (*by, organisation.clone());
    let pick = move |tx: &mut Tx<'_>| pick_organisation(tx, &bounds, name.as_deref());
    let picked = controls.store.read(pick).await.map_err(Refused::because)?;
    let finder = controls.elsewhere.key_finder()?;
    let learned = finder.look_up(picked, &partner).await.map_err(Refused::because)?;
    let keys = partners(controls, by, Some(partner), organisation).await?;
    Ok(json!({ "learned": learned.map_or("nothing", learned_word), "keys": keys }))
}
