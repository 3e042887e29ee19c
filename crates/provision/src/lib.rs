//! Where people and groups come from: files ([`csv`], [`table`]), LDAP directories ([`ldap`]), identity providers that speak OpenID
//! Connect ([`oidc`]), and clients that provision by SCIM ([`scim`]).
//!
//! Each source says what it knows of a person or group, and one place ([`people`], [`sync`]) makes the directory here agree with it, by
//! the functions that everybody uses. Who has vanished from a source is disabled, never deleted: mail goes only where somebody says so.
//! No source can give a role that oversees others.
//!
//! Knows nothing of HTTP servers; the routes are `api`'s.

pub mod client;
pub mod csv;
mod error;
pub mod ldap;
pub mod link;
pub mod oidc;
pub mod people;
pub mod scim;
mod settings;
pub mod sync;
pub mod table;

pub use error::ProvisionError;
pub use settings::{LdapSource, OidcProvider, ProvisionSettings};
