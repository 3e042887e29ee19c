//! Encryption of PDF (ISO 32000-2 section 7.6): most encrypted files open without a password and only ask readers not to print; and
//! what is written in them is hidden from whoever does not decrypt it.

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes128, Aes256, Block};
use md5::{Digest as _, Md5};
use memchr::memmem;
use sha2::{Sha256, Sha384, Sha512};

use super::values::{Map, Value, Values};

/// What fills up a password (ISO 32000-2 section 7.6.4.3.2).
const PADDING: [u8; 32] = [
    0x28, 0xbf, 0x4e, 0x5e, 0x4e, 0x75, 0x8a, 0x41, 0x64, 0x00, 0x4e, 0x56, 0xff, 0xfa, 0x01, 0x08, 0x2e, 0x2e, 0x00,
    0xb6, 0xd0, 0x68, 0x3e, 0x80, 0x2f, 0x0c, 0xa9, 0xfe, 0x64, 0x53, 0x69, 0x7a,
];

/// Rounds of the hash of revision 6 at most; it ends by chance long before.
const ROUNDS_MAX: usize = 2048;

/// How strings and streams are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cipher {
    Rc4,
    Aes128,
    Aes256,
    /// Not at all.
    None,
}

/// The key of a file.
pub(super) struct Key {
    cipher: Cipher,
    octets: Vec<u8>,
}

/// What the file says of its encryption.
struct Lock {
    revision: usize,
    key_octets: usize,
    cipher: Cipher,
    owner: Vec<u8>,
    user: Vec<u8>,
    user_key: Vec<u8>,
    permissions: u32,
    id: Vec<u8>,
    hides_metadata: bool,
}

/// Whether a file is encrypted, and its key with the password that gives it, if one of `passwords` does; the empty one is tried first.
pub(super) fn open(octets: &[u8], passwords: &[String]) -> Option<Option<(Key, String)>> {
    let map = encryption(octets)?;
    let Some(lock) = Lock::read(&map, octets) else { return Some(None) };
    let empty = String::new();
    let all = std::iter::once(&empty).chain(passwords);
    Some(all.into_iter().find_map(|password| Some((lock.key(password.as_bytes())?, password.clone()))))
}

/// The dictionary that a trailer names by `/Encrypt`.
fn encryption(octets: &[u8]) -> Option<Map> {
    let mut is_named = false;
    for at in memmem::find_iter(octets, b"/Encrypt") {
        let after = octets.get(at + 8..)?;
        // `/EncryptMetadata` is another name.
        if after.first().is_none_or(u8::is_ascii_alphabetic) {
            continue;
        }
        is_named = true;
        match Values::new(after).next_value() {
            Some(Value::Map(map)) => return Some(map),
            Some(Value::Reference(number)) => {
                if let Some(map) = object(octets, number) {
                    return Some(map);
                }
            }
            _ => {}
        }
    }
    is_named.then(Map::default)
}

/// The dictionary that is the object of a number.
fn object(octets: &[u8], number: u32) -> Option<Map> {
    let head = format!("{number} 0 obj");
    let starts = memmem::find_iter(octets, head.as_bytes());
    let mut whole = starts.filter(|at| *at == 0 || octets.get(at - 1).is_some_and(|before| !before.is_ascii_digit()));
    whole.find_map(|at| match Values::new(octets.get(at + head.len()..)?).next_value() {
        Some(Value::Map(map)) => Some(map),
        _ => None,
    })
}

/// The first half of the file's identifier.
fn identifier(octets: &[u8]) -> Vec<u8> {
    let first = |at: usize| match Values::new(octets.get(at + 3..)?).next_value() {
        Some(Value::List(list)) => match list.into_iter().next() {
            Some(Value::Text(id)) => Some(id),
            _ => None,
        },
        _ => None,
    };
    memmem::find_iter(octets, b"/ID").find_map(first).unwrap_or_default()
}

