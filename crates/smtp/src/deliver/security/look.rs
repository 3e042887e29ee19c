//! Finds out what a domain asks of the way to it. Nothing is looked up before it is needed.

use std::sync::Arc;

use env::dns::{DnsError, RecordKind, Resolver};
use mailauth::mta_sts::Policy;
use tokio::sync::OnceCell;

use super::super::route::Way;
use super::{Barred, Dane, Facts, Security, dane_tls, decide};
use crate::transport::{Found, Policies};

/// What a domain and its zone say, as far as it has been asked for.
pub(in crate::deliver) struct Inquiry<'a> {
    dns: &'a dyn Resolver,
    policies: &'a Policies,
    domain: &'a str,
    way: &'a Way,
    port: u16,
    requiretls: bool,
    tls_optional: bool,
    proven: OnceCell<Result<bool, DnsError>>,
    policy: OnceCell<Found>,
}

impl<'a> Inquiry<'a> {
    /// Of mail to `domain` (canonical) by `way`, to exchangers that listen on `port`.
    pub(in crate::deliver) fn new(
        dns: &'a dyn Resolver,
        policies: &'a Policies,
        domain: &'a str,
        way: &'a Way,
        port: u16,
    ) -> Self {
        let port = way.relay.as_ref().map_or(port, |relay| relay.port);
        let (proven, policy) = (OnceCell::new(), OnceCell::new());
        Self { dns, policies, domain, way, port, requiretls: false, tls_optional: false, proven, policy }
    }

    /// The same for a message whose sender asks for REQUIRETLS, or that goes in any case.
    pub(in crate::deliver) fn wished(mut self, requiretls: bool, tls_optional: bool) -> Self {
        (self.requiretls, self.tls_optional) = (requiretls, tls_optional && !requiretls);
        self
    }

    /// What a connection to `host` must have.
    pub(in crate::deliver) async fn security(&self, host: &str) -> Result<Security, Barred> {
        let dane = self.dane(host).await;
        let is_named = self.is_named(host).await;
        // A policy is of no consequence where DANE decides.
        let is_decided = matches!(dane, Dane::Usable { .. } | Dane::Undecided(_)) && (is_named || !self.requiretls);
        let policy = if is_decided { None } else { self.policy().await };
        decide(Facts {
            way: self.way,
            host,
            requiretls: self.requiretls,
            tls_optional: self.tls_optional,
            is_named,
            dane,
            policy: policy.as_deref(),
        })
    }

    /// The domain's policy (RFC 8461). It is about exchangers that DNS names, not about the administrator's relays.
    pub(in crate::deliver) async fn policy(&self) -> Option<Arc<Policy>> {
        self.found_policy().await.policy.clone()
    }

    /// The same with what went wrong about it.
    pub(in crate::deliver) async fn found_policy(&self) -> &Found {
        let needs_none = self.way.relay.is_some() || self.domain.starts_with('[') || self.way.pinned.is_some();
        let look = async || if needs_none { Found::default() } else { self.policies.policy(self.domain).await };
        self.policy.get_or_init(look).await
    }

    /// Whether the host is surely the domain's own.
    async fn is_named(&self, host: &str) -> bool {
        host == self.domain || self.way.relay.is_some() || matches!(self.is_proven().await, Ok(true))
    }

    /// Whether DNSSEC proves who the domain's exchangers are, or that it names none.
    async fn is_proven(&self) -> &Result<bool, DnsError> {
        let look = async || match self.way.relay {
            Some(_) => Ok(true),
            None => self.dns.is_proven(self.domain, RecordKind::Mx).await,
        };
        self.proven.get_or_init(look).await
    }

    /// RFC 7672 section 2.2: exchangers, addresses and records, each proven, or nothing.
    async fn dane(&self, host: &str) -> Dane {
        let is_address = host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
        if is_address || self.tls_optional || self.way.pinned.is_some() {
            return Dane::Absent;
        }
        self.proven_records(host).await.unwrap_or_else(|error| match error {
            DnsError::NotFound { .. } => Dane::Absent,
            error @ DnsError::Temporary { .. } => Dane::Undecided(error.to_string()),
        })
    }

    async fn proven_records(&self, host: &str) -> Result<Dane, DnsError> {
        if !self.is_proven().await.clone()? {
            return Ok(Dane::Absent);
        }
        let bases = if self.dns.is_proven(host, RecordKind::Address).await? {
            // RFC 7672 section 2.2.3: the records of the name that an alias stands for, else those of the alias.
            vec![self.dns.canonical_name(host).await?, host.to_owned()]
        } else if self.dns.is_proven(host, RecordKind::Alias).await? {
            // RFC 7672 section 2.2.2: an alias that leads out of the signed zones has records at its own name alone.
            vec![host.to_owned()]
        } else {
            return Ok(Dane::Absent);
        };
        for base in bases.iter().map(String::as_str) {
            match self.dns.tlsa(&format!("_{}._tcp.{base}", self.port)).await {
                Ok(records) => {
                    let is_usable = matches!(dane_tls(&records, [base, host, self.domain]), Ok(Some(_)));
                    let base = base.to_owned();
                    return Ok(if is_usable { Dane::Usable { base, records } } else { Dane::Unusable });
                }
                Err(DnsError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Dane::Absent)
    }
}
