//! New messages: put together by the client's description, taken from files, or copied (RFC 8621 sections 4.6 to 4.8).

use std::collections::BTreeMap;
use std::sync::Arc;

use env::Timestamp;
use mail::header::{Fields, split_header_body};
use mailbox::{Flags, MailboxError, Prepared, UidRange};
use serde_json::{Value, json};
use store::{StagedBlob, Tx};
use wire::jmap::{Object, SetError, SetErrorKind, parse_date};

use super::set::{WantedPlace, read_wanted};
use crate::changeset::forbidden;
use crate::error::Failure;
use crate::ids::{self, BlobId};
use crate::reach::Reach;
use crate::{Server, blob};

/// A message that is examined and sealed, to be put where its object says.
pub(super) struct Ready {
    /// What the client calls it.
    pub(super) name: String,
    /// Its object, of which mailboxes, keywords and moment of receipt are read.
    pub(super) place: Object,
    prepared: Prepared,
    blob: StagedBlob,
    received: Timestamp,
}

/// Seals a message.
///
/// # Errors
/// If the store cannot take it.
pub(super) async fn prepare(
    server: &Server,
    name: &str,
    place: Object,
    raw: Vec<u8>,
    received: Option<Timestamp>,
) -> Result<Ready, Failure> {
    let context = Arc::clone(server.store.context());
    let received = received.unwrap_or_else(|| context.clock.now());
    let working = tokio::task::spawn_blocking(move || Prepared::consuming(raw, &context)).await;
    let mut prepared = working.map_err(|_| store::StoreError::Abandoned("examining a message panicked"))?;
    let blob = server.store.stage(prepared.take_record()).await?;
    Ok(Ready { name: name.to_owned(), place, prepared, blob, received })
}

/// Puts a message into its mailboxes; gives what the client is told of it.
pub(super) fn store_ready(tx: &mut Tx<'_>, reach: &Reach, ready: &Ready) -> Result<Result<Value, SetError>, Failure> {
    let wanted = match read_wanted(tx, reach, &ready.place)? {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Err(error)),
    };
    if !wanted.mailboxes.iter().all(|mailbox| reach.may_write(*mailbox)) {
        return Ok(Err(forbidden()));
    }
    let received = match ready.place.get("receivedAt") {
        None | Some(Value::Null) => ready.received,
        Some(value) => match value.as_str().and_then(parse_date) {
            Some(moment) => moment,
            None => return Ok(Err(SetError::property("receivedAt", "must be a date such as 2026-11-26T09:00:00Z"))),
        },
    };
    let flags = match flags_of(tx, reach.account, &wanted)? {
        Ok(flags) => flags,
        Err(error) => return Ok(Err(error)),
    };
    let mut mailboxes = wanted.mailboxes.iter();
    let Some(first) = mailboxes.next() else {
        return Ok(Err(SetError::property("mailboxIds", "a message must be in a mailbox")));
    };
    ready.blob.attach(tx, 1)?;
    let (account, blob) = (reach.account, ready.blob.id());
    let appended = match mailbox::append(tx, account, *first, &ready.prepared, blob, flags, received) {
        Ok(appended) => appended,
        Err(error @ MailboxError::OverQuota { .. }) => {
            store::blobs::add_refs(tx, blob, -1)?;
            return Ok(Err(SetError::new(SetErrorKind::OverQuota, error.to_string())));
        }
        Err(error) => return Err(error.into()),
    };
    for other in mailboxes {
        mailbox::copy(tx, account, *first, &[UidRange::one(appended.uid)], *other)?;
    }
    let id = appended.message;
    Ok(Ok(json!({
        "id": ids::show(id), "blobId": BlobId::message(id).show(), "threadId": ids::show(appended.thread),
        "size": ready.prepared.size(),
    })))
}

/// The flags of keywords, giving new ones a place.
pub(super) fn flags_of(
    tx: &mut Tx<'_>,
    account: i64,
    wanted: &WantedPlace,
) -> Result<Result<Flags, SetError>, Failure> {
    let names: Vec<&str> = wanted.keywords.iter().map(String::as_str).collect();
    match mailbox::keywords::intern(tx, account, &names) {
        Ok(keywords) => Ok(Ok(Flags { keywords, ..Flags::system(wanted.system) })),
        Err(MailboxError::KeywordsExhausted) => {
            let max = mailbox::keywords::KEYWORDS_MAX;
            let why = format!(
                "messages of the account use {max} different keywords, which is as many as they may; delete a label"
            );
            Ok(Err(SetError::new(SetErrorKind::TooManyKeywords, why)))
        }
        Err(MailboxError::InvalidKeyword { name }) => {
            Ok(Err(SetError::property("keywords", format!("no keyword: {name:?}"))))
        }
        Err(error) => Err(error.into()),
    }
}

/// The contents of those blobs that are there for who asks.
///
/// # Errors
/// If the store fails, or the account is not there.
pub(super) async fn read_blobs(
    server: &Server,
    actor: i64,
    account_id: &str,
    wanted: Vec<String>,
) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let (account_id, handle) = (account_id.to_owned(), server.store.clone());
    server
        .store
        .read(move |tx| {
            let reach = Reach::of(tx, actor, &account_id)?;
            let mut found = BTreeMap::new();
            for text in wanted {
                if let Some(blob) = BlobId::read(&text)
                    && !found.contains_key(&text)
                    && let Some(octets) = blob::read(tx, handle.blobs(), &reach, &blob)?
                {
                    found.insert(text, octets);
                }
            }
            Ok::<_, Failure>(found)
        })
        .await
}

/// Whether octets are a message: they begin with a header field.
pub(super) fn is_message(raw: &[u8]) -> bool {
    Fields::new(raw).next().is_some_and(|field| field.start == 0)
}

/// When the last server took the message, by its topmost Received field (RFC 8621 section 4.8).
pub(super) fn received_of(raw: &[u8]) -> Option<Timestamp> {
    let (head, _) = split_header_body(raw);
    let field = Fields::new(head).find(|field| field.is("Received"))?;
    let value = field.value();
    let (_, date) = std::str::from_utf8(&value).ok()?.rsplit_once(';')?;
    mail::date::parse_rfc5322(date)
}
