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
}
