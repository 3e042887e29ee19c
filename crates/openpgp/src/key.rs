//! Private keys: made here, taken from elsewhere, given away under a passphrase alone.

use std::time::Duration;

use env::{Entropy, Secret, Timestamp};
use pgp::composed::{
    ArmorOptions, Deserializable, KeyType, SignedKeyDetails, SignedPublicKey, SignedSecretKey, SignedSecretSubKey,
};
use pgp::crypto::aead::AeadAlgorithm;
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{
    Features, KeyFlags, PubKeyInner, PublicKey, PublicSubkey, RevocationCode, SecretKey, SecretSubkey, Signature,
    SignatureConfig, SignatureType, Subpacket, SubpacketData, UserId,
};
use pgp::ser::Serialize;
use pgp::types::{KeyDetails, Password, PublicParams, SecretParams, SignedUser, SigningKey, Tag};
use smallvec::smallvec;

use crate::limits::{CERTIFICATE_OCTETS_MAX, CERTIFICATE_PACKETS_MAX};
use crate::random::{Random, moment};
use crate::{Certificate, PgpError, packets, policy};

const WHAT: &str = "private key";

/// Characters that a passphrase has at least.
const PASSPHRASE_MIN: usize = 12;

/// The form of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyVersion {
    /// Ed25519 and X25519 in the form that all present programs read (RFC 4880, RFC 6637).
    #[default]
    V4,
    /// Ed25519 and X25519 of RFC 9580.
    V6,
}

/// What key is to be made.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// The owner's name; may be empty.
    pub name: &'a str,
    /// The owner's addresses, the first one first.
    pub addresses: &'a [String],
    /// Its form.
    pub version: KeyVersion,
    /// How long it is valid.
    pub valid_for: Duration,
}

/// A private key, open in memory and wiped when dropped.
pub struct PrivateKey(pub(crate) SignedSecretKey);

impl PrivateKey {
    /// Makes a key that signs, with a part that encrypts.
    ///
    /// # Errors
    /// If a name or address cannot stand in a key.
    pub fn generate(wish: &Wish<'_>, now: Timestamp, entropy: &dyn Entropy) -> Result<Self, PgpError> {
        let names = user_ids(wish)?;
        make(wish, &names, now, entropy).map(Self).map_err(|error| PgpError::failed(&error))
    }

    /// Reads a private key, armored or not, with the passphrase it is under; an empty one if it is under none.
    ///
    /// # Errors
    /// If it is none, the passphrase is wrong, or its algorithm is not taken.
    pub fn parse(given: &[u8], passphrase: &Secret<String>) -> Result<Self, PgpError> {
        let octets = packets::dearmor(given, WHAT, CERTIFICATE_OCTETS_MAX)?;
        let tags = packets::tags(&octets, WHAT)?;
        if tags.len() > CERTIFICATE_PACKETS_MAX {
            return Err(PgpError::TooLarge { what: WHAT, limit: CERTIFICATE_PACKETS_MAX, unit: "packets" });
        }
        if tags.first() != Some(&packets::SECRET_KEY)
            || tags.iter().filter(|tag| **tag == packets::SECRET_KEY).count() > 1
        {
            return Err(PgpError::malformed(WHAT, &"it is not one private key"));
        }
        let mut key =
            SignedSecretKey::from_bytes(octets.as_slice()).map_err(|error| PgpError::malformed(WHAT, &error))?;
        let keys = std::iter::once(key.primary_key.public_key().public_params());
        for params in keys.chain(key.secret_subkeys.iter().map(|it| it.key.public_params())) {
            // Opening with RSA takes times that tell of the key (Marvin); what opens mail of strangers by itself must not.
            if matches!(params, PublicParams::RSA(_)) {
                return Err(PgpError::PrivateKeyNotTaken { algorithm: "RSA".to_owned() });
            }
        }
        if let Some(algorithm) = policy::weakness(key.primary_key.public_key()) {
            return Err(PgpError::PrivateKeyNotTaken { algorithm });
        }
        let password = Password::from(passphrase.expose().as_str());
        let wrong = |_| PgpError::WrongPassphrase;
        key.primary_key.remove_password(&password).map_err(wrong)?;
        for part in &mut key.secret_subkeys {
            part.key.remove_password(&password).map_err(wrong)?;
        }
        Ok(Self(key))
    }

