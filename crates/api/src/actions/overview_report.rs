//! The overview as a report by mail, in time and by hand: who gets it, how often, and sending it once for each period.

mod paper;

use ::access::Via;
use ::evidence::numbers;
use ::letters::{Letter, Ready, Texts};
use ::reports::overview::{
    self, Claim, NewSubscription, Period, Plan, Recipient, Rhythm, Sent, Subscription, SubscriptionError,
};
use identity::rights::{self, Event, Outcome};
use identity::{AccountState, IdentityError, Language};
use mail::Address;
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;
use queue::QueueError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::caller::Bounds;
use super::people::pick_organisation;
use super::{Controls, Refused, evidence};

/// A report of the overview that somebody is to get.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverviewReportToSet {
    /// Number of the one that is changed, as the list gives it; a new one if it is left out.
    #[serde(default)]
    pub id: Option<String>,
    /// What people call it.
    pub name: String,
    /// daily, weekly (on Mondays) or monthly (on the first), each of the time before.
    pub rhythm: String,
    /// Hour of the day at which it is sent, 0 to 23.
    pub hour: u8,
    /// Time zone of the hour and of the days that are counted: a name of IANA, such as Asia/Shanghai.
    pub time_zone: String,
    /// Who gets it.
    pub recipients: Vec<OverviewReader>,
    /// Organisation, by name; may be left out where there is only one.
    #[serde(default)]
    pub organisation: Option<String>,
}

/// Somebody who gets a report.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OverviewReader {
    /// Address, of an account here or of anybody else.
    pub address: String,
    /// zh or en; that of the account if it is left out.
    #[serde(default)]
    pub language: Option<String>,
}

/// Why a report was not sent.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(
        "{0} is at a domain of this server and no account of your organisation; name an account, or somebody elsewhere"
    )]
    NotHere(String),
}

fn number(id: &str) -> Result<i64, Refused> {
    i64::from_str_radix(id, 16)
        .map_err(|_| Refused(format!("id {id:?} is no number of a report; take it from the list")))
}

fn row(tx: &mut Tx<'_>, of: &Subscription) -> Result<Value, Fault> {
    let mut recipients = Vec::with_capacity(of.recipients.len());
    for Recipient { address, language } in &of.recipients {
        let is_here = identity::find_by_address(tx, address)?.is_some();
        recipients.push(json!({ "address": address, "language": language.as_str(), "here": is_here }));
    }
    let sent = |last: &Sent| {
        json!({
            "at": env::Timestamp::from_millis(last.at).to_string(), "period": last.period, "recipients": last.recipients,
            "unreachable": last.unreachable,
        })
    };
    Ok(json!({
        "id": format!("{:x}", of.id),
        "name": of.name,
        "rhythm": of.plan.rhythm().as_str(),
        "hour": of.plan.hour(),
        "time_zone": of.plan.zone(),
        "recipients": recipients,
        "next": of.due.to_string(),
        "last": of.last.as_ref().map(sent),
    }))
}

pub(super) async fn list(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<Value, Refused> {
    let by = *by;
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let all = overview::list(tx, organisation)?;
        all.iter().map(|one| row(tx, one)).collect::<Result<Value, Fault>>()
    };
    controls.store.read(work).await.map_err(Refused::because)
}

pub(super) async fn set(controls: &Controls, by: &Bounds, new: OverviewReportToSet) -> Result<Value, Refused> {
    let rhythm: Rhythm = new.rhythm.parse().map_err(Refused::because)?;
    let plan = Plan::new(rhythm, new.hour, &new.time_zone).map_err(Refused::because)?;
    let id = new.id.as_deref().map(number).transpose()?;
    let by = *by;
    let readers = new
        .recipients
        .into_iter()
        .map(|OverviewReader { address, language }| {
            let language = language.as_deref().map(str::parse::<Language>).transpose().map_err(Refused::because)?;
            Ok((address, language))
        })
        .collect::<Result<Vec<_>, Refused>>()?;
    let (name, organisation) = (new.name, new.organisation);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let recipients = readers
            .iter()
            .map(|(address, language)| recipient(tx, organisation, address, *language))
            .collect::<Result<_, Fault>>()?;
        let new = NewSubscription { name: name.clone(), plan: plan.clone(), recipients };
        let kept = overview::set(tx, organisation, id, new)?;
        row(tx, &kept)
    };
    controls.store.write(work).await.map_err(Refused::because)
}

