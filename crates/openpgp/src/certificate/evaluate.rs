//! Which names and parts of a certificate count, by the signatures of its first key alone (RFC 9580 section 5.2.3.10).

use std::time::Duration;

use env::Timestamp;
use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{PublicKey, PublicSubkey, RevocationCode, Signature, SignatureType, SubpacketData};
use pgp::types::{KeyDetails, SignedUser, Tag};

use super::{UserId, address_of, fingerprint_of};
use crate::limits::USER_ID_OCTETS_MAX;
use crate::random::timestamp;
use crate::{PgpError, policy};

/// How far the clock of whoever signs may be ahead of ours.
pub(crate) const SKEW: Duration = Duration::from_secs(15 * 60);

/// A certificate by its valid signatures.
pub(crate) struct Evaluated<'a> {
    primary: &'a PublicKey,
    /// The newest signature on the key itself, and on its first name: who says more of the key comes first.
    profile: Vec<&'a Signature>,
    revoked: Option<Revoked>,
    users: Vec<(&'a SignedUser, bool)>,
    parts: Vec<Part<'a>>,
}

/// That a key was revoked.
#[derive(Clone)]
struct Revoked {
    at: Timestamp,
    /// Whether whatever it signed before does not count either.
    is_hard: bool,
    reason: String,
}

struct Part<'a> {
    key: &'a PublicSubkey,
    binding: &'a Signature,
    revoked: Option<Revoked>,
    encrypts: bool,
    signs: bool,
}

/// A key that is used: the first, or a part.
pub(crate) enum KeyRef<'a> {
    Primary(&'a PublicKey, Option<Timestamp>),
    Part(&'a PublicSubkey, Option<Timestamp>),
}

impl KeyRef<'_> {
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        match self {
            Self::Primary(_, expires) | Self::Part(_, expires) => *expires,
        }
    }

    pub(crate) fn algorithm(&self) -> String {
        match self {
            Self::Primary(key, _) => policy::name(*key),
            Self::Part(key, _) => policy::name(*key),
        }
    }

    pub(crate) fn key_id(&self) -> pgp::types::KeyId {
        match self {
            Self::Primary(key, _) => key.legacy_key_id(),
            Self::Part(key, _) => key.legacy_key_id(),
        }
    }

    pub(crate) fn created(&self) -> Timestamp {
        match self {
            Self::Primary(key, _) => timestamp(key.created_at()),
            Self::Part(key, _) => timestamp(key.created_at()),
        }
    }

    pub(crate) fn fingerprint(&self) -> pgp::types::Fingerprint {
        match self {
            Self::Primary(key, _) => key.fingerprint(),
            Self::Part(key, _) => key.fingerprint(),
        }
    }
}

impl<'a> Evaluated<'a> {
    pub(crate) fn of(key: &'a SignedPublicKey, now: Timestamp) -> Result<Self, PgpError> {
        let primary = &key.primary_key;
        if let Some(algorithm) = policy::weakness(primary) {
            return Err(PgpError::WeakKey { fingerprint: fingerprint_of(primary), algorithm });
        }
        let direct = newest(&key.details.direct_signatures, now, |it| {
            it.typ() == Some(SignatureType::Key) && it.verify_key(primary).is_ok()
        });
        let mut users: Vec<(&SignedUser, &Signature)> = key
            .details
            .users
            .iter()
            .filter_map(|user| certification(primary, user, now).map(|signature| (user, signature)))
            .collect();
        // The first name: the newest that says so, else the newest.
        users.sort_by_key(|(_, signature)| (!signature.is_primary(), std::cmp::Reverse(created(signature))));
        let profile: Vec<&Signature> =
            direct.into_iter().chain(users.first().map(|(_, signature)| *signature)).collect();
        if profile.is_empty() {
            return Err(PgpError::NoSelfSignature { fingerprint: fingerprint_of(primary) });
        }
        let revoked = revocation(&key.details.revocation_signatures, |it| {
            it.typ() == Some(SignatureType::KeyRevocation) && it.verify_key(primary).is_ok()
        });
        let users = users.iter().enumerate().map(|(index, (user, _))| (*user, index == 0)).collect();
        let parts = key.public_subkeys.iter().filter_map(|part| Part::of(primary, part, now)).collect();
        Ok(Self { primary, profile, revoked, users, parts })
    }

