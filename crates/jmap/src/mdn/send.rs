//! `MDN/send` (RFC 9007 section 2.1).

use std::sync::Arc;

use identity::Protocol;
use letters::{NotSent, Outgoing};
use mail::header::{Field, find, message_id, split_header_body};
use mail::message::{parse_addresses, words};
use mailbox::overview::places_of;
use mailbox::{FlagChange, Flags, MailboxError, UidRange};
use parking_lot::Mutex;
use serde_json::{Value, json};
use store::{StoreError, Tx};
use wire::jmap::{Object, SetError, SetErrorKind};

use super::SENT;
use super::letter::{Ends, Original, final_recipient, write};
use super::wanted::Wanted;
use crate::args::Args;
use crate::changeset::not_found;
use crate::error::Failure;
use crate::run::{Answers, Created};
use crate::{Asker, Server, ids, submission};

/// Who wants to be notified (RFC 8098 section 2.1).
const WANTED_BY: &str = "Disposition-Notification-To";

/// Addresses that one notification goes to.
const RECIPIENTS_MAX: usize = 5;

/// Longest message that is sent back whole, in octets.
const ORIGINAL_BYTES_MAX: u64 = 1 << 20;

/// A notification that is ready to go.
struct Ready {
    account: i64,
    email: i64,
    to: Vec<String>,
    body: Vec<u8>,
    /// What the server sets.
    told: Value,
}

pub(crate) async fn send(
    server: &Server,
    asker: &Asker,
    created: &Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let account_id = args.need_text("accountId")?;
    let identity = created.resolve(&args.need_text("identityId")?).to_owned();
    let wanted = args.object("send")?.ok_or_else(|| Failure::invalid("send is missing"))?;
    let mut updates = args.object("onSuccessUpdateEmail")?.unwrap_or_default();
    args.finish()?;
    server.check_set(wanted.len())?;
    let (who, in_account, named) = (asker.clone(), account_id.clone(), identity.clone());
    let check = move |tx: &mut Tx<'_>| {
        let account = submission::own(tx, &who, &in_account)?;
        submission::sender(tx, account, &named)?.ok_or_else(|| Failure::invalid("identityId names no identity"))
    };
    server.store.read(check).await?;
    let (mut sent, mut refused, mut changes) = (Object::new(), Object::new(), Object::new());
    for (name, object) in &wanted {
        match send_one(server, asker, (&account_id, &identity), object, created).await? {
            Ok((email, told)) => {
                sent.insert(name.clone(), told);
                if let Some(patch) = updates.shift_remove(&format!("#{name}")) {
                    changes.insert(ids::show(email), marked(patch));
                }
            }
            Err(error) => drop(refused.insert(name.clone(), json!(error))),
        }
    }
    let object = |members: Object| if members.is_empty() { Value::Null } else { Value::Object(members) };
    let mut answers =
        Answers::one(json!({ "accountId": account_id, "sent": object(sent), "notSent": object(refused) }));
    if !changes.is_empty() {
        answers.follow("Email/set", json!({ "accountId": account_id, "update": changes }));
    }
    Ok(answers)
}

/// The patch, which must not take away by which it is known that a notification was sent.
fn marked(mut patch: Value) -> Value {
    if let Value::Object(members) = &mut patch {
        members.shift_remove(&format!("keywords/{SENT}"));
        if let Some(Value::Object(keywords)) = members.get_mut("keywords") {
            keywords.insert(SENT.to_owned(), true.into());
        }
    }
    patch
}

async fn send_one(
    server: &Server,
    asker: &Asker,
    (account_id, identity): (&str, &str),
    object: &Value,
    created: &Created,
) -> Result<Result<(i64, Value), SetError>, Failure> {
    let Value::Object(object) = object else {
        return Ok(Err(SetError::new(SetErrorKind::InvalidProperties, "a notification must be an object")));
    };
    let wanted = match Wanted::read(object) {
        Ok(wanted) => Wanted { email: created.resolve(&wanted.email).to_owned(), ..wanted },
        Err(error) => return Ok(Err(error)),
    };
    if let Some(error) = not_permitted(server, asker) {
        return Ok(Err(error));
    }
    let mut unique = [0; 16];
    server.store.context().entropy.fill(&mut unique);
    let unique: String = unique.iter().map(|byte| format!("{byte:02x}")).collect();
    let (handle, who, account, identity) =
        (server.store.clone(), asker.clone(), account_id.to_owned(), identity.to_owned());
    let work = move |tx: &mut Tx<'_>| prepare(tx, &handle, &who, (&account, &identity), &wanted, &unique);
    match server.store.read(work).await? {
        Ok(ready) => hand_over(server, asker, ready).await,
        Err(error) => Ok(Err(error)),
    }
}

