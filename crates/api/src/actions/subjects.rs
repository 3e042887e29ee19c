//! What people ask about their data: the register of requests, what is done about them, answers.

mod own;
mod registers;

use std::time::Duration;

use ::subjects::{
    By, Correction, Erased, Found, Kind, LetterKind, NewRequest, Regime, Removal, Request, State, SubjectError, Wanted,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Timestamp;
use identity::{Language, rights};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::audit::seal_now;
use super::backup::carry_erasures_on;
use super::caller::Bounds;
use super::grants::parse_day;
use super::people::pick_organisation;
use super::retention::asker;
use super::{Controls, Refused};

pub(super) use own::{list_own, make_own, withdraw_own};
pub use registers::ConsentToAdd;
pub(super) use registers::{add_consent, consents, processing, set_processing, withdraw_consent};

/// How long a request waits for its search; after that the search goes on without it.
const SEARCH_WAIT: Duration = Duration::from_secs(10);

/// Accounts that one investigation looks into.
const CUSTODIANS_MAX: usize = ::investigation::CUSTODIANS_MAX;

/// A request to be entered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectToOpen {
    /// What is asked for: access, export, correction, restriction, erasure or objection.
    pub kind: String,
    /// Under which law: gdpr, ccpa or pipl.
    pub law: String,
    /// Name of whoever asks.
    pub name: String,
    /// His addresses; one of ours is enough for somebody of ours.
    pub addresses: Vec<String>,
    /// Where answers go; his first address if none is named.
    pub answer_to: Option<String>,
    /// Language of the answers: zh or en.
    pub language: String,
    /// The day on which it came, such as 2026-01-31; now if none is named.
    pub received: Option<String>,
    /// What he wrote.
    #[serde(default)]
    pub note: String,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Which requests are listed, the latest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectPage {
    /// In this state alone: open, done, refused or withdrawn.
    pub state: Option<String>,
    /// Before this number, the last of the page before.
    pub before: Option<String>,
    /// At most so many; a hundred by default and at most.
    #[serde(default)]
    pub limit: u32,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Which messages that name the person of a request are listed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectMailPage {
    /// Number of the request.
    pub id: String,
    /// Behind this one, the last of the page before.
    pub after: Option<String>,
    /// At most so many; two hundred by default and at most.
    #[serde(default)]
    pub limit: u32,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// An investigation by which the content of mail is given out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectToInvestigate {
    /// Number of the request.
    pub id: String,
    /// Why content has to be given out; the second person and an auditor read it.
    pub reason: String,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Something to be set right; one of name, add and remove.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectCorrection {
    /// Number of the request.
    pub id: String,
    /// The right name.
    pub name: Option<String>,
    /// An address of the account that is missing.
    pub add: Option<String>,
    /// An address of the account that is not the person's.
    pub remove: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// An erasure.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectToErase {
    /// Number of the request.
    pub id: String,
    /// Business mail goes, too; it says why it need not stay.
    pub remove_mail: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// A refusal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectToRefuse {
    /// Number of the request.
    pub id: String,
    /// Why; whoever asks is told.
    pub reason: String,
    /// Number of the legal hold that stands against it, if one does; whoever asks is told which.
    pub hold: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Another wording of a draft.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectAnswer {
    /// Number of the request.
    pub id: String,
    /// Number of the letter.
    pub letter: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

fn number(id: &str) -> Result<i64, Refused> {
    id.trim().parse().map_err(|_| Refused(format!("{id:?} is no number of a request; see subject-list")))
}

/// What went wrong, of a legal hold in both languages: whoever decides tells the person.
fn refused(error: SubjectError) -> Refused {
    match &error {
        SubjectError::Held(_) => {
            Refused(format!("{}\n{}", error.told(Language::English), error.told(Language::Chinese)))
        }
        other => Refused::because(other),
    }
}

fn who(tx: &mut Tx<'_>, by: &Bounds) -> Result<By, SubjectError> {
    Ok(By { account: by.account, name: asker(tx, by)? })
}

/// Does `work` in the organisation that is meant.
async fn within<T: Send + 'static>(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
    work: impl Fn(&mut Tx<'_>, i64, &By) -> Result<T, SubjectError> + Send + Sync + 'static,
) -> Result<T, Refused> {
    let by = *by;
    let whole = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let who = who(tx, &by)?;
        work(tx, organisation, &who)
    };
    controls.store.write(whole).await.map_err(refused)
}

/// The organisation that is meant, and who asks.
async fn place(controls: &Controls, by: &Bounds, organisation: Option<String>) -> Result<(i64, By), Refused> {
    let by = *by;
    let read = move |tx: &mut Tx<'_>| {
        Ok::<_, SubjectError>((pick_organisation(tx, &by, organisation.as_deref())?, who(tx, &by)?))
    };
    controls.store.read(read).await.map_err(refused)
}

pub(super) async fn open(controls: &Controls, by: &Bounds, new: SubjectToOpen) -> Result<Value, Refused> {
    let SubjectToOpen { kind, law, name, addresses, answer_to, language, received, note, organisation } = new;
    let kind: Kind = kind.parse().map_err(Refused::because)?;
    let regime: Regime = law.parse().map_err(Refused::because)?;
    let language: Language = language.parse().map_err(Refused::because)?;
    let received = received.as_deref().map(parse_day).transpose()?;
    let new = NewRequest { kind, regime, name, addresses, answer_to, language, received, note };
    let settings = controls.elsewhere.subjects();
    let opened = within(controls, by, organisation, move |tx, organisation, who| {
        ::subjects::open(tx, organisation, &new, who, &settings)
    });
    let opened = opened.await?;
    Ok(json!({ "id": opened.id.to_string(), "due": opened.due.to_string(), "ours": opened.account.is_some() }))
}

pub(super) async fn list(controls: &Controls, by: &Bounds, page: SubjectPage) -> Result<Value, Refused> {
    let SubjectPage { state, before, limit, organisation } = page;
    let state: Option<State> = state.as_deref().map(str::parse).transpose().map_err(Refused::because)?;
    let wanted = Wanted { state, before: before.as_deref().map(number).transpose()?, limit };
    let by = *by;
    let read = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        ::subjects::list(tx, organisation, wanted)
    };
    let all = controls.store.read(read).await.map_err(refused)?;
    Ok(all.iter().map(row).collect())
}

fn row(request: &Request) -> Value {
    json!({
        "id": request.id.to_string(),
        "kind": request.kind.as_str(),
        "law": request.regime.as_str(),
        "state": request.state.as_str(),
        "name": request.name,
        "ours": request.account.is_some(),
        "received": request.received.to_string(),
        "due": request.due.to_string(),
        "extended": request.extension.is_some(),
        "closed": request.closed.map(|at| at.to_string()),
    })
}

pub(super) async fn show(
    controls: &Controls,
    by: &Bounds,
    id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (id, by) = (number(&id)?, *by);
    let read = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let request = ::subjects::load(tx, organisation, id)?;
        let steps: Vec<Value> = ::subjects::steps(tx, organisation, id)?
            .iter()
            .map(|step| json!({ "at": step.at.to_string(), "step": step.what, "by": step.by, "note": step.note }))
            .collect();
        Ok::<_, SubjectError>((request, steps))
    };
    let (request, steps) = controls.store.read(read).await.map_err(refused)?;
    let moment = |millis: i64| Timestamp::from_millis(millis).to_string();
    let mut told = row(&request);
    let more = json!({
        "addresses": request.addresses, "answer_to": request.answer_to, "language": request.language.as_str(),
        "note": request.note, "by": request.by, "person": request.person,
        "identity": request.identity.map(|it| json!({ "how": it.how, "by": it.by, "at": moment(it.at) })),
        "extension": request.extension.map(|it| json!({ "reason": it.reason, "by": it.by, "at": moment(it.at) })),
        "refusal": request.refusal.map(|it| json!({ "reason": it.reason, "by": it.by, "hold": it.hold })),
        "investigation": request.investigation.map(|it| it.to_string()),
        "carried_out": request.carried_out,
        "found": request.found.as_ref().map(shown_found),
        "erased": request.erased.as_ref().map(shown_erased),
        "steps": steps,
    });
    super::backup::merge(&mut told, more);
    Ok(told)
}

fn shown_found(found: &Found) -> Value {
    json!({
        "at": Timestamp::from_millis(found.at).to_string(), "places": found.places, "mailboxes": found.mailboxes,
        "looked": found.looked, "whole": found.whole,
    })
}

fn shown_erased(erased: &Erased) -> Value {
    let kept: Vec<Value> =
        erased.kept.iter().map(|it| json!({ "place": it.place, "things": it.things, "basis": it.basis })).collect();
    let at = Timestamp::from_millis(erased.at).to_string();
    json!({ "at": at, "gone": erased.gone, "kept": kept, "proof": erased.has_proof() })
}

pub(super) async fn identify(
    controls: &Controls,
    by: &Bounds,
    (id, how, answer_to): (String, String, Option<String>),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (number, told) = (number(&id)?, json!({ "identified": id }));
    let work = move |tx: &mut Tx<'_>, organisation: i64, who: &By| {
        ::subjects::identify(tx, organisation, number, (&how, answer_to.as_deref()), who)
    };
    within(controls, by, organisation, work).await.map(|()| told)
}

