//! Pictures from elsewhere, fetched by the server for whoever asks to see them: their sender learns neither who reads nor from where.
//!
//! Only addresses that stood in a message of the account are fetched: `EmailBody/get` gives each with a proof in our name.

mod cache;
mod fetch;
mod kind;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use store::Store;
use subtle::ConstantTimeEq as _;

use crate::Server;
use crate::door::problem;
use crate::http::Sender;
use crate::reach::Reach;

pub(crate) use cache::Cache;
pub(crate) use fetch::Fetcher;

/// Octets of the proof.
const PROOF_BYTES: usize = 16;

/// Octets of an address that is fetched.
const ADDRESS_BYTES_MAX: usize = 4096;

/// Pictures that are fetched for one account at the same time.
const AT_ONCE_MAX: usize = 8;

/// A picture of a kind that we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Its media type, as told by what it is.
    pub(crate) media_type: &'static str,
    pub(crate) octets: bytes::Bytes,
}

/// What stands for the address of a picture in a message of the account; nothing if it is too long.
pub(crate) fn make_token(store: &Store, account: i64, address: &str) -> Option<String> {
    if address.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    let token = [&proof(store, account, address)[..], address.as_bytes()].concat();
    Some(URL_SAFE_NO_PAD.encode(token))
}

/// The address that a token of ours stands for, if it is for this account.
fn read_token(store: &Store, account: i64, token: &str) -> Option<String> {
    let octets = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (shown, address) = octets.split_at_checked(PROOF_BYTES)?;
    let address = std::str::from_utf8(address).ok()?;
    bool::from(proof(store, account, address).ct_eq(shown)).then(|| address.to_owned())
}

fn proof(store: &Store, account: i64, address: &str) -> [u8; PROOF_BYTES] {
    let claim = [b"picture in mail ", &account.to_be_bytes()[..], address.as_bytes()].concat();
    let hash = store.context().keys.region().hashing().hash(&claim);
    let mut out = [0; PROOF_BYTES];
    for (to, from) in out.iter_mut().zip(hash) {
        *to = from;
    }
    out
}

/// `GET /jmap/picture/{account}/{token}`.
pub(crate) async fn show(
    State(server): State<Arc<Server>>,
    sender: Sender,
    Path((account_id, token)): Path<(String, String)>,
) -> Response {
    let lost = || problem(StatusCode::NOT_FOUND, "no such picture");
    let Some(fetcher) = &server.fetcher else { return lost() };
    let actor = sender.admitted.asker.account();
    let Some(_place) = server.fetching.enter(actor, AT_ONCE_MAX) else {
        return problem(StatusCode::TOO_MANY_REQUESTS, "too many pictures at once; ask again when some are there");
    };
    let account = match server.store.read(move |tx| Reach::of(tx, actor, &account_id)).await {
        Ok(reach) => reach.account,
        Err(_) => return lost(),
    };
    let Some(address) = read_token(&server.store, account, &token) else { return lost() };
    let now = server.store.context().clock.now();
    let picture = match server.pictures.get(&address, now) {
        Some(known) => known,
        None => match fetcher.fetch(&address).await {
            Ok(picture) => server.pictures.keep(address, picture, now),
            Err(error) => {
                tracing::debug!(%error, "a picture in a message is not shown");
                return problem(StatusCode::NOT_FOUND, "the picture cannot be fetched");
            }
        },
    };
    let fields = [
        (header::CONTENT_TYPE, picture.media_type),
        (header::CACHE_CONTROL, "private, max-age=86400"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    let mut response = picture.octets.clone().into_response();
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    sender.admitted.keep(response)
}

#[cfg(test)]
mod tests {
    use store::testing::TestStore;

    use super::*;

    async fn only_our_own_tokens_are_read_and_only_for_their_account(store: TestStore) {
        let store = store.handle();
        let token = make_token(&store, 1, "https://t.test/p.png").unwrap();
        assert_eq!(read_token(&store, 1, &token).as_deref(), Some("https://t.test/p.png"));
        assert_eq!(read_token(&store, 2, &token), None);
        let mut octets = URL_SAFE_NO_PAD.decode(&token).unwrap();
        *octets.last_mut().unwrap() ^= 1;
        for other in [URL_SAFE_NO_PAD.encode(octets), String::new(), "AAAA".to_owned(), token[1..].to_owned()] {
            assert_eq!(read_token(&store, 1, &other), None);
        }
        assert_eq!(make_token(&store, 1, &"x".repeat(ADDRESS_BYTES_MAX + 1)), None);
    }

    store::on_both_engines! { only_our_own_tokens_are_read_and_only_for_their_account }
}
