//! The recovery key as printed shares: Shamir's scheme over GF(2^8), with the polynomial of AES. Any `threshold` of the shares give the region key
//! back, fewer say nothing of it.
//!
//! A share is written in lines that people can type: twenty octets a line in Base32 (RFC 4648 section 6) and two letters of check, so that a
//! mistake is found in its line.

use aws_lc_rs::digest::{SHA256, digest};
use env::Entropy;
use zeroize::Zeroizing;

use super::file::RegionFile;

/// The most shares that a key is split into.
pub const SHARES_MAX: u8 = 20;

const VERSION: u8 = 1;
const HEAD_BYTES: usize = 7;
const LINE_BYTES: usize = 20;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Shares that cannot be made or put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// The numbers do not fit.
    #[error(
        "{shares} shares of which {threshold} suffice cannot be made: give 2 to {SHARES_MAX} shares and a threshold of at least 2, at most all"
    )]
    Numbers {
        /// How many shares were asked for.
        shares: u8,
        /// How many were to suffice.
        threshold: u8,
    },
    /// A line was mistyped.
    #[error("line {line} of share {share} has a mistake; compare it with the printed sheet")]
    Line {
        /// Number of the share, as it was given, from 1.
        share: usize,
        /// Number of its line, from 1.
        line: usize,
    },
    /// The text is no share.
    #[error(
        "share {share} is not a share of Tradewind's recovery key; give the lines in capital letters as they are printed"
    )]
    NotAShare {
        /// Number of the share, as it was given, from 1.
        share: usize,
    },
    /// Shares of different keys, or of one key that was split twice.
    #[error("share {share} is of another set than the first ({set} and {first}); take sheets of one set")]
    OtherSet {
        /// Number of the share, as it was given, from 1.
        share: usize,
        /// Its set.
        set: String,
        /// The set of the first.
        first: String,
    },
    /// One share was given twice.
    #[error("share {share} is the same sheet as one before it; give another")]
    Twice {
        /// Number of the share, as it was given, from 1.
        share: usize,
    },
    /// Not enough shares.
    #[error("{given} of the {needed} shares that are needed; ask for {} more", needed - given)]
    TooFew {
        /// How many were given.
        given: usize,
        /// How many are needed.
        needed: usize,
    },
    /// The shares fit together and give no key.
    #[error("the shares give no region key; one of them was changed")]
    Changed,
}

/// One share.
struct Share {
    threshold: u8,
    x: u8,
    set: [u8; 4],
    data: Zeroizing<Vec<u8>>,
}

/// Splits the region key of `file` into `shares` texts, of which any `threshold` give it back.
///
/// # Errors
/// [`ShareError::Numbers`] if the numbers do not fit.
pub fn split(file: &RegionFile, shares: u8, threshold: u8, entropy: &dyn Entropy) -> Result<Vec<String>, ShareError> {
    if !(2..=SHARES_MAX).contains(&shares) || !(2..=shares).contains(&threshold) {
        return Err(ShareError::Numbers { shares, threshold });
    }
    let mut secret = file.bytes();
    let check = digest(&SHA256, &secret);
    secret.extend_from_slice(check.as_ref().get(..8).unwrap_or_default());
    let mut set = [0; 4];
    entropy.fill(&mut set);
    let mut made: Vec<Share> = (1..=shares)
        .map(|x| Share { threshold, x, set, data: Zeroizing::new(Vec::with_capacity(secret.len())) })
        .collect();
    let mut coefficients = Zeroizing::new(vec![0; usize::from(threshold)]);
    for octet in secret.iter() {
        entropy.fill(&mut coefficients);
        if let Some(constant) = coefficients.first_mut() {
            *constant = *octet;
        }
        for share in &mut made {
            // Horner's rule, from the highest power down.
            let value = coefficients.iter().rev().fold(0, |sum, coefficient| times(sum, share.x) ^ coefficient);
            share.data.push(value);
        }
    }
    Ok(made.iter().map(Share::text).collect())
}

