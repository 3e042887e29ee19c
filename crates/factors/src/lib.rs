//! What proves a person beside the password, and how good a password is. Everything here is a calculation: no storage, no sockets, no
//! protocol. Who has which factor enrolled is `identity`'s to know; requests to providers of SMS are made and their answers read here, and
//! carried by others.
//!
//! - [`totp`]: codes of an authenticator app (RFC 6238).
//! - [`webauthn`]: hardware keys and passkeys.
//! - [`sms`]: a code to a telephone, by the provider that the administrator has a contract with.
//! - [`ukey`]: a client certificate, as on a USB key, checked against the organisation's authority and its revocation lists.
//! - [`ocsp`]: whether such a certificate is revoked, as its authority's responder says.
//! - [`recovery`]: codes on paper for when all others are lost.
//! - [`strength`] and [`breach`]: guessability of a password and whether it is on a list of leaked ones.

pub mod breach;
mod hex;
mod kind;
pub mod ocsp;
pub mod recovery;
pub mod sms;
pub mod strength;
pub mod totp;
pub mod ukey;
pub mod webauthn;

pub use kind::{FactorKind, UnknownKind};