    /// The public side.
    #[must_use]
    pub fn certificate(&self) -> Certificate {
        Certificate(SignedPublicKey::from(self.0.clone()))
    }

    /// The key in packets, open. It is sealed before it is kept.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn to_bytes(&self) -> Result<Secret<Vec<u8>>, PgpError> {
        self.0.to_bytes().map(Secret::new).map_err(|error| PgpError::failed(&error))
    }

    /// The key in armor under a passphrase, to be kept or used elsewhere.
    ///
    /// # Errors
    /// [`PgpError::WeakPassphrase`] if it is too short.
    pub fn export(&self, passphrase: &Secret<String>, entropy: &dyn Entropy) -> Result<Secret<String>, PgpError> {
        if passphrase.expose().chars().count() < PASSPHRASE_MIN {
            return Err(PgpError::WeakPassphrase { min: PASSPHRASE_MIN });
        }
        let mut key = self.0.clone();
        let password = Password::from(passphrase.expose().as_str());
        let failed = |error| PgpError::failed(&error);
        key.primary_key.set_password(Random(entropy), &password).map_err(failed)?;
        for part in &mut key.secret_subkeys {
            part.key.set_password(Random(entropy), &password).map_err(failed)?;
        }
        let options =
            ArmorOptions { headers: None, include_checksum: key.primary_key.version() == pgp::types::KeyVersion::V4 };
        key.to_armored_string(options).map(Secret::new).map_err(failed)
    }

    /// The part that signs: the first key, or the newest part if the first is for certifying alone.
    #[allow(clippy::redundant_allocation, reason = "the library signs with a box of it, not with the reference alone")]
    pub(crate) fn signing_key(&self) -> Box<&dyn SigningKey> {
        let part = self.0.secret_subkeys.iter().filter(|part| part.signatures.iter().any(|it| it.key_flags().sign()));
        let newest = part.max_by_key(|part| part.key.created_at());
        let certificate = self.certificate();
        let primary_signs = certificate
            .0
            .details
            .direct_signatures
            .iter()
            .chain(self.0.details.users.iter().flat_map(|it| &it.signatures));
        let primary_signs = primary_signs.into_iter().any(|it| it.key_flags().sign());
        match newest {
            Some(part) if !primary_signs => Box::new(&part.key),
            _ => Box::new(&self.0.primary_key),
        }
    }

    /// The same key, valid for `span` from `now`.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn renew(&self, span: Duration, now: Timestamp, entropy: &dyn Entropy) -> Result<Self, PgpError> {
        renew(&self.0, span, now, entropy).map(Self).map_err(|error| PgpError::failed(&error))
    }

    /// The certificate of this key with a revocation: another took its place.
    ///
    /// # Errors
    /// If it cannot be signed.
    pub fn revoke(&self, is_compromised: bool, now: Timestamp, entropy: &dyn Entropy) -> Result<Certificate, PgpError> {
        let code = if is_compromised { RevocationCode::KeyCompromised } else { RevocationCode::KeySuperseded };
        let reason = SubpacketData::RevocationReason(code, Vec::new().into());
        let signature = Signer { key: &self.0.primary_key, now, entropy }
            .config(SignatureType::KeyRevocation, vec![reason])
            .and_then(|config| {
                config.sign_key(&self.0.primary_key, &Password::empty(), self.0.primary_key.public_key())
            })
            .map_err(|error| PgpError::failed(&error))?;
        let mut certificate = self.certificate();
        certificate.0.details.revocation_signatures.push(signature);
        Ok(certificate)
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({})", self.certificate().fingerprint())
    }
}

