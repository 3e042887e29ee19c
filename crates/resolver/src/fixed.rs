//! A resolver that answers from a table, for tests and for machines without DNS.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use async_trait::async_trait;
use env::dns::{DnsError, Mx, Resolver};

/// A record of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Mail exchanger.
    Mx(Mx),
    /// IPv4 or IPv6 address.
    Address(IpAddr),
    /// Text.
    Txt(String),
    /// Questions about the name are not answered.
    Silent,
}

/// Answers from a table; what is not in it does not exist.
#[derive(Debug, Clone, Default)]
pub struct FixedResolver {
    records: HashMap<String, Vec<Record>>,
    names: HashMap<IpAddr, Vec<String>>,
}

impl FixedResolver {
    /// The table with one record more.
    #[must_use]
    pub fn with(mut self, name: &str, record: Record) -> Self {
        self.records.entry(key(name)).or_default().push(record);
        self
    }

    /// The table with a host name for an address more.
    #[must_use]
    pub fn with_ptr(mut self, address: IpAddr, name: &str) -> Self {
        self.names.entry(address).or_default().push(name.to_owned());
        self
    }

    fn look<T>(&self, name: &str, pick: impl Fn(&Record) -> Option<T>) -> Result<Vec<T>, DnsError> {
        let records = self.records.get(&key(name)).map(Vec::as_slice).unwrap_or_default();
        if records.contains(&Record::Silent) {
            return Err(DnsError::Temporary { name: name.to_owned(), cause: "no answer".to_owned() });
        }
        let found: Vec<T> = records.iter().filter_map(pick).collect();
        if found.is_empty() { Err(DnsError::NotFound { name: name.to_owned() }) } else { Ok(found) }
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[async_trait]
impl Resolver for FixedResolver {
    async fn mx(&self, name: &str) -> Result<Vec<Mx>, DnsError> {
        let mut found = self.look(name, |record| if let Record::Mx(mx) = record { Some(mx.clone()) } else { None })?;
        found.sort();
        Ok(found)
    }

    async fn ipv4(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        self.look(name, |record| if let Record::Address(IpAddr::V4(address)) = record { Some(*address) } else { None })
    }

    async fn ipv6(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        self.look(name, |record| if let Record::Address(IpAddr::V6(address)) = record { Some(*address) } else { None })
    }

    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        self.look(name, |record| if let Record::Txt(text) = record { Some(text.clone()) } else { None })
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        self.names.get(&address).cloned().ok_or_else(|| DnsError::NotFound { name: address.to_string() })
    }
}
