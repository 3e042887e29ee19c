//! Reports of others about connections to us (RFC 8460): recognised in mail that comes in, read within limits, kept, listed.

use std::io::Read;

use env::Timestamp;
use flate2::read::GzDecoder;
use mail::header;
use mail::message::{Part, Structure, decode_part};
use mailauth::tls_rpt::{REPORT_BYTES_MAX, Report, ReportError};
use serde::{Deserialize, Serialize};
use store::{Context, StoreError, Tx, params};

/// Longest mail that is looked into.
const MAIL_BYTES_MAX: usize = 2 << 20;

/// Reports kept; beyond it the oldest go.
const KEPT_MAX: i64 = 10_000;

/// Reports that are listed at once.
const LISTED_MAX: i64 = 1_000;

/// What is sealed, and where.
const COLUMN: &str = "tls_report.report";

/// A report that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedReport {
    /// When, in milliseconds since 1970.
    pub received: i64,
    /// The domain whose mail it came in, if that was proven (DMARC); else anybody may have made it up.
    pub authenticated: Option<String>,
    /// The report.
    pub report: Report,
}

/// A report that waits for its transaction.
#[derive(Debug, Clone)]
pub struct Sealed {
    name: [u8; 32],
    received: i64,
    sealed: Vec<u8>,
}

/// The report in the message `raw`, if it is one that can be read.
#[must_use]
pub fn recognise(raw: &[u8]) -> Option<Report> {
    // Nearly all mail ends here.
    let kind = header::find(raw, "Content-Type").filter(|_| raw.len() <= MAIL_BYTES_MAX)?.value().to_ascii_lowercase();
    if !String::from_utf8_lossy(&kind).contains("tlsrpt") {
        return None;
    }
    let structure = Structure::parse(raw);
    let is_report = structure.parts.first().is_some_and(|root| {
        root.is("multipart", "report") && root.param("report-type").is_some_and(|it| it.eq_ignore_ascii_case("tlsrpt"))
    });
    let part = structure.leaves().find(|part| is_packed(part) || part.is("application", "tlsrpt+json"));
    let part = part.filter(|_| is_report)?;
    match read(raw, part) {
        Ok(report) => Some(report),
        Err(error) => {
            tracing::info!(%error, "a report (TLS-RPT) that came by mail cannot be read");
            None
        }
    }
}

fn is_packed(part: &Part) -> bool {
    part.is("application", "tlsrpt+gzip")
}

fn read(raw: &[u8], part: &Part) -> Result<Report, ReportError> {
    let content = decode_part(raw, part).map_err(|error| ReportError::Malformed(error.to_string()))?;
    if !is_packed(part) {
        return Report::parse(&content);
    }
    // One octet more than may be, so that too long is told from long.
    let limit = u64::try_from(REPORT_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let mut json = Vec::new();
    let unpacked = GzDecoder::new(&content[..]).take(limit).read_to_end(&mut json);
    unpacked.map_err(|error| ReportError::Malformed(error.to_string()))?;
    Report::parse(&json)
}

impl Sealed {
    /// The report, ready to be kept.
    pub(crate) fn new(
        context: &Context,
        report: Report,
        authenticated: Option<String>,
        now: Timestamp,
    ) -> Option<Self> {
        let region = context.keys.region();
        let named = [report.organization_name.as_bytes(), b"\0", report.report_id.as_bytes()].concat();
        let by = authenticated.clone().unwrap_or_default();
        let name = region.hashing().hash(&[b"tls_report ", by.as_bytes(), b"\0", &named].concat());
        let received = ReceivedReport { received: now.millis(), authenticated, report };
        let plain = serde_json::to_vec(&received).ok()?;
        let sealed = region.sealing().seal(&*context.entropy, &place(&name), &plain);
        Some(Self { name, received: now.millis(), sealed })
    }
}

/// Keeps a report, once however often it comes; says whether it was new.
pub(crate) fn keep(tx: &mut Tx<'_>, report: &Sealed) -> Result<bool, StoreError> {
    let id = tx.next_id();
    let added = tx.execute(
        "INSERT INTO tls_report (id, received, name, report) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING",
        params![id, report.received, &report.name[..], &report.sealed],
    )?;
    tx.execute(
        "DELETE FROM tls_report WHERE received <=
             (SELECT received FROM tls_report ORDER BY received DESC LIMIT 1 OFFSET $1)",
        params![KEPT_MAX],
    )?;
    Ok(added == 1)
}

/// The reports that came in, newest first.
///
/// # Errors
/// [`StoreError`] if the store cannot be read.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<ReceivedReport>, StoreError> {
    let rows = tx.rows(
        "SELECT name, report FROM tls_report ORDER BY received DESC, id DESC LIMIT $1",
        params![LISTED_MAX],
        |row| Ok((row.bytes(0)?.to_vec(), row.bytes(1)?.to_vec())),
    )?;
    let region = tx.context().keys.region();
    let open = |(name, sealed): &(Vec<u8>, Vec<u8>)| {
        let plain = region.sealing().open(COLUMN, &[COLUMN.as_bytes(), name].concat(), sealed)?;
        let unreadable = |_| StoreError::Corrupt { what: "a report (TLS-RPT) cannot be read".to_owned() };
        serde_json::from_slice(&plain).map_err(unreadable)
    };
    rows.iter().map(open).collect()
}

fn place(name: &[u8; 32]) -> Vec<u8> {
    [COLUMN.as_bytes(), &name[..]].concat()
}

#[cfg(test)]
mod tests;
