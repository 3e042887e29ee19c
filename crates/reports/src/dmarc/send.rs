//! The report of a day, as a message in the queue: at most one for a domain and day, whichever node is first.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Timestamp;
use env::dns::Resolver;
use flate2::Compression;
use flate2::write::GzEncoder;
use letters::{Letter, Mailer};
use mail::date;
use mailauth::{ReportAddress, report_addresses};
use store::Store;

use super::fact::Fact;
use super::{rows, xml};
use crate::ReportError;
use crate::sender::{self, Sender};

const DAY_SECONDS: i64 = 86_400;

/// Seconds after midnight before which no report of yesterday goes: counts of other nodes are still on their way.
const AFTER_MIDNIGHT_SECONDS: i64 = 900;

/// Time after which the delivery of a report is given up.
const EXPIRE_AFTER: Duration = Duration::from_secs(2 * 86_400);

/// Characters of base64 in a line (RFC 2045 section 6.8).
const LINE_CHARS: usize = 76;

/// Which days reports are sent of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFor {
    /// Those that are over.
    Past,
    /// The present one too, for trying out: what comes later that day is in no report.
    Today,
}

/// Makes and sends reports.
pub struct Reporter {
    /// Where counts and the queue are.
    pub store: Store,
    /// Tells where reports are wanted.
    pub dns: Arc<dyn Resolver>,
    /// Posts them.
    pub mailer: Mailer,
}

impl Reporter {
    /// Sends all reports that are due; gives their number.
    ///
    /// # Errors
    /// [`ReportError`] if the store fails. What cannot be sent for want of DNS waits for the next time, up to [`crate::DAYS_KEPT`] days.
    pub async fn send(&self, which: SendFor) -> Result<usize, ReportError> {
        let now = self.store.context().clock.now();
        let today = now.seconds().div_euclid(DAY_SECONDS);
        let last = match which {
            SendFor::Today => today,
            SendFor::Past if now.seconds().rem_euclid(DAY_SECONDS) < AFTER_MIDNIGHT_SECONDS => today - 2,
            SendFor::Past => today - 1,
        };
        self.store.write(move |tx| rows::forget(tx, today)).await?;
        let Some(sender) = sender::find(&self.store, self.mailer.hostname()).await? else { return Ok(0) };
        let mut sent = 0;
        for (day, domain) in self.store.read(move |tx| rows::pending(tx, last)).await? {
            sent += usize::from(self.send_one(&sender, day, domain, now).await?);
        }
        Ok(sent)
    }

    async fn send_one(&self, sender: &Sender, day: i64, domain: i64, now: Timestamp) -> Result<bool, ReportError> {
        let facts = self.store.read(move |tx| rows::load(tx, day, domain)).await?;
        let Some(name) = facts.first().map(|(fact, _)| fact.policy.domain.clone()) else { return Ok(false) };
        let addresses = match report_addresses(&*self.dns, &name).await {
            Ok(addresses) => addresses,
            Err(error) => {
                tracing::info!(domain = name, %error, "a DMARC report waits for DNS");
                return Ok(false);
            }
        };
        let written = Written::new(self.mailer.hostname(), sender, &name, day, &facts, addresses, now);
        let Some(Written { raw, to }) = written else {
            // Nobody wants it any more, or it is too large for them.
            self.store.write(move |tx| rows::claim(tx, day, domain)).await?;
            return Ok(false);
        };
        let reverse_path = format!("postmaster@{}", sender.domain);
        let letter = Letter { reverse_path, expire_after: EXPIRE_AFTER, ..Letter::new(sender.organisation, to, raw) };
        let ready = self.mailer.ready(letter).await?;
        let work = move |tx: &mut store::Tx<'_>| {
            if !rows::claim(tx, day, domain)? {
                return Ok::<_, ReportError>(false);
            }
            ready.post(tx)?;
            Ok(true)
        };
        self.store.write(work).await
    }
}

/// A report as mail.
struct Written {
    raw: Vec<u8>,
    to: Vec<String>,
}

impl Written {
    /// RFC 7489 section 7.2.1.1. `None` if there is nobody to send it to.
    fn new(
        hostname: &str,
        sender: &Sender,
        domain: &str,
        day: i64,
        facts: &[(Fact, u64)],
        addresses: Vec<ReportAddress>,
        now: Timestamp,
    ) -> Option<Self> {
        let (begin, end) = (day * DAY_SECONDS, day * DAY_SECONDS + DAY_SECONDS - 1);
        let id = format!("{begin}.{domain}");
        let email = format!("postmaster@{}", sender.domain);
        let head = xml::Head { organisation: &sender.domain, email: &email, id: &id, begin, end };
        let packed = gzip(xml::write(&head, facts).as_bytes());
        let fits = |address: &ReportAddress| address.bytes_max.is_none_or(|max| packed.len() as u64 <= max);
        let to: Vec<String> = addresses.into_iter().filter(fits).map(|address| address.address).collect();
        if to.is_empty() {
            return None;
        }
        let file = format!("{hostname}!{domain}!{begin}!{end}.xml.gz");
        let mut raw = format!(
            "From: <{email}>\r\nTo: <{}>\r\nDate: {}\r\nMessage-ID: <dmarc.{begin}.{}.{domain}@{hostname}>\r\n\
             Subject: Report Domain: {domain}\r\n Submitter: {hostname}\r\n Report-ID: <{id}>\r\n\
             Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_report\"\r\n\r\n\
             --=_report\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
             This is a DMARC aggregate report for {domain} from {hostname}.\r\n\r\n\
             --=_report\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment;\r\n filename=\"{file}\"\r\n\r\n",
            to.join(">,\r\n <"),
            date::format_rfc5322(now),
            now.millis(),
        )
        .into_bytes();
        for line in STANDARD.encode(&packed).as_bytes().chunks(LINE_CHARS) {
            raw.extend_from_slice(line);
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(b"--=_report--\r\n");
        Some(Self { raw, to })
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector cannot fail.
    let _ = packer.write_all(text);
    packer.finish().unwrap_or_default()
}
