//! Trace header fields (RFC 5321 section 4.4): who brought a message, when, and how protected.

use std::fmt::Write;
use std::net::IpAddr;

use env::Timestamp;

use crate::header;
use crate::{Address, date};

/// Characters of a name that a peer gave itself which are written into a header field.
const PEER_NAME_CHARS_MAX: usize = 255;

/// One step of a message, from a peer to us.
#[derive(Debug, Clone, Copy)]
pub struct Hop<'a> {
    /// What the peer called itself in HELO or EHLO.
    pub helo: &'a str,
    /// The peer's address.
    pub peer: IpAddr,
    /// The peer's verified name in reverse DNS.
    pub peer_name: Option<&'a str>,
    /// Our own name.
    pub by: &'a str,
    /// How it came.
    pub protocol: Protocol,
    /// How the connection was encrypted.
    pub tls: Option<Encryption<'a>>,
    /// Our identifier of the message.
    pub id: &'a str,
    /// The recipient, where there was exactly one: with several it would tell the hidden ones (RFC 5321 section 7.6).
    pub recipient: Option<&'a Address>,
    /// When.
    pub at: Timestamp,
}

/// How a message came, as the `with` clause says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protocol {
    /// EHLO was said, not HELO.
    pub extended: bool,
    /// SMTPUTF8 was asked for.
    pub utf8: bool,
    /// The connection was encrypted.
    pub encrypted: bool,
    /// The peer had signed in.
    pub authenticated: bool,
}

impl Protocol {
    /// The registered keyword: RFC 3848 and, with SMTPUTF8, RFC 6531 section 4.3.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match (self.utf8, self.encrypted, self.authenticated) {
            (true, false, false) => "UTF8SMTP",
            (true, true, false) => "UTF8SMTPS",
            (true, false, true) => "UTF8SMTPA",
            (true, true, true) => "UTF8SMTPSA",
            (false, true, false) => "ESMTPS",
            (false, false, true) => "ESMTPA",
            (false, true, true) => "ESMTPSA",
            (false, false, false) if self.extended => "ESMTP",
            (false, false, false) => "SMTP",
        }
    }
}

/// The encryption of a connection, in the names of its registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encryption<'a> {
    /// `TLSv1.3`
    pub version: &'a str,
    /// `TLS_AES_256_GCM_SHA384`
    pub cipher: &'a str,
    /// `X25519MLKEM768`
    pub key_exchange: Option<&'a str>,
}

/// A `Received:` field with its final line break (RFC 5321 section 4.4).
#[must_use]
pub fn received(hop: &Hop<'_>) -> String {
    let mut out = String::with_capacity(320);
    out.push_str("Received: from ");
    push_word(&mut out, hop.helo);
    out.push_str(" (");
    if let Some(name) = hop.peer_name {
        push_word(&mut out, name);
        out.push(' ');
    }
    let _ = match hop.peer.to_canonical() {
        IpAddr::V4(address) => write!(out, "[{address}])"),
        IpAddr::V6(address) => write!(out, "[IPv6:{address}])"),
    };
    if let Some(tls) = hop.tls {
        let _ = write!(out, "\r\n\t(using {} with cipher {}", tls.version, tls.cipher);
        if let Some(key_exchange) = tls.key_exchange {
            let _ = write!(out, ", key exchange {key_exchange}");
        }
        out.push(')');
    }
    let _ = write!(out, "\r\n\tby {} with {} id {}", hop.by, hop.protocol.keyword(), hop.id);
    if let Some(recipient) = hop.recipient.filter(|recipient| hop.protocol.utf8 || recipient.local.is_ascii()) {
        let domain = if hop.protocol.utf8 { recipient.domain.clone() } else { recipient.domain_ascii() };
        let shown = Address { local: recipient.local.clone(), domain };
        let _ = write!(out, "\r\n\tfor <{shown}>");
    }
    let _ = write!(out, ";\r\n\t{}\r\n", date::format_rfc5322(hop.at));
    out
}

/// A `Return-Path:` field with its final line break, written at final delivery (RFC 5321 section 4.4); `None` is the empty
/// reverse path.
#[must_use]
pub fn return_path(sender: Option<&Address>) -> String {
    match sender {
        Some(sender) => format!("Return-Path: <{sender}>\r\n"),
        None => "Return-Path: <>\r\n".to_owned(),
    }
}

/// How many `Received:` fields a message carries; a loop is told by there being too many (RFC 5321 section 6.3).
#[must_use]
pub fn count_received(raw: &[u8]) -> usize {
    header::fields(raw).filter(|field| field.is("Received")).count()
}

/// Writes a name that a peer chose: what could end the clause or the field becomes `?`.
fn push_word(out: &mut String, word: &str) {
    let harmless = |c: char| {
        if c.is_ascii() { c.is_ascii_graphic() && !"()<>;,\\\"".contains(c) } else { c.is_alphanumeric() }
    };
    let shown = word.chars().take(PEER_NAME_CHARS_MAX).map(|c| if harmless(c) { c } else { '?' });
    let before = out.len();
    out.extend(shown);
    if out.len() == before {
        out.push_str("unknown");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop<'a>() -> Hop<'a> {
        Hop {
            helo: "mx.acme.example",
            peer: IpAddr::from([192, 0, 2, 7]),
            peer_name: None,
            by: "mail.trade.test",
            protocol: Protocol { extended: true, ..Protocol::default() },
            tls: None,
            id: "1a2b",
            recipient: None,
            at: Timestamp::from_seconds(1_795_539_977),
        }
    }

    #[test]
    fn says_how_a_message_came() {
        assert_eq!(
            received(&hop()),
            "Received: from mx.acme.example ([192.0.2.7])\r\n\tby mail.trade.test with ESMTP id 1a2b;\r\n\t\
             Tue, 24 Nov 2026 17:06:17 +0000\r\n"
        );
        let recipient = Address::parse("陈@贸易.中国").unwrap();
        let protocol = Protocol { extended: true, utf8: true, encrypted: true, authenticated: true };
        let tls =
            Encryption { version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", key_exchange: Some("X25519MLKEM768") };
        let peer = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
        let full =
            Hop { peer, peer_name: Some("h.example"), protocol, tls: Some(tls), recipient: Some(&recipient), ..hop() };
        assert_eq!(
            received(&full),
            "Received: from mx.acme.example (h.example [IPv6:2001:db8::1])\r\n\t\
             (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384, key exchange X25519MLKEM768)\r\n\t\
             by mail.trade.test with UTF8SMTPSA id 1a2b\r\n\tfor <陈@贸易.中国>;\r\n\t\
             Tue, 24 Nov 2026 17:06:17 +0000\r\n"
        );
    }

    #[test]
    fn a_peer_cannot_write_fields() {
        let field = received(&Hop { helo: "x\r\nBcc: a@b (", ..hop() });
        assert_eq!(header::fields(field.as_bytes()).count(), 1);
        assert!(field.starts_with("Received: from x??Bcc:?a@b?? ("), "{field}");
        assert!(received(&Hop { helo: "", ..hop() }).starts_with("Received: from unknown ("));
    }

    #[test]
    fn counts_hops() {
        let raw = format!("{}{}Subject: x\r\n\r\nReceived: no\r\n", received(&hop()), received(&hop()));
        assert_eq!(count_received(raw.as_bytes()), 2);
        assert_eq!(return_path(None), "Return-Path: <>\r\n");
        assert_eq!(return_path(Address::parse("\"a b\"@c").ok().as_ref()), "Return-Path: <\"a b\"@c>\r\n");
    }
}
