use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use identity::Level;
use serde_json::{Value, json};
use store::testing::{Engine, run};
use tower::ServiceExt as _;

use super::*;
use crate::actions::fixture::Fixture;
use crate::actions::{Action, Caller};
use crate::v1::{Authenticated, Unauthenticated};

/// Believes that everybody with a header of our page is that account.
struct Named(i64);

#[async_trait::async_trait]
impl Authenticate for Named {
    async fn caller(&self, headers: &HeaderMap, _: SocketAddr) -> Result<Authenticated, Unauthenticated> {
        if !headers.contains_key("x-proof") {
            return Err(Unauthenticated::Missing);
        }
        let caller = Caller { account: Some(self.0), strong_at: None, via: access::Via::Http, address: None };
        Ok(Authenticated { caller, cookie: None })
    }
}

/// A request from a network of its own, as `from` says.
async fn ask(router: &Router, request: Request<Body>, from: u8) -> (StatusCode, HeaderMap, Vec<u8>) {
    let mut request = request;
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, from, 1], 9))));
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, to_bytes(body, 4 << 20).await.unwrap().to_vec())
}

fn request(method: &str, path: &str, header: (&str, &str), body: impl Into<Body>) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    builder.header(header.0, header.1).body(body.into()).unwrap()
}

fn octets(octet: u8, count: usize) -> String {
    URL_SAFE_NO_PAD.encode(vec![octet; count])
}

fn word(body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    problem["type"].as_str().unwrap_or_default().trim_start_matches("urn:tradewind:portal:").to_owned()
}

const CONTENT: &[u8] = b"ciphertext that nobody here can read";

/// The routes with a delivery of `sales` that was sent; gives its name.
async fn with_delivery(fixture: &Fixture) -> (Router, String) {
    let caller = fixture.weak("sales");
    let door =
        PortalDoor { controls: fixture.controls.clone(), authenticate: Arc::new(Named(fixture.account("sales"))) };
    let router = portal_routes(door);
    let new = json!({
        "action": "portal-create", "to": "buyer@far.example", "language": "en", "lock": "password", "salt": octets(1, 16),
        "memory_kib": 65_536, "passes": 3, "lanes": 1, "proof": octets(9, 32), "key": octets(2, 60),
        "reply_key": octets(3, 32), "reply_secret": octets(4, 60), "own": octets(5, 80), "days": 0, "openings": 2,
    });
    let done = |answer| match answer {
        crate::actions::Answer::Done(value) => value,
        other => panic!("{other:?}"),
    };
    let create: Action = serde_json::from_value(new).unwrap();
    let made = done(fixture.controls.carry_out(&caller, create).await);
    let name = made["name"].as_str().unwrap().to_owned();
    let path = format!("/api/portal/{name}/0/0/0");
    let (status, ..) = ask(&router, request("PUT", &path, ("x-none", "1"), CONTENT), 1).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "not without signing in");
    let (status, ..) = ask(&router, request("PUT", &path, ("x-proof", "1"), CONTENT), 1).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let send = json!({ "action": "portal-send", "name": name, "chunks": [1], "notify": true });
    done(fixture.controls.carry_out(&caller, serde_json::from_value(send).unwrap()).await);
    (router, name)
}

async fn open_with(router: &Router, name: &str, proof: u8, from: u8) -> (StatusCode, HeaderMap, Vec<u8>) {
    let shown = json!({ "proof": octets(proof, 32) }).to_string();
    ask(router, request("POST", &format!("/p/{name}/open"), ("x-none", "1"), shown), from).await
}

