//! The device authorization grant (RFC 8628): a person allows on another screen what a device shows a code for.

use std::time::Duration;

use env::{Entropy, Secret, Timestamp};
use store::{Tx, params};

use super::grants::give;
use super::tokens::{Issued, issue};
use super::{Answer, OAuthClient, OAuthError, OAuthScope};
use crate::secret_token::{hash_token, make_token};
use crate::{Client, IdentityError, Principal};

/// How long the codes are good.
const CODES_LIFE: Duration = Duration::from_secs(900);

/// Seconds that a device waits between two questions.
const INTERVAL: Duration = Duration::from_secs(5);

/// Codes of one client that wait at the same time: more would make the short codes easier to guess.
const WAITING_MAX: i64 = 1_000;

/// Letters of a user code: consonants alone, so that no words come out (RFC 8628 section 6.1).
const LETTERS: &[u8; 16] = b"BCDFGHJKLMNPQRST";

/// Letters of a user code: 40 bits.
const LETTERS_COUNT: usize = 10;

/// Codes for a device and its person.
#[derive(Debug)]
pub struct DeviceCodes {
    /// What the device asks with.
    pub device_code: Secret<String>,
    /// What the person types.
    pub user_code: String,
    /// How long both are good.
    pub expires_in: Duration,
    /// Wait between two questions.
    pub interval: Duration,
}

/// A device that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDevice {
    /// Identifier of its client.
    pub client: String,
    /// What it asks for.
    pub scope: OAuthScope,
}

/// Begins: gives the codes.
///
/// # Errors
/// [`OAuthError`] for the client.
pub fn begin_device(tx: &mut Tx<'_>, client: &OAuthClient, scope: OAuthScope) -> Answer<DeviceCodes> {
    if scope.is_empty() || !scope.is_within(client.scope) {
        return Ok(Err(OAuthError::InvalidScope));
    }
    let now = tx.now();
    tx.execute("DELETE FROM oauth_device WHERE expires <= $1", params![now.millis()])?;
    let waiting =
        tx.row("SELECT COUNT(*) FROM oauth_device WHERE client = $1", params![client.id.as_str()], |row| row.int(0))?;
    if waiting.unwrap_or(0) >= WAITING_MAX {
        return Ok(Err(OAuthError::SlowDown));
    }
    let entropy = std::sync::Arc::clone(&tx.context().entropy);
    let (device_code, user_code) = (make_token(&*entropy), make_user_code(&*entropy));
    let (device, user) = (hash_token(tx, DEVICE, &device_code), user_hash(tx, &user_code));
    tx.execute(
        "INSERT INTO oauth_device (device, user_code, client, scope, state, account, grant_id, polled, expires)
         VALUES ($1, $2, $3, $4, 'waiting', 0, 0, 0, $5)",
        params![
            device.as_slice(),
            user.as_slice(),
            client.id.as_str(),
            scope.to_string().as_str(),
            now.plus(CODES_LIFE).millis()
        ],
    )?;
    Ok(Ok(DeviceCodes { device_code, user_code, expires_in: CODES_LIFE, interval: INTERVAL }))
}

/// The device that waits under a user code, however it was typed.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn find_device(tx: &mut Tx<'_>, user_code: &str) -> Result<Option<PendingDevice>, IdentityError> {
    let hash = user_hash(tx, user_code);
    let row = tx.row(
        "SELECT client, scope FROM oauth_device WHERE user_code = $1 AND state = 'waiting' AND expires > $2",
        params![hash.as_slice(), tx.now().millis()],
        |row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())),
    )?;
    let Some((client, scope)) = row else { return Ok(None) };
    Ok(Some(PendingDevice { client, scope: scope.parse()? }))
}

/// A person has decided about the device with this user code. Says whether it still waited.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn decide_device(
    tx: &mut Tx<'_>,
    principal: &Principal,
    user_code: &str,
    allow: bool,
    from: &Client,
) -> Result<bool, IdentityError> {
    let Some(pending) = find_device(tx, user_code)? else { return Ok(false) };
    let Some(client) = super::find_client(tx, &pending.client)? else { return Ok(false) };
    let may = client.organisation.is_none_or(|organisation| organisation == principal.organisation);
    let hash = user_hash(tx, user_code);
    let (state, grant) =
        if allow && may { ("allowed", give(tx, principal, &client.id, pending.scope, from)?) } else { ("denied", 0) };
    tx.execute(
        "UPDATE oauth_device SET state = $1, account = $2, grant_id = $3 WHERE user_code = $4",
        params![state, principal.account, grant, hash.as_slice()],
    )?;
    Ok(may)
}

/// A device asks whether it has been allowed (RFC 8628 section 3.4).
///
/// # Errors
/// [`OAuthError`] for the client, among them that nobody has decided yet.
pub fn poll_device(tx: &mut Tx<'_>, client: &OAuthClient, device_code: &Secret<String>) -> Answer<Issued> {
    let hash = hash_token(tx, DEVICE, device_code);
    let row = tx.row(
        "SELECT client, state, scope, account, grant_id, polled, expires FROM oauth_device WHERE device = $1",
        params![hash.as_slice()],
        |row| {
            let words = [row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.text(2)?.to_owned()];
            Ok((words, [row.int(3)?, row.int(4)?, row.int(5)?, row.int(6)?]))
        },
    )?;
    let Some(([owner, state, scope], [account, grant, polled, expires])) = row else {
        return Ok(Err(OAuthError::InvalidGrant));
    };
    if owner != client.id {
        return Ok(Err(OAuthError::InvalidGrant));
    }
    let now = tx.now();
    if expires <= now.millis() {
        return Ok(Err(OAuthError::ExpiredToken));
    }
    match state.as_str() {
        "allowed" => {
            tx.execute("DELETE FROM oauth_device WHERE device = $1", params![hash.as_slice()])?;
            issue(tx, account, grant, scope.parse()?, None).map(Ok)
        }
        "denied" => {
            tx.execute("DELETE FROM oauth_device WHERE device = $1", params![hash.as_slice()])?;
            Ok(Err(OAuthError::AccessDenied))
        }
        _ => {
            let is_early = now.since(Timestamp::from_millis(polled)) < INTERVAL;
            tx.execute(
                "UPDATE oauth_device SET polled = $1 WHERE device = $2",
                params![now.millis(), hash.as_slice()],
            )?;
            Ok(Err(if is_early { OAuthError::SlowDown } else { OAuthError::AuthorizationPending }))
        }
    }
}

const DEVICE: &str = "device code";

fn make_user_code(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; LETTERS_COUNT];
    entropy.fill(&mut bytes);
    let mut text = String::with_capacity(LETTERS_COUNT + 1);
    for (at, byte) in bytes.iter().enumerate() {
        if at == LETTERS_COUNT / 2 {
            text.push('-');
        }
        text.push(LETTERS.get(usize::from(byte % 16)).copied().map_or('B', char::from));
    }
    text
}

/// Upper case, hyphens and spaces do not count.
fn user_hash(tx: &Tx<'_>, user_code: &str) -> [u8; 32] {
    let letters = user_code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).take(32);
    hash_token(tx, "user code", &Secret::new(letters.collect()))
}
