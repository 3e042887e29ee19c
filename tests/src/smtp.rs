//! A plain SMTP and LMTP client (RFC 5321, RFC 2033): one connection, made to be cheap.

use std::fmt;
use std::net::SocketAddr;

use crate::{Failure, Outcome, Stream, Trust};

/// Lines that one reply may have.
const REPLY_LINES_MAX: usize = 200;

/// A reply: its code and its text, lines joined by line feeds, without the codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Code, 200 to 599.
    pub code: u16,
    /// Text.
    pub text: String,
}

impl Reply {
    /// Itself, if its code is `code`.
    ///
    /// # Errors
    /// A failure that shows the reply, if not.
    #[track_caller]
    pub fn expect(self, code: u16) -> Outcome<Self> {
        if self.code == code {
            return Ok(self);
        }
        Err(Failure::new(format!("wanted {code}, got {self}")))
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} {}", self.code, self.text.replace('\n', " / "))
    }
}

/// Which of the two protocols; in LMTP each accepted recipient has a reply of its own after the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// RFC 5321.
    Smtp,
    /// RFC 2033.
    Lmtp,
}

/// A connection to an SMTP or LMTP server.
pub struct Client {
    /// The connection, for tests that write what no client would.
    pub stream: Stream,
    dialect: Dialect,
    /// Whether the server offers PIPELINING and we use it.
    pub pipelining: bool,
    /// The server's reply to EHLO.
    pub offers: String,
}

impl Client {
    /// Connects, reads the greeting and says EHLO (LHLO). Pipelines if the server offers it.
    ///
    /// # Errors
    /// If the server does not greet with 220 or refuses EHLO.
    pub fn connect(address: SocketAddr, dialect: Dialect) -> Outcome<Self> {
        Self::greeted(Stream::connect(address)?, dialect)
    }

    /// As [`Client::connect`], with TLS from the start.
    ///
    /// # Errors
    /// As [`Client::connect`], and if the handshake fails.
    pub fn connect_tls(address: SocketAddr, trust: &Trust) -> Outcome<Self> {
        Self::greeted(Stream::connect_tls(address, trust)?, Dialect::Smtp)
    }

    fn greeted(stream: Stream, dialect: Dialect) -> Outcome<Self> {
        let mut client = Self { stream, dialect, pipelining: false, offers: String::new() };
        client.reply()?.expect(220)?;
        client.hello()?;
        Ok(client)
    }

    fn hello(&mut self) -> Outcome {
        let command = if self.dialect == Dialect::Lmtp { "LHLO client.test" } else { "EHLO client.test" };
        self.offers = self.command(command)?.expect(250)?.text;
        self.pipelining = self.offers.lines().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
        Ok(())
    }

    /// STARTTLS (RFC 3207), then EHLO again.
    ///
    /// # Errors
    /// If the server refuses or the handshake fails.
    pub fn start_tls(&mut self, trust: &Trust) -> Outcome {
        self.command("STARTTLS")?.expect(220)?;
        self.stream.start_tls(trust)?;
        self.hello()
    }

    /// Signs in with AUTH PLAIN (RFC 4616).
    ///
    /// # Errors
    /// If the server refuses.
    pub fn sign_in(&mut self, user: &str, password: &str) -> Outcome {
        let token = base64(format!("\0{user}\0{password}").as_bytes());
        self.command(&format!("AUTH PLAIN {token}"))?.expect(235)?;
        Ok(())
    }

    /// Sends one command line and reads the reply.
    ///
    /// # Errors
    /// If the connection fails.
    pub fn command(&mut self, line: &str) -> Outcome<Reply> {
        self.stream.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Reads one reply.
    ///
    /// # Errors
    /// If the connection ends, or what comes is no reply.
    pub fn reply(&mut self) -> Outcome<Reply> {
        let mut text = String::new();
        for _ in 0..REPLY_LINES_MAX {
            let line = self.stream.line()?;
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end();
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let code = code.ok_or_else(|| Failure::new(format!("no reply: {line:?}")))?;
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line.get(4..).unwrap_or_default());
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, text });
            }
        }
        Err(Failure::new("a reply without end"))
    }

    /// Hands over one message: `body` as it goes over the wire, dot-stuffed and with the dot at its end (see
    /// [`for_wire`]). Gives the last reply, or the first one that refuses.
    ///
    /// # Errors
    /// If the connection fails; a refusal is no error.
    pub fn deliver(&mut self, from: &str, to: &[&str], body: &[u8]) -> Outcome<Reply> {
        let mut head = format!("MAIL FROM:<{from}>\r\n");
        for recipient in to {
            head.push_str("RCPT TO:<");
            head.push_str(recipient);
            head.push_str(">\r\n");
        }
        head.push_str("DATA\r\n");
        if let Some(refusal) = self.envelope(&head, to.len())? {
            return Ok(refusal);
        }
        let replies = if self.dialect == Dialect::Lmtp { to.len() } else { 1 };
        let mut last = self.message(body)?;
        for _ in 1..replies {
            let next = self.reply()?;
            if last.code == 250 {
                last = next;
            }
        }
        Ok(last)
    }

    /// Sends the message itself, after the server has asked for it, and reads the first reply; `body` as for [`Self::deliver`].
    ///
    /// # Errors
    /// If the connection fails; a refusal is no error.
    pub fn message(&mut self, body: &[u8]) -> Outcome<Reply> {
        self.stream.send(body)?;
        self.reply()
    }

    /// The commands before the message, in one piece if the server pipelines. Gives the reply that refuses.
    fn envelope(&mut self, head: &str, recipients: usize) -> Outcome<Option<Reply>> {
        if !self.pipelining {
            for line in head.lines() {
                let reply = self.command(line)?;
                if reply.code >= 400 {
                    self.command("RSET")?.expect(250)?;
                    return Ok(Some(reply));
                }
            }
            return Ok(None);
        }
        self.stream.send(head.as_bytes())?;
        let mut refusal = None;
        for _ in 0..=recipients {
            let reply = self.reply()?;
            if reply.code != 250 {
                refusal.get_or_insert(reply);
            }
        }
        let data = self.reply()?;
        if data.code == 354 && refusal.is_some() {
            // Some recipients were taken; we want all or none, and an empty message would be taken too.
            return Err(Failure::new("the server took a part of the recipients"));
        }
        if data.code != 354 {
            return Ok(Some(refusal.unwrap_or(data)));
        }
        Ok(None)
    }

    /// Says QUIT.
    ///
    /// # Errors
    /// If the server does not answer 221.
    pub fn quit(mut self) -> Outcome {
        self.command("QUIT")?.expect(221)?;
        Ok(())
    }
}

/// A message with CRLF line ends as it goes over the wire: dots doubled at line starts, and the line with the dot
/// that ends it (RFC 5321 section 4.5.2).
#[must_use]
pub fn for_wire(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + 64);
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        if line.first() == Some(&b'.') {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(if wire.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" });
    wire
}

/// Base64 with padding (RFC 4648 section 4).
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled() {
        assert_eq!(for_wire(b"a\r\n.b\r\n"), b"a\r\n..b\r\n.\r\n");
        assert_eq!(for_wire(b"a"), b"a\r\n.\r\n");
    }

    #[test]
    fn base64_of_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
