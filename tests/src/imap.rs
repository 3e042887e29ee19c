//! A plain IMAP client (RFC 9051, RFC 3501): one connection, made to be cheap. It does not understand what it reads
//! beyond lines, literals and the tagged line at the end.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::{Failure, Outcome, Stream, Trust};

/// Messages that are asked for with one FETCH.
const MESSAGES_AT_ONCE: u64 = 5_000;

/// The answer to one command.
#[derive(Debug, Default)]
pub struct Answer {
    /// The tagged line after the tag: `OK ...`, `NO ...` or `BAD ...`.
    pub status: String,
    /// Untagged responses.
    pub untagged: usize,
    /// Bytes of all of it.
    pub bytes: u64,
    /// The untagged responses themselves, literals included, if asked for.
    pub kept: Vec<Vec<u8>>,
}

impl Answer {
    /// Itself, if the command succeeded.
    ///
    /// # Errors
    /// A failure that shows the status, if not.
    #[track_caller]
    pub fn ok(self) -> Outcome<Self> {
        if self.status.starts_with("OK") {
            return Ok(self);
        }
        Err(Failure::new(format!("wanted OK, got {}", self.status)))
    }

    /// The kept untagged responses as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.kept.iter().map(|response| String::from_utf8_lossy(response)).collect()
    }

    /// The number before `word` in an untagged response, as in `* 18 EXISTS`.
    #[must_use]
    pub fn number(&self, word: &str) -> Option<u64> {
        let end = format!(" {word}\r\n");
        self.kept.iter().rev().find_map(|response| {
            let line = std::str::from_utf8(response).ok()?;
            line.strip_prefix("* ")?.strip_suffix(&end)?.parse().ok()
        })
    }
}

/// A connection to an IMAP server.
pub struct Client {
    /// The connection, for tests that write what no client would.
    pub stream: Stream,
    next_tag: u32,
    /// The server's greeting.
    pub greeting: String,
}

impl Client {
    /// Connects without TLS and reads the greeting.
    ///
    /// # Errors
    /// If nobody listens.
    pub fn connect(address: SocketAddr) -> Outcome<Self> {
        Self::greeted(Stream::connect(address)?)
    }

    /// Connects with TLS from the start and reads the greeting.
    ///
    /// # Errors
    /// If nobody listens or the handshake fails.
    pub fn connect_tls(address: SocketAddr, trust: &Trust) -> Outcome<Self> {
        Self::greeted(Stream::connect_tls(address, trust)?)
    }

    fn greeted(mut stream: Stream) -> Outcome<Self> {
        let greeting = String::from_utf8_lossy(stream.line()?).trim_end().to_owned();
        if !greeting.starts_with("* OK") {
            return Err(Failure::new(format!("greeted with {greeting}")));
        }
        Ok(Self { stream, next_tag: 0, greeting })
    }

    /// STARTTLS.
    ///
    /// # Errors
    /// If the server refuses or the handshake fails.
    pub fn start_tls(&mut self, trust: &Trust) -> Outcome {
        self.command("STARTTLS")?.ok()?;
        self.stream.start_tls(trust)
    }

