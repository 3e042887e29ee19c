//! The store's own check: whether everything in it fits together.
//!
//! Counters are compared with the rows that they count, references with the objects that they name, every wrapped key is
//! opened; the deep check also opens every message, queued ones included, and compares all segments with their checksums. Each step
//! reads a snapshot of its own and changes nothing, so it may run beside the server. Memory stays bounded: pages of rows, one
//! message at a time, and sorting in temporary files.

pub(crate) mod contents;
mod keys;
mod rules;

use std::fmt;

use crate::migrate::{MIGRATIONS, Migration};
use crate::{Database, Store, StoreError, Tx};
use rules::{RULES, Rule};

/// Findings of one kind that are told; more say the same.
const FINDINGS_PER_RULE_MAX: usize = 20;

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that is broken.
    pub rule: &'static str,
    /// Where.
    pub object: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.rule)
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What does not fit, at most 20 of a kind; empty for a sound store.
    pub findings: Vec<Finding>,
    /// Accounts in the store.
    pub accounts: u64,
    /// Messages in the store; opened each, if the check was deep.
    pub messages: u64,
}

/// Checks the store; `deep` opens every message.
///
/// # Errors
/// [`StoreError`] if the store cannot be read. What does not fit is no error but a finding.
pub async fn run(store: &Store, deep: bool) -> Result<Report, StoreError> {
    let mut report = Report::default();
    if let Database::Sqlite(_) = &store.0.database {
        report.findings.extend(read_apart(store, sqlite_integrity).await?);
    }
    for rule in RULES {
        report.findings.extend(read_apart(store, move |tx| broken(tx, rule)).await?);
    }
    report.findings.extend(store.read(missing_steps).await?);
    report.findings.extend(keys::open_all(store).await?);
    report.findings.extend(contents::missing_segments(store).await?);
    if deep {
        report.findings.extend(contents::open_all(store).await?);
        report.findings.extend(contents::compare_segments(store).await?);
    }
    report.accounts = count(store, "SELECT COUNT(*) FROM account").await?;
    report.messages = count(store, "SELECT COUNT(*) FROM message").await?;
    Ok(report)
}

/// Reads with a connection of its own where sorting would else be done in memory.
pub(crate) async fn read_apart<T, F>(store: &Store, work: F) -> Result<T, StoreError>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    T: Send + 'static,
{
    match &store.0.database {
        Database::Sqlite(sqlite) => sqlite.read_apart(&store.0.context, work).await,
        Database::Postgres(_) => store.read(work).await,
    }
}

async fn count(store: &Store, sql: &'static str) -> Result<u64, StoreError> {
    let counted = store.read(move |tx| tx.row(sql, &[], |row| row.int(0))).await?;
    Ok(counted.unwrap_or(0).unsigned_abs())
}

/// Steps of the schema that were never taken.
fn missing_steps(tx: &mut Tx<'_>) -> Result<Vec<Finding>, StoreError> {
    let taken: Vec<i64> = tx.rows("SELECT version FROM schema_version", &[], |row| row.int(0))?;
    let missing = MIGRATIONS.iter().filter(|step| !taken.contains(&step.version));
    let finding = |step: &Migration| {
        let object = format!("schema {} {}", step.version, step.name);
        Finding { rule: "a step of the schema is missing", object }
    };
    Ok(missing.map(finding).collect())
}

fn broken(tx: &mut Tx<'_>, rule: &Rule) -> Result<Vec<Finding>, StoreError> {
    tx.rows(rule.query, &[], |row| {
        let object = format!("{} {} {}", rule.kind, row.int(0)?, row.int(1)?);
        Ok(Finding { rule: rule.says, object })
    })
}

pub(crate) fn sqlite_integrity(tx: &mut Tx<'_>) -> Result<Vec<Finding>, StoreError> {
    let lines = tx.rows("PRAGMA integrity_check(20)", &[], |row| Ok(row.text(0)?.to_owned()))?;
    let broken = lines.into_iter().filter(|line| line != "ok");
    Ok(broken.map(|line| Finding { rule: "the database file is damaged", object: line }).collect())
}

/// Goes through pages that `page` reads, each after the last key of the one before, and gathers what they find.
async fn by_pages<F>(store: &Store, page: F) -> Result<Vec<Finding>, StoreError>
where
    F: Fn(&mut Tx<'_>, &Store, (i64, i64)) -> Result<Page, StoreError> + Copy + Send + 'static,
{
    let mut findings = Vec::new();
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let reading = store.clone();
        let Page { found, last } = store.read(move |tx| page(tx, &reading, after)).await?;
        findings.extend(found);
        findings.truncate(FINDINGS_PER_RULE_MAX);
        match last {
            Some(last) => after = last,
            None => return Ok(findings),
        }
    }
}

/// What one page has shown, and the key of its last row if it had rows.
struct Page {
    found: Vec<Finding>,
    last: Option<(i64, i64)>,
}