fn not_permitted(server: &Server, asker: &Asker) -> Option<SetError> {
    let why = if !server.settings.now().receipts {
        "receipts are not sent here: the operator has switched them off (jmap.receipts)"
    } else if !asker.principal.scope.covers(Protocol::Smtp) {
        "this sign-in is not for sending; use an app password or token that is"
    } else {
        return None;
    };
    Some(SetError::new(SetErrorKind::Forbidden, why))
}

/// Sends it; that it was sent is noted in the transaction that takes it, so that two requests at once send one.
async fn hand_over(server: &Server, asker: &Asker, ready: Ready) -> Result<Result<(i64, Value), SetError>, Failure> {
    let Ready { account, email, to, body, told } = ready;
    let letter = Outgoing {
        principal: asker.principal.clone(),
        peer: asker.peer,
        // RFC 8098 section 3: nobody is notified of a notification.
        from: String::new(),
        recipients: to,
        hold_until: None,
        body,
    };
    let refusal = Arc::new(Mutex::new(None));
    let told_to = Arc::clone(&refusal);
    let noting = move |tx: &mut Tx<'_>, _: &[i64]| match note(tx, account, email)? {
        None => Ok(()),
        Some(error) => {
            *told_to.lock() = Some(error);
            Err(StoreError::Abandoned("a notification is not to be sent"))
        }
    };
    let outcome = server.outbox.send(letter, Arc::new(noting)).await;
    let refused = refusal.lock().take();
    Ok(match (outcome, refused) {
        (Ok(_), _) => Ok((email, told)),
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(kind_of(error)),
    })
}

/// RFC 9007 section 2.1 knows fewer kinds than a submission has.
fn kind_of(error: NotSent) -> SetError {
    match error {
        NotSent::TooLarge(max) => SetError::new(SetErrorKind::TooLarge, error.to_string()).with("maxSize", max.into()),
        NotSent::Temporary(why) => SetError::new(SetErrorKind::RateLimit, why),
        NotSent::Recipients(refused) => {
            let why: Vec<String> = refused.iter().map(|(to, why)| format!("{to}: {why}")).collect();
            SetError::new(SetErrorKind::Forbidden, why.join("\n"))
        }
        NotSent::From(why) | NotSent::Message(why) => SetError::new(SetErrorKind::Forbidden, why),
        NotSent::TooManyRecipients(_) => SetError::new(SetErrorKind::Forbidden, error.to_string()),
    }
}

fn already_sent() -> SetError {
    SetError::new(SetErrorKind::MdnAlreadySent, "a notification of this message was sent before")
}

/// Whether a notification of the message was sent.
fn was_sent(tx: &mut Tx<'_>, account: i64, places: &[(i64, u32, Flags)]) -> Result<bool, MailboxError> {
    let sent = mailbox::keywords::known_bits(tx, account, &[SENT])?;
    Ok(places.iter().any(|(.., flags)| flags.keywords & sent != 0))
}

/// Notes at the message that a notification is sent; gives why it must not be.
fn note(tx: &mut Tx<'_>, account: i64, email: i64) -> Result<Option<SetError>, StoreError> {
    match mark(tx, account, email) {
        Ok(refused) => Ok(refused),
        Err(MailboxError::Store(error)) => Err(error),
        Err(MailboxError::KeywordsExhausted) => {
            let why = "the account uses as many keywords as it may, so that it cannot be noted; delete a label";
            Ok(Some(SetError::new(SetErrorKind::TooManyKeywords, why)))
        }
        Err(error) => Err(StoreError::Corrupt { what: error.to_string() }),
    }
}

fn mark(tx: &mut Tx<'_>, account: i64, email: i64) -> Result<Option<SetError>, MailboxError> {
    store::account::next_modseq(tx, account)?;
    let places = places_of(tx, account, email)?;
    if places.is_empty() {
        return Ok(Some(not_found()));
    }
    if was_sent(tx, account, &places)? {
        return Ok(Some(already_sent()));
    }
    let flags = Flags { keywords: mailbox::keywords::intern(tx, account, &[SENT])?, ..Flags::NONE };
    for (mailbox, uid, _) in places {
        mailbox::store_flags(tx, account, mailbox, &[UidRange::one(uid)], FlagChange::Add(flags), None)?;
    }
    Ok(None)
}

