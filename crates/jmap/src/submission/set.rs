//! `EmailSubmission/set` (RFC 8621 section 7.5), with a later time (RFC 4865) and calling back.

use std::sync::Arc;

use env::Timestamp;
use identity::Protocol;
use letters::{NotSent, Outgoing};
use mail::message::Envelope as Header;
use mailbox::Flags;
use mailbox::overview::places_of;
use queue::QueueError;
use serde_json::{Value, json};
use store::{StoreError, Tx};
use wire::jmap::{Object, SetError, SetErrorKind, format_utc_date, parse_date};

use super::get::own;
use super::identities;
use super::rows::{Content, Envelope, Path, Submission, add, list, set_state, stand, state};
use crate::args::Args;
use crate::changeset::{ChangesAsked, ChangesMade, not_found};
use crate::error::Failure;
use crate::run::{Answers, Created};
use crate::{Asker, Server, ids};

/// What is to be sent, checked as far as it can be without sending it.
struct Ready {
    submission: Submission,
    hold_until: Option<Timestamp>,
    body: Vec<u8>,
}

pub(crate) async fn set(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let asked = ChangesAsked::take(server, &mut args)?;
    let update_email = args.object("onSuccessUpdateEmail")?.unwrap_or_default();
    let destroy_email = args.texts("onSuccessDestroyEmail")?.unwrap_or_default();
    args.finish()?;
    let (who, wanted) = (asker.clone(), asked.clone());
    let check = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &wanted.account_id)?;
        let old = state(tx, account)?;
        wanted.check_state(old)?;
        Ok::<_, Failure>((account, old))
    };
    let (account, old) = server.store.read(check).await?;
    let mut made = ChangesMade::default();
    // Which message each submission is of, by what the client calls it.
    let mut emails: Vec<(String, String)> = Vec::new();
    for (name, object) in &asked.create {
        match send(server, asker, account, object, created).await? {
            Ok(submission) => {
                let id = ids::show(submission.id);
                created.note(name, &id);
                emails.push((format!("#{name}"), ids::show(submission.email)));
                made.created.insert(name.clone(), told(&submission, &id));
            }
            Err(error) => made.refuse_create(name, &error),
        }
    }
    let (changes, names) = (asked.clone(), created.clone());
    let change = move |tx: &mut Tx<'_>| {
        let mut made = made.clone();
        let mut emails = emails.clone();
        change_all(tx, account, &changes, &names, &mut made, &mut emails)?;
        Ok::<_, Failure>((made, emails, state(tx, account)?))
    };
    let (made, emails, new) = server.store.write(change).await?;
    let mut answers = Answers::one(made.answer(&asked.account_id, &old.to_string(), &new.to_string()));
    let email_of = |id: &str| emails.iter().find(|(name, _)| name == id).map(|(_, email)| email.clone());
    let update: Object = update_email.into_iter().filter_map(|(id, patch)| Some((email_of(&id)?, patch))).collect();
    let destroy: Vec<String> = destroy_email.iter().filter_map(|id| email_of(id)).collect();
    if !update.is_empty() || !destroy.is_empty() {
        answers.follow("Email/set", json!({ "accountId": asked.account_id, "update": update, "destroy": destroy }));
    }
    Ok(answers)
}

/// What the client did not set itself.
fn told(submission: &Submission, id: &str) -> Value {
    json!({
        "id": id, "threadId": ids::show(submission.thread), "sendAt": format_utc_date(submission.sent),
        "envelope": submission.content.envelope,
        "undoStatus": if submission.content.queued.is_empty() { "final" } else { "pending" },
        "deliveryStatus": null, "dsnBlobIds": [], "mdnBlobIds": [],
    })
}

fn change_all(
    tx: &mut Tx<'_>,
    account: i64,
    asked: &ChangesAsked,
    names: &Created,
    made: &mut ChangesMade,
    emails: &mut Vec<(String, String)>,
) -> Result<(), Failure> {
    for (id, patch) in &asked.update {
        if let Some(error) = asked.refuses_update(id) {
            made.refuse_update(id, &error);
            continue;
        }
        let outcome = update(tx, account, names.resolve(id), patch)?;
        if let Ok(email) = &outcome {
            emails.push((id.clone(), ids::show(*email)));
        }
        made.note_update(id, outcome.map(|_| Value::Null));
    }
    for id in &asked.destroy {
        let found = find(tx, account, names.resolve(id))?;
        let outcome = match &found {
            Some(submission) => {
                set_state(tx, account, submission.id, "gone")?;
                emails.push((id.clone(), ids::show(submission.email)));
                Ok(())
            }
            None => Err(not_found()),
        };
        made.note_destroy(id, outcome);
    }
    Ok(())
}

