//! What a password opens (RFC 8018 section 6.2, RFC 7292 appendix B).

use std::num::NonZeroU32;

use aws_lc_rs::{hmac, pbkdf2};
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7};
use zeroize::Zeroizing;

use crate::algorithm::{Digest, read_algorithm};
use crate::asn1::{self, Element};
use crate::cipher::Cipher;
use crate::{Fault, oid};

/// Rounds that a file may ask for: they cost whoever opens it.
const ROUNDS_MAX: u32 = 10_000_000;

const WHAT: &str = "the PKCS#12 file";

/// What a key is derived for (RFC 7292 appendix B.3).
#[derive(Clone, Copy)]
enum Purpose {
    Key = 1,
    Initial = 2,
    Mac = 3,
}

/// Whether the file is what was written under `password`.
pub(super) fn check(mac: &Element<'_>, password: &str, content: &[u8]) -> Result<(), Fault> {
    let mut inside = mac.inside();
    let mut info = inside.sequence(WHAT)?;
    let (name, _) = read_algorithm(&info.take(asn1::SEQUENCE, WHAT)?)?;
    let said = info.take(asn1::OCTETS, WHAT)?.content;
    let salt = inside.take(asn1::OCTETS, WHAT)?.content;
    let rounds = if inside.is_empty() { NonZeroU32::MIN } else { rounds(inside.number(WHAT)?)? };
    let (digest, algorithm) = match name {
        oid::SHA1 => (Digest::Sha1ForPadding, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        oid::SHA256 => (Digest::Sha256, hmac::HMAC_SHA256),
        oid::SHA384 => (Digest::Sha384, hmac::HMAC_SHA384),
        oid::SHA512 => (Digest::Sha512, hmac::HMAC_SHA512),
        other => return Err(Fault::Unsupported(format!("the check of a PKCS#12 file {other}"))),
    };
    let key = derive(digest, Purpose::Mac, password, salt, rounds, digest.sizes().0);
    hmac::verify(&hmac::Key::new(algorithm, &key), content, said).map_err(|_| Fault::WrongPassword)
}

fn rounds(said: u32) -> Result<NonZeroU32, Fault> {
    match NonZeroU32::new(said) {
        Some(rounds) if said <= ROUNDS_MAX => Ok(rounds),
        _ => Err(Fault::TooMuch { what: "rounds for the password", max: ROUNDS_MAX as usize }),
    }
}

/// Decrypts what one of the schemes has encrypted.
pub(super) fn decrypt(
    algorithm: &Element<'_>,
    password: &str,
    encrypted: Vec<u8>,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let (name, parameters) = read_algorithm(algorithm)?;
    let parameters = parameters.ok_or(Fault::Malformed(WHAT))?;
    if name == oid::PBES2 {
        return decrypt_pbes2(&parameters, password, encrypted);
    }
    let key_bytes = match name {
        oid::PBE_TRIPLE_DES => 24,
        oid::PBE_RC2_128 => 16,
        oid::PBE_RC2_40 => 5,
        other => return Err(Fault::Unsupported(format!("the encryption of a PKCS#12 file {other}"))),
    };
    let mut inside = parameters.inside();
    let salt = inside.take(asn1::OCTETS, WHAT)?.content;
    let rounds = rounds(inside.number(WHAT)?)?;
    let derived = |purpose, bytes| derive(Digest::Sha1ForPadding, purpose, password, salt, rounds, bytes);
    let (key, initial) = (derived(Purpose::Key, key_bytes), derived(Purpose::Initial, 8));
    let mut content = Zeroizing::new(encrypted);
    let length = match name {
        oid::PBE_TRIPLE_DES => cbc::Decryptor::<des::TdesEde3>::new_from_slices(&key, &initial)
            .ok()
            .and_then(|mode| Some(mode.decrypt_padded::<Pkcs7>(&mut content).ok()?.len())),
        _ => {
            use rc2::cipher::InnerIvInit;
            let cipher = rc2::Rc2::new_with_eff_key_len(&key, key_bytes * 8);
            cbc::Decryptor::inner_iv_slice_init(cipher, &initial)
                .ok()
                .and_then(|mode| Some(mode.decrypt_padded::<Pkcs7>(&mut content).ok()?.len()))
        }
    };
    content.truncate(length.ok_or(Fault::WrongPassword)?);
    Ok(content)
}

/// PBES2 with PBKDF2 (RFC 8018 sections 6.2 and 5.2).
fn decrypt_pbes2(parameters: &Element<'_>, password: &str, encrypted: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let mut inside = parameters.inside();
    let (derivation, derivation_parameters) = read_algorithm(&inside.take(asn1::SEQUENCE, WHAT)?)?;
    let (cipher, cipher_parameters) = read_algorithm(&inside.take(asn1::SEQUENCE, WHAT)?)?;
    if derivation != oid::PBKDF2 {
        return Err(Fault::Unsupported(format!("the derivation of keys {derivation}")));
    }
    let mut inside = derivation_parameters.ok_or(Fault::Malformed(WHAT))?.inside();
    let salt = inside.take(asn1::OCTETS, WHAT)?.content;
    let rounds = rounds(inside.number(WHAT)?)?;
    inside.optional(asn1::INTEGER, WHAT)?;
    let function = match inside.optional(asn1::SEQUENCE, WHAT)? {
        Some(function) => read_algorithm(&function)?.0,
        None => oid::HMAC_SHA1,
    };
    let function = match function {
        oid::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
        oid::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
        oid::HMAC_SHA384 => pbkdf2::PBKDF2_HMAC_SHA384,
        oid::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
        other => return Err(Fault::Unsupported(format!("the derivation of keys by {other}"))),
    };
    let cipher = Cipher::of(cipher)?;
    if cipher.is_authenticated() {
        return Err(Fault::Unsupported("a PKCS#12 file in AES-GCM".to_owned()));
    }
    let initial = cipher.read_initial(cipher_parameters.as_ref())?;
    let mut key = Zeroizing::new(vec![0; cipher.key_bytes()]);
    pbkdf2::derive(function, rounds, salt, password.as_bytes(), &mut key);
    cipher.decrypt(&key, initial, &[], encrypted).map(Zeroizing::new).ok_or(Fault::WrongPassword)
}

/// The derivation of PKCS#12 itself (RFC 7292 appendix B.2).
fn derive(
    digest: Digest,
    purpose: Purpose,
    password: &str,
    salt: &[u8],
    rounds: NonZeroU32,
    bytes: usize,
) -> Zeroizing<Vec<u8>> {
    let block = digest.sizes().1;
    let mut text: Zeroizing<Vec<u8>> = Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect());
    text.extend_from_slice(&[0, 0]);
    let fill = |source: &[u8]| -> Vec<u8> {
        let length = source.len().div_ceil(block) * block;
        source.iter().copied().cycle().take(length).collect()
    };
    let diversifier = vec![purpose as u8; block];
    let mut input = Zeroizing::new([fill(salt), fill(&text)].concat());
    let mut key = Zeroizing::new(Vec::new());
    while key.len() < bytes {
        let mut made = Zeroizing::new(digest.hash(&[&diversifier, &input]));
        for _ in 1..rounds.get() {
            *made = digest.hash(&[&made]);
        }
        key.extend_from_slice(&made);
        let adder: Vec<u8> = made.iter().copied().cycle().take(block).collect();
        for chunk in input.chunks_mut(block) {
            add_one_more(chunk, &adder);
        }
    }
    key.truncate(bytes);
    key
}

/// `number` plus `adder` plus one, as long numbers, without what overflows.
fn add_one_more(number: &mut [u8], adder: &[u8]) {
    let mut carry = 1_u16;
    for (octet, added) in number.iter_mut().zip(adder).rev() {
        carry += u16::from(*octet) + u16::from(*added);
        *octet = carry.to_be_bytes()[1];
        carry >>= 8;
    }
}
