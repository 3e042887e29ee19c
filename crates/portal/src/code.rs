//! The code to the partner's telephone, for deliveries that ask for one.

use std::time::Duration;

use env::{Secret, Timestamp};
use factors::sms::{PhoneNumber, code_digest, fits, generate_code};
use serde::{Deserialize, Serialize};
use store::{Tx, params};

use crate::delivery::Delivery;
use crate::opening::{count_wrong, openable, shows};
use crate::sealed::{open, seal};
use crate::{PortalError, PortalSettings};

const PLACE: &str = "portal code";

/// How long a code is good.
const GOOD_FOR: Duration = Duration::from_secs(600);

/// Tries at one code.
const TRIES_MAX: u32 = 5;

#[derive(Debug, Serialize, Deserialize)]
struct Sent {
    digest: Vec<u8>,
    until: i64,
    tries: u32,
}

/// A code that is to be sent.
#[derive(Debug, Clone)]
pub struct Code {
    /// Where to.
    pub number: PhoneNumber,
    /// Its digits.
    pub digits: Secret<String>,
    /// Language of its reader, `zh` or `en`.
    pub language: String,
}

/// Makes a code for whoever shows the proof; it is to be sent to the number. An earlier one is no longer good.
///
/// # Errors
/// [`PortalError`] if the delivery cannot be opened or asks for no code; a wrong proof as value, as it is counted.
pub fn begin(
    tx: &mut Tx<'_>,
    name: &str,
    proof: &str,
    settings: &PortalSettings,
) -> Result<Result<Code, PortalError>, PortalError> {
    let found = openable(tx, name, settings)?;
    let number = found
        .telephone()
        .ok_or_else(|| PortalError::Invalid { name: "code", why: "is not asked for here".to_owned() })?;
    if let Err(refused) = shows(tx, &found, proof)? {
        return Ok(Err(refused));
    }
    let digits = generate_code(&*tx.context().entropy);
    let sent = Sent { digest: code_digest(digits.expose()), until: tx.now().plus(GOOD_FOR).millis(), tries: 0 };
    keep(tx, &found, &sent)?;
    Ok(Ok(Code { number, digits, language: found.language().to_owned() }))
}

/// Whether the code that somebody gives is the one that was sent. A wrong one is counted.
pub(crate) fn check(
    tx: &mut Tx<'_>,
    found: &Delivery,
    given: Option<&str>,
) -> Result<Result<(), PortalError>, PortalError> {
    let Some(given) = given else { return Ok(Err(PortalError::NeedsCode)) };
    let Some(sealed) = &found.code else { return Ok(Err(PortalError::NeedsCode)) };
    let mut sent: Sent = open(tx, found.account, PLACE, found.id, sealed)?;
    if sent.tries < TRIES_MAX && Timestamp::from_millis(sent.until) > tx.now() && fits(given, &sent.digest) {
        return Ok(Ok(()));
    }
    sent.tries = sent.tries.saturating_add(1);
    keep(tx, found, &sent)?;
    count_wrong(tx, found)?;
    Ok(Err(PortalError::WrongCode))
}

fn keep(tx: &mut Tx<'_>, found: &Delivery, sent: &Sent) -> Result<(), PortalError> {
    let sealed = seal(tx, found.account, PLACE, found.id, sent)?;
    tx.execute(
        "UPDATE portal_delivery SET code = $3 WHERE account = $1 AND id = $2",
        params![found.account, found.id, &sealed],
    )?;
    Ok(())
}
