//! Writes down how connections fared, and reports each day to the domains that ask for it (RFC 8460).
//!
//! A report that goes by mail enters the queue in the transaction that notes it as sent: once, whatever crashes and however many
//! nodes there are.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crypto::tls::ClientTls;
use env::dns::{DnsError, Resolver};
use letters::{Letter, LetterError, Mailer, Protection};
use mailauth::tls_rpt::{self, DateRange, Destination, Report};
use net::Https;
use queue::QueueError;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::Results;
use super::gathered::{self, Taken};
use super::letter::{self, Heading, PACKED_TYPE};
use super::results::DAY_SECONDS;

/// How often what was gathered is written down, and reports are looked for. A crash loses what was counted since.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Wait before a report that could not be sent is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(3600);

/// Longest wait for a server that takes a report by HTTPS.
const POST_WAIT: Duration = Duration::from_secs(60);

/// Longest answer to a report that is read.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// Port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// A report that cannot be sent now.
#[derive(Debug, thiserror::Error)]
enum ReportFault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Letter(#[from] LetterError),
}

/// Gathers and reports.
pub struct Reporter {
    pub(crate) store: Store,
    pub(crate) dns: Arc<dyn Resolver>,
    pub(crate) tls: ClientTls,
    pub(crate) mailer: Mailer,
    pub(crate) results: Arc<Results>,
    pub(crate) domain: String,
    /// How long the queue tries to deliver a report.
    pub(crate) expire_after: Duration,
}

