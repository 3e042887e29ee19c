//! Where a domain wants its reports.

use env::dns::{DnsError, Resolver};
use mail_auth::dmarc::{Dmarc, Psd, URI};

use super::record::FailureOptions;
use super::{record, walk};

/// Addresses of one record that are looked at.
const ADDRESSES_MAX: usize = 5;

/// An address for reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportAddress {
    /// `local@domain`.
    pub address: String,
    /// Octets of the longest report that it takes; `None` without a limit.
    pub bytes_max: Option<u64>,
}

/// The addresses in the record of `domain` that may get aggregate reports: those in its own organizational domain, and those elsewhere whose
/// domain says that it wants them (RFC 7489 section 7.1). Empty if the domain wants none (any more).
///
/// # Errors
/// [`DnsError::Temporary`] if a name server does not answer.
pub async fn report_addresses(dns: &dyn Resolver, domain: &str) -> Result<Vec<ReportAddress>, DnsError> {
    match policy_at(dns, domain).await? {
        Some(record) => allowed(dns, domain, &record.rua).await,
        None => Ok(Vec::new()),
    }
}

/// The addresses in the record of `domain` that may get failure reports, as [`report_addresses`] gives those for aggregate ones, and the
/// messages of which it wants some.
///
/// # Errors
/// [`DnsError::Temporary`] if a name server does not answer.
pub async fn failure_addresses(
    dns: &dyn Resolver,
    domain: &str,
) -> Result<(Vec<ReportAddress>, FailureOptions), DnsError> {
    let texts = found(dns.txt(&format!("_dmarc.{domain}")).await)?;
    let addresses = match record::read(&texts) {
        Ok(record) => allowed(dns, domain, &record.ruf).await?,
        Err(_) => Vec::new(),
    };
    Ok((addresses, record::failure_options(&texts)))
}

async fn allowed(dns: &dyn Resolver, domain: &str, wanted: &[URI]) -> Result<Vec<ReportAddress>, DnsError> {
    let mut addresses: Vec<ReportAddress> = Vec::new();
    for wanted in wanted.iter().take(ADDRESSES_MAX) {
        let address = wanted.uri().strip_prefix("mailto:").unwrap_or(wanted.uri());
        let Ok(parsed) = mail::Address::parse(address) else { continue };
        if addresses.iter().any(|known| known.address == address) {
            continue;
        }
        if is_allowed(dns, domain, &parsed.domain_ascii()).await? {
            let bytes_max = (wanted.max_size() > 0).then_some(wanted.max_size() as u64);
            addresses.push(ReportAddress { address: address.to_owned(), bytes_max });
        }
    }
    Ok(addresses)
}

/// Without this a record could send reports to anybody.
async fn is_allowed(dns: &dyn Resolver, domain: &str, target: &str) -> Result<bool, DnsError> {
    if target == domain || organizational(dns, target).await? == organizational(dns, domain).await? {
        return Ok(true);
    }
    let texts = found(dns.txt(&format!("{domain}._report._dmarc.{target}")).await)?;
    let says_so = |text: &String| {
        let first = text.split(';').next().unwrap_or_default();
        first.split_once('=').is_some_and(|(name, value)| name.trim() == "v" && value.trim() == "DMARC1")
    };
    Ok(texts.iter().any(says_so))
}

/// The organizational domain by the tree walk (RFC 9989 section 4.10.2); the domain itself if no record is on the way.
async fn organizational(dns: &dyn Resolver, domain: &str) -> Result<String, DnsError> {
    let mut best = domain.to_owned();
    let mut below = domain.to_owned();
    for name in walk(domain) {
        let here = name.strip_prefix("_dmarc.").unwrap_or(&name).to_owned();
        if let Some(record) = policy_at(dns, &here).await? {
            match record.psd {
                Psd::No => return Ok(here),
                // A public suffix: the domain one label below it.
                Psd::Yes if here != domain => return Ok(below),
                _ => best.clone_from(&here),
            }
        }
        below = here;
    }
    Ok(best)
}

async fn policy_at(dns: &dyn Resolver, domain: &str) -> Result<Option<Dmarc>, DnsError> {
    Ok(record::read(&found(dns.txt(&format!("_dmarc.{domain}")).await)?).ok())
}

fn found(answer: Result<Vec<String>, DnsError>) -> Result<Vec<String>, DnsError> {
    match answer {
        Err(DnsError::NotFound { .. }) => Ok(Vec::new()),
        other => other,
    }
}
