//! How many codes a telephone number gets. What is counted is messages, whoever asked for them: numbers are not flooded through several
//! accounts, and nobody runs up the company's bill.

use std::time::Duration;

use ::factors::sms::{PhoneNumber, SmsSettings};
use store::{Tx, params};

use crate::IdentityError;

/// Least time between two codes to one number.
const BETWEEN: Duration = Duration::from_secs(30);

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Counts one message to `number`, if it may have one.
pub(super) fn count(tx: &mut Tx<'_>, settings: &SmsSettings, number: &PhoneNumber) -> Result<bool, IdentityError> {
    let hash = tx.context().keys.region().hashing().hash(&[b"sms number ", number.as_str().as_bytes()].concat());
    for (span, most) in [(BETWEEN, 1), (HOUR, settings.hourly_max), (DAY, settings.daily_max)] {
        let since = tx.now().millis() - i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let sent = tx.row(
            "SELECT COUNT(*) FROM sms_sent WHERE number = $1 AND sent > $2",
            params![&hash[..], since],
            |row| row.uint32(0),
        )?;
        if sent.unwrap_or(0) >= most {
            return Ok(false);
        }
    }
    tx.execute(
        "INSERT INTO sms_sent (number, id, sent) VALUES ($1, $2, $3)",
        params![&hash[..], tx.next_id(), tx.now().millis()],
    )?;
    Ok(true)
}