/// Who is named, with the language in which he is written to.
fn recipient(
    tx: &mut Tx<'_>,
    organisation: i64,
    address: &str,
    language: Option<Language>,
) -> Result<Recipient, Fault> {
    let wrong = || SubscriptionError::Address(address.to_owned());
    let parsed = Address::parse(address.trim()).map_err(|_| wrong())?;
    let address = parsed.canonical();
    let own = match identity::find_by_address(tx, &address)? {
        Some(account) => Some(identity::load_account(tx, account)?).filter(|it| it.organisation == organisation),
        None => None,
    };
    let is_hosted = identity::list_domains(tx, None)?.iter().any(|domain| domain.name == parsed.domain_ascii());
    match (own, is_hosted) {
        (None, true) => Err(Fault::NotHere(address)),
        (own, _) => {
            let language = language.or(own.map(|own| own.language)).unwrap_or(Language::English);
            Ok(Recipient { address, language })
        }
    }
}

pub(super) async fn remove(
    controls: &Controls,
    by: &Bounds,
    id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (number, by) = (number(&id)?, *by);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, Fault>(overview::remove(tx, organisation, number)?)
    };
    controls.store.write(work).await.map_err(Refused::because)?;
    Ok(json!({ "id": id, "removed": true }))
}

/// Sends the report of the last whole period now. When it is sent next stays as it is.
pub(super) async fn send(
    controls: &Controls,
    by: &Bounds,
    id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (number, by) = (number(&id)?, *by);
    let load = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        Ok::<_, Fault>((overview::load(tx, organisation, number)?, tx.now()))
    };
    let (of, now) = controls.store.read(load).await.map_err(Refused::because)?;
    let period = of.plan.last_whole(now).ok_or_else(|| Refused("no period is over yet".to_owned()))?;
    let Made { letters, sent } = make(controls, &of, &period).await?;
    let post = move |tx: &mut Tx<'_>| {
        for letter in &letters {
            letter.post(tx)?;
        }
        Ok::<_, Fault>(())
    };
    controls.store.write(post).await.map_err(Refused::because)?;
    Ok(json!({ "id": id, "period": sent.period, "sent": sent.recipients, "unreachable": sent.unreachable }))
}

/// Letters that are ready, and what is noted of them.
struct Made {
    letters: Vec<Ready>,
    sent: Sent,
}

/// Makes the letters of a report, one for each recipient, so that none learns of the others.
async fn make(controls: &Controls, of: &Subscription, period: &Period) -> Result<Made, Refused> {
    // All of it: a server that was down for days has not counted the last of them yet.
    while numbers::sum_up(&controls.store).await.map_err(Refused::because)? {}
    let around = evidence::surroundings(controls).await?;
    let organisation = of.organisation;
    let domains = move |tx: &mut Tx<'_>| identity::list_domains(tx, Some(organisation));
    let domains = controls.store.read(domains).await.map_err(Refused::because)?;
    let from = domains.first().map(|domain| domain.name.clone());
    let from = from.ok_or_else(|| Refused("a report needs a domain that it comes from; add one first".to_owned()))?;
    let mut papers: Vec<(Language, review::Report)> = Vec::new();
    let (mut letters, mut unreachable) = (Vec::new(), Vec::new());
    for recipient in &of.recipients {
        if !is_reached(controls, organisation, recipient.address.clone()).await? {
            unreachable.push(recipient.address.clone());
            continue;
        }
        let language = recipient.language;
        if !papers.iter().any(|(of, _)| *of == language) {
            let (around, of, period) = (around.clone(), of.clone(), period.clone());
            let work = move |tx: &mut Tx<'_>| paper::make(tx, &around, &of, (&period, language));
            papers.push((language, controls.store.read(work).await.map_err(Refused::because)?));
        }
        let Some((_, paper)) = papers.iter().find(|(of, _)| *of == language) else { continue };
        let to = Address::parse(&recipient.address).map_err(Refused::because)?;
        let raw = letter(controls, (&from, &to), (paper, period), language);
        let letter = Letter {
            utf8: !to.is_ascii_capable(),
            stays: true,
            ..Letter::new(organisation, vec![to.to_string()], raw)
        };
        letters.push(controls.mailer.ready(letter).await.map_err(Refused::because)?);
    }
    let at = controls.store.context().clock.now().millis();
    let sent = Sent { at, period: period.name(), recipients: letters.len(), unreachable };
    Ok(Made { letters, sent })
}

