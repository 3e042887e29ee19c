//! Bank accounts of many countries, with the check digits that their standards ask for. No bank and no account exists.

mod checks;

use crate::chance::Chance;

/// What a line of bank details says; the word for it is a wording, `label.<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Holder,
    Bank,
    Account,
    Iban,
    Bic,
    Routing,
    SortCode,
    Ifsc,
    Clabe,
    Bsb,
    Cnaps,
    Branch,
    Bik,
    Correspondent,
    Currency,
    Wallet,
}

impl Row {
    /// The intent whose wordings name the line.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Holder => "label.holder",
            Self::Bank => "label.bank",
            Self::Account => "label.account",
            Self::Iban => "label.iban",
            Self::Bic => "label.bic",
            Self::Routing => "label.routing",
            Self::SortCode => "label.sort_code",
            Self::Ifsc => "label.ifsc",
            Self::Clabe => "label.clabe",
            Self::Bsb => "label.bsb",
            Self::Cnaps => "label.cnaps",
            Self::Branch => "label.branch",
            Self::Bik => "label.bik",
            Self::Correspondent => "label.correspondent",
            Self::Currency => "label.currency",
            Self::Wallet => "label.wallet",
        }
    }

    /// The word for it in the truth, if it tells where money goes.
    const fn detail(self) -> Option<&'static str> {
        Some(match self {
            Self::Account => "account",
            Self::Iban => "iban",
            Self::Bic => "bic",
            Self::Routing => "routing",
            Self::SortCode => "sort_code",
            Self::Ifsc => "ifsc",
            Self::Clabe => "clabe",
            Self::Bsb => "bsb",
            Self::Cnaps => "cnaps",
            Self::Branch => "branch",
            Self::Bik => "bik",
            Self::Correspondent => "correspondent",
            Self::Wallet => "crypto",
            Self::Holder | Self::Bank | Self::Currency => return None,
        })
    }
}

/// A payment detail: what it is, and how it stands in the letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Detail {
    pub(crate) kind: &'static str,
    pub(crate) shown: String,
}

impl Detail {
    /// Letters and digits only, capitals.
    pub(crate) fn value(&self) -> String {
        canonical(&self.shown)
    }
}

/// Letters and digits of a value, capitals; addresses in chains of blocks keep their case.
pub(crate) fn canonical(shown: &str) -> String {
    shown.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// An account as a letter or document shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) holder: String,
    /// ISO 3166 code of the bank's country.
    pub(crate) country: &'static str,
    pub(crate) currency: String,
    pub(crate) rows: Vec<(Row, String)>,
}

impl Account {
    pub(crate) fn details(&self) -> Vec<Detail> {
        let detail = |(row, shown): &(Row, String)| Some(Detail { kind: row.detail()?, shown: shown.clone() });
        self.rows.iter().filter_map(detail).collect()
    }

    /// A new account at a bank of a country.
    pub(crate) fn open(country: &'static str, currency: &str, holder: &str, chance: &mut Chance) -> Self {
        let name = bank_name(chance);
        let mut rows = vec![(Row::Holder, holder.to_owned()), (Row::Bank, name.clone())];
        numbers(country, &name, chance, &mut rows);
        rows.push((Row::Currency, currency.to_owned()));
        Self { holder: holder.to_owned(), country, currency: currency.to_owned(), rows }
    }

    /// A place for coins, of no bank.
    pub(crate) fn wallet(chance: &mut Chance) -> Self {
        let shown = format!("0x{}", chance.hex(40));
        Self { holder: String::new(), country: "", currency: "USDT".to_owned(), rows: vec![(Row::Wallet, shown)] }
    }

    /// The same account with other digits, written as before, with checks that hold: what a thief writes over. `None` where chance gives
    /// no account of the same form.
    pub(crate) fn altered(&self, chance: &mut Chance) -> Option<Self> {
        const TRIES_MAX: usize = 20;
        let bank = self.rows.iter().find(|(row, _)| *row == Row::Bank).map_or("", |(_, name)| name);
        for _ in 0..TRIES_MAX {
            let mut fresh = Vec::new();
            numbers(self.country, bank, chance, &mut fresh);
            let mut other = self.clone();
            let mut is_other = false;
            for (row, shown) in &mut other.rows {
                let goes = matches!(row, Row::Account | Row::Iban | Row::Clabe | Row::Bik | Row::Correspondent);
                let Some((_, number)) = fresh.iter().find(|(of, _)| goes && of == row) else { continue };
                *shown = in_form_of(shown, number);
                is_other = true;
            }
            if is_other {
                return Some(other);
            }
        }
        None
    }
}

/// The letters and digits of `number` in the groups of `shown`.
fn in_form_of(shown: &str, number: &str) -> String {
    let mut fresh = number.chars().filter(|letter| letter.is_alphanumeric());
    shown.chars().filter_map(|letter| if letter.is_alphanumeric() { fresh.next() } else { Some(letter) }).collect()
}

