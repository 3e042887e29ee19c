use std::sync::Mutex;

use resolver::fixed::{FixedResolver, Record};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01";

/// A server that gives what it is told for each path, and what it was asked.
struct Site {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    async fn with(pages: Vec<(&'static str, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = Vec::new();
                let mut piece = [0; 1024];
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    match socket.read(&mut piece).await {
                        Ok(count) if count > 0 => request.extend_from_slice(&piece[..count]),
                        _ => break,
                    }
                }
                let text = String::from_utf8_lossy(&request).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                kept.lock().unwrap().push(text);
                let page = pages.iter().find(|(name, _)| *name == path).map(|(_, page)| page.clone());
                let page = page.unwrap_or_else(|| b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec());
                socket.write_all(&page).await.ok();
            }
        });
        Self { port, asked }
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body]
        .concat()
}

fn leads_to(place: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn fetcher(within: &[&str]) -> Fetcher {
    let dns = FixedResolver::default()
        .with("inside.test", Record::Address("127.0.0.1".parse().unwrap()))
        .with("mixed.test", Record::Address("8.8.8.8".parse().unwrap()))
        .with("mixed.test", Record::Address("10.0.0.1".parse().unwrap()))
        .with("six.test", Record::Address("::1".parse().unwrap()));
    let within: Vec<String> = within.iter().map(|text| (*text).to_owned()).collect();
    Fetcher { elsewhere: Elsewhere::new(Arc::new(dns), &within, "test"), tls: None, bytes_max: 1000 }
}

#[tokio::test]
async fn a_picture_is_told_by_what_it_is_and_nothing_of_the_reader_is_told() {
    let site =
        Site::with(vec![("/p?x=1", ok(PNG)), ("/page", ok(b"<html>")), ("/long", ok(&[PNG, &[0; 2000]].concat()))])
            .await;
    let fetcher = fetcher(&["127.0.0.0/8"]);
    let picture = fetcher.fetch(&site.address("/p?x=1")).await.unwrap();
    assert_eq!((picture.media_type, &picture.octets[..]), ("image/png", PNG));
    let asked = site.asked.lock().unwrap().join("").to_lowercase();
    assert!(!asked.contains("cookie") && !asked.contains("referer") && !asked.contains("forwarded"), "{asked}");
    assert!(matches!(fetcher.fetch(&site.address("/page")).await, Err(FetchError::Kind)));
    assert!(matches!(fetcher.fetch(&site.address("/long")).await, Err(FetchError::Http(HttpsError::TooLong { .. }))));
    assert!(matches!(fetcher.fetch(&site.address("/none")).await, Err(FetchError::Status { status: 404 })));
}

#[tokio::test]
async fn nothing_within_is_asked() {
    let site = Site::with(vec![("/", ok(PNG))]).await;
    let fetcher = fetcher(&[]);
    for address in [
        site.address("/"),
        "http://127.1/".to_owned(),
        "http://2130706433/".to_owned(),
        "http://0x7f.0.0.1/".to_owned(),
        "http://[::1]/".to_owned(),
        "http://[::ffff:127.0.0.1]/".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://0.0.0.0/".to_owned(),
        "http://inside.test/".to_owned(),
        "https://six.test/".to_owned(),
        // One of its addresses is enough.
        "https://mixed.test/".to_owned(),
    ] {
        assert!(matches!(fetcher.fetch(&address).await, Err(FetchError::Host(HostError::Within { .. }))), "{address}");
    }
    assert!(matches!(fetcher.fetch("https://unknown.test/").await, Err(FetchError::Host(HostError::Unknown { .. }))));
    for address in [
        "file:///etc/passwd",
        "ftp://8.8.8.8/",
        "http://a:b@8.8.8.8/",
        "http://8.8.8.8:25/",
        "data:image/png;base64,AA",
        "gopher://8.8.8.8",
    ] {
        assert!(matches!(fetcher.fetch(address).await, Err(FetchError::Address)), "{address}");
    }
    assert!(site.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn no_redirection_leads_within_and_none_goes_round() {
    let inside = Site::with(vec![("/", ok(PNG))]).await;
    let inner = format!("http://127.0.0.2:{}/", inside.port);
    let pages = vec![
        ("/a", leads_to("/b")),
        ("/b", ok(PNG)),
        ("/c", leads_to(&inner)),
        ("/d", leads_to("http://inside.test/")),
        ("/e", leads_to("file:///etc/passwd")),
        ("/round", leads_to("/round")),
    ];
    let site = Site::with(pages).await;
    // This one address may be asked, its neighbours may not.
    let mut fetcher = fetcher(&["127.0.0.1/32"]);
    fetcher.elsewhere.dns =
        Arc::new(FixedResolver::default().with("inside.test", Record::Address("127.0.0.3".parse().unwrap())));
    assert!(fetcher.fetch(&site.address("/a")).await.is_ok());
    for path in ["/c", "/d"] {
        assert!(
            matches!(fetcher.fetch(&site.address(path)).await, Err(FetchError::Host(HostError::Within { .. }))),
            "{path}"
        );
    }
    assert!(matches!(fetcher.fetch(&site.address("/e")).await, Err(FetchError::Address)));
    assert!(matches!(fetcher.fetch(&site.address("/round")).await, Err(FetchError::Redirected)));
    assert!(inside.asked.lock().unwrap().is_empty());
}