    /// LOGIN.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn login(&mut self, user: &str, password: &str) -> Outcome {
        self.command(&format!("LOGIN {} {}", quoted(user), quoted(password)))?.ok()?;
        Ok(())
    }

    /// Sends a command without literals, reads the whole answer and keeps only counts.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn command(&mut self, command: &str) -> Outcome<Answer> {
        let tag = self.send(command)?;
        self.answer(&tag, false)
    }

    /// As [`Client::command`], keeping the untagged responses.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn ask(&mut self, command: &str) -> Outcome<Answer> {
        let tag = self.send(command)?;
        self.answer(&tag, true)
    }

    /// Sends a command and gives its tag, without reading anything.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn send(&mut self, command: &str) -> Outcome<String> {
        let tag = self.tag();
        self.stream.send(format!("{tag} {command}\r\n").as_bytes())?;
        Ok(tag)
    }

    /// The next line, as when the server speaks by itself.
    ///
    /// # Errors
    /// If the connection ends before.
    pub fn read_line(&mut self) -> Outcome<String> {
        Ok(String::from_utf8_lossy(self.stream.line()?).trim_end().to_owned())
    }

    /// The next tag.
    pub(crate) fn tag(&mut self) -> String {
        self.next_tag += 1;
        format!("t{}", self.next_tag)
    }

    /// Reads everything up to the line tagged `tag`.
    ///
    /// # Errors
    /// If the connection ends before.
    pub fn answer(&mut self, tag: &str, keep: bool) -> Outcome<Answer> {
        let mut answer = Answer::default();
        let mut response = Vec::new();
        // Whether the line follows a literal and so goes on with its response.
        let mut continues = false;
        loop {
            let line = self.stream.line()?;
            answer.bytes += line.len() as u64;
            if !continues {
                if let Some(rest) = line.strip_prefix(tag.as_bytes()).and_then(|rest| rest.strip_prefix(b" ")) {
                    answer.status = String::from_utf8_lossy(rest).trim_end().to_owned();
                    return Ok(answer);
                }
                answer.untagged += usize::from(line.starts_with(b"* "));
            }
            if keep {
                response.extend_from_slice(line);
            }
            let literal = literal_bytes(line);
            continues = literal.is_some();
            if let Some(count) = literal {
                answer.bytes += count as u64;
                self.stream.take(count, |piece| {
                    if keep {
                        response.extend_from_slice(piece);
                    }
                })?;
            } else if keep {
                answer.kept.push(std::mem::take(&mut response));
            }
        }
    }

    /// Appends `messages` to `mailbox`, all in one command (MULTIAPPEND, RFC 3502) with non-synchronising literals
    /// (RFC 7888) where there are several.
    ///
    /// # Errors
    /// If the server refuses or the connection fails.
    pub fn append(&mut self, mailbox: &str, messages: &[&[u8]]) -> Outcome<Answer> {
        let tag = self.tag();
        let mut command = format!("{tag} APPEND {}", quoted(mailbox)).into_bytes();
        for message in messages {
            command.extend_from_slice(format!(" {{{}+}}\r\n", message.len()).as_bytes());
            command.extend_from_slice(message);
        }
        command.extend_from_slice(b"\r\n");
        self.stream.send(&command)?;
        self.answer(&tag, false)
    }

    /// Number of messages in `mailbox` (STATUS).
    ///
    /// # Errors
    /// If the server refuses or its answer has no number.
    pub fn count(&mut self, mailbox: &str) -> Outcome<u64> {
        let text = self.ask(&format!("STATUS {} (MESSAGES)", quoted(mailbox)))?.ok()?.text();
        let number = text.rsplit_once("(MESSAGES ").and_then(|(_, rest)| rest.split_once(')'));
        number.and_then(|(number, _)| number.parse().ok()).ok_or_else(|| Failure::new(format!("no count in {text:?}")))
    }

    /// How often each Message-ID is in a mailbox.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn message_ids(&mut self, mailbox: &str) -> Outcome<HashMap<String, u32>> {
        let total = self.count(mailbox)?;
        self.command(&format!("SELECT {}", quoted(mailbox)))?.ok()?;
        let (mut found, mut first) = (HashMap::new(), 1);
        while first <= total {
            let last = total.min(first + MESSAGES_AT_ONCE - 1);
            for response in self.ask(&format!("FETCH {first}:{last} ENVELOPE"))?.ok()?.kept {
                let text = String::from_utf8_lossy(&response).into_owned();
                if let Some((id, _)) = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')) {
                    *found.entry(id.to_owned()).or_insert(0) += 1;
                }
            }
            first = last + 1;
        }
        Ok(found)
    }

    /// The UIDs in a mailbox that a search gives.
    ///
    /// # Errors
    /// If the server refuses.
    pub fn uids(&mut self, mailbox: &str, search: &str) -> Outcome<String> {
        self.command(&format!("SELECT {}", quoted(mailbox)))?.ok()?;
        let found = self.ask(&format!("UID SEARCH {search}"))?.ok()?.text();
        Ok(found.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
    }

    /// LOGOUT.
    ///
    /// # Errors
    /// If the server does not answer.
    pub fn logout(mut self) -> Outcome {
        self.command("LOGOUT")?.ok()?;
        Ok(())
    }
}

/// Octets of the literal that a line announces at its end (`{123}`, `~{123}`).
fn literal_bytes(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"}\r\n")?;
    let open = memchr::memrchr(b'{', line)?;
    std::str::from_utf8(&line[open + 1..]).ok()?.parse().ok()
}

/// A quoted string (RFC 9051 section 4.3).
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_seen() {
        for (line, bytes) in [("* 1 FETCH (BODY[] {12}\r\n", Some(12)), ("* OK {x}\r\n", None), ("* OK\r\n", None)] {
            assert_eq!(literal_bytes(line.as_bytes()), bytes, "{line}");
        }
    }
}