pub(super) async fn extend(
    controls: &Controls,
    by: &Bounds,
    (id, reason): (String, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (number, settings) = (number(&id)?, controls.elsewhere.subjects());
    let work = move |tx: &mut Tx<'_>, organisation: i64, who: &By| {
        ::subjects::extend(tx, organisation, number, &reason, who, &settings)
    };
    let due = within(controls, by, organisation, work).await?;
    Ok(json!({ "id": id, "due": due.to_string() }))
}

pub(super) async fn refuse(controls: &Controls, by: &Bounds, asked: SubjectToRefuse) -> Result<Value, Refused> {
    let SubjectToRefuse { id, reason, hold, organisation } = asked;
    let hold_of = |hold: &str| {
        hold.trim().parse().map_err(|_| Refused(format!("{hold:?} is no number of a legal hold; see hold-list")))
    };
    let (number, hold): (i64, Option<i64>) = (number(&id)?, hold.as_deref().map(hold_of).transpose()?);
    let work = move |tx: &mut Tx<'_>, organisation: i64, who: &By| {
        ::subjects::refuse(tx, organisation, number, (&reason, hold), who)
    };
    within(controls, by, organisation, work).await.map(|()| json!({ "refused": id }))
}

pub(super) async fn close(
    controls: &Controls,
    by: &Bounds,
    (id, withdrawn, note): (String, bool, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let number = number(&id)?;
    let work = move |tx: &mut Tx<'_>, organisation: i64, who: &By| {
        ::subjects::close(tx, organisation, number, (withdrawn, &note), who)
    };
    within(controls, by, organisation, work).await.map(|()| json!({ "closed": id }))
}