    /// When the whole expires.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        self.profile.iter().find_map(|signature| expiry(self.primary, signature))
    }

    /// That the whole is neither revoked nor expired at `at`.
    pub(crate) fn check_valid_at(&self, at: Timestamp) -> Result<(), PgpError> {
        let fingerprint = || fingerprint_of(self.primary);
        if let Some(revoked) = self.revoked.as_ref().filter(|it| it.is_hard || it.at <= at) {
            return Err(PgpError::Revoked { fingerprint: fingerprint(), reason: revoked.reason.clone() });
        }
        match self.expires() {
            Some(expires) if expires <= at => {
                let on = expires.to_string().chars().take(10).collect();
                Err(PgpError::Expired { fingerprint: fingerprint(), on })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn user_ids(&self) -> Vec<UserId> {
        let shown = self.users.iter().filter(|(user, _)| user.id.id().len() <= USER_ID_OCTETS_MAX);
        shown
            .map(|(user, is_primary)| UserId {
                text: String::from_utf8_lossy(user.id.id()).chars().filter(|it| !it.is_control()).collect(),
                address: address_of(user),
                is_primary: *is_primary,
            })
            .collect()
    }

    /// Whether the owner reads SEIPD version 2 (RFC 9580 section 5.2.3.32).
    pub(crate) fn reads_v2(&self) -> bool {
        self.profile.iter().find_map(|it| it.features()).is_some_and(pgp::packet::Features::seipd_v2)
    }

    /// Whether the owner reads AES with 256 bits in SEIPD version 1.
    pub(crate) fn reads_aes256(&self) -> bool {
        let wished = self.profile.iter().map(|it| it.preferred_symmetric_algs()).find(|it| !it.is_empty());
        wished.is_some_and(|it| it.contains(&pgp::crypto::sym::SymmetricKeyAlgorithm::AES256))
    }

    /// The newest part that encrypts and is valid; the first key if it encrypts itself.
    pub(crate) fn encryption_key(&self, now: Timestamp) -> Option<KeyRef<'a>> {
        let parts = self.parts.iter().filter(|part| part.encrypts && part.is_valid_at(now));
        if let Some(part) = parts.max_by_key(|part| part.key.created_at()) {
            return Some(KeyRef::Part(part.key, expiry(part.key, part.binding)));
        }
        let flags = flags(&self.profile)?;
        (flags.encrypt_comms() || flags.encrypt_storage()).then(|| KeyRef::Primary(self.primary, self.expires()))
    }

    /// Keys that may have signed data at `at`.
    pub(crate) fn signing_keys(&self, at: Timestamp) -> Vec<KeyRef<'a>> {
        let primary =
            flags(&self.profile).is_none_or(|it| it.sign()).then(|| KeyRef::Primary(self.primary, self.expires()));
        let parts = self.parts.iter().filter(|part| part.signs && part.is_valid_at(at));
        let parts = parts.map(|part| KeyRef::Part(part.key, expiry(part.key, part.binding)));
        primary.into_iter().chain(parts).collect()
    }

    /// The first key and its parts, valid or not, that a signature may be by.
    pub(crate) fn keys(&self) -> Vec<KeyRef<'a>> {
        let parts = self.parts.iter().map(|part| KeyRef::Part(part.key, expiry(part.key, part.binding)));
        std::iter::once(KeyRef::Primary(self.primary, self.expires())).chain(parts).collect()
    }

    pub(crate) fn has_signing(&self, at: Timestamp) -> bool {
        !self.signing_keys(at).is_empty()
    }
}

impl<'a> Part<'a> {
    fn of(primary: &'a PublicKey, part: &'a SignedPublicSubKey, now: Timestamp) -> Option<Self> {
        if policy::weakness(&part.key).is_some() {
            return None;
        }
        let binding = newest(&part.signatures, now, |it| {
            it.typ() == Some(SignatureType::SubkeyBinding) && it.verify_subkey_binding(primary, &part.key).is_ok()
        })?;
        let revoked = revocation(&part.signatures, |it| {
            it.typ() == Some(SignatureType::SubkeyRevocation) && it.verify_subkey_binding(primary, &part.key).is_ok()
        });
        let flags = flags(&[binding]);
        // A part that signs has signed in turn that it belongs to the first key (section 5.2.3.34).
        let signs = flags.as_ref().is_some_and(pgp::packet::KeyFlags::sign)
            && binding.embedded_signature().is_some_and(|back| {
                back.hash_alg().is_some_and(policy::is_strong)
                    && back.verify_primary_key_binding(&part.key, primary).is_ok()
            });
        let encrypts = flags.is_some_and(|it| it.encrypt_comms() || it.encrypt_storage());
        Some(Self { key: &part.key, binding, revoked, encrypts, signs })
    }

