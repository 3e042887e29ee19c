//! What this crate says to people, in English and Chinese. Both catalogues have the same keys; a test sees to it.

use std::collections::HashMap;
use std::sync::LazyLock;

static ENGLISH: LazyLock<HashMap<String, String>> = LazyLock::new(|| read(include_str!("../texts/en.toml")));
static CHINESE: LazyLock<HashMap<String, String>> = LazyLock::new(|| read(include_str!("../texts/zh.toml")));

fn read(source: &str) -> HashMap<String, String> {
    toml::from_str(source).unwrap_or_default()
}

/// The texts of one language.
#[derive(Clone, Copy)]
pub(crate) struct Texts(&'static HashMap<String, String>);

impl Texts {
    /// The texts in `language` ("zh", "zh-CN", ...); English for every language that there is no catalogue for.
    pub(crate) fn of(language: &str) -> Self {
        Self(if language.to_ascii_lowercase().starts_with("zh") { &CHINESE } else { &ENGLISH })
    }

    /// The text `key` with each `{name}` replaced by its value; the key itself if there is no such text.
    pub(crate) fn say(self, key: &str, values: &[(&str, &str)]) -> String {
        let text = self.0.get(key).map_or(key, String::as_str);
        let mut said = String::with_capacity(text.len());
        let mut rest = text;
        // What a value holds is never read as a place again.
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').unwrap_or((after, ""));
            said.push_str(before);
            said.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
            rest = behind;
        }
        said + rest
    }

    /// Whether the text `key` has a place for `name`.
    pub(crate) fn says(self, key: &str, name: &str) -> bool {
        self.0.get(key).is_some_and(|text| text.contains(&format!("{{{name}}}")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::actions::Action;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn both_languages_say_the_same() {
        for (key, text) in &*ENGLISH {
            let other = CHINESE.get(key).unwrap_or_else(|| panic!("{key} has no Chinese text"));
            assert_eq!(places(text), places(other), "{key}");
            assert_ne!(text, other, "{key} is not translated");
        }
        assert_eq!(ENGLISH.len(), CHINESE.len());
    }

    #[test]
    fn every_action_has_a_sentence() {
        for (name, ..) in Action::ALL {
            assert!(ENGLISH.contains_key(&format!("do-{name}")), "{name}");
        }
    }

    #[test]
    fn values_stay_values() {
        let said = Texts::of("en").say("do-user-delete", &[("address", "{address}")]);
        assert!(said.contains("{address}"), "{said}");
    }
}
