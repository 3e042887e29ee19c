//! Words and phrases: all those of all rules are looked for in one pass.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::content::{Piece, Place};
use crate::plain::{self, is_ideograph};
use crate::rule::{Condition, Keywords, Rule};

const SHIPPED: &str = include_str!("../data/keywords.tsv");

/// What Arabic writes together with the word behind it: and, so, with, for, like, the.
const ARABIC_PREFIXES: &[&str] = &["ال", "و", "ف", "ب", "ل", "ك", "وال", "بال", "فال", "كال", "لل", "ولل"];

/// Lists that come with the program, each with its words in all languages.
static LISTS: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in SHIPPED.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = line.split('\t');
        if let (Some(list), Some(_language), Some(words)) = (cells.next(), cells.next(), cells.next()) {
            lists.entry(list).or_default().extend(words.split('|'));
        }
    }
    lists
});

/// Names of the lists.
pub(crate) fn lists() -> Vec<&'static str> {
    LISTS.keys().copied().collect()
}

/// All words of `keywords`.
pub(crate) fn words_of(keywords: &Keywords) -> impl Iterator<Item = &str> {
    let shipped = keywords.lists.iter().filter_map(|list| LISTS.get(list.as_str())).flatten().copied();
    keywords.words.iter().map(String::as_str).chain(shipped)
}

/// The words of all rules, ready to be looked for.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    automaton: Option<AhoCorasick>,
    folded: Vec<String>,
    /// Number of each word as rules write it.
    numbers: HashMap<String, usize>,
}

/// Which words stand where first.
#[derive(Debug, Default)]
pub(crate) struct Spoken(HashMap<usize, Place>);

impl Vocabulary {
    /// That of `rules`.
    pub(crate) fn of(rules: &[Rule]) -> Self {
        let mut vocabulary = Self::default();
        let mut known: HashMap<String, usize> = HashMap::new();
        for rule in rules {
            visit(&rule.when, &mut |it| vocabulary.take(it, &mut known));
            if let Some(unless) = &rule.unless {
                visit(unless, &mut |it| vocabulary.take(it, &mut known));
            }
        }
        if !vocabulary.folded.is_empty() {
            // Their size is bounded by the rules', so that building cannot fail but for want of memory.
            let built = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&vocabulary.folded);
            vocabulary.automaton = built.ok();
        }
        vocabulary
    }

    fn take(&mut self, keywords: &Keywords, known: &mut HashMap<String, usize>) {
        for word in words_of(keywords) {
            if self.numbers.contains_key(word) {
                continue;
            }
            let folded = plain::words(word);
            let number = *known.entry(folded.clone()).or_insert_with(|| {
                self.folded.push(folded);
                self.folded.len() - 1
            });
            self.numbers.insert(word.to_owned(), number);
        }
    }

    /// Which of the words are in `pieces`.
    pub(crate) fn spoken(&self, pieces: &[Piece]) -> Spoken {
        let mut spoken = Spoken::default();
        let Some(automaton) = &self.automaton else { return spoken };
        for piece in pieces {
            let text = plain::words(&piece.text);
            for found in automaton.find_overlapping_iter(&text) {
                let number = found.pattern().as_usize();
                if !spoken.0.contains_key(&number) && is_whole(&text, found.start(), found.end()) {
                    spoken.0.insert(number, piece.place);
                }
            }
        }
        spoken
    }

    /// How many different words of `keywords` are there, and where the first.
    pub(crate) fn count(&self, keywords: &Keywords, spoken: &Spoken) -> (u32, Option<Place>) {
        let mut found: Vec<(usize, Place)> = words_of(keywords)
            .filter_map(|word| {
                let number = self.numbers.get(word)?;
                Some((*number, *spoken.0.get(number)?))
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        (u32::try_from(found.len()).unwrap_or(u32::MAX), found.iter().map(|(_, place)| *place).min())
    }
}

fn visit(condition: &Condition, take: &mut impl FnMut(&Keywords)) {
    match condition {
        Condition::All(list) | Condition::Any(list) => list.iter().for_each(|it| visit(it, take)),
        Condition::Not(inner) => visit(inner, take),
        Condition::Keywords(keywords) => take(keywords),
        _ => {}
    }
}

/// Whether no word goes on at either end. Ideographs are parted by nothing; Arabic writes some words together with the next.
pub(crate) fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let (before, word, after) = (
        text.get(..start).unwrap_or_default(),
        text.get(start..end).unwrap_or_default(),
        text.get(end..).unwrap_or_default(),
    );
    let goes_on = |c: char| c.is_alphanumeric() && !is_ideograph(c);
    let (Some(first), Some(last)) = (word.chars().next(), word.chars().next_back()) else { return false };
    let ends = !goes_on(last) || !after.chars().next().is_some_and(goes_on);
    let begins = !goes_on(first) || !before.chars().next_back().is_some_and(goes_on) || {
        let run: usize = before.chars().rev().take_while(|c| goes_on(*c)).map(char::len_utf8).sum();
        let prefix = before.get(before.len() - run..).unwrap_or_default();
        ARABIC_PREFIXES.contains(&prefix)
    };
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(words: &[&str], text: &str) -> u32 {
        let keywords = Keywords { words: words.iter().map(|it| (*it).to_owned()).collect(), lists: Vec::new(), min: 1 };
        let rule = Rule::read(
            &serde_json::json!({ "name": "r", "when": { "keywords": keywords }, "actions": ["record"] }).to_string(),
        )
        .unwrap();
        let vocabulary = Vocabulary::of(&[rule]);
        let pieces = [Piece { place: Place::Body, text: text.to_owned() }];
        vocabulary.count(&keywords, &vocabulary.spoken(&pieces)).0
    }

    #[test]
    fn words_are_whole_and_of_any_case_and_script() {
        for (words, text, expected) in [
            (&["offer"][..], "Our OFFER: ten", 1),
            (&["offer"], "We offered, they coffer", 0),
            (&["price list"], "the price\r\n   list", 1),
            (&["报价单"], "请见附件报价单及合同", 1),
            (&["cotización"], "La Cotizacion final", 1),
            (&["عقد"], "أرسل العقد غداً", 1),
            (&["عقد"], "العقدة", 0),
            (&["ＦＯＢ"], "fob Ningbo", 1),
            (&["a-1", "b2", "b2"], "A-1 and b2", 2),
            (&["b2"], "b2b", 0),
        ] {
            assert_eq!(spoken(words, text), expected, "{words:?} in {text}");
        }
    }

    #[test]
    fn the_lists_have_the_four_languages() {
        for list in ["contract", "quotation", "salary", "secret"] {
            assert!(lists().contains(&list), "{list}");
        }
        for language in ["en", "zh", "es", "ar"] {
            assert!(
                SHIPPED.lines().filter(|line| line.contains(&format!("\t{language}\t"))).count() >= 4,
                "{language}"
            );
        }
    }
}
