//! What the command line says to people, in English and Chinese. Both catalogues have the same keys; a test sees to it.

use std::collections::HashMap;

const ENGLISH: &str = include_str!("../texts/en.toml");
const CHINESE: &str = include_str!("../texts/zh.toml");

/// The texts of one language.
pub(crate) struct Texts {
    language: &'static str,
    texts: HashMap<String, String>,
}

impl Texts {
    /// The texts in `language` ("zh", "zh_CN.UTF-8", ...); English for every language that there is no catalogue for.
    pub(crate) fn of(language: &str) -> Self {
        let is_chinese = language.to_ascii_lowercase().starts_with("zh");
        let (language, source) = if is_chinese { ("zh", CHINESE) } else { ("en", ENGLISH) };
        Self { language, texts: toml::from_str(source).unwrap_or_default() }
    }

    /// The language of the texts: "en" or "zh".
    pub(crate) const fn language(&self) -> &'static str {
        self.language
    }

    /// The texts in the language that the environment asks for.
    pub(crate) fn from_environment() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::of(&set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default())
    }

    /// The text `key` with each `{name}` replaced by its value; the key itself if there is no such text.
    pub(crate) fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = self.texts.get(key).map_or(key, String::as_str).to_owned();
        for (name, value) in values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn both_languages_say_the_same() {
        let english: HashMap<String, String> = toml::from_str(ENGLISH).unwrap();
        let chinese: HashMap<String, String> = toml::from_str(CHINESE).unwrap();
        for (key, text) in &english {
            let other = chinese.get(key).unwrap_or_else(|| panic!("{key} has no Chinese text"));
            assert_eq!(placeholders(text), placeholders(other), "{key}");
            assert_ne!(text, other, "{key} is not translated");
        }
        assert_eq!(english.len(), chinese.len());
    }
}
