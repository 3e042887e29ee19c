//! Keys and certificates of S/MIME: those of accounts, those of partners, an organisation's own authority and the authorities that it trusts.
//! With them messages that leave are signed and encrypted ([`protect`]), and those that arrive are decrypted and verified ([`look`]).
//!
//! Everything rests sealed: an account's keys under the account's key, what belongs to an organisation under the organisation's. Knows
//! nothing of protocols.

mod arrival;
mod authority;
mod departure;
mod error;
mod keys;
mod partners;
mod trust;

pub use arrival::{Arrived, look};
pub use authority::{authority, request};
pub use departure::{Means, Names, Wish, is_made, protect};
pub use error::CertbookError;
pub use keys::{Kept, identities, import, list, remove};
pub use partners::{Held, Kind, Partner, add, forget, held, keep, partner};
pub use trust::trust;