impl Lock {
    fn read(map: &Map, octets: &[u8]) -> Option<Self> {
        let string = |key: &str| match map.get(key) {
            Some(Value::Text(octets)) => Some(octets.clone()),
            _ => None,
        };
        let version = map.number("V")?;
        let permissions = match map.get("P") {
            Some(Value::Number(number)) => *number as i64 as u32,
            _ => return None,
        };
        let cipher = match version {
            1 | 2 => Cipher::Rc4,
            _ => {
                let filter = map.map("CF").and_then(|filters| filters.map(map.name("StmF")));
                match filter.map_or("", |filter| filter.name("CFM")) {
                    "V2" => Cipher::Rc4,
                    "AESV2" => Cipher::Aes128,
                    "AESV3" => Cipher::Aes256,
                    _ => Cipher::None,
                }
            }
        };
        let bits = if version == 1 { 40 } else { map.number("Length").filter(|bits| *bits >= 40).unwrap_or(128) };
        let hides_metadata = map.get("EncryptMetadata") != Some(&Value::Word("false".to_owned()));
        Some(Self {
            revision: map.number("R")?,
            key_octets: (if version == 4 { 128 } else { bits } / 8).clamp(5, 16),
            cipher,
            owner: string("O")?,
            user: string("U")?,
            user_key: string("UE").unwrap_or_default(),
            permissions,
            id: identifier(octets),
            hides_metadata,
        })
    }

    /// The key that a password gives; none if it is not the user's.
    fn key(&self, password: &[u8]) -> Option<Key> {
        let octets = if self.revision >= 5 { self.new_key(password)? } else { self.old_key(password)? };
        Some(Key { cipher: self.cipher, octets })
    }

    /// Revisions 2 to 4: ISO 32000-2 sections 7.6.4.3.2 and 7.6.4.4.
    fn old_key(&self, password: &[u8]) -> Option<Vec<u8>> {
        let padded: Vec<u8> = password.iter().chain(&PADDING).copied().take(32).collect();
        let mut hash = Md5::new();
        hash.update(&padded);
        hash.update(self.owner.get(..32)?);
        hash.update(self.permissions.to_le_bytes());
        hash.update(&self.id);
        if self.revision >= 4 && !self.hides_metadata {
            hash.update([0xff; 4]);
        }
        let mut key = hash.finalize().to_vec();
        if self.revision >= 3 {
            for _ in 0..50 {
                key = Md5::digest(key.get(..self.key_octets)?).to_vec();
            }
        }
        key.truncate(self.key_octets);
        let (made, known) = if self.revision == 2 {
            (rc4(&key, &PADDING), self.user.get(..32)?)
        } else {
            let mut hash = Md5::new();
            hash.update(PADDING);
            hash.update(&self.id);
            let mut made = hash.finalize().to_vec();
            for round in 0..20 {
                let key: Vec<u8> = key.iter().map(|octet| octet ^ round).collect();
                made = rc4(&key, &made);
            }
            (made, self.user.get(..16)?)
        };
        (made == known).then_some(key)
    }

    /// Revisions 5 and 6: ISO 32000-2 section 7.6.4.3.3.
    fn new_key(&self, password: &[u8]) -> Option<Vec<u8>> {
        let hash = |salt: &[u8]| -> Option<Vec<u8>> {
            let input = [password, salt].concat();
            if self.revision == 5 { Some(Sha256::digest(input).to_vec()) } else { hash_of_revision_6(password, &input) }
        };
        if hash(self.user.get(32..40)?)? != self.user.get(..32)? {
            return None;
        }
        let between = hash(self.user.get(40..48)?)?;
        decrypt(&Aes256::new_from_slice(&between).ok()?, &[0; 16], self.user_key.get(..32)?)
    }
}

/// The hash of ISO 32000-2 section 7.6.4.3.4, for a user's password.
fn hash_of_revision_6(password: &[u8], input: &[u8]) -> Option<Vec<u8>> {
    let mut key = Sha256::digest(input).to_vec();
    for round in 1..=ROUNDS_MAX {
        let repeated = [password, key.as_slice()].concat().repeat(64);
        let encrypted = encrypt(&Aes128::new_from_slice(key.get(..16)?).ok()?, key.get(16..32)?, &repeated)?;
        let remainder = encrypted.get(..16)?.iter().map(|octet| u32::from(*octet)).sum::<u32>() % 3;
        key = match remainder {
            0 => Sha256::digest(&encrypted).to_vec(),
            1 => Sha384::digest(&encrypted).to_vec(),
            _ => Sha512::digest(&encrypted).to_vec(),
        };
        if round >= 64 && usize::from(*encrypted.last()?) <= round - 32 {
            break;
        }
    }
    key.truncate(32);
    Some(key)
}

