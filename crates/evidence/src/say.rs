//! Checks, reasons and figures in words.

use std::collections::HashMap;
use std::sync::LazyLock;

use identity::Language;
use letters::Texts;

use crate::check::{Area, Check};
use crate::outcome::{Outcome, State, Why};

static ENGLISH: LazyLock<HashMap<String, String>> = LazyLock::new(|| Texts::read(include_str!("../texts/en.toml")));
static CHINESE: LazyLock<HashMap<String, String>> = LazyLock::new(|| Texts::read(include_str!("../texts/zh.toml")));

/// The catalogue in `language`.
pub(crate) fn texts(language: Language) -> Texts {
    Texts::over(match language {
        Language::English => &ENGLISH,
        Language::Chinese => &CHINESE,
    })
}

/// What is true when the check passes.
#[must_use]
pub fn name_of(check: Check, language: Language) -> String {
    texts(language).say(&format!("check-{check}"), &[])
}

/// The name of an area.
#[must_use]
pub fn area_name(area: Area, language: Language) -> String {
    texts(language).say(&format!("area-{area}"), &[])
}

/// A state in words.
#[must_use]
pub fn state_name(state: State, language: Language) -> String {
    texts(language).say(&format!("state-{state}"), &[])
}

/// What a figure is of.
#[must_use]
pub fn figure_name(figure: &str, language: Language) -> String {
    texts(language).say(&format!("figure-{figure}"), &[])
}

/// A reason as a sentence.
#[must_use]
pub fn sentence(why: &Why, language: Language) -> String {
    let values: Vec<(&str, &str)> = why.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    texts(language).say(&format!("why-{}", why.key), &values)
}

/// Why `check` came out so: a sentence for each reason, or what is true since it passed.
#[must_use]
pub fn sentences(check: Check, outcome: &Outcome, language: Language) -> Vec<String> {
    match outcome {
        Outcome::Passed(_) => vec![name_of(check, language)],
        _ => outcome.why().iter().map(|why| sentence(why, language)).collect(),
    }
}

/// A text of reports and of the overview.
pub(crate) fn say(language: Language, key: &str, values: &[(&str, &str)]) -> String {
    texts(language).say(key, values)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }

    /// Whether both languages say `key`.
    pub(crate) fn is_said(key: &str) -> bool {
        ENGLISH.contains_key(key) && CHINESE.contains_key(key)
    }

    /// Whether the sentence `key` has a place for `name`.
    pub(crate) fn has_place(key: &str, name: &str) -> bool {
        ENGLISH.get(key).is_some_and(|text| places(text).contains(name))
    }

    #[test]
    fn both_languages_say_the_same() {
        assert!(!ENGLISH.is_empty());
        for (key, text) in &*ENGLISH {
            let other = CHINESE.get(key).unwrap_or_else(|| panic!("{key} has no Chinese text"));
            assert_eq!(places(text), places(other), "{key}");
            assert_ne!(text, other, "{key} is not translated");
        }
        assert_eq!(ENGLISH.len(), CHINESE.len());
    }

    #[test]
    fn checks_areas_and_states_are_said() {
        for check in Check::ALL {
            assert!(is_said(&format!("check-{check}")), "{check}");
        }
        for area in Area::ALL {
            assert!(is_said(&format!("area-{area}")), "{area}");
        }
        for state in State::ALL {
            assert!(is_said(&format!("state-{state}")), "{state}");
        }
    }
}
