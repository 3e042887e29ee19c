//! Lists of words and phrases that rule files bring, by language, and the search for all of them at once.
//!
//! They complement the lexicon of intents; a rule names both alike. A phrase stands for every word that begins so; a dot behind
//! it asks for the whole word.

use aho_corasick::AhoCorasick;

use super::syntax::Fault;
use crate::phrases::pattern;

/// Phrases of all lists together.
const PHRASES_MAX: usize = 50_000;

/// Octets of one phrase.
const PHRASE_OCTETS_MAX: usize = 200;

/// Lists of phrases made ready to be searched for.
#[derive(Default)]
pub(super) struct Words {
    names: Vec<String>,
    /// List of each phrase, and the phrase.
    phrases: Vec<(usize, String)>,
    automaton: Option<AhoCorasick>,
}

/// How many different phrases of each list a text has.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    counts: Vec<u8>,
    /// One phrase found for each list.
    phrases: Vec<usize>,
}

impl Words {
    /// The number of a list.
    pub(super) fn list(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// Names of all lists.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Adds phrases, parted by `|`, to a list, which is made if it is not there.
    pub(super) fn add(&mut self, name: &str, phrases: &str) -> Result<(), Fault> {
        let list = self.list(name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        for phrase in phrases.split('|') {
            let form = pattern(phrase);
            if form.trim().chars().count() < 2 {
                return Fault::new(0, format!("`{phrase}` in the list `{name}` is too short to mean anything"));
            }
            if form.len() > PHRASE_OCTETS_MAX || self.phrases.len() >= PHRASES_MAX {
                return Fault::new(
                    0,
                    format!(
                        "the list `{name}` has a phrase of over {PHRASE_OCTETS_MAX} octets, or makes over {PHRASES_MAX} in all"
                    ),
                );
            }
            self.phrases.push((list, form));
        }
        Ok(())
    }

    /// Makes the search ready; to be called once, after the last list.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        self.phrases.sort();
        self.phrases.dedup();
        let built = AhoCorasick::new(self.phrases.iter().map(|(_, phrase)| phrase));
        self.automaton =
            Some(built.or_else(|error| {
                Fault::new(0, format!("the lists of words are too large to be searched for: {error}"))
            })?);
        Ok(())
    }

    /// What `texts`, brought to their one form, have of each list.
    pub(super) fn search(&self, texts: &[&str]) -> Found {
        let mut found = Found { counts: vec![0; self.names.len()], phrases: vec![0; self.names.len()] };
        let Some(automaton) = &self.automaton else { return found };
        let mut seen = vec![false; self.phrases.len()];
        for text in texts {
            for hit in automaton.find_overlapping_iter(text) {
                let at = hit.pattern().as_usize();
                let Some(slot) = seen.get_mut(at).filter(|slot| !**slot) else { continue };
                *slot = true;
                let Some(list) = self.phrases.get(at).map(|one| one.0) else { continue };
                if let (Some(count), Some(phrase)) = (found.counts.get_mut(list), found.phrases.get_mut(list)) {
                    *count = count.saturating_add(1);
                    *phrase = at;
                }
            }
        }
        found
    }

    /// A phrase by which a text has something of a list.
    pub(super) fn phrase(&self, found: &Found, list: usize) -> &str {
        let at = found.phrases.get(list).copied().unwrap_or_default();
        self.phrases.get(at).map_or("", |(_, phrase)| phrase.trim())
    }
}

impl Found {
    /// How many different phrases of a list there are.
    pub(super) fn count(&self, list: usize) -> u8 {
        self.counts.get(list).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::normal;

    #[test]
    fn finds_phrases_of_every_script() {
        let mut words = Words::default();
        words.add("voice", "voicemail|missed call.").unwrap();
        words.add("voice", "语音留言").unwrap();
        words.add("other", "мёд").unwrap();
        words.finish().unwrap();
        let count = |text: &str| words.search(&[&normal(text).text]).count(0);
        assert_eq!(count("You have new VoiceMails and a missed call"), 2);
        assert_eq!(count("missed calls"), 0);
        assert_eq!(count("您有一条新的语音留言。"), 1);
        let found = words.search(&[&normal("новый мёд").text]);
        assert_eq!((found.count(1), words.phrase(&found, 1)), (1, "мёд"));
    }

    #[test]
    fn refuses_what_means_nothing() {
        let fault = Words::default().add("x", "good|.").unwrap_err();
        assert!(fault.what.contains("too short"), "{fault:?}");
    }
}
