//! Words that announce payment details, in the languages of trade.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::fold::{Letter, fold};

const SOURCE: &str = include_str!("../data/labels.tsv");

/// Labels in one text that are looked at.
const HITS_MAX: usize = 20_000;

/// Letters up to which a word of few letters is too short to be a label inside other words or before a number glued to it.
const SHORT_LETTERS: usize = 3;

macro_rules! roles {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// What a label announces.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Role { $($(#[$doc])* $name),+ }

        impl Role {
            const ALL: &[(Self, &str)] = &[$((Self::$name, $word)),+];
        }
    };
}

roles! {
    Iban = "iban",
    Bic = "bic",
    Account = "account",
    Card = "card",
    Clabe = "clabe",
    Pix = "pix",
    Upi = "upi",
    Holder = "holder",
    /// A name that is a holder's only where an account stands near.
    Name = "name",
    Bank = "bank",
    BranchName = "branch_name",
    /// Begins what belongs to a bank in between.
    Intermediary = "intermediary",
    Cnaps = "cnaps",
    Aba = "aba",
    SortCode = "sort_code",
    Ifsc = "ifsc",
    Bsb = "bsb",
    Branch = "branch",
    BankCode = "bank_code",
    Bankleitzahl = "blz",
    Bik = "bik",
    Mfo = "mfo",
    Transit = "transit",
    /// An account of the bank itself at another.
    Correspondent = "correspondent",
    Currency = "currency",
    PayPal = "paypal",
    Wise = "wise",
    Payoneer = "payoneer",
    Skrill = "skrill",
    Alipay = "alipay",
    WeChatPay = "wechat",
    WesternUnion = "western_union",
    MoneyGram = "moneygram",
    /// Announces something that is no payment detail.
    Other = "other",
}

impl Role {
    /// What follows is words and not a number.
    pub(crate) const fn is_words(self) -> bool {
        matches!(
            self,
            Self::Holder
                | Self::Name
                | Self::Bank
                | Self::BranchName
                | Self::Intermediary
                | Self::WesternUnion
                | Self::MoneyGram
                | Self::Currency
        )
    }
}

/// A label in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// What it announces; several where labels stand together, as in "BIC/SWIFT" or "Account / IBAN".
    pub(crate) roles: Vec<Role>,
    /// Its letters.
    pub(crate) range: Range<usize>,
    /// Language of the word, two letters.
    pub(crate) language: &'static str,
    /// Words in it; each ideograph counts.
    pub(crate) words: usize,
}

