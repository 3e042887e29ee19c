//! Replies of a partner, encrypted in his browser to the key that the sender's browser made for the delivery.

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Tx, params};

use crate::delivery::{Delivery, Part, check_parts};
use crate::sealed::{octets, open, seal};
use crate::{PortalError, PortalSettings};

const PLACE: &str = "portal reply";

/// A reply that has come.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its number.
    pub id: i64,
    /// When it was begun.
    pub created: Timestamp,
    /// What opens it.
    pub answer: Answer,
}

/// What a partner's browser tells of a reply. Octets are in base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Public key (X25519) made for this reply, 32 octets.
    pub public_key: String,
    /// The reply's content key under the key that both sides derive.
    pub key: String,
    /// The message and its files.
    pub parts: Vec<Part>,
}

/// Makes room for a reply to a delivery that is visited; gives its number.
///
/// # Errors
/// [`PortalError::TooMuch`] if there are as many as may be.
pub fn begin(tx: &mut Tx<'_>, delivery: &Delivery, settings: &PortalSettings) -> Result<i64, PortalError> {
    let (account, id) = (delivery.account, tx.next_id());
    let made = tx.row(
        "SELECT COUNT(*) FROM portal_reply WHERE account = $1 AND delivery = $2",
        params![account, delivery.id],
        |row| row.uint32(0),
    )?;
    if made.unwrap_or(0) >= settings.replies_max {
        return Err(PortalError::TooMuch(format!("a delivery may have at most {} replies", settings.replies_max)));
    }
    tx.execute(
        "INSERT INTO portal_reply (account, delivery, id, state, created, detail) VALUES ($1, $2, $3, 'draft', $4, $5)",
        params![account, delivery.id, id, tx.now().millis(), &b""[..]],
    )?;
    Ok(id)
}

/// Whether the reply waits for its chunks.
pub(crate) fn is_draft(tx: &mut Tx<'_>, account: i64, delivery: i64, reply: i64) -> Result<bool, PortalError> {
    let state = tx.row(
        "SELECT state FROM portal_reply WHERE account = $1 AND delivery = $2 AND id = $3",
        params![account, delivery, reply],
        |row| Ok(row.text(0)? == "draft"),
    )?;
    state.ok_or(PortalError::NoDelivery)
}

/// Hands a reply to the sender, once every chunk is there.
///
/// # Errors
/// [`PortalError`] if one is missing, or it was sent before.
pub fn send(tx: &mut Tx<'_>, delivery: &Delivery, reply: i64, answer: &Answer) -> Result<(), PortalError> {
    octets("public_key", &answer.public_key, (32, 32))?;
    octets("key", &answer.key, (60, 60))?;
    if !is_draft(tx, delivery.account, delivery.id, reply)? {
        return Err(PortalError::State);
    }
    check_parts(tx, delivery.account, delivery.id, reply, &answer.parts)?;
    let sealed = seal(tx, delivery.account, PLACE, reply, answer)?;
    tx.execute(
        "UPDATE portal_reply SET state = 'sent', detail = $4 WHERE account = $1 AND delivery = $2 AND id = $3",
        params![delivery.account, delivery.id, reply, &sealed],
    )?;
    Ok(())
}

/// The replies to a delivery, the oldest first.
///
/// # Errors
/// [`PortalError::Store`].
pub fn list(tx: &mut Tx<'_>, delivery: &Delivery) -> Result<Vec<Reply>, PortalError> {
    let rows = tx.rows(
        "SELECT id, created, detail FROM portal_reply WHERE account = $1 AND delivery = $2 AND state = 'sent' ORDER BY id",
        params![delivery.account, delivery.id],
        |row| Ok((row.int(0)?, Timestamp::from_millis(row.int(1)?), row.bytes(2)?.to_vec())),
    )?;
    let mut replies = Vec::new();
    for (id, created, sealed) in rows {
        replies.push(Reply { id, created, answer: open(tx, delivery.account, PLACE, id, &sealed)? });
    }
    Ok(replies)
}
