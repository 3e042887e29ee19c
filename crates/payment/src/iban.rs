//! International bank account numbers (ISO 13616).

use std::sync::LazyLock;

use crate::checks::mod_97;
use crate::fold::{Letter, look_alike};

const SOURCE: &str = include_str!("../data/iban.tsv");

/// Characters of the longest IBAN that the standard allows.
pub(crate) const LENGTH_MAX: usize = 34;

/// Spaces and dashes that may stand between two characters of one.
const GAP_MAX: usize = 6;

/// Characters that are tried as what they may have been misread for, all at once at most.
const MISREAD_MAX: usize = 6;

/// Country and the form of what follows the check digits, one character each: `n`, `a` or `c`.
static COUNTRIES: LazyLock<Vec<(&'static str, Vec<u8>)>> = LazyLock::new(|| {
    let lines = SOURCE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t')).map(|(country, form)| (country, spread(form))).collect()
});

/// `2n1a` as `nna`.
fn spread(form: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut count = 0;
    for c in form.bytes() {
        match c {
            b'0'..=b'9' => count = count * 10 + usize::from(c - b'0'),
            _ => out.extend(std::iter::repeat_n(c, std::mem::take(&mut count))),
        }
    }
    out
}

fn form_of(country: &str) -> Option<&'static [u8]> {
    let found = COUNTRIES.binary_search_by_key(&country, |(country, _)| country).ok()?;
    COUNTRIES.get(found).map(|(_, form)| form.as_slice())
}

/// An IBAN in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// In its one form.
    pub(crate) value: String,
    /// Letters from the first to the one behind the last.
    pub(crate) letters: std::ops::Range<usize>,
    pub(crate) is_disguised: bool,
}

/// The IBAN that begins at letter `at`, if one does. `may_be_misread` also takes letters for digits that look like them, which is
/// right behind a label and in pictures only.
pub(crate) fn read(letters: &[Letter], at: usize, may_be_misread: bool) -> Option<Found> {
    letters.get(at).filter(|letter| letter.plain.is_alphabetic())?;
    let taken = take(letters, at)?;
    let country: String = taken.iter().take(2).map(|(c, _)| *c).collect();
    let form = form_of(&country)?;
    let taken = taken.get(..form.len() + 4)?;
    let end = taken.last().map_or(at, |(_, at)| at + 1);
    // What goes on without a gap is something longer.
    if letters.get(end).is_some_and(|next| next.plain.is_ascii_alphanumeric()) {
        return None;
    }
    let written: Vec<char> = taken.iter().map(|(c, _)| *c).collect();
    let is_disguised = taken.iter().any(|(c, at)| {
        letters.get(*at).is_some_and(|letter| {
            letter.is_disguised && *at > taken.first().map_or(0, |first| first.1)
                || letter.cased.to_ascii_uppercase() != *c
        })
    });
    let value = checked(&written, form).or_else(|| may_be_misread.then(|| corrected(&written, form)).flatten())?;
    Some(Found { is_disguised: is_disguised || value.chars().ne(written.iter().copied()), value, letters: at..end })
}

/// Letters and digits from `at` on, over spaces, dashes, dots and one end of line between each two, with the place of each.
fn take(letters: &[Letter], at: usize) -> Option<Vec<(char, usize)>> {
    let mut taken = Vec::with_capacity(LENGTH_MAX);
    let mut gap = 0;
    for (at, letter) in letters.iter().enumerate().skip(at) {
        let c = letter.cased;
        let capital = look_alike(c).unwrap_or_else(|| c.to_ascii_uppercase());
        if capital.is_ascii_alphanumeric() {
            taken.push((capital, at));
            gap = 0;
        } else if matches!(c, ' ' | '-' | '.' | '\t' | '\r' | '\n' | '\'' | '_') && gap < GAP_MAX {
            gap += 1;
        } else {
            break;
        }
        if taken.len() == LENGTH_MAX {
            break;
        }
    }
    let begins = taken.len() > 14 && taken.iter().take(2).all(|(c, _)| c.is_ascii_alphabetic());
    begins.then_some(taken)
}

