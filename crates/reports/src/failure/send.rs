//! The report of a message that failed, as its author's domain asks for it.

use std::collections::HashMap;
use std::sync::Arc;

use env::dns::Resolver;
use letters::{Letter, Mailer};
use mail::date;
use mailauth::failure::Failure;
use mailauth::{FailureOptions, ReportAddress, failure_addresses};
use parking_lot::Mutex;
use store::Store;

use super::fact::FailureFact;
use super::header;
use crate::sender::{self, Sender};
use crate::{Disposition, ReportError, ReportSettings};

const HOUR_SECONDS: i64 = 3_600;

/// Domains whose reports are counted; beyond it no further domain gets any in the same hour.
const DOMAINS_MAX: usize = 10_000;

/// Reports of an hour to all domains together.
const ALL_PER_HOUR_MAX: u32 = 500;

/// Name of the program in reports.
const AGENT: &str = concat!("Tradewind/", env!("CARGO_PKG_VERSION"));

/// Makes and sends failure reports.
pub struct FailureReporter {
    store: Store,
    dns: Arc<dyn Resolver>,
    mailer: Mailer,
    per_hour_max: u32,
    is_redacted: bool,
    limits: Mutex<Limits>,
}

/// What went in the present hour.
#[derive(Default)]
struct Limits {
    hour: i64,
    sent: u32,
    domains: HashMap<String, OfDomain>,
}

#[derive(Default, Clone, Copy)]
struct OfDomain {
    sent: u32,
    left_out: u64,
}

impl FailureReporter {
    /// A reporter that keeps to `settings`.
    #[must_use]
    pub fn new(store: Store, dns: Arc<dyn Resolver>, mailer: Mailer, settings: &ReportSettings) -> Self {
        let (per_hour_max, is_redacted) = (settings.failure_per_hour, settings.failure_redacted);
        Self { store, dns, mailer, per_hour_max, is_redacted, limits: Mutex::default() }
    }

    /// Sends a report of the message where its author's domain wants one of such a message, to those addresses that may get it (RFC 7489
    /// section 7.1), within the limit; says whether one went.
    ///
    /// # Errors
    /// [`ReportError`] if the store fails. What cannot be sent for want of DNS is not sent.
    pub async fn report(&self, fact: FailureFact) -> Result<bool, ReportError> {
        let (addresses, options) = match failure_addresses(&*self.dns, &fact.domain).await {
            Ok(found) => found,
            Err(error) => {
                tracing::info!(domain = fact.domain, %error, "no failure report, DNS does not answer");
                return Ok(false);
            }
        };
        let Some(kind) = wanted(&fact, options).filter(|_| !addresses.is_empty()) else { return Ok(false) };
        let Some(sender) = sender::find(&self.store, self.mailer.hostname()).await? else { return Ok(false) };
        let Some(incidents) = self.take_turn(&fact) else { return Ok(false) };
        let raw = self.write(&fact, kind, incidents, &sender, &addresses);
        let fits = |address: &ReportAddress| address.bytes_max.is_none_or(|max| raw.len() as u64 <= max);
        let to: Vec<String> = addresses.iter().filter(|address| fits(address)).map(|it| it.address.clone()).collect();
        if to.is_empty() {
            return Ok(false);
        }
        let ready = self.mailer.ready(Letter::new(sender.organisation, to, raw)).await?;
        self.store.write(move |tx| ready.post(tx)).await?;
        Ok(true)
    }

