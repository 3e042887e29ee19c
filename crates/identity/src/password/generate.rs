use env::{Entropy, Secret};

const CONSONANTS: &[u8; 16] = b"bdfghjkmnprstvwz";
const VOWELS: &[u8; 5] = b"aeiou";
const DIGITS: &[u8; 10] = b"0123456789";

/// Groups of two syllables.
const GROUPS: usize = 5;

/// A password that can be read out and typed: `Bamo-tuke-wifa-zodu-pile-47`. It has 27 characters of four classes and is one of
/// 2^69: ten syllables of 16 x 5 and two digits, each equally likely.
#[must_use]
pub fn generate_password(entropy: &dyn Entropy) -> Secret<String> {
    let mut text = String::with_capacity(GROUPS * 5 + 2);
    for _ in 0..GROUPS {
        for _ in 0..2 {
            text.push(pick(entropy, CONSONANTS));
            text.push(pick(entropy, VOWELS));
        }
        text.push('-');
    }
    text.push(pick(entropy, DIGITS));
    text.push(pick(entropy, DIGITS));
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Secret::new(text)
}

/// One of `choices`, each equally likely.
fn pick(entropy: &dyn Entropy, choices: &[u8]) -> char {
    let count = choices.len().max(1) as u64;
    // Numbers beyond the last whole multiple would favour the first choices.
    let fair = u64::MAX - u64::MAX % count;
    loop {
        let number = entropy.next_u64();
        if number < fair {
            let index = usize::try_from(number % count).unwrap_or(0);
            return choices.get(index).copied().map_or('x', char::from);
        }
    }
}
