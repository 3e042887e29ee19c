//! Reports of others on us, of each kind: recognised in one way in mail that comes in, and kept in the transaction that accepts the mail, so
//! that none is lost and none is kept twice.

use env::Timestamp;
use mail::header;
use mailauth::aggregate::Aggregate;
use mailauth::failure::Failure;
use mailauth::tls_rpt;
use store::{Context, Tx};

use crate::{MESSAGE_BYTES_MAX, ReportError, UnpackError, dmarc, failure, tls};

/// A message that may hold a report, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The message.
    pub raw: &'a [u8],
    /// The author's domain, if it was proven (DMARC). A DMARC report of anybody else is none.
    pub author: Option<&'a str>,
    /// It is for a postmaster here, whom the proposed zone names for DMARC reports.
    pub to_postmaster: bool,
    /// DMARC reports are read at all.
    pub reads_dmarc: bool,
}

/// A report in a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    /// How connections to us fared (RFC 8460).
    Tls(tls_rpt::Report),
    /// What mail in our name was like (RFC 7489 section 7.2).
    Aggregate(Aggregate),
    /// One message in our name that failed (RFC 6591).
    Failure {
        /// What is said of it.
        failure: Failure,
        /// The author whom it named, if its header came along.
        from: Option<String>,
        /// Message-ID of the report.
        id: String,
    },
}

/// A report that waits for its transaction.
#[derive(Debug, Clone)]
pub enum Sealed {
    /// RFC 8460.
    Tls(tls::Sealed),
    /// RFC 7489 section 7.2.
    Aggregate(dmarc::received::Sealed),
    /// RFC 6591.
    Failure(failure::received::Sealed),
}

/// Whether the message's header is one of a report: nearly all mail ends here. Reading one takes time and memory, so that it is done on a
/// thread that may block, few at once.
#[must_use]
pub fn is_candidate(arrival: &Arrival<'_>) -> bool {
    kind_of(arrival).is_some()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tls,
    Aggregate,
    Failure,
}

fn kind_of(arrival: &Arrival<'_>) -> Option<Kind> {
    let Arrival { raw, author, to_postmaster, reads_dmarc } = *arrival;
    if raw.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    let content_type = header::find(raw, "Content-Type").map(|field| field.value().to_ascii_lowercase());
    let content_type = content_type.map(|value| String::from_utf8_lossy(&value).into_owned()).unwrap_or_default();
    if content_type.contains("tlsrpt") {
        return Some(Kind::Tls);
    }
    if !reads_dmarc || !to_postmaster || author.is_none() {
        return None;
    }
    if content_type.contains("feedback-report") {
        return Some(Kind::Failure);
    }
    dmarc::received::is_candidate(raw).then_some(Kind::Aggregate)
}

/// The report in the message, if it holds one that can be read. What looks like one and is none is delivered as other mail.
#[must_use]
pub fn recognise(arrival: &Arrival<'_>) -> Option<Received> {
    match kind_of(arrival)? {
        Kind::Tls => tls::recognise(arrival.raw).map(Received::Tls),
        Kind::Aggregate => told(dmarc::received::read_message(arrival.raw)).map(Received::Aggregate),
        Kind::Failure => told(failure::received::read_message(arrival.raw)),
    }
}

fn told<T>(read: Result<T, UnpackError>) -> Option<T> {
    read.inspect_err(|error| tracing::info!(%error, "a message that looks like a DMARC report is none")).ok()
}

impl Received {
    /// The report, ready to be kept. `author` is as in [`Arrival`].
    #[must_use]
    pub fn seal(self, context: &Context, author: Option<&str>, now: Timestamp) -> Option<Sealed> {
        match self {
            Self::Tls(report) => tls::Sealed::new(context, report, author.map(str::to_owned), now).map(Sealed::Tls),
            Self::Aggregate(report) => dmarc::received::Sealed::new(context, report).map(Sealed::Aggregate),
            Self::Failure { failure, from, id } => {
                failure::received::Sealed::new(context, failure, from, &id, author?).map(Sealed::Failure)
            }
        }
    }
}

/// Keeps a report, once however often it comes; one on a domain that is not hosted here is passed over. Says whether it was kept.
///
/// # Errors
/// [`ReportError`] if the store fails.
pub fn keep(tx: &mut Tx<'_>, report: &Sealed) -> Result<bool, ReportError> {
    match report {
        Sealed::Tls(report) => Ok(tls::keep(tx, report)?),
        Sealed::Aggregate(report) => dmarc::received::keep(tx, report),
        Sealed::Failure(report) => failure::received::keep(tx, report),
    }
}
