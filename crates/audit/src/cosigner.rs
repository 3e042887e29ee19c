//! Cosignatures of this server on its own checkpoints, by keys of other kinds than the log's own, as C2SP tlog-cosignature has them: ML-DSA-44
//! (FIPS 204), which outlasts quantum computers, and SM2 with SM3 (GB/T 32918), where what rests is sealed under SM4.
//!
//! A cosignature is a further line of the note. Who knows its key by its text (`name+8 digits+Base64`) checks it beside the log's own; whoever
//! does not passes over it.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, PqdsaKeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{Entropy, Timestamp};
use gm::sm2;
use tlog_tiles::checkpoint::Checkpoint;
use zeroize::Zeroizing;

use crate::key::PublicKeyError;

/// Octets of what a private key is made from.
const SEED_BYTES: usize = 32;

/// Kind of ML-DSA-44 cosignatures in keys (C2SP tlog-cosignature).
const ML_DSA_KIND: &[u8] = b"\x06";

/// Kind of SM2 cosignatures: none has a number, so a name follows (C2SP signed-note).
const SM2_KIND: &[u8] = b"\xffgb-t-32918-sm2-with-sm3-cosignature-v1\n";

/// What an ML-DSA cosignature is over begins with it.
const ML_DSA_LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// Octets of an ML-DSA-44 signature.
const ML_DSA_BYTES: usize = 2_420;

env::words! {
    /// Which kind of key cosigns.
    CosignerKind "kind of cosigner" allowed "ml-dsa-44, sm2" {
        /// ML-DSA-44.
        MlDsa = "ml-dsa-44",
        /// SM2 with SM3.
        Sm2 = "sm2",
    }
}

impl CosignerKind {
    const fn number(self) -> &'static [u8] {
        match self {
            Self::MlDsa => ML_DSA_KIND,
            Self::Sm2 => SM2_KIND,
        }
    }
}

/// The private key of a cosigner.
pub(crate) struct Cosigner {
    secret: Private,
    public: CosignerKey,
}

enum Private {
    MlDsa(Box<PqdsaKeyPair>),
    Sm2(sm2::PrivateKey),
}

/// The public key of a cosigner with its name: what an outsider needs to check its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    kind: CosignerKind,
    octets: Vec<u8>,
}

impl Cosigner {
    /// What a fresh key is made from.
    pub(crate) fn seed(entropy: &dyn Entropy) -> Zeroizing<Vec<u8>> {
        let mut seed = Zeroizing::new(vec![0; SEED_BYTES]);
        entropy.fill(&mut seed);
        seed
    }

    /// The cosigner of the log `log` from its seed; none if no key can be made from it.
    pub(crate) fn of_seed(log: &str, kind: CosignerKind, seed: &[u8]) -> Option<Self> {
        let (secret, octets) = match kind {
            CosignerKind::MlDsa => {
                let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).ok()?;
                let octets = pair.public_key().as_ref().to_vec();
                (Private::MlDsa(Box::new(pair)), octets)
            }
            CosignerKind::Sm2 => {
                let key = sm2::PrivateKey::from_scalar(seed.try_into().ok()?).ok()?;
                let octets = key.public().to_sec1().to_vec();
                (Private::Sm2(key), octets)
            }
        };
        let public = CosignerKey { name: format!("{log}/{kind}"), kind, octets };
        Some(Self { secret, public })
    }

    /// Its public part.
    pub(crate) const fn public(&self) -> &CosignerKey {
        &self.public
    }

    /// The line that cosigns the checkpoint whose text is `text`, at `now`; none if the text is none of a checkpoint.
    pub(crate) fn line(&self, text: &[u8], now: Timestamp, entropy: &dyn Entropy) -> Option<String> {
        let seconds = u64::try_from(now.millis() / 1_000).ok()?;
        let message = self.public.message(text, seconds)?;
        let signature = match &self.secret {
            Private::MlDsa(pair) => {
                let mut signature = vec![0; ML_DSA_BYTES];
                let length = pair.sign(&message, &mut signature).ok()?;
                signature.truncate(length);
                signature
            }
            Private::Sm2(key) => key.sign(sm2::DEFAULT_ID, &message, entropy).ok()?,
        };
        let mut octets = self.public.id().to_vec();
        octets.extend_from_slice(&seconds.to_be_bytes());
        octets.extend_from_slice(&signature);
        Some(format!("\u{2014} {} {}\n", self.public.name, STANDARD.encode(octets)))
    }
}

