//! Where and from what somebody signs in.

use std::fmt;
use std::net::IpAddr;

use crate::Protocol;

/// Longest description of a client that is kept, in bytes: more tells nothing.
pub const AGENT_BYTES_MAX: usize = 200;

/// The client of an attempt to sign in. What it says of itself is unproven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Where it connects from, behind any proxy that we trust.
    pub address: IpAddr,
    /// What it speaks.
    pub protocol: Protocol,
    /// What it calls itself: `User-Agent`, the IMAP ID (RFC 2971), the name in EHLO. See [`describe_agent`].
    pub agent: Option<String>,
    /// What its TLS handshake was like; none without TLS.
    pub tls: Option<TlsTraits>,
    /// The device that it has shown to be, as by a cookie of an earlier sign-in.
    pub device: Option<DeviceId>,
}

impl Client {
    /// A client of which only address and protocol are known.
    #[must_use]
    pub const fn new(address: IpAddr, protocol: Protocol) -> Self {
        Self { address, protocol, agent: None, tls: None, device: None }
    }
}

/// What a TLS handshake agreed on, which differs between clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsTraits {
    /// Such as `TLSv1.3`.
    pub version: String,
    /// Cipher suite by its IANA name.
    pub cipher: String,
    /// Key exchange group, such as `X25519MLKEM768`.
    pub group: Option<String>,
}

impl From<&crypto::tls::TlsInfo> for TlsTraits {
    fn from(info: &crypto::tls::TlsInfo) -> Self {
        Self {
            version: info.version.to_owned(),
            cipher: info.cipher.clone().into_owned(),
            group: info.group.map(str::to_owned),
        }
    }
}

/// Names a device: keyed hash of the random token that the device holds. Whoever reads it cannot pose as the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId(pub [u8; 32]);

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A client's description of itself in the form in which it is kept: without control characters, and no longer than
/// [`AGENT_BYTES_MAX`].
#[must_use]
pub fn describe_agent(text: &str) -> Option<String> {
    let mut kept = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > AGENT_BYTES_MAX {
            break;
        }
        kept.push(c);
    }
    let trimmed = kept.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_short_and_printable() {
        assert_eq!(describe_agent(" Thunderbird\r\n 140\u{7} "), Some("Thunderbird 140".to_owned()));
        assert_eq!(describe_agent("\u{0} "), None);
        let long = describe_agent(&"信".repeat(200)).unwrap();
        assert_eq!(long.len(), AGENT_BYTES_MAX - AGENT_BYTES_MAX % 3);
    }
}