    fn is_valid_at(&self, at: Timestamp) -> bool {
        let is_revoked = self.revoked.as_ref().is_some_and(|it| it.is_hard || it.at <= at);
        !is_revoked && expiry(self.key, self.binding).is_none_or(|expires| expires > at)
    }
}

/// The newest signature on a name that counts; none if the name was revoked since.
fn certification<'a>(primary: &PublicKey, user: &'a SignedUser, now: Timestamp) -> Option<&'a Signature> {
    let verifies = |it: &Signature| it.verify_certification(primary, Tag::UserId, &user.id).is_ok();
    let found = newest(&user.signatures, now, |it| {
        it.is_certification() && it.typ() != Some(SignatureType::CertRevocation) && verifies(it)
    })?;
    let revoked = revocation(&user.signatures, |it| it.typ() == Some(SignatureType::CertRevocation) && verifies(it));
    revoked.is_none_or(|it| Some(it.at) < created(found)).then_some(found)
}

/// The newest signature that is by a safe digest, not of the future, not expired, and is what `verifies` asks.
fn newest(signatures: &[Signature], now: Timestamp, verifies: impl Fn(&Signature) -> bool) -> Option<&Signature> {
    // Of those of one second, that which was added last.
    let mut candidates: Vec<&Signature> = signatures.iter().rev().filter(|it| is_current(it, now)).collect();
    candidates.sort_by_key(|it| std::cmp::Reverse(created(it)));
    candidates.into_iter().find(|it| verifies(it))
}

fn is_current(signature: &Signature, now: Timestamp) -> bool {
    let Some(created) = created(signature) else { return false };
    let expires = signature.signature_expiration_time().filter(|it| it.as_secs() > 0);
    let expires = expires.map(|it| created.plus(Duration::from_secs(u64::from(it.as_secs()))));
    signature.hash_alg().is_some_and(policy::is_strong)
        && created <= now.plus(SKEW)
        && expires.is_none_or(|it| it > now)
}

/// The earliest that is hard, else the earliest. A revocation counts by whatever digest.
fn revocation(signatures: &[Signature], verifies: impl Fn(&Signature) -> bool) -> Option<Revoked> {
    let found = signatures.iter().filter(|it| verifies(it)).map(|signature| {
        let code = signature.revocation_reason_code();
        let soft = [RevocationCode::KeySuperseded, RevocationCode::KeyRetired, RevocationCode::CertUserIdInvalid];
        let said = signature.revocation_reason_string().map(|it| String::from_utf8_lossy(it).into_owned());
        let said: String = said.unwrap_or_default().chars().filter(|it| !it.is_control()).take(100).collect();
        let reason = match code {
            Some(RevocationCode::KeySuperseded) => "another key took its place",
            Some(RevocationCode::KeyCompromised) => "it fell into other hands",
            Some(RevocationCode::KeyRetired) => "it is no longer used",
            _ => "no reason given",
        };
        let reason = if said.is_empty() { reason.to_owned() } else { format!("{reason}: {said}") };
        let is_hard = !code.is_some_and(|code| soft.contains(code));
        Revoked { at: created(signature).unwrap_or_default(), is_hard, reason }
    });
    found.min_by_key(|it| (!it.is_hard, it.at))
}

/// Whether a signature claims to be the key's own.
pub(super) fn is_own(primary: &PublicKey, signature: &Signature) -> bool {
    let (ids, prints) = (signature.issuer_key_id(), signature.issuer_fingerprint());
    ids.contains(&&primary.legacy_key_id()) || prints.contains(&&primary.fingerprint())
}

fn created(signature: &Signature) -> Option<Timestamp> {
    signature.created().map(timestamp)
}

fn expiry(key: &impl KeyDetails, signature: &Signature) -> Option<Timestamp> {
    let span = signature.key_expiration_time().filter(|it| it.as_secs() > 0)?;
    Some(timestamp(key.created_at()).plus(Duration::from_secs(u64::from(span.as_secs()))))
}

/// What a key may be used for, as the first of these signatures says that says anything.
fn flags(signatures: &[&Signature]) -> Option<pgp::packet::KeyFlags> {
    let says = |it: &&&Signature| {
        it.config().is_some_and(|it| it.hashed_subpackets().any(|it| matches!(it.data, SubpacketData::KeyFlags(_))))
    };
    signatures.iter().find(says).map(|it| it.key_flags())
}
