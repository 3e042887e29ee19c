//! What stands behind a label, read as what the label says.

use std::ops::Range;

use crate::checks;
use crate::detail::Scheme;
use crate::fold::{Letter, look_alike};
use crate::iban::as_digit;
use crate::layout::trimmed;

/// Digits that an account's number has.
const ACCOUNT_DIGITS_MIN: usize = 5;
const ACCOUNT_DIGITS_MAX: usize = 34;

/// Letters of a name that are kept.
const NAME_LETTERS_MAX: usize = 120;

/// Letters of a name after which a full stop ends it.
const SENTENCE_LETTERS_MIN: usize = 40;

/// A number or code, where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) value: String,
    pub(crate) letters: Range<usize>,
    pub(crate) is_disguised: bool,
}

/// Letters and digits from `at` on as one number, as far as single spaces, dashes, dots and slashes hold them together. Words end it.
fn number(letters: &[Letter], range: Range<usize>) -> Option<Read> {
    let mut value = String::new();
    let mut end = range.start;
    let mut at = range.start;
    let mut is_disguised = false;
    while at < range.end {
        let token: Vec<&Letter> = letters
            .get(at..range.end)?
            .iter()
            .take_while(|letter| letter.plain.is_alphanumeric() && !crate::labels::is_ideograph(letter.plain))
            .collect();
        let text: String = token
            .iter()
            .map(|letter| look_alike(letter.cased).unwrap_or_else(|| letter.cased.to_ascii_uppercase()))
            .collect();
        let digits = text.chars().filter(char::is_ascii_digit).count();
        // Letters of a number are capitals of our script, and fewer than its digits; a word is none.
        if token.is_empty()
            || digits == 0
            || digits * 2 < text.len()
            || !text.chars().all(|c| c.is_ascii_alphanumeric())
        {
            break;
        }
        is_disguised |= token
            .iter()
            .zip(text.chars())
            .any(|(letter, c)| letter.is_disguised && !value.is_empty() || letter.cased.to_ascii_uppercase() != c);
        value.push_str(&text);
        at += token.len();
        end = at;
        let gap = letters
            .get(at..range.end)?
            .iter()
            .take_while(|letter| matches!(letter.plain, ' ' | '-' | '.' | '/' | '\u{b7}'))
            .count();
        let has_mark = letters.get(at..at + gap)?.iter().any(|letter| letter.plain != ' ');
        if gap == 0 || gap > 3 || gap == 3 && !has_mark || value.len() > ACCOUNT_DIGITS_MAX {
            break;
        }
        at += gap;
    }
    (!value.is_empty()).then_some(Read { value, letters: range.start..end, is_disguised })
}

/// An account's number.
pub(crate) fn account(letters: &[Letter], range: Range<usize>) -> Option<Read> {
    let range = past_currency(letters, trimmed(letters, range));
    let mut read = number(letters, range.clone())?;
    let plain = |at: usize| letters.get(at).map(|letter| letter.plain);
    // Amounts: cents behind a point or comma at the end, or thousands.
    let text: String = letters.get(read.letters.clone())?.iter().map(|letter| letter.plain).collect();
    let has_cents = text.rsplit_once('.').is_some_and(|(_, cents)| cents.len() <= 2) && !text.contains(['-', '/']);
    let goes_on =
        plain(read.letters.end) == Some(',') && plain(read.letters.end + 1).is_some_and(|c| c.is_ascii_digit());
    if has_cents || goes_on || is_date(&text) || matches!(plain(read.letters.end), Some('%' | '@' | '*')) {
        return None;
    }
    // The type of the account behind its number in Japan and others is no part of it.
    let digits = read.value.chars().filter(char::is_ascii_digit).count();
    read.value.truncate(ACCOUNT_DIGITS_MAX);
    (ACCOUNT_DIGITS_MIN..=ACCOUNT_DIGITS_MAX).contains(&digits).then_some(read)
}

/// A currency before the number, and signs around it.
fn past_currency(letters: &[Letter], range: Range<usize>) -> Range<usize> {
    let mut start = range.start;
    let word: String = letters
        .get(range.clone())
        .unwrap_or_default()
        .iter()
        .take_while(|letter| letter.plain.is_ascii_alphabetic())
        .map(|letter| letter.cased)
        .collect();
    if crate::currency::code(&word).is_some() {
        start += word.len();
    }
    while start < range.end
        && letters
            .get(start)
            .is_some_and(|letter| matches!(letter.plain, ' ' | ':' | '#' | '$' | '-' | '(' | '№' | '\''))
    {
        start += 1;
    }
    start..range.end
}

