//! Blobs as objects (RFC 9404), and their copies (RFC 8620 section 6.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mailbox::overview::places_of;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::Tx;
use wire::jmap::{MethodErrorKind, Object, SetError, SetErrorKind};

use crate::answer;
use crate::args::Args;
use crate::changeset::not_found;
use crate::error::Failure;
use crate::http::files::UploadFailure;
use crate::ids::{self, BlobBase, BlobId};
use crate::reach::Reach;
use crate::run::{Answers, Created};
use crate::{Asker, Server, blob};

/// Pieces that one blob may be put together from.
pub(crate) const SOURCES_MAX: usize = 64;

/// Digests that are made.
pub(crate) const DIGESTS: [&str; 1] = ["sha-256"];

/// Types in which blobs are looked up.
pub(crate) const TYPES: [&str; 3] = ["Mailbox", "Thread", "Email"];

/// `Blob/get`: data, sizes, digests.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing"))?;
    let properties = args.texts("properties")?.unwrap_or_else(|| vec!["data".to_owned(), "size".to_owned()]);
    let (offset, length) = (args.count("offset")?.unwrap_or(0), args.count("length")?);
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for text in asked {
        let found = match BlobId::read(&text) {
            Some(id) => blob::read(tx, server.store.blobs(), &reach, &id)?,
            None => None,
        };
        match found {
            Some(octets) => list.push(shown(&text, &octets, offset, length, &properties)?),
            None => missing.push(text),
        }
    }
    Ok(answer::got(&account_id, None, list, missing))
}

fn shown(id: &str, octets: &[u8], offset: u64, length: Option<u64>, properties: &[String]) -> Result<Value, Failure> {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let most = length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX));
    let end = start.saturating_add(most);
    let part = octets.get(start.min(octets.len())..end.min(octets.len())).unwrap_or_default();
    let mut object = Object::from_iter([("id".to_owned(), id.into())]);
    if start > octets.len() || (length.is_some() && end > octets.len()) {
        object.insert("isTruncated".to_owned(), true.into());
    }
    let text = std::str::from_utf8(part).ok();
    for property in properties {
        let (name, value) = match property.as_str() {
            "id" => continue,
            "size" => ("size", octets.len().into()),
            "data" if text.is_some() => ("data:asText", text.into()),
            "data" | "data:asBase64" => ("data:asBase64", STANDARD.encode(part).into()),
            "data:asText" => {
                if text.is_none() {
                    object.insert("isEncodingProblem".to_owned(), true.into());
                }
                ("data:asText", text.into())
            }
            "digest:sha-256" => ("digest:sha-256", STANDARD.encode(Sha256::digest(part)).into()),
            unknown => return Err(Failure::invalid(format!("there is no property {unknown:?}"))),
        };
        object.insert(name.to_owned(), value);
    }
    Ok(Value::Object(object))
}

