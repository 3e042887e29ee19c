//! The log's key: Ed25519, as C2SP signed-note has it.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Entropy;
use signed_note::{Note, Signer, Verifier, VerifierList};
use zeroize::Zeroizing;

/// Kind of signature in names of keys (C2SP signed-note).
const ED25519_KIND: u8 = 1;

const SEED_BYTES: usize = 32;

/// The private key.
pub struct LogKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// The public key with the name of the log: what an outsider needs, besides the log itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    octets: Vec<u8>,
}

/// A text that is no public key of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the public key of a log; it has the form name+8 digits+Base64, as `tradewind audit key` prints it"
)]
pub struct PublicKeyError(pub String);

impl LogKey {
    /// A fresh seed.
    pub(crate) fn seed(entropy: &dyn Entropy) -> Zeroizing<Vec<u8>> {
        let mut seed = Zeroizing::new(vec![0; SEED_BYTES]);
        entropy.fill(&mut seed);
        seed
    }

    /// The key of the log `name` from its seed; none if the seed has another length.
    pub(crate) fn of_seed(name: &str, seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = PublicKey { name: name.to_owned(), octets: pair.public_key().as_ref().to_vec() };
        Some(Self { pair, public })
    }

    /// Its public part.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs the text of a checkpoint.
    pub(crate) fn sign(&self, text: &[u8]) -> Option<String> {
        let mut note = Note::new(text, &[]).ok()?;
        note.add_sigs(&[self]).ok()?;
        String::from_utf8(note.to_bytes()).ok()
    }
}

impl Signer for LogKey {
    fn name(&self) -> &str {
        &self.public.name
    }

    fn key_id(&self) -> u32 {
        self.public.id()
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.pair.sign(message).as_ref().to_vec())
    }
}

impl PublicKey {
    /// Reads `name+8 digits+Base64`.
    ///
    /// # Errors
    /// [`PublicKeyError`] if the text has another form, or the digits do not belong to the key.
    pub fn parse(text: &str) -> Result<Self, PublicKeyError> {
        let wrong = || PublicKeyError(text.to_owned());
        let mut parts = text.trim().splitn(3, '+');
        let (name, digits, key) = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some(digits), Some(key)) = (name, digits, key) else { return Err(wrong()) };
        let key = STANDARD.decode(key).map_err(|_| wrong())?;
        let Some((&ED25519_KIND, octets)) = key.split_first() else { return Err(wrong()) };
        let public = Self { name: name.to_owned(), octets: octets.to_vec() };
        let fits =
            signed_note::is_key_name_valid(name) && octets.len() == 32 && format!("{:08x}", public.id()) == digits;
        if fits { Ok(public) } else { Err(wrong()) }
    }

    /// Name of the log, which is the first line of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> u32 {
        signed_note::key_id(&self.name, &self.encoded())
    }

    fn encoded(&self) -> Vec<u8> {
        let mut encoded = vec![ED25519_KIND];
        encoded.extend_from_slice(&self.octets);
        encoded
    }

    /// The text that was signed, if the note bears a signature of this key.
    #[must_use]
    pub fn open(&self, note: &[u8]) -> Option<Vec<u8>> {
        let note = Note::from_bytes(note).ok()?;
        let known = VerifierList::new(vec![Box::new(self.clone())]);
        let (ours, _) = note.verify(&known).ok()?;
        (!ours.is_empty()).then(|| note.text().to_vec())
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{:08x}+{}", self.name, self.id(), STANDARD.encode(self.encoded()))
    }
}

impl Verifier for PublicKey {
    fn name(&self) -> &str {
        &self.name
    }

    fn key_id(&self) -> u32 {
        self.id()
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.octets).verify(message, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SeededEntropy;

    #[test]
    fn a_note_opens_with_its_key_alone() {
        let key = LogKey::of_seed("mail.trade.test/audit", &LogKey::seed(&SeededEntropy::new(1))).unwrap();
        let other = LogKey::of_seed("mail.trade.test/audit", &LogKey::seed(&SeededEntropy::new(2))).unwrap();
        let note = key.sign(b"mail.trade.test/audit\n0\nAAAA\n").unwrap();
        assert!(key.public().open(note.as_bytes()).is_some());
        assert!(other.public().open(note.as_bytes()).is_none());
        assert!(key.public().open(note.replace("\n0\n", "\n1\n").as_bytes()).is_none());
        assert_eq!(PublicKey::parse(&key.public().to_string()).unwrap(), *key.public());
        for wrong in ["", "a+b", "a+00000000+AAAA", &key.public().to_string().replace("mail", "mall")] {
            assert!(PublicKey::parse(wrong).is_err(), "{wrong}");
        }
        // The library that the form comes from reads it as well.
        assert!(signed_note::StandardVerifier::new(&key.public().to_string()).is_ok());
    }
}
