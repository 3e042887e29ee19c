//! Looks for accounts of our people in strange hands: what happened in one within a week, joined into one finding.
//!
//! One of these things alone happens every day. Where several come together, a case is opened, once for the same things, and those who
//! look after security and the owner are told.

use std::collections::BTreeSet;

use env::Timestamp;
use filter::{FRAUD_EVEN, Finding};
use guard::cases::{self, CaseDetail};
use guard::signals::takeover::{DAYS_MAX, Event, What, look};
use guard::{GuardError, partners};
use identity::oauth::ScopeWord;
use identity::rule_events::{self, Hiding};
use store::{Store, StoreError, Tx, params};
use watch::{Answer, Whose};

use crate::JudgementError;

const DAY_MILLIS: i64 = 86_400_000;

/// Accounts that one round looks at.
const ACCOUNTS_MAX: i64 = 500;

/// Hosts in rules that are looked up.
const HOSTS_MAX: usize = 64;

/// Below even odds, but told: nothing is held by it, and whoever reads it knows at once.
const TOLD_MIN: f32 = FRAUD_EVEN - 0.5;

/// An account to be told of.
struct Found {
    account: i64,
    organisation: i64,
    kinds: i64,
    detail: CaseDetail,
}

/// Looks at all accounts in which something happened of late; gives how many cases were opened.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub async fn round(store: &Store) -> Result<usize, JudgementError> {
    let found = store.read(find).await?;
    let count = found.len();
    for one in found {
        store.write(move |tx| open(tx, &one)).await?;
    }
    Ok(count)
}

fn find(tx: &mut Tx<'_>) -> Result<Vec<Found>, JudgementError> {
    let now = tx.now();
    let since = now.millis() - DAYS_MAX * DAY_MILLIS;
    // Where one kind of thing happened alone, nothing is read.
    let accounts = tx.rows(
        "SELECT h.account, a.organisation FROM (
             SELECT account, 1 AS kind FROM forward WHERE created >= $1
             UNION ALL SELECT account, 2 FROM app_password WHERE created >= $1
             UNION ALL SELECT account, 2 FROM oauth_grant WHERE created >= $1
             UNION ALL SELECT account, 3 FROM guard_search WHERE day >= $2
             UNION ALL SELECT account, 4 FROM sent_stop WHERE at >= $1
             UNION ALL SELECT account, 5 FROM sign_in_event WHERE at >= $1 AND account <> 0 AND outcome = 'accepted'
                 AND answer IN ('tell', 'demand', 'freeze')
             UNION ALL SELECT account, 6 FROM rule_event WHERE at >= $1
         ) AS h JOIN account a ON a.id = h.account
         GROUP BY h.account, a.organisation HAVING COUNT(DISTINCT h.kind) >= 2 LIMIT $3",
        params![since, since.div_euclid(DAY_MILLIS), ACCOUNTS_MAX],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?;
    let mut found = Vec::new();
    for (account, organisation) in accounts {
        let events = events(tx, account, organisation, Timestamp::from_millis(since), now)?;
        let partners = partners_named(tx, organisation, &events)?;
        let found_now = look(&events, &partners, now).filter(|finding| finding.weight() >= TOLD_MIN);
        let Some(finding) = found_now else { continue };
        let kinds = kinds(&events);
        if !is_told(tx, account, kinds, since)? {
            found.push(Found { account, organisation, kinds, detail: detail(tx, account, finding)? });
        }
    }
    Ok(found)
}

