//! Rules and marked documents as they are kept: sealed under the organisation's key, as they name people, partners and what is secret.

use env::Timestamp;
use identity::{IdentityError, Level};
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Tx, params};

use crate::check::check_reached;
use crate::rule::{Action, Condition, Direction, Mode, People, Rule};
use crate::shingles::{self, HASHES_MAX, HASHES_MIN};
use crate::{MARKS_MAX, NAME_CHARS_MAX, OutboundError, RULES_MAX};

const RULE: &str = "outbound_rule.detail";
const MARK: &str = "outbound_mark.detail";

/// A marked document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What it is called.
    pub name: String,
    /// When it was marked.
    pub at: Timestamp,
    /// Hashes of runs of its words.
    pub hashes: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct MarkDetail {
    name: String,
    hashes: Vec<u64>,
}

/// A number that is another after each change of the rules or marks; 0 as long as there were none.
///
/// # Errors
/// If the store fails.
pub(crate) fn revision(tx: &mut Tx<'_>, organisation: i64) -> Result<i64, OutboundError> {
    let sql = "SELECT revision FROM outbound_policy WHERE organisation = $1";
    Ok(tx.row(sql, params![organisation], |row| row.int(0))?.unwrap_or(0))
}

fn note_change(tx: &mut Tx<'_>, organisation: i64) -> Result<(), OutboundError> {
    let revision = tx.next_id();
    tx.execute(
        "INSERT INTO outbound_policy (organisation, revision) VALUES ($1, $2)
         ON CONFLICT (organisation) DO UPDATE SET revision = excluded.revision",
        params![organisation, revision],
    )?;
    Ok(())
}

