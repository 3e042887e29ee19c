//! Clients of the provisioning interface: each has a token of its own, of which only a hash is kept.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::{Secret, Timestamp};
use store::{Tx, params};

use crate::ProvisionError;

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// What tokens begin with, so that a leaked one is recognised.
const PREFIX: &str = "twscim_";

/// Clients of one organisation.
const CLIENTS_MAX: i64 = 100;

/// How often the time of use is written.
const USED_STEP: Duration = Duration::from_secs(60);

/// A client of the provisioning interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its identifier.
    pub id: i64,
    /// The organisation whose people it provisions.
    pub organisation: i64,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When its token ends; none if never.
    pub expires: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub used: Option<Timestamp>,
}

impl Client {
    /// Its name as a source of people.
    #[must_use]
    pub fn source(&self) -> String {
        format!("scim:{}", self.id)
    }
}

/// Makes a client; gives its token, which is not kept and cannot be told again.
///
/// # Errors
/// [`ProvisionError`] if the name is unusable or taken, or there are too many.
pub fn add(
    tx: &mut Tx<'_>,
    organisation: i64,
    name: &str,
    expires: Option<Timestamp>,
) -> Result<Secret<String>, ProvisionError> {
    if name.trim().is_empty() || name.len() > 100 {
        return Err(ProvisionError::Refused("the name of a client must have 1 to 100 bytes".to_owned()));
    }
    if list(tx, organisation)?.len() >= usize::try_from(CLIENTS_MAX).unwrap_or(0) {
        return Err(ProvisionError::Refused(format!(
            "there are {CLIENTS_MAX} clients, which is the limit; revoke one"
        )));
    }
    let mut bytes = [0; TOKEN_BYTES];
    tx.context().entropy.fill(&mut bytes);
    let token = Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)));
    let added = tx.execute(
        "INSERT INTO provision_client (id, organisation, name, token_hash, created, expires, used)
         VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (organisation, name) DO NOTHING",
        params![
            tx.next_id(),
            organisation,
            name,
            &hash(token.expose()),
            tx.now().millis(),
            expires.map_or(0, Timestamp::millis)
        ],
    )?;
    if added == 1 {
        return Ok(token);
    }
    Err(ProvisionError::Refused(format!("a client {name:?} is there already; revoke it first for a new token")))
}

/// The clients of an organisation, oldest first.
///
/// # Errors
/// [`ProvisionError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Client>, ProvisionError> {
    let sql = "SELECT id, organisation, name, created, expires, used FROM provision_client WHERE organisation = $1
               ORDER BY id LIMIT $2";
    Ok(tx.rows(sql, params![organisation, CLIENTS_MAX], read)?)
}

fn read(row: &store::Row<'_>) -> Result<Client, store::StoreError> {
    let some = |millis: i64| (millis != 0).then(|| Timestamp::from_millis(millis));
    Ok(Client {
        id: row.int(0)?,
        organisation: row.int(1)?,
        name: row.text(2)?.to_owned(),
        created: Timestamp::from_millis(row.int(3)?),
        expires: some(row.int(4)?),
        used: some(row.int(5)?),
    })
}

/// Ends a client's token, at once and on all nodes.
///
/// # Errors
/// [`ProvisionError`] if there is no such client.
pub fn revoke(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), ProvisionError> {
    let gone =
        tx.execute("DELETE FROM provision_client WHERE organisation = $1 AND name = $2", params![organisation, name])?;
    if gone == 1 { Ok(()) } else { Err(ProvisionError::Refused(format!("there is no client {name:?}"))) }
}

/// The client whose token this is, if there is one and its time is not over.
///
/// # Errors
/// [`ProvisionError`] if the store fails; then nobody is let in.
pub fn find(tx: &mut Tx<'_>, token: &str) -> Result<Option<Client>, ProvisionError> {
    if !token.starts_with(PREFIX) {
        return Ok(None);
    }
    // Looked up by its hash: how long that takes says nothing of the token.
    let sql = "SELECT id, organisation, name, created, expires, used FROM provision_client WHERE token_hash = $1";
    let found = tx.row(sql, params![&hash(token)], read)?;
    let now = tx.now();
    Ok(found.filter(|client| client.expires.is_none_or(|expires| now < expires)))
}

/// Notes that the client was used.
///
/// # Errors
/// [`ProvisionError`] if the store fails.
pub fn note_use(tx: &mut Tx<'_>, client: &Client) -> Result<(), ProvisionError> {
    let now = tx.now();
    if client.used.is_none_or(|used| now.since(used) >= USED_STEP) {
        tx.execute("UPDATE provision_client SET used = $1 WHERE id = $2", params![now.millis(), client.id])?;
    }
    Ok(())
}

fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}
