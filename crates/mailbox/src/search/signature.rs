//! Search signatures: which three-octet sequences occur in the folded text of a message, as a Bloom filter.
//!
//! A word can only be in a message whose signature has all of the word's sequences. Signatures are sealed like everything else
//! of an account, so unlike an index of hashed words they show nobody which messages share words; they need no knowledge
//! of languages, and find parts of words. docs/decisions tells more.

use super::Content;

/// Octets of the filter before it is folded to the size that its content needs. Every size in [`SIZES`] divides it.
const FULL_BYTES: usize = 15_360;
const FULL_BITS: u32 = FULL_BYTES as u32 * 8;

/// Sizes of signatures. Sealed, they fill the database's pages of 4 KiB without loss.
const SIZES: [usize; 9] = [240, 480, 640, 960, 1_280, 1_920, 3_840, 7_680, FULL_BYTES];

/// Share of bits set that a signature should not exceed: about one sequence in nine that is not there seems to be.
const FILL_MAX: f64 = 0.33;

/// Share of bits set from which even the largest signature says too little.
const FILL_USELESS: f64 = 0.7;

/// Octets of text that are signed; a message with more is always opened.
const TEXT_BYTES_MAX: usize = 512 * 1024;

/// Octets of a sequence.
const GRAM_BYTES: usize = 3;

/// What the signature of a message is sealed for.
pub(crate) fn context(message: i64) -> [u8; 20] {
    crate::sealed_context(b"search.signa", message)
}

/// The signature of a text; empty when the text must be read to know.
pub(crate) fn sign(content: &Content) -> Vec<u8> {
    if content.head.len() + content.body.len() > TEXT_BYTES_MAX {
        return Vec::new();
    }
    let mut full = vec![0_u64; FULL_BYTES / 8];
    for text in [&content.head, &content.body] {
        for_each_gram(text.as_bytes(), |gram| set(&mut full, gram));
    }
    for (name, _) in &content.headers {
        set(&mut full, name_gram(name));
    }
    let ones: u32 = full.iter().map(|word| word.count_ones()).sum();
    let clear = 1.0 - f64::from(ones) / f64::from(FULL_BITS);
    let fill_at = |bytes: usize| 1.0 - clear.powi(i32::try_from(FULL_BYTES / bytes).unwrap_or(1));
    if fill_at(FULL_BYTES) > FILL_USELESS {
        return Vec::new();
    }
    let bytes = SIZES.into_iter().find(|&bytes| fill_at(bytes) <= FILL_MAX).unwrap_or(FULL_BYTES);
    let mut signature = vec![0_u64; bytes / 8];
    for part in full.chunks(bytes / 8) {
        for (to, from) in signature.iter_mut().zip(part) {
            *to |= from;
        }
    }
    signature.into_iter().flat_map(u64::to_le_bytes).collect()
}

/// What a word needs of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe(Vec<u64>);

impl Probe {
    /// The sequences of folded words. Words shorter than a sequence need nothing.
    pub(crate) fn text(folded: &str) -> Self {
        let mut grams = Vec::new();
        for_each_gram(folded.as_bytes(), |gram| grams.push(hash(gram)));
        grams.sort_unstable();
        grams.dedup();
        Self(grams)
    }

    /// The sequences of folded words, and the name of a header field.
    pub(crate) fn header(name: &str, folded: &str) -> Self {
        let mut probe = Self::text(folded);
        probe.0.insert(0, hash(name_gram(name)));
        probe
    }

    /// Whether the words may be in the text that was signed.
    pub(crate) fn may_be_in(&self, signature: &[u8]) -> bool {
        let bits = u32::try_from(signature.len()).unwrap_or(0) * 8;
        bits == 0 || self.0.iter().all(|&hash| positions(hash).into_iter().all(|at| is_set(signature, at % bits)))
    }
}

fn for_each_gram(text: &[u8], mut visit: impl FnMut(u32)) {
    let Some((first, rest)) = text.split_at_checked(GRAM_BYTES - 1) else { return };
    let mut gram = first.iter().fold(0, |gram, &octet| (gram << 8) | u32::from(octet));
    for &octet in rest {
        gram = ((gram << 8) | u32::from(octet)) & 0x00ff_ffff;
        visit(gram);
    }
}

/// Stands for the name of a header field among the sequences, above all of them.
fn name_gram(name: &str) -> u32 {
    (xxhash_rust::xxh3::xxh3_64(name.as_bytes()) as u32) | 0xff00_0000
}

/// Multiplication by the golden ratio spreads the bits of neighbouring sequences.
fn hash(gram: u32) -> u64 {
    let product = u64::from(gram).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 29)
}

/// Bits of the full filter that stand for a sequence.
fn positions(hash: u64) -> [u32; 2] {
    // A product's upper half, rather than a remainder, brings a number below a bound.
    let bound = u64::from(FULL_BITS);
    [(((hash >> 32) * bound) >> 32) as u32, (((hash & 0xffff_ffff) * bound) >> 32) as u32]
}

fn set(full: &mut [u64], gram: u32) {
    for at in positions(hash(gram)) {
        if let Some(word) = full.get_mut(at as usize / 64) {
            *word |= 1 << (at % 64);
        }
    }
}

fn is_set(signature: &[u8], at: u32) -> bool {
    signature.get(at as usize / 8).is_some_and(|octet| octet & (1 << (at % 8)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(body: &str) -> Content {
        let headers = vec![("subject".to_owned(), "offer".to_owned())];
        Content { headers, head: "subject: offer\n".to_owned(), body: body.to_owned() }
    }

    #[test]
    fn what_is_there_is_never_ruled_out_and_most_else_is() {
        let words =
            |seed: u32| (0..1_400_u32).map(move |n| format!("w{:x} ", (n * 2_654_435 + seed).wrapping_mul(40_503)));
        for size in [0, 10, 200, 1_400] {
            let body: String = words(7).take(size).collect();
            let signature = sign(&content(&body));
            assert!(SIZES.contains(&signature.len()));
            for word in words(7).take(size) {
                assert!(Probe::text(word.trim()).may_be_in(&signature), "{word}");
            }
            assert!(Probe::header("subject", "off").may_be_in(&signature));
            let absent = ["quintessential", "zymurgy", "发票号码", "\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442}"];
            assert!(absent.iter().all(|word| !Probe::text(word).may_be_in(&signature)));
        }
        assert!(!Probe::header("x-spam", "").may_be_in(&sign(&content("text"))));
        assert!(Probe::text("ab").may_be_in(&sign(&content(""))));
    }

    #[test]
    fn long_text_is_left_to_reading() {
        assert!(sign(&content(&"x".repeat(TEXT_BYTES_MAX))).is_empty());
        assert!(Probe::text("anything").may_be_in(&[]));
    }
}
