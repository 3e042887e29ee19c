//! Rules of the journal as they are kept: sealed under the organisation's key, as people are named in them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use mail::Address;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Store, Tx, params};

use crate::RetentionError;

/// Rules in force of one organisation.
pub const JOURNAL_RULES_MAX: usize = 50;

/// The most days for which a rule can have mail kept.
pub const JOURNAL_DAYS_MAX: u32 = 36_500;

/// Octets of a text in a rule.
const TEXT_BYTES_MAX: usize = 500;

/// How long a node goes by the rules that it has read: this is how late a change by another node may be noticed.
const KEPT_FOR: Duration = Duration::from_secs(5);

const DETAIL: &str = "mail_journal_rule.detail";

env::words! {
    /// Which way a message goes, as the organisation sees it.
    Direction "direction" allowed "in, out, within" {
        /// From elsewhere to somebody of the organisation.
        In = "in",
        /// From somebody of the organisation to elsewhere.
        Out = "out",
        /// Between people of the organisation.
        Within = "within",
    }
}

/// A rule: mail for which all conditions hold is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JournalRule {
    /// What it is called.
    pub name: String,
    /// Of the account with this address alone.
    #[serde(default)]
    pub account: Option<String>,
    /// Of members of the group with this address alone.
    #[serde(default)]
    pub group: Option<String>,
    /// With this correspondent alone: an address, or a domain with those below it.
    #[serde(default)]
    pub with: Option<String>,
    /// Which way alone, as a word of [`Direction`].
    #[serde(default)]
    pub direction: Option<String>,
    /// For so many days after it was received.
    pub days: u32,
    /// A law asks for it: what is kept stays, too, where somebody whose it is asks to be erased.
    #[serde(default)]
    pub by_law: bool,
    /// Where a report with the message goes, beside.
    #[serde(default)]
    pub report_to: Option<String>,
    /// Why it is kept.
    pub reason: String,
    /// Who set it.
    #[serde(default)]
    pub by: String,
    /// Who ended it.
    #[serde(default)]
    pub ended_by: String,
    /// Why it was ended.
    #[serde(default)]
    pub ended_reason: String,
    /// The account's number, found when the rule is set; 0 for none.
    #[serde(default)]
    pub account_id: i64,
    /// The group's number, found when the rule is set; 0 for none.
    #[serde(default)]
    pub group_id: i64,
}

/// A rule that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptJournalRule {
    /// Its number.
    pub id: i64,
    /// Since when it is in force.
    pub begun: Timestamp,
    /// Since when not any more.
    pub ended: Option<Timestamp>,
    /// The rule.
    pub rule: JournalRule,
}

fn wrong(part: &'static str, cause: &str) -> RetentionError {
    RetentionError::Part { part, cause: cause.to_owned() }
}

/// The rule with whom it is about, in the spelling in which it is compared.
fn checked(tx: &mut Tx<'_>, organisation: i64, rule: &JournalRule) -> Result<JournalRule, RetentionError> {
    let mut rule = rule.clone();
    rule.with = rule.with.map(|with| with.trim().to_lowercase());
    let texts = [
        ("name", Some(&rule.name)),
        ("reason", Some(&rule.reason)),
        ("account", rule.account.as_ref()),
        ("group", rule.group.as_ref()),
        ("with", rule.with.as_ref()),
        ("report_to", rule.report_to.as_ref()),
    ];
    for (part, text) in texts {
        if text.is_some_and(|text| text.trim().is_empty() || text.len() > TEXT_BYTES_MAX) {
            return Err(wrong(part, "is empty or longer than 500 octets"));
        }
    }
    if rule.days == 0 || rule.days > JOURNAL_DAYS_MAX {
        return Err(wrong("days", "must be from 1 to 36500"));
    }
    if let Some(Err(error)) = rule.direction.as_deref().map(str::parse::<Direction>) {
        return Err(wrong("direction", &error.to_string()));
    }
    if let Some(address) = &rule.report_to {
        let address = Address::parse(address).map_err(|_| wrong("report_to", "is no address"))?;
        if identity::find_domain(tx, &address.domain_ascii())?.is_some() {
            // It would go round: a report is mail to that mailbox.
            return Err(wrong("report_to", "must be an address outside: a mailbox here is kept by the journal itself"));
        }
    }
    rule.account_id = match &rule.account {
        Some(address) => {
            let found = identity::find_by_address(tx, address)?;
            let is_own = |id: &i64| store::holds::keeping(tx, *id).is_ok_and(|it| it.organisation == organisation);
            found.filter(is_own).ok_or_else(|| wrong("account", "is no account of the organisation"))?
        }
        None => 0,
    };
    rule.group_id = match &rule.group {
        Some(address) => match identity::groups::find_group(tx, address)? {
            Some(id) if identity::groups::load_group(tx, id)?.organisation == organisation => id,
            _ => return Err(wrong("group", "is no group of the organisation")),
        },
        None => 0,
    };
    Ok(rule)
}

