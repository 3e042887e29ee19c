//! Keys and certificates of S/MIME: those of accounts, those of partners, an organisation's own authority and the authorities that it trusts.
//! With them messages that leave are signed and encrypted ([`protect`]), and those that arrive are decrypted and verified ([`look`]). Authorities
//! are asked whether they have revoked certificates, directories for those of partners ([`Inquirer`]).
//!
//! Everything rests sealed: an account's keys under the account's key, what belongs to an organisation under the organisation's. Knows
//! nothing of protocols of mail.

mod arrival;
mod authority;
mod departure;
mod directory;
mod error;
mod inquirer;
mod keys;
mod outside;
mod partners;
mod settings;
mod standing;
mod trust;

pub use arrival::{Arrived, look};
pub use authority::{authority, request};
pub use departure::{Manner, Means, Names, StatusDemand, Wish, is_made, protect};
pub use directory::{Ldap, NoLdap};
pub use error::CertbookError;
pub use inquirer::{Inquirer, Lacking, LookedUp};
pub use keys::{Kept, identities, import, list, remove};
pub use partners::{Held, Kind, Partner, add, forget, forget_partner, held, partner};
pub use settings::{PartnerDirectory, SmimeSettings};
pub use standing::Standing;
pub use trust::trust;
