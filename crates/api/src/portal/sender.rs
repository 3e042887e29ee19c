//! Chunks of the sender's own browser: those of a delivery on their way here, and those of replies on their way back.

use std::net::SocketAddr;
use std::sync::Arc;

use ::portal::Place;
use access::Action as Right;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use store::Tx;

use super::Desk;
use super::answer::Failure;

/// Name, reply (0 for the delivery itself), part and number of a chunk.
type Where = Path<(String, i64, u32, u32)>;

impl Desk {
    /// The account that asks, if it may do so to its own.
    async fn sender(
        &self,
        headers: &HeaderMap,
        peer: SocketAddr,
        right: Right,
    ) -> Result<(i64, Option<axum::http::HeaderValue>), Failure> {
        let sender = self.authenticate.caller(headers, peer).await.map_err(|_| Failure::NotAllowed)?;
        let leave = self.controls.leave(&sender.caller, right, "portal-chunk").await;
        match (sender.caller.account, leave) {
            (Some(account), Ok(_)) => Ok((account, sender.cookie)),
            _ => Err(Failure::NotAllowed),
        }
    }
}

fn with_cookie(mut response: Response, cookie: Option<axum::http::HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

pub(super) async fn put_chunk(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((name, reply, part, number)): Where,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Failure> {
    let (account, cookie) = desk.sender(&headers, peer, Right::MailSend).await?;
    if reply != 0 {
        return Err(Failure::NotAllowed);
    }
    let found = desk.controls.store.read(move |tx| ::portal::load(tx, account, &name)).await?;
    desk.keep(Place { account, delivery: found.id, reply: 0, part, number }, body).await?;
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), cookie))
}

pub(super) async fn get_chunk(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((name, reply, part, number)): Where,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let (account, cookie) = desk.sender(&headers, peer, Right::MailRead).await?;
    let find = move |tx: &mut Tx<'_>| {
        let found = ::portal::load(tx, account, &name)?;
        Ok(Place { account, delivery: found.id, reply, part, number })
    };
    Ok(with_cookie(octets(desk.fetch(find).await?), cookie))
}

/// Ciphertext as an answer.
pub(super) fn octets(octets: Vec<u8>) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/octet-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, octets).into_response()
}
