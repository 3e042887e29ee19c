//! What a payment detail is, and when two of them are the same account.

use serde::{Deserialize, Serialize};

/// A piece of text that belongs together.
///
/// Each row of a table is one line, its cells divided by tabs; paragraphs are lines, too. Rows of one table stand in one block
/// wherever possible: what belongs to an account is looked for in its block first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Where it stands.
    pub source: Source,
    /// The text.
    pub text: String,
}

/// Where a block of text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The subject.
    Subject,
    /// What the author wrote.
    Body,
    /// What the author quoted of earlier letters.
    Quoted,
    /// A table of the body.
    Table,
    /// An attached file, by its number in the message.
    File(u32),
    /// A sheet of an attached file: number of the file, number of the sheet.
    Sheet(u32, u32),
    /// What was recognised in a picture, by the number of the file: letters may be wrong.
    Picture(u32),
}

/// What kind of detail it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// International bank account number (ISO 13616).
    Iban,
    /// Account number of a bank, in the form of its country where [`Detail::bank_country`] names one.
    Account,
    /// Number of a payment card that money is sent to, as is usual in China and Russia.
    Card,
    /// CLABE of Mexico: bank, place, account and check digit in one.
    Clabe,
    /// Key of Brazil's PIX.
    Pix,
    /// Code of a bank (ISO 9362) that stands beside no account.
    Bic,
    /// National code of a bank that stands beside no account.
    BankCode,
    /// Address of Bitcoin.
    Bitcoin,
    /// Address of Ethereum and what is built like it, as USDT by ERC-20.
    Ethereum,
    /// Address of TRON, as USDT by TRC-20.
    Tron,
    /// Account of PayPal: an e-mail address or a name behind paypal.me.
    PayPal,
    /// Account of Wise.
    Wise,
    /// Account of Payoneer.
    Payoneer,
    /// Account of Skrill.
    Skrill,
    /// Account of Alipay (支付宝).
    Alipay,
    /// Account of WeChat Pay (微信支付).
    WeChatPay,
    /// Somebody who fetches money at Western Union.
    WesternUnion,
    /// Somebody who fetches money at MoneyGram.
    MoneyGram,
    /// Identifier of India's UPI: `name@bank`.
    Upi,
}

/// Scheme of a national code of a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// 联行号 of China, twelve digits.
    Cnaps,
    /// Routing number of the United States, nine digits.
    Aba,
    /// Sort code of the United Kingdom and Ireland, six digits.
    SortCode,
    /// IFSC of India, eleven letters and digits.
    Ifsc,
    /// Bank and branch of Brazil: `341/1234`.
    BrazilBranch,
    /// BSB of Australia and New Zealand, six digits.
    Bsb,
    /// Bank and branch of Japan (zengin), four and three digits, as far as written.
    Zengin,
    /// БИК of Russia, nine digits.
    RussiaBik,
    /// Bank code of Hong Kong, three digits; with the branch, six.
    HongKong,
    /// Bank code of Singapore, four digits; with the branch, seven.
    Singapore,
    /// Transit and institution of Canada, five and three digits.
    CanadaTransit,
    /// Bankleitzahl of Germany, eight digits; of Austria, five.
    Bankleitzahl,
    /// МФО of Ukraine, six digits.
    UkraineMfo,
    /// Bank code of South Africa, six digits.
    SouthAfrica,
}

/// A national code of a bank.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Clearing {
    /// Its scheme.
    pub scheme: Scheme,
    /// The code, without spaces and dashes.
    pub code: String,
}

/// What a detail was checked by and stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// A word that says what it is stands before it.
    Label,
    /// Length and form of its scheme.
    Form,
    /// Its own check digits.
    CheckDigits,
    /// Check digits of the bank's code that belongs to it.
    BankCode,
}

/// How sure it is that this is what it is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A word before it says so, and nothing else.
    Low,
    /// Its check digits, or a word before it with the code of a bank beside it.
    Fair,
    /// Check digits and a word before it.
    High,
}

/// Where in the blocks a detail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What the block is.
    pub source: Source,
    /// Number of the block among those that were given.
    pub block: u32,
    /// Octet of the block's text at which it begins.
    pub start: u32,
    /// Octet behind its end.
    pub end: u32,
}

