//! Addresses of crypto currencies: they check themselves, so that they are found wherever they stand.

use std::ops::Range;

use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

use crate::detail::Kind;
use crate::fold::Letter;

/// Characters that the longest of these addresses has.
const LENGTH_MAX: usize = 90;

/// An address in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) value: String,
    pub(crate) letters: Range<usize>,
    /// Its own check digits stood; an address of Ethereum in letters of one size has none.
    pub(crate) is_checked: bool,
    pub(crate) is_disguised: bool,
}

/// The address that the word from letter `at` on is.
pub(crate) fn read(letters: &[Letter], at: usize) -> Option<Found> {
    let first = letters.get(at)?.cased;
    if !matches!(first, '1' | '3' | 'b' | 'B' | 'T' | '0') {
        return None;
    }
    let word: String = letters
        .get(at..)?
        .iter()
        .take(LENGTH_MAX + 1)
        .map(|letter| letter.cased)
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let range = at..at + word.len();
    let is_disguised = letters.get(at + 1..range.end)?.iter().any(|letter| letter.is_disguised);
    let found = |kind, value, is_checked| Some(Found { kind, value, letters: range.clone(), is_checked, is_disguised });
    match (first, word.len()) {
        ('0', 42) => ethereum(&word).and_then(|(value, is_checked)| found(Kind::Ethereum, value, is_checked)),
        ('T', 34) => base58_check(&word)
            .filter(|payload| payload.first() == Some(&0x41))
            .and_then(|_| found(Kind::Tron, word.clone(), true)),
        ('1' | '3', 26..=35) => base58_check(&word)
            .filter(|payload| payload.len() == 21 && matches!(payload.first(), Some(0 | 5)))
            .and_then(|_| found(Kind::Bitcoin, word.clone(), true)),
        ('b' | 'B', 14..=90) if bech32(&word) => found(Kind::Bitcoin, word.to_ascii_lowercase(), true),
        _ => None,
    }
}

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// What stands before the four octets of check in letters of base 58.
fn base58_check(word: &str) -> Option<Vec<u8>> {
    let mut octets: Vec<u8> = Vec::with_capacity(32);
    for letter in word.bytes() {
        let mut carry = BASE58.iter().position(|known| *known == letter)?;
        for octet in octets.iter_mut().rev() {
            carry += usize::from(*octet) * 58;
            *octet = carry as u8;
            carry >>= 8;
        }
        while carry > 0 {
            octets.insert(0, carry as u8);
            carry >>= 8;
        }
    }
    let zeros = word.bytes().take_while(|letter| *letter == b'1').count();
    let whole: Vec<u8> = std::iter::repeat_n(0, zeros).chain(octets).collect();
    let (payload, check) = whole.split_at_checked(whole.len().checked_sub(4)?)?;
    let hash = Sha256::digest(Sha256::digest(payload));
    hash.as_slice().starts_with(check).then(|| payload.to_vec())
}

const BECH32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Whether a word is an address of Bitcoin by the checksum of BIP 173, or of BIP 350 for versions from one on.
fn bech32(word: &str) -> bool {
    let is_mixed = word.bytes().any(|c| c.is_ascii_lowercase()) && word.bytes().any(|c| c.is_ascii_uppercase());
    let lower = word.to_ascii_lowercase();
    let Some(data) = lower.strip_prefix("bc1").filter(|_| !is_mixed) else { return false };
    let values: Option<Vec<u32>> =
        data.bytes().map(|letter| BECH32.iter().position(|known| *known == letter).map(|value| value as u32)).collect();
    let Some(values) = values else { return false };
    let head = [3, 3, 0, 2, 3].into_iter();
    let rest = head.chain(values.iter().copied()).fold(1_u32, |rest, value| {
        const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
        let top = rest >> 25;
        let shifted = (rest & 0x01ff_ffff) << 5 ^ value;
        GENERATOR.iter().enumerate().filter(|(bit, _)| top >> bit & 1 == 1).fold(shifted, |rest, (_, word)| rest ^ word)
    });
    rest == if values.first() == Some(&0) { 1 } else { 0x2bc8_30a3 }
}

/// An address of Ethereum in its one form, and whether capitals and small letters in it are a checksum that stood (EIP-55). What has
/// both and fails is none.
fn ethereum(word: &str) -> Option<(String, bool)> {
    let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
    if !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let value = format!("0x{lower}");
    let is_mixed = digits.bytes().any(|c| c.is_ascii_lowercase()) && digits.bytes().any(|c| c.is_ascii_uppercase());
    if !is_mixed {
        return Some((value, false));
    }
    let hash = Keccak256::digest(lower.as_bytes());
    let nibble =
        |at: usize| hash.get(at / 2).map_or(0, |octet| if at.is_multiple_of(2) { octet >> 4 } else { octet & 15 });
    let stands =
        digits.bytes().enumerate().all(|(at, c)| c.is_ascii_digit() || c.is_ascii_uppercase() == (nibble(at) >= 8));
    stands.then_some((value, true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    fn found(text: &str) -> Option<(Kind, bool)> {
        read(&fold(text, 200), 0).map(|found| (found.kind, found.is_checked))
    }

    #[test]
    fn addresses_and_their_checks() {
        for (text, kind, is_checked) in [
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Kind::Bitcoin, true),
            ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", Kind::Bitcoin, true),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Kind::Bitcoin, true),
            ("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", Kind::Bitcoin, true),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", Kind::Ethereum, true),
            ("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", Kind::Ethereum, false),
            ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", Kind::Tron, true),
        ] {
            assert_eq!(found(text), Some((kind, is_checked)), "{text}");
        }
        for text in [
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed00",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
