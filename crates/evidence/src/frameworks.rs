//! Standards and laws as data: their items, which checks show each, and what a person has to show.
//!
//! Titles are our own words; the texts of the standards are not here. Where an item has a person's part it never passes by itself: the program says how its own part
//! stands, and what the person is to show.

use std::sync::LazyLock;

use identity::Language;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::EvidenceError;
use crate::check::Check;
use crate::kept::Known;
use crate::outcome::{Reading, State};
use crate::say::{name_of, sentences};

/// Rows that one page gives at most.
pub const PAGE_MAX: u32 = 200;

env::words! {
    /// A standard or a law.
    Framework "framework" allowed "iso27001, gdpr, csl, pipl, mlps3" {
        /// ISO/IEC 27001:2022, Annex A.
        Iso27001 = "iso27001",
        /// Regulation (EU) 2016/679.
        Gdpr = "gdpr",
        /// 网络安全法.
        Csl = "csl",
        /// 个人信息保护法.
        Pipl = "pipl",
        /// GB/T 22239-2019, level 3 (等保 2.0 三级).
        Mlps3 = "mlps3",
    }
}

/// Two languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Words {
    /// In `language`.
    #[must_use]
    pub fn of(&self, language: Language) -> &str {
        match language {
            Language::English => &self.en,
            Language::Chinese => &self.zh,
        }
    }
}

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number in the standard.
    pub code: String,
    /// What it is about, in our own words.
    pub title: Words,
    /// The checks that show it.
    pub checks: Vec<Check>,
    /// What a person has to show besides.
    pub person: Option<Words>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Words,
    items: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    en: String,
    zh: String,
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    person: Option<Words>,
}

type Read = Result<(Words, Vec<Item>), String>;

fn read(source: &str) -> Read {
    let file: File = toml::from_str(source).map_err(|error| error.to_string())?;
    let item = |row: Row| {
        let checks = row.checks.iter().map(|word| word.parse::<Check>().map_err(|error| error.to_string()));
        Ok(Item {
            checks: checks.collect::<Result<_, String>>()?,
            title: Words { en: row.en, zh: row.zh },
            code: row.code,
            person: row.person,
        })
    };
    Ok((file.name, file.items.into_iter().map(item).collect::<Result<_, String>>()?))
}

static ISO: LazyLock<Read> = LazyLock::new(|| read(include_str!("../data/iso27001.toml")));
static GDPR: LazyLock<Read> = LazyLock::new(|| read(include_str!("../data/gdpr.toml")));
static CSL: LazyLock<Read> = LazyLock::new(|| read(include_str!("../data/csl.toml")));
static PIPL: LazyLock<Read> = LazyLock::new(|| read(include_str!("../data/pipl.toml")));
static MLPS: LazyLock<Read> = LazyLock::new(|| read(include_str!("../data/mlps3.toml")));

impl Framework {
    fn data(self) -> Result<&'static (Words, Vec<Item>), EvidenceError> {
        let read: &'static Read = match self {
            Self::Iso27001 => &ISO,
            Self::Gdpr => &GDPR,
            Self::Csl => &CSL,
            Self::Pipl => &PIPL,
            Self::Mlps3 => &MLPS,
        };
        read.as_ref().map_err(|cause| EvidenceError::Data { framework: self.as_str(), cause: cause.clone() })
    }

    /// Its items, in the order of the standard.
    ///
    /// # Errors
    /// [`EvidenceError::Data`] if they cannot be read.
    pub fn items(self) -> Result<&'static [Item], EvidenceError> {
        Ok(&self.data()?.1)
    }

    /// What it is called.
    ///
    /// # Errors
    /// [`EvidenceError::Data`] as for [`Self::items`].
    pub fn name(self, language: Language) -> Result<&'static str, EvidenceError> {
        Ok(self.data()?.0.of(language))
    }
}

/// What is listed: items of a framework, or the checks themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// The checks.
    Checks,
    /// The items of a framework.
    Items(Framework),
}

