//! What a text says of payments, one statement at a time: "this is an account", "this is a bank".

use std::ops::Range;

use crate::checks;
use crate::detail::{Kind, Scheme};
use crate::fields::{self, Field};
use crate::fold::{Letter, look_alike};
use crate::iban;
use crate::labels::{Role, is_ideograph};
use crate::values::{self, Read};
use crate::{currency, layout, wallets};

/// Letters of a value within which an IBAN may begin behind other words.
const BEFORE_IBAN_MAX: usize = 60;

/// Statements of one text, with a label and without one, that are followed.
const ITEMS_MAX: usize = 2048;
const UNLABELLED_MAX: usize = 128;

/// Digits of an account in Russia, and of one behind a colon or in a cell of its own that is no number of an invoice.
const RUSSIAN_DIGITS: usize = 20;
const SEPARATE_DIGITS_MIN: usize = 9;

/// Words of the name of a person.
const PERSON_WORDS_MAX: usize = 6;

/// Letters before a label in which its line is looked at.
const BEFORE_LABEL_MAX: usize = 64;

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) what: What,
    /// Letters of what is stated.
    pub(crate) letters: Range<usize>,
    pub(crate) line: usize,
    /// Language of the label, two letters; empty without one.
    pub(crate) language: &'static str,
    /// Currency that is named beside it.
    pub(crate) currency: Option<&'static str>,
    pub(crate) is_disguised: bool,
}

/// What is stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// An account of a bank.
    Account {
        kind: Kind,
        value: String,
        /// Check digits of its own stood.
        is_checked: bool,
        /// The label is in characters of the mainland.
        is_simplified: bool,
    },
    Bic(String),
    /// A code of a bank, and whether its check digits stood.
    Code(Scheme, String, bool),
    /// A code of a bank whose scheme depends on its country.
    BankCode(String),
    /// A code of a branch whose scheme depends on its country.
    Branch(String),
    Holder(String),
    /// Perhaps a holder.
    Name(String),
    Bank(String),
    BranchName(String),
    Currency(&'static str),
    /// What follows belongs to a bank in between, whose name may be written here.
    Intermediary(Option<String>),
    /// A wallet or an account that is not a bank's: it has neither bank nor holder.
    Wallet {
        kind: Kind,
        value: String,
        is_checked: bool,
    },
    /// A service that pays whoever is named next.
    Transfer(Kind, Option<String>),
}

/// All statements of a text, in the order of reading.
pub(crate) fn read(text: &str, letters: &[Letter], may_be_misread: bool) -> Vec<Item> {
    let lines = layout::lines(letters);
    let fields = fields::read(letters, &lines);
    let mut items: Vec<Item> = Vec::new();
    for field in &fields {
        of_field(text, letters, field, &mut items);
        if items.len() >= ITEMS_MAX {
            break;
        }
    }
    let line_of =
        |at: usize| letters.get(..at).unwrap_or_default().iter().filter(|letter| letter.plain == '\n').count();
    add_unlabelled(letters, may_be_misread, line_of, &mut items);
    items
}

