//! Clients that have signed in to an account before: devices that hold a token of ours, and mail programs that come again from the same
//! network and call themselves the same. A guesser elsewhere must not lock them out.

use std::net::IpAddr;

use env::{Entropy, Secret};
use store::{Keyring, Tx, params};

use crate::throttle::network_of;
use crate::{Client, DeviceId, IdentityError};

/// Days after which a client that has not come back is no longer known.
pub(crate) const KNOWN_DAYS: i64 = 90;

/// Known clients of an account; when there are more, the one longest unseen goes.
const KNOWN_MAX: i64 = 64;

const TOKEN_BYTES: usize = 32;

/// A client as it is known again: keyed hash, from which nothing of it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientMark([u8; 32]);

impl ClientMark {
    /// Its bytes, for the database.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The mark of a client: of its device token if it has shown one, else of network, protocol and agent.
    #[must_use]
    pub fn of(keys: &Keyring, client: &Client) -> Self {
        let value = match client.device {
            Some(DeviceId(id)) => [&b"device "[..], &id].concat(),
            None => {
                let network = match network_of(client.address) {
                    IpAddr::V4(address) => address.octets().to_vec(),
                    IpAddr::V6(address) => address.octets().to_vec(),
                };
                let agent = client.agent.as_deref().unwrap_or_default();
                [b"client ", client.protocol.as_str().as_bytes(), b" ", &network, agent.as_bytes()].concat()
            }
        };
        Self(keys.region().hashing().hash(&value))
    }
}

/// A fresh token for a device to keep, as in a cookie. What is kept of it is [`device_of`] alone.
#[must_use]
pub fn generate_device_token(entropy: &dyn Entropy) -> Secret<String> {
    let mut bytes = [0; TOKEN_BYTES];
    entropy.fill(&mut bytes);
    Secret::new(::factors::webauthn::encode(&bytes))
}

/// The device that holds this token. Anybody can make a token up: it means something only for accounts that it has signed in to.
#[must_use]
pub fn device_of(keys: &Keyring, token: &Secret<String>) -> DeviceId {
    let text = Secret::new([b"device token ", token.expose().as_bytes()].concat());
    DeviceId(keys.region().hashing().hash(text.expose()))
}

/// Whether the account of `login` has been signed in to from this client in the last [`KNOWN_DAYS`].
pub(crate) fn is_known(tx: &mut Tx<'_>, login: &str, mark: &ClientMark) -> Result<bool, IdentityError> {
    let since = tx.now().millis() - KNOWN_DAYS * 86_400_000;
    let found = tx.row(
        "SELECT k.seen FROM address d JOIN known_client k ON k.account = d.account
         WHERE d.address = $1 AND k.mark = $2 AND k.seen > $3",
        params![login, &mark.0[..], since],
        |row| row.int(0),
    )?;
    Ok(found.is_some())
}

/// Notes that somebody has signed in to the account from this client.
pub(crate) fn note_known(tx: &mut Tx<'_>, account: i64, mark: &ClientMark) -> Result<(), IdentityError> {
    tx.execute(
        "INSERT INTO known_client (account, mark, seen) VALUES ($1, $2, $3)
         ON CONFLICT (account, mark) DO UPDATE SET seen = excluded.seen",
        params![account, &mark.0[..], tx.now().millis()],
    )?;
    let beyond = tx.row(
        "SELECT seen FROM known_client WHERE account = $1 ORDER BY seen DESC LIMIT 1 OFFSET $2",
        params![account, KNOWN_MAX],
        |row| row.int(0),
    )?;
    if let Some(seen) = beyond {
        tx.execute("DELETE FROM known_client WHERE account = $1 AND seen <= $2", params![account, seen])?;
    }
    Ok(())
}

/// No client of the account is known any more, as after its password was stolen.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn forget_known_clients(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    tx.execute("DELETE FROM known_client WHERE account = $1", params![account])?;
    Ok(())
}
