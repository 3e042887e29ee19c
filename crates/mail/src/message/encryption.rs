//! Whether a message is encrypted from end to end, by what it is and not by what it says: OpenPGP (RFC 9580) in MIME (RFC 3156) or as
//! the whole text, S/MIME (RFC 8551).
//!
//! Only a message of which nothing but the header can be read counts. One with a part in clear beside the encrypted one does not, nor
//! does one that is signed or compressed alone, whatever types and armor it bears.

use super::encoding::{decode_base64, decode_part};
use super::{Part, Structure};

/// Octets before the first part of a multipart, or behind its last: the note for old readers that some programs write there, and the
/// lines of the boundary.
const NOTE_OCTETS_MAX: u32 = 300;

/// Octets of armored text that are looked at for the packets before the encrypted data; a key for each recipient is some hundred.
const ARMOR_OCTETS_MAX: usize = 1 << 20;

/// Packets before the encrypted data.
const PACKETS_MAX: usize = 2000;

/// `envelopedData` and `authEnvelopedData` (RFC 5652 section 6.1, RFC 5083 section 2.1) as DER has them, and what GM/T 0010 has for the first.
const ENVELOPED: [&[u8]; 3] = [
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03],
    &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17],
    &[0x06, 0x0a, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x06, 0x01, 0x04, 0x02, 0x03],
];

/// How the whole content of a message is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentEncryption {
    /// OpenPGP.
    OpenPgp,
    /// S/MIME.
    Smime,
}

impl ContentEncryption {
    /// How the content of `raw`, with its structure, is encrypted; `None` if any of it can be read.
    #[must_use]
    pub fn of(raw: &[u8], structure: &Structure) -> Option<Self> {
        if structure.truncated {
            return None;
        }
        match structure.parts.as_slice() {
            // Signed outside (RFC 8551 section 3.7, RFC 3156 section 6.1).
            [signed, content @ .., signature]
                if signed.is("multipart", "signed")
                    && signed.children == 2
                    && is_signature(signature)
                    && is_all(signed, content, signature) =>
            {
                of_content(raw, content)
            }
            parts => of_content(raw, parts),
        }
    }
}

fn is_signature(part: &Part) -> bool {
    ["pgp-signature", "pkcs7-signature", "x-pkcs7-signature"].iter().any(|subtype| part.is("application", subtype))
}

/// Of a part and all that is below it.
fn of_content(raw: &[u8], parts: &[Part]) -> Option<ContentEncryption> {
    match parts {
        [only] if only.is("text", "plain") => is_armored(raw, only).then_some(ContentEncryption::OpenPgp),
        [only] if is_pkcs7(only) => is_enveloped(raw, only).then_some(ContentEncryption::Smime),
        [around, control, data] if around.is("multipart", "encrypted") && around.children == 2 => {
            let is_pgp =
                around.param("protocol").is_some_and(|it| it.eq_ignore_ascii_case("application/pgp-encrypted"));
            let is_whole = is_all(around, std::slice::from_ref(control), data);
            let is_encrypted =
                is_control(raw, control) && data.is("application", "octet-stream") && is_armored(raw, data);
            (is_pgp && is_whole && is_encrypted).then_some(ContentEncryption::OpenPgp)
        }
        _ => None,
    }
}

/// Whether a multipart has no text of its own to speak of before its first part (the first of `before`) and behind its last.
fn is_all(around: &Part, before: &[Part], last: &Part) -> bool {
    let first = before.first().unwrap_or(last);
    let preamble = first.header_start.saturating_sub(around.body_start);
    let epilogue = around.body_end.saturating_sub(last.body_end);
    preamble <= NOTE_OCTETS_MAX && epilogue <= NOTE_OCTETS_MAX
}

/// RFC 3156 section 4: the first part says the version and nothing else.
fn is_control(raw: &[u8], part: &Part) -> bool {
    let text = raw.get(part.body_range()).unwrap_or_default().trim_ascii();
    part.is("application", "pgp-encrypted") && text.eq_ignore_ascii_case(b"Version: 1")
}

fn is_pkcs7(part: &Part) -> bool {
    part.is("application", "pkcs7-mime") || part.is("application", "x-pkcs7-mime")
}

/// Whether the part is a CMS structure that hides what is in it.
fn is_enveloped(raw: &[u8], part: &Part) -> bool {
    let says_other = part.param("smime-type").is_some_and(|kind| {
        !kind.eq_ignore_ascii_case("enveloped-data") && !kind.eq_ignore_ascii_case("authenveloped-data")
    });
    let body = raw.get(part.body_range()).unwrap_or_default();
    let decoded;
    let start = match part.encoding.as_deref() {
        Some("base64") if body.iter().all(|octet| is_base64(*octet) || octet.is_ascii_whitespace()) => {
            decoded = decode_base64(body.get(..64).unwrap_or(body));
            decoded.as_slice()
        }
        Some("binary") => body,
        _ => return false,
    };
    !says_other && begins_enveloped(start).unwrap_or(false)
}

