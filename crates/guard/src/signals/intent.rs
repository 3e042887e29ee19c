//! What a letter wants of its reader, in the languages of trade: words of one table, and what they mean together in a sentence.
//!
//! A word alone says little: an account is spoken of in every invoice. What counts is an account *and* that it is another one now, in one
//! sentence, without a word that says the opposite or warns of just this.

use std::sync::LazyLock;

use filter::phrases::{Phrases, one_form};

const SOURCE: &str = include_str!("../../data/intents.tsv");

/// Sentences of one text that are read; what a letter wants is said early.
const SENTENCES_MAX: usize = 160;

/// Octets of text that are read.
const TEXT_OCTETS_MAX: usize = 48 * 1024;

/// Characters of a sentence that is shown as evidence.
const EVIDENCE_CHARS_MAX: usize = 160;

/// Characters between an account and the word that something happened to it.
const FAR: usize = 48;

/// Characters between an account and the word that it is another one.
const NEAR: usize = 14;

/// A line that is shorter was ended by its author, not by the width of his window.
const WRAPPED_LINE_CHARS_MIN: usize = 50;

macro_rules! words {
    ($($name:ident = $word:literal),+ $(,)?) => {
        /// Groups of words in the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        enum Word { $($name),+ }

        const NAMES: &[&str] = &[$($word),+];
    };
}

words! {
    Bank = "bank", NotBank = "notbank", Changed = "changed", Newer = "newer", Unchanged = "unchanged", Warning = "warning",
    Pay = "pay", Other = "other", Urgent = "urgent", Secret = "secret", NoPhone = "nophone", Invoice = "invoice",
    Overpaid = "overpaid", Refund = "refund", Fee = "fee", Parcel = "parcel", Fund = "fund", Gift = "gift", Buy = "buy",
    Payroll = "payroll", Ageing = "ageing", Send = "send", Crypto = "crypto", Task = "task", Order = "order",
    Handover = "handover", Customers = "customers", First = "first", Corrected = "corrected", PayCard = "paycard",
}

/// What a letter wants, or how it presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Want {
    /// Money shall go to another account than before.
    BankChange,
    /// Money shall go to somebody else than whom it is owed.
    PayOther,
    /// Something is to be paid.
    Pay,
    /// What is owed is spoken of.
    Invoice,
    /// At once.
    Urgent,
    /// Nobody else shall know.
    Secret,
    /// Nobody shall call.
    NoPhone,
    /// What was paid too much shall go back.
    Overpayment,
    /// A fee comes before much money.
    AdvanceFee,
    /// A fee for a parcel that is held.
    ParcelFee,
    /// A parcel, and something to be paid, without a word of what for.
    ParcelPay,
    /// Cards for shops shall be bought.
    GiftCards,
    /// Wages shall go to another account.
    Payroll,
    /// A list of customers, or of who owes how much.
    Ageing,
    /// Coins.
    Crypto,
    /// A small thing, asked from above.
    Task,
    /// A large order.
    Order,
    /// The next step that a false customer asks for: own forwarder, order behind a link, credit.
    Handover,
}

/// What a text wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants(Vec<(Want, String)>);

impl Wants {
    /// Whether it wants this.
    #[must_use]
    pub fn has(&self, want: Want) -> bool {
        self.0.iter().any(|(known, _)| *known == want)
    }

    /// The sentence that says so; empty if none does.
    #[must_use]
    pub fn sentence(&self, want: Want) -> &str {
        self.0.iter().find(|(known, _)| *known == want).map_or("", |(_, sentence)| sentence)
    }

    /// How many of `wants` there are.
    #[must_use]
    pub fn count(&self, wants: &[Want]) -> usize {
        wants.iter().filter(|want| self.has(**want)).count()
    }

    /// All of them, with their sentences.
    pub fn all(&self) -> impl Iterator<Item = (Want, &str)> {
        self.0.iter().map(|(want, sentence)| (*want, sentence.as_str()))
    }

    fn add(&mut self, want: Want, sentence: &str) {
        if !self.has(want) {
            let shown: String = sentence.split_whitespace().collect::<Vec<_>>().join(" ");
            self.0.push((want, shown.chars().take(EVIDENCE_CHARS_MAX).collect()));
        }
    }
}

