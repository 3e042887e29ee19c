//! What an investigation has found, as one archive: each message as it came, a manifest with where it lay and what was thought of it, the
//! searches, and the log's signature on the hash of the manifest, so that whoever is handed it can prove that nothing was changed since.

use std::io::Write as _;
use std::net::SocketAddr;

use ::investigation::{Investigation, InvestigationError, Item, Mark, PAGE_MAX, Wanted};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use identity::rights;
use mailbox::MailboxError;
use serde_json::{Value, json};
use store::Tx;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::{Door, Problem};
use crate::actions::{Controls, Leave, NoFetch, shown_item};
use crate::archive::{self, ArchiveError, Outlet, Written};

/// `GET /api/v1/investigations/{id}/archive`: after `investigation-export` has allowed it.
pub(super) async fn fetch(
    State(door): State<Door>,
    id: Result<Path<i64>, PathRejection>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let sender = match door.authenticate.caller(&headers, peer).await {
        Ok(sender) => sender,
        Err(why) => return Problem::unauthenticated(why).into_response(),
    };
    // What is no number is no investigation, and which are there is not told.
    let Ok(Path(id)) = id else { return Problem::not_allowed().into_response() };
    let (organisation, found, leave) = match door.controls.fetch_leave(&sender.caller, id).await {
        Ok(found) => found,
        Err(NoFetch::NotAllowed) => return Problem::not_allowed().into_response(),
        Err(NoFetch::Temporary(why)) => return Problem::temporary(why).into_response(),
    };
    let mut pieces = archive::begin(id, move |outlet| fill(outlet, door.controls, organisation, found, leave));
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
    outlet: Outlet,
    controls: Controls,
    organisation: i64,
    found: Investigation,
    leave: Leave,
) -> Result<(), ArchiveError> {
    let (id, account) = (found.id, leave.account());
    let mut archive = Archive { zip: ZipWriter::new_stream(outlet.writer()), manifest: Vec::new() };
    let mut after = None;
    loop {
        let wanted = Wanted { after, ..Wanted::default() };
        let read = move |tx: &mut Tx<'_>| page(tx, organisation, id, &wanted);
        let items = controls.store.read(read).await?;
        let is_last = i64::try_from(items.len()).is_ok_and(|count| count < PAGE_MAX);
        after = items.last().map(|(item, _)| (item.account, item.message));
        for (item, custodian) in items {
            put_item(&mut archive, &controls, organisation, id, &item, &custodian).await?;
            outlet.hand_on().await?;
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
    archive.put("investigation.json", format!("{about:#}\n").as_bytes(), Value::Null)?;
    let hash = sha256(&archive.put_manifest()?);
    let text = format!("investigation {id}\nmanifest.json sha256 {hash}\n");
    let about = format!("archive of investigation {id}");
    let sign = move |tx: &mut Tx<'_>| rights::sign_paper(tx, (organisation, account), &about, &text);
    if let Some(note) = controls.store.write(sign).await? {
        archive.entry("manifest.note", note.as_bytes())?;
    }
    // Recorded before the last octets go: without them the archive does not open.
    controls.store.write(move |tx| leave.done(tx)).await?;
    archive.zip.finish()?;
    outlet.hand_on_all().await
}

/// The archive with its manifest.
struct Archive {
    zip: ZipWriter<StreamWriter<Written>>,
    manifest: Vec<Value>,
}

impl Archive {
    /// Writes a file and notes it in the manifest, with its size, its hash, and `facts`.
    fn put(&mut self, path: &str, content: &[u8], facts: Value) -> Result<(), ArchiveError> {
        let mut noted = json!({ "path": path, "size": content.len(), "sha256": sha256(content) });
        if let (Value::Object(noted), Value::Object(facts)) = (&mut noted, facts) {
            noted.extend(facts);
        }
        self.entry(path, content)?;
        self.manifest.push(noted);
        Ok(())
    }

    /// Writes the manifest, which names all that was put before; gives it.
    fn put_manifest(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let manifest = serde_json::to_vec_pretty(&self.manifest).map_err(std::io::Error::from)?;
        self.entry("manifest.json", &manifest)?;
        Ok(manifest)
    }

    /// Writes a file that the manifest does not name.
    fn entry(&mut self, path: &str, content: &[u8]) -> Result<(), ArchiveError> {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        self.zip.start_file(path, options)?;
        Ok(self.zip.write_all(content)?)
    }
}

/// In hexadecimal.
pub(super) fn sha256(content: &[u8]) -> String {
    crypto::hash::sha256(content).iter().map(|octet| format!("{octet:02x}")).collect()
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
        archive.manifest.push(facts);
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
            archive.put(&path, &octets, facts)
        }
        Err(InvestigationError::Mailbox(MailboxError::NoSuchMessage)) => {
            facts["gone"] = true.into();
            archive.manifest.push(facts);
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