fn find(tx: &mut Tx<'_>, account: i64, id: &str) -> Result<Option<Submission>, Failure> {
    let wanted = ids::read(id);
    Ok(list(tx, account)?.into_iter().find(|it| Some(it.id) == wanted))
}

/// Calls a message back, which is all that can be changed; gives the message.
fn update(tx: &mut Tx<'_>, account: i64, id: &str, patch: &Value) -> Result<Result<i64, SetError>, Failure> {
    let Some(submission) = find(tx, account, id)? else { return Ok(Err(not_found())) };
    let Value::Object(patch) = patch else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidPatch, "a patch must be an object")));
    };
    if let Some((name, _)) = patch.iter().find(|(name, _)| *name != "undoStatus") {
        return Ok(Err(SetError::property(name.clone(), "only undoStatus of what was sent can be changed")));
    }
    match patch.get("undoStatus").and_then(Value::as_str) {
        None if patch.is_empty() => return Ok(Ok(submission.email)),
        Some("canceled") if submission.is_canceled => return Ok(Ok(submission.email)),
        Some("canceled") => {}
        _ => return Ok(Err(SetError::property("undoStatus", "can be set to canceled only"))),
    }
    if !stand(tx, &submission)?.0 {
        return Ok(Err(SetError::new(SetErrorKind::CannotUnsend, "the message is on its way already")));
    }
    for queued in &submission.content.queued {
        match queue::cancel(tx, *queued) {
            Ok(()) | Err(QueueError::NoSuchMessage { .. }) => {}
            Err(QueueError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(StoreError::Corrupt { what: error.to_string() }.into()),
        }
    }
    set_state(tx, account, submission.id, "canceled")?;
    Ok(Ok(submission.email))
}

/// Sends a message and writes it down.
async fn send(
    server: &Server,
    asker: &Asker,
    account: i64,
    object: &Value,
    created: &Created,
) -> Result<Result<Submission, SetError>, Failure> {
    if !asker.principal.scope.covers(Protocol::Smtp) {
        let why = "this sign-in is not for sending; use an app password or token that is";
        return Ok(Err(SetError::new(SetErrorKind::ForbiddenToSend, why)));
    }
    let Value::Object(object) = object else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "a submission must be an object")));
    };
    let wanted = match Wanted::read(object, created) {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    let (handle, hold_max) = (server.store.clone(), *server.hold_seconds_max.now());
    let prepared = server.store.read(move |tx| prepare(tx, handle.blobs(), account, &wanted, hold_max)).await?;
    let Ready { mut submission, hold_until, body } = match prepared {
        Ok(ready) => ready,
        Err(error) => return Ok(Err(error)),
    };
    let envelope = &submission.content.envelope;
    let letter = Outgoing {
        principal: asker.principal.clone(),
        peer: asker.peer,
        from: envelope.mail_from.email.clone(),
        recipients: envelope.rcpt_to.iter().map(|to| to.email.clone()).collect(),
        hold_until,
        body,
    };
    let planned = submission.clone();
    // With the message, so that none goes out of which nothing is known.
    let noting = move |tx: &mut Tx<'_>, queued: &[i64]| {
        let mut sent = planned.clone();
        sent.content.queued = queued.to_vec();
        add(tx, account, &sent)
    };
    match server.outbox.send(letter, Arc::new(noting)).await {
        Ok(queued) => submission.content.queued = queued,
        Err(error) => return Ok(Err(refused(error))),
    }
    Ok(Ok(submission))
}

fn refused(error: NotSent) -> SetError {
    let why = error.to_string();
    match error {
        NotSent::From(_) => SetError::new(SetErrorKind::ForbiddenMailFrom, why),
        NotSent::Recipients(refused) => {
            let why: Vec<String> = refused.iter().map(|(to, why)| format!("{to}: {why}")).collect();
            let addresses: Vec<String> = refused.into_iter().map(|(to, _)| to).collect();
            let error = SetError::new(SetErrorKind::InvalidRecipients, why.join("\n"));
            error.with("invalidRecipients", addresses.into())
        }
        NotSent::TooManyRecipients(max) => {
            SetError::new(SetErrorKind::TooManyRecipients, why).with("maxRecipients", max.into())
        }
        NotSent::TooLarge(max) => SetError::new(SetErrorKind::TooLarge, why).with("maxSize", max.into()),
        NotSent::Message(_) => SetError::new(SetErrorKind::ForbiddenToSend, why),
        NotSent::Temporary(_) => SetError::new(SetErrorKind::RateLimit, why),
    }
}

/// What a client wants to be sent.
struct Wanted {
    identity: String,
    email: String,
    envelope: Option<Envelope>,
}

