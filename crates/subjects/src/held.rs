//! Where an organisation holds somebody beside its mailboxes: each place is asked by its own means, by address.

use guard::person::Swept;
use identity::groups::{self, Member};
use identity::{EntryKind, lists};
use serde_json::{Value, json};
use store::Tx;

use crate::SubjectError;
use crate::words::Place;

/// Pages of lists that are read.
const PAGE_MAX: usize = 1_000;

/// What is held in one place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) place: Place,
    /// How many things.
    pub(crate) things: u64,
    /// What of them is told to the person.
    pub(crate) facts: Value,
}

fn held(place: Place, things: usize, facts: impl Into<Value>) -> Held {
    Held { place, things: things as u64, facts: facts.into() }
}

/// All places that are found by their names, for each of `addresses`. The trade guard's rows beside are gone through by [`guard::person::sweep`].
pub(crate) fn of_organisation(
    tx: &mut Tx<'_>,
    organisation: i64,
    addresses: &[String],
) -> Result<Vec<Held>, SubjectError> {
    let mut all = Vec::new();
    for address in addresses {
        all.push(partner(tx, organisation, address)?);
        all.extend(judged(tx, organisation, address)?);
        all.push(traced(tx, organisation, address)?);
        all.push(listed(tx, organisation, address)?);
        all.push(keys(tx, organisation, address)?);
        all.push(rules(tx, organisation, address)?);
        all.push(register(tx, organisation, address)?);
    }
    all.push(queued(tx, organisation, addresses)?);
    all.retain(|held| held.things > 0);
    Ok(all)
}

