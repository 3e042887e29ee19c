//! A report: how everything stands at one moment, as a document that is signed with the audit log's key.

use audit::PublicKey;
use crypto::hash::sha256;
use identity::Language;
use serde_json::{Value, json};
use store::{StoreError, Tx};

use crate::check::Check;
use crate::frameworks::{Listed, shown_check, shown_item, state_of};
use crate::kept::Known;
use crate::outcome::State;
use crate::say::{say, sentences, state_name};
use crate::{EvidenceError, Surroundings, name_of};

/// First line of the text that is signed. No log has such a name.
const TITLE: &str = "tradewind evidence";

/// What a report is of.
#[derive(Debug, Clone)]
pub struct Report {
    /// What is listed.
    pub listed: Listed,
    /// Name of the organisation; none for all.
    pub organisation: Option<String>,
    /// The moment, as text.
    pub made: String,
    /// The newest checkpoint of the audit log then, by which the moment can be held to.
    pub checkpoint: Option<String>,
    /// How all checks stood.
    pub stand: Vec<(Check, Known)>,
}

/// A table for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its title.
    pub title: String,
    /// Names of its columns.
    pub head: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

impl Report {
    /// The document for programs, in `language`.
    ///
    /// # Errors
    /// [`EvidenceError::Data`] if a framework cannot be read.
    pub fn json(&self, around: &Surroundings, language: Language) -> Result<Value, EvidenceError> {
        let items: Vec<Value> = match self.listed {
            Listed::Checks => Vec::new(),
            Listed::Items(framework) => {
                framework.items()?.iter().map(|item| shown_item(item, &self.stand, language)).collect()
            }
        };
        let checks: Vec<Value> = self.stand.iter().map(|one| shown_check(one, language)).collect();
        let (passed, failed, person) = self.counts()?;
        Ok(json!({
            "title": self.title(language)?,
            "host": around.hostname,
            "program": around.program,
            "organisation": self.organisation,
            "framework": self.listed.word(),
            "made": self.made,
            "counts": { "passed": passed, "failed": failed, "needs-a-person": person },
            "checkpoint": self.checkpoint,
            "items": items,
            "checks": checks,
        }))
    }

    /// What it is called.
    ///
    /// # Errors
    /// [`EvidenceError::Data`] if a framework cannot be read.
    pub fn title(&self, language: Language) -> Result<String, EvidenceError> {
        let of = match self.listed {
            Listed::Checks => say(language, "report-checks", &[]),
            Listed::Items(framework) => framework.name(language)?.to_owned(),
        };
        Ok(say(language, "report-title", &[("of", &of)]))
    }

    fn counts(&self) -> Result<(usize, usize, usize), EvidenceError> {
        let states: Vec<State> = match self.listed {
            Listed::Checks => self.stand.iter().map(|(_, known)| known.outcome.state()).collect(),
            Listed::Items(framework) => framework.items()?.iter().map(|item| state_of(item, &self.stand)).collect(),
        };
        let count = |wanted: State| states.iter().filter(|state| **state == wanted).count();
        Ok((count(State::Passed), count(State::Failed), count(State::NeedsPerson)))
    }

    /// Text before the tables, for people.
    ///
    /// # Errors
    /// [`EvidenceError::Data`] if a framework cannot be read.
    pub fn paragraphs(&self, around: &Surroundings, language: Language) -> Result<Vec<String>, EvidenceError> {
        let (passed, failed, person) = self.counts()?;
        let whose = self.organisation.clone().unwrap_or_else(|| say(language, "report-all", &[]));
        let text = say(
            language,
            "report-facts",
            &[
                ("host", &around.hostname),
                ("program", around.program),
                ("organisation", &whose),
                ("made", &self.made),
                ("passed", &passed.to_string()),
                ("failed", &failed.to_string()),
                ("person", &person.to_string()),
            ],
        );
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The tables for people: the items, if there are any, and the checks with what was read.
    ///
    /// # Errors
    /// [`EvidenceError::Data`] if a framework cannot be read.
    pub fn tables(&self, language: Language) -> Result<Vec<Table>, EvidenceError> {
        let heads =
            |keys: &[&str]| keys.iter().map(|key| say(language, &format!("head-{key}"), &[])).collect::<Vec<_>>();
        let mut tables = Vec::new();
        if let Listed::Items(framework) = self.listed {
            let row = |item: &crate::frameworks::Item| {
                let checks: Vec<String> = item.checks.iter().map(ToString::to_string).collect();
                vec![
                    item.code.clone(),
                    item.title.of(language).to_owned(),
                    state_name(state_of(item, &self.stand), language),
                    checks.join(", "),
                    item.person.as_ref().map(|words| words.of(language).to_owned()).unwrap_or_default(),
                ]
            };
            tables.push(Table {
                title: framework.name(language)?.to_owned(),
                head: heads(&["item", "title", "state", "checks", "person"]),
                rows: framework.items()?.iter().map(row).collect(),
            });
        }
        let figures = |known: &Known| {
            let told = known.outcome.readings().iter().map(|reading| {
                let value = reading.value().as_str().map_or_else(|| reading.value().to_string(), str::to_owned);
                format!("{}: {value} ({})", crate::figure_name(reading.figure(), language), reading.source())
            });
            told.collect::<Vec<_>>().join("; ")
        };
        let row = |(check, known): &(Check, Known)| {
            vec![
                check.to_string(),
                name_of(*check, language),
                state_name(known.outcome.state(), language),
                known.at.to_string(),
                match known.outcome.state() {
                    State::Passed => String::new(),
                    _ => sentences(*check, &known.outcome, language).join(" "),
                },
                figures(known),
            ]
        };
        tables.push(Table {
            title: say(language, "report-checks", &[]),
            head: heads(&["check", "title", "state", "looked", "why", "figures"]),
            rows: self.stand.iter().map(row).collect(),
        });
        Ok(tables)
    }
}

/// SHA-256 of a document, in hexadecimal.
fn digest(document: &[u8]) -> String {
    sha256(document).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Signs a note that names `documents`, each by its file's name, and their digests; that it is signed, and for whom, is recorded in this transaction.
///
/// # Errors
/// [`EvidenceError::NoKey`] before the audit log has its key, or [`EvidenceError`] if the store fails.
pub fn sign(
    tx: &mut Tx<'_>,
    (organisation, account): (i64, Option<i64>),
    host: &str,
    documents: &[(String, Vec<u8>)],
) -> Result<String, EvidenceError> {
    let mut text = format!("{TITLE}\n{host}\n");
    for (file, document) in documents {
        text.push_str(&format!("sha256 {} {file}\n", digest(document)));
    }
    let files: Vec<&str> = documents.iter().map(|(file, _)| file.as_str()).collect();
    let about = files.join(", ");
    identity::rights::sign_paper(tx, (organisation, account), &about, &text)?.ok_or(EvidenceError::NoKey)
}

/// Verifies with nothing but the public key that `document` is one of those that the note names; gives the name of its file.
#[must_use]
pub fn verify(document: &[u8], note: &[u8], key: &PublicKey) -> Option<String> {
    let text = String::from_utf8(key.open(note)?).ok()?;
    let mut lines = text.lines();
    if lines.next() != Some(TITLE) {
        return None;
    }
    let wanted = format!("sha256 {} ", digest(document));
    lines.find_map(|line| line.strip_prefix(&wanted).map(str::to_owned))
}

/// The newest checkpoint, for [`Report::checkpoint`].
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn checkpoint(tx: &mut Tx<'_>) -> Result<Option<String>, StoreError> {
    Ok(audit::checkpoint(tx)?.map(|(_, note)| note))
}
