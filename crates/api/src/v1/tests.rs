use axum::body::{Body, to_bytes};
use axum::http::Request;
use identity::Level;
use serde_json::json;
use store::testing::{Engine, run};
use tower::ServiceExt as _;

use super::*;
use crate::actions::fixture::Fixture;

/// Believes whoever names an account; what a browser adds by itself must come with a header of our page.
struct Named(i64);

#[async_trait]
impl Authenticate for Named {
    async fn caller(&self, headers: &HeaderMap, _: SocketAddr) -> Result<Authenticated, Unauthenticated> {
        match headers.get("x-proof").and_then(|proof| proof.to_str().ok()) {
            Some("weak") => {}
            Some("forged") => return Err(Unauthenticated::Forged),
            _ => return Err(Unauthenticated::Missing),
        }
        let caller = Caller { account: Some(self.0), strong_at: None, via: access::Via::Http, address: None };
        Ok(Authenticated { caller, cookie: Some(HeaderValue::from_static("new=1")) })
    }
}

async fn post_as(router: &Router, proof: &str, action: &str, kind: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::post(format!("/api/v1/{action}"))
        .header("x-proof", proof)
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body.to_owned()))
        .unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 9))));
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

#[test]
fn requests_are_authenticated_then_decided_then_carried_out() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        let door = |who: &str| Door {
            controls: fixture.controls.clone(),
            authenticate: Arc::new(Named(fixture.account(who))),
        };
        let (admin, sales): (Router, Router) = (routes(door("admin")), routes(door("sales")));
        let json = "application/json";
        let (status, headers, users) = post_as(&admin, "weak", "user-list", json, "{}").await;
        assert_eq!((status, headers["set-cookie"].to_str().unwrap()), (StatusCode::OK, "new=1"));
        assert!(users.as_array().is_some_and(|users| !users.is_empty()));
        let (status, _, problem) = post_as(&sales, "weak", "user-list", json, "{}").await;
        assert_eq!(
            (status, problem["type"].as_str()),
            (StatusCode::FORBIDDEN, Some("urn:tradewind:problem:not-allowed"))
        );
        // The same words for what is not there and for what is another organisation's.
        let quota = |address: &str| json!({ "address": address, "mib": 1 }).to_string();
        let (.., nobody) = post_as(&admin, "weak", "user-quota", json, &quota("nobody@trade.test")).await;
        let (.., foreign) = post_as(&admin, "weak", "user-quota", json, &quota("sales@other.test")).await;
        assert_eq!(nobody, foreign);
        let delete = json!({ "address": "sales2@trade.test" }).to_string();
        let (status, headers, _) = post_as(&admin, "weak", "user-delete", json, &delete).await;
        let challenge = headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(
            challenge.contains("insufficient_user_authentication") && challenge.contains("max_age=\"3600\""),
            "{challenge}"
        );
    });
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_is_done() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        let authenticate = Arc::new(Named(fixture.account("admin")));
        let router: Router = routes(Door { controls: fixture.controls.clone(), authenticate });
        let json = "application/json";
        for (proof, action, kind, body, wanted) in [
            ("none", "user-list", json, "{}", StatusCode::UNAUTHORIZED),
            ("none", "no-such", json, "{}", StatusCode::UNAUTHORIZED),
            ("forged", "user-list", json, "{}", StatusCode::FORBIDDEN),
            ("weak", "no-such", json, "{}", StatusCode::NOT_FOUND),
            ("weak", "import", json, "{}", StatusCode::NOT_FOUND),
            ("weak", "user-list", "text/plain", "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("weak", "user-list", json, "[]", StatusCode::BAD_REQUEST),
            ("weak", "user-list", json, "{", StatusCode::BAD_REQUEST),
            ("weak", "user-list", json, r#"{"action":"user-delete"}"#, StatusCode::BAD_REQUEST),
            ("weak", "user-quota", json, r#"{"address":"a@b"}"#, StatusCode::BAD_REQUEST),
            ("weak", "user-quota", json, r#"{"address":"a@b","mib":1,"more":2}"#, StatusCode::BAD_REQUEST),
        ] {
            let (status, headers, _) = post_as(&router, proof, action, kind, body).await;
            assert_eq!(status, wanted, "{proof} {action} {body}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        }
    });
}

/// The description is kept, so that a change of the API is seen in review.
#[test]
fn the_description_is_the_one_that_was_read() {
    let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        text == kept,
        "crates/api/openapi.json is another; if that is meant, run with UPDATE_OPENAPI=1 and read the difference"
    );
    assert!(!text.contains("#/$defs/"));
    assert_eq!(document()["paths"].as_object().unwrap().len(), Action::ALL.len() - 1, "all but import");
}