fn numbered_rules(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<(i64, Rule)>, OutboundError> {
    let rows = tx.rows(
        "SELECT id, detail FROM outbound_rule WHERE organisation = $1 ORDER BY id",
        params![organisation],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let mut all = Vec::with_capacity(rows.len());
    for (id, sealed) in rows {
        all.push((id, owned::open(tx, Owner::Organisation(organisation), RULE, id, &sealed)?));
    }
    Ok(all)
}

/// The rules of an organisation, in the order in which they are asked.
///
/// # Errors
/// If the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Rule>, OutboundError> {
    let mut rules: Vec<Rule> = numbered_rules(tx, organisation)?.into_iter().map(|(_, rule)| rule).collect();
    rules.sort_by(|one, other| (one.priority, &one.name).cmp(&(other.priority, &other.name)));
    Ok(rules)
}

/// The name of the rule that ships; one of this name takes its place.
pub const SHIPPED: &str = "look-alike recipients";

/// The rule that ships: a recipient who looks like somebody else is told to whoever writes to him; at the level `basic` it only watches.
#[must_use]
pub fn shipped(level: Level) -> Rule {
    Rule {
        name: SHIPPED.to_owned(),
        priority: 200,
        mode: if level == Level::Basic { Mode::Audit } else { Mode::Enforce },
        direction: Direction::Outside,
        scope: People::default(),
        when: Condition::LookalikeRecipient(true),
        unless: None,
        actions: vec![Action::Warn],
        stop: false,
    }
}

/// The rules of an organisation with the one that ships, in the order in which they are asked.
///
/// # Errors
/// If the store fails.
pub fn in_force(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Rule>, OutboundError> {
    let mut rules = list(tx, organisation)?;
    if !rules.iter().any(|rule| rule.name == SHIPPED) {
        rules.push(shipped(identity::level_of(tx, organisation)?));
        rules.sort_by(|one, other| (one.priority, &one.name).cmp(&(other.priority, &other.name)));
    }
    Ok(rules)
}

/// Keeps a rule in place of one of the same name.
///
/// # Errors
/// [`OutboundError::Impossible`] if it cannot be, names people that are not there, or is never asked; [`OutboundError::TooManyRules`].
pub fn set(tx: &mut Tx<'_>, organisation: i64, rule: &Rule) -> Result<(), OutboundError> {
    rule.check()?;
    check_names(tx, organisation, rule)?;
    let all = numbered_rules(tx, organisation)?;
    let known = all.iter().find(|(_, it)| it.name == rule.name).map(|(id, _)| *id);
    if known.is_none() && all.len() >= RULES_MAX {
        return Err(OutboundError::TooManyRules);
    }
    let mut after: Vec<Rule> = all.into_iter().map(|(_, it)| it).filter(|it| it.name != rule.name).collect();
    check_reached(rule, &after)?;
    // What was reached before must be so still.
    after.push(rule.clone());
    for other in &after {
        check_reached(other, std::slice::from_ref(rule))?;
    }
    let id = known.unwrap_or_else(|| tx.next_id());
    let sealed = owned::seal(tx, Owner::Organisation(organisation), RULE, id, rule)?;
    tx.execute(
        "INSERT INTO outbound_rule (organisation, id, detail) VALUES ($1, $2, $3)
         ON CONFLICT (organisation, id) DO UPDATE SET detail = excluded.detail",
        params![organisation, id, &sealed],
    )?;
    note_change(tx, organisation)
}

/// Takes the rule of that name away.
///
/// # Errors
/// [`OutboundError::NoRule`].
pub fn remove(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), OutboundError> {
    let found = numbered_rules(tx, organisation)?.into_iter().find(|(_, rule)| rule.name == name);
    let (id, _) = found.ok_or_else(|| OutboundError::NoRule(name.to_owned()))?;
    tx.execute("DELETE FROM outbound_rule WHERE organisation = $1 AND id = $2", params![organisation, id])?;
    note_change(tx, organisation)
}

/// Refuses names of people, groups and marks that are not there.
fn check_names(tx: &mut Tx<'_>, organisation: i64, rule: &Rule) -> Result<(), OutboundError> {
    let mut people: Vec<(String, &People)> = vec![("scope".to_owned(), &rule.scope)];
    let mut marks: Vec<&String> = Vec::new();
    for (field, condition) in [("when", Some(&rule.when)), ("unless", rule.unless.as_ref())] {
        if let Some(condition) = condition {
            named(field, condition, &mut people, &mut marks);
        }
    }
    for (at, action) in rule.actions.iter().enumerate() {
        if let Action::Approve(approve) = action {
            people.push((format!("actions[{at}].approve.by"), &approve.by));
        }
    }
    for (field, people) in people {
        for address in &people.accounts {
            let is_ours = match identity::resolve(tx, address) {
                Ok(identity::Resolution::Local(found)) => found.organisation == organisation,
                Err(error @ IdentityError::Store(_)) => return Err(error.into()),
                _ => false,
            };
            if !is_ours {
                let cause = format!("names {address}, which is no account of the organisation");
                return Err(OutboundError::Impossible { field: format!("{field}.accounts"), cause });
            }
        }
        for group in &people.groups {
            if !has_group(tx, organisation, group)? {
                let cause = format!("names {group:?}, which is no group of the organisation; see tradewind group list");
                return Err(OutboundError::Impossible { field: format!("{field}.groups"), cause });
            }
        }
    }
    for name in marks {
        if !list_marks(tx, organisation)?.iter().any(|mark| mark.name == *name) {
            let cause =
                format!("names the marked document {name:?}, which is not there; mark it: tradewind outbound mark add");
            return Err(OutboundError::Impossible { field: "fingerprint.marks".to_owned(), cause });
        }
    }
    Ok(())
}

fn named<'a>(
    field: &str,
    condition: &'a Condition,
    people: &mut Vec<(String, &'a People)>,
    marks: &mut Vec<&'a String>,
) {
    match condition {
        Condition::All(list) | Condition::Any(list) => list.iter().for_each(|it| named(field, it, people, marks)),
        Condition::Not(inner) => named(field, inner, people, marks),
        Condition::Sender(found) => people.push((format!("{field}.sender"), found)),
        Condition::Fingerprint(fingerprint) => marks.extend(&fingerprint.marks),
        _ => {}
    }
}

fn has_group(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<bool, OutboundError> {
    let mut after = 0;
    loop {
        let page = identity::groups::list_groups(tx, organisation, after, identity::PAGE_MAX)?;
        let Some(last) = page.last() else { return Ok(false) };
        after = last.id;
        let is_meant = |group: &identity::groups::Group| {
            group.name.eq_ignore_ascii_case(name)
                || group.address.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(name))
        };
        if page.iter().any(is_meant) {
            return Ok(true);
        }
    }
}

/// Marks a document by the hashes of its text, in place of one of the same name.
///
/// # Errors
/// [`OutboundError::TooManyMarks`].
pub fn mark(tx: &mut Tx<'_>, organisation: i64, name: &str, hashes: &[u64]) -> Result<(), OutboundError> {
    let all = numbered_marks(tx, organisation)?;
    let known = all.iter().find(|(_, mark)| mark.name == name).map(|(id, _)| *id);
    if known.is_none() && all.len() >= MARKS_MAX {
        return Err(OutboundError::TooManyMarks);
    }
    let (id, now) = (known.unwrap_or_else(|| tx.next_id()), tx.now());
    let detail = MarkDetail { name: name.to_owned(), hashes: hashes.to_vec() };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), MARK, id, &detail)?;
    tx.execute(
        "INSERT INTO outbound_mark (organisation, id, at, detail) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organisation, id) DO UPDATE SET at = excluded.at, detail = excluded.detail",
        params![organisation, id, now.millis(), &sealed],
    )?;
    note_change(tx, organisation)
}