/// Whether mail to the address finds somebody: of ours only accounts of the organisation that are in use; of others that is not known here.
async fn is_reached(controls: &Controls, organisation: i64, address: String) -> Result<bool, Refused> {
    let work = move |tx: &mut Tx<'_>| {
        if let Some(account) = identity::find_by_address(tx, &address)? {
            let account = identity::load_account(tx, account)?;
            return Ok(account.organisation == organisation && account.state == AccountState::Active);
        }
        let domain = Address::parse(&address).map(|address| address.domain_ascii()).unwrap_or_default();
        Ok::<_, Fault>(!identity::list_domains(tx, None)?.iter().any(|own| own.name == domain))
    };
    controls.store.read(work).await.map_err(Refused::because)
}

/// The letter with the report as its attachment.
fn letter(
    controls: &Controls,
    (from, to): (&str, &Address),
    (paper, period): (&review::Report, &Period),
    language: Language,
) -> Vec<u8> {
    let texts = Texts::of(language);
    let last_day = period.days.last().map_or("", String::as_str);
    let text = format!(
        "{}\r\n\r\n{}\r\n\r\n{}\r\n",
        paper.title,
        paper.paragraphs.join("\r\n"),
        texts.say("overview-report-letter", &[])
    );
    let built = MessageBuilder::new()
        .from((texts.say("notice-from", &[]), format!("postmaster@{from}")))
        .to(to.to_string())
        .date(controls.store.context().clock.now().seconds())
        .message_id(controls.mailer.message_id())
        .subject(paper.title.as_str())
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("Content-Language", Raw::new(language.as_str()))
        .text_body(text)
        .attachment(
            "application/pdf",
            format!("overview-{last_day}.{}.pdf", language.as_str()),
            review::write_pdf(paper),
        )
        .write_to_vec();
    // Writing to a vector cannot fail.
    built.unwrap_or_default()
}

/// Sends the reports that are due; gives how many. Of several nodes one sends each, and of those that were missed the newest is sent.
///
/// # Errors
/// [`Refused`] if the store fails; what was not sent is due still.
pub async fn send_overview_reports(controls: &Controls) -> Result<usize, Refused> {
    let due = controls.store.read(overview::due).await.map_err(Refused::because)?;
    let mut sent = 0;
    for of in due {
        let name = of.name.clone();
        match send_due(controls, of).await {
            Ok(was_first) => sent += usize::from(was_first),
            Err(error) => {
                tracing::error!(report = name, %error, "a report of the overview is not sent; it is tried again")
            }
        }
    }
    Ok(sent)
}

async fn send_due(controls: &Controls, of: Subscription) -> Result<bool, Refused> {
    let now = controls.store.context().clock.now();
    let Some(period) = of.plan.latest(now) else { return Ok(false) };
    let Made { letters, sent } = make(controls, &of, &period).await?;
    let claim = Claim { of, sent };
    let work = move |tx: &mut Tx<'_>| {
        if !overview::claim(tx, &claim)? {
            return Ok(false);
        }
        for letter in &letters {
            letter.post(tx)?;
        }
        rights::record(tx, &event(&claim))?;
        Ok::<_, Fault>(true)
    };
    controls.store.write(work).await.map_err(Refused::because)
}

/// What the record has of a report that went out by itself.
fn event(claim: &Claim) -> Event {
    let recipients: Vec<&str> = claim.of.recipients.iter().map(|one| one.address.as_str()).collect();
    Event {
        organisation: claim.of.organisation,
        account: None,
        via: Via::Local,
        address: None,
        action: "overview-report-sent".to_owned(),
        object: json!({ "name": claim.of.name, "period": claim.sent.period, "recipients": recipients }).to_string(),
        outcome: Outcome::Done,
        row: String::new(),
    }
}

#[cfg(test)]
mod tests;
