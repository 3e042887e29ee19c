//! The client's side of IMAP (RFC 3501, RFC 9051), without I/O: as much as taking mail over from another server needs, and forgiving of
//! what servers send that no standard allows.
//!
//! ```text
//! bytes ─► Framer ─► Answer ─► read ─► Event::Untagged(Response) | Event::Continue | Event::Done(Status)
//! ```
//!
//! [`Client`] has one command under way at a time: [`Client::begin`] puts it into the output, [`Client::next_event`] gives what came of it. The way
//! from the greeting to a signed-in session is a machine of its own, [`SignIn`].

mod frame;
mod response;
mod sign_in;
mod value;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use self::response::{Body, Code, Fetched, Listed, Response, Status, StatusKind};
pub use self::sign_in::{Capabilities, Credentials, SignIn, SignInError, SignInStep, TlsUse, TokenForm};

use self::frame::Framer;

/// Octets of one response without its literals.
pub const RESPONSE_BYTES_MAX: usize = 4 << 20;

/// Octets of a literal that is too long and is read past; of a longer one the connection is given up.
pub const DISCARD_BYTES_MAX: u64 = 4 << 30;

/// Why the server's words cannot be followed any more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// A response without an end.
    #[error("the server sent a line of more than {RESPONSE_BYTES_MAX} octets")]
    LineTooLong,
    /// A literal that is not even read past.
    #[error("the server announced {0} octets at once")]
    LiteralTooLong(u64),
    /// What came is no IMAP.
    #[error("the server does not speak IMAP here: {0:?}")]
    NotImap(String),
}

/// What came from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Something without a tag.
    Untagged(Response),
    /// It waits for more of the command.
    Continue(Vec<u8>),
    /// The command is over.
    Done(Status),
}

/// A part of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'a> {
    /// As it is.
    Text(&'a str),
    /// Octets that may be anything: quoted where that is possible, else a literal.
    Bytes(&'a [u8]),
}

/// One connection.
#[derive(Debug)]
pub struct Client {
    framer: Framer,
    tag: u32,
    waiting: Option<String>,
    /// What goes out when the server says that it waits.
    pieces: VecDeque<Vec<u8>>,
    output: Vec<u8>,
}

impl Client {
    /// A connection on which a literal has at most `literal_bytes_max` octets; of longer ones only their length is told.
    #[must_use]
    pub fn new(literal_bytes_max: u64) -> Self {
        Self {
            framer: Framer::new(literal_bytes_max),
            tag: 0,
            waiting: None,
            pieces: VecDeque::new(),
            output: Vec::new(),
        }
    }

    /// Takes what the server sent.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.framer.feed(bytes);
    }

    /// What is to be sent; it is taken.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Begins a command.
    pub fn begin(&mut self, parts: &[Part<'_>]) {
        self.tag += 1;
        let tag = format!("t{}", self.tag);
        let mut piece = format!("{tag} ").into_bytes();
        self.pieces.clear();
        for part in parts {
            match part {
                Part::Text(text) => piece.extend_from_slice(text.as_bytes()),
                Part::Bytes(bytes) if is_quotable(bytes) => {
                    piece.push(b'"');
                    piece.extend_from_slice(bytes);
                    piece.push(b'"');
                }
                Part::Bytes(bytes) => {
                    piece.extend_from_slice(format!("{{{}}}\r\n", bytes.len()).as_bytes());
                    self.pieces.push_back(std::mem::replace(&mut piece, bytes.to_vec()));
                }
            }
        }
        piece.extend_from_slice(b"\r\n");
        self.pieces.push_back(piece);
        self.waiting = Some(tag);
        self.go_on();
    }

    /// Sends a line that belongs to the command under way, as an answer to [`Event::Continue`].
    pub fn send_line(&mut self, line: &[u8]) {
        self.output.extend_from_slice(line);
        self.output.extend_from_slice(b"\r\n");
    }

    fn go_on(&mut self) -> bool {
        let Some(piece) = self.pieces.pop_front() else { return false };
        self.output.extend_from_slice(&piece);
        true
    }

    /// Whether input has come that was not looked at: before a handshake of TLS there must be none.
    #[must_use]
    pub fn has_input(&self) -> bool {
        self.framer.has_input()
    }

    /// What came next; `None` if more has to be read.
    ///
    /// # Errors
    /// [`ClientError`] if the connection is of no use any more.
    pub fn next_event(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            let Some(mut answer) = self.framer.next()? else { return Ok(None) };
            if answer.text.first() == Some(&b'+') {
                if self.go_on() {
                    continue;
                }
                let rest = answer.text.strip_prefix(b"+ ").or_else(|| answer.text.strip_prefix(b"+"));
                return Ok(Some(Event::Continue(rest.unwrap_or_default().to_vec())));
            }
            if answer.text.starts_with(b"* ") {
                return Ok(Some(Event::Untagged(response::read(&mut answer))));
            }
            let text = String::from_utf8_lossy(&answer.text).into_owned();
            let (tag, rest) = text.split_once(' ').unwrap_or((&text, ""));
            if self.waiting.as_deref() == Some(tag) {
                let Some(status) = Status::read(rest) else { return Err(not_imap(&text)) };
                self.waiting = None;
                self.pieces.clear();
                return Ok(Some(Event::Done(status)));
            }
            // The end of a command of before, or an empty line.
            if !text.trim().is_empty() && Status::read(rest).is_none() {
                return Err(not_imap(&text));
            }
        }
    }
}

fn not_imap(text: &str) -> ClientError {
    ClientError::NotImap(text.chars().filter(|char| !char.is_control()).take(80).collect())
}

/// Printable ASCII without what is escaped.
fn is_quotable(bytes: &[u8]) -> bool {
    bytes.len() <= 1_000 && bytes.iter().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'))
}
