//! App passwords: made by us for one device, good for some protocols, shown once.
//!
//! An app password is random and long, so a keyed hash suffices to keep it: there is nothing to guess that Argon2 would slow down.
//! For SCRAM all passwords of an account share one salt, or the server could not tell which of them a client is about to prove.

use std::net::IpAddr;
use std::time::Duration;

use env::{Entropy, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Notice, Tx, params};
use wire::sasl::{Candidate, StoredKeys};

use crate::account::take_account;
use crate::password::{SCRAM_ITERATIONS, open_scram, random_salt, seal_scram};
use crate::secret_token::hash_token;
use crate::{Client, IdentityError, Protocol, Scope, sealed};

/// App passwords of one account.
pub const APP_PASSWORDS_MAX: usize = 32;

/// Bytes of a label.
const LABEL_BYTES_MAX: usize = 100;

/// Letters that cannot be mistaken for one another: 5 bits each.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Letters of an app password: 100 bits.
const LETTERS_COUNT: usize = 20;

/// Letters between two hyphens.
const GROUP: usize = 4;

/// The last use is written again only after this time: clients connect many times a minute.
const USE_NOTED_EVERY: Duration = Duration::from_secs(600);

const DETAIL: &str = "app_password.detail";

/// An app password to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAppPassword {
    /// The device that it is for, in its owner's words.
    pub label: String,
    /// What it may be used for.
    pub scope: Scope,
    /// When it stops to work; `None` for never.
    pub expires: Option<Timestamp>,
}

/// An app password, without the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPassword {
    /// Its number.
    pub id: i64,
    /// What it is for.
    pub what: NewAppPassword,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, to about ten minutes.
    pub used: Option<Timestamp>,
    /// From where.
    pub used_from: Option<IpAddr>,
    /// By what, in the client's own words.
    pub used_by: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Detail {
    label: String,
    #[serde(default)]
    address: Option<IpAddr>,
    #[serde(default)]
    agent: Option<String>,
}

/// A fresh app password with its SCRAM keys, which take some milliseconds to derive: made before the transaction that keeps it.
pub struct PreparedAppPassword {
    secret: Secret<String>,
    keys: StoredKeys,
}

impl PreparedAppPassword {
    /// Makes one for an account whose passwords have `salt` (see [`scram_salt`]).
    ///
    /// # Errors
    /// [`IdentityError`] if no keys can be derived.
    pub fn new(salt: &[u8], entropy: &dyn Entropy) -> Result<Self, IdentityError> {
        let secret = make(entropy);
        let keys = StoredKeys::derive(secret.expose(), salt, SCRAM_ITERATIONS)
            .map_err(|error| crate::password::PasswordError::Hash(error.to_string()))?;
        Ok(Self { secret, keys })
    }

    /// The app password, to be shown once.
    #[must_use]
    pub fn secret(&self) -> &Secret<String> {
        &self.secret
    }
}

/// The salt that SCRAM keys of the account's passwords have in common; a fresh one if it has none yet.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn scram_salt(tx: &mut Tx<'_>, account: i64) -> Result<Vec<u8>, IdentityError> {
    let row = tx.row(
        "SELECT id, scram FROM credential WHERE account = $1 AND scram IS NOT NULL
         UNION ALL SELECT id, scram FROM app_password WHERE account = $1 ORDER BY 1 DESC LIMIT 1",
        params![account],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    match row {
        Some((id, scram)) => Ok(open_scram(tx, account, id, &scram)?.salt),
        None => Ok(random_salt(&*tx.context().entropy).to_vec()),
    }
}

