//! Certificates: public keys with the names and signatures on them (RFC 9580 section 10.1).

mod evaluate;

use env::Timestamp;
use pgp::composed::{ArmorOptions, Deserializable, SignedPublicKey};
use pgp::ser::Serialize;
use pgp::types::{KeyDetails, SignedUser};

pub(crate) use evaluate::{Evaluated, KeyRef, SKEW};

use crate::limits::{CERTIFICATE_OCTETS_MAX, CERTIFICATE_PACKETS_MAX, USER_ID_OCTETS_MAX};
use crate::random::timestamp;
use crate::{PgpError, packets, policy};

const WHAT: &str = "public key";

/// A public key with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate(pub(crate) SignedPublicKey);

/// A name on a certificate that its key has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserId {
    /// As written: `Li Wei <li.wei@trade.example>`.
    pub text: String,
    /// The address in it, in canonical form; `None` if there is none.
    pub address: Option<String>,
    /// Whether the owner has named it the first one.
    pub is_primary: bool,
}

/// What a certificate is worth at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// When the key was made.
    pub created: Timestamp,
    /// When it, or the last of its parts that encrypts, expires; `None` if never.
    pub expires: Option<Timestamp>,
    /// The names on it that count.
    pub user_ids: Vec<UserId>,
    /// Algorithms of the first key and of the one that encrypts.
    pub algorithms: String,
    /// Whether the owner's programs read the encryption of RFC 9580 (SEIPD version 2).
    pub reads_v2: bool,
    /// Whether there is a part that encrypts.
    pub can_encrypt: bool,
    /// Whether there is a part that signs.
    pub can_sign: bool,
}

impl Certificate {
    /// Reads one certificate, armored or not, whatever else it is worth ([`Self::check`] tells).
    ///
    /// # Errors
    /// If it is none, is a private key, holds several, or is larger than [`crate::limits`] allow.
    pub fn parse(given: &[u8]) -> Result<Self, PgpError> {
        let octets = packets::dearmor(given, WHAT, CERTIFICATE_OCTETS_MAX)?;
        let tags = packets::tags(&octets, WHAT)?;
        if tags.len() > CERTIFICATE_PACKETS_MAX {
            return Err(PgpError::TooLarge { what: WHAT, limit: CERTIFICATE_PACKETS_MAX, unit: "packets" });
        }
        match tags.first() {
            Some(&packets::PUBLIC_KEY) => {}
            Some(&packets::SECRET_KEY) => return Err(PgpError::IsPrivate),
            _ => return Err(PgpError::malformed(WHAT, &"it does not begin with a key")),
        }
        if tags.iter().filter(|tag| **tag == packets::PUBLIC_KEY).count() > 1 {
            return Err(PgpError::malformed(WHAT, &"it holds several keys; give one"));
        }
        let key = SignedPublicKey::from_bytes(octets.as_slice()).map_err(|error| PgpError::malformed(WHAT, &error))?;
        Ok(Self(key))
    }