pub(super) async fn search(
    controls: &Controls,
    by: &Bounds,
    id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let number = number(&id)?;
    let (organisation, who) = place(controls, by, organisation).await?;
    let (store, cards) = (controls.store.clone(), controls.elsewhere.cards());
    let running = tokio::spawn(async move { ::subjects::search(&store, cards, organisation, number, who).await });
    match tokio::time::timeout(SEARCH_WAIT, running).await {
        Ok(Ok(found)) => found.map(|found| shown_found(&found)).map_err(refused),
        Ok(Err(_)) => Err(Refused("the search broke off; search again".to_owned())),
        // It goes on; `subject-show` tells how far it is.
        Err(_) => Ok(json!({ "whole": false })),
    }
}

pub(super) async fn mail(controls: &Controls, by: &Bounds, page: SubjectMailPage) -> Result<Value, Refused> {
    let SubjectMailPage { id, after, limit, organisation } = page;
    let (number, by) = (number(&id)?, *by);
    let place = |text: &str| {
        let read = || {
            let (account, message) = text.trim().split_once('-')?;
            Some((account.parse().ok()?, message.parse().ok()?))
        };
        read().ok_or_else(|| Refused(format!("{text:?} is no message of a list; see subject-mail")))
    };
    let after: Option<(i64, i64)> = after.as_deref().map(place).transpose()?;
    let read = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut rows = Vec::new();
        for found in ::subjects::mentions(tx, organisation, number, after, limit)? {
            let address = identity::list_addresses(tx, found.account)?.into_iter().next();
            rows.push(json!({
                "message": format!("{}-{}", found.account, found.message),
                "mailbox": address,
                "fields": found.roles,
                "received": found.received.map(|at| at.to_string()),
                "removed": found.removed.map(|at| at.to_string()),
                "folders": found.folders,
            }));
        }
        Ok::<_, SubjectError>(Value::from(rows))
    };
    controls.store.read(read).await.map_err(refused)
}

