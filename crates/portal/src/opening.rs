//! What a partner does to a delivery before he has it: looks what it asks for, and shows that he has it.

use crypto::hash::sha256;
use env::Timestamp;
use store::{Tx, params};
use subtle::ConstantTimeEq as _;

use crate::delivery::{Delivery, State, find};
use crate::sealed::octets;
use crate::{PortalError, PortalSettings, Visit, code};

/// What everybody who has the name may see.
#[derive(Debug, Clone)]
pub struct Seen {
    /// How key and proof are derived.
    pub lock: crate::Lock,
    /// Language of the page.
    pub language: String,
    /// The telephone that a code goes to, all but its end hidden.
    pub telephone: Option<String>,
    /// Until when it can be opened.
    pub expires: Timestamp,
    /// How often it can be opened still.
    pub openings_left: u32,
}

/// A delivery that may be read now.
#[derive(Debug, Clone)]
pub struct Opened {
    /// What of it may be read.
    pub delivery: Delivery,
    /// Lets its chunks be fetched for a while.
    pub visit: String,
}

/// What a delivery asks for.
///
/// # Errors
/// [`PortalError`] if it cannot be opened any more, with the reason.
pub fn look(tx: &mut Tx<'_>, name: &str, settings: &PortalSettings) -> Result<Seen, PortalError> {
    let found = openable(tx, name, settings)?;
    Ok(Seen {
        lock: found.lock().clone(),
        language: found.language().to_owned(),
        telephone: found.telephone().map(|number| number.masked()),
        expires: found.expires,
        openings_left: found.openings_max.saturating_sub(found.openings),
    })
}

/// The delivery, if it may be tried now.
pub(crate) fn openable(tx: &mut Tx<'_>, name: &str, settings: &PortalSettings) -> Result<Delivery, PortalError> {
    if !settings.enabled {
        return Err(PortalError::NoDelivery);
    }
    let found = find(tx, name)?;
    match found.state {
        State::Draft => return Err(PortalError::NoDelivery),
        State::Revoked => return Err(PortalError::Revoked),
        State::Open => {}
    }
    if found.is_expired(tx.now()) {
        return Err(PortalError::Expired);
    }
    if found.wrong >= settings.wrong_max {
        return Err(PortalError::Shut);
    }
    if found.openings >= found.openings_max {
        return Err(PortalError::UsedUp);
    }
    Ok(found)
}

/// Opens a delivery for whoever shows the proof, and the code if one is asked for. What was wrong is counted, so a refusal is a value: the
/// transaction stands.
///
/// # Errors
/// [`PortalError`] if it cannot be opened any more, or the store fails.
pub fn open(
    tx: &mut Tx<'_>,
    name: &str,
    proof: &str,
    given: Option<&str>,
    settings: &PortalSettings,
) -> Result<Result<Opened, PortalError>, PortalError> {
    let mut found = openable(tx, name, settings)?;
    if let Err(refused) = shows(tx, &found, proof)? {
        return Ok(Err(refused));
    }
    if found.detail.telephone.is_some()
        && let Err(refused) = code::check(tx, &found, given)?
    {
        return Ok(Err(refused));
    }
    let now = tx.now();
    tx.execute(
        "UPDATE portal_delivery SET openings = openings + 1, opened = $3, code = NULL WHERE account = $1 AND id = $2",
        params![found.account, found.id, now.millis()],
    )?;
    (found.openings, found.opened) = (found.openings.saturating_add(1), Some(now));
    let visit = Visit::grant(tx, &found);
    Ok(Ok(Opened { delivery: found, visit }))
}

/// Whether `proof` is the right one. A wrong one is counted.
pub(crate) fn shows(tx: &mut Tx<'_>, found: &Delivery, proof: &str) -> Result<Result<(), PortalError>, PortalError> {
    let proof = octets("proof", proof, (32, 32))?;
    if bool::from(sha256(&proof).ct_eq(&found.detail.proof_hash)) {
        return Ok(Ok(()));
    }
    count_wrong(tx, found)?;
    Ok(Err(PortalError::WrongProof))
}

pub(crate) fn count_wrong(tx: &mut Tx<'_>, found: &Delivery) -> Result<(), PortalError> {
    tx.execute(
        "UPDATE portal_delivery SET wrong = wrong + 1 WHERE account = $1 AND id = $2",
        params![found.account, found.id],
    )?;
    Ok(())
}