/// A payment detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// What it is.
    pub kind: Kind,
    /// In its one form: no spaces or dashes, capitals where case means nothing.
    pub value: String,
    /// As it is written, cut.
    pub shown: String,
    /// National code of its bank.
    pub clearing: Option<Clearing>,
    /// BIC of its bank, in capitals.
    pub bic: Option<String>,
    /// Who holds it, as written.
    pub holder: Option<String>,
    /// Name of its bank, as written.
    pub bank: Option<String>,
    /// Country of its bank, by the account's or the bank's own code (ISO 3166-1, two letters).
    pub bank_country: Option<String>,
    /// Currency that is written beside it (ISO 4217).
    pub currency: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// What it was checked by and stood.
    pub checks: Vec<Check>,
    /// How sure that is.
    pub confidence: Confidence,
    /// Letters of other scripts that look alike, letters for digits, or characters that nobody sees were folded away to read it.
    /// Honest writers have no reason for the first and the last.
    pub is_disguised: bool,
    /// Belongs to a bank in between (correspondent, intermediary) and not to who is paid.
    pub is_intermediary: bool,
}

impl Detail {
    /// What the same detail always has, however it is written: for looking it up. Accounts of the same number at different banks
    /// share it; [`same_account`] tells them apart.
    #[must_use]
    pub fn key(&self) -> String {
        match self.kind {
            Kind::Account | Kind::Card => format!("account:{}", significant(&self.value)),
            Kind::BankCode => {
                let scheme = self.clearing.as_ref().map(|clearing| clearing.scheme);
                format!("bank_code:{scheme:?}:{}", self.value)
            }
            kind => format!("{kind:?}:{}", self.value).to_lowercase(),
        }
    }

    /// Whether money can be sent to it: all but codes of banks.
    #[must_use]
    pub const fn is_payable(&self) -> bool {
        !matches!(self.kind, Kind::Bic | Kind::BankCode)
    }
}

/// Digits of an account's number that distinguish it: banks write zeros in front or leave them out.
fn significant(value: &str) -> &str {
    value.trim_start_matches('0')
}

/// Whether two details are the same account. An IBAN is the same as the national number that it holds. Where only one says which
/// bank, the number alone decides.
#[must_use]
pub fn same_account(one: &Detail, other: &Detail) -> bool {
    let is_national = |kind| matches!(kind, Kind::Account | Kind::Card | Kind::Clabe);
    match (one.kind, other.kind) {
        (Kind::Iban, kind) if kind != Kind::Iban && is_national(kind) => iban_holds(one, other),
        (kind, Kind::Iban) if kind != Kind::Iban && is_national(kind) => iban_holds(other, one),
        (Kind::Account | Kind::Card, Kind::Account | Kind::Card) => {
            significant(&one.value) == significant(&other.value) && same_bank(one, other)
        }
        (Kind::BankCode, Kind::BankCode) => one.clearing == other.clearing,
        (Kind::Bic, Kind::Bic) => same_bic(&one.value, &other.value),
        (kind, other_kind) => kind == other_kind && one.value == other.value,
    }
}

/// Whether nothing that is said of the two banks differs.
fn same_bank(one: &Detail, other: &Detail) -> bool {
    let differ = |one: &Option<String>, other: &Option<String>| match (one, other) {
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    if differ(&one.bank_country, &other.bank_country) {
        return false;
    }
    match (&one.clearing, &other.clearing) {
        // The bank alone, or the bank with its branch.
        (Some(one), Some(other)) if one.scheme == other.scheme => {
            one.code.starts_with(&other.code) || other.code.starts_with(&one.code)
        }
        _ => match (&one.bic, &other.bic) {
            (Some(one), Some(other)) => same_bic(one, other),
            _ => true,
        },
    }
}

/// Eight letters name the bank's head office, as do eleven that end in XXX.
fn same_bic(one: &str, other: &str) -> bool {
    one.trim_end_matches("XXX") == other.trim_end_matches("XXX")
}

/// Digits that an account's number has at least to be recognised within an IBAN.
const WITHIN_IBAN_DIGITS_MIN: usize = 6;

fn iban_holds(iban: &Detail, account: &Detail) -> bool {
    let country = iban.value.get(..2).unwrap_or_default();
    let basic = iban.value.get(4..).unwrap_or_default();
    let number = significant(&account.value);
    account.bank_country.as_deref().is_none_or(|other| other == country)
        && number.len() >= WITHIN_IBAN_DIGITS_MIN
        && basic.contains(number)
        && account.clearing.as_ref().is_none_or(|clearing| basic.contains(clearing.code.trim_start_matches('0')))
}

#[cfg(test)]
pub(crate) mod tests;
