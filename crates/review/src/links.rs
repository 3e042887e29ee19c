//! Links by which a person says whose a sign-in was. Each is for one event and one answer, good once and for two weeks.
//!
//! Opening a link does nothing, as mail filters open links too; the page behind it has a button.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::{Store, Tx};
use subtle::ConstantTimeEq;
use watch::{Event, Said};

use crate::ReviewError;

/// How long after the sign-in a link may be used.
pub const LINK_LIFE: Duration = Duration::from_secs(14 * 86_400);

/// Bytes of the number, of the answer and of the proof.
const ID_BYTES: usize = 8;
const PROOF_BYTES: usize = 16;
const LINK_BYTES: usize = ID_BYTES + 1 + PROOF_BYTES;

/// What a link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Number of the sign-in.
    pub event: i64,
    /// Whose it was.
    pub said: Said,
}

/// The part of the address that makes the link.
#[must_use]
pub fn make(store: &Store, link: Link) -> String {
    let mut bytes = Vec::with_capacity(LINK_BYTES);
    bytes.extend_from_slice(&link.event.to_be_bytes());
    bytes.push(u8::from(link.said == Said::Mine));
    let proof = proof(store, &bytes);
    bytes.extend_from_slice(&proof);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a link that we have made.
///
/// # Errors
/// [`ReviewError::Forged`] for any other.
pub fn read(store: &Store, text: &str) -> Result<Link, ReviewError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ReviewError::Forged)?;
    let bytes = <[u8; LINK_BYTES]>::try_from(bytes).map_err(|_| ReviewError::Forged)?;
    let (said, shown) = bytes.split_at(ID_BYTES + 1);
    if !bool::from(proof(store, said).ct_eq(shown)) {
        return Err(ReviewError::Forged);
    }
    let (id, said) = said.split_first_chunk::<ID_BYTES>().ok_or(ReviewError::Forged)?;
    let said = if said == [1] { Said::Mine } else { Said::NotMine };
    Ok(Link { event: i64::from_be_bytes(*id), said })
}

fn proof(store: &Store, said: &[u8]) -> [u8; PROOF_BYTES] {
    let hash = store.context().keys.region().hashing().hash(&[b"sign-in link ", said].concat());
    let mut out = [0; PROOF_BYTES];
    for (to, from) in out.iter_mut().zip(hash) {
        *to = from;
    }
    out
}

/// Does what the link says: a sign-in that was the person's own counts from now on; one that was not freezes the account and ends
/// everything that is signed in to it.
///
/// # Errors
/// [`ReviewError::Late`], [`watch::WatchError::Answered`] for a link that was used, or the store's.
pub fn answer(tx: &mut Tx<'_>, link: Link) -> Result<Event, ReviewError> {
    let event = watch::load_event(tx, link.event)?;
    if tx.now().since(event.at) > LINK_LIFE {
        return Err(ReviewError::Late);
    }
    let event = watch::say(tx, link.event, link.said)?;
    if let (Said::NotMine, Some(subject)) = (link.said, event.subject) {
        identity::freeze(tx, subject.account)?;
        tracing::warn!(
            account = subject.account,
            event = event.id,
            "its person says that a sign-in was somebody else's"
        );
    }
    Ok(event)
}
