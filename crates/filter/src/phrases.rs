//! Tables of phrases that mean the same, in whatever language, and the one search for all of them.
//!
//! A line of a table is a name, a language and phrases parted by `|`; lines with `#` are remarks. A phrase stands for every word that begins
//! so; a dot behind it asks for the whole word. Text is searched in its one form ([`one_form`]), so case, accents and disguises do not matter.

use aho_corasick::AhoCorasick;

use crate::normal::{is_ideograph, normal};

/// Text in the form in which phrases are searched: lowercase, without accents and disguises, words parted by one space, digits as `0`.
#[must_use]
pub fn one_form(text: &str) -> String {
    normal(text).text
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PhrasesError {
    /// A line has not three columns.
    #[error("line {0} of the table of phrases needs three columns parted by tabs: name, language, phrases")]
    Columns(usize),
    /// A name that nobody asks for.
    #[error("line {line} of the table of phrases: `{name}` is not one of the names that are looked for")]
    Name {
        /// Number of the line.
        line: usize,
        /// The name.
        name: String,
    },
    /// More phrases than can be searched at once.
    #[error("the table of phrases is too large")]
    TooLarge,
}

/// A phrase that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit<'a> {
    /// Place of its name among the names that the table was read with.
    pub group: usize,
    /// The phrase as it is searched for.
    pub phrase: &'a str,
    /// Which phrase it is; the same for each place where it stands.
    pub id: usize,
    /// Octet at which it begins.
    pub start: usize,
    /// Octet behind it.
    pub end: usize,
}

/// A table of phrases, ready to be searched for.
#[derive(Debug)]
pub struct Phrases {
    automaton: AhoCorasick,
    /// Group and phrase.
    patterns: Vec<(usize, String)>,
}

impl Phrases {
    /// Reads a table whose names are all among `groups`.
    ///
    /// # Errors
    /// Tells which line cannot be read.
    pub fn read(source: &str, groups: &[&str]) -> Result<Self, PhrasesError> {
        let mut patterns: Vec<(usize, String)> = Vec::new();
        for (at, line) in source.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let line_number = at + 1;
            let mut columns = line.split('\t');
            let (Some(name), Some(_language), Some(words)) = (columns.next(), columns.next(), columns.next()) else {
                return Err(PhrasesError::Columns(line_number));
            };
            let group = groups
                .iter()
                .position(|known| *known == name)
                .ok_or_else(|| PhrasesError::Name { line: line_number, name: name.to_owned() })?;
            patterns.extend(words.split('|').filter(|word| !word.is_empty()).map(|word| (group, pattern(word))));
        }
        patterns.sort();
        patterns.dedup();
        let automaton = AhoCorasick::new(patterns.iter().map(|(_, word)| word)).map_err(|_| PhrasesError::TooLarge)?;
        Ok(Self { automaton, patterns })
    }

    /// Every phrase of the table in `text`, which is in its one form; phrases within others, too.
    pub fn hits<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Hit<'a>> + 'a {
        self.automaton.find_overlapping_iter(text).filter_map(|found| {
            let id = found.pattern().as_usize();
            let (group, phrase) = self.patterns.get(id)?;
            Some(Hit { group: *group, phrase, id, start: found.start(), end: found.end() })
        })
    }

    /// How many different phrases there are.
    pub(crate) const fn len(&self) -> usize {
        self.patterns.len()
    }

    /// The phrase of this number.
    pub(crate) fn phrase(&self, id: usize) -> Option<&str> {
        self.patterns.get(id).map(|one| one.1.trim())
    }
}

/// A phrase as it is searched for in text that was brought to its one form.
pub(crate) fn pattern(word: &str) -> String {
    let form = normal(word).text;
    let word_ends = word.ends_with('.');
    let form = if word_ends { form.as_str() } else { form.trim_end() };
    // Words of these scripts follow one another without spaces, or with articles written on to them.
    let joined = |c: char| is_ideograph(c) || matches!(c, '\u{0600}'..='\u{06ff}' | '\u{ac00}'..='\u{d7a3}');
    if word.starts_with(joined) { form.trim().to_owned() } else { form.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_phrases_with_their_places() {
        let table = Phrases::read("# remark\na\ten\tbank detail|pay.\nb\tzh\t账户\n", &["a", "b"]).unwrap();
        let text = one_form("Our BANK  Details; payment, 新账户");
        let found: Vec<(usize, &str)> =
            table.hits(&text).filter_map(|hit| Some((hit.group, text.get(hit.start..hit.end)?))).collect();
        assert_eq!(found, [(0, " bank detail"), (1, "账户")]);
    }

    #[test]
    fn a_table_that_cannot_be_read_says_where() {
        let told = |source: &str| Phrases::read(source, &["a"]).err().map(|error| error.to_string());
        assert!(told("a\ten\tx\nnames\ten").unwrap().contains("line 2"));
        assert!(told("z\ten\tx").unwrap().contains("`z`"));
    }
}
