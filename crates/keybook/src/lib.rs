//! Keys of OpenPGP: those of accounts, whose private part is kept here or by their owners; those of correspondents, learned from their
//! mail (Autocrypt), found in their web key directories, or given by people.
//!
//! Plain functions over a transaction; [`Finder`] asks the directories of others. Knows nothing of protocols of mail.

mod arrival;
mod departure;
pub mod directory;
mod error;
mod finder;
mod octets;
mod own;
mod partners;
mod settings;
mod statements;

pub use arrival::{Arrived, learn_from, look};
pub use departure::{Lacking, Means, protect};
pub use error::KeybookError;
pub use finder::Finder;
pub use openpgp::PreferEncrypt;
pub use own::{
    Custody, KeyState, NewKey, OwnKey, add, autocrypt_field, export_private, list, private_keys, publish, published,
    remove, renew_due, reseal, retire, sealed_private,
};
pub use partners::{Learned, Origin, PartnerKey, PartnerState, current, forget, learn, list_partners, verify};
pub use settings::OpenPgpSettings;
pub use statements::{keep_statements, statements};
