//! Reports on our own domains: recognised, unpacked within limits, kept, listed.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::net::IpAddr;

use env::Timestamp;
use flate2::read::GzDecoder;
use mail::header;
use mail::message::{Part, Structure, decode_part};
use mailauth::aggregate::{self, Aggregate};
use serde::{Deserialize, Serialize};
use store::{Context, Tx, params};

use crate::ReportError;

/// Octets of a message that is looked into.
pub const MESSAGE_BYTES_MAX: usize = 10 << 20;

/// Octets of an unpacked report.
const XML_BYTES_MAX: u64 = 20 << 20;

/// Parts of a message that are tried.
const PARTS_MAX: usize = 8;

/// Rows of one report that are kept; those with most messages.
const ROWS_KEPT_MAX: usize = 5_000;

/// Reports that are kept; the oldest go first.
const REPORTS_KEPT_MAX: i64 = 20_000;

/// Reports that one list reads.
const LISTED_MAX: i64 = 20_000;

/// Form of the sealed column: JSON.
const SEALED_FORM: u8 = 1;

/// Why a message holds no report that can be read.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// No part of it looks like a report.
    #[error("no part of the message is a report")]
    NoReport,
    /// The message is too long.
    #[error("the message is longer than a report may be")]
    TooLong,
    /// It would unpack to too much.
    #[error("the report unpacks to more than {XML_BYTES_MAX} bytes")]
    Bomb,
    /// It cannot be unpacked.
    #[error("the report cannot be unpacked: {0}")]
    Packed(String),
    /// It is no report.
    #[error(transparent)]
    Report(#[from] aggregate::AggregateError),
    /// It is no failure report.
    #[error(transparent)]
    Failure(#[from] mailauth::failure::FailureError),
}

impl UnpackError {
    /// The same message will never hold one.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

/// Whether the header is one of a report (RFC 7489 section 7.2.1.1): the subject that it must have, or a packed file as the whole message.
pub(crate) fn is_candidate(raw: &[u8]) -> bool {
    let holds = |name: &str, words: &[&str]| {
        header::find(raw, name).is_some_and(|field| {
            let value = String::from_utf8_lossy(&field.value()).to_ascii_lowercase();
            words.iter().any(|word| value.contains(word))
        })
    };
    holds("Subject", &["report domain:", "report domain"])
        || holds("Content-Type", &["application/gzip", "application/zip", "application/x-zip"])
}

/// The report in a message; [`UnpackError`] if there is none, or it goes beyond a limit.
pub(crate) fn read_message(raw: &[u8]) -> Result<Aggregate, UnpackError> {
    if raw.len() > MESSAGE_BYTES_MAX {
        return Err(UnpackError::TooLong);
    }
    let structure = Structure::parse(raw);
    let parts = structure.leaves().filter(|part| may_be_report(part)).take(PARTS_MAX);
    let mut outcome = Err(UnpackError::NoReport);
    for part in parts {
        let Ok(content) = decode_part(raw, part) else { continue };
        outcome = unpack(&content).and_then(|xml| Ok(aggregate::read(&xml)?));
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn may_be_report(part: &Part) -> bool {
    let name = part.file_name().unwrap_or_default().to_ascii_lowercase();
    let is_named = [".xml", ".gz", ".zip"].iter().any(|ending| name.ends_with(ending));
    is_named || part.is("text", "xml") || (part.media_type == "application" && part.subtype != "octet-stream")
}

/// What is packed is told by its first octets: many reporters name the type wrongly.
fn unpack(content: &[u8]) -> Result<Vec<u8>, UnpackError> {
    match content {
        [0x1f, 0x8b, ..] => bounded(GzDecoder::new(content)),
        [b'P', b'K', 3, 4, ..] => {
            let failed = |error: zip::result::ZipError| UnpackError::Packed(error.to_string());
            let mut archive = zip::ZipArchive::new(Cursor::new(content)).map_err(failed)?;
            bounded(archive.by_index(0).map_err(failed)?)
        }
        _ => bounded(content),
    }
}

fn bounded(from: impl Read) -> Result<Vec<u8>, UnpackError> {
    let mut xml = Vec::new();
    let read = from.take(XML_BYTES_MAX + 1).read_to_end(&mut xml);
    read.map_err(|error| UnpackError::Packed(error.to_string()))?;
    if xml.len() as u64 > XML_BYTES_MAX { Err(UnpackError::Bomb) } else { Ok(xml) }
}

/// A report as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    reporter: String,
    domain: String,
    begin: i64,
    end: i64,
    rows: Vec<KeptRow>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KeptRow {
    source: IpAddr,
    messages: u64,
    disposition: String,
    dkim: bool,
    spf: bool,
}

/// A report that waits for its transaction.
#[derive(Debug, Clone)]
pub struct Sealed {
    id: i64,
    origin: i64,
    domain: String,
    received: i64,
    content: Vec<u8>,
}

impl Sealed {
    pub(crate) fn new(context: &Context, report: Aggregate) -> Option<Self> {
        let Aggregate { reporter, id, domain, begin, end, mut rows } = report;
        rows.sort_by_key(|row| std::cmp::Reverse(row.messages));
        let rows = rows.into_iter().take(ROWS_KEPT_MAX).map(|row| KeptRow {
            source: row.source,
            messages: row.messages,
            disposition: row.disposition.to_owned(),
            dkim: row.is_dkim_aligned,
            spf: row.is_spf_aligned,
        });
        let region = context.keys.region();
        let origin = region.hashing().hash_i64(format!("dmarc report {reporter}\n{id}\n{domain}").as_bytes());
        let kept = Kept { reporter, domain: domain.clone(), begin, end, rows: rows.collect() };
        let mut plain = vec![SEALED_FORM];
        serde_json::to_writer(&mut plain, &kept).ok()?;
        let row = context.ids.next();
        let content = region.sealing().seal(&*context.entropy, &place(row), &plain);
        Some(Self { id: row, origin, domain, received: context.clock.now().millis(), content })
    }
}

pub(crate) fn keep(tx: &mut Tx<'_>, report: &Sealed) -> Result<bool, ReportError> {
    if identity::find_domain(tx, &report.domain)?.is_none() {
        return Ok(false);
    }
    let added = tx.execute(
        "INSERT INTO dmarc_report (id, origin, received, content) VALUES ($1, $2, $3, $4) ON CONFLICT (origin) DO NOTHING",
        params![report.id, report.origin, report.received, &report.content],
    )?;
    tx.execute(
        "DELETE FROM dmarc_report WHERE id IN (SELECT id FROM dmarc_report ORDER BY id DESC LIMIT 100 OFFSET $1)",
        params![REPORTS_KEPT_MAX],
    )?;
    Ok(added == 1)
}

/// What reports say of one server that sends in the name of one of our domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Our domain.
    pub domain: String,
    /// The server.
    pub source: IpAddr,
    /// Messages in all.
    pub messages: u64,
    /// Those that passed by DKIM or SPF.
    pub passed: u64,
    /// Those with an aligned signature.
    pub dkim: u64,
    /// Those with an aligned SPF.
    pub spf: u64,
    /// Those put aside.
    pub quarantined: u64,
    /// Those refused.
    pub rejected: u64,
    /// Who reported.
    pub reporters: Vec<String>,
}

/// What the reports that came since say, by domain and server, most messages first.
///
/// # Errors
/// [`ReportError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, since: Timestamp) -> Result<Vec<Listed>, ReportError> {
    let mut found: BTreeMap<(String, IpAddr), Listed> = BTreeMap::new();
    let context = tx.context();
    let mut unreadable = false;
    let region = context.keys.region();
    tx.for_each(
        "SELECT id, content FROM dmarc_report WHERE received >= $1 ORDER BY id DESC LIMIT $2",
        params![since.millis(), LISTED_MAX],
        |row| {
            let plain = region.sealing().open("DMARC report", &place(row.int(0)?), row.bytes(1)?)?;
            let kept = plain.split_first().filter(|(form, _)| **form == SEALED_FORM);
            match kept.and_then(|(_, json)| serde_json::from_slice::<Kept>(json).ok()) {
                Some(kept) => add(&mut found, kept),
                None => unreadable = true,
            }
            Ok(())
        },
    )?;
    if unreadable {
        return Err(ReportError::Unreadable);
    }
    let mut listed: Vec<Listed> = found.into_values().collect();
    listed.sort_by_key(|row| std::cmp::Reverse(row.messages));
    Ok(listed)
}

fn add(found: &mut BTreeMap<(String, IpAddr), Listed>, kept: Kept) {
    for row in kept.rows {
        let listed = found.entry((kept.domain.clone(), row.source)).or_insert_with(|| Listed {
            domain: kept.domain.clone(),
            source: row.source,
            messages: 0,
            passed: 0,
            dkim: 0,
            spf: 0,
            quarantined: 0,
            rejected: 0,
            reporters: Vec::new(),
        });
        let if_so = |is_so: bool| if is_so { row.messages } else { 0 };
        listed.messages += row.messages;
        listed.passed += if_so(row.dkim || row.spf);
        listed.dkim += if_so(row.dkim);
        listed.spf += if_so(row.spf);
        listed.quarantined += if_so(row.disposition == "quarantine");
        listed.rejected += if_so(row.disposition == "reject");
        if !listed.reporters.contains(&kept.reporter) {
            listed.reporters.push(kept.reporter.clone());
        }
    }
}

fn place(id: i64) -> Vec<u8> {
    [b"dmarc_report.content".as_slice(), &id.to_le_bytes()].concat()
}
