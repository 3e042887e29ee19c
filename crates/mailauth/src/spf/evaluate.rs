//! The evaluation of a record (RFC 7208 sections 4.6 and 5), within the limits of section 4.6.4.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use env::dns::{DnsError, Resolver};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::expand::{MacroText, Values};
use super::record::{Directive, Mechanism, Prefixes, Qualifier, Record, is_spf};
use super::{Question, SpfResult, names};

/// Terms that may ask the DNS in one check (section 4.6.4).
const LOOKUPS_MAX: u8 = 10;

/// Questions of such terms that may find nothing (section 4.6.4).
const VOID_LOOKUPS_MAX: u8 = 2;

/// Exchangers of one `mx` whose addresses may be asked for (section 4.6.4).
const EXCHANGERS_MAX: usize = 10;

/// Host names of the client that are looked at (section 4.6.4); further ones are passed over.
const POINTERS_MAX: usize = 10;

/// One check: what is known of the client, and what has been asked so far.
pub(super) struct Evaluation<'a> {
    question: Question<'a>,
    client: IpAddr,
    local: &'a str,
    sender_domain: &'a str,
    resolver: &'a dyn Resolver,
    lookups: u8,
    voids: u8,
    /// Host names of the client that lead back to it (section 5.5), once they have been asked for.
    validated: Option<Vec<String>>,
    /// The client has no host name at all, said with authority.
    is_nameless: bool,
}

/// A check that ends early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Temporary,
    Permanent,
}

