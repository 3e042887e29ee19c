//! DNS answers as the rest of the system wants them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use async_trait::async_trait;

use crate::Outlook;

/// One mail exchanger of a domain (RFC 5321 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mx {
    /// Lower is tried first.
    pub preference: u16,
    /// Host name without the final dot; empty for the null MX (RFC 7505).
    pub exchange: String,
}

/// What a TLS server's certificate must match (RFC 6698 section 2.1), its numbers as on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tlsa {
    /// Certificate usage: 2 is a trust anchor, 3 the server's own certificate.
    pub usage: u8,
    /// 0: the whole certificate; 1: its public key.
    pub selector: u8,
    /// 0: as it is; 1: its SHA-256; 2: its SHA-512.
    pub matching: u8,
    /// What it is compared with.
    pub data: Vec<u8>,
}

/// Kinds of records that a question can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordKind {
    /// Mail exchangers.
    Mx,
    /// Addresses of either family.
    Address,
    /// The name's being an alias of another (CNAME): proven only if it is one.
    Alias,
}

/// Why a name gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// The name or the record type does not exist, said with authority.
    #[error("no such record for {name}")]
    NotFound {
        /// The name asked for.
        name: String,
    },
    /// Time-out, server failure or an answer that failed validation: nothing may be concluded from it.
    #[error("cannot look up {name}: {cause}")]
    Temporary {
        /// The name asked for.
        name: String,
        /// What the resolver said.
        cause: String,
    },
}

impl DnsError {
    /// Whether asking again can help.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        match self {
            Self::NotFound { .. } => Outlook::Permanent,
            Self::Temporary { .. } => Outlook::Temporary,
        }
    }
}

/// Looks names up. Names are given in ASCII (A-label) form, with or without the final dot.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// Mail exchangers, most preferred first.
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, DnsError>;
    /// IPv4 addresses.
    async fn ipv4(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError>;
    /// IPv6 addresses.
    async fn ipv6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError>;
    /// Text records, each with its strings joined.
    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError>;
    /// Host names of an address, without the final dot.
    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError>;
    /// Certificate associations of a service such as `_25._tcp.mail.example.com` that DNSSEC proves. Those that are not proven
    /// count as absent; an answer that should be proven and is not is a temporary failure (RFC 7672 section 2.1).
    ///
    /// A resolver that cannot prove anything knows of none.
    async fn tlsa(&self, name: &str) -> Result<Vec<Tlsa>, DnsError> {
        Err(DnsError::NotFound { name: name.to_owned() })
    }
    /// Whether DNSSEC proves what is known of the name: its records of this kind, or that it has none.
    async fn is_proven(&self, _name: &str, _kind: RecordKind) -> Result<bool, DnsError> {
        Ok(false)
    }
    /// Whether anything can be looked up at present. When not, every question fails at once, and for no fault of the name asked for.
    async fn is_usable(&self) -> bool {
        true
    }
    /// The name that `name` stands for, through all its aliases (CNAME); itself if it is none.
    async fn canonical_name(&self, name: &str) -> Result<String, DnsError> {
        Ok(name.trim_end_matches('.').to_ascii_lowercase())
    }
}