/// `SEQUENCE { contentType, [0] content }` (RFC 5652 section 3).
fn begins_enveloped(octets: &[u8]) -> Option<bool> {
    let (length, rest) = octets.strip_prefix(&[0x30])?.split_first()?;
    // Short, indefinite or long form (X.690 section 8.1.3).
    let skipped = if *length > 0x80 { usize::from(length & 0x7f) } else { 0 };
    let content = rest.get(skipped..)?;
    Some(ENVELOPED.iter().any(|kind| content.strip_prefix(*kind).is_some_and(|rest| rest.first() == Some(&0xa0))))
}

/// Whether the part is one armored OpenPGP message (RFC 9580 section 6.2), encrypted, and nothing else.
fn is_armored(raw: &[u8], part: &Part) -> bool {
    let Ok(text) = decode_part(raw, part) else { return false };
    let text = text.trim_ascii();
    let inner = text.strip_prefix(b"-----BEGIN PGP MESSAGE-----");
    let Some(inner) = inner.and_then(|text| text.strip_suffix(b"-----END PGP MESSAGE-----")) else { return false };
    let mut lines = inner.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii).skip(1);
    // Fields of the armor, up to an empty line.
    if lines.by_ref().take_while(|line| !line.is_empty()).any(|field| !is_armor_field(field)) {
        return false;
    }
    let mut packets = Vec::new();
    for line in lines.skip_while(|line| line.is_empty()) {
        // The line of the checksum begins with `=`.
        if !line.iter().all(|octet| is_base64(*octet)) {
            return false;
        }
        if packets.len() < ARMOR_OCTETS_MAX && !line.starts_with(b"=") {
            packets.extend_from_slice(line);
        }
    }
    is_encrypted(&decode_base64(&packets)).unwrap_or(false)
}

/// `Version`, `Comment`, `MessageID`, `Hash` and `Charset` (RFC 9580 section 6.2.2); one line each, so that nothing else hides there.
fn is_armor_field(line: &[u8]) -> bool {
    let known = ["Version: ", "Comment: ", "MessageID: ", "Hash: ", "Charset: "];
    line.len() <= 100 && known.iter().any(|name| line.starts_with(name.as_bytes()))
}

const fn is_base64(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=')
}

/// Whether packets of encrypted session keys come before one of encrypted data with protected integrity (RFC 9580 section 10.3). Armor
/// bears the same name around what is signed or compressed alone.
fn is_encrypted(mut packets: &[u8]) -> Option<bool> {
    let mut has_key = false;
    for _ in 0..PACKETS_MAX {
        let (&first, rest) = packets.split_first()?;
        if first & 0x80 == 0 {
            return Some(false);
        }
        let is_new = first & 0x40 != 0;
        let tag = if is_new { first & 0x3f } else { (first >> 2) & 0x0f };
        match tag {
            // Symmetrically encrypted and integrity protected data; AEAD encrypted data as GnuPG has it.
            18 | 20 => return Some(has_key),
            // Encrypted session keys, by public key or password.
            1 | 3 => has_key = true,
            // Marker and padding.
            10 | 21 => {}
            _ => return Some(false),
        }
        let (length, body) = if is_new { new_length(rest)? } else { old_length(first & 3, rest)? };
        packets = body.get(length..)?;
    }
    None
}

/// Length and body of a packet of the present form (RFC 9580 section 4.2.1); packets of keys have no partial lengths.
fn new_length(rest: &[u8]) -> Option<(usize, &[u8])> {
    match *rest {
        [length @ 0..192, ref body @ ..] => Some((usize::from(length), body)),
        [high @ 192..224, low, ref body @ ..] => Some(((usize::from(high) - 192) * 256 + usize::from(low) + 192, body)),
        [255, a, b, c, d, ref body @ ..] => Some((usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?, body)),
        _ => None,
    }
}

/// The same of the form of old (section 4.2.2).
fn old_length(kind: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    match (kind, rest) {
        (0, &[length, ref body @ ..]) => Some((usize::from(length), body)),
        (1, &[a, b, ref body @ ..]) => Some((usize::from(u16::from_be_bytes([a, b])), body)),
        (2, &[a, b, c, d, ref body @ ..]) => Some((usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?, body)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
