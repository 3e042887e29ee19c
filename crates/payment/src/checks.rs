//! Check digits of accounts and of codes of banks.

/// ISO 7064 MOD 97-10 over letters and digits: what an IBAN must leave is one (ISO 13616-1).
pub(crate) fn mod_97(text: impl Iterator<Item = char>) -> Option<u32> {
    text.map(|c| c.to_digit(36)).try_fold(0, |rest, value| {
        let value = value?;
        Some(if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 })
    })
}

/// Sum of Luhn (ISO/IEC 7812-1), as payment cards have it.
pub(crate) fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    !digits.is_empty() && sum.is_multiple_of(10)
}

/// Digits times weights, which go round.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights.iter().cycle()).map(|(digit, weight)| digit * weight).sum()
}

/// Routing number of the United States: nine digits.
pub(crate) fn aba(digits: &[u32]) -> bool {
    let start = digits.iter().take(2).fold(0, |number, digit| number * 10 + digit);
    let is_issued = matches!(start, 1..=12 | 21..=32 | 61..=72 | 80);
    digits.len() == 9 && is_issued && weighted(digits, &[3, 7, 1]).is_multiple_of(10)
}

/// 联行号 of China: twelve digits, the last by ISO 7064 MOD 11,10.
pub(crate) fn cnaps(digits: &[u32]) -> bool {
    let Some((last, first)) = digits.split_last().filter(|_| digits.len() == 12) else { return false };
    let product = first.iter().fold(10, |product, digit| match (product + digit) % 10 {
        0 => 9,
        sum => sum * 2 % 11,
    });
    (11 - product) % 10 == *last
}

/// CLABE of Mexico: eighteen digits.
pub(crate) fn clabe(digits: &[u32]) -> bool {
    let Some((last, first)) = digits.split_last().filter(|_| digits.len() == 18) else { return false };
    let sum: u32 = first.iter().zip([3, 7, 1].iter().cycle()).map(|(digit, weight)| digit * weight % 10).sum();
    (10 - sum % 10) % 10 == *last
}

/// CPF of Brazil: eleven digits, two of them to check.
pub(crate) fn cpf(digits: &[u32]) -> bool {
    let is_one_digit = digits.iter().all(|digit| Some(digit) == digits.first());
    digits.len() == 11
        && !is_one_digit
        && brazil(digits, 9, &[10, 9, 8, 7, 6, 5, 4, 3, 2])
        && brazil(digits, 10, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// CNPJ of Brazil: fourteen digits, two of them to check.
pub(crate) fn cnpj(digits: &[u32]) -> bool {
    let is_one_digit = digits.iter().all(|digit| Some(digit) == digits.first());
    digits.len() == 14
        && !is_one_digit
        && brazil(digits, 12, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
        && brazil(digits, 13, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

fn brazil(digits: &[u32], place: usize, weights: &[u32]) -> bool {
    let rest = weighted(digits.get(..place).unwrap_or_default(), weights) % 11;
    digits.get(place) == Some(&if rest < 2 { 0 } else { 11 - rest })
}

/// Control key of an account in Russia, twenty digits, with the БИК of its bank, nine. Accounts at the central bank's own branches
/// are checked by other digits of the БИК than those at banks.
pub(crate) fn russia(account: &[u32], bik: &[u32], is_correspondent: bool) -> bool {
    if account.len() != 20 || bik.len() != 9 {
        return false;
    }
    let is_at_central_bank = is_correspondent || bik.get(6..8) == Some(&[0, 0]);
    let mut digits = if is_at_central_bank {
        [0].iter().chain(bik.get(4..6).unwrap_or_default()).copied().collect::<Vec<u32>>()
    } else {
        bik.get(6..).unwrap_or_default().to_vec()
    };
    digits.extend_from_slice(account);
    let sum: u32 = digits.iter().zip([7, 1, 3].iter().cycle()).map(|(digit, weight)| digit * weight % 10).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u32> {
        text.chars().filter_map(|c| c.to_digit(10)).collect()
    }

    #[test]
    fn numbers_that_are_issued_pass_and_their_neighbours_do_not() {
        type Check = fn(&[u32]) -> bool;
        let cases: [(Check, &[&str]); 6] = [
            (luhn, &["4111111111111111", "6222021001116245702", "79927398713"]),
            (aba, &["021000021", "026009593", "121000248", "322271627"]),
            (cnaps, &["102100099996", "105100000017", "104100000004", "308584000013", "403100000004"]),
            (clabe, &["032180000118359719", "002010077777777771"]),
            (cpf, &["52998224725", "11144477735"]),
            (cnpj, &["11222333000181", "00000000000191"]),
        ];
        for (check, numbers) in cases {
            for number in numbers {
                let right = digits(number);
                assert!(check(&right), "{number}");
                for at in 0..right.len() {
                    let mut wrong = right.clone();
                    wrong[at] = (wrong[at] + 1) % 10;
                    assert!(!check(&wrong), "{number} with digit {at} changed");
                }
            }
        }
    }

    #[test]
    fn correspondent_accounts_of_russia() {
        assert!(russia(&digits("30101810400000000225"), &digits("044525225"), true));
        assert!(!russia(&digits("30101810400000000226"), &digits("044525225"), true));
    }

    #[test]
    fn rest_of_ninety_seven() {
        assert_eq!(mod_97("370400440532013000DE89".chars()), Some(1));
        assert_eq!(mod_97("-".chars()), None);
    }
}