/// Adds what needs no label, where no statement has it yet.
fn add_unlabelled(letters: &[Letter], may_be_misread: bool, line_of: impl Fn(usize) -> usize, items: &mut Vec<Item>) {
    let mut taken: Vec<Range<usize>> = items.iter().map(|item| item.letters.clone()).collect();
    taken.sort_by_key(|range| range.start);
    let is_taken = |at: usize| {
        let next = taken.partition_point(|range| range.start <= at);
        taken.get(next.saturating_sub(1)).is_some_and(|range| range.contains(&at))
    };
    let mut found: Vec<Item> = Vec::new();
    let mut at = 0;
    while at < letters.len() && found.len() < UNLABELLED_MAX {
        let begins =
            at.checked_sub(1).and_then(|before| letters.get(before)).is_none_or(|before| !is_word(before.plain));
        let item = (begins && !is_taken(at)).then(|| unlabelled(letters, at, may_be_misread)).flatten();
        match item {
            Some(item) => {
                at = item.letters.end.max(at + 1);
                found.push(Item { line: line_of(item.letters.start), ..item });
            }
            None => at += 1,
        }
    }
    for item in found {
        let place = items.iter().position(|other| other.letters.start > item.letters.start).unwrap_or(items.len());
        items.insert(place, item);
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() && !is_ideograph(c)
}

fn unlabelled(letters: &[Letter], at: usize, may_be_misread: bool) -> Option<Item> {
    let item =
        |what, letters, is_disguised| Item { what, letters, line: 0, language: "", currency: None, is_disguised };
    if let Some(wallet) = wallets::read(letters, at) {
        let what = What::Wallet { kind: wallet.kind, value: wallet.value, is_checked: wallet.is_checked };
        let currency = currency::named(letters, line_before(letters, at));
        return Some(Item { currency, ..item(what, wallet.letters, wallet.is_disguised) });
    }
    if let Some((kind, read)) = platform_page(letters, at) {
        return Some(item(
            What::Wallet { kind, value: read.value, is_checked: false },
            read.letters,
            read.is_disguised,
        ));
    }
    let head = letters.get(at..at + 4)?;
    let is_capital = |letter: &Letter| look_alike(letter.cased).is_some() || letter.cased.is_ascii_uppercase();
    if !head.iter().all(|letter| letter.plain.is_alphanumeric()) {
        return None;
    }
    let found = iban::read(letters, at, may_be_misread)?;
    let has_gaps = letters.get(found.letters.clone())?.iter().any(|letter| !letter.plain.is_alphanumeric());
    // Small letters with gaps are words.
    if has_gaps && !head.iter().take(2).all(is_capital) {
        return None;
    }
    let what = What::Account { kind: Kind::Iban, value: found.value, is_checked: true, is_simplified: false };
    Some(item(what, found.letters, found.is_disguised))
}

/// Pages that are accounts: `paypal.me/name`, `wise.com/pay/me/name`.
fn platform_page(letters: &[Letter], at: usize) -> Option<(Kind, Read)> {
    const PAGES: [(&str, Kind); 4] = [
        ("paypal.me/", Kind::PayPal),
        ("paypal.com/paypalme/", Kind::PayPal),
        ("wise.com/pay/me/", Kind::Wise),
        ("wise.com/pay/business/", Kind::Wise),
    ];
    let starts = |word: &str| {
        word.chars().eq(letters.get(at..).unwrap_or_default().iter().take(word.len()).map(|letter| letter.plain))
    };
    let (page, kind) = PAGES.into_iter().find(|(page, _)| starts(page))?;
    let start = at + page.len();
    let value: String = letters
        .get(start..)?
        .iter()
        .take(64)
        .map(|letter| letter.plain)
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        .collect();
    let value = value.trim_end_matches('.').to_owned();
    let end = start + value.len();
    (!value.is_empty()).then_some((kind, Read { value, letters: at..end, is_disguised: false }))
}

/// What a field states, by the first of its roles that its value fits.
fn of_field(text: &str, letters: &[Letter], field: &Field, items: &mut Vec<Item>) {
    let value = fields::value_of(letters, field);
    let start = items.len();
    for role in &field.roles {
        of_role(*role, text, letters, field, value.clone(), items);
        if items.len() > start {
            break;
        }
    }
    let roles = &field.roles;
    if items.len() == start && roles.contains(&Role::Iban) && !roles.contains(&Role::Account) {
        of_role(Role::Account, text, letters, field, value, items);
    }
}

fn of_role(role: Role, text: &str, letters: &[Letter], field: &Field, value: Range<usize>, items: &mut Vec<Item>) {
    let mut push = |what, read: Read| {
        let currency = currency_of(letters, field, &value, &read);
        items.push(Item {
            what,
            letters: read.letters,
            line: field.line,
            language: field.language,
            currency,
            is_disguised: read.is_disguised,
        });
    };
    let words = || values::name(text, letters, value.clone());
    let whole = || Read { value: String::new(), letters: value.clone(), is_disguised: false };
    match role {
        Role::Iban | Role::Account | Role::Card | Role::Clabe => account(role, letters, field, &value, text, &mut push),
        Role::Bic => {
            if let Some(read) = values::bic(letters, value.clone()) {
                push(What::Bic(read.value.clone()), read);
            }
        }
        Role::Holder => {
            if let Some(name) = words() {
                push(What::Holder(name), whole());
            }
        }
        Role::Name => {
            if let Some(name) = words() {
                push(What::Name(name), whole());
            }
        }
        Role::BranchName => {
            if let Some(name) = words() {
                push(What::BranchName(name), whole());
            } else if let Some((read, _)) = values::code(Scheme::BrazilBranch, letters, value.clone()) {
                push(What::Branch(read.value.clone()), read);
            }
        }
        Role::Bank => bank(letters, &value, words(), &mut push),
        Role::Intermediary => push(What::Intermediary(words()), whole()),
        Role::Currency => {
            if let Some(code) = currency::named(letters, value.clone()) {
                push(What::Currency(code), whole());
            }
        }
        Role::BankCode | Role::Branch => {
            if let Some((read, _)) = values::code(Scheme::HongKong, letters, value.clone()) {
                let code = read.value.clone();
                push(if role == Role::Branch { What::Branch(code) } else { What::BankCode(code) }, read);
            }
        }
        Role::PayPal
        | Role::Wise
        | Role::Payoneer
        | Role::Skrill
        | Role::Alipay
        | Role::WeChatPay
        | Role::Pix
        | Role::Upi => {
            if let Some((kind, read)) = platform(role, letters, &value) {
                push(What::Wallet { kind, value: read.value.clone(), is_checked: false }, read);
            }
        }
        Role::WesternUnion => push(What::Transfer(Kind::WesternUnion, words().filter(|name| is_person(name))), whole()),
        Role::MoneyGram => push(What::Transfer(Kind::MoneyGram, words().filter(|name| is_person(name))), whole()),
        Role::Other | Role::Correspondent => {}
        role => {
            if let Some(scheme) = scheme_of(role) {
                coded(scheme, letters, field, &value, &mut push);
            }
        }
    }
}

/// The currency that is named with a value: in its label, before the label in its line, with the number or in brackets behind it.
fn currency_of(letters: &[Letter], field: &Field, value: &Range<usize>, read: &Read) -> Option<&'static str> {
    let behind = letters.get(read.letters.end..).unwrap_or_default().iter().take(2);
    let has_bracket = behind.clone().any(|letter| letter.plain == '(');
    let end = if has_bracket { read.letters.end + 8 } else { read.letters.end };
    currency::named(letters, field.label.clone())
        .or_else(|| currency::named(letters, value.start..end.min(value.end)))
        .or_else(|| currency::named_last(letters, line_before(letters, field.label.start)))
}