impl CosignerKey {
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
        let of = |kind: &CosignerKind| Some((*kind, key.strip_prefix(kind.number())?.to_vec()));
        let (kind, octets) = CosignerKind::ALL.iter().find_map(of).ok_or_else(wrong)?;
        let public = Self { name: name.to_owned(), kind, octets };
        let fits = signed_note::is_key_name_valid(name) && hex(&public.id()) == digits;
        if fits { Ok(public) } else { Err(wrong()) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which kind it is.
    #[must_use]
    pub const fn kind(&self) -> CosignerKind {
        self.kind
    }

    /// When the key cosigned the checkpoint, if the note bears a line of it that holds.
    #[must_use]
    pub fn cosigned(&self, note: &[u8]) -> Option<Timestamp> {
        let note = std::str::from_utf8(note).ok()?;
        let (text, lines) = note.split_once("\n\n")?;
        let text = format!("{text}\n");
        lines.lines().find_map(|line| {
            let (name, octets) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
            let octets = STANDARD.decode(octets).ok().filter(|_| name == self.name)?;
            let (id, rest) = octets.split_first_chunk::<4>()?;
            let (seconds, signature) = rest.split_first_chunk::<8>()?;
            let seconds = u64::from_be_bytes(*seconds);
            let message = self.message(text.as_bytes(), seconds).filter(|_| *id == self.id())?;
            self.verify(&message, signature)
                .then(|| Timestamp::from_millis(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000)))
        })
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.kind {
            CosignerKind::MlDsa => UnparsedPublicKey::new(&ML_DSA_44, &self.octets).verify(message, signature).is_ok(),
            CosignerKind::Sm2 => sm2::PublicKey::from_sec1(&self.octets)
                .is_ok_and(|key| key.verify(sm2::DEFAULT_ID, message, signature).is_ok()),
        }
    }

    /// What is signed.
    fn message(&self, text: &[u8], seconds: u64) -> Option<Vec<u8>> {
        match self.kind {
            CosignerKind::MlDsa => {
                let checkpoint = Checkpoint::from_bytes(text).ok()?;
                let mut message = ML_DSA_LABEL.to_vec();
                put_short(&mut message, self.name.as_bytes())?;
                message.extend_from_slice(&seconds.to_be_bytes());
                put_short(&mut message, checkpoint.origin().as_bytes())?;
                message.extend_from_slice(&0_u64.to_be_bytes());
                message.extend_from_slice(&checkpoint.size().to_be_bytes());
                message.extend_from_slice(&checkpoint.hash().0);
                Some(message)
            }
            CosignerKind::Sm2 => {
                let mut message = format!("cosignature/v1\ntime {seconds}\n").into_bytes();
                message.extend_from_slice(text);
                Some(message)
            }
        }
    }

    fn encoded(&self) -> Vec<u8> {
        [self.kind.number(), &self.octets].concat()
    }

    fn id(&self) -> [u8; 4] {
        let hash = digest(&SHA256, &[self.name.as_bytes(), b"\n", &self.encoded()].concat());
        hash.as_ref().first_chunk::<4>().copied().unwrap_or_default()
    }
}

/// A string of at most 255 octets behind its length.
fn put_short(message: &mut Vec<u8>, text: &[u8]) -> Option<()> {
    message.push(u8::try_from(text.len()).ok().filter(|length| *length > 0)?);
    message.extend_from_slice(text);
    Some(())
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

impl std::fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), STANDARD.encode(self.encoded()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SeededEntropy;

    const TEXT: &str =
        "mail.trade.test/audit\n1284\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\ntime 2026-11-27T05:01:00Z\n";

    #[test]
    fn a_cosignature_holds_for_its_key_and_checkpoint_alone() {
        let (entropy, now) = (SeededEntropy::new(1), Timestamp::from_seconds(1_800_000_000));
        for kind in CosignerKind::ALL {
            let cosigner = Cosigner::of_seed("mail.trade.test/audit", *kind, &Cosigner::seed(&entropy)).unwrap();
            let other = Cosigner::of_seed("mail.trade.test/audit", *kind, &Cosigner::seed(&entropy)).unwrap();
            let line = cosigner.line(TEXT.as_bytes(), now, &entropy).unwrap();
            let note = format!("{TEXT}\n\u{2014} mail.trade.test/audit AAAAAAAA\n{line}");
            let key = CosignerKey::parse(&cosigner.public().to_string()).unwrap();
            assert_eq!(key, *cosigner.public());
            assert_eq!(key.cosigned(note.as_bytes()), Some(now), "{kind}");
            assert_eq!(other.public().cosigned(note.as_bytes()), None, "{kind}: another's key");
            assert_eq!(key.cosigned(note.replace("1284", "1285").as_bytes()), None, "{kind}: another size");
            assert_eq!(key.cosigned(note.replace("AAEC", "AAED").as_bytes()), None, "{kind}: another root");
            let renamed = note.replace("mail.trade.test/audit/", "mall.trade.test/audit/");
            assert_eq!(key.cosigned(renamed.as_bytes()), None, "{kind}: another name");
        }
        assert!(CosignerKey::parse("a+00000000+BgAA").is_err());
    }
}
