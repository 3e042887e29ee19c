//! Failure reports on our own domains: read within limits, kept, listed.

use std::net::IpAddr;

use env::Timestamp;
use mail::message::{Envelope, Structure, decode_part};
use mailauth::failure::Failure;
use serde::{Deserialize, Serialize};
use store::{Context, Tx, params};

use crate::received::Received;
use crate::{ReportError, UnpackError};

/// Reports that are kept; the oldest go first. They are of single messages, so there may be many.
const REPORTS_KEPT_MAX: i64 = 5_000;

/// Reports that are listed at once.
const LISTED_MAX: i64 = 1_000;

/// Form of the sealed column: JSON, fields added later have defaults.
const SEALED_FORM: u8 = 1;

/// A report as it is kept and listed: one message that claimed to be ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFailure {
    /// When the report came in, in milliseconds since 1970.
    pub received: i64,
    /// The domain that reports, proven (DMARC).
    pub reporter: String,
    /// Our domain.
    pub domain: String,
    /// What failed.
    pub kind: String,
    /// The server that sent the message.
    pub source: Option<IpAddr>,
    /// Its envelope sender.
    pub mail_from: Option<String>,
    /// The author whom it named.
    pub from: Option<String>,
    /// When it came, as the reporter writes it.
    pub arrival: Option<String>,
    /// What was done with it.
    pub delivery: Option<String>,
    /// Messages that the report stands for.
    pub incidents: u64,
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

/// The report in a message.
pub(crate) fn read_message(raw: &[u8]) -> Result<Received, UnpackError> {
    let structure = Structure::parse(raw);
    let part = structure.leaves().find(|part| part.is("message", "feedback-report")).ok_or(UnpackError::NoReport)?;
    let content = decode_part(raw, part).map_err(|error| UnpackError::Packed(error.to_string()))?;
    let failure = Failure::read(&content)?;
    // The reported message, or its header, has the author.
    let reported =
        structure.parts.iter().find(|part| part.is("text", "rfc822-headers") || part.is("message", "rfc822"));
    let from = reported.and_then(|part| {
        let head = decode_part(raw, part).ok()?;
        Some(Envelope::parse(&head).from.iter().find_map(|it| it.email())?.to_string())
    });
    let id = mail::header::message_id(raw).unwrap_or_else(|| String::from_utf8_lossy(&content).into_owned());
    Ok(Received::Failure { failure, from, id })
}

impl Sealed {
    pub(crate) fn new(
        context: &Context,
        failure: Failure,
        from: Option<String>,
        id: &str,
        reporter: &str,
    ) -> Option<Self> {
        let region = context.keys.region();
        let origin = format!("failure report {reporter}\n{id}");
        let (row, now) = (context.ids.next(), context.clock.now().millis());
        let Failure { kind, domain, source, mail_from, arrival, delivery, incidents, .. } = failure;
        let reporter = reporter.to_owned();
        let listed = ListedFailure {
            received: now,
            reporter,
            domain: domain.clone(),
            kind,
            source,
            mail_from,
            from,
            arrival,
            delivery,
            incidents,
        };
        let mut plain = vec![SEALED_FORM];
        serde_json::to_writer(&mut plain, &listed).ok()?;
        let content = region.sealing().seal(&*context.entropy, &place(row), &plain);
        Some(Self { id: row, origin: region.hashing().hash_i64(origin.as_bytes()), domain, received: now, content })
    }
}

pub(crate) fn keep(tx: &mut Tx<'_>, report: &Sealed) -> Result<bool, ReportError> {
    if !is_hosted(tx, &report.domain)? {
        return Ok(false);
    }
    let added = tx.execute(
        "INSERT INTO failure_report (id, origin, received, content) VALUES ($1, $2, $3, $4)
         ON CONFLICT (origin) DO NOTHING",
        params![report.id, report.origin, report.received, &report.content],
    )?;
    tx.execute(
        "DELETE FROM failure_report WHERE id IN (SELECT id FROM failure_report ORDER BY id DESC LIMIT 100 OFFSET $1)",
        params![REPORTS_KEPT_MAX],
    )?;
    Ok(added == 1)
}

/// Whether the domain, or one above it, is hosted here: reports name the domain of the message.
fn is_hosted(tx: &mut Tx<'_>, domain: &str) -> Result<bool, ReportError> {
    let mut name = domain;
    loop {
        if identity::find_domain(tx, name)?.is_some() {
            return Ok(true);
        }
        match name.split_once('.') {
            Some((_, above)) => name = above,
            None => return Ok(false),
        }
    }
}

/// The reports that came in since, newest first, at most a thousand.
///
/// # Errors
/// [`ReportError`] if the store fails.
pub fn list(tx: &mut Tx<'_>, since: Timestamp) -> Result<Vec<ListedFailure>, ReportError> {
    let rows = tx.rows(
        "SELECT id, content FROM failure_report WHERE received >= $1 ORDER BY id DESC LIMIT $2",
        params![since.millis(), LISTED_MAX],
        |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
    )?;
    let region = tx.context().keys.region();
    rows.into_iter()
        .map(|(id, sealed)| {
            let plain =
                region.sealing().open("failure report", &place(id), &sealed).map_err(store::StoreError::from)?;
            let json = plain.split_first().filter(|(form, _)| **form == SEALED_FORM).map(|(_, json)| json);
            json.and_then(|json| serde_json::from_slice(json).ok()).ok_or(ReportError::Unreadable)
        })
        .collect()
}

fn place(id: i64) -> Vec<u8> {
    [b"failure_report.content".as_slice(), &id.to_le_bytes()].concat()
}
