//! Resident identity numbers of China: eighteen characters with a check character (GB 11643, ISO 7064 MOD 11-2), or fifteen digits of the old form
//! behind a word that says so.

use super::runs::Run;

const LAYOUTS: &[&[usize]] = &[&[18], &[6, 8, 4], &[6, 4, 4, 4]];

/// The same with a check character that is no digit, and stands behind.
const LAYOUTS_X: &[&[usize]] = &[&[17], &[6, 8, 3], &[6, 4, 4, 3]];

const OLD_LAYOUTS: &[&[usize]] = &[&[15], &[6, 6, 3]];

/// Words that say that it is one.
const WORDS: &[&str] = &[
    "身份证",
    "身份號",
    "证件号",
    "證件號",
    "id card",
    "id no",
    "id number",
    "identity",
    "identidad",
    "documento",
    "هويه",
    "الهويه",
];

/// First two digits of regions (GB/T 2260).
const PROVINCES: &[u32] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82, 83,
];

/// First and last year of birth.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2099;

/// The number that begins with the group at `at`: how many groups it has, and its characters.
pub(super) fn read(text: &[char], run: &Run, at: usize, before: &str) -> Option<(usize, String)> {
    let whole = LAYOUTS.iter().find_map(|layout| {
        let value = run.digits(text, at, layout).filter(|value| is_new(value))?;
        Some((layout.len(), value))
    });
    let with_x = || {
        LAYOUTS_X.iter().find_map(|layout| {
            let digits = run.digits(text, at, layout)?;
            let is_x = matches!(run.behind(text, at + layout.len() - 1), Some('x' | 'X'));
            let value = format!("{digits}X");
            (is_x && is_new(&value)).then_some((layout.len(), value))
        })
    };
    let old = || {
        let is_called_so = WORDS.iter().any(|word| before.contains(word));
        OLD_LAYOUTS.iter().filter(|_| is_called_so).find_map(|layout| {
            let value = run.digits(text, at, layout).filter(|value| is_old(value))?;
            Some((layout.len(), value))
        })
    };
    whole.or_else(with_x).or_else(old)
}

fn is_new(value: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = value.bytes().zip(WEIGHTS).map(|(octet, weight)| u32::from(octet.wrapping_sub(b'0')) * weight).sum();
    let right = b"10X98765432".get((sum % 11) as usize);
    is_region(value) && is_date(value, 6, 4) && value.as_bytes().last() == right
}

fn is_old(value: &str) -> bool {
    is_region(value) && is_date(value, 6, 2)
}

fn number(value: &str, from: usize, digits: usize) -> u32 {
    value.get(from..from + digits).and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// A province with a prefecture and a county of it.
fn is_region(value: &str) -> bool {
    PROVINCES.contains(&number(value, 0, 2)) && number(value, 2, 2) <= 90 && number(value, 2, 4) > 0
}

fn is_date(value: &str, at: usize, year_digits: usize) -> bool {
    let year = number(value, at, year_digits) + if year_digits == 2 { 1900 } else { 0 };
    let (month, day) = (number(value, at + year_digits, 2), number(value, at + year_digits + 2, 2));
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    YEARS.contains(&year) && (1..=days).contains(&day)
}
