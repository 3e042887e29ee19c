//! The review of who has access, each quarter.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use env::Timestamp;
use identity::rights::{self, GrantState, Outcome as Recorded, RecordedEvent};
use identity::{Account, Language, PAGE_MAX, delegation, factors, groups};
use letters::Texts;
use store::Tx;
use watch::{Outcome, Whose, list_events};

use crate::ReviewError;
use crate::period::Period;
use crate::report::{ROWS_MAX, Report, Table};
use crate::sign_ins::name_of;

/// Who has which role in the organisation now, in what state the account is, which groups it is in, what opens it beside the password,
/// where its mail goes and when it was last used; who may act for whom; and which grants to read another's mail are in force, and how
/// they were used.
///
/// # Errors
/// [`ReviewError`] if the store fails.
pub fn review_access(
    tx: &mut Tx<'_>,
    organisation: i64,
    period: Period,
    language: Language,
) -> Result<Report, ReviewError> {
    let texts = Texts::of(language);
    let name = name_of(tx, organisation)?;
    let mut people = People { texts, names: BTreeMap::new() };
    let everybody = everybody(tx, organisation)?;
    let mut accounts = Vec::with_capacity(everybody.len());
    let mut lent = Vec::new();
    for account in &everybody {
        accounts.push(people.account(tx, account)?);
        lent.extend(people.delegations(tx, account)?);
    }
    lent.truncate(ROWS_MAX);
    let grants = people.grants(tx, organisation)?;
    let texts = people.texts;
    let (period, now) = (period.to_string(), tx.now().to_string());
    let table = |title: &str, keys: &[&str], rows| Table {
        title: texts.say(&format!("review-{title}"), &[]),
        head: keys.iter().map(|key| texts.say(&format!("review-{key}"), &[])).collect(),
        rows,
    };
    Ok(Report {
        language: language.as_str(),
        title: texts.say("review-access", &[("period", &period), ("organisation", &name)]),
        paragraphs: vec![texts.say("review-made", &[("time", &now)])],
        charts: Vec::new(),
        tables: vec![
            table("accounts", ACCOUNT_COLUMNS, accounts),
            table("delegations", &["account", "delegate", "permission", "since", "until", "given-by"], lent),
            table("grants", &["account", "reader", "second", "why", "since", "until", "uses", "last-use"], grants),
        ],
    })
}

const ACCOUNT_COLUMNS: &[&str] =
    &["account", "name", "kind", "role", "state", "groups", "factors", "app-passwords", "forwards", "last"];

fn everybody(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Account>, ReviewError> {
    let mut all: Vec<Account> = Vec::new();
    while all.len() < ROWS_MAX {
        let after = all.last().map_or(0, |last| last.id);
        let page = identity::list_accounts(tx, Some(organisation), after, PAGE_MAX)?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    all.truncate(ROWS_MAX);
    Ok(all)
}

/// Rows in one language.
struct People {
    texts: Texts,
    /// Main addresses that were looked up.
    names: BTreeMap<i64, String>,
}

impl People {
    fn account(&self, tx: &mut Tx<'_>, account: &Account) -> Result<Vec<String>, ReviewError> {
        let app_passwords = identity::list_app_passwords(tx, account.id)?.len();
        let forwards = identity::forward::list(tx, account.id)?;
        let forwards: Vec<String> = forwards.into_iter().map(|forward| forward.target).collect();
        let mut labels = Vec::new();
        for group in groups::groups_of(tx, account.id)? {
            labels.push(groups::load_group(tx, group)?.label().to_owned());
        }
        labels.sort();
        let until = tx.now().plus(Duration::from_secs(1));
        let events = list_events(tx, Whose::Account(account.id), Timestamp::from_millis(0), until)?;
        let last = events.iter().find(|event| event.outcome == Outcome::Accepted);
        Ok(vec![
            account.addresses.first().cloned().unwrap_or_default(),
            account.name.clone(),
            account.kind.as_str().to_owned(),
            account.role.as_str().to_owned(),
            account.state.as_str().to_owned(),
            labels.join(" "),
            self.factors(tx, account.id)?,
            app_passwords.to_string(),
            forwards.join(" "),
            last.map_or_else(|| self.texts.say("review-never", &[]), |event| event.at.to_string()),
        ])
    }

    /// Kinds of second factors and how many of each.
    fn factors(&self, tx: &mut Tx<'_>, account: i64) -> Result<String, ReviewError> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for factor in factors::list_factors(tx, account)? {
            *kinds.entry(factor.kind.as_str()).or_default() += 1;
        }
        if kinds.is_empty() {
            return Ok(self.texts.say("review-none", &[]));
        }
        let told: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        Ok(told.join(", "))
    }

    /// What others may do with the account, what begins later included.
    fn delegations(&mut self, tx: &mut Tx<'_>, account: &Account) -> Result<Vec<Vec<String>>, ReviewError> {
        let now = tx.now();
        let mut rows = Vec::new();
        for given in delegation::list_delegates(tx, account.id)? {
            if given.until.is_some_and(|until| until <= now) {
                continue;
            }
            rows.push(vec![
                account.addresses.first().cloned().unwrap_or_default(),
                self.name(tx, Some(given.delegate))?,
                given.permission.as_str().to_owned(),
                given.since.to_string(),
                given.until.map_or_else(|| self.texts.say("review-for-ever", &[]), |until| until.to_string()),
                self.name(tx, given.granted_by)?,
            ]);
        }
        Ok(rows)
    }

    /// Grants that are in force, with how often mail was opened by them and when last.
    fn grants(&mut self, tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<Vec<String>>, ReviewError> {
        let now = tx.now();
        let mut in_force = rights::list_grants(tx, organisation)?;
        in_force.retain(|grant| grant.state == GrantState::Approved && grant.starts <= now && now < grant.ends);
        let Some(earliest) = in_force.iter().map(|grant| grant.starts).min() else { return Ok(Vec::new()) };
        let record = rights::list_events(tx, organisation, earliest)?;
        let mut rows = Vec::new();
        for grant in in_force {
            let uses: BTreeSet<(Timestamp, i64)> =
                record.iter().filter(|event| is_use(event, grant.id)).map(|event| (event.at, event.id)).collect();
            rows.push(vec![
                self.name(tx, Some(grant.owner))?,
                self.name(tx, Some(grant.asker))?,
                self.name(tx, grant.decided_by)?,
                grant.reason.clone(),
                grant.starts.to_string(),
                grant.ends.to_string(),
                uses.len().to_string(),
                uses.last().map_or_else(|| self.texts.say("review-unused", &[]), |(at, _)| at.to_string()),
            ]);
        }
        Ok(rows)
    }

    /// The main address of an account; of none, the machine itself.
    fn name(&mut self, tx: &mut Tx<'_>, account: Option<i64>) -> Result<String, ReviewError> {
        let Some(account) = account else { return Ok(self.texts.say("review-machine", &[])) };
        if let Some(known) = self.names.get(&account) {
            return Ok(known.clone());
        }
        let main = identity::list_addresses(tx, account)?.into_iter().next();
        let name = main.unwrap_or_else(|| account.to_string());
        self.names.insert(account, name.clone());
        Ok(name)
    }
}

fn is_use(event: &RecordedEvent, grant: i64) -> bool {
    event.outcome == Recorded::Done && event.row == format!("grant {grant}")
}
