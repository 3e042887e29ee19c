//! Keys that wrap keys, sealed columns, sealed message records, and TLS settings.
//!
//! The hierarchy (T4): a region key wraps organisation keys, an organisation key wraps account keys, and every
//! message has a random key of its own that is wrapped once for each account that holds the message. Destroying a
//! wrapped account key destroys the account's content and index, but for copies that were made before and still hold
//! the wrapped key.
//!
//! Knows nothing of accounts, storage or protocols.

pub mod hash;
pub mod keys;
pub mod record;
pub mod region;
pub mod seal;
pub mod signature;
pub mod tls;
pub mod web_push;