/// The line before a label, as far as it is looked at.
fn line_before(letters: &[Letter], at: usize) -> Range<usize> {
    let least = at.saturating_sub(BEFORE_LABEL_MAX);
    let before = letters.get(least..at).unwrap_or_default();
    let end = before.iter().rposition(|letter| matches!(letter.plain, '\n' | '\t' | '|' | ';'));
    end.map_or(least, |end| least + end + 1)..at
}

fn line_start(letters: &[Letter], at: usize) -> usize {
    let least = at.saturating_sub(BEFORE_LABEL_MAX);
    let before = letters.get(least..at).unwrap_or_default();
    let end = before.iter().rposition(|letter| matches!(letter.plain, '\n' | '\t' | '|' | ';' | ','));
    end.map_or(least, |end| least + end + 1)
}

/// Whether words may be the name of somebody who fetches money.
fn is_person(words: &str) -> bool {
    let all: Vec<&str> = words.split_whitespace().collect();
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_uppercase() || is_ideograph(c) || c == '(');
    all.len() <= PERSON_WORDS_MAX && all.iter().all(is_name) && !words.contains(|c: char| c.is_ascii_digit())
}

const fn scheme_of(role: Role) -> Option<Scheme> {
    Some(match role {
        Role::Cnaps => Scheme::Cnaps,
        Role::Aba => Scheme::Aba,
        Role::SortCode => Scheme::SortCode,
        Role::Ifsc => Scheme::Ifsc,
        Role::Bsb => Scheme::Bsb,
        Role::Bankleitzahl => Scheme::Bankleitzahl,
        Role::Bik => Scheme::RussiaBik,
        Role::Mfo => Scheme::UkraineMfo,
        Role::Transit => Scheme::CanadaTransit,
        _ => return None,
    })
}

