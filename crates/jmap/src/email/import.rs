//! `Email/import` and `Email/copy` (RFC 8621 sections 4.7 and 4.8).

use std::collections::HashMap;

use env::Timestamp;
use mailbox::Flags;
use mailbox::overview::{message_state, places_of};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind};

use super::create::{Ready, is_message, prepare, read_blobs, received_of, store_ready};
use super::keywords;
use crate::args::Args;
use crate::changeset::{check_state, not_found};
use crate::error::Failure;
use crate::ids::{self, BlobId};
use crate::reach::Reach;
use crate::run::{Answers, Created};
use crate::{Asker, Server};

/// What became of each message.
struct Stored {
    created: Object,
    not_created: Object,
    old: i64,
    new: i64,
}

pub(crate) async fn import(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let account_id = args.need_text("accountId")?;
    let state = args.text("ifInState")?;
    let emails = args.object("emails")?.ok_or_else(|| Failure::invalid("emails is missing"))?;
    args.finish()?;
    server.check_set(emails.len())?;
    let blob_of = |email: &Value| email.get("blobId").and_then(Value::as_str).map(|id| created.resolve(id).to_owned());
    let wanted: Vec<String> = emails.values().filter_map(blob_of).collect();
    let mut contents = read_blobs(server, asker.account(), &account_id, wanted).await?;
    let (mut ready, mut not_created) = (Vec::new(), Object::new());
    for (name, email) in &emails {
        let Value::Object(place) = email else {
            not_created
                .insert(name.clone(), json!(SetError::new(SetErrorKind::InvalidProperties, "must be an object")));
            continue;
        };
        let Some(blob) = blob_of(email) else {
            not_created.insert(name.clone(), json!(SetError::property("blobId", "names what to import")));
            continue;
        };
        match contents.get(&blob) {
            None => {
                let error = SetError::new(SetErrorKind::BlobNotFound, "upload the file again");
                not_created.insert(name.clone(), json!(error.with("notFound", json!([blob]))));
            }
            Some(raw) if !is_message(raw) => {
                let error = SetError::new(SetErrorKind::InvalidEmail, "the file is no message: it has no header");
                not_created.insert(name.clone(), json!(error));
            }
            Some(raw) => {
                let (raw, received) = (raw.clone(), received_of(raw));
                ready.push(prepare(server, name, with_ids(place, created), raw, received).await?);
            }
        }
    }
    contents.clear();
    let stored = store_all(server, asker, account_id.clone(), state, ready, not_created).await?;
    created.note_all(&stored.created);
    Ok(Answers::one(answer(&account_id, stored, None)))
}

pub(crate) async fn copy(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let from = args.need_text("fromAccountId")?;
    let (from_state, state) = (args.text("ifFromInState")?, args.text("ifInState")?);
    let account_id = args.need_text("accountId")?;
    let wanted = args.object("create")?.ok_or_else(|| Failure::invalid("create is missing"))?;
    let destroys = args.flag("onSuccessDestroyOriginal")?;
    let destroy_state = args.text("destroyFromIfInState")?;
    args.finish()?;
    server.check_set(wanted.len())?;
    if from == account_id {
        return Err(Failure::invalid("within one account messages are put into mailboxes by Email/set"));
    }
    check_source(server, asker.account(), &from, from_state).await?;
    let id_of = |email: &Value| email.get("id").and_then(Value::as_str).and_then(|id| ids::read(created.resolve(id)));
    let blobs = wanted.values().filter_map(id_of).map(|id| BlobId::message(id).show()).collect();
    let contents = read_blobs(server, asker.account(), &from, blobs).await?;
    let originals_known =
        read_originals(server, asker.account(), &from, wanted.values().filter_map(id_of).collect()).await?;
    let (mut ready, mut not_created, mut originals) = (Vec::new(), Object::new(), Vec::new());
    for (name, email) in &wanted {
        let raw = id_of(email).and_then(|id| Some((id, contents.get(&BlobId::message(id).show())?)));
        match (raw, email) {
            (Some((id, raw)), Value::Object(place)) => {
                originals.push((name.clone(), ids::show(id)));
                let mut place = with_ids(place, created);
                let known = originals_known.get(&id);
                let received = known.map(|known| known.received);
                if let (Some(known), true) = (known, place.get("keywords").is_none_or(Value::is_null)) {
                    place.insert("keywords".to_owned(), Value::Object(known.keywords.clone()));
                }
                ready.push(prepare(server, name, place, raw.clone(), received).await?);
            }
            _ => drop(not_created.insert(name.clone(), json!(not_found()))),
        }
    }
    drop(contents);
    let stored = store_all(server, asker, account_id.clone(), state, ready, not_created).await?;
    created.note_all(&stored.created);
    let gone: Vec<String> =
        originals.into_iter().filter(|(name, _)| stored.created.contains_key(name)).map(|(_, id)| id).collect();
    let mut answers = Answers::one(answer(&account_id, stored, Some(&from)));
    if destroys && !gone.is_empty() {
        let arguments = json!({ "accountId": from, "ifInState": destroy_state, "destroy": gone });
        answers.follow("Email/set", arguments);
    }
    Ok(answers)
}