impl Key {
    /// Decrypts a string or stream of an object; what does not decrypt stays as it is.
    pub(super) fn decrypted(&self, octets: &[u8], object: u32, generation: u32) -> Vec<u8> {
        let opened = match self.cipher {
            Cipher::None => None,
            Cipher::Rc4 => Some(rc4(&self.of_object(object, generation, b""), octets)),
            Cipher::Aes128 => Aes128::new_from_slice(&self.of_object(object, generation, b"sAlT"))
                .ok()
                .and_then(|cipher| unpadded(&cipher, octets)),
            Cipher::Aes256 => Aes256::new_from_slice(&self.octets).ok().and_then(|cipher| unpadded(&cipher, octets)),
        };
        opened.unwrap_or_else(|| octets.to_vec())
    }

    /// ISO 32000-2 section 7.6.3.2.
    fn of_object(&self, object: u32, generation: u32, salt: &[u8]) -> Vec<u8> {
        let mut hash = Md5::new();
        hash.update(&self.octets);
        hash.update(&object.to_le_bytes()[..3]);
        hash.update(&generation.to_le_bytes()[..2]);
        hash.update(salt);
        let mut key = hash.finalize().to_vec();
        key.truncate((self.octets.len() + 5).min(16));
        key
    }
}

/// The first 16 octets begin the chain, the last says how many too many there are.
fn unpadded<C: BlockCipherDecrypt<BlockSize = U16>>(cipher: &C, octets: &[u8]) -> Option<Vec<u8>> {
    let (start, rest) = octets.split_at_checked(16)?;
    let whole = rest.get(..rest.len() / 16 * 16)?;
    let mut out = decrypt(cipher, start, whole)?;
    let padding = usize::from(*out.last()?);
    if (1..=16).contains(&padding) {
        out.truncate(out.len() - padding);
    }
    Some(out)
}

/// Chained blocks (CBC), decrypted.
fn decrypt<C: BlockCipherDecrypt<BlockSize = U16>>(cipher: &C, start: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
    let mut before = start;
    let mut out = Vec::with_capacity(octets.len());
    for packed in octets.chunks_exact(16) {
        let mut block = Block::try_from(packed).ok()?;
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(before).map(|(octet, before)| octet ^ before));
        before = packed;
    }
    Some(out)
}

/// Chained blocks (CBC), encrypted.
fn encrypt(cipher: &Aes128, start: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
    let mut before = Block::try_from(start).ok()?;
    let mut out = Vec::with_capacity(octets.len());
    for plain in octets.chunks_exact(16) {
        let mut block = before;
        block.iter_mut().zip(plain).for_each(|(octet, plain)| *octet ^= plain);
        cipher.encrypt_block(&mut block);
        out.extend_from_slice(&block);
        before = block;
    }
    Some(out)
}

/// The stream cipher RC4, which old files use.
fn rc4(key: &[u8], octets: &[u8]) -> Vec<u8> {
    let mut state: [u8; 256] = std::array::from_fn(|at| at as u8);
    let mut other = 0_u8;
    for at in 0..256 {
        let of_key = key.get(at % key.len().max(1)).copied().unwrap_or_default();
        other = other.wrapping_add(state[at]).wrapping_add(of_key);
        state.swap(at, usize::from(other));
    }
    let (mut at, mut other) = (0_u8, 0_u8);
    let next = |octet: &u8| {
        at = at.wrapping_add(1);
        other = other.wrapping_add(state[usize::from(at)]);
        state.swap(usize::from(at), usize::from(other));
        let sum = state[usize::from(at)].wrapping_add(state[usize::from(other)]);
        octet ^ state[usize::from(sum)]
    };
    octets.iter().map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6229 section 2: key 0x0102030405.
    #[test]
    fn the_stream_cipher() {
        assert_eq!(rc4(&[1, 2, 3, 4, 5], &[0; 8]), [0xb2, 0x39, 0x63, 0x05, 0xf0, 0x3d, 0xc0, 0x27]);
    }
}
