//! Lines with numbers, as they are kept of each message: enough to tell that a quoted line was altered, and not what it said.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// Lines of one message that are kept.
const LINES_MAX: usize = 48;

/// Digits that a line has at least.
const DIGITS_MIN: usize = 6;

/// A line: its words without the numbers, and all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line(u32, u32);

/// The telling lines of a text.
#[must_use]
pub(crate) fn lines(text: &str, salt: u64) -> Vec<Line> {
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(line) = mark(line, salt)
            && !found.contains(&line)
        {
            found.push(line);
            if found.len() >= LINES_MAX {
                break;
            }
        }
    }
    found
}

/// Lines of `quoted` whose words are those of a line on file and whose numbers are not.
#[must_use]
pub(crate) fn altered(quoted: &str, salt: u64, known: &[Line]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in quoted.lines() {
        let Some(Line(words, all)) = mark(line, salt) else { continue };
        let mut same_words = known.iter().filter(|known| known.0 == words).peekable();
        if same_words.peek().is_some() && same_words.all(|known| known.1 != all) && found.len() < 8 {
            found.push(line.trim().chars().take(160).collect());
        }
    }
    found
}

/// None for a line with few numbers or few words.
fn mark(line: &str, salt: u64) -> Option<Line> {
    let digits = line.chars().filter(char::is_ascii_digit).count();
    if digits < DIGITS_MIN || line.len() > 400 {
        return None;
    }
    let (mut words, mut all) = (salt.to_le_bytes().to_vec(), salt.to_le_bytes().to_vec());
    let mut letters = 0;
    let mut octets = [0; 4];
    for word in line.split_whitespace().map(|word| word.trim_start_matches('>')) {
        // An account is written with spaces, and quoted without: what has numbers in it stands together.
        let has_digit = word.bytes().any(|octet| octet.is_ascii_digit());
        for c in word.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()) {
            let encoded = c.encode_utf8(&mut octets).as_bytes();
            all.extend_from_slice(encoded);
            if !has_digit {
                words.extend_from_slice(encoded);
                letters += 1;
            }
        }
    }
    (letters >= 4).then(|| Line(xxh3_64(&words) as u32, xxh3_64(&all) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_altered_number_is_seen() {
        let known = lines("Dear Ann,\nIBAN: DE89 3704 0044 0532 0130 00\nAmount due USD 12,400.00\n", 7);
        assert_eq!(known.len(), 2);
        assert!(altered("> IBAN: DE89370400440532013000\n> Amount due USD 12,400.00", 7, &known).is_empty());
        assert_eq!(altered("> IBAN: DE02 1203 0000 0000 2020 51", 7, &known).len(), 1);
        assert!(altered("Order 2026-11-0417 of widgets", 7, &known).is_empty());
    }
}
