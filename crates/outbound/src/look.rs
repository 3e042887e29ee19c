//! A message before it is taken: what rules say of it.

use std::collections::HashMap;
use std::sync::Arc;

use guard::{Guard, GuardError};
use identity::{Level, Resolution, rights};
use inspect::{Pool, Report};
use parking_lot::Mutex;
use store::{Store, StoreError, Tx};

use crate::content::{Content, Recipient};
use crate::evaluate::{Outcome, Policy, Wants};
use crate::rule::{Approve, Person, Rule};
use crate::{OutboundError, rules};

/// People who are looked for to approve one message.
const APPROVERS_MAX: usize = 20;

/// Organisations whose rules are kept in memory.
const POLICIES_MAX: usize = 1_000;

/// A message that somebody wants to send.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Who sends it.
    pub account: i64,
    /// Whose account that is.
    pub organisation: i64,
    /// The message.
    pub raw: Arc<Vec<u8>>,
    /// Addresses that it goes to.
    pub recipients: Vec<String>,
}

/// What rules say of a message.
#[derive(Debug, Clone, Default)]
pub struct Looked {
    /// What they say.
    pub outcome: Outcome,
    /// Who must allow it.
    pub approvals: Vec<Approval>,
    /// What was found of its files, where they were looked into.
    pub reports: Option<Vec<Report>>,
}

/// Somebody must allow a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The rule that asks for it.
    pub rule: String,
    /// Who may.
    pub approve: Approve,
    /// Main addresses of people who may, but for the sender.
    pub people: Vec<String>,
}

/// Looks at what people send.
pub struct Outbound {
    store: Store,
    pool: Option<Arc<Pool>>,
    guard: Guard,
    /// By organisation, with what they were made of.
    policies: Mutex<HashMap<i64, (Made, Arc<Policy>)>>,
}

/// What rules in force are made of: the revision of those that were set, and the level, by which others ship.
type Made = (i64, Level);

impl Outbound {
    /// `pool` looks into files; without it what is in them counts as unreadable.
    #[must_use]
    pub fn new(store: Store, pool: Option<Arc<Pool>>) -> Arc<Self> {
        let guard = Guard::new(store.clone());
        Arc::new(Self { store, pool, guard, policies: Mutex::default() })
    }

