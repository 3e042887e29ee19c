//! A message on its way, what rules say of it, and how it is kept.

use std::collections::BTreeSet;
use std::time::Duration;

use env::Timestamp;
use mailbox::Prepared;
use mailbox::journaled::{self, NewEntry};
use mailbox::removed::is_of;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

use super::rules::{Direction, KeptJournalRule, RulesOf};
use crate::RetentionError;

/// A message on its way, as rules look at it.
#[derive(Debug, Clone, Default)]
pub struct Passing {
    /// Its number, as its Received field has it.
    pub number: i64,
    /// The sender, as the envelope has him; empty for nobody.
    pub from: String,
    /// The author, if there is one alone.
    pub author: Option<String>,
    /// All recipients, as the envelope has them: those of blind copies, too.
    pub to: Vec<String>,
    /// The account that sends it, with its organisation; none if it comes from elsewhere.
    pub submitter: Option<(i64, i64)>,
    /// Accounts here that it is for, each with its organisation.
    pub here: Vec<(i64, i64)>,
    /// Groups that it is for, each with its organisation.
    pub groups: Vec<(i64, i64)>,
    /// Whether it is for anybody elsewhere.
    pub leaves: bool,
}

/// The envelope of a message in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JournalEnvelope {
    /// Its number in hexadecimal, as its Received field has it.
    pub message: String,
    /// When it was taken, milliseconds since 1970.
    pub at: i64,
    /// The sender; empty for nobody.
    pub from: String,
    /// All recipients: those of blind copies, too.
    pub to: Vec<String>,
    /// Which ways it went.
    pub directions: Vec<String>,
    /// Names of the rules by which it is kept.
    pub rules: Vec<String>,
}

/// What is to be kept of a message for one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToKeep {
    organisation: i64,
    days: u32,
    by_law: bool,
    custodians: Vec<i64>,
    directions: Vec<Direction>,
    rules: Vec<String>,
    /// Rules that have it reported.
    reports: Vec<i64>,
}

/// A message and the rules of those that it concerns.
#[derive(Debug, Clone)]
pub struct Journaling {
    passing: Passing,
    rules: RulesOf,
}

impl Journaling {
    /// A message with the rules of those that it concerns, as [`JournalRules::of_all`] gives them.
    #[must_use]
    pub const fn of(passing: Passing, rules: RulesOf) -> Self {
        Self { passing, rules }
    }

    /// What is kept of it, one entry for each organisation; members of groups take part.
    ///
    /// # Errors
    /// [`RetentionError`] if the store fails.
    pub fn plan(&self, tx: &mut Tx<'_>) -> Result<Vec<ToKeep>, RetentionError> {
        let mut passing = self.passing.clone();
        for (group, organisation) in &self.passing.groups {
            let members = identity::groups::expand(tx, *group)?.accounts;
            passing.here.extend(members.into_iter().map(|account| (account, *organisation)));
        }
        let mut planned = Vec::new();
        for (organisation, rules) in &self.rules {
            planned.extend(to_keep(tx, &passing, *organisation, rules)?);
        }
        Ok(planned)
    }

    /// Keeps what was planned; the caller has attached the blob with one reference for it.
    ///
    /// # Errors
    /// [`RetentionError`] if the store fails: then the message must not be taken.
    pub fn keep(
        &self,
        tx: &mut Tx<'_>,
        plan: &ToKeep,
        (prepared, blob): (&Prepared, i64),
        trace: &[u8],
        received: Timestamp,
    ) -> Result<(), RetentionError> {
        let Passing { number, from, to, .. } = &self.passing;
        let envelope = JournalEnvelope {
            message: format!("{number:x}"),
            at: received.millis(),
            from: from.clone(),
            to: to.clone(),
            directions: plan.directions.iter().map(ToString::to_string).collect(),
            rules: plan.rules.clone(),
        };
        let envelope = serde_json::to_vec(&envelope)
            .map_err(|_| StoreError::Corrupt { what: "an envelope cannot be written".to_owned() })?;
        let entry = NewEntry {
            organisation: plan.organisation,
            prepared,
            blob,
            trace,
            received,
            until: received.plus(Duration::from_secs(u64::from(plan.days) * 86_400)),
            by_law: plan.by_law,
            envelope: &envelope,
            custodians: &plan.custodians,
        };
        let id = journaled::keep(tx, &entry)?;
        for rule in &plan.reports {
            tx.execute(
                "INSERT INTO mail_journal_report (entry, rule, organisation) VALUES ($1, $2, $3)",
                params![id, *rule, plan.organisation],
            )?;
        }
        Ok(())
    }
}

/// Which ways the message goes, as the organisation sees it.
fn directions(passing: &Passing, organisation: i64) -> Vec<Direction> {
    let is_ours = |(_, of): &(i64, i64)| *of == organisation;
    let reaches_ours = passing.here.iter().any(is_ours);
    if !passing.submitter.iter().any(is_ours) {
        return if reaches_ours { vec![Direction::In] } else { Vec::new() };
    }
    let mut ways = Vec::new();
    if passing.leaves || passing.here.iter().any(|one| !is_ours(one)) {
        ways.push(Direction::Out);
    }
    if reaches_ours {
        ways.push(Direction::Within);
    }
    ways
}

fn to_keep(
    tx: &mut Tx<'_>,
    passing: &Passing,
    organisation: i64,
    rules: &[KeptJournalRule],
) -> Result<Option<ToKeep>, RetentionError> {
    let took_part = passing.submitter.iter().chain(&passing.here).filter(|(_, of)| *of == organisation);
    let custodians: BTreeSet<i64> = took_part.map(|(account, _)| *account).collect();
    let directions = directions(passing, organisation);
    let mut found: Vec<&KeptJournalRule> = Vec::new();
    for kept in rules {
        if covers(tx, kept, passing, &custodians, &directions)? {
            found.push(kept);
        }
    }
    let Some(days) = found.iter().map(|kept| kept.rule.days).max() else { return Ok(None) };
    Ok(Some(ToKeep {
        organisation,
        days,
        by_law: found.iter().any(|kept| kept.rule.by_law),
        custodians: custodians.into_iter().collect(),
        directions,
        rules: found.iter().map(|kept| kept.rule.name.clone()).collect(),
        reports: found.iter().filter(|kept| kept.rule.report_to.is_some()).map(|kept| kept.id).collect(),
    }))
}

fn covers(
    tx: &mut Tx<'_>,
    kept: &KeptJournalRule,
    passing: &Passing,
    custodians: &BTreeSet<i64>,
    directions: &[Direction],
) -> Result<bool, RetentionError> {
    let rule = &kept.rule;
    let goes_so = |wanted: &str| directions.iter().any(|way| way.as_str() == wanted);
    if directions.is_empty() || rule.direction.as_deref().is_some_and(|wanted| !goes_so(wanted)) {
        return Ok(false);
    }
    if rule.account_id != 0 && !custodians.contains(&rule.account_id) {
        return Ok(false);
    }
    let addresses = || passing.to.iter().chain([&passing.from]).chain(&passing.author);
    let is_with = |with: &String| addresses().any(|address| is_of(with, &address.to_lowercase()));
    if rule.with.as_ref().is_some_and(|with| !is_with(with)) {
        return Ok(false);
    }
    if rule.group_id == 0 {
        return Ok(true);
    }
    let members = identity::groups::expand(tx, rule.group_id)?.accounts;
    Ok(members.iter().any(|member| custodians.contains(member)))
}