/// Puts the region key together from the texts of shares, in any order.
///
/// # Errors
/// [`ShareError`] if they do not fit together or are too few.
pub fn combine(texts: &[&str]) -> Result<RegionFile, ShareError> {
    let mut shares: Vec<Share> = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let number = index + 1;
        let share = Share::parse(text, number)?;
        let is_other = |first: &Share| {
            first.set != share.set || first.threshold != share.threshold || first.data.len() != share.data.len()
        };
        if let Some(first) = shares.first().filter(|first| is_other(first)) {
            return Err(ShareError::OtherSet { share: number, set: share.set_name(), first: first.set_name() });
        }
        if shares.iter().any(|other| other.x == share.x) {
            return Err(ShareError::Twice { share: number });
        }
        shares.push(share);
    }
    let needed = shares.first().map_or(2, |first| usize::from(first.threshold));
    if shares.len() < needed {
        return Err(ShareError::TooFew { given: shares.len(), needed });
    }
    let length = shares.first().map_or(0, |first| first.data.len());
    let mut secret = Zeroizing::new(Vec::with_capacity(length));
    for place in 0..length {
        let octet = shares.iter().fold(0, |sum, share| {
            sum ^ times(share.data.get(place).copied().unwrap_or_default(), at_zero(&shares, share.x))
        });
        secret.push(octet);
    }
    let check = secret.split_off(length.saturating_sub(8));
    let matches = digest(&SHA256, &secret).as_ref().get(..8) == Some(check.as_slice());
    if matches { RegionFile::of(secret).ok_or(ShareError::Changed) } else { Err(ShareError::Changed) }
}

impl Share {
    fn set_name(&self) -> String {
        self.set.iter().fold(String::new(), |text, octet| format!("{text}{octet:02x}"))
    }

    fn text(&self) -> String {
        let mut octets = Zeroizing::new(vec![VERSION, self.threshold, self.x]);
        octets.extend_from_slice(&self.set);
        octets.extend_from_slice(&self.data);
        let mut text = format!(
            "# share {}, set {}: any {} of the set give the key back\n",
            self.x,
            self.set_name(),
            self.threshold
        );
        for (number, line) in octets.chunks(LINE_BYTES).enumerate() {
            let letters = base32(line);
            for (place, group) in letters.as_bytes().chunks(4).enumerate() {
                text.push_str(if place == 0 { "" } else { " " });
                text.push_str(std::str::from_utf8(group).unwrap_or_default());
            }
            text.push('-');
            text.push_str(&check_of(number, line));
            text.push('\n');
        }
        text
    }

    fn parse(text: &str, share: usize) -> Result<Self, ShareError> {
        let mut octets = Zeroizing::new(Vec::new());
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for (number, line) in lines.enumerate() {
            let mistake = ShareError::Line { share, line: number + 1 };
            let (letters, check) = line.rsplit_once('-').ok_or(ShareError::NotAShare { share })?;
            let decoded = from_base32(letters).ok_or_else(|| mistake.clone())?;
            if check_of(number, &decoded) != check.trim() {
                return Err(mistake);
            }
            octets.extend_from_slice(&decoded);
        }
        let (head, data) = octets.split_first_chunk::<HEAD_BYTES>().ok_or(ShareError::NotAShare { share })?;
        let [version, threshold, x, set @ ..] = *head;
        if version != VERSION || threshold < 2 || x == 0 || data.is_empty() {
            return Err(ShareError::NotAShare { share });
        }
        Ok(Self { threshold, x, set, data: Zeroizing::new(data.to_vec()) })
    }
}

/// The weight of the share at `x` for the value at zero (Lagrange).
fn at_zero(shares: &[Share], x: u8) -> u8 {
    shares
        .iter()
        .filter(|other| other.x != x)
        .fold(1, |weight, other| times(weight, times(other.x, inverse(other.x ^ x))))
}

/// Product in GF(2^8), in the same time for all values.
fn times(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product) = (a, b, 0u8);
    for _ in 0..8 {
        product ^= a & 0u8.wrapping_sub(b & 1);
        a = (a << 1) ^ (0x1b & 0u8.wrapping_sub(a >> 7));
        b >>= 1;
    }
    product
}

/// `a` to the 254th power, which is its inverse.
fn inverse(a: u8) -> u8 {
    let (mut result, mut square) = (1, times(a, a));
    for _ in 0..7 {
        result = times(result, square);
        square = times(square, square);
    }
    result
}

fn check_of(number: usize, line: &[u8]) -> String {
    let mut told = vec![u8::try_from(number).unwrap_or(u8::MAX)];
    told.extend_from_slice(line);
    let sum = digest(&SHA256, &told);
    sum.as_ref().iter().take(2).map(|octet| letter(*octet & 31)).collect()
}

fn letter(five_bits: u8) -> char {
    ALPHABET.get(usize::from(five_bits)).copied().map_or('A', char::from)
}

fn base32(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len() * 8 / 5 + 1);
    let (mut bits, mut held) = (0u32, 0);
    for octet in octets {
        bits = bits << 8 | u32::from(*octet);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(letter(u8::try_from(bits >> held & 31).unwrap_or_default()));
        }
    }
    if held > 0 {
        text.push(letter(u8::try_from(bits << (5 - held) & 31).unwrap_or_default()));
    }
    text
}

