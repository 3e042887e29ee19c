use std::path::{Path, PathBuf};

use crypto::tls::{CertifiedChains, Roots, ServerTls, Service, TlsSettings, parse_chain};
use tokio::net::TcpListener;

use super::*;
use crate::stream::Stream;

const HOST: &str = "mta-sts.partner.test";
const WAIT: Duration = Duration::from_secs(5);

/// A server of HTTPS that says one thing to the first who asks.
struct Server {
    address: SocketAddr,
    trust: ClientTls,
    asked: tokio::task::JoinHandle<String>,
    _directory: tempfile::TempDir,
}

impl Server {
    async fn saying(answer: &'static str) -> Self {
        Self::speaking(answer, false).await
    }

    /// With `ends_at_once` it closes the connection right behind the answer, without saying so in TLS.
    async fn speaking(answer: &'static str, ends_at_once: bool) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&key).unwrap().pem();
        let chain = parse_chain(pem.as_bytes(), key.serialize_pem().as_bytes(), Path::new("test")).unwrap();
        let tls = ServerTls::new(TlsSettings::default(), CertifiedChains::new(chain, vec![]).unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let root: PathBuf = directory.path().join("root.pem");
        std::fs::write(&root, pem).unwrap();
        let trust = ClientTls::verified(&Roots::only(&[root]).unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = tokio::spawn(async move {
            let (socket, peer) = listener.accept().await.unwrap();
            let stream = Stream::new(socket, peer, address);
            let Ok(mut stream) = stream.upgrade_server(tls.config(Service::Mail), WAIT).await else {
                return String::new();
            };
            let mut input = bytes::BytesMut::new();
            while !input.windows(4).any(|end| end == b"\r\n\r\n") && stream.receive(&mut input, WAIT).await.unwrap() > 0
            {
            }
            stream.send(answer.as_bytes(), WAIT).await.ok();
            // The rest of what is posted.
            while !ends_at_once
                && stream.receive(&mut input, Duration::from_millis(300)).await.is_ok_and(|count| count > 0)
            {
            }
            String::from_utf8_lossy(&input).into_owned()
        });
        Self { address, trust, asked, _directory: directory }
    }

    fn ask<'a>(&'a self, host: &'a str) -> Https<'a> {
        Https { host, address: self.address, tls: &self.trust, wait: Duration::from_secs(3), body_bytes_max: 100 }
    }
}

#[tokio::test]
async fn an_answer_with_type_and_body() {
    let server = Server::saying(
        "HTTP/1.1 200 OK\r\nContent-Type: Text/Plain; charset=utf-8\r\nETag: \"7\"\r\nContent-Length: 5\r\n\r\nhello",
    )
    .await;
    let answer = server.ask(HOST).get("/.well-known/mta-sts.txt").await.unwrap();
    assert_eq!((answer.status, answer.media_type.as_str(), &answer.body[..]), (200, "text/plain", &b"hello"[..]));
    assert_eq!(answer.etag, "\"7\"");
    let asked = server.asked.await.unwrap();
    assert!(asked.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\nhost: mta-sts.partner.test\r\n"), "{asked}");
}

#[tokio::test]
async fn an_answer_counts_though_the_connection_ends_right_behind_it() {
    // Whether answer and end are seen in one look is chance.
    for _ in 0..40 {
        let server = Server::speaking("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok", true).await;
        let answer = server.ask(HOST).post("/", "text/plain", Bytes::new()).await.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (201, &b"ok"[..]));
    }
}

#[tokio::test]
async fn a_body_is_posted() {
    let server = Server::saying("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").await;
    let answer = server.ask(HOST).post("/reports", "application/tlsrpt+gzip", Bytes::from_static(b"a report")).await;
    assert_eq!(answer.unwrap().status, 201);
    let asked = server.asked.await.unwrap().to_ascii_lowercase();
    assert!(
        asked.contains("content-type: application/tlsrpt+gzip\r\n") && asked.ends_with("\r\n\r\na report"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server =
        Server::saying("HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(server.ask(HOST).get("/").await.unwrap().status, 302);
}

#[tokio::test]
async fn another_hosts_certificate_is_refused() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let error = server.ask("mta-sts.other.test").get("/").await.unwrap_err();
    assert!(matches!(error, HttpsError::Tls(StreamError::Handshake(_))), "{error}");
}

#[tokio::test]
async fn answers_have_a_limit_of_size_and_time() {
    let endless = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    let error = Server::saying(endless).await.ask(HOST).get("/").await.unwrap_err();
    assert!(matches!(error, HttpsError::TooLong { bytes_max: 100 }), "{error}");
    let server = Server::saying("").await;
    let error = Https { wait: Duration::from_millis(200), ..server.ask(HOST) }.get("/").await.unwrap_err();
    assert!(matches!(error, HttpsError::Timeout { .. }), "{error}");
    let error = server.ask(HOST).get("no path").await.unwrap_err();
    assert!(matches!(error, HttpsError::Request { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_http_is_no_answer() {
    let error = Server::saying("220 mx.partner.test ESMTP\r\n").await.ask(HOST).get("/").await.unwrap_err();
    assert!(matches!(error, HttpsError::Http(_)), "{error}");
}