/// The report in one form, with the log's signature over its hash.
pub(super) async fn report(
    controls: &Controls,
    by: &Bounds,
    (id, language, format): (String, String, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let number = number(&id)?;
    let language: Language = language.parse().map_err(Refused::because)?;
    check_form(&format)?;
    let (organisation, who) = place(controls, by, organisation).await?;
    seal_now(controls).await?;
    let cards = controls.elsewhere.cards();
    let made = ::subjects::report(&controls.store, cards, organisation, number, language, who).await;
    let made = made.map_err(refused)?;
    let octets = in_form(&format, &made.json, &made.document)?;
    let file = format!("request-{number}.{format}");
    let hash: String = crypto::hash::sha256(&octets).iter().map(|octet| format!("{octet:02x}")).collect();
    let text = format!("subject report\n{file} sha256 {hash}\n");
    let (account, about) = (by.account, file.clone());
    let sign = move |tx: &mut Tx<'_>| rights::sign_paper(tx, (organisation, account), &about, &text);
    let note = controls.store.write(sign).await.map_err(Refused::because)?;
    Ok(json!({ "file": file, "base64": STANDARD.encode(octets), "note": note }))
}

fn check_form(format: &str) -> Result<(), Refused> {
    match format {
        "json" | "csv" | "pdf" => Ok(()),
        other => Err(Refused(format!("{other:?} is no form of a report; use one of: json, csv, pdf"))),
    }
}

fn in_form(format: &str, json: &Value, document: &review::Report) -> Result<Vec<u8>, Refused> {
    match format {
        "csv" => Ok(document.csv().into_bytes()),
        "pdf" => Ok(review::write_pdf(document)),
        _ => serde_json::to_vec_pretty(json).map_err(Refused::because),
    }
}

/// Opens an investigation into the mail that names the person, so that content can be read and given out.
pub(super) async fn investigate(
    controls: &Controls,
    by: &Bounds,
    asked: SubjectToInvestigate,
) -> Result<Value, Refused> {
    let SubjectToInvestigate { id, reason, organisation } = asked;
    let number = number(&id)?;
    let name = format!("subject request {id}");
    let work = move |tx: &mut Tx<'_>, organisation: i64, who: &By| {
        let accounts = ::subjects::accounts_of(tx, organisation, number)?;
        if accounts.is_empty() || accounts.len() > CUSTODIANS_MAX {
            let cause = format!(
                "are {}; an investigation looks into 1 to {CUSTODIANS_MAX}; search first, or open several by hand",
                accounts.len()
            );
            return Err(SubjectError::Part { part: "mailboxes that name the person", cause });
        }
        let mut custodians = Vec::with_capacity(accounts.len());
        for account in accounts {
            custodians.extend(identity::list_addresses(tx, account)?.into_iter().next());
        }
        let new = ::investigation::NewInvestigation {
            name: name.clone(),
            reason: reason.clone(),
            by: who.name.clone(),
            custodians,
            legal_claims: false,
        };
        let opened = ::investigation::open(tx, organisation, &new)?;
        ::subjects::note_investigation(tx, organisation, number, opened, who)?;
        Ok(opened)
    };
    let opened = within(controls, by, organisation, work).await?;
    Ok(json!({ "id": id, "investigation": opened.to_string() }))
}

pub(super) async fn correct(controls: &Controls, by: &Bounds, asked: SubjectCorrection) -> Result<Value, Refused> {
    let SubjectCorrection { id, name, add, remove, organisation } = asked;
    let number = number(&id)?;
    let correction = match (name, add, remove) {
        (Some(name), None, None) => Correction::Name(name),
        (None, Some(address), None) => Correction::AddAddress(address),
        (None, None, Some(address)) => Correction::RemoveAddress(address),
        _ => return Err(Refused("name one thing to set right: name, add or remove".to_owned())),
    };
    let work = move |tx: &mut Tx<'_>, organisation: i64, who: &By| {
        ::subjects::correct(tx, organisation, number, &correction, who)
    };
    within(controls, by, organisation, work).await.map(|()| json!({ "corrected": id }))
}

