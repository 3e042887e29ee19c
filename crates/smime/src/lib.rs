//! S/MIME 4.0 (RFC 8551, RFC 8550): messages signed, verified, encrypted and decrypted with certificates, over the structures of CMS
//! (RFC 5652), with international algorithms and with SM2, SM3 and SM4 (GM/T 0010).
//!
//! A message goes in as it is and comes out protected ([`sign`], [`encrypt`], [`sign_and_encrypt`]); one that comes is taken out of what
//! protects it, with an account of each layer ([`open`]). Whether a certificate is believed is for [`Trust`] to say. Knows nothing of
//! storage, of accounts, or of where certificates come from.
//!
//! Everything is read from slices within limits. What does not hold is told with its reason ([`Fault`]), and nothing is ever taken for
//! less than it claims: a message that says it is signed and is not, is no unsigned message.

mod algorithm;
mod asn1;
mod ber;
mod certificate;
mod cipher;
mod compressed;
mod content;
mod enveloped;
mod fault;
mod key;
mod mime;
mod oid;
mod pkcs12;
mod revocation;
mod signed;
pub mod stamp;
mod trust;

pub use certificate::{Certificate, KeyKind, fingerprint};
pub use cipher::Cipher;
pub use content::Dialect;
pub use enveloped::Recipe;
pub use fault::Fault;
pub use key::Identity;
pub use mime::{Encryption, Form, Layer, Looks, Opened, Style, enclose, encrypt, looks, open, sign, sign_and_encrypt};
pub use revocation::{Link, Listed, UnusableList};
pub use signed::{Capabilities, Signature};
pub use trust::Trust;

#[cfg(test)]
mod tests;
