//! OpenPGP (RFC 9580) for mail: certificates and keys, messages that are signed and encrypted in MIME (RFC 3156) with their header
//! fields protected (RFC 9788), the names of the web key directory, the header field of Autocrypt.
//!
//! Time and randomness are given; there are no sockets and no storage. What strangers wrote is bounded before it is read
//! ([`limits`]), and refused in plain words ([`PgpError`]).
//!
//! What is not written: packets without protected integrity (tag 9; not read either), signatures over SHA-1 and older, keys of DSA and
//! `ElGamal`, RSA below 2048 bits, messages in the text (read only).

mod autocrypt;
mod certificate;
mod error;
mod key;
pub mod limits;
mod message;
mod mime;
mod packets;
mod policy;
mod random;
mod report;
#[cfg(test)]
mod samples;
pub mod wkd;

pub use autocrypt::{AutocryptHeader, PreferEncrypt};
pub use certificate::{Certificate, Standing, UserId};
pub use error::PgpError;
pub use key::{KeyVersion, PrivateKey, Wish};
pub use message::{Opened, Recipients, decrypt, encrypt, sign_detached, verify_detached};
pub use mime::{Protection, Read, protect, read};
pub use report::{Container, Report, SignatureReport, SignatureState};
