//! Ciphers of content.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use der::oid::ObjectIdentifier;
use gm::sm4::Sm4;
use gm::sm4::gcm::Sm4Gcm;

use crate::asn1::{self, Element};
use crate::{Fault, oid};

/// A cipher of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cipher {
    /// AES-GCM with a key of so many octets: what was altered is noticed (RFC 5084).
    AesGcm(usize),
    /// AES-CBC with a key of so many octets: what was altered may be taken for what was sent (RFC 3565).
    AesCbc(usize),
    /// Triple DES, read for old messages alone (RFC 3370 section 5.1).
    TripleDes,
    /// SM4-GCM (GB/T 32907, in the form of RFC 5084).
    Sm4Gcm,
    /// SM4-CBC.
    Sm4Cbc,
}

/// Octets of the tag of AES-GCM.
const TAG_BYTES: usize = 16;

impl Cipher {
    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesGcm(16) => "AES-128-GCM",
            Self::AesGcm(24) => "AES-192-GCM",
            Self::AesGcm(_) => "AES-256-GCM",
            Self::AesCbc(16) => "AES-128-CBC",
            Self::AesCbc(24) => "AES-192-CBC",
            Self::AesCbc(_) => "AES-256-CBC",
            Self::TripleDes => "3DES",
            Self::Sm4Gcm => "SM4-GCM",
            Self::Sm4Cbc => "SM4-CBC",
        }
    }

    /// Whether it notices alterations.
    #[must_use]
    pub const fn is_authenticated(self) -> bool {
        matches!(self, Self::AesGcm(_) | Self::Sm4Gcm)
    }

    pub(crate) fn of(algorithm: ObjectIdentifier) -> Result<Self, Fault> {
        match algorithm {
            oid::AES_128_GCM => Ok(Self::AesGcm(16)),
            oid::AES_192_GCM => Ok(Self::AesGcm(24)),
            oid::AES_256_GCM => Ok(Self::AesGcm(32)),
            oid::AES_128_CBC => Ok(Self::AesCbc(16)),
            oid::AES_192_CBC => Ok(Self::AesCbc(24)),
            oid::AES_256_CBC => Ok(Self::AesCbc(32)),
            oid::TRIPLE_DES_CBC => Ok(Self::TripleDes),
            oid::SM4_GCM => Ok(Self::Sm4Gcm),
            oid::SM4_CBC => Ok(Self::Sm4Cbc),
            oid::RC2_CBC => Err(Fault::Weak("RC2".to_owned())),
            oid::DES_CBC => Err(Fault::Weak("DES".to_owned())),
            other => Err(Fault::Unsupported(format!("the cipher {other}"))),
        }
    }

    pub(crate) const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::AesGcm(16) => oid::AES_128_GCM,
            Self::AesGcm(24) => oid::AES_192_GCM,
            Self::AesGcm(_) => oid::AES_256_GCM,
            Self::AesCbc(16) => oid::AES_128_CBC,
            Self::AesCbc(24) => oid::AES_192_CBC,
            Self::AesCbc(_) => oid::AES_256_CBC,
            Self::TripleDes => oid::TRIPLE_DES_CBC,
            Self::Sm4Gcm => oid::SM4_GCM,
            Self::Sm4Cbc => oid::SM4_CBC,
        }
    }

    /// Octets of its key.
    pub(crate) const fn key_bytes(self) -> usize {
        match self {
            Self::AesGcm(bytes) | Self::AesCbc(bytes) => bytes,
            Self::TripleDes => 24,
            Self::Sm4Gcm | Self::Sm4Cbc => 16,
        }
    }

    /// Octets of its initial value.
    pub(crate) const fn initial_bytes(self) -> usize {
        match self {
            Self::AesGcm(_) | Self::Sm4Gcm => 12,
            Self::AesCbc(_) | Self::Sm4Cbc => 16,
            Self::TripleDes => 8,
        }
    }

    /// Name and parameters as DER.
    pub(crate) fn algorithm(self, initial: &[u8]) -> Vec<u8> {
        let initial = asn1::octets(initial);
        let parameters = match self {
            Self::AesGcm(_) | Self::Sm4Gcm => asn1::sequence(&[&initial, &asn1::number(16)]),
            Self::AesCbc(_) | Self::TripleDes | Self::Sm4Cbc => initial,
        };
        asn1::algorithm(self.oid(), &parameters)
    }

    /// The initial value in its parameters.
    pub(crate) fn read_initial<'a>(self, parameters: Option<&Element<'a>>) -> Result<&'a [u8], Fault> {
        const WHAT: &str = "the parameters of the cipher";
        let parameters = parameters.ok_or(Fault::Malformed(WHAT))?;
        let initial = match self {
            Self::AesGcm(_) | Self::Sm4Gcm => {
                let mut inside = parameters.inside();
                let nonce = inside.take(asn1::OCTETS, WHAT)?.content;
                // RFC 5084 section 3.2: twelve octets of tag if nothing is said.
                let tag = if inside.is_empty() { 12 } else { inside.number(WHAT)? as usize };
                if tag != TAG_BYTES {
                    return Err(Fault::Unsupported(format!("GCM with a tag of {tag} octets")));
                }
                nonce
            }
            _ if parameters.tag == asn1::OCTETS => parameters.content,
            _ => return Err(Fault::Malformed(WHAT)),
        };
        if initial.len() == self.initial_bytes() { Ok(initial) } else { Err(Fault::Malformed(WHAT)) }
    }

    /// Encrypts `content` in place, with the tag behind it if there is one.
    pub(crate) fn encrypt(self, key: &[u8], initial: &[u8], content: &mut Vec<u8>) -> Result<(), Fault> {
        const FAILED: Fault = Fault::Malformed("the key for the content");
        match self {
            Self::AesGcm(_) => {
                let nonce = Nonce::try_assume_unique_for_key(initial).map_err(|_| FAILED)?;
                gcm(key)?.seal_in_place_append_tag(nonce, Aad::empty(), content).map_err(|_| FAILED)
            }
            Self::AesCbc(_) => {
                let key = UnboundCipherKey::new(aes(key)?, key).map_err(|_| FAILED)?;
                let initial: [u8; 16] = initial.try_into().map_err(|_| FAILED)?;
                let context = EncryptionContext::Iv128(initial.into());
                let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| FAILED)?;
                key.less_safe_encrypt(content, context).map(|_| ()).map_err(|_| FAILED)
            }
            Self::TripleDes => Err(Fault::Weak("3DES".to_owned())),
            Self::Sm4Gcm => {
                let (key, nonce) = (key.try_into().map_err(|_| FAILED)?, initial.try_into().map_err(|_| FAILED)?);
                let tag = Sm4Gcm::new(key).seal(nonce, &[], content).map_err(|_| FAILED)?;
                content.extend_from_slice(&tag);
                Ok(())
            }
            Self::Sm4Cbc => {
                let (key, initial) = (key.try_into().map_err(|_| FAILED)?, initial.try_into().map_err(|_| FAILED)?);
                *content = Sm4::new(key).cbc_encrypt(initial, content);
                Ok(())
            }
        }
    }

    /// Decrypts `content`, with the tag behind it if there is one. `None` says nothing of why.
    pub(crate) fn decrypt(self, key: &[u8], initial: &[u8], more: &[u8], mut content: Vec<u8>) -> Option<Vec<u8>> {
        if key.len() != self.key_bytes() {
            return None;
        }
        let length = match self {
            Self::AesGcm(_) => {
                let nonce = Nonce::try_assume_unique_for_key(initial).ok()?;
                gcm(key).ok()?.open_in_place(nonce, Aad::from(more), &mut content).ok()?.len()
            }
            Self::AesCbc(_) => {
                let key = UnboundCipherKey::new(aes(key).ok()?, key).ok()?;
                let initial: [u8; 16] = initial.try_into().ok()?;
                let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
                key.decrypt(&mut content, DecryptionContext::Iv128(initial.into())).ok()?.len()
            }
            Self::TripleDes => {
                let mode = cbc::Decryptor::<des::TdesEde3>::new_from_slices(key, initial).ok()?;
                mode.decrypt_padded::<Pkcs7>(&mut content).ok()?.len()
            }
            Self::Sm4Gcm => {
                let length = content.len().checked_sub(TAG_BYTES)?;
                let (text, tag) = content.split_at_mut(length);
                Sm4Gcm::new(key.try_into().ok()?).open(initial.try_into().ok()?, more, text, tag).ok()?;
                length
            }
            Self::Sm4Cbc => {
                return Sm4::new(key.try_into().ok()?).cbc_decrypt(initial.try_into().ok()?, &content).ok();
            }
        };
        content.truncate(length);
        Some(content)
    }
}

fn gcm(key: &[u8]) -> Result<LessSafeKey, Fault> {
    let algorithm = match key.len() {
        16 => &aead::AES_128_GCM,
        24 => &aead::AES_192_GCM,
        _ => &aead::AES_256_GCM,
    };
    let key = UnboundKey::new(algorithm, key).map_err(|_| Fault::Malformed("the key for the content"))?;
    Ok(LessSafeKey::new(key))
}

fn aes(key: &[u8]) -> Result<&'static cipher::Algorithm, Fault> {
    match key.len() {
        16 => Ok(&cipher::AES_128),
        24 => Ok(&cipher::AES_192),
        32 => Ok(&cipher::AES_256),
        _ => Err(Fault::Malformed("the key for the content")),
    }
}
