//! Messages in packets: encrypted, signed, opened, verified (RFC 9580 section 10.3).

mod open;
mod verify;

use env::{Entropy, Timestamp};
use pgp::composed::{ArmorOptions, DetachedSignature, Encryption, MessageBuilder};
use pgp::crypto::aead::{AeadAlgorithm, ChunkSize};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{SignatureType, SubpacketData};
use pgp::types::{Fingerprint, KeyDetails, KeyVersion, Password};

use crate::certificate::{Evaluated, KeyRef};
use crate::key::Signer;
use crate::random::Random;
use crate::{Certificate, PgpError, PrivateKey};

pub use open::{Opened, decrypt};
pub(crate) use open::{open, unarmored};
pub(crate) use verify::check;
pub use verify::verify_detached;

/// To whom a message is encrypted.
pub struct Recipients<'a> {
    keys: Vec<KeyRef<'a>>,
    /// First keys of the recipients, which a signature names.
    intended: Vec<Fingerprint>,
    is_v2: bool,
    is_aes256: bool,
    is_hidden: bool,
}

impl<'a> Recipients<'a> {
    /// Recipients by their certificates: the key of each that encrypts now.
    ///
    /// # Errors
    /// If one of them is weak, expired, revoked or cannot encrypt: then nothing is encrypted at all.
    pub fn of(certificates: &'a [Certificate], now: Timestamp) -> Result<Self, PgpError> {
        let mut recipients =
            Self { keys: Vec::new(), intended: Vec::new(), is_v2: true, is_aes256: true, is_hidden: false };
        for certificate in certificates {
            let evaluated: Evaluated<'a> = certificate.evaluate(now)?;
            evaluated.check_valid_at(now)?;
            let none = || PgpError::NoEncryption { fingerprint: certificate.fingerprint() };
            recipients.keys.push(evaluated.encryption_key(now).ok_or_else(none)?);
            recipients.intended.push(certificate.0.primary_key.fingerprint());
            recipients.is_v2 &= evaluated.reads_v2();
            recipients.is_aes256 &= evaluated.reads_aes256();
        }
        if recipients.keys.is_empty() {
            return Err(PgpError::BadInput {
                what: "the list of recipients",
                given: String::new(),
                reason: "there must be one",
            });
        }
        Ok(recipients)
    }

    /// The message does not tell for which keys it is: for blind copies. Their owners' programs try all that they have.
    #[must_use]
    pub fn hidden(self) -> Self {
        Self { is_hidden: true, intended: Vec::new(), ..self }
    }
}

/// Encrypts `plain` to `recipients`, signed by `signer` within; armored.
///
/// By SEIPD version 2 (RFC 9580) if every recipient's key says that it is read, else version 1. Nothing is compressed, as that tells of the
/// content by its length.
///
/// # Errors
/// If it cannot be written.
pub fn encrypt(
    plain: &[u8],
    recipients: &Recipients<'_>,
    signer: Option<&PrivateKey>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<String, PgpError> {
    let failed = |error| PgpError::failed(&error);
    let builder = MessageBuilder::from_bytes("", plain.to_vec());
    let cipher = if recipients.is_v2 || recipients.is_aes256 {
        SymmetricKeyAlgorithm::AES256
    } else {
        SymmetricKeyAlgorithm::AES128
    };
    if recipients.is_v2 {
        let mut builder = builder.seipd_v2(Random(entropy), cipher, AeadAlgorithm::Ocb, ChunkSize::C64KiB);
        for key in &recipients.keys {
            match key {
                KeyRef::Primary(key, _) if recipients.is_hidden => {
                    builder.encrypt_to_key_anonymous(Random(entropy), key)
                }
                KeyRef::Part(key, _) if recipients.is_hidden => builder.encrypt_to_key_anonymous(Random(entropy), key),
                KeyRef::Primary(key, _) => builder.encrypt_to_key(Random(entropy), key),
                KeyRef::Part(key, _) => builder.encrypt_to_key(Random(entropy), key),
            }
            .map_err(failed)?;
        }
        finish(builder, recipients, signer, now, entropy, false)
    } else {
        let mut builder = builder.seipd_v1(Random(entropy), cipher);
        for key in &recipients.keys {
            match key {
                KeyRef::Primary(key, _) if recipients.is_hidden => {
                    builder.encrypt_to_key_anonymous(Random(entropy), key)
                }
                KeyRef::Part(key, _) if recipients.is_hidden => builder.encrypt_to_key_anonymous(Random(entropy), key),
                KeyRef::Primary(key, _) => builder.encrypt_to_key(Random(entropy), key),
                KeyRef::Part(key, _) => builder.encrypt_to_key(Random(entropy), key),
            }
            .map_err(failed)?;
        }
        finish(builder, recipients, signer, now, entropy, true)
    }
}

fn finish<'a, E: Encryption>(
    mut builder: MessageBuilder<'a, std::io::Cursor<Vec<u8>>, E>,
    recipients: &Recipients<'_>,
    signer: Option<&'a PrivateKey>,
    now: Timestamp,
    entropy: &dyn Entropy,
    has_checksum: bool,
) -> Result<String, PgpError> {
    let failed = |error| PgpError::failed(&error);
    if let Some(key) = signer {
        // For whom it was meant is signed, so that nobody can pass it on as meant for another (RFC 9580 section 5.2.3.36).
        let meant = recipients.intended.iter().map(|it| SubpacketData::IntendedRecipientFingerprint(it.clone()));
        let signing = key.signing_key();
        let (hashed, unhashed) = Signer { key: &signing, now, entropy }.subpackets(meant.collect()).map_err(failed)?;
        let subpackets = pgp::composed::SubpacketConfig::UserDefined { hashed, unhashed };
        builder.sign_with_subpackets(*signing, Password::empty(), HashAlgorithm::Sha512, subpackets);
    }
    let options = ArmorOptions { headers: None, include_checksum: has_checksum };
    builder.to_armored_string(Random(entropy), options).map_err(failed)
}

/// A signature beside `content`, armored, and the digest's name for `micalg` (RFC 3156 section 5).
///
/// # Errors
/// If it cannot be made.
pub fn sign_detached(
    content: &[u8],
    signer: &PrivateKey,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<(String, &'static str), PgpError> {
    let key = signer.signing_key();
    let signature = Signer { key: &key, now, entropy }
        .config(SignatureType::Binary, Vec::new())
        .and_then(|config| config.sign(&key, &Password::empty(), content))
        .and_then(|signature| {
            let is_v4 = key.version() == KeyVersion::V4;
            DetachedSignature::new(signature).to_armored_string(ArmorOptions { headers: None, include_checksum: is_v4 })
        })
        .map_err(|error| PgpError::failed(&error))?;
    Ok((signature, "pgp-sha512"))
}

#[cfg(test)]
mod tests;
