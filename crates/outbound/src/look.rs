//! A message before it is taken: what rules say of it.

use std::collections::HashMap;
use std::sync::Arc;

use guard::GuardError;
use identity::{Resolution, rights};
use inspect::{Pool, Report};
use parking_lot::Mutex;
use store::{Store, StoreError, Tx};

use crate::content::{Content, Recipient};
use crate::evaluate::{Outcome, Policy};
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
    /// By organisation, with their revision.
    policies: Mutex<HashMap<i64, (i64, Arc<Policy>)>>,
}

impl Outbound {
    /// `pool` looks into files; without it what is in them counts as unreadable.
    #[must_use]
    pub fn new(store: Store, pool: Option<Arc<Pool>>) -> Arc<Self> {
        Arc::new(Self { store, pool, policies: Mutex::default() })
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
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

    async fn look_by(&self, policy: Arc<Policy>, letter: Letter) -> Result<Looked, OutboundError> {
        let (asked, with_countries) = (letter.clone(), policy.asks_countries());
        let look = move |tx: &mut Tx<'_>| {
            Ok::<_, OutboundError>((person(tx, asked.account)?, recipients(tx, &asked, with_countries)?))
        };
        let (sender, recipients) = self.store.read(look).await?;
        let (pool, raw) = (self.pool.clone(), Arc::clone(&letter.raw));
        let work = move || {
            let reports = pool.map(|pool| filter::inspect_files(&raw, &pool));
            let content = Content { sender, recipients, ..Content::read(&raw, reports.as_deref()) };
            (policy.evaluate(&content), reports)
        };
        let working = tokio::task::spawn_blocking(work).await;
        let (outcome, reports) = working.map_err(|_| StoreError::Abandoned("looking at a message panicked"))?;
        let asked = outcome.approvals();
        let approvals = if asked.is_empty() {
            Vec::new()
        } else {
            let Letter { organisation, account, .. } = letter;
            self.store.read(move |tx| approvals(tx, organisation, account, &asked)).await?
        };
        Ok(Looked { outcome, approvals, reports })
    }

    /// The rules as they are now, made ready once for each change.
    fn policy(&self, tx: &mut Tx<'_>, organisation: i64) -> Result<Arc<Policy>, OutboundError> {
        let revision = rules::revision(tx, organisation)?;
        if let Some((known, policy)) = self.policies.lock().get(&organisation)
            && *known == revision
        {
            return Ok(Arc::clone(policy));
        }
        let policy = Arc::new(Policy::new(rules::list(tx, organisation)?, &marks(tx, organisation)?));
        let mut policies = self.policies.lock();
        if policies.len() >= POLICIES_MAX {
            policies.clear();
        }
        policies.insert(organisation, (revision, Arc::clone(&policy)));
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

/// Who gets the message: of groups, those of their members who are not of the organisation, too.
pub(crate) fn recipients(
    tx: &mut Tx<'_>,
    letter: &Letter,
    with_countries: bool,
) -> Result<Vec<Recipient>, OutboundError> {
    let mut all = Vec::with_capacity(letter.recipients.len());
    for address in &letter.recipients {
        let (mut outside, mut is_outside) = (Vec::new(), false);
        match identity::resolve(tx, address) {
            Ok(Resolution::NotOurs) => is_outside = true,
            Ok(Resolution::Local(found)) => is_outside = found.organisation != letter.organisation,
            Ok(Resolution::Abroad(found)) => is_outside = found.organisation != letter.organisation,
            Ok(Resolution::Group(group)) => {
                is_outside = group.organisation != letter.organisation;
                outside.extend(identity::groups::expand(tx, group.group)?.outside);
            }
            Ok(Resolution::UnknownLocal) => {}
            Err(error @ identity::IdentityError::Store(_)) => return Err(error.into()),
            // What is no address goes to nobody here.
            Err(_) => is_outside = true,
        }
        all.push(recipient(tx, letter.organisation, address, is_outside, with_countries)?);
        for member in outside {
            all.push(recipient(tx, letter.organisation, &member, true, with_countries)?);
        }
    }
    Ok(all)
}

fn recipient(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
    is_outside: bool,
    with_countries: bool,
) -> Result<Recipient, OutboundError> {
    let domain = mail::Address::parse(address).map(|it| it.domain_ascii()).unwrap_or_default();
    let mut countries: Vec<String> = Vec::new();
    if with_countries && is_outside {
        countries.extend(guard::country_of_host(&domain));
        let registered = filter::facts::registered_domain(&domain);
        let name = if filter::is_free_mail(&registered) { address } else { &registered };
        match guard::partners::load(tx, organisation, name) {
            Ok(found) => countries.extend(found.partner.countries.0.into_iter().map(|(country, _)| country)),
            Err(GuardError::NoPartner(_)) => {}
            Err(error @ GuardError::Store(_)) => return Err(error.into()),
            // What cannot be read of one partner does not stop mail.
            Err(error) => tracing::error!(%error, "what is known of a partner cannot be read"),
        }
    }
    Ok(Recipient { domain, is_outside, countries })
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