/// What happened in an account, the oldest first.
fn events(
    tx: &mut Tx<'_>,
    account: i64,
    organisation: i64,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Event>, JudgementError> {
    let mut events = Vec::new();
    for forward in identity::forward::list(tx, account)?.into_iter().filter(|it| it.created >= since) {
        events.push(Event { at: forward.created, what: sent_on(tx, organisation, forward.target)? });
    }
    for rule in rule_events::list(tx, account, since)? {
        let what = match rule.hiding {
            Hiding::SendsOn { to } => sent_on(tx, organisation, to)?,
            Hiding::Files { into } => What::Hide { wanted: rule.wanted, into },
            Hiding::Drops => What::Hide { wanted: rule.wanted, into: String::new() },
        };
        events.push(Event { at: rule.at, what });
    }
    for grant in identity::oauth::list_grants(tx, account)?.into_iter().filter(|it| it.created >= since) {
        let reads_mail = grant.scope.has(ScopeWord::Imap);
        events.push(Event { at: grant.created, what: What::Grant { client: grant.client, reads_mail } });
    }
    let made = "SELECT created FROM app_password WHERE account = $1 AND created >= $2";
    for at in tx.rows(made, params![account, since.millis()], |row| row.int(0))? {
        events.push(Event { at: Timestamp::from_millis(at), what: What::AppPassword });
    }
    let searched = "SELECT last, searches FROM guard_search WHERE account = $1 AND day >= $2";
    let day = since.millis().div_euclid(DAY_MILLIS);
    for (at, times) in tx.rows(searched, params![account, day], |row| Ok((row.int(0)?, row.int(1)?)))? {
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        events.push(Event { at: Timestamp::from_millis(at), what: What::Searches { times } });
    }
    let stopped = "SELECT at FROM sent_stop WHERE account = $1 AND at >= $2 LIMIT 20";
    for at in tx.rows(stopped, params![account, since.millis()], |row| row.int(0))? {
        events.push(Event { at: Timestamp::from_millis(at), what: What::Stopped });
    }
    let until = now.plus(std::time::Duration::from_secs(1));
    events.extend(watch::list_events(tx, Whose::Account(account), since, until)?.iter().filter_map(sign_in));
    events.retain(|event| event.at <= now);
    events.sort_by_key(|event| event.at);
    Ok(events)
}

fn sent_on(tx: &mut Tx<'_>, organisation: i64, to: String) -> Result<What, StoreError> {
    let host = to.rsplit_once('@').map_or("", |(_, host)| host);
    let is_ours = "SELECT 1 FROM domain WHERE organisation = $1 AND name = $2";
    let is_outside = tx.row(is_ours, params![organisation, host], |row| row.int(0))?.is_none();
    Ok(What::Forward { to, is_outside })
}

/// Hosts of partners that rules look for.
fn partners_named(tx: &mut Tx<'_>, organisation: i64, events: &[Event]) -> Result<Vec<String>, GuardError> {
    let mut hosts = BTreeSet::new();
    for event in events {
        let What::Hide { wanted, .. } = &event.what else { continue };
        let named = wanted.iter().filter_map(|word| word.rsplit('@').next()).map(|host| host.trim().to_lowercase());
        hosts.extend(named.filter(|host| host.contains('.')));
    }
    let mut known = Vec::new();
    for host in hosts.into_iter().take(HOSTS_MAX) {
        match partners::load(tx, organisation, &host) {
            Ok(_) => known.push(host),
            Err(GuardError::NoPartner(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(known)
}

/// A sign-in that the watch found odd and let stand; none that its owner knows.
fn sign_in(event: &watch::Event) -> Option<Event> {
    if event.outcome != watch::Outcome::Accepted || event.said == watch::Said::Mine {
        return None;
    }
    let risk = match event.answer? {
        Answer::Pass => return None,
        Answer::Tell => 0.6,
        Answer::Demand => 0.8,
        Answer::Refuse | Answer::Freeze => 1.0,
    };
    let risk = match (event.said, event.detail.strong) {
        (watch::Said::NotMine, _) => 1.0,
        // A thief rarely has the second factor, too.
        (_, true) => risk * 0.5,
        (_, false) => risk,
    };
    let from = [event.detail.place.country.as_deref(), event.detail.place.operator_name.as_deref()];
    let from = from.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let from = if from.is_empty() { event.detail.address.to_string() } else { from };
    Some(Event { at: event.at, what: What::SignIn { risk, from } })
}

/// One bit for each kind of thing that happened.
fn kinds(events: &[Event]) -> i64 {
    events.iter().fold(0, |all, event| {
        all | match event.what {
            What::SignIn { .. } => 1,
            What::Forward { .. } => 2,
            What::Hide { .. } => 4,
            What::Grant { .. } | What::AppPassword => 8,
            What::Search { .. } | What::Searches { .. } => 16,
            What::MassRead { .. } => 32,
            What::Stopped => 64,
        }
    })
}

/// Whether a case of these days tells all of it already.
fn is_told(tx: &mut Tx<'_>, account: i64, kinds: i64, since: i64) -> Result<bool, StoreError> {
    let told =
        tx.rows("SELECT kinds FROM guard_takeover WHERE account = $1 AND at >= $2", params![account, since], |row| {
            row.int(0)
        })?;
    Ok(told.iter().any(|known| known & kinds == kinds))
}

fn detail(tx: &mut Tx<'_>, account: i64, finding: Finding) -> Result<CaseDetail, JudgementError> {
    let address = identity::list_addresses(tx, account)?.into_iter().next().unwrap_or_default();
    Ok(CaseDetail::of_account(&address, account, finding))
}

fn open(tx: &mut Tx<'_>, found: &Found) -> Result<(), JudgementError> {
    let since = tx.now().millis() - DAYS_MAX * DAY_MILLIS;
    // Another node was faster.
    if is_told(tx, found.account, found.kinds, since)? {
        return Ok(());
    }
    let id = cases::open_for_account(tx, found.organisation, &found.detail)?;
    let (account, now) = (found.account, tx.now().millis());
    tx.execute(
        "INSERT INTO guard_takeover (account, guard_case, at, kinds) VALUES ($1, $2, $3, $4)",
        params![account, id, now, found.kinds],
    )?;
    tracing::warn!(
        account,
        case = format!("{id:x}"),
        "what happened in an account speaks of somebody else at work in it"
    );
    Ok(())
}

/// Forgets what was told by cases that are forgotten; gives how many rows.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let before = tx.now().millis() - DAYS_MAX * DAY_MILLIS;
    tx.execute(
        "DELETE FROM guard_takeover WHERE at < $1
         AND NOT EXISTS (SELECT 1 FROM guard_case c WHERE c.id = guard_takeover.guard_case)",
        params![before],
    )
}
