//! Signing of what leaves: the keys of each hosted domain, sealed in the store, and the signatures that they make.
//!
//! A key is `waiting` until DNS shows its record, then `signing`, then `retired`: it signs no more and its private part is destroyed,
//! while its record stays for a time, as messages under way still need it. The first keys of a domain sign at once: a signature whose
//! key nobody finds counts as none, so nothing is lost before the record is published.
//!
//! Knows nothing of protocols: it takes a message and gives header fields.

mod error;
mod fresh;
mod import;
mod keys;
mod settings;
mod signer;
mod watch;

pub use error::SigningError;
pub use fresh::FreshKey;
pub use import::read_files;
pub use keys::{Key, KeyState, add, list, load, name, retire, rotate};
pub use settings::SigningSettings;
pub use signer::{Sealer, Signer, author_domain};
pub use watch::{is_published, look};
