//! Labelled messages for training and measuring.
//!
//! A manifest is a table with tabs: a head line that names the columns, of which `path` and `label` are needed and `lang`, `source`
//! and `cluster` are used. A table of honest texts has no head: language, origin, text.

use crate::facts::Facts;
use crate::features::{Features, features};
use crate::rules::{Rules, Sums, inside};
use crate::templates::Library;

/// What somebody says a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// Wanted.
    Ham,
    /// Unwanted, in bulk.
    Spam,
    /// Wants to rob or to take over.
    Phish,
}

impl Label {
    /// The label of a word in a manifest.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "ham" | "honest" => Some(Self::Ham),
            "spam" => Some(Self::Spam),
            "phish" => Some(Self::Phish),
            _ => None,
        }
    }

    /// The word of a manifest.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ham => "ham",
            Self::Spam => "spam",
            Self::Phish => "phish",
        }
    }
}

/// A line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path of the message below the manifest's directory.
    pub path: String,
    /// What it is.
    pub label: Label,
    /// Language, as guessed by whoever made the manifest.
    pub language: String,
    /// Where it comes from.
    pub source: String,
    /// Messages of one campaign or thread share this.
    pub cluster: String,
}

/// Why a manifest cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// A column that is needed is not there.
    #[error(
        "line 1: has no column `{0}`; the head line names the columns, parted by tabs, `path` and `label` among them"
    )]
    Column(&'static str),
    /// A label that is none.
    #[error("line {0}: label `{1}` is none of ham, spam, phish")]
    Label(usize, String),
    /// Nothing in it.
    #[error("has no messages")]
    Empty,
}

impl ManifestError {
    /// The same text will never be read.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// Reads a manifest.
///
/// # Errors
/// When a column is missing or a label is none.
pub fn manifest(text: &str) -> Result<Vec<Entry>, ManifestError> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| names.iter().position(|known| *known == name);
    let path = column("path").ok_or(ManifestError::Column("path"))?;
    let label = column("label").ok_or(ManifestError::Column("label"))?;
    let (language, source, cluster) = (column("lang"), column("source"), column("cluster"));
    let mut entries = Vec::new();
    for (at, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |at: usize| cells.get(at).copied().unwrap_or_default();
        let named = |at: Option<usize>| at.map(cell).unwrap_or_default().to_owned();
        let word = cell(label);
        entries.push(Entry {
            path: cell(path).to_owned(),
            label: Label::of(word).ok_or_else(|| ManifestError::Label(at + 2, word.to_owned()))?,
            language: named(language),
            source: named(source),
            cluster: cluster.map_or_else(|| at.to_string(), |column| cell(column).to_owned()),
        });
    }
    if entries.is_empty() { Err(ManifestError::Empty) } else { Ok(entries) }
}

/// Reads a table of honest texts: language, origin, text, with `\n` for line breaks and marks of the program that fills them in.
#[must_use]
pub fn honest_texts(text: &str) -> Vec<(Entry, String)> {
    let line = |(at, line): (usize, &str)| {
        let mut cells = line.splitn(3, '\t');
        let (language, origin, text) = (cells.next()?, cells.next()?, cells.next()?);
        let entry = Entry {
            path: format!("line {}", at + 1),
            label: Label::Ham,
            language: language.to_owned(),
            source: origin.to_owned(),
            cluster: at.to_string(),
        };
        Some((entry, text.replace("\\n", "\n")))
    };
    text.lines().enumerate().filter_map(line).collect()
}

/// A labelled message, ready to be learned from or measured.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Where it stands.
    pub path: String,
    /// What it is.
    pub label: Label,
    /// Language that the manifest names, else the one that was found.
    pub shown_language: String,
    /// Language that was found in it.
    pub language: Option<String>,
    /// Where it comes from.
    pub source: String,
    /// Messages of one campaign or thread share this.
    pub cluster: String,
    /// Sources that are of one make.
    pub(crate) family: String,
    /// Was written for Tradewind.
    pub(crate) is_made: bool,
    pub(crate) features: Features,
    pub(crate) rules: Sums,
}

impl Sample {
    /// Takes out of a message what training and measuring need.
    #[must_use]
    pub fn of(entry: &Entry, facts: &Facts) -> Self {
        let found = facts.language.clone();
        let family = entry.source.split('_').next().unwrap_or_default().to_owned();
        Self {
            path: entry.path.clone(),
            label: entry.label,
            shown_language: if entry.language.is_empty() {
                found.clone().unwrap_or_default()
            } else {
                entry.language.clone()
            },
            language: found,
            source: entry.source.clone(),
            cluster: entry.cluster.clone(),
            family,
            is_made: false,
            features: features(facts),
            rules: Rules::shipped().sums(facts),
        }
    }

    /// With what templates and the look into attached files add, which the judge has and training has not.
    #[must_use]
    pub fn as_judged(mut self, facts: &Facts) -> Self {
        let known = Library::shipped().findings(facts);
        for finding in known.iter().chain(&inside::findings(facts)) {
            self.rules.spam += finding.spam;
            self.rules.phish += finding.phish;
        }
        self
    }

    /// Samples that share their weight in training.
    pub(crate) fn stratum(&self) -> String {
        if self.is_made { format!("{} {}", self.source, self.shown_language) } else { self.source.clone() }
    }
}
