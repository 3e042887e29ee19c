//! What letters say: wordings by language and intent, in tables that others may replace.
//!
//! A line is an intent, a tab, a text. `[a|b]` chooses one, `{word}` is filled in, `\n` breaks a line. Of each intent in each language the
//! third with the smallest hashes is held back: only seeds from [`RESERVED_FROM`] on use it, and they use nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use crate::chance::{Chance, hash};

/// Seeds from here on are for measuring alone.
pub(crate) const RESERVED_FROM: u64 = 10_000;

/// The languages, each with its table.
const SHIPPED: [(&str, &str); 13] = [
    ("ar", include_str!("../wordings/ar.tsv")),
    ("de", include_str!("../wordings/de.tsv")),
    ("en", include_str!("../wordings/en.tsv")),
    ("es", include_str!("../wordings/es.tsv")),
    ("fr", include_str!("../wordings/fr.tsv")),
    ("it", include_str!("../wordings/it.tsv")),
    ("ja", include_str!("../wordings/ja.tsv")),
    ("ko", include_str!("../wordings/ko.tsv")),
    ("pt", include_str!("../wordings/pt.tsv")),
    ("ru", include_str!("../wordings/ru.tsv")),
    ("tr", include_str!("../wordings/tr.tsv")),
    ("vi", include_str!("../wordings/vi.tsv")),
    ("zh", include_str!("../wordings/zh.tsv")),
];

/// Words to fill in, by name.
pub(crate) type Filling<'a> = [(&'a str, String)];

/// The wordings that a seed may use.
#[derive(Debug, Clone)]
pub(crate) struct Wordings {
    texts: BTreeMap<(&'static str, String), Vec<String>>,
}

impl Wordings {
    /// Those shipped, or those of a directory with a file `<language>.tsv` for each language.
    pub(crate) fn read(directory: Option<&Path>, seed: u64) -> Result<Self, String> {
        let mut all: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
        for (language, shipped) in SHIPPED {
            let table = match directory {
                None => shipped.to_owned(),
                Some(directory) => {
                    let path = directory.join(format!("{language}.tsv"));
                    std::fs::read_to_string(&path).map_err(|error| {
                        format!("{}: {error}; --wordings wants one file for each language", path.display())
                    })?
                }
            };
            for (number, line) in table.lines().enumerate() {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let (intent, text) = line
                    .split_once('\t')
                    .ok_or_else(|| format!("{language}.tsv line {}: wants an intent, a tab and a text", number + 1))?;
                all.entry((language, intent.to_owned())).or_default().push(text.to_owned());
            }
        }
        let reserved = seed >= RESERVED_FROM;
        let texts = all.into_iter().map(|(of, texts)| (of, part(texts, reserved))).collect();
        Ok(Self { texts })
    }

    /// A text of an intent, chosen and filled in. English stands in where a language has none.
    pub(crate) fn say(
        &self,
        language: &'static str,
        intent: &str,
        filling: &Filling<'_>,
        chance: &mut Chance,
    ) -> String {
        let of = |language| self.texts.get(&(language, intent.to_owned()));
        let Some(texts) = of(language).or_else(|| of("en")) else { return String::new() };
        let mut text = chosen(chance.pick::<String>(texts), chance).replace("\\n", "\n");
        for (name, value) in filling {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }

    /// Intents and how many texts each has, for a language.
    #[cfg(test)]
    pub(crate) fn counts(&self, language: &str) -> BTreeMap<String, usize> {
        self.texts
            .iter()
            .filter(|((of, _), _)| *of == language)
            .map(|((_, intent), texts)| (intent.clone(), texts.len()))
            .collect()
    }

    /// All texts, as they stand in the tables.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str, &str)> {
        self.texts.iter().flat_map(|((language, intent), texts)| {
            texts.iter().map(|text| (*language, intent.as_str(), text.as_str()))
        })
    }
}

/// The third that is held back, or the rest. One text alone serves both.
fn part(mut texts: Vec<String>, reserved: bool) -> Vec<String> {
    texts.sort_by_key(|text| hash(text));
    let held = (texts.len() + 1) / 3;
    if texts.len() < 2 {
        return texts;
    }
    if reserved {
        texts.truncate(held)
    } else {
        drop(texts.drain(..held))
    }
    texts
}

/// One of each `[a|b]`.
fn chosen(text: &str, chance: &mut Chance) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        out.push_str(before);
        let Some((choices, more)) = after.split_once(']') else {
            out.push('[');
            rest = after;
            continue;
        };
        let choices: Vec<&str> = choices.split('|').collect();
        out.push_str(choices[chance.below(choices.len())]);
        rest = more;
    }
    out.push_str(rest);
    out
}
