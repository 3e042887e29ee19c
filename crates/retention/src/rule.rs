//! Rules as they are kept: sealed under the organisation's key, as folders and people are named in them.

use env::{Outlook, Timestamp};
use identity::IdentityError;
use mailbox::{MailboxError, Name};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{StoreError, Tx, params};

/// Rules of one organisation.
pub const RULES_MAX: usize = 100;

/// The most days for which a rule can let mail stay.
pub const DAYS_MAX: u32 = 36_500;

/// Octets of a text in a rule.
const TEXT_BYTES_MAX: usize = 500;

/// MiB beyond which no message is.
const MIB_MAX: u32 = 1_024;

const DETAIL: &str = "retention.rule";

/// A rule: mail for which all conditions hold is removed after some days in its folder.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rule {
    /// What it is called; another rule of that name is replaced.
    pub name: String,
    /// In this folder or below it: a path, or what the folder is for, such as Trash or Junk.
    #[serde(default)]
    pub folder: Option<String>,
    /// With this label, or another keyword.
    #[serde(default)]
    pub label: Option<String>,
    /// From this address or domain.
    #[serde(default)]
    pub from: Option<String>,
    /// Larger than so many MiB.
    #[serde(default)]
    pub larger_mib: Option<u32>,
    /// In mailboxes of the members of the group with this address.
    #[serde(default)]
    pub group: Option<String>,
    /// After so many days in its folder.
    pub days: u32,
    /// Flagged mail (a star) too, which else stays.
    #[serde(default)]
    pub flagged_too: bool,
    /// Whether it is carried out; else it can only be tried.
    pub enabled: bool,
    /// Who set it.
    #[serde(default)]
    pub by: String,
}

/// A rule that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// When it was last carried out to the end.
    pub last_run: Option<Timestamp>,
    /// The rule.
    pub rule: Rule,
}

/// Why a rule is not kept or carried out.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mail of an account cannot be read or changed.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// People cannot be found, or what was done not be recorded.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The rule would hold for all mail.
    #[error(
        "the rule has no condition, so it would remove all mail; name a folder, a label, a sender, a size or a group"
    )]
    NoCondition,
    /// A part of the rule cannot be.
    #[error("{part} of the rule {cause}")]
    Part {
        /// Which one.
        part: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// There are as many as there may be.
    #[error("the organisation has {RULES_MAX} rules, which is as many as it may; remove one")]
    TooMany,
    /// The journal has as many as it may have.
    #[error("the journal has {max} rules in force, which is as many as it may; end one", max = crate::journal::JOURNAL_RULES_MAX)]
    TooManyOfJournal,
    /// The journal has no such rule.
    #[error("the journal has no rule {0:?} in force; see tradewind journal list")]
    NoJournalRule(String),
    /// There is no such rule.
    #[error("there is no retention rule {0:?}; see tradewind retention rule list")]
    NoRule(String),
}

impl RetentionError {
    /// Whether the same request can succeed later.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::Store(error) => error.outlook(),
            Self::Mailbox(error) => error.outlook(),
            Self::Identity(error) => error.outlook(),
            _ => Outlook::Permanent,
        }
    }
}

/// Refuses a rule that cannot be, or has no condition.
///
/// # Errors
/// [`RetentionError`] with the part that is wrong.
pub fn check(tx: &mut Tx<'_>, organisation: i64, rule: &Rule) -> Result<(), RetentionError> {
    let wrong = |part, cause: &str| Err(RetentionError::Part { part, cause: cause.to_owned() });
    let Rule { name, folder, label, from, larger_mib, group, days, .. } = rule;
    let texts = [("name", Some(name)), ("folder", folder.as_ref()), ("label", label.as_ref()), ("from", from.as_ref())];
    for (part, text) in texts.into_iter().chain([("group", group.as_ref())]) {
        if text.is_some_and(|text| text.trim().is_empty() || text.len() > TEXT_BYTES_MAX) {
            return wrong(part, "is empty or longer than 500 octets");
        }
    }
    if folder.is_none() && label.is_none() && from.is_none() && larger_mib.is_none() && group.is_none() {
        return Err(RetentionError::NoCondition);
    }
    if *days == 0 || *days > DAYS_MAX {
        return wrong("days", "must be from 1 to 36500");
    }
    if larger_mib.is_some_and(|mib| mib == 0 || mib > MIB_MAX) {
        return wrong("larger_mib", "must be from 1 to 1024");
    }
    if let Some(folder) = folder {
        Name::parse(folder).map_err(|error| RetentionError::Part { part: "folder", cause: error.to_string() })?;
    }
    if let Some(group) = group {
        match identity::groups::find_group(tx, group)? {
            Some(id) if identity::groups::load_group(tx, id)?.organisation == organisation => {}
            _ => return wrong("group", "is no group of the organisation"),
        }
    }
    Ok(())
}

/// Keeps a rule; one of the same name is replaced and starts anew. Gives its number.
///
/// # Errors
/// [`RetentionError`] if it cannot be, or there are too many.
pub fn set(tx: &mut Tx<'_>, organisation: i64, rule: &Rule) -> Result<i64, RetentionError> {
    check(tx, organisation, rule)?;
    let all = list(tx, organisation)?;
    let known = all.iter().find(|kept| kept.rule.name == rule.name);
    if known.is_none() && all.len() >= RULES_MAX {
        return Err(RetentionError::TooMany);
    }
    let id = known.map_or_else(|| tx.next_id(), |kept| kept.id);
    let detail = owned::seal(tx, Owner::Organisation(organisation), DETAIL, id, rule)?;
    tx.execute(
        "INSERT INTO retention_rule (organisation, id, last_run, at_account, detail) VALUES ($1, $2, 0, 0, $3)
         ON CONFLICT (organisation, id) DO UPDATE SET detail = excluded.detail, at_account = 0",
        params![organisation, id, &detail],
    )?;
    Ok(id)
}

/// The rules of an organisation, in the order in which they were made.
///
/// # Errors
/// [`RetentionError`] if one does not open.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Kept>, RetentionError> {
    let rows = tx.rows(
        "SELECT id, last_run, detail FROM retention_rule WHERE organisation = $1 ORDER BY id",
        params![organisation],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    let mut rules = Vec::with_capacity(rows.len());
    for (id, last_run, detail) in rows {
        let rule = owned::open(tx, Owner::Organisation(organisation), DETAIL, id, &detail)?;
        let last_run = (last_run != 0).then(|| Timestamp::from_millis(last_run));
        rules.push(Kept { id, last_run, rule });
    }
    Ok(rules)
}

/// The rule of that name.
///
/// # Errors
/// [`RetentionError::NoRule`].
pub fn load(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<Kept, RetentionError> {
    let found = list(tx, organisation)?.into_iter().find(|kept| kept.rule.name == name);
    found.ok_or_else(|| RetentionError::NoRule(name.to_owned()))
}

/// Removes the rule of that name.
///
/// # Errors
/// [`RetentionError::NoRule`].
pub fn remove(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), RetentionError> {
    let kept = load(tx, organisation, name)?;
    tx.execute("DELETE FROM retention_rule WHERE organisation = $1 AND id = $2", params![organisation, kept.id])?;
    Ok(())
}