/// The hashes by which a document of this text is known again.
///
/// # Errors
/// [`OutboundError::Unmarkable`] if it has too little text or the name cannot be.
pub fn hashes_of(name: &str, text: &str) -> Result<Vec<u64>, OutboundError> {
    check_name(name)?;
    let hashes = shingles::of_document(text);
    if hashes.len() < HASHES_MIN {
        let cause =
            "it has too little text that can be read; a picture of a page has none, and some fifty words are needed";
        return Err(OutboundError::Unmarkable { name: name.to_owned(), cause: cause.to_owned() });
    }
    Ok(hashes)
}

/// Reads the hashes of a document as [`write_hashes`] gives them.
///
/// # Errors
/// [`OutboundError::Unmarkable`] if they are too few or too many, or the name cannot be.
pub fn read_hashes(name: &str, octets: &[u8]) -> Result<Vec<u64>, OutboundError> {
    check_name(name)?;
    let (whole, rest) = octets.as_chunks::<8>();
    let mut hashes: Vec<u64> = whole.iter().map(|it| u64::from_le_bytes(*it)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    if !rest.is_empty() || hashes.len() < HASHES_MIN || hashes.len() > HASHES_MAX {
        let cause = format!(
            "its hashes must be {HASHES_MIN} to {HASHES_MAX} different ones of eight octets; let the command line make them"
        );
        return Err(OutboundError::Unmarkable { name: name.to_owned(), cause });
    }
    Ok(hashes)
}

/// Hashes as octets.
#[must_use]
pub fn write_hashes(hashes: &[u64]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect()
}

fn check_name(name: &str) -> Result<(), OutboundError> {
    if name.trim().is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let cause = format!("its name must be 1 to {NAME_CHARS_MAX} characters on one line");
        return Err(OutboundError::Unmarkable { name: name.to_owned(), cause });
    }
    Ok(())
}

fn numbered_marks(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<(i64, Mark)>, OutboundError> {
    let rows = tx.rows(
        "SELECT id, at, detail FROM outbound_mark WHERE organisation = $1 ORDER BY id",
        params![organisation],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    let mut all = Vec::with_capacity(rows.len());
    for (id, at, sealed) in rows {
        let MarkDetail { name, hashes } = owned::open(tx, Owner::Organisation(organisation), MARK, id, &sealed)?;
        all.push((id, Mark { name, at: Timestamp::from_millis(at), hashes }));
    }
    Ok(all)
}

/// The marked documents of an organisation, in the order in which they were marked.
///
/// # Errors
/// If the store fails.
pub fn list_marks(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Mark>, OutboundError> {
    Ok(numbered_marks(tx, organisation)?.into_iter().map(|(_, mark)| mark).collect())
}

/// Takes the mark of that name away.
///
/// # Errors
/// [`OutboundError::NoMark`]; [`OutboundError::Impossible`] if a rule names it.
pub fn unmark(tx: &mut Tx<'_>, organisation: i64, name: &str) -> Result<(), OutboundError> {
    let found = numbered_marks(tx, organisation)?.into_iter().find(|(_, mark)| mark.name == name);
    let (id, _) = found.ok_or_else(|| OutboundError::NoMark(name.to_owned()))?;
    for rule in list(tx, organisation)? {
        let mut marks = Vec::new();
        for condition in std::iter::once(&rule.when).chain(&rule.unless) {
            named("when", condition, &mut Vec::new(), &mut marks);
        }
        if marks.iter().any(|it| it.as_str() == name) {
            let cause = format!("needs the marked document {name:?}; change the rule {:?} first", rule.name);
            return Err(OutboundError::Impossible { field: "fingerprint.marks".to_owned(), cause });
        }
    }
    tx.execute("DELETE FROM outbound_mark WHERE organisation = $1 AND id = $2", params![organisation, id])?;
    note_change(tx, organisation)
}
