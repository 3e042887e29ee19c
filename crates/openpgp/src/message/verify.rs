//! What a signature is worth: by whom, when, over what, and whether its key was good for that then.

use std::time::Duration;

use env::Timestamp;
use pgp::composed::{Deserializable, DetachedSignature};
use pgp::packet::{Signature, SignatureType};

use crate::certificate::{Evaluated, KeyRef, SKEW, hex};
use crate::limits::SIGNATURES_MAX;
use crate::random::timestamp;
use crate::report::{SignatureReport, SignatureState};
use crate::{Certificate, PgpError, packets, policy};

/// Octets of a signature beside content, with all that belongs to it.
const SIGNATURE_OCTETS_MAX: usize = 64 << 10;

/// What the signatures beside `content` are worth, by the keys of `certificates`; at most [`SIGNATURES_MAX`].
///
/// # Errors
/// If it is no signature.
pub fn verify_detached(
    content: &[u8],
    signature: &[u8],
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Vec<SignatureReport>, PgpError> {
    const WHAT: &str = "signature";
    let octets = packets::dearmor(signature, WHAT, SIGNATURE_OCTETS_MAX)?;
    let tags = packets::tags(&octets, WHAT)?;
    if tags.is_empty() || tags.iter().any(|tag| *tag != packets::SIGNATURE) {
        return Err(PgpError::malformed(WHAT, &"there are other packets in it"));
    }
    let parsed =
        DetachedSignature::from_bytes_many(octets.as_slice()).map_err(|error| PgpError::malformed(WHAT, &error))?;
    let mut reports = Vec::new();
    for found in parsed.take(SIGNATURES_MAX) {
        let found = found.map_err(|error| PgpError::malformed(WHAT, &error))?.signature;
        let verifies = |key: &KeyRef<'_>| match key {
            KeyRef::Primary(key, _) => found.verify(*key, content).is_ok(),
            KeyRef::Part(key, _) => found.verify(*key, content).is_ok(),
        };
        reports.push(check(&found, verifies, certificates, now));
    }
    Ok(reports)
}

/// What one signature is worth; `verifies` says whether it is over the content and by the key.
pub(crate) fn check(
    signature: &Signature,
    verifies: impl Fn(&KeyRef<'_>) -> bool,
    certificates: &[Certificate],
    now: Timestamp,
) -> SignatureReport {
    let made = signature.created().map(timestamp);
    let hash = signature.hash_alg();
    let print = signature.issuer_fingerprint().first().map(|it| hex(it.as_bytes()));
    let issuer = print.or_else(|| signature.issuer_key_id().first().map(|it| hex(it.as_ref())));
    let algorithms = match (signature.config(), hash) {
        (Some(config), Some(hash)) => format!("{:?}, {hash}", config.pub_alg),
        _ => "unknown".to_owned(),
    };
    let mut report = SignatureReport {
        state: SignatureState::UnknownKey,
        issuer,
        certificate: None,
        user_ids: Vec::new(),
        made,
        algorithms,
    };
    let kind = signature.typ();
    let Some(made) = made.filter(|_| matches!(kind, Some(SignatureType::Binary | SignatureType::Text))) else {
        report.state = SignatureState::Altered;
        return report;
    };
    let Some(certificate) = certificates.iter().find(|it| is_by(signature, it)) else { return report };
    report.certificate = Some(certificate.fingerprint());
    report.state = match certificate.evaluate(now) {
        Ok(evaluated) => {
            report.user_ids = evaluated.user_ids().into_iter().map(|it| it.text).collect();
            state(signature, made, &evaluated, verifies, now)
        }
        Err(PgpError::WeakKey { .. } | PgpError::NoSelfSignature { .. }) => SignatureState::Weak,
        Err(_) => SignatureState::Altered,
    };
    report
}

fn is_by(signature: &Signature, certificate: &Certificate) -> bool {
    use pgp::types::KeyDetails;
    let names = |id: pgp::types::KeyId, print: pgp::types::Fingerprint| {
        signature.issuer_fingerprint().contains(&&print) || signature.issuer_key_id().contains(&&id)
    };
    let primary = &certificate.0.primary_key;
    names(primary.legacy_key_id(), primary.fingerprint())
        || certificate.0.public_subkeys.iter().any(|it| names(it.key.legacy_key_id(), it.key.fingerprint()))
}

fn state(
    signature: &Signature,
    made: Timestamp,
    evaluated: &Evaluated<'_>,
    verifies: impl Fn(&KeyRef<'_>) -> bool,
    now: Timestamp,
) -> SignatureState {
    let named = |key: &KeyRef<'_>| {
        signature.issuer_fingerprint().contains(&&key.fingerprint())
            || signature.issuer_key_id().contains(&&key.key_id())
    };
    let Some(key) = evaluated.keys().into_iter().find(|key| named(key) && verifies(key)) else {
        return SignatureState::Altered;
    };
    if !signature.hash_alg().is_some_and(policy::is_strong) {
        return SignatureState::Weak;
    }
    if made > now.plus(SKEW) {
        return SignatureState::Future;
    }
    let span = signature.signature_expiration_time().filter(|it| it.as_secs() > 0);
    let ends = span.map(|it| made.plus(Duration::from_secs(u64::from(it.as_secs()))));
    if ends.is_some_and(|it| it <= now) || made < key.created() {
        return SignatureState::Expired;
    }
    match evaluated.check_valid_at(made) {
        Ok(()) => {}
        Err(PgpError::Revoked { .. }) => return SignatureState::Revoked,
        Err(_) => return SignatureState::Expired,
    }
    let may_sign = evaluated.signing_keys(made).iter().any(|it| it.fingerprint() == key.fingerprint());
    if may_sign { SignatureState::Good } else { SignatureState::Expired }
}
