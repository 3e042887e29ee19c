//! What an organisation demands of messages to a partner before they leave: one of the ways in its rule must protect each, or it does not go.
//!
//! A rule is for a domain, with all below it, or for one address. That of the address goes before that of the domain, and that of a domain before
//! those of the domains above it. What the administrator's routes demand holds beside.

use env::Timestamp;
use mail::protection::Demand;
use serde::{Deserialize, Serialize};
use store::owned::{self, Owner};
use store::{Tx, params};

use crate::QueueError;

/// Rules that an organisation may have.
const RULES_MAX: i64 = 10_000;

const PLACE: &str = "partner_demand.detail";

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartnerDemand {
    /// Domain or address, in canonical form.
    pub partner: String,
    /// What must protect messages.
    pub demand: Demand,
    /// When it was set.
    pub since: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    partner: String,
    demand: Vec<String>,
    since: i64,
}

/// Domain or address as rules name it.
fn canonical(partner: &str) -> Result<String, QueueError> {
    let bad = || QueueError::BadPartner { given: partner.to_owned() };
    if partner.contains('@') {
        let address = mail::Address::parse(partner).map_err(|_| bad())?;
        return Ok(address.canonical().to_lowercase());
    }
    mail::domain::canonical(partner.trim()).ok().filter(|it| !it.starts_with('[')).ok_or_else(bad)
}

fn name_of(tx: &mut Tx<'_>, organisation: i64, partner: &str) -> Result<Vec<u8>, QueueError> {
    let key = tx.context().keys.organisation(tx, organisation)?;
    Ok(key.hashing().hash(&[b"demand:", partner.as_bytes()].concat()).to_vec())
}

/// Sets what must protect messages of the organisation to `partner`, a domain or an address, in place of what was set before.
///
/// # Errors
/// [`QueueError::BadPartner`] if it is neither, [`QueueError::TooManyRules`], or the store fails.
pub fn set(tx: &mut Tx<'_>, organisation: i64, partner: &str, demand: &Demand) -> Result<PartnerDemand, QueueError> {
    let partner = canonical(partner)?;
    let (name, id, now) = (name_of(tx, organisation, &partner)?, tx.next_id(), tx.now());
    tx.execute("DELETE FROM partner_demand WHERE organisation = $1 AND name = $2", params![organisation, &name])?;
    let count = "SELECT count(*) FROM partner_demand WHERE organisation = $1";
    if tx.row(count, params![organisation], |row| row.int(0))?.is_some_and(|count| count >= RULES_MAX) {
        return Err(QueueError::TooManyRules { max: RULES_MAX });
    }
    let detail = Detail { partner: partner.clone(), demand: demand.clone().into(), since: now.millis() };
    let sealed = owned::seal(tx, Owner::Organisation(organisation), PLACE, id, &detail)?;
    tx.execute(
        "INSERT INTO partner_demand (organisation, name, id, detail) VALUES ($1, $2, $3, $4)",
        params![organisation, &name, id, &sealed],
    )?;
    Ok(PartnerDemand { partner, demand: demand.clone(), since: now })
}

/// Takes the rule for `partner` away.
///
/// # Errors
/// [`QueueError::NoRule`] if there is none, [`QueueError::BadPartner`], or the store fails.
pub fn remove(tx: &mut Tx<'_>, organisation: i64, partner: &str) -> Result<(), QueueError> {
    let partner = canonical(partner)?;
    let name = name_of(tx, organisation, &partner)?;
    let sql = "DELETE FROM partner_demand WHERE organisation = $1 AND name = $2";
    match tx.execute(sql, params![organisation, &name])? {
        0 => Err(QueueError::NoRule { given: partner }),
        _ => Ok(()),
    }
}

/// All rules of an organisation, by partner.
///
/// # Errors
/// If the store fails.
pub fn list(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<PartnerDemand>, QueueError> {
    let rows = tx.rows(
        "SELECT id, detail FROM partner_demand WHERE organisation = $1 ORDER BY id LIMIT $2",
        params![organisation, RULES_MAX],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let mut all = rows
        .into_iter()
        .map(|(id, sealed)| opened(tx, organisation, id, &sealed))
        .collect::<Result<Vec<PartnerDemand>, QueueError>>()?;
    all.sort_unstable_by(|one, other| one.partner.cmp(&other.partner));
    Ok(all)
}

/// What is demanded of a message of the organisation to `recipients`; each of the answer must be met.
///
/// # Errors
/// If the store fails.
pub fn of(tx: &mut Tx<'_>, organisation: i64, recipients: &[String]) -> Result<Vec<Demand>, QueueError> {
    let any = "SELECT id FROM partner_demand WHERE organisation = $1 LIMIT 1";
    if tx.row(any, params![organisation], |row| row.int(0))?.is_none() {
        return Ok(Vec::new());
    }
    let mut demands = Vec::new();
    for recipient in recipients {
        let Ok(address) = mail::Address::parse(recipient) else { continue };
        let domain = address.domain_ascii();
        let above = domain.match_indices('.').filter_map(|(at, _)| domain.get(at + 1..)).map(str::to_owned);
        for name in [address.canonical().to_lowercase(), domain.clone()].into_iter().chain(above) {
            let hash = name_of(tx, organisation, &name)?;
            let found = tx.row(
                "SELECT id, detail FROM partner_demand WHERE organisation = $1 AND name = $2",
                params![organisation, &hash],
                |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
            )?;
            let Some((id, sealed)) = found else { continue };
            let PartnerDemand { demand, .. } = opened(tx, organisation, id, &sealed)?;
            if !demands.contains(&demand) {
                demands.push(demand);
            }
            break;
        }
    }
    Ok(demands)
}

fn opened(tx: &mut Tx<'_>, organisation: i64, id: i64, sealed: &[u8]) -> Result<PartnerDemand, QueueError> {
    let detail: Detail = owned::open(tx, Owner::Organisation(organisation), PLACE, id, sealed)?;
    let demand = Demand::try_from(detail.demand)
        .map_err(|_| QueueError::Unreadable { what: "rule for a partner", message: id })?;
    Ok(PartnerDemand { partner: detail.partner, demand, since: Timestamp::from_millis(detail.since) })
}
