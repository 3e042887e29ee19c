//! `OpenPGP` in MIME (RFC 3156), with the header fields protected (RFC 9788).

mod fields;
mod read;
mod seven_bit;

use std::borrow::Cow;

use env::{Entropy, Timestamp};

pub use read::{Read, read};

use crate::{PgpError, PrivateKey, Recipients, encrypt, sign_detached};
use fields::{Confidentiality, Split};

/// How a message is protected.
pub enum Protection<'a> {
    /// Signed, and readable by everybody.
    Signed(&'a PrivateKey),
    /// Encrypted, and signed within if there is a key for it.
    Encrypted(&'a Recipients<'a>, Option<&'a PrivateKey>),
}

/// A message with its content protected. The header fields that its author wrote are within as well; if it is encrypted, the subject stands
/// outside as `[...]` (RFC 9788 section 3.2.1, `hcp_baseline`), comments and keywords not at all.
///
/// # Errors
/// If it cannot be encrypted or signed.
pub fn protect(
    raw: &[u8],
    protection: &Protection<'_>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, PgpError> {
    let raw = with_crlf(raw);
    match protection {
        Protection::Signed(key) => signed(&raw, key, now, entropy),
        Protection::Encrypted(recipients, signer) => {
            let split = Split::of(&raw, Confidentiality::Baseline);
            let armored = encrypt(&split.payload, recipients, *signer, now, entropy)?;
            Ok(encrypted(&split.outside, &armored, &boundary(entropy)))
        }
    }
}

/// RFC 3156 section 5.
fn signed(raw: &[u8], key: &PrivateKey, now: Timestamp, entropy: &dyn Entropy) -> Result<Vec<u8>, PgpError> {
    let raw = seven_bit::encoded(raw);
    let split = Split::of(&raw, Confidentiality::None);
    let (signature, digest) = sign_detached(&split.payload, key, now, entropy)?;
    let boundary = boundary(entropy);
    let mut out = split.outside;
    let head = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/signed; micalg=\"{digest}\";\r\n protocol=\"application/pgp-signature\";\r\n \
         boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&split.payload);
    let tail = format!(
        "\r\n--{boundary}\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
         Content-Disposition: attachment; filename=\"signature.asc\"\r\n\r\n{}\r\n--{boundary}--\r\n",
        with_crlf_text(&signature)
    );
    out.extend_from_slice(tail.as_bytes());
    Ok(out)
}

/// RFC 3156 section 4.
fn encrypted(outside: &[u8], armored: &str, boundary: &str) -> Vec<u8> {
    let mut out = outside.to_vec();
    let body = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/encrypted;\r\n protocol=\"application/pgp-encrypted\";\r\n \
         boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n\
         --{boundary}\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
         Content-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n{}\r\n--{boundary}--\r\n",
        with_crlf_text(armored)
    );
    out.extend_from_slice(body.as_bytes());
    out
}

fn boundary(entropy: &dyn Entropy) -> String {
    format!("=-{:016x}{:016x}", entropy.next_u64(), entropy.next_u64())
}

/// The octets with every line ended by CR LF, as signatures want them (RFC 3156 section 5).
fn with_crlf(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut last = 0;
    let is_bare = |index: usize| raw.get(index) == Some(&b'\n') && (index == 0 || raw.get(index - 1) != Some(&b'\r'));
    if !memchr::memchr_iter(b'\n', raw).any(is_bare) {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    for index in memchr::memchr_iter(b'\n', raw).filter(|index| is_bare(*index)) {
        out.extend_from_slice(raw.get(last..index).unwrap_or_default());
        out.push(b'\r');
        last = index;
    }
    out.extend_from_slice(raw.get(last..).unwrap_or_default());
    Cow::Owned(out)
}

fn with_crlf_text(text: &str) -> String {
    text.trim_end().replace("\r\n", "\n").replace('\n', "\r\n")
}

#[cfg(test)]
mod tests;