/// Has a rule in force; one of the same name goes on as this one says, for mail that comes from then on. Gives its number.
///
/// # Errors
/// [`RetentionError`] if it cannot be, or there are too many.
pub fn set(tx: &mut Tx<'_>, organisation: i64, rule: &JournalRule) -> Result<i64, RetentionError> {
    let rule = checked(tx, organisation, rule)?;
    let in_force = in_force(tx, organisation)?;
    let known = in_force.iter().find(|kept| kept.rule.name == rule.name);
    if known.is_none() && in_force.len() >= JOURNAL_RULES_MAX {
        return Err(RetentionError::TooManyOfJournal);
    }
    let id = known.map_or_else(|| tx.next_id(), |kept| kept.id);
    let (detail, now) = (owned::seal(tx, Owner::Organisation(organisation), DETAIL, id, &rule)?, tx.now().millis());
    tx.execute(
        "INSERT INTO mail_journal_rule (organisation, id, begun, ended, detail) VALUES ($1, $2, $3, 0, $4)
         ON CONFLICT (organisation, id) DO UPDATE SET detail = excluded.detail",
        params![organisation, id, now, &detail],
    )?;
    Ok(id)
}

/// Ends the rule of that name: nothing that comes from then on is kept by it. What was kept stays for its period.
///
/// # Errors
/// [`RetentionError::NoJournalRule`] if there is none in force.
pub fn end(tx: &mut Tx<'_>, organisation: i64, name: &str, by: &str, reason: &str) -> Result<(), RetentionError> {
    if reason.trim().is_empty() || reason.len() > TEXT_BYTES_MAX {
        return Err(wrong("reason", "is empty or longer than 500 octets"));
    }
    let found = in_force(tx, organisation)?.into_iter().find(|kept| kept.rule.name == name);
    let KeptJournalRule { id, mut rule, .. } = found.ok_or_else(|| RetentionError::NoJournalRule(name.to_owned()))?;
    (rule.ended_by, rule.ended_reason) = (by.to_owned(), reason.to_owned());
    let (detail, now) = (owned::seal(tx, Owner::Organisation(organisation), DETAIL, id, &rule)?, tx.now().millis());
    tx.execute(
        "UPDATE mail_journal_rule SET ended = $3, detail = $4 WHERE organisation = $1 AND id = $2",
        params![organisation, id, now, &detail],
    )?;
    Ok(())
}

/// The rules of an organisation, those in force first, the latest first of each.
///
/// # Errors
/// [`RetentionError`] if one does not open.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<KeptJournalRule>, RetentionError> {
    let rows = tx.rows(
        "SELECT id, begun, ended, detail FROM mail_journal_rule WHERE organisation = $1
         ORDER BY CASE WHEN ended = 0 THEN 0 ELSE 1 END, begun DESC, id DESC",
        params![organisation],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.bytes(3)?.to_vec())),
    )?;
    let open = |(id, begun, ended, detail): (i64, i64, i64, Vec<u8>)| {
        let rule = owned::open(tx, Owner::Organisation(organisation), DETAIL, id, &detail)?;
        let ended = (ended != 0).then(|| Timestamp::from_millis(ended));
        Ok(KeptJournalRule { id, begun: Timestamp::from_millis(begun), ended, rule })
    };
    rows.into_iter().map(open).collect()
}

pub(crate) fn in_force(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<KeptJournalRule>, RetentionError> {
    Ok(list(tx, organisation)?.into_iter().filter(|kept| kept.ended.is_none()).collect())
}

/// The rules in force of one organisation.
type InForce = Arc<Vec<KeptJournalRule>>;

/// Organisations with their rules in force.
pub type RulesOf = Vec<(i64, InForce)>;

/// The rules in force, read once for what comes in the next seconds.
pub struct JournalRules {
    store: Store,
    kept: Mutex<HashMap<i64, (Timestamp, InForce)>>,
}

impl JournalRules {
    /// Those in `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, kept: Mutex::default() }
    }

    /// Those of the organisations that have any.
    ///
    /// # Errors
    /// [`RetentionError`] if they cannot be read: then no mail of the organisations must be taken.
    pub async fn of_all(&self, organisations: impl IntoIterator<Item = i64>) -> Result<RulesOf, RetentionError> {
        let mut found = Vec::new();
        for organisation in organisations {
            let rules = self.of(organisation).await?;
            if !rules.is_empty() {
                found.push((organisation, rules));
            }
        }
        Ok(found)
    }

    async fn of(&self, organisation: i64) -> Result<InForce, RetentionError> {
        let now = self.store.context().clock.now();
        // A clock that was set back must not prolong it.
        let is_fresh = |kept: &&(Timestamp, InForce)| now.since(kept.0) < KEPT_FOR && kept.0 <= now;
        if let Some((_, rules)) = self.kept.lock().get(&organisation).filter(is_fresh) {
            return Ok(Arc::clone(rules));
        }
        let rules = Arc::new(self.store.read(move |tx| in_force(tx, organisation)).await?);
        self.kept.lock().insert(organisation, (now, Arc::clone(&rules)));
        Ok(rules)
    }
}
