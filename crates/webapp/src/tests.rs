use std::fs;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use env::SystemEntropy;
use tower::ServiceExt;

use super::*;

/// A site as a build leaves it.
fn built() -> (tempfile::TempDir, Router) {
    let site = tempfile::tempdir().unwrap();
    fs::create_dir(site.path().join("assets")).unwrap();
    fs::write(site.path().join("index.html"), "<script nonce=\"__NONCE__\" src=\"/app/assets/main-1.js\"></script>")
        .unwrap();
    fs::write(site.path().join("assets/main-1.js"), "plain").unwrap();
    fs::write(site.path().join("assets/main-1.js.br"), "brotli").unwrap();
    fs::write(site.path().join("assets/main-1.js.gz"), "gzip").unwrap();
    fs::write(site.path().join("assets/derive.worker-1.js"), "worker").unwrap();
    fs::write(site.path().join("portal.html"), "<script nonce=\"__NONCE__\" src=\"/app/assets/portal-1.js\"></script>")
        .unwrap();
    fs::write(site.path().join("sw.js"), "worker").unwrap();
    fs::write(site.path().join("notes.exe"), "not ours").unwrap();
    let settings = WebSettings { directory: site.path().display().to_string() };
    let router = routes(&settings, Arc::new(SystemEntropy::default()));
    (site, router)
}

async fn ask(router: &Router, path: &str, codings: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).header("accept-encoding", codings).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn each_page_has_a_nonce_of_its_own() {
    let (_site, router) = built();
    let mut nonces = Vec::new();
    for path in ["/mail", "/mail/", "/mail/in/1/message/2", "/p/Abc-1_2", "/p/x"] {
        let (status, headers, body) = ask(&router, path, "").await;
        assert_eq!(status, StatusCode::OK);
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        let nonce = body.split('"').nth(1).unwrap().to_owned();
        assert!(policy.contains(&format!("script-src 'self' 'nonce-{nonce}'")), "{policy} {body}");
        assert!(!policy.contains("unsafe") && policy.starts_with("default-src 'none'"), "{policy}");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        nonces.push(nonce);
    }
    nonces.dedup();
    assert_eq!(nonces.len(), 5);
    let (status, headers, _) = ask(&router, "/", "").await;
    assert_eq!((status, &headers[header::LOCATION]), (StatusCode::SEE_OTHER, &"/mail".parse().unwrap()));
}

#[tokio::test]
async fn files_come_as_they_were_compressed_and_stay() {
    let (_site, router) = built();
    for (codings, coding, body) in [
        ("gzip, deflate, br", Some("br"), "brotli"),
        ("gzip;q=0.5, br;q=0", Some("gzip"), "gzip"),
        ("identity", None, "plain"),
        ("", None, "plain"),
    ] {
        let (status, headers, text) = ask(&router, "/app/assets/main-1.js", codings).await;
        assert_eq!((status, text.as_str()), (StatusCode::OK, body), "{codings}");
        assert_eq!(headers.get(header::CONTENT_ENCODING).map(|it| it.to_str().unwrap()), coding, "{codings}");
        assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::VARY], "accept-encoding");
    }
}

#[tokio::test]
async fn no_name_leads_out_of_the_directory() {
    let (site, router) = built();
    fs::write(site.path().parent().unwrap().join("outside.js"), "secret").unwrap();
    for path in [
        "/app/../outside.js",
        "/app/%2e%2e/outside.js",
        "/app/assets/%2e%2e/%2e%2e/outside.js",
        "/app//etc/passwd",
        "/app/%2fetc%2fpasswd",
        "/app/assets/..%5coutside.js",
        "/app/index.html",
        "/app/portal.html",
        "/app/notes.exe",
        "/app/assets/none.js",
        "/app/.hidden.js",
    ] {
        let (status, _, body) = ask(&router, path, "br").await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path} {body}");
    }
    fs::remove_file(site.path().parent().unwrap().join("outside.js")).unwrap();
}

#[tokio::test]
async fn the_frame_of_a_message_runs_and_loads_nothing() {
    let (_site, router) = built();
    let (status, headers, body) = ask(&router, "/app/message", "").await;
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert_eq!(status, StatusCode::OK);
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "), "{policy}");
    assert!(policy.contains("sandbox allow-same-origin") && !policy.contains("allow-scripts"), "{policy}");
    assert!(!body.contains("script"), "{body}");
}

#[tokio::test]
async fn a_worker_that_computes_asks_nobody() {
    let (_site, router) = built();
    let (status, headers, _) = ask(&router, "/app/assets/derive.worker-1.js", "").await;
    assert_eq!(
        (status, &headers[header::CONTENT_SECURITY_POLICY]),
        (StatusCode::OK, &"default-src 'none'; script-src 'wasm-unsafe-eval'".parse().unwrap())
    );
}

#[tokio::test]
async fn a_program_without_its_page_says_how_to_get_it() {
    let empty = tempfile::tempdir().unwrap();
    let settings = WebSettings { directory: empty.path().display().to_string() };
    let router = routes(&settings, Arc::new(SystemEntropy::default()));
    let (status, _, body) = ask(&router, "/mail", "").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("make web"), "{body}");
}

#[tokio::test]
async fn the_worker_may_ask_this_server_alone() {
    let (_site, router) = built();
    let (status, headers, body) = ask(&router, "/sw.js", "").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "worker"));
    assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; connect-src 'self'");
    assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
    assert!(headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/javascript"));
}
