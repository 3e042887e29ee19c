//! A server that keeps to a transcript, one connection after another.
//!
//! | line | what the server does |
//! |---|---|
//! | `< * OK hello` | sends the line; `\xNN`, `\r`, `\n`, `\\` are octets |
//! | `> EXAMINE` | reads a command, which begins so behind its tag, and remembers the tag |
//! | `= OK done` | sends the line behind the tag that it remembers |
//! | `message 12 (\Seen) Subject: x\r\n\r\nbody` | sends the message of that UID as FETCH does, with a literal |
//! | `raw bytes` | sends what stands there, without a line end |
//! | `read 5` | reads so many octets, of a literal |
//! | `---` | closes the connection; what follows is the next one's |

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(super) struct Script {
    pub(super) address: SocketAddr,
    /// What did not go as the transcript has it.
    faults: Arc<Mutex<Vec<String>>>,
    /// Connections of the transcript that were not made.
    left: Arc<Mutex<usize>>,
    serving: JoinHandle<()>,
}

impl Script {
    pub(super) async fn play(transcript: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections: Vec<String> = transcript.split("---").map(str::to_owned).collect();
        let (faults, left) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(connections.len())));
        let (noting, counting) = (Arc::clone(&faults), Arc::clone(&left));
        let serving = tokio::spawn(async move {
            for (number, lines) in connections.iter().enumerate() {
                let (stream, _) = listener.accept().await.unwrap();
                *counting.lock() -= 1;
                if let Err(fault) = talk(stream, lines).await {
                    noting.lock().push(format!("connection {}: {fault}", number + 1));
                }
            }
        });
        Self { address, faults, left, serving }
    }

    /// All of the transcript was played.
    pub(super) fn check(self) {
        self.serving.abort();
        assert!(self.faults.lock().is_empty(), "{:#?}", self.faults.lock());
        assert_eq!(*self.left.lock(), 0, "connections that were not made");
    }
}

async fn talk(stream: TcpStream, lines: &str) -> Result<(), String> {
    let mut stream = BufReader::new(stream);
    let mut tag = String::new();
    for step in lines.lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        let sent = match word {
            "<" => [octets(rest), b"\r\n".to_vec()].concat(),
            "=" => format!("{tag} {rest}\r\n").into_bytes(),
            "raw" => octets(rest),
            "message" => message(rest),
            "read" => {
                let mut literal = vec![0; rest.parse().unwrap()];
                stream.read_exact(&mut literal).await.map_err(|error| error.to_string())?;
                continue;
            }
            ">" => {
                let mut line = Vec::new();
                stream.read_until(b'\n', &mut line).await.map_err(|error| error.to_string())?;
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                let (first, command) = line.split_once(' ').unwrap_or((&line, ""));
                if !command.starts_with(rest) {
                    return Err(format!("wanted {rest:?}, heard {line:?}"));
                }
                first.clone_into(&mut tag);
                continue;
            }
            other => return Err(format!("no step {other:?}")),
        };
        stream.write_all(&sent).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn message(rest: &str) -> Vec<u8> {
    let (uid, rest) = rest.split_once(' ').unwrap();
    let (flags, text) = rest.split_once(") ").unwrap();
    let text = octets(text);
    let head = format!(
        "* 1 FETCH (UID {uid} FLAGS {flags}) INTERNALDATE \"17-Jul-2024 02:44:25 +0800\" BODY[] {{{}}}\r\n",
        text.len()
    );
    [head.into_bytes(), text, b")\r\n".to_vec()].concat()
}

fn octets(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match chars.next() {
            Some('r') => out.push(b'\r'),
            Some('n') => out.push(b'\n'),
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&digits, 16).unwrap());
            }
            Some('\\') => out.push(b'\\'),
            // What IMAP has a backslash before.
            Some(other) => out.extend_from_slice(format!("\\{other}").as_bytes()),
            None => {}
        }
    }
    out
}