/// Refuses to copy from another state than the client believes.
async fn check_source(server: &Server, actor: i64, from: &str, state: Option<String>) -> Result<(), Failure> {
    let from = from.to_owned();
    let read = server.store.read(move |tx| {
        let reach = Reach::of(tx, actor, &from).map_err(|failure| match failure {
            Failure::Method(error) if error.kind == MethodErrorKind::AccountNotFound => {
                Failure::say(MethodErrorKind::FromAccountNotFound, error.description)
            }
            other => other,
        })?;
        check_state(state.as_deref(), message_state(tx, reach.account)?)
    });
    read.await
}

/// What a copy takes over where the client does not set it (RFC 8620 section 5.4).
struct Original {
    keywords: Object,
    received: Timestamp,
}

async fn read_originals(
    server: &Server,
    actor: i64,
    from: &str,
    wanted: Vec<i64>,
) -> Result<HashMap<i64, Original>, Failure> {
    let from = from.to_owned();
    let read = move |tx: &mut Tx<'_>| {
        let reach = Reach::of(tx, actor, &from)?;
        let known = mailbox::keywords::list(tx, reach.account)?;
        let mut found = HashMap::new();
        for id in wanted {
            let flags = places_of(tx, reach.account, id)?
                .iter()
                .filter(|(mailbox, _, flags)| !flags.has(Flags::DELETED) && reach.may_read(*mailbox))
                .fold(Flags::NONE, |all, (.., flags)| Flags {
                    system: all.system | flags.system,
                    keywords: all.keywords | flags.keywords,
                });
            let sql = "SELECT received FROM message WHERE account = $1 AND id = $2";
            let received = tx.row(sql, store::params![reach.account, id], |row| row.int(0))?;
            if let Some(received) = received {
                let original =
                    Original { keywords: keywords::show(flags, &known), received: Timestamp::from_millis(received) };
                found.insert(id, original);
            }
        }
        Ok::<_, Failure>(found)
    };
    server.store.read(read).await
}

/// The object with the names of what was created replaced.
pub(super) fn with_ids(place: &Object, created: &Created) -> Object {
    let mut place = place.clone();
    if let Some(mailboxes) = place.get_mut("mailboxIds") {
        *mailboxes = created.resolve_keys(mailboxes);
    }
    place
}

async fn store_all(
    server: &Server,
    asker: &Asker,
    account_id: String,
    state: Option<String>,
    ready: Vec<Ready>,
    not_created: Object,
) -> Result<Stored, Failure> {
    let actor = asker.account();
    server
        .store
        .write(move |tx| {
            let reach = Reach::of(tx, actor, &account_id)?;
            reach.check_writable()?;
            let old = message_state(tx, reach.account)?;
            check_state(state.as_deref(), old)?;
            let mut stored = Stored { created: Object::new(), not_created: not_created.clone(), old, new: old };
            for one in &ready {
                match store_ready(tx, &reach, one)? {
                    Ok(made) => stored.created.insert(one.name.clone(), made),
                    Err(error) => stored.not_created.insert(one.name.clone(), json!(error)),
                };
            }
            stored.new = message_state(tx, reach.account)?;
            Ok::<_, Failure>(stored)
        })
        .await
}

fn answer(account_id: &str, stored: Stored, from: Option<&str>) -> Value {
    let object = |members: Object| if members.is_empty() { Value::Null } else { Value::Object(members) };
    let mut answer = json!({
        "accountId": account_id, "oldState": stored.old.to_string(), "newState": stored.new.to_string(),
        "created": object(stored.created), "notCreated": object(stored.not_created),
    });
    if let (Some(from), Value::Object(members)) = (from, &mut answer) {
        members.insert("fromAccountId".to_owned(), from.into());
    }
    answer
}
