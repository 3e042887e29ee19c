//! Numbers of payment cards: by issuer, length and check digit (ISO/IEC 7812-1).

use super::is_of_trade;
use super::runs::Run;

/// How the digits of a card are grouped, beside all in one.
const LAYOUTS: &[&[usize]] =
    &[&[4, 4, 4, 4, 3], &[4, 4, 4, 4, 2], &[4, 4, 4, 4, 1], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[6, 13], &[6, 10]];

/// Words that say that it is a card.
const WORDS: &[&str] = &["card", "visa", "mastercard", "amex", "卡", "tarjeta", "بطاق"];

/// Issuers: first and last prefix, lengths.
const ISSUERS: &[(u32, u32, &[usize])] = &[
    (4, 4, &[13, 16, 19]),
    (51, 55, &[16]),
    (2221, 2720, &[16]),
    (34, 34, &[15]),
    (37, 37, &[15]),
    (300, 305, &[14]),
    (3095, 3095, &[14]),
    (36, 36, &[14]),
    (38, 39, &[14]),
    (6011, 6011, &[16]),
    (644, 649, &[16]),
    (65, 65, &[16]),
    (3528, 3589, &[16]),
    (62, 62, &[16, 17, 18, 19]),
    (2200, 2204, &[16]),
    (6759, 6759, &[16, 18, 19]),
    (6761, 6763, &[16, 18, 19]),
    (5018, 5018, &[16, 18, 19]),
    (5020, 5020, &[16, 18, 19]),
    (5038, 5038, &[16, 18, 19]),
];

/// The card that begins with the group at `at`: how many groups it has, and its digits.
pub(super) fn read(text: &[char], run: &Run, at: usize, before: &str) -> Option<(usize, String)> {
    let length = run.groups.get(at)?.len();
    let whole = [length];
    let is_whole = (13..=19).contains(&length);
    if let Some(value) = run.digits(text, at, &whole).filter(|_| is_whole).filter(|value| is_card(value)) {
        // In one piece it may be any number; a tenth of all have the right last digit.
        let is_called_card = WORDS.iter().any(|word| before.contains(word));
        let continues = |group: usize| run.groups.get(group).is_some_and(|group| group.len() > 4);
        let is_piece = continues(at + 1) || at.checked_sub(1).is_some_and(continues);
        return (is_called_card || !(is_of_trade(before) || is_piece)).then_some((1, value));
    }
    LAYOUTS.iter().find_map(|layout| {
        let value = run.digits(text, at, layout).filter(|value| is_card(value))?;
        Some((layout.len(), value))
    })
}

fn is_card(value: &str) -> bool {
    let number = |digits: usize| value.get(..digits).and_then(|it| it.parse::<u32>().ok());
    let is_issued = ISSUERS.iter().any(|(first, last, lengths)| {
        let digits = first.to_string().len();
        lengths.contains(&value.len()) && number(digits).is_some_and(|it| (*first..=*last).contains(&it))
    });
    let mut others = value.bytes();
    let is_one_digit = others.next().is_some_and(|first| others.all(|it| it == first));
    is_issued && !is_one_digit && luhn(value)
}

fn luhn(value: &str) -> bool {
    let sum: u32 = value
        .bytes()
        .rev()
        .map(|octet| u32::from(octet.wrapping_sub(b'0')))
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}