/// Keeps an app password for the account; gives its number.
///
/// # Errors
/// [`IdentityError`] if the account has too many, the label or the scope is empty, or there is no such account.
pub fn add_app_password(
    tx: &mut Tx<'_>,
    account: i64,
    new: &NewAppPassword,
    prepared: &PreparedAppPassword,
) -> Result<i64, IdentityError> {
    take_account(tx, account)?;
    let label = new.label.trim();
    if label.is_empty() || label.len() > LABEL_BYTES_MAX {
        return Err(IdentityError::Name { what: "the label of an app password", bytes_max: LABEL_BYTES_MAX });
    }
    if new.scope.protocols().all(|protocol| protocol == Protocol::Web) {
        return Err(IdentityError::Condition("an app password is for imap, smtp or both"));
    }
    let count = tx.row("SELECT COUNT(*) FROM app_password WHERE account = $1", params![account], |row| row.int(0))?;
    if count.unwrap_or(0).unsigned_abs() >= APP_PASSWORDS_MAX as u64 {
        return Err(IdentityError::TooManyAppPasswords(APP_PASSWORDS_MAX));
    }
    let id = tx.next_id();
    let secret = hash(tx, &prepared.secret);
    let scram = seal_scram(tx, account, id, &prepared.keys)?;
    let detail = Detail { label: label.to_owned(), ..Detail::default() };
    let detail = sealed::seal(tx, account, DETAIL, id, &detail)?;
    let expires = new.expires.map_or(0, Timestamp::millis);
    tx.execute(
        "INSERT INTO app_password (account, id, secret, scram, scope, detail, created, used, expires)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)",
        params![
            account,
            id,
            secret.as_slice(),
            &scram,
            new.scope.to_string().as_str(),
            &detail,
            tx.now().millis(),
            expires
        ],
    )?;
    Ok(id)
}

/// The account's app passwords, oldest first.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_app_passwords(tx: &mut Tx<'_>, account: i64) -> Result<Vec<AppPassword>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, scope, detail, created, used, expires FROM app_password WHERE account = $1 ORDER BY id",
        params![account],
        |row| {
            let numbers = [row.int(3)?, row.int(4)?, row.int(5)?];
            Ok((row.int(0)?, row.text(1)?.to_owned(), row.bytes(2)?.to_vec(), numbers))
        },
    )?;
    let mut found = Vec::with_capacity(rows.len());
    for (id, scope, detail, [created, used, expires]) in rows {
        let detail: Detail = sealed::open(tx, account, DETAIL, id, &detail)?;
        found.push(AppPassword {
            id,
            what: NewAppPassword { label: detail.label, scope: scope.parse()?, expires: moment(expires) },
            created: Timestamp::from_millis(created),
            used: moment(used),
            used_from: detail.address,
            used_by: detail.agent,
        });
    }
    Ok(found)
}

/// Takes an app password away; what is signed in with it ends at once.
///
/// # Errors
/// [`IdentityError::NoAppPassword`], or the store's.
pub fn revoke_app_password(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(), IdentityError> {
    let deleted = tx.execute("DELETE FROM app_password WHERE account = $1 AND id = $2", params![account, id])?;
    tx.notify(Notice::SignIns(account));
    if deleted == 1 { Ok(()) } else { Err(IdentityError::NoAppPassword(id)) }
}

/// An app password that was found by its secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) id: i64,
    pub(crate) scope: Scope,
    pub(crate) used: Timestamp,
}

/// The account's app password with this secret, if it is still good.
pub(crate) fn find(tx: &mut Tx<'_>, account: i64, text: &Secret<String>) -> Result<Option<Found>, IdentityError> {
    let Some(secret) = normal_form(text.expose()) else { return Ok(None) };
    let hash = hash(tx, &secret);
    load(
        tx,
        "SELECT id, scope, used FROM app_password WHERE account = $1 AND secret = $2 AND (expires = 0 OR expires > $3)",
        params![account, hash.as_slice(), tx.now().millis()],
    )
}

/// The account's app password with this number, if it is still good.
pub(crate) fn find_by_id(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Option<Found>, IdentityError> {
    load(
        tx,
        "SELECT id, scope, used FROM app_password WHERE account = $1 AND id = $2 AND (expires = 0 OR expires > $3)",
        params![account, id, tx.now().millis()],
    )
}

fn load(tx: &mut Tx<'_>, sql: &'static str, params: &[store::Value<'_>]) -> Result<Option<Found>, IdentityError> {
    let row = tx.row(sql, params, |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.int(2)?)))?;
    let Some((id, scope, used)) = row else { return Ok(None) };
    Ok(Some(Found { id, scope: scope.parse()?, used: Timestamp::from_millis(used) }))
}

