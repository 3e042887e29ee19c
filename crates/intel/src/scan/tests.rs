use filter::{Facts, Received};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const MAIL: &[u8] = b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x\r\n\
    Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.bin\r\n\
    Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--x--\r\n";

/// A scanner that takes what comes until `until`, then says `answer`; gives what came.
async fn scripted(until: &'static [u8], answer: &'static str) -> (SocketAddr, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let came = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut came = Vec::new();
        let mut piece = [0; 1024];
        while !came.ends_with(until) {
            let count = socket.read(&mut piece).await.unwrap();
            assert!(count > 0, "ended before its end");
            came.extend_from_slice(&piece[..count]);
        }
        socket.write_all(answer.as_bytes()).await.unwrap();
        came
    });
    (address, came)
}

async fn found(settings: &ThreatSettings) -> Vec<(String, String)> {
    let facts = Facts::read(Received { raw: MAIL, ..Received::default() });
    let asked = Asked { facts: &facts, raw: MAIL, organisation: 1, envelope_from: "", client: None };
    let mut found = Vec::new();
    for scan in Scan::all(settings) {
        found.extend(scan.look(asked).await.into_iter().map(|finding| (finding.id, finding.evidence)));
    }
    found
}

fn one(id: &str, evidence: &str) -> Vec<(String, String)> {
    vec![(id.to_owned(), evidence.to_owned())]
}

#[tokio::test]
async fn clamd_is_given_the_message_and_its_answer_told() {
    for (answer, expected) in [
        ("stream: OK\0", vec![]),
        ("stream: Made.Signature FOUND\0", one("malware", "Made.Signature (clamd)")),
        ("INSTREAM size limit exceeded. ERROR\0", one("not-scanned", "clamd")),
        ("", one("not-scanned", "clamd")),
    ] {
        let (address, came) = scripted(&[0; 4], answer).await;
        let settings = ThreatSettings { clamd: address.to_string(), ..ThreatSettings::default() };
        assert_eq!(found(&settings).await, expected, "{answer:?}");
        let length = u32::try_from(MAIL.len()).unwrap().to_be_bytes();
        assert_eq!(came.await.unwrap(), [b"zINSTREAM\0", &length[..], MAIL, &[0; 4]].concat());
    }
}

#[tokio::test]
async fn icap_is_given_each_file_and_its_answer_told() {
    for (answer, expected) in [
        ("ICAP/1.0 204 No Content\r\nISTag: x\r\n\r\n", vec![]),
        (
            "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            vec![],
        ),
        (
            "ICAP/1.0 200 OK\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Made.Signature;\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n",
            one("malware", "a.bin: Made.Signature (icap)"),
        ),
        ("ICAP/1.0 200 OK\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n", one("malware", "a.bin: blocked (icap)")),
        ("ICAP/1.0 404 Service not found\r\n\r\n", one("not-scanned", "icap")),
        ("nonsense", one("not-scanned", "icap")),
    ] {
        let (address, came) = scripted(b"0\r\n\r\n", answer).await;
        let settings = ThreatSettings { icap: format!("icap://{address}/avscan"), ..ThreatSettings::default() };
        assert_eq!(found(&settings).await, expected, "{answer:?}");
        let came = String::from_utf8(came.await.unwrap()).unwrap();
        assert!(came.starts_with(&format!("RESPMOD icap://{address}/avscan ICAP/1.0\r\n")), "{came}");
        assert!(came.ends_with("Content-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{came}");
        let (head, parts) = came.split_once("\r\n\r\n").unwrap();
        let at = |name: &str| -> usize {
            head.split(name).nth(1).unwrap().split([',', '\r', '\n']).next().unwrap().parse().unwrap()
        };
        assert!(
            parts[at("res-hdr=")..].starts_with("HTTP/1.1 200 OK") && parts[at("res-body=")..].starts_with("5\r\n")
        );
    }
}

#[tokio::test]
async fn a_scanner_that_is_not_there_or_too_slow_is_told() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let settings = ThreatSettings { clamd: free.to_string(), ..ThreatSettings::default() };
    assert_eq!(found(&settings).await, one("not-scanned", "clamd"));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clamd = silent.local_addr().unwrap().to_string();
    let settings = ThreatSettings { clamd, scan_seconds: 1, ..ThreatSettings::default() };
    assert_eq!(found(&settings).await, one("not-scanned", "clamd"));
    let settings = ThreatSettings { clamd: "unix:/nowhere/clamd".into(), ..ThreatSettings::default() };
    assert_eq!(found(&settings).await, one("not-scanned", "clamd"));
    let settings = ThreatSettings { scan_octets_max: 10, ..settings };
    assert_eq!(found(&settings).await, one("not-scanned", "clamd"));
}

#[test]
fn scanners_of_settings() {
    assert_eq!(Scanner::clamd("unix:/run/clamd"), Ok(Some(Scanner::Clamd(Place::Unix("/run/clamd".into())))));
    assert_eq!(Scanner::clamd(""), Ok(None));
    assert!(Scanner::clamd("unix:relative").is_err() && Scanner::clamd("host:3310").is_err());
    let address = "127.0.0.1:1344".parse().unwrap();
    assert_eq!(Scanner::icap("icap://127.0.0.1:1344/av"), Ok(Some(Scanner::Icap { address, service: "av".into() })));
    assert!(
        ["icap://127.0.0.1:1344", "icap://127.0.0.1:1344/", "http://127.0.0.1:1/a", "icap://h:1/a b"]
            .iter()
            .all(|text| Scanner::icap(text).is_err())
    );
}
