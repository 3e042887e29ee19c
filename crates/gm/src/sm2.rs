//! SM2 (GB/T 32918-2016) on the recommended curve of GB/T 32918.5: keys, signatures, encryption, and the plain Diffie-Hellman that TLS
//! does on the curve (RFC 8998 section 3.2.2).

mod encryption;
mod random;

use ::sm2::ProjectivePoint;
use ::sm2::dsa::signature::{RandomizedSigner, Verifier};
use ::sm2::dsa::{Signature, SigningKey, VerifyingKey};
use ::sm2::elliptic_curve::Generate;
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::elliptic_curve::sec1::ToSec1Point;
use ::sm2::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use env::Entropy;
use zeroize::{Zeroize, Zeroizing};

use crate::GmError;
use crate::der::{self, Reader};
use random::EntropyRng;

/// Identifier of signers who have none of their own (GM/T 0009 section 10): in certificates, CMS and everywhere but in TLS.
pub const DEFAULT_ID: &str = "1234567812345678";

/// Bytes of an uncompressed point: 0x04, x, y.
pub const POINT_BYTES: usize = 65;

/// A private key. Overwritten when dropped.
#[derive(Clone)]
pub struct PrivateKey(::sm2::SecretKey);

impl PrivateKey {
    /// A fresh key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(::sm2::SecretKey::generate_from_rng(&mut EntropyRng(entropy)))
    }

    /// The key with this number, most significant byte first.
    ///
    /// # Errors
    /// [`GmError::Key`] if it is zero or not below the order of the curve.
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, GmError> {
        ::sm2::SecretKey::from_slice(scalar).map(Self).map_err(|_| GmError::Key("private key"))
    }

    /// Reads PKCS#8 (RFC 5958) or, failing that, SEC1 (RFC 5915) on the curve 1.2.156.10197.1.301.
    ///
    /// # Errors
    /// [`GmError::Key`] if it is neither, or a key on another curve.
    pub fn from_der(key: &[u8]) -> Result<Self, GmError> {
        let sec1 = || names_the_curve(key).then(|| ::sm2::SecretKey::from_sec1_der(key).ok()).flatten();
        ::sm2::SecretKey::from_pkcs8_der(key).ok().or_else(sec1).map(Self).ok_or(GmError::Key("private key"))
    }

    /// PKCS#8, for safe keeping.
    ///
    /// # Errors
    /// [`GmError::Key`] never for keys of this type.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, GmError> {
        let document = self.0.to_pkcs8_der().map_err(|_| GmError::Key("private key"))?;
        Ok(Zeroizing::new(document.as_bytes().to_vec()))
    }

    /// PKCS#8 as PEM.
    ///
    /// # Errors
    /// [`GmError::Key`] never for keys of this type.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>, GmError> {
        self.0.to_pkcs8_pem(LineEnding::LF).map_err(|_| GmError::Key("private key"))
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key())
    }

    /// Signs `message` as the signer called `id` (GB/T 32918.2 section 6): a DER sequence of r and s (GM/T 0009 section 7.3).
    ///
    /// The number that must stay secret is drawn from key, message and `entropy` together (RFC 6979 section 3.6), so that weak randomness alone
    /// does not betray the key.
    ///
    /// # Errors
    /// [`GmError::Key`] if `id` is longer than the standard allows (8191 bytes).
    pub fn sign(&self, id: &str, message: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, GmError> {
        let key = SigningKey::new(id, &self.0).map_err(|_| GmError::Key("identifier"))?;
        let signature =
            key.try_sign_with_rng(&mut EntropyRng(entropy), message).map_err(|_| GmError::Key("private key"))?;
        Ok(write_signature(&signature))
    }

    /// The x coordinate of the common point, with leading zeros (RFC 8998 section 3.2.2 and RFC 8446 section 7.4.2).
    #[must_use]
    pub fn agree(&self, peer: &PublicKey) -> Zeroizing<[u8; 32]> {
        let mut shared = ProjectivePoint::from(*peer.0.as_affine()) * *self.0.to_nonzero_scalar();
        let x = Zeroizing::new(shared.to_affine().x().into());
        shared.zeroize();
        x
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.public()).finish()
    }
}

/// A SEC1 key that says nothing of its curve, or another one, must not be taken for one of SM2.
fn names_the_curve(sec1: &[u8]) -> bool {
    let curve = |sec1| {
        let mut outer = Reader::new(sec1);
        let mut key = Reader::new(outer.expect(der::SEQUENCE)?);
        key.expect(der::INTEGER)?;
        key.expect(der::OCTET_STRING)?;
        let mut parameters = Reader::new(key.expect(der::context(0))?);
        parameters.expect(der::OBJECT_IDENTIFIER)
    };
    curve(sec1) == Some(der::oid::SM2_CURVE)
}

/// A public key: a point of the curve other than infinity.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(::sm2::PublicKey);

impl PublicKey {
    /// The point in one of the forms of SEC1 section 2.3.4, uncompressed or compressed.
    ///
    /// # Errors
    /// [`GmError::Key`] if these bytes name no point of the curve.
    pub fn from_sec1(point: &[u8]) -> Result<Self, GmError> {
        ::sm2::PublicKey::from_sec1_bytes(point).map(Self).map_err(|_| GmError::Key("public key"))
    }

    /// The point, uncompressed.
    #[must_use]
    pub fn to_sec1(&self) -> [u8; POINT_BYTES] {
        let mut bytes = [0; POINT_BYTES];
        bytes.copy_from_slice(self.0.to_sec1_point(false).as_bytes());
        bytes
    }

    /// Reads a `SubjectPublicKeyInfo` (RFC 5480 section 2) on the curve 1.2.156.10197.1.301.
    ///
    /// # Errors
    /// [`GmError::Key`] if it is none.
    pub fn from_spki(info: &[u8]) -> Result<Self, GmError> {
        ::sm2::PublicKey::from_public_key_der(info).map(Self).map_err(|_| GmError::Key("public key"))
    }

    /// As `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`GmError::Key`] never for keys of this type.
    pub fn to_spki(&self) -> Result<Vec<u8>, GmError> {
        Ok(self.0.to_public_key_der().map_err(|_| GmError::Key("public key"))?.as_bytes().to_vec())
    }

    /// Whether the signer called `id` signed `message` with this key; `signature` is a DER sequence of r and s.
    ///
    /// # Errors
    /// [`GmError::Signature`] if not.
    pub fn verify(&self, id: &str, message: &[u8], signature: &[u8]) -> Result<(), GmError> {
        let key = VerifyingKey::new(id, self.0).map_err(|_| GmError::Signature)?;
        let signature = read_signature(signature).ok_or(GmError::Signature)?;
        key.verify(message, &signature).map_err(|_| GmError::Signature)
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.0.to_sec1_point(true))
    }
}

fn write_signature(signature: &Signature) -> Vec<u8> {
    let (r, s) = (signature.r_bytes(), signature.s_bytes());
    der::write(der::SEQUENCE, &[&der::unsigned(&r), &der::unsigned(&s)])
}

fn read_signature(bytes: &[u8]) -> Option<Signature> {
    let mut outer = Reader::new(bytes);
    let mut numbers = Reader::new(outer.expect(der::SEQUENCE)?);
    let (r, s) = (numbers.unsigned_32()?, numbers.unsigned_32()?);
    if !outer.is_empty() || !numbers.is_empty() {
        return None;
    }
    Signature::from_scalars(r, s).ok()
}

#[cfg(test)]
mod tests;