fn bank_name(chance: &mut Chance) -> String {
    const FIRST: [&str; 14] = [
        "Harbour",
        "Meridian",
        "Northgate",
        "Riverside",
        "Old Bridge",
        "Lantern",
        "Crown Quay",
        "Silver Gate",
        "Union Square",
        "Eastfield",
        "Westmoor",
        "Stonegate",
        "Bluewater",
        "Hillcrest",
    ];
    const SECOND: [&str; 6] =
        ["Commercial Bank", "Trade Bank", "Savings Bank", "Merchants Bank", "Credit Bank", "Foreign Trade Bank"];
    format!("{} {}", chance.pick(&FIRST), chance.pick(&SECOND))
}

/// The lines that tell an account, by the country of the bank.
fn numbers(country: &str, bank: &str, chance: &mut Chance, rows: &mut Vec<(Row, String)>) {
    let bic = bic(country, bank, chance);
    match country {
        "CN" => {
            rows.push((Row::Account, spaced(&format!("62{}", chance.digits(17)), 4, chance)));
            rows.push((Row::Cnaps, checks::cnaps(chance)));
            rows.push((Row::Bic, bic));
        }
        "US" => {
            rows.push((Row::Routing, checks::aba(chance)));
            rows.push((Row::Account, chance.digits(10)));
            rows.push((Row::Bic, bic));
        }
        "GB" if chance.percent(40) => {
            let sort = chance.digits(6);
            rows.push((Row::SortCode, format!("{}-{}-{}", &sort[..2], &sort[2..4], &sort[4..])));
            rows.push((Row::Account, chance.digits(8)));
        }
        "IN" => {
            rows.push((Row::Account, format!("5{}", chance.digits(13))));
            rows.push((Row::Ifsc, format!("{}0{}", chance.letters(4), chance.digits(6))));
            rows.push((Row::Bic, bic));
        }
        "MX" => {
            rows.push((Row::Clabe, checks::clabe(chance)));
            rows.push((Row::Bic, bic));
        }
        "BR" => {
            rows.push((Row::Branch, format!("{}-{}", chance.digits(4), chance.digits(1))));
            rows.push((Row::Account, format!("{}-{}", chance.digits(7), chance.digits(1))));
            rows.push((Row::Bic, bic));
        }
        "AU" => {
            rows.push((Row::Bsb, format!("{}-{}", chance.digits(3), chance.digits(3))));
            rows.push((Row::Account, format!("4{}", chance.digits(8))));
            rows.push((Row::Bic, bic));
        }
        "RU" => {
            let bik = format!("04{}", chance.digits(7));
            rows.push((Row::Account, checks::russian(&bik, "40702810", chance)));
            rows.push((Row::Bik, bik));
            rows.push((Row::Correspondent, format!("30101810{}", chance.digits(12))));
        }
        _ => match checks::iban(country, chance) {
            Some(iban) => {
                rows.push((Row::Iban, spaced(&iban, 4, chance)));
                rows.push((Row::Bic, bic));
            }
            // Hong Kong, Japan, Korea, Singapore, Viet Nam: a number and the bank's code.
            None => {
                let number = format!("{}-{}-{}", chance.digits(3), chance.digits(6), chance.digits(3));
                rows.push((Row::Account, if chance.percent(50) { number } else { number.replace('-', "") }));
                rows.push((Row::Bic, bic));
            }
        },
    }
}

/// Business identifier code (ISO 9362): four letters of the bank, two of the country, two of the place, perhaps a branch.
fn bic(country: &str, bank: &str, chance: &mut Chance) -> String {
    let letters: String = bank.chars().filter(char::is_ascii_alphabetic).take(4).collect();
    let place = chance.letters(2);
    let branch = if chance.percent(30) { "XXX" } else { "" };
    format!("{}{country}{place}{branch}", letters.to_uppercase())
}

/// In groups, as people write long numbers; or not.
fn spaced(number: &str, group: usize, chance: &mut Chance) -> String {
    if chance.percent(35) {
        return number.to_owned();
    }
    let letters: Vec<char> = number.chars().collect();
    letters.chunks(group).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn altered_digits_stand_as_the_others_stood() {
        let mut chance = Chance::new(2, "altered");
        for country in ["DE", "GB", "CN", "US", "RU", "BR", "JP", "MX", "IN", "AU"] {
            for _ in 0..20 {
                let account = Account::open(country, "USD", "Alder Valves Ltd", &mut chance);
                let other = account.altered(&mut chance).unwrap();
                assert_ne!(account.details(), other.details());
                for ((row, before), (_, after)) in account.rows.iter().zip(&other.rows) {
                    let form = |text: &str| text.chars().map(char::is_alphanumeric).collect::<Vec<_>>();
                    assert_eq!(form(before), form(after), "{row:?} {before} {after}");
                }
            }
        }
    }
}