fn checked(written: &[char], form: &[u8]) -> Option<String> {
    let (head, basic) = written.split_at_checked(4)?;
    let fits = |(c, form): (&char, &u8)| match form {
        b'n' => c.is_ascii_digit(),
        b'a' => c.is_ascii_uppercase(),
        _ => c.is_ascii_alphanumeric(),
    };
    let is_numbered = head.iter().skip(2).all(char::is_ascii_digit);
    let is_formed = is_numbered && basic.len() == form.len() && basic.iter().zip(form).all(fits);
    let rest = || mod_97(basic.iter().chain(head).copied());
    (is_formed && rest() == Some(1)).then(|| written.iter().collect())
}

/// Letters where only digits stand, and the other way round, as what they look like.
fn corrected(written: &[char], form: &[u8]) -> Option<String> {
    let whole = b"aann".iter().chain(form);
    let mut changed = 0;
    let right: Vec<char> = written
        .iter()
        .zip(whole)
        .map(|(c, form)| {
            let right = match form {
                b'n' => as_digit(*c),
                b'a' => as_letter(*c),
                _ => *c,
            };
            changed += usize::from(right != *c);
            right
        })
        .collect();
    if changed <= MISREAD_MAX { checked(&right, form) } else { None }
}

/// The digit that a capital is taken for.
pub(crate) const fn as_digit(c: char) -> char {
    match c {
        'O' | 'Q' | 'D' => '0',
        'I' | 'L' | '|' => '1',
        'Z' => '2',
        'S' => '5',
        'G' => '6',
        'B' => '8',
        other => other,
    }
}

const fn as_letter(c: char) -> char {
    match c {
        '0' => 'O',
        '1' => 'I',
        '5' => 'S',
        '8' => 'B',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    fn read_at(text: &str, may_be_misread: bool) -> Option<(String, bool)> {
        read(&fold(text, 1000), 0, may_be_misread).map(|found| (found.value, found.is_disguised))
    }

    #[test]
    fn the_table_is_sorted_and_each_form_has_its_length() {
        assert!(COUNTRIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(COUNTRIES.iter().all(|(_, form)| (11..=30).contains(&form.len())));
        for (country, length) in
            [("DE", 22), ("NO", 15), ("MT", 31), ("LC", 32), ("GB", 22), ("FR", 27), ("TR", 26), ("BR", 29)]
        {
            assert_eq!(form_of(country).map(|form| form.len() + 4), Some(length), "{country}");
        }
    }

    #[test]
    fn however_it_is_written() {
        let right = Some(("DE89370400440532013000".to_owned(), false));
        for text in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00 BIC",
            "de89-3704-0044-0532-0130-00.",
            "DE89 3704 0044\n 0532 0130 00",
            "DE89\u{a0}3704\u{2009}0044 0532 0130 00\nNext",
        ] {
            assert_eq!(read_at(text, false), right, "{text}");
        }
        for text in [
            "DE89 3704 0044 0532 0130 01",
            "DE89 3704 0044 0532 0130 000",
            "XX89370400440532013000",
            "DE8937040044053201300",
        ] {
            assert_eq!(read_at(text, false), None, "{text}");
        }
    }

    #[test]
    fn disguises_are_seen_through_and_told() {
        // A Cyrillic letter, an unseen character.
        assert_eq!(read_at("DЕ89370400440532013000", false).map(|found| found.1), Some(true));
        assert_eq!(read_at("DE8937040044\u{200b}0532013000", false).map(|found| found.1), Some(true));
        // Misread, which counts only where it may be.
        assert_eq!(read_at("DE893704OO44O532Ol3OOO", false), None);
        assert_eq!(read_at("DE893704OO44O532Ol3000", true), Some(("DE89370400440532013000".to_owned(), true)));
    }
}