impl Listed {
    /// Reads a word; nothing and "checks" are the checks.
    ///
    /// # Errors
    /// [`EvidenceError::NoFramework`].
    pub fn parse(word: Option<&str>) -> Result<Self, EvidenceError> {
        match word.map(str::trim) {
            None | Some("" | "checks") => Ok(Self::Checks),
            Some(word) => word.parse().map(Self::Items).map_err(|_| EvidenceError::NoFramework(word.to_owned())),
        }
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Items(framework) => framework.as_str(),
        }
    }
}

/// How an item stands, from how its checks do. It passes only by checks that have, and only where no person has a part.
#[must_use]
pub fn state_of(item: &Item, stand: &[(Check, Known)]) -> State {
    let states: Vec<State> = checks_of(item, stand).map(|(_, known)| known.outcome.state()).collect();
    if states.contains(&State::Failed) {
        State::Failed
    } else if item.person.is_some() || states.is_empty() || states.contains(&State::NeedsPerson) {
        State::NeedsPerson
    } else {
        State::Passed
    }
}

fn checks_of<'s>(item: &'s Item, stand: &'s [(Check, Known)]) -> impl Iterator<Item = &'s (Check, Known)> {
    stand.iter().filter(|(check, _)| item.checks.contains(check))
}

/// A check as it is shown.
#[must_use]
pub fn shown_check((check, known): &(Check, Known), language: Language) -> Value {
    let figures = |reading: &Reading| {
        json!({
            "figure": reading.figure(), "name": crate::figure_name(reading.figure(), language),
            "value": reading.value(), "source": reading.source(),
        })
    };
    let mend = check.mend().iter().map(|mend| {
        let (kind, name) = mend.words();
        json!({ "kind": kind, "name": name })
    });
    json!({
        "check": check.as_str(),
        "title": name_of(*check, language),
        "area": check.area().as_str(),
        "state": known.outcome.state().as_str(),
        "why": sentences(*check, &known.outcome, language),
        "figures": known.outcome.readings().iter().map(figures).collect::<Vec<_>>(),
        "looked": known.at.to_string(),
        "since": known.since.to_string(),
        "mend": mend.collect::<Vec<_>>(),
    })
}

/// An item as it is shown, with its checks.
#[must_use]
pub fn shown_item(item: &Item, stand: &[(Check, Known)], language: Language) -> Value {
    let checks: Vec<Value> = checks_of(item, stand).map(|one| shown_check(one, language)).collect();
    json!({
        "item": item.code,
        "title": item.title.of(language),
        "state": state_of(item, stand).as_str(),
        "person": item.person.as_ref().map(|words| words.of(language)),
        "checks": checks,
    })
}

/// A row of the list: as shown, but for the figures.
fn short(mut row: Value) -> Value {
    let checks = row.get_mut("checks").and_then(Value::as_array_mut);
    for check in checks.into_iter().flatten().filter_map(Value::as_object_mut) {
        check.retain(|name, _| matches!(name.as_str(), "check" | "state" | "why"));
    }
    row
}

/// A page of what is listed, and how many there are of each state.
///
/// # Errors
/// [`EvidenceError::NoCursor`], [`EvidenceError::Limit`], or [`EvidenceError::Data`].
pub fn page(
    listed: Listed,
    stand: &[(Check, Known)],
    (state, language): (Option<State>, Language),
    (cursor, limit): (Option<&str>, u32),
) -> Result<Value, EvidenceError> {
    let limit = match limit {
        1..=PAGE_MAX => limit as usize,
        other => return Err(EvidenceError::Limit(other)),
    };
    let from: usize = match cursor {
        None | Some("") => 0,
        Some(text) => text.parse().map_err(|_| EvidenceError::NoCursor(text.to_owned()))?,
    };
    let all: Vec<(State, Value)> = match listed {
        Listed::Checks => stand.iter().map(|one| (one.1.outcome.state(), shown_check(one, language))).collect(),
        Listed::Items(framework) => {
            let row = |item: &Item| (state_of(item, stand), short(shown_item(item, stand, language)));
            framework.items()?.iter().map(row).collect()
        }
    };
    let count = |wanted: State| all.iter().filter(|(state, _)| *state == wanted).count();
    let counts = json!({
        "passed": count(State::Passed), "failed": count(State::Failed), "needs-a-person": count(State::NeedsPerson),
    });
    let (mut rows, mut next) = (Vec::new(), None);
    for (at, (found, row)) in all.into_iter().enumerate().skip(from) {
        if state.is_some_and(|state| state != found) {
            continue;
        }
        if rows.len() == limit {
            next = Some(at.to_string());
            break;
        }
        rows.push(row);
    }
    Ok(json!({ "framework": listed.word(), "counts": counts, "rows": rows, "cursor": next }))
}