/// A code, alone or with the account's number behind it where the label announces both.
fn coded(scheme: Scheme, letters: &[Letter], field: &Field, value: &Range<usize>, push: &mut impl FnMut(What, Read)) {
    if let Some((read, is_checked)) = values::code(scheme, letters, value.clone()) {
        push(What::Code(scheme, read.value.clone(), is_checked), read);
        return;
    }
    let length = match scheme {
        Scheme::SortCode | Scheme::Bsb => 6,
        Scheme::Bankleitzahl => 8,
        Scheme::Aba => 9,
        _ => return,
    };
    if !field.roles.contains(&Role::Account) {
        return;
    }
    let mut digits = 0;
    let end = letters.get(value.clone()).unwrap_or_default().iter().position(|letter| {
        digits += usize::from(letter.plain.is_ascii_digit());
        digits == length
    });
    let Some(end) = end.map(|end| value.start + end + 1) else { return };
    let Some((code, is_checked)) = values::code(scheme, letters, value.start..end) else { return };
    let behind = letters.get(end..value.end).unwrap_or_default();
    let gap = behind.iter().take_while(|letter| !letter.plain.is_alphanumeric()).count();
    if let Some(read) = values::account(letters, end + gap..value.end) {
        push(What::Code(scheme, code.value.clone(), is_checked), code);
        let account =
            What::Account { kind: Kind::Account, value: read.value.clone(), is_checked: false, is_simplified: false };
        push(account, read);
    }
}