/// A day: two marks of one kind, and a year at either end.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '.', '/']).collect();
    let is_year = |part: &str| part.len() == 4 && (part.starts_with("19") || part.starts_with("20"));
    let is_short = |part: &&str| part.len() <= 2 && part.bytes().all(|octet| octet.is_ascii_digit());
    match parts.as_slice() {
        [first, middle, last] => {
            is_short(middle)
                && (is_year(first) && is_short(last)
                    || is_year(last) && is_short(first)
                    || [first, last].into_iter().all(is_short))
        }
        _ => false,
    }
}

/// A BIC (ISO 9362): four letters, a country, two and perhaps three letters or digits.
pub(crate) fn bic(letters: &[Letter], range: Range<usize>) -> Option<Read> {
    let range = trimmed(letters, range);
    let (mut value, mut end, mut is_disguised) = (String::new(), range.start, false);
    let mut gap = 0;
    for (at, letter) in letters.iter().enumerate().take(range.end).skip(range.start) {
        let c = look_alike(letter.cased).unwrap_or(letter.cased);
        if c.is_ascii_alphanumeric() && value.len() < 12 {
            // A space may stand between the parts; what follows it must be one.
            if gap > 0 && !matches!(value.len(), 4 | 6 | 8) {
                break;
            }
            value.push(c.to_ascii_uppercase());
            is_disguised |= c != letter.cased || letter.is_disguised && at > range.start;
            gap = 0;
            end = at + 1;
        } else if matches!(c, ' ' | '-') && gap == 0 && !value.is_empty() {
            gap += 1;
        } else {
            break;
        }
    }
    for length in [11, 8] {
        let whole_word =
            letters.get(range.start + (end - range.start)).is_none_or(|next| !next.plain.is_ascii_alphanumeric());
        let Some(code) = value.get(..length) else { continue };
        let fits =
            value.len() == length && whole_word || value.len() > length && has_space_at(letters, range.start, length);
        if fits && is_bic(code) {
            let end = end_of(letters, range.start, length);
            return Some(Read { value: code.to_owned(), letters: range.start..end, is_disguised });
        }
    }
    None
}

/// The letter behind the first `length` letters and digits.
fn end_of(letters: &[Letter], start: usize, length: usize) -> usize {
    let mut left = length;
    for (at, letter) in letters.iter().enumerate().skip(start) {
        left -= usize::from(letter.plain.is_alphanumeric());
        if left == 0 {
            return at + 1;
        }
    }
    letters.len()
}

fn has_space_at(letters: &[Letter], start: usize, length: usize) -> bool {
    letters.get(end_of(letters, start, length)).is_none_or(|letter| !letter.plain.is_alphanumeric())
}

/// Countries (ISO 3166-1) whose letters stand in codes of banks.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AR AT AU AW AZ BA BB BD BE BF BG BH BI BJ BM BN BO BR BS BT BW BY BZ CA CD CF CG \
    CH CI CK CL CM CN CO CR CU CV CW CY CZ DE DJ DK DM DO DZ EC EE EG ER ES ET FI FJ FK FM FO FR GA GB GD GE GG GH GI GL GM GN GP \
    GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
    LT LU LV LY MA MC MD ME MG MH MK ML MM MN MO MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NZ OM PA PE PF PG PH PK PL \
    PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SI SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TG TH TJ TL TM TN TO TR TT TV \
    TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

fn is_bic(code: &str) -> bool {
    let country = code.get(4..6).unwrap_or_default();
    code.bytes().take(6).all(|octet| octet.is_ascii_uppercase())
        && COUNTRIES.split_whitespace().any(|known| known == country)
}

/// Digits behind a label, as the code of a bank in its scheme, and whether its check digits stood.
pub(crate) fn code(scheme: Scheme, letters: &[Letter], range: Range<usize>) -> Option<(Read, bool)> {
    let range = trimmed(letters, range);
    if scheme == Scheme::Ifsc {
        return ifsc(letters, range);
    }
    let read = number(letters, range)?;
    let digits: Vec<u32> = read.value.chars().map(|c| as_digit(c).to_digit(10)).collect::<Option<_>>()?;
    let lengths: &[usize] = match scheme {
        Scheme::Cnaps => &[12],
        Scheme::Aba | Scheme::RussiaBik => &[9],
        Scheme::SortCode | Scheme::Bsb | Scheme::UkraineMfo | Scheme::SouthAfrica => &[6],
        Scheme::Bankleitzahl => &[5, 8],
        Scheme::CanadaTransit => &[5, 8, 9],
        _ => &[2, 3, 4, 5, 6, 7, 8, 9],
    };
    let is_checked = match scheme {
        Scheme::Cnaps => checks::cnaps(&digits),
        Scheme::Aba => checks::aba(&digits),
        _ => false,
    };
    let has_check = matches!(scheme, Scheme::Cnaps | Scheme::Aba);
    // A number that fails its check is none of these.
    (lengths.contains(&digits.len()) && (is_checked || !has_check)).then_some((read, is_checked))
}