/// What a record came to: its result, and for the explanation the domain and text that `exp=` of the deciding record names.
struct Outcome {
    result: SpfResult,
    explanation: Option<(String, MacroText)>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        question: Question<'a>,
        client: IpAddr,
        local: &'a str,
        sender_domain: &'a str,
        resolver: &'a dyn Resolver,
    ) -> Self {
        Self {
            question,
            client,
            local,
            sender_domain,
            resolver,
            lookups: 0,
            voids: 0,
            validated: None,
            is_nameless: false,
        }
    }

    /// Result and explanation for the record of `domain`.
    pub(super) async fn run(&mut self, domain: &str) -> (SpfResult, Option<String>) {
        match self.policy(domain.to_owned()).await {
            Ok(Outcome { result: SpfResult::Fail, explanation: Some((domain, text)) }) => {
                (SpfResult::Fail, self.explain(&domain, &text).await)
            }
            Ok(outcome) => (outcome.result, None),
            Err(Stop::Temporary) => (SpfResult::TempError, None),
            Err(Stop::Permanent) => (SpfResult::PermError, None),
        }
    }

    /// The result of the record of `domain` and of those that it is redirected to.
    fn policy(&mut self, domain: String) -> BoxFuture<'_, Result<Outcome, Stop>> {
        async move {
            let mut domain = domain;
            let Some(mut record) = self.record(&domain).await? else {
                return Ok(Outcome { result: SpfResult::None, explanation: None });
            };
            loop {
                for directive in &record.directives {
                    if self.matches(directive, &domain).await? {
                        let explanation = record.explanation.clone().map(|text| (domain.clone(), text));
                        return Ok(Outcome { result: directive.qualifier.result(), explanation });
                    }
                }
                let Some(redirect) = &record.redirect else {
                    return Ok(Outcome { result: SpfResult::Neutral, explanation: None });
                };
                // Section 6.1: a redirection to nothing is an error.
                self.count_lookup()?;
                domain = self.target(Some(redirect), &domain).await;
                record = self.record(&domain).await?.ok_or(Stop::Permanent)?;
            }
        }
        .boxed()
    }

    /// The SPF record of `domain` (sections 4.4 and 4.5).
    async fn record(&self, domain: &str) -> Result<Option<Record>, Stop> {
        if !names::is_queryable(domain) {
            return Ok(None);
        }
        let texts = match self.resolver.txt(domain).await {
            Ok(texts) => texts,
            Err(DnsError::NotFound { .. }) => return Ok(None),
            Err(DnsError::Temporary { .. }) => return Err(Stop::Temporary),
        };
        let mut records = texts.iter().filter(|text| is_spf(text));
        match (records.next(), records.next()) {
            (None, _) => Ok(None),
            (Some(text), None) => Record::parse(text).map(Some).map_err(|_| Stop::Permanent),
            (Some(_), Some(_)) => Err(Stop::Permanent),
        }
    }

    async fn matches(&mut self, directive: &Directive, domain: &str) -> Result<bool, Stop> {
        match &directive.mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network, bits) => Ok(is_in_ip4(self.client, *network, *bits)),
            Mechanism::Ip6(network, bits) => Ok(is_in_ip6(self.client, *network, *bits)),
            Mechanism::Include(target) => self.include(target, domain).await,
            Mechanism::Address(target, prefixes) => {
                self.count_lookup()?;
                let target = self.target(target.as_ref(), domain).await;
                self.has_client(&target, *prefixes).await
            }
            Mechanism::Exchanger(target, prefixes) => self.exchanger(target.as_ref(), *prefixes, domain).await,
            Mechanism::Pointer(target) => {
                self.count_lookup()?;
                let target = self.target(target.as_ref(), domain).await;
                let matches = self.validated_names().await.iter().any(|name| names::is_within(name, &target));
                if self.is_nameless {
                    self.count_void()?;
                }
                Ok(matches)
            }
            Mechanism::Exists(target) => {
                self.count_lookup()?;
                let target = self.target(Some(target), domain).await;
                // Section 5.7: an A record is asked for whatever the client's family.
                Ok(!self.ask_ip4(&target).await?.is_empty())
            }
        }
    }

    /// Section 5.2.
    async fn include(&mut self, target: &MacroText, domain: &str) -> Result<bool, Stop> {
        self.count_lookup()?;
        let target = self.target(Some(target), domain).await;
        match self.policy(target).await?.result {
            SpfResult::Pass => Ok(true),
            SpfResult::Fail | SpfResult::SoftFail | SpfResult::Neutral => Ok(false),
            SpfResult::TempError => Err(Stop::Temporary),
            SpfResult::PermError | SpfResult::None => Err(Stop::Permanent),
        }
    }

    /// Section 5.4.
    async fn exchanger(&mut self, target: Option<&MacroText>, prefixes: Prefixes, domain: &str) -> Result<bool, Stop> {
        self.count_lookup()?;
        let target = self.target(target, domain).await;
        if !names::is_queryable(&target) {
            return Ok(false);
        }
        let asked = self.resolver.mx(&target).await;
        let exchangers = self.found(asked)?;
        if exchangers.len() > EXCHANGERS_MAX {
            return Err(Stop::Permanent);
        }
        for exchanger in exchangers {
            if !exchanger.exchange.is_empty() && self.has_client(&exchanger.exchange, prefixes).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether `name` has an address in one network with the client (section 5.3).
    async fn has_client(&mut self, name: &str, prefixes: Prefixes) -> Result<bool, Stop> {
        Ok(match self.client {
            IpAddr::V4(_) => {
                self.ask_ip4(name).await?.iter().any(|address| is_in_ip4(self.client, *address, prefixes.ip4))
            }
            IpAddr::V6(_) => {
                self.ask_ip6(name).await?.iter().any(|address| is_in_ip6(self.client, *address, prefixes.ip6))
            }
        })
    }

    /// A name that cannot be asked for has no address, and without a question there is no void look-up (section 4.6.4).
    async fn ask_ip4(&mut self, name: &str) -> Result<Vec<Ipv4Addr>, Stop> {
        if !names::is_queryable(name) {
            return Ok(Vec::new());
        }
        let asked = self.resolver.ipv4(name).await;
        self.found(asked)
    }

    /// As [`Self::ask_ip4`].
    async fn ask_ip6(&mut self, name: &str) -> Result<Vec<Ipv6Addr>, Stop> {
        if !names::is_queryable(name) {
            return Ok(Vec::new());
        }
        let asked = self.resolver.ipv6(name).await;
        self.found(asked)
    }

    /// An answer; nothing found is an empty one, which may be had [`VOID_LOOKUPS_MAX`] times.
    fn found<T>(&mut self, asked: Result<Vec<T>, DnsError>) -> Result<Vec<T>, Stop> {
        match asked {
            Ok(found) if !found.is_empty() => Ok(found),
            Ok(_) | Err(DnsError::NotFound { .. }) => self.count_void().map(|()| Vec::new()),
            Err(DnsError::Temporary { .. }) => Err(Stop::Temporary),
        }
    }

    fn count_void(&mut self) -> Result<(), Stop> {
        self.voids += 1;
        if self.voids > VOID_LOOKUPS_MAX { Err(Stop::Permanent) } else { Ok(()) }
    }

    fn count_lookup(&mut self) -> Result<(), Stop> {
        self.lookups += 1;
        if self.lookups > LOOKUPS_MAX { Err(Stop::Permanent) } else { Ok(()) }
    }

    /// The name that a term speaks of (section 4.8).
    async fn target(&mut self, target: Option<&MacroText>, domain: &str) -> String {
        match target {
            None => domain.to_owned(),
            Some(text) => names::fitted(&self.expand(text, domain).await).to_owned(),
        }
    }

    async fn expand(&mut self, text: &MacroText, domain: &str) -> String {
        let validated = if text.wants_validated_name() { self.validated_name(domain).await } else { String::new() };
        text.expand(&Values {
            local: self.local,
            sender_domain: self.sender_domain,
            domain,
            client: self.client,
            validated: &validated,
            helo: self.question.helo,
            receiver: self.question.receiver,
            now_seconds: self.question.now.seconds(),
        })
    }

    /// The value of the macro `p` (section 7.3): the domain itself, else a name below it, else any, else "unknown".
    async fn validated_name(&mut self, domain: &str) -> String {
        let names = self.validated_names().await;
        let chosen = names
            .iter()
            .find(|name| name.eq_ignore_ascii_case(domain))
            .or_else(|| names.iter().find(|name| names::is_within(name, domain)))
            .or_else(|| names.first());
        chosen.cloned().unwrap_or_else(|| "unknown".to_owned())
    }

    /// The client's host names that lead back to it (section 5.5). Errors only leave names out.
    async fn validated_names(&mut self) -> Vec<String> {
        if let Some(names) = &self.validated {
            return names.clone();
        }
        let asked = self.resolver.ptr(self.client).await;
        self.is_nameless = matches!(asked, Err(DnsError::NotFound { .. }));
        let pointers = asked.unwrap_or_default();
        let mut names = Vec::new();
        for pointer in pointers.into_iter().take(POINTERS_MAX).filter(|name| names::is_queryable(name)) {
            let leads_back = match self.client {
                IpAddr::V4(client) => self.resolver.ipv4(&pointer).await.is_ok_and(|found| found.contains(&client)),
                IpAddr::V6(client) => self.resolver.ipv6(&pointer).await.is_ok_and(|found| found.contains(&client)),
            };
            if leads_back {
                names.push(pointer);
            }
        }
        self.validated = Some(names.clone());
        names
    }

    /// The explanation of a failure (section 6.2); none if anything about it is wrong.
    async fn explain(&mut self, domain: &str, text: &MacroText) -> Option<String> {
        let place = self.target(Some(text), domain).await;
        if !names::is_queryable(&place) {
            return None;
        }
        let found = self.resolver.txt(&place).await.ok()?;
        let [explanation] = found.as_slice() else { return None };
        let explanation = MacroText::parse_explanation(explanation).ok()?;
        Some(self.expand(&explanation, domain).await)
    }
}

impl Qualifier {
    const fn result(self) -> SpfResult {
        match self {
            Self::Pass => SpfResult::Pass,
            Self::Fail => SpfResult::Fail,
            Self::SoftFail => SpfResult::SoftFail,
            Self::Neutral => SpfResult::Neutral,
        }
    }
}

fn is_in_ip4(client: IpAddr, network: Ipv4Addr, bits: u8) -> bool {
    let IpAddr::V4(client) = client else { return false };
    let differing = client.to_bits() ^ network.to_bits();
    differing.checked_shr(32 - u32::from(bits)).unwrap_or(0) == 0
}

fn is_in_ip6(client: IpAddr, network: Ipv6Addr, bits: u8) -> bool {
    let IpAddr::V6(client) = client else { return false };
    let differing = client.to_bits() ^ network.to_bits();
    differing.checked_shr(128 - u32::from(bits)).unwrap_or(0) == 0
}