/// An account behind its label: an IBAN or a wallet where one stands there, else a number, else perhaps the name of who holds it.
fn account(
    role: Role,
    letters: &[Letter],
    field: &Field,
    value: &Range<usize>,
    text: &str,
    push: &mut impl FnMut(What, Read),
) {
    let found = |kind, read: &Read, is_checked| What::Account {
        kind,
        value: read.value.clone(),
        is_checked,
        is_simplified: is_simplified(letters, &field.label),
    };
    let starts = (value.start..value.end.min(value.start + BEFORE_IBAN_MAX)).filter(|at| {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        letters.get(*at).is_some_and(|letter| letter.plain.is_alphabetic())
            && before.is_none_or(|before| !is_word(before.plain))
    });
    for at in starts {
        if let Some(iban) = iban::read(letters, at, true) {
            let read = Read { value: iban.value, letters: iban.letters, is_disguised: iban.is_disguised };
            push(found(Kind::Iban, &read, true), read);
            return;
        }
    }
    if let Some(wallet) = wallets::read(letters, value.start) {
        let read = Read { value: wallet.value.clone(), letters: wallet.letters, is_disguised: wallet.is_disguised };
        push(What::Wallet { kind: wallet.kind, value: wallet.value, is_checked: wallet.is_checked }, read);
        return;
    }
    let Some(read) = values::account(letters, value.clone()) else {
        let name = values::name(text, letters, value.clone()).filter(|name| name.chars().count() >= 4);
        if let Some(name) = name.filter(|_| role == Role::Account && field.label.end > field.label.start + 1) {
            push(What::Name(name), Read { value: String::new(), letters: value.clone(), is_disguised: false });
        }
        return;
    };
    // The word of Russian is an invoice's, too.
    let is_invoice = field.language == "ru" && letters.get(field.label.clone()).is_some_and(says_invoice);
    let is_long = read.value.len() >= SEPARATE_DIGITS_MIN && read.value.bytes().all(|c| c.is_ascii_digit());
    let is_apart = letters.get(field.label.end..value.start).is_some_and(|between| !between.is_empty())
        || letters.get(field.label.clone()).is_some_and(|label| label.iter().any(|letter| letter.plain == ':'));
    if is_invoice && read.value.len() != RUSSIAN_DIGITS && !(is_apart && is_long) {
        return;
    }
    if let Some((bank, end)) = bank_before(text, letters, field, value) {
        push(What::Bank(bank), Read { value: String::new(), letters: end, is_disguised: false });
    }
    let digits: Option<Vec<u32>> = read.value.chars().map(|c| c.to_digit(10)).collect();
    let digits = digits.unwrap_or_default();
    let is_clabe = checks::clabe(&digits) && (role == Role::Clabe || field.language == "es");
    let is_card = (13..=19).contains(&digits.len()) && checks::luhn(&digits);
    let (kind, is_checked) = match role {
        _ if is_clabe => (Kind::Clabe, true),
        Role::Card => (Kind::Card, is_card),
        Role::Account if is_card && digits.starts_with(&[6, 2]) => (Kind::Card, true),
        _ => (Kind::Account, false),
    };
    push(found(kind, &read, is_checked), read);
}

/// Whether a label is nothing but the word for account that is also the one for invoice.
fn says_invoice(label: &[Letter]) -> bool {
    let word: String = label.iter().map(|letter| letter.plain).filter(|c| c.is_alphabetic()).collect();
    matches!(word.as_str(), "счет" | "счетno")
}

/// A bank that stands right before the account in one line: `三菱UFJ銀行 丸の内支店 普通 1234567`.
fn bank_before(text: &str, letters: &[Letter], field: &Field, value: &Range<usize>) -> Option<(String, Range<usize>)> {
    const ENDS: [&str; 9] = ["銀行", "银行", "支店", "支行", "分行", "은행", "营业部", "本店", "信用金庫"];
    let start = line_start(letters, field.label.start);
    let before = layout::trimmed(letters, start..field.label.start.min(value.start));
    let plain: String = letters.get(before.clone())?.iter().map(|letter| letter.plain).collect();
    let is_bank = before.len() <= 40 && ENDS.iter().any(|end| plain.ends_with(end));
    let name = values::name(text, letters, before.clone()).filter(|_| is_bank)?;
    // Behind the last label, if there is one.
    let name = name.rsplit([':', '：']).next().map(|name| name.trim().to_owned())?;
    Some((name, before))
}

/// Whether a label is written in characters that only the mainland and Singapore use.
fn is_simplified(letters: &[Letter], label: &Range<usize>) -> bool {
    letters
        .get(label.clone())
        .unwrap_or_default()
        .iter()
        .any(|letter| matches!(letter.plain, '账' | '号' | '户' | '开' | '银'))
}

/// The name of a bank, with the BIC or the number that may stand in it.
fn bank(letters: &[Letter], value: &Range<usize>, words: Option<String>, push: &mut impl FnMut(What, Read)) {
    let whole = || Read { value: String::new(), letters: value.clone(), is_disguised: false };
    let plain: String = letters.get(value.clone()).unwrap_or_default().iter().map(|letter| letter.plain).collect();
    let numbers: Vec<&str> = plain.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()).collect();
    if let [number] = numbers.as_slice()
        && matches!(number.len(), 3 | 4)
        && (plain.starts_with(number) || plain.contains(&format!("({number})")))
    {
        push(
            What::BankCode((*number).to_owned()),
            Read { value: String::new(), letters: value.start..value.start, is_disguised: false },
        );
    }
    let Some(name) = words else { return };
    let bracket = letters.get(value.clone()).unwrap_or_default().iter().position(|letter| letter.plain == '(');
    if let Some(read) = bracket.and_then(|at| values::bic(letters, value.start + at + 1..value.end)) {
        push(What::Bic(read.value.clone()), Read { letters: read.letters.start..read.letters.start, ..read });
    }
    push(What::Bank(name), whole());
}

