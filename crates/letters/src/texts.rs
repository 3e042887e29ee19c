//! What notices say, in English and Chinese. Both catalogues have the same keys; a test sees to it.

use std::collections::HashMap;
use std::sync::LazyLock;

use identity::Language;

static ENGLISH: LazyLock<HashMap<String, String>> = LazyLock::new(|| read(include_str!("../texts/en.toml")));
static CHINESE: LazyLock<HashMap<String, String>> = LazyLock::new(|| read(include_str!("../texts/zh.toml")));

fn read(source: &str) -> HashMap<String, String> {
    toml::from_str(source).unwrap_or_default()
}

/// The texts of one language.
#[derive(Clone, Copy)]
pub struct Texts(&'static HashMap<String, String>);

impl Texts {
    /// The texts of another catalogue, as [`Self::read`] gives it.
    #[must_use]
    pub const fn over(catalogue: &'static HashMap<String, String>) -> Self {
        Self(catalogue)
    }

    /// The catalogue in a file of TOML.
    #[must_use]
    pub fn read(source: &str) -> HashMap<String, String> {
        read(source)
    }

    /// The texts in `language`.
    #[must_use]
    pub fn of(language: Language) -> Self {
        Self(match language {
            Language::Chinese => &CHINESE,
            Language::English => &ENGLISH,
        })
    }

    /// Whether there is a text `key`.
    #[must_use]
    pub fn has(self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Whether the text `key` has a place for `name`.
    #[must_use]
    pub fn says(self, key: &str, name: &str) -> bool {
        self.0.get(key).is_some_and(|text| text.contains(&format!("{{{name}}}")))
    }

    /// The text `key` with each `{name}` replaced by its value; the key itself if there is no such text.
    #[must_use]
    pub fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = String::new();
        let mut rest = self.0.get(key).map_or(key, String::as_str);
        // In one pass, so that a value is never read as a text with names in it.
        while let Some((before, from)) = rest.split_once('{') {
            let Some((name, after)) = from.split_once('}') else { break };
            text.push_str(before);
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => text.push_str(value),
                None => text.extend(["{", name, "}"]),
            }
            rest = after;
        }
        text + rest
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn both_languages_say_the_same() {
        let (english, chinese) = (Texts::of(Language::English).0, Texts::of(Language::Chinese).0);
        assert!(!english.is_empty());
        for (key, text) in english {
            let other = chinese.get(key).unwrap_or_else(|| panic!("{key} has no Chinese text"));
            assert_eq!(names(text), names(other), "{key}");
            assert_ne!(text, other, "{key} is not translated");
        }
        assert_eq!(english.len(), chinese.len());
    }

    #[test]
    fn values_are_put_in_once() {
        let texts = Texts(Box::leak(Box::new(HashMap::from([("a".to_owned(), "{x} to {y}, {z}".to_owned())]))));
        assert_eq!(texts.say("a", &[("x", "{y}"), ("y", "li")]), "{y} to li, {z}");
        assert_eq!(texts.say("b", &[]), "b");
    }
}