    /// What knows with whom an organisation trades, for others that ask it.
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.guard.clone()
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) const fn guard_ref(&self) -> &Guard {
        &self.guard
    }

    pub(crate) fn pool(&self) -> Option<Arc<Pool>> {
        self.pool.clone()
    }

    /// What the rules of the organisation say; none if it has none.
    ///
    /// # Errors
    /// [`OutboundError`] if the store fails: then the message must not go.
    pub async fn look(self: &Arc<Self>, letter: Letter) -> Result<Option<Looked>, OutboundError> {
        let (this, organisation) = (Arc::clone(self), letter.organisation);
        let policy = self.store.read(move |tx| this.policy(tx, organisation)).await?;
        if policy.is_empty() { Ok(None) } else { self.look_by(policy, letter).await.map(Some) }
    }

    /// What the rules say, or `rule` in place of them, as if it were carried out.
    ///
    /// # Errors
    /// [`OutboundError`] if the store fails.
    pub async fn try_out(self: &Arc<Self>, letter: Letter, rule: Option<Rule>) -> Result<Looked, OutboundError> {
        let (this, organisation) = (Arc::clone(self), letter.organisation);
        let find = move |tx: &mut Tx<'_>| match rule.clone() {
            Some(rule) => Ok(Arc::new(Policy::new(vec![rule], &marks(tx, organisation)?))),
            None => this.policy(tx, organisation),
        };
        let policy = self.store.read(find).await?;
        self.look_by(policy, letter).await
    }

    async fn look_by(self: &Arc<Self>, policy: Arc<Policy>, letter: Letter) -> Result<Looked, OutboundError> {
        let (this, asked, wants) = (Arc::clone(self), letter.clone(), policy.wants());
        let look = move |tx: &mut Tx<'_>| {
            let to = recipients(tx, asked.organisation, &asked.recipients, (wants, Some(&this.guard)))?;
            let sender = if wants.people { person(tx, asked.account)? } else { Person::default() };
            Ok::<_, OutboundError>((sender, to))
        };
        let (sender, recipients) = self.store.read(look).await?;
        let (mut outcomes, reports) =
            self.evaluate(policy, Arc::clone(&letter.raw), (sender, vec![recipients])).await?;
        let outcome = outcomes.pop().unwrap_or_default();
        let approvals = self.approvals(letter.organisation, letter.account, &outcome).await?;
        Ok(Looked { outcome, approvals, reports })
    }

    /// What rules say of a message of `sender` to each of these lists of recipients, and what was found of its files.
    pub(crate) async fn evaluate<R: AsRef<[u8]> + ?Sized + Send + Sync + 'static>(
        &self,
        policy: Arc<Policy>,
        raw: Arc<R>,
        (sender, lists): (Person, Vec<Vec<Recipient>>),
    ) -> Result<(Vec<Outcome>, Option<Vec<Report>>), OutboundError> {
        if !policy.reads() {
            return Ok((policy.evaluate_each(&Content { sender, ..Content::default() }, &lists), None));
        }
        let pool = self.pool.clone();
        let work = move || {
            let raw = (*raw).as_ref();
            let reports = pool.map(|pool| filter::inspect_files(raw, &pool));
            let content = Content { sender, ..Content::read(raw, reports.as_deref()) };
            (policy.evaluate_each(&content, &lists), reports)
        };
        let working = tokio::task::spawn_blocking(work).await;
        Ok(working.map_err(|_| StoreError::Abandoned("looking at a message panicked"))?)
    }

    /// Who must allow a message of `sender`.
    pub(crate) async fn approvals(
        &self,
        organisation: i64,
        sender: i64,
        outcome: &Outcome,
    ) -> Result<Vec<Approval>, OutboundError> {
        let asked = outcome.approvals();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        self.store.read(move |tx| approvals(tx, organisation, sender, &asked)).await
    }

    /// The rules as they are now, made ready once for each change.
    pub(crate) fn policy(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<Arc<Policy>, OutboundError> {
        let made = (rules::revision(tx, organisation)?, identity::level_of(tx, organisation)?);
        if let Some((known, policy)) = self.policies.lock().get(&organisation)
            && *known == made
        {
            return Ok(Arc::clone(policy));
        }
        let policy = Arc::new(Policy::new(rules::in_force(tx, organisation)?, &marks(tx, organisation)?));
        let mut policies = self.policies.lock();
        if policies.len() >= POLICIES_MAX {
            policies.clear();
        }
        policies.insert(organisation, (made, Arc::clone(&policy)));
        Ok(policy)
    }
}

/// Names and hashes of marked documents.
pub(crate) fn marks(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<(String, Vec<u64>)>, OutboundError> {
    Ok(rules::list_marks(tx, organisation)?.into_iter().map(|mark| (mark.name, mark.hashes)).collect())
}

/// Who an account is, as rules name people.
///
/// # Errors
/// If the store fails.
pub(crate) fn person(tx: &mut Tx<'_>, account: i64) -> Result<Person, OutboundError> {
    let addresses = identity::list_addresses(tx, account)?;
    let holders = rights::holders_of(tx, account)?;
    let roles = holders.iter().map(ToString::to_string).collect();
    let mut groups = Vec::new();
    for id in identity::groups::groups_of(tx, account)? {
        let group = identity::groups::load_group(tx, id)?;
        groups.push(group.name);
        groups.extend(group.address);
    }
    Ok(Person { addresses, groups, roles })
}

/// What must be known of recipients, and who tells whom they look like; none if nobody wrote the addresses.
pub(crate) type Asked<'g> = (Wants, Option<&'g Guard>);

