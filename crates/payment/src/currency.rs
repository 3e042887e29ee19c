//! Currencies, by their codes and by what people write for them.

use std::ops::Range;

use crate::fold::Letter;

/// Codes (ISO 4217), and those that people write like them.
const CODES: &[(&str, &str)] = &[
    ("AED", "AED"),
    ("ARS", "ARS"),
    ("AUD", "AUD"),
    ("BDT", "BDT"),
    ("BHD", "BHD"),
    ("BRL", "BRL"),
    ("CAD", "CAD"),
    ("CHF", "CHF"),
    ("CLP", "CLP"),
    ("CNH", "CNY"),
    ("CNY", "CNY"),
    ("COP", "COP"),
    ("CZK", "CZK"),
    ("DKK", "DKK"),
    ("EGP", "EGP"),
    ("EUR", "EUR"),
    ("EURO", "EUR"),
    ("GBP", "GBP"),
    ("HKD", "HKD"),
    ("HUF", "HUF"),
    ("IDR", "IDR"),
    ("ILS", "ILS"),
    ("INR", "INR"),
    ("JPY", "JPY"),
    ("KES", "KES"),
    ("KRW", "KRW"),
    ("KWD", "KWD"),
    ("KZT", "KZT"),
    ("LKR", "LKR"),
    ("MAD", "MAD"),
    ("MXN", "MXN"),
    ("MYR", "MYR"),
    ("NGN", "NGN"),
    ("NOK", "NOK"),
    ("NZD", "NZD"),
    ("OMR", "OMR"),
    ("PEN", "PEN"),
    ("PHP", "PHP"),
    ("PKR", "PKR"),
    ("PLN", "PLN"),
    ("QAR", "QAR"),
    ("RMB", "CNY"),
    ("RON", "RON"),
    ("RUB", "RUB"),
    ("RUR", "RUB"),
    ("SAR", "SAR"),
    ("SEK", "SEK"),
    ("SGD", "SGD"),
    ("THB", "THB"),
    ("TRY", "TRY"),
    ("TWD", "TWD"),
    ("UAH", "UAH"),
    ("USD", "USD"),
    ("USDC", "USDC"),
    ("USDT", "USDT"),
    ("VND", "VND"),
    ("ZAR", "ZAR"),
];

/// Names, as ideographs and Hangul write them, and in words of other scripts.
const NAMES: &[(&str, &str)] = &[
    ("美元", "USD"),
    ("美金", "USD"),
    ("人民币", "CNY"),
    ("人民幣", "CNY"),
    ("欧元", "EUR"),
    ("歐元", "EUR"),
    ("英镑", "GBP"),
    ("英鎊", "GBP"),
    ("港币", "HKD"),
    ("港幣", "HKD"),
    ("港元", "HKD"),
    ("日元", "JPY"),
    ("米ドル", "USD"),
    ("ユーロ", "EUR"),
    ("달러", "USD"),
    ("유로", "EUR"),
    ("원화", "KRW"),
    ("доллар", "USD"),
    ("евро", "EUR"),
    ("рубл", "RUB"),
    ("юан", "CNY"),
    ("دولار", "USD"),
    ("يورو", "EUR"),
];

/// The currency that a stretch of letters names first.
pub(crate) fn named(letters: &[Letter], range: Range<usize>) -> Option<&'static str> {
    let range = range.start..range.end.min(letters.len());
    let stretch = letters.get(range)?;
    let word = |start: usize| {
        let before = start.checked_sub(1).and_then(|at| stretch.get(at));
        let begins = before.is_none_or(|letter| !letter.plain.is_ascii_alphanumeric());
        let length = stretch.iter().skip(start).take_while(|letter| letter.cased.is_ascii_uppercase()).count();
        let ends = stretch.get(start + length).is_none_or(|letter| !letter.plain.is_ascii_alphabetic());
        let text: String = stretch.iter().skip(start).take(length).map(|letter| letter.cased).collect();
        (begins && ends).then(|| code(&text)).flatten()
    };
    let by_code = (0..stretch.len()).find_map(word);
    by_code.or_else(|| {
        let text: String = stretch.iter().map(|letter| letter.plain).collect();
        NAMES.iter().find(|(name, _)| text.contains(name)).map(|(_, code)| *code)
    })
}

/// The currency that a stretch of letters names last.
pub(crate) fn named_last(letters: &[Letter], range: Range<usize>) -> Option<&'static str> {
    let mut found = None;
    let mut start = range.start;
    while start < range.end {
        let end = (start + 1..range.end)
            .find(|at| letters.get(*at).is_some_and(|letter| matches!(letter.plain, ' ' | ',' | ':' | '(')))
            .unwrap_or(range.end);
        found = named(letters, start..end).or(found);
        start = end;
    }
    found
}

/// The code that a word in capitals is.
pub(crate) fn code(word: &str) -> Option<&'static str> {
    CODES.binary_search_by_key(&word, |(word, _)| word).ok().and_then(|at| CODES.get(at)).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold;

    #[test]
    fn codes_and_names() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (text, currency) in [
            ("Account (USD)", Some("USD")),
            ("RMB账号", Some("CNY")),
            ("美金账号", Some("USD")),
            ("we try", None),
            ("BUSDX", None),
            ("USD1234", Some("USD")),
        ] {
            let letters = fold(text, 100);
            assert_eq!(named(&letters, 0..letters.len()), currency, "{text}");
        }
    }
}