pub(super) async fn restrict(
    controls: &Controls,
    by: &Bounds,
    (id, lift): (String, bool),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let number = number(&id)?;
    let work =
        move |tx: &mut Tx<'_>, organisation: i64, who: &By| ::subjects::restrict(tx, organisation, number, lift, who);
    within(controls, by, organisation, work).await.map(|()| json!({ "id": id, "restricted": !lift }))
}

pub(super) async fn erase(controls: &Controls, by: &Bounds, asked: SubjectToErase) -> Result<Value, Refused> {
    let SubjectToErase { id, remove_mail, organisation } = asked;
    let number = number(&id)?;
    let (organisation, who) = place(controls, by, organisation).await?;
    let removal = remove_mail.map(|reason| Removal { reason });
    let cards = controls.elsewhere.cards();
    let erased = ::subjects::erase(&controls.store, cards, organisation, number, removal, who).await;
    let erased = erased.map_err(refused)?;
    if erased.has_proof()
        && let Err(Refused(why)) = carry_erasures_on(controls).await
    {
        tracing::warn!(%why, "an erasure has not reached every place yet; it is tried again");
    }
    Ok(shown_erased(&erased))
}

/// The proof that the keys of an erased account are gone.
pub(super) async fn proof(
    controls: &Controls,
    by: &Bounds,
    id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (number, by) = (number(&id)?, *by);
    seal_now(controls).await?;
    let mut places = vec![::store::erasures::STORE.to_owned()];
    match controls.elsewhere.points() {
        Ok(plan) => places.extend(plan.targets.into_iter().map(|target| target.location)),
        // What is not known to be gone is told as waiting.
        Err(Refused(why)) => places.push(format!("backups: {why}")),
    }
    let host = controls.mailer.hostname().to_owned();
    let build = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        ::subjects::build_proof(tx, organisation, number, &host, &places)
    };
    let (statement, paper) = controls.store.write(build).await.map_err(refused)?;
    Ok(json!({ "complete": statement.is_complete(), "waiting": statement.waiting, "proof": paper }))
}

pub(super) async fn letters(
    controls: &Controls,
    by: &Bounds,
    id: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (number, by) = (number(&id)?, *by);
    let read = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        ::subjects::load(tx, organisation, number)?;
        ::subjects::letters(tx, organisation, number)
    };
    let all = controls.store.read(read).await.map_err(refused)?;
    let kind = |kind: LetterKind| kind.as_str();
    Ok(all
        .iter()
        .map(|it| {
            json!({
                "letter": it.id.to_string(), "kind": kind(it.kind), "made": it.made.to_string(),
                "sent": it.sent.map(|at| at.to_string()), "subject": it.subject, "text": it.text,
            })
        })
        .collect())
}

fn letter_number(letter: &str) -> Result<i64, Refused> {
    letter.trim().parse().map_err(|_| Refused(format!("{letter:?} is no number of a letter; see subject-letters")))
}

pub(super) async fn set_letter(controls: &Controls, by: &Bounds, answer: SubjectAnswer) -> Result<Value, Refused> {
    let SubjectAnswer { id, letter, subject, text, organisation } = answer;
    let place = (number(&id)?, letter_number(&letter)?);
    let work = move |tx: &mut Tx<'_>, organisation: i64, _: &By| {
        ::subjects::set_letter(tx, organisation, place, &subject, &text)
    };
    within(controls, by, organisation, work).await.map(|()| json!({ "letter": letter }))
}

pub(super) async fn send_letter(
    controls: &Controls,
    by: &Bounds,
    (id, letter): (String, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let place_of = (number(&id)?, letter_number(&letter)?);
    let (organisation, who) = place(controls, by, organisation).await?;
    let sent = ::subjects::send(&controls.store, &controls.mailer, organisation, place_of, who).await;
    let to = sent.map_err(refused)?;
    Ok(json!({ "sent": letter, "to": to }))
}
