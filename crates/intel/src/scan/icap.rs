//! ICAP (RFC 3507): a file is handed over as if it were the answer of a web server (RESPMOD, section 4.9), and comes back unchanged or not.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ScanError, Stream};
use crate::parts::File;

/// Octets of headers that are read.
const HEADER_OCTETS_MAX: usize = 64 * 1024;

/// Fields by which servers say that something was found.
const FOUND_FIELDS: &[&str] = &["x-infection-found", "x-virus-id", "x-violations-found", "x-virus-name"];

/// The name of what is found, if anything is.
pub(super) async fn scan(
    stream: &mut dyn Stream,
    (address, service): (SocketAddr, &str),
    file: &File,
) -> Result<Option<String>, ScanError> {
    let asked = "GET http://mail.invalid/file HTTP/1.1\r\nHost: mail.invalid\r\n\r\n";
    let length = file.octets.len();
    let answered =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {length}\r\n\r\n");
    let head = format!(
        "RESPMOD icap://{address}/{service} ICAP/1.0\r\nHost: {address}\r\nAllow: 204\r\nConnection: close\r\n\
         Encapsulated: req-hdr=0, res-hdr={}, res-body={}\r\n\r\n{asked}{answered}",
        asked.len(),
        asked.len() + answered.len()
    );
    let sent = send(stream, &head, &file.octets).await;
    let answer = receive(stream).await;
    // A server may answer before it has everything.
    let answer = match (answer, sent) {
        (Ok(answer), _) => answer,
        (Err(error), Ok(())) => return Err(error),
        (Err(_), Err(error)) => return Err(error.into()),
    };
    understand(&answer)
}

async fn send(stream: &mut dyn Stream, head: &str, octets: &[u8]) -> std::io::Result<()> {
    stream.write_all(head.as_bytes()).await?;
    if !octets.is_empty() {
        stream.write_all(format!("{:x}\r\n", octets.len()).as_bytes()).await?;
        stream.write_all(octets).await?;
        stream.write_all(b"\r\n").await?;
    }
    stream.write_all(b"0\r\n\r\n").await?;
    stream.flush().await
}

/// The header of the answer, and that of the encapsulated one if there is one.
async fn receive(stream: &mut dyn Stream) -> Result<String, ScanError> {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        let mut ends = text.match_indices("\r\n\r\n");
        let has_more = status(&text) == Some(200);
        let is_whole = ends.next().is_some() && (!has_more || ends.next().is_some());
        if is_whole || answer.len() > HEADER_OCTETS_MAX {
            return Ok(text);
        }
        match stream.read(&mut piece).await? {
            0 if text.contains("\r\n\r\n") => return Ok(text),
            0 => return Err(ScanError::Answer(text.chars().take(80).collect())),
            count => answer.extend(piece.iter().take(count)),
        }
    }
}

fn understand(answer: &str) -> Result<Option<String>, ScanError> {
    let (head, behind) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let named = |(name, _): &(&str, &str)| FOUND_FIELDS.iter().any(|known| name.trim().eq_ignore_ascii_case(known));
    if let Some((_, value)) = fields.into_iter().find(named) {
        return Ok(Some(threat(value)));
    }
    match status(head) {
        Some(204) => Ok(None),
        // What comes back in its place says that it was kept back; the file itself comes with the status that we gave it.
        Some(200) => match behind.split_whitespace().nth(1) {
            Some("200") => Ok(None),
            Some(_) => Ok(Some("blocked".to_owned())),
            None => Err(ScanError::Answer(head.chars().take(80).collect())),
        },
        _ => Err(ScanError::Answer(head.lines().next().unwrap_or_default().chars().take(80).collect())),
    }
}

/// The status in the first line.
fn status(head: &str) -> Option<u16> {
    head.strip_prefix("ICAP/1.0 ")?.get(..3)?.parse().ok()
}

/// The name among the properties of `X-Infection-Found` (`Type=0; Resolution=2; Threat=name;`), or the whole value.
fn threat(value: &str) -> String {
    let named = value.split(';').find_map(|property| property.trim().strip_prefix("Threat="));
    named.unwrap_or(value).trim().to_owned()
}