/// What the trade guard knows of the person by name.
fn partner(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Held, SubjectError> {
    let known = guard::person::held(tx, organisation, address)?;
    if !known.is_something() {
        return Ok(held(Place::Partners, 0, Value::Null));
    }
    let moment = |millis: i64| env::Timestamp::from_millis(millis).to_string();
    let person = known.address.as_ref().map(|known| {
        let names = |tally: &guard::knowledge::Tally| tally.0.iter().map(|(what, _)| what.clone()).collect::<Vec<_>>();
        json!({
            "names": names(&known.names), "first": moment(known.contact.first), "last": moment(known.contact.last),
            "received": known.contact.received, "sent": known.contact.sent, "programs": names(&known.software),
            "routes": names(&known.routes), "zones": names(&known.zones), "languages": names(&known.languages),
            "answers_to": names(&known.reply_to), "corresponds_with": names(&known.ours), "hours": known.hours,
        })
    });
    let partner = known.partner.as_ref().map(|partner| {
        let people: Vec<Value> = partner
            .people
            .iter()
            .filter(|it| it.address == address)
            .map(|it| json!({ "name": it.name, "messages": it.messages, "last": moment(it.last) }))
            .collect();
        let details: Vec<Value> = partner.details.iter().map(|it| json!(it.detail.value)).collect();
        json!({ "partner": partner.name, "person": people, "payment_details": details, "telephones": partner.phones })
    });
    let things = usize::from(person.is_some()) + usize::from(partner.is_some()) + known.names as usize;
    Ok(held(Place::Partners, things, json!({ "address": address, "writes": person, "partner": partner })))
}

/// What is kept of judged mail, reports and reputations.
fn judged(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Vec<Held>, SubjectError> {
    let kept = judgement::person::held(tx, organisation, address)?;
    let span = kept.span.map(|(first, last)| json!({ "first": first.to_string(), "last": last.to_string() }));
    let traces = kept.judged.len() + kept.votes as usize;
    let known: Vec<Value> = judgement::reputation::look_up(tx, organisation, address)?
        .iter()
        .map(|it| {
            let counts = &it.counts;
            json!({ "as": it.kind, "good": counts.good, "bad": counts.bad, "told": counts.told, "seen": counts.seen })
        })
        .collect();
    Ok(vec![
        held(
            Place::Traces,
            traces,
            json!({ "address": address, "messages": kept.judged.len(), "span": span, "reports": kept.votes }),
        ),
        held(Place::Reputation, known.len(), json!({ "address": address, "counts": known })),
        held(
            Place::Quarantine,
            kept.quarantined.len(),
            json!({ "address": address, "messages": kept.quarantined.len() }),
        ),
        held(Place::Correspondents, kept.writers as usize, json!({ "address": address, "people": kept.writers })),
    ])
}

/// Under whom message traces stand that people of the organisation see: what is nobody's here is theirs where they are alone.
pub(crate) fn traces_of(tx: &mut Tx<'_>, organisation: i64) -> Result<Vec<i64>, SubjectError> {
    let is_alone = identity::list_organisations(tx)?.len() <= 1;
    Ok(std::iter::once(organisation).chain(is_alone.then_some(0)).collect())
}

/// Message traces that name the person.
fn traced(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Held, SubjectError> {
    let (mut traces, mut spans) = (0, Vec::new());
    for whose in traces_of(tx, organisation)? {
        let naming = trace::naming(tx, whose, address)?;
        traces += naming.traces as usize;
        spans.extend(naming.span);
    }
    let span = spans.iter().map(|span| span.0).min().zip(spans.iter().map(|span| span.1).max());
    let span = span.map(|(first, last)| json!({ "first": first.to_string(), "last": last.to_string() }));
    Ok(held(Place::MessageTrace, traces, json!({ "address": address, "messages": traces, "span": span })))
}

fn listed(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Held, SubjectError> {
    let entries: Vec<Value> = lists::list(tx, organisation)?
        .iter()
        .filter(|it| it.what.kind == EntryKind::Address && it.what.value.to_lowercase() == address)
        .map(|it| json!({ "list": it.what.effect.as_str(), "since": it.created.to_string(), "address": address }))
        .collect();
    Ok(held(Place::Lists, entries.len(), entries))
}

fn keys(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Held, SubjectError> {
    let mut all: Vec<Value> = keybook::list_partners(tx, organisation, Some(address))?
        .iter()
        .map(|it| {
            json!({ "kind": "openpgp", "fingerprint": it.fingerprint, "from": it.origin.as_str(), "since": it.first_seen.to_string() })
        })
        .collect();
    let certificates = certbook::partner(tx, organisation, address)?;
    all.extend(certificates.iter().map(|it| json!({ "kind": "smime", "subject": it.certificate.subject })));
    Ok(held(Place::Keys, all.len(), all))
}

/// Groups that he is in from outside, and rules of protection for his address.
fn rules(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Held, SubjectError> {
    let mut all: Vec<Value> = groups_with(tx, organisation, address)?
        .into_iter()
        .map(|(_, label)| json!({ "kind": "group", "name": label }))
        .collect();
    let demands = queue::demands::list(tx, organisation)?;
    all.extend(demands.iter().filter(|it| it.partner == address).map(|_| json!({ "kind": "protection" })));
    Ok(held(Place::Rules, all.len(), all))
}

/// Groups with the address as a member from outside, each with what people call it.
pub(crate) fn groups_with(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
) -> Result<Vec<(i64, String)>, SubjectError> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = groups::list_groups(tx, organisation, after, PAGE_MAX)?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id;
        for group in &page {
            let members = groups::list_members(tx, group.id)?;
            if members.iter().any(|it| matches!(it, Member::Outside(outside) if outside.to_lowercase() == address)) {
                found.push((group.id, group.label().to_owned()));
            }
        }
    }
}

fn register(tx: &mut Tx<'_>, organisation: i64, address: &str) -> Result<Held, SubjectError> {
    let consents = crate::consent::of_person(tx, organisation, address)?;
    let told: Vec<Value> = consents
        .iter()
        .map(|it| {
            json!({
                "kind": "consent", "purpose": it.purpose, "given": it.given.to_string(),
                "withdrawn": it.withdrawn.map(|at| at.to_string()),
            })
        })
        .collect();
    let is_restricted = store::restrictions::is_any_address(tx, organisation, [address])?;
    let restricted = is_restricted.then(|| json!({ "kind": "restriction" }));
    let all: Vec<Value> = told.into_iter().chain(restricted).collect();
    Ok(held(Place::Register, all.len(), all))
}

/// Mail on its way out to him.
fn queued(tx: &mut Tx<'_>, organisation: i64, addresses: &[String]) -> Result<Held, SubjectError> {
    let (mut found, mut after) = (0, 0);
    loop {
        let filter =
            queue::Filter { organisation: Some(organisation), after, limit: PAGE_MAX, ..queue::Filter::default() };
        let page = queue::list(tx, &filter)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let is_to = |message: &&queue::QueuedMessage| {
            message.recipients.iter().any(|it| addresses.contains(&it.recipient.address.to_lowercase()))
        };
        found += page.iter().filter(is_to).count();
    }
    Ok(held(Place::Queue, found, json!({ "messages": found })))
}

/// What sweeps of the trade guard found, as places.
pub(crate) fn of_sweep(swept: Swept) -> Vec<Held> {
    let rows = (swept.rows + swept.lessons) as usize;
    let mut all = vec![
        held(Place::Partners, rows, json!({ "threads": swept.rows, "waiting": swept.lessons })),
        held(Place::Cases, swept.cases as usize, json!({ "cases": swept.cases, "open": swept.open_cases })),
    ];
    all.retain(|held| held.things > 0);
    all
}
