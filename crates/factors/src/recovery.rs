//! Recovery codes: a sheet of paper for when every other factor is lost. Each opens the account once.

use env::{Entropy, Secret};

/// Codes on a sheet.
pub const CODES: usize = 10;

/// Characters of a code: 12 of 32, so each is one of 2^60 and a fast keyed hash of it may be kept.
const CHARACTERS: usize = 12;

/// Crockford's base 32: no letter is taken for a digit.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A fresh sheet of [`CODES`] codes, in groups of four.
#[must_use]
pub fn generate(entropy: &dyn Entropy) -> Vec<Secret<String>> {
    (0..CODES).map(|_| Secret::new(group(&one(entropy)))).collect()
}

/// The form in which a code is hashed and compared, however it was typed: lower case, without spaces and dashes, letters that look like
/// digits read as those. `None` if it cannot be a code.
#[must_use]
pub fn canonical(typed: &str) -> Option<Secret<String>> {
    let mut code = String::with_capacity(CHARACTERS);
    for character in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let character = match character.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        if code.len() == CHARACTERS || !ALPHABET.contains(&u8::try_from(character).unwrap_or(b'u')) {
            return None;
        }
        code.push(character);
    }
    (code.len() == CHARACTERS).then(|| Secret::new(code))
}

fn one(entropy: &dyn Entropy) -> Vec<u8> {
    let mut bytes = [0; CHARACTERS];
    entropy.fill(&mut bytes);
    bytes.iter().map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0')).collect()
}

fn group(code: &[u8]) -> String {
    let groups: Vec<String> =
        code.chunks(4).map(|group| group.iter().map(|&byte| char::from(byte)).collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use env::SeededEntropy;

    use super::*;

    #[test]
    fn a_sheet_has_ten_different_codes_that_survive_typing() {
        let codes = generate(&SeededEntropy::new(1));
        let different: HashSet<&str> = codes.iter().map(|code| code.expose().as_str()).collect();
        assert_eq!((codes.len(), different.len()), (CODES, CODES));
        for code in &codes {
            assert_eq!(code.expose().len(), 14, "{}", code.expose());
            let plain = canonical(code.expose()).unwrap();
            let typed = format!(" {} ", code.expose().to_uppercase().replace('-', " ").replace('0', "O"));
            assert_eq!(canonical(&typed).unwrap().expose(), plain.expose());
        }
        for text in ["", "abcd-efgh", "abcd-efgh-jkmn-p", "uuuu-uuuu-uuuu", "密密密密密密密密密密密密"] {
            assert!(canonical(text).is_none(), "{text}");
        }
    }
}
