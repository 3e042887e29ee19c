//! Sending and fetching files (RFC 8620 sections 6.1 and 6.2).

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailbox::uploads::{self, PreparedUpload};
use serde::Deserialize;
use serde_json::json;
use wire::jmap::{MethodErrorKind, RequestError};

use super::{Sender, refuse};
use crate::door::problem;
use crate::error::Failure;
use crate::ids::{BlobBase, BlobId};
use crate::reach::Reach;
use crate::{Server, blob};

/// How long a file is kept that was not put into a message.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(86_400);

/// Why a file is not kept.
pub(crate) enum UploadFailure {
    /// The account has as many files waiting as it may.
    TooMany,
    Failed(Failure),
}

impl From<Failure> for UploadFailure {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<store::StoreError> for UploadFailure {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Server {
    /// Keeps a file for the account that the client calls `account_id`.
    ///
    /// # Errors
    /// [`UploadFailure`] with the reason.
    pub(crate) async fn keep_file(
        &self,
        actor: i64,
        account_id: &str,
        octets: Vec<u8>,
    ) -> Result<BlobId, UploadFailure> {
        let (wanted, max) = (account_id.to_owned(), self.settings.now().uploads_bytes_max);
        let more = octets.len() as u64;
        let check = move |tx: &mut store::Tx<'_>| {
            let reach = Reach::of(tx, actor, &wanted)?;
            if reach.is_read_only() {
                return Err(Failure::say(MethodErrorKind::AccountReadOnly, "the account may only be read").into());
            }
            let kept = uploads::kept_bytes(tx, reach.account).map_err(Failure::from)?;
            if kept.saturating_add(more) > max { Err(UploadFailure::TooMany) } else { Ok(reach.account) }
        };
        let account = self.store.read(check).await?;
        let context = Arc::clone(self.store.context());
        let sealing = tokio::task::spawn_blocking(move || PreparedUpload::new(octets, &context)).await;
        let mut upload = sealing.map_err(|_| store::StoreError::Abandoned("sealing a file panicked"))?;
        let staged = self.store.stage(upload.take_record()).await?;
        let expires = self.store.context().clock.now().plus(KEPT_FOR);
        let id = self
            .store
            .write(move |tx| {
                staged.attach(tx, 1)?;
                Ok::<_, Failure>(uploads::keep(tx, account, &upload, staged.id(), expires)?)
            })
            .await?;
        Ok(BlobId { base: BlobBase::Upload(id), parts: Vec::new() })
    }
}

pub(super) async fn upload(
    State(server): State<Arc<Server>>,
    sender: Sender,
    Path(account_id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let Ok(body) = body else { return refuse(&RequestError::Limit { name: "maxSizeUpload" }) };
    let actor = sender.admitted.asker.account();
    let Some(_place) = server.uploading.enter(actor, server.settings.now().uploads_max) else {
        return refuse(&RequestError::Limit { name: "maxConcurrentUpload" });
    };
    if body.len() as u64 > server.settings.now().upload_bytes_max {
        return refuse(&RequestError::Limit { name: "maxSizeUpload" });
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.filter(|kind| is_media_type(kind)).unwrap_or("application/octet-stream").to_owned();
    let size = body.len();
    match server.keep_file(actor, &account_id, body.into()).await {
        Ok(blob) => {
            let told = json!({ "accountId": account_id, "blobId": blob.show(), "type": kind, "size": size });
            sender.admitted.keep((StatusCode::CREATED, Json(told)).into_response())
        }
        Err(UploadFailure::TooMany) => problem(
            StatusCode::TOO_MANY_REQUESTS,
            "too many files wait to be used; put them into messages, or wait a day",
        ),
        Err(UploadFailure::Failed(failure)) => say(failure),
    }
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    accept: Option<String>,
}

pub(super) async fn download(
    State(server): State<Arc<Server>>,
    sender: Sender,
    Path((account_id, blob_id, name)): Path<(String, String, String)>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let lost = || problem(StatusCode::NOT_FOUND, "no such file");
    let Some(id) = BlobId::read(&blob_id) else { return lost() };
    let (actor, handle) = (sender.admitted.asker.account(), server.store.clone());
    let read = server.store.read(move |tx| {
        let reach = Reach::of(tx, actor, &account_id)?;
        blob::read(tx, handle.blobs(), &reach, &id)
    });
    let octets = match read.await {
        Ok(Some(octets)) => octets,
        Ok(None) => return lost(),
        Err(failure) => return say(failure),
    };
    let kind = wanted.accept.filter(|kind| is_media_type(kind));
    let kind = kind.unwrap_or_else(|| "application/octet-stream".to_owned());
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_DISPOSITION, disposition(&name)),
        (header::CACHE_CONTROL, "private, immutable, max-age=31536000".to_owned()),
        // What a stranger sent does nothing in our name, whatever a browser makes of it.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    let mut response = octets.into_response();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    sender.admitted.keep(response)
}

fn say(failure: Failure) -> Response {
    let error = failure.into_method();
    let status = match error.kind {
        MethodErrorKind::AccountNotFound => StatusCode::NOT_FOUND,
        MethodErrorKind::AccountReadOnly => StatusCode::FORBIDDEN,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    problem(status, &error.description)
}

/// Whether it can stand in a header as a media type with its parameters.
fn is_media_type(text: &str) -> bool {
    text.len() < 200 && text.contains('/') && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// RFC 6266 with RFC 8187.
fn disposition(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename*=UTF-8''{encoded}")
}