fn user_ids(wish: &Wish<'_>) -> Result<Vec<String>, PgpError> {
    let bad = |what, given: &str, reason| PgpError::BadInput { what, given: given.to_owned(), reason };
    if wish.name.chars().any(|it| it.is_control() || matches!(it, '<' | '>' | '@')) || wish.name.len() > 200 {
        return Err(bad("the name", wish.name, "it has control characters, <, > or @, or is too long"));
    }
    if wish.addresses.is_empty() {
        return Err(bad("the list of addresses", "", "there must be one"));
    }
    wish.addresses
        .iter()
        .map(|address| {
            let parsed = mail::Address::parse(address).map_err(|_| bad("the address", address, "it is no address"))?;
            let address = parsed.canonical();
            Ok(if wish.name.is_empty() { address } else { format!("{} <{address}>", wish.name) })
        })
        .collect()
}

/// Signs by a key that is open.
pub(crate) struct Signer<'a, K: SigningKey> {
    pub(crate) key: &'a K,
    pub(crate) now: Timestamp,
    pub(crate) entropy: &'a dyn Entropy,
}

impl<K: SigningKey> Signer<'_, K> {
    /// A signature to be made, with `more` in it beside who signs and when.
    pub(crate) fn config(&self, kind: SignatureType, more: Vec<SubpacketData>) -> pgp::errors::Result<SignatureConfig> {
        let (algorithm, hash) = (self.key.algorithm(), HashAlgorithm::Sha512);
        let mut config = match self.key.version() {
            pgp::types::KeyVersion::V6 => SignatureConfig::v6(Random(self.entropy), kind, algorithm, hash)?,
            _ => SignatureConfig::v4(kind, algorithm, hash),
        };
        (config.hashed_subpackets, config.unhashed_subpackets) = self.subpackets(more)?;
        Ok(config)
    }

    /// Who signs and when, and `more`: signed, and beside.
    pub(crate) fn subpackets(&self, more: Vec<SubpacketData>) -> pgp::errors::Result<(Vec<Subpacket>, Vec<Subpacket>)> {
        let mut hashed = vec![
            Subpacket::critical(SubpacketData::SignatureCreationTime(moment(self.now)))?,
            Subpacket::regular(SubpacketData::IssuerFingerprint(self.key.fingerprint()))?,
        ];
        for data in more {
            hashed.push(Subpacket::regular(data)?);
        }
        let is_v4 = self.key.version() == pgp::types::KeyVersion::V4;
        let issuer =
            is_v4.then(|| Subpacket::regular(SubpacketData::IssuerKeyId(self.key.legacy_key_id()))).transpose()?;
        Ok((hashed, issuer.into_iter().collect()))
    }
}

fn make(
    wish: &Wish<'_>,
    names: &[String],
    now: Timestamp,
    entropy: &dyn Entropy,
) -> pgp::errors::Result<SignedSecretKey> {
    let (signing, encryption, version) = match wish.version {
        KeyVersion::V4 => {
            (KeyType::Ed25519Legacy, KeyType::ECDH(ECCCurve::Curve25519Legacy), pgp::types::KeyVersion::V4)
        }
        KeyVersion::V6 => (KeyType::Ed25519, KeyType::X25519, pgp::types::KeyVersion::V6),
    };
    let (inner, secret) = raw(&signing, version, now, entropy)?;
    let primary = SecretKey::new(PublicKey::from_inner(inner)?, secret)?;
    let signer = Signer { key: &primary, now, entropy };
    let direct = signer.config(SignatureType::Key, profile(&primary, version, now, wish.valid_for))?.sign_key(
        &primary,
        &Password::empty(),
        primary.public_key(),
    )?;
    let mut users = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let id = UserId::from_str(pgp::types::PacketHeaderVersion::default(), name)?;
        let signature = certify(&signer, &primary, &id, index == 0, profile(&primary, version, now, wish.valid_for))?;
        users.push(SignedUser::new(id, vec![signature]));
    }
    let (inner, secret) = raw(&encryption, version, now, entropy)?;
    let part = SecretSubkey::new(PublicSubkey::from_inner(inner)?, secret)?;
    let binding = bind(&signer, &primary, &part, wish.valid_for)?;
    Ok(SignedSecretKey::new(
        primary,
        SignedKeyDetails::new(Vec::new(), vec![direct], users, Vec::new()),
        Vec::new(),
        vec![SignedSecretSubKey::new(part, vec![binding])],
    ))
}

