//! What the pages say, in English and Chinese.

use std::collections::HashMap;
use std::sync::LazyLock;

use identity::Language;
use letters::Texts;

static ENGLISH: LazyLock<HashMap<String, String>> =
    LazyLock::new(|| Texts::read(include_str!("../../texts/web.en.toml")));
static CHINESE: LazyLock<HashMap<String, String>> =
    LazyLock::new(|| Texts::read(include_str!("../../texts/web.zh.toml")));

/// The texts in `language`.
pub(crate) fn of(language: Language) -> Texts {
    Texts::over(match language {
        Language::Chinese => &CHINESE,
        Language::English => &ENGLISH,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn both_languages_say_the_same() {
        let english: BTreeMap<String, String> = toml::from_str(include_str!("../../texts/web.en.toml")).unwrap();
        let chinese: BTreeMap<String, String> = toml::from_str(include_str!("../../texts/web.zh.toml")).unwrap();
        assert!(english.keys().eq(chinese.keys()));
        for (key, text) in &english {
            assert_eq!(names(text), names(&chinese[key]), "{key}");
            assert_ne!(*text, chinese[key], "{key} is not translated");
        }
    }
}
