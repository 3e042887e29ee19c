//! A rule file: TOML with lists of words, rules, and changes to rules of other files.
//!
//! ```toml
//! [words.voicemail]
//! en = "voicemail|voice message"
//! zh = "语音留言"
//!
//! [rule.voicemail-lure]
//! signal = "text"
//! spam = 0.2
//! phish = 0.9
//! when = "says(voicemail, click) and way and short"
//! en = "Lures with a voice message: {evidence}"
//! zh = "以语音留言引诱：{evidence}"
//! hits = ["New voicemail for you, click to listen: https://a.example/"]
//! misses = ["Our voicemail is out of order until Monday."]
//!
//! [change.casino]
//! off = true
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::findings::Signal;

/// Octets of one rule file.
const FILE_OCTETS_MAX: usize = 1024 * 1024;

/// A rule file with its name, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it is called in errors.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// What is wrong with a rule file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {what}")]
pub struct RuleError {
    /// Name of the file.
    pub file: String,
    /// Line, the first being 1.
    pub line: usize,
    /// What is wrong, and how it is put right.
    pub what: String,
}

impl RuleError {
    /// The same file will never be read.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// A file's content.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Book {
    /// Phrases by list and language.
    #[serde(default)]
    pub(super) words: BTreeMap<Spanned<String>, BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) rule: BTreeMap<Spanned<String>, Written>,
    #[serde(default)]
    pub(super) change: BTreeMap<Spanned<String>, Change>,
}

/// A rule as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) signal: Signal,
    #[serde(default)]
    pub(super) spam: f32,
    #[serde(default)]
    pub(super) phish: f32,
    pub(super) when: Spanned<String>,
    pub(super) en: String,
    pub(super) zh: String,
    #[serde(default)]
    pub(super) hits: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) misses: Vec<Spanned<String>>,
}

/// What a file changes about a rule of another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    /// The rule finds nothing.
    #[serde(default)]
    pub(super) off: bool,
    pub(super) spam: Option<f32>,
    pub(super) phish: Option<f32>,
}

impl Source {
    /// An error at an octet of this file.
    pub(super) fn error(&self, at: usize, what: impl Into<String>) -> RuleError {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|octet| **octet == b'\n').count() + 1;
        RuleError { file: self.name.clone(), line, what: what.into() }
    }

    /// Reads the file.
    pub(super) fn read(&self) -> Result<Book, RuleError> {
        if self.text.len() > FILE_OCTETS_MAX {
            return Err(self.error(0, format!("is larger than {FILE_OCTETS_MAX} octets; make several files of it")));
        }
        toml::from_str(&self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.error(at, format!("{}; see docs/rules.md for the form of a rule file", error.message()))
        })
    }

    /// An error at octet `at` of a value of several lines.
    pub(super) fn error_within(&self, value: &Spanned<String>, at: usize, what: &str) -> RuleError {
        let written = self.text.get(value.span()).unwrap_or_default();
        let opens_with_break = written.starts_with("'''\n") || written.starts_with("\"\"\"\n");
        let before = value.as_ref().get(..at).unwrap_or_default();
        let mut error = self.error(value.span().start, format!("character {}: {what}", before.chars().count() + 1));
        error.line += before.matches('\n').count() + usize::from(opens_with_break);
        error
    }
}