fn raw(
    kind: &KeyType,
    version: pgp::types::KeyVersion,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> pgp::errors::Result<(PubKeyInner, SecretParams)> {
    let (public, secret) = kind.generate(Random(entropy))?;
    Ok((PubKeyInner::new(version, kind.to_alg(), moment(now), None, public)?, secret))
}

/// What a key says of itself and its owner's programs.
fn profile(key: &SecretKey, version: pgp::types::KeyVersion, now: Timestamp, span: Duration) -> Vec<SubpacketData> {
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    let mut features = Features::default();
    features.set_seipd_v1(true);
    // Keys of version 4 go to programs of RFC 4880 too, which a private key that is exported must work in.
    features.set_seipd_v2(version == pgp::types::KeyVersion::V6);
    let mut said = vec![
        SubpacketData::KeyFlags(flags),
        SubpacketData::Features(features),
        SubpacketData::KeyExpirationTime(valid_until(key, now, span)),
        SubpacketData::PreferredSymmetricAlgorithms(smallvec![
            SymmetricKeyAlgorithm::AES256,
            SymmetricKeyAlgorithm::AES128
        ]),
        SubpacketData::PreferredHashAlgorithms(smallvec![HashAlgorithm::Sha512, HashAlgorithm::Sha256]),
    ];
    if version == pgp::types::KeyVersion::V6 {
        let ocb = (SymmetricKeyAlgorithm::AES256, AeadAlgorithm::Ocb);
        said.push(SubpacketData::PreferredAeadAlgorithms(smallvec![ocb]));
    }
    said
}

/// Seconds from the making of the key to the end of `span` from `now`.
fn valid_until(key: &impl KeyDetails, now: Timestamp, span: Duration) -> pgp::types::Duration {
    let end = moment(now.plus(span)).as_secs();
    pgp::types::Duration::from_secs(end.saturating_sub(key.created_at().as_secs()).max(1))
}

fn certify(
    signer: &Signer<'_, SecretKey>,
    primary: &SecretKey,
    id: &UserId,
    is_primary: bool,
    mut said: Vec<SubpacketData>,
) -> pgp::errors::Result<Signature> {
    said.push(SubpacketData::IsPrimary(is_primary));
    let config = signer.config(SignatureType::CertPositive, said)?;
    config.sign_certification(primary, primary.public_key(), &Password::empty(), Tag::UserId, id)
}

fn bind(
    signer: &Signer<'_, SecretKey>,
    primary: &SecretKey,
    part: &SecretSubkey,
    span: Duration,
) -> pgp::errors::Result<Signature> {
    let mut flags = KeyFlags::default();
    flags.set_encrypt_comms(true);
    flags.set_encrypt_storage(true);
    let expires = SubpacketData::KeyExpirationTime(valid_until(part, signer.now, span));
    let config = signer.config(SignatureType::SubkeyBinding, vec![SubpacketData::KeyFlags(flags), expires])?;
    config.sign_subkey_binding(primary, primary.public_key(), &Password::empty(), part.public_key())
}

fn renew(
    key: &SignedSecretKey,
    span: Duration,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> pgp::errors::Result<SignedSecretKey> {
    let mut key = key.clone();
    let primary = key.primary_key.clone();
    let (signer, version) = (Signer { key: &primary, now, entropy }, primary.version());
    let direct = signer.config(SignatureType::Key, profile(&primary, version, now, span))?;
    key.details.direct_signatures = vec![direct.sign_key(&primary, &Password::empty(), primary.public_key())?];
    for (index, user) in key.details.users.iter_mut().enumerate() {
        user.signatures.push(certify(&signer, &primary, &user.id, index == 0, profile(&primary, version, now, span))?);
    }
    for part in &mut key.secret_subkeys {
        // What a part is for stays: parts that sign carry their own signature, which is not made anew here.
        if part.signatures.iter().any(|it| it.key_flags().sign()) {
            continue;
        }
        part.signatures.push(bind(&signer, &primary, &part.key, span)?);
    }
    Ok(key)
}

#[cfg(test)]
mod tests;