impl Reporter {
    /// Works until `stop`, and writes down what is left.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_EVERY) => self.report_due(&stop).await,
            }
        }
        self.write_down().await;
    }

    /// Writes down what has been gathered. What the store does not take now is kept for later.
    async fn write_down(&self) {
        for ((day, domain), policies) in self.results.take() {
            let (name, counted) = (domain.clone(), policies.clone());
            let written = self.store.write(move |tx| gathered::add(tx, day, &name, &counted)).await;
            if let Err(error) = written {
                tracing::error!(%error, "how connections fared cannot be written down now");
                self.results.put_back((day, domain), policies);
            }
        }
    }

    async fn report_due(&self, stop: &CancellationToken) {
        self.write_down().await;
        let taken = match self.store.write(gathered::take).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::error!(%error, "reports (TLS-RPT) cannot be looked for");
                return;
            }
        };
        for one in taken {
            let domain = one.gathered.domain.clone();
            tokio::select! {
                () = stop.cancelled() => return,
                sent = self.report(one) => if let Err(error) = sent {
                    tracing::error!(domain, %error, "a report (TLS-RPT) cannot be sent now");
                },
            }
        }
    }

    /// Sends a report to each place that wants it and has not had it.
    async fn report(&self, mut taken: Taken) -> Result<(), ReportFault> {
        let wanted = match self.dns.txt(&tls_rpt::record_name(&taken.gathered.domain)).await {
            Ok(records) => tls_rpt::destinations(&records),
            Err(DnsError::NotFound { .. }) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "whether a report (TLS-RPT) is wanted cannot be looked up now");
                return self.later(taken).await;
            }
        };
        let report = self.written(&taken);
        let packed = Bytes::from(letter::pack(&report));
        let mut is_left = false;
        for destination in wanted {
            let place = format!("{destination:?}");
            if taken.gathered.served.contains(&place) {
                continue;
            }
            match destination {
                Destination::Mail(address) => {
                    taken.gathered.served.push(place);
                    self.mail(&taken, &address, &report, &packed).await?;
                }
                Destination::Https { host, port, path } => {
                    match self.post(&host, port.unwrap_or(HTTPS_PORT), &path, packed.clone()).await {
                        Ok(()) => taken.gathered.served.push(place),
                        Err(cause) => {
                            tracing::warn!(host, cause, "a report (TLS-RPT) was not taken");
                            is_left = true;
                        }
                    }
                }
            }
        }
        if is_left {
            return self.later(taken).await;
        }
        Ok(self.store.write(move |tx| gathered::forget(tx, &taken)).await?)
    }

    /// Leaves what is not sent for later.
    async fn later(&self, taken: Taken) -> Result<(), ReportFault> {
        let due = self.store.context().clock.now().plus(RETRY_AFTER);
        Ok(self.store.write(move |tx| gathered::keep(tx, &taken, due)).await?)
    }

    fn written(&self, taken: &Taken) -> Report {
        let (start, end) = seconds(taken);
        let moment = |seconds| env::Timestamp::from_seconds(seconds).to_string();
        Report {
            organization_name: self.domain.clone(),
            date_range: DateRange { start_datetime: moment(start), end_datetime: moment(end) },
            contact_info: self.postmaster(),
            report_id: format!("{}@{}", taken.gathered.report_id, self.mailer.hostname()),
            policies: taken.gathered.policies.clone(),
        }
    }

    fn postmaster(&self) -> String {
        format!("postmaster@{}", self.domain)
    }

    /// Puts the report into the queue, in one transaction with the note that it is sent.
    async fn mail(&self, taken: &Taken, to: &str, report: &Report, packed: &[u8]) -> Result<(), ReportFault> {
        let now = self.store.context().clock.now();
        let from = self.postmaster();
        let heading = Heading {
            from: &from,
            to,
            submitter: &self.domain,
            domain: &taken.gathered.domain,
            seconds: seconds(taken),
            message_id: &self.mailer.message_id(),
        };
        let raw = letter::write(&heading, report, packed, now);
        let domain = self.domain.clone();
        let Some(organisation) = self.store.read(move |tx| organisation_of(tx, &domain)).await? else {
            return Err(StoreError::Missing { what: "organisation to report for" }.into());
        };
        let ready = self
            .mailer
            .ready(Letter {
                reverse_path: from,
                // RFC 8460 section 5.3: it goes even where the domain's TLS is what it complains of.
                protection: Protection::Waived,
                expire_after: self.expire_after,
                ..Letter::new(organisation, vec![to.to_owned()], raw)
            })
            .await?;
        let taken = taken.clone();
        let work = move |tx: &mut store::Tx<'_>| {
            gathered::keep(tx, &taken, taken.until)?;
            ready.post(tx).map(drop)
        };
        Ok(self.store.write::<_, QueueError, _>(work).await?)
    }

    async fn post(&self, host: &str, port: u16, path: &str, packed: Bytes) -> Result<(), String> {
        let (four, six) = (self.dns.ipv4(host).await, self.dns.ipv6(host).await);
        let four = four.map_err(|error| error.to_string());
        let found = four.map(|found| found.into_iter().map(IpAddr::V4).collect::<Vec<_>>());
        let six = six.unwrap_or_default().into_iter().map(IpAddr::V6);
        let address = match found {
            Ok(found) => found.into_iter().chain(six).next().ok_or_else(|| "the host has no address".to_owned())?,
            Err(cause) => six.into_iter().next().ok_or(cause)?,
        };
        let address = SocketAddr::new(address, port);
        let https = Https { host, address, tls: &self.tls, wait: POST_WAIT, body_bytes_max: ANSWER_BYTES_MAX };
        match https.post(path, PACKED_TYPE, packed).await {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(format!("it answered {}", answer.status)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// First and last second of the report's day.
fn seconds(taken: &Taken) -> (i64, i64) {
    (taken.day * DAY_SECONDS, (taken.day + 1) * DAY_SECONDS - 1)
}

/// Whose key seals the report in the queue: the organisation of our domain, else the first.
fn organisation_of(tx: &mut store::Tx<'_>, domain: &str) -> Result<Option<i64>, StoreError> {
    let failed = |_| StoreError::Missing { what: "organisation to report for" };
    match identity::find_domain(tx, domain).map_err(failed)? {
        Some(found) => Ok(Some(found.organisation)),
        None => Ok(identity::list_organisations(tx).map_err(failed)?.first().map(|first| first.id)),
    }
}