/// None if the table that is built in cannot be read; a test sees to it that it can.
static TABLE: LazyLock<Option<Phrases>> = LazyLock::new(|| Phrases::read(SOURCE, NAMES).ok());

/// What `subject` and `text` want. `text` is what the author wrote himself, without what he quotes.
#[must_use]
pub fn wants(subject: &str, text: &str) -> Wants {
    let mut wants = Wants::default();
    let Some(table) = TABLE.as_ref() else { return wants };
    let sentences: Vec<Sentence<'_>> = std::iter::once(subject)
        .chain(sentences(text))
        .take(SENTENCES_MAX)
        .map(|shown| Sentence::read(table, shown))
        .collect();
    for (at, sentence) in sentences.iter().enumerate() {
        sentence.singles(&mut wants);
        let before = at.checked_sub(1).and_then(|before| sentences.get(before));
        let behind = sentences.get(at + 1);
        // Who warns of a fraud tells in the next sentence how it goes.
        let warned = |near: Option<&Sentence<'_>>| {
            near.is_some_and(|near| near.warns() && (near.has(Word::Bank) || !near.has(Word::Pay)))
        };
        if sentence.warns() {
            continue;
        }
        let is_warned = warned(before) || warned(behind);
        let before = before.filter(|before| !before.warns());
        if sentence.moves_wages(before) {
            wants.add(Want::Payroll, sentence.shown);
        } else if !is_warned && sentence.changes_bank(before) {
            let of_wages = behind.is_some_and(|behind| behind.has(Word::Payroll));
            wants.add(if of_wages { Want::Payroll } else { Want::BankChange }, sentence.shown);
        }
        sentence.pairs(before, &mut wants);
    }
    wants
}

/// Names of invoices in the languages of trade, as they are searched for.
pub(crate) fn speaks_of_invoices(text: &str) -> bool {
    let form = one_form(text);
    TABLE.as_ref().is_some_and(|table| {
        table
            .hits(&form)
            .any(|hit| [Word::Invoice, Word::Pay, Word::Bank].iter().any(|word| *word as usize == hit.group))
    })
}

/// A sentence with the words that stand in it.
struct Sentence<'a> {
    shown: &'a str,
    form: String,
    /// Group, first and last octet.
    words: Vec<(usize, usize, usize)>,
}

impl<'a> Sentence<'a> {
    fn read(table: &Phrases, shown: &'a str) -> Self {
        // Russian writes one letter for two.
        let form = one_form(&shown.replace('ё', "е").replace('Ё', "Е"));
        let mut words: Vec<(usize, usize, usize)> =
            table.hits(&form).map(|hit| (hit.group, hit.start, hit.end)).collect();
        let others: Vec<(usize, usize)> =
            words.iter().filter(|word| word.0 == Word::NotBank as usize).map(|word| (word.1, word.2)).collect();
        let overlaps = |start: usize, end: usize| others.iter().any(|(from, to)| start < *to && *from < end);
        words.retain(|(group, start, end)| *group != Word::Bank as usize || !overlaps(*start, *end));
        Self { shown, form, words }
    }

    fn has(&self, word: Word) -> bool {
        self.words.iter().any(|(group, ..)| *group == word as usize)
    }

    fn spans(&self, word: Word) -> impl Iterator<Item = (usize, usize)> {
        self.words.iter().filter(move |(group, ..)| *group == word as usize).map(|(_, start, end)| (*start, *end))
    }

    /// Whether an account and a word of the kind stand with at most `chars_max` characters between them.
    fn near(&self, word: Word, chars_max: usize) -> bool {
        self.spans(Word::Bank).any(|bank| {
            self.spans(word).any(|other| {
                let (from, to) = if bank.0 <= other.0 { (bank.1, other.0) } else { (other.1, bank.0) };
                // An ideograph says as much as three letters.
                let gap = self
                    .form
                    .get(from..to)
                    .map_or(0, |gap| gap.chars().map(|c| if c > '\u{2e80}' { 3 } else { 1 }).sum());
                gap <= chars_max
            })
        })
    }

    /// Warns, or says how to make sure. Who will not be called does not warn.
    fn warns(&self) -> bool {
        self.has(Word::Warning) && !self.has(Word::NoPhone)
    }

