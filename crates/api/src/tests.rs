use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use prometheus_client::registry::Registry;
use tower::ServiceExt;

use super::*;

struct Stub(Vec<String>);

#[async_trait]
impl Health for Stub {
    async fn readiness(&self) -> Readiness {
        Readiness { failing: self.0.clone() }
    }

    async fn is_ours(&self, domain: &str) -> bool {
        domain == "trade.test"
    }
}

fn facts(failing: &[&str]) -> Arc<Facts> {
    Arc::new(Facts {
        hostname: "mail.trade.test".to_owned(),
        settings: env::Watched::default(),
        services: vec![
            ClientService { protocol: "imap", port: 993, implicit_tls: true },
            ClientService { protocol: "smtp", port: 587, implicit_tls: false },
        ],
        health: Arc::new(Stub(failing.iter().map(|line| (*line).to_owned()).collect())),
        metrics: Arc::new(Registry::default()),
        challenges: Challenges::default(),
    })
}

async fn ask(router: Router, request: Request<Body>) -> (StatusCode, String) {
    let mut request = request;
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn get_at(host: &str, path: &str) -> Request<Body> {
    Request::get(path).header("host", host).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn readiness_names_what_fails() {
    assert_eq!(
        ask(secure_router(facts(&[]), Router::new()), get_at("x", "/readyz")).await,
        (StatusCode::OK, "ready\n".to_owned())
    );
    let (status, body) = ask(secure_router(facts(&["the store is full"]), Router::new()), get_at("x", "/readyz")).await;
    assert_eq!((status, body.as_str()), (StatusCode::SERVICE_UNAVAILABLE, "the store is full\n"));
}

#[tokio::test]
async fn the_mta_sts_policy_is_given_only_for_our_domains() {
    let (status, body) =
        ask(secure_router(facts(&[]), Router::new()), get_at("mta-sts.trade.test", "/.well-known/mta-sts.txt")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body, "version: STSv1\r\nmode: testing\r\nmx: mail.trade.test\r\nmax_age: 604800\r\n");
    for host in ["mta-sts.other.test", "trade.test"] {
        let (status, _) = ask(secure_router(facts(&[]), Router::new()), get_at(host, "/.well-known/mta-sts.txt")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn clients_find_their_settings() {
    for (host, path) in [
        ("mail.trade.test", "/mail/config-v1.1.xml?emailaddress=a%40trade.test"),
        ("autoconfig.trade.test", "/mail/config-v1.1.xml"),
        ("trade.test", "/.well-known/autoconfig/mail/config-v1.1.xml"),
    ] {
        let (status, body) = ask(plain_router(facts(&[])), get_at(host, path)).await;
        assert_eq!(status, StatusCode::OK, "{host}{path}");
        assert!(body.contains("<port>993</port>") && body.contains("<socketType>STARTTLS</socketType>"), "{body}");
    }
    let request = Request::post("/autodiscover/autodiscover.xml").header("host", "autodiscover.trade.test");
    let body = "<Autodiscover><Request><EMailAddress>a@trade.test</EMailAddress></Request></Autodiscover>";
    let (status, body) = ask(plain_router(facts(&[])), request.body(Body::from(body)).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("<LoginName>a@trade.test</LoginName>") && body.contains("<Type>SMTP</Type>"), "{body}");
}

#[tokio::test]
async fn acme_challenges_are_answered_while_published() {
    let facts = facts(&[]);
    facts.challenges.publish("tok".to_owned(), "tok.key".to_owned());
    let path = "/.well-known/acme-challenge/tok";
    assert_eq!(ask(plain_router(facts.clone()), get_at("x", path)).await, (StatusCode::OK, "tok.key".to_owned()));
    facts.challenges.withdraw("tok");
    assert_eq!(ask(plain_router(facts), get_at("x", path)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn metrics_are_for_named_addresses_only() {
    let facts = facts(&[]);
    assert_eq!(ask(plain_router(facts.clone()), get_at("x", "/metrics")).await.0, StatusCode::OK);
    let mut request = get_at("x", "/metrics");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 9))));
    let response = plain_router(facts).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}
