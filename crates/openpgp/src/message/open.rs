//! Opening messages, layer by layer; each layer is bounded and its packets looked at before the next is read.

use std::io::Read;

use env::Timestamp;
use pgp::composed::{DecryptionOptions, Edata, Esk, Message, PlainSessionKey};
use pgp::packet::{PublicKeyEncryptedSessionKey, Signature, SubpacketData};
use pgp::types::{DecryptionKey, EskType, Fingerprint, KeyDetails, Password, PkeskVersion, Seipdv1ReadMode};

use super::check;
use crate::certificate::{KeyRef, fingerprint_of};
use crate::limits::{
    EXPANSION_FREE_OCTETS, EXPANSION_MAX, MESSAGE_OCTETS_MAX, NESTING_MAX, PLAIN_OCTETS_MAX, SESSION_KEYS_MAX,
    SIGNATURES_MAX,
};
use crate::report::{Container, SignatureReport, SignatureState};
use crate::{Certificate, PgpError, PrivateKey, packets};

const WHAT: &str = "message";

/// Packets that hold content, of which a layer has one: compressed, encrypted, literal.
const CONTENT: [u8; 5] = [8, packets::ENCRYPTED_UNPROTECTED, 11, packets::ENCRYPTED, packets::ENCRYPTED_GNUPG];

/// A message that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What is in it.
    pub plain: Vec<u8>,
    /// How it was encrypted; `None` if it was not.
    pub encryption: Option<Container>,
    /// Fingerprint of the key that opened it; `None` if it was not encrypted.
    pub key: Option<String>,
    /// The signatures in it. Whether their keys name the author is not looked at here.
    pub signatures: Vec<SignatureReport>,
}

/// Opens a message, armored or not, with the first of `keys` that fits, and looks at its signatures by `certificates`.
///
/// # Errors
/// If it is none, is encrypted to other keys, was altered, has no protected integrity, or is made to exhaust us. Nothing of its content
/// is given then.
pub fn decrypt(
    given: &[u8],
    keys: &[&PrivateKey],
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Opened, PgpError> {
    let opened = open(unarmored(given)?, keys, certificates, now)?;
    if opened.encryption.is_none() { Err(PgpError::NotEncrypted) } else { Ok(opened) }
}

/// The packets of a message.
pub(crate) fn unarmored(given: &[u8]) -> Result<Vec<u8>, PgpError> {
    packets::dearmor(given, WHAT, MESSAGE_OCTETS_MAX)
}

/// Opens a message in packets that may be encrypted, signed, or neither.
pub(crate) fn open(
    mut octets: Vec<u8>,
    keys: &[&PrivateKey],
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Opened, PgpError> {
    let limit = PLAIN_OCTETS_MAX.min(EXPANSION_FREE_OCTETS.max(octets.len().saturating_mul(EXPANSION_MAX)));
    let (mut encryption, mut opener) = (None, None);
    for _ in 0..NESTING_MAX {
        let is_inside = encryption.is_some();
        let looker = Looker { keys, certificates, now, limit, is_inside };
        match looker.open_layer(&octets) {
            Ok(Layer::Encrypted(container, key, plain)) => {
                (encryption, opener, octets) = (Some(container), Some(key), plain);
            }
            Ok(Layer::Compressed(unpacked)) => octets = unpacked,
            Ok(Layer::Content(plain, signatures)) => {
                return Ok(Opened { plain, encryption, key: opener, signatures });
            }
            // Whatever else is wrong within an encrypted message looks the same from outside, as it may have been altered to try that.
            Err(PgpError::Malformed { .. }) if is_inside => return Err(PgpError::Altered),
            Err(error) => return Err(error),
        }
    }
    Err(PgpError::TooDeep { limit: NESTING_MAX })
}

/// What a layer turned out to be.
enum Layer {
    /// How, and with which key of ours it was opened.
    Encrypted(Container, String, Vec<u8>),
    Compressed(Vec<u8>),
    Content(Vec<u8>, Vec<SignatureReport>),
}

struct Looker<'a> {
    keys: &'a [&'a PrivateKey],
    certificates: &'a [Certificate],
    now: Timestamp,
    limit: usize,
    is_inside: bool,
}

