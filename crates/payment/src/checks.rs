//! Check digits of accounts and of codes of banks.

/// ISO 7064 MOD 97-10 over letters and digits: what an IBAN must leave is one (ISO 13616-1).
pub(crate) fn mod_97(text: impl Iterator<Item = char>) -> Option<u32> {
    text.map(|c| c.to_digit(36)).try_fold(0, |rest, value| {
        let value = value?;
        Some(if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 })
    })
}
