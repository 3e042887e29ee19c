//! What a failure report is made of: one message, as it was when it came.

use std::net::IpAddr;

use env::Timestamp;
use mail::header;
use mailauth::{Connection, DkimResult, DmarcResult, Facts, SpfResult, results};

use crate::Disposition;

/// Octets of a message's header that are reported.
const HEADER_OCTETS_MAX: usize = 16 << 10;

/// A message that may be reported.
#[derive(Debug, Clone)]
pub struct FailureFact {
    /// The domain whose policy applied.
    pub(crate) domain: String,
    pub(crate) source: IpAddr,
    pub(crate) source_port: u16,
    pub(crate) mail_from: String,
    pub(crate) disposition: Disposition,
    pub(crate) is_dkim_aligned: bool,
    pub(crate) is_spf_aligned: bool,
    /// Domain and selector of a signature that failed.
    pub(crate) dkim_failed: Option<(String, String)>,
    pub(crate) is_spf_failed: bool,
    /// What was found, as the value of an Authentication-Results field.
    pub(crate) results: String,
    pub(crate) at: Timestamp,
    pub(crate) header: Vec<u8>,
}

impl FailureFact {
    /// What could be reported of the message `raw`; `None` if its author's domain wants no failure reports, nothing failed, or the message is
    /// itself one of those that machines write: two systems must not report on each other's reports.
    #[must_use]
    pub fn of(
        facts: &Facts,
        connection: Connection<'_>,
        source_port: u16,
        disposition: Disposition,
        raw: &[u8],
        now: Timestamp,
    ) -> Option<Self> {
        let published = facts.dmarc.published.as_ref().filter(|published| published.wants_failures)?;
        if !matches!(facts.dmarc.result, DmarcResult::Pass | DmarcResult::Fail) {
            return None;
        }
        let failed = facts.dkim.iter().find(|check| matches!(check.result, DkimResult::Fail | DkimResult::PermError));
        let is_spf_failed = facts.spf.result == SpfResult::Fail;
        let (is_dkim_aligned, is_spf_aligned) = (facts.dmarc.is_dkim_aligned, facts.dmarc.is_spf_aligned);
        if (is_dkim_aligned && is_spf_aligned && failed.is_none()) || connection.mail_from.is_empty() {
            return None;
        }
        let (head, _) = header::split_header_body(raw);
        if is_of_machine(head) {
            return None;
        }
        let results = results::field(connection.receiver, connection, facts);
        let results = results.strip_prefix("Authentication-Results:").unwrap_or(&results);
        Some(Self {
            domain: published.domain.clone(),
            source: connection.client.to_canonical(),
            source_port,
            mail_from: connection.mail_from.to_owned(),
            disposition,
            is_dkim_aligned,
            is_spf_aligned,
            dkim_failed: failed.map(|check| (check.domain.clone(), check.selector.clone())),
            is_spf_failed,
            results: results.split_whitespace().collect::<Vec<_>>().join(" "),
            at: now,
            header: head.get(..HEADER_OCTETS_MAX).unwrap_or(head).to_vec(),
        })
    }
}

/// RFC 3834 section 5 and reports of every kind.
fn is_of_machine(head: &[u8]) -> bool {
    let holds = |name: &str, test: fn(&str) -> bool| {
        header::find(head, name)
            .is_some_and(|field| test(&String::from_utf8_lossy(&field.value()).to_ascii_lowercase()))
    };
    holds("Auto-Submitted", |value| value.trim() != "no")
        || holds("Content-Type", |value| value.contains("multipart/report"))
}
