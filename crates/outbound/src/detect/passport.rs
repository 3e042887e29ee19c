//! Passport numbers: by the second machine-readable line (ICAO Doc 9303 part 4), or behind a word that says so.

use crate::plain;

/// Characters of a machine-readable line.
const LINE_CHARS: usize = 44;

/// Characters behind a word in which the number stands.
const AFTER_WORD_CHARS: usize = 40;

/// Words that say that a passport number follows.
const WORDS: &[&str] = &["passport", "护照", "護照", "pasaporte", "جواز"];

pub(super) fn find(text: &[char], add: &mut impl FnMut(&str)) {
    let mut words = Tokens { text, at: 0 };
    let mut label_end: Option<usize> = None;
    while let Some((start, end)) = words.next_token() {
        let token = text.get(start..end).unwrap_or_default();
        if token.len() == LINE_CHARS
            && let Some(number) = of_line(token)
        {
            add(&number);
            continue;
        }
        // Words of scripts without spaces stand together with what follows.
        let folded = plain::words(&token.iter().collect::<String>());
        if WORDS.iter().any(|word| folded.contains(word)) {
            label_end = Some(end);
            continue;
        }
        let is_near = label_end.is_some_and(|label| start.saturating_sub(label) <= AFTER_WORD_CHARS);
        if is_near && is_number(token) {
            add(&token.iter().collect::<String>().to_ascii_uppercase());
            label_end = None;
        }
    }
}

/// Runs of letters and digits of one script; `<` counts as a letter of ASCII.
struct Tokens<'a> {
    text: &'a [char],
    at: usize,
}

impl Tokens<'_> {
    fn next_token(&mut self) -> Option<(usize, usize)> {
        let is_ascii = |c: char| c.is_ascii_alphanumeric() || c == '<';
        let is_other = |c: char| !c.is_ascii() && c.is_alphanumeric();
        while self.text.get(self.at).is_some_and(|c| !is_ascii(*c) && !is_other(*c)) {
            self.at += 1;
        }
        let start = self.at;
        let first = *self.text.get(start)?;
        let same = |c: char| if is_ascii(first) { is_ascii(c) } else { is_other(c) };
        while self.text.get(self.at).is_some_and(|c| same(*c)) {
            self.at += 1;
        }
        Some((start, self.at))
    }
}

/// The number in a second line whose check digits are right.
fn of_line(line: &[char]) -> Option<String> {
    let is_formed = line.iter().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '<');
    let field = |from: usize, to: usize| line.get(from..to).unwrap_or_default();
    let checks = |from: usize, to: usize| {
        let right = check_digit(field(from, to));
        line.get(to).and_then(|c| c.to_digit(10)) == Some(right)
    };
    let is_right = is_formed && checks(0, 9) && checks(13, 19) && checks(21, 27);
    is_right.then(|| field(0, 9).iter().filter(|c| **c != '<').collect())
}

fn check_digit(field: &[char]) -> u32 {
    let value = |c: &char| c.to_digit(36).unwrap_or(0);
    field.iter().zip([7, 3, 1].iter().cycle()).map(|(c, weight)| value(c) * weight).sum::<u32>() % 10
}

/// Whether it has the form of a passport number of one of the states whose people trade most: letters before digits as China, India, Korea, Japan,
/// Italy, Spain, the Arab states and Latin America have them, nine digits as the United States, the United Kingdom and Russia, mixed as Germany and France.
fn is_number(token: &[char]) -> bool {
    let letters = token.iter().take_while(|c| c.is_ascii_alphabetic()).count();
    let rest_is_digits = token.iter().skip(letters).all(char::is_ascii_digit);
    let digits = token.iter().filter(|c| c.is_ascii_digit()).count();
    let german = |c: &char| c.is_ascii_digit() || "CFGHJKLMNPRTVWXYZ".contains(c.to_ascii_uppercase());
    let french = || {
        let of =
            |from: usize, to: usize, is: fn(&char) -> bool| token.get(from..to).is_some_and(|it| it.iter().all(is));
        of(0, 2, char::is_ascii_digit) && of(2, 4, char::is_ascii_alphabetic) && of(4, 9, char::is_ascii_digit)
    };
    match (letters, token.len()) {
        (1, 8 | 9) | (2, 8 | 9) | (3, 9) | (0, 9) if rest_is_digits => true,
        (1.., 9) => digits >= 5 && token.iter().all(german),
        (0, 9) => french(),
        _ => false,
    }
}