impl Looker<'_> {
    fn open_layer(&self, octets: &[u8]) -> Result<Layer, PgpError> {
        look(octets)?;
        let malformed = |error: pgp::errors::Error| PgpError::malformed(WHAT, &error);
        match Message::from_bytes(octets).map_err(malformed)? {
            Message::Encrypted { .. } if self.is_inside => Err(PgpError::malformed(WHAT, &"it is encrypted twice")),
            Message::Encrypted { esk, edata, .. } => {
                unlock(&esk, edata, self.keys).map(|(container, key, plain)| Layer::Encrypted(container, key, plain))
            }
            Message::Compressed { reader, .. } => {
                let cut_off = || PgpError::malformed(WHAT, &"what is compressed is damaged");
                let unpacked = read_bounded(reader.decompress().map_err(|_| cut_off())?, self.limit);
                unpacked.map(Layer::Compressed).map_err(|error| error.unwrap_or_else(cut_off))
            }
            message @ (Message::Literal { .. } | Message::Signed { .. }) => {
                self.content(message).map(|(plain, signatures)| Layer::Content(plain, signatures))
            }
        }
    }

    /// The content of a message and what its signatures are worth.
    fn content(&self, mut message: Message<'_>) -> Result<(Vec<u8>, Vec<SignatureReport>), PgpError> {
        if let Message::Signed { reader, .. } = &message
            && !reader.get_ref().is_literal()
        {
            return Err(PgpError::malformed(WHAT, &"what is signed is not the content itself"));
        }
        let plain = read_bounded(&mut message, self.limit)
            .map_err(|error| error.unwrap_or_else(|| PgpError::malformed(WHAT, &"it is cut off")))?;
        let Message::Signed { reader, .. } = &message else { return Ok((plain, Vec::new())) };
        let mut reports = Vec::new();
        for index in 0..reader.num_signatures() {
            let Some(signature) = reader.signature(index) else { continue };
            let verifies = |key: &KeyRef<'_>| match key {
                KeyRef::Primary(key, _) => message.verify_nested_explicit(index, *key).is_ok(),
                KeyRef::Part(key, _) => message.verify_nested_explicit(index, *key).is_ok(),
            };
            let mut report = check(signature, verifies, self.certificates, self.now);
            if report.state == SignatureState::Good && self.is_inside && !self.is_meant(signature) {
                report.state = SignatureState::OtherRecipient;
            }
            reports.push(report);
        }
        Ok((plain, reports))
    }

    /// Whether a signature names nobody as its recipient, or one of ours.
    fn is_meant(&self, signature: &Signature) -> bool {
        let data = signature.config().into_iter().flat_map(|it| it.hashed_subpackets()).map(|it| &it.data);
        let mut named = data.filter_map(|it| match it {
            SubpacketData::IntendedRecipientFingerprint(print) => Some(print),
            _ => None,
        });
        let is_ours = |print: &Fingerprint| self.keys.iter().any(|key| key.0.primary_key.fingerprint() == *print);
        named.next().is_none_or(|first| is_ours(first) || named.any(is_ours))
    }
}