    /// Counts a report against the limits; gives how many messages it stands for, or `None` if it is one too many.
    fn take_turn(&self, fact: &FailureFact) -> Option<u64> {
        let mut limits = self.limits.lock();
        let hour = fact.at.seconds().div_euclid(HOUR_SECONDS);
        if limits.hour != hour {
            // What was left out is told with the first report of the next hour, unless nothing comes for the domain in it.
            limits.domains.retain(|_, of| {
                of.sent = 0;
                of.left_out > 0
            });
            (limits.hour, limits.sent) = (hour, 0);
        }
        let is_known = limits.domains.contains_key(&fact.domain);
        if !is_known && limits.domains.len() >= DOMAINS_MAX {
            return None;
        }
        let is_over = limits.sent >= ALL_PER_HOUR_MAX;
        let of = limits.domains.entry(fact.domain.clone()).or_default();
        if is_over || of.sent >= self.per_hour_max {
            of.left_out += 1;
            return None;
        }
        of.sent += 1;
        let incidents = 1 + std::mem::take(&mut of.left_out);
        limits.sent += 1;
        Some(incidents)
    }

    /// RFC 6591 section 3: words for people, fields for programs, and the header of the message.
    fn write(
        &self,
        fact: &FailureFact,
        kind: &str,
        incidents: u64,
        sender: &Sender,
        addresses: &[ReportAddress],
    ) -> Vec<u8> {
        let region = self.store.context().keys.region();
        let hash = |local: &str| region.hashing().hash(format!("failure report recipient {local}").as_bytes());
        let header = header::reported(&fact.header, self.is_redacted.then_some(&hash));
        let fields = failure_of(fact, kind, incidents).write(AGENT);
        let to: Vec<&str> = addresses.iter().map(|address| address.address.as_str()).collect();
        let message_id = self.mailer.message_id();
        let boundary = format!("=_failure_{}", message_id.split('@').next().unwrap_or_default());
        let now = self.store.context().clock.now();
        format!(
            "From: <postmaster@{ours}>\r\nTo: <{to}>\r\nDate: {date}\r\nMessage-ID: <{message_id}>\r\n\
             Subject: Authentication failure report on {domain}\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=feedback-report;\r\n\tboundary=\"{boundary}\"\r\n\r\n\
             --{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
             This is an authentication failure report of {ours} on a message from {source}\r\n\
             that names {domain} as the domain of its author. The domain's DMARC record asks for it.\r\n\r\n\
             --{boundary}\r\nContent-Type: message/feedback-report\r\n\r\n{fields}\r\n\
             --{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n--{boundary}--\r\n",
            ours = sender.domain,
            to = to.join(">,\r\n <"),
            date = date::format_rfc5322(now),
            domain = fact.domain,
            source = fact.source,
        )
        .into_bytes()
    }
}

/// What is reported of the message, if the domain wants a report of it (RFC 7489 section 6.3, `fo`).
fn wanted(fact: &FailureFact, options: FailureOptions) -> Option<&'static str> {
    let nothing_aligned = !fact.is_dkim_aligned && !fact.is_spf_aligned;
    let something_unaligned = !fact.is_dkim_aligned || !fact.is_spf_aligned;
    if (options.all && nothing_aligned) || (options.any && something_unaligned) {
        return Some("dmarc");
    }
    if options.dkim && fact.dkim_failed.is_some() {
        return Some("signature");
    }
    (options.spf && fact.is_spf_failed).then_some("spf")
}

fn failure_of(fact: &FailureFact, kind: &str, incidents: u64) -> Failure {
    let delivery = match fact.disposition {
        Disposition::None => "delivered",
        Disposition::Quarantine => "spam",
        Disposition::Reject => "reject",
    };
    let alignment = match (fact.is_dkim_aligned, fact.is_spf_aligned) {
        (true, true) => "dkim, spf",
        (true, false) => "dkim",
        (false, true) => "spf",
        (false, false) => "none",
    };
    Failure {
        kind: kind.to_owned(),
        domain: fact.domain.clone(),
        source: Some(fact.source),
        source_port: Some(fact.source_port),
        mail_from: Some(fact.mail_from.clone()),
        arrival: Some(date::format_rfc5322(fact.at)),
        delivery: Some(delivery.to_owned()),
        alignment: Some(alignment.to_owned()),
        dkim: fact.dkim_failed.clone(),
        results: Some(fact.results.clone()),
        incidents,
    }
}