    /// The fingerprint in capital hexadecimal digits, 40 of version 4 and 64 of version 6.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint_of(&self.0.primary_key)
    }

    /// Fingerprints of the key and its parts, as [`Self::fingerprint`] has them.
    #[must_use]
    pub fn fingerprints(&self) -> Vec<String> {
        std::iter::once(self.fingerprint())
            .chain(self.0.public_subkeys.iter().map(|it| fingerprint_of(&it.key)))
            .collect()
    }

    /// What the certificate is worth at `now`.
    ///
    /// # Errors
    /// If it is weak, revoked, expired or has no valid signature of its own.
    pub fn check(&self, now: Timestamp) -> Result<Standing, PgpError> {
        let evaluated = self.evaluate(now)?;
        evaluated.check_valid_at(now)?;
        let encryption = evaluated.encryption_key(now);
        let first = policy::name(&self.0.primary_key);
        let expires = match (evaluated.expires(), encryption.as_ref().and_then(KeyRef::expires)) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Ok(Standing {
            created: timestamp(self.0.primary_key.created_at()),
            expires,
            user_ids: evaluated.user_ids(),
            algorithms: encryption
                .as_ref()
                .map_or_else(|| first.clone(), |key| format!("{first}, {}", key.algorithm())),
            reads_v2: evaluated.reads_v2(),
            can_encrypt: encryption.is_some(),
            can_sign: evaluated.has_signing(now),
        })
    }

    /// As [`Self::check`], and that mail can be encrypted to it.
    ///
    /// # Errors
    /// As [`Self::check`], and [`PgpError::NoEncryption`].
    pub fn check_encrypts(&self, now: Timestamp) -> Result<Standing, PgpError> {
        let standing = self.check(now)?;
        if standing.can_encrypt {
            Ok(standing)
        } else {
            Err(PgpError::NoEncryption { fingerprint: self.fingerprint() })
        }
    }

    /// Whether a name on it that counts has `address`.
    #[must_use]
    pub fn names(&self, address: &str, now: Timestamp) -> bool {
        let Ok(evaluated) = self.evaluate(now) else { return false };
        evaluated.user_ids().iter().any(|it| it.address.as_deref().is_some_and(|found| is_same_address(found, address)))
    }

    /// The certificate with the names of `address` alone and without signatures of others, as a web key directory and Autocrypt
    /// give it.
    ///
    /// # Errors
    /// [`PgpError::NoSuchUserId`] if none of its names that count has the address.
    pub fn only_for(&self, address: &str, now: Timestamp) -> Result<Self, PgpError> {
        if !self.names(address, now) {
            return Err(PgpError::NoSuchUserId { fingerprint: self.fingerprint(), address: address.to_owned() });
        }
        let mut key = self.0.clone();
        let own = |signature: &pgp::packet::Signature| evaluate::is_own(&self.0.primary_key, signature);
        key.details.user_attributes.clear();
        key.details.users.retain(|user| address_of(user).is_some_and(|found| is_same_address(&found, address)));
        key.details.users.iter_mut().for_each(|user| user.signatures.retain(own));
        key.details.direct_signatures.retain(own);
        Ok(Self(key))
    }

    /// The certificate with what a correspondent needs to encrypt to `address`, and no more: the first key, one name, the part that encrypts
    /// now, and the newest signature on each (Autocrypt Level 1 section 2.1.1).
    ///
    /// # Errors
    /// As [`Self::only_for`] and [`Self::check_encrypts`].
    pub fn minimal_for(&self, address: &str, now: Timestamp) -> Result<Self, PgpError> {
        self.check_encrypts(now)?;
        let mut key = self.only_for(address, now)?.0;
        let part = self.evaluate(now)?.encryption_key(now).map(|it| it.fingerprint());
        key.public_subkeys.retain(|it| Some(it.key.fingerprint()) == part);
        let newest = |signatures: &mut Vec<pgp::packet::Signature>| {
            signatures.retain(|it| it.typ() != Some(pgp::packet::SignatureType::CertRevocation));
            signatures.sort_by_key(|it| std::cmp::Reverse(it.created()));
            signatures.truncate(1);
        };
        key.public_subkeys.iter_mut().for_each(|it| newest(&mut it.signatures));
        key.details.users.truncate(1);
        key.details.users.iter_mut().for_each(|it| newest(&mut it.signatures));
        newest(&mut key.details.direct_signatures);
        // What a stranger has added may stand before what counts: then nothing is left out that could matter.
        let minimal = Self(key);
        match minimal.check_encrypts(now) {
            Ok(_) if minimal.names(address, now) => Ok(minimal),
            _ => self.only_for(address, now),
        }
    }

    /// The certificate with what `other`, the same key, has beside it: names, parts, renewed and revoking signatures.
    ///
    /// # Errors
    /// If it is another key or the whole would be too large.
    pub fn merge(&self, other: &Self) -> Result<Self, PgpError> {
        if self.0.primary_key != other.0.primary_key {
            return Err(PgpError::NotTheSame { one: self.fingerprint(), other: other.fingerprint() });
        }
        let mut key = self.0.clone();
        add(&mut key.details.revocation_signatures, &other.0.details.revocation_signatures);
        add(&mut key.details.direct_signatures, &other.0.details.direct_signatures);
        for user in &other.0.details.users {
            match key.details.users.iter_mut().find(|it| it.id.id() == user.id.id()) {
                Some(known) => add(&mut known.signatures, &user.signatures),
                None => key.details.users.push(user.clone()),
            }
        }
        for part in &other.0.public_subkeys {
            match key.public_subkeys.iter_mut().find(|it| it.key == part.key) {
                Some(known) => add(&mut known.signatures, &part.signatures),
                None => key.public_subkeys.push(part.clone()),
            }
        }
        Self::parse(&Self(key).to_bytes())
    }

    /// The certificate in packets.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Writing into memory does not fail for what was read or made here.
        self.0.to_bytes().unwrap_or_default()
    }

    /// The certificate in armor.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn to_armored(&self) -> Result<String, PgpError> {
        let options = ArmorOptions {
            headers: None,
            include_checksum: self.0.primary_key.version() == pgp::types::KeyVersion::V4,
        };
        self.0.to_armored_string(options).map_err(|error| PgpError::failed(&error))
    }

    pub(crate) fn evaluate(&self, now: Timestamp) -> Result<Evaluated<'_>, PgpError> {
        Evaluated::of(&self.0, now)
    }
}

fn add<T: PartialEq + Clone>(to: &mut Vec<T>, more: &[T]) {
    for it in more {
        if !to.contains(it) {
            to.push(it.clone());
        }
    }
}

pub(crate) fn fingerprint_of(key: &impl KeyDetails) -> String {
    hex(key.fingerprint().as_bytes())
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// The address in a name: that in angle brackets, or the whole name.
pub(crate) fn address_of(user: &SignedUser) -> Option<String> {
    let text = std::str::from_utf8(user.id.id()).ok().filter(|text| text.len() <= USER_ID_OCTETS_MAX)?;
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.split_once('>')?.0,
        None => text,
    };
    mail::Address::parse(address.trim()).ok().map(|address| address.canonical())
}

/// Whether two addresses are the same: domains in one form, local parts without their case, as web key directories see them.
#[must_use]
pub(crate) fn is_same_address(one: &str, other: &str) -> bool {
    let form = |text: &str| {
        mail::Address::parse(text).map_or_else(|_| text.to_lowercase(), |it| it.canonical().to_lowercase())
    };
    form(one) == form(other)
}

#[cfg(test)]
mod tests;
