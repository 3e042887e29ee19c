//! Who wrote a message, as far as something stands behind it: part of our own extension `urn:tradewind:params:jmap:verdict`.

use env::Timestamp;
use filter::facts::{Authenticated, Sender, registered_domain};
use guard::GuardError;
use identity::{IdentityError, Resolution};
use mail::message::SummaryRef;
use serde_json::{Value, json};
use store::{Tx, params};
use wire::jmap::format_utc_date;

use crate::args::Args;
use crate::error::Failure;
use crate::reach::Reach;
use crate::{Asker, Server, ids};

/// Findings that say that a domain looks like another.
const ALIKE: &[&str] = &["lookalike-partner", "lookalike-own"];

/// What is kept of the message's judgement.
#[derive(Default)]
struct Known {
    /// The one author that the judgement saw.
    from: Option<Sender>,
    /// His domain vouches for it; none if nobody can say.
    is_verified: Option<bool>,
    /// It was sent by one of us.
    is_sent_here: bool,
    /// What the domain looks like.
    alike: Option<String>,
    /// Its case for finance.
    case: Option<i64>,
}

/// `EmailSender/get`: by identifiers of messages, who wrote each.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing: name messages"))?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for text in asked {
        let there = server.indexes.message(tx, &reach, &text)?;
        match there {
            Some(message) => list.push(shown(server, tx, asker, reach.account, message)?),
            None => missing.push(text),
        }
    }
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

fn shown(server: &Server, tx: &mut Tx<'_>, asker: &Asker, account: i64, message: i64) -> Result<Value, Failure> {
    let known = known(tx, account, message)?;
    let from = match &known.from {
        Some(from) => Some(from.clone()),
        None => author(server, tx, account, message)?,
    };
    let mut shown = json!({
        "id": ids::show(message), "address": null, "domain": null, "isVerified": known.is_verified, "relation": null,
        "partner": null, "since": null, "received": 0, "sent": 0, "looksLike": known.alike,
        "case": known.case.map(|case| format!("{case:x}")),
    });
    let Some(from) = from else { return Ok(shown) };
    shown["address"] = from.address.clone().into();
    shown["domain"] = from.domain.clone().into();
    let whose = match identity::resolve(tx, &from.address) {
        Ok(whose) => whose,
        Err(error @ IdentityError::Store(_)) => return Err(error.into()),
        // What stands there is no address.
        Err(_) => return Ok(shown),
    };
    if !matches!(whose, Resolution::NotOurs) {
        // An address of ours proves nothing by itself: anybody can write it.
        let is_ours = known.is_sent_here || known.is_verified == Some(true);
        shown["relation"] = if is_ours { "colleague" } else { "unproven" }.into();
        return Ok(shown);
    }
    let name = if filter::is_free_mail(&from.domain) { &from.address } else { &from.domain };
    let contact = match guard::partners::load(tx, asker.principal.organisation, name) {
        Ok(found) => Some((found.partner.name, found.partner.contact)),
        Err(GuardError::Store(error)) => return Err(error.into()),
        Err(GuardError::NoPartner(_)) => None,
        Err(error) => {
            tracing::error!(%error, "what is known of a partner cannot be read");
            None
        }
    };
    shown["relation"] = "first".into();
    if let Some((name, contact)) = contact {
        let is_first = contact.sent == 0 && contact.received <= 1;
        if !is_first {
            shown["relation"] = if contact.sent > 0 && contact.received > 0 { "partner" } else { "seen" }.into();
            shown["partner"] = name.into();
            shown["since"] = format_utc_date(Timestamp::from_millis(contact.first)).into();
            shown["received"] = contact.received.into();
            shown["sent"] = contact.sent.into();
        }
    }
    Ok(shown)
}

/// What the judgement of the message came to, if it is kept.
fn known(tx: &mut Tx<'_>, account: i64, message: i64) -> Result<Known, Failure> {
    let row = tx.row(
        "SELECT j.id, j.direction FROM judged_copy c JOIN judged j ON j.id = c.judged WHERE c.account = $1 AND c.message = $2",
        params![account, message],
        |row| Ok((row.int(0)?, row.text(1)? == judgement::Direction::Out.as_str())),
    )?;
    let Some((id, is_sent_here)) = row else { return Ok(Known::default()) };
    let judged = match judgement::load(tx, id) {
        Ok(judged) => judged,
        Err(judgement::JudgementError::Store(error)) => return Err(error.into()),
        Err(_) => return Ok(Known::default()),
    };
    let facts = judged.detail.facts;
    let is_verified = facts.as_ref().and_then(|facts| match facts.authenticated? {
        Authenticated::Yes => Some(true),
        Authenticated::Failed => Some(false),
        Authenticated::Unknown => None,
    });
    let alike = judged.detail.verdict.findings.iter().find(|it| ALIKE.contains(&it.id.as_str()));
    let sql = "SELECT id FROM guard_case WHERE id = $1";
    let case = tx.row(sql, params![id], |row| row.int(0))?;
    Ok(Known {
        from: facts.and_then(|facts| facts.from),
        is_verified,
        is_sent_here,
        alike: alike.and_then(|finding| known_of(&finding.evidence)),
        case,
    })
}

/// The domain that another was compared with, of the evidence of such a finding.
fn known_of(evidence: &str) -> Option<String> {
    evidence.split("≠ ").nth(1)?.split_whitespace().next().map(str::to_owned)
}

/// The one author that the header names.
fn author(server: &Server, tx: &mut Tx<'_>, account: i64, message: i64) -> Result<Option<Sender>, Failure> {
    let known = server.opened.read(tx, account, &[message])?;
    let Some((_, known)) = known.first() else { return Err(Failure::Behind) };
    let envelope = SummaryRef::parse(&known.summary)?.envelope()?;
    let mut all = envelope.from.iter();
    let (Some(from), None) = (all.next(), all.next()) else { return Ok(None) };
    let (Some(mailbox), Some(host)) = (from.mailbox, from.host) else { return Ok(None) };
    let host = host.to_lowercase();
    let address = format!("{}@{host}", mailbox.to_lowercase());
    Ok(Some(Sender { name: String::new(), address, domain: registered_domain(&host), host }))
}