    /// Whether it stands here or in the sentence before.
    fn with(&self, before: Option<&Self>, word: Word) -> bool {
        self.has(word) || before.is_some_and(|before| before.has(word))
    }

    /// Says that the account is another one, or that an invoice with an account stands in the place of another.
    fn changes_bank(&self, before: Option<&Self>) -> bool {
        let instead = (self.has(Word::Corrected) || self.has(Word::Bank))
            && self.with(before, Word::Corrected)
            && self.with(before, Word::Bank);
        !self.has(Word::Unchanged)
            && (self.has(Word::Bank) && (self.near(Word::Changed, FAR) || self.near(Word::Newer, NEAR)) || instead)
    }

    /// Says that wages shall go elsewhere.
    fn moves_wages(&self, before: Option<&Self>) -> bool {
        let here = self.has(Word::Payroll) || self.has(Word::PayCard);
        let account = self.with(before, Word::Bank) || self.with(before, Word::PayCard);
        let other = self.with(before, Word::Changed) || self.with(before, Word::Newer);
        here && account && other && !self.has(Word::Unchanged)
    }

    fn singles(&self, wants: &mut Wants) {
        for (word, want) in [
            (Word::Urgent, Want::Urgent),
            (Word::Secret, Want::Secret),
            (Word::Pay, Want::Pay),
            (Word::Invoice, Want::Invoice),
            (Word::Task, Want::Task),
            (Word::Order, Want::Order),
            (Word::Handover, Want::Handover),
        ] {
            if self.has(word) {
                wants.add(want, self.shown);
            }
        }
        if self.has(Word::NoPhone) {
            wants.add(Want::NoPhone, self.shown);
        }
    }

    /// What is said by two words, in one sentence or in two that follow one another.
    fn pairs(&self, before: Option<&Self>, wants: &mut Wants) {
        let both = |one: Word, other: Word| {
            self.has(one) && self.has(other)
                || before.is_some_and(|before| self.has(one) && before.has(other) || self.has(other) && before.has(one))
        };
        for (one, other, want) in [
            (Word::Overpaid, Word::Refund, Want::Overpayment),
            (Word::Parcel, Word::Fee, Want::ParcelFee),
            (Word::Parcel, Word::Pay, Want::ParcelPay),
            (Word::Gift, Word::Buy, Want::GiftCards),
            (Word::Customers, Word::Send, Want::Ageing),
            (Word::Crypto, Word::Pay, Want::Crypto),
        ] {
            if both(one, other) {
                wants.add(want, self.shown);
            }
        }
        if self.has(Word::Other) && (self.has(Word::Pay) || self.has(Word::Bank)) && !self.has(Word::Unchanged) {
            wants.add(Want::PayOther, self.shown);
        }
        // A fee for a parcel is asked before it comes, too.
        if both(Word::Fund, Word::Fee) || both(Word::First, Word::Fee) && !self.with(before, Word::Parcel) {
            wants.add(Want::AdvanceFee, self.shown);
        }
        if self.has(Word::Ageing) {
            wants.add(Want::Ageing, self.shown);
        }
    }
}

/// The sentences of a text. Lines that were broken at the width of a window are one.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut end = text.len().min(TEXT_OCTETS_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = text.get(..end).unwrap_or_default();
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let (sentence, behind) = rest.split_at(sentence_end(rest));
            rest = behind;
            if sentence.chars().any(char::is_alphanumeric) {
                return Some(sentence);
            }
        }
        None
    })
}

/// Octets of the first sentence of `text`.
fn sentence_end(text: &str) -> usize {
    let mut line_chars = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        line_chars += if c > '\u{2e80}' { 2 } else { 1 };
        let ends = match c {
            '。' | '！' | '？' | '；' | '؟' | '।' => true,
            '.' | '!' | '?' | ';' => next.is_none_or(char::is_whitespace),
            '\n' => {
                let ends = line_chars < WRAPPED_LINE_CHARS_MIN || next.is_none_or(|next| next == '\n' || next == '\r');
                line_chars = 0;
                ends
            }
            _ => false,
        };
        if ends && at > 0 {
            return at + c.len_utf8();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