/// SCRAM keys of those of the account's app passwords that are good for `protocol`.
pub(crate) fn scram_candidates(
    tx: &mut Tx<'_>,
    account: i64,
    protocol: Protocol,
) -> Result<Vec<Candidate>, IdentityError> {
    let rows = tx.rows(
        "SELECT id, scope, scram FROM app_password WHERE account = $1 AND (expires = 0 OR expires > $2) ORDER BY id",
        params![account, tx.now().millis()],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.bytes(2)?.to_vec())),
    )?;
    let mut candidates = Vec::new();
    for (id, scope, scram) in rows {
        if scope.parse::<Scope>()?.covers(protocol) {
            candidates.push(Candidate { id, keys: open_scram(tx, account, id, &scram)? });
        }
    }
    Ok(candidates)
}

/// Whether a use is to be written down.
pub(crate) fn is_use_due(found: &Found, now: Timestamp) -> bool {
    now.since(found.used) >= USE_NOTED_EVERY
}

/// Writes down when and from where the app password was used.
pub(crate) fn note_use(tx: &mut Tx<'_>, account: i64, id: i64, client: &Client) -> Result<(), IdentityError> {
    let detail =
        tx.row("SELECT detail FROM app_password WHERE account = $1 AND id = $2", params![account, id], |row| {
            Ok(row.bytes(0)?.to_vec())
        })?;
    let Some(detail) = detail else { return Ok(()) };
    let mut detail: Detail = sealed::open(tx, account, DETAIL, id, &detail)?;
    detail.address = Some(client.address);
    detail.agent.clone_from(&client.agent);
    let detail = sealed::seal(tx, account, DETAIL, id, &detail)?;
    tx.execute(
        "UPDATE app_password SET used = $1, detail = $2 WHERE account = $3 AND id = $4",
        params![tx.now().millis(), &detail, account, id],
    )?;
    Ok(())
}

fn hash(tx: &Tx<'_>, secret: &Secret<String>) -> [u8; 32] {
    let normal = normal_form(secret.expose()).unwrap_or_else(|| secret.clone());
    hash_token(tx, "app password", &normal)
}

fn make(entropy: &dyn Entropy) -> Secret<String> {
    let mut bytes = [0; LETTERS_COUNT];
    entropy.fill(&mut bytes);
    let mut text = String::with_capacity(LETTERS_COUNT + LETTERS_COUNT / GROUP);
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32, so each letter is equally likely.
        text.push(LETTERS.get(usize::from(byte % 32)).copied().map_or('a', char::from));
    }
    Secret::new(text)
}

/// The letters of an app password as it was made, however it was typed; none if the text cannot be one.
fn normal_form(text: &str) -> Option<Secret<String>> {
    if text.len() > 2 * LETTERS_COUNT {
        return None;
    }
    let letters: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
    let fits = letters.len() == LETTERS_COUNT && letters.bytes().all(|byte| LETTERS.contains(&byte));
    fits.then(|| Secret::new(letters))
}

fn moment(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn app_passwords_are_long_grouped_and_forgiving_to_type() {
        let entropy = env::SeededEntropy::new(3);
        let made = make(&entropy);
        let text = made.expose();
        assert_eq!(text.len(), 24, "{text}");
        assert!(text.split('-').all(|group| group.len() == 4));
        let spoken = text.replace('-', " ").to_uppercase();
        assert_eq!(normal_form(text).unwrap().expose(), normal_form(&spoken).unwrap().expose());
        assert_ne!(text, make(&entropy).expose());
        for other in ["", "abcd", "Lange-Leitung-7", "abcd-efgh-ijkm-npqr-stu1", &"a".repeat(1_000)] {
            assert!(normal_form(other).is_none(), "{other}");
        }
    }
}