/// IFSC of India: four letters, a zero, six letters or digits.
fn ifsc(letters: &[Letter], range: Range<usize>) -> Option<(Read, bool)> {
    let word: Vec<char> = letters
        .get(range.clone())?
        .iter()
        .map(|letter| letter.cased.to_ascii_uppercase())
        .filter(|c| *c != ' ')
        .take_while(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    let fits = word.len() >= 11
        && word.iter().take(4).all(char::is_ascii_uppercase)
        && matches!(word.get(4), Some('0' | 'O'))
        && has_space_at(letters, range.start, 11);
    let mut value: String = word.iter().take(11).collect();
    if fits {
        value.replace_range(4..5, "0");
    }
    fits.then(|| (Read { value, letters: range.start..end_of(letters, range.start, 11), is_disguised: false }, false))
}

/// An address of e-mail within a stretch.
pub(crate) fn email(letters: &[Letter], range: Range<usize>) -> Option<Read> {
    let stretch = letters.get(range.clone())?;
    let at = stretch.iter().position(|letter| letter.plain == '@')?;
    let is_local =
        |letter: &&Letter| letter.plain.is_ascii_alphanumeric() || matches!(letter.plain, '.' | '_' | '-' | '+');
    let is_domain = |letter: &&Letter| letter.plain.is_ascii_alphanumeric() || matches!(letter.plain, '.' | '-');
    let before = stretch.get(..at)?.iter().rev().take_while(is_local).count();
    let mut after = stretch.get(at + 1..)?.iter().take_while(is_domain).count();
    while after > 0 && stretch.get(at + after).is_some_and(|letter| matches!(letter.plain, '.' | '-')) {
        after -= 1;
    }
    let domain: String = stretch.get(at + 1..at + 1 + after)?.iter().map(|letter| letter.plain).collect();
    if before == 0 || !domain.contains('.') || domain.len() > 253 || before > 64 {
        return None;
    }
    let taken = at - before..at + 1 + after;
    let value = stretch.get(taken.clone())?.iter().map(|letter| letter.plain).collect();
    let is_disguised = stretch.get(taken.start + 1..taken.end)?.iter().any(|letter| letter.is_disguised);
    Some(Read { value, letters: range.start + taken.start..range.start + taken.end, is_disguised })
}

/// A number of a phone with its country, as PIX has it: `+5511987654321`.
pub(crate) fn phone(letters: &[Letter], range: Range<usize>) -> Option<Read> {
    let range = trimmed(letters, range);
    let stretch = letters.get(range.clone())?;
    let length = stretch
        .iter()
        .take_while(|letter| letter.plain.is_ascii_digit() || matches!(letter.plain, '+' | ' ' | '-' | '(' | ')'))
        .count();
    let digits: String = stretch.iter().take(length).map(|letter| letter.plain).filter(char::is_ascii_digit).collect();
    let value = if stretch.first().is_some_and(|letter| letter.plain == '+') { format!("+{digits}") } else { digits };
    (10..=15).contains(&value.len()).then_some(Read {
        value,
        letters: range.start..range.start + length,
        is_disguised: false,
    })
}

/// Words, as they are written: names of people, companies and banks.
pub(crate) fn name(text: &str, letters: &[Letter], range: Range<usize>) -> Option<String> {
    let range = trimmed(letters, range);
    let stretch = letters.get(range.clone())?;
    let is_end = |(at, letter): (usize, &Letter)| {
        let next = stretch.get(at + 1).is_none_or(|next| next.plain == ' ');
        matches!(letter.plain, '\n' | '\t' | ';' | '；' | '。' | '|')
            || at > SENTENCE_LETTERS_MIN && letter.plain == '.' && next
    };
    let length = stretch.iter().enumerate().position(is_end).unwrap_or(stretch.len()).min(NAME_LETTERS_MAX);
    let (first, last) = (stretch.first()?, stretch.get(length.checked_sub(1)?)?);
    let written = text.get(first.start as usize..last.end as usize)?;
    let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let written = written.trim_matches([' ', ',', ':', '：', '，', '、', '-', '–', '—', '/', '|', '*', '[']);
    let written = unquoted(written);
    let count = written.chars().filter(|c| c.is_alphabetic()).count();
    let digits = written.chars().filter(char::is_ascii_digit).count();
    (count >= 2 && digits <= count * 2 && !written.contains('@')).then(|| written.to_owned())
}

/// Without the quotation marks around the whole.
fn unquoted(written: &str) -> &str {
    const MARKS: [(char, char); 5] = [('"', '"'), ('“', '”'), ('«', '»'), ('\'', '\''), ('「', '」')];
    let within = |(open, close): (char, char)| written.strip_prefix(open)?.strip_suffix(close);
    MARKS.into_iter().find_map(within).filter(|inner| !inner.contains(['"', '“', '«'])).unwrap_or(written)
}

#[cfg(test)]
mod tests;