/// The item of that number.
///
/// # Errors
/// [`EvidenceError::NoItem`], or [`EvidenceError::Data`].
pub fn item(framework: Framework, code: &str) -> Result<&'static Item, EvidenceError> {
    let found = framework.items()?.iter().find(|item| item.code.eq_ignore_ascii_case(code.trim()));
    found.ok_or_else(|| EvidenceError::NoItem { framework: framework.to_string(), item: code.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_item_has_both_languages_and_shows_something() {
        for &framework in Framework::ALL {
            let items = framework.items().unwrap();
            let mut codes = BTreeSet::new();
            for item in items {
                let place = format!("{framework} {}", item.code);
                assert!(codes.insert(&item.code), "{place} stands twice");
                for words in [Some(&item.title), item.person.as_ref()].into_iter().flatten() {
                    assert!(words.en.trim().len() > 3 && words.zh.trim().chars().count() > 1, "{place}");
                    assert!(words.en.is_ascii(), "{place}: {}", words.en);
                    assert!(words.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{place}: {}", words.zh);
                }
                assert!(!item.checks.is_empty() || item.person.is_some(), "{place} shows nothing");
                let distinct: BTreeSet<_> = item.checks.iter().collect();
                assert_eq!(distinct.len(), item.checks.len(), "{place} names a check twice");
            }
            assert!(framework.name(Language::English).unwrap() != framework.name(Language::Chinese).unwrap());
        }
    }

    #[test]
    fn annex_a_is_whole() {
        let codes: Vec<String> = Framework::Iso27001.items().unwrap().iter().map(|item| item.code.clone()).collect();
        let themes = [(5, 37), (6, 8), (7, 14), (8, 34)];
        let wanted: Vec<String> = themes
            .iter()
            .flat_map(|(theme, last)| (1..=*last).map(move |number| format!("A.{theme}.{number}")))
            .collect();
        assert_eq!(codes, wanted);
        assert_eq!(codes.len(), 93);
    }

    #[test]
    fn the_articles_that_are_asked_for_are_there() {
        let has = |framework: Framework, codes: &[&str]| {
            for code in codes {
                assert!(item(framework, code).is_ok(), "{framework} {code}");
            }
        };
        has(
            Framework::Gdpr,
            &["5", "15", "16", "17", "18", "19", "20", "21", "22", "24", "25", "28", "30", "32", "33", "34"],
        );
        has(Framework::Gdpr, &["44", "45", "46", "47", "48", "49"]);
        has(Framework::Csl, &["21", "22", "24", "25", "37", "40", "41", "42", "43"]);
        has(Framework::Pipl, &["13", "17", "38", "39", "40", "44", "45", "46", "47", "48", "49", "50"]);
        has(Framework::Pipl, &["51", "52", "54", "55", "56", "57"]);
        has(Framework::Mlps3, &["8.1.2.2", "8.1.4.1", "8.1.4.2", "8.1.4.3", "8.1.4.9", "8.1.5.1", "8.1.5.4"]);
    }

    #[test]
    fn every_check_shows_something() {
        let mut shown = BTreeSet::new();
        for &framework in Framework::ALL {
            shown.extend(framework.items().unwrap().iter().flat_map(|item| item.checks.clone()));
        }
        let unshown: Vec<_> = Check::ALL.iter().filter(|check| !shown.contains(check)).collect();
        assert!(unshown.is_empty(), "{unshown:?}");
    }
}