struct Lexicon {
    automaton: AhoCorasick,
    /// What each pattern is for, by its number; words that stand for several things are several entries.
    entries: Vec<Vec<(Role, &'static str)>>,
}

/// None if the file that is built in cannot be read; a test sees to it that it can.
static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(|| Lexicon::read(SOURCE));

impl Lexicon {
    fn read(source: &'static str) -> Option<Self> {
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut entries: Vec<Vec<(Role, &'static str)>> = Vec::new();
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = line.split('\t');
            let (name, language, words) = (columns.next()?, columns.next()?, columns.next()?);
            let role = Role::ALL.iter().find(|(_, word)| *word == name)?.0;
            for word in words.split('|') {
                let word: String = fold(word, 200).iter().map(|letter| letter.plain).collect();
                let number = *numbers.entry(word).or_insert(entries.len());
                if number == entries.len() {
                    entries.push(Vec::new());
                }
                let known = entries.get_mut(number)?;
                if !known.iter().any(|(other, _)| *other == role) {
                    known.push((role, language));
                }
            }
        }
        let mut patterns = vec![String::new(); entries.len()];
        for (word, number) in numbers {
            *patterns.get_mut(number)? = word;
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&patterns).ok()?;
        Some(Self { automaton, entries })
    }
}

/// Labels in a text: of those that overlap the first, of those that begin together the longest.
pub(crate) fn find(letters: &[Letter]) -> Vec<Hit> {
    let Some(lexicon) = LEXICON.as_ref() else { return Vec::new() };
    let (text, places) = searched(letters);
    let mut matches: Vec<(Range<usize>, usize)> = Vec::new();
    for found in lexicon.automaton.find_overlapping_iter(&text) {
        let (Some(start), Some(end)) = (places.get(found.start()), places.get(found.end())) else { continue };
        let range = *start as usize..trim_end(letters, *start as usize, *end as usize);
        let pattern = found.pattern().as_usize();
        let is_number = lexicon.entries.get(pattern).is_some_and(|all| all.iter().any(|entry| !entry.0.is_words()));
        if stands_alone(letters, &range, is_number) {
            matches.push((range, pattern));
        }
        if matches.len() >= HITS_MAX {
            break;
        }
    }
    matches.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut hits: Vec<Hit> = Vec::new();
    for (range, pattern) in matches {
        if hits.last().is_some_and(|last| range.start < last.range.end) {
            continue;
        }
        let Some(entries) = lexicon.entries.get(pattern) else { continue };
        let language = entries.first().map_or("", |entry| entry.1);
        let words = words(letters.get(range.clone()).unwrap_or_default());
        hits.push(Hit { roles: entries.iter().map(|entry| entry.0).collect(), range, language, words });
    }
    hits
}

/// The text that is searched, with spaces in a row as one, and the letter at each of its octets.
fn searched(letters: &[Letter]) -> (String, Vec<u32>) {
    let mut text = String::with_capacity(letters.len() * 2);
    let mut places = Vec::with_capacity(letters.len() * 2);
    let mut was_space = false;
    for (at, letter) in letters.iter().enumerate() {
        let is_space = letter.plain == ' ';
        if !(is_space && was_space) {
            text.push(letter.plain);
            places.resize(text.len(), at as u32);
        }
        was_space = is_space;
    }
    places.push(letters.len() as u32);
    (text, places)
}

/// A match that ends where a run of spaces begins ends with its last letter.
fn trim_end(letters: &[Letter], start: usize, mut end: usize) -> usize {
    while end > start && letters.get(end - 1).is_some_and(|letter| letter.plain == ' ') {
        end -= 1;
    }
    end
}

/// Scripts that write without spaces between words.
pub(crate) const fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{303f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

fn words(letters: &[Letter]) -> usize {
    let ideographs = letters.iter().filter(|letter| is_ideograph(letter.plain)).count();
    let text: String = letters.iter().map(|letter| letter.plain).filter(|c| !is_ideograph(*c)).collect();
    ideographs + text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).count()
}

/// Whether a match is no part of a longer word. Ideographs stand without spaces: between others, a label is what a colon follows, or
/// a number that it announces.
fn stands_alone(letters: &[Letter], range: &Range<usize>, is_number: bool) -> bool {
    let plain = |at: usize| letters.get(at).map(|letter| letter.plain);
    let before = range.start.checked_sub(1).and_then(plain);
    let after = plain(range.end);
    let (Some(first), Some(last)) = (plain(range.start), range.end.checked_sub(1).and_then(plain)) else {
        return false;
    };
    let is_short = range.len() <= SHORT_LETTERS;
    let begins = if is_ideograph(first) {
        !before.is_some_and(is_ideograph) || {
            let next =
                letters.get(range.end..).unwrap_or_default().iter().map(|letter| letter.plain).find(|c| *c != ' ');
            range.len() > 2 && next == Some(':') || is_number && next.is_some_and(|c| c.is_ascii_digit())
        }
    } else {
        !first.is_alphanumeric() || before.is_none_or(|c| !c.is_alphanumeric() || is_ideograph(c))
    };
    let ends = is_ideograph(last)
        || !last.is_alphanumeric()
        || after.is_none_or(|c| is_ideograph(c) || !c.is_alphanumeric() || c.is_numeric() && !is_short);
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Role)> {
        let letters = fold(text, 1000);
        let word = |hit: &Hit| letters[hit.range.clone()].iter().map(|letter| letter.plain).collect();
        find(&letters).iter().map(|hit| (word(hit), hit.roles[0])).collect()
    }

    #[test]
    fn every_line_of_the_lexicon_is_read_in_thirteen_languages() {
        let lexicon = LEXICON.as_ref().unwrap();
        assert!(lexicon.entries.len() > 1500);
        for role in [Role::Account, Role::Holder, Role::Bank, Role::Other] {
            let mut languages: Vec<&str> =
                lexicon.entries.iter().flatten().filter(|entry| entry.0 == role).map(|entry| entry.1).collect();
            languages.sort_unstable();
            languages.dedup();
            for language in ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "pt", "ru", "tr", "vi", "zh"] {
                // A word that two languages share stands under the first of them.
                assert!(languages.contains(&language), "{role:?} has no word of {language}");
            }
        }
    }

    #[test]
    fn longer_words_win_and_parts_of_words_do_not_count() {
        let word = |text: &str, role| (text.to_owned(), role);
        assert_eq!(found("Account  Name: x"), [word("account  name", Role::Holder)]);
        assert_eq!(found("customer account 5"), [word("customer account", Role::Other)]);
        assert_eq!(found("accounting, ibanez"), []);
        assert_eq!(found("收款人账号：1"), [word("收款人账号", Role::Account)]);
        assert_eq!(found("中国银行"), []);
        assert_eq!(found("Số tài khoản: 1"), [word("so tai khoan", Role::Account)]);
        assert_eq!(found("丸の内支店 普通1234567"), [word("普通", Role::Account)]);
        assert_eq!(found("р/с 4070"), [word("р/с", Role::Account)]);
        assert_eq!(found("رقم الحساب: ١"), [word("رقم الحساب", Role::Account)]);
    }
}
