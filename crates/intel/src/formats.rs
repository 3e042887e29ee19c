//! The forms in which feeds come. Each is read as a stream of [`Entry`], bounded, and what cannot be understood is counted.

mod csv;
mod lines;
mod misp;
mod stix;

use std::io::{BufRead, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::never::{Never, Ruling};
use crate::set::EntrySet;

/// Octets of a feed in JSON; it is read as a whole.
const JSON_OCTETS_MAX: u64 = 64 << 20;

/// Octets of one line.
const LINE_OCTETS_MAX: usize = 16 * 1024;

/// A form of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One entry a line; `#` begins a comment. A table of hosts (`0.0.0.0 name`) is read, too.
    #[default]
    Lines,
    /// A table with commas whose first line names its columns (URLhaus, PhishTank).
    Csv,
    /// Events of MISP.
    Misp,
    /// A bundle of STIX 2.1.
    Stix,
}

impl Format {
    /// The form that a file has by its name: `.csv`, `.misp.json`, `.stix.json`, else lines.
    #[must_use]
    pub fn of_name(path: &Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        match name {
            name if name.ends_with(".csv") => Self::Csv,
            name if name.ends_with(".misp.json") => Self::Misp,
            name if name.ends_with(".stix.json") => Self::Stix,
            _ => Self::Lines,
        }
    }
}

/// What was read of a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Counts {
    /// Different entries that count.
    pub entries: u64,
    /// Entries about what is ours, a partner's or everybody's, or networks too wide.
    pub refused: u64,
    /// What could not be understood.
    pub unknown: u64,
    /// The first of these.
    pub first_unknown: String,
}

/// A feed that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It cannot be read to its end.
    #[error("cannot read it: {0}")]
    Io(#[from] std::io::Error),
    /// It is not of its form at all.
    #[error("is no {form}: {cause}")]
    Form {
        /// The form that it should have.
        form: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// Most of it is something else.
    #[error(
        "{unknown} of {all} entries cannot be understood, the first is \"{first}\"; is this the feed's address and form?"
    )]
    Foreign {
        /// Entries not understood.
        unknown: u64,
        /// All entries.
        all: u64,
        /// The first of them.
        first: String,
    },
    /// It has more entries than allowed.
    #[error("has more than {entries_max} entries (threats.entries_max)")]
    TooMany {
        /// The limit.
        entries_max: usize,
    },
    /// There is nothing in it.
    #[error("has no entries")]
    Empty,
}

/// Takes what a form finds.
pub(crate) struct Taker<'a> {
    never: &'a Never,
    set: EntrySet,
    counts: Counts,
    entries_max: usize,
}

impl Taker<'_> {
    /// Takes an entry, or what is none.
    fn take(&mut self, word: &str, entry: Option<Entry>) -> Result<(), FormatError> {
        let Some(entry) = entry else {
            self.counts.unknown += 1;
            if self.counts.first_unknown.is_empty() {
                self.counts.first_unknown = word.chars().filter(|c| !c.is_control()).take(80).collect();
            }
            return Ok(());
        };
        match self.never.rule(&entry) {
            Ruling::Refuses => self.counts.refused += 1,
            ruling => {
                if self.set.len() >= self.entries_max {
                    return Err(FormatError::TooMany { entries_max: self.entries_max });
                }
                self.set.add(&entry, ruling == Ruling::TakesExactly);
            }
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), FormatError> {
        self.take(word, crate::classify(word))
    }

    fn end(mut self) -> Result<(EntrySet, Counts), FormatError> {
        self.set.seal();
        let Counts { unknown, refused, .. } = self.counts;
        let taken = self.set.len() as u64;
        self.counts.entries = taken;
        if unknown > taken + refused {
            let first = self.counts.first_unknown;
            return Err(FormatError::Foreign { unknown, all: unknown + taken + refused, first });
        }
        if taken + refused == 0 { Err(FormatError::Empty) } else { Ok((self.set, self.counts)) }
    }
}

/// Reads a feed. `now` is the time in UTC as RFC 3339 writes it; what has ended by then is left out.
///
/// # Errors
/// [`FormatError`] for one that is damaged, empty, too large, or something else than a feed of this form.
pub(crate) fn read(
    source: &mut dyn BufRead,
    format: Format,
    never: &Never,
    (seed, entries_max): (u64, usize),
    now: &str,
) -> Result<(EntrySet, Counts), FormatError> {
    let mut taker = Taker { never, set: EntrySet::new(seed), counts: Counts::default(), entries_max };
    match format {
        Format::Lines => lines::read(source, &mut taker)?,
        Format::Csv => csv::read(source, &mut taker)?,
        Format::Misp => misp::read(&json(source, "MISP")?, &mut taker)?,
        Format::Stix => stix::read(&json(source, "STIX bundle")?, now, &mut taker)?,
    }
    taker.end()
}

fn json(source: &mut dyn BufRead, form: &'static str) -> Result<serde_json::Value, FormatError> {
    let mut octets = Vec::new();
    source.take(JSON_OCTETS_MAX + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > JSON_OCTETS_MAX {
        return Err(FormatError::Form { form, cause: format!("is larger than {JSON_OCTETS_MAX} octets") });
    }
    serde_json::from_slice(&octets).map_err(|error| FormatError::Form { form, cause: error.to_string() })
}

/// Hands each line over, without its end; one that is too long is cut.
fn each_line(source: &mut dyn BufRead, mut to: impl FnMut(&str) -> Result<(), FormatError>) -> Result<(), FormatError> {
    let mut line: Vec<u8> = Vec::new();
    loop {
        let (used, is_end) = {
            let octets = source.fill_buf()?;
            if octets.is_empty() {
                break;
            }
            let end = octets.iter().position(|octet| *octet == b'\n');
            let part = octets.get(..end.unwrap_or(octets.len())).unwrap_or_default();
            line.extend(part.iter().take(LINE_OCTETS_MAX.saturating_sub(line.len())));
            (end.map_or(octets.len(), |end| end + 1), end.is_some())
        };
        source.consume(used);
        if is_end {
            to(String::from_utf8_lossy(&line).trim())?;
            line.clear();
        }
    }
    to(String::from_utf8_lossy(&line).trim())
}

#[cfg(test)]
mod tests;
