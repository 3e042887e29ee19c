//! What answers, reports and the register of processing say, in English and Chinese. Both catalogues have the same keys.

use std::collections::HashMap;
use std::sync::LazyLock;

use identity::Language;
use letters::Texts;

static ENGLISH: LazyLock<HashMap<String, String>> = LazyLock::new(|| Texts::read(include_str!("../texts/en.toml")));
static CHINESE: LazyLock<HashMap<String, String>> = LazyLock::new(|| Texts::read(include_str!("../texts/zh.toml")));

/// The texts in `language`.
pub(crate) fn of(language: Language) -> Texts {
    Texts::over(match language {
        Language::Chinese => &CHINESE,
        Language::English => &ENGLISH,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::processing::ENTRIES;
    use crate::words::{Kind, Place};

    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    #[test]
    fn both_languages_say_the_same() {
        assert!(!ENGLISH.is_empty());
        for (key, text) in ENGLISH.iter() {
            let other = CHINESE.get(key).unwrap_or_else(|| panic!("{key} has no Chinese text"));
            assert_eq!(names(text), names(other), "{key}");
            assert_ne!(text, other, "{key} is not translated");
        }
        assert_eq!(ENGLISH.len(), CHINESE.len());
    }

    #[test]
    fn every_kind_place_and_entry_has_its_texts() {
        let has = |key: String| assert!(ENGLISH.contains_key(&key), "{key}");
        for kind in Kind::ALL {
            has(format!("kind-{kind}"));
            has(format!("done-{kind}"));
        }
        for place in Place::ALL {
            for part in ["name", "source", "why", "kept"] {
                has(format!("place-{place}-{part}"));
            }
        }
        for entry in ENTRIES {
            for part in ["name", "purpose", "data", "basis", "kept"] {
                has(format!("processing-{entry}-{part}"));
            }
        }
    }
}