/// `Blob/lookup`: where blobs are used.
pub(crate) fn lookup(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let types = args.texts("typeNames")?.ok_or_else(|| Failure::invalid("typeNames is missing"))?;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing"))?;
    args.finish()?;
    if let Some(unknown) = types.iter().find(|it| !TYPES.contains(&it.as_str())) {
        return Err(Failure::say(MethodErrorKind::UnknownDataType, format!("{unknown} has no blobs")));
    }
    server.check_get(Some(&asked))?;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for text in asked {
        let Some(id) = BlobId::read(&text) else {
            missing.push(text);
            continue;
        };
        let (mut emails, mut threads, mut mailboxes) = (Vec::new(), Vec::new(), Vec::new());
        if let BlobBase::Message(message) = id.base {
            let places = places_of(tx, reach.account, message)?;
            mailboxes.extend(places.iter().filter(|(it, ..)| reach.may_read(*it)).map(|(it, ..)| ids::show(*it)));
            let sql = "SELECT thread FROM message WHERE account = $1 AND id = $2";
            let thread = tx.row(sql, store::params![reach.account, message], |row| row.int(0))?;
            if !mailboxes.is_empty() {
                emails.push(ids::show(message));
                threads.extend(thread.map(ids::show));
            }
        }
        if emails.is_empty() && blob::read(tx, server.store.blobs(), &reach, &id)?.is_none() {
            missing.push(text);
            continue;
        }
        let of = |kind: &str| match kind {
            "Mailbox" => json!(mailboxes),
            "Thread" => json!(threads),
            _ => json!(emails),
        };
        let matched: Object = types.iter().map(|kind| (kind.clone(), of(kind))).collect();
        list.push(json!({ "id": text, "matchedIds": matched }));
    }
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

/// `Blob/upload`: blobs put together from data and pieces of others.
pub(crate) async fn upload(
    server: &Server,
    asker: &Asker,
    created: &mut Created,
    mut args: Args,
) -> Result<Answers, Failure> {
    let account_id = args.need_text("accountId")?;
    let wanted = args.object("create")?.ok_or_else(|| Failure::invalid("create is missing"))?;
    args.finish()?;
    server.check_set(wanted.len())?;
    let (mut made, mut refused) = (Object::new(), Object::new());
    for (name, object) in &wanted {
        let octets = match assemble(server, asker, &account_id, object, created).await? {
            Ok(octets) => octets,
            Err(error) => {
                refused.insert(name.clone(), json!(error));
                continue;
            }
        };
        let size = octets.len();
        match server.keep_file(asker.account(), &account_id, octets).await {
            Ok(id) => {
                let kind = object.get("type").cloned().unwrap_or(Value::Null);
                created.note(name, &id.show());
                made.insert(name.clone(), json!({ "id": id.show(), "type": kind, "size": size }));
            }
            Err(UploadFailure::TooMany) => {
                let error = SetError::new(SetErrorKind::OverQuota, "too many files wait to be used");
                refused.insert(name.clone(), json!(error));
            }
            Err(UploadFailure::Failed(failure)) => return Err(failure),
        }
    }
    let object = |members: Object| if members.is_empty() { Value::Null } else { Value::Object(members) };
    Ok(Answers::one(json!({ "accountId": account_id, "created": object(made), "notCreated": object(refused) })))
}

async fn assemble(
    server: &Server,
    asker: &Asker,
    account_id: &str,
    object: &Value,
    created: &Created,
) -> Result<Result<Vec<u8>, SetError>, Failure> {
    let wrong = |why: &str| Ok(Err(SetError::property("data", why)));
    let Some(sources) = object.get("data").and_then(Value::as_array) else { return wrong("must be a list of sources") };
    if sources.len() > SOURCES_MAX {
        return wrong("has too many sources");
    }
    let mut octets: Vec<u8> = Vec::new();
    for source in sources {
        let text = |name: &str| source.get(name).and_then(Value::as_str);
        match (text("data:asText"), text("data:asBase64"), text("blobId")) {
            (Some(text), None, None) => octets.extend_from_slice(text.as_bytes()),
            (None, Some(text), None) => match STANDARD.decode(text) {
                Ok(decoded) => octets.extend(decoded),
                Err(_) => return wrong("data:asBase64 is no base64"),
            },
            (None, None, Some(id)) => {
                let (id, actor, account, handle) =
                    (BlobId::read(created.resolve(id)), asker.account(), account_id.to_owned(), server.store.clone());
                let read = server.store.read(move |tx| {
                    let reach = Reach::of(tx, actor, &account)?;
                    match id {
                        Some(id) => blob::read(tx, handle.blobs(), &reach, &id),
                        None => Ok(None),
                    }
                });
                let Some(found) = read.await? else { return wrong("a blob is not there") };
                let number =
                    |name: &str| source.get(name).and_then(Value::as_u64).and_then(|it| usize::try_from(it).ok());
                let start = number("offset").unwrap_or(0);
                let end = number("length").map_or(found.len(), |length| start.saturating_add(length));
                match found.get(start..end) {
                    Some(part) => octets.extend_from_slice(part),
                    None => return wrong("offset and length reach beyond the blob"),
                }
            }
            _ => return wrong("a source has data:asText, data:asBase64 or a blobId"),
        }
        if octets.len() as u64 > server.settings.now().upload_bytes_max {
            let error = SetError::new(SetErrorKind::TooLarge, "the blob is too large");
            return Ok(Err(error.with("maxSize", server.settings.now().upload_bytes_max.into())));
        }
    }
    Ok(Ok(octets))
}

/// `Blob/copy` (RFC 8620 section 6.3).
pub(crate) async fn copy(server: &Server, asker: &Asker, mut args: Args) -> Result<Answers, Failure> {
    let (from, account_id) = (args.need_text("fromAccountId")?, args.need_text("accountId")?);
    let wanted = args.texts("blobIds")?.ok_or_else(|| Failure::invalid("blobIds is missing"))?;
    args.finish()?;
    server.check_set(wanted.len())?;
    let (mut copied, mut refused) = (Object::new(), Object::new());
    for text in wanted {
        let (id, actor, account, handle) = (BlobId::read(&text), asker.account(), from.clone(), server.store.clone());
        let read = server.store.read(move |tx| {
            let reach = Reach::of(tx, actor, &account).map_err(|failure| match failure {
                Failure::Method(error) if error.kind == MethodErrorKind::AccountNotFound => {
                    Failure::say(MethodErrorKind::FromAccountNotFound, error.description)
                }
                other => other,
            })?;
            match id {
                Some(id) => blob::read(tx, handle.blobs(), &reach, &id),
                None => Ok(None),
            }
        });
        let Some(octets) = read.await? else {
            refused.insert(text, json!(not_found()));
            continue;
        };
        match server.keep_file(asker.account(), &account_id, octets).await {
            Ok(id) => drop(copied.insert(text, id.show().into())),
            Err(UploadFailure::TooMany) => {
                let error = SetError::new(SetErrorKind::OverQuota, "too many files wait to be used");
                refused.insert(text, json!(error));
            }
            Err(UploadFailure::Failed(failure)) => return Err(failure),
        }
    }
    let object = |members: Object| if members.is_empty() { Value::Null } else { Value::Object(members) };
    Ok(Answers::one(json!({
        "fromAccountId": from, "accountId": account_id, "copied": object(copied), "notCopied": object(refused),
    })))
}
