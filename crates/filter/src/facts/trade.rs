//! What trade writes down: amounts, bank accounts, terms of delivery, numbers of orders.

/// Things of one kind that are kept.
const KEPT_MAX: usize = 16;

/// Octets of text that are searched.
const TEXT_OCTETS_MAX: usize = 64 * 1024;

/// Terms of delivery (Incoterms 2020, and those before that are still written).
const INCOTERMS: [&str; 13] =
    ["EXW", "FCA", "CPT", "CIP", "DAP", "DPU", "DDP", "FAS", "FOB", "CFR", "CIF", "DAT", "CNF"];

/// What was found.
#[derive(Debug, Default, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trade {
    /// Amounts of money as written, with their currency.
    pub amounts: Vec<String>,
    /// International bank account numbers whose check digits hold (ISO 13616), without spaces.
    pub ibans: Vec<String>,
    /// Terms of delivery.
    pub incoterms: Vec<String>,
    /// Numbers of orders, invoices and shipments as written.
    pub references: Vec<String>,
    /// Addresses of cryptocurrency.
    pub wallets: Vec<String>,
}

/// Searches `text`.
pub(super) fn read(text: &str) -> Trade {
    let mut end = text.len().min(TEXT_OCTETS_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut found = Trade::default();
    let words: Vec<&str> = text.get(..end).unwrap_or_default().split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let word = word.trim_matches(|c: char| matches!(c, '.' | ',' | ';' | ':' | '(' | ')' | '"' | '\''));
        let next = words.get(at + 1).copied().unwrap_or_default();
        look_at(word, next, &words, at, &mut found);
    }
    found
}

fn look_at(word: &str, next: &str, words: &[&str], at: usize, found: &mut Trade) {
    if INCOTERMS.contains(&word) {
        keep(&mut found.incoterms, word.to_owned());
    }
    if is_currency(word) && next.starts_with(|c: char| c.is_ascii_digit()) {
        keep(&mut found.amounts, format!("{word} {}", next.trim_end_matches(['.', ',', ';'])));
    } else if is_amount(word) {
        let with = if is_currency(next) {
            format!("{word} {}", next.trim_matches(['.', ',', ':', ';']))
        } else {
            word.to_owned()
        };
        if with.len() > word.len()
            || !word.starts_with(|c: char| c.is_ascii_digit())
            || word.ends_with(['€', '元', '円', '₽'])
        {
            keep(&mut found.amounts, with);
        }
    }
    let begins_iban = word.len() >= 4
        && word.is_ascii()
        && word.as_bytes().iter().take(2).all(u8::is_ascii_uppercase)
        && word.as_bytes().iter().skip(2).take(2).all(u8::is_ascii_digit);
    if begins_iban && let Some(iban) = iban_at(words, at) {
        keep(&mut found.ibans, iban);
    }
    if is_wallet(word) {
        keep(&mut found.wallets, word.to_owned());
    }
    if is_reference(word) {
        keep(&mut found.references, word.to_owned());
    }
}

fn keep(list: &mut Vec<String>, one: String) {
    if list.len() < KEPT_MAX && !list.contains(&one) {
        list.push(one.chars().take(64).collect());
    }
}

fn is_currency(word: &str) -> bool {
    matches!(
        word.trim_matches(['.', ',', ':', ';']),
        "USD"
            | "EUR"
            | "GBP"
            | "CNY"
            | "RMB"
            | "JPY"
            | "HKD"
            | "CHF"
            | "AED"
            | "TRY"
            | "RUB"
            | "KRW"
            | "VND"
            | "BRL"
            | "MXN"
            | "US$"
            | "$"
            | "€"
            | "£"
            | "¥"
            | "元"
            | "€."
            | "euro"
            | "euros"
            | "dollars"
            | "R$"
    )
}

/// Digits with a currency sign before or behind, or grouped digits.
fn is_amount(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let inner = word.trim_start_matches(['U', 'S', 'R', '$', '€', '£', '¥', '₽']);
    digits > 0 && inner.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '\'' | '€' | '元' | '円' | '₽'))
}

/// The account number that begins at `at`, perhaps written in groups of four.
fn iban_at(words: &[&str], at: usize) -> Option<String> {
    let mut joined = String::new();
    for word in words.iter().skip(at).take(9) {
        let word = word.trim_matches(|c: char| matches!(c, '.' | ',' | ';' | ')'));
        if !word.bytes().all(|octet| octet.is_ascii_digit() || octet.is_ascii_uppercase()) {
            break;
        }
        joined.push_str(word);
        if joined.len() > 34 {
            break;
        }
        if joined.len() >= 15 && has_right_digits(&joined) {
            return Some(joined);
        }
    }
    None
}

/// The check digits of ISO 7064, modulo 97.
fn has_right_digits(iban: &str) -> bool {
    let (head, tail) = iban.split_at(4);
    let mut rest = 0_u32;
    for c in tail.chars().chain(head.chars()) {
        let Some(value) = c.to_digit(36) else { return false };
        rest = if value >= 10 { (rest * 100 + value) % 97 } else { (rest * 10 + value) % 97 };
    }
    rest == 1
}

fn is_wallet(word: &str) -> bool {
    let alphanumeric = word.bytes().all(|octet| octet.is_ascii_alphanumeric());
    let mixed =
        word.bytes().any(|octet| octet.is_ascii_digit()) && word.bytes().any(|octet| octet.is_ascii_lowercase());
    alphanumeric
        && mixed
        && (word.starts_with("bc1") && (38..=62).contains(&word.len())
            || word.starts_with("0x") && word.len() == 42
            || (word.starts_with('1') || word.starts_with('3'))
                && (26..=35).contains(&word.len())
                && word.bytes().any(|octet| octet.is_ascii_uppercase())
                && !word.contains(['0', 'O', 'I', 'l']))
}

/// `PO-20241`, `INV/2024/17`: capital letters, a sign, digits.
fn is_reference(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_uppercase).count();
    let rest = word.get(letters..).unwrap_or_default();
    (2..=6).contains(&letters)
        && rest.starts_with(['-', '/', '#'])
        && rest.bytes().filter(u8::is_ascii_digit).count() >= 3
        && rest.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'/' | b'#'))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn finds_what_trade_writes() {
        let found = read(
            "Invoice INV-20417 against PO/2291-A: USD 18,450.00 FOB Shanghai, 30 % in advance ($5,535.00). Pay to \
             IBAN DE89 3704 0044 0532 0130 00, not DE89370400440532013001. Rest 12.915,00 EUR.",
        );
        assert_eq!(found.ibans, ["DE89370400440532013000"]);
        assert_eq!(found.incoterms, ["FOB"]);
        assert_eq!(found.references, ["INV-20417", "PO/2291-A"]);
        assert_eq!(found.amounts, ["USD 18,450.00", "$5,535.00", "12.915,00 EUR"]);
        assert_eq!(read("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq").wallets.len(), 1);
    }
}