fn from_base32(letters: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for letter in letters.bytes().filter(|letter| !letter.is_ascii_whitespace()) {
        let value = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            octets.push(u8::try_from(bits >> held & 255).ok()?);
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SeededEntropy;
    use proptest::prelude::*;

    fn file(seed: u64, generations: usize) -> RegionFile {
        let entropy = SeededEntropy::new(seed);
        let mut bytes = Zeroizing::new(vec![0; 32 * generations]);
        entropy.fill(&mut bytes);
        RegionFile::of(bytes).unwrap()
    }

    fn texts(made: &[String], chosen: &[usize]) -> Vec<String> {
        chosen.iter().map(|index| made[*index].clone()).collect()
    }

    fn put_together(chosen: &[String]) -> Result<RegionFile, ShareError> {
        combine(&chosen.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[test]
    fn the_field_is_that_of_aes() {
        // FIPS 197 section 4.2: {57} times {83} is {c1}, {57} times {13} is {fe}.
        assert_eq!((times(0x57, 0x83), times(0x57, 0x13)), (0xc1, 0xfe));
        for a in 1..=255 {
            assert_eq!(times(a, inverse(a)), 1, "{a}");
        }
    }

    #[test]
    fn any_three_of_five_give_the_key_and_two_do_not() {
        let original = file(1, 2);
        let made = split(&original, 5, 3, &SeededEntropy::new(2)).unwrap();
        for chosen in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
            let again = put_together(&texts(&made, &chosen)).unwrap();
            assert_eq!(again.bytes(), original.bytes());
        }
        assert_eq!(put_together(&texts(&made, &[0, 1, 2, 3, 4])).unwrap().bytes(), original.bytes());
        assert_eq!(put_together(&texts(&made, &[0, 4])).err(), Some(ShareError::TooFew { given: 2, needed: 3 }));
    }

    #[test]
    fn fewer_shares_fit_every_key() {
        // With one share of two, each key is as likely: the same share comes from any secret with the right polynomial.
        let made = split(&file(1, 1), 2, 2, &SeededEntropy::new(2)).unwrap();
        let other = split(&file(3, 1), 2, 2, &SeededEntropy::new(2)).unwrap();
        assert_ne!(made[0], other[0]);
        let mixed = put_together(&[made[0].clone(), other[1].clone()]);
        assert_eq!(mixed.err(), Some(ShareError::Changed), "a wrong key is never taken for the right one");
    }

    #[test]
    fn mistakes_are_told_where_they_are() {
        let made = split(&file(1, 1), 3, 2, &SeededEntropy::new(2)).unwrap();
        let lines: Vec<&str> = made[1].lines().collect();
        let mistyped = lines[2].replacen(&lines[2][..1], if lines[2].starts_with('A') { "B" } else { "A" }, 1);
        let wrong = made[1].replace(lines[2], &mistyped);
        assert_eq!(put_together(&[made[0].clone(), wrong]).err(), Some(ShareError::Line { share: 2, line: 2 }));
        let swapped = [lines[0], lines[2], lines[1]].join("\n");
        assert_eq!(put_together(&[swapped]).err(), Some(ShareError::Line { share: 1, line: 1 }));
        assert_eq!(put_together(&[made[0].clone(), made[0].clone()]).err(), Some(ShareError::Twice { share: 2 }));
        assert_eq!(put_together(&["hello".to_owned()]).err(), Some(ShareError::NotAShare { share: 1 }));
        assert_eq!(put_together(&[String::new()]).err(), Some(ShareError::NotAShare { share: 1 }));
        let again = split(&file(1, 1), 3, 2, &SeededEntropy::new(9)).unwrap();
        assert!(matches!(
            put_together(&[made[0].clone(), again[1].clone()]),
            Err(ShareError::OtherSet { share: 2, .. })
        ));
        assert!(combine(&[]).is_err());
        for (shares, threshold) in [(1, 1), (3, 1), (3, 4), (21, 2)] {
            assert!(split(&file(1, 1), shares, threshold, &SeededEntropy::new(2)).is_err());
        }
    }

    #[test]
    fn small_letters_and_spaces_do_not_matter() {
        let made = split(&file(1, 1), 2, 2, &SeededEntropy::new(2)).unwrap();
        let typed = made[0].lines().skip(1).map(|line| {
            let (letters, check) = line.rsplit_once('-').unwrap();
            format!("  {}-{check}\n\n", letters.to_lowercase().replace(' ', ""))
        });
        assert!(put_together(&[typed.collect(), made[1].clone()]).is_ok());
    }

    proptest! {
        #[test]
        fn no_text_brings_it_down(text in ".{0,200}", other in "[A-Z2-7 -]{0,80}\n[A-Z2-7-]{0,80}") {
            let _ = combine(&[&text, &other]);
        }

        #[test]
        fn base32_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert_eq!(from_base32(&base32(&octets)).unwrap(), octets);
        }
    }
}