/// That a layer is one message of a bounded number of packets.
fn look(octets: &[u8]) -> Result<(), PgpError> {
    let tags = packets::tags(octets, WHAT)?;
    let count = |kinds: &[u8]| tags.iter().filter(|tag| kinds.contains(tag)).count();
    if tags.contains(&packets::ENCRYPTED_UNPROTECTED) {
        return Err(PgpError::NoIntegrity);
    }
    if count(&[packets::PUBLIC_KEY_SESSION_KEY, packets::PASSWORD_SESSION_KEY]) > SESSION_KEYS_MAX {
        return Err(PgpError::TooLarge { what: WHAT, limit: SESSION_KEYS_MAX, unit: "recipients" });
    }
    if count(&[packets::SIGNATURE]) > SIGNATURES_MAX || count(&[packets::ONE_PASS_SIGNATURE]) > SIGNATURES_MAX {
        return Err(PgpError::TooLarge { what: WHAT, limit: SIGNATURES_MAX, unit: "signatures" });
    }
    // More than one would leave some of the content outside of what was signed.
    if count(&CONTENT) != 1 {
        return Err(PgpError::malformed(WHAT, &"it does not hold one content"));
    }
    Ok(())
}

/// How it was encrypted, the fingerprint of the key that opens it, and what is in it, in packets.
fn unlock(esk: &[Esk], mut edata: Edata<'_>, keys: &[&PrivateKey]) -> Result<(Container, String, Vec<u8>), PgpError> {
    let container = match &edata {
        Edata::SymEncryptedData { .. } => return Err(PgpError::NoIntegrity),
        Edata::GnupgAeadData { .. } => Container::Gnupg,
        Edata::SymEncryptedProtectedData { reader } => match reader.config() {
            pgp::packet::ProtectedDataConfig::Seipd(pgp::packet::SymEncryptedProtectedDataConfig::V1) => {
                Container::Seipd1
            }
            _ => Container::Seipd2,
        },
    };
    let candidates: Vec<(String, PlainSessionKey)> =
        esk.iter().flat_map(|it| session_keys(it, keys)).take(SIGNATURES_MAX).collect();
    // Of keys that are not named in the message, more than one may seem to fit; the first that does in full counts.
    let (key, session) = candidates.into_iter().next().ok_or(PgpError::NotForUs)?;
    let mode = Seipdv1ReadMode::CheckFirst { max_message_size: MESSAGE_OCTETS_MAX };
    let options = DecryptionOptions::new().enable_gnupg_aead().set_seipdv1_read_mode(mode);
    edata.decrypt_with_options(&session, options).map_err(|_| PgpError::Altered)?;
    let plain = read_bounded(edata, MESSAGE_OCTETS_MAX).map_err(|error| error.unwrap_or(PgpError::Altered))?;
    Ok((container, key, plain))
}

/// Session keys that keys of ours open, each with the fingerprint of the certificate.
fn session_keys(esk: &Esk, keys: &[&PrivateKey]) -> Vec<(String, PlainSessionKey)> {
    let Esk::PublicKeyEncryptedSessionKey(esk) = esk else { return Vec::new() };
    let kind = match esk.version() {
        PkeskVersion::V3 => EskType::V3_4,
        PkeskVersion::V6 => EskType::V6,
        PkeskVersion::Other(_) => return Vec::new(),
    };
    let mut opened = Vec::new();
    for key in keys {
        let named = |session| (fingerprint_of(&key.0.primary_key), session);
        if esk.match_identity(key.0.primary_key.public_key()) {
            opened.extend(session_key(esk, kind, &key.0.primary_key).map(named));
        }
        for part in &key.0.secret_subkeys {
            if esk.match_identity(part.key.public_key()) {
                opened.extend(session_key(esk, kind, &part.key).map(named));
            }
        }
    }
    opened
}

fn session_key(esk: &PublicKeyEncryptedSessionKey, kind: EskType, key: &dyn DecryptionKey) -> Option<PlainSessionKey> {
    key.decrypt(&Password::empty(), esk.values().ok()?, kind).ok()?.ok()
}

/// All of `from`; no error means that it is damaged, a bomb is one of its own.
fn read_bounded(from: impl Read, limit: usize) -> Result<Vec<u8>, Option<PgpError>> {
    let mut octets = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut octets).map_err(|_| None)?;
    if octets.len() > limit { Err(Some(PgpError::Bomb { limit })) } else { Ok(octets) }
}
