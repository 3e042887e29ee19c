//! Numbers whose last digits check the others.

use crate::chance::Chance;

/// Domestic parts of IBANs: `n` a digit, `a` a letter (ISO 13616 register).
const IBAN_FORMS: &[(&str, &str)] = &[
    ("AE", "nnnnnnnnnnnnnnnnnnn"),
    ("DE", "nnnnnnnnnnnnnnnnnn"),
    ("EG", "nnnnnnnnnnnnnnnnnnnnnnnnn"),
    ("ES", "nnnnnnnnnnnnnnnnnnnn"),
    ("FR", "nnnnnnnnnnnnnnnnnnnnnnn"),
    ("GB", "aaaannnnnnnnnnnnnn"),
    ("IT", "annnnnnnnnnnnnnnnnnnnnn"),
    ("NL", "aaaannnnnnnnnn"),
    ("PL", "nnnnnnnnnnnnnnnnnnnnnnnn"),
    ("PT", "nnnnnnnnnnnnnnnnnnnnn"),
    ("SA", "nnnnnnnnnnnnnnnnnnnn"),
    ("TR", "nnnnnnnnnnnnnnnnnnnnnn"),
    ("LT", "nnnnnnnnnnnnnnnn"),
    ("CY", "nnnnnnnnnnnnnnnnnnnnnnnn"),
];

/// An IBAN whose remainder is 1 modulo 97 (ISO 13616); `None` for a country without.
pub(super) fn iban(country: &str, chance: &mut Chance) -> Option<String> {
    let (_, form) = IBAN_FORMS.iter().find(|(of, _)| *of == country)?;
    let domestic: String =
        form.chars().map(|kind| if kind == 'a' { chance.letters(1) } else { chance.digits(1) }).collect();
    let check = 98 - modulo_97(&format!("{domestic}{country}00"));
    Some(format!("{country}{check:02}{domestic}"))
}

/// The remainder of the number that letters and digits make, A being 10.
fn modulo_97(text: &str) -> u32 {
    text.chars().filter_map(|letter| letter.to_digit(36)).fold(0, |rest, digit| {
        let shifted = if digit < 10 { rest * 10 } else { rest * 100 };
        (shifted + digit) % 97
    })
}

/// Number of a Chinese bank's branch: eleven digits and a check by ISO 7064 MOD 11,10.
pub(super) fn cnaps(chance: &mut Chance) -> String {
    let number = format!("{}{}", chance.pick(&["102", "103", "104", "105", "308"]), chance.digits(8));
    let product = number.chars().filter_map(|digit| digit.to_digit(10)).fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    format!("{number}{}", (11 - product) % 10)
}

/// Routing number of a bank of the United States: weights 3, 7, 1.
pub(super) fn aba(chance: &mut Chance) -> String {
    let number = format!("0{}{}", chance.range(1, 9), chance.digits(6));
    format!("{number}{}", (10 - weighted(&number, &[3, 7, 1], 0) % 10) % 10)
}

/// Mexican CLABE: seventeen digits and a check by weights 3, 7, 1, each product modulo 10.
pub(super) fn clabe(chance: &mut Chance) -> String {
    let number = format!("0{}{}", chance.pick(&["02", "12", "14", "21", "44", "72"]), chance.digits(14));
    format!("{number}{}", (10 - weighted(&number, &[3, 7, 1], 10) % 10) % 10)
}

/// Russian account of twenty digits whose ninth checks it against the bank's code: weights 7, 1, 3.
pub(super) fn russian(bik: &str, start: &str, chance: &mut Chance) -> String {
    let end = chance.digits(11);
    let whole = |key: u32| format!("{start}{key}{end}");
    let rest = weighted(&format!("{}{}", &bik[bik.len() - 3..], whole(0)), &[7, 1, 3], 10) % 10;
    whole(rest * 3 % 10)
}

/// The sum of weighted digits; each product modulo `modulus` unless that is 0.
fn weighted(number: &str, weights: &[u32], modulus: u32) -> u32 {
    let digits = number.chars().filter_map(|digit| digit.to_digit(10));
    let products = digits.zip(weights.iter().cycle()).map(|(digit, weight)| digit * weight);
    products.map(|product| if modulus == 0 { product } else { product % modulus }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_hold() {
        let mut chance = Chance::new(1, "checks");
        for (country, form) in IBAN_FORMS {
            let iban = iban(country, &mut chance).unwrap();
            assert_eq!(iban.len(), form.len() + 4);
            assert_eq!(modulo_97(&format!("{}{}", &iban[4..], &iban[..4])), 1, "{iban}");
        }
        assert_eq!(modulo_97("370400440532013000DE89"), 1);
        let aba = aba(&mut chance);
        assert_eq!(weighted(&aba, &[3, 7, 1], 0) % 10, 0, "{aba}");
        let clabe = clabe(&mut chance);
        let check: u32 = clabe[17..].parse().unwrap();
        assert_eq!((weighted(&clabe[..17], &[3, 7, 1], 10) + check) % 10, 0, "{clabe}");
        let account = russian("044525225", "40702810", &mut chance);
        assert_eq!(weighted(&format!("225{account}"), &[7, 1, 3], 10) % 10, 0, "{account}");
    }
}