#[test]
fn a_partner_opens_and_answers_and_the_letters_hold_nothing() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Trade).await;
        let (router, name) = with_delivery(&fixture).await;
        let (status, _, body) = ask(&router, request("GET", &format!("/p/{name}/lock"), ("x-none", "1"), ""), 1).await;
        let lock: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            (status, lock["lock"]["kind"].as_str(), lock["openings_left"].as_u64()),
            (StatusCode::OK, Some("password"), Some(2))
        );
        assert!(lock.get("key").is_none(), "not before the proof");
        let (status, _, body) = open_with(&router, &name, 9, 1).await;
        let opened: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, opened["openings_left"].as_u64()), (StatusCode::OK, Some(1)));
        let visit = opened["visit"].as_str().unwrap();
        let chunk = format!("/p/{name}/chunk/0/0");
        let (status, _, body) = ask(&router, request("GET", &chunk, ("x-visit", visit), ""), 2).await;
        assert_eq!((status, body.as_slice()), (StatusCode::OK, CONTENT));
        for bad in ["", "x", &octets(0, 40)] {
            let (status, _, body) = ask(&router, request("GET", &chunk, ("x-visit", bad), ""), 2).await;
            assert_eq!((status, word(&body).as_str()), (StatusCode::UNAUTHORIZED, "visit-over"));
        }
        let (_, _, body) = ask(&router, request("POST", &format!("/p/{name}/reply"), ("x-visit", visit), ""), 1).await;
        let reply = serde_json::from_slice::<Value>(&body).unwrap()["reply"].as_str().unwrap().to_owned();
        let path = format!("/p/{name}/reply/{reply}/0/0");
        let (status, ..) = ask(&router, request("PUT", &path, ("x-visit", visit), CONTENT), 1).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let answer = json!({ "public_key": octets(1, 32), "key": octets(2, 60), "chunks": [1] }).to_string();
        let (status, ..) =
            ask(&router, request("POST", &format!("/p/{name}/reply/{reply}"), ("x-visit", visit), answer), 1).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        let path = format!("/api/portal/{name}/{reply}/0/0");
        let (status, _, body) = ask(&router, request("GET", &path, ("x-proof", "1"), ""), 1).await;
        assert_eq!((status, body.as_slice()), (StatusCode::OK, CONTENT), "the sender fetches it");
        // One letter to the partner, one to the sender.
        let queued =
            fixture.store.read(|tx| queue::list(tx, &queue::Filter { limit: 9, ..Default::default() })).await.unwrap();
        assert_eq!(queued.len(), 2, "{queued:?}");
    });
}

#[test]
fn guessing_is_slowed_down_by_address_by_delivery_and_in_all() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        let (router, name) = with_delivery(&fixture).await;
        for _ in 0..3 {
            let (status, _, body) = open_with(&router, &name, 0, 1).await;
            assert_eq!((status, word(&body).as_str()), (StatusCode::FORBIDDEN, "wrong-proof"));
        }
        let (status, headers, body) = open_with(&router, &name, 9, 1).await;
        assert_eq!((status, word(&body).as_str()), (StatusCode::TOO_MANY_REQUESTS, "wait"), "the right one waits, too");
        assert_eq!(headers[header::RETRY_AFTER], "1");
        let (status, ..) = open_with(&router, &name, 9, 2).await;
        assert_eq!(status, StatusCode::OK, "from elsewhere it does not");
        for from in 3..30 {
            open_with(&router, &name, 0, from).await;
        }
        let (status, _, body) = open_with(&router, &name, 9, 200).await;
        assert_eq!(
            (status, word(&body).as_str()),
            (StatusCode::GONE, "shut"),
            "after thirty wrong ones nobody opens it"
        );
        // Names that are not there cost as much as wrong passwords.
        let look = |name: String| request("GET", &format!("/p/{name}/lock"), ("x-none", "1"), "");
        for count in 0..3 {
            let (status, ..) = ask(&router, look("nothing".to_owned()), 100).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{count}");
        }
        let (status, ..) = ask(&router, look("nothing".to_owned()), 100).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        // Of all together, so many in a minute.
        for count in 0..300_u32 {
            let from = u8::try_from(count % 150).unwrap();
            ask(&router, look(format!("other{count}")), from).await;
        }
        let (status, ..) = ask(&router, look(name.clone()), 250).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        fixture.store.clock.advance(std::time::Duration::from_secs(61));
        let (_, _, body) = ask(&router, look(name), 250).await;
        assert_eq!(word(&body), "shut", "and after the minute it is looked at again");
    });
}

#[test]
fn what_is_over_says_so_and_nothing_else() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        let (router, name) = with_delivery(&fixture).await;
        for _ in 0..2 {
            assert_eq!(open_with(&router, &name, 9, 1).await.0, StatusCode::OK);
        }
        let (status, _, body) = open_with(&router, &name, 9, 1).await;
        assert_eq!((status, word(&body).as_str()), (StatusCode::GONE, "used-up"));
        let (_, other) = with_delivery(&fixture).await;
        fixture.store.clock.advance(std::time::Duration::from_secs(15 * 86_400));
        let (_, _, body) = open_with(&router, &other, 9, 2).await;
        assert_eq!(word(&body), "expired");
        let revoke = json!({ "action": "portal-revoke", "name": other });
        let revoke: Action = serde_json::from_value(revoke).unwrap();
        let foreign = fixture.controls.carry_out(&fixture.weak("sales2"), revoke.clone()).await;
        assert!(matches!(foreign, crate::actions::Answer::Failed(_)), "another's");
        let own = fixture.controls.carry_out(&fixture.weak("sales"), revoke).await;
        assert!(matches!(own, crate::actions::Answer::Done(_)));
        let (_, _, body) = open_with(&router, &other, 9, 2).await;
        assert_eq!(word(&body), "revoked");
    });
}
