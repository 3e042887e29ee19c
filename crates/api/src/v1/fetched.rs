//! What an investigation has found, as one archive: each message as it came, a manifest with where it lay and what was thought of it, the
//! searches, and the log's signature on the hash of the manifest, so that whoever is handed it can prove that nothing was changed since.

use ::investigation::{Investigation, InvestigationError, Item, Mark, PAGE_MAX, Wanted};
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use mailbox::MailboxError;
use serde_json::{Value, json};
use std::net::SocketAddr;
use store::Tx;

use super::{Door, Problem};
use crate::actions::{Controls, Leave, NoFetch, shown_item};
use crate::archive::{self, Archive, ArchiveError, sha256};

/// `GET /api/v1/investigations/{id}/archive`: after `investigation-export` has allowed it.
pub(super) async fn fetch(
    State(door): State<Door>,
    Path(id): Path<i64>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let sender = match door.authenticate.caller(&headers, peer).await {
        Ok(sender) => sender,
        Err(why) => return Problem::unauthenticated(why).into_response(),
    };
    let (organisation, found, leave) = match door.controls.fetch_leave(&sender.caller, id).await {
        Ok(found) => found,
        Err(NoFetch::NotAllowed) => return Problem::not_allowed().into_response(),
        Err(NoFetch::Temporary(why)) => return Problem::temporary(why).into_response(),
    };
    let mut pieces = archive::begin(id, move |archive| fill(archive, door.controls, organisation, found, leave));
    let stream = futures_util::stream::poll_fn(move |context| pieces.poll_recv(context));
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"investigation-{id}.zip\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (headers, Body::from_stream(stream)).into_response()
}

async fn fill(
    mut archive: Archive,
    controls: Controls,
    organisation: i64,
    found: Investigation,
    leave: Leave,
) -> Result<(), ArchiveError> {
    let id = found.id;
    let mut after = None;
    loop {
        let wanted = Wanted { after, ..Wanted::default() };
        let read = move |tx: &mut Tx<'_>| page(tx, organisation, id, &wanted);
        let items = controls.store.read(read).await?;
        let is_last = i64::try_from(items.len()).is_ok_and(|count| count < PAGE_MAX);
        after = items.last().map(|(item, _)| (item.account, item.message));
        for (item, custodian) in items {
            put_item(&mut archive, &controls, organisation, id, &item, &custodian).await?;
        }
        if is_last {
            break;
        }
    }
    let read = move |tx: &mut Tx<'_>| ::investigation::searches(tx, organisation, id);
    let searches: Vec<Value> = controls.store.read(read).await?.iter().map(crate::actions::shown_search).collect();
    let about = json!({
        "investigation": id.to_string(), "name": found.name, "reason": found.reason, "by": found.by,
        "opened": found.opened.to_string(), "searches": searches,
    });
    archive.put("investigation.json", format!("{about:#}\n").as_bytes(), Value::Null).await?;
    let hash = sha256(&archive.put_manifest()?);
    let text = format!("investigation {id}\nmanifest.json sha256 {hash}\n");
    if let Some(note) = controls.store.read(move |tx| audit::sign_text(tx, &text)).await? {
        archive.entry("manifest.note", note.as_bytes())?;
    }
    // Recorded before the last octets go: without them the archive does not open.
    controls.store.write(move |tx| leave.done(tx)).await?;
    archive.finish().await
}

fn page(
    tx: &mut Tx<'_>,
    organisation: i64,
    id: i64,
    wanted: &Wanted,
) -> Result<Vec<(Item, String)>, InvestigationError> {
    let mut rows = Vec::new();
    for item in ::investigation::items(tx, organisation, id, wanted)? {
        let address = identity::list_addresses(tx, item.account)?.into_iter().next();
        let address = address.unwrap_or_else(|| item.account.to_string());
        rows.push((item, address));
    }
    Ok(rows)
}

/// Writes a message, unless it does not belong to the matter or must not be handed over; the manifest names it all the same.
async fn put_item(
    archive: &mut Archive,
    controls: &Controls,
    organisation: i64,
    id: i64,
    item: &Item,
    custodian: &str,
) -> Result<(), ArchiveError> {
    let mut facts = shown_item(item, custodian);
    if matches!(item.mark, Mark::Irrelevant | Mark::Privileged) {
        // What is privileged is not told either.
        if item.mark == Mark::Privileged {
            facts["subject"] = Value::Null;
            facts["note"] = Value::Null;
        }
        facts["left_out"] = true.into();
        archive.note(facts);
        return Ok(());
    }
    let (handle, place) = (controls.store.clone(), (item.account, item.message));
    let read = move |tx: &mut Tx<'_>| {
        let source = ::investigation::source(tx, organisation, id, place)?;
        Ok::<_, InvestigationError>(source.reader(handle.blobs()).read_all()?)
    };
    match controls.store.read(read).await {
        Ok(octets) => {
            let path = format!("mail/{custodian}/{}.eml", item.message);
            archive.put(&path, &octets, facts).await
        }
        Err(InvestigationError::Mailbox(MailboxError::NoSuchMessage)) => {
            facts["gone"] = true.into();
            archive.note(facts);
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
