//! All payment details of a message.

use crate::detail::{Block, Check, Confidence, Detail, Kind, Place};
use crate::fold::{Letter, fold};
use crate::iban;

/// Blocks that are read.
pub const BLOCKS_MAX: usize = 4096;

/// Characters of all blocks that are read.
pub const TEXT_CHARS_MAX: usize = 400_000;

/// Details of one message that are kept.
pub const DETAILS_MAX: usize = 64;

/// Characters of what is kept as written.
const SHOWN_CHARS_MAX: usize = 80;

/// The payment details in `blocks`, in the order in which they stand there.
#[must_use]
pub fn find(blocks: &[Block]) -> Vec<Detail> {
    let mut found: Vec<Detail> = Vec::new();
    let mut chars_left = TEXT_CHARS_MAX;
    for (number, block) in blocks.iter().enumerate().take(BLOCKS_MAX) {
        let letters = fold(&block.text, chars_left);
        chars_left -= letters.len();
        let mut at = 0;
        while at < letters.len() && found.len() < DETAILS_MAX {
            let begins = at == 0 || letters.get(at - 1).is_some_and(|before| !before.plain.is_alphanumeric());
            match begins.then(|| iban::read(&letters, at, false)).flatten() {
                Some(iban) => {
                    at = iban.letters.end;
                    let place = Place { source: block.source, block: number as u32, ..place(&letters, &iban.letters) };
                    found.push(detail(iban, &block.text, place));
                }
                None => at += 1,
            }
        }
    }
    found
}

/// Where letters stand in their text.
fn place(letters: &[Letter], range: &std::ops::Range<usize>) -> Place {
    let start = letters.get(range.start).map_or(0, |letter| letter.start);
    let end = range.end.checked_sub(1).and_then(|last| letters.get(last)).map_or(start, |letter| letter.end);
    Place { source: crate::Source::Body, block: 0, start, end }
}

fn detail(iban: iban::Found, text: &str, place: Place) -> Detail {
    let shown = text.get(place.start as usize..place.end as usize).unwrap_or_default();
    Detail {
        kind: Kind::Iban,
        bank_country: iban.value.get(..2).map(str::to_owned),
        value: iban.value,
        shown: shown.chars().take(SHOWN_CHARS_MAX).collect(),
        clearing: None,
        bic: None,
        holder: None,
        bank: None,
        currency: None,
        place,
        checks: vec![Check::Form, Check::CheckDigits],
        confidence: Confidence::Fair,
        is_disguised: iban.is_disguised,
        is_intermediary: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    #[test]
    fn accounts_in_a_letter() {
        let text = "Please pay to IBAN: DE89 3704 0044 0532 0130 00, or\nGB29NWBK60161331926819.";
        let found = find(&[Block { source: Source::Body, text: text.to_owned() }]);
        let values: Vec<&str> = found.iter().map(|detail| detail.value.as_str()).collect();
        assert_eq!(values, ["DE89370400440532013000", "GB29NWBK60161331926819"]);
        assert_eq!(found[0].shown, "DE89 3704 0044 0532 0130 00");
        assert_eq!(found[1].bank_country.as_deref(), Some("GB"));
    }
}