/// An account of a platform: an address of e-mail, a number, or what else its platform has.
fn platform(role: Role, letters: &[Letter], value: &Range<usize>) -> Option<(Kind, Read)> {
    let email = || values::email(letters, value.clone());
    Some(match role {
        Role::PayPal => (Kind::PayPal, email()?),
        Role::Wise => (Kind::Wise, email()?),
        Role::Payoneer => (Kind::Payoneer, email()?),
        Role::Skrill => (Kind::Skrill, email()?),
        Role::Alipay => (Kind::Alipay, email().or_else(|| values::phone(letters, value.clone()))?),
        Role::WeChatPay => {
            (Kind::WeChatPay, values::phone(letters, value.clone()).or_else(|| plain_name(letters, value))?)
        }
        Role::Upi => (Kind::Upi, upi(letters, value)?),
        _ => (Kind::Pix, pix(letters, value)?),
    })
}

/// A name of a platform: a letter, then letters, digits and dashes.
fn plain_name(letters: &[Letter], value: &Range<usize>) -> Option<Read> {
    let word: String = letters
        .get(value.clone())?
        .iter()
        .map(|letter| letter.plain)
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    let fits = (6..=20).contains(&word.len()) && word.starts_with(|c: char| c.is_ascii_alphabetic());
    (fits && word.contains(|c: char| c.is_ascii_digit() || c == '_')).then(|| Read {
        letters: value.start..value.start + word.len(),
        value: word,
        is_disguised: false,
    })
}

/// `name@bank` of India's UPI.
fn upi(letters: &[Letter], value: &Range<usize>) -> Option<Read> {
    let word: String = letters
        .get(value.clone())?
        .iter()
        .map(|letter| letter.plain)
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'))
        .collect();
    let (name, bank) = word.split_once('@')?;
    let fits = name.len() >= 2 && bank.len() >= 2 && bank.bytes().all(|c| c.is_ascii_alphanumeric());
    fits.then(|| Read { letters: value.start..value.start + word.len(), value: word.clone(), is_disguised: false })
}

/// A key of Brazil's PIX: CPF, CNPJ, e-mail, phone, or 32 digits of base 16 in groups.
fn pix(letters: &[Letter], value: &Range<usize>) -> Option<Read> {
    if let Some(read) = values::email(letters, value.clone()) {
        return Some(read);
    }
    let stretch = letters.get(value.clone())?;
    let length = stretch.iter().take_while(|letter| letter.plain.is_ascii_hexdigit() || letter.plain == '-').count();
    let word: String = stretch.iter().take(length).map(|letter| letter.plain).collect();
    let groups: Vec<usize> = word.split('-').map(str::len).collect();
    if groups == [8, 4, 4, 4, 12] {
        return Some(Read { value: word, letters: value.start..value.start + length, is_disguised: false });
    }
    if stretch.first()?.plain == '+' {
        return values::phone(letters, value.clone());
    }
    let length = stretch
        .iter()
        .take_while(|letter| letter.plain.is_ascii_digit() || matches!(letter.plain, '.' | '-' | '/'))
        .count();
    let digits: String = stretch.iter().take(length).map(|letter| letter.plain).filter(char::is_ascii_digit).collect();
    let numbers: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(10)).collect();
    (checks::cpf(&numbers) || checks::cnpj(&numbers))
        .then_some(Read { value: digits, letters: value.start..value.start + length, is_disguised: false })
        .or_else(|| values::phone(letters, value.clone()))
}
