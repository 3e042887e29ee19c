//! The protocol of `clamd`: INSTREAM, in which octets come in pieces with their length before them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ScanError, Stream};

/// Octets of one piece.
const PIECE_OCTETS: usize = 64 * 1024;

/// Octets of an answer.
const ANSWER_OCTETS_MAX: u64 = 4096;

/// The name of what is found, if anything is.
pub(super) async fn scan(stream: &mut dyn Stream, octets: &[u8]) -> Result<Option<String>, ScanError> {
    // It ends the stream early where its own limit is passed; what it says then tells why.
    let sent = send(stream, octets).await;
    let mut answer = Vec::new();
    let received = stream.take(ANSWER_OCTETS_MAX).read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).trim_end_matches(['\0', '\n']).to_owned();
    if answer.is_empty() {
        sent?;
        received?;
    }
    let text = answer.strip_prefix("stream: ").unwrap_or(&answer);
    match text.strip_suffix(" FOUND") {
        Some(name) => Ok(Some(name.to_owned())),
        None if text == "OK" => Ok(None),
        None => Err(ScanError::Answer(answer)),
    }
}

async fn send(stream: &mut dyn Stream, octets: &[u8]) -> std::io::Result<()> {
    stream.write_all(b"zINSTREAM\0").await?;
    for piece in octets.chunks(PIECE_OCTETS) {
        let length = u32::try_from(piece.len()).unwrap_or_default();
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(piece).await?;
    }
    stream.write_all(&[0; 4]).await?;
    stream.flush().await
}