fn prepare(
    tx: &mut Tx<'_>,
    store: &store::Store,
    asker: &Asker,
    (account_id, identity): (&str, &str),
    wanted: &Wanted,
    unique: &str,
) -> Result<Result<Ready, SetError>, Failure> {
    let account = submission::own(tx, asker, account_id)?;
    let Some((from, name)) = submission::sender(tx, account, identity)? else {
        return Err(Failure::invalid("identityId names no identity"));
    };
    let Some(email) = ids::read(&wanted.email) else { return Ok(Err(not_found())) };
    let places = places_of(tx, account, email)?;
    if !places.iter().any(|(.., flags)| !flags.has(Flags::DELETED)) {
        return Ok(Err(not_found()));
    }
    if was_sent(tx, account, &places)? {
        return Ok(Err(already_sent()));
    }
    let source = mailbox::source(tx, account, email)?;
    let trace_bytes = source.trace_bytes();
    if wanted.includes_original && source.size() > trace_bytes + ORIGINAL_BYTES_MAX {
        let error = SetError::new(SetErrorKind::TooLarge, "the message is too long to be sent back; leave it out");
        return Ok(Err(error.with("maxSize", ORIGINAL_BYTES_MAX.into())));
    }
    let mut octets = Vec::new();
    source.reader(store.blobs()).read_range(0..trace_bytes + ORIGINAL_BYTES_MAX, &mut octets)?;
    let whole = octets.get(usize::try_from(trace_bytes).unwrap_or(usize::MAX)..).unwrap_or_default();
    let to = match recipients(split_header_body(&octets).0, wanted) {
        Ok(to) => to,
        Err(error) => return Ok(Err(error)),
    };
    let head = split_header_body(whole).0;
    let original = Original {
        message_id: message_id(head),
        recipient: find(head, "Original-Recipient").map(|field| text(&field)),
        subject: find(head, "Subject").map(|field| words::decode(&text(&field)).into_owned()).unwrap_or_default(),
        octets: if wanted.includes_original { whole.to_vec() } else { head.to_vec() },
    };
    let language = asker.principal.language;
    let ends = Ends { from: &from, name: &name, to: &to, now: tx.now(), language, unique };
    let Some(body) = write(wanted, &original, &ends) else {
        return Ok(Err(SetError::new(SetErrorKind::Forbidden, "the message asks for it at an address that is none")));
    };
    let told = json!({
        "finalRecipient": final_recipient(wanted, &from), "originalRecipient": original.recipient,
        "originalMessageId": original.message_id.map(|id| format!("<{id}>")),
    });
    Ok(Ok(Ready { account, email, to, body, told }))
}

fn text(field: &Field<'_>) -> String {
    String::from_utf8_lossy(&field.value()).trim().to_owned()
}

/// Who is to be notified, by the header with our trace fields: whoever the message says, if it may ask (RFC 8098 section 2.1).
fn recipients(head: &[u8], wanted: &Wanted) -> Result<Vec<String>, SetError> {
    let asks_not = || SetError::new(SetErrorKind::NotFound, "the message asks for no notification");
    let Some(asking) = find(head, WANTED_BY) else { return Err(asks_not()) };
    let mut to: Vec<String> = Vec::new();
    for email in parse_addresses(&text(&asking)).iter().filter_map(|it| it.email()) {
        if !to.iter().any(|known| known.eq_ignore_ascii_case(&email)) {
            to.push(email);
        }
    }
    let is_report = find(head, "Content-Type")
        .is_some_and(|field| text(&field).to_ascii_lowercase().starts_with("multipart/report"));
    let returns_to = find(head, "Return-Path").map(|field| text(&field));
    let returns_to = returns_to.as_deref().map(|path| path.trim_matches(['<', '>']));
    if to.is_empty() || is_report || returns_to == Some("") {
        return Err(asks_not());
    }
    if to.len() > RECIPIENTS_MAX {
        let why = format!("the message asks for it at more than {RECIPIENTS_MAX} addresses");
        return Err(SetError::new(SetErrorKind::Forbidden, why));
    }
    let is_senders = matches!(to.as_slice(), [only] if returns_to.is_some_and(|path| path.eq_ignore_ascii_case(only)));
    if !is_senders && !wanted.is_sent_by_person() {
        let why = "it would not go to the address that the message came from, so its reader must be asked";
        return Err(SetError::new(SetErrorKind::Forbidden, why));
    }
    Ok(to)
}