/// Who gets the message: of groups, those of their members who are not of the organisation, too.
pub(crate) fn recipients(
    tx: &mut Tx<'_>,
    organisation: i64,
    addresses: &[String],
    asked: Asked<'_>,
) -> Result<Vec<Recipient>, OutboundError> {
    let mut all = Vec::with_capacity(addresses.len());
    for address in addresses {
        let (mut outside, mut is_outside) = (Vec::new(), false);
        match identity::resolve(tx, address) {
            Ok(Resolution::NotOurs) => is_outside = true,
            Ok(Resolution::Local(found)) => is_outside = found.organisation != organisation,
            Ok(Resolution::Abroad(found)) => is_outside = found.organisation != organisation,
            Ok(Resolution::Group(group)) => {
                is_outside = group.organisation != organisation;
                outside.extend(identity::groups::expand(tx, group.group)?.outside);
            }
            Ok(Resolution::UnknownLocal) => {}
            Err(error @ identity::IdentityError::Store(_)) => return Err(error.into()),
            // What is no address goes to nobody here.
            Err(_) => is_outside = true,
        }
        all.push(recipient(tx, organisation, (address, is_outside), asked)?);
        for member in outside {
            all.push(recipient(tx, organisation, (&member, true), (asked.0, None))?);
        }
    }
    Ok(all)
}

fn recipient(
    tx: &mut Tx<'_>,
    organisation: i64,
    (address, is_outside): (&str, bool),
    (wants, guard): Asked<'_>,
) -> Result<Recipient, OutboundError> {
    let domain = mail::Address::parse(address).map(|it| it.domain_ascii()).unwrap_or_default();
    let mut countries: Vec<String> = Vec::new();
    if wants.countries && is_outside {
        countries.extend(guard::country_of_host(&domain));
        let registered = filter::facts::registered_domain(&domain);
        let name = if filter::is_free_mail(&registered) { address } else { &registered };
        let known = readable(guard::partners::load(tx, organisation, name))?;
        countries.extend(known.into_iter().flat_map(|it| it.partner.countries.0).map(|(country, _)| country));
    }
    let mistaken = match guard.filter(|_| wants.likeness && is_outside) {
        Some(guard) => readable(guard.mistaken(tx, organisation, address))?.flatten(),
        None => None,
    };
    Ok(Recipient { domain, is_outside, countries, mistaken })
}

/// What is known of a partner. What cannot be read of one does not stop mail.
fn readable<T>(known: Result<T, GuardError>) -> Result<Option<T>, OutboundError> {
    match known {
        Ok(known) => Ok(Some(known)),
        Err(GuardError::NoPartner(_)) => Ok(None),
        Err(error @ GuardError::Store(_)) => Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "what is known of a partner cannot be read");
            Ok(None)
        }
    }
}

fn approvals(
    tx: &mut Tx<'_>,
    organisation: i64,
    sender: i64,
    asked: &[(String, Approve)],
) -> Result<Vec<Approval>, OutboundError> {
    let mut all = Vec::with_capacity(asked.len());
    for (rule, approve) in asked {
        let people = approvers(tx, organisation, sender, approve)?.into_iter().map(|(_, address)| address).collect();
        all.push(Approval { rule: rule.clone(), approve: approve.clone(), people });
    }
    Ok(all)
}

/// People in use who may allow a message of `sender`: account and main address of each.
///
/// # Errors
/// If the store fails.
pub(crate) fn approvers(
    tx: &mut Tx<'_>,
    organisation: i64,
    sender: i64,
    approve: &Approve,
) -> Result<Vec<(i64, String)>, OutboundError> {
    let (mut found, mut after) = (Vec::new(), 0);
    while found.len() < APPROVERS_MAX {
        let page = identity::list_accounts(tx, Some(organisation), after, identity::PAGE_MAX)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for account in &page {
            let is_person =
                account.kind == identity::AccountKind::Person && account.state == identity::AccountState::Active;
            if is_person
                && account.id != sender
                && found.len() < APPROVERS_MAX
                && approve.by.has(&person(tx, account.id)?)
            {
                found.push((account.id, account.addresses.first().cloned().unwrap_or_default()));
            }
        }
    }
    Ok(found)
}
