//! The bridge between our resolver and `mail-auth`: everything that a verification can ask is asked beforehand, and the library sees
//! only these answers. So there is one resolver with one cache, and the library does no input or output (docs/decisions/0009).

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use env::dns::{DnsError, Resolver};
use futures_util::StreamExt;
use futures_util::stream;
use mail_auth::common::cache::NoCache;
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::proto::op::ResponseCode;
use mail_auth::{DnssecStatus, Error, MX, MessageAuthenticator, Parameters, RecordSet, ResolverCache, Txt};

/// Questions under way at once for one message.
const QUESTIONS_AT_ONCE: usize = 8;

/// A verification that cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot set up the verifier: {0}")]
pub struct SetUpError(String);

/// `mail-auth` without any name server: what it is not told, it cannot find out.
#[derive(Clone)]
pub(crate) struct Library(MessageAuthenticator);

impl Library {
    pub(crate) fn new() -> Result<Self, SetUpError> {
        let nowhere = ResolverConfig::from_name_servers(Vec::new());
        let authenticator = MessageAuthenticator::new(nowhere, ResolverOpts::default());
        authenticator.map(Self).map_err(|error| SetUpError(error.to_string()))
    }

    pub(crate) const fn verifier(&self) -> &MessageAuthenticator {
        &self.0
    }
}

/// Text records by name, already read as the kind of record that the name stands for.
#[derive(Clone, Default)]
pub(crate) struct Answers(HashMap<Box<str>, Txt>);

impl Answers {
    /// Asks for the texts of `names` and reads each as a `T` by `read`.
    pub(crate) async fn ask<T>(
        &mut self,
        names: impl IntoIterator<Item = String>,
        resolver: &dyn Resolver,
        read: fn(&[String]) -> Result<T, Error>,
    ) where
        T: TxtRecordParser + Into<Txt>,
    {
        let wanted: Vec<String> =
            names.into_iter().map(|name| key(&name)).filter(|name| !self.0.contains_key(name.as_str())).collect();
        let asked = stream::iter(wanted).map(|name| async move {
            let answer = if crate::spf::is_queryable(&name) {
                resolver.txt(name.trim_end_matches('.')).await
            } else {
                Err(DnsError::NotFound { name: name.clone() })
            };
            (name, answer)
        });
        let mut answered = asked.buffer_unordered(QUESTIONS_AT_ONCE);
        while let Some((name, answer)) = answered.next().await {
            let text: Txt = answer.map_err(|error| library_error(&error)).and_then(|texts| read(&texts)).into();
            self.0.insert(name.into_boxed_str(), text);
        }
    }

    /// Takes a name that got no answer for one that has no record.
    pub(crate) fn forgive(&mut self, name: &str) {
        if let Some(Txt::Error(Error::Dns(mail_auth::DnsError::Resolver(_)))) = self.get(name) {
            self.0.insert(key(name).into_boxed_str(), Txt::Error(not_found()));
        }
    }

    /// What was read at a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Txt> {
        self.0.get(key(name).as_str())
    }

    /// The library's parameters for a verification that sees these answers alone.
    pub(crate) fn parameters<'x, P>(&'x self, input: P) -> Known<'x, P> {
        Parameters::new(input).with_txt_cache(self).with_ipv4_cache(&EveryNameExists)
    }
}

/// Parameters whose every question is answered.
pub(crate) type Known<'x, P> = Parameters<
    'x,
    P,
    Answers,
    NoCache<Box<str>, RecordSet<MX>>,
    EveryNameExists,
    NoCache<Box<str>, RecordSet<std::net::Ipv6Addr>>,
    NoCache<std::net::IpAddr, RecordSet<Box<str>>>,
>;

/// A name as the library asks for it.
fn key(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.').to_ascii_lowercase())
}

fn library_error(error: &DnsError) -> Error {
    match error {
        DnsError::NotFound { .. } => not_found(),
        DnsError::Temporary { cause, .. } => Error::Dns(mail_auth::DnsError::Resolver(cause.clone())),
    }
}

fn not_found() -> Error {
    Error::Dns(mail_auth::DnsError::RecordNotFound(ResponseCode::NXDomain))
}

impl ResolverCache<Box<str>, Txt> for Answers {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // Always an answer: the library must never turn to its own resolver.
        Some(self.0.get(name).cloned().unwrap_or_else(|| Txt::Error(not_found())))
    }

    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: Txt, _: Instant) {}
}

/// Answers every question for an address. The library asks only whether the author's domain exists, which we find out ourselves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EveryNameExists;

impl ResolverCache<Box<str>, RecordSet<Ipv4Addr>> for EveryNameExists {
    fn get<Q>(&self, _: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        Some(RecordSet { rrset: Arc::from([Ipv4Addr::UNSPECIFIED]), dnssec_status: DnssecStatus::Indeterminate })
    }

    fn remove<Q>(&self, _: &Q) -> Option<RecordSet<Ipv4Addr>>
    where
        Box<str>: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        None
    }

    fn insert(&self, _: Box<str>, _: RecordSet<Ipv4Addr>, _: Instant) {}
}
