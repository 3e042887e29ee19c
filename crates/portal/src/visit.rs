//! What lets a partner's browser fetch chunks after it has opened a delivery, and reply. It is kept nowhere.

use std::time::Duration;

use env::Timestamp;
use store::Tx;
use subtle::ConstantTimeEq as _;

use crate::delivery::{Delivery, State, find};
use crate::sealed::{octets, show};
use crate::{PortalError, PortalSettings};

/// How long a visit lasts: enough for a large file on a slow line.
const LASTS: Duration = Duration::from_secs(4 * 3_600);

/// A delivery that somebody has opened lately.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The delivery.
    pub delivery: Delivery,
}

impl Visit {
    pub(crate) fn grant(tx: &Tx<'_>, found: &Delivery) -> String {
        let until = tx.now().plus(LASTS).min(found.expires);
        show(&[&until.millis().to_be_bytes()[..], &mark(tx, found, until)].concat())
    }

    /// The visit that `token` stands for. A delivery that was taken back or has expired meanwhile is not visited any more.
    ///
    /// # Errors
    /// [`PortalError`] with the reason.
    pub fn find(tx: &mut Tx<'_>, name: &str, token: &str, settings: &PortalSettings) -> Result<Self, PortalError> {
        if !settings.enabled {
            return Err(PortalError::NoDelivery);
        }
        let delivery = find(tx, name)?;
        let token = octets("visit", token, (40, 40)).map_err(|_| PortalError::VisitOver)?;
        let Some((until, given)) = token.split_first_chunk::<8>() else { return Err(PortalError::VisitOver) };
        let until = Timestamp::from_millis(i64::from_be_bytes(*until));
        let is_good = bool::from(mark(tx, &delivery, until)[..].ct_eq(given));
        let now = tx.now();
        match delivery.state {
            State::Revoked => Err(PortalError::Revoked),
            _ if delivery.is_expired(now) => Err(PortalError::Expired),
            State::Open if is_good && until > now => Ok(Self { delivery }),
            _ => Err(PortalError::VisitOver),
        }
    }
}

fn mark(tx: &Tx<'_>, found: &Delivery, until: Timestamp) -> [u8; 32] {
    let (account, id, until) = (found.account.to_be_bytes(), found.id.to_be_bytes(), until.millis().to_be_bytes());
    tx.context().keys.region().hashing().hash(&[&b"portal visit"[..], &account, &id, &until].concat())
}