impl Wanted {
    fn read(object: &Object, created: &Created) -> Result<Self, SetError> {
        let text = |name: &str| {
            let text = object.get(name).and_then(Value::as_str);
            text.map(|id| created.resolve(id).to_owned()).ok_or_else(|| SetError::property(name, "is missing"))
        };
        let known = ["identityId", "emailId", "envelope"];
        if let Some((name, _)) = object.iter().find(|(name, value)| !known.contains(&name.as_str()) && !value.is_null())
        {
            return Err(SetError::property(name.clone(), "the server sets this"));
        }
        let envelope = match object.get("envelope") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let read = serde_json::from_value(value.clone());
                Some(read.map_err(|_| SetError::property("envelope", "must have mailFrom and rcptTo with email"))?)
            }
        };
        Ok(Self { identity: text("identityId")?, email: text("emailId")?, envelope })
    }
}

fn prepare(
    tx: &mut Tx<'_>,
    blobs: &store::Blobs,
    account: i64,
    wanted: &Wanted,
    hold_seconds_max: u64,
) -> Result<Result<Ready, SetError>, Failure> {
    let Some(identity) = identities::list(tx, account)?.into_iter().find(|it| it.id == wanted.identity) else {
        return Ok(Err(SetError::property("identityId", "no such identity")));
    };
    let lost = || SetError::property("emailId", "no such message");
    let Some(email) = ids::read(&wanted.email) else { return Ok(Err(lost())) };
    if !places_of(tx, account, email)?.iter().any(|(.., flags)| !flags.has(Flags::DELETED)) {
        return Ok(Err(lost()));
    }
    let source = mailbox::source(tx, account, email)?;
    let mut body = Vec::new();
    source.reader(blobs).read_range(source.trace_bytes()..source.size(), &mut body)?;
    let header = Header::parse(&body);
    if header.from.is_empty() {
        return Ok(Err(
            SetError::new(SetErrorKind::InvalidEmail, "the message has no author").with("properties", json!(["from"]))
        ));
    }
    let envelope = wanted.envelope.clone().unwrap_or_else(|| envelope_of(&header, &identity.email));
    if envelope.rcpt_to.is_empty() {
        return Ok(Err(SetError::new(SetErrorKind::NoRecipients, "the message is for nobody")));
    }
    let now = tx.now();
    let hold_until = match hold_of(&envelope.mail_from, now) {
        Ok(hold) => hold,
        Err(error) => return Ok(Err(error)),
    };
    if hold_until.is_some_and(|until| until.since(now).as_secs() > hold_seconds_max) {
        let why = format!("a message may wait {hold_seconds_max} seconds at most");
        return Ok(Err(SetError::property("envelope", why)));
    }
    let thread =
        tx.row("SELECT thread FROM message WHERE account = $1 AND id = $2", store::params![account, email], |row| {
            row.int(0)
        })?;
    let submission = Submission {
        id: tx.next_id(),
        email,
        thread: thread.unwrap_or(0),
        sent: hold_until.unwrap_or(now),
        is_canceled: false,
        content: Content { identity: identity.id, envelope, queued: Vec::new() },
    };
    Ok(Ok(Ready { submission, hold_until, body }))
}

/// The envelope that the header says (RFC 8621 section 7.5).
fn envelope_of(header: &Header, identity: &str) -> Envelope {
    let path = |email: String| Path { email, parameters: None };
    let sender = match header.sender.as_slice() {
        [only] => only.email(),
        _ => None,
    };
    let mut rcpt_to: Vec<Path> = Vec::new();
    for email in [&header.to, &header.cc, &header.bcc].into_iter().flatten().filter_map(|it| it.email()) {
        if !rcpt_to.iter().any(|known| known.email.eq_ignore_ascii_case(&email)) {
            rcpt_to.push(path(email));
        }
    }
    Envelope { mail_from: path(sender.unwrap_or_else(|| identity.to_owned())), rcpt_to }
}

/// When the message is to go (RFC 4865 section 4).
fn hold_of(from: &Path, now: Timestamp) -> Result<Option<Timestamp>, SetError> {
    let wrong = || SetError::property("envelope", "HOLDFOR is a number of seconds, HOLDUNTIL a date");
    for (name, value) in from.parameters.iter().flatten() {
        let text = value.as_str();
        if name.eq_ignore_ascii_case("HOLDFOR") {
            let seconds: u64 = text.and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
            return Ok(Some(now.plus(std::time::Duration::from_secs(seconds))));
        }
        if name.eq_ignore_ascii_case("HOLDUNTIL") {
            return text.and_then(parse_date).map(Some).ok_or_else(wrong);
        }
    }
    Ok(None)
}
